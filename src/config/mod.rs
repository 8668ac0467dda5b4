//! Reads the config file, or the arguments that replace it, into [`Config`]. Every value of a [`Config`] is valid;
//! each error names file and line.

mod account;
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

pub use error::ConfigError;
pub use load::{detection, load, names, read_stdin};
pub use model::{
    Account, Config, Credentials, Detection, Loaded, MultipleValues, Notifications, Record, Target,
};
pub use sources::Sources;
