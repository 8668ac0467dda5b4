//! gandi-ddns: a dynamic DNS client for Gandi LiveDNS. ARCHITECTURE.md has the map: layers, data flow, invariants.
//!
//! A module imports only modules further down this list.

pub mod commands; // one file or folder per subcommand

pub(crate) mod notify; // hooks and heartbeat
pub(crate) mod reconcile; // one pass: Config -> Vec<Outcome>
pub mod report; // outcomes -> lines or JSON, and one exit code
pub mod token; // expiry and renewal of the token

pub mod state; // lock, cached confirmations, backoff, history

pub mod config; // text -> Config
pub mod outcome; // results, their words and exit codes

pub mod events; // what wakes `watch`

pub mod address; // sources of the public address, trust and quorum
pub mod cli; // argv -> Invocation
pub mod gandi; // LiveDNS and access tokens

pub mod dns; // names, RRsets, messages, queries
pub mod http; // the HTTP client

pub mod console; // stdout, stderr and syslog
pub mod net; // address families, routes, UDP, name resolution

pub mod exit; // exit codes
pub mod json; // JSON writer
pub mod sys; // time, files, processes, threads
