//! Crontabs as text: the lines that setup offers, and the line that runs the program already.

use std::path::Path;

/// The config that the program finds without `-c`, also under cron and in the packaged units.
pub(super) const DEFAULT_CONFIG: &str = "/etc/gandi-ddns/gandi-ddns.conf";

/// The words that make a command line something else than an update.
const OTHER_COMMANDS: [&str; 5] = ["check", "ip", "status", "get", "setup"];

/// The features of a crond.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// It knows `@reboot`.
    Full,
    /// That of busybox, which logs an error for `@reboot` at each start.
    Busybox,
}

/// Returns the command line that runs the program with this config; `None` if a crontab cannot hold it.
pub(super) fn command(program: &Path, config: &Path) -> Option<String> {
    let program = quoted(program)?;
    if config == Path::new(DEFAULT_CONFIG) {
        return Some(program);
    }
    Some(format!("{program} -c {}", quoted(config)?))
}

/// Returns the lines that run this command, each with its line break. `seed` spreads the minutes of many machines.
pub(super) fn lines(command: &str, dialect: Dialect, seed: u64) -> String {
    let boot = if dialect == Dialect::Full {
        format!("@reboot {command} --wait 600 --syslog\n")
    } else {
        String::new()
    };
    format!("{boot}{}-59/5 * * * * {command} --splay 60 --syslog\n", seed % 4 + 1)
}

/// Returns a table with these lines at its end. An unfinished last line is ended before.
pub(super) fn with_lines(table: &str, lines: &str) -> String {
    let end = if table.is_empty() || table.ends_with('\n') { "" } else { "\n" };
    format!("{table}{end}{lines}")
}

/// Returns the line of a table that updates the records of this config. A comment is none: the user who has disabled the
/// line is asked again.
pub(super) fn running_line<'a>(table: &'a str, config: &Path) -> Option<&'a str> {
    let config = config.to_str()?;
    table.lines().map(str::trim).find(|line| !line.starts_with('#') && runs(line, config))
}

fn runs(line: &str, config: &str) -> bool {
    let mut words =
        line.split([' ', '\t', ';', '&', '|', '(', ')', '<', '>', '\'', '"']).filter(|w| !w.is_empty());
    let is_program = |word: &str| word.rsplit('/').next() == Some("gandi-ddns");
    if !words.by_ref().any(is_program) {
        return false;
    }
    let mut is_default = true;
    for word in words {
        if OTHER_COMMANDS.contains(&word) {
            return false;
        }
        is_default &= !(word.starts_with("-c") || word.starts_with("--c") || word == "--domain");
    }
    // A path with blanks is in several words.
    if is_default { config == DEFAULT_CONFIG } else { line.contains(config) }
}

/// Quotes a path for the shell; `None` if that is impossible: cron changes `%`, busybox does not.
fn quoted(path: &Path) -> Option<String> {
    let text = path.to_str()?;
    if text.contains(['%', '\'', '\\']) || text.contains(char::is_control) {
        return None;
    }
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+,:=@".contains(c);
    Some(if text.chars().all(is_plain) { text.to_owned() } else { format!("'{text}'") })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROGRAM: &str = "/usr/local/bin/gandi-ddns";

    #[test]
    fn lines_name_the_config_unless_it_is_the_default() {
        let command = |program: &str, config: &str| command(Path::new(program), Path::new(config));
        let default = command(PROGRAM, DEFAULT_CONFIG).expect("a command");
        assert_eq!(
            lines(&default, Dialect::Full, 5),
            "@reboot /usr/local/bin/gandi-ddns --wait 600 --syslog\n\
             2-59/5 * * * * /usr/local/bin/gandi-ddns --splay 60 --syslog\n"
        );
        assert_eq!(
            lines(&default, Dialect::Busybox, 3),
            "4-59/5 * * * * /usr/local/bin/gandi-ddns --splay 60 --syslog\n"
        );
        let own = |config| command(PROGRAM, config);
        assert_eq!(own("/home/pi/ddns.conf"), Some(format!("{PROGRAM} -c /home/pi/ddns.conf")));
        assert_eq!(own("/home/pi/my ddns.conf"), Some(format!("{PROGRAM} -c '/home/pi/my ddns.conf'")));
        for bad in ["/home/50%/c", "/home/o'neill/c", "/home/a\nb/c", "/home/a\\b"] {
            assert_eq!(own(bad), None, "{bad}");
            assert_eq!(command(bad, DEFAULT_CONFIG), None, "{bad}");
        }
    }

    #[test]
    fn new_lines_never_merge_with_the_last_one() {
        assert_eq!(with_lines("", "x\n"), "x\n");
        assert_eq!(with_lines("a\n", "x\n"), "a\nx\n");
        assert_eq!(with_lines("# b\na", "x\n"), "# b\na\nx\n");
        assert_eq!(with_lines("a\n\n", "x\n"), "a\n\nx\n");
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
            assert_eq!(running_line(&table, Path::new(DEFAULT_CONFIG)), Some(line.trim()), "{line}");
            assert_eq!(running_line(&table, Path::new("/home/pi/c")), None, "{line}");
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
            assert_eq!(running_line(line, Path::new(DEFAULT_CONFIG)), None, "{line}");
        }
        for line in
            ["0 4 * * * gandi-ddns -c /home/pi/my conf", "0 4 * * * gandi-ddns -c'/home/pi/my conf' -q"]
        {
            assert_eq!(running_line(line, Path::new("/home/pi/my conf")), Some(line));
        }
    }
}
