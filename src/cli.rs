//! Arguments as typed. What they mean is the config's business.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

use pico_args::Arguments;

use crate::exit::Exit;
use crate::record::RrsetType;
use crate::report::Verbosity;

/// What `--help` prints before the exit codes.
const HELP: &str = "\
Keeps the A and AAAA records of a gandi.net domain at this machine's public address.

Usage: gandi-ddns [OPTIONS]     keep the records right
       gandi-ddns ip [OPTIONS]  ask every source for this machine's address, and say which
                                would be believed; changes nothing, and needs no token
                                (options: -c, -4, -6, -v, --json for programs)

Options:
  -c, --config FILE    read this config (default: /etc/gandi-ddns/gandi-ddns.conf,
                       then $XDG_CONFIG_HOME/gandi-ddns/gandi-ddns.conf)
  -n, --dry-run        say what would be done; write neither zone nor state
  -4, -6               only IPv4 and A records, or only IPv6 and AAAA records
  -f, --force          look at the zone even if it was right not long ago
  -v, --verbose        tell each step
  -q, --quiet          errors only
  -h, --help           print this
  -V, --version        print the version

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

/// The records, when arguments name them instead of a config file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inline {
    /// `--domain`.
    pub domain: String,
    /// Each `--name`.
    pub names: Vec<String>,
    /// Each `--type`.
    pub types: Vec<String>,
    /// `--ttl`.
    pub ttl: Option<String>,
}

/// Where the records are named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// In this file, or in the first default one that there is.
    File(Option<PathBuf>),
    /// In the arguments.
    Inline(Inline),
}

/// The address families that `-4` and `-6` choose; both when neither is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Families {
    v4: bool,
    v6: bool,
}

impl Families {
    /// By the two options.
    #[must_use]
    pub const fn new(v4: bool, v6: bool) -> Self {
        Self { v4, v6 }
    }

    /// Whether this family is one of them.
    #[must_use]
    pub const fn includes(self, family: RrsetType) -> bool {
        self.v4 == self.v6
            || match family {
                RrsetType::A => self.v4,
                RrsetType::Aaaa => self.v6,
            }
    }

    /// Whether an option chose them.
    #[must_use]
    pub const fn are_chosen(self) -> bool {
        self.v4 || self.v6
    }
}

/// `gandi-ddns ip`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ip {
    /// `--config`.
    pub config: Option<PathBuf>,
    /// `-4` and `-6`.
    pub families: Families,
    /// `--json`.
    pub json: bool,
    /// `--verbose` or `--quiet`.
    pub verbosity: Verbosity,
}

/// One round, as the arguments ask for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Where the records are named.
    pub source: Source,
    /// `-4` and `-6`.
    pub families: Families,
    /// `--dry-run`.
    pub dry_run: bool,
    /// `--force`.
    pub force: bool,
    /// `--verbose` or `--quiet`.
    pub verbosity: Verbosity,
}

/// What the arguments ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Invocation {
    /// `--help`.
    Help,
    /// `--version`.
    Version,
    /// A round.
    Run(Run),
    /// A look at the sources.
    Ip(Ip),
}

/// Why the arguments make no sense.
#[derive(Debug)]
pub enum UsageError {
    /// pico-args' own complaint, such as a missing value.
    Parse(pico_args::Error),
    /// Nothing of ours; its value is cut off, since it may be a secret.
    Unknown(String),
    /// Like a secret; holds the option.
    Secret(String),
    /// Two options that exclude each other.
    Both(&'static str, &'static str),
    /// An option that only makes sense with another.
    Needs(&'static str, &'static str),
}

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told = match self {
            Self::Parse(pico_args::Error::OptionWithoutAValue(option)) => {
                write!(f, "{option} needs a value")
            }
            Self::Parse(e) => write!(f, "{e}"),
            Self::Unknown(word) => write!(f, "unknown or repeated argument {word}"),
            Self::Secret(option) => {
                return write!(
                    f,
                    "{option} is refused: everybody can read arguments, so a secret never goes there; put it in the \
                     file that `token_file` names in the config, or in $GANDI_TOKEN"
                );
            }
            Self::Both(a, b) => write!(f, "{a} and {b} exclude each other"),
            Self::Needs(a, b) => write!(f, "{a} goes with {b}"),
        };
        told?;
        write!(f, "; see gandi-ddns --help")
    }
}

