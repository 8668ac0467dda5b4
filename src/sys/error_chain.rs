//! The one place that joins an error with its causes.

use std::error::Error;
use std::fmt;

/// Joins an error and its causes ([`Error::source`]) by `: `. An error displays its own level only.
// Generic, so that only the causes need a vtable of `Error`, which is 350 bytes for each type.
#[inline]
pub(crate) fn chain<E: Error>(error: &E) -> String {
    join(error, error.source())
}

#[inline(never)]
fn join(error: &dyn fmt::Display, mut next: Option<&dyn Error>) -> String {
    let mut text = error.to_string();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

/// Implements `Debug` by `Display`, for an error that can be the cause of another. [`Error`] requires `Debug`, and the
/// derived ones would add 9 kB of code.
macro_rules! debug_as_display {
    ($error:ty) => {
        impl std::fmt::Debug for $error {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(self, f)
            }
        }
    };
}
pub(crate) use debug_as_display;

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Level(&'static str, Option<Box<Level>>);

    impl fmt::Display for Level {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl Error for Level {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            self.1.as_deref().map(|cause| cause as &dyn Error)
        }
    }

    #[test]
    fn chain_joins_every_level_with_a_colon() {
        let inner = Level("no route to host", None);
        let middle = Level("could not connect", Some(Box::new(inner)));
        let outer = Level("could not read the record", Some(Box::new(middle)));
        assert_eq!(chain(&outer), "could not read the record: could not connect: no route to host");
    }
}
