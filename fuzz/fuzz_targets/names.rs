//! Fuzzes the names of zones and RRsets: the domain on the first line, the name on the second one.

#![no_main]

use gandi_ddns::dns::{NameError, RrsetName, ZoneName};
use gandi_ddns_fuzz::{from_punycode, is_host_name};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &str| {
    let (domain_text, name_text) = input.split_once('\n').unwrap_or((input, ""));
    let domain = match ZoneName::parse(domain_text) {
        Ok(domain) => domain,
        Err(error) => return is_of(&error, domain_text),
    };
    let (sent, typed) = (domain.as_str(), domain.typed());
    assert!(is_host_name(sent) && sent.contains('.'), "{sent:?}");
    has_forms(sent, typed);
    // Each form is the name itself, and so is one with capitals.
    for form in [sent, typed, &domain_text.to_ascii_uppercase()] {
        assert_eq!(ZoneName::parse(form).as_ref(), Ok(&domain), "{form:?}");
    }

    let name = match RrsetName::parse(name_text, &domain) {
        Ok(name) => name,
        Err(error) => return is_of(&error, name_text),
    };
    let (sent, typed) = (name.as_str(), name.typed());
    match sent.strip_prefix("*.").unwrap_or(sent) {
        "@" | "*" => {}
        labels => assert!(is_host_name(labels) && labels.len() + domain.as_str().len() < 253, "{sent:?}"),
    }
    has_forms(sent, typed);
    for form in [sent, typed, &name_text.to_ascii_uppercase()] {
        assert_eq!(RrsetName::parse(form, &domain).as_ref(), Ok(&name), "{form:?}");
    }
    // With the domain after it, it is refused, and the proposal is the name.
    for full in [format!("{sent}.{domain}"), format!("{typed}.{}", domain.typed())] {
        if sent != "@" {
            let error = RrsetName::parse(&full, &domain);
            let Err(NameError::NotRelative(proposal)) = error else { panic!("{full:?}: {error:?}") };
            assert_eq!(RrsetName::parse(&proposal, &domain).as_ref(), Ok(&name), "{full:?}");
        }
    }
});

/// Fails unless the labels that are sent are those that are typed, or their Punycode.
#[track_caller]
fn has_forms(sent: &str, typed: &str) {
    assert_eq!(sent.split('.').count(), typed.split('.').count(), "{sent:?} {typed:?}");
    for (sent, typed) in sent.split('.').zip(typed.split('.')) {
        if typed.is_ascii() {
            assert_eq!(sent, typed);
        } else {
            let punycode = sent.strip_prefix("xn--").expect(sent);
            assert_eq!(from_punycode(punycode).as_deref(), Some(typed), "{sent:?}");
        }
    }
}

/// Fails unless an error has nothing but parts of the text as typed: a secret would not be recognised in another form.
#[track_caller]
fn is_of(error: &NameError, text: &str) {
    let part = match error {
        NameError::Empty | NameError::TooLong => return,
        NameError::Character(part, character) => {
            assert!(part.contains(*character), "{error:?}");
            part
        }
        // The form that is sent follows in brackets, if it is another one.
        NameError::BadLabel(part) if !text.is_ascii() => part.split(" (").next().expect("a part"),
        NameError::NotRelative(part) if part == "@" => return,
        NameError::Placeholder(part)
        | NameError::Scheme(part)
        | NameError::TrailingDot(part)
        | NameError::Www(part)
        | NameError::Star(part)
        | NameError::OneLabel(part)
        | NameError::BadLabel(part)
        | NameError::NotRelative(part)
        | NameError::Wildcard(part) => part,
    };
    assert!(text.contains(part), "{error:?} of {text:?}");
}
