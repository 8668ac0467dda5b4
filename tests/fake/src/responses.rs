//! Gandi's responses, byte for byte where they were recorded.

use crate::http::Response;
use crate::json::{string, strings};
use crate::zone::Domain;

pub(crate) const NO_CREDENTIAL: &str = r#"{"message":"You must provide an access token or an API Key. See https://api.gandi.net/docs/authentication/"}"#;
pub(crate) const BAD_TOKEN: &str = r#"{"object":"HTTPForbidden","cause":"Forbidden","code":403,"message":"Access was denied to this resource."}"#;
pub(crate) const BAD_APIKEY: &str = r#"{"code":401,"message":"The server could not verify that you authorized to access the document you requested. Either you supplied the wrong credentials (e.g., bad api key), or your access token has expired","object":"HTTPUnauthorized","cause":"Unauthorized"}"#;
pub(crate) const NO_DOMAIN: &str = r#"{"code": 404, "message": "The resource could not be found.", "object": "HTTPNotFound", "cause": "Not Found"}"#;
pub(crate) const NO_ZONE: &str =
    r#"{"code": 404, "message": "Unknown domain", "object": "LocalizedHTTPNotFound", "cause": "Not Found"}"#;
pub(crate) const CREATED: &str = r#"{"message":"DNS Record Created"}"#;

pub(crate) fn who(domain: &Domain) -> Response {
    let (current, nameservers) = (string(&domain.current), strings(&domain.nameservers));
    let dnssec = domain.current == "livedns";
    success(
        200,
        &format!(
            r#"{{"current":{current},"nameservers":{nameservers},"dnssec_available":{dnssec},"livednssec_available":{dnssec}}}"#
        ),
    )
}

pub(crate) fn absent(name: &str, kind: &str) -> Response {
    let message = string(&format!("Can't find the DNS record {name}/{kind} in the zone"));
    error(
        404,
        &format!(r#"{{"code": 404, "message": {message}, "object": "dns-record", "cause": "Not Found"}}"#),
    )
}

pub(crate) fn conflict(name: &str, kind: &str) -> Response {
    let message = string(&format!("DNS Record {name}/{kind} already exists"));
    error(
        409,
        &format!(r#"{{"code":409,"message":{message},"object":"HTTPConflict","cause":"Duplicate Entry"}}"#),
    )
}

pub(crate) fn success(status: u16, body: &str) -> Response {
    Response::new(status, "application/json; charset=utf-8", body)
}

pub(crate) fn error(status: u16, body: &str) -> Response {
    Response::new(status, "application/json; charset=UTF-8", body)
}
