//! The sources `command:`, a program that prints the address, and `resolve:`, the name of another host.

use std::fs;
use std::net::UdpSocket;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::namespace::Namespace;
use crate::run_output::RunOutput;
use crate::sandbox::{ADDRESS, ADDRESS6, STALE, STALE6, Sandbox, TOKEN};
use fake_gandi::NameServer;

/// The config line with which a name, one vote, is enough for a write.
const ONE: &str = "quorum = 1";

/// A stale A and AAAA record, with one source for each and more config lines.
fn sandbox(ipv4: &str, ipv6: &str, more: &str) -> Sandbox {
    let s = Sandbox::new();
    s.fake.set("example.org", "home", "A", 600, &[STALE]);
    s.fake.set("example.org", "home", "AAAA", 600, &[STALE6]);
    let head = s.head();
    let head: Vec<&str> = head.lines().filter(|l| !l.starts_with("ipv")).collect();
    let types = if ipv6 == "off" { "A" } else { "A AAAA" };
    s.raw_config(&format!(
        "{}\n{more}\nipv4 = {ipv4}\nipv6 = {ipv6}\n[example.org]\nnames = home\ntypes = {types}\n",
        head.join("\n")
    ));
    s
}

/// A sandbox with this script as the source of the A record, and more config lines.
fn with(script: &str, more: &str) -> Sandbox {
    let s = sandbox("command:address", "off", more);
    write(&s, script);
    s
}

/// Writes the script by another process. If this process opened it for writing, the child of a concurrent test could
/// inherit that descriptor, and then the script cannot be started (ETXTBSY, execve(2)).
fn write(s: &Sandbox, script: &str) {
    let line = "printf '%s' \"$1\" >address && chmod 755 address";
    let mut shell = Command::new("sh");
    shell.args(["-c", line, "sh", script]).current_dir(s.path("."));
    assert!(shell.status().expect("a shell").success());
}

fn run(script: &str) -> (Sandbox, RunOutput) {
    let s = with(script, "");
    let ran = s.run(&[]);
    (s, ran)
}

#[track_caller]
fn follows(script: &str) {
    run(script).1.is(0, &format!("home.example.org A: {STALE} -> {ADDRESS}\n"));
}

#[track_caller]
fn fails(script: &str, cause: &str) {
    let (s, ran) = run(script);
    ran.fails(
        75,
        &[
            "home.example.org A: could not determine a public IPv4 address; nothing was changed: command:",
            cause,
        ],
    );
    assert!(ran.stderr.ends_with(&format!("address: {cause}\n")), "{}", ran.stderr);
    assert_eq!(s.zone("home", "A"), format!("600 {STALE}"));
}

#[test]
fn first_line_of_a_program_is_the_address() {
    follows("#!/bin/sh\necho 81.2.69.142\n");
    follows("#!/bin/sh\nprintf 81.2.69.142\n");
    follows("#!/bin/sh\nprintf ' 81.2.69.142\\r\\nand more\\n81.2.69.66\\n'\n");
}

#[test]
fn output_that_is_not_an_address_is_not_printed() {
    let words = "did not print exactly one address on its first line";
    for script in ["echo secret", "echo", "echo; echo 81.2.69.142", "echo 81.2.69.142 81.2.69.142"] {
        fails(&format!("#!/bin/sh\n{script}\n"), words);
    }
    fails("#!/bin/sh\nprintf '%300s\\n' 81.2.69.142\n", words);
    fails("#!/bin/sh\n", "printed nothing");
}

#[test]
fn address_that_is_not_global_is_refused() {
    fails("#!/bin/sh\necho 192.168.1.10\n", "answered with 192.168.1.10, a private address (RFC 1918)");
    fails(
        "#!/bin/sh\necho 2a01:e0a:1:2::3\n",
        "answered with 2a01:e0a:1:2::3, an address of the wrong family",
    );
}

