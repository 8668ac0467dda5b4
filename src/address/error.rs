//! Why there is no address to go by.

use std::fmt;

use super::answer::SourceError;
use super::consensus::{Query, Quorum};
use super::trust::{Kind, Trust};
use crate::http::HttpError;
use crate::net::Family;
use crate::sys::grouped::push_grouped;

/// No address to go by: nothing may be written for this family.
#[derive(Debug)]
pub struct AddressError {
    pub(super) family: Family,
    pub(super) quorum: Quorum,
    pub(super) queries: Vec<Query>,
}

impl AddressError {
    fn causes(&self) -> impl Iterator<Item = (&Query, &SourceError)> {
        self.queries.iter().filter_map(|q| Some((q, q.result.as_ref()?.as_ref().err()?)))
    }

    /// Whether a source that counts has answered.
    fn has_votes(&self) -> bool {
        let counts = |q: &Query| q.source.kind().trust() != Trust::Hint && q.address().is_some();
        self.queries.iter().any(counts)
    }

    /// Whether no web service could be reached, as without a network.
    fn is_unreachable(&self) -> bool {
        let mut web = self.causes().filter(|(q, _)| q.source.kind() != Kind::Dns).peekable();
        web.peek().is_some()
            && web.all(|(_, cause)| matches!(cause, SourceError::Http(e) if e.is_unreachable()))
    }

    /// Whether no service could be reached, so that it is our own network that is out, and nobody was bothered.
    pub(crate) fn is_local(&self) -> bool {
        let mut web = self.causes().filter(|(q, _)| q.source.kind() == Kind::Web).peekable();
        let unreached = |e: &HttpError| e.is_connection() && !e.may_have_arrived();
        web.peek().is_some() && web.all(|(_, cause)| matches!(cause, SourceError::Http(e) if unreached(e)))
    }

    /// What each source said or why it did not, those with the same words together: many often fail alike.
    fn grouped(&self) -> Vec<(String, Vec<String>)> {
        let answered = self.queries.iter().filter_map(|query| {
            let hint = if query.source.kind().trust() == Trust::Hint { ", which is only a hint" } else { "" };
            Some((query, format!("said {}{hint}", query.address()?)))
        });
        let failed = self.causes().map(|(query, cause)| (query, cause.to_string()));
        let mut groups = Vec::new();
        for (query, text) in answered.chain(failed) {
            push_grouped(&mut groups, text, query.source.to_string());
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
                "no {family} address that {} sources agree on, nothing was changed",
                self.quorum.providers()
            )?;
        } else {
            write!(f, "no public {family} address, nothing was changed")?;
            // A wrong clock makes every certificate wrong: that one cause says it all.
            if let Some(e) = self.causes().find_map(|(_, cause)| match cause {
                SourceError::Http(e @ HttpError::Clock { .. }) => Some(e),
                _ => None,
            }) {
                return write!(f, ": {e}");
            }
        }
        for (i, (text, sources)) in self.grouped().iter().enumerate() {
            write!(f, "{}{}: {text}", if i == 0 { ": " } else { "; " }, sources.join(", "))?;
        }
        match self.family {
            _ if self.has_votes() || !self.is_unreachable() => Ok(()),
            Family::V4 => write!(f, "; is the network up, and DNS?"),
            Family::V6 => write!(f, "; if there is no IPv6 here, take AAAA out of `types`"),
        }
    }
}

impl std::error::Error for AddressError {}
