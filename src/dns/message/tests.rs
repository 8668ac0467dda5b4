//! Tests of the parser: good, bad and unrelated packets.

use super::*;

const ID: u16 = 0x12ab;
const WHOAMI: Question<'static> =
    Question { name: b"\x06whoami\x0acloudflare\0", rrtype: TXT, class: CH, recursion: true };
const MYIP: Question<'static> =
    Question { name: b"\x04myip\x07opendns\x03com\0", rrtype: A, class: IN, recursion: true };
/// The owner of a record, as a pointer to the name in the question.
const HERE: &[u8] = &[0xc0, 12];
const TEXT: &[u8] = b"\x0b81.2.69.142";
const OCTETS: &[u8] = &[81, 2, 69, 142];

#[test]
fn read_names_takes_the_names_in_the_data() {
    let name = wire("Example.org");
    assert_eq!(name, b"\x07Example\x03org\0");
    let question = Question { name: &name, rrtype: NS, class: IN, recursion: true };
    let servers: [&[u8]; 2] = [b"\x08ns-154-a\x05gandi\x03net\0", b"\x07NS-99_b\xc0\x33"];
    // The second name has a pointer to `gandi.net` in the first one.
    let position = question.query(ID).len() + 12 + 9;
    assert_eq!(position, 0x32);
    let second = [servers[1].split_at(8).0, &[0xc0, 0x32]].concat();
    let records = [record(&question, HERE, servers[0]), record(&question, HERE, &second)];
    let message = response(&question, &[&records[0], &records[1]]);
    let names = question.read_names(ID, &message).unwrap().expect("a response");
    assert_eq!(names, ["ns-154-a.gandi.net", "ns-99?b.gandi.net"]);
    assert_eq!(question.read_names(ID + 1, &message).unwrap(), None);
    assert!(question.read_names(ID, &message[..message.len() - 1]).is_err());
    let looped = [record(&question, HERE, &[0xc0, 0x29])];
    assert!(question.read_names(ID, &response(&question, &[&looped[0]])).is_err());
}

#[test]
fn read_addresses_takes_all_addresses_behind_a_cname() {
    let name = wire("a.example");
    let question = Question { name: &name, rrtype: A, class: IN, recursion: true };
    // Names of their own for the target of the CNAME.
    let alias = [HERE, &[0, 5, 0, 1, 0, 0, 0, 0, 0, 11], b"\x01b\x07example\0"].concat();
    let target = wire("b.example");
    let records = [
        alias.clone(),
        record(&question, &target, OCTETS),
        record(&question, &target, &[81, 2, 69, 143]),
        record(&question, &target, OCTETS),
    ];
    let records: Vec<&[u8]> = records.iter().map(Vec::as_slice).collect();
    let read = |id, message: &[u8]| question.read_addresses(id, message);
    let message = response(&question, &records);
    let addresses: Vec<String> =
        read(ID, &message).unwrap().expect("a response").iter().map(ToString::to_string).collect();
    assert_eq!(addresses, ["81.2.69.142", "81.2.69.143"]);
    assert_eq!(read(ID + 1, &message).unwrap(), None);
    assert!(read(ID, &message[..message.len() - 1]).is_err());
    // No address is no error: the name has none of this type.
    assert_eq!(read(ID, &response(&question, &[&alias])).unwrap(), Some(Vec::new()));
    assert!(read(ID, &response(&question, &[&record(&question, HERE, &[81, 2, 69])])).is_err());
    let other = Question { name: &target, ..question };
    assert_eq!(other.read_addresses(ID, &message).unwrap(), None);
}

fn record(question: &Question, owner: &[u8], data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).unwrap().to_be_bytes();
    [owner, &question.rrtype.to_be_bytes(), &question.class.to_be_bytes(), &[0; 4], &length, data].concat()
}

/// Returns a response with these records.
fn response(question: &Question, records: &[&[u8]]) -> Vec<u8> {
    let mut message = [question.query(ID), records.concat()].concat();
    message[2] = 0x80;
    message[7] = u8::try_from(records.len()).unwrap();
    message
}

/// Returns a good response with these bytes replaced.
fn with(position: usize, bytes: &[u8]) -> Vec<u8> {
    let mut message = response(&WHOAMI, &[&record(&WHOAMI, HERE, TEXT)]);
    message[position..position + bytes.len()].copy_from_slice(bytes);
    message
}

