//! The routes of LiveDNS, and the route of the domain API for the nameservers of a domain.
//!
//! The bodies are Gandi's, byte for byte where they were recorded. A request that the program must not send gets the
//! response that Gandi would send and is logged as a violation.

use std::sync::{Arc, Mutex, PoisonError};

use crate::body::{self, Flaw};
use crate::domains;
use crate::http::{Request, Response};
use crate::json::{string, strings};
use crate::log::Log;
use crate::responses::{
    BAD_APIKEY, BAD_TOKEN, CREATED, NO_CREDENTIAL, NO_DOMAIN, NO_ZONE, absent, conflict, error, success, who,
};
use crate::token;
use crate::zone::{Account, Domain, Links, Rrset, Rrsets};

/// One request and the context for its response.
struct Call<'a> {
    request: &'a Request,
    path: &'a str,
    query: &'a str,
    /// Scheme, host and port as the client used them, for the URLs in responses.
    origin: String,
    log: &'a Log,
    links: Links,
}

/// Answers a request to LiveDNS.
pub(crate) fn answer(account: &Arc<Mutex<Account>>, log: &Log, scheme: &str, request: &Request) -> Response {
    if [token::INFO, token::RENEWAL].contains(&request.target.as_str()) {
        return token::answer(&mut account.lock().unwrap_or_else(PoisonError::into_inner), log, request);
    }
    let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
    let origin = format!("{scheme}://{}", request.header("Host").unwrap_or("127.0.0.1"));
    let mut call = Call { request, path, query, origin, log, links: Links::Page };
    let segments: Option<Vec<String>> = path.split('/').skip(1).map(decode).collect();
    let Some(segments) = segments else { return call.unrouted("a path that does not decode") };
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    if let ["v5", api @ ("livedns" | "domain"), "domains"] = segments[..]
        && request.method == "GET"
    {
        return call.domains(&account.lock().unwrap_or_else(PoisonError::into_inner), api);
    }
    let ["v5", api @ ("livedns" | "domain"), "domains", domain, ref rest @ ..] = segments[..] else {
        return call.unrouted("not a path of LiveDNS");
    };
    let method = request.method.as_str();
    if !routed(method, api, rest) {
        return call.unrouted("not a route the client may use");
    }
    let mut account = account.lock().unwrap_or_else(PoisonError::into_inner);
    if let Err(refusal) = call.authorize(&account, domain) {
        return refusal;
    }
    call.check_form(method);
    call.links = account.links;
    let Some(known) = account.domains.get_mut(&domain.to_ascii_lowercase()) else {
        return error(404, NO_DOMAIN);
    };
    if known.organization.as_deref() != call.sharing_id() {
        return error(404, NO_DOMAIN);
    }
    if api == "domain" {
        return who(known);
    }
    if known.zone.is_none() {
        return error(404, NO_ZONE);
    }
    call.dispatch(method, domain, rest, known).unwrap_or_else(|flaw| flaw.response())
}

/// PUT on all `records` is missing on purpose: it would replace the whole zone.
fn routed(method: &str, api: &str, rest: &[&str]) -> bool {
    match rest {
        _ if rest.contains(&"") => false,
        ["livedns"] => api == "domain" && method == "GET",
        _ if api == "domain" => false,
        [] | ["nameservers"] => method == "GET",
        ["records"] => matches!(method, "GET" | "POST"),
        ["records", _] => matches!(method, "GET" | "PUT" | "DELETE"),
        ["records", _, _] => matches!(method, "GET" | "PUT" | "POST" | "DELETE"),
        _ => false,
    }
}

