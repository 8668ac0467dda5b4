//! `gandi-ddns get`: the values of the zone for scripts, and its exit codes.

use std::fs;

use miniserde::json::{self, Value};

use crate::run_output::RunOutput;
use crate::sandbox::{ADDRESS, ADDRESS6, STALE, Sandbox, TOKEN};
use crate::schema::{self, fits};
use fake_gandi::{Answer, Fault, On, Times};

const SECTIONS: &str =
    "[example.org]\nnames = @ home\ntypes = A AAAA\n[example.net]\nnames = home nas.home\n";

/// A sandbox with two domains. `home.example.org AAAA` and `example.org AAAA` are absent.
fn two_domains() -> Sandbox {
    let s = Sandbox::new();
    s.fake.add_domain("example.net");
    s.config_with("", SECTIONS);
    s.fake.set("example.org", "@", "A", 300, &[STALE]);
    s.fake.set("example.org", "home", "A", 600, &[ADDRESS]);
    s.fake.set("example.net", "home", "A", 600, &["81.2.69.7"]);
    s.fake.set("example.net", "nas.home", "A", 600, &["81.2.69.8"]);
    s
}

/// Runs `get` with these arguments.
fn get(s: &Sandbox, arguments: &str) -> RunOutput {
    let mut words = vec!["get"];
    words.extend(arguments.split_whitespace());
    s.run(&words)
}

/// Returns the object that the run printed.
#[track_caller]
fn object(ran: &RunOutput) -> Value {
    fits(schema::GET, &ran.stdout)
}

/// Returns the records of an object, as JSON without the domain.
#[track_caller]
fn records(object: &Value) -> Vec<String> {
    let Value::Object(object) = object else { panic!("no object") };
    let Some(Value::Array(records)) = object.get("records") else { panic!("no records") };
    let member = |record: &Value, name: &str| match record {
        Value::Object(record) => json::to_string(record.get(name).expect(name)),
        _ => panic!("no record"),
    };
    let names = ["name", "type", "result", "addresses", "ttl", "exit"];
    records.iter().map(|r| names.map(|name| member(r, name)).join(" ").replace('"', "")).collect()
}

#[test]
fn one_name_and_one_type_print_the_addresses_alone() {
    let s = two_domains();
    for arguments in [
        "-4 home.example.org",
        "home.example.org --type A",
        "--type=a HOME.Example.ORG.",
        "-4 -- home.example.org",
    ] {
        get(&s, arguments).is(0, &format!("{ADDRESS}\n"));
    }
    get(&s, "-4 @").is(0, &format!("{STALE}\n"));
    get(&s, "example.org --type A").is(0, &format!("{STALE}\n"));
    get(&s, "-4 nas.home").is(0, "81.2.69.8\n");
    s.fake.set("example.org", "home", "AAAA", 600, &[ADDRESS6, "2a01:0e0a:0:0::1"]);
    get(&s, "-6 home.example.org").is(0, &format!("2a01:e0a::1\n{ADDRESS6}\n"));
}

#[test]
fn several_records_print_host_name_type_and_address() {
    let s = two_domains();
    // The form does not depend on the number of records that the config has, or of those that exist.
    get(&s, "nas.home").is(0, "nas.home.example.net A 81.2.69.8\n");
    get(&s, "nas.home home.example.net -4")
        .is(0, "home.example.net A 81.2.69.7\nnas.home.example.net A 81.2.69.8\n");
    s.fake.set("example.org", "@", "AAAA", 300, &[ADDRESS6]);
    s.fake.set("example.org", "home", "AAAA", 600, &[ADDRESS6, "2a01:e0a::1"]);
    let all = format!(
        "example.org A {STALE}\nexample.org AAAA {ADDRESS6}\nhome.example.org A {ADDRESS}\n\
         home.example.org AAAA 2a01:e0a::1\nhome.example.org AAAA {ADDRESS6}\nhome.example.net A 81.2.69.7\n\
         nas.home.example.net A 81.2.69.8\n"
    );
    for arguments in ["", "--type A --type AAAA", "-46"] {
        get(&s, arguments).is(0, &all);
    }
    get(&s, "--type AAAA")
        .is(0, &all.split_inclusive('\n').filter(|l| l.contains("AAAA")).collect::<String>());
}

#[test]
fn absent_record_exits_with_1_and_prints_nothing() {
    let s = two_domains();
    for arguments in ["-6 home.example.org", "--type AAAA @", "-6", "-6 -q @", "-6 @ home.example.org"] {
        get(&s, arguments).is(1, "");
    }
    // One of several: the others are printed.
    get(&s, "home.example.org").is(1, &format!("home.example.org A {ADDRESS}\n"));
    get(&s, "-q home.example.org").is(1, "");
    get(&s, "-q -4 home.example.org").is(0, "");
    // An empty zone.
    s.config("names = new\n");
    get(&s, "").is(1, "");
    get(&s, "-4 new").is(1, "");
}

