//! The personal access token itself: when it expires, and a new one in its place (api.gandi.net/docs/authentication,
//! api.gandi.net/docs/organization).

use miniserde::Deserialize;

use super::credential::Credential;
use super::error::{Error, ErrorKind};
use super::livedns::LiveDns;
use super::wire;
use crate::http::{Endpoint, Method, RESPONSE_TIMEOUT, Request, Response};

/// The most bytes of either answer.
const MAX_BODY: u64 = 64 * 1024;

/// What Gandi says of a token.
#[derive(Debug, Default)]
pub(crate) struct TokenInfo {
    /// Seconds until it expires, if Gandi says so.
    pub(crate) expires_in: Option<u64>,
    /// What it permits, in Gandi's words; empty when Gandi does not say so.
    pub(crate) scopes: Vec<String>,
}

// Read one by one, so that a strange one does not hide the other.
#[derive(Deserialize)]
struct WireExpiry {
    expires_in: u64,
}

#[derive(Deserialize)]
struct WireScope {
    scope: Vec<String>,
}

#[derive(Deserialize)]
struct WireRenewed {
    access_token: String,
}

/// Where a token tells of itself: at `id.` where LiveDNS is at `api.`, else beside it.
fn info_url(api: &Endpoint) -> String {
    format!("{}/tokeninfo", api.origin().replacen("://api.", "://id.", 1))
}

/// Where the calling token is renewed: under `/v5`, as LiveDNS is.
fn renewal_url(api: &Endpoint) -> String {
    let base = api.as_str();
    format!("{}/organization/access-tokens", base.strip_suffix("/livedns").unwrap_or(base))
}

impl LiveDns<'_> {
    /// Asks when the token expires and what it permits. Asked once: nothing urgent hangs on it.
    pub(crate) fn token_info(&self) -> Result<TokenInfo, Error> {
        let answer = self.once(Method::Get, &info_url(self.transport.api))?;
        if answer.status != 200 {
            return Err(self.transport.refuse(&answer, None));
        }
        let expiry: Option<WireExpiry> = wire::parse(&answer.body);
        let scope: Option<WireScope> = wire::parse(&answer.body);
        Ok(TokenInfo {
            expires_in: expiry.map(|e| e.expires_in),
            scopes: scope.map(|s| s.scope).unwrap_or_default(),
        })
    }

    /// Has Gandi make a new token in the place of this one, of the same lifetime. Asked once, since each answer is
    /// another token.
    pub(crate) fn renewed_token(&self) -> Result<Credential, Error> {
        let method = Method::Post { content_type: "application/json", header: None, body: "{}" };
        let answer = self.once(method, &renewal_url(self.transport.api))?;
        if !(200..300).contains(&answer.status) {
            return Err(self.transport.refuse(&answer, None));
        }
        // What is not understood may hold the new token all the same: no excerpt.
        let renewed = wire::parse::<WireRenewed>(&answer.body).map(|r| r.access_token);
        match renewed.filter(|t| !t.is_empty() && t.bytes().all(|b| b.is_ascii_graphic())) {
            Some(token) => Ok(Credential::Token(token)),
            None => {
                Err(self.transport.error(ErrorKind::NotUnderstood("no token that can be read".to_owned())))
            }
        }
    }

    fn once(&self, method: Method, url: &str) -> Result<Response, Error> {
        let authorization = Some(self.transport.authorization.as_str());
        let family = None;
        let request =
            Request { method, url, authorization, family, limit: MAX_BODY, timeout: RESPONSE_TIMEOUT };
        self.transport.http.send(&request).map_err(|e| self.transport.error(ErrorKind::Http(e)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_tokens_are_asked_about() {
        let urls = |api| {
            let api = Endpoint::parse(api).expect(api);
            (info_url(&api), renewal_url(&api))
        };
        assert_eq!(
            urls("https://api.gandi.net/v5/livedns"),
            (
                "https://id.gandi.net/tokeninfo".to_owned(),
                "https://api.gandi.net/v5/organization/access-tokens".to_owned()
            )
        );
        assert_eq!(
            urls("https://api.sandbox.gandi.net/v5/livedns").0,
            "https://id.sandbox.gandi.net/tokeninfo"
        );
        assert_eq!(urls("https://127.0.0.1:81/v5/livedns").0, "https://127.0.0.1:81/tokeninfo");
    }
}
