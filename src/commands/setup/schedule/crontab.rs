//! Crontabs as text: the lines that setup offers, and the line that runs the program already.

use super::super::files::DEFAULT_CONFIG;

/// The words that make a command line something else than an update.
const OTHER_COMMANDS: [&str; 7] = ["check", "ip", "status", "get", "setup", "--dry-run", "-n"];
/// The characters between the words of a command line.
const SEPARATORS: [char; 11] = [' ', '\t', ';', '&', '|', '(', ')', '<', '>', '\'', '"'];

/// The features of a crond.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// It knows `@reboot`.
    Full,
    /// The one of busybox, which logs an error for `@reboot` at each start.
    Busybox,
}

/// Returns the lines that run the program with this config, empty for the default one, each with its line break; `None`
/// if a crontab cannot hold them. `seed` spreads the minutes of many machines.
pub(super) fn lines(program: &str, config: &str, dialect: Dialect, seed: u64) -> Option<String> {
    let mut command = quoted(program)?;
    if !config.is_empty() {
        command = [command.as_str(), " -c ", &quoted(config)?].concat();
    }
    let often = format!("{}-59/5 * * * * {command} --splay 60 --syslog\n", seed % 4 + 1);
    Some(if dialect == Dialect::Full {
        format!("@reboot {command} --wait 600 --syslog\n{often}")
    } else {
        often
    })
}

/// Returns the line of a table that updates the records of this config, empty for the default one. A comment is none: the
/// user who has disabled the line is asked again. `is_this` recognises a path of this program, and `program` is its usual
/// one, which may have blanks.
pub(super) fn running_line<'a>(
    table: &'a str,
    is_this: &dyn Fn(&str) -> bool,
    program: &str,
    config: &str,
) -> Option<&'a str> {
    table.lines().map(str::trim).find(|line| runs(line, is_this, program, config))
}

fn runs(line: &str, is_this: &dyn Fn(&str) -> bool, program: &str, config: &str) -> bool {
    // A word of the shell that begins with it ends the line as well.
    let line = line.split(" #").next().unwrap_or_default();
    let (mut is_program, mut is_default) = (false, true);
    for (at, word) in line.split(SEPARATORS).map(|word| (word.as_ptr().addr() - line.as_ptr().addr(), word)) {
        if !is_program {
            // The last one of a path with blanks.
            let is_usual = line[..at + word.len()].ends_with(program) && program.contains(' ');
            is_program = word == "gandi-ddns" || is_usual || word.ends_with("gandi-ddns") && is_this(word);
        } else if OTHER_COMMANDS.contains(&word) {
            return false;
        } else {
            // That of `-c` may be the default one. A path with blanks is in several words.
            is_default &= !(word.starts_with("-c") || word.starts_with("--c") || word == "--domain");
        }
    }
    let is_this = if config.is_empty() { is_default || has(line, DEFAULT_CONFIG) } else { has(line, config) };
    is_program && is_this && !line.starts_with('#')
}

/// Returns true if a line has this path, and not only one that begins or ends with it.
fn has(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let (before, after) = (&line[..at], &line[at + path.len()..]);
        (before.ends_with(SEPARATORS) || before.ends_with('=') || before.ends_with("-c"))
            && (after.is_empty() || after.starts_with(SEPARATORS))
    })
}

