//! The recorded responses of Gandi, and the rules of a zone.

use std::fmt::Write as _;

use super::client::{Client, Reply, TIMEOUT};
use crate::run_output::same_text;
use fake_gandi::{Fake, Family, Key, Rrset, Setup, Tls, Versions};

const BASE: &str = "/v5/livedns/domains/t18s.fr";
const ERROR: &str = "application/json; charset=UTF-8";
const SUCCESS: &str = "application/json; charset=utf-8";

fn plain() -> Fake {
    let fake = Fake::start_with(Setup { tls: Tls::None, ..Setup::default() });
    fake.accept_bearer("good");
    fake.add_domain("t18s.fr");
    fake
}

#[track_caller]
fn check(reply: &Reply, status: u16, content_type: &str, body: &str) {
    assert_eq!(reply.status, status, "{}", reply.body);
    same_text("body", body, &reply.body);
    assert_eq!(reply.header("Content-Type"), Some(content_type));
}

#[test]
fn bad_credentials_are_refused_as_by_gandi() {
    let fake = plain();
    fake.accept_apikey("0123456789abcdefghijklmn");
    fake.accept_bearer_for("narrow", &["other.fr"]);
    let mut client = Client::to(&fake);
    let none = r#"{"message":"You must provide an access token or an API Key. See https://api.gandi.net/docs/authentication/"}"#;
    let denied = r#"{"object":"HTTPForbidden","cause":"Forbidden","code":403,"message":"Access was denied to this resource."}"#;
    let bad_key = r#"{"code":401,"message":"The server could not verify that you authorized to access the document you requested. Either you supplied the wrong credentials (e.g., bad api key), or your access token has expired","object":"HTTPUnauthorized","cause":"Unauthorized"}"#;
    check(&client.ask_as(None, "GET", BASE, ""), 401, ERROR, none);
    check(&client.ask_as(Some("Bearer bad"), "GET", BASE, ""), 403, ERROR, denied);
    check(&client.ask_as(Some("Apikey bad"), "GET", BASE, ""), 401, ERROR, bad_key);
    assert_eq!(client.ask_as(Some("Apikey 0123456789abcdefghijklmn"), "GET", BASE, "").status, 200);
    assert_eq!(client.ask("GET", BASE, "").status, 200);
    // The token has no access to this domain.
    assert_eq!(client.ask_as(Some("Bearer narrow"), "GET", BASE, "").status, 404);
    assert_eq!(fake.violations(), [""; 0]);
    fake.revoke_all();
    check(&client.ask("GET", BASE, ""), 403, ERROR, denied);
    client.ask_as(Some("Basic Z29vZA=="), "GET", BASE, "");
    assert_eq!(fake.violations().len(), 1);
    // All requests used one persistent connection.
    assert_eq!(fake.connections(), 1);
    let statuses: Vec<u16> = fake.requests().iter().map(|request| request.status).collect();
    assert_eq!(statuses, [401, 403, 401, 200, 200, 404, 403, 401]);
}

#[test]
fn each_kind_of_404_is_as_recorded() {
    let fake = plain();
    fake.add_domain_without_zone("parked.fr");
    let mut client = Client::to(&fake);
    let no_domain = r#"{"code": 404, "message": "The resource could not be found.", "object": "HTTPNotFound", "cause": "Not Found"}"#;
    let no_zone = r#"{"code": 404, "message": "Unknown domain", "object": "LocalizedHTTPNotFound", "cause": "Not Found"}"#;
    let no_rrset = r#"{"code": 404, "message": "Can't find the DNS record localhost/A in the zone", "object": "dns-record", "cause": "Not Found"}"#;
    let at = |domain: &str| format!("/v5/livedns/domains/{domain}/records/localhost/A");
    check(&client.ask("GET", &at("nobody.fr"), ""), 404, ERROR, no_domain);
    // A subdomain is not a registered domain.
    check(&client.ask("GET", &at("www.t18s.fr"), ""), 404, ERROR, no_domain);
    check(&client.ask("GET", &at("parked.fr"), ""), 404, ERROR, no_zone);
    check(&client.ask("GET", &at("t18s.fr"), ""), 404, ERROR, no_rrset);
    check(&client.ask("DELETE", &at("t18s.fr"), ""), 404, ERROR, no_rrset);
    assert_eq!(fake.violations(), [""; 0]);

    // The credential is not checked before this response.
    let html = client.ask_as(None, "GET", "/v5/nothing?here", "");
    assert_eq!((html.status, html.header("Content-Type")), (404, Some("text/html; charset=utf-8")));
    assert!(html.body.contains("<pre>Cannot GET /v5/nothing</pre>"), "{}", html.body);
    assert_eq!(fake.violations().len(), 1);
}