impl Call<'_> {
    fn violation(&self, why: &str) {
        self.log.violation(format!("livedns: {} {}: {why}", self.request.method, self.request.target));
    }

    /// Returns the HTML 404 of Gandi's frontend, which does not check the credential.
    fn unrouted(&self, why: &str) -> Response {
        self.violation(why);
        let path = self.path.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let method = &self.request.method;
        let page = format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>Error</title>\n</head>\n<body>\n<pre>Cannot {method} {path}</pre>\n</body>\n</html>\n"
        );
        Response::new(404, "text/html; charset=utf-8", &page)
    }

    /// Lists the domains of the account.
    fn domains(&self, account: &Account, api: &str) -> Response {
        let header = self.request.header("Authorization").unwrap_or_default();
        let scope = header.strip_prefix("Bearer ").and_then(|token| account.bearers.get(token));
        match scope {
            Some(scope) if !account.unlisted.iter().any(|unlisted| unlisted == api) => {
                domains::listing(account, scope, api, self.query, &self.origin)
            }
            _ => error(403, BAD_TOKEN),
        }
    }

    fn authorize(&self, account: &Account, domain: &str) -> Result<(), Response> {
        if self.request.all("Authorization").count() > 1 {
            self.violation("more than one Authorization header");
        }
        let header = self.request.header("Authorization").unwrap_or_default();
        match header.split_once(' ') {
            Some(("Bearer", token)) => match account.bearers.get(token) {
                None => Err(error(403, BAD_TOKEN)),
                Some(Some(visible)) if !visible.iter().any(|d| d.eq_ignore_ascii_case(domain)) => {
                    Err(error(404, NO_DOMAIN))
                }
                Some(_) => Ok(()),
            },
            Some(("Apikey", key)) if account.apikeys.iter().any(|known| known == key) => Ok(()),
            Some(("Apikey", _)) => Err(error(401, BAD_APIKEY)),
            _ => {
                if !header.is_empty() {
                    self.violation("an Authorization that is neither Bearer nor Apikey");
                }
                Err(error(401, NO_CREDENTIAL))
            }
        }
    }

    /// Returns the parameters of the query.
    fn parameters(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.query.split('&').filter(|pair| !pair.is_empty());
        pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")))
    }

    /// Returns the organization that the request names.
    fn sharing_id(&self) -> Option<&str> {
        self.parameters().find(|(name, _)| *name == "sharing_id").map(|(_, id)| id)
    }

    /// Logs violations that Gandi may accept.
    fn check_form(&self, method: &str) {
        if matches!(method, "PUT" | "POST") {
            let kind = self.request.header("Content-Type").unwrap_or_default();
            if kind.split(';').next() != Some("application/json") {
                self.violation(&format!("Content-Type {kind:?}"));
            }
        } else if !self.request.body.is_empty() {
            self.violation("a body");
        }
        let listing = method == "GET" && self.path.ends_with("/records");
        let mut parameters: Vec<&str> = self.parameters().map(|(name, _)| name).collect();
        if parameters.iter().any(|name| *name != "sharing_id" && !listing) {
            self.violation("a query");
        }
        let all = parameters.len();
        parameters.sort_unstable();
        parameters.dedup();
        if parameters.len() < all {
            self.violation("a repeated parameter");
        }
    }

    fn dispatch(
        &self,
        method: &str,
        fqdn: &str,
        rest: &[&str],
        domain: &mut Domain,
    ) -> Result<Response, Flaw> {
        let fqdn = &fqdn.to_ascii_lowercase();
        let Domain { zone, nameservers, .. } = domain;
        let zone = zone.get_or_insert_default();
        if let ["records", name, kind @ ..] = rest {
            body::check_key(name, kind.first().copied()).inspect_err(|_| self.violation("a bad key"))?;
        }
        match (method, rest) {
            ("GET", []) => Ok(self.domain(fqdn)),
            ("GET", ["nameservers"]) => Ok(success(200, &strings(nameservers))),
            ("GET", ["records"]) => self.listing(fqdn, zone),
            ("GET", ["records", name]) => {
                let here: Vec<String> =
                    at_name(zone, name).map(|(key, rrset)| self.item(fqdn, key, rrset)).collect();
                Ok(success(200, &format!("[{}]", here.join(","))))
            }
            ("GET", ["records", name, kind]) => Ok(self.one(fqdn, name, kind, zone)),
            ("DELETE", ["records", name]) => {
                zone.retain(|(n, _), _| n != name);
                Ok(Response::new(204, "", ""))
            }
            ("DELETE", ["records", name, kind]) => Ok(match zone.remove(&key(name, kind)) {
                Some(_) => Response::new(204, "", ""),
                None => absent(name, kind),
            }),
            (_, _) => self.write(method, fqdn, rest, zone),
        }
    }

    /// Handles PUT and POST for a zone, a name or an RRset.
    fn write(&self, method: &str, fqdn: &str, rest: &[&str], zone: &mut Rrsets) -> Result<Response, Flaw> {
        let parsed =
            body::parse(&self.request.body).inspect_err(|_| self.violation("a body that is no object"))?;
        if !parsed.strange.is_empty() {
            self.violation(&format!("strange keys in the body: {}", parsed.strange.join(" ")));
        }
        let object = &parsed.object;
        let mut new = Vec::new();
        match rest {
            ["records", name, kind] => new.push((key(name, kind), body::rrset(kind, object)?)),
            ["records", name] => {
                for item in body::items(object)? {
                    let kind = body::text(item, "rrset_type")?;
                    body::check_key(name, Some(kind))?;
                    new.push((key(name, kind), body::rrset(kind, item)?));
                }
            }
            _ => {
                let (name, kind) = (body::text(object, "rrset_name")?, body::text(object, "rrset_type")?);
                body::check_key(name, Some(kind))?;
                new.push((key(name, kind), body::rrset(kind, object)?));
            }
        }
        // On a copy of what is at these names, so that an error changes nothing. Not of the zone, which may be large.
        let mut after = Rrsets::new();
        for ((name, _), _) in &new {
            after.extend(at_name(zone, name).map(|(key, rrset)| (key.clone(), rrset.clone())));
        }
        if let ("PUT", ["records", _]) = (method, rest) {
            after.clear();
        }
        let mut location = format!("{}{}", self.origin, self.path);
        for (key, rrset) in new {
            if let Some(kind) = in_the_way(&after, &key, method) {
                return Ok(conflict(&key.0, &kind));
            }
            // The path of this request is not the one of the new resource.
            if rest == ["records"] {
                location = self.href(fqdn, &key);
            }
            after.insert(key, rrset);
        }
        if let ("PUT", ["records", name]) = (method, rest) {
            zone.retain(|(n, _), _| n != name);
        }
        zone.append(&mut after);
        Ok(success(201, CREATED).header("Location", location))
    }

    fn domain(&self, fqdn: &str) -> Response {
        let base = format!("{}/v5/livedns/domains/{fqdn}", self.origin);
        let (fqdn, href) = (string(fqdn), string(&base));
        let (keys, records) = (string(&format!("{base}/keys")), string(&format!("{base}/records")));
        success(
            200,
            &format!(
                r#"{{"fqdn":{fqdn},"automatic_snapshots":true,"domain_href":{href},"domain_keys_href":{keys},"domain_records_href":{records}}}"#
            ),
        )
    }

    fn listing(&self, fqdn: &str, zone: &Rrsets) -> Result<Response, Flaw> {
        let (mut page, mut per_page) = (1, 100);
        for (name, value) in self.parameters() {
            let number = value.parse::<usize>().ok().filter(|n| *n > 0);
            match (name, number) {
                ("page", Some(n)) => page = n,
                ("per_page", Some(n)) => per_page = n,
                ("page" | "per_page", None) => {
                    self.violation("a page that is no number");
                    let why = format!("{value} is less than minimum value 1");
                    return Err(Flaw::new("querystring", "page", why));
                }
                ("sharing_id", _) => {}
                _ => self.violation("a query"),
            }
        }
        let total = zone.len();
        let items: Vec<String> = zone
            .iter()
            .skip((page - 1).saturating_mul(per_page))
            .take(per_page)
            .map(|(key, rrset)| self.item(fqdn, key, rrset))
            .collect();
        let mut response = success(200, &format!("[{}]", items.join(",")));
        response = response.header("Total-Count", total.to_string());
        if page.saturating_mul(per_page) < total {
            let (origin, path) = (&self.origin, self.path);
            let repeated = self.sharing_id().filter(|_| self.links == Links::Organization);
            let organization = repeated.map(|id| format!("&sharing_id={id}")).unwrap_or_default();
            let next =
                format!("<{origin}{path}?page={}&per_page={per_page}{organization}>; rel=\"next\"", page + 1);
            response = response.header("Link", next);
        }
        Ok(response)
    }

    fn href(&self, fqdn: &str, key: &(String, String)) -> String {
        let name = encode(&key.0);
        format!("{}/v5/livedns/domains/{fqdn}/records/{name}/{}", self.origin, key.1)
    }

    /// Returns an RRset in a listing. The keys have another order than in a single RRset, because Gandi's order varies.
    fn item(&self, fqdn: &str, key: &(String, String), rrset: &Rrset) -> String {
        let (name, kind) = (string(&key.0), string(&key.1));
        let (ttl, values) = (rrset.ttl, strings(&rrset.values));
        let href = string(&self.href(fqdn, key));
        format!(
            r#"{{"rrset_name":{name},"rrset_ttl":{ttl},"rrset_type":{kind},"rrset_values":{values},"rrset_href":{href}}}"#
        )
    }

    fn one(&self, fqdn: &str, name: &str, kind: &str, zone: &Rrsets) -> Response {
        let key = key(name, kind);
        let Some(rrset) = zone.get(&key) else { return absent(name, kind) };
        let (name, kind) = (string(name), string(kind));
        let (ttl, values) = (rrset.ttl, strings(&rrset.values));
        let href = string(&self.href(fqdn, &key));
        success(
            200,
            &format!(
                r#"{{"rrset_type":{kind},"rrset_ttl":{ttl},"rrset_name":{name},"rrset_href":{href},"rrset_values":{values}}}"#
            ),
        )
    }
}

/// Returns the RRsets with this name.
fn at_name<'a>(zone: &'a Rrsets, name: &'a str) -> impl Iterator<Item = (&'a (String, String), &'a Rrset)> {
    zone.range(key(name, "")..).take_while(move |((n, _), _)| n == name)
}

/// Returns the type that conflicts with this RRset: a CNAME excludes every other type at its name.
fn in_the_way(zone: &Rrsets, (name, kind): &(String, String), method: &str) -> Option<String> {
    let mut others = at_name(zone, name).map(|((_, k), _)| k);
    let clash = |other: &&String| {
        (*other == kind && method == "POST") || (*other != kind && (*other == "CNAME" || kind == "CNAME"))
    };
    others.find(clash).cloned()
}

fn key(name: &str, kind: &str) -> (String, String) {
    (name.to_owned(), kind.to_owned())
}

fn decode(segment: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = segment.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let mut digit = || char::from(rest.next()?).to_digit(16).and_then(|d| u8::try_from(d).ok());
            bytes.push(digit()? * 16 + digit()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

fn encode(name: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    let one = |b: u8| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") };
    name.bytes().map(one).collect()
}
