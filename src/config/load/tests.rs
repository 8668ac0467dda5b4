//! Tests of loading: configs as text and as arguments, good and bad.

use super::*;
use crate::address::consensus::Quorum;
use crate::config::model::{Config, MultipleValues};
use crate::dns::Ttl;
use crate::net::Family;

fn env() -> Environment {
    Environment { token: Some("pat_1".to_owned()), ..Environment::default() }
}

fn config(text: &str) -> Result<Box<Config>, String> {
    from_text(text, Path::new("x.conf"), &GlobalOptions::default(), &env(), Credentials::Required)
        .map(|l| l.config)
        .map_err(|e| e.to_string())
}

#[test]
fn optional_keys_have_defaults() {
    let config = config("[example.org]\nnames = @\n").expect("a good config");
    assert_eq!(config.accounts[0].api.as_str(), "https://api.gandi.net/v5/livedns");
    assert_eq!(
        (
            config.detection.timeout.as_secs(),
            config.recheck.as_secs(),
            config.detection.global(Family::V4).quorum
        ),
        (60, 3600, Quorum::default())
    );
    assert_eq!(config.records.len(), 1);
    assert_eq!(config.records[0].key.to_string(), "example.org A");
    assert_eq!((config.records[0].ttl, config.records[0].multiple_values), (None, MultipleValues::Refuse));
    assert!(config.warnings.is_empty() && config.detection.roots.is_none());
}

#[test]
fn sections_of_one_domain_have_their_own_settings() {
    let text = "multiple_values = replace\n[example.org]\nnames = @, www *.home\ntypes = A AAAA\nttl = 300\n\
                [example.org]\nnames = slow\nttl = 86400\nmultiple_values = refuse\n[example.net]\nnames = @";
    let config = config(text).expect("a good config");
    let records: Vec<String> = config
        .records
        .iter()
        .map(|r| format!("{} {:?} {:?}", r.key, r.ttl.map(Ttl::seconds), r.multiple_values))
        .collect();
    assert_eq!(records.len(), 8);
    assert_eq!(records[0], "example.org A Some(300) Replace");
    assert_eq!(records[5], "*.home.example.org AAAA Some(300) Replace");
    assert_eq!(records[6], "slow.example.org A Some(86400) Refuse");
    assert_eq!(records[7], "example.net A None Replace");
}

#[test]
fn config_error_has_line_and_remedy() {
    let section = "[example.org]\nnames = @\n";
    for (text, line, word) in [
        ("frob = 1\n".to_owned() + section, 1, "unknown key `frob`"),
        ("tokenfile = x\n".to_owned() + section, 1, "did you mean `token_file`"),
        (
            "names = @\n".to_owned() + section,
            1,
            "belongs in a section: put it below a line such as [example.org]",
        ),
        (
            section.to_owned() + "timeout = 5",
            3,
            "`timeout` is a global setting: move it above the first [section]",
        ),
        (section.to_owned() + "names = www", 3, "`names` is set twice"),
        (section.to_owned() + section, 4, "example.org A is listed twice"),
        (
            section.to_owned() + "ttl = 60",
            3,
            "`ttl`: invalid duration `60`: use seconds or 90s, 30m, 1h (from 300 to 2592000 seconds)",
        ),
        (section.to_owned() + "types = MX", 3, "unknown record type `MX`: use A"),
        ("[example.org]\nname = @".to_owned(), 2, "did you mean `names`"),
        ("[example.org]\nttl = 300".to_owned(), 1, "no `names`"),
        ("[www.example.org]\nnames = @".to_owned(), 1, "add `www` to names"),
        ("[example.org.]\nnames = @".to_owned(), 1, "write `example.org`"),
        ("[https://example.org]\nnames = @".to_owned(), 1, "no scheme"),
        ("[example]\nnames = @".to_owned(), 1, "not a full domain name"),
        ("[<change me>]\nnames = @".to_owned(), 1, "placeholder"),
        ("[example.org]\nnames = www.example.org".to_owned(), 2, "write `www`"),
        ("timeout = 0\n".to_owned() + section, 1, "1 to 3600"),
        ("agree = 2\n".to_owned() + section, 1, "did you mean `quorum`"),
        ("multiple = refuse\n".to_owned() + section, 1, "did you mean `multiple_values`"),
        ("ping = https://a.example\n".to_owned() + section, 1, "did you mean `heartbeat`"),
        ("ipv4 = host:a.example\n".to_owned() + section, 1, "did you mean `resolve`"),
        ("quorum = 0\n".to_owned() + section, 1, "1 to 5"),
        ("multiple_values = maybe\n".to_owned() + section, 1, "use `refuse` or `replace`"),
        ("api = http://api.gandi.net\n".to_owned() + section, 1, "https://"),
        ("ipv4 = https://a.example\n".to_owned() + section, 1, "quorum = 1"),
        ("ipv4 = dns\n".to_owned() + section, 1, "no source that can be published"),
        ("ipv4 = web resolve:example.org\n".to_owned() + section, 1, "look up its own record"),
        ("ipv4 = wbe\n".to_owned() + section, 1, "did you mean `web`"),
        (section.to_owned() + "suffix = ::1", 3, "add `types = AAAA`"),
        (section.to_owned() + "types = AAAA\nsuffix = eth0", 4, "`suffix`: "),
        ("ipv4 =\n".to_owned() + section, 1, "needs a value"),
        ("renew_token = yes\n".to_owned() + section, 1, "`token_file`"),
        ("renew_token = maybe\n".to_owned() + section, 1, "use `yes` or `no`"),
        ("ca_file = /nonexistent\n".to_owned() + section, 1, "could not use /nonexistent"),
    ] {
        let error = config(&text).expect_err(&text);
        assert!(error.starts_with(&format!("x.conf:{line}: ")) && error.contains(word), "{error}");
    }
    assert!(config("").is_err_and(|e| e.contains("no domain configured: add a section")));
    assert!(config(&("ipv4 = off\n".to_owned() + section)).is_err_and(|e| e.contains("nothing to do")));
}

