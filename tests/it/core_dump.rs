//! A core dump of the process does not hold the token.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use crate::sandbox::{Sandbox, TOKEN};

#[test]
fn core_dump_does_not_hold_the_token() {
    let s = Sandbox::new();
    let head = s.head();
    let head: Vec<&str> = head.lines().filter(|l| !l.starts_with("ipv4")).collect();
    let head = head.join("\n");
    s.raw_config(&format!("{head}\nipv4 = command:crash\n[example.org]\nnames = home\ntypes = A\n"));
    // The program ends its parent, which has read the token by then.
    s.write("crash", "#!/bin/sh\ncat /proc/$PPID/coredump_filter >filter\nkill -ABRT $PPID\n");
    fs::set_permissions(s.path("crash"), fs::Permissions::from_mode(0o700)).expect("chmod");
    let binary = s.command();
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "ulimit -c unlimited; exec \"$@\"", "sh"]);
    command.arg(binary.get_program()).args(binary.get_args()).args(["-c", "gandi-ddns.conf"]);
    command.env_clear().env("HOME", s.path("")).current_dir(s.path(""));
    let ran = s.finish(&mut command);
    assert_eq!(ran.code, None, "{ran}");
    assert_eq!(fs::read_to_string(s.path("filter")).expect("the filter").trim(), "00000000");
    // Where the kernel gives core dumps to a program, there is no file.
    for file in fs::read_dir(s.path("")).expect("the sandbox").flatten() {
        if file.file_name().to_string_lossy().starts_with("core") {
            let dump = fs::read(file.path()).expect("the core dump");
            let holds_token = dump.windows(TOKEN.len()).any(|w| w == TOKEN.as_bytes());
            assert!(!holds_token, "the token is in {}", file.path().display());
        }
    }
}
