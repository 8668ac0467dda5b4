//! The token: asked for, checked, and proved with Gandi before anything else is asked. That of a config which is kept is
//! replaced if it does not work.

use super::dialogue::{Answer, Dialogue};
use super::files::Target;
use super::present::token_file;
use crate::config::{Config, token_of};
use crate::dns::ZoneName;
use crate::exit::Exit;
use crate::gandi::access_token::TokenInfo;
use crate::gandi::livedns::LiveDns;
use crate::gandi::{self, Credential};
use crate::sys::error_chain::chain;
use crate::sys::ownership::{self, Check, follow};
use crate::sys::read_limited;
use crate::sys::time::Timestamp;
use crate::token::{SOON, expiry};

/// Maximum size of a token file.
const MAX_FILE: u64 = 4096;
/// The way to a token, and the permissions that it needs.
const INTRODUCTION: &str = "\
You need a personal access token from Gandi. Create one at
  admin.gandi.net > Organizations > (yours) > Sharing > Personal Access Token
with the permission \"Manage domain name technical configurations\"
(\"See and renew domain names\" lets this setup list your domains).
";
/// The answer to Enter.
const EMPTY: &str =
    "the answer is empty: paste the token that you created at admin.gandi.net, or stop with Ctrl-C";
/// The remedy if there is no way to Gandi.
const UNREACHABLE: &str =
    "Gandi could not be reached: check this machine's network and DNS, and run setup again";

/// The domains that a token must have access to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// Those of the records in the config.
    Records,
    /// Any: the domain is asked for later.
    Any,
}

/// Gives the token to this account, and to those that have theirs from the same place.
fn give(config: &mut Config, number: usize, credential: &Credential) {
    let source = config.accounts[number].credential.source().to_owned();
    for account in &mut config.accounts {
        if account.credential.source() == source {
            account.renewed(credential);
        }
    }
}

/// Returns what Gandi says about the token of an account, and the domains that it can see: `None` if it may not list
/// them, none if it has access to those of the records.
fn prove(
    dialogue: &mut Dialogue,
    config: &Config,
    number: usize,
    scope: Scope,
) -> Result<(Option<TokenInfo>, Option<Vec<ZoneName>>), gandi::Error> {
    let http = config.detection.client();
    let account = &config.accounts[number];
    let mut livedns = LiveDns::new(&http, account, dialogue.random.split());
    let info = livedns.token_info();
    if scope == Scope::Any {
        return match livedns.domains() {
            // A good token may lack the permission to list them. If its information is not available, the domain will
            // show it.
            Err(e) if e.exit() == Exit::Token && !matches!(&info, Err(i) if i.exit() == Exit::Token) => {
                Ok((info.ok(), None))
            }
            seen => Ok((info.ok(), Some(seen?))),
        };
    }
    let mut last = None;
    for record in &config.records {
        let (domain, other) = (&record.key.domain, config.account(record));
        if other.credential.source() == account.credential.source() && last != Some(domain) {
            last = Some(domain);
            livedns.switch_to(other);
            livedns.domain(domain)?;
        }
    }
    Ok((info.ok(), Some(Vec::new())))
}

/// Returns true if this token has access to all domains of a config.
pub(super) fn fits(dialogue: &mut Dialogue, config: &mut Config, credential: &Credential) -> bool {
    give(config, 0, credential);
    prove(dialogue, config, 0, Scope::Records).is_ok()
}

/// Asks for a token until Gandi accepts it, which becomes that of the account. Returns the domains that it can see, see
/// [`prove`].
pub(super) fn ask(
    dialogue: &mut Dialogue,
    config: &mut Config,
    number: usize,
    scope: Scope,
    now: Timestamp,
) -> Result<Option<Vec<ZoneName>>, Exit> {
    if dialogue.is_terminal {
        dialogue.say(format_args!("{INTRODUCTION}"));
    }
    loop {
        let typed = dialogue.secret("Token (not shown): ")?;
        dialogue.console.hide(typed.trim());
        if dialogue.is_terminal && typed.trim().is_empty() {
            dialogue.problem(EMPTY, Exit::Token)?;
            continue;
        }
        match token_of(typed, dialogue.source()) {
            Ok(credential) => give(config, number, &credential),
            Err(problem) => {
                dialogue.problem(&problem, Exit::Token)?;
                continue;
            }
        }
        match prove(dialogue, config, number, scope) {
            Ok((info, seen)) => {
                tell(info, now, dialogue);
                return Ok(seen);
            }
            // Another token would not help.
            Err(e) if e.is_local() => {
                return Err(dialogue.end(format_args!("{}; {UNREACHABLE}", chain(&e)), e.exit()));
            }
            Err(e) => dialogue.problem(&chain(&e), e.exit())?,
        }
    }
}

/// Asks for a new token in place of each that does not work, or soon will not. Returns the files with those that are new.
pub(super) fn replace(
    dialogue: &mut Dialogue,
    config: &mut Config,
    now: Timestamp,
) -> Result<Vec<Target>, Exit> {
    let mut files = Vec::new();
    for number in 0..config.accounts.len() {
        let source = config.accounts[number].credential.source().to_owned();
        let is_first = !config.accounts[..number].iter().any(|a| a.credential.source() == source);
        // A token in the config itself, and an API key, are for the user to replace: the config stays as it is.
        let Some(path) = token_file(&source).filter(|path| is_first && ownership::check(path).is_ok()) else {
            continue;
        };
        let file = read_limited::read_to_string(path, MAX_FILE);
        let present = file
            .map_err(|e| format!("could not read {source}: {e}"))
            .and_then(|text| token_of(&text, &source));
        let problem = match present {
            Err(problem) => problem,
            Ok(credential) => {
                dialogue.console.hide(credential.expose());
                give(config, number, &credential);
                match prove(dialogue, config, number, Scope::Records) {
                    Err(e) if e.exit() == Exit::Token => chain(&e),
                    Ok((Some(TokenInfo { expires_in: Some(left), .. }), _)) if left <= SOON => {
                        let text = format!("The token from {source} {}.", expiry(now.plus(left), now));
                        if left > 0 {
                            // This program renews it.
                            if config.accounts[number].renew_token
                                || !dialogue.confirm(format_args!("{text} Replace it?"), Answer::No)?
                            {
                                continue;
                            }
                        }
                        text
                    }
                    // Check and update tell the rest.
                    _ => continue,
                }
            }
        };
        dialogue.say(format_args!("  {problem}\n"));
        ask(dialogue, config, number, Scope::Records, now)?;
        // A link stays one.
        let real = follow(path, Check::All).unwrap_or_else(|_| path.to_owned());
        files.push(Target::new(real, config.accounts[number].credential.line()));
    }
    Ok(files)
}

/// Prints what Gandi says about a token.
fn tell(info: Option<TokenInfo>, now: Timestamp, dialogue: &mut Dialogue) {
    let Some(TokenInfo { expires_in, scopes }) = info else {
        return dialogue.say(format_args!("  Gandi did not tell when it expires."));
    };
    let mut text = "  Accepted.".to_owned();
    if let Some(left) = expires_in {
        text = format!("{text} It {}.", expiry(now.plus(left), now));
    }
    if scopes.iter().any(|scope| scope == "domain:tech") {
        text.push_str(" It may change DNS records.");
    } else if !scopes.is_empty() {
        text.push_str(" Its permissions: ");
        text.push_str(&scopes.join(" "));
    }
    if expires_in.is_some_and(|left| left <= SOON) {
        text.push_str(
            " That is soon: updates fail from then on, until you run setup again with a new token.",
        );
    }
    dialogue.say(format_args!("{text}"));
}
