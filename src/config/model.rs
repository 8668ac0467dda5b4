//! The config as typed values. The other files of this folder check each value before they build these types.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::error::ConfigError;
use super::sources::Sources;
use crate::address::consensus::Quorum;
use crate::address::suffix::Suffix;
use crate::address::survey::Wanted;
use crate::dns::{RrsetKey, Ttl};
use crate::exit::Exit;
use crate::gandi::Account;
use crate::http::CertificateDer;
use crate::http::{Endpoint, Http};
use crate::net::{Device, Family, FamilySelection};
use crate::sys::hash::ConfigId;

/// The policy for an RRset that has several values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MultipleValues {
    /// The RRset is not changed and an error is reported: the other values may be in use.
    #[default]
    Refuse,
    /// All values are replaced by the one address.
    Replace,
}

/// Top-level domains with which a name looks like an absolute one: the largest, and those of Gandi's customers. One
/// text, since each of an array takes 8 bytes more.
const PUBLIC: &str = "|com|net|org|info|biz|eu|io|dev|app|me|xyz|fr|de|uk|ch|be|nl|es|it|at|us|ca|au|lu|";

/// One RRset to keep up to date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The domain, name and type.
    pub key: RrsetKey,
    /// The desired TTL; `None` keeps the TTL of the zone.
    pub ttl: Option<Ttl>,
    /// The policy if the RRset has several values.
    pub multiple_values: MultipleValues,
    /// The host part to combine with the prefix of the detected IPv6 address; `None` publishes that address itself.
    /// Always `None` for an A record.
    pub suffix: Option<Suffix>,
    /// The number of its account in [`Config::accounts`].
    pub account: usize,
    /// The number of its target in [`Detection::targets`]; of the family of its type.
    pub target: usize,
}

impl Record {
    /// Returns true if the name, which is relative to the domain, looks like an absolute one, such as `home.example.com`.
    #[must_use]
    pub fn looks_absolute(&self) -> bool {
        self.key
            .name
            .as_str()
            .rsplit_once('.')
            .is_some_and(|(_, last)| PUBLIC.contains(&["|", last, "|"].concat()))
    }

    /// Returns the address to publish when `address` was detected for this machine.
    #[must_use]
    pub fn desired_address(&self, address: IpAddr) -> IpAddr {
        match (self.suffix, address) {
            (Some(suffix), IpAddr::V6(detected)) => suffix.apply(detected).into(),
            _ => address,
        }
    }
}

/// One address to detect: records with equal sources share it.
#[derive(Debug, PartialEq, Eq)]
pub struct Target {
    /// The address family.
    pub family: Family,
    /// The sources of the address.
    pub sources: Sources,
    /// Number of providers that must report the same address before a write.
    pub quorum: Quorum,
}

impl Target {
    /// Returns what a survey needs.
    pub(crate) fn wanted(&self) -> Wanted {
        let quorum = self.quorum.providers();
        let quorum = if quorum == 2 { String::new() } else { format!(", quorum = {quorum}") };
        Wanted {
            family: self.family,
            sources: self.sources.list(self.family, None),
            quorum: self.quorum,
            text: format!("{}{quorum}", self.sources),
        }
    }
}

/// The settings of address detection.
#[derive(Debug)]
pub struct Detection {
    /// The targets: first the global ones in the order of [`Family::ALL`], then those of sections.
    pub targets: Vec<Target>,
    /// The CA certificates of `ca_file`, which replace the built-in ones; `None` for the built-in ones.
    pub roots: Option<Vec<CertificateDer<'static>>>,
    /// The maximum duration of one attempt, 1 s to 1 h. Hooks and the heartbeat have limits of their own.
    pub timeout: Duration,
}

impl Detection {
    /// Returns an HTTP client with these CA certificates, which sends nothing after the timeout from now.
    #[must_use]
    pub fn client(&self) -> Http {
        Http::new(self.roots.as_deref(), self.timeout)
    }

    /// Returns the names that the sources mention, and true for those of interfaces that questions leave by. `check
    /// --redact` hides the others: the names of `resolve:`, and the hosts and providers of URLs.
    pub(crate) fn names(&self) -> Vec<(&str, bool)> {
        let mut names = Vec::new();
        for Target { sources, .. } in &self.targets {
            sources.add_names(&mut names);
        }
        names
    }

