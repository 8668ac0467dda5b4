//! Reads the `[domain]` sections into the list of records.

use super::accounts::Accounts;
use super::error::Errors;
use super::model::{MultipleValues, Record};
use super::reader::Reader;
use super::sources::key_of;
use super::syntax::{Section, did_you_mean};
use super::targets::Targets;
use crate::address::suffix::Suffix;
use crate::dns::{NameError, RrsetKey, RrsetName, RrsetType, Ttl, ZoneName, host_name, labels_like};
use crate::sys::hash::{FNV_START, add_to_hash, fnv};
use crate::sys::index::Index;
use crate::sys::secret;

/// Reads all sections and returns their records, except those of an address family that is `off`. `default` is the
/// global `multiple_values`. A record that is configured twice is an error, and so is an empty result.
pub(super) fn read<'a>(
    sections: &'a [Section],
    errors: &'a Errors,
    default: MultipleValues,
    (targets, accounts): (&mut Targets, &mut Accounts<'a>),
) -> Vec<Record> {
    let mut records: Vec<Record> = Vec::new();
    let mut index = Index::default();
    let domains = Domains::of(sections);
    for section in sections {
        let reader = Reader::of_domain(section, errors);
        let account = accounts.number(&reader);
        for record in read_section(&reader, default, &domains, targets, account) {
            let hash = fnv(record.key.id("").as_bytes());
            if index.find_or_add(hash, records.len(), &|i| records[i].key == record.key).is_some() {
                let line = reader.entry("names").map_or(section.line, |e| e.line);
                errors.add_of_key(line, "names", format!("{} is listed twice", record.key).into());
            } else {
                records.push(record);
            }
        }
    }
    if records.is_empty() && errors.is_empty() {
        errors.add(0, "no domain configured: add a section such as [example.org]");
    }
    records.retain(|r| !targets.list[r.target].sources.is_off());
    if records.is_empty() && errors.is_empty() {
        errors.add(0, "nothing to do: the address family of every record is `off`");
    }
    records
}

/// Reads `multiple_values`.
pub(super) fn multiple_values(reader: &Reader) -> Option<MultipleValues> {
    reader.value("multiple_values", |v| match v {
        "refuse" => Ok(MultipleValues::Refuse),
        "replace" => Ok(MultipleValues::Replace),
        _ => Err(format!("unknown value `{v}`: use `refuse` or `replace`")),
    })
}

/// Reads one section: each of its names with each of its types. Returns none if the domain, the names or the types are
/// not valid.
#[inline(never)]
fn read_section(
    reader: &Reader,
    default: MultipleValues,
    domains: &Domains,
    targets: &mut Targets,
    account: usize,
) -> Vec<Record> {
    let (section, errors) = (reader.section, reader.errors);
    // Other mistakes in a section without a valid domain are told all the same.
    let domain = domain_of(section, errors);
    let Some(for_names) = domain.clone().or_else(|| ZoneName::parse("domain.invalid").ok()) else {
        return Vec::new();
    };
    let names = reader.list("names", |word| {
        let name = RrsetName::parse(word, &for_names).map_err(|e| e.to_string())?;
        domain.as_ref().and_then(|domain| domains.problem(&name, domain)).map_or(Ok(name), Err)
    });
    // A misspelt key is an error already.
    if !section.entries.iter().any(|e| did_you_mean(&e.key, &["names"]).is_some()) {
        let problem = format!(
            "section [{}] has no `names`: write the names to update, such as `names = home`",
            section.name
        );
        errors.add(section.line, problem);
    }
    let numbers = targets.of_section(reader);
    let types = types_of(reader, numbers.map(|number| targets.list[number].sources.is_off()));
    let ttl = reader.duration("ttl", Ttl::MIN.seconds().into(), Ttl::MAX.seconds().into());
    let ttl = ttl.and_then(|ttl| Ttl::new(u32::try_from(ttl.as_secs()).ok()?));
    let suffix = reader.value("suffix", |v| {
        let suffix = Suffix::parse(v)?;
        if types.as_ref().is_none_or(|types| types.contains(&RrsetType::Aaaa)) {
            Ok(suffix)
        } else {
            Err("applies to IPv6 only: add `types = AAAA`".to_owned())
        }
    });
    let multiple_values = multiple_values(reader).unwrap_or(default);
    let (Some(domain), Some(names), Some(types)) = (domain, names, types) else { return Vec::new() };
    let mut records = Vec::with_capacity(names.len() * types.len());
    for name in &names {
        for &rrtype in &types {
            let key = RrsetKey { domain: domain.clone(), name: name.clone(), rrtype };
            let suffix = suffix.filter(|_| rrtype == RrsetType::Aaaa);
            let target = numbers[rrtype.family() as usize];
            records.push(Record { key, ttl, multiple_values, suffix, account, target });
        }
    }
    records
}

