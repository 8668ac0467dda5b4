//! DNS: names and RRsets as values, messages (RFC 1035), and queries over UDP.

pub mod client;
pub(crate) mod delegation;
pub mod error;
pub(crate) mod lookup;
pub mod message;
pub mod name;
pub mod rrset;

pub use error::DnsError;
pub(crate) use name::check_labels;
pub use name::{NameError, RrsetName, ZoneName, is_placeholder};
pub use rrset::{Current, Rrset, RrsetKey, RrsetType, Ttl};
