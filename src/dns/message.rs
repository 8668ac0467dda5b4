//! DNS messages (RFC 1035): encodes a query with one question, and parses its response. No I/O; `fuzz/` tests the
//! parser with random input.

use std::net::IpAddr;
use std::ops::Range;

use super::error::{DnsError, MAX_MESSAGE};
use crate::sys::grouped::push_if_new;

/// Maximum length of a name in wire format, in bytes (RFC 1035, section 2.3.4).
const MAX_NAME: usize = 255;

/// The record type of an IPv4 address (RFC 1035, section 3.2.2).
pub const A: u16 = 1;
/// The record type of a name server (RFC 1035, section 3.2.2).
pub const NS: u16 = 2;
/// The record type of text (RFC 1035, section 3.2.2).
pub const TXT: u16 = 16;
/// The record type of an IPv6 address (RFC 3596, section 2.1).
pub const AAAA: u16 = 28;
/// The class of the internet (RFC 1035, section 3.2.4).
pub const IN: u16 = 1;
/// The class CHAOS, in which servers describe themselves (RFC 1035, section 3.2.4).
pub const CH: u16 = 3;

/// The beginning of a text that Google's name servers add if the query has the EDNS option Client Subnet (RFC 7871), as
/// queries of resolvers do.
const CLIENT_SUBNET: &[u8] = b"edns0-client-subnet ";

/// The question of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question<'a> {
    /// The name in wire format, as [`wire`] returns it.
    pub name: &'a [u8],
    /// [`A`], [`AAAA`], [`NS`] or [`TXT`].
    pub rrtype: u16,
    /// [`IN`] or [`CH`].
    pub class: u16,
    /// Recursion desired (RD).
    pub recursion: bool,
}

