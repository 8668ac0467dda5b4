//! The token: asked for, checked, and proved with Gandi before anything else is asked.

use super::dialogue::Dialogue;
use crate::config::{Config, token_of};
use crate::dns::ZoneName;
use crate::exit::Exit;
use crate::gandi::access_token::TokenInfo;
use crate::gandi::livedns::LiveDns;
use crate::sys::error_chain::chain;
use crate::sys::time::Timestamp;
use crate::token::{SOON, expiry};

/// The way to a token, and the permissions that it needs.
const INTRODUCTION: &str = "\
You need a personal access token from Gandi. Create one at
  admin.gandi.net > Organizations > (yours) > Sharing > Personal Access Token
with the permission \"Manage domain name technical configurations\"
(\"See and renew domain names\" lets this setup list your domains).
";

/// Asks for a token until Gandi accepts it, which becomes that of the config. Returns the domains that it can see: `None`
/// if it may not list them, none if `domain` is given: it has access to that.
pub(super) fn ask(
    dialogue: &mut Dialogue,
    config: &mut Config,
    domain: Option<&ZoneName>,
    now: Timestamp,
) -> Result<Option<Vec<ZoneName>>, Exit> {
    let source = if dialogue.is_terminal { "your input" } else { "stdin" };
    if dialogue.is_terminal {
        dialogue.say(format_args!("{INTRODUCTION}"));
    }
    loop {
        let typed = dialogue.secret("Token (not shown): ")?;
        dialogue.console.hide(typed.trim());
        match token_of(typed, source) {
            Ok(credential) => config.accounts[0].credential = credential,
            Err(problem) => {
                dialogue.problem(&problem, Exit::Token)?;
                continue;
            }
        }
        let http = config.detection.client();
        let mut livedns = LiveDns::new(&http, &config.accounts[0], dialogue.random.split());
        let info = livedns.token_info();
        let seen = match domain {
            Some(domain) => livedns.domain(domain).map(|()| Vec::new()),
            None => livedns.domains(),
        };
        if let Err(e) = &seen {
            // A good token may lack the permission to list them. If its information is not available, the domain will show
            // it.
            let is_refused = matches!(&info, Err(i) if i.exit() == Exit::Token);
            if domain.is_some() || e.exit() != Exit::Token || is_refused {
                dialogue.problem(&chain(e), e.exit())?;
                continue;
            }
        }
        tell(info.ok(), now, dialogue);
        return Ok(seen.ok());
    }
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
