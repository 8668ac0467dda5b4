//! gandi-ddns: learn the public address, make Gandi's zone say so, report, exit.
//!
//! ```text
//! argv ─cli→ Invocation ─config→ Config ─state→ Store + State
//!   for each RRset that failed not long ago: left alone
//!   for each address family wanted: a hint that nothing has changed → done
//!                                   else address → an address to go by | why not    (once per family)
//!   for each RRset wanted:          livedns.read → Current → plan → Action → livedns.write
//! → Vec<Outcome> ─report→ lines + Exit;  State::after(&outcomes) saved
//!   under --wait, again from the top as long as that is Exit::TryLater
//! → history, token (once a day), notify
//! ```
//!
//! Who may do what, and nobody else: `main` reads arguments, environment and clock, and exits; [`report`] writes
//! to the streams; [`http`] and the sources under [`address`] open connections; [`state`] touches the state
//! directory; [`config`] reads config and secret files; [`token`] alone writes one. [`record`], [`plan`], [`address::detect`]'s functions and
//! [`address::public`] do no I/O at all. [`http`] knows no DNS, [`plan`] knows no HTTP.

pub mod address; // which public address do we have?
pub mod cli; // argv -> Invocation
pub mod commands; // one file or folder per subcommand
pub mod config; // text -> Config, in which every value is already valid
pub mod console; // where lines go: stdout and stderr, or the system log
pub mod dns; // names, RRsets, messages, queries
pub mod exit; // the exit codes
pub mod gandi; // what Gandi offers: LiveDNS, and tokens
pub mod http; // the one HTTP client
pub mod json; // JSON for programs to read
pub mod net; // address families and name resolution
mod notify; // programs and a monitor that hear of a run
pub mod outcome; // what came of a round: words and exit codes
mod reconcile; // one pass: Config -> Vec<Outcome>
pub mod report; // outcomes -> lines and one exit code
pub mod state; // the lock, what is remembered from run to run, and the history
pub mod sys;
pub mod token; // the token's life: expiry, warnings, renewal // time, files, processes, threads
