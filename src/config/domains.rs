//! `[domain]` sections -> the records to keep.

use std::path::Path;

use super::error::ConfigError;
use super::model::{Detection, MultipleValues, Record};
use super::reader::{GLOBAL, Reader, SECTION, check_keys, list};
use super::syntax::Section;
use crate::address::suffix::Suffix;
use crate::dns::{RrsetKey, RrsetName, RrsetType, Ttl, ZoneName};

/// Every record of every section, but those of a family that is `off`.
pub(super) fn read(
    domains: &[Section],
    file: Option<&Path>,
    default: MultipleValues,
    detection: &Detection,
) -> Result<Vec<Record>, ConfigError> {
    let mut records: Vec<Record> = Vec::new();
    for section in domains {
        for record in of_section(section, file, default)? {
            if records.iter().any(|r| r.key == record.key) {
                return Err(ConfigError::at(file, section.line, format!("{} is named twice", record.key)));
            }
            records.push(record);
        }
    }
    if records.is_empty() {
        return Err(ConfigError::new(file, "names no domain: add a section such as [example.org]"));
    }
    // A family that is off is not ours to keep.
    records.retain(|r| !detection.sources(r.key.rrtype.family()).is_off());
    if records.is_empty() {
        return Err(ConfigError::new(file, "nothing to do: the address families of all records are `off`"));
    }
    Ok(records)
}

fn of_section(
    section: &Section,
    file: Option<&Path>,
    default: MultipleValues,
) -> Result<Vec<Record>, ConfigError> {
    let at = |problem: String| ConfigError::at(file, section.line, problem);
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
        let rrtype = |word| RrsetType::parse(word).ok_or_else(|| format!("`{word}` is neither A nor AAAA"));
        list(v).into_iter().map(rrtype).collect::<Result<Vec<_>, _>>()
    })?;
    let types = types.unwrap_or_else(|| vec![RrsetType::A]);
    let ttl = reader.value("ttl", |v| {
        let good = v.parse().ok().and_then(Ttl::new);
        good.ok_or_else(|| format!("`{v}` is not a number of seconds from 300 to 2592000"))
    })?;
    let suffix = reader.value("suffix", |v| {
        let suffix = Suffix::parse(v)?;
        let used = types.contains(&RrsetType::Aaaa);
        if used { Ok(suffix) } else { Err("is for IPv6: add `types = AAAA`".to_owned()) }
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
