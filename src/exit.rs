//! The exit codes, as in `sysexits.h`, with the descriptions that `--help` and the README show.

/// The result of a run, in order of severity: the exit code of a run is the most severe one of its records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// All records are up to date.
    Ok,
    /// A record that `get` was asked for does not exist. No other command ends with it.
    Absent,
    /// The command line is invalid (`EX_USAGE`).
    Usage,
    /// A temporary failure, which the next run may not have (`EX_TEMPFAIL`).
    TryLater,
    /// Gandi rejected the token (`EX_NOPERM`).
    Token,
    /// A problem that the user must fix (`EX_CONFIG`).
    Config,
}

impl Exit {
    /// All results, in order of severity.
    pub const ALL: [Self; 6] =
        [Self::Ok, Self::Absent, Self::Usage, Self::TryLater, Self::Token, Self::Config];

    /// Returns the exit code of the process.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Absent => 1,
            Self::Usage => 64,
            Self::TryLater => 75,
            Self::Token => 77,
            Self::Config => 78,
        }
    }

    /// Returns the condition for this exit code, as shown by `--help` and the README.
    #[must_use]
    pub const fn when(self) -> &'static str {
        match self {
            Self::Ok => "all records are up to date",
            Self::Absent => "with get: a record does not exist",
            Self::Usage => "invalid command line",
            Self::TryLater => {
                "temporary: network, 5xx, 429, no agreed address, clock not set, out of descriptors or memory, another instance running"
            }
            Self::Token => "Gandi rejected the token",
            Self::Config => {
                "invalid config, unknown domain, several values, CNAME or ALIAS exists, name is delegated"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Exit;

    #[test]
    fn severity_follows_the_code() {
        assert!(Exit::ALL.windows(2).all(|w| w[0] < w[1] && w[0].code() < w[1].code()));
    }
}
