//! Several accounts in one config: tokens, organizations and APIs of sections.

mod output;
mod requests;

use std::fs;

use crate::run_output::RunOutput;
use crate::sandbox::{ADDRESS, API_KEY, STALE, Sandbox, TOKEN};
use fake_gandi::{Family, Logged};

const DAY: u64 = 86_400;
/// The token of the second account.
const SECOND: &str = "pat_second0123456789SECRET";
/// The organization of the second account.
const ORGANIZATION: &str = "6f1c5c2e-6c9c-11e8-b5f0-00163ec31f40";
const NEW: &str = "81.2.69.180";

/// Returns a sandbox with a stale record in `example.org` of the global token and one in `example.net` of another. `keys`
/// are more lines of the second section.
fn two(keys: &str) -> Sandbox {
    let s = Sandbox::new();
    s.fake.accept_bearer_for(TOKEN, &["example.org"]);
    s.fake.accept_bearer_for(SECOND, &["example.net"]);
    s.fake.add_domain("example.net");
    for domain in ["example.org", "example.net"] {
        s.fake.set(domain, "home", "A", 600, &[STALE]);
    }
    s.write("token-b", SECOND);
    sections(&s, "", &format!("token_file = token-b\n{keys}"));
    s
}

/// Writes a config with `head` and the two sections, the second one with `keys`.
fn sections(s: &Sandbox, head: &str, keys: &str) {
    s.config_with(head, &format!("[example.org]\nnames = home\n[example.net]\nnames = home\n{keys}"));
}

/// Returns the usual head of a config without its token.
fn head_without_token(s: &Sandbox) -> String {
    s.head().replace("token_file = token\n", "")
}

/// Runs the binary, and checks that no token of these tests is in the output.
#[track_caller]
fn run(s: &Sandbox, arguments: &[&str]) -> RunOutput {
    keeps_secrets(s.run(arguments))
}

#[track_caller]
fn keeps_secrets(ran: RunOutput) -> RunOutput {
    assert!(!format!("{ran:?}").contains("SECRET"), "{ran}");
    ran
}

fn replaced(domain: &str) -> String {
    format!("home.{domain} A: {STALE} -> {ADDRESS}\n")
}

fn address_of(s: &Sandbox, domain: &str) -> String {
    s.fake.get(domain, "home", "A").map(|r| r.values.join(" ")).unwrap_or_default()
}

/// Returns the requests whose target has this part.
fn requests_with(s: &Sandbox, part: &str) -> Vec<Logged> {
    s.fake.requests().into_iter().filter(|r| r.target.contains(part)).collect()
}

/// Returns the tokens whose expiry was queried.
fn queried(s: &Sandbox) -> Vec<String> {
    let requests = s.fake.requests().into_iter().filter(|r| r.listener == "id");
    requests.map(|r| r.header("Authorization").unwrap_or_default().replace("Bearer ", "")).collect()
}

#[test]
fn each_section_has_its_own_token() {
    let s = two("");
    run(&s, &[]).is(0, &(replaced("example.org") + &replaced("example.net")));
    for request in s.fake.requests().iter().filter(|r| r.target.contains("/domains/")) {
        let token = if request.target.contains("example.net") { SECOND } else { TOKEN };
        assert_eq!(request.header("Authorization"), Some(format!("Bearer {token}").as_str()), "{request}");
    }
    assert_eq!(queried(&s), [TOKEN, SECOND]);
    run(&s, &[]).is(0, "");
}

#[test]
fn no_global_token_is_needed_when_each_section_has_its_own() {
    let s = two("");
    s.write("key", API_KEY);
    for (first, second) in [
        ("token_file = token", "token_file = token-b"),
        ("token_file = token", &format!("token = {SECOND}")),
        ("api_key_file = key", "token_file = token-b"),
        (&format!("api_key = {API_KEY}"), "token_file = token-b"),
    ] {
        s.raw_config(&format!(
            "{}[example.org]\nnames = home\n{first}\n[example.net]\nnames = home\n{second}\n",
            head_without_token(&s)
        ));
        run(&s, &["--force"]).exits_without_errors(0);
        assert_eq!([address_of(&s, "example.org"), address_of(&s, "example.net")], [ADDRESS; 2]);
        let _ = fs::remove_dir_all(s.path("state"));
        for domain in ["example.org", "example.net"] {
            s.fake.set(domain, "home", "A", 600, &[STALE]);
        }
    }
}

