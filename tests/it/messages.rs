//! docs/messages.md has a row for each message of the program, and no other rows.
//!
//! A message is a string literal of src/ that has two words: format strings, with `…` for each argument. Tests,
//! comments, and the texts in [`OTHER_FILES`], [`OTHER_TEXTS`] and [`OTHER_PARTS`] are left out.

use std::fs;
use std::path::Path;

use crate::architecture::{files_below, tokens};

const DOCUMENT: &str = include_str!("../../docs/messages.md");
const ROOT: &str = env!("CARGO_MANIFEST_DIR");
/// The punctuation around a message that is only one part of a line.
const AROUND: &[char] = &[' ', '…', ':', ';', ',', '.', '(', ')'];

/// Files without errors and warnings, and the reason.
const OTHER_FILES: [(&str, &str); 5] = [
    ("src/cli/help.rs", "the text of --help"),
    ("src/config/legacy.rs", "a config that is printed, not a message"),
    ("src/config/foreign.rs", "the kinds of files in `this looks like …`"),
    ("src/address/global.rs", "the kinds of addresses in `answered with …, …`"),
    ("src/exit.rs", "the exit codes, which the README lists"),
];

/// Texts that are neither errors nor warnings, with the reason: each one is a whole literal, without the punctuation
/// around it.
const OTHER_TEXTS: [(&str, &[&str]); 10] = [
    ("a message to the service manager", &["… WATCHDOG_USEC=…000"]),
    ("the other one, in `another … is running (lock …)`", &["`gandi-ddns watch` with this config"]),
    (
        "a question or a good result of `setup`",
        &[
            "Looking for this machine's public addresses ...",
            "stable, of the interface; the services see the temporary …",
            "Your provider shares one IPv4 address between customers (CGNAT): the name would not reach this machine over IPv4.",
            "Records to keep",
            "the config stays",
            "Answer y or n.",
            "(there already, kept)",
            "(new; the present one stays with the ending .old)",
            "(owner and mode of the present one)",
            "Written. First update:",
            "Written. Update:",
            "Not kept:…",
            "See its records: … status",
            "… is in use. Replace what setup has written to it?",
            "token_file = token",
            "Removed …: the service does not read it.",
            "The token from … ….",
            "… Replace it?",
            "… See what it does: …",
            "… exists. Replace it (a copy stays as ….old)?",
            "Kept. Update:",
            "About to write",
            "your input",
            "Token (not shown):",
            "Gandi did not tell when it expires.",
            "It may change DNS records.",
            "Its permissions:",
            "That is soon: updates fail from then on, until you run setup again with a new token.",
            "This token sees no domain. Create one that is not limited to other domains. For a domain of another organization: its token, or `-o sharing_id=ID`.",
            "This token may not list your domains (permission \"See and renew domain names\"): type yours.",
            "Name to keep updated in …, @ for the domain itself",
            "… is … now.",
            "… does not exist yet and will be created.",
            "…. With cron, add these lines to …: …",
            "It runs already: …",
            "To run it every 5 minutes and to log to syslog: …",
            "Added to ….",
            "logread -e gandi-ddns",
            "journalctl -t gandi-ddns",
            "add the lines above to …",
            "root's crontab",
            "your crontab",
            "gandi-ddns -c",
            "Check everything: … check",
            "ipv6 = interface web",
            "grep -h gandi-ddns /etc/crontab /etc/cron.d/* 2>/dev/null || :",
            "main.enabled=1 main.token_file=",
            "… setup=records setup.domain=… setup.name=… setup.type=……",
            "Run it every 5 minutes by",
            "run systemctl enable --now",
            "Keep it running by",
            "Run it by",
            "run setup again for",
            "Add this to",
            "the service of OpenWrt, with its records in /etc/config/gandi-ddns",
        ],
    ),
    (
        "part of the output of `status`",
        &[
            "last run: …",
            "last run: none recorded in … (a directory in memory is empty after a reboot)",
            "expires at …",
            "no changes recorded",
            "changes, newest first:",
            "…, TTL … s (last confirmed …)",
            "last changed: …",
            "watcher: running since …",
            "watcher: not running",
            "last wake-up: …",
            "not confirmed yet",
            ", … in a row",
        ],
    ),
    ("a column of `ip`", &["counts as", "(not in use)"]),
    (
        "a good result or a subject of `check`",
        &[
            "no other user can change it, its secrets or its programs",
            "… is executable",
            "… does not exist yet (created on the first run)",
            "… is usable and not locked",
            "… is usable",
            "last success",
            "none recorded",
            "last runs",
            "up to date (…)",
            "does not exist yet; the next run will create it (…)",
            "the next run will change it: …",
            "All checks passed….",
            "[another name]",
            "… is reachable, certificate valid",
            "zone found, token has access",
            "name resolution",
            "accepted (an API key, which Gandi may disable at any time)",
            "domain uses Gandi LiveDNS",
            "nameservers of …",
            "nameservers of …: …",
        ],
    ),
    (
        "a change, or a dry run",
        &[
            "would be",
            "…: …created: … (TTL …)",
            "would change:",
            "…: would replace …",
            ", the nearest that Gandi accepts",
            "…: works again; it had failed since …",
            "the config is valid again",
        ],
    ),
    (
        "a step that -v prints",
        &[
            "next pass in … s at the latest",
            "ended by a signal",
            "the timer",
            "a router announces an address",
            "a router reports a changed address",
            "an address or route of this machine has changed",
            "all records up to date",
            "heartbeat sent to …",
            "no heartbeat to …: a URL with `?` is for good runs only",
            "completed an interrupted token renewal",
            "token… renewed (the old one would have expired on …)",
            "chosen from several (the kernel's choice)",
            "chosen from several (prefix of the kernel's choice)",
            "chosen from several (RFC 6724 rule 8)",
            "chosen from several (the lowest)",
            "…: querying record",
            "…: querying zone",
            "…: querying delegation of …",
            "trying again in … ms",
            "starting in … s (--splay)",
            "UPnP events of the gateway …: ……",
            "the subscription is lost",
            "no subscription: …",
        ],
    ),
    (
        "a noun or verb in `could not … …`, `refused the token from …`, `… record exists` and `received …`",
        &[
            "connect to",
            "send to",
            "use the state directory",
            "open the lock",
            "take the lock",
            "write the state",
            "the addresses of interfaces",
            "the systemd credential …",
            "the renewal",
            "the environment",
            "unrelated packet",
            "an ALIAS",
            "the … record at ….…",
        ],
    ),
    (
        "the fault in `sent a malformed response: …`",
        &[
            "it ends within a record",
            "it ends within a name",
            "a name is longer than 255 bytes",
            "a label has an unknown type",
            "a compression pointer does not point backwards",
            "a string is longer than its record",
            "a string is not an address",
            "an address has the wrong size",
        ],
    ),
];

