//! `ipv4`, `ipv6` and `quorum`: the global ones, and those of sections. Records of equal ones share a [`Target`].

use super::error::Errors;
use super::model::Target;
use super::reader::Reader;
use super::sources::{Sources, key_of};
use super::syntax::Section;
use crate::address::consensus::Quorum;
use crate::net::Family;
use crate::sys::words::number;

/// The targets so far, each with the line that it is from.
pub(super) struct Targets {
    pub(super) list: Vec<Target>,
    lines: Vec<usize>,
}

impl Targets {
    /// Reads the global targets, one for each of [`Family::ALL`].
    pub(super) fn read(reader: &Reader) -> Self {
        let quorum = quorum(reader).unwrap_or_default();
        let target =
            |family| Target { family, sources: Sources::read(reader, family).unwrap_or_default(), quorum };
        let line = |family| reader.entry(key_of(family)).map_or(0, |e| e.line);
        Self { list: Family::ALL.map(target).into(), lines: Family::ALL.map(line).into() }
    }

    /// Returns the numbers of the targets of a section, one for each of [`Family::ALL`]: the global ones, where the section
    /// has no key of its own.
    pub(super) fn of_section(&mut self, reader: &Reader) -> [usize; 2] {
        let quorum = quorum(reader);
        Family::ALL.map(|family| {
            let sources = Sources::read(reader, family);
            if sources.is_none() && quorum.is_none() {
                return family as usize;
            }
            let entry = reader.entry(key_of(family)).or_else(|| reader.entry("quorum"));
            let global = &self.list[family as usize];
            let sources = sources.unwrap_or_else(|| global.sources.clone());
            let target = Target { family, sources, quorum: quorum.unwrap_or(global.quorum) };
            let known = self.list.iter().position(|t| *t == target);
            known.unwrap_or_else(|| {
                self.list.push(target);
                self.lines.push(entry.map_or(0, |e| e.line));
                self.list.len() - 1
            })
        })
    }

    /// Returns the targets that are in use as far as the global section and these sections tell.
    pub(super) fn in_use(mut self, global: &Reader, sections: &[Section], errors: &Errors) -> Vec<Target> {
        let mut is_used =
            Family::ALL.map(|f| sections.is_empty() || global.entry(key_of(f)).is_some()).to_vec();
        for section in sections {
            let reader = Reader { section, errors };
            let numbers = self.of_section(&reader);
            is_used.resize(self.list.len(), false);
            for (family, number) in Family::ALL.into_iter().zip(numbers) {
                // The global ones are shown whatever the types.
                is_used[number] |= number < Family::ALL.len() || has_type(&reader, family);
            }
        }
        let mut is_used = is_used.into_iter();
        self.list.retain(|_| is_used.next().unwrap_or_default());
        self.list
    }

    /// Adds an error about the target with this number.
    pub(super) fn error(&self, number: usize, problem: &str, errors: &Errors) {
        errors.add(self.lines[number], format!("`{}` {problem}", key_of(self.list[number].family)));
    }
}

fn quorum(reader: &Reader) -> Option<Quorum> {
    reader.value("quorum", |value| {
        let quorum = number(value, 10).and_then(Quorum::new);
        quorum.ok_or_else(|| format!("`{value}` is not a number from {} to {}", Quorum::MIN, Quorum::MAX))
    })
}

/// Returns true if a section may have records of `family`.
fn has_type(reader: &Reader, family: Family) -> bool {
    let types = reader.entry("types").map_or("", |e| e.value.as_str());
    family == Family::V4 || types.to_ascii_uppercase().contains("AAAA")
}
