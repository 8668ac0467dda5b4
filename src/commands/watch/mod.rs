//! The watch command: a pass at the start, and then one whenever there is a reason for it.

// `inline(never)` in this folder: functions that are called once grow by 1.6 kB in all (armv6) where they are inlined.

mod pace;
mod presence;

use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use super::context::{Context, hide_credentials, load, report_config_error};
use super::update::{self, Pass, Updater};
use crate::cli::{GlobalOptions, UpdateOptions, WatchOptions};
use crate::config::Credentials;
use crate::console::Console;
use crate::events::{Event, Listener};
use crate::exit::Exit;
use crate::sys::notify_socket::Manager;
use crate::sys::random::Random;
use pace::{Finding, Made, Pace, Step};
use presence::Presence;

/// Makes passes until a signal makes `stop` readable. Only a config that is invalid at the start ends it otherwise.
#[inline(never)]
pub fn execute(
    options: &GlobalOptions,
    watch: &WatchOptions,
    (stop, manager): (BorrowedFd, Manager),
    context: &Context,
    console: &mut Console,
) -> Exit {
    let update = UpdateOptions::default();
    let mut watcher = Watcher { options, update: &update, context, updater: None, told: String::new() };
    let mut waiter = Waiter {
        listener: Listener::new(stop),
        pace: Pace::new(milliseconds(watch.interval)),
        started: Instant::now(),
    };
    let mut presence = Presence::new(manager, (context.now)());
    let mut due = Step::Routine;
    loop {
        let start = waiter.now();
        if let Err(exit) = watcher.reload(console) {
            return exit;
        }
        let mut result = Finding::TryLater;
        if let Some(updater) = &mut watcher.updater {
            waiter.listener.listen_to(updater.config.routers());
            if let Err(exit) = presence.note((&updater.config, updater.id), (context.now)(), console) {
                return exit;
            }
            result = pass(updater, &mut presence, console);
        }
        waiter.pace.made(due, Made { start, end: waiter.now(), result });
        console.start_anew(context.env.token.as_deref());
        let Some(next) = waiter.wait(&mut presence, console) else {
            console.debug(format_args!("ended by a signal"));
            presence.end();
            waiter.listener.end();
            return Exit::Ok;
        };
        due = next;
    }
}

/// The config in force, and the memory of the passes.
struct Watcher<'a> {
    options: &'a GlobalOptions,
    update: &'a UpdateOptions,
    context: &'a Context<'a>,
    /// Has the config in force; `None` as long as a temporary failure keeps it from being read.
    updater: Option<Updater<'a>>,
    /// The problem of the config that was last printed; empty if it is valid.
    told: String,
}

impl Watcher<'_> {
    /// Reads the config and the tokens again. Of one that is invalid the problems are printed once, and the last valid one
    /// stays in force. Without one, only a temporary failure is no error.
    #[inline(never)]
    fn reload(&mut self, console: &mut Console) -> Result<(), Exit> {
        let problem = match load(self.options, self.context, Credentials::Required) {
            Ok((config, id)) => {
                if let Some(updater) = &mut self.updater {
                    (updater.config, updater.id) = (config, id);
                } else {
                    let context = self.context;
                    let random = Random::new(context.seed);
                    self.updater = Some(Updater::new(config, id, self.update, context, random));
                }
                None
            }
            Err(e) => Some(e),
        };
        let mut suffix = "";
        if let Some(updater) = &self.updater {
            hide_credentials(&updater.config, console);
            suffix = "; the last valid config stays in force";
        }
        let Some(e) = problem else {
            if !self.told.is_empty() {
                console.notice(format_args!("the config is valid again"));
                self.told.clear();
            }
            return Ok(());
        };
        let (exit, text) = (e.exit(), e.to_string());
        if suffix.is_empty() && exit == Exit::TryLater {
            suffix = "; trying again";
        }
        if self.told != text {
            report_config_error(&e, suffix, console);
            self.told = text;
        }
        if suffix.is_empty() { Err(exit) } else { Ok(()) }
    }
}

/// Makes a pass, and tells the service manager its result.
#[inline(never)]
fn pass(updater: &mut Updater, presence: &mut Presence, console: &mut Console) -> Finding {
    presence.begin(&updater.config);
    let Pass { exit, has_changed, summary } = update::pass(updater, console);
    presence.tell(&summary, console);
    match exit {
        Exit::TryLater => Finding::TryLater,
        _ if has_changed => Finding::News,
        _ => Finding::Nothing,
    }
}

/// Waits for the next reason for a pass.
struct Waiter<'a> {
    listener: Listener<'a>,
    pace: Pace,
    started: Instant,
}

impl Waiter<'_> {
    /// Returns the time since the start, by a clock that never jumps.
    fn now(&self) -> u64 {
        milliseconds(self.started.elapsed())
    }

    /// Waits until a pass is due, and prints why it is. `None` if the program is to end.
    #[inline(never)]
    fn wait(&mut self, presence: &mut Presence, console: &mut Console) -> Option<Step> {
        let mut reason = None;
        let left = self.pace.left(self.now()).div_ceil(1000);
        console.debug(format_args!("next pass in {left} s at the latest"));
        let step = loop {
            let now = self.now();
            let step = self.pace.next(now);
            let (Step::Listen(time) | Step::Gather(time) | Step::Pause(time)) = step else { break step };
            let time = presence.ping(now, time);
            let mut event = match step {
                Step::Listen(_) => self.listener.wait(time, console),
                _ => self.listener.pause(time),
            };
            if event.is_none() && matches!(step, Step::Gather(_)) {
                event = self.listener.drain();
            }
            match event {
                Some(Event::Stop) => return None,
                Some(event) => {
                    reason.get_or_insert(event);
                    self.pace.event(self.now(), self.listener.awaited());
                }
                None => {}
            }
        };
        // This pass looks at everything that has happened so far.
        if self.listener.drain() == Some(Event::Stop) {
            return None;
        }
        let reason = reason.filter(|_| step == Step::Respond);
        console.debug(format_args!("woken: {}", reason.map_or("the timer", Event::text)));
        Some(step)
    }
}

/// Returns a time in milliseconds, without a `u128`.
#[inline(never)]
const fn milliseconds(time: Duration) -> u64 {
    time.as_secs() * 1000 + time.subsec_millis() as u64
}
