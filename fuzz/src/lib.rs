//! What several fuzz targets share. The rules here are written anew and not taken from the program: a property that is
//! checked by the code under test would hold by definition.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::{Duration, Instant};

/// Secrets of each form: two tokens, an API key, and a random text. None is real.
pub const SECRETS: [&str; 4] = [
    "0123456789abcdef0123456789abcdef01234567",
    "pat_S3cr3t0123456789",
    "k7w8e9r0t1y2u3i4o5p6a7s8",
    "AbCdEfGhIjKlMnOpQrStUvWx1Yz2",
];

/// Puts a secret in place of each byte 1 to 4 that is not part of a longer word, and drops the other ones. Returns the
/// text and the secrets in it.
pub fn plant_secrets(text: &str) -> (String, Vec<&'static str>) {
    let is_word = |c: Option<char>| {
        c.is_some_and(|c| c.is_ascii_alphanumeric() || ".-_\u{1}\u{2}\u{3}\u{4}".contains(c))
    };
    let (mut result, mut planted) = (String::new(), Vec::new());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1}'..='\u{4}' => {
                if !is_word(result.chars().next_back()) && !is_word(chars.peek().copied()) {
                    let secret = SECRETS[c as usize - 1];
                    result.push_str(secret);
                    planted.push(secret);
                }
            }
            c => result.push(c),
        }
    }
    // The fuzzer learns them, and puts them into words that are no secrets, also around a byte that is dropped.
    let lower = text.replace(['\u{1}', '\u{2}', '\u{3}', '\u{4}'], "").to_ascii_lowercase();
    planted.retain(|secret| !lower.contains(&secret.to_ascii_lowercase()));
    (result, planted)
}

/// Fails if the text shows one of the secrets, in any case.
#[track_caller]
pub fn hides(text: &str, secrets: &[&str]) {
    let lower = text.to_ascii_lowercase();
    for secret in secrets {
        assert!(!lower.contains(&secret.to_ascii_lowercase()), "shows {secret}: {text:?}");
    }
}

/// Returns true for one of 4096 inputs, always the same ones: they may take long.
pub fn is_sampled(input: &[u8]) -> bool {
    let hash =
        input.iter().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193));
    hash >> 20 == 0
}

/// Fails if `read` takes longer than any linear function could: about a second of processor time is a hundred times
/// more than the program needs, and the rest is for busy machines.
pub fn in_linear_time(read: impl FnOnce()) {
    let start = Instant::now();
    read();
    assert!(start.elapsed() < Duration::from_secs(10), "took {:?}", start.elapsed());
}

/// Repeats a text until it has `size` bytes, with the number of the repetition in place of each `%`.
pub fn repeated(text: &str, size: usize) -> String {
    let mut result = String::with_capacity(size + text.len());
    let mut n = 0;
    while result.len() < size {
        result.push_str(&text.replace('%', &n.to_string()));
        n += 1;
    }
    result
}

/// Returns the text as the HTTP client for routers passes it on: `?` in place of bytes that are not ASCII.
pub fn ascii(bytes: &[u8]) -> String {
    bytes.iter().map(|b| if b.is_ascii() { char::from(*b) } else { '?' }).collect()
}

/// Fails unless a URL on the gateway is safe in the first line of a request: one word, and no dot segments or fragment.
#[track_caller]
pub fn valid_on_gateway((port, path): &(u16, String)) {
    let context = format!(":{port}{path:?}");
    assert!(path.starts_with('/') && path.len() <= 1000, "{context}");
    assert!(path.bytes().all(|b| (b'!'..=b'~').contains(&b) && b != b'#'), "{context}");
    let segments = path.split('?').next().unwrap_or_default();
    assert!(segments.split('/').all(|segment| segment != "." && segment != ".."), "{context}");
}

/// Returns true if an address is reachable on the internet, by the ranges that matter most.
pub fn is_plausibly_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(a) => {
            let [first, second, ..] = a.octets();
            !(a.is_private()
                || a.is_loopback()
                || a.is_link_local()
                || a.is_documentation()
                || a.is_broadcast())
                && first != 0
                && first < 224
                && !(first == 100 && (64..128).contains(&second))
        }
        IpAddr::V6(a) => a.segments()[0] & 0xe000 == 0x2000 && a.segments()[..2] != [0x2001, 0x0db8],
    }
}

/// Returns each maximal run of characters that an address consists of and that is one.
pub fn addresses_in(text: &str) -> Vec<IpAddr> {
    let words = text.split(|c: char| !(c.is_ascii_hexdigit() || c == '.' || c == ':'));
    words.filter_map(|word| word.parse().ok()).collect()
}

/// Returns true if an address is written in the text in some form.
pub fn is_written_in(text: &str, address: IpAddr) -> bool {
    addresses_in(text).contains(&address)
}

/// Returns an address that differs from others with another seed.
pub fn address(seed: u8, is_v4: bool) -> IpAddr {
    if is_v4 {
        Ipv4Addr::new(81, 2, 69, seed).into()
    } else {
        Ipv6Addr::new(0x2a01, 0xe0a, 0, 0, 0, 0, 0, seed.into()).into()
    }
}

