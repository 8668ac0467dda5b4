//! The watch command: a pass at the start, and then one whenever there is a reason for it.

// `inline(never)` in this folder: functions that are called once grow by 1.6 kB in all (armv6) where they are inlined.

mod pace;
mod presence;

use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use super::context::{Context, hide_credentials, load, report_config_error};
use super::update::{self, Pass, Standing};
use crate::cli::{GlobalOptions, UpdateOptions, WatchOptions};
use crate::config::Credentials;
use crate::console::Console;
use crate::events::{Event, Listener};
use crate::exit::Exit;
use crate::net::Device;
use crate::sys::notify_socket::Manager;
use crate::sys::random::Random;
use pace::{Finding, Made, Pace, Step};
use presence::Presence;

/// Makes passes until a signal makes `stop` readable. Only a config that is invalid at the start ends it otherwise.
pub fn execute(
    options: &GlobalOptions,
    watch: &WatchOptions,
    (stop, manager): (BorrowedFd, Manager),
    context: &Context,
    console: &mut Console,
) -> Exit {
    let mut random = Random::new(context.seed);
    let mut watcher = Watcher { options, context, standing: None, told: String::new(), findings: 0 };
    let mut waiter = Waiter {
        listener: Listener::new(stop, &[]),
        stop,
        routers: Vec::new(),
        pace: Pace::new(milliseconds(watch.interval)),
        started: Instant::now(),
    };
    let mut presence = Presence::new(manager, (context.now)());
    let (mut due, mut reason) = (Step::Routine, "start");
    loop {
        let start = waiter.now();
        if let Err(exit) = watcher.reload(console) {
            return exit;
        }
        if let Some(Standing { config, id, .. }) = &watcher.standing {
            waiter.listen_to(config.routers());
            if let Err(exit) = presence.note((config, *id), reason, (context.now)(), console) {
                return exit;
            }
        }
        let result = watcher.pass(random.split(), &presence, console);
        waiter.pace.made(due, Made { start, end: waiter.now(), result });
        console.start_anew(context.env.token.as_deref());
        let Some((next, event)) = waiter.wait(&mut presence, console) else {
            console.debug(format_args!("ended by a signal"));
            waiter.listener.end();
            return Exit::Ok;
        };
        due = next;
        reason = match event {
            Some(event) => event.word(),
            None if result == Finding::TryLater => "retry",
            None => "timer",
        };
    }
}

/// The config in force, and what is known of the last pass.
struct Watcher<'a> {
    options: &'a GlobalOptions,
    context: &'a Context<'a>,
    /// The config in force; `None` as long as a temporary failure keeps it from being read.
    standing: Option<Standing>,
    /// The problem of the config that was last printed; empty if it is valid.
    told: String,
    /// See [`Pass::findings`].
    findings: u64,
}

impl Watcher<'_> {
    /// Reads the config and the tokens again. Of one that is invalid the problems are printed once, and the last valid one
    /// stays in force. Without one, only a temporary failure is no error.
    #[inline(never)]
    fn reload(&mut self, console: &mut Console) -> Result<(), Exit> {
        let e = match load(self.options, self.context, Credentials::Required) {
            Ok((config, id)) => {
                if !self.told.is_empty() {
                    console.notice(format_args!("the config is valid again"));
                    self.told.clear();
                }
                hide_credentials(&config, console);
                let state = self.standing.take().map(|standing| standing.state).unwrap_or_default();
                self.standing = Some(Standing { config, id, state });
                return Ok(());
            }
            Err(e) => e,
        };
        let (exit, text) = (e.exit(), e.to_string());
        let suffix = match &self.standing {
            Some(standing) => {
                hide_credentials(&standing.config, console);
                "; the last valid config stays in force"
            }
            None if exit == Exit::TryLater => "; trying again",
            None => "",
        };
        if self.told != text {
            report_config_error(&e, suffix, console);
            self.told = text;
        }
        if suffix.is_empty() { Err(exit) } else { Ok(()) }
    }

    /// Makes a pass, if there is a config.
    #[inline(never)]
    fn pass(&mut self, random: Random, presence: &Presence, console: &mut Console) -> Finding {
        let Some(standing) = self.standing.take() else { return Finding::TryLater };
        let pings = presence.ping_during(&standing.config);
        let Pass { standing, exit, findings, summary } =
            update::pass(standing, &UpdateOptions::default(), self.context, random, console);
        drop(pings);
        self.standing = Some(standing);
        presence.tell(&summary, console);
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
    #[inline(never)]
    fn listen_to(&mut self, routers: Vec<Option<Device>>) {
        if self.routers != routers {
            self.listener.end();
            self.listener = Listener::new(self.stop, &routers);
            self.routers = routers;
        }
    }

    /// Waits until a pass is due, and prints why it is. Returns the event behind it, if there is one. `None` if the program
    /// is to end.
    #[inline(never)]
    fn wait(&mut self, presence: &mut Presence, console: &mut Console) -> Option<(Step, Option<Event>)> {
        let mut reason = None;
        let ignored = if self.pace.is_deaf() {
            "; too many events have led to nothing, so they are ignored"
        } else {
            ""
        };
        let left = self.pace.left(self.now()) / 1000;
        console.debug(format_args!("next pass in {left} s at the latest{ignored}"));
        let step = loop {
            let now = self.now();
            let (step, event) = match self.pace.next(now) {
                step @ Step::Listen(time) => {
                    (step, self.listener.wait(Duration::from_millis(presence.ping(now, time)), console))
                }
                step @ (Step::Gather(time) | Step::Pause(time)) => {
                    (step, self.listener.pause(Duration::from_millis(presence.ping(now, time))))
                }
                step => break step,
            };
            let event =
                if matches!(step, Step::Gather(_)) { event.or_else(|| self.listener.drain()) } else { event };
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
        Some((step, reason))
    }
}

/// Returns a time in milliseconds, without a `u128`.
const fn milliseconds(time: Duration) -> u64 {
    time.as_secs() * 1000 + time.subsec_millis() as u64
}
