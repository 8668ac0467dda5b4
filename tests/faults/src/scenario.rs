//! The runs into which faults are injected.

use crate::world::{ADDRESS, STALE, TOKEN, World};

/// The effect of the undisturbed run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// The record gets the right address.
    Update,
    /// The same, and the token is renewed.
    Renewal,
    /// None: nothing may be written at all.
    Nothing,
}

/// A run of the program, and what is there before it.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) arguments: &'static [&'static str],
    /// Config lines in addition to the usual ones.
    pub(crate) keys: &'static str,
    /// Lines of the section in the config.
    pub(crate) section: &'static str,
    pub(crate) prepare: fn(&World),
    /// The exit code of the undisturbed run.
    pub(crate) exit: i32,
    pub(crate) effect: Effect,
}

const PLAIN: Scenario = Scenario {
    name: "",
    arguments: &[],
    keys: "ipv6 = off\n",
    section: "names = home\n",
    prepare: right,
    exit: 0,
    effect: Effect::Nothing,
};

pub(crate) static SCENARIOS: [Scenario; 8] = [
    Scenario {
        name: "create",
        arguments: &["-v"],
        prepare: |world| world.set_address(ADDRESS),
        effect: Effect::Update,
        ..PLAIN
    },
    Scenario { name: "change", prepare: stale, effect: Effect::Update, ..PLAIN },
    Scenario { name: "quiet", effect: Effect::Update, ..PLAIN },
    Scenario { name: "check", arguments: &["check"], ..PLAIN },
    Scenario { name: "status", arguments: &["status"], ..PLAIN },
    Scenario { name: "ip", arguments: &["ip"], ..PLAIN },
    // The A record changes; no service knows an IPv6 address. So all three notifications are sent.
    Scenario {
        name: "hook",
        keys: "on_change = hook\non_failure = hook\n",
        section: "names = home\ntypes = A AAAA\n",
        prepare: |world| {
            stale(world);
            world.set_ipv6_status(500);
        },
        exit: 75,
        effect: Effect::Update,
        ..PLAIN
    },
    Scenario {
        name: "renew",
        keys: "ipv6 = off\nrenew_token = yes\n",
        prepare: |world| {
            right(world);
            world.remove_state();
            world.fake.set_left(TOKEN, 10 * 86_400 + 100);
        },
        effect: Effect::Renewal,
        ..PLAIN
    },
];

impl Scenario {
    /// Returns its place in [`SCENARIOS`].
    pub(crate) fn index(&self) -> usize {
        SCENARIOS.iter().position(|s| s.name == self.name).expect("one of them")
    }
}

/// A run has created the record with the right address, and saved it.
fn right(world: &World) {
    world.set_address(ADDRESS);
    world.undisturbed(&[]);
}

/// A run has created the record with an address that is not this machine's any more.
fn stale(world: &World) {
    world.set_address(STALE);
    world.undisturbed(&[]);
    world.set_address(ADDRESS);
}
