//! Gandi's API: LiveDNS and access tokens.

pub(crate) mod access_token;
pub mod account;
pub mod credential;
mod domains;
pub mod error;
#[cfg(fuzzing)]
pub mod fuzzing;
pub mod livedns;
pub(crate) mod nameservers;
mod strict;
mod transport;
mod wire;

pub use account::{Account, SHARING_ID};
pub use credential::{CREATE_TOKEN, Credential, Secret, USE_TOKEN};
pub use error::Error;