/// Protocols, file formats, lists of words, texts of libraries and attributes: each one is a part of a literal.
const OTHER_PARTS: [&str; 29] = [
    "Replace it now?",
    "You need a personal access token from Gandi. Create one at",
    "# Written by `gandi-ddns setup`.",
    "[…] names = … types = …",
    "@reboot … --wait 600",
    "-59/5 * * * *",
    "no crontab for",
    "No such file",
    "text/plain; charset=utf-8",
    "invalid dns name",
    "http parse resulted in",
    "client certificates are not supported",
    "gandi-ddns state",
    "GetExternalIPAddress",
    "M-SEARCH",
    "HTTP/1.1 Host:",
    "Content-Type: text/xml",
    "Connection: close",
    "TIMEOUT: Second-1800",
    "CALLBACK: <http://",
    "NT: upnp:event",
    "412 Precondition Failed",
    "a JSON boolean is a bool",
    "half of the bits are enough",
    "token= gandi-token=",
    "conf= ini=",
    "usage=--help",
    "update= start=",
    "gandi-ddns[…]: …",
];

/// A message of the program.
struct Message {
    /// Its file and line.
    place: String,
    text: String,
}

/// A row of the document.
struct Row {
    message: String,
    codes: String,
    cause: String,
    remedy: String,
}