impl std::error::Error for UsageError {}

impl From<pico_args::Error> for UsageError {
    fn from(e: pico_args::Error) -> Self {
        Self::Parse(e)
    }
}

/// Reads the arguments, without the program's name.
pub fn parse(arguments: Vec<OsString>) -> Result<Invocation, UsageError> {
    let mut args = Arguments::from_vec(arguments);
    let (help, version) = (args.contains(["-h", "--help"]), args.contains(["-V", "--version"]));
    let config: Option<PathBuf> = args.opt_value_from_str(["-c", "--config"])?;
    let families = Families::new(args.contains("-4"), args.contains("-6"));
    let verbosity = match (args.contains(["-q", "--quiet"]), args.contains(["-v", "--verbose"])) {
        (true, true) => return Err(UsageError::Both("--quiet", "--verbose")),
        (true, false) => Verbosity::Quiet,
        (false, true) => Verbosity::Verbose,
        (false, false) => Verbosity::Normal,
    };
    let json = args.contains("--json");
    // Before or after these options: only what is common to all commands may stand before it.
    let invocation = match args.subcommand()?.as_deref() {
        Some("ip") => Invocation::Ip(Ip { config, families, json, verbosity }),
        Some(word) => return Err(unknown(word)),
        None if help || version => {
            // Only to take them: what they mean together is of no interest now.
            let _ = round(&mut args, config, families, verbosity);
            Invocation::Help
        }
        None => Invocation::Run(round(&mut args, config, families, verbosity)?),
    };
    if let Some(word) = args.finish().first() {
        return Err(unknown(&word.to_string_lossy()));
    }
    if json && !matches!(invocation, Invocation::Ip(_)) {
        return Err(UsageError::Needs("--json", "ip"));
    }
    Ok(match (help, version) {
        (true, _) => Invocation::Help,
        (false, true) => Invocation::Version,
        (false, false) => invocation,
    })
}

/// The arguments that only a round has.
fn round(
    args: &mut Arguments,
    config: Option<PathBuf>,
    families: Families,
    verbosity: Verbosity,
) -> Result<Run, UsageError> {
    let domain: Option<String> = args.opt_value_from_str("--domain")?;
    let names: Vec<String> = args.values_from_str("--name")?;
    let mut types: Vec<String> = args.values_from_str("--type")?;
    let ttl: Option<String> = args.opt_value_from_str("--ttl")?;
    let (dry_run, force) = (args.contains(["-n", "--dry-run"]), args.contains(["-f", "--force"]));
    let source = match domain {
        Some(_) if config.is_some() => return Err(UsageError::Both("--config", "--domain")),
        Some(_) if names.is_empty() => {
            return Err(UsageError::Needs("--domain", "--name (@ is the domain itself)"));
        }
        Some(domain) => {
            // `-6` alone asks for an AAAA, not for nothing.
            if types.is_empty() && families.are_chosen() {
                types = RrsetType::ALL
                    .iter()
                    .filter(|t| families.includes(**t))
                    .map(ToString::to_string)
                    .collect();
            }
            Source::Inline(Inline { domain, names, types, ttl })
        }
        None if !names.is_empty() => return Err(UsageError::Needs("--name", "--domain")),
        None if !types.is_empty() => return Err(UsageError::Needs("--type", "--domain")),
        None if ttl.is_some() => return Err(UsageError::Needs("--ttl", "--domain")),
        None => Source::File(config),
    };
    Ok(Run { source, families, dry_run, force, verbosity })
}