#[test]
fn records_of_a_family_that_is_off_are_removed_unless_types_lists_them() {
    let off = |types: &str| {
        config(&format!("ipv4 = off\n[example.org]\nnames = @\n[example.net]\nnames = @\ntypes = {types}\n"))
    };
    assert_eq!(off("AAAA").expect("a good config").records.len(), 1);
    let error = off("AAAA A").expect_err("a contradiction");
    assert!(error.starts_with("x.conf:6: `types`: `ipv4` is off"), "{error}");
}

#[test]
fn suffix_applies_to_aaaa_records_only() {
    let config = config("[example.org]\nnames = nas\ntypes = A AAAA\nsuffix = ::5").expect("a good config");
    let detected = ["81.2.69.142", "2a01:e0a:1:2::3"].map(|a| a.parse().expect(a));
    let wanted: Vec<_> =
        config.records.iter().zip(detected).map(|(r, a)| r.desired_address(a).to_string()).collect();
    assert_eq!(wanted, ["81.2.69.142", "2a01:e0a:1:2::5"]);
}

#[test]
fn heartbeat_urls_are_separated_by_spaces_or_commas() {
    let read = |value: &str| {
        let config = config(&format!("heartbeat = {value}\n[example.org]\nnames = @\n")).expect(value);
        let urls: Vec<_> = config.notifications.heartbeat.iter().map(|url| url.as_str().to_owned()).collect();
        urls.join(" ")
    };
    for (value, urls) in [
        ("https://a.example/x/", "https://a.example/x"),
        ("https://a.example/x,y?z=1,2", "https://a.example/x,y?z=1,2"),
        ("https://a.example https://b.example", "https://a.example https://b.example"),
        ("https://a.example/, https://b.example ,", "https://a.example https://b.example"),
        ("https://a.example/?x,http://10.0.0.1/y", "https://a.example/?x http://10.0.0.1/y"),
    ] {
        assert_eq!(read(value), urls);
    }
    for (value, problem) in [
        ("http://a.example", "URL 1 must begin with https://"),
        ("https://a.example/?x=1 http://81.2.69.142/", "URL 2 must begin with https://"),
        ("https://a.example;https://b.example", "URL 1 is not a URL such as https://host/path"),
        ("https://müller.de/x", "URL 1: URLs have ASCII characters only: write the host in its `xn--` form"),
        (",", "needs a value"),
        (&"https://a.example/,".repeat(6), "6 URLs are too many: list at most 5"),
    ] {
        let error = config(&format!("heartbeat = {value}\n[example.org]\nnames = @\n")).expect_err(value);
        assert!(error.contains("x.conf:1: `heartbeat`: ") && error.contains(problem), "{error}");
    }
}

#[test]
fn detection_needs_neither_token_nor_records() {
    let path = Path::new("x.conf");
    let read = |text: &str| {
        let errors = Errors::new(Some(path));
        let detection = build::detection_of(&syntax::parse(text, &errors), &errors)?;
        errors.finish().map(|()| detection)
    };
    assert!(read("ipv4 = router\n[example.org]\n").is_ok_and(|d| !d.global(Family::V4).sources.is_off()));
    assert!(read("ipv4 = rooter").is_err_and(|e| e.to_string().contains("did you mean")));
}

#[test]
fn arguments_give_the_same_config_as_a_file() {
    let inline = Inline {
        domain: "example.org".to_owned(),
        names: vec!["home".to_owned(), "*.home".to_owned()],
        types: vec!["a".to_owned(), "AAAA".to_owned()],
        ttl: Some("300".to_owned()),
    };
    let load = |inline| {
        let options = GlobalOptions { source: ConfigSource::Inline(inline), ..GlobalOptions::default() };
        load(&options, &env(), Credentials::Required)
    };
    let loaded = load(inline.clone()).expect("good arguments");
    assert_eq!(loaded.config.records.len(), 4);
    let bad = Inline { ttl: Some("60".to_owned()), ..inline };
    let error = load(bad).expect_err("a short TTL").to_string();
    assert!(error.starts_with("--ttl: "), "{error}");
}

#[test]
fn missing_token_is_an_error_only_if_required() {
    let source = Path::new("x.conf");
    let (options, env) = (GlobalOptions::default(), Environment::default());
    let load = |token| from_text("[example.org]\nnames = @", source, &options, &env, token);
    assert!(load(Credentials::Required).is_err_and(|e| e.to_string().contains("admin.gandi.net")));
    assert!(load(Credentials::Optional).is_ok());
}
