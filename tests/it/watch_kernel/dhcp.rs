//! Leases of a real DHCP server, by busybox.

use super::{Home, KERNEL, V4};
use crate::namespace::Namespace;

/// The script of udhcpc(8): an address and its default route replace those before.
const SCRIPT: &str = "#!/bin/sh
[ \"$1\" = bound ] || exit 0
ip addr flush dev eth0 scope global to 81.2.69.0/24
ip addr add $ip/24 dev eth0
ip route replace default via $router
";

#[test]
fn new_lease_is_written() {
    let test = "watch_kernel::dhcp::new_lease_is_written";
    if !Namespace::has(test, &["udhcpd", "udhcpc"]) {
        return;
    }
    let Some(mut h) = Home::enter(test) else { return };
    h.net.ip("-n far addr add 81.2.69.2/24 dev eth0");
    h.s.write("script", SCRIPT);
    let dir = h.s.path("");
    let dir = dir.display();
    h.net.run(&format!("chmod 700 {dir}/script"));
    h.watch();
    for (round, address) in ["81.2.69.201", "81.2.69.202"].into_iter().enumerate() {
        h.s.write(
            "udhcpd.conf",
            &format!(
                "start {address}\nend {address}\ninterface eth0\nlease_file {dir}/leases\npidfile {dir}/server\n\
                 option subnet 255.255.255.0\noption router 81.2.69.2\noption lease 3600\n"
            ),
        );
        // The line was cut, and the provider gives another address.
        h.net.run(&format!(
            "rm -f {dir}/leases; : >{dir}/leases
             ip netns exec far udhcpd -f {dir}/udhcpd.conf >{dir}/server.log 2>&1 & server=$!
             udhcpc -f -n -q -t 20 -T 1 -i eth0 -s {dir}/script >{dir}/client.log 2>&1
             kill $server"
        ));
        h.follows("A", address);
        h.was_woken(round + 1, KERNEL);
    }
    assert_eq!(h.written("A"), [V4, "81.2.69.201", "81.2.69.202"]);
    h.end();
}