#[test]
fn name_is_read_with_a_type_that_is_not_configured_for_it() {
    let s = two_domains();
    for arguments in ["-6 nas.home", "nas.home --type AAAA", "-46 -q nas.home"] {
        get(&s, arguments).is(1, "");
    }
    s.fake.set("example.net", "nas.home", "AAAA", 600, &[ADDRESS6]);
    for arguments in ["-6 nas.home", "--type AAAA nas.home.example.net"] {
        get(&s, arguments).is(0, &format!("{ADDRESS6}\n"));
    }
    for arguments in ["-4 -6 nas.home", "nas.home --type A --type AAAA"] {
        let both = format!("nas.home.example.net A 81.2.69.8\nnas.home.example.net AAAA {ADDRESS6}\n");
        get(&s, arguments).is(0, &both);
    }
    // Without a type, and without a name, those of the config.
    get(&s, "nas.home").is(0, "nas.home.example.net A 81.2.69.8\n");
    assert_eq!(records(&object(&get(&s, "-6 --json"))).len(), 2);
    s.config("names = home\ntypes = AAAA\n");
    get(&s, "-4 home").is(0, &format!("{ADDRESS}\n"));
    get(&s, "-4").fails(78, &["nothing to do: no record of the chosen address family is configured"]);
}

#[test]
fn name_that_is_not_configured_is_an_error_with_advice() {
    let s = two_domains();
    for (arguments, words) in [
        ("hmoe.example.org", &["`hmoe.example.org` is not configured (did you mean home.example.org?)"][..]),
        ("www", &["`www` is not configured; to read it, use --domain"]),
        ("home", &["`home` is configured for several domains: write it in full, such as home.example.org"]),
        ("@ home.example.nte", &["`home.example.nte` is not configured (did you mean home.example.net?)"]),
        ("-6 nas.hoem", &["`nas.hoem` is not configured (did you mean nas.home?)"]),
        ("hom", &["(did you mean home?); to read it, use --domain and -o token_file=FILE; see"]),
        ("home.", &["`home.` is not configured"]),
        ("nas.home.", &["`nas.home.` is not configured"]),
        ("help", &["`help` is not configured"]),
        ("../../x", &["`../../x` is not configured"]),
        ("m\u{fc}ller", &["is not configured"]),
    ] {
        let ran = get(&s, arguments);
        ran.fails(64, words);
        let ran = get(&s, &format!("{arguments} --json"));
        ran.says(words);
        ran.exits(64);
        assert!(records(&object(&ran)).is_empty(), "{ran}");
    }
    assert!(s.fake.requests().is_empty(), "nothing was asked");
}

#[test]
fn bad_arguments_are_refused() {
    let s = two_domains();
    for (arguments, words) in [
        ("--type MX home", &["--type: unknown record type `MX`: use A, AAAA or both"][..]),
        ("-4 --type A", &["--type and -4 or -6 cannot be used together"]),
        ("-6 --type A", &["--type and -4 or -6 cannot be used together"]),
        ("--name home", &["--name requires --domain"]),
        ("--ttl 300 home", &["--ttl requires --domain"]),
        ("--dry-run", &["--dry-run cannot be used with get"]),
        ("--wait 5", &["--wait cannot be used with get"]),
        ("--redact", &["--redact cannot be used with get, only with check"]),
    ] {
        get(&s, arguments).fails(64, words);
    }
    for (secret, words) in [
        ("pat_0123456789abcdefSECRET", "a secret as an argument"),
        ("token=abc", "`token`"),
        ("abcdefghijkl0123456789xy", "a secret as an argument"),
    ] {
        let ran = get(&s, secret);
        ran.fails(64, &[words, "is not supported, because other users can see arguments"]);
    }
    let ran = s.run(&["get", ""]);
    ran.fails(64, &["argument 4 is empty"]);
}

/// As the plug-in for ddns-scripts calls it.
#[test]
fn records_of_the_arguments_are_read_without_a_config() {
    let s = two_domains();
    let api = format!("api={}", s.fake.api());
    let get = |arguments: &str| {
        let mut command = s.command();
        command.env("GANDI_TOKEN", TOKEN).args(["get", "-o", &api, "-o", "ca_file=ca.pem"]);
        s.finish(command.args(arguments.split_whitespace()))
    };
    for arguments in [
        "--domain example.org --name home --type A",
        "--domain example.org --name home",
        "--domain example.org home",
        "--domain example.org --name home --name www HOME.example.org --type A --type AAAA -4",
    ] {
        get(arguments).is(0, &format!("{ADDRESS}\n"));
    }
    get("--domain example.org --name home --type AAAA").is(1, "");
    get("--domain example.org -6 www").is(1, "");
    get("--domain example.org @ home")
        .is(0, &format!("example.org A {STALE}\nhome.example.org A {ADDRESS}\n"));
    get("--domain example.com home").fails(78, &["home.example.com A: could not read the record: "]);
    let ran = get("--domain example.org --name home --json");
    assert_eq!(records(&object(&ran)), [format!("home A present [{ADDRESS}] 600 null")]);
}

