//! `gandi-ddns setup` without a terminal: domains, and what the zone holds at the names.

use super::*;

#[test]
fn same_config_without_a_state_does_not_replace_an_address_of_others() {
    let s = sandbox();
    setup(&s, &RECORD).exits(0);
    fs::remove_dir_all(s.path("state")).expect("the state");
    s.fake.set("example.org", "home", "A", 600, &[STALE]);
    let ran = setup(&s, &RECORD);
    ran.exits(78);
    assert!(ran.stderr.contains("to replace it, add --force; the config stays"), "{ran}");
    assert_eq!(s.zone("home", "A"), format!("600 {STALE}"));
    let forced: Vec<&str> = RECORD.into_iter().chain(["--force"]).collect();
    setup(&s, &forced).exits(0);
    assert_eq!(s.zone("home", "A"), format!("600 {ADDRESS}"));
}

#[test]
fn foreign_address_is_replaced_only_with_force() {
    for (address, words) in [
        (STALE, "points at 81.2.69.1: it would move to this machine"),
        ("217.70.184.38", "points at 217.70.184.38, Gandi's web redirection: your web site there would move"),
    ] {
        let s = sandbox();
        s.fake.set("example.org", "home", "A", 600, &[address]);
        let ran = setup(&s, &RECORD);
        nothing_written(
            &s,
            &ran,
            78,
            &[words, "; remove that record at Gandi, or add --force; nothing was written"],
        );
        let forced: Vec<&str> = RECORD.into_iter().chain(["--force"]).collect();
        setup(&s, &forced).exits_without_errors(0);
        assert_eq!(s.zone("home", "A"), format!("600 {ADDRESS}"));
    }
    // One that is right already, and one of another type.
    let s = sandbox();
    s.fake.set("example.org", "home", "A", 600, &[ADDRESS]);
    s.fake.set("example.org", "home", "AAAA", 600, &["2a01::1"]);
    setup(&s, &RECORD).exits_without_errors(0);
    assert_eq!((s.zone("home", "AAAA").as_str(), s.fake.puts().len()), ("600 2a01::1", 0));
}

#[test]
fn name_that_holds_no_address_is_refused_even_with_force() {
    for (name, kind, values, words) in [
        (
            "home",
            "CNAME",
            &["webredir.vip.gandi.net."][..],
            "home.example.org: a CNAME record (to webredir.vip.gandi.net.) exists",
        ),
        ("home", "ALIAS", &["a.example."], "home.example.org: an ALIAS record (to a.example.) exists"),
        (
            "home",
            "NS",
            &["ns1.example."],
            "the NS record at home.example.org takes this name out of the zone",
        ),
        ("home", "A", &[STALE, "81.2.69.3"], "home.example.org A: the record has 2 addresses"),
    ] {
        let s = sandbox();
        s.fake.set("example.org", name, kind, 600, values);
        let forced: Vec<&str> = RECORD.into_iter().chain(["--force"]).collect();
        for arguments in [&RECORD[..], &forced] {
            nothing_written(&s, &setup(&s, arguments), 78, &[words, "; nothing was written"]);
        }
    }
    let s = sandbox();
    s.fake.set("example.org", "home", "A", 600, &[STALE, "81.2.69.3"]);
    let all: Vec<&str> = RECORD.into_iter().chain(["--force", "-o", "multiple_values=replace"]).collect();
    setup(&s, &all).exits_without_errors(0);
    assert_eq!(s.zone("home", "A"), format!("600 {ADDRESS}"));
}

#[test]
fn domain_that_cannot_be_updated_is_refused() {
    let s = sandbox();
    s.fake.add_domain_without_zone("example.net");
    for (domain, words) in [
        ("example.com", "does not find the domain example.com (404)"),
        ("home.example.org", "does not find the domain home.example.org (404)"),
        ("example.net", "has no LiveDNS zone for example.net (404)"),
    ] {
        let ran = setup(&s, &["--domain", domain, "--type", "A", "--yes"]);
        nothing_written(&s, &ran, 78, &[words, "; nothing was written"]);
    }
}

#[test]
fn domain_of_another_organization_needs_the_option() {
    let id = "6f1c5c2e-6c9c-11e8-b5f0-00163ec31f40";
    let s = sandbox();
    s.fake.set_organization("example.org", id);
    let advice =
        "not of the token's default organization, add `-o sharing_id=ID`: ID is the second hex string";
    nothing_written(&s, &setup(&s, &RECORD), 78, &[advice]);
    // At the question.
    let ran = finish(&s, &mut command(&s, &[]), &format!("{TOKEN}\nexample.org\n"));
    nothing_written(&s, &ran, 78, &[advice]);
    let option = format!("sharing_id={id}");
    let all: Vec<&str> = RECORD.into_iter().chain(["-o", &option]).collect();
    setup(&s, &all).exits_without_errors(0);
    // The later runs have a config.
    s.write(CONFIG, &read(&s, CONFIG).replace(&format!("sharing_id = {id}\n"), ""));
    let ran = s.finish(s.command().args(["-f", "-c"]).arg(s.path(CONFIG)));
    ran.fails(78, &["set `sharing_id` to the second hex string"]);
    assert!(!ran.stderr.contains("-o sharing_id"), "{ran}");
}