impl Question<'_> {
    /// Returns the query as a message (RFC 1035, section 4.1).
    #[must_use]
    pub fn query(&self, id: u16) -> Vec<u8> {
        let mut query = id.to_be_bytes().to_vec();
        // Flags of a standard query, one question, no records.
        query.extend([u8::from(self.recursion), 0, 0, 1, 0, 0, 0, 0, 0, 0]);
        query.extend(self.section());
        query
    }

    /// Returns the question section.
    fn section(&self) -> Vec<u8> {
        [self.name, &self.rrtype.to_be_bytes(), &self.class.to_be_bytes()].concat()
    }

    /// Parses one packet: the address of a good response, an error for a bad one, `None` for an unrelated packet. Any
    /// host can send the latter, so it must not end the wait for the response.
    pub fn read(&self, id: u16, message: &[u8]) -> Result<Option<IpAddr>, DnsError> {
        match self.addresses(id, message, Some(self.name))?.as_deref() {
            None => Ok(None),
            Some([]) => Err(DnsError::NoAddress),
            Some(&[address]) => Ok(Some(address)),
            Some(&[first, second, ..]) => Err(DnsError::Ambiguous(first, second)),
        }
    }

    /// Parses one packet like [`Self::read`], for a resolver: returns all addresses of a good response. They may belong to
    /// another name that CNAME records in the response lead to.
    pub fn read_addresses(&self, id: u16, message: &[u8]) -> Result<Option<Vec<IpAddr>>, DnsError> {
        self.addresses(id, message, None)
    }

    /// Returns the addresses of a good response, each once: those of the name `of` if given.
    fn addresses(&self, id: u16, message: &[u8], of: Option<&[u8]>) -> Result<Option<Vec<IpAddr>>, DnsError> {
        let Some(answers) = self.check_header(id, message)? else { return Ok(None) };
        let mut addresses = Vec::new();
        self.for_each_answer(message, answers, of, &mut |data| {
            self.read_data(&message[data], &mut addresses)
        })?;
        Ok(Some(addresses))
    }

    /// Parses one packet like [`Self::read`], for name servers: returns the names of a good response, in lower case.
    pub fn read_names(&self, id: u16, message: &[u8]) -> Result<Option<Vec<String>>, DnsError> {
        let Some(answers) = self.check_header(id, message)? else { return Ok(None) };
        let mut names = Vec::new();
        self.for_each_answer(message, answers, Some(self.name), &mut |data| {
            // The data is one name, which may be compressed (RFC 1035, section 3.3.11).
            names.push(text(&read_name(message, data.start)?.0));
            Ok(())
        })?;
        Ok(Some(names))
    }

    /// Checks the header and the question section (RFC 1035, section 4.1). Returns the position of the answer section
    /// and its number of records; `None` if the packet is unrelated.
    fn check_header(&self, id: u16, message: &[u8]) -> Result<Option<(usize, u16)>, DnsError> {
        let section = self.section();
        let Some((&[i0, i1, f0, f1, 0, 1, a0, a1, ..], rest)) = message.split_first_chunk::<12>() else {
            return Ok(None);
        };
        // A response (QR) to a standard query (opcode 0). Ignoring case is safe for the whole section: lengths (at most
        // 63), type and class are not letters.
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

    /// Walks through the `count` records of the answer section at `position` (RFC 1035, section 4.1.3), and passes the
    /// range of the data to `read` for each record of the type and class of the question, and of the name `of` if given.
    fn for_each_answer(
        &self,
        message: &[u8],
        (mut position, count): (usize, u16),
        of: Option<&[u8]>,
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
                && of.is_none_or(|name| owner.eq_ignore_ascii_case(name))
            {
                read(position - length..position)?;
            }
        }
        Ok(())
    }

    /// Reads the data of one record, and adds its addresses.
    fn read_data(&self, data: &[u8], addresses: &mut Vec<IpAddr>) -> Result<(), DnsError> {
        if self.rrtype != TXT {
            let address = binary_address(self.rrtype, data).ok_or(DnsError::Malformed(ADDRESS_SIZE))?;
            push_if_new(addresses, address);
            return Ok(());
        }
        // Character strings, each after its length (RFC 1035, section 3.3.14).
        let mut rest = data;
        while let Some((&length, tail)) = rest.split_first() {
            let text;
            (text, rest) = tail.split_at_checked(length.into()).ok_or(DnsError::Malformed(TEXT_CUT))?;
            if text.starts_with(CLIENT_SUBNET) {
                continue;
            }
            let parsed = str::from_utf8(text).ok().and_then(|t| t.parse().ok());
            push_if_new(addresses, parsed.ok_or(DnsError::Malformed(TEXT_NOT_ADDRESS))?);
        }
        Ok(())
    }
}

// The faults of a malformed response.
const RECORD_CUT: DnsError = DnsError::Malformed("it ends within a record");
const NAME_CUT: &str = "it ends within a name";
const NAME_TOO_LONG: &str = "a name is longer than 255 bytes";
const LABEL_TYPE: &str = "a label has an unknown type";
const POINTER_FORWARD: &str = "a compression pointer does not point backwards";
const TEXT_CUT: &str = "a string is longer than its record";
const TEXT_NOT_ADDRESS: &str = "a string is not an address";
const ADDRESS_SIZE: &str = "an address has the wrong size";

/// Parses the data of a record of type A (RFC 1035, section 3.4.1) or AAAA (RFC 3596, section 2.2).
fn binary_address(rrtype: u16, data: &[u8]) -> Option<IpAddr> {
    match rrtype {
        A => <[u8; 4]>::try_from(data).ok().map(IpAddr::from),
        _ => <[u8; 16]>::try_from(data).ok().map(IpAddr::from),
    }
}

/// Converts a name from wire format to text in lower case. Bytes that are not a letter, digit or hyphen become `?`.
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

/// Converts a name to wire format: each label after its length, then a 0 (RFC 1035, section 3.1). The labels of `name`
/// must have at most 63 characters.
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

/// Reads the name at `position`, which may be compressed (RFC 1035, section 4.1.4). Returns it in wire format without
/// compression, and the position after it.
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
                // Each pointer must point further back than the one before, so that the loop ends.
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
