//! Changes while the watcher does not wait for them: during a pass, and while it is stopped.

use std::sync::atomic::{AtomicBool, Ordering};

use rustix::process::Signal;

use super::{Home, KERNEL, V4, V6};

/// Returns the commands that give `eth0` this address instead of the one that it has.
fn change_to(address: &str) -> String {
    format!(
        "ip addr flush dev eth0 scope global to 81.2.69.0/24
         ip addr add {address}/24 dev eth0; ip route add default via 81.2.69.2"
    )
}

#[test]
fn change_during_a_pass_makes_another_pass() {
    let test = "watch_kernel::pauses::change_during_a_pass_makes_another_pass";
    let Some(mut h) = Home::enter(test) else { return };
    h.watch();
    let is_done = AtomicBool::new(false);
    h.s.fake.on_request(move |request| {
        if request.method == "PUT" && !is_done.swap(true, Ordering::SeqCst) {
            // The pass has detected the address, and writes it.
            let script = change_to("81.2.69.162");
            let changed = std::process::Command::new("sh").args(["-ec", &script]).status();
            assert!(changed.expect("a shell").success());
        }
    });
    h.net.run(&change_to("81.2.69.161"));
    h.follows("A", "81.2.69.162");
    h.was_woken(2, KERNEL);
    assert_eq!(h.written("A"), [V4, "81.2.69.161", "81.2.69.162"]);
    h.end();
}

#[test]
fn changes_while_it_is_stopped_make_one_pass_when_it_goes_on() {
    let test = "watch_kernel::pauses::changes_while_it_is_stopped_make_one_pass_when_it_goes_on";
    let Some(mut h) = Home::enter(test) else { return };
    h.watch();
    Home::until_rested(|| ());
    let signal = |name| h.watcher.as_ref().expect("a watcher").signal(name);
    signal(Signal::STOP);
    // More messages than the kernel keeps.
    for round in 0..60 {
        h.net.run(&change_to(&format!("81.2.69.{}", 161 + round % 2)));
    }
    h.net.run(&change_to("81.2.69.163"));
    assert_eq!(h.written("A"), [V4], "it is stopped");
    signal(Signal::CONT);
    h.follows("A", "81.2.69.163");
    h.was_woken(1, KERNEL);
    assert_eq!(h.written("A"), [V4, "81.2.69.163"]);
    assert_eq!(h.written("AAAA"), [V6]);
    h.end();
}