/// Quotes a path for the shell; `None` if that is impossible: cron changes `%`, busybox does not.
fn quoted(path: &str) -> Option<String> {
    let mut quote = "";
    for byte in path.bytes() {
        match byte {
            ..b' ' | b'%' | b'\'' | b'\\' | 0x7f => return None,
            b'a'..=b'z'
            | b'A'..=b'Z'
            | b'0'..=b'9'
            | b'/'
            | b'.'
            | b'_'
            | b'-'
            | b'+'
            | b','
            | b':'
            | b'='
            | b'@' => {}
            _ => quote = "'",
        }
    }
    Some([quote, path, quote].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROGRAM: &str = "/usr/local/bin/gandi-ddns";

    #[test]
    fn lines_name_the_config_unless_it_is_the_default() {
        assert_eq!(
            lines(PROGRAM, "", Dialect::Full, 5).as_deref(),
            Some(
                "@reboot /usr/local/bin/gandi-ddns --wait 600 --syslog\n\
                 2-59/5 * * * * /usr/local/bin/gandi-ddns --splay 60 --syslog\n"
            )
        );
        let own = |program: &str, config: &str| lines(program, config, Dialect::Busybox, 3);
        let line = |command: &str| Some(format!("4-59/5 * * * * {command} --splay 60 --syslog\n"));
        assert_eq!(own(PROGRAM, ""), line(PROGRAM));
        assert_eq!(own(PROGRAM, "/home/pi/ddns.conf"), line(&format!("{PROGRAM} -c /home/pi/ddns.conf")));
        let quoted = line("'/opt/my programs/gandi-ddns' -c '/home/pi/my ddns.conf'");
        assert_eq!(own("/opt/my programs/gandi-ddns", "/home/pi/my ddns.conf"), quoted);
        for bad in ["/home/50%/c", "/home/o'neill/c", "/home/a\nb/c", "/home/a\\b"] {
            assert_eq!(own(PROGRAM, bad), None, "{bad}");
            assert_eq!(own(bad, ""), None, "{bad}");
        }
    }

    /// The programs that exist, but for the last one as this one.
    const PATHS: [&str; 3] = ["/usr/local/bin/gandi-ddns", "/usr/bin/gandi-ddns", "/opt/gandi-ddns"];

    fn running<'a>(table: &'a str, config: &str) -> Option<&'a str> {
        let is_this = |path: &str| PATHS[..2].contains(&path);
        running_line(table, &is_this, "/opt/my programs/gandi-ddns", config)
    }

    #[test]
    fn running_line_is_one_that_updates_with_this_config() {
        let with_default = [
            "*/5 * * * * /usr/local/bin/gandi-ddns -q",
            " 7-59/15 * * * * gandi-ddns --splay 60",
            "@reboot\t/usr/bin/gandi-ddns --wait 600",
            "*/5 * * * * root test -x /usr/bin/gandi-ddns && gandi-ddns",
            "*/5 * * * * (sleep 5;/usr/bin/gandi-ddns)>/dev/null",
            "*/5 * * * * '/opt/my programs/gandi-ddns' --syslog",
            "*/5 * * * * gandi-ddns -c /etc/gandi-ddns/gandi-ddns.conf",
            "*/5 * * * * gandi-ddns --config=/etc/gandi-ddns/gandi-ddns.conf # mine",
        ];
        for line in with_default {
            let table = format!("MAILTO=me\n{line}\n0 0 * * * x\n");
            assert_eq!(running(&table, ""), Some(line.trim()), "{line}");
            assert_eq!(running(&table, "/home/pi/c"), None, "{line}");
        }
        let others = [
            "# */5 * * * * /usr/local/bin/gandi-ddns",
            "  #*/5 * * * * /usr/local/bin/gandi-ddns",
            "*/5 * * * * /bin/true # gandi-ddns",
            "0 4 * * * /opt/gandi-ddns/update.py",
            "0 4 * * * /opt/old-gandi-ddns",
            "0 4 * * * /opt/gandi-ddns --syslog",
            "0 4 * * * /opt/other programs/gandi-ddns",
            "0 4 * * * gandi-ddns check",
            "0 4 * * * gandi-ddns --dry-run",
            "0 4 * * * gandi-ddns -c /home/pi/c",
            "0 4 * * * gandi-ddns -c /etc/gandi-ddns/gandi-ddns.conf.old",
            "0 4 * * * gandi-ddns --domain example.org --name home",
        ];
        for line in others {
            assert_eq!(running(line, ""), None, "{line}");
        }
        for line in
            ["0 4 * * * gandi-ddns -c /home/pi/my conf", "0 4 * * * gandi-ddns -c'/home/pi/my conf' -q"]
        {
            assert_eq!(running(line, "/home/pi/my conf"), Some(line));
        }
        for line in
            ["0 4 * * * gandi-ddns -c /home/pi/my conf.old", "0 4 * * * gandi-ddns -c /old/home/pi/my conf"]
        {
            assert_eq!(running(line, "/home/pi/my conf"), None, "{line}");
        }
    }
}