#[test]
fn output_of_a_failed_program_is_refused() {
    fails("#!/bin/sh\necho 81.2.69.142\nexit 3\n", "ended with exit code 3");
    fails("#!/bin/sh\necho 81.2.69.142\nkill -9 $$\n", "was killed by signal 9");
}

#[test]
fn trusted_program_makes_the_services_unnecessary() {
    let s = Sandbox::new();
    s.write("my-ip", "#!/bin/sh\necho 81.2.69.180\n");
    fs::set_permissions(s.path("my-ip"), fs::Permissions::from_mode(0o700)).expect("chmod");
    let head = s.head().replace("ipv4 =", "ipv4 = command:my-ip");
    s.raw_config(&format!("{head}\n[example.org]\nnames = home\n"));
    s.run(&[]).is(0, "home.example.org A: created: 81.2.69.180 (TTL 300)\n");
    assert!(
        s.fake.requests().iter().all(|r| !r.listener.starts_with("echo")),
        "no request to an echo service"
    );
}

#[test]
fn large_output_of_a_program_is_discarded() {
    follows("#!/bin/sh\necho 81.2.69.142\nyes | head -c 10000000\n");
    // Many short writes: if the program closed the pipe early, a signal would end the script.
    follows("#!/bin/sh\nset -e\ni=0\nwhile [ $i -lt 20000 ]; do echo 81.2.69.142; i=$((i + 1)); done\n");
    fails(
        "#!/bin/sh\ntr '\\0' x </dev/zero | head -c 10000000\n",
        "did not print exactly one address on its first line",
    );
}

#[test]
fn program_that_times_out_is_killed_with_its_children() {
    for script in [
        "#!/bin/sh\nsleep 30\necho 81.2.69.142\n",
        "#!/bin/sh\necho 81.2.69.142\nsleep 30\n",
        "#!/bin/sh\nsleep 30 &\nwait\n",
        "#!/bin/sh\nyes 81.2.69.142\n",
    ] {
        let s = with(script, "timeout = 2");
        let started = Instant::now();
        // The script's `sleep` inherits stderr, so the test would wait for it if it were not killed.
        s.run(&[]).fails(75, &["address: timed out after 2 s"]);
        assert!(started.elapsed() < Duration::from_secs(20), "{script}");
        assert_eq!(s.zone("home", "A"), format!("600 {STALE}"));
    }
}

#[test]
fn program_is_stopped_after_ten_seconds() {
    let s = with("#!/bin/sh\nexec sleep 60\n", "");
    s.run(&[]).fails(75, &["address: timed out after 10 s"]);
}

#[test]
fn program_that_cannot_be_started_is_an_error() {
    let s = with("#!/bin/sh\necho 81.2.69.142\n", "");
    for (mode, words) in [(0o600, "make it executable with `chmod +x`"), (0o755, "")] {
        fs::set_permissions(s.path("address"), fs::Permissions::from_mode(mode)).expect("the script");
        let ran = s.run(&["--force"]);
        if words.is_empty() {
            ran.exits(0);
        } else {
            ran.fails(
                75,
                &[
                    "address: could not be started (make it executable with `chmod +x`): Permission denied",
                    words,
                ],
            );
        }
    }
    let s = with("#!/nowhere/sh\n", "");
    s.run(&[]).fails(75, &["not found (check the path and the interpreter in its #! line"]);
    fs::remove_file(s.path("address")).expect("the script");
    s.forget_notices();
    s.run(&[]).fails(75, &["not found (check the path", "arguments are not supported)"]);
    // A script without `#!` is refused by the kernel, although a shell would run it.
    let s = with("echo 81.2.69.142\n", "");
    s.run(&[]).fails(
        75,
        &[
            "could not be started (a script must begin with a line such as `#!/bin/sh`): Exec format error",
            "`#!/bin/sh`",
        ],
    );
    assert_eq!(s.zone("home", "A"), format!("600 {STALE}"));
}

