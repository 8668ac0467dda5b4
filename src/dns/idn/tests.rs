//! Unit tests of idn.rs, with a decoder that the program does not need.

use super::*;

fn ascii(name: &str) -> Result<String, Option<char>> {
    to_ascii(&lower(name))
}

/// Decodes Punycode as in RFC 3492, section 6.2.
fn decode(punycode: &str) -> String {
    let (basic, digits) = punycode.rsplit_once('-').unwrap_or(("", punycode));
    let mut output: Vec<char> = basic.chars().collect();
    let (mut code, mut at, mut bias) = (128, 0, 72);
    let mut digits = digits.bytes();
    while digits.len() > 0 {
        let (before, mut weight, mut position) = (at, 1, 36);
        loop {
            let digit = match digits.next().expect("a digit") {
                letter @ b'a'..=b'z' => u32::from(letter - b'a'),
                number => u32::from(number - b'0') + 26,
            };
            at += digit * weight;
            let threshold = if position <= bias { 1 } else { (position - bias).min(26) };
            if digit < threshold {
                break;
            }
            weight *= 36 - threshold;
            position += 36;
        }
        let length = u32::try_from(output.len()).expect("a short label") + 1;
        let delta = at - before;
        bias = adapt(if before == 0 { delta / 700 } else { delta / 2 }, length);
        code += at / length;
        at %= length;
        output.insert(at as usize, char::from_u32(code).expect("a character"));
        at += 1;
    }
    output.into_iter().collect()
}

#[test]
fn name_is_encoded_as_registries_and_browsers_do() {
    for (name, expected) in [
        ("example.org", "example.org"),
        ("müller.de", "xn--mller-kva.de"),
        ("MÜLLER.de", "xn--mller-kva.de"),
        ("*.bücher.example", "*.xn--bcher-kva.example"),
        // IDNA 2008 and the registries keep ß and ς; IDNA 2003 made ss and σ of them.
        ("straße.de", "xn--strae-oqa.de"),
        ("STRAẞE.de", "xn--strae-oqa.de"),
        ("βόλος.gr", "xn--nxasmm1c.gr"),
        ("ΒΌΛΟΣ.gr", "xn--nxasmq6b.gr"),
        ("例え。テスト", "xn--r8jz45g.xn--zckzah"),
        ("例え．jp", "xn--r8jz45g.jp"),
        ("испытание.рф", "xn--80akhbyknj4f.xn--p1ai"),
        ("ПРАВИТЕЛЬСТВО.РФ", "xn--80aealotwbjpid2k.xn--p1ai"),
        ("ёлка.Київ", "xn--80atc1g.xn--b1alf1j"),
        ("إختبار", "xn--kgbechtv"),
        ("परीक्षा", "xn--11b5bs3a9aj6g"),
        ("테스트", "xn--9t4b11yi5a"),
        ("测试", "xn--0zwm56d"),
        ("測試", "xn--g6w251d"),
        ("טעסט", "xn--deba0ad"),
        ("δοκιμή", "xn--jxalpdlp"),
        ("பரிட்சை", "xn--hlcj6aya9esc7a"),
        ("ไทย", "xn--o3cw4h"),
        ("საქართველო", "xn--lodamdjuvtg5b"),
        ("smörgåsbord", "xn--smrgsbord-82a8p"),
        ("Łódź", "xn--d-uga0v4h"),
        ("paral·lel", "xn--parallel-koa"),
        ("việt-nam", "xn--vit-nam-zv4c"),
        ("x_ü", "xn--x_-yka"),
        ("faß.ü.org", "xn--fa-hia.xn--tda.org"),
        ("xn--mller-kva.de", "xn--mller-kva.de"),
        ("a..ü.", "a..xn--tda."),
    ] {
        assert_eq!(ascii(name), Ok(expected.to_owned()), "{name}");
    }
}

