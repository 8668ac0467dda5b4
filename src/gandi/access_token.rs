//! Reads the expiry of the personal access token, and renews it (api.gandi.net/docs/authentication,
//! api.gandi.net/docs/organization).

use std::time::Duration;

use super::credential::Credential;
use super::error::{Error, ErrorKind};
use super::livedns::LiveDns;
use super::strict::parse;
use crate::http::{Endpoint, Method, RESPONSE_TIMEOUT, Request, Response};

/// Maximum size of a response body in bytes.
const MAX_BODY: u64 = 64 * 1024;

/// Information about a token.
#[derive(Debug, Default)]
pub(crate) struct TokenInfo {
    /// Seconds until it expires; `None` if the response does not contain it.
    pub(crate) expires_in: Option<u64>,
    /// Its permissions, in Gandi's words; empty if the response does not contain them.
    pub(crate) scopes: Vec<String>,
}

/// Returns the URL of a token's information. Gandi has it on the host `id.…` beside each of its two hosts `api.…`. Any
/// other host is asked itself: the token is sent to no host that the config does not name.
fn info_url(api: &Endpoint) -> String {
    let origin = match api.host() {
        "api.gandi.net" | "api.sandbox.gandi.net" => {
            api.origin().to_ascii_lowercase().replacen("://api.", "://id.", 1)
        }
        _ => api.origin().to_owned(),
    };
    origin + "/tokeninfo"
}

/// Returns the URL that renews the token of the request: under `/v5`, like LiveDNS.
fn renewal_url(api: &Endpoint) -> String {
    [api.parent("/livedns"), "/organization/access-tokens"].concat()
}

impl LiveDns<'_> {
    /// Reads the token's expiry and permissions (`GET /tokeninfo`), without a retry, since it is not urgent.
    pub(crate) fn token_info(&self) -> Result<TokenInfo, Error> {
        let response = self.send_once(Method::Get, &info_url(&self.transport.account.api))?;
        if response.status != 200 {
            return Err(self.transport.refused(&response, None));
        }
        let Some(mut json) = parse(&response.body) else { return Ok(TokenInfo::default()) };
        // An unexpected value of one does not hide the other.
        Ok(TokenInfo {
            expires_in: json.number("expires_in"),
            scopes: json.texts("scope").unwrap_or_default(),
        })
    }

    /// Creates a new token with the lifetime of this one (`POST /organization/access-tokens`). Without a retry, since each
    /// response is another token.
    pub(crate) fn renewed_token(&self) -> Result<Credential, Error> {
        let method = Method::Post { content_type: "application/json", body: "{}" };
        let response = self.send_once(method, &renewal_url(&self.transport.account.api))?;
        if !(200..300).contains(&response.status) {
            return Err(self.transport.refused(&response, None));
        }
        // The error has no excerpt: a body that could not be parsed may contain the new token.
        let renewed = parse(&response.body).and_then(|mut json| json.text("access_token"));
        match renewed.filter(|t| !t.is_empty() && t.bytes().all(|b| b.is_ascii_graphic())) {
            Some(token) => Ok(Credential::renewed(&token)),
            None => {
                Err(self.transport.error(ErrorKind::NotUnderstood("it contains no valid token".to_owned())))
            }
        }
    }

    fn send_once(&self, method: Method, url: &str) -> Result<Response, Error> {
        let authorization = Some(self.transport.authorization.as_str());
        let (family, limit, timeout, total) = (None, MAX_BODY, RESPONSE_TIMEOUT, Duration::MAX);
        let request = Request { method, url, authorization, family, limit, timeout, total };
        self.transport.http.send(&request).map_err(|e| self.transport.error(ErrorKind::Http(e)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_urls_follow_from_the_api_url() {
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
        for (api, info, renewal) in [
            ("https://API.gandi.net/v5/livedns", "https://id.gandi.net", "https://API.gandi.net/v5"),
            ("https://127.0.0.1:81/v5/livedns", "https://127.0.0.1:81", "https://127.0.0.1:81/v5"),
            (
                "https://api.example.test/v5/livedns/",
                "https://api.example.test",
                "https://api.example.test/v5",
            ),
            ("https://api.evil.gandi.net", "https://api.evil.gandi.net", "https://api.evil.gandi.net"),
            ("https://api.gandi.net.example.test", "https://api.gandi.net.example.test", ""),
            ("https://livedns", "https://livedns", "https://livedns"),
            ("https://livedns/", "https://livedns", "https://livedns"),
            ("https://a/livedns", "https://a", "https://a"),
            ("https://a/x/api.gandi.net/livedns", "https://a", "https://a/x/api.gandi.net"),
            ("https://a/notlivedns", "https://a", "https://a/notlivedns"),
            ("https://[::1]:81", "https://[::1]:81", "https://[::1]:81"),
        ] {
            let renewal = if renewal.is_empty() { info } else { renewal };
            let wanted = (format!("{info}/tokeninfo"), format!("{renewal}/organization/access-tokens"));
            assert_eq!(urls(api), wanted, "{api}");
        }
    }
}
