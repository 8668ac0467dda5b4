//! A TCP port that stays reserved while nobody listens on it, so that no other test gets it meanwhile.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};

use socket2::{Domain, Socket, Type};

/// A reserved port. Connections to it are refused, except to its own listener.
///
/// It holds a socket that is bound and never listens. With `SO_REUSEADDR` on both, Linux lets a listener have the same
/// address, but never chooses the port for a socket that is bound to port 0.
pub struct ReservedPort {
    local: SocketAddr,
    _bound: Socket,
}

impl ReservedPort {
    /// Reserves a port, which port 0 leaves to the system.
    pub(crate) fn new(ip: IpAddr, port: u16) -> io::Result<Self> {
        let at = SocketAddr::new(ip, port);
        let bound = Socket::new(Domain::for_address(at), Type::STREAM, None)?;
        bound.set_reuse_address(true)?;
        bound.bind(&at.into())?;
        let local = bound.local_addr()?.as_socket().ok_or(io::ErrorKind::InvalidData)?;
        Ok(Self { local, _bound: bound })
    }

    /// Reserves any port of 127.0.0.1.
    ///
    /// # Panics
    /// If no port is free.
    pub fn on_loopback() -> Self {
        Self::new([127, 0, 0, 1].into(), 0).expect("a free port")
    }

    /// Returns the address and port.
    pub const fn address(&self) -> SocketAddr {
        self.local
    }

    /// Listens on the port.
    pub(crate) fn listen(&self) -> io::Result<TcpListener> {
        TcpListener::bind(self.local)
    }
}
