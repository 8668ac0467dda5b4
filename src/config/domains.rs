//! Reads the `[domain]` sections into the list of records.

use std::path::Path;

use super::error::ConfigError;
use super::model::{Detection, MultipleValues, Record};
use super::reader::{GLOBAL, Reader, SECTION, check_keys, list};
use super::syntax::Section;
use crate::address::suffix::Suffix;
use crate::dns::{RrsetKey, RrsetName, RrsetType, Ttl, ZoneName};
use crate::sys::hash::fnv;
use crate::sys::index::Index;
use crate::sys::secret;

/// Reads all sections and returns their records, except those of an address family that is `off`. `default` is the
/// global `multiple_values`. A record that is configured twice is an error, and so is an empty result.
pub(super) fn read(
    domains: &[Section],
    file: Option<&Path>,
    default: MultipleValues,
    detection: &Detection,
) -> Result<Vec<Record>, ConfigError> {
    let mut records: Vec<Record> = Vec::new();
    let mut index = Index::default();
    for section in domains {
        for record in read_section(section, file, default)? {
            let hash = fnv(record.key.to_string().as_bytes());
            if index.find_or_add(hash, records.len(), &|i| records[i].key == record.key).is_some() {
                let names = section.entries.iter().find(|e| e.key == "names");
                let line = names.map_or(section.line, |e| e.line);
                return Err(ConfigError::at(file, line, format!("{} is listed twice", record.key)));
            }
            records.push(record);
        }
    }
    if records.is_empty() {
        return Err(ConfigError::new(file, "no domain configured: add a section such as [example.org]"));
    }
    records.retain(|r| !detection.sources(r.key.rrtype.family()).is_off());
    if records.is_empty() {
        return Err(ConfigError::new(file, "nothing to do: the address family of every record is `off`"));
    }
    Ok(records)
}

/// Reads one section: each of its names with each of its types.
fn read_section(
    section: &Section,
    file: Option<&Path>,
    default: MultipleValues,
) -> Result<Vec<Record>, ConfigError> {
    let at = |problem: String| ConfigError::at(file, section.line, problem);
    if secret::is_in(&section.name) {
        return Err(at("a section must name a domain: this looks like the token itself".to_owned()));
    }
    let domain =
        ZoneName::parse(&section.name).map_err(|e| at(format!("section [{}]: {e}", section.name)))?;
    check_keys(section, &SECTION, &GLOBAL, file)?;
    let reader = Reader { section, file };
    let names = reader.value("names", |v| {
        let name = |word| RrsetName::parse(word, &domain).map_err(|e| e.to_string());
        list(v).into_iter().map(name).collect::<Result<Vec<_>, _>>()
    })?;
    let Some(names) = names.filter(|n| !n.is_empty()) else {
        return Err(at(format!(
            "section [{domain}] has no `names`: write `names = @` for the domain itself"
        )));
    };
    let types = reader.value("types", |v| {
        let rrtype = |word| {
            RrsetType::parse(word).ok_or_else(|| format!("unknown record type `{word}`: use A, AAAA or both"))
        };
        let mut types = Vec::with_capacity(RrsetType::ALL.len());
        for word in list(v) {
            let rrtype = rrtype(word)?;
            if types.contains(&rrtype) {
                return Err(format!("{rrtype} is listed twice"));
            }
            types.push(rrtype);
        }
        Ok(types)
    })?;
    let types = types.unwrap_or_else(|| vec![RrsetType::A]);
    let ttl = reader.value("ttl", |v| {
        let ttl = v.parse().ok().and_then(Ttl::new);
        ttl.ok_or_else(|| format!("invalid TTL `{v}`: use a number of seconds from 300 to 2592000"))
    })?;
    let suffix = reader.value("suffix", |v| {
        let suffix = Suffix::parse(v)?;
        if types.contains(&RrsetType::Aaaa) {
            Ok(suffix)
        } else {
            Err("applies to IPv6 only: add `types = AAAA`".to_owned())
        }
    })?;
    let multiple_values = reader.multiple_values()?.unwrap_or(default);
    let mut records = Vec::with_capacity(names.len() * types.len());
    for name in &names {
        for &rrtype in &types {
            let key = RrsetKey { domain: domain.clone(), name: name.clone(), rrtype };
            let suffix = suffix.filter(|_| rrtype == RrsetType::Aaaa);
            records.push(Record { key, ttl, multiple_values, suffix });
        }
    }
    Ok(records)
}
