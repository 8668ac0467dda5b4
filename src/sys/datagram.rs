//! Datagram sockets to other programs of this machine: the system log and the service manager.

use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::UnixDatagram;
use std::path::Path;

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};

use super::read_limited::c_string;

/// Opens a socket to the one at `name`: a path, or an abstract name after `@`.
#[inline(never)]
pub(crate) fn open(name: &Path) -> Result<UnixDatagram, Errno> {
    let name = name.as_os_str();
    let address = match name.as_bytes() {
        [b'@', name @ ..] => SocketAddrUnix::new_abstract_name(name)?,
        _ => SocketAddrUnix::new(c_string(name)?.as_c_str())?,
    };
    let socket = socket_with(AddressFamily::UNIX, SocketType::DGRAM, SocketFlags::CLOEXEC, None)?;
    connect(&socket, &address)?;
    Ok(socket.into())
}
