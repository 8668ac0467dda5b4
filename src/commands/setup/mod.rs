//! `gandi-ddns setup`: asks for the token, the domain and the names, writes config and token, and makes the first update.
//! Nothing is written before the last question.

mod addresses;
mod dialogue;
mod files;
mod first_run;
mod schedule;
mod terminal;
mod token;
mod zone;

use std::os::fd::BorrowedFd;
use std::path::Path;

use rustix::termios::isatty;

use crate::cli::{Existing, GlobalOptions, Questions, SetupOptions};
use crate::commands::context::{Context, report_config_error};
use crate::config::{self, Config, Credentials};
use crate::console::Console;
use crate::dns::ZoneName;
use crate::exit::Exit;
use crate::gandi::livedns::LiveDns;
use crate::http::Http;
use crate::sys::environment::Environment;
use crate::sys::random::Random;
use crate::sys::time::implausible;
use addresses::words;
use dialogue::{Default, Dialogue, NOTHING_WRITTEN, WRITTEN, declined, say};
use files::{Found, Target, Values, token_beside};

/// Runs the command. Returns the exit code of the first update; before that, that of the problem which ended the setup.
pub fn execute(
    options: &GlobalOptions,
    setup: &SetupOptions,
    stdin: BorrowedFd,
    context: &Context,
    console: &mut Console,
) -> Exit {
    let dialogue =
        Dialogue { stdin, is_terminal: isatty(stdin), questions: setup.questions, written: NOTHING_WRITTEN };
    let result = files::place(options, &context.env, console)
        .and_then(|path| Setup { options, setup, context, path: &path, dialogue }.run(console));
    result.unwrap_or_else(|exit| exit)
}

/// The options, and the place of the config.
struct Setup<'a> {
    options: &'a GlobalOptions,
    setup: &'a SetupOptions,
    context: &'a Context<'a>,
    path: &'a Path,
    dialogue: Dialogue<'a>,
}