#[test]
fn rrset_is_created_replaced_and_deleted() {
    let fake = plain();
    let mut client = Client::to(&fake);
    let path = format!("{BASE}/records/%40/A");
    let put = client.ask("PUT", &path, r#"{"rrset_values":["82.64.93.53"],"rrset_ttl":600}"#);
    check(&put, 201, SUCCESS, r#"{"message":"DNS Record Created"}"#);
    let href = format!("{}{path}", fake.origin());
    assert_eq!(put.header("Location"), Some(href.as_str()));

    let recorded = r#"{"rrset_type":"A","rrset_ttl":600,"rrset_name":"@","rrset_href":"https://api.gandi.net/v5/livedns/domains/t18s.fr/records/%40/A","rrset_values":["82.64.93.53"]}"#;
    let expected = recorded.replace("https://api.gandi.net", &fake.origin());
    check(&client.ask("GET", &path, ""), 200, SUCCESS, &expected);
    check(&client.ask("GET", &format!("{BASE}/records/@/A"), ""), 200, SUCCESS, &expected);

    // A PUT without a TTL sets the default TTL.
    client.ask("PUT", &path, r#"{"rrset_values":["82.64.93.54","82.64.93.55"]}"#);
    let values = vec!["82.64.93.54".to_owned(), "82.64.93.55".to_owned()];
    assert_eq!(fake.get("t18s.fr", "@", "A"), Some(Rrset { ttl: 10800, values }));
    same_text(
        "zone",
        "t18s.fr. 10800 IN A 82.64.93.54\nt18s.fr. 10800 IN A 82.64.93.55\n",
        &fake.zone_text(),
    );

    let gone = client.ask("DELETE", &path, "");
    assert_eq!((gone.status, gone.body.as_str()), (204, ""));
    assert_eq!((gone.header("Content-Length"), gone.header("Content-Type")), (None, None));
    assert_eq!(fake.get("t18s.fr", "@", "A"), None);
    let star = r#"{"rrset_values":["82.64.93.53"],"rrset_ttl":300}"#;
    assert_eq!(client.ask("POST", &format!("{BASE}/records/%2A.home/A"), star).status, 201);
    assert_eq!(client.ask("POST", &format!("{BASE}/records/*.home/A"), star).status, 409);
    same_text("zone", "*.home.t18s.fr. 300 IN A 82.64.93.53\n", &fake.zone_text());
    assert_eq!((fake.count("PUT"), fake.puts().len(), fake.count("GET")), (2, 2, 2));
    assert_eq!(fake.violations(), [""; 0]);
}

#[test]
fn invalid_rrset_is_refused_as_by_gandi() {
    let fake = plain();
    let mut client = Client::to(&fake);
    let path = format!("{BASE}/records/home/A");
    let body = |ttl: &str| format!(r#"{{"rrset_values":["192.0.2.1"],"rrset_ttl":{ttl}}}"#);
    let low = r#"{"status": "error", "errors": [{"location": "body", "name": "rrset_ttl", "description": "60 is less than minimum value 300"}]}"#;
    check(&client.ask("PUT", &path, &body("60")), 400, ERROR, low);
    let high =
        low.replace("60 is less than minimum value 300", "2592001 is greater than maximum value 2592000");
    check(&client.ask("PUT", &path, &body("2592001")), 400, ERROR, &high);
    for ttl in ["300", "2592000"] {
        assert_eq!(client.ask("PUT", &path, &body(ttl)).status, 201, "{ttl}");
    }
    let bad = [
        ("home/A", r#"{"rrset_values":["192.0.2"]}"#),
        ("home/A", r#"{"rrset_values":["2001:db8::1"]}"#),
        ("home/AAAA", r#"{"rrset_values":["192.0.2.1"]}"#),
        ("home/A", r#"{"rrset_values":[]}"#),
        ("home/A", r#"{"rrset_values":[1]}"#),
        ("home/A", r#"{"rrset_values":["192.0.2.1"],"rrset_ttl":300.5}"#),
        ("home/A", r#"{"rrset_values":["192.0.2.1"],"rrset_ttl":"300"}"#),
        ("home/A", r#"{"rrset_ttl":300}"#),
    ];
    for (key, body) in bad {
        let reply = client.ask("PUT", &format!("{BASE}/records/{key}"), body);
        assert_eq!(reply.status, 400, "{key} {body}");
        assert!(reply.body.starts_with(r#"{"status": "error", "errors": [{"location": "body", "#));
    }
    assert_eq!(fake.violations(), [""; 0]);
    let good = body("300");
    for (key, body) in [("home./A", good.as_str()), ("home/B", &good), ("home/A", "{"), ("home/A", "[]")] {
        let reply = client.ask("PUT", &format!("{BASE}/records/{key}"), body);
        assert_eq!(reply.status, 400, "{key} {body}");
    }
    assert_eq!(fake.violations().len(), 4, "{:?}", fake.violations());
}

#[test]
fn cname_conflicts_with_any_other_type() {
    let fake = plain();
    fake.set("t18s.fr", "www", "CNAME", 300, &["t18s.fr."]);
    fake.set("t18s.fr", "home", "A", 300, &["192.0.2.1"]);
    let mut client = Client::to(&fake);
    let a = client.ask("PUT", &format!("{BASE}/records/www/A"), r#"{"rrset_values":["192.0.2.1"]}"#);
    let body = r#"{"code":409,"message":"DNS Record www/CNAME already exists","object":"HTTPConflict","cause":"Duplicate Entry"}"#;
    check(&a, 409, ERROR, body);
    let cname = client.ask("PUT", &format!("{BASE}/records/home/CNAME"), r#"{"rrset_values":["t18s.fr."]}"#);
    assert_eq!(cname.status, 409);
    let again = client.ask("PUT", &format!("{BASE}/records/www/CNAME"), r#"{"rrset_values":["t18s.fr."]}"#);
    assert_eq!(again.status, 201);
    assert!(fake.get("t18s.fr", "www", "A").is_none() && fake.get("t18s.fr", "home", "CNAME").is_none());
}

#[test]
fn all_rrsets_of_a_name_are_replaced_at_once() {
    let fake = plain();
    fake.set("t18s.fr", "home", "TXT", 300, &["\"old\""]);
    let mut client = Client::to(&fake);
    let path = format!("{BASE}/records/home");
    let items = r#"{"items":[{"rrset_type":"A","rrset_values":["192.0.2.1"],"rrset_ttl":300},{"rrset_type":"AAAA","rrset_values":["2001:db8::1"]}]}"#;
    assert_eq!(client.ask("PUT", &path, items).status, 201);
    same_text(
        "zone",
        "home.t18s.fr. 10800 IN AAAA 2001:db8::1\nhome.t18s.fr. 300 IN A 192.0.2.1\n",
        &fake.zone_text(),
    );
    let body = client.ask("GET", &path, "").body;
    assert_eq!(body.matches("rrset_name").count(), 2, "{body}");
    let item = r#"{"rrset_name":"@","rrset_type":"A","rrset_values":["192.0.2.1"],"rrset_ttl":300}"#;
    let posted = client.ask("POST", &format!("{BASE}/records"), item);
    let href = format!("{}{BASE}/records/%40/A", fake.origin());
    assert_eq!((posted.status, posted.header("Location")), (201, Some(href.as_str())));
    assert_eq!(client.ask("DELETE", &path, "").status, 204);
    same_text("zone", "t18s.fr. 300 IN A 192.0.2.1\n", &fake.zone_text());
    assert_eq!(fake.violations(), [""; 0]);
    // This request would replace the whole zone at Gandi.
    client.ask("PUT", &format!("{BASE}/records"), items);
    assert_eq!(fake.violations().len(), 1);
    same_text("zone", "t18s.fr. 300 IN A 192.0.2.1\n", &fake.zone_text());
}

#[test]
fn listing_is_split_into_pages() {
    let fake = plain();
    let mut client = Client::to(&fake);
    for i in 0..250 {
        fake.set("t18s.fr", &format!("h{i:03}"), "A", 300, &["192.0.2.1"]);
    }
    let mut path = format!("{BASE}/records");
    let (mut sizes, mut all) = (Vec::new(), String::new());
    loop {
        let page = client.ask("GET", &path, "");
        assert_eq!((page.status, page.header("Total-Count")), (200, Some("250")));
        sizes.push(page.body.matches("rrset_name").count());
        let _ = write!(all, "{}", page.body);
        let Some(link) = page.header("Link") else { break };
        let url = link.strip_prefix('<').unwrap().strip_suffix(">; rel=\"next\"").unwrap();
        url.strip_prefix(&fake.origin()).unwrap().clone_into(&mut path);
    }
    assert_eq!(sizes, [100, 100, 50]);
    assert!((0..250).all(|i| all.contains(&format!("\"h{i:03}\""))));
    let item = all.split_once('}').unwrap().0;
    let origin = fake.origin();
    assert_eq!(
        item,
        format!(
            r#"[{{"rrset_name":"h000","rrset_ttl":300,"rrset_type":"A","rrset_values":["192.0.2.1"],"rrset_href":"{origin}{BASE}/records/h000/A""#
        )
    );
    let last = client.ask("GET", &format!("{BASE}/records?page=5&per_page=50"), "");
    assert_eq!((last.header("Link"), last.body.matches("rrset_name").count()), (None, 50));
    assert_eq!(fake.violations(), [""; 0]);
}

#[test]
fn nameservers_and_service_of_a_domain_are_as_set() {
    let fake = plain();
    let mut client = Client::to(&fake);
    let nameservers = r#"["ns-154-a.gandi.net","ns-99-b.gandi.net","ns-7-c.gandi.net"]"#;
    check(&client.ask("GET", &format!("{BASE}/nameservers"), ""), 200, SUCCESS, nameservers);
    fake.set_nameservers("t18s.fr", &["a.dns.gandi.net"]);
    fake.set_current("t18s.fr", "classic");
    let who = client.ask("GET", "/v5/domain/domains/t18s.fr/livedns", "");
    assert!(
        who.body.starts_with(r#"{"current":"classic","nameservers":["a.dns.gandi.net"],"#),
        "{}",
        who.body
    );
    let domain = client.ask("GET", BASE, "");
    assert!(domain.body.starts_with(r#"{"fqdn":"t18s.fr","#), "{}", domain.body);
}

#[test]
fn malformed_request_is_a_violation() {
    let fake = plain();
    let host = "Host: x\r\n";
    let broken = [
        "GET /v5/livedns\r\n".to_owned(),
        "GET  /v5/livedns HTTP/1.1\r\n\r\n".to_owned(),
        format!("GET /v5/livedns HTTP/2.0\r\n{host}\r\n"),
        format!("GET http://x/v5/livedns HTTP/1.1\r\n{host}\r\n"),
        "GET /v5/livedns HTTP/1.1\n\n".to_owned(),
        "GET /v5/livedns HTTP/1.1\r\n\r\n".to_owned(),
        format!("GET /v5/livedns HTTP/1.1\r\n{host}Bad Header: x\r\n\r\n"),
        format!("PUT /v5/livedns HTTP/1.1\r\n{host}Content-Length: -1\r\n\r\n"),
        format!("PUT /v5/livedns HTTP/1.1\r\n{host}Transfer-Encoding: chunked\r\n\r\nzz\r\n"),
        format!("PUT /v5/livedns HTTP/1.1\r\n{host}Transfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n"),
    ];
    for (i, text) in broken.iter().enumerate() {
        let mut client = Client::to(&fake);
        client.send(text.as_bytes());
        let reply = client.reply().unwrap();
        assert_eq!((reply.status, reply.header("Connection")), (400, Some("close")), "{text}");
        assert_eq!(fake.violations().len(), i + 1, "{text}");
    }
    // A valid chunked body is accepted.
    let mut client = Client::to(&fake);
    let head = format!("PUT {BASE}/records/home/A HTTP/1.1\r\n{host}Authorization: Bearer good\r\n");
    let content = "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunks = "10\r\n{\"rrset_values\":\r\nd\r\n[\"192.0.2.1\"]\r\n1;x=y\r\n}\r\n0\r\n\r\n";
    client.send(format!("{head}{content}{chunks}").as_bytes());
    assert_eq!(client.reply().unwrap().status, 201);
    assert_eq!(fake.violations().len(), broken.len());
    // A PUT without Content-Type is refused.
    client.send(format!("{head}Content-Length: 2\r\n\r\n{{}}").as_bytes());
    assert_eq!(client.reply().unwrap().status, 400);
    assert_eq!(fake.violations().len(), broken.len() + 1);
}

#[test]
fn certificates_are_good_or_bad_as_set() {
    let keys = [Key::EcdsaP256, Key::EcdsaP384, Key::Ed25519, Key::Rsa2048];
    let versions = [Versions::Both, Versions::Tls12, Versions::Tls13];
    for (key, versions) in keys.into_iter().flat_map(|key| versions.map(|versions| (key, versions))) {
        let fake = Fake::start_with(Setup { tls: Tls::Good(key, versions), ..Setup::default() });
        fake.accept_bearer("good");
        fake.add_domain("t18s.fr");
        let mut client = Client::to(&fake);
        let reply = client.ask("PUT", &format!("{BASE}/records/home/A"), r#"{"rrset_values":["192.0.2.1"]}"#);
        assert_eq!(reply.status, 201, "{key:?} {versions:?}");
        let location = format!("{}{BASE}/records/home/A", fake.origin());
        assert_eq!(reply.header("Location"), Some(location.as_str()));
        assert_eq!(client.ask("GET", BASE, "").status, 200);
        assert_eq!(fake.connections(), 1);
    }
    let bad = [
        (Tls::WrongName, "NotValidForName"),
        (Tls::Expired, "Expired"),
        (Tls::NotYetValid, "NotValidYet"),
        (Tls::NotBefore(2080, 2, 29), "NotValidYet"),
        (Tls::SelfSigned, "UnknownIssuer"),
        (Tls::UnknownIssuer, ""),
    ];
    for (tls, why) in bad {
        let fake = Fake::start_with(Setup { tls, ..Setup::default() });
        let error = Client::connect(&fake.origin(), &fake.ca_pem()).err().unwrap();
        let text = format!("{error:?}");
        assert!(text.contains("InvalidCertificate") && text.contains(why), "{tls:?}: {text}");
        assert!(fake.wait_for_failed_handshakes(1, TIMEOUT) && fake.requests().is_empty());
    }
}

#[test]
fn echo_services_answer_on_addresses_of_their_own() {
    let fake = Fake::start_with(Setup { address: "[::1]", ..Setup::default() });
    assert!(fake.api().starts_with("https://[::1]:"), "{}", fake.api());
    assert_eq!(Client::to(&fake).ask("GET", BASE, "").status, 403);
    let echoes = fake.echoes(3, Family::V4);
    let secure = fake.echo_tls(4, Family::V4, Tls::default());
    let six = fake.echo(1, Family::V6);
    fake.set_address(Family::V4, "198.51.100.7");
    fake.set_address(Family::V6, "2001:db8::7");
    echoes[1].set("203.0.113.7\n");
    echoes[2].set_status(503);
    let tell = |echo: &fake_gandi::Echo| {
        let mut client = Client::connect(&echo.url(), &fake.ca_pem()).unwrap();
        let reply = client.ask_as(None, "GET", "/", "");
        (reply.status, reply.body)
    };
    assert!(
        echoes[1].url().starts_with("http://127.0.0.3:") && secure.url().starts_with("https://127.0.0.5:")
    );
    assert_eq!(tell(&echoes[0]), (200, "198.51.100.7\n".to_owned()));
    assert_eq!(tell(&echoes[1]), (200, "203.0.113.7\n".to_owned()));
    assert_eq!(tell(&echoes[2]), (503, "198.51.100.7\n".to_owned()));
    assert_eq!(tell(&secure), (200, "198.51.100.7\n".to_owned()));
    assert_eq!(tell(&six), (200, "2001:db8::7\n".to_owned()));
    let listeners: Vec<String> = fake.requests().into_iter().map(|r| r.listener).collect();
    assert_eq!(listeners, ["livedns", "echo1", "echo2", "echo3", "echo4", "echo6-1"]);
    assert_eq!((echoes[0].count(), fake.count("GET"), fake.violations()), (1, 1, vec![]));
    // An echo service must not get the token.
    Client::connect(&six.url(), "").unwrap().ask("GET", "/", "");
    assert_eq!(fake.violations().len(), 1);
}
