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
        let Some((start, count)) = self.check_header(id, message)? else { return Ok(None) };
        let mut address = None;
        self.for_each_answer(message, start, count, &mut |data| {
            self.read_data(&message[data], &mut address)
        })?;
        address.ok_or(DnsError::NoAddress).map(Some)
    }

    /// The same for name servers: the names of a good answer, in lower case.
    pub fn read_names(&self, id: u16, message: &[u8]) -> Result<Option<Vec<String>>, DnsError> {
        let Some((start, count)) = self.check_header(id, message)? else { return Ok(None) };
        let mut names = Vec::new();
        self.for_each_answer(message, start, count, &mut |data| {
            // RFC 1035, 3.3.11: one name, which may refer to what stands before it.
            names.push(text(&read_name(message, data.start)?.0));
            Ok(())
        })?;
        Ok(Some(names))
    }

    /// Where the answer section begins and how many records are in it; `None` for what does not belong to this question.
    fn check_header(&self, id: u16, message: &[u8]) -> Result<Option<(usize, u16)>, DnsError> {
        let section = self.section();
        let Some((&[i0, i1, f0, f1, 0, 1, a0, a1, ..], rest)) = message.split_first_chunk::<12>() else {
            return Ok(None);
        };
        // An answer (QR) to a standard query (opcode 0). No octet of the section but a letter has a case.
        let is_response = [i0, i1] == id.to_be_bytes()
            && f0 & 0xf8 == 0x80
            && rest.get(..section.len()).is_some_and(|s| s.eq_ignore_ascii_case(&section));
        if !is_response {
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
    fn for_each_answer(
        &self,
        message: &[u8],
        mut position: usize,
        count: u16,
        read: &mut dyn FnMut(Range<usize>) -> Result<(), DnsError>,
    ) -> Result<(), DnsError> {
        for _ in 0..count {
            let (owner, after) = read_name(message, position)?;
            let fixed = message.get(after..).and_then(|m| m.split_first_chunk::<10>());
            let (&[t0, t1, c0, c1, _, _, _, _, l0, l1], rest) = fixed.ok_or(RECORD_CUT)?;
            let length = usize::from(u16::from_be_bytes([l0, l1]));
            rest.get(..length).ok_or(RECORD_CUT)?;
            position = after + 10 + length;
            if [t0, t1] == self.rrtype.to_be_bytes()
                && [c0, c1] == self.class.to_be_bytes()
                && owner.eq_ignore_ascii_case(self.name)
            {
                read(position - length..position)?;
            }
        }
        Ok(())
    }

    /// Adds what one record says to what is `found`.
    fn read_data(&self, data: &[u8], address: &mut Option<IpAddr>) -> Result<(), DnsError> {
        if self.rrtype != TXT {
            return merge(
                address,
                binary_address(self.rrtype, data).ok_or(DnsError::Malformed(ADDRESS_SIZE))?,
            );
        }
        // Texts, each after its length, RFC 1035, 3.3.14.
        let mut rest = data;
        while let Some((&length, tail)) = rest.split_first() {
            let text;
            (text, rest) = tail.split_at_checked(length.into()).ok_or(DnsError::Malformed(TEXT_CUT))?;
            if text.starts_with(CLIENT_SUBNET) {
                continue;
            }
            let parsed = str::from_utf8(text).ok().and_then(|t| t.parse().ok());
            merge(address, parsed.ok_or(DnsError::Malformed(TEXT_NOT_ADDRESS))?)?;
        }
        Ok(())
    }
}

const RECORD_CUT: DnsError = DnsError::Malformed("it ends within a record");
const NAME_CUT: &str = "it ends within a name";
const NAME_TOO_LONG: &str = "a name is longer than 255 bytes";
const LABEL_TYPE: &str = "a name has a label of an unknown kind";
const POINTER_FORWARD: &str = "a name refers to what does not stand before it";
const TEXT_CUT: &str = "a text is longer than its record";
const TEXT_NOT_ADDRESS: &str = "a text is not an address";
const ADDRESS_SIZE: &str = "an address has the wrong size";

/// The address in the data of a record of type A (RFC 1035, 3.4.1) or AAAA (RFC 3596, 2.2).
fn binary_address(rrtype: u16, data: &[u8]) -> Option<IpAddr> {
    match rrtype {
        A => <[u8; 4]>::try_from(data).ok().map(IpAddr::from),
        _ => <[u8; 16]>::try_from(data).ok().map(IpAddr::from),
    }
}

/// The same address twice is one; two are none to go by.
fn merge(known: &mut Option<IpAddr>, address: IpAddr) -> Result<(), DnsError> {
    match *known.get_or_insert(address) {
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
        let printable =
            |b: u8| if b.is_ascii_alphanumeric() || b == b'-' { b.to_ascii_lowercase() } else { b'?' };
        text.extend(label.iter().map(|b| char::from(printable(*b))));
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
fn read_name(message: &[u8], mut position: usize) -> Result<(Vec<u8>, usize), DnsError> {
    let (mut name, mut end, mut start) = (Vec::new(), None, position);
    loop {
        let length = *message.get(position).ok_or(DnsError::Malformed(NAME_CUT))?;
        match length >> 6 {
            0 => {
                let label = message.get(position..=position + usize::from(length));
                name.extend(label.ok_or(DnsError::Malformed(NAME_CUT))?);
                position += 1 + usize::from(length);
                if name.len() > MAX_NAME {
                    return Err(DnsError::Malformed(NAME_TOO_LONG));
                }
                if length == 0 {
                    return Ok((name, end.unwrap_or(position)));
                }
            }
            3 => {
                let low = *message.get(position + 1).ok_or(DnsError::Malformed(NAME_CUT))?;
                end.get_or_insert(position + 2);
                position = usize::from(u16::from_be_bytes([length & 0x3f, low]));
                // Each goes further back than the last, so that there is an end.
                if position >= start {
                    return Err(DnsError::Malformed(POINTER_FORWARD));
                }
                start = position;
            }
            _ => return Err(DnsError::Malformed(LABEL_TYPE)),
        }
    }
}

#[cfg(test)]
mod tests;
