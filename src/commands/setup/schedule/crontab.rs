//! Crontabs as text: the lines that setup offers, and the line that runs the program already.

use super::super::files::DEFAULT_CONFIG;

/// The words that make a command line something else than an update.
const OTHER_COMMANDS: [&str; 5] = ["check", "ip", "status", "get", "setup"];

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
/// user who has disabled the line is asked again.
pub(super) fn running_line<'a>(table: &'a str, config: &str) -> Option<&'a str> {
    table.lines().map(str::trim).find(|line| !line.starts_with('#') && runs(line, config))
}

fn runs(line: &str, config: &str) -> bool {
    let (mut is_program, mut is_default) = (false, true);
    let is_separator = |c| matches!(c, ' ' | '\t' | ';' | '&' | '|' | '(' | ')' | '<' | '>' | '\'' | '"');
    for word in line.split(is_separator) {
        if !is_program {
            is_program = word == "gandi-ddns" || word.ends_with("/gandi-ddns");
        } else if OTHER_COMMANDS.contains(&word) {
            return false;
        } else {
            // That of `-c` may be the default one. A path with blanks is in several words.
            is_default &= !(word.starts_with("-c") || word.starts_with("--c") || word == "--domain");
        }
    }
    let is_this =
        if config.is_empty() { is_default || line.contains(DEFAULT_CONFIG) } else { line.contains(config) };
    is_program && is_this
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

    #[test]
    fn running_line_is_one_that_updates_with_this_config() {
        let with_default = [
            "*/5 * * * * /usr/local/bin/gandi-ddns -q",
            " 7-59/15 * * * * gandi-ddns --splay 60",
            "@reboot\t/usr/bin/gandi-ddns --wait 600",
            "*/5 * * * * root test -x /usr/bin/gandi-ddns && gandi-ddns",
            "*/5 * * * * (sleep 5;/opt/gandi-ddns)>/dev/null",
            "*/5 * * * * '/opt/my programs/gandi-ddns' --syslog",
            "*/5 * * * * gandi-ddns -c /etc/gandi-ddns/gandi-ddns.conf",
            "*/5 * * * * gandi-ddns --config=/etc/gandi-ddns/gandi-ddns.conf",
        ];
        for line in with_default {
            let table = format!("MAILTO=me\n{line}\n0 0 * * * x\n");
            assert_eq!(running_line(&table, ""), Some(line.trim()), "{line}");
            assert_eq!(running_line(&table, "/home/pi/c"), None, "{line}");
        }
        let others = [
            "# */5 * * * * /usr/local/bin/gandi-ddns",
            "  #*/5 * * * * /usr/local/bin/gandi-ddns",
            "0 4 * * * /opt/gandi-ddns/update.py",
            "0 4 * * * /opt/old-gandi-ddns",
            "0 4 * * * gandi-ddns check",
            "0 4 * * * gandi-ddns -c /home/pi/c",
            "0 4 * * * gandi-ddns --domain example.org --name home",
        ];
        for line in others {
            assert_eq!(running_line(line, ""), None, "{line}");
        }
        for line in
            ["0 4 * * * gandi-ddns -c /home/pi/my conf", "0 4 * * * gandi-ddns -c'/home/pi/my conf' -q"]
        {
            assert_eq!(running_line(line, "/home/pi/my conf"), Some(line));
        }
    }
}