/// The samples of RFC 3492, section 7.1, that are names: without upper case in the result, and without spaces.
#[test]
fn samples_of_the_rfc_are_encoded() {
    for (label, punycode) in [
        ("ليهمابتكلموشعربي؟", "egbpdaj6bu4bxfgehfvwxn"),
        ("他们为什么不说中文", "ihqwcrb4cv8a8dqg056pqjye"),
        ("他們爲什麽不說中文", "ihqwctvzc91f659drss3x8bo0yb"),
        ("pročprostěnemluvíčesky", "proprostnemluvesky-uyb24dma41a"),
        ("למההםפשוטלאמדבריםעברית", "4dbcagdahymbxekheh6e0a7fei0b"),
        ("यहलोगहिन्दीक्योंनहींबोलसकतेहैं", "i1baa7eci9glrd9b2ae1bj0hfcgg6iyaf8o0a1dig0cd"),
        ("なぜみんな日本語を話してくれないのか", "n8jok5ay5dzabd5bym9f0cm5685rrjetr6pdxa"),
        (
            "세계의모든사람들이한국어를이해한다면얼마나좋을까",
            "989aomsvi5e83db1d2a355cv1e0vak1dwrv93d5xbh15a0dt30a5jpsd879ccm6fea98c",
        ),
        ("почемужеонинеговорятпорусски", "b1abfaaepdrnnbgefbadotcwatmq2g4l"),
        ("porquénopuedensimplementehablarenespañol", "porqunopuedensimplementehablarenespaol-fmd56a"),
        ("tạisaohọkhôngthểchỉnóitiếngviệt", "tisaohkhngthchnitingvit-kjcr8268qyxafd2f1b9g"),
        ("3年b組金八先生", "3b-ww4c5e180e575a65lsy2b"),
        ("安室奈美恵-with-super-monkeys", "-with-super-monkeys-pc58ag80a8qai00g7n9n"),
        ("hello-another-way-それぞれの場所", "hello-another-way--fc4qua05auwb3674vfr0b"),
        ("ひとつ屋根の下2", "2-u9tlzr9756bt3uc0v"),
        ("majiでkoiする5秒前", "majikoi5-783gue6qz075azm5e"),
        ("パフィーdeルンバ", "de-jg4avhby1noc0d"),
        ("そのスピードで", "d9juau41awczczp"),
    ] {
        let mut encoded = String::new();
        encode(label, &mut encoded);
        assert_eq!(encoded, format!("xn--{punycode}"), "{label}");
        assert_eq!(decode(punycode), label);
    }
}

#[test]
fn character_that_no_name_has_is_found() {
    // Invisible characters and spaces; forms of other characters, emoji and punctuation; capitals whose small letter is
    // not known here, and decomposed characters.
    let invisible = "\u{ad}\u{200b}\u{200c}\u{200d}\u{200e}\u{202e}\u{2066}\u{2060}\u{feff}\u{a0}\u{2003}\u{3000}\u{fe0f}\u{fffd}\u{80}\
                     \u{9b}\u{e000}\u{10ffff}";
    let forms = "ａＡ１ﬁª²™ĳŀſǆϐ㍿\u{fb1d}\u{2f800}…’–÷×❤\u{1f4a9}\u{640}、，／·";
    let others = "İƁᎠႠⒶᾼ\u{308}\u{301}\u{3099}\u{1112}\u{654}";
    for c in [invisible, forms, others].concat().chars() {
        assert_eq!(ascii(&format!("xü{c}y.de")), Err(Some(c)), "U+{:04X}", u32::from(c));
    }
    assert!(is_accent('\u{308}') && is_accent('\u{3099}') && !is_accent('ü'));
}

#[test]
fn label_with_a_wrong_hyphen_or_length_is_found() {
    for name in ["ü!", "ü x", "ü/x", "-ü", "ü-", "a.-ü.de", "xn--ü", "XN--Ü.de", &"ü".repeat(60)] {
        assert_eq!(ascii(name), Err(None), "{name}");
    }
    assert_eq!(ascii(&"ü".repeat(59)).map(|name| name.len() < 200), Ok(true));
}

/// std's tables, which the program does not have, agree with the ranges.
#[test]
fn cases_and_letters_are_those_of_unicode() {
    assert!(LETTERS.iter().all(|(first, last)| first <= last));
    assert!(LETTERS.windows(2).all(|pair| pair[0].1 < pair[1].0));
    for c in (0..=0x10_ffff).filter_map(char::from_u32) {
        let small = lower_char(c);
        let is_stop = matches!(c, '。' | '．' | '｡');
        assert!(small == c || is_stop || c.to_lowercase().eq([small]), "{c:?} -> {small:?}");
        if is_letter(small) || small.is_ascii() {
            assert!(small.to_lowercase().eq([small]), "{small:?} is no small letter");
        }
        assert!(!is_letter(c) || !c.is_control() && !c.is_whitespace() && !is_accent(c), "{c:?}");
    }
}

#[test]
fn label_of_any_letters_is_decoded_to_itself() {
    let mut letters: Vec<char> =
        (0x80..=0x323af).filter_map(char::from_u32).filter(|c| is_letter(*c)).collect();
    letters.extend('a'..='z');
    letters.extend('0'..='9');
    let mut state = 1_u64;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).expect("31 bits") % below
    };
    for _ in 0..5_000 {
        // Neighbours, as in a real name, or characters of all scripts.
        let spread = [40, letters.len()][next(2)];
        let start = next(letters.len() - spread + 1);
        let label: String = (0..=next(59)).map(|_| letters[start + next(spread)]).collect();
        match to_ascii(&label) {
            Ok(name) if label.is_ascii() => assert_eq!(name, label),
            Ok(name) => {
                assert!(
                    name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
                    "{name}"
                );
                assert_eq!(decode(name.strip_prefix("xn--").expect("the prefix")), label, "{name}");
            }
            Err(fault) => panic!("{label}: {fault:?}"),
        }
    }
}
