//! Tests of the fake itself: its responses are Gandi's recorded ones, byte for byte, and each fault does what its
//! documentation says. The client here is a simple one that shares no code with the fake or the program.

#![allow(clippy::unwrap_used, reason = "a test that cannot ask must fail")]

mod client;
mod faults;
mod livedns;
