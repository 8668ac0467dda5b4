//! One round: learn the addresses, look at the zone, decide, write. Never ends early: one record's failure
//! leaves its neighbours alone.

mod plan;
mod zone_cache;

use std::net::IpAddr;
use std::rc::Rc;

use crate::address::detector::Detector;
use crate::config::{Config, Detection, Record};
use crate::console::Console;
use crate::dns::Rrset;
use crate::gandi;
use crate::gandi::livedns::LiveDns;
use crate::http::Http;
use crate::net::Family;
use crate::outcome::{Done, Failure, Outcome};
use crate::state::State;
use crate::sys::random::Random;

use plan::{Action, Desired, plan};
use zone_cache::Zones;

/// What a round depends on besides the config.
pub(crate) struct Circumstances<'a> {
    /// What earlier rounds confirmed.
    pub state: &'a State,
    /// Seconds since 1970.
    pub now: u64,
    /// Say what would be written, and write nothing.
    pub dry_run: bool,
    /// For the order of services and the length of pauses.
    pub random: Random,
}

/// Runs one round.
pub(crate) fn round(
    config: &Config,
    http: &Http,
    mut with: Circumstances,
    console: &mut Console,
) -> Vec<Outcome> {
    let mut families = Vec::new();
    let mut outcomes = Vec::new();
    for family in Family::ALL {
        let records: Vec<&Record> =
            config.records.iter().filter(|r| r.key.rrtype.family() == family).collect();
        let records = without_standing(config, &with, records, &mut outcomes);
        if records.is_empty() {
            continue;
        }
        let Detection { agree, .. } = config.detection;
        let sources = config.detection.sources(family).list(family, Some(&mut with.random));
        let mut detector = Detector::new(family, sources, agree, with.random.split());
        if let Some(remembered) = unchanged(config, &with, &records, || detector.hint(http, console)) {
            outcomes.extend(remembered);
            continue;
        }
        match detector.first(http, console) {
            Ok(address) => families.push(FamilyRecords { records, detector, address }),
            Err(e) => {
                let keys = records.iter().map(|r| r.key.clone()).collect();
                outcomes.push(Outcome { keys, result: Err(Failure::Address(Rc::new(e))) });
            }
        }
    }
    let livedns = LiveDns::new(http, &config.api, &config.credential, with.random.clone());
    let mut round = Round { config, with, http, zones: Zones::new(livedns) };
    round.count_looks(&families);
    for family in families {
        round.keep(family, console, &mut outcomes);
    }
    outcomes
}

/// The records that are to be kept now; what failed not long ago is an outcome already.
fn without_standing<'a>(
    config: &Config,
    with: &Circumstances,
    records: Vec<&'a Record>,
    outcomes: &mut Vec<Outcome>,
) -> Vec<&'a Record> {
    let mut kept = Vec::with_capacity(records.len());
    for record in records {
        match with.state.standing(config.api.as_str(), &record.key, with.now) {
            None => kept.push(record),
            Some(failed) => {
                let result = Err(Failure::Standing(failed.clone()));
                outcomes.push(Outcome { keys: vec![record.key.clone()], result });
            }
        }
    }
    kept
}

/// The quiet run: every record was right not long ago, and a mere `hint` says that nothing has changed since.
/// The hint is asked for only when it could settle the matter.
fn unchanged(
    config: &Config,
    with: &Circumstances,
    records: &[&Record],
    hint: impl FnOnce() -> Option<IpAddr>,
) -> Option<Vec<Outcome>> {
    let known: Vec<Rrset> = records.iter().map(|r| recall(config, with, r)).collect::<Option<_>>()?;
    let address = hint()?;
    let is_right = |(record, rrset): (&&Record, &Rrset)| rrset.values() == [record.wanted(address)];
    records.iter().zip(&known).all(is_right).then(|| {
        let outcome = |(r, rrset): (&&Record, Rrset)| Outcome {
            keys: vec![r.key.clone()],
            result: Ok(Done::Remembered(rrset)),
        };
        records.iter().zip(known).map(outcome).collect()
    })
}

fn recall(config: &Config, with: &Circumstances, record: &Record) -> Option<Rrset> {
    let (api, recheck) = (config.api.as_str(), config.recheck.as_secs());
    with.state.recalls(api, &record.key, record.ttl, with.now, recheck)
}

