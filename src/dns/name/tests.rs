//! Tests of names: valid ones, and mistakes.

use super::*;

type Mistake = fn(String) -> NameError;

fn zone(text: &str) -> ZoneName {
    ZoneName::parse(text).expect(text)
}

#[test]
fn zone_name_is_parsed_and_each_mistake_is_named() {
    for good in ["example.org", "EXAMPLE.org", "a.b.example.co.uk", "www.org", "xn--nxasmq6b.gr"] {
        assert_eq!(zone(good).as_str(), good.to_ascii_lowercase());
    }
    let cases: [(&str, Mistake, &str); 17] = [
        ("*.example.org", NameError::Star, "example.org"),
        ("https://example.org/", NameError::Scheme, "example.org"),
        ("example.org.", NameError::TrailingDot, "example.org"),
        ("www.example.org", NameError::Www, "example.org"),
        ("example", NameError::OneLabel, "example"),
        ("<change me>", NameError::Placeholder, "<change me>"),
        ("ex ample.org", NameError::BadLabel, "ex ample.org"),
        ("*.exämple.org", NameError::Star, "exämple.org"),
        ("www。exämple.org", NameError::Www, "exämple.org"),
        ("ÖRG", NameError::OneLabel, "ÖRG"),
        ("HTTPS://WWW.Example.org", NameError::Scheme, "WWW.Example.org"),
        ("WWW。Example.org", NameError::Www, "Example.org"),
        ("*。Example.org", NameError::Star, "Example.org"),
        ("Ex ample.org", NameError::BadLabel, "Ex ample.org"),
        ("ÜX!.org", NameError::BadLabel, "ÜX!.org"),
        ("YOUR-domain.org", NameError::Placeholder, "YOUR-domain.org"),
        ("a..org", NameError::BadLabel, "a..org"),
    ];
    for (text, error, inner) in cases {
        assert_eq!(ZoneName::parse(text), Err(error(inner.to_owned())), "{text}");
    }
    let accent = ZoneName::parse("exa\u{308}mple.org").map_err(|e| e.to_string());
    assert!(accent.is_err_and(|e| e.ends_with("type it and its letter as one character")));
    let hidden = ZoneName::parse("exä\u{200b}mple.org").map_err(|e| e.to_string());
    assert!(hidden.is_err_and(|e| e.contains("has the character U+200B, which is not supported")));
    assert_eq!(ZoneName::parse(" "), Err(NameError::Empty));
    assert_eq!(
        ZoneName::parse(&"abcdefgh.".repeat(30).replace("h.a", "h.b.a")[..260]),
        Err(NameError::TooLong)
    );
}

#[test]
fn rrset_name_is_parsed_relative_to_its_domain() {
    let domain = zone("example.org");
    for good in ["@", "*", "*.home", "home", "a.b.c", "_acme-challenge", "WWW"] {
        assert!(RrsetName::parse(good, &domain).is_ok(), "{good}");
    }
    for bad in ["", "home.", "a b", "h*me", "a.*", "**", "-a", "@.home", "ho/me", "a.example.org"] {
        assert!(RrsetName::parse(bad, &domain).is_err(), "{bad}");
    }
    let error = |text| RrsetName::parse(text, &domain).expect_err("the domain is repeated").to_string();
    assert!(error("www.example.org").ends_with("write `www`"));
    assert!(error("example.org").ends_with("write `@`"));
    let name = |text| RrsetName::parse(text, &domain).expect(text);
    assert_eq!(name("@").with_parents(), [""; 0]);
    assert_eq!(name("home").with_parents(), ["home"]);
    assert_eq!(name("*.a.home").with_parents(), ["*.a.home", "a.home", "home"]);
}

