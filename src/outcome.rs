//! What came of the records of one pass: successes, failures, refusals, their words and exit codes.

use std::fmt;
use std::rc::Rc;

use crate::address::AddressError;
use crate::dns::{Rrset, RrsetKey};
use crate::exit::Exit;
use crate::gandi;
use crate::sys::time::Utc;

/// What came of some records that share their fate.
#[derive(Debug)]
pub struct Outcome {
    /// The records; never none.
    pub keys: Vec<RrsetKey>,
    /// What was done, or why nothing was.
    pub result: Result<Done, Failure>,
}

/// How a record came to be right.
#[derive(Debug)]
pub enum Done {
    /// By memory: it was so not long ago, and the address is the same.
    Remembered(Rrset),
    /// By a look at the zone.
    Kept(Rrset),
    /// It was made.
    Created {
        /// What the zone holds now.
        new: Rrset,
        /// A dry run: what it would hold.
        dry: bool,
    },
    /// It was changed.
    Replaced {
        /// What the zone held.
        old: Rrset,
        /// What it holds now.
        new: Rrset,
        /// A dry run: what it would hold.
        dry: bool,
    },
}

/// Why a record may be wrong.
#[derive(Debug)]
pub enum Failure {
    /// No address to go by.
    Address(Rc<AddressError>),
    /// The zone could not be read.
    Read(Rc<gandi::Error>),
    /// The write failed, or its answer was lost.
    Write(Rc<gandi::Error>),
    /// Not ours to change.
    Refused(Refusal),
    /// It failed not long ago, and nobody was asked again.
    Standing(Failed),
}

/// Why an RRset is not ours to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It has several values.
    Several(Rrset),
    /// A CNAME stands at the name; holds its target.
    Cname(String),
}

/// A failure that stands until something is done about it, or it goes away. Times in seconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// The code that it calls for.
    pub exit: Exit,
    /// When it was first met.
    pub since: u64,
    /// When it was last met.
    pub at: u64,
    /// Before this, nobody is asked again.
    pub until: u64,
    /// How often it was met in a row.
    pub tries: u32,
    /// When `on_failure` last heard of it, or 0.
    pub told: u64,
    /// In words.
    pub text: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Several(rrset) => write!(
                f,
                "left alone, since it has {} values ({}): remove all but one at Gandi, or set `multiple = replace`",
                rrset.values().len(),
                rrset.addresses()
            ),
            Self::Cname(target) => write!(
                f,
                "left alone, since a CNAME to {target} stands at this name: remove it at Gandi, or choose another name"
            ),
        }
    }
}

impl Failure {
    /// The exit code that it calls for.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Address(_) => Exit::TryLater,
            Self::Read(e) | Self::Write(e) => e.exit(),
            Self::Refused(_) => Exit::Config,
            Self::Standing(failed) => failed.exit,
        }
    }

    /// Whether nothing left this machine's own network.
    #[must_use]
    pub fn is_local(&self) -> bool {
        match self {
            Self::Address(e) => e.is_local(),
            Self::Read(e) | Self::Write(e) => e.is_local(),
            Self::Refused(_) | Self::Standing(_) => false,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(e) => e.fmt(f),
            Self::Read(e) => write!(f, "could not read the record: {e}"),
            Self::Write(e) if e.maybe_applied => {
                write!(f, "could not confirm the change, the next run will look again: {e}")
            }
            Self::Write(e) => write!(f, "could not change the record: {e}"),
            Self::Refused(refusal) => refusal.fmt(f),
            Self::Standing(failed) => write!(
                f,
                "{} (since {}; left alone until {}, or until config or token change; --force asks at once)",
                failed.text,
                Utc(failed.since),
                Utc(failed.until)
            ),
        }
    }
}
