//! `interface:NAME`: an address of this machine itself.

use std::fmt;

use super::Answer;
use crate::record::RrsetType;

/// Why there is no address.
#[derive(Debug)]
pub enum InterfaceError {}

impl fmt::Display for InterfaceError {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {}
    }
}

impl std::error::Error for InterfaceError {}

pub(crate) fn ask(_name: Option<&str>, _family: RrsetType) -> Result<Answer, InterfaceError> {
    todo!()
}
