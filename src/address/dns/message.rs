//! DNS messages (RFC 1035): the one question, and what may be believed of an answer. Bytes in, values out, no I/O:
//! `fuzz/` throws any bytes at it.

use std::net::IpAddr;
use std::ops::Range;

use super::DnsError;

/// The most bytes of a message over UDP, RFC 1035, 4.2.1. We offer no EDNS, so nobody may send more.
pub const LIMIT: usize = 512;
/// The most bytes of a name, RFC 1035, 2.3.4.
const NAME_LIMIT: usize = 255;

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
        if message.len() > LIMIT {
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
                if name.len() > NAME_LIMIT {
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
mod tests {
    use super::*;

    const ID: u16 = 0x12ab;
    const WHOAMI: Question<'static> =
        Question { name: b"\x06whoami\x0acloudflare\0", rrtype: TXT, class: CH, recursion: true };
    const MYIP: Question<'static> =
        Question { name: b"\x04myip\x07opendns\x03com\0", rrtype: A, class: IN, recursion: true };
    /// The owner of a record, by reference to the question.
    const HERE: &[u8] = &[0xc0, 12];
    const TEXT: &[u8] = b"\x0b81.2.69.142";
    const OCTETS: &[u8] = &[81, 2, 69, 142];

    #[test]
    fn names_of_name_servers() {
        let name = wire("Example.org");
        assert_eq!(name, b"\x07Example\x03org\0");
        let question = Question { name: &name, rrtype: NS, class: IN, recursion: true };
        let servers: [&[u8]; 2] = [b"\x08ns-154-a\x05gandi\x03net\0", b"\x07NS-99_b\xc0\x33"];
        // The second refers to the first one's `gandi.net`.
        let at = question.query(ID).len() + 12 + 9;
        assert_eq!(at, 0x32);
        let second = [servers[1].split_at(8).0, &[0xc0, 0x32]].concat();
        let records = [record(&question, HERE, servers[0]), record(&question, HERE, &second)];
        let message = answer(&question, &[&records[0], &records[1]]);
        let names = question.read_names(ID, &message).unwrap().expect("it is ours");
        assert_eq!(names, ["ns-154-a.gandi.net", "ns-99?b.gandi.net"]);
        assert_eq!(question.read_names(ID + 1, &message).unwrap(), None);
        assert!(question.read_names(ID, &message[..message.len() - 1]).is_err());
        let looped = [record(&question, HERE, &[0xc0, 0x29])];
        assert!(question.read_names(ID, &answer(&question, &[&looped[0]])).is_err());
    }

    fn record(question: &Question, owner: &[u8], data: &[u8]) -> Vec<u8> {
        let length = u16::try_from(data.len()).unwrap().to_be_bytes();
        [owner, &question.rrtype.to_be_bytes(), &question.class.to_be_bytes(), &[0; 4], &length, data]
            .concat()
    }

    /// An answer with these records.
    fn answer(question: &Question, records: &[&[u8]]) -> Vec<u8> {
        let mut message = [question.query(ID), records.concat()].concat();
        message[2] = 0x80;
        message[7] = u8::try_from(records.len()).unwrap();
        message
    }

    /// A good answer but for these bytes.
    fn with(at: usize, bytes: &[u8]) -> Vec<u8> {
        let mut message = answer(&WHOAMI, &[&record(&WHOAMI, HERE, TEXT)]);
        message[at..at + bytes.len()].copy_from_slice(bytes);
        message
    }

    /// What is read out of a message, as text.
    fn read(question: &Question, message: &[u8]) -> String {
        match question.read(ID, message) {
            Ok(Some(address)) => address.to_string(),
            Ok(None) => "not ours".to_owned(),
            Err(e) => e.to_string(),
        }
    }

    #[track_caller]
    fn check(question: &Question, expected: &str, messages: &[(&str, Vec<u8>)]) {
        for (what, message) in messages {
            assert_eq!(read(question, message), expected, "{what}");
        }
    }

    #[test]
    fn a_query_is_one_question_and_nothing_else() {
        let head = [0x12, 0xab, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        let section = b"\x06whoami\x0acloudflare\0\0\x10\0\x03";
        assert_eq!(WHOAMI.query(ID), [&head[..], section].concat());
        assert_eq!(Question { recursion: false, ..WHOAMI }.query(ID)[2..4], [0, 0]);
    }

    #[test]
    fn good_answers() {
        let text = record(&WHOAMI, HERE, TEXT);
        let subnet = record(&WHOAMI, HERE, b"\x20edns0-client-subnet 81.2.69.0/24");
        let both = [b"\x20edns0-client-subnet 81.2.69.0/24", TEXT].concat();
        check(
            &WHOAMI,
            "81.2.69.142",
            &[
                ("compressed", answer(&WHOAMI, &[&text])),
                ("in full", answer(&WHOAMI, &[&record(&WHOAMI, WHOAMI.name, TEXT)])),
                ("half", answer(&WHOAMI, &[&record(&WHOAMI, b"\x06whoami\xc0\x13", TEXT)])),
                ("a reference to a reference", {
                    let alias = record(&MYIP, HERE, OCTETS);
                    answer(&WHOAMI, &[&alias, &record(&WHOAMI, &[0xc0, 35], TEXT)])
                }),
                ("the question in capitals", with(13, b"WHOAMI")),
                ("the owner in capitals", {
                    answer(&WHOAMI, &[&record(&WHOAMI, b"\x06WhoAmI\x0acloudflare\0", TEXT)])
                }),
                ("authoritative, recursion, and what else stands beside", with(2, &[0x85, 0xf0])),
                ("the same twice", answer(&WHOAMI, &[&text, &text])),
                ("the client's subnet after it", answer(&WHOAMI, &[&text, &subnet])),
                ("the client's subnet before it", answer(&WHOAMI, &[&subnet, &text])),
                ("the client's subnet in one record", answer(&WHOAMI, &[&record(&WHOAMI, HERE, &both)])),
                ("after an alias", answer(&WHOAMI, &[&record(&MYIP, HERE, OCTETS), &text])),
                ("more sections", [with(11, &[1]), b"\0\0\x29\x04\xd0\0\0\0\0\0\0".to_vec()].concat()),
                ("as long as may be", [with(11, &[1]), vec![0; LIMIT - 59]].concat()),
            ],
        );
        check(&MYIP, "81.2.69.142", &[("A", answer(&MYIP, &[&record(&MYIP, HERE, OCTETS)]))]);
        let v6 = Question { rrtype: AAAA, ..MYIP };
        check(
            &v6,
            "2a01::1",
            &[("AAAA", answer(&v6, &[&record(&v6, HERE, b"\x2a\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\x01")]))],
        );
        let text6 = answer(&WHOAMI, &[&record(&WHOAMI, HERE, b"\x072a01::1")]);
        check(&WHOAMI, "2a01::1", &[("AAAA as text", text6)]);
    }

    #[test]
    fn what_is_not_ours_decides_nothing() {
        check(
            &WHOAMI,
            "not ours",
            &[
                ("nothing", Vec::new()),
                ("less than a header", with(0, &[])[..11].to_vec()),
                ("no more than a header", with(0, &[])[..12].to_vec()),
                ("cut within the question", with(0, &[])[..34].to_vec()),
                ("another id", with(0, &[0x12, 0xaa])),
                ("another id", with(0, &[0x13, 0xab])),
                ("our own query", with(2, &[0])),
                ("another opcode", with(2, &[0x88])),
                ("no question", with(4, &[0, 0])),
                ("two questions", with(4, &[0, 2])),
                ("257 questions", with(4, &[1, 1])),
                ("another name", with(13, b"whoamj")),
                ("another type", with(32, &[1])),
                ("another class", with(34, &[1])),
                ("an error of another id", with(0, &[0, 0, 0x82, 5])),
                ("a long one of another id", [with(0, &[0, 0]), vec![0; LIMIT]].concat()),
            ],
        );
    }

    #[test]
    fn bad_answers() {
        let say = |expected: &str, message: Vec<u8>| check(&WHOAMI, expected, &[(expected, message)]);
        let one = |owner: &[u8], data: &[u8]| answer(&WHOAMI, &[&record(&WHOAMI, owner, data)]);
        let text = record(&WHOAMI, HERE, TEXT);
        say("gave an answer longer than 512 bytes", [with(0, &[]), vec![0; LIMIT - 58]].concat());
        say("gave a truncated answer", with(2, &[0x82]));
        say("answered with FORMERR (1)", with(3, &[1]));
        say("answered with REFUSED (5)", with(3, &[5]));
        say("answered with error (6)", with(3, &[6]));
        say("answered with error (15)", with(3, &[15]));
        say("gave an answer without an address", with(7, &[0]));
        say("gave an answer without an address", one(HERE, b""));
        say("gave an answer without an address", one(HERE, b"\x20edns0-client-subnet 81.2.69.0/24"));
        say("gave an answer without an address", one(&[0xc0, 19], TEXT));
        say("gave an answer without an address", one(b"\x06whoamj\xc0\x13", TEXT));
        say("gave an answer without an address", one(b"\0", TEXT));
        say("gave an answer without an address", with(38, &[1]));
        say("gave an answer without an address", with(40, &[1]));
        let other = record(&WHOAMI, HERE, b"\x0b81.2.69.143");
        let two = "answered with two addresses, 81.2.69.142 and 81.2.69.143";
        say(two, answer(&WHOAMI, &[&text, &other]));
        say(two, one(HERE, b"\x0b81.2.69.142\x0b81.2.69.143"));

        let say =
            |expected: &str, message: Vec<u8>| say(&format!("gave a malformed answer: {expected}"), message);
        say("it ends within a name", with(7, &[2]));
        say("it ends within a name", with(6, &[255, 255]));
        say("it ends within a name", [answer(&WHOAMI, &[&[]]), vec![63, b'a']].concat());
        say("it ends within a name", [answer(&WHOAMI, &[&[]]), vec![0xc0]].concat());
        say("it ends within a record", [answer(&WHOAMI, &[&[]]), text[..11].to_vec()].concat());
        say("it ends within a record", with(46, &[13]));
        say("it ends within a record", with(45, &[255]));
        say("a name refers to what does not stand before it", with(35, &[0xc0, 35]));
        say("a name refers to what does not stand before it", with(35, &[0xc0, 40]));
        say("a name refers to what does not stand before it", with(35, &[0xff, 0xff]));
        say("a name refers to what does not stand before it", one(b"\x01a\xc0\x23", TEXT));
        say("a name refers to what does not stand before it", with(35, &[0xe0, 12]));
        // Two references to each other in the data of a record that is passed over.
        let (mutual, text) = (record(&MYIP, HERE, &[0xc0, 49, 0xc0, 47]), record(&WHOAMI, &[0xc0, 49], TEXT));
        say("a name refers to what does not stand before it", answer(&WHOAMI, &[&mutual, &text]));
        say("a name has a label of an unknown kind", with(35, &[0x40]));
        say("a name has a label of an unknown kind", with(35, &[0x80]));
        let long =
            |last: usize| [&[63; 64 * 3][..], &vec![u8::try_from(last).unwrap(); last + 1], b"\0"].concat();
        say("a name is longer than 255 bytes", one(&long(62), TEXT));
        check(&WHOAMI, "gave an answer without an address", &[("255 bytes", one(&long(61), TEXT))]);
        say("a text is longer than its record", one(HERE, b"\x0c81.2.69.142"));
        say("a text is longer than its record", one(HERE, b"\x0b81.2.69.142\xff"));
        for bad in [&b"\0"[..], b"\x02hi", b"\x0c81.2.69.142\n", b"\x02\xff\xfe", b"\x0b81.2.69.142\x02hi"] {
            say("a text is not an address", one(HERE, bad));
        }
        for size in [0, 3, 5, 16] {
            let wrong = answer(&MYIP, &[&record(&MYIP, HERE, &vec![1; size])]);
            check(&MYIP, "gave a malformed answer: an address has the wrong size", &[("A", wrong)]);
        }
        let v6 = Question { rrtype: AAAA, ..MYIP };
        for size in [0, 4, 15, 17] {
            let wrong = answer(&v6, &[&record(&v6, HERE, &vec![1; size])]);
            check(&v6, "gave a malformed answer: an address has the wrong size", &[("AAAA", wrong)]);
        }
    }

    #[test]
    fn no_part_of_a_good_answer_is_a_good_answer() {
        let good = with(0, &[]);
        for end in 0..good.len() {
            assert!(!matches!(WHOAMI.read(ID, &good[..end]), Ok(Some(_))), "{end}");
        }
    }
}
