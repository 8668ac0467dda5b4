//! Recognises configs of other programs, to name their kind. Only for a text that is no valid config, and only by strong
//! evidence: a slip in a config of this program must not look like another kind.

use super::reader;
use crate::sys::secret;

/// The length of the text that is looked at, in bytes.
const LOOKED_AT: usize = 65_536;

/// The kind of a text with keys and values that could also be the config of an older Gandi script.
pub(super) const INI: &str = "an INI file of another program";

/// A line for each kind of config: two markers, which are both in the text without spaces and tabs, and the name of the
/// kind. `^` is the start of a line, or the end of the one before. One text, since an array of texts needs a relocation
/// for each.
const MARKERS: &str = "\
^<?php||PHP\n\
^configservice|^option|a UCI config (ddns-scripts)\n\
^config|^option|a UCI config\n\
^ddns.|=service^|a UCI config (ddns-scripts)\n\
dynamic_dns|{^|a Caddyfile\n\
^provider|{^|a config of inadyn\n\
^custom|{^|a config of inadyn\n\
^--|--alias|a config of inadyn 1\n\
protocol=|login=|a config of ddclient\n\
protocol=|password=|a config of ddclient\n\
^api_secret=|^subdomains=|a config of gandi-live-dns (Python)\n\
\"settings\":|\"provider\":|a config of ddns-updater (JSON)\n\
\"cloudflare\":|\"zone_id\":|a config of cloudflare-ddns (JSON)\n\
^#!|python^|a Python script\n\
^#!|python3^|a Python script\n\
^#!|sh^|a shell script\n\
^services:^|image:|a Docker Compose file (YAML)\n\
^apiVersion:|^kind:|a Kubernetes manifest (YAML)\n\
^from|import|Python\n\
^import|^|Python\n\
^resource\"|{^|a Terraform config\n\
^[Service]|^ExecStart=|a systemd unit\n\
^*/|***|a crontab\n\
^@reboot|^|a crontab\n\
^D(\"|);|a config of DNSControl\n\
^$ORIGIN|^|a DNS zone file\n\
^$TTL|^|a DNS zone file\n\
^:global|^|a RouterOS script\n\
^dns_gandi_|=|a config of certbot";

/// Returns the kind of another program's config, with its article. `None` if there is too little evidence, or if the text
/// has a key that only this program has.
pub(super) fn recognise(text: &str) -> Option<&'static str> {
    let mut squeezed = String::from("^");
    for line in text.trim_start_matches('\u{feff}').lines() {
        if squeezed.len() > LOOKED_AT {
            break;
        }
        let start = squeezed.len();
        squeezed.extend(line.chars().filter(|c| !c.is_whitespace()));
        if squeezed.len() > start {
            squeezed.push('^');
        }
    }
    let lower = squeezed.to_ascii_lowercase();
    if lower.contains("^token_file=") || lower.contains("^names=") && !lower.contains("^names=[") {
        return None;
    }
    if is_token(text) {
        return Some("a token, whose file is for `token_file` (without a config: -o token_file=FILE)");
    }
    for line in MARKERS.lines() {
        let mut parts = line.split('|');
        let is_in = |marker: Option<&str>| marker.is_some_and(|marker| squeezed.contains(marker));
        if is_in(parts.next()) && is_in(parts.next()) {
            return parts.next();
        }
    }
    by_syntax(&squeezed)
}

/// Returns true for a text whose first line, apart from comments, is a token or an API key.
pub(crate) fn is_token(text: &str) -> bool {
    let first = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
    first.is_some_and(|line| {
        !line.contains([' ', '\t'])
            && !line.trim_end_matches('=').contains(['=', ':', '['])
            && secret::is_in(line)
    })
}

/// Recognises the kind by the form of most lines. `squeezed` has no spaces and no empty lines; `^` ends a line.
fn by_syntax(squeezed: &str) -> Option<&'static str> {
    let first = squeezed.trim_start_matches('^');
    if first.starts_with('<') {
        return Some("XML or HTML");
    }
    if first.starts_with(['{', '[']) && squeezed.contains("\":") {
        return Some("JSON");
    }
    let (mut colons, mut equals, mut quoted, mut capitals, mut ours) = (0, 0, 0, 0, 0);
    let (mut sections, mut domains, mut underscores) = (0, 0, 0);
    for line in first.split('^').filter(|line| !line.starts_with(['#', ';'])) {
        let line = line.strip_prefix("export").unwrap_or(line);
        let line = line.strip_prefix('-').unwrap_or(line);
        sections += usize::from(line.starts_with('['));
        domains += usize::from(line.starts_with('[') && line.contains('.') && !line.contains(['"', '\'']));
        let Some(at) = line.find([':', '=']).filter(|at| *at > 0) else { continue };
        let (key, value) = (&line[..at], &line[at + 1..]);
        if line.as_bytes()[at] == b':' {
            colons += 1;
            continue;
        }
        equals += 1;
        quoted += usize::from(value.starts_with(['"', '\'', '[', '{']));
        capitals += usize::from(key.bytes().all(|b| !b.is_ascii_lowercase()));
        underscores += usize::from(key.contains('_'));
        ours += usize::from(reader::is_key(&key.to_ascii_lowercase()));
    }
    if colons >= 2 && colons > 4 * equals && sections == 0 {
        Some("YAML")
    } else if domains > 0 {
        None
    } else if underscores > 0 && capitals == equals {
        Some("an environment file or a shell script")
    } else if quoted >= 2 && quoted * 2 >= equals && (ours * 2 <= equals || sections > 0) {
        Some("TOML or Python")
    } else if equals >= 3 && ours == 0 {
        Some(INI)
    } else {
        None
    }
}
