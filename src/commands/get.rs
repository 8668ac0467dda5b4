//! `gandi-ddns get`: prints what the zone at Gandi holds for configured records. Changes nothing, and uses no state.
//!
//! A name that is not configured is an error, although its domain may be: exit code 1 without a text must mean that a
//! record does not exist, and not that its name is mistyped.

use crate::cli::{ConfigSource, GlobalOptions, OutputFormat};
use crate::commands::context::{Context, check_clock, hide_credentials, report_config_error, restrict};
use crate::config::{self, Config, ConfigError, Credentials, Loaded, Record};
use crate::console::Console;
use crate::dns::name::{lower, sent};
use crate::dns::{Rrset, RrsetKey, RrsetType};
use crate::exit::Exit;
use crate::net::FamilySelection;
use crate::reconcile::{self, Content};
use crate::report::grouped_lines;
use crate::report::json::{add_content, object_of, start};
use crate::sys::grouped::{Texts, push_grouped};
use crate::sys::random::Random;
use crate::sys::words::did_you_mean;

/// Returns the object of `--json` for an invalid command line.
#[must_use]
pub fn usage_error(text: &str) -> String {
    json(Exit::Usage, Some(text), &[], &[])
}

/// Runs the command. Returns [`Exit::Absent`] if a record does not exist, unless a failure is more severe.
#[inline(never)]
pub fn execute(options: &GlobalOptions, names: &[String], context: &Context, console: &mut Console) -> Exit {
    let is_json = options.format == OutputFormat::Json;
    let config = match load(options, names, context) {
        Ok(config) => config,
        Err(e) => {
            if is_json {
                console.object(&json(e.exit(), Some(&e.to_string()), &[], &[]));
            }
            return report_config_error(&e, "", console);
        }
    };
    hide_credentials(&config, console);
    let http = config.detection.client();
    let contents = reconcile::read(&config, &http, &mut Random::new(context.seed), console);
    let exit = contents.iter().map(exit_of).max().unwrap_or(Exit::Ok);
    if is_json {
        console.reserve_stdout();
        console.object(&json(exit, None, &config.records, &contents));
    }
    let is_one = match options.source {
        ConfigSource::Inline(_) => config.records.len() == 1,
        _ => names.len() == 1 && matches!(options.families, FamilySelection::Only(_)),
    };
    print(&config.records, &contents, if is_one { Form::Address } else { Form::Record }, console);
    exit
}

/// Loads the config with the records that the options and the names select.
fn load(options: &GlobalOptions, names: &[String], context: &Context) -> Result<Box<Config>, ConfigError> {
    let Loaded { mut config, .. } = config::load(options, &context.env, Credentials::Required)?;
    if !names.is_empty() {
        let mut selected = Vec::with_capacity(names.len());
        for typed in names {
            let name = sent(typed);
            check(typed, &name, &config.records)
                .map_err(|problem| ConfigError::of_option("get", &problem))?;
            selected.push(name);
        }
        config.keep(&|record| selected.iter().any(|name| is_named(&record.key, name)));
        if options.families.is_explicit() {
            config.records = with_types(&config.records, options.families);
        }
    }
    restrict(&mut config, options)?;
    check_clock(context)?;
    Ok(config)
}

/// Returns the records of these names with the types of these families, whatever types are configured.
fn with_types(named: &[Record], families: FamilySelection) -> Vec<Record> {
    let mut records: Vec<Record> = Vec::with_capacity(named.len());
    for record in named {
        for rrtype in RrsetType::ALL.into_iter().filter(|t| families.includes(t.family())) {
            let key = RrsetKey { rrtype, ..record.key.clone() };
            if !records.iter().any(|known| known.key == key) {
                records.push(Record { key, ..record.clone() });
            }
        }
    }
    records
}

/// Returns true if a record has this name, in the form in which it is sent: that of the config, or the host name. A
/// trailing dot is that of a host name.
fn is_named(key: &RrsetKey, name: &str) -> bool {
    key.name.as_str() == name || key.has_host_name(name.strip_suffix('.').unwrap_or(name))
}

/// Fails if a name belongs to no record, or to records of several domains. `name` is the form in which it is sent.
fn check(typed: &str, name: &str, records: &[Record]) -> Result<(), String> {
    let mut first: Option<&RrsetKey> = None;
    for Record { key, .. } in records.iter().filter(|record| is_named(&record.key, name)) {
        let first = first.get_or_insert(key);
        if first.domain != key.domain {
            let host = first.typed();
            return Err(format!(
                "`{typed}` is configured for several domains: write it in full, such as {host}"
            ));
        }
    }
    if first.is_some() {
        return Ok(());
    }
    let lower = lower(typed);
    let mut known = Vec::with_capacity(records.len());
    for Record { key, .. } in records {
        known.push(key.name.typed().to_owned());
        if lower.contains('.') {
            known.push(key.typed());
        }
    }
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let meant = did_you_mean(lower.strip_suffix('.').unwrap_or(&lower), &known);
    let meant = meant.map(|meant| format!(" (did you mean {meant}?)")).unwrap_or_default();
    Err(format!("`{typed}` is not configured{meant}; to read it, use --domain and -o token_file=FILE"))
}

