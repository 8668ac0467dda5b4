//! The watch command: a pass at the start, and then one whenever there is a reason for it.

mod pace;

use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use super::context::{Context, hide_credentials, load, report_config_error};
use super::update::{self, Pass};
use crate::cli::{GlobalOptions, UpdateOptions, WatchOptions};
use crate::config::{Config, ConfigError, Credentials};
use crate::console::Console;
use crate::events::{Event, Listener};
use crate::exit::Exit;
use crate::net::Device;
use crate::sys::hash::ConfigId;
use crate::sys::random::Random;
use pace::{Finding, Made, Pace, Step};

/// Makes passes until a signal makes `stop` readable. Only a config that is invalid at the start ends it otherwise.
pub fn execute(
    options: &GlobalOptions,
    watch: &WatchOptions,
    stop: BorrowedFd,
    context: &Context,
    console: &mut Console,
) -> Exit {
    let mut random = Random::new(context.seed);
    let mut watcher = Watcher { options, context, loaded: None, told: String::new(), findings: 0 };
    let mut waiter = Waiter {
        listener: Listener::new(stop, &[]),
        stop,
        routers: Vec::new(),
        pace: Pace::new(milliseconds(watch.interval)),
        started: Instant::now(),
    };
    let mut due = Step::Routine;
    loop {
        let start = waiter.now();
        if let Some(exit) = watcher.reload(console) {
            return exit;
        }
        if let Some((config, _)) = &watcher.loaded {
            waiter.listen_to(config.routers());
        }
        let result = watcher.pass(random.split(), console);
        waiter.pace.made(due, Made { start, end: waiter.now(), result });
        let Some(next) = waiter.wait(console) else {
            console.debug(format_args!("ending: signal"));
            waiter.listener.end();
            return Exit::Ok;
        };
        due = next;
    }
}

/// The config in force, and what is known of the last pass.
struct Watcher<'a> {
    options: &'a GlobalOptions,
    context: &'a Context<'a>,
    /// The config in force; `None` as long as a temporary failure keeps it from being read.
    loaded: Option<(Box<Config>, ConfigId)>,
    /// The problem of the config that was last printed; empty if it is valid.
    told: String,
    /// See [`Pass::findings`].
    findings: u64,
}

impl Watcher<'_> {
    /// Reads the config again. A bad one is printed once, and the last good one stays in force. Returns the exit code if
    /// there is none, and waiting for one is of no use.
    fn reload(&mut self, console: &mut Console) -> Option<Exit> {
        match load(self.options, self.context, Credentials::Required) {
            Ok((config, id)) => {
                if !self.told.is_empty() {
                    console.notice(format_args!("the config is valid again"));
                    self.told.clear();
                }
                self.loaded = Some((config, id));
                None
            }
            Err(e) => self.keep(&e, console),
        }
    }

    fn keep(&mut self, e: &ConfigError, console: &mut Console) -> Option<Exit> {
        let text = e.to_string();
        let suffix = match &self.loaded {
            Some(_) => "; the former config stays in force",
            None if e.exit() == Exit::TryLater => "; trying again",
            None => "",
        };
        if self.told != text {
            report_config_error(e, suffix, console);
            self.told = text;
        }
        (suffix.is_empty()).then(|| e.exit())
    }

    /// Makes a pass, if there is a config.
    fn pass(&mut self, random: Random, console: &mut Console) -> Finding {
        let Some((config, id)) = self.loaded.take() else { return Finding::TryLater };
        hide_credentials(&config, console);
        let options = UpdateOptions::default();
        let Pass { config, exit, findings, summary } =
            update::pass(config, id, &options, self.context, random, console);
        self.loaded = Some((config, id));
        console.debug(format_args!("{summary}"));
        let is_news = self.findings != findings;
        self.findings = findings;
        match exit {
            Exit::TryLater => Finding::TryLater,
            _ if is_news => Finding::News,
            _ => Finding::Nothing,
        }
    }
}

/// Waits for the next reason for a pass.
struct Waiter<'a> {
    listener: Listener<'a>,
    stop: BorrowedFd<'a>,
    /// The gateways that are listened to.
    routers: Vec<Option<Device>>,
    pace: Pace,
    started: Instant,
}

impl Waiter<'_> {
    /// Returns the time since the start, by a clock that never jumps.
    fn now(&self) -> u64 {
        milliseconds(self.started.elapsed())
    }

    /// Listens to these gateways from now on.
    fn listen_to(&mut self, routers: Vec<Option<Device>>) {
        if self.routers != routers {
            self.listener.end();
            self.listener = Listener::new(self.stop, &routers);
            self.routers = routers;
        }
    }

    /// Waits until a pass is due, and prints why it is. `None` if the program is to end.
    fn wait(&mut self, console: &mut Console) -> Option<Step> {
        let mut reason = None;
        let step = loop {
            let (step, event) = match self.pace.next(self.now()) {
                step @ Step::Listen(time) => (step, self.listener.wait(Duration::from_millis(time), console)),
                step @ (Step::Gather(time) | Step::Pause(time)) => {
                    (step, self.listener.pause(Duration::from_millis(time)))
                }
                step => break step,
            };
            let event =
                if matches!(step, Step::Gather(_)) { event.or_else(|| self.listener.drain()) } else { event };
            match event {
                Some(Event::Stop) => return None,
                Some(event) => {
                    reason.get_or_insert(event);
                    self.pace.event(self.now());
                }
                None => {}
            }
        };
        // This pass looks at everything that has happened so far.
        if self.listener.drain() == Some(Event::Stop) {
            return None;
        }
        let reason = reason.filter(|_| step == Step::Respond).map_or("the timer", Event::text);
        console.debug(format_args!("woken: {reason}"));
        Some(step)
    }
}

/// Returns a time in milliseconds, without a `u128`.
const fn milliseconds(time: Duration) -> u64 {
    time.as_secs() * 1000 + time.subsec_millis() as u64
}
