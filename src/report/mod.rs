//! Outcomes -> lines, or one JSON object, and the one exit code.

pub(crate) mod json;
mod text;

pub(crate) use text::failure_lines;
pub use text::report;