fn exit_of(content: &Content) -> Exit {
    match content {
        Ok(Some(_)) => Exit::Ok,
        Ok(None) => Exit::Absent,
        Err((exit, _)) => *exit,
    }
}

/// The form of a line. It depends on the command line alone, so that a change of the config does not change it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// The address alone, if one name and one type are asked for.
    Address,
    /// Host name, type and address.
    Record,
}

/// Prints a line for each address, and for each failure one with the names of its records.
fn print(records: &[Record], contents: &[Content], form: Form, console: &mut Console) {
    let (mut failures, mut texts) = (Vec::new(), Texts::default());
    for (Record { key, .. }, content) in records.iter().zip(contents) {
        match content {
            Ok(rrset) => {
                let name = if form == Form::Record { format!("{key} ") } else { String::new() };
                for address in rrset.as_ref().map(Rrset::values).unwrap_or_default() {
                    console.notice(format_args!("{name}{address}"));
                }
            }
            Err((_, text)) => push_grouped(&mut failures, &mut texts, text, key),
        }
    }
    for line in grouped_lines(&failures) {
        console.error(format_args!("{line}"));
    }
}

/// Returns the object; `schema/get.json` describes it. `error` is the reason why no record was read.
fn json(exit: Exit, error: Option<&str>, records: &[Record], contents: &[Content]) -> String {
    let mut objects = Vec::with_capacity(records.len());
    for (Record { key, .. }, content) in records.iter().zip(contents) {
        let (word, rrset, failure) = match content {
            Ok(Some(rrset)) => ("present", Some(rrset), None),
            Ok(None) => ("absent", None, None),
            Err((exit, text)) => ("failed", None, Some((*exit, text.as_str()))),
        };
        let mut object = object_of(key);
        object.text("result", Some(word));
        add_content(&mut object, rrset, failure);
        objects.push(object.end());
    }
    let mut object = start(exit);
    object.text("error", error).list("records", &objects);
    object.end()
}

#[cfg(test)]
mod tests {
    use super::{check, is_named, sent};
    use crate::config::{MultipleValues, Record};
    use crate::dns::{RrsetKey, RrsetName, RrsetType, ZoneName};

    fn record(name: &str, domain: &str, rrtype: RrsetType) -> Record {
        let domain = ZoneName::parse(domain).expect(domain);
        let name = RrsetName::parse(name, &domain).expect(name);
        let key = RrsetKey { domain, name, rrtype };
        let multiple_values = MultipleValues::Refuse;
        Record { key, ttl: None, multiple_values, suffix: None, account: 0, target: 0 }
    }

    #[test]
    fn names_select_records_by_relative_and_by_host_name() {
        let records = [
            record("@", "example.org", RrsetType::A),
            record("home", "example.org", RrsetType::A),
            record("home", "example.org", RrsetType::Aaaa),
            record("*.home", "example.org", RrsetType::A),
            record("home", "example.net", RrsetType::A),
            record("nas.home", "example.net", RrsetType::A),
            record("Tür", "müller.example", RrsetType::A),
        ];
        let numbers = |names: &str| {
            let names: Vec<String> = names.split(' ').map(str::to_owned).collect();
            names.iter().try_for_each(|name| check(name, &sent(name), &records))?;
            let is_selected = |i: &usize| names.iter().any(|name| is_named(&records[*i].key, &sent(name)));
            Ok::<_, String>((0..records.len()).filter(is_selected).collect::<Vec<_>>())
        };
        for (names, wanted) in [
            ("@", &[0][..]),
            ("example.org", &[0]),
            ("EXAMPLE.org.", &[0]),
            ("Home.Example.org", &[1, 2]),
            ("*.home", &[3]),
            ("*.home.example.org.", &[3]),
            ("home.example.net nas.home @", &[0, 4, 5]),
            ("nas.home nas.home", &[5]),
            ("tür", &[6]),
            ("TÜR.Müller.example.", &[6]),
            ("xn--tr-xka.xn--mller-kva.example", &[6]),
            ("xn--tr-xka.müller。example", &[6]),
        ] {
            assert_eq!(numbers(names).as_deref(), Ok(wanted), "{names}");
        }
        for (names, words) in [
            ("home", "`home` is configured for several domains: write it in full, such as home.example.org"),
            (
                "hmoe.example.org",
                "`hmoe.example.org` is not configured (did you mean home.example.org?); to read it",
            ),
            ("*.hom.example.org", "(did you mean *.home.example.org?)"),
            (
                "TÜRE.müller.example",
                "`TÜRE.müller.example` is not configured (did you mean tür.müller.example?)",
            ),
            ("www", "`www` is not configured; to read it, use --domain"),
            ("home.example.net nas", "`nas` is not configured"),
            ("nas.home.", "`nas.home.` is not configured (did you mean nas.home?)"),
            (
                "nas.hoem",
                "`nas.hoem` is not configured (did you mean nas.home?); to read it, use --domain and -o",
            ),
            ("@.", "`@.` is not configured"),
            (".", "`.` is not configured"),
            ("", "`` is not configured"),
            ("example.com", "not configured"),
            ("xexample.org", "did you mean example.org?"),
        ] {
            assert!(numbers(names).expect_err(names).contains(words), "{names}: {:?}", numbers(names));
        }
    }
}
