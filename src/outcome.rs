//! The results of a pass: successes, failures and refusals, with their texts and exit codes.

use std::fmt;
use std::rc::Rc;

use crate::address::AddressError;
use crate::cli::WriteMode;
use crate::dns::{Rrset, RrsetKey};
use crate::exit::Exit;
use crate::gandi;
use crate::sys::error_chain::chain;
use crate::sys::time::Timestamp;

/// The result for one or more records that succeeded or failed for the same reason.
#[derive(Debug)]
pub struct Outcome {
    /// The number of the account of the records in the config.
    pub account: usize,
    /// The records. Never empty.
    pub keys: Vec<RrsetKey>,
    /// The success, or the reason for the failure.
    pub result: Result<Success, Failure>,
}

/// A record that holds the right address now, and how that is known.
#[derive(Debug)]
pub enum Success {
    /// Not checked: the cached confirmation is younger than `recheck` and the address is unchanged.
    Cached(Rrset),
    /// The zone was read and holds the address already.
    Unchanged(Rrset),
    /// The record was created.
    Created {
        /// The new content of the zone.
        new: Rrset,
        /// `DryRun` if the record would be written, but was not.
        mode: WriteMode,
    },
    /// The record was replaced.
    Replaced {
        /// The former content of the zone.
        old: Rrset,
        /// The new content of the zone.
        new: Rrset,
        /// `DryRun` if the record would be written, but was not.
        mode: WriteMode,
    },
}

/// The reason why a record may be wrong.
#[derive(Debug)]
pub enum Failure {
    /// No address is decided.
    Address(Rc<AddressError>),
    /// The zone could not be read.
    Read(Rc<gandi::Error>),
    /// The write failed, or its response was lost.
    Write(Rc<gandi::Error>),
    /// The policy forbids the change.
    Refused(Refusal),
    /// Skipped: the record failed recently and is in backoff.
    BackedOff(FailureRecord),
}

/// The reason why the policy forbids a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The RRset has several values, and `multiple_values` is `refuse`.
    Several(Rrset),
    /// A CNAME exists at the name; holds its target.
    Cname(String),
    /// An ALIAS exists at the name; holds its target.
    Alias(String),
    /// The name is not in the zone; holds the record that takes it out, as in `the NS record at home.example.org`.
    Delegated(String),
}

/// Says that nobody sees a record, because of the record that this holds.
pub(crate) struct OutOfZone<'a>(pub(crate) &'a str);

impl fmt::Display for OutOfZone<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} takes this name out of the zone, so that nobody sees an address here; delete that record at Gandi, or \
             use another name",
            self.0
        )
    }
}

/// A failure of one record that is kept from run to run, until the record succeeds or fails in another way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailureRecord {
    /// The exit code of the failure.
    pub exit: Exit,
    /// The number of [`Failure::code`].
    pub code: u64,
    /// The time of the first failure in a row.
    pub first_seen: Timestamp,
    /// The time of the last one.
    pub last_seen: Timestamp,
    /// The end of the backoff: until then the record is skipped. `None` when there is no backoff.
    pub retry_after: Option<Timestamp>,
    /// The number of failures in a row. Those in which no server was reached, or the time of the run was up, do not count.
    pub consecutive: u32,
    /// The time at which `on_failure` was last run for it; `None` if never.
    pub reported_at: Option<Timestamp>,
    /// The failure in words.
    pub text: String,
}

impl FailureRecord {
    /// Returns the word for the kind of failure in `schema/status.json`; `None` if a former version has saved it without
    /// its kind.
    pub(crate) const fn kind(&self) -> Option<&'static str> {
        Some(match self.code / 256 {
            0 if !matches!(self.exit, Exit::TryLater) => return None,
            0..0x1000 => "address",
            0x1000..0x2000 => "read",
            0x2000..0x3000 => "write",
            0x3000 => "several_values",
            0x3001 => "cname",
            0x3002 => "alias",
            0x3003 => "delegated",
            _ => return None,
        })
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Several(rrset) => write!(
                f,
                "the record has {} addresses ({}); remove all but one at Gandi, or set `multiple_values = replace`",
                rrset.values().len(),
                rrset.addresses()
            ),
            Self::Cname(target) | Self::Alias(target) => {
                let rrtype = if matches!(self, Self::Cname(_)) { "a CNAME" } else { "an ALIAS" };
                write!(
                    f,
                    "{rrtype} record (to {target}) exists at this name; delete it at Gandi, or use another name"
                )
            }
            Self::Delegated(record) => OutOfZone(record).fmt(f),
        }
    }
}

impl Failure {
    /// Returns the exit code of a run that ends with this failure.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Address(_) => Exit::TryLater,
            Self::Read(e) | Self::Write(e) => e.exit(),
            Self::Refused(_) => Exit::Config,
            Self::BackedOff(record) => record.exit,
        }
    }

    /// Returns a number that is the same as long as the failure is: the exit code, plus 256 times the kind of failure.
    #[must_use]
    pub fn code(&self) -> u64 {
        let class = match self {
            Self::Address(e) => e.class(),
            Self::Read(e) => 0x1000 + e.class(),
            Self::Write(e) => 0x2000 + e.class(),
            Self::Refused(Refusal::Several(_)) => 0x3000,
            Self::Refused(Refusal::Cname(_)) => 0x3001,
            Self::Refused(Refusal::Alias(_)) => 0x3002,
            Self::Refused(Refusal::Delegated(_)) => 0x3003,
            Self::BackedOff(record) => return record.code,
        };
        u64::from(self.exit().code()) + 256 * class
    }

    /// Returns the failure in words, with its causes.
    #[must_use]
    pub fn text(&self) -> String {
        chain(self)
    }

    /// Returns true if no server could be reached, or the time of the run was up: no backoff is needed.
    #[must_use]
    pub fn is_local(&self) -> bool {
        match self {
            Self::Address(e) => e.is_local(),
            Self::Read(e) | Self::Write(e) => e.is_local(),
            Self::Refused(_) | Self::BackedOff(_) => false,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(e) => e.fmt(f),
            Self::Read(_) => write!(f, "could not read the record"),
            Self::Write(e) if e.maybe_applied => {
                write!(f, "could not confirm the change; the next run checks the record")
            }
            Self::Write(_) => write!(f, "could not change the record"),
            Self::Refused(refusal) => write!(f, "not changed: {refusal}"),
            Self::BackedOff(record) => {
                write!(f, "{} (failing since {}", record.text, record.first_seen)?;
                if let Some(time) = record.retry_after {
                    write!(f, "; next try at {time}, after a change of config or token, or with --force")?;
                }
                f.write_str(")")
            }
        }
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Read(e) | Self::Write(e) => Some(e.as_ref()),
            // The others are complete texts.
            Self::Address(_) | Self::Refused(_) | Self::BackedOff(_) => None,
        }
    }
}
