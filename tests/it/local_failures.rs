//! Sockets and threads that this machine refuses: the message says so, nothing counts as sent, and there is no backoff.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use crate::namespace::Namespace;
use crate::run_output::RunOutput;
use crate::sandbox::{ADDRESS, STALE, Sandbox};

const REPLACED: &str = "home.example.org A: 81.2.69.1 -> 81.2.69.142\n";

/// Returns false after a message if system calls cannot be traced.
fn can_trace(test: &str) -> bool {
    // Under an emulator, strace sees the calls of the emulator.
    if std::env::var_os("GANDI_DDNS_COMMAND").is_some() || !Namespace::has(test, &["strace"]) {
        return false;
    }
    let probe = Command::new("strace").args(["-qq", "-o", "/dev/null", "true"]).status();
    let allowed = probe.is_ok_and(|s| s.success());
    if !allowed {
        Namespace::skip(test, "strace is not allowed");
    }
    allowed
}

/// A sandbox with a stale record. The address comes from a program, so that the first socket is for Gandi.
fn sandbox() -> Sandbox {
    let s = Sandbox::new();
    s.fake.set("example.org", "home", "A", 600, &[STALE]);
    s.write("address", &format!("#!/bin/sh\necho {ADDRESS}\n"));
    fs::set_permissions(s.path("address"), fs::Permissions::from_mode(0o755)).expect("the script");
    let head = s.head();
    let line = head.lines().find(|l| l.starts_with("ipv4")).expect("the services");
    s.raw_config(&format!("{}[example.org]\nnames = home\n", head.replace(line, "ipv4 = command:address")));
    s
}

/// Runs with this fault, such as `connect:error=EPERM`, in the system calls of the program.
fn run(s: &Sandbox, fault: &str) -> RunOutput {
    run_with(s, fault, &[])
}

fn run_with(s: &Sandbox, fault: &str, arguments: &[&str]) -> RunOutput {
    let inner = s.command();
    let mut command = Command::new("strace");
    command.args(["-qq", "-f", "-o", "/dev/null", "-e", &format!("inject={fault}")]);
    command.arg(inner.get_program()).args(["-c", "gandi-ddns.conf"]).args(arguments);
    command.env_clear().env("HOME", s.path("")).current_dir(s.path(""));
    s.finish(&mut command)
}

#[test]
fn socket_that_this_machine_refuses_is_reported_as_such() {
    if !can_trace("local_failures::socket_that_this_machine_refuses_is_reported_as_such") {
        return;
    }
    for (fault, words) in [
        (
            "connect:error=EPERM",
            ": permission denied on this machine (a firewall, or a sandbox): Operation not",
        ),
        (
            "connect:error=EACCES",
            ": permission denied on this machine (a firewall, or a sandbox): Permission",
        ),
        ("socket:error=EACCES", ": permission denied on this machine (a firewall, or a sandbox)"),
        ("socket:error=EMFILE", ": too many open files on this machine"),
        ("socket:error=ENFILE", ": too many open files on this machine"),
        ("socket:error=ENOBUFS", ": not enough memory on this machine"),
        ("connect:error=ENOMEM", ": not enough memory on this machine"),
        ("socket:error=EAFNOSUPPORT", ": this machine does not support its address family"),
        ("connect:error=ENETUNREACH", " from this machine: Network is unreachable"),
        ("connect:error=EHOSTUNREACH", " from this machine: No route to host"),
        ("connect:error=ENETDOWN", " from this machine: Network is down"),
        ("connect:error=EADDRNOTAVAIL", " from this machine: Cannot assign requested address"),
    ] {
        let s = sandbox();
        // Twice, since a second failure at a server would bring a backoff.
        for _ in 0..2 {
            s.forget_notices();
            let words =
                format!("could not read the record: could not connect to 127.0.0.1:{}{words}", s.fake.port());
            run(&s, fault).fails(75, &[&words]);
        }
        s.run(&[]).is(0, REPLACED);
    }
    // Without a socket no name server can be asked either.
    let s = sandbox();
    let config = fs::read_to_string(s.path("gandi-ddns.conf")).expect("the config");
    s.raw_config(&config.replace("https://127.0.0.1:", "https://api.invalid:"));
    run(&s, "socket:error=EMFILE")
        .fails(75, &["could not find an address of api.invalid", "Too many open files"]);
}

