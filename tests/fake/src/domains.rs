//! The two listings of domains: that of LiveDNS (`/v5/livedns/domains`), of domains with a zone, and that of the domain API
//! (`/v5/domain/domains`). Both have pages of 100.

use crate::http::Response;
use crate::json::string;
use crate::responses::success;
use crate::zone::{Account, Domain, Scope};

/// The number of domains on a page.
const PER_PAGE: usize = 100;

/// Returns the page that `query` asks for of the domains in `scope`. `api` is `livedns` or `domain`.
pub(crate) fn listing(account: &Account, scope: &Scope, api: &str, query: &str, origin: &str) -> Response {
    let is_visible =
        |name: &str| scope.as_ref().is_none_or(|s| s.iter().any(|d| d.eq_ignore_ascii_case(name)));
    let is_listed = |domain: &Domain| api == "domain" || domain.zone.is_some();
    let mut domains = account.domains.iter().filter(|(name, domain)| is_visible(name) && is_listed(domain));
    let total = domains.clone().count();
    let page: usize = query.strip_prefix("page=").and_then(|n| n.parse().ok()).unwrap_or(1);
    let mut items = Vec::new();
    for (name, _) in domains.by_ref().skip((page - 1) * PER_PAGE).take(PER_PAGE) {
        let href = string(&format!("{origin}/v5/livedns/domains/{name}"));
        items.push(match api {
            "domain" => format!(
                r#"{{"fqdn":{},"tld":"org","status":["clientTransferProhibited"],"dates":{{"created_at":"2020-01-01T00:00:00Z"}},"nameserver":{{"current":"livedns"}},"autorenew":true,"sharing_id":"5f4c"}}"#,
                string(name)
            ),
            _ => format!(r#"{{"fqdn":{},"domain_href":{href},"domain_records_href":{href}}}"#, string(name)),
        });
    }
    let response = success(200, &format!("[{}]", items.join(","))).header("Total-Count", total.to_string());
    if page * PER_PAGE < total {
        let next = format!("<{origin}/v5/{api}/domains?page={}>; rel=\"next\"", page + 1);
        return response.header("Link", next);
    }
    response
}
