//! UDP packets that are no answer to a query, or a broken one: DNS (RFC 1035) and SSDP.

/// The data of a good record: a text with an address.
const DATA: &[u8] = b"\x0b81.2.69.142";

/// Returns packets for a DNS query, each with a name. None of them is a good answer.
pub fn packets(query: &[u8]) -> Vec<(String, Vec<u8>)> {
    // A header with this flag byte, code and count of answers, the question, and these bytes.
    let message = |flags: u8, code: u8, count: u16, rest: &[u8]| {
        let mut message = query.to_vec();
        message[2] = flags;
        message[3] = code;
        message[6..8].copy_from_slice(&count.to_be_bytes());
        message.extend(rest);
        message
    };
    let record = record(query, &[0xc0, 12], DATA);
    let good = message(0x84, 0, 1, &record);
    let mut wrong_id = good.clone();
    wrong_id[1] ^= 1;
    let whole: Vec<(&str, Vec<u8>)> = vec![
        ("a wrong id", wrong_id),
        ("the query itself", query.to_vec()),
        ("no answer", message(0x84, 0, 0, &[])),
        ("65,535 answers and none", message(0x84, 0, 65_535, &[])),
        ("65,535 answers and one", message(0x84, 0, 65_535, &record)),
        ("truncated", message(0x86, 0, 1, &record)),
        ("SERVFAIL", message(0x84, 2, 0, &[])),
        ("REFUSED", message(0x84, 5, 0, &[])),
        ("code 15", message(0x84, 15, 0, &[])),
        ("another opcode", message(0xfc, 0, 1, &record)),
        ("2,000 bytes", message(0x84, 0, 1, &[0; 1900])),
        ("60,000 bytes", message(0x84, 0, 1, &vec![0xc0; 60_000])),
        ("nothing", Vec::new()),
        ("HTTP", b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()),
    ];
    let cut = (0..good.len()).map(|n| (format!("cut to {n}"), good[..n].to_vec()));
    let whole = whole.into_iter().map(|(name, packet)| (name.to_owned(), packet));
    let records = records(query).into_iter();
    cut.chain(whole)
        .chain(records.map(|(name, count, bytes)| (name.to_owned(), message(0x84, 0, count, &bytes))))
        .collect()
}

/// Returns a record of the query's type and class with this owner and data.
fn record(query: &[u8], owner: &[u8], data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).expect("a short record").to_be_bytes();
    [owner, &query[query.len() - 4..], &[0, 0, 0, 0], &length, data].concat()
}

/// Returns broken answer sections, each with a name and the number of records that the header states.
fn records(query: &[u8]) -> Vec<(&'static str, u16, Vec<u8>)> {
    let end = u8::try_from(query.len()).expect("a short query");
    let owned = |owner: &[u8]| record(query, owner, DATA);
    let with = |data: &[u8]| record(query, &[0xc0, 12], data);
    let label = |n: usize| [&[63][..], &[b'x'; 63]].concat().repeat(n);
    let endless = [&[0xc0, 12], &query[query.len() - 4..], &[0, 0, 0, 0, 255, 255]].concat();
    vec![
        ("a pointer to itself", 1, owned(&[0xc0, end])),
        ("a pointer forward", 1, owned(&[0xc0, end + 4])),
        ("a pointer behind the end", 1, owned(&[0xff, 0xff])),
        ("half a pointer", 1, vec![0xc0]),
        ("two pointers in a circle", 1, owned(&[1, b'x', 0xc0, end + 4, 0xc0, end])),
        ("a reserved label", 1, owned(&[0x40, 0x41])),
        ("a name of 320 bytes", 1, owned(&[&label(5)[..], &[0]].concat())),
        ("a name without an end", 1, label(6)),
        ("a record of 65,535 bytes", 1, endless),
        ("an empty record", 1, with(b"")),
        ("an empty text", 1, with(b"\0")),
        ("a text longer than its record", 1, with(b"\xff81.2.69.142")),
        ("a text that is no address", 1, with(b"\x08\x1b[31m\x0781")),
        ("a private address", 1, with(b"\x0810.0.0.1")),
        ("two addresses", 2, [with(DATA), with(b"\x0a81.2.69.66")].concat()),
        ("40 records without an address", 40, with(b"").repeat(40)),
    ]
}

/// Returns answers to an SSDP search, each with a name. None of them leads to a description.
pub fn ssdp_packets() -> Vec<(String, Vec<u8>)> {
    let location = |url: &str| format!("HTTP/1.1 200 OK\r\nST: upnp:rootdevice\r\nLOCATION: {url}\r\n\r\n");
    let many = |line: &str| format!("HTTP/1.1 200 OK\r\n{}\r\n", line.repeat(1500 / line.len()));
    let rows: Vec<(&str, String)> = vec![
        ("nothing", String::new()),
        ("no location", "HTTP/1.1 200 OK\r\nST: x\r\n\r\n".to_owned()),
        ("another host", location("http://203.0.113.66:1/x")),
        ("a name", location("http://evil.example/x")),
        ("a URL of 1,400 bytes", location(&format!("http://192.168.1.1:1/{}", "x".repeat(1400)))),
        ("https", location("https://192.168.1.1/x")),
        ("a file", location("file:///etc/passwd")),
        ("a user", location("http://a:b@192.168.1.1:0/x")),
        ("port 0", location("http://192.168.1.1:0/x")),
        ("port 99999", location("http://192.168.1.1:99999/x")),
        ("ESC", location("http://192.168.1.1:1/\u{1b}[31m")),
        ("a line feed in a URL", location("http://192.168.1.1:1/x\nX: y")),
        ("many locations", many("LOCATION: http://192.168.1.1:1/x\r\n")),
        ("many headers", many("A:\r\n")),
        ("one long header", format!("HTTP/1.1 200 OK\r\nLOCATION: {}", "x".repeat(1400))),
        ("status 500", location("http://192.168.1.1:1/x").replace("200", "500")),
        ("a search", "M-SEARCH * HTTP/1.1\r\nMAN: \"ssdp:discover\"\r\n\r\n".to_owned()),
        (
            "a notification",
            location("http://192.168.1.1:1/x").replace("HTTP/1.1 200 OK", "NOTIFY * HTTP/1.1"),
        ),
        ("NULs", "\0".repeat(1400)),
    ];
    rows.into_iter().map(|(name, text)| (name.to_owned(), text.into_bytes())).collect()
}