#[test]
fn name_in_another_script_equals_its_ascii_form() {
    let (typed, sent) = (zone("Müller.DE"), zone("XN--mller-KVA.de"));
    assert_eq!(
        (typed.clone(), typed.as_str(), typed.to_string()),
        (sent.clone(), sent.as_str(), sent.to_string())
    );
    assert_eq!(
        (typed.both().as_str(), sent.both().as_str()),
        ("müller.de (xn--mller-kva.de)", "xn--mller-kva.de")
    );
    for domain in [&typed, &sent] {
        let name = |text| RrsetName::parse(text, domain);
        assert_eq!(name("*.Tür"), name("*.xn--tr-xka"));
        assert_eq!(name("*.Tür").map(|name| name.typed().to_owned()), Ok("*.tür".to_owned()));
        for (full, relative) in [
            ("tür.müller.de", "tür"),
            ("tür.xn--mller-kva.de", "tür"),
            ("TÜR。müller.de", "TÜR"),
            ("A。TÜR.XN--mller-kva。de", "A。TÜR"),
        ] {
            assert_eq!(name(full), Err(NameError::NotRelative(relative.to_owned())), "{full}");
        }
        assert_eq!(name("müller.de"), Err(NameError::NotRelative("@".to_owned())));
        assert_eq!(name("tür。"), Err(NameError::TrailingDot("tür".to_owned())));
        assert_eq!(name("T*ür"), Err(NameError::Wildcard("T*ür".to_owned())));
        assert_eq!(name("*。H!"), Err(NameError::BadLabel("H!".to_owned())));
        for bad in ["tür tor", "-ü", "tür.-", "ü/x", "tür..x"] {
            assert!(matches!(name(bad), Err(NameError::BadLabel(_))), "{bad}");
        }
    }
}

#[test]
fn length_of_a_name_in_another_script_is_that_of_its_ascii_form() {
    let domain = zone("müller.de");
    // `xn--`, a digit for the first ü, and one for each other.
    let longest = (1..59).rev().map(|n| "ü".repeat(n)).find(|label| RrsetName::parse(label, &domain).is_ok());
    let longest = longest.expect("a label");
    let sent = RrsetName::parse(&longest, &domain).expect("a label").as_str().len();
    assert!((62..=63).contains(&sent), "{sent}");
    let error = RrsetName::parse(&format!("ü{longest}"), &domain).expect_err("a long label").to_string();
    assert!(error.contains("ü (xn--"), "{error}");
    let name = [longest.as_str(); 4].join(".");
    assert!(name.chars().count() < 253);
    assert_eq!(RrsetName::parse(&name, &domain), Err(NameError::TooLong));
    assert_eq!(host_name("Bücher.Example"), Ok("xn--bcher-kva.example".to_owned()));
}

/// The letters of a token must not become lower case before it is hidden by its form.
#[test]
fn error_about_a_secret_has_it_as_typed_and_in_no_other_form() {
    const SECRET: &str = "AbCdEfGhIjKlMnOpQrStUvWx1Yz2";
    let domain = zone("example.org");
    for text in [
        "S",
        "S.",
        "*。S",
        "e\0:/S",
        "S!",
        "S/x",
        "https://S/x",
        "<S>",
        "S❤",
        "Ü!。S",
        "S…",
        "ü/S",
        "-ü。S",
        "S。-ü",
        "S*",
        "S ü.-",
        "Ü S",
    ] {
        let text = text.replace('S', SECRET);
        for error in
            [ZoneName::parse(&text).err(), RrsetName::parse(&text, &domain).err(), host_name(&text).err()]
        {
            let hidden = error.map(|e| secret::hide(&e.to_string())).unwrap_or_default();
            assert!(!hidden.to_ascii_lowercase().contains("abcdefghijkl"), "{text}: {hidden}");
        }
    }
    assert!(host_name(&format!("e\0:/{SECRET}")).is_err_and(|e| e.to_string().contains(SECRET)));
    assert_eq!(ZoneName::parse(SECRET), Err(NameError::OneLabel(SECRET.to_owned())));
}

#[test]
fn unsupported_character_is_that_which_is_typed() {
    // Its small letter is not supported either.
    let error = ZoneName::parse("Ĳ.nl").map_err(|e| e.to_string());
    assert!(error.as_ref().is_err_and(|e| e.contains("`Ĳ.nl` has the character U+0132")), "{error:?}");
}
