//! DNS messages (RFC 1035): the one question, and what may be believed of an answer. Bytes in, values out, no I/O:
//! `fuzz/` throws any bytes at it.

use std::net::IpAddr;
use std::ops::Range;

use super::error::{DnsError, MAX_MESSAGE};

/// The most bytes of a name, RFC 1035, 2.3.4.
const MAX_NAME: usize = 255;

/// The type of an IPv4 address, RFC 1035, 3.2.2.
pub const A: u16 = 1;
/// The type of a name server, RFC 1035, 3.2.2.
pub const NS: u16 = 2;
/// The type of a text, RFC 1035, 3.2.2.
pub const TXT: u16 = 16;
/// The type of an IPv6 address, RFC 3596, 2.1.
pub const AAAA: u16 = 28;
/// The internet's class, RFC 1035, 3.2.4.
pub const IN: u16 = 1;
/// The class in which servers tell of themselves, RFC 1035, 3.2.4.
pub const CH: u16 = 3;

/// Google's authorities add a text of this beginning when a resolver told them whose question it is.
const CLIENT_SUBNET: &[u8] = b"edns0-client-subnet ";

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question<'a> {
    /// The name as it goes over the wire: each label after its length, and a 0.
    pub name: &'a [u8],
    /// [`A`], [`AAAA`], [`NS`] or [`TXT`].
    pub rrtype: u16,
    /// [`IN`] or [`CH`].
    pub class: u16,
    /// Whether to ask for recursion.
    pub recursion: bool,
}

impl Question<'_> {
    /// The query, RFC 1035, 4.1.
    #[must_use]
    pub fn query(&self, id: u16) -> Vec<u8> {
        let mut query = id.to_be_bytes().to_vec();
        // A standard query, one question, no records.
        query.extend([u8::from(self.recursion), 0, 0, 1, 0, 0, 0, 0, 0, 0]);
        query.extend(self.section());
        query
    }

    /// The question section.
    fn section(&self) -> Vec<u8> {
        [self.name, &self.rrtype.to_be_bytes(), &self.class.to_be_bytes()].concat()
    }

    /// Reads one packet: the address of a good answer, an error for a bad one, `None` for what does not belong to
    /// this question. Anybody may send us the latter, so it decides nothing.
    pub fn read(&self, id: u16, message: &[u8]) -> Result<Option<IpAddr>, DnsError> {
        let Some((at, count)) = self.head(id, message)? else { return Ok(None) };
        let mut found = None;
        self.answers(message, at, count, &mut |data| self.record(&message[data], &mut found))?;
        found.ok_or(DnsError::NoAddress).map(Some)
    }

    /// The same for name servers: the names of a good answer, in lower case.
    pub fn read_names(&self, id: u16, message: &[u8]) -> Result<Option<Vec<String>>, DnsError> {
        let Some((at, count)) = self.head(id, message)? else { return Ok(None) };
        let mut names = Vec::new();
        self.answers(message, at, count, &mut |data| {
            // RFC 1035, 3.3.11: one name, which may refer to what stands before it.
            names.push(text(&name(message, data.start)?.0));
            Ok(())
        })?;
        Ok(Some(names))
    }

    /// Where the answer section begins and how many records are in it; `None` for what does not belong to this question.
    fn head(&self, id: u16, message: &[u8]) -> Result<Option<(usize, u16)>, DnsError> {
        let section = self.section();
        let Some((&[i0, i1, f0, f1, 0, 1, a0, a1, ..], rest)) = message.split_first_chunk::<12>() else {
            return Ok(None);
        };
        // An answer (QR) to a standard query (opcode 0). No octet of the section but a letter has a case.
        let ours = [i0, i1] == id.to_be_bytes()
            && f0 & 0xf8 == 0x80
            && rest.get(..section.len()).is_some_and(|s| s.eq_ignore_ascii_case(&section));
        if !ours {
            return Ok(None);
        }
        if message.len() > MAX_MESSAGE {
            return Err(DnsError::TooLong);
        }
        if f0 & 0x02 != 0 {
            return Err(DnsError::Truncated);
        }
        if f1 & 0x0f != 0 {
            return Err(DnsError::Code(f1 & 0x0f));
        }
        Ok(Some((12 + section.len(), u16::from_be_bytes([a0, a1]))))
    }

    /// Goes through the answer section, which begins at `at`, and has each record of ours read by where its data lies
    /// (RFC 1035, 4.1.3).
    fn answers(
        &self,
        message: &[u8],
        mut at: usize,
        count: u16,
        read: &mut dyn FnMut(Range<usize>) -> Result<(), DnsError>,
    ) -> Result<(), DnsError> {
        for _ in 0..count {
            let (owner, after) = name(message, at)?;
            let fixed = message.get(after..).and_then(|m| m.split_first_chunk::<10>());
            let (&[t0, t1, c0, c1, _, _, _, _, l0, l1], rest) = fixed.ok_or(CUT)?;
            let length = usize::from(u16::from_be_bytes([l0, l1]));
            rest.get(..length).ok_or(CUT)?;
            at = after + 10 + length;
            if [t0, t1] == self.rrtype.to_be_bytes()
                && [c0, c1] == self.class.to_be_bytes()
                && owner.eq_ignore_ascii_case(self.name)
            {
                read(at - length..at)?;
            }
        }
        Ok(())
    }

    /// Adds what one record says to what is `found`.
    fn record(&self, data: &[u8], found: &mut Option<IpAddr>) -> Result<(), DnsError> {
        if self.rrtype != TXT {
            return keep(found, octets(self.rrtype, data).ok_or(DnsError::Malformed(WRONG_SIZE))?);
        }
        // Texts, each after its length, RFC 1035, 3.3.14.
        let mut rest = data;
        while let Some((&length, tail)) = rest.split_first() {
            let text;
            (text, rest) = tail.split_at_checked(length.into()).ok_or(DnsError::Malformed(TEXT_CUT))?;
            if text.starts_with(CLIENT_SUBNET) {
                continue;
            }
            let address = str::from_utf8(text).ok().and_then(|t| t.parse().ok());
            keep(found, address.ok_or(DnsError::Malformed(NO_ADDRESS))?)?;
        }
        Ok(())
    }
}