/// Reads the domain of a section.
fn domain_of(section: &Section, errors: &Errors) -> Option<ZoneName> {
    if secret::is_in(&section.name) {
        errors.add(section.line, "a section must name a domain: this looks like the token itself");
        return None;
    }
    let add = |e: NameError| {
        if errors.file.is_some() {
            errors.add(section.line, format!("section [{}]: {e}", section.name));
        } else {
            errors.add_of_key(0, "domain", e.to_string().into());
        }
    };
    ZoneName::parse(&section.name).map_err(add).ok()
}

/// Reads `types`, or returns the default. `None` after an error. `is_off` tells for each of the families if it is `off`.
fn types_of(reader: &Reader, is_off: [bool; 2]) -> Option<Vec<RrsetType>> {
    if reader.entry("types").is_none() {
        return Some(vec![RrsetType::A]);
    }
    let types = reader.list("types", |word| {
        let rrtype = RrsetType::parse(word)?;
        let family = rrtype.family();
        if is_off[family as usize] {
            let key = key_of(family);
            return Err(format!(
                "`{key}` is off, so there is no address for {rrtype}: remove {rrtype} here, or `off` there"
            ));
        }
        Ok(rrtype)
    })?;
    if types.len() > RrsetType::ALL.len() || types.len() == 2 && types[0] == types[1] {
        reader.error("types", "lists a type twice");
        return None;
    }
    Some(types)
}

/// The domains of all sections, to find names that belong in another section.
struct Domains<'a> {
    sections: &'a [Section],
    /// The domains of the sections as they are sent; empty if they are not valid.
    sent: Vec<String>,
    /// By the hash of the domain from its end, so that each ending of a name is found in one pass.
    index: Index,
}

impl<'a> Domains<'a> {
    fn of(sections: &'a [Section]) -> Self {
        let (mut index, mut sent) = (Index::default(), Vec::new());
        for (i, section) in sections.iter().enumerate() {
            sent.push(host_name(&section.name).unwrap_or_default());
            let hash = sent[i].bytes().rev().fold(FNV_START, add_to_hash);
            index.find_or_add(hash, i, &|other| sent[other] == sent[i]);
        }
        Self { sections, sent, index }
    }

    /// Returns the longest ending of `name`, followed by `rest`, that is the domain of a section, and what is before it.
    fn split<'n>(&self, name: &'n str, rest: &str) -> Option<(&'n str, &'a str)> {
        let mut hash = rest.bytes().rev().fold(FNV_START, add_to_hash);
        let mut found = None;
        for (at, byte) in name.bytes().enumerate().rev() {
            hash = add_to_hash(hash, byte);
            if at > 0 && name.as_bytes()[at - 1] != b'.' {
                continue;
            }
            let is_equal = |i: usize| self.sent[i].strip_suffix(rest) == Some(&name[at..]);
            if let Some(i) = self.index.find(hash, &is_equal) {
                let before = name[..at].trim_end_matches('.');
                found = Some((if before.is_empty() { "@" } else { before }, self.sections[i].name.as_str()));
            }
        }
        found
    }

    /// Returns the reason why a name of `domain` belongs in another section: it ends in the domain of that one, as typed
    /// or in full.
    fn problem(&self, name: &RrsetName, domain: &ZoneName) -> Option<String> {
        let (sent, name) = (name.as_str(), name.typed());
        let (short, other) = self.split(sent, "").or_else(|| self.split(sent, &format!(".{domain}")))?;
        let short = if short == "@" { short } else { labels_like(short, name) };
        Some(format!("`{name}` belongs in the section [{other}]: write `{short}` there"))
    }
}
