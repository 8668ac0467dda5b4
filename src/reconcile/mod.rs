//! One pass: detect the addresses, read the zone, plan, write. A pass never ends early: the failure of one record
//! leaves its neighbours alone.

mod plan;
mod reading;
mod zone_cache;

use std::net::IpAddr;
use std::rc::Rc;

use crate::address::detector::{Answers, Detector};
use crate::address::votes::{Bar, Confirmed};
use crate::cli::WriteMode;
use crate::config::{Config, Record};
use crate::console::Console;
use crate::dns::{Current, Rrset};
use crate::gandi;
use crate::http::Http;
use crate::outcome::{Failure, Outcome, Refusal, Success};
use crate::state::{self, RecordState, State};
use crate::sys::random::Random;
use crate::sys::time::Timestamp;
pub(crate) use plan::refusal_of;
use plan::{Action, Desired, plan};
pub(crate) use reading::{Content, read};
use zone_cache::{Delegation, ZoneCache};

/// The inputs of a pass besides the config.
pub(crate) struct PassContext<'a> {
    /// The state that earlier runs left.
    pub(crate) state: &'a State,
    pub(crate) now: Timestamp,
    pub(crate) mode: WriteMode,
    /// Random numbers for the order of services and the length of delays.
    pub(crate) random: Random,
}

/// Runs one pass. The outcomes name each configured record once.
pub(crate) fn reconcile(
    config: &Config,
    http: &Http,
    mut context: PassContext,
    console: &mut Console,
) -> Vec<Outcome> {
    let (answers, order) = (Answers::default(), context.random.split());
    let mut families = Vec::new();
    let mut outcomes = Vec::with_capacity(config.records.len());
    let mut targets = Vec::new();
    for (number, target) in config.detection.targets.iter().enumerate() {
        let records = records_of(config, &context, number, &mut outcomes);
        if !records.is_empty() {
            targets.push((target, records));
        }
    }
    // With several lines, one that is down must leave time for the others and for Gandi.
    let has_lines = match targets.as_slice() {
        [(one, _), (other, _)] => one.family == other.family,
        targets => targets.len() > 2,
    };
    let mut shares = if has_lines { u32::try_from(targets.len() + 1).unwrap_or(u32::MAX) } else { 1 };
    for (target, records) in targets {
        let family = target.family;
        let sources = target.sources.list(family, Some(&order));
        let time = http.remaining() / shares;
        shares = (shares - 1).max(1);
        let mut detector = Detector::new(family, sources, target.quorum, time, &answers);
        if is_unchanged(config, &context, &records, || detector.hint(http, console)) {
            for tracked in &records {
                if let Some(confirmed) = fresh(config, &context, tracked) {
                    add(&mut outcomes, tracked.record, Ok(Success::Cached(rrset_of(confirmed))));
                }
            }
            continue;
        }
        let believed = detector.first(http, console).and_then(|first| {
            detector.believed(compare_confirmed(config, &context, &records, first), http, console)
        });
        match believed {
            Ok(address) => families.push(FamilyRecords { records, detector, address }),
            Err(e) => {
                let e = Rc::new(e);
                for tracked in &records {
                    add(&mut outcomes, tracked.record, Err(Failure::Address(Rc::clone(&e))));
                }
            }
        }
    }
    let zones = ZoneCache::new(config, http, context.random.clone());
    let mut pass = Pass { config, context, http, zones };
    pass.plan_reads(&families);
    for family in families {
        pass.reconcile_family(family, console, &mut outcomes);
    }
    outcomes
}

/// One record of the config, and what is known about it.
struct Tracked<'a> {
    record: &'a Record,
    /// The state that earlier runs left; `None` if there is none.
    state: Option<&'a RecordState>,
    /// The content of the zone, or the reason why it could not be read; `None` if it was not queried.
    read: Option<Result<Current, Rc<gandi::Error>>>,
    /// The record that takes this one out of its zone, if there is one; `None` if it was not looked for.
    delegation: Option<Delegation>,
}

#[inline(never)]
fn add(outcomes: &mut Vec<Outcome>, record: &Record, result: Result<Success, Failure>) {
    outcomes.push(Outcome { account: record.account, keys: vec![record.key.clone()], result });
}

