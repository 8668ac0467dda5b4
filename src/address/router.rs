//! `router`: the outer address, as the router itself knows it.

use std::fmt;
use std::net::Ipv4Addr;

use crate::http::Http;

/// Why there is no address.
#[derive(Debug)]
pub enum RouterError {}

impl fmt::Display for RouterError {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {}
    }
}

impl std::error::Error for RouterError {}

pub(crate) fn ask(_http: &Http) -> Result<Ipv4Addr, RouterError> {
    todo!()
}