/// Returns true for a name of labels as DNS has them (RFC 1035, section 2.3.1, and `_`).
pub fn is_host_name(text: &str) -> bool {
    text.len() <= 253
        && text.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
        })
}

/// Decodes Punycode (RFC 3492, section 6.2).
pub fn from_punycode(text: &str) -> Option<String> {
    let (basic, digits) = text.rsplit_once('-').unwrap_or(("", text));
    let mut result: Vec<char> = basic.chars().collect();
    let (mut code, mut index, mut bias) = (128_u64, 0_u64, 72_u64);
    let mut digits = digits.bytes().peekable();
    while digits.peek().is_some() {
        let (start, mut weight) = (index, 1);
        for k in (36_u64..).step_by(36) {
            let digit = match digits.next()? {
                byte @ b'a'..=b'z' => byte - b'a',
                byte @ b'0'..=b'9' => byte - b'0' + 26,
                _ => return None,
            };
            index += u64::from(digit) * weight;
            let threshold = k.saturating_sub(bias).clamp(1, 26);
            if u64::from(digit) < threshold {
                break;
            }
            weight *= 36 - threshold;
        }
        let length = result.len() as u64 + 1;
        let mut delta = if start == 0 { (index - start) / 700 } else { (index - start) / 2 };
        delta += delta / length;
        bias = 0;
        while delta > 455 {
            delta /= 35;
            bias += 36;
        }
        bias += 36 * delta / (delta + 38);
        code += index / length;
        index %= length;
        result.insert(index as usize, char::from_u32(code.try_into().ok()?)?);
        index += 1;
    }
    Some(result.into_iter().collect())
}

/// The depth of a JSON text, 1 for a text without arrays and objects in others. `None` if it is not valid (RFC 8259).
pub fn json_depth(text: &str) -> Option<usize> {
    let mut parser = Json { rest: text.as_bytes(), depth: 0, deepest: 0 };
    parser.value()?;
    parser.space();
    parser.rest.is_empty().then_some(parser.deepest)
}

/// A strict parser of JSON, which is slow, recursive, and not that of the program.
struct Json<'a> {
    rest: &'a [u8],
    depth: usize,
    deepest: usize,
}

impl Json<'_> {
    fn space(&mut self) {
        self.rest = self.rest.trim_ascii_start();
    }

    fn take(&mut self, token: &[u8]) -> Option<()> {
        self.space();
        self.rest = self.rest.strip_prefix(token)?;
        Some(())
    }

    fn value(&mut self) -> Option<()> {
        self.space();
        match self.rest.first()? {
            b'{' => self.items(b"{", b"}", |json| {
                json.space();
                json.string()?;
                json.take(b":")?;
                json.value()
            }),
            b'[' => self.items(b"[", b"]", Self::value),
            b'"' => self.string(),
            b't' => self.take(b"true"),
            b'f' => self.take(b"false"),
            b'n' => self.take(b"null"),
            _ => self.number(),
        }
    }

    fn items(&mut self, open: &[u8], close: &[u8], item: fn(&mut Self) -> Option<()>) -> Option<()> {
        self.take(open)?;
        self.depth += 1;
        self.deepest = self.deepest.max(self.depth);
        if self.take(close).is_none() {
            loop {
                item(self)?;
                if self.take(close).is_some() {
                    break;
                }
                self.take(b",")?;
            }
        }
        self.depth -= 1;
        Some(())
    }

    fn string(&mut self) -> Option<()> {
        self.rest = self.rest.strip_prefix(b"\"")?;
        loop {
            let (&byte, rest) = self.rest.split_first()?;
            self.rest = rest;
            match byte {
                b'"' => return Some(()),
                b'\\' => {
                    let (&escaped, rest) = self.rest.split_first()?;
                    self.rest = rest;
                    if escaped == b'u' {
                        let (digits, rest) = self.rest.split_at_checked(4)?;
                        self.rest = rest;
                        digits.iter().all(u8::is_ascii_hexdigit).then_some(())?;
                    } else if !b"\"\\/bfnrt".contains(&escaped) {
                        return None;
                    }
                }
                0..=0x1f => return None,
                _ => {}
            }
        }
    }

    fn number(&mut self) -> Option<()> {
        let digits = |json: &mut Self| {
            let length = json.rest.iter().take_while(|b| b.is_ascii_digit()).count();
            json.rest = &json.rest[length..];
            (length > 0).then_some(())
        };
        self.rest = self.rest.strip_prefix(b"-").unwrap_or(self.rest);
        match self.rest.strip_prefix(b"0") {
            Some(rest) => self.rest = rest,
            None => digits(self)?,
        }
        if let Some(rest) = self.rest.strip_prefix(b".") {
            self.rest = rest;
            digits(self)?;
        }
        if let [b'e' | b'E', rest @ ..] = self.rest {
            self.rest = rest.strip_prefix(b"+").or(rest.strip_prefix(b"-")).unwrap_or(rest);
            digits(self)?;
        }
        Some(())
    }
}
