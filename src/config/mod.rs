//! Reads the config file, or the arguments that replace it, into [`Config`]. Every value of a [`Config`] is valid;
//! each error names file and line.

mod account;
mod accounts;
mod build;
mod ca_file;
mod domains;
mod error;
mod foreign;
#[cfg(fuzzing)]
pub mod fuzzing;
mod given;
mod legacy;
mod load;
mod model;
mod paths;
mod reader;
mod source_item;
mod sources;
mod syntax;
mod targets;

pub(crate) use account::{is_key as is_secret_key, token_of};
pub use error::ConfigError;
pub(crate) use foreign::is_token;
pub use load::{detection, load, names, read_stdin};
pub(crate) use load::{from_text, sections_in};
pub use model::{Config, Credentials, Detection, Loaded, MultipleValues, Notifications, Record, Target};
pub(crate) use reader::MISPLACED;
pub use sources::Sources;
pub(crate) use syntax::Entry;
