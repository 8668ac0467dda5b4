//! Recognises configs of other programs, to name their kind. Only for a text that is no valid config, and only by strong
//! evidence: a slip in a config of this program must not look like another kind.

use super::reader;

/// The length of the text that is looked at, in bytes.
const LOOKED_AT: usize = 65_536;

/// Markers of one kind of config, and its name: each of the two is in the text without spaces and tabs.
const MARKERS: [(&str, &str, &str); 28] = [
    ("\n<?php", "", "PHP"),
    ("\nconfigservice", "\noption", "a UCI config (ddns-scripts)"),
    ("\nconfig", "\noption", "a UCI config"),
    ("dynamic_dns", "{\n", "a Caddyfile"),
    ("\nprovider", "{\n", "a config of inadyn"),
    ("\ncustom", "{\n", "a config of inadyn"),
    ("\n--", "--alias", "a config of inadyn 1"),
    ("protocol=", "login=", "a config of ddclient"),
    ("protocol=", "password=", "a config of ddclient"),
    ("\napi_secret=", "\nsubdomains=", "a config of gandi-live-dns (Python)"),
    ("\"settings\":", "\"provider\":", "a config of ddns-updater (JSON)"),
    ("\"cloudflare\":", "\"zone_id\":", "a config of cloudflare-ddns (JSON)"),
    ("\n#!", "python\n", "a Python script"),
    ("\n#!", "python3\n", "a Python script"),
    ("\n#!", "sh\n", "a shell script"),
    ("\nservices:\n", "image:", "a Docker Compose file (YAML)"),
    ("\napiVersion:", "\nkind:", "a Kubernetes manifest (YAML)"),
    ("\nfrom", "import", "Python"),
    ("\nimport", "\n", "Python"),
    ("\nresource\"", "{\n", "a Terraform config"),
    ("\n[Service]", "\nExecStart=", "a systemd unit"),
    ("\n*/", "***", "a crontab"),
    ("\n@reboot", "\n", "a crontab"),
    ("\nD(\"", ");", "a config of DNSControl"),
    ("\n$ORIGIN", "\n", "a DNS zone file"),
    ("\n$TTL", "\n", "a DNS zone file"),
    ("\n:global", "\n", "a RouterOS script"),
    ("\ndns_gandi_", "=", "a config of certbot"),
];

/// Returns the kind of another program's config, with its article. `None` if there is too little evidence, or if the text
/// has a key that only this program has.
pub(super) fn recognise(text: &str) -> Option<&'static str> {
    let mut squeezed = String::from("\n");
    for line in text.trim_start_matches('\u{feff}').lines() {
        if squeezed.len() > LOOKED_AT {
            break;
        }
        let start = squeezed.len();
        squeezed.extend(line.chars().filter(|c| !c.is_whitespace()));
        if squeezed.len() > start {
            squeezed.push('\n');
        }
    }
    let lower = squeezed.to_ascii_lowercase();
    if lower.contains("\ntoken_file=") || lower.contains("\nnames=") && !lower.contains("\nnames=[") {
        return None;
    }
    let known = MARKERS.iter().find(|(a, b, _)| squeezed.contains(a) && squeezed.contains(b));
    known.map(|(.., kind)| *kind).or_else(|| by_syntax(&squeezed))
}

/// Recognises the kind by the form of most lines. `squeezed` has no spaces and no empty lines.
fn by_syntax(squeezed: &str) -> Option<&'static str> {
    let first = squeezed.trim_start();
    if first.starts_with('<') {
        return Some("XML or HTML");
    }
    if first.starts_with(['{', '[']) && squeezed.contains("\":") {
        return Some("JSON");
    }
    let (mut colons, mut equals, mut quoted, mut capitals, mut ours) = (0, 0, 0, 0, 0);
    let (mut sections, mut domains) = (0, 0);
    for line in first.lines().filter(|line| !line.starts_with(['#', ';'])) {
        let line = line.strip_prefix("export").unwrap_or(line);
        let line = line.strip_prefix('-').unwrap_or(line);
        sections += usize::from(line.starts_with('['));
        domains += usize::from(line.starts_with('[') && !line.starts_with("[[") && line.contains('.'));
        let Some(at) = line.find([':', '=']).filter(|at| *at > 0) else { continue };
        let (key, value) = (&line[..at], &line[at + 1..]);
        if line.as_bytes()[at] == b':' {
            colons += 1;
            continue;
        }
        equals += 1;
        quoted += usize::from(value.starts_with(['"', '\'', '[', '{']));
        capitals += usize::from(key.bytes().all(|b| !b.is_ascii_lowercase()) && key.contains('_'));
        ours += usize::from(reader::is_key(&key.to_ascii_lowercase()));
    }
    if colons >= 2 && colons > 4 * equals && sections == 0 {
        Some("YAML")
    } else if capitals > 0 && capitals == equals {
        Some("an environment file or a shell script")
    } else if domains > 0 {
        None
    } else if quoted >= 2 && quoted * 2 >= equals && (ours * 2 <= equals || squeezed.contains("\n[[")) {
        Some("TOML or Python")
    } else if equals >= 3 && ours == 0 {
        Some("an INI file of another program")
    } else {
        None
    }
}
