//! The exit codes, after `sysexits.h`, and the one table that `--help` and the README carry.

/// How a run ended, from harmless to grave: a run's code is the gravest of its outcomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Every record is right.
    Ok,
    /// The command line was wrong (`EX_USAGE`).
    Usage,
    /// Something that may be gone by the next run (`EX_TEMPFAIL`).
    TryLater,
    /// Gandi refused the token (`EX_NOPERM`).
    Token,
    /// Something a person has to set right (`EX_CONFIG`).
    Config,
}

impl Exit {
    /// Every code, in the order of its gravity.
    pub const ALL: [Self; 5] = [Self::Ok, Self::Usage, Self::TryLater, Self::Token, Self::Config];

    /// The number that the process exits with.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Usage => 64,
            Self::TryLater => 75,
            Self::Token => 77,
            Self::Config => 78,
        }
    }

    /// When a run ends so.
    #[must_use]
    pub const fn when(self) -> &'static str {
        match self {
            Self::Ok => "every record is right",
            Self::Usage => "bad command line",
            Self::TryLater => {
                "network, 5xx, 429, no agreed address, clock not set, another run holds the lock"
            }
            Self::Token => "Gandi refused the token",
            Self::Config => "config wrong, unknown domain, record not ours, CNAME in the way",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Exit;

    #[test]
    fn gravity_follows_the_code() {
        assert!(Exit::ALL.windows(2).all(|w| w[0] < w[1] && w[0].code() < w[1].code()));
    }
}
