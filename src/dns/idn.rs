//! Names in other scripts (RFC 5890): lower case, and Punycode (RFC 3492) for each label.
//!
//! The tables of std and of crates have 10 to 200 kB. So only the cases of Latin, Greek, Cyrillic and Armenian are
//! known here, as arithmetic, and the scripts of today, as ranges. The user can write the `xn--` form of other names.

/// The characters beyond ASCII of names in lower case, as ranges in ascending order: from RFC 5892, without historic
/// scripts, and without the signs that Unicode joins with the character before them.
const LETTERS: [(u16, u16); 75] = [
    // Latin
    (0xdf, 0xf6),
    (0xf8, 0x12f),
    (0x131, 0x131),
    (0x135, 0x137),
    (0x13a, 0x13e),
    (0x142, 0x148),
    (0x14b, 0x17e),
    (0x1a1, 0x1a5),
    (0x1b0, 0x1b0),
    (0x1ce, 0x1ef),
    (0x1f9, 0x21f),
    (0x223, 0x233),
    (0x250, 0x2af),
    // Greek, Cyrillic, Armenian
    (0x390, 0x390),
    (0x3ac, 0x3ce),
    (0x430, 0x481),
    (0x48b, 0x52f),
    (0x561, 0x586),
    // Hebrew, Arabic, Thaana
    (0x5d0, 0x5ea),
    (0x620, 0x63f),
    (0x641, 0x652),
    (0x660, 0x669),
    (0x66e, 0x674),
    (0x679, 0x6d3),
    (0x6d5, 0x6d5),
    (0x6ee, 0x6fc),
    (0x780, 0x7b1),
    // Devanagari to Sinhala
    (0x900, 0x957),
    (0x960, 0x963),
    (0x966, 0x96f),
    (0x971, 0x9d7),
    (0x9e0, 0x9f1),
    (0xa01, 0xa32),
    (0xa35, 0xa35),
    (0xa38, 0xa51),
    (0xa5c, 0xa5c),
    (0xa66, 0xa75),
    (0xa81, 0xaef),
    (0xb01, 0xb57),
    (0xb5f, 0xb6f),
    (0xb71, 0xb71),
    (0xb82, 0xbef),
    (0xc00, 0xc6f),
    (0xc85, 0xd4e),
    (0xd5f, 0xd6f),
    (0xd7a, 0xdf3),
    // Thai, Lao, Burmese, Georgian, Ethiopic, Khmer, Mongolian
    (0xe01, 0xe32),
    (0xe34, 0xe3a),
    (0xe40, 0xe4e),
    (0xe50, 0xe59),
    (0xe81, 0xeb2),
    (0xeb4, 0xed9),
    (0x1000, 0x1049),
    (0x1050, 0x109d),
    (0x10d0, 0x10fa),
    (0x1200, 0x135f),
    (0x1380, 0x138f),
    (0x1401, 0x166c),
    (0x1780, 0x17b3),
    (0x17b6, 0x17d3),
    (0x17d7, 0x17d7),
    (0x17dc, 0x17e9),
    (0x1810, 0x1878),
    // More Latin, as in Vietnamese
    (0x1e01, 0x1e99),
    (0x1ea1, 0x1eff),
    // Chinese, Japanese, Korean
    (0x3005, 0x3007),
    (0x3041, 0x3096),
    (0x309d, 0x309e),
    (0x30a1, 0x30fe),
    (0x3105, 0x312f),
    (0x31a0, 0x31bf),
    (0x31f0, 0x31ff),
    (0x3400, 0x4dbf),
    (0x4e00, 0x9fff),
    (0xac00, 0xd7a3),
];

/// Returns a name in lower case, and with `.` in place of the full stops of Chinese and Japanese keyboards.
pub(super) fn lower(name: &str) -> String {
    name.chars().map(lower_char).collect()
}

/// Returns true for a full stop between two labels, also one of a Chinese or Japanese keyboard.
pub(super) const fn is_stop(c: char) -> bool {
    matches!(c, '.' | '\u{3002}' | '\u{ff0e}' | '\u{ff61}')
}

/// Returns a character in lower case. A name has as many characters as before.
pub(super) fn lower_char(c: char) -> char {
    let code = u32::from(c);
    let lower = match code {
        0x41..=0x5a | 0xc0..=0xd6 | 0xd8..=0xde | 0x391..=0x3a1 | 0x3a3..=0x3ab | 0x410..=0x42f => {
            code + 0x20
        }
        0x386 => 0x3ac,
        0x388..=0x38a => code + 0x25,
        0x38c => 0x3cc,
        0x38e..=0x38f => code + 0x3f,
        0x400..=0x40f => code + 0x50,
        0x531..=0x556 => code + 0x30,
        0x178 => 0xff,
        0x4c0 => 0x4cf,
        // ẞ
        0x1e9e => 0xdf,
        // Pairs, of which the even one is the capital; U+0130, the Turkish capital of i, is not in one.
        0x100..=0x12f
        | 0x132..=0x137
        | 0x14a..=0x177
        | 0x1a0..=0x1a5
        | 0x1de..=0x1ef
        | 0x1f8..=0x21f
        | 0x222..=0x233
        | 0x460..=0x481
        | 0x48a..=0x4bf
        | 0x4d0..=0x52f
        | 0x1e00..=0x1e95
        | 0x1ea0..=0x1eff => code | 1,
        // Pairs, of which the odd one is the capital.
        0x139..=0x148 | 0x179..=0x17e | 0x1af..=0x1b0 | 0x1cd..=0x1dc | 0x4c1..=0x4ce => code + (code & 1),
        _ if is_stop(c) => 0x2e,
        _ => return c,
    };
    char::from_u32(lower).unwrap_or(c)
}