/// Returns the format string with `…` for each argument, and one space for all white space.
fn plain(literal: &str) -> String {
    let mut text = String::new();
    let mut chars = literal.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '{' | '}' if chars.next_if_eq(&c).is_some() => text.push(c),
            '{' => {
                while chars.next().is_some_and(|c| c != '}') {}
                text.push('…');
            }
            c => text.push(c),
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns true for a text of at least two words.
fn has_words(text: &str) -> bool {
    let is_word = |part: &&str| part.chars().filter(char::is_ascii_alphabetic).count() >= 2;
    text.split(|c: char| !c.is_ascii_alphabetic()).filter(is_word).count() >= 2 && text.contains(' ')
}

/// Returns every string literal with two words in src/, without unit tests.
fn literals() -> Vec<Message> {
    let mut messages = Vec::new();
    for path in files_below("src") {
        if path.ends_with("/tests.rs") {
            continue;
        }
        let source = fs::read_to_string(Path::new(ROOT).join(&path)).expect("a source file");
        let program = source
            .split_once("\n#[cfg(test)]\n")
            .filter(|(_, rest)| rest.lines().next().is_some_and(|line| line.contains("mod tests")));
        for (line, literal) in tokens::strings(program.map_or(source.as_str(), |(program, _)| program)) {
            let text = plain(&literal);
            if has_words(&text) {
                messages.push(Message { place: format!("{path}:{line}"), text });
            }
        }
    }
    messages
}

/// Returns true if the literal is this text, but for the punctuation around it.
fn is_text(message: &Message, text: &str) -> bool {
    message.text.trim_matches(AROUND) == text.trim_matches(AROUND)
}

/// Returns the literals that are an error or a warning, or a part of one.
fn messages() -> Vec<Message> {
    let is_other = |m: &Message| {
        OTHER_FILES.iter().any(|(file, _)| m.place.starts_with(&format!("{file}:")))
            || OTHER_PARTS.iter().any(|part| m.text.contains(part))
            || OTHER_TEXTS.iter().any(|(_, texts)| texts.iter().any(|text| is_text(m, text)))
    };
    literals().into_iter().filter(|m| !is_other(m)).collect()
}

/// Returns the rows of all tables of the document.
fn rows() -> Vec<Row> {
    let is_row = |line: &&str| line.starts_with("| ") && !line.starts_with("| message |");
    let row = |line: &str| {
        let cells: Vec<&str> = line.trim_matches(['|', ' ']).split(" | ").map(str::trim).collect();
        let [message, codes, cause, remedy] = cells[..] else { panic!("not four cells: {line}") };
        let [message, codes, cause, remedy] = [message, codes, cause, remedy].map(str::to_owned);
        Row { message, codes, cause, remedy }
    };
    DOCUMENT.lines().filter(is_row).map(row).collect()
}

#[test]
fn every_message_of_the_program_has_a_row() {
    let rows = rows();
    let messages = messages();
    assert!(messages.len() > 200, "only {} messages were found", messages.len());
    let is_missing = |m: &&Message| !rows.iter().any(|row| row.message.contains(m.text.trim_matches(AROUND)));
    let missing: Vec<String> =
        messages.iter().filter(is_missing).map(|m| format!("{}: {}", m.place, m.text)).collect();
    assert!(
        missing.is_empty(),
        "add rows to docs/messages.md, or reasons to OTHER_TEXTS, for:\n{}",
        missing.join("\n")
    );
}

#[test]
fn every_row_belongs_to_a_message() {
    let messages = messages();
    let exists = |part: &str| messages.iter().any(|m| m.text.contains(part));
    let mut stale = Vec::new();
    for row in rows() {
        let mut parts =
            row.message.split('…').map(|part| part.trim_matches(AROUND)).filter(|p| has_words(p)).peekable();
        if parts.peek().is_none() && !exists(row.message.trim_matches(AROUND)) || !parts.all(exists) {
            stale.push(row.message);
        }
    }
    assert!(
        stale.is_empty(),
        "no text in src/ is like these rows of docs/messages.md:\n{}",
        stale.join("\n")
    );
}

#[test]
fn every_row_has_codes_a_cause_and_a_remedy() {
    let codes = gandi_ddns::exit::Exit::ALL.map(|exit| exit.code().to_string());
    let mut known: Vec<&str> = codes.iter().map(String::as_str).filter(|code| *code != "0").collect();
    known.extend(["warning", "any"]);
    let mut seen = Vec::new();
    for Row { message, codes, cause, remedy } in rows() {
        assert!(codes.split(", ").all(|code| known.contains(&code)), "{message}: code {codes}");
        assert!(cause.len() > 3 && remedy.len() > 3, "{message}: cause `{cause}`, remedy `{remedy}`");
        assert!(!seen.contains(&message), "two rows: {message}");
        seen.push(message);
    }
}

#[test]
fn every_exception_is_used() {
    let literals = literals();
    for (file, reason) in OTHER_FILES {
        assert!(literals.iter().any(|m| m.place.starts_with(file)), "{file}: {reason}");
    }
    for (reason, texts) in OTHER_TEXTS {
        for text in texts {
            assert!(literals.iter().any(|m| is_text(m, text)), "{text}: {reason}");
        }
    }
    for part in OTHER_PARTS {
        assert!(literals.iter().any(|m| m.text.contains(part)), "{part}");
    }
}

#[test]
fn plain_replaces_arguments_and_white_space() {
    for (literal, text) in [
        ("could not read {path}: {e}", "could not read …: …"),
        ("{:width$}  {0}", "… …"),
        ("{{x}} {y:?}", "{x} …"),
        (" a\n  b ", "a b"),
    ] {
        assert_eq!(plain(literal), text);
    }
    assert!(has_words("timed out") && has_words("`…` is set twice"));
    assert!(!has_words("connection") && !has_words("… (…)") && !has_words("https://example.org/"));
}
