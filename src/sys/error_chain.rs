//! The one place that joins an error with its causes.

use std::error::Error;
use std::fmt;

/// Displays an error and its causes ([`Error::source`]), joined by `: `. An error displays its own level only.
pub(crate) struct Chain<'a>(pub(crate) &'a dyn Error);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut next = self.0.source();
        while let Some(cause) = next {
            write!(f, ": {cause}")?;
            next = cause.source();
        }
        Ok(())
    }
}

/// Implements `Debug` by `Display`. [`Error`] requires `Debug`, and a derived one of every error that can be part of a
/// chain would add 9 kB of code.
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
        assert_eq!(
            Chain(&outer).to_string(),
            "could not read the record: could not connect: no route to host"
        );
    }
}
