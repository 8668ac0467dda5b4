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

use crate::cli::{ConfigSource, Existing, GlobalOptions, Questions, SetupOptions};
use crate::commands::context::{Context, load, report_config_error};
use crate::config::{self, Config, Credentials};
use crate::console::Console;
use crate::dns::ZoneName;
use crate::exit::Exit;
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
        .and_then(|path| Setup { options, given: setup, context, path: &path, dialogue }.run(console));
    result.unwrap_or_else(|exit| exit)
}

/// The options, and the place of the config.
struct Setup<'a> {
    options: &'a GlobalOptions,
    given: &'a SetupOptions,
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
        let (options, context) = first_run::later(self.options, self.path, self.context);
        let exit = first_run::run(&self.dialogue, &options, &context, console);
        self.dialogue.written = WRITTEN;
        let (log, scheduled) = schedule::offer(&mut self.dialogue, &options, self.path, &context, console);
        let command = if self.is_default() {
            "sudo gandi-ddns check".to_owned()
        } else {
            format!("gandi-ddns -c {} check", self.path.display())
        };
        let done =
            if exit == Exit::Ok { "Done." } else { "The config is written, but the first update failed." };
        say(
            &format!(
                "
{done}
  See what it does:  {log}"
            ),
            console,
        );
        // To be copied as one line.
        console.notice(format_args!("  Check everything:  {command}"));
        Ok(exit.max(scheduled))
    }

    fn is_default(&self) -> bool {
        matches!(self.options.source, ConfigSource::File(None))
    }

    /// Asks before an existing config is replaced. Returns false if it is to be kept.
    fn may_replace_config(&mut self, console: &mut Console) -> Result<bool, Exit> {
        if self.given.existing == Existing::Replace || self.path.symlink_metadata().is_err() {
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
        let key = |o: &String| o.split('=').next().unwrap_or_default().trim().to_ascii_lowercase();
        let is_secret = |o: &&String| matches!(key(o).as_str(), "token_file" | "api_key_file");
        if let Some(option) = self.options.overrides.iter().find(is_secret) {
            console.error(format_args!("-o {}: setup asks for the token, and writes its file", key(option)));
            return Err(Exit::Usage);
        }
        let mut inline = self.given.inline.clone();
        if inline.domain.is_empty() {
            "example.org".clone_into(&mut inline.domain);
        }
        if inline.names.is_empty() {
            inline.names.push("home".to_owned());
        }
        let options = GlobalOptions { source: ConfigSource::Inline(inline), ..self.options.clone() };
        let loaded = load(&options, self.context, Credentials::Optional);
        loaded.map(|(config, _)| config).map_err(|e| report_config_error(&e, "", console))
    }

    /// Checks the text of the config. The errors are printed, and end the setup: no file has these lines yet.
    fn check(&self, text: &str, token: &str, console: &mut Console) -> Result<(), Exit> {
        let (options, context) = first_run::later(self.options, self.path, self.context);
        let env = Environment { token: Some(token.to_owned()), ..context.env };
        let loaded = config::from_text(text, self.path, &options, &env, Credentials::Required);
        loaded.map(drop).map_err(|e| report_config_error(&e, "; nothing was written", console))
    }

    /// Asks for everything, and returns the files to write.
    fn ask(&mut self, config: &mut Config, console: &mut Console) -> Result<Vec<Target>, Exit> {
        let (setup, options) = (self.given, self.options);
        let (dialogue, context) = (&mut self.dialogue, self.context);
        let mut random = Random::new(context.seed);
        let given = ZoneName::parse(&setup.inline.domain).ok();
        let domain = loop {
            let seen = token::ask(dialogue, config, given.as_ref(), context, &mut random, console)?;
            let chosen = match &given {
                Some(domain) => Some(domain.clone()),
                None => zone::domain(dialogue, seen.as_deref(), config, &mut random, console)?,
            };
            if let Some(domain) = chosen {
                break domain;
            }
        };
        zone::tell_nameservers(&domain, config, &mut random, console);
        let mut found = None;
        let config_file = loop {
            let names = zone::names(dialogue, &domain, &setup.inline.names, config, &mut random, console)?;
            let found = found.get_or_insert_with(|| addresses::look(options, config, console));
            let types = addresses::types(dialogue, found, &setup.inline.types, console)?;
            let text = files::text(&Values {
                domain: domain.as_str(),
                names: zone::words(&names),
                types: words(&types),
                ttl: setup.inline.ttl.as_deref(),
                overrides: &options.overrides,
                prefers_interface: found.has_temporary,
            });
            let file = Target::new(self.path.to_owned(), text);
            // The addresses are those of earlier runs.
            if file.found == Found::Same
                || zone::may_replace(dialogue, &names, &types, (found, setup.existing), config, console)?
            {
                break file;
            }
            if !setup.inline.names.is_empty() {
                return Err(declined(console));
            }
        };
        let credential = &config.accounts[0].credential;
        self.check(&config_file.text, credential.expose(), console)?;
        Ok(vec![Target::new(token_beside(self.path), credential.line()), config_file])
    }

    /// Writes the files after the last question.
    fn write(&mut self, files: &[Target], console: &mut Console) -> Result<(), Exit> {
        if files.iter().all(|file| file.found == Found::Same) {
            return Ok(());
        }
        if let Some(other) = files.iter().find(|file| file.found == Found::Other)
            && self.given.questions == Questions::AssumeYes
            && self.given.existing == Existing::Keep
        {
            let path = other.path.display();
            let problem = format!("{path} exists and has another content; remove it, or add --force");
            self.dialogue.problem(&problem, Exit::Config, console)?;
        }
        say("\nAbout to write", console);
        for file in files {
            say(&format!("  {}  {}", file.path.display(), file.note()), console);
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
