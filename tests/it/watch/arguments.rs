use crate::sandbox::Sandbox;

#[test]
fn interval_is_from_ten_seconds_to_a_day() {
    let s = Sandbox::new();
    for interval in
        ["0", "9", "9s", "86401", "2d", "1441m", "-1", "5x", "", " ", "1e3", "10.5", "99999999999999999999"]
    {
        let ran = s.run(&["watch", &format!("--interval={interval}")]);
        ran.fails(64, &["--interval"]);
        if !interval.trim().is_empty() {
            ran.says(&["from 10 to 86400 seconds"]);
        }
    }
    s.run(&["watch", "--interval"]).fails(64, &["--interval needs a value: --interval TIME"]);
    s.run(&["watch", "--interval", "10", "--interval", "20"]).fails(64, &["--interval is given twice"]);
    // Those that are accepted get as far as the config.
    for interval in ["10", "10s", "5m", "1d", "24h", "86400"] {
        let mut command = s.command();
        command.args(["watch", "-c", "absent.conf", "--interval", interval]);
        s.finish(&mut command).fails(78, &["absent.conf"]);
    }
    assert_eq!(s.fake.connections(), 0);
}

#[test]
fn options_of_other_commands_are_refused() {
    let s = Sandbox::new();
    for option in [
        "--json",
        "--dry-run",
        "-n",
        "--force",
        "-f",
        "--address=81.2.69.142",
        "--wait=60",
        "--splay=60",
        "--redact",
        "--offline",
        "--yes",
    ] {
        let ran = s.run(&["watch", option]);
        ran.exits(64);
        assert!(format!("{ran}").contains("cannot be used with watch"), "{option}: {ran}");
    }
    for command in
        [&["--interval", "60"][..], &["check", "--interval", "60"], &["status", "--interval", "60"]]
    {
        s.run(command).fails(64, &["--interval cannot be used with ", ", only with watch"]);
    }
    s.run(&["watch", "now"]).fails(64, &["nothing but options may follow `watch`"]);
    for word in ["daemon", "monitor", "wach"] {
        s.run(&[word]).fails(64, &["did you mean watch?"]);
    }
    assert_eq!(s.fake.connections(), 0);
}

#[test]
fn config_that_is_wrong_at_the_start_ends_it_with_the_code_of_a_run() {
    let s = Sandbox::new();
    s.raw_config("frob = 1\n");
    s.run(&["watch"]).exits(78);
    s.run(&["watch", "-o", "frob=1"]).exits(64);
    s.config("names = home\n");
    s.run(&["watch", "-6", "-o", "timeout=nosuch"]).fails(64, &["timeout"]);
    s.run(&["watch", "-6"]).fails(78, &["no record of the chosen address family"]);
    let mut inline = s.command();
    inline.args(["watch", "--domain", "example.org"]);
    s.finish(&mut inline).fails(64, &["--domain requires at least one --name"]);
    let mut without_token = s.command();
    without_token.args(["watch", "--domain", "example.org", "--name", "home"]);
    let ran = s.finish(&mut without_token);
    let mut run = s.command();
    run.args(["--domain", "example.org", "--name", "home"]);
    assert_eq!(ran, s.finish(&mut run), "as a run");
    assert_eq!(s.fake.connections(), 0);
}
