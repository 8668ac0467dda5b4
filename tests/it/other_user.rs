//! Runs of another user than root, in a directory of that user. The directory of the tests may be one that only root
//! can reach, so the program is copied.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::sandbox::Sandbox;

/// A directory below the one for temporary files, removed at the end.
pub(crate) struct OtherUser {
    dir: PathBuf,
    uid: u32,
}

impl OtherUser {
    /// Creates a directory, of mode 0755, that belongs to this user, with a copy of the program under test. If this
    /// process is not root's, the directory belongs to its own user, who also makes the runs.
    pub(crate) fn new(s: &Sandbox, uid: u32) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let dir = std::env::temp_dir().join(format!("gandi-ddns-{uid}-{}-{number}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir(&dir).expect("a directory");
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o755)).expect("chmod");
        let own = fs::metadata(&dir).expect("the directory").uid();
        let other = Self { dir, uid: if own == 0 { uid } else { own } };
        // By another process, see ETXTBSY in execve(2).
        let copied = Command::new("cp").arg(binary(&s.command())).arg(other.path("gandi-ddns")).status();
        assert!(copied.expect("cp").success());
        other.owns("");
        other
    }

    /// Returns a path in the directory.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Gives a file in the directory to the user.
    pub(crate) fn owns(&self, name: &str) {
        chown(self.path(name), Some(self.uid), Some(self.uid)).expect("chown");
    }

    /// Writes a file of this user with this mode.
    pub(crate) fn write(&self, name: &str, text: &str, mode: u32) {
        let line = "printf '%s' \"$1\" >\"$2\" && chmod \"$3\" \"$2\"";
        let mut shell = Command::new("sh");
        shell.args(["-c", line, "sh", text, name, &format!("{mode:o}")]).current_dir(&self.dir);
        assert!(shell.status().expect("a shell").success());
        self.owns(name);
    }

    /// Returns a command for the program as this user, in the directory, behind these words, such as `prlimit …`.
    pub(crate) fn command(&self, s: &Sandbox, prefix: &[&str]) -> Command {
        let template = s.command();
        let mut words: Vec<PathBuf> = prefix.iter().map(PathBuf::from).collect();
        words.push(template.get_program().into());
        words.extend(template.get_args().map(PathBuf::from));
        words.pop();
        words.push(self.path("gandi-ddns"));
        let mut command = self.plain(&words[0]);
        command.args(&words[1..]).env("HOME", &self.dir);
        command
    }

    /// Returns a command for any program as this user, in the directory.
    pub(crate) fn plain(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command.env_clear().current_dir(&self.dir).uid(self.uid).gid(self.uid);
        command
    }
}

impl Drop for OtherUser {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.dir);
    }
}

/// Returns the last word of the command: the program, also behind an emulator.
fn binary(command: &Command) -> &Path {
    Path::new(command.get_args().last().unwrap_or_else(|| command.get_program()))
}
