//! `gandi-ddns setup`: asks for the token, the domain and the names, writes config and token, and makes the first update.
//! Nothing is written before the last question.

mod addresses;
mod dialogue;
mod ending;
mod files;
mod first_run;
mod present;
mod schedule;
mod terminal;
mod token;
mod zone;

use std::mem;
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};

use rustix::termios::isatty;

use crate::cli::{ConfigSource, Existing, GlobalOptions, SetupOptions};
use crate::commands::context::{Context, check_clock, load, report_config_error};
use crate::config::{self, Config, Credentials};
use crate::console::Console;
use crate::dns::ZoneName;
use crate::exit::Exit;
use crate::gandi::{Credential, Secret};
use crate::net::FamilySelection;
use crate::sys::random::Random;
use crate::sys::read_limited;
use crate::token::resume_renewals;
use dialogue::{Answer, Dialogue, NOTHING_WRITTEN, WRITTEN};
use ending::{Written, could_not_write};
use files::{DEFAULT_CONFIG, Found, MAX_FILE, Records, Target};
use schedule::{Job, Owner, UCI};
use token::Scope;

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
    let (path, in_use) = (PathBuf::new(), PathBuf::new());
    let mut setup =
        Setup { options, context, path, in_use, present: None, records: Records::default(), dialogue };
    setup.run().unwrap_or_else(|exit| exit)
}

/// The options and the environment, which become those of the later runs.
struct Setup<'a, 'b, 'c> {
    options: &'a mut GlobalOptions,
    context: &'a mut Context<'b>,
    /// The place of the config to write.
    path: PathBuf,
    /// The config in use: at that place, or that of OpenWrt's service.
    in_use: PathBuf,
    /// The contents of the config in use, without a token; `None` if it cannot be loaded.
    present: Option<Box<Config>>,
    records: Records,
    dialogue: Dialogue<'a, 'c>,
}

