//! Notifications (`UPnP` Device Architecture 1.1, section 4.3.2): requests of a gateway that name the variables with new
//! values. Pure.

use crate::address::sources::router::exchange::body;
use crate::address::sources::router::xml::elements;
use crate::sys::hash::{FNV_START, extend};

/// Maximum size of a request, in bytes.
pub(super) const MAX_REQUEST: usize = 4 * 1024;
/// Maximum size of its body.
const MAX_BODY: usize = 3 * 1024;

/// The values of a subscription before its first notification.
pub(super) const NONE: u64 = 0;
/// Values that say only that a table of port mappings has changed.
pub(in crate::events) const MAPPINGS: u64 = 1;
/// Values of no variable that is known. Other values are the hash of the external address and the state of the connection.
pub(in crate::events) const UNKNOWN: u64 = FNV_START;

/// A notification, or another request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Notification {
    /// The identifier of the subscription; empty if it is no notification.
    pub(crate) sid: String,
    /// True if it is the first one, with the values of all variables.
    pub(crate) is_first: bool,
    pub(crate) values: u64,
}

impl Notification {
    /// Returns true if this is a reason to look. `last` are the last values of its subscription.
    pub(super) fn is_news(&self, last: &mut u64) -> bool {
        if self.values == MAPPINGS {
            return false;
        }
        let is_same = if *last == NONE { self.is_first } else { self.values == *last };
        *last = self.values;
        !is_same || self.values == UNKNOWN && !self.is_first
    }
}

/// Parses a request. Returns `None` if it is incomplete. One whose body is too long or invalid has unknown values.
pub(crate) fn read(data: &str) -> Option<Notification> {
    let (line, rest) = data.split_once('\n')?;
    let mut new = Notification { sid: String::new(), is_first: false, values: UNKNOWN };
    if !line.starts_with("NOTIFY ") {
        return Some(new);
    }
    let body = body(rest, MAX_BODY, &mut |name, value| {
        if name.eq_ignore_ascii_case("sid") {
            value.clone_into(&mut new.sid);
        } else if name.eq_ignore_ascii_case("seq") {
            new.is_first = value == "0";
        }
    });
    if let Ok(body) = body {
        new.values = values(&body?.0);
    }
    Some(new)
}

fn values(body: &str) -> u64 {
    let (mut hash, mut has_mappings) = (UNKNOWN, false);
    elements(body, &mut |name, text| match name {
        // The length separates the texts.
        "ExternalIPAddress" | "ConnectionStatus" => hash = extend(extend(hash, text.as_bytes()), &[0]),
        "PortMappingNumberOfEntries" => has_mappings = true,
        _ => {}
    });
    if has_mappings && hash == UNKNOWN { MAPPINGS } else { hash }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "NOTIFY /1f HTTP/1.1\r\nHOST: 192.168.1.2:4000\r\nCONTENT-TYPE: text/xml\r\nNT: upnp:event\r\n\
                        NTS: upnp:propchange\r\n";

    fn request(seq: &str, properties: &str) -> String {
        let body = format!("<e:propertyset><e:property>{properties}</e:property></e:propertyset>");
        format!("{HEAD}SID: uuid:1\r\nSEQ: {seq}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
    }

    fn variables(address: &str, status: &str) -> String {
        format!(
            "<ConnectionStatus>{status}</ConnectionStatus><ExternalIPAddress>{address}</ExternalIPAddress>"
        )
    }

    #[test]
    fn notification_is_read_when_it_is_complete() {
        let whole = request("7", &variables("81.2.69.142", "Connected"));
        let new = read(&whole).expect("complete");
        assert_eq!((new.sid.as_str(), new.is_first), ("uuid:1", false));
        assert!(!matches!(new.values, MAPPINGS | UNKNOWN));
        for length in 0..whole.len() {
            assert_eq!(read(&whole[..length]), None, "{length}");
        }
        assert!(read(&request("0", "")).expect("complete").is_first);
        let chunked = format!("{HEAD}sid:uuid:1\nTransfer-Encoding: chunked\n\n3\r\n<a>\r\n0\r\n\r\n");
        assert_eq!(read(&chunked).expect("complete").values, UNKNOWN);
        assert_eq!(read(&chunked[..chunked.len() - 5]), None);
        let bare = read("NOTIFY http://192.168.1.2:4000/1f\n\n").expect("complete");
        assert_eq!((bare.sid.as_str(), bare.values), ("", UNKNOWN));
    }

    #[test]
    fn request_that_is_none_has_no_identifier() {
        for data in ["GET /1f HTTP/1.1\r\n", "NOTIFY\n", "notify /1f HTTP/1.1\n", "\n", "\u{16}\u{3}\u{1}\n"]
        {
            assert_eq!(read(data).expect("complete").sid, "", "{data}");
        }
    }

    #[test]
    fn long_or_invalid_body_has_unknown_values() {
        for framing in ["Content-Length: 3073", "Content-Length: x", "Transfer-Encoding: chunked\r\n\r\nx"] {
            let new = read(&format!("{HEAD}SID: uuid:1\r\n{framing}\r\n\r\n")).expect("enough");
            assert_eq!((new.sid.as_str(), new.values), ("uuid:1", UNKNOWN), "{framing}");
        }
    }

    #[test]
    fn news_are_other_values_than_the_last_ones() {
        let mut values = NONE;
        let mappings = "<PortMappingNumberOfEntries>5</PortMappingNumberOfEntries>";
        let all = |address| format!("{mappings}{}", variables(address, "Connected"));
        let mut is_news = |seq: &str, properties: &str, missed: bool| {
            if missed {
                values = UNKNOWN;
            }
            read(&request(seq, properties)).expect("complete").is_news(&mut values)
        };
        for (seq, properties, missed, expected) in [
            ("0", all("81.2.69.1").as_str(), false, false),
            ("1", &all("81.2.69.1"), false, false),
            ("2", &all("81.2.69.2"), false, true),
            ("3", mappings, false, false),
            ("4", &all("81.2.69.2"), false, false),
            ("5", "<ConnectionStatus>Disconnected</ConnectionStatus>", false, true),
            ("6", "<ConnectionStatus>Connected</ConnectionStatus>", false, true),
            ("7", "<X_Other>1</X_Other>", false, true),
            ("8", "", false, true),
            ("0", &all("81.2.69.2"), true, true),
            ("0", &all("81.2.69.2"), false, false),
            ("", &all("81.2.69.2"), false, false),
            ("", &all("81.2.69.3"), false, true),
        ] {
            assert_eq!(is_news(seq, properties, missed), expected, "{seq} {properties}");
        }
    }
}
