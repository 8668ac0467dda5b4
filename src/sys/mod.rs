//! The operating system and the standard library's gaps: time, files, processes, threads, hashing. Knows nothing of DNS.

pub(crate) mod atomic_file;
pub mod environment;
pub(crate) mod grouped;
pub mod hash;
pub(crate) mod oneshot;
pub mod random;
pub(crate) mod read_limited;
pub(crate) mod subprocess;
pub mod time;