impl Setup<'_, '_, '_> {
    fn run(&mut self) -> Result<Exit, Exit> {
        self.path = files::place(&self.options.source, self.dialogue.console)?;
        if let Err(e) = check_clock(self.context) {
            return Err(report_config_error(&e, "", self.dialogue.console));
        }
        let given = self.options.overrides.clone();
        // Bad arguments are told before any question.
        let mut config = self.draft()?;
        let service = schedule::config_of_service(&self.path, self.context.env.uid);
        self.in_use = service.map_or_else(|| self.path.clone(), Path::to_owned);
        self.present = self.present(Credentials::Optional);
        let (mut token, mut addresses) = (PathBuf::new(), self.dialogue.given.existing);
        let can_repeat = self.dialogue.can_repeat();
        // Of another stdin, the token is the first line.
        let written = if !can_repeat || self.may_replace_config()? {
            if can_repeat && self.present.is_some() {
                let text = read_limited::read_to_string(&self.in_use, MAX_FILE).unwrap_or_default();
                let directory = self.in_use.parent().unwrap_or(Path::new("/"));
                present::carry(&text, directory, &mut self.options.overrides);
                config = self.draft()?;
            }
            let files = self.ask(&mut config)?;
            self.write(&files)?;
            files[0].path.clone_into(&mut token);
            self.context.env.token = None;
            if files[1].found != Found::Same {
                // The user has agreed.
                addresses = Existing::Replace;
                Written::Config
            } else if files[0].found != Found::Same {
                Written::Token
            } else {
                Written::Nothing
            }
        } else {
            self.keep()?
        };
        ending::tell(&mut self.dialogue, written);
        self.dialogue.written = WRITTEN;
        let exit = first_run::update(self.options, self.context, &mut self.dialogue, addresses)?;
        let (scheduled, owner) = self.schedule(&token, &given);
        ending::close(&mut self.dialogue, exit, written, owner, &self.path, self.context.env.sudo);
        Ok(exit.max(scheduled))
    }

    /// Loads the config in use, without the options.
    fn present(&mut self, credentials: Credentials) -> Option<Box<Config>> {
        let overrides = mem::take(&mut self.options.overrides);
        let source = ConfigSource::File(Some(self.in_use.clone()));
        let source = mem::replace(&mut self.options.source, source);
        let loaded = config::load(self.options, &self.context.env, credentials);
        (self.options.overrides, self.options.source) = (overrides, source);
        Some(loaded.ok()?.config)
    }

    /// Keeps the config in use, and replaces its tokens that do not work.
    fn keep(&mut self) -> Result<Written, Exit> {
        if let Some(mut config) = self.present(Credentials::Required) {
            let http = config.detection.client();
            let Dialogue { random, console, .. } = &mut self.dialogue;
            resume_renewals(&mut config, &http, random, console);
        }
        let mut written = Written::Nothing;
        // Check tells what is wrong with a config that cannot be loaded.
        if let Some(config) = &mut self.present {
            let now = (self.context.now)();
            for file in token::replace(&mut self.dialogue, config, now)? {
                let path = file.path.display();
                if let Err(e) = files::write_token(&file) {
                    return Err(could_not_write(&mut self.dialogue, format_args!("{path}"), &e));
                }
                self.dialogue.say(format_args!("  {path}  {}", file.note()));
                written = Written::Token;
            }
        }
        self.later(self.in_use.clone());
        Ok(written)
    }

    /// Offers to run the program regularly.
    fn schedule(&mut self, token: &Path, given: &[String]) -> (Exit, Owner) {
        // It was kept.
        if self.in_use != self.path && self.records.domain.is_empty() {
            schedule::tell_service(&mut self.dialogue);
            return (Exit::Ok, Owner::Service);
        }
        // One that cannot be loaded was kept.
        if self.present.is_none() && self.records.domain.is_empty() {
            return (Exit::Ok, Owner::User);
        }
        let path = self.path.display().to_string();
        let job = Job {
            program: self.context.env.program.as_deref(),
            config: if path == DEFAULT_CONFIG { "" } else { &path },
            is_root: self.context.env.uid == Some(0),
            token: &token.to_string_lossy(),
            records: &self.records,
            options: given,
            seed: self.context.seed,
        };
        match schedule::offer(&mut self.dialogue, &job) {
            Ok(owner) => (Exit::Ok, owner),
            Err(exit) => (exit, Owner::User),
        }
    }

    /// Makes the options those of a later run with this config.
    fn later(&mut self, path: PathBuf) {
        self.options.source = ConfigSource::File(Some(path));
        self.options.overrides = Vec::new();
        self.options.families = FamilySelection::Any;
    }

    /// Asks before an existing config is replaced. Returns false if it is to be kept.
    fn may_replace_config(&mut self) -> Result<bool, Exit> {
        if self.dialogue.given.existing == Existing::Replace || !self.in_use.exists() {
            return Ok(true);
        }
        let (path, name) = (self.path.display(), self.path.file_name().unwrap_or_default().display());
        let replaces = if self.in_use == self.path {
            let question = format_args!("{path} exists. Replace it (a copy stays as {name}.old)?");
            self.dialogue.confirm(question, Answer::No)?
        } else {
            let question = format_args!("{UCI} is in use. Replace what setup has written to it?");
            self.dialogue.confirm(question, Answer::No)?
        };
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
        // `renew_token` requires one. It is not read.
        self.options.overrides.push("token_file = token".to_owned());
        let loaded = load(self.options, self.context, Credentials::Optional);
        self.options.overrides.pop();
        match loaded {
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
        let now = (self.context.now)();
        let dialogue = &mut self.dialogue;
        config.accounts[0].credential = Credential::Token(Secret::new("", dialogue.source()));
        // The answers of a script do not depend on a config that is there.
        let present = self.present.as_deref().filter(|_| dialogue.can_repeat());
        let default = present.map(|present| present::proposed(present, None)).unwrap_or_default();
        let scope = if given.is_some() { Scope::Records } else { Scope::Any };
        let domain = loop {
            let seen = token::ask(dialogue, config, 0, scope, now)?;
            let chosen = match &given {
                Some(domain) => Some(domain.clone()),
                None => zone::domain(dialogue, seen.as_deref(), config, &default.domain)?,
            };
            if let Some(domain) = chosen {
                break domain;
            }
        };
        let default = present.map(|present| present::proposed(present, Some(&domain))).unwrap_or_default();
        zone::tell_nameservers(dialogue, &domain, config);
        let credential = config.accounts[0].credential.clone();
        let token = self.token_file(&credential);
        let dialogue = &mut self.dialogue;
        let mut found = None;
        let file = loop {
            let held = zone::names(dialogue, &domain, config, &default.names)?;
            let found = found.get_or_insert_with(|| addresses::look(dialogue, self.options.families, config));
            let types = addresses::types(dialogue, found, default.types)?;
            self.records = Records {
                domain: domain.typed().to_owned(),
                names: zone::words(&held),
                types: addresses::words(types),
                ttl: inline.ttl.clone().unwrap_or_default(),
            };
            let ipv6 = if found.has_temporary { "ipv6 = interface web\n" } else { "" };
            let text = files::text(&token, &self.records, &self.options.overrides, ipv6);
            let file = Target::new(self.path.clone(), text);
            // The addresses are those of earlier runs.
            if file.found == Found::Same || zone::may_replace(dialogue, &held, types, found, config)? {
                break file;
            }
            if !inline.names.is_empty() {
                return Err(dialogue.declined());
            }
        };
        self.later(self.path.clone());
        self.check(&file.text, credential.expose())?;
        Ok([token, file])
    }

    /// Returns the token file to write: that of the present config, if the new token is one for it as well, so that it works
    /// until it is replaced. Otherwise a new one, for the same readers.
    fn token_file(&mut self, credential: &Credential) -> Target {
        let text = credential.line();
        let Some(present) = &mut self.present else { return Target::token(&self.path, &text, None) };
        let only = present::only_token_file(present).map(Path::to_owned);
        let like = present::token_file(present.accounts[0].credential.source()).map(Path::to_owned);
        if let Some(path) = only
            && path.parent() == self.path.parent()
            && path != self.path
            && !path.is_symlink()
            && token::fits(&mut self.dialogue, present, credential)
        {
            return Target::new(path, text);
        }
        Target::token(&self.path, &text, like)
    }

    /// Writes the files after the last question.
    fn write(&mut self, files: &[Target; 2]) -> Result<(), Exit> {
        if files.iter().all(|file| file.found == Found::Same) {
            return Ok(());
        }
        let is_kept = self.dialogue.assumes_yes() && self.dialogue.given.existing == Existing::Keep;
        let has_other = if self.in_use == self.path {
            files[1].found == Found::Other
        } else {
            !self.present.as_ref().is_some_and(|present| present::has(present, &self.records))
        };
        let dialogue = &mut self.dialogue;
        let path = self.path.display();
        if is_kept && has_other {
            let path = if self.in_use == self.path { path.to_string() } else { UCI.to_owned() };
            let text = format_args!("{path} exists and has another content; remove it, or add --force");
            return Err(dialogue.end(text, Exit::Config));
        }
        dialogue.say(format_args!("\nAbout to write"));
        for file in files {
            dialogue.say(format_args!("  {}  {}", file.path.display(), file.note()));
        }
        if files[1].found == Found::Other {
            let old = read_limited::read_to_string(&self.path, MAX_FILE).unwrap_or_default();
            let lost = present::lost(&old, &files[1].text);
            if !lost.is_empty() {
                dialogue.say(format_args!("  Not kept:{lost}"));
            }
        }
        if !dialogue.confirm(format_args!("Continue?"), Answer::Yes)? {
            return Err(dialogue.declined());
        }
        files::write(files).map_err(|e| could_not_write(dialogue, format_args!("{path} and its token"), &e))
    }
}