impl Setup<'_> {
    fn run(&mut self, console: &mut Console) -> Result<Exit, Exit> {
        // With a wrong clock no certificate is valid, and TLS refuses one before 1970 by a panic.
        if let Some(problem) = implausible((self.context.now)()) {
            console.error(format_args!("{problem}"));
            return Err(Exit::TryLater);
        }
        let mut config = self.draft(console)?;
        // Of another stdin, the token is the first line.
        if !self.dialogue.can_repeat() || self.may_replace_config(console)? {
            let files = self.ask(&mut config, console)?;
            self.write(&files, console)?;
            console.notice(format_args!("  Written. First update:"));
        }
        let exit = first_run::run(self.options, self.path, self.context, console);
        self.dialogue.written = WRITTEN;
        let later = first_run::with_config(self.options, self.path);
        let (log, scheduled) = schedule::offer(&mut self.dialogue, &later, self.path, self.context, console);
        let (sudo, path) = (if self.is_default() { "sudo " } else { "" }, self.path.display());
        let config = if self.is_default() { String::new() } else { format!(" -c {path}") };
        let done =
            if exit == Exit::Ok { "Done." } else { "The config is written, but the first update failed." };
        let check = format!("{sudo}gandi-ddns{config} check");
        say(&format!("\n{done}\n  See what it does:  {log}\n  Check everything:  {check}"), console);
        Ok(exit.max(scheduled))
    }

    fn is_default(&self) -> bool {
        matches!(self.options.source, crate::cli::ConfigSource::File(None))
    }

    /// Asks before an existing config is replaced. Returns false if it is to be kept.
    fn may_replace_config(&mut self, console: &mut Console) -> Result<bool, Exit> {
        if self.setup.existing == Existing::Replace || self.path.symlink_metadata().is_err() {
            return Ok(true);
        }
        let (path, name) = (self.path.display(), self.path.file_name().unwrap_or_default().display());
        let question = format!("{path} exists. Replace it (a copy stays as {name}.old)?");
        let replaces = self.dialogue.confirm(&question, Default::No, console)?;
        if !replaces {
            console.notice(format_args!("  Kept. Update:"));
        }
        Ok(replaces)
    }

    /// Returns the config of the options, with examples in place of what will be asked.
    fn draft(&self, console: &mut Console) -> Result<Box<Config>, Exit> {
        let inline = &self.setup.inline;
        let or = |text: String, example: &str| if text.is_empty() { example.to_owned() } else { text };
        let text = files::text(&Values {
            domain: &or(inline.domain.clone(), "example.org"),
            names: or(inline.names.join(" "), "home"),
            types: or(inline.types.join(" "), "A"),
            ttl: inline.ttl.as_deref(),
            overrides: &self.options.overrides,
            prefers_interface: false,
        });
        self.parse(&text, Credentials::Optional, None, Exit::Usage, console)
    }

    /// Builds the config of a text. The errors are printed, and end the setup.
    fn parse(
        &self,
        text: &str,
        credentials: Credentials,
        token: Option<String>,
        exit: Exit,
        console: &mut Console,
    ) -> Result<Box<Config>, Exit> {
        let env = Environment { token, ..self.context.env.clone() };
        config::from_text(text, self.path, &env, credentials).map(|loaded| loaded.config).map_err(|e| {
            report_config_error(&e, "", console);
            exit
        })
    }

    /// Asks for everything, and returns the files to write.
    fn ask(&mut self, config: &mut Config, console: &mut Console) -> Result<Vec<Target>, Exit> {
        let (setup, options) = (self.setup, self.options);
        let dialogue = &mut self.dialogue;
        let mut random = Random::new(self.context.seed);
        let given = ZoneName::parse(&setup.inline.domain).ok();
        let domain = loop {
            let seen = token::ask(dialogue, config, given.as_ref(), self.context, &mut random, console)?;
            if let Some(domain) = &given {
                break domain.clone();
            }
            let (http, account) = (client(config), &config.accounts[0]);
            let mut livedns = LiveDns::new(&http, &account.api, &account.credential, random.split());
            match zone::domain(dialogue, seen.as_deref(), &mut livedns, console) {
                Ok(domain) => break domain,
                Err(Some(exit)) => return Err(exit),
                Err(None) => {}
            }
        };
        let (http, account) = (client(config), &config.accounts[0]);
        let mut livedns = LiveDns::new(&http, &account.api, &account.credential, random.split());
        zone::tell_nameservers(&domain, &mut livedns, &mut random, console);
        let mut found = None;
        let (names, types, has_temporary) = loop {
            // Its time limit has passed while the user typed.
            let http = client(config);
            let mut livedns = LiveDns::new(&http, &account.api, &account.credential, random.split());
            let names = zone::names(dialogue, &domain, &setup.inline.names, &mut livedns, console)?;
            let found = found.get_or_insert_with(|| addresses::look(options, config, &mut random, console));
            let types = addresses::types(dialogue, found, &setup.inline.types, console)?;
            let existing = setup.existing;
            if zone::may_replace(dialogue, &names, &types, &found.detected, existing, config, console)? {
                break (names, types, found.has_temporary);
            }
            if !setup.inline.names.is_empty() {
                return Err(declined(console));
            }
        };
        let names: Vec<&str> = names.iter().map(|n| n.name.as_str()).collect();
        let text = files::text(&Values {
            domain: domain.as_str(),
            names: names.join(" "),
            types: words(&types),
            ttl: setup.inline.ttl.as_deref(),
            overrides: &options.overrides,
            prefers_interface: has_temporary,
        });
        let credential = &config.accounts[0].credential;
        self.parse(
            &text,
            Credentials::Required,
            Some(credential.expose().to_owned()),
            Exit::Config,
            console,
        )?;
        Ok(vec![
            Target::new(token_beside(self.path), credential.line()),
            Target::new(self.path.to_owned(), text),
        ])
    }

    /// Writes the files after the last question.
    fn write(&mut self, files: &[Target], console: &mut Console) -> Result<(), Exit> {
        if files.iter().all(|file| file.found == Found::Same) {
            return Ok(());
        }
        say("\nAbout to write", console);
        for file in files {
            say(&format!("  {}  {}", file.path.display(), file.note()), console);
        }
        if let Some(other) = files.iter().find(|file| file.found == Found::Other)
            && self.setup.questions == Questions::AssumeYes
            && self.setup.existing == Existing::Keep
        {
            let path = other.path.display();
            let problem = format!("{path} exists and has another content; remove it, or add --force");
            self.dialogue.problem(&problem, Exit::Config, console)?;
        }
        if !self.dialogue.confirm("Continue?", Default::Yes, console)? {
            return Err(declined(console));
        }
        files::write(files).map_err(|e| {
            let directory = self.path.parent().unwrap_or(self.path).display();
            console.error(format_args!("could not write the files in {directory}: {e}"));
            if e.is_temporary() { Exit::TryLater } else { Exit::Config }
        })
    }
}

fn client(config: &Config) -> Http {
    Http::new(config.detection.roots.as_deref(), config.detection.timeout)
}
