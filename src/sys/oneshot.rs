//! One value from another thread, waited for no longer than until a deadline. A channel of std's does more, and
//! costs 4 kB of program for each type that goes through it.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, Thread};
use std::time::Instant;

/// A place for one value, and who waits for it.
pub(crate) struct Letter<T>(Arc<(Mutex<Option<T>>, Thread)>);

impl<T> Clone for Letter<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Letter<T> {
    /// An empty one; the calling thread will wait for it.
    pub(crate) fn new() -> Self {
        Self(Arc::new((Mutex::new(None), thread::current())))
    }

    /// Puts the value in. Nobody may be waiting any more.
    pub(crate) fn send(&self, value: T) {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
        self.0.1.unpark();
    }

    /// Takes the value out as soon as it is there; `None` when the time is up.
    pub(crate) fn receive(&self, deadline: Instant) -> Option<T> {
        loop {
            let value = self.0.0.lock().unwrap_or_else(PoisonError::into_inner).take();
            let left = deadline.saturating_duration_since(Instant::now());
            if value.is_some() || left.is_zero() {
                return value;
            }
            thread::park_timeout(left);
        }
    }
}

/// Runs `job` in a thread that nobody waits for. Boxed, so that all jobs share the code that starts one.
#[inline(never)]
pub(crate) fn spawn_detached(job: Box<dyn FnOnce() + Send>) -> io::Result<()> {
    thread::Builder::new().spawn(job).map(drop)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_value_comes_over_or_the_time_is_up() {
        let (letter, never) = (Letter::new(), Letter::<u8>::new());
        let other = letter.clone();
        spawn_detached(Box::new(move || other.send(7))).expect("a thread");
        assert_eq!(letter.receive(Instant::now() + Duration::from_secs(60)), Some(7));
        assert_eq!(never.receive(Instant::now()), None);
    }
}
