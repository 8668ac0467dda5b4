//! The texts of `--help` and `--version`.

use std::fmt::Write as _;

use crate::exit::Exit;

/// The text of `--help` before the exit codes. The README repeats the whole text; tests/it/docs.rs compares them.
const HELP: &str = "\
Dynamic DNS client for Gandi LiveDNS: keeps A and AAAA records at your public IP address.

Usage: gandi-ddns [OPTIONS]         update the records if needed
       gandi-ddns watch [OPTIONS]   the same within seconds of a change, and every 5 minutes; runs on
       gandi-ddns check [OPTIONS]   diagnose config, network, token and zone; changes nothing
       gandi-ddns status [OPTIONS]  show last run, recent changes and current failures (offline)
       gandi-ddns ip [OPTIONS]      show the public address reported by each source (no token needed)
       gandi-ddns get [NAME]...     print what the zone at Gandi holds for these records, or for all
       gandi-ddns setup [OPTIONS]   ask for token, domain and name; write config and token; update

Global options:
  -c, --config FILE    read this config, - for stdin (default: /etc/gandi-ddns/gandi-ddns.conf, then
                       gandi-ddns/gandi-ddns.conf in $XDG_CONFIG_HOME or ~/.config)
  -o, --option KEY=VALUE  set a global key of the config, as in -o timeout=30 (repeatable)
  -4                   only IPv4 addresses and A records
  -6                   only IPv6 addresses and AAAA records
  -v, --verbose        show each step
  -q, --quiet          show only errors
  -h, --help           show this help
  -V, --version        show the version

Update options:
  -n, --dry-run        show what would change, without changing anything
  -f, --force          ignore cached results and backoff, and query Gandi now
      --address ADDR   publish this address instead of a detected one (once per family; a family
                       without it is not updated)
      --wait TIME      retry temporary errors (exit code 75) for up to TIME, e.g. at boot
      --splay TIME     wait a random time up to TIME before starting (for cron)
      --syslog         log to syslog instead of stdout and stderr (also with watch)

Watch options:
      --interval TIME  update at least this often, 10s to 1d (default: 5m)

Output and check options:
      --json           print one JSON object on stdout
      --redact         with check: hide host names and IP addresses
      --offline        with check: only the config, its files and their permissions; no network

Setup options:
  -y, --yes            ask nothing (needs --domain); the token is the first line of stdin
  -f, --force          replace files (a copy stays, *.old) and an address that exist already

Without a config file, or for setup:
      --domain DOMAIN  the domain registered at Gandi, such as example.org
      --name NAME      a name in it: home, '*.home', or @ for the domain itself (repeatable)
      --type TYPE      A or AAAA (repeatable; default: A)
      --ttl TIME       300 to 2592000 seconds (default: keep the existing TTL; 300 for new records)

TIME is a number of seconds, or has a unit: 90s, 10m, 1h.

The token is not accepted as an argument, because other users can see arguments. It is read from
$GANDI_TOKEN or the file of $GANDI_TOKEN_FILE, the systemd credential `token`, or the config
(`token_file`), in this order; -o token_file=FILE takes precedence over all of them. Create one at
admin.gandi.net, with the permission \"Manage domain name technical configurations\".

Exit codes:";

/// Returns the text of `--help`, without the final newline.
#[must_use]
pub fn help() -> String {
    let mut help = HELP.to_owned();
    for exit in Exit::ALL {
        let _ = write!(help, "\n  {:<4} {}", exit.code(), exit.when());
    }
    help
}

/// Returns the text of `--version`, without the final newline: the version and, if the build script set
/// `GANDI_DDNS_BUILD`, commit and date.
#[must_use]
pub fn version() -> String {
    let build = option_env!("GANDI_DDNS_BUILD").filter(|b| !b.is_empty()).map(|b| format!(" ({b})"));
    concat!("gandi-ddns ", env!("CARGO_PKG_VERSION")).to_owned() + &build.unwrap_or_default()
}
