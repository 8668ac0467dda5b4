//! A terminal for a program that asks questions: a real pseudo-terminal, which is the controlling one, so that Ctrl-C is
//! a signal. The test waits for a text on the screen, presses keys, and looks at the mode of the terminal.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Termios, Winsize, tcgetattr, tcsetwinsize};

use crate::run_output::block;
use crate::sandbox::{API_KEY, TOKEN, is_emulated};

/// The longest wait for a text or for the end of the program.
const TIMEOUT: Duration = Duration::from_secs(120);

/// Ctrl-C and Ctrl-D.
pub(crate) const CTRL_C: &str = "\x03";
pub(crate) const CTRL_D: &str = "\x04";

/// What the program has written so far, and whether more can come.
#[derive(Default)]
struct Screen {
    bytes: Vec<u8>,
    ended: bool,
}

type Shared = Arc<(Mutex<Screen>, Condvar)>;

/// A program that runs at a terminal. Its output may not contain a credential, nor a wider line.
pub(crate) struct Terminal {
    child: Child,
    master: File,
    /// Kept open, so that the mode can be read after the program has ended.
    slave: Option<File>,
    /// The mode before the program started.
    before: Termios,
    screen: Shared,
    reader: Option<JoinHandle<()>>,
    /// The end of the text that was waited for last.
    seen: usize,
}

/// The end of a program at a terminal.
#[derive(Debug)]
pub(crate) struct Ended {
    /// `None` if a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) signal: Option<i32>,
    /// All that was on the screen, with `\n` at the ends of lines.
    pub(crate) screen: String,
    /// True if the terminal had the same mode as before.
    pub(crate) mode_is_as_before: bool,
}

/// Returns false where the program under test cannot read the mode of a terminal: qemu-user 7.2 knows no `TCGETS2`. The
/// tests at a terminal then run natively only, and on an emulated board with the ARM binary (scripts/test-board.sh).
pub(crate) fn has_terminals() -> bool {
    !is_emulated()
}

impl Terminal {
    /// Starts the program of this command, with an environment of its own, at a new terminal of 80 columns.
    pub(crate) fn start(command: &Command) -> Self {
        Self::start_at(80, command)
    }