    /// Returns the global target of a family.
    #[must_use]
    pub fn global(&self, family: Family) -> &Target {
        &self.targets[family as usize]
    }
}

/// All settings of a run.
#[derive(Debug)]
pub struct Config {
    /// The accounts of the sections, in the order of their first use. Never empty.
    pub accounts: Vec<Account>,
    /// The settings of address detection.
    pub detection: Detection,
    /// The directory of the state; `None` if it is neither configured nor has a default on this system.
    pub state_dir: Option<PathBuf>,
    /// The age at which a confirmation by the zone expires, 0 s to 30 d. 0 reads the zone on every run.
    pub recheck: Duration,
    /// The RRsets. Never empty.
    pub records: Vec<Record>,
    /// The hook programs and the heartbeat.
    pub notifications: Notifications,
    /// The file of the last changes; `None` for the default, which is in the state directory.
    pub history: Option<PathBuf>,
    /// A hash that changes with the config file; such a change ends every backoff. 0 if there is no file.
    pub fingerprint: u64,
    /// Problems that do not prevent a run, such as a token file that all users can read.
    pub warnings: Vec<String>,
}

/// Hook programs and heartbeat URLs. Each is `None` or empty if it is not configured.
#[derive(Debug, Default)]
pub struct Notifications {
    /// The program that is run for each changed record.
    pub on_change: Option<PathBuf>,
    /// The program that is run on a new failure, and then once a day.
    pub on_failure: Option<PathBuf>,
    /// The URLs that are requested after each run; those with a query after good runs only.
    pub heartbeat: Vec<Endpoint>,
}

impl Config {
    /// Returns the account of a record.
    #[must_use]
    pub fn account(&self, record: &Record) -> &Account {
        &self.accounts[record.account]
    }

    /// Returns true if an account before this one has the same token or key at the same API, and renews it if this one
    /// does: by another path of its file.
    #[must_use]
    pub fn repeats_credential(&self, number: usize) -> bool {
        let account = &self.accounts[number];
        let is_same =
            |other: &Account| other.has_credential_of(account) && (other.renew_token || !account.renew_token);
        self.accounts[..number].iter().any(is_same)
    }

    /// Returns the API base of each account, by their numbers.
    #[must_use]
    pub fn apis(&self) -> Vec<&str> {
        self.accounts.iter().map(|account| account.api.as_str()).collect()
    }

    /// Returns the words that tell an account from the others, as in ` from token_file /etc/gandi-ddns/token`. Empty if
    /// there is only one.
    #[must_use]
    pub fn source_of(&self, account: &Account) -> String {
        if self.accounts.len() < 2 { String::new() } else { format!(" from {}", account.credential.source()) }
    }

    /// Returns the interfaces by which sources of these records ask a router, each once; `None` for the default gateway.
    #[inline(never)]
    pub(crate) fn routers(&self) -> Vec<Option<Device>> {
        let mut routers = Vec::new();
        for (number, target) in self.detection.targets.iter().enumerate() {
            if self.records.iter().any(|record| record.target == number) {
                target.sources.add_routers(&mut routers);
            }
        }
        routers
    }

    /// Removes the other records.
    #[inline(never)]
    pub(crate) fn keep(&mut self, is_kept: &dyn Fn(&Record) -> bool) {
        self.records.retain(is_kept);
    }

    /// Removes the records of other address families. Fails with this exit code if no record is left.
    pub fn restrict(&mut self, families: FamilySelection, exit: Exit) -> Result<(), ConfigError> {
        self.keep(&|record| families.includes(record.key.rrtype.family()));
        if self.records.is_empty() { Err(ConfigError::nothing_to_do(exit)) } else { Ok(()) }
    }
}

/// A config with its identifier.
#[derive(Debug)]
pub struct Loaded {
    /// The config. Boxed, since moving it takes much code.
    pub config: Box<Config>,
    /// Distinguishes the state of this config from that of other configs on this machine.
    pub id: ConfigId,
}

/// The need of a command for the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// A missing or unreadable token is an error.
    Required,
    /// The token is not read, because no request to Gandi will be made (`status`).
    Optional,
}