/// What is left over: nothing of it that may be a secret is repeated.
fn unknown(word: &str) -> UsageError {
    let option = word.split('=').next().unwrap_or_default();
    let folded = option.trim_start_matches('-').replace('_', "-").to_ascii_lowercase();
    let harmless = folded.len() <= 20 && folded.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
    if !option.starts_with('-') || !harmless {
        return UsageError::Unknown("(not shown, as it may be a secret)".to_owned());
    }
    if ["token", "api-key", "apikey", "key", "password", "pat", "secret"].contains(&folded.as_str()) {
        UsageError::Secret(option.to_owned())
    } else {
        UsageError::Unknown(option.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(line: &str) -> Result<Run, String> {
        match parse(line.split_whitespace().map(OsString::from).collect()) {
            Ok(Invocation::Run(run)) => Ok(run),
            Ok(other) => Err(format!("{other:?}")),
            Err(e) => Err(e.to_string()),
        }
    }

    #[test]
    fn both_ways_of_giving_a_value() {
        let file = Source::File(Some("x.conf".into()));
        for line in ["-c x.conf", "--config x.conf", "--config=x.conf", "-c=x.conf"] {
            assert_eq!(run(line).map(|r| r.source), Ok(file.clone()), "{line}");
        }
        let inline = run("--domain example.org --name home --name=*.home --type A --type=AAAA --ttl=300");
        assert_eq!(
            inline.map(|r| r.source),
            Ok(Source::Inline(Inline {
                domain: "example.org".to_owned(),
                names: vec!["home".to_owned(), "*.home".to_owned()],
                types: vec!["A".to_owned(), "AAAA".to_owned()],
                ttl: Some("300".to_owned()),
            }))
        );
    }

    #[test]
    fn flags() {
        let all = run("-nfv").expect("three flags in one");
        assert_eq!((all.dry_run, all.force, all.verbosity), (true, true, Verbosity::Verbose));
        assert_eq!(run("-q").map(|r| r.verbosity), Ok(Verbosity::Quiet));
        assert_eq!(run("--help"), Err("Help".to_owned()));
        assert_eq!(run("-V"), Err("Version".to_owned()));
    }

    #[test]
    fn families() {
        let includes = |line: &str| {
            let families = run(line).expect(line).families;
            RrsetType::ALL.map(|t| families.includes(t))
        };
        assert_eq!(includes(""), [true, true]);
        assert_eq!(includes("-4"), [true, false]);
        assert_eq!(includes("-6v"), [false, true]);
        assert_eq!(includes("-4 -6"), [true, true]);
        let types = |line: &str| match run(line).expect(line).source {
            Source::Inline(inline) => inline.types,
            Source::File(_) => Vec::new(),
        };
        assert_eq!(types("--domain example.org --name home -6"), ["AAAA"]);
        assert_eq!(types("--domain example.org --name home -46"), ["A", "AAAA"]);
        assert!(types("--domain example.org --name home").is_empty());
    }

    #[test]
    fn ip() {
        let parse = |line: &str| parse(line.split_whitespace().map(OsString::from).collect());
        let Ok(Invocation::Ip(ip)) = parse("ip -6 --json -c x.conf") else { panic!("that is `ip`") };
        assert_eq!(
            (ip.config, ip.families, ip.json),
            (Some("x.conf".into()), Families::new(false, true), true)
        );
        assert!(matches!(parse("ip --help"), Ok(Invocation::Help)));
        assert!(matches!(parse("-c x.conf -4 ip"), Ok(Invocation::Ip(_))));
        for bad in ["ip --dry-run", "ip stray", "ip --domain example.org", "--json", "ipp", "-n ip"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn whatever_is_left_is_an_error() {
        for line in [
            "--frobnicate",
            "stray",
            "-x",
            "--config",
            "-q -v",
            "-c a -c b",
            "--domain example.org",
            "--name home",
            "--ttl 300",
            "--type A",
            "-c a --domain example.org --name @",
            "--dry-run=yes",
            "-- x",
            "--help --frob",
            "--help --frob",
        ] {
            assert!(run(line).is_err(), "{line}");
        }
    }

    #[test]
    fn a_secret_among_the_arguments_is_refused_and_not_repeated() {
        for line in [
            "--token s3cr3t",
            "--token=s3cr3t",
            "--api-key=s3cr3t",
            "s3cr3t",
            "--frob=s3cr3t",
            "-s3cr3t",
            "-x=s3cr3t",
        ] {
            let error = run(line).expect_err(line);
            assert!(!error.contains("s3cr3t"), "{error}");
        }
        assert!(run("--token x").expect_err("refused").contains("token_file"));
    }
}
