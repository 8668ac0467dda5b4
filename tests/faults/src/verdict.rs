//! One case: the run with the fault, what must hold after it, and the runs that heal it.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::cases::{Case, Scope};
use crate::faults::is_temporary;
use crate::scenario::{Effect, Scenario};
use crate::trace;
use crate::world::{ADDRESS, ADDRESS6, Ran, SECRET, TOKEN, World};

/// The result of a case.
pub(crate) struct Verdict {
    pub(crate) problems: Vec<String>,
    /// True if the run ended before the call with the fault.
    pub(crate) missed: bool,
    /// All runs with their output.
    pub(crate) report: String,
}

/// The zone, the token and the files before the run with the fault.
struct Before {
    zone: String,
    files: Vec<(PathBuf, String)>,
    puts: usize,
}

/// Collects problems.
struct Judge<'a> {
    case: &'a Case,
    world: &'a World,
    /// True if the run ended before the call with the fault.
    missed: bool,
    problems: Vec<String>,
    report: String,
}

/// Runs a case in this directory.
pub(crate) fn run(case: &Case, program: &Path, dir: &Path) -> Verdict {
    let (sandbox, log) = (dir.join("sandbox"), dir.join("log"));
    let world = World::new(&sandbox, program, case.scenario);
    let before = Before { zone: world.zone("A"), files: world.files(), puts: world.fake.count("PUT") };
    let inject = format!("inject={}", case.injection);
    let mut options = vec!["-e", inject.as_str()];
    if case.scope == Scope::All {
        options.push("-f");
    }
    let _ = fs::remove_file(&log);
    let ran = world.traced(&options, &log, case.scenario.arguments);
    let log = String::from_utf8_lossy(&fs::read(&log).unwrap_or_default()).into_owned();
    let missed = !log.contains("(INJECTED)") && !log.contains("+++ killed by");
    let mut judge = Judge { case, world: &world, missed, problems: Vec::new(), report: String::new() };
    judge.see("the run with the fault", &ran);
    judge.end(&ran);
    judge.zone(&ran, &before);
    for outside in trace::changes_outside(&log, &sandbox) {
        judge.problem(format!("a change outside of the sandbox: {outside}"));
    }
    judge.token();
    judge.state();
    judge.heal();
    judge.history(&before);
    judge.secrets();
    Verdict { problems: judge.problems, missed, report: judge.report }
}

