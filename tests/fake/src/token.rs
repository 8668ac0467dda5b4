//! The two routes about the token itself, which are not part of LiveDNS: `tokeninfo`, logged as listener `id`, and the
//! renewal, logged as listener `organization`. The route of the domain API is logged as `domain`.

use crate::http::{Request, Response};
use crate::json::string;
use crate::log::Log;
use crate::responses::{BAD_TOKEN, NO_CREDENTIAL, NO_DOMAIN, error, success};
use crate::zone::Account;

/// The path of `tokeninfo`, which is on `id.gandi.net` in reality.
pub(crate) const INFO: &str = "/tokeninfo";
/// The path of the renewal.
pub(crate) const RENEWAL: &str = "/v5/organization/access-tokens";
/// The default remaining lifetime of a token, in seconds.
const LEFT: u64 = 200 * 86_400;
/// Gandi is said to refuse the renewal of a token with a longer remaining lifetime than this, in seconds.
const RENEWABLE: u64 = 30 * 86_400;

/// Returns the listener to log for this path, or `None` if it is one of LiveDNS or of an echo service.
pub(crate) fn listener(target: &str) -> Option<&'static str> {
    match target {
        INFO => Some("id"),
        RENEWAL => Some("organization"),
        _ if target.starts_with("/v5/domain/") => Some("domain"),
        _ => None,
    }
}

/// Responds to a request for one of the two paths.
pub(crate) fn answer(account: &mut Account, log: &Log, request: &Request) -> Response {
    let header = request.header("Authorization").unwrap_or_default();
    let Some(token) = header.strip_prefix("Bearer ") else { return error(401, NO_CREDENTIAL) };
    if !account.bearers.contains_key(token) {
        return error(403, BAD_TOKEN);
    }
    let left = account.left.get(token).copied().unwrap_or(LEFT);
    match (request.method.as_str(), request.target.as_str()) {
        ("GET", INFO) => success(
            200,
            &format!(r#"{{"pat_name":"home","scope":["domain:tech"],"entities":[],"expires_in":{left}}}"#),
        ),
        ("POST", RENEWAL) => {
            if request.header("Content-Type") != Some("application/json") || !request.body.starts_with(b"{") {
                log.violation("organization: a renewal that is not a JSON object".to_owned());
            }
            if left > RENEWABLE {
                return error(
                    400,
                    r#"{"code":400,"message":"The token cannot be renewed yet","object":"HTTPBadRequest","cause":"Bad Request"}"#,
                );
            }
            renew(account, token)
        }
        (method, target) => {
            log.violation(format!("{method} {target}: not a route the client may use"));
            error(404, NO_DOMAIN)
        }
    }
}

/// Issues a new token with the same rights, valid for a year.
fn renew(account: &mut Account, old: &str) -> Response {
    account.renewals += 1;
    let new = format!("pat_renewed{}_SECRET", account.renewals);
    let scope = account.bearers[old].clone();
    if account.renewal_revokes {
        account.bearers.remove(old);
    }
    account.bearers.insert(new.clone(), scope);
    account.left.insert(new.clone(), 365 * 86_400);
    success(
        201,
        &format!(
            r#"{{"access_token":{},"expires_at":"2027-11-24T00:00:00Z","id":"5f4c","name":"home","scopes":["domain:tech"],"entities":[]}}"#,
            string(&new)
        ),
    )
}
