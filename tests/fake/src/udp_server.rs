//! A UDP socket with a thread that passes each packet on: the part that the DNS servers have in common.

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

/// A running server. It stops when it is dropped.
pub(crate) struct UdpServer {
    local: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl UdpServer {
    /// Starts to listen at an address, and passes each packet with its sender to `handle`, which may answer by the
    /// socket.
    ///
    /// # Panics
    /// If it cannot bind to the address.
    pub(crate) fn start(
        at: &str,
        mut handle: impl FnMut(&UdpSocket, &[u8], SocketAddr) + Send + 'static,
    ) -> Self {
        let socket = UdpSocket::bind(at).expect("a port for the name server");
        let local = socket.local_addr().expect("its own address");
        let stop = Arc::<AtomicBool>::default();
        let is_stopped = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            let mut buffer = [0; 2048];
            loop {
                let received = socket.recv_from(&mut buffer);
                if is_stopped.load(Ordering::SeqCst) {
                    return;
                }
                // An error is the ICMP error for a client that has gone; there is no query to answer.
                if let Ok((length, from)) = received {
                    handle(&socket, &buffer[..length], from);
                }
            }
        });
        Self { local, stop, thread: Some(thread) }
    }

    /// Returns the address and port it listens on.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.local
    }
}

impl Drop for UdpServer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // An empty packet wakes the thread from `recv_from`.
        let woken = UdpSocket::bind((self.local.ip(), 0)).and_then(|s| s.send_to(&[], self.local));
        if let (Ok(_), Some(thread)) = (woken, self.thread.take()) {
            let _ = thread.join();
        }
    }
}