#[test]
fn records_of_the_arguments_need_a_token_and_valid_names() {
    let s = Sandbox::new();
    let get = |arguments: &str| {
        let mut command = s.command();
        s.finish(command.arg("get").args(arguments.split_whitespace()))
    };
    get("--domain example.org --name home --type A").fails(78, &["no token"]);
    get("--domain example.org home").fails(78, &["no token"]);
    get("--domain example.org home.example.org")
        .fails(64, &["names are relative to the domain: write `home`"]);
    get("--domain example.org").fails(64, &["--domain requires at least one --name"]);
    get("--domain example.org home.example.net.").fails(64, &["home.example.net"]);
    get("--domain example.org --name home --type MX").fails(64, &["--type: unknown record type `MX`"]);
    let ran = get("--json --domain example.org bad!.example.org");
    assert_eq!(ran.code, Some(64), "{ran}");
    let mut command = s.command();
    command.env("GANDI_TOKEN", "pat_0123456789").args(["get", "--domain", "example.org", "--name", "a", "b"]);
    s.finish(&mut command).fails(64, &["`b` is not configured"]);
}

#[test]
fn other_record_at_the_name_is_a_failure_and_not_absent() {
    let s = Sandbox::new();
    for (rrtype, value, words) in [
        (
            "CNAME",
            "x.example.net.",
            "home.example.org A: a CNAME record (to x.example.net.) exists at this name; delete it at Gandi, or use \
             another name\n",
        ),
        ("ALIAS", "x.example.net.", "home.example.org A: an ALIAS record (to x.example.net.) exists"),
        (
            "NS",
            "ns.example.net.",
            "home.example.org A: the NS record at home.example.org takes this name out",
        ),
    ] {
        for names in ["home", "home www"] {
            s.config(&format!("names = {names}\n"));
            s.fake.set("example.org", "home", rrtype, 600, &[value]);
            get(&s, "-4 home").fails(78, &[words]);
            // The other record is absent, which is less severe.
            get(&s, "").fails(78, &[words]);
            let ran = get(&s, "--json");
            ran.says(&[words]);
            assert_eq!(records(&object(&ran))[0], "home A failed [] null 78");
            s.fake.remove("example.org", "home", rrtype);
        }
    }
    // A record of another kind is in nobody's way.
    s.fake.set("example.org", "home", "MX", 600, &["10 mail.example.net."]);
    get(&s, "-4 home").is(1, "");
}

#[test]
fn failure_is_more_severe_than_an_absent_record_and_spares_the_others() {
    let s = two_domains();
    let on = || On::path("/domains/example.net/");
    for (status, body, code, words) in [
        (500, "{}", 75, "home.example.net A, nas.home.example.net A: could not read the record: "),
        (403, "{}", 77, "refused the token from token_file token (403)"),
        (404, "{\"object\":\"HTTPNotFound\"}", 78, "does not find the domain example.net (404)"),
        (200, "{}", 75, "unexpected response"),
    ] {
        s.fake.fault(on(), Times::Always, Fault::Answer(Answer::json(status, body)));
        let ran = get(&s, "");
        ran.prints(code, &format!("example.org A {STALE}\nhome.example.org A {ADDRESS}\n"));
        ran.says(&[words]);
        assert_eq!(ran.stderr.lines().count(), 1, "one cause, one line: {ran}");
        get(&s, "-4 nas.home").fails(code, &["nas.home.example.net A: could not read the record: "]);
        s.fake.clear_faults();
    }
    s.fake.refuse();
    get(&s, "-4 nas.home").fails(75, &["could not connect to 127.0.0.1"]);
    fs::remove_file(s.path("token")).expect("the token");
    get(&s, "").fails(78, &["token file token does not exist"]);
}

#[test]
fn hanging_server_ends_the_command_by_the_timeout() {
    let s = Sandbox::new();
    s.config_with("timeout = 1\n", "[example.org]\nnames = home\n");
    s.fake.fault(On::any(), Times::Always, Fault::Hang);
    get(&s, "-4 home").fails(75, &["home.example.org A: could not read the record: "]);
}

