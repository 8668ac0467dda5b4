//! The operating system and gaps of the standard library: time, files, processes, threads, hashing. Contains no DNS code.

pub(crate) mod atomic_file;
pub(crate) mod datagram;
pub(crate) mod directory;
pub mod environment;
pub(crate) mod error_chain;
pub(crate) mod file_error;
pub mod file_limit;
pub(crate) mod grouped;
pub mod hash;
pub(crate) mod index;
pub mod notify_socket;
pub mod oneshot;
pub(crate) mod ownership;
pub mod random;
pub(crate) mod read_limited;
pub(crate) mod secret;
pub mod stop_signals;
pub(crate) mod subprocess;
pub mod time;
pub(crate) mod words;