impl Judge<'_> {
    fn problem(&mut self, text: String) {
        self.problems.push(text);
    }

    /// Adds the problem unless the condition holds.
    #[expect(clippy::fn_params_excessive_bools, reason = "it is a condition, as that of `assert!`")]
    fn expect(&mut self, holds: bool, text: &str) {
        if !holds {
            self.problem(text.to_owned());
        }
    }

    /// Adds a run to the report, and checks what holds for each run.
    fn see(&mut self, title: &str, ran: &Ran) {
        let Ran { code, signal, stdout, stderr, hung } = ran;
        let end = code
            .map_or_else(|| format!("signal {}", signal.unwrap_or(0)), |code| format!("exit code {code}"));
        let _ = writeln!(self.report, "{title}: {end}\n{stdout}{stderr}");
        self.expect(!hung, &format!("{title}: did not end"));
        let is_secret = stdout.contains(SECRET) || stderr.contains(SECRET);
        self.expect(!is_secret, &format!("{title}: a secret in the output"));
    }

    /// Checks the end of the run with the fault.
    fn end(&mut self, ran: &Ran) {
        let Case { injection, .. } = self.case;
        let expected = self.case.scenario.exit;
        let said = format!("{}{}", ran.stdout, ran.stderr);
        let last = said.lines().last().unwrap_or_default().to_owned();
        match (ran.code, ran.signal) {
            (None, Some(signal)) => {
                let injected = match self.case.signal() {
                    Some("KILL") => 9,
                    Some("TERM") => 15,
                    _ => 0,
                };
                self.expect(signal == injected, &format!("signal {signal}: {last}"));
            }
            (Some(code), _) => {
                let may_blame_the_user = !self.missed && !is_temporary(injection);
                let documented = code == expected || code == 75 || code == 78 && may_blame_the_user;
                self.expect(documented, &format!("exit code {code}: {last}"));
                let silenced = ["write", "writev", "flock"].contains(&self.case.call());
                self.expect(
                    code == 0 || silenced || !said.is_empty(),
                    &format!("exit code {code} and no message"),
                );
            }
            _ => {}
        }
    }

    /// Checks that the record has the old or the right content, and the right one after exit code 0.
    fn zone(&mut self, ran: &Ran, before: &Before) {
        let zone = self.world.zone("A");
        let right = format!("300 {ADDRESS}");
        let Scenario { effect, .. } = *self.case.scenario;
        if effect == Effect::Nothing {
            self.expect(zone == before.zone, &format!("the zone was changed to `{zone}`"));
            self.expect(self.world.fake.count("PUT") == before.puts, "a PUT");
            self.expect(self.world.files() == before.files, "a file was changed");
        } else {
            self.expect(zone == before.zone || zone == right, &format!("the zone has `{zone}`"));
            self.expect(
                ran.code != Some(0) || zone == right,
                &format!("exit code 0, but the zone has `{zone}`"),
            );
        }
        let addresses = [ADDRESS, ADDRESS6].map(|address| format!("\"rrset_values\":[\"{address}\"]"));
        let puts = self.world.fake.puts();
        let is_other = |body: &str| !addresses.iter().any(|address| body.contains(address));
        let other = puts[before.puts..].iter().map(|put| put.body.as_str()).find(|body| is_other(body));
        self.expect(other.is_none(), &format!("another address was sent: {other:?}"));
        let violations: Vec<String> =
            self.world.fake.violations().into_iter().filter(|v| !v.starts_with("echo4: POST")).collect();
        self.expect(violations.is_empty(), &format!("requests that nobody may send: {violations:?}"));
    }

    /// Checks that the token file has one valid token.
    fn token(&mut self) {
        let token = self.world.read("token").unwrap_or_default();
        let valid = self.world.fake.accepts(token.trim()) && token.lines().count() == 1;
        self.expect(valid, &format!("the token file has no valid token, but {} bytes", token.len()));
    }

    /// Checks that the state file is whole, and that `status` can read it.
    fn state(&mut self) {
        // An empty one would only count as that of another version.
        let is_state = |path: &Path| path.extension().is_some_and(|extension| extension == "state");
        let is_whole = |text: &str| text.starts_with("gandi-ddns state ") && text.ends_with('\n');
        let whole = self.world.files().iter().all(|(path, text)| !is_state(path) || is_whole(text));
        self.expect(whole, "the state file is not whole");
        let ran = self.world.undisturbed(&["status"]);
        self.see("status", &ran);
        let good = matches!(ran.code, Some(0 | 75)) && ran.stderr.is_empty();
        self.expect(good, &format!("status: {:?} {}", ran.code, ran.stderr.trim_end()));
    }

    /// Runs the program without a fault: the next run makes all right, and a later one has nothing to do.
    fn heal(&mut self) {
        self.world.set_ipv6_status(200);
        self.heals("the next run");
        if self.case.scenario.effect == Effect::Renewal {
            if self.world.read("token").is_some_and(|token| token == TOKEN) {
                // The renewal failed, and its next attempt is due in a day, or without a state at once.
                self.world.remove_state();
                self.heals("the run on the next day");
            }
            let token = self.world.read("token").unwrap_or_default();
            let renewed = token != TOKEN && self.world.read("token.new").is_none();
            self.expect(renewed, "the token is not renewed, or token.new is left");
            self.token();
        }
        let before = self.world.fake.count("GET");
        let ran = self.world.undisturbed(&[]);
        self.see("a later run", &ran);
        let quiet = ran.code == Some(0) && ran.stdout.is_empty() && ran.stderr.is_empty();
        self.expect(quiet, &format!("a later run: {:?} {}{}", ran.code, ran.stdout, ran.stderr.trim_end()));
        self.expect(self.world.fake.count("GET") == before, "a later run: asked Gandi");
    }

    fn heals(&mut self, title: &str) {
        let ran = self.world.undisturbed(&[]);
        self.see(title, &ran);
        let is_other = |line: &str| !line.contains("warning: the token expires");
        let complaint = ran.stderr.lines().find(|line| is_other(line)).unwrap_or_default();
        let good = ran.code == Some(0) && complaint.is_empty();
        self.expect(good, &format!("{title}: {:?} {complaint}", ran.code));
        let zone = self.world.zone("A");
        self.expect(zone == format!("300 {ADDRESS}"), &format!("{title}: the zone has `{zone}`"));
    }

    /// Checks that no change of the past is missing in the history.
    fn history(&mut self, before: &Before) {
        if self.case.scenario.effect == Effect::Renewal {
            return;
        }
        for (path, text) in
            before.files.iter().filter(|(path, _)| path.extension().is_some_and(|e| e == "history"))
        {
            let now = fs::read_to_string(path).unwrap_or_default();
            self.expect(
                text.lines().all(|line| now.lines().any(|l| l == line)),
                "the history has lost a line",
            );
        }
    }

    /// Checks that no file but the token file and its draft has a secret.
    fn secrets(&mut self) {
        for (path, text) in self.world.files() {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
            self.expect(name.starts_with("token") || !text.contains(SECRET), &format!("a secret in {name}"));
        }
    }
}
