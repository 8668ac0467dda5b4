//! The one integration crate: the real binary against the fake Gandi, over real sockets and TLS.

// Helpers outside of `#[test]` functions may stop a test that cannot go on.
#![allow(clippy::expect_used)]

mod address; // which address is believed
mod boot; // no network, no clock yet, and a run that waits
mod check; // a look at everything
mod cli; // arguments, configs, streams
mod command; // a program that tells the address, and another name
mod defaults; // the built-in services by their real names, and `gandi-ddns ip`
mod dns; // name servers as a hint, and what they may answer
mod docs; // what is written for people is true
mod fake_itself; // the fake against Gandi's recorded answers
mod gandi; // what Gandi may answer
mod gentle; // what failed is left alone for a while
mod inside; // the program by a clock of the test's own
mod interface; // which of the addresses of an interface
mod json; // a run for programs
mod namespace; // hosts and interfaces of a test's own
mod notify; // programs and a monitor that hear of a run
mod records; // what becomes of records
mod renewal; // a new token in the old one's file
mod requests; // how little is asked of others
mod router; // what the router says of its own address
mod run_output; // what a run printed, and assertions on it
mod sandbox; // a directory, a fake, and the binary
mod schema; // what programs are told has its documented shape
mod state; // the lock and the memory
mod state_file; // the format of the state file
mod status; // what is remembered, and the history
mod syslog; // the system log
mod tls; // certificates and protocol versions
mod token; // the token's end, told in time
mod year; // a year of runs by a clock of the test's own
