//! Why there is no address to go by.

use std::fmt;

use super::Cause;
use super::detect::Ballot;
use crate::http::HttpError;
use crate::record::RrsetType;

/// No address to go by: nothing may be written for this family.
#[derive(Debug)]
pub struct AddressError {
    pub(super) family: RrsetType,
    pub(super) agree: usize,
    pub(super) ballot: Ballot,
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let family = self.family.family();
        let Ballot { votes, failures } = &self.ballot;
        match votes.as_slice() {
            [] => write!(f, "no public {family} address, nothing was changed")?,
            _ => write!(f, "no {family} address that {} sources agree on, nothing was changed", self.agree)?,
        }
        // A wrong clock makes every certificate wrong: that one cause says it all.
        if let Some((_, Cause::Http(e @ HttpError::Clock { .. }))) =
            failures.iter().find(|(_, c)| matches!(c, Cause::Http(HttpError::Clock { .. })))
            && votes.is_empty()
        {
            return write!(f, ": {e}");
        }
        let said = votes.iter().map(|(operator, address)| (operator, format!("said {address}")));
        let failed = failures.iter().map(|(operator, cause)| (operator, cause.to_string()));
        // Many sources often fail alike: one cause, all who had it.
        let mut told: Vec<(String, Vec<&str>)> = Vec::new();
        for (operator, text) in said.chain(failed) {
            match told.iter_mut().find(|(t, _)| *t == text) {
                Some((_, operators)) => operators.push(operator),
                None => told.push((text, vec![operator])),
            }
        }
        for (i, (text, operators)) in told.iter().enumerate() {
            write!(f, "{}{}: {text}", if i == 0 { ": " } else { "; " }, operators.join(", "))?;
        }
        let unreachable = |(_, cause): &(_, Cause)| matches!(cause, Cause::Http(e) if e.is_unreachable());
        match self.family {
            _ if !votes.is_empty() || !failures.iter().all(unreachable) => Ok(()),
            RrsetType::A => write!(f, "; is the network up, and DNS?"),
            RrsetType::Aaaa => write!(f, "; if there is no IPv6 here, take AAAA out of `types`"),
        }
    }
}

impl std::error::Error for AddressError {}
