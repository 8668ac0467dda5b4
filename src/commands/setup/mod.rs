//! gandi-ddns setup.
#![allow(dead_code)]

pub(crate) mod schedule;