    /// Does the same at a terminal of this many columns.
    pub(crate) fn start_at(columns: u16, command: &Command) -> Self {
        let master =
            openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).expect("a terminal");
        grantpt(&master).and_then(|()| unlockpt(&master)).expect("its other side");
        let name = ptsname(&master, Vec::new()).expect("its name");
        let name = name.to_str().expect("a path");
        let open = || {
            // std opens with O_CLOEXEC. setsid makes it the controlling terminal of its session, not of this process.
            let flags = i32::try_from(rustix::fs::OFlags::NOCTTY.bits()).expect("a flag");
            let mut options = OpenOptions::new();
            std::os::unix::fs::OpenOptionsExt::custom_flags(options.read(true).write(true), flags);
            options.open(name).expect("the terminal")
        };
        let slave = open();
        let size = Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&slave, size).expect("its size");
        let before = tcgetattr(&slave).expect("its mode");
        let mut outer = Command::new("/usr/bin/setsid");
        // `-c` is --ctty, which busybox does not know by its long name.
        outer.arg("-c").arg(command.get_program()).args(command.get_args()).env_clear();
        outer.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        outer.current_dir(command.get_current_dir().expect("a working directory"));
        outer.stdin(Stdio::from(open())).stdout(Stdio::from(open())).stderr(Stdio::from(open()));
        let child = outer.spawn().expect("setsid");
        let screen = Shared::default();
        let master = File::from(master);
        let reader = reader(master.try_clone().expect("a descriptor"), Arc::clone(&screen));
        Self { child, master, slave: Some(slave), before, screen, reader: Some(reader), seen: 0 }
    }

    /// Waits for a text after the last one, and returns what was on the screen before it.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, text: &str) -> String {
        let deadline = Instant::now() + TIMEOUT;
        let (lock, changed) = &*self.screen;
        let mut screen = lock.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let shown = plain(&screen.bytes);
            if let Some(at) = shown[self.seen..].find(text) {
                let before = shown[self.seen..self.seen + at].to_owned();
                self.seen += at + text.len();
                return before;
            }
            // After its end, too: a child may have the terminal, but this program says nothing more.
            let left = deadline.saturating_duration_since(Instant::now());
            let ended = self.child.try_wait().expect("its status").is_some();
            let hopeless = ended && screen.bytes.is_empty();
            assert!(!left.is_zero() && !hopeless, "no `{text}`\n{}", masked(&shown));
            let pause = if ended { Duration::from_secs(1) } else { Duration::from_millis(100) };
            let (next, timed) =
                changed.wait_timeout(screen, pause.min(left)).unwrap_or_else(PoisonError::into_inner);
            screen = next;
            if ended && timed.timed_out() {
                let shown = plain(&screen.bytes);
                assert!(shown[self.seen..].contains(text), "it ended without `{text}`\n{}", masked(&shown));
            }
        }
    }

    /// Types this.
    pub(crate) fn send(&mut self, keys: &str) {
        self.master.write_all(keys.as_bytes()).expect("keys");
    }

    /// Waits for the question, and types the answer and Enter. Returns what was on the screen before the question.
    #[track_caller]
    pub(crate) fn answer(&mut self, question: &str, answer: &str) -> String {
        let before = self.wait_for(question);
        self.send(&format!("{answer}\r"));
        before
    }

    /// Returns true if the terminal shows what is typed.
    pub(crate) fn echoes(&self) -> bool {
        self.mode().local_modes.contains(LocalModes::ECHO)
    }

    /// Returns true if the mode is that from before the start.
    pub(crate) fn mode_is_as_before(&self) -> bool {
        let now = self.mode();
        let codes = |mode: &Termios| format!("{:?}", mode.special_codes);
        (now.local_modes, now.input_modes, now.output_modes, now.control_modes)
            == (
                self.before.local_modes,
                self.before.input_modes,
                self.before.output_modes,
                self.before.control_modes,
            )
            && codes(&now) == codes(&self.before)
    }

    fn mode(&self) -> Termios {
        tcgetattr(self.slave.as_ref().expect("until the end")).expect("the mode")
    }

    /// Returns the ID of the process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the end of the program.
    #[track_caller]
    pub(crate) fn finish(mut self) -> Ended {
        let started = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("its status") {
                break status;
            }
            assert!(started.elapsed() < TIMEOUT, "it does not end\n{}", masked(&plain(&self.screen().bytes)));
            std::thread::park_timeout(Duration::from_millis(5));
        };
        let mode_is_as_before = self.mode_is_as_before();
        // Without this side, the reader comes to an end.
        self.slave = None;
        let deadline = Instant::now() + TIMEOUT;
        let (lock, changed) = &*self.screen;
        let mut screen = lock.lock().unwrap_or_else(PoisonError::into_inner);
        while !screen.ended && Instant::now() < deadline {
            screen = changed.wait_timeout(screen, TIMEOUT).unwrap_or_else(PoisonError::into_inner).0;
        }
        let shown = plain(&screen.bytes);
        drop(screen);
        if let Some(reader) = self.reader.take() {
            reader.join().expect("the reader");
        }
        for secret in [TOKEN, API_KEY] {
            assert!(!shown.contains(secret), "a secret is on the screen\n{}", masked(&shown));
        }
        Ended { code: status.code(), signal: status.signal(), screen: shown, mode_is_as_before }
    }

    fn screen(&self) -> MutexGuard<'_, Screen> {
        self.screen.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Ended {
    /// It ended with this code, and the terminal has the mode that it had before.
    #[track_caller]
    pub(crate) fn exits(&self, code: i32) {
        assert_eq!(self.code, Some(code), "{self}");
        assert!(self.mode_is_as_before, "the mode of the terminal has changed\n{self}");
    }

    /// All these texts were on the screen, whatever the line breaks between their words.
    #[track_caller]
    pub(crate) fn says(&self, texts: &[&str]) {
        let joined = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let shown = joined(&self.screen);
        for text in texts {
            assert!(shown.contains(&joined(text)), "not on the screen: `{text}`\n{self}");
        }
    }
}

impl std::fmt::Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "exit code {:?}, signal {:?}\n{}", self.code, self.signal, masked(&self.screen))
    }
}

/// Copies the output of the terminal until nobody has its other side.
fn reader(mut master: File, screen: Shared) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        loop {
            // EIO at the end.
            let read = master.read(&mut buffer).unwrap_or(0);
            let mut screen_now = screen.0.lock().unwrap_or_else(PoisonError::into_inner);
            screen_now.bytes.extend_from_slice(&buffer[..read]);
            screen_now.ended = read == 0;
            screen.1.notify_all();
            if read == 0 {
                return;
            }
        }
    })
}

/// Returns the output with `\n` at the ends of lines.
fn plain(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).replace('\r', "")
}

fn masked(screen: &str) -> String {
    block("the screen", &screen.replace(TOKEN, "***").replace(API_KEY, "***"))
}

#[test]
fn terminal_has_a_mode_and_ctrl_c_is_a_signal() {
    let shell = |script: &str| {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]).env_clear().env("PATH", "/usr/bin:/bin").current_dir("/");
        Terminal::start(&command)
    };
    let mut terminal = shell("stty -echo; printf 'ready '; read x; stty echo; echo \"got $x\"; exit 3");
    terminal.wait_for("ready ");
    assert!(!terminal.echoes() && !terminal.mode_is_as_before());
    terminal.send("hidden\r");
    terminal.wait_for("got hidden\n");
    assert!(terminal.echoes());
    let ended = terminal.finish();
    ended.exits(3);
    assert_eq!(ended.screen, "ready got hidden\n");

    let mut terminal = shell("printf 'ready '; read x; echo no");
    assert_eq!(terminal.wait_for("ready "), "");
    terminal.send(CTRL_C);
    let ended = terminal.finish();
    assert_eq!((ended.signal, ended.code), (Some(2), None), "{ended}");
    assert!(!ended.screen.contains("no"), "{ended}");

    let mut terminal = shell("printf 'ready '; read x || echo end");
    terminal.wait_for("ready ");
    terminal.send(CTRL_D);
    terminal.wait_for("end");
    terminal.finish().exits(0);
}
