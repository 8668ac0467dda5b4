//! What `--help` and `--version` print.

use crate::exit::Exit;

/// What `--help` prints before the exit codes.
const HELP: &str = "\
Keeps the A and AAAA records of a gandi.net domain at this machine's public address.

Usage: gandi-ddns [OPTIONS]         keep the records right
       gandi-ddns check [OPTIONS]   look at everything, from the config to the zone, say what is
                                    wrong and what to do about it; changes nothing
       gandi-ddns status [OPTIONS]  what is remembered: last run, changes, failures; no network
       gandi-ddns ip [OPTIONS]      ask every source for this machine's address, and say which
                                    would be believed; changes nothing, and needs no token

Options for all of them:
  -c, --config FILE    read this config (default: /etc/gandi-ddns/gandi-ddns.conf,
                       then $XDG_CONFIG_HOME/gandi-ddns/gandi-ddns.conf)
  -4, -6               only IPv4 and A records, or only IPv6 and AAAA records
  -v, --verbose        tell each step
  -q, --quiet          errors only
  -h, --help           print this
  -V, --version        print the version

Options for keeping the records right:
  -n, --dry-run        say what would be done; write neither zone nor state
  -f, --force          look at the zone even if it was right, or failed, not long ago
      --wait SECONDS   where the exit code would be 75, try again for so long (at boot)
      --splay SECONDS  begin after a random pause of at most so long (from cron)
      --syslog         speak to the system log instead of stdout and stderr

Options for programs and bug reports:
      --json           print one JSON object on stdout (not for status)
      --redact         check: hide names and addresses

Instead of a config file:
      --domain DOMAIN  the domain at Gandi, such as example.org
      --name NAME      a name in it: home, '*.home', or @ for the domain itself (repeatable)
      --type TYPE      A or AAAA (repeatable; default: A)
      --ttl SECONDS    300 to 2592000 (default: as the zone has it)

The token is never an argument, since everybody can read those. It is looked for in
$GANDI_TOKEN, in systemd's credential `token`, and in the file that `token_file` names
in the config. Make one at admin.gandi.net, with the permission
\"Manage domain name technical configurations\".

Exit codes:
";

/// What `--help` prints, without the last line end.
#[must_use]
pub fn help() -> String {
    let codes: Vec<String> = Exit::ALL.iter().map(|e| format!("  {:<4} {}", e.code(), e.when())).collect();
    HELP.to_owned() + &codes.join("\n")
}

/// What `--version` prints: the version and, for a build of a known commit, that commit and its date.
#[must_use]
pub fn version() -> String {
    let build = option_env!("GANDI_DDNS_BUILD").filter(|b| !b.is_empty()).map(|b| format!(" ({b})"));
    concat!("gandi-ddns ", env!("CARGO_PKG_VERSION")).to_owned() + &build.unwrap_or_default()
}
