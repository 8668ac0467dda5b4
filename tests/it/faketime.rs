//! Helper: runs the binary with another clock, by faketime(1).

use std::process::Command;

use crate::namespace::Namespace;
use crate::sandbox::Sandbox;

/// Returns a command like [`Sandbox::command`] whose clock starts at this time, such as `2039-01-01 00:00:00` (UTC).
/// `None` if faketime is not installed, or if it cannot change the clock of the binary under test, which is then static
/// and runs without qemu.
pub(crate) fn command(test: &str, s: &Sandbox, time: &str) -> Option<Command> {
    let plain = s.command();
    // faketime preloads a library into the host's qemu, which a static qemu does not load.
    let program = plain.get_program().to_string_lossy().into_owned();
    let program = program.strip_suffix("-static").unwrap_or(&program);
    let is_changeable = program.contains("qemu-") || std::env::var_os("GANDI_DDNS_COMMAND").is_none();
    if !is_changeable || !Namespace::has(test, &["faketime", program]) {
        return None;
    }
    let mut command = Command::new("faketime");
    command.args(["-f", &format!("@{time}"), program]).args(plain.get_args());
    command.env_clear().env("TZ", "UTC0").env("HOME", s.path("")).current_dir(s.path(""));
    Some(command)
}