/// Returns the records of a target, by its number. Those that are in backoff become outcomes at once.
fn records_of<'a>(
    config: &'a Config,
    context: &PassContext<'a>,
    target: usize,
    outcomes: &mut Vec<Outcome>,
) -> Vec<Tracked<'a>> {
    let mut records = Vec::new();
    for record in config.records.iter().filter(|r| r.target == target) {
        let state = context.state.record(config.account(record).api.as_str(), &record.key);
        match state.and_then(|state| state.in_backoff(context.now)) {
            Some(failure) => add(outcomes, record, Err(Failure::BackedOff(failure.clone()))),
            None => records.push(Tracked { record, state, read: None, delegation: None }),
        }
    }
    records
}

/// Fast path: if every record has a fresh confirmation and `hint` returns the confirmed address, no request to Gandi
/// is made. `hint` is called only if every record has a fresh confirmation.
fn is_unchanged(
    config: &Config,
    context: &PassContext,
    records: &[Tracked],
    hint: impl FnOnce() -> Option<IpAddr>,
) -> bool {
    records.iter().all(|r| fresh(config, context, r).is_some())
        && hint().is_some_and(|address| {
            records.iter().all(|r| {
                fresh(config, context, r).is_some_and(|c| c.address == r.record.desired_address(address))
            })
        })
}

/// Compares `address` with the records that have a fresh confirmation.
fn compare_confirmed(
    config: &Config,
    context: &PassContext,
    records: &[Tracked],
    address: IpAddr,
) -> Confirmed {
    let is_wrong = |r: &Tracked| {
        fresh(config, context, r).is_some_and(|c| c.address != r.record.desired_address(address))
    };
    if records.iter().any(is_wrong) { Confirmed::Contradicted } else { Confirmed::Compatible }
}

/// Returns the confirmation of a record, if it is fresh.
fn fresh<'a>(config: &Config, context: &PassContext, tracked: &Tracked<'a>) -> Option<&'a state::Confirmed> {
    tracked.state?.fresh(tracked.record.ttl, context.now, config.recheck.as_secs())
}

fn rrset_of(confirmed: &state::Confirmed) -> Rrset {
    Rrset::single(confirmed.address, confirmed.ttl)
}

/// The records of one target, and the detected address of this machine.
struct FamilyRecords<'a> {
    records: Vec<Tracked<'a>>,
    detector: Detector<'a>,
    address: IpAddr,
}

struct Pass<'a> {
    config: &'a Config,
    context: PassContext<'a>,
    http: &'a Http,
    zones: ZoneCache<'a>,
}