/// The records of one address family, and the address of this machine that theirs follow.
struct FamilyRecords<'a> {
    records: Vec<&'a Record>,
    detector: Detector,
    address: IpAddr,
}

struct Round<'a> {
    config: &'a Config,
    with: Circumstances<'a>,
    http: &'a Http,
    zones: Zones<'a>,
}

impl Round<'_> {
    /// Several looks at one domain are cheaper as one listing, so count them first.
    fn count_looks(&mut self, families: &[FamilyRecords]) {
        for family in families {
            for record in &family.records {
                if self.remembered(record, family.address).is_none() {
                    self.zones.looks.push(record.key.domain.clone());
                }
            }
        }
    }

    fn remembered(&self, record: &Record, address: IpAddr) -> Option<Rrset> {
        let known = recall(self.config, &self.with, record)?;
        (known.values() == [record.wanted(address)]).then_some(known)
    }

    /// Looks at every record of a family, makes sure of the address if one must be written, and writes.
    fn keep(&mut self, mut family: FamilyRecords, console: &mut Console, outcomes: &mut Vec<Outcome>) {
        let mut verdicts = self.verdicts(&family, console);
        let mut distrust = None;
        if verdicts.iter().any(Verdict::is_write) {
            match family.detector.agreed(self.http, console) {
                Ok(address) if address == family.address => {}
                Ok(address) => {
                    console.step(format_args!("the sources agree on {address}, not on {}", family.address));
                    family.address = address;
                    // What memory confirmed, it confirmed of the other address: look at everything again.
                    verdicts = self.verdicts(&family, console);
                }
                Err(e) => distrust = Some(Rc::new(e)),
            }
        }
        if distrust.is_none()
            && verdicts.iter().any(Verdict::is_write)
            && let Some(contradiction) = family.detector.contradiction(self.http, console)
        {
            console.warn(format_args!("{contradiction}"));
        }
        for (record, verdict) in family.records.iter().zip(verdicts) {
            let result = match (verdict, &distrust) {
                (Verdict::Unread(e), _) => Err(Failure::Read(e)),
                (Verdict::Planned(Action::Refuse(refusal)), _) => Err(Failure::Refused(refusal)),
                // The sources contradict each other, so not even "nothing to do" is known.
                (_, Some(e)) => Err(Failure::Address(Rc::clone(e))),
                (Verdict::Remembered(rrset), None) => Ok(Done::Remembered(rrset)),
                (Verdict::Planned(action), None) => self.act(record, action),
            };
            outcomes.push(Outcome { keys: vec![record.key.clone()], result });
        }
    }

    fn verdicts(&mut self, family: &FamilyRecords, console: &mut Console) -> Vec<Verdict> {
        let mut verdicts = Vec::with_capacity(family.records.len());
        for record in &family.records {
            verdicts.push(match self.remembered(record, family.address) {
                Some(rrset) => Verdict::Remembered(rrset),
                None => match self.zones.look(&record.key, console) {
                    Ok(current) => {
                        let Record { ttl, multiple, .. } = **record;
                        let address = record.wanted(family.address);
                        Verdict::Planned(plan(&Desired { address, ttl, multiple }, &current))
                    }
                    Err(e) => Verdict::Unread(e),
                },
            });
        }
        verdicts
    }

    fn act(&mut self, record: &Record, action: Action) -> Result<Done, Failure> {
        let dry = self.with.dry_run;
        match action {
            Action::Refuse(refusal) => Err(Failure::Refused(refusal)),
            Action::Keep(rrset) => Ok(Done::Kept(rrset)),
            Action::Create(new) => {
                self.write(record, &new)?;
                Ok(Done::Created { new, dry })
            }
            Action::Replace { old, new } => {
                self.write(record, &new)?;
                Ok(Done::Replaced { old, new, dry })
            }
        }
    }

    fn write(&mut self, record: &Record, new: &Rrset) -> Result<(), Failure> {
        if self.with.dry_run {
            return Ok(());
        }
        self.zones.livedns.write(&record.key, new).map_err(|e| Failure::Write(Rc::new(e)))
    }
}

/// What is to be done about one record, if the address holds.
enum Verdict {
    Remembered(Rrset),
    Planned(Action),
    Unread(Rc<gandi::Error>),
}

impl Verdict {
    const fn is_write(&self) -> bool {
        matches!(self, Self::Planned(Action::Create(_) | Action::Replace { .. }))
    }
}
