//! A year of runs, one every five minutes, with a simulated clock.

use std::cell::Cell;
use std::fs;
use std::io::Write as _;

use crate::in_process::{is_alone, run_in_process};
use crate::sandbox::{Sandbox, TOKEN};
use fake_gandi::{Answer, Family, Fault, On, Times};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const START: u64 = 1_800_000_000;
/// The lifetime of each token, in seconds.
const LIFETIME: u64 = 90 * DAY;

/// An event at the start of an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    /// The public address changes.
    Moves,
    /// Gandi responds with 500 for this number of hours.
    GandiIsOut(u64),
    /// No server can be reached for this number of hours.
    NetworkIsOut(u64),
    /// One echo service returns a wrong address for this number of hours.
    OneLies(u64),
    /// The state is lost, since it is in memory.
    Reboots,
}

/// Returns the event of this hour of the year. The intervals are primes, so that all combinations occur in a year.
fn event(hour: u64) -> Option<Event> {
    match hour {
        0 => None,
        h if h % 41 == 0 => Some(Event::Moves),
        h if h % 211 == 0 => Some(Event::GandiIsOut(1 + h % 7)),
        h if h % 307 == 0 => Some(Event::NetworkIsOut(1 + h % 11)),
        h if h % 401 == 0 => Some(Event::OneLies(3)),
        h if h % 503 == 0 => Some(Event::Reboots),
        _ => None,
    }
}

/// The machine's environment.
struct World {
    s: Sandbox,
    now: Cell<u64>,
    address: String,
    moves: usize,
    /// The end of the current outage, in seconds since 1970; 0 if there is none.
    troubled: u64,
    /// The tokens and their expiry, in seconds since 1970.
    tokens: Vec<(String, u64)>,
}

impl World {
    fn new() -> Self {
        let s = Sandbox::new();
        s.config_with(
            "recheck = 6h\nrenew_token = yes\nhistory = history\n",
            "[example.org]\nnames = home\n",
        );
        let tokens = vec![(TOKEN.to_owned(), START + LIFETIME)];
        Self {
            s,
            now: Cell::new(START),
            address: crate::sandbox::ADDRESS.to_owned(),
            moves: 0,
            troubled: 0,
            tokens,
        }
    }

    fn happens(&mut self, event: Event) {
        let (s, until) = (&self.s, |hours| self.now.get() + hours * HOUR);
        match event {
            Event::Moves => {
                self.moves += 1;
                self.address = format!("81.2.{}.{}", 70 + self.moves / 200, 1 + self.moves % 200);
                s.fake.set_address(Family::V4, &self.address);
                // The first service may have a function of its own since it was wrong.
                self.honest();
            }
            Event::GandiIsOut(hours) => {
                s.fake.fault(On::path("/v5/"), Times::Always, Fault::Answer(Answer::html(500, "<p>no")));
                self.troubled = until(hours);
            }
            Event::NetworkIsOut(hours) => {
                s.v4.iter().for_each(fake_gandi::Echo::refuse);
                s.fake.refuse();
                self.troubled = until(hours);
            }
            Event::OneLies(hours) => {
                s.v4[0].answer_from(|| "81.2.66.6".to_owned());
                self.troubled = until(hours);
            }
            Event::Reboots => fs::remove_dir_all(s.path("state")).expect("the state"),
        }
    }

    fn honest(&self) {
        let address = self.address.clone();
        self.s.v4[0].answer_from(move || address.clone());
    }

    fn all_is_well_again(&mut self) {
        self.s.fake.clear_faults();
        self.s.fake.restore();
        self.honest();
        for echo in &self.s.v4 {
            echo.restore();
        }
        self.troubled = 0;
    }

    /// Updates the remaining lifetime of each token, and revokes the expired ones.
    fn a_day_passes(&mut self) {
        let now = self.now.get();
        let token = fs::read_to_string(self.s.path("token")).expect("the token").trim().to_owned();
        if self.tokens.last().is_some_and(|(known, _)| *known != token) {
            self.tokens.push((token, now + LIFETIME));
        }
        for (token, expires) in &self.tokens {
            match expires.checked_sub(now) {
                Some(left) => self.s.fake.set_left(token, left),
                None => self.s.fake.revoke(token),
            }
        }
    }
}

#[test]
fn record_is_right_through_a_year_of_moves_outages_renewals_and_reboots() {
    // This test does not use the binary.
    if std::env::var_os("GANDI_DDNS_COMMAND").is_some() {
        return;
    }
    if !is_alone("simulated_year::record_is_right_through_a_year_of_moves_outages_renewals_and_reboots") {
        return;
    }
    let mut w = World::new();
    let (mut runs, mut failures, mut recovering) = (0, 0, 0);
    for tick in 0..365 * 24 * 12 {
        w.now.set(START + tick * 5 * MINUTE);
        let now = w.now.get();
        if w.troubled != 0 && now >= w.troubled {
            w.all_is_well_again();
            // The backoff may last another hour.
            recovering = now + HOUR + 5 * MINUTE;
        }
        if tick % (24 * 12) == 0 {
            w.a_day_passes();
        }
        if let (0, Some(event)) = (tick % 12, event(tick / 12)) {
            w.happens(event);
        }
        let ran = run_in_process(&w.s, &[], &|| w.now.get(), &|_| {}, tick);
        runs += 1;
        let code = ran.code.expect("a code");
        failures += usize::from(code != 0);
        assert!(code == 0 || code == 75 && (w.troubled != 0 || now < recovering), "{now}: {ran:?}");
        if code == 0 && w.troubled == 0 && now >= recovering {
            let current = w.s.fake.get("example.org", "home", "A").expect("the record");
            // `recheck` is six hours, but a changed address is noticed at once.
            assert_eq!(current.values, [w.address.as_str()], "{now}");
        }
    }
    let current = w.s.fake.get("example.org", "home", "A").expect("the record");
    assert_eq!(current.values, [w.address.as_str()]);
    // The first write creates the record; each further one follows a change of the address.
    assert_eq!(w.s.count("PUT"), 1 + w.moves);
    assert!(w.tokens.len() >= 5, "renewed every 75 days: {}", w.tokens.len());
    let of = |listener: &str| w.s.fake.requests().iter().filter(|r| r.listener.starts_with(listener)).count();
    let summary = format!(
        "a year: {runs} runs, {failures} of them in outages; {} moves, {} writes; requests: {} to LiveDNS, {} about the \
         token, {} renewals, {} to address services",
        w.moves,
        w.s.count("PUT"),
        of("livedns"),
        of("id"),
        of("organization"),
        of("echo"),
    );
    let _ = writeln!(std::io::stderr(), "{summary}");
}