impl Pass<'_> {
    /// Tells the zone cache which records will be read: several reads of one zone are cheaper as one listing.
    fn plan_reads(&mut self, families: &[FamilyRecords]) {
        for family in families {
            for tracked in &family.records {
                if self.cached(tracked, family.address).is_none() {
                    self.zones.want(tracked.record);
                }
            }
        }
    }

    /// Returns the cached content of a record, if it is fresh and holds the desired address.
    fn cached(&self, tracked: &Tracked, address: IpAddr) -> Option<Rrset> {
        let confirmed = fresh(self.config, &self.context, tracked)?;
        (confirmed.address == tracked.record.desired_address(address)).then(|| rrset_of(confirmed))
    }

    /// Reads every record of a family. If one must be written, obtains the quorum before it writes.
    fn reconcile_family(
        &mut self,
        mut family: FamilyRecords,
        console: &mut Console,
        outcomes: &mut Vec<Outcome>,
    ) {
        let mut assessments = self.assess(&mut family, console);
        let mut no_quorum = None;
        // The hint comes second: the providers may agree on an address that needs no write.
        for bar in [Bar::Quorum, Bar::Hint] {
            if !assessments.iter().any(Assessment::is_write) {
                break;
            }
            match family.detector.agreed(bar, self.http, console) {
                Ok(address) if address == family.address => {}
                Ok(address) => {
                    console.debug(format_args!("the sources agree on {address}, not on {}", family.address));
                    family.address = address;
                    // The cached confirmations were compared with the other address: assess every record again.
                    assessments = self.assess(&mut family, console);
                }
                Err(e) => {
                    no_quorum = Some(Rc::new(e));
                    break;
                }
            }
        }
        if no_quorum.is_none()
            && assessments.iter().any(Assessment::is_write)
            && let Some(contradiction) = family.detector.contradiction(self.http, console)
        {
            console.warn(format_args!("{contradiction}"));
        }
        for (Tracked { record, .. }, assessment) in family.records.iter().zip(assessments) {
            let result = match (assessment, &no_quorum) {
                (Assessment::Unread(e), _) => Err(Failure::Read(e)),
                (Assessment::Planned(Action::Refuse(refusal)), _) => Err(Failure::Refused(refusal)),
                // The sources contradict each other, so not even "unchanged" is known.
                (_, Some(e)) => Err(Failure::Address(Rc::clone(e))),
                (Assessment::Cached(rrset), None) => Ok(Success::Cached(rrset)),
                (Assessment::Planned(action), None) => self.apply(record, action),
            };
            add(outcomes, record, result);
        }
    }

    /// Assesses each record of a family, in the order of its records. Reads each RRset at most once.
    fn assess(&mut self, family: &mut FamilyRecords, console: &mut Console) -> Vec<Assessment> {
        let mut assessments = Vec::with_capacity(family.records.len());
        for tracked in &mut family.records {
            let cached = self.cached(tracked, family.address);
            let Record { ttl, multiple_values, .. } = tracked.record;
            assessments.push(match cached {
                Some(rrset) => Assessment::Cached(rrset),
                None => match tracked.read.get_or_insert_with(|| self.zones.read(tracked.record, console)) {
                    Ok(current) => {
                        let address = tracked.record.desired_address(family.address);
                        let (ttl, multiple_values) = (*ttl, *multiple_values);
                        let action = plan(&Desired { address, ttl, multiple_values }, current);
                        self.unless_delegated(tracked, action, console)
                    }
                    Err(e) => Assessment::Unread(Rc::clone(e)),
                },
            });
        }
        assessments
    }

    /// Refuses the write of a record of which another record takes the name out of the zone. Looks for that before the
    /// first write only, since it costs requests.
    fn unless_delegated(
        &mut self,
        tracked: &mut Tracked,
        action: Action,
        console: &mut Console,
    ) -> Assessment {
        let key = &tracked.record.key;
        let names = key.name.with_parents();
        let owners = match action {
            // The name itself was looked at when its RRset was not found.
            Action::Create(_) => names.get(1..).unwrap_or_default(),
            Action::Replace { .. } => &names,
            Action::Keep(_) | Action::Refuse(_) => return Assessment::Planned(action),
        };
        if tracked.state.and_then(|state| state.confirmed.as_ref()).is_some_and(|c| c.changed.is_some()) {
            return Assessment::Planned(action);
        }
        match tracked.delegation.get_or_insert_with(|| self.zones.delegation(tracked.record, owners, console))
        {
            Ok(None) => Assessment::Planned(action),
            Ok(Some(record)) => Assessment::Planned(Action::Refuse(Refusal::Delegated(record.clone()))),
            Err(e) => Assessment::Unread(Rc::clone(e)),
        }
    }

    fn apply(&mut self, record: &Record, action: Action) -> Result<Success, Failure> {
        let mode = self.context.mode;
        match action {
            Action::Refuse(refusal) => Err(Failure::Refused(refusal)),
            Action::Keep(rrset) => Ok(Success::Unchanged(rrset)),
            Action::Create(new) => {
                self.write(record, &new)?;
                Ok(Success::Created { new, mode })
            }
            Action::Replace { old, new } => {
                self.write(record, &new)?;
                Ok(Success::Replaced { old, new, mode })
            }
        }
    }

    fn write(&mut self, record: &Record, new: &Rrset) -> Result<(), Failure> {
        match self.context.mode {
            WriteMode::DryRun => Ok(()),
            WriteMode::Apply => {
                let livedns = self.zones.livedns(record);
                let Err(e) = livedns.write(&record.key, new) else { return Ok(()) };
                if e.is_conflict()
                    && let Ok(Some(obstacle)) = livedns.obstacle(&record.key)
                    && let Some(refusal) = refusal_of(&obstacle)
                {
                    return Err(Failure::Refused(refusal));
                }
                Err(Failure::Write(Rc::new(e)))
            }
        }
    }
}

/// The result of comparing one record with the zone, before the quorum permits a write.
enum Assessment {
    /// The cached content is right.
    Cached(Rrset),
    /// The zone was read, and this is the action.
    Planned(Action),
    /// The zone could not be read.
    Unread(Rc<gandi::Error>),
}

impl Assessment {
    const fn is_write(&self) -> bool {
        matches!(self, Self::Planned(Action::Create(_) | Action::Replace { .. }))
    }
}
