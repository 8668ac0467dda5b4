//! A oneshot channel. The receiver looks for the value, and is unparked when it arrives. `std::sync::mpsc` would add
//! 4 kB per value type.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, Thread};

/// The slot for the value, and the receiving thread to unpark.
type Shared<T> = Arc<(Mutex<Option<T>>, Thread)>;

/// The end that sends the value. Sending consumes it, so that a second value does not compile.
pub(crate) struct Sender<T>(Shared<T>);

/// The end that gets the value.
pub(crate) struct Receiver<T>(Shared<T>);

/// Creates a channel. The calling thread must be the one that receives.
pub(crate) fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let shared = Arc::new((Mutex::new(None), thread::current()));
    (Sender(Arc::clone(&shared)), Receiver(shared))
}

impl<T> Sender<T> {
    /// Sends the value. The receiver may have timed out already; then the value is dropped with the channel.
    pub(crate) fn send(self, value: T) {
        let (slot, receiver) = &*self.0;
        *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
        receiver.unpark();
    }
}

impl<T> Receiver<T> {
    /// Takes the value if it has arrived. When it arrives later, the thread that created the channel is unparked.
    pub(crate) fn take(&self) -> Option<T> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Waits for the value, for as long as that takes.
    pub(crate) fn wait(&self) -> T {
        loop {
            if let Some(value) = self.take() {
                return value;
            }
            thread::park();
        }
    }
}

/// Runs `job` in a thread that is never joined. The job is boxed, so that all jobs share the code that starts one. Fails if
/// the system cannot create a thread, with a text that says so: `Resource temporarily unavailable` does not.
#[inline(never)]
pub fn spawn_detached(job: Box<dyn FnOnce() + Send>) -> io::Result<()> {
    let started = thread::Builder::new().spawn(job);
    started.map(drop).map_err(|e| io::Error::new(e.kind(), "could not start a thread"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn take_returns_the_value_once_it_has_arrived() {
        let (sender, receiver) = channel();
        assert_eq!(receiver.take(), None);
        spawn_detached(Box::new(move || sender.send(7))).expect("a thread");
        let value = loop {
            // The sender unparks this thread; a spurious return costs one more look.
            thread::park();
            if let Some(value) = receiver.take() {
                break value;
            }
        };
        assert_eq!((value, receiver.take()), (7, None));
    }
}