const CUT: DnsError = DnsError::Malformed("it ends within a record");
const NAME_CUT: &str = "it ends within a name";
const NAME_LONG: &str = "a name is longer than 255 bytes";
const NAME_KIND: &str = "a name has a label of an unknown kind";
const NAME_LOOP: &str = "a name refers to what does not stand before it";
const TEXT_CUT: &str = "a text is longer than its record";
const NO_ADDRESS: &str = "a text is not an address";
const WRONG_SIZE: &str = "an address has the wrong size";

/// The address in the data of a record of type A (RFC 1035, 3.4.1) or AAAA (RFC 3596, 2.2).
fn octets(rrtype: u16, data: &[u8]) -> Option<IpAddr> {
    match rrtype {
        A => <[u8; 4]>::try_from(data).ok().map(IpAddr::from),
        _ => <[u8; 16]>::try_from(data).ok().map(IpAddr::from),
    }
}

/// The same address twice is one; two are none to go by.
fn keep(found: &mut Option<IpAddr>, address: IpAddr) -> Result<(), DnsError> {
    match *found.get_or_insert(address) {
        first if first == address => Ok(()),
        first => Err(DnsError::Ambiguous(first, address)),
    }
}

/// A name as people write it, in lower case; what is no letter, digit or hyphen becomes a question mark.
fn text(wire: &[u8]) -> String {
    let (mut text, mut rest) = (String::new(), wire);
    while let Some((&length @ 1.., tail)) = rest.split_first() {
        let (label, next) = tail.split_at_checked(length.into()).unwrap_or((tail, &[]));
        if !text.is_empty() {
            text.push('.');
        }
        let plain =
            |b: u8| if b.is_ascii_alphanumeric() || b == b'-' { b.to_ascii_lowercase() } else { b'?' };
        text.extend(label.iter().map(|b| char::from(plain(*b))));
        rest = next;
    }
    text
}

/// A name as it goes over the wire: each label after its length, and a 0. Of a checked name, whose labels are short.
#[must_use]
pub fn wire(name: &str) -> Vec<u8> {
    let mut wire = Vec::with_capacity(name.len() + 2);
    for label in name.split('.') {
        wire.push(u8::try_from(label.len()).unwrap_or_default());
        wire.extend(label.as_bytes());
    }
    wire.push(0);
    wire
}

/// The name that begins at `at`, as its labels go over the wire, and where the record goes on (RFC 1035, 4.1.4).
fn name(message: &[u8], mut at: usize) -> Result<(Vec<u8>, usize), DnsError> {
    let (mut name, mut end, mut start) = (Vec::new(), None, at);
    loop {
        let length = *message.get(at).ok_or(DnsError::Malformed(NAME_CUT))?;
        match length >> 6 {
            0 => {
                let label = message.get(at..=at + usize::from(length));
                name.extend(label.ok_or(DnsError::Malformed(NAME_CUT))?);
                at += 1 + usize::from(length);
                if name.len() > MAX_NAME {
                    return Err(DnsError::Malformed(NAME_LONG));
                }
                if length == 0 {
                    return Ok((name, end.unwrap_or(at)));
                }
            }
            3 => {
                let low = *message.get(at + 1).ok_or(DnsError::Malformed(NAME_CUT))?;
                end.get_or_insert(at + 2);
                at = usize::from(u16::from_be_bytes([length & 0x3f, low]));
                // Each goes further back than the last, so that there is an end.
                if at >= start {
                    return Err(DnsError::Malformed(NAME_LOOP));
                }
                start = at;
            }
            _ => return Err(DnsError::Malformed(NAME_KIND)),
        }
    }
}

#[cfg(test)]
mod tests;
