//! gandi-ddns: learn the public address, make Gandi's zone say so, report, exit.
//!
//! ```text
//! argv ─cli→ Invocation ─config→ Config ─state→ Store + State
//!   for each address family wanted: a hint that nothing has changed → done
//!                                   else address → an address to go by | why not    (once per family)
//!   for each RRset wanted:          livedns.read → Current → plan → Action → livedns.write
//! → Vec<Outcome> ─report→ lines + Exit;  State::after(&outcomes) saved
//! ```
//!
//! Who may do what, and nobody else: `main` reads arguments, environment and clock, and exits; [`report`] writes
//! to the streams; [`http`] and the sources under [`address`] open connections; [`state`] touches the state
//! directory; [`config`] reads config and secret files. [`record`], [`plan`], [`address::detect`]'s functions and
//! [`address::public`] do no I/O at all. [`http`] knows no DNS, [`plan`] knows no HTTP.

pub mod address; // which public address do we have?
pub mod cli; // argv -> Invocation
pub mod clock; // points in time, for people
pub mod config; // text -> Config, in which every value is already valid
pub mod endpoint; // URLs that a request may go to
pub mod environment; // what the process's surroundings say
pub mod exit; // the exit codes
pub mod gandi; // what Gandi offers: LiveDNS
pub mod http; // the one HTTP client
pub mod ip; // `gandi-ddns ip`: every source asked once
pub mod json; // JSON for programs to read
pub mod plan; // (desired, current) -> Action
pub mod random; // small random numbers, not for secrets
pub mod record; // the vocabulary: Fqdn, RrsetName, RrsetType, Ttl, RrsetKey, Rrset
pub mod report; // outcomes -> lines and one exit code
pub mod round; // one round: Config -> Vec<Outcome>
pub mod run; // one run: Invocation -> Exit
pub mod state; // the lock, and what the last round confirmed
