//! Many changes that cancel each other out.

use std::fmt::Write as _;

use super::{Home, V4, V6};

#[test]
fn thousand_flaps_make_few_passes_and_write_nothing_wrong() {
    let test = "watch_kernel::storms::thousand_flaps_make_few_passes_and_write_nothing_wrong";
    let Some(mut h) = Home::enter(test) else { return };
    let mut batch = String::new();
    for round in 0..250 {
        let host = 161 + round % 80;
        writeln!(
            batch,
            "addr add 81.2.69.{host}/24 dev eth0\naddr del 81.2.69.{host}/24 dev eth0\n\
             route del default\nroute add default via 81.2.69.2"
        )
        .expect("memory");
    }
    h.s.write("batch", &batch);
    h.watch();
    let requests = h.s.fake.requests().len();
    h.net.ip(&format!("-batch {}", h.s.path("batch").display()));
    // It goes on: the next change is written, and nothing else was.
    h.net.run(&format!(
        "ip addr del {V4}/24 dev eth0; ip addr add 81.2.69.250/24 dev eth0; ip route replace default via 81.2.69.2"
    ));
    h.follows("A", "81.2.69.250");
    assert_eq!(h.written("A"), [V4, "81.2.69.250"], "{}", h.log());
    assert_eq!(h.written("AAAA"), [V6], "{}", h.log());
    assert!(h.reasons().len() <= 3, "{}", h.log());
    assert!(h.s.fake.requests().len() <= requests + 12, "{}", h.log());
    h.end();
}
