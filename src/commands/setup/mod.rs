//! `gandi-ddns setup`: asks for the token, the domain and the names, writes config and token, and makes the first update.
//! Nothing is written before the last question.

mod addresses;
mod dialogue;
mod files;
mod schedule;
mod terminal;
mod token;
mod zone;

use std::os::fd::BorrowedFd;
use std::path::PathBuf;

use rustix::termios::isatty;

use crate::cli::{CheckScope, ConfigSource, Existing, GlobalOptions, Redaction, SetupOptions, UpdateOptions};
use crate::commands::context::{Context, check_clock, load, report_config_error};
use crate::commands::{check, update};
use crate::config::{self, Config, Credentials};
use crate::console::{Console, Verbosity};
use crate::dns::ZoneName;
use crate::exit::Exit;
use crate::net::FamilySelection;
use crate::report::WILL_REPLACE;
use crate::sys::random::Random;
use dialogue::{Answer, Dialogue, NOTHING_WRITTEN, WRITTEN};
use files::{DEFAULT_CONFIG, Found, Records, Target};
use schedule::Job;

/// Runs the command. Returns the exit code of the first update; before that, that of the problem which ended the setup.
pub fn execute(
    options: &mut GlobalOptions,
    given: &SetupOptions,
    stdin: BorrowedFd,
    context: &mut Context,
    console: &mut Console,
) -> Exit {
    // The token of a variable is not that of the later runs.
    context.env.token = None;
    context.env.token_file = None;
    context.env.credentials_directory = None;
    let dialogue = Dialogue {
        stdin,
        is_terminal: isatty(stdin),
        columns: terminal::columns(stdin),
        given,
        written: NOTHING_WRITTEN,
        random: Random::new(context.seed),
        console,
    };
    let mut setup = Setup { options, context, path: PathBuf::new(), records: Records::default(), dialogue };
    setup.run().unwrap_or_else(|exit| exit)
}

/// The options and the environment, which become those of the later runs.
struct Setup<'a, 'b, 'c> {
    options: &'a mut GlobalOptions,
    context: &'a mut Context<'b>,
    /// The place of the config.
    path: PathBuf,
    records: Records,
    dialogue: Dialogue<'a, 'c>,
}

