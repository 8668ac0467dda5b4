//! The token: asked for, checked, and proved with Gandi before anything else is asked.

use super::dialogue::{Dialogue, say};
use crate::commands::context::Context;
use crate::config::{Config, token_of};
use crate::console::Console;
use crate::dns::ZoneName;
use crate::exit::Exit;
use crate::gandi;
use crate::gandi::access_token::TokenInfo;
use crate::gandi::livedns::LiveDns;
use crate::http::Http;
use crate::sys::error_chain::chain;
use crate::sys::random::Random;
use crate::sys::time::Timestamp;
use crate::token::{SOON, expiry};

/// The way to a token, and the permissions that it needs.
const INTRODUCTION: &str = "\
You need a personal access token from Gandi. Create one at
  admin.gandi.net > Organizations > (yours) > Sharing > Personal Access Token
with the permission \"Manage domain name technical configurations\"
(\"See and renew domain names\" lets this setup list your domains).
";

/// Asks for a token until Gandi accepts it, which becomes that of the config. Returns the domains that it can see: all of
/// them, or `domain` if that is given; `None` if it may not list them.
pub(super) fn ask(
    dialogue: &mut Dialogue,
    config: &mut Config,
    domain: Option<&ZoneName>,
    context: &Context,
    random: &mut Random,
    console: &mut Console,
) -> Result<Option<Vec<ZoneName>>, Exit> {
    if dialogue.is_terminal {
        say(INTRODUCTION, console);
    }
    let source = if dialogue.is_terminal { "your input" } else { "stdin" };
    loop {
        let typed = dialogue.secret("Token (not shown): ", console)?;
        console.hide(typed.trim());
        match token_of(&typed, source) {
            Ok(credential) => config.accounts[0].credential = credential,
            Err(problem) => {
                dialogue.problem(&problem, Exit::Token, console)?;
                continue;
            }
        }
        let http = Http::new(config.detection.roots.as_deref(), config.detection.timeout);
        let mut livedns = LiveDns::new(&http, &config.accounts[0], random.split());
        let info = livedns.token_info();
        match prove(&mut livedns, &info, domain) {
            Ok(domains) => {
                tell(&info, (context.now)(), console);
                return Ok(domains);
            }
            Err(e) => dialogue.problem(&chain(&e), e.exit(), console)?,
        }
    }
}

/// Returns the domains that Gandi lists, or `domain` if the token has access to it. The error is that of a token that Gandi
/// refuses, or the reason why this is unknown.
fn prove(
    livedns: &mut LiveDns,
    info: &Result<TokenInfo, gandi::Error>,
    domain: Option<&ZoneName>,
) -> Result<Option<Vec<ZoneName>>, gandi::Error> {
    if let Some(domain) = domain {
        return livedns.domain(domain).map(|()| Some(vec![domain.clone()]));
    }
    match livedns.domains() {
        Ok(domains) => Ok(Some(domains)),
        // A good token without the permission to list them. If its information is not available, the domain will show it.
        Err(e) if e.exit() == Exit::Token && !matches!(info, Err(i) if i.exit() == Exit::Token) => Ok(None),
        Err(e) => Err(e),
    }
}

/// Prints what Gandi says about a token.
fn tell(info: &Result<TokenInfo, gandi::Error>, now: Timestamp, console: &mut Console) {
    let Ok(TokenInfo { expires_in, scopes }) = info else {
        return say("  Gandi did not tell when it expires.", console);
    };
    let mut text = "  Accepted.".to_owned();
    if let Some(left) = expires_in {
        text.push_str(" It ");
        text.push_str(&expiry(now.plus(*left), now));
        text.push('.');
    }
    if scopes.iter().any(|scope| scope == "domain:tech") {
        text.push_str(" It may change DNS records.");
    } else if !scopes.is_empty() {
        text.push_str(" Its permissions: ");
        text.extend(scopes.join(" ").chars().filter(char::is_ascii).take(200));
    }
    if expires_in.is_some_and(|left| left <= SOON) {
        text.push_str(
            " That is soon: updates fail from then on, until you run setup again with a new token.",
        );
    }
    say(&text, console);
}