#[test]
fn token_in_place_of_an_answer_is_told() {
    let s = sandbox();
    let ran = finish(&s, &mut command(&s, &[]), &format!("{TOKEN}\n{API_KEY}\n"));
    nothing_written(
        &s,
        &ran,
        64,
        &["this looks like a token: ", "better create a new one; nothing was written"],
    );
}

#[test]
fn domain_on_other_nameservers_is_told() {
    let s = sandbox();
    s.fake.set_current("example.org", "other");
    let ran = setup(&s, &RECORD);
    ran.exits(0);
    let words = "Warning: the domain uses `other` nameservers: updates here have no effect";
    assert!(ran.stdout.replace("\n  ", " ").contains(words), "{ran}");
}

#[test]
fn domain_is_chosen_by_number_or_name() {
    for (answer, chosen) in [
        ("", "a000.example.net"),
        ("2", "a001.example.net"),
        ("230", "a229.example.net"),
        ("A150.example.net", "a150.example.net"),
        ("example.org.", "example.org"),
    ] {
        let s = sandbox();
        for n in 0..230 {
            s.fake.add_domain(&format!("a{n:03}.example.net"));
        }
        let ran = finish(&s, &mut command(&s, &["--name", "home", "-4"]), &format!("{TOKEN}\n{answer}\n\n"));
        ran.exits(0);
        fits(&ran);
        assert!(ran.stdout.lines().count() < 120, "{ran}");
        assert!(s.fake.get(chosen, "home", "A").is_some(), "{answer}: {}", s.fake.zone_text());
    }
    let s = sandbox();
    for (answer, words) in [
        ("0", "There is no number 0."),
        ("2", "There is no number 2."),
        ("home.example.org", "The domain is example.org; the name in it is the next question."),
        ("example", "`example` is not a full domain name"),
        ("https://example.org/", "a domain has no scheme or path"),
    ] {
        let ran = finish(&s, &mut command(&s, &[]), &format!("{TOKEN}\n{answer}\nhome\nA\ny\n"));
        nothing_written(&s, &ran, 64, &[words]);
    }
}

#[test]
fn secret_in_place_of_a_domain_or_name_is_not_printed() {
    let s = sandbox();
    // Recognised by its capitals.
    let secret = "AbCdEfGhIjKlMnOpQrStUvWx1Yz2";
    for answer in
        [secret.to_owned(), format!("https://{secret}/"), format!("{secret}!"), format!("ü!{secret}")]
    {
        for answers in [format!("{answer}\n"), format!("example.org\n{answer}\n")] {
            let ran = finish(&s, &mut command(&s, &[]), &format!("{TOKEN}\n{answers}"));
            assert!(!ran.stderr.to_lowercase().contains(&secret.to_lowercase()), "{ran}");
            assert!(!ran.stdout.to_lowercase().contains(&secret.to_lowercase()), "{ran}");
            nothing_written(&s, &ran, 64, &[]);
            ran.says(&["this looks like a token: clear it from the screen"]);
        }
    }
    let requests = s.fake.requests();
    assert!(!requests.iter().any(|request| request.target.to_lowercase().contains(&secret.to_lowercase())));
}

#[test]
fn token_that_may_not_list_domains_is_asked_for_one() {
    // Either listing is enough.
    for forbidden in [&["livedns"][..], &["domain"], &["livedns", "domain"]] {
        let s = sandbox();
        for api in forbidden {
            s.fake.forbid_listing(api);
        }
        let is_listed = forbidden.len() == 1;
        let answer = if is_listed { "" } else { "example.org" };
        let ran = finish(&s, &mut command(&s, &[]), &format!("{TOKEN}\n{answer}\nhome\nA\ny\n"));
        ran.exits_without_errors(0);
        assert_eq!(ran.stdout.contains("may not list your domains"), !is_listed, "{ran}");
        assert_eq!(s.zone("home", "A"), format!("300 {ADDRESS}"));
    }
}

#[test]
fn token_that_sees_no_domain_is_told_the_reason() {
    let s = sandbox();
    s.fake.accept_bearer_for("pat_blind0123456789", &[]);
    let ran = finish(&s, &mut command(&s, &[]), "pat_blind0123456789\nexample.org\n");
    nothing_written(&s, &ran, 78, &["does not find the domain example.org (404)"]);
    assert!(ran.stdout.contains("This token sees no domain.") && ran.stdout.contains("sharing_id"), "{ran}");
}
