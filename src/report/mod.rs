//! Outcomes -> lines, or one JSON object, and the one exit code.

pub(crate) mod json;
mod text;

pub use text::report;
pub(crate) use text::{
    FirstWrite, ReplacementText, WILL_REPLACE, failure_lines, grouped_lines, report_end, report_failures,
};