#[test]
fn token_of_the_environment_takes_the_place_of_the_global_one_only() {
    let s = two("");
    s.write("token", "pat_stale0123456789SECRET");
    let with = |name: &str, value: &str| {
        s.forget_notices();
        keeps_secrets(s.finish(s.command().args(["-c", "gandi-ddns.conf", "--force"]).env(name, value)))
    };
    with("GANDI_TOKEN", TOKEN).is(0, &(replaced("example.org") + &replaced("example.net")));
    with("GANDI_TOKEN", "pat_other0123456789SECRET").fails(
        77,
        &["home.example.org A: ", "the token from $GANDI_TOKEN, which overrides `token_file` (403)"],
    );
    fs::create_dir(s.path("credentials")).expect("a directory");
    s.write("credentials/token", TOKEN);
    with("CREDENTIALS_DIRECTORY", &s.path("credentials").display().to_string()).is(0, "");
    with("GANDI_TOKEN_FILE", &s.path("credentials/token").display().to_string()).is(0, "");
    // With a token in each section, nobody needs the one of the environment.
    s.write("token", TOKEN);
    s.raw_config(&format!(
        "{}[example.org]\nnames = home\ntoken_file = token\n[example.net]\nnames = home\ntoken_file = token-b\n",
        head_without_token(&s)
    ));
    with("GANDI_TOKEN", "pat_other0123456789SECRET").is(0, "");
}

#[test]
fn mistake_in_the_token_of_a_section_has_its_line() {
    let s = two("");
    for (keys, line, words) in [
        ("token_file = nowhere\n", 12, "token file nowhere does not exist"),
        ("token_file = token-b\ntoken = pat_x\n", 13, "`token_file` and `token` cannot be used together"),
        ("token = pat_x\napi_key_file = x\n", 13, "`token` and `api_key_file` cannot be used together"),
        ("token_file = token-b\ntoken_file = token-b\n", 13, "`token_file` is set twice"),
        ("token =\n", 12, "`token` of [example.net] in gandi-ddns.conf is empty"),
        ("token = \"x\"\n", 12, "without quotes"),
        ("api_key = pat_x\n", 12, "`api_key` of [example.net] in gandi-ddns.conf is not an API key"),
        ("renew_token = maybe\n", 12, "`renew_token`: unknown value"),
        ("token = pat_x\nrenew_token = yes\n", 13, "`renew_token`: requires `token_file`"),
        ("api = http://api.gandi.net\n", 12, "`api`: "),
        ("api = https://api.gandi.net?x\n", 12, "`api`: must not contain `?`"),
    ] {
        sections(&s, "", keys);
        run(&s, &[]).fails(78, &[&format!("gandi-ddns.conf:{line}: "), words]);
    }
    // All at once, and each file once.
    let third = "[example.com]\nnames = home www\ntoken_file = nowhere\n[example.com]\nnames = nas\ntoken_file = nowhere\n";
    sections(&s, "", &format!("token_file = nobody\nttl = 1\n{third}"));
    let ran = run(&s, &[]);
    ran.says(&[
        ": 3 errors",
        ":12: token file nobody does not exist",
        ":13: `ttl`",
        ":16: token file nowhere",
    ]);
    assert_eq!((ran.code, ran.stderr.lines().count()), (Some(78), 4), "{ran}");
    assert_eq!(s.fake.requests().len(), 0);
}

#[test]
fn section_without_any_token_is_named() {
    let s = two("");
    let config = |sections: &str| s.raw_config(&format!("{}{sections}", head_without_token(&s)));
    config(
        "[example.net]\nnames = home\ntoken_file = token-b\n[example.org]\nnames = home\n[example.com]\nnames = @\n",
    );
    run(&s, &[]).fails(
        78,
        &[
            "gandi-ddns.conf:9: no token configured for [example.org]: set `token_file = ",
            "create a token at",
        ],
    );
    config("[example.org]\nnames = home\n");
    run(&s, &[]).fails(78, &["gandi-ddns.conf: no token configured: set `token_file = "]);
    assert_eq!(s.fake.requests().len(), 0);
}

#[test]
fn refused_account_leaves_the_other_one_alone() {
    for (token, refused, other, file) in [
        (TOKEN, "example.org", "example.net", "token_file token"),
        (SECOND, "example.net", "example.org", "token_file token-b"),
    ] {
        let s = two("");
        s.fake.revoke(token);
        let ran = run(&s, &[]);
        ran.prints(77, &replaced(other));
        ran.says(&[&format!(
            "home.{refused} A: could not read the record: 127.0.0.1 refused the token from {file} (403)"
        )]);
        assert_eq!(ran.stderr.lines().count(), 1, "{ran}");
        // The other token is maintained, and its nameservers are looked at.
        assert_eq!(queried(&s).len(), 1);
        assert!(queried(&s)[0] != token && requests_with(&s, "/v5/domain/").len() == 1);
        let before = requests_with(&s, refused).len();
        assert_eq!(before, 1);
        // Only the refused one is in backoff.
        s.fake.set_address(Family::V4, NEW);
        run(&s, &[]).prints(77, &format!("home.{other} A: {ADDRESS} -> {NEW}\n"));
        assert_eq!((requests_with(&s, refused).len(), address_of(&s, other).as_str()), (before, NEW));
        assert_eq!(address_of(&s, refused), STALE);
    }
}