#[test]
fn put_that_this_machine_did_not_send_is_not_called_unconfirmed() {
    if !can_trace("local_failures::put_that_this_machine_did_not_send_is_not_called_unconfirmed") {
        return;
    }
    let mut actions = Vec::new();
    for (error, words) in [
        ("EPERM", "permission denied on this machine"),
        ("ENOBUFS", "not enough memory on this machine"),
        ("EHOSTUNREACH", "from this machine"),
    ] {
        // From the n-th packet on: the handshake, the GET, the head of the PUT, its body.
        for n in 1.. {
            let s = sandbox();
            let ran = run(&s, &format!("sendto:error={error}:when={n}+"));
            if ran.code == Some(0) {
                assert!(n > 4, "no packet was refused: {ran}");
                break;
            }
            ran.fails(75, &[&format!("could not send to 127.0.0.1:{}", s.fake.port()), words]);
            assert_eq!(s.zone("home", "A"), format!("600 {STALE}"));
            actions.push(ran.stderr.contains("could not change the record: "));
            s.run(&[]).is(0, REPLACED);
        }
    }
    assert!(actions.contains(&true) && actions.contains(&false), "the PUT was among them: {actions:?}");
}

#[test]
fn response_that_this_machine_does_not_receive_is_not_blamed_on_the_server() {
    if !can_trace("local_failures::response_that_this_machine_does_not_receive_is_not_blamed_on_the_server") {
        return;
    }
    // From the n-th packet on: the handshake, the response to the GET, that to the PUT.
    for n in 1.. {
        let s = sandbox();
        let ran = run(&s, &format!("recvfrom:error=ENOMEM:when={n}+"));
        if ran.code == Some(0) {
            assert!(n > 4, "no packet was refused: {ran}");
            break;
        }
        ran.fails(75, &["not enough memory on this machine"]);
        assert!(!ran.stderr.contains("closed") && !ran.stderr.contains("ended"), "{ran}");
    }
}

#[test]
fn thread_that_cannot_be_started_ends_the_run_with_75() {
    if !can_trace("local_failures::thread_that_cannot_be_started_ends_the_run_with_75") {
        return;
    }
    let s = sandbox();
    let config = fs::read_to_string(s.path("gandi-ddns.conf")).expect("the config");
    let config = config.replace("[example", "quorum = 1\n[example");
    let named = config.replace("https://127.0.0.1:", "https://localhost:");
    // No thread for a name, of Gandi, an echo service or another machine.
    for (config, words) in [
        (named.replace("command:address", &s.v4[0].url()), "could not find an address of localhost"),
        (config.replace("command:address", "https://localhost"), "could not find an IPv4"),
        (config.replace("command:address", "resolve:localhost"), "resolve:localhost: "),
    ] {
        s.raw_config(&config);
        for _ in 0..2 {
            s.forget_notices();
            run(&s, "clone,clone3:error=EAGAIN").fails(75, &[words, "could not start a thread"]);
        }
    }
    // Nor one for a source of `ip`.
    let ran = run_with(&s, "clone,clone3:error=EAGAIN", &["ip", "-4"]);
    ran.exits(75);
    assert!(ran.stdout.contains("could not start a thread"), "{ran}");
    // A literal address needs none.
    s.raw_config(&config.replace("command:address", &s.v4[0].url()));
    run(&s, "clone,clone3:error=EAGAIN").is(0, REPLACED);
}
