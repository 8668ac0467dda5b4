//! The fake against what is known of Gandi, byte for byte, and each of its knobs: a test is worth no more than
//! what it tests against. Speaks HTTP with a client of its own that knows nothing but bytes.

#![allow(clippy::unwrap_used, reason = "a test that cannot ask must fail")]

mod client;
mod faults;
mod livedns;