/// Returns true for an accent or another sign that Unicode joins with the character before it: decomposed text, as in the
/// file names of macOS.
pub(super) fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{653}'..='\u{655}' | '\u{1100}'..='\u{11ff}' | '\u{3099}' | '\u{309a}')
}

fn is_letter(c: char) -> bool {
    match u16::try_from(u32::from(c)) {
        Ok(code) => LETTERS.iter().any(|(first, last)| (*first..=*last).contains(&code)),
        // Rare Chinese characters, without those that stand for another one.
        Err(_) => matches!(c, '\u{20000}'..='\u{2ee5d}' | '\u{30000}'..='\u{323af}'),
    }
}

/// Returns the ASCII form of a name in lower case. Labels in ASCII stay as they are, valid or not. The error is the
/// character that a name cannot have; `None` for one in ASCII, or if the length or a hyphen is wrong.
pub(super) fn to_ascii(name: &str) -> Result<String, Option<char>> {
    let mut ascii = String::with_capacity(name.len());
    for (i, label) in name.split('.').enumerate() {
        if i > 0 {
            ascii.push('.');
        }
        if label.is_ascii() {
            ascii.push_str(label);
        } else {
            check(label)?;
            encode(label, &mut ascii);
        }
    }
    Ok(ascii)
}

/// Checks a label that is not ASCII.
fn check(label: &str) -> Result<(), Option<char>> {
    let mut before = '.';
    let mut rest = label.chars();
    while let Some(c) = rest.next() {
        // Catalan has `l·l` (RFC 5892, appendix A.3).
        let is_catalan = c == '·' && before == 'l' && rest.as_str().starts_with('l');
        if !c.is_ascii() && !is_letter(c) && !is_catalan {
            return Err(Some(c));
        }
        // Otherwise a message would have the two halves of a name around the character.
        if c.is_ascii() && !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '*') {
            return Err(None);
        }
        before = c;
    }
    // Each character has one in the result, which begins with `xn--`. A longer one would take quadratic time.
    let is_long = label.chars().count() > 59;
    if is_long || label.starts_with('-') || label.ends_with('-') || label.starts_with("xn--") {
        return Err(None);
    }
    Ok(())
}

/// Appends `xn--` and the Punycode of a label of at most 59 characters, so that no number overflows.
fn encode(label: &str, ascii: &mut String) {
    ascii.push_str("xn--");
    let basic = ascii.len();
    ascii.extend(label.chars().filter(char::is_ascii));
    let mut done = u32::try_from(ascii.len() - basic).unwrap_or_default();
    let is_mixed = done > 0;
    if is_mixed {
        ascii.push('-');
    }
    let (mut code, mut delta, mut bias, mut is_first) = (0x80, 0, 72, true);
    // The smallest character that is not done; all of its kind are done in one pass.
    while let Some(next) = label.chars().map(u32::from).filter(|c| *c >= code).min() {
        delta += (next - code) * (done + 1);
        for c in label.chars().map(u32::from) {
            delta += u32::from(c < next);
            if c == next {
                push_number(delta, bias, ascii);
                done += 1;
                bias = adapt(if is_first { delta / 700 } else { delta / 2 }, done);
                (delta, is_first) = (0, false);
            }
        }
        delta += 1;
        code = next + 1;
    }
}

/// Appends a number of variable length (RFC 3492, section 3.3).
fn push_number(mut number: u32, bias: u32, ascii: &mut String) {
    let mut position = 36_u32;
    loop {
        let threshold = position.saturating_sub(bias).clamp(1, 26);
        let is_last = number < threshold;
        let digit = if is_last { number } else { threshold + (number - threshold) % (36 - threshold) };
        ascii.push(char::from(b"abcdefghijklmnopqrstuvwxyz0123456789"[digit as usize % 36]));
        if is_last {
            return;
        }
        number = (number - threshold) / (36 - threshold);
        position += 36;
    }
}

/// Returns the bias for the next number (RFC 3492, section 6.1).
fn adapt(mut delta: u32, done: u32) -> u32 {
    delta += delta / done;
    let mut bias = 0;
    while delta > 455 {
        delta /= 35;
        bias += 36;
    }
    bias + 36 * delta / (delta + 38)
}

#[cfg(test)]
mod tests;
