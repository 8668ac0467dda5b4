//! Configs of up to 1 MiB load in linear time. A quadratic step would take minutes.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use crate::sandbox::{Sandbox, is_emulated};

/// Much more than a linear load takes, and much less than a quadratic one.
const LIMIT: Duration = Duration::from_secs(20);

/// Runs an update that ends with this error: the config is read as a whole, and the token last.
#[track_caller]
fn error_is_quick(s: &Sandbox, config: &str, word: &str) {
    assert!(config.len() < 1 << 20, "{} bytes", config.len());
    s.raw_config(config);
    let start = Instant::now();
    let ran = s.run(&[]);
    let took = start.elapsed();
    // The report of a failed test shows the config.
    s.raw_config("(a long one)\n");
    ran.prints(78, "");
    ran.says(&[word]);
    assert!(ran.stderr.lines().count() <= 22 && ran.stderr.len() < 16_384, "{} bytes", ran.stderr.len());
    let limit = if is_emulated() { LIMIT * 10 } else { LIMIT };
    assert!(took < limit, "{took:?}: {word}");
}

const NO_TOKEN: &str = "no token configured";

fn names(number: usize) -> String {
    (0..number).fold(String::new(), |mut names, n| {
        write!(names, " h{n}").expect("memory");
        names
    })
}

#[test]
fn config_of_a_megabyte_loads_in_linear_time() {
    let s = Sandbox::new();
    let list = names(60_000);
    error_is_quick(&s, &format!("[example.org]\nnames ={list}\ntypes = A AAAA\n"), NO_TOKEN);
    let twice = format!("[example.org]\nnames ={list} h59999\n");
    error_is_quick(&s, &twice, "h59999.example.org A is listed twice");
    let sections = |number: usize, domain: &dyn Fn(usize) -> String| {
        (0..number).fold(String::new(), |mut text, n| {
            writeln!(text, "[{}]\nnames = h{n}", domain(n)).expect("memory");
            text
        })
    };
    error_is_quick(&s, &sections(20_000, &|n| format!("a{n}.example.org")), NO_TOKEN);
    // Each name is compared with every domain.
    let deep = "a.".repeat(100);
    error_is_quick(&s, &sections(4500, &|n| format!("{deep}b{}.example.org", n % 50)), NO_TOKEN);
    error_is_quick(&s, &sections(20_000, &|_| "example.org".to_owned()), NO_TOKEN);
}

#[test]
fn long_lists_of_keys_types_and_sources_are_errors_at_once() {
    let s = Sandbox::new();
    let section = "[example.org]\nnames = @\n";
    error_is_quick(&s, &format!("{section}{}", "ttl = 300\n".repeat(90_000)), "`ttl` is set twice");
    let unknown = (0..80_000).fold(String::new(), |text, n| text + &format!("k{n} = 1\n"));
    error_is_quick(&s, &format!("{section}{unknown}"), "unknown key `k0`");
    let key = "k".repeat(1_000_000);
    error_is_quick(&s, &format!("{section}{key} = 1\n"), "unknown key");
    error_is_quick(&s, &format!("timeout = {key}\n{section}"), "invalid duration");
    error_is_quick(&s, &format!("[{key}]\nnames = @\n"), "section [kkk");
    let types = "A ".repeat(400_000);
    error_is_quick(&s, &format!("{section}types = {types}\n"), "lists a type twice");
    let sources = (0..40_000).fold(String::new(), |text, n| text + &format!(" resolve:h{n}.net"));
    error_is_quick(&s, &format!("ipv4 ={sources}\n{section}"), "sources are too many");
    let hosts = (0..32).fold(String::new(), |text, n| text + &format!(" resolve:h{n}.net"));
    let config = format!("ipv4 ={hosts}\n[example.org]\nnames ={}\n", names(60_000));
    error_is_quick(&s, &config, NO_TOKEN);
}