/// Returns the result of reading a message, as text.
fn read(question: &Question, message: &[u8]) -> String {
    match question.read(ID, message) {
        Ok(Some(address)) => address.to_string(),
        Ok(None) => "unrelated".to_owned(),
        Err(e) => e.to_string(),
    }
}

#[track_caller]
fn check(question: &Question, expected: &str, messages: &[(&str, Vec<u8>)]) {
    for (case, message) in messages {
        assert_eq!(read(question, message), expected, "{case}");
    }
}

#[test]
fn query_is_one_question_and_nothing_else() {
    let head = [0x12, 0xab, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    let section = b"\x06whoami\x0acloudflare\0\0\x10\0\x03";
    assert_eq!(WHOAMI.query(ID), [&head[..], section].concat());
    assert_eq!(Question { recursion: false, ..WHOAMI }.query(ID)[2..4], [0, 0]);
}

#[test]
fn read_takes_the_address_of_a_good_response() {
    let text = record(&WHOAMI, HERE, TEXT);
    let subnet = record(&WHOAMI, HERE, b"\x20edns0-client-subnet 81.2.69.0/24");
    let both = [b"\x20edns0-client-subnet 81.2.69.0/24", TEXT].concat();
    check(
        &WHOAMI,
        "81.2.69.142",
        &[
            ("compressed", response(&WHOAMI, &[&text])),
            ("in full", response(&WHOAMI, &[&record(&WHOAMI, WHOAMI.name, TEXT)])),
            ("half", response(&WHOAMI, &[&record(&WHOAMI, b"\x06whoami\xc0\x13", TEXT)])),
            ("a pointer to a pointer", {
                let alias = record(&MYIP, HERE, OCTETS);
                response(&WHOAMI, &[&alias, &record(&WHOAMI, &[0xc0, 35], TEXT)])
            }),
            ("the question in capitals", with(13, b"WHOAMI")),
            ("the owner in capitals", {
                response(&WHOAMI, &[&record(&WHOAMI, b"\x06WhoAmI\x0acloudflare\0", TEXT)])
            }),
            ("authoritative, recursion, and the other flags", with(2, &[0x85, 0xf0])),
            ("the same twice", response(&WHOAMI, &[&text, &text])),
            ("the client's subnet after it", response(&WHOAMI, &[&text, &subnet])),
            ("the client's subnet before it", response(&WHOAMI, &[&subnet, &text])),
            ("the client's subnet in one record", response(&WHOAMI, &[&record(&WHOAMI, HERE, &both)])),
            ("after an alias", response(&WHOAMI, &[&record(&MYIP, HERE, OCTETS), &text])),
            ("more sections", [with(11, &[1]), b"\0\0\x29\x04\xd0\0\0\0\0\0\0".to_vec()].concat()),
            ("the maximum length", [with(11, &[1]), vec![0; MAX_MESSAGE - 59]].concat()),
        ],
    );
    check(&MYIP, "81.2.69.142", &[("A", response(&MYIP, &[&record(&MYIP, HERE, OCTETS)]))]);
    let v6 = Question { rrtype: AAAA, ..MYIP };
    check(
        &v6,
        "2a01::1",
        &[("AAAA", response(&v6, &[&record(&v6, HERE, b"\x2a\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\x01")]))],
    );
    let text6 = response(&WHOAMI, &[&record(&WHOAMI, HERE, b"\x072a01::1")]);
    check(&WHOAMI, "2a01::1", &[("AAAA as text", text6)]);
}

#[test]
fn read_ignores_packets_that_are_no_response_to_the_question() {
    check(
        &WHOAMI,
        "unrelated",
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
            ("a long one of another id", [with(0, &[0, 0]), vec![0; MAX_MESSAGE]].concat()),
        ],
    );
}

