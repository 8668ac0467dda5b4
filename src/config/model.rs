//! The config as values, each of them valid.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::error::ConfigError;
use super::sources::Sources;
use crate::address::consensus::Quorum;
use crate::address::suffix::Suffix;
use crate::dns::{RrsetKey, Ttl};
use crate::gandi::Credential;
use crate::http::CertificateDer;
use crate::http::Endpoint;
use crate::net::{Family, FamilySelection};
use crate::sys::hash::ConfigId;

/// What to do with an RRset of several values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MultipleValues {
    /// Leave it alone and say so: the other values are somebody's.
    #[default]
    Refuse,
    /// Put the one address in their place.
    Replace,
}

/// One RRset to keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Which.
    pub key: RrsetKey,
    /// The TTL it should have; the zone's own where none is named.
    pub ttl: Option<Ttl>,
    /// What to do when it has several values.
    pub multiple_values: MultipleValues,
    /// Whose host part an AAAA has with our prefix; our own where there is none.
    pub suffix: Option<Suffix>,
}

impl Record {
    /// The address that it should have, when ours is `address`.
    #[must_use]
    pub fn desired_address(&self, address: IpAddr) -> IpAddr {
        match (self.suffix, address) {
            (Some(suffix), IpAddr::V6(ours)) => suffix.apply(ours).into(),
            _ => address,
        }
    }
}

/// How the address of this machine is learnt.
#[derive(Debug)]
pub struct Detection {
    pub(super) ipv4: Sources,
    pub(super) ipv6: Sources,
    /// Number of providers that must report the same address before a write.
    pub quorum: Quorum,
    /// Roots to trust instead of the built-in ones.
    pub roots: Option<Vec<CertificateDer<'static>>>,
    /// The longest that a run may take, 1 s to 1 h.
    pub timeout: Duration,
}

impl Detection {
    /// The names of others that are in the config's own words: what `host` looks up, and the hosts of URLs.
    pub(crate) fn names(&self) -> Vec<String> {
        self.ipv4
            .hosts()
            .chain(self.ipv6.hosts())
            .chain(self.ipv4.urls())
            .chain(self.ipv6.urls())
            .map(str::to_owned)
            .collect()
    }

    /// Where the addresses of a family come from.
    #[must_use]
    pub const fn sources(&self, family: Family) -> &Sources {
        match family {
            Family::V4 => &self.ipv4,
            Family::V6 => &self.ipv6,
        }
    }
}

/// Everything that a run needs to know from its user.
#[derive(Debug)]
pub struct Config {
    /// The base of LiveDNS.
    pub api: Endpoint,
    /// What Gandi knows us by.
    pub credential: Credential,
    /// Where the addresses come from, and how they are asked for.
    pub detection: Detection,
    /// Where the state goes, if there is any place for it.
    pub state_dir: Option<PathBuf>,
    /// How long a look at the zone counts as confirmation, 0 s to 30 d.
    pub recheck: Duration,
    /// The RRsets; never none.
    pub records: Vec<Record>,
    /// Who is to hear of what happens.
    pub notifications: Notifications,
    /// Where the changes are kept beyond a reboot.
    pub history: Option<PathBuf>,
    /// The file of the token, when that is where it came from.
    pub token_file: Option<PathBuf>,
    /// Whether to renew the token there before it expires.
    pub renew_token: bool,
    /// Differs when config file or token have changed.
    pub fingerprint: u64,
    /// What should be set right, although it works.
    pub warnings: Vec<String>,
}

/// Who is to hear of what happens, besides the reader of our output.
#[derive(Debug, Default)]
pub struct Notifications {
    /// Run for each change.
    pub on_change: Option<PathBuf>,
    /// Run for each failure that is new or a day old.
    pub on_failure: Option<PathBuf>,
    /// Asked after each run.
    pub heartbeat: Option<Endpoint>,
}

impl Config {
    /// Leaves only the records of these families, of which there must be one.
    pub fn restrict(&mut self, families: FamilySelection) -> Result<(), ConfigError> {
        self.records.retain(|r| families.includes(r.key.rrtype.family()));
        if self.records.is_empty() {
            return Err(ConfigError::new(
                None,
                "nothing to do: no record is of the address family asked for",
            ));
        }
        Ok(())
    }
}

/// A config and its identifier, which tells it from other configs of this machine.
#[derive(Debug)]
pub struct Loaded {
    /// The config.
    pub config: Config,
    /// Its identifier.
    pub id: ConfigId,
}

/// Whether what is to be done needs the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// It must be there.
    Required,
    /// Nobody at Gandi will be asked, so that it may be out of our reach.
    Optional,
}