#[test]
fn program_gets_the_family_but_not_the_token() {
    let s = sandbox("command:address", "command:address", "");
    write(
        &s,
        "#!/bin/sh\nenv >env.$GANDI_DDNS_FAMILY\necho $# >>env.$GANDI_DDNS_FAMILY\ncat\n\
         [ $GANDI_DDNS_FAMILY = ipv4 ] && echo 81.2.69.142 || echo 2a01:e0a:1:2::3\n",
    );
    let config = fs::read_to_string(s.path("gandi-ddns.conf")).expect("the config");
    s.raw_config(&config.replace("token_file = token\n", ""));
    let mut command = s.command();
    command.args(["-c", "gandi-ddns.conf"]).env("GANDI_TOKEN", TOKEN).env("KEPT", "yes");
    command.env("PATH", std::env::var_os("PATH").expect("a PATH"));
    s.finish(&mut command).is(
        0,
        &format!(
            "home.example.org A: {STALE} -> {ADDRESS}\n\
             home.example.org AAAA: {STALE6} -> {ADDRESS6}\n"
        ),
    );
    for family in ["ipv4", "ipv6"] {
        let env =
            fs::read_to_string(s.path(&format!("env.{family}"))).expect("the environment of the script");
        assert!(env.contains("KEPT=yes\n") && env.ends_with("\n0\n"), "{env}");
        assert!(!env.contains("GANDI_TOKEN") && !env.contains(TOKEN), "{env}");
    }
}

#[test]
fn stderr_of_a_program_is_passed_on() {
    let (_, ran) = run("#!/bin/sh\necho 'the modem is asleep' >&2\nexit 1\n");
    ran.exits(75);
    ran.says(&["the modem is asleep\n", "ended with exit code 1"]);
}

#[test]
fn address_of_another_name_is_looked_up() {
    let Some(net) = Namespace::enter("command_source::address_of_another_name_is_looked_up") else { return };
    let hosts = |text: &str| {
        fs::write("/run/hosts", text).expect("the hosts");
        net.run("mountpoint -q /etc/hosts || mount --bind /run/hosts /etc/hosts");
    };
    fs::write("/run/resolv.conf", "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n").expect("its file");
    net.run("mount --bind /run/resolv.conf /etc/resolv.conf");
    // glibc asks a name server for an address of a family that the hosts file lacks. This one knows no name.
    let dns = NameServer::start("127.0.0.1:53");
    let twice = "81.2.69.142 box.example\n81.2.69.142 box.example\n2a01:e0a:1:2::3 box.example\n";
    hosts(twice);
    sandbox("resolve:box.example", "resolve:box.example", ONE).run(&[]).is(
        0,
        &format!(
            "home.example.org A: {STALE} -> {ADDRESS}\n\
             home.example.org AAAA: {STALE6} -> {ADDRESS6}\n"
        ),
    );
    for (text, cause) in [
        ("2a01:e0a:1:2::3 box.example\n", "has no IPv4 address"),
        ("192.168.1.10 box.example\n", "answered with 192.168.1.10, a private address"),
        (
            "81.2.69.142 box.example\n81.2.69.143 box.example\n",
            "resolves to several addresses (81.2.69.142, 81.2.69.143); cannot tell which is this machine's",
        ),
    ] {
        hosts(text);
        let s = sandbox("resolve:box.example", "off", ONE);
        s.run(&[]).fails(
            75,
            &["could not determine a public IPv4 address; nothing was changed: resolve:box.example: ", cause],
        );
        assert_eq!(s.zone("home", "A"), format!("600 {STALE}"));
    }
    sandbox("resolve:other.example", "off", ONE).run(&[]).fails(75, &["resolve:other.example: "]);
    // A name server that never responds.
    drop(dns);
    let _silent = UdpSocket::bind("127.0.0.1:53").expect("the port of name servers");
    fs::write("/run/resolv.conf", "nameserver 127.0.0.1\noptions timeout:30 attempts:2\n").expect("its file");
    let s = sandbox("resolve:other.example", "off", "quorum = 1\ntimeout = 2");
    s.run(&[]).fails(75, &["resolve:other.example: the name server did not answer within 2 s"]);
}