#[test]
fn read_names_each_fault_of_a_bad_response() {
    let assert_error = |expected: &str, message: Vec<u8>| check(&WHOAMI, expected, &[(expected, message)]);
    let one = |owner: &[u8], data: &[u8]| response(&WHOAMI, &[&record(&WHOAMI, owner, data)]);
    let text = record(&WHOAMI, HERE, TEXT);
    assert_error("sent a response longer than 512 bytes", [with(0, &[]), vec![0; MAX_MESSAGE - 58]].concat());
    assert_error("sent a truncated response", with(2, &[0x82]));
    assert_error("answered with FORMERR (1)", with(3, &[1]));
    assert_error("answered with REFUSED (5)", with(3, &[5]));
    assert_error("answered with error (6)", with(3, &[6]));
    assert_error("answered with error (15)", with(3, &[15]));
    assert_error("sent a response without an address", with(7, &[0]));
    assert_error("sent a response without an address", one(HERE, b""));
    assert_error("sent a response without an address", one(HERE, b"\x20edns0-client-subnet 81.2.69.0/24"));
    assert_error("sent a response without an address", one(&[0xc0, 19], TEXT));
    assert_error("sent a response without an address", one(b"\x06whoamj\xc0\x13", TEXT));
    assert_error("sent a response without an address", one(b"\0", TEXT));
    assert_error("sent a response without an address", with(38, &[1]));
    assert_error("sent a response without an address", with(40, &[1]));
    let other = record(&WHOAMI, HERE, b"\x0b81.2.69.143");
    let two = "answered with two addresses, 81.2.69.142 and 81.2.69.143";
    assert_error(two, response(&WHOAMI, &[&text, &other]));
    assert_error(two, one(HERE, b"\x0b81.2.69.142\x0b81.2.69.143"));

    let assert_malformed = |expected: &str, message: Vec<u8>| {
        assert_error(&format!("sent a malformed response: {expected}"), message);
    };
    assert_malformed("it ends within a name", with(7, &[2]));
    assert_malformed("it ends within a name", with(6, &[255, 255]));
    assert_malformed("it ends within a name", [response(&WHOAMI, &[&[]]), vec![63, b'a']].concat());
    assert_malformed("it ends within a name", [response(&WHOAMI, &[&[]]), vec![0xc0]].concat());
    assert_malformed("it ends within a record", [response(&WHOAMI, &[&[]]), text[..11].to_vec()].concat());
    assert_malformed("it ends within a record", with(46, &[13]));
    assert_malformed("it ends within a record", with(45, &[255]));
    assert_malformed("a compression pointer does not point backwards", with(35, &[0xc0, 35]));
    assert_malformed("a compression pointer does not point backwards", with(35, &[0xc0, 40]));
    assert_malformed("a compression pointer does not point backwards", with(35, &[0xff, 0xff]));
    assert_malformed("a compression pointer does not point backwards", one(b"\x01a\xc0\x23", TEXT));
    assert_malformed("a compression pointer does not point backwards", with(35, &[0xe0, 12]));
    // Two pointers to each other, in the data of a record that is skipped.
    let (mutual, text) = (record(&MYIP, HERE, &[0xc0, 49, 0xc0, 47]), record(&WHOAMI, &[0xc0, 49], TEXT));
    assert_malformed("a compression pointer does not point backwards", response(&WHOAMI, &[&mutual, &text]));
    assert_malformed("a label has an unknown type", with(35, &[0x40]));
    assert_malformed("a label has an unknown type", with(35, &[0x80]));
    let long =
        |last: usize| [&[63; 64 * 3][..], &vec![u8::try_from(last).unwrap(); last + 1], b"\0"].concat();
    assert_malformed("a name is longer than 255 bytes", one(&long(62), TEXT));
    check(&WHOAMI, "sent a response without an address", &[("255 bytes", one(&long(61), TEXT))]);
    assert_malformed("a string is longer than its record", one(HERE, b"\x0c81.2.69.142"));
    assert_malformed("a string is longer than its record", one(HERE, b"\x0b81.2.69.142\xff"));
    for bad in [&b"\0"[..], b"\x02hi", b"\x0c81.2.69.142\n", b"\x02\xff\xfe", b"\x0b81.2.69.142\x02hi"] {
        assert_malformed("a string is not an address", one(HERE, bad));
    }
    for size in [0, 3, 5, 16] {
        let wrong = response(&MYIP, &[&record(&MYIP, HERE, &vec![1; size])]);
        check(&MYIP, "sent a malformed response: an address has the wrong size", &[("A", wrong)]);
    }
    let v6 = Question { rrtype: AAAA, ..MYIP };
    for size in [0, 4, 15, 17] {
        let wrong = response(&v6, &[&record(&v6, HERE, &vec![1; size])]);
        check(&v6, "sent a malformed response: an address has the wrong size", &[("AAAA", wrong)]);
    }
}

#[test]
fn read_takes_no_address_from_a_cut_response() {
    let good = with(0, &[]);
    for end in 0..good.len() {
        assert!(!matches!(WHOAMI.read(ID, &good[..end]), Ok(Some(_))), "{end}");
    }
}