impl Setup<'_, '_, '_> {
    fn run(&mut self) -> Result<Exit, Exit> {
        self.path = files::place(&self.options.source, self.dialogue.console)?;
        if let Err(e) = check_clock(self.context) {
            return Err(report_config_error(&e, "", self.dialogue.console));
        }
        let mut config = self.draft()?;
        let (mut token, mut addresses) = (PathBuf::new(), self.dialogue.given.existing);
        // Of another stdin, the token is the first line.
        if !self.dialogue.can_repeat() || self.may_replace_config()? {
            let files = self.ask(&mut config)?;
            self.write(&files)?;
            files[0].path.clone_into(&mut token);
            self.context.env.token = None;
            let is_same = files.iter().all(|file| file.found == Found::Same);
            if files[1].found != Found::Same {
                // The user has agreed.
                addresses = Existing::Replace;
            }
            let text = if is_same { "  Kept. Update:" } else { "  Written. First update:" };
            self.dialogue.say(format_args!("{text}"));
        } else {
            self.later();
            self.dialogue.say(format_args!("  Kept. Update:"));
        }
        self.dialogue.written = WRITTEN;
        let exit = self.first_run(addresses)?;
        let is_default = self.path.as_os_str() == DEFAULT_CONFIG;
        let path = self.path.display().to_string();
        let job = Job {
            program: self.context.env.program.as_deref(),
            config: if is_default { "" } else { &path },
            is_root: self.context.env.uid == Some(0),
            token: &token.to_string_lossy(),
            records: &self.records,
            seed: self.context.seed,
        };
        let scheduled = schedule::offer(&mut self.dialogue, &job);
        let done =
            if exit == Exit::Ok { "Done." } else { "The config is written, but the first update failed." };
        let log = schedule::log();
        self.dialogue.say(format_args!("\n{done}\n  See what it does:  {log}"));
        let command =
            if is_default { "sudo gandi-ddns".to_owned() } else { ["gandi-ddns -c ", &path].concat() };
        // To be copied as one line.
        self.dialogue.console.notice(format_args!("  Check everything:  {command} check"));
        Ok(exit.max(scheduled))
    }

    /// Makes the options those of a later run.
    fn later(&mut self) {
        self.options.source = ConfigSource::File(Some(self.path.clone()));
        self.options.overrides = Vec::new();
        self.options.families = FamilySelection::Any;
    }

    /// Prints the problems that `check` finds, and runs the update. Before it replaces `addresses` that are to be kept, it
    /// asks; and there is no update then if `check` could not find out.
    fn first_run(&mut self, addresses: Existing) -> Result<Exit, Exit> {
        let (mut found, mut errors) = (Vec::new(), Vec::new());
        let mut console = Console::new(Verbosity::Normal, &mut found, &mut errors);
        let scope = (Redaction::Off, CheckScope::Everything);
        let checked = check::execute(self.options, scope, self.context, &mut console);
        let mut replaces = false;
        for line in String::from_utf8_lossy(&found).lines() {
            // The update prints nothing about a record that is right.
            let right = line.strip_prefix("ok ").filter(|line| line.contains("up to date (")).map(str::trim);
            if right.is_some() || line.starts_with("warning") || line.starts_with("failure") {
                self.dialogue.say(format_args!("  {}", right.unwrap_or(line)));
                replaces |= line.contains(WILL_REPLACE);
            }
        }
        if addresses == Existing::Keep && checked != Exit::Ok {
            return Ok(checked);
        }
        if replaces && addresses == Existing::Keep {
            if self.dialogue.assumes_yes() {
                let text =
                    format_args!("gandi-ddns has not written this address; to replace it, add --force");
                return Err(self.dialogue.end(text, Exit::Config));
            }
            if !self.dialogue.confirm(format_args!("Replace it now?"), Answer::No)? {
                return Err(self.dialogue.declined());
            }
        }
        let console = &mut *self.dialogue.console;
        // A person is reading.
        console.note_terminal();
        let exit = update::execute(self.options, &UpdateOptions::default(), self.context, console);
        console.release();
        Ok(exit)
    }

    /// Asks before an existing config is replaced. Returns false if it is to be kept.
    fn may_replace_config(&mut self) -> Result<bool, Exit> {
        if self.dialogue.given.existing == Existing::Replace || !self.path.exists() {
            return Ok(true);
        }
        let (path, name) = (self.path.display(), self.path.file_name().unwrap_or_default().display());
        let question = format_args!("{path} exists. Replace it (a copy stays as {name}.old)?");
        let replaces = self.dialogue.confirm(question, Answer::No)?;
        // `--domain` would have no effect.
        if !replaces && !self.dialogue.given.inline.domain.is_empty() {
            return Err(self.dialogue.declined());
        }
        Ok(replaces)
    }

    /// Returns the config of the options, with examples in place of what will be asked.
    fn draft(&mut self) -> Result<Box<Config>, Exit> {
        for option in &self.options.overrides {
            let secret = ["token_file", "api_key_file"].iter().find(|key| files::has_key(option, key));
            let (shown, problem) = match secret {
                Some(key) => (*key, "setup asks for the token, and writes its file"),
                None if files::has_relative_path(option) => {
                    (option.as_str(), "its path must be an absolute one, also for the config")
                }
                None => continue,
            };
            self.dialogue.console.error(format_args!("-o {shown}: {problem}"));
            return Err(Exit::Usage);
        }
        let mut inline = self.dialogue.given.inline.clone();
        if inline.domain.is_empty() {
            "example.org".clone_into(&mut inline.domain);
        }
        if inline.names.is_empty() {
            inline.names.push("home".to_owned());
        }
        self.options.source = ConfigSource::Inline(inline);
        match load(self.options, self.context, Credentials::Optional) {
            Ok((config, _)) => Ok(config),
            Err(e) => Err(report_config_error(&e, "", self.dialogue.console)),
        }
    }

    /// Checks the text of the config. The errors are printed, and end the setup: no file has these lines yet.
    fn check(&mut self, text: &str, token: &str) -> Result<(), Exit> {
        self.context.env.token = Some(token.to_owned());
        let loaded =
            config::from_text(text, &self.path, self.options, &self.context.env, Credentials::Required);
        loaded.map(drop).map_err(|e| report_config_error(&e, "; nothing was written", self.dialogue.console))
    }

    /// Asks for everything, and returns the files to write.
    fn ask(&mut self, config: &mut Config) -> Result<[Target; 2], Exit> {
        let inline = &self.dialogue.given.inline;
        let given = ZoneName::parse(&inline.domain).ok();
        let domain = loop {
            let now = (self.context.now)();
            let seen = token::ask(&mut self.dialogue, config, given.as_ref(), now)?;
            let chosen = match &given {
                Some(domain) => Some(domain.clone()),
                None => zone::domain(&mut self.dialogue, seen.as_deref(), config)?,
            };
            if let Some(domain) = chosen {
                break domain;
            }
        };
        let dialogue = &mut self.dialogue;
        zone::tell_nameservers(dialogue, &domain, config);
        let credential = config.accounts[0].credential.line();
        let token = Target::token(&self.path, &credential);
        let mut found = None;
        let file = loop {
            let held = zone::names(dialogue, &domain, config)?;
            let found = found.get_or_insert_with(|| addresses::look(dialogue, self.options.families, config));
            let types = addresses::types(dialogue, found)?;
            self.records = Records {
                domain: domain.typed().to_owned(),
                names: zone::words(&held),
                types: addresses::words(types),
            };
            let ipv6 = if found.has_temporary { "ipv6 = interface web\n" } else { "" };
            let overrides = &self.options.overrides;
            let text = files::text(&token, &self.records, inline.ttl.as_deref(), overrides, ipv6);
            let file = Target::new(self.path.clone(), text);
            // The addresses are those of earlier runs.
            if file.found == Found::Same || zone::may_replace(dialogue, &held, types, found, config)? {
                break file;
            }
            if !inline.names.is_empty() {
                return Err(dialogue.declined());
            }
        };
        self.later();
        self.check(&file.text, credential.trim())?;
        Ok([token, file])
    }

    /// Writes the files after the last question.
    fn write(&mut self, files: &[Target; 2]) -> Result<(), Exit> {
        let dialogue = &mut self.dialogue;
        if files.iter().all(|file| file.found == Found::Same) {
            return Ok(());
        }
        let path = self.path.display();
        let is_kept = dialogue.assumes_yes() && dialogue.given.existing == Existing::Keep;
        if is_kept && files[1].found == Found::Other {
            let text = format_args!("{path} exists and has another content; remove it, or add --force");
            return Err(dialogue.end(text, Exit::Config));
        }
        dialogue.say(format_args!("\nAbout to write"));
        for file in files {
            dialogue.say(format_args!("  {}  {}", file.path.display(), file.note()));
        }
        if !dialogue.confirm(format_args!("Continue?"), Answer::Yes)? {
            return Err(dialogue.declined());
        }
        files::write(files).map_err(|e| {
            dialogue.console.error(format_args!("could not write {path} and its token: {e}"));
            if e.is_temporary() { Exit::TryLater } else { Exit::Config }
        })
    }
}
