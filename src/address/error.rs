//! The error of a family whose address could not be determined.

use std::fmt;

use super::answer::SourceError;
use super::consensus::Query;
use super::trust::{Kind, Trust};
use crate::net::Family;
use crate::sys::grouped::{Texts, push_grouped};
use crate::sys::words::count;

/// No address is decided, so that no record of this family may be written. Names the cause of each source.
#[derive(Debug)]
pub struct AddressError {
    pub(super) family: Family,
    /// The number of providers that would have had to agree.
    pub(super) providers: usize,
    /// True if only a hint that contradicts has prevented a decision.
    pub(super) is_held_up: bool,
    pub(super) queries: Vec<Query>,
}

/// Returns the advice if this machine seems to have no connection of `family` at all; else an empty text.
///
/// It has none if no source has reported an address, and neither a web service nor a name server of `resolve:` was
/// reached. An interface without an address says so too. Hints, the router and programs say nothing: each of them may fail
/// for its own reason.
pub(super) fn advice(family: Family, queries: &[Query]) -> &'static str {
    let (mut is_bare, mut is_unreachable) = (false, false);
    for query in queries {
        let Some(result) = &query.result else { continue };
        match (result.as_ref().map_err(|e| &**e), query.source.kind()) {
            (Err(SourceError::Failed(_)), Kind::Interface) => is_bare = true,
            (Err(SourceError::Unresolved(_)), Kind::Resolve) => is_unreachable = true,
            (Err(SourceError::Http(e)), Kind::Web) if e.is_unreachable() => is_unreachable = true,
            (Ok(_), _) | (Err(_), Kind::Resolve | Kind::Web) => return "",
            _ => {}
        }
    }
    match family {
        Family::V4 if is_unreachable => {
            "; check the network connection and DNS resolver; if this connection has no IPv4, remove A from `types`"
        }
        Family::V4 if is_bare => "; if this connection has no IPv4, remove A from `types`",
        Family::V6 if is_unreachable || is_bare => {
            "; if this connection has no IPv6, remove AAAA from `types`"
        }
        _ => "",
    }
}

impl AddressError {
    /// Returns the queries that failed, each with its error.
    fn causes(&self) -> impl Iterator<Item = (&Query, &SourceError)> {
        self.queries.iter().filter_map(|q| Some((q, &**q.result.as_ref()?.as_ref().err()?)))
    }

    /// Returns true if a source that is more than a hint has answered.
    fn has_votes(&self) -> bool {
        let counts = |q: &Query| q.trust() != Trust::Hint && q.address().is_some();
        self.queries.iter().any(counts)
    }

    /// Returns true if no web service and no name server could be reached, or the time was up: then the fault is local
    /// and needs no backoff.
    pub(crate) fn is_local(&self) -> bool {
        let counts = |(q, cause): &(&Query, &SourceError)| {
            matches!(q.source.kind(), Kind::Web | Kind::Resolve) || matches!(cause, SourceError::Line(_))
        };
        let mut causes = self.causes().filter(counts).peekable();
        let unreached = |cause: &SourceError| match cause {
            SourceError::Http(e) => e.is_local(),
            cause => matches!(cause, SourceError::Unresolved(_) | SourceError::Line(_)),
        };
        causes.peek().is_some() && causes.all(|(_, cause)| unreached(cause))
    }

    /// Returns a number for the kind of cause. It does not depend on which providers were queried.
    pub(crate) fn class(&self) -> u64 {
        let any = |is: fn(&SourceError) -> bool| u64::from(self.causes().any(|(_, cause)| is(cause)));
        u64::from(self.family == Family::V6)
            | u64::from(self.has_votes()) << 1
            | u64::from(self.is_local()) << 2
            | any(|e| matches!(e, SourceError::Http(e) if e.is_clock())) << 3
            | any(|e| matches!(e, SourceError::NotPublic(..) | SourceError::BehindNat(..))) << 4
    }

    /// Returns the result of each source as text, with the sources that have the same text: many often fail alike.
    fn grouped(&self) -> Vec<(String, Vec<String>)> {
        let answered = self.queries.iter().filter_map(|query| {
            let hint = if query.trust() == Trust::Hint { " (only a hint)" } else { "" };
            Some((query, format!("reported {}{hint}", query.address()?)))
        });
        let failed = self.causes().map(|(query, cause)| (query, cause.to_string()));
        let (mut groups, mut texts) = (Vec::new(), Texts::default());
        for (query, text) in answered.chain(failed) {
            push_grouped(&mut groups, &mut texts, &text, query.source.to_string());
        }
        groups
    }
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let family = self.family;
        if self.has_votes() {
            write!(
                f,
                "no {family} address was reported by {} and a majority; nothing was changed",
                count(self.providers as u64, "provider")
            )?;
        } else {
            write!(f, "could not determine a public {family} address; nothing was changed")?;
            // With a wrong clock every certificate is invalid, so one cause is enough.
            if let Some(e) = self.causes().find_map(|(_, cause)| match cause {
                SourceError::Http(e) if e.is_clock() => Some(e),
                _ => None,
            }) {
                return write!(f, ": {e}");
            }
        }
        for (i, (text, sources)) in self.grouped().iter().enumerate() {
            write!(f, "{}{}: {text}", if i == 0 { ": " } else { "; " }, sources.join(", "))?;
        }
        if self.is_held_up {
            f.write_str("; `dns` contradicts, so one more must agree: add a source, or remove `dns`")?;
        }
        if self.queries.iter().any(|q| q.source.kind() == Kind::Router && q.trust() == Trust::Vote) {
            f.write_str(
                "; NAT-PMP is only a vote: enable UPnP on the router, add `web`, or set `quorum = 1`",
            )?;
        }
        f.write_str(advice(family, &self.queries))
    }
}

impl std::error::Error for AddressError {}