#[test]
fn records_of_a_domain_cost_one_listing_over_one_connection_and_change_nothing() {
    let s = two_domains();
    get(&s, "-4 @ home.example.org home.example.net nas.home").exits(0);
    assert_eq!((s.count("GET"), s.fake.connections()), (2, 1), "a listing for each domain");
    assert_eq!(s.fake.requests().len(), 2, "no address source is queried");
    get(&s, "-4 nas.home").exits(0);
    assert_eq!((s.count("GET"), s.fake.connections()), (3, 2), "one record is read alone");
    assert_eq!(s.count("PUT"), 0);
    assert!(!s.path("state").exists(), "no state, no lock");
    // Twelve domains of one account.
    let mut sections = String::new();
    for n in 0..12 {
        let domain = format!("example{n}.org");
        s.fake.add_domain(&domain);
        s.fake.set(&domain, "@", "A", 300, &[ADDRESS]);
        s.fake.set(&domain, "home", "A", 300, &[ADDRESS]);
        sections.extend(["[", &domain, "]\nnames = @ home\n"]);
    }
    s.config_with("", &sections);
    let (gets, connections) = (s.count("GET"), s.fake.connections());
    let ran = get(&s, "");
    ran.exits_without_errors(0);
    assert_eq!(ran.stdout.lines().count(), 24, "{ran}");
    assert_eq!((s.count("GET") - gets, s.fake.connections() - connections), (12, 1));
}

#[test]
fn state_and_lock_of_another_run_do_not_matter() {
    let s = Sandbox::new();
    s.fake.set("example.org", "home", "A", 600, &[STALE]);
    s.fake.fault(On::method("PUT"), Times::Once, Fault::Hang);
    let mut command = s.command();
    let mut first = command.args(["-c", "gandi-ddns.conf"]).spawn().expect("a run");
    let timeout = std::time::Duration::from_secs(60);
    assert!(s.fake.wait_until(timeout, |r| r.iter().any(|r| r.method == "PUT")));
    // The zone counts, not what the run is about to write.
    get(&s, "-4 home").is(0, &format!("{STALE}\n"));
    first.kill().expect("the first run");
    first.wait().expect("its end");
    // Nor does a backoff.
    s.fake.set("example.org", "home", "A", 600, &[STALE, ADDRESS]);
    s.run(&[]).exits(78);
    let state = fs::read(s.state_file()).expect("the state");
    get(&s, "-4 home").is(0, &format!("{STALE}\n{ADDRESS}\n"));
    assert_eq!(fs::read(s.state_file()).expect("the state"), state);
    fs::write(s.state_file(), "garbage").expect("the state");
    get(&s, "-4 home").is(0, &format!("{STALE}\n{ADDRESS}\n"));
}

#[test]
fn verbose_steps_are_on_stderr() {
    let s = two_domains();
    let ran = get(&s, "-v -4 nas.home");
    ran.prints(0, "81.2.69.8\n");
    ran.says(&["nas.home.example.net A: querying record"]);
    let ran = get(&s, "-v -4 --json");
    object(&ran);
    ran.says(&["example.org: querying zone"]);
}

#[test]
fn json_lists_each_record_that_was_asked_for() {
    let s = two_domains();
    let ran = get(&s, "--json home.example.org");
    ran.exits_without_errors(1);
    let wanted = [format!("home A present [{ADDRESS}] 600 null"), "home AAAA absent [] null null".to_owned()];
    assert_eq!(records(&object(&ran)), wanted);
    let ran = get(&s, "--json -4 -q @");
    ran.exits_without_errors(0);
    assert_eq!(records(&object(&ran)), [format!("@ A present [{STALE}] 300 null")]);
    let odd = r#"{"message":"odd \"quoted\" \\ \u0007 \u202e ü \ud83d\ude00 \n","object":"x","cause":"y"}"#;
    s.fake.fault(On::any(), Times::Always, Fault::Answer(Answer::json(418, odd)));
    let ran = get(&s, "--json -4 @");
    ran.exits(75);
    ran.says(&["odd \"quoted\" \\"]);
    let report = object(&ran);
    assert_eq!(records(&report), ["@ A failed [] null 75"]);
    assert!(json::to_string(&report).contains(r#"odd \"quoted\" \\"#), "{ran}");
    // An invalid command line.
    let ran = s.run(&["get", "--json", "--frob"]);
    ran.exits(64);
    assert!(records(&object(&ran)).is_empty(), "{ran}");
    // Without a config.
    s.raw_config("frob = \u{1b}[31m1\u{202e}\n");
    let ran = get(&s, "--json");
    ran.exits(78);
    ran.says(&["unknown key `frob`"]);
    let report = object(&ran);
    assert!(records(&report).is_empty() && json::to_string(&report).contains("unknown key `frob`"), "{ran}");
}