#[test]
fn expiry_of_each_token_is_warned_of() {
    let s = two("");
    s.fake.set_left(TOKEN, 5 * DAY + 100);
    s.fake.set_left(SECOND, 20 * DAY + 100);
    let warns = |ran: &RunOutput| {
        ran.says(&[
            "warning: the token from token_file token expires on 20",
            "in 5 days: create a token at admin.gandi.net",
            "and replace the old one in token; after",
            "warning: the token from token_file token-b expires on 20",
            "in 20 days: create a token at admin.gandi.net",
            "and replace the old one in token-b; after",
        ]);
        assert_eq!(ran.stderr.lines().count(), 2, "{ran}");
    };
    warns(&run(&s, &[]));
    run(&s, &[]).is(0, "");
    s.fake.set_left(TOKEN, 5 * DAY + 100);
    s.age(DAY);
    warns(&run(&s, &[]));
    // The second one is replaced: only its expiry is queried again.
    let before = queried(&s).len();
    s.fake.accept_bearer_for("pat_third0123456789SECRET", &["example.net"]);
    s.write("token-b", "pat_third0123456789SECRET");
    run(&s, &[]).exits(0);
    assert_eq!(queried(&s)[before..], ["pat_third0123456789SECRET"]);
    let json = s.run(&["--json"]);
    let left = json.stdout.split("\"token_expires\":").nth(1).expect("the expiry").to_owned();
    let state = fs::read_to_string(s.state_file()).expect("the state");
    let earliest =
        state.lines().filter_map(|l| l.strip_prefix("token ")).filter_map(|l| l.split(' ').nth(3)).min();
    assert!(left.starts_with(earliest.expect("an expiry")), "{left} {state}");
}

#[test]
fn token_is_renewed_only_in_the_section_that_wants_it() {
    let left = |s: &Sandbox| [TOKEN, SECOND].map(|token| s.fake.set_left(token, 10 * DAY + 100));
    let files = |s: &Sandbox| ["token", "token-b"].map(|f| fs::read_to_string(s.path(f)).expect(f));
    let s = two("renew_token = yes\n");
    left(&s);
    let ran = run(&s, &[]);
    ran.says(&["warning: the token from token_file token expires"]);
    let renewed = "token from token_file token-b renewed (the old one would have expired on 20";
    assert!(ran.code == Some(0) && ran.stdout.contains(renewed) && ran.stderr.lines().count() == 1, "{ran}");
    assert_eq!((files(&s), s.fake.renewals()), ([TOKEN.to_owned(), "pat_renewed1_SECRET\n".to_owned()], 1));
    // Both, and neither.
    let s = two("");
    left(&s);
    sections(&s, "renew_token = yes\n", "token_file = token-b\n");
    run(&s, &[]).exits_without_errors(0);
    assert_eq!(s.fake.renewals(), 2);
    assert!(files(&s).iter().all(|file| file.starts_with("pat_renewed")));
    s.age(DAY);
    run(&s, &["--force"]).is(0, "");
    let s = two("");
    left(&s);
    sections(&s, "renew_token = yes\n", "token_file = token-b\nrenew_token = no\n");
    run(&s, &[]).says(&["warning: the token from token_file token-b expires"]);
    assert_eq!((s.fake.renewals(), files(&s)[1].as_str()), (1, SECOND));
}

#[test]
fn interrupted_renewal_of_one_account_ends_only_its_backoff() {
    let s = two("renew_token = yes\n");
    s.fake.revoke_all();
    run(&s, &[]).exits(77);
    s.fake.accept_bearer_for(TOKEN, &["example.org"]);
    s.fake.accept_bearer_for("pat_third0123456789SECRET", &["example.net"]);
    s.write("token-b.new", "pat_third0123456789SECRET");
    run(&s, &[]).prints(77, &replaced("example.net"));
    assert_eq!(fs::read_to_string(s.path("token-b")).expect("the token"), "pat_third0123456789SECRET\n");
    assert_eq!(address_of(&s, "example.org"), STALE);
}

#[test]
fn changed_token_ends_only_the_backoff_of_its_account() {
    let s = two("");
    s.fake.revoke_all();
    let ran = run(&s, &[]);
    ran.says(&["token_file token (403)", "token_file token-b (403)"]);
    assert_eq!((ran.code, ran.stderr.lines().count()), (Some(77), 2), "{ran}");
    s.fake.accept_bearer_for(TOKEN, &["example.org"]);
    s.fake.accept_bearer_for("pat_third0123456789SECRET", &["example.net"]);
    let before = requests_with(&s, "example.org").len();
    s.write("token-b", "pat_third0123456789SECRET");
    run(&s, &[]).prints(77, &replaced("example.net"));
    assert_eq!(requests_with(&s, "example.org").len(), before);
    s.write("token", &format!("{TOKEN}\n"));
    run(&s, &[]).is(0, &replaced("example.org"));
}
