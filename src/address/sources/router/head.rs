//! The head of an HTTP/1.1 response (RFC 9112): status and headers. A response to an SSDP search is one as well.

use crate::sys::words::number;

/// Returns the status, and the data from the first header on; `None` if there is no complete status line.
pub(super) fn status(data: &str) -> Option<(u16, &str)> {
    let (line, headers) = data.split_once('\n')?;
    let status = line.strip_prefix("HTTP/1.")?.get(2..5)?;
    let status = number(status, 10)?;
    Some((status, headers))
}

/// Passes each header to `visit`, name and value. Returns the data after the empty line that ends the headers; `None` if
/// there is none yet. A line may end with a mere line feed.
pub(super) fn headers<'a>(mut data: &'a str, visit: &mut dyn FnMut(&'a str, &'a str)) -> Option<&'a str> {
    loop {
        let (line, rest) = data.split_once('\n')?;
        if line.trim().is_empty() {
            return Some(rest);
        }
        if let Some((name, value)) = line.split_once(':') {
            visit(name.trim(), value.trim());
        }
        data = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_is_read_from_a_complete_status_line() {
        for (data, expected) in [
            ("HTTP/1.1 200 OK\r\nA: b", Some((200, "A: b"))),
            ("HTTP/1.0 404\n", Some((404, ""))),
            ("HTTP/1.1 200 OK", None),
            ("HTTP/1.1 2\r\n", None),
            ("HTTP/1.1 abc\r\n", None),
            ("HTTP/2 200 OK\r\n", None),
            ("NOTIFY * HTTP/1.1\r\n", None),
            ("<html>\r\n\r\n", None),
            ("", None),
        ] {
            assert_eq!(status(data), expected, "{data}");
        }
    }

    #[test]
    fn headers_end_at_the_empty_line() {
        for (data, expected, rest) in [
            ("A: b\r\nC :d:e \r\n\r\nbody\r\n\r\n", "A=b C=d:e", Some("body\r\n\r\n")),
            ("A: b\n \t\nbody", "A=b", Some("body")),
            ("A : b\nC\n:\n\n", "A=b =", Some("")),
            ("\n", "", Some("")),
            ("A: b\r\nC: d", "A=b", None),
            ("A: b\r\n\r", "A=b", None),
            ("", "", None),
        ] {
            let mut found = Vec::new();
            let after = headers(data, &mut |name, value| found.push(format!("{name}={value}")));
            assert_eq!((found.join(" ").as_str(), after), (expected, rest), "{data}");
        }
    }
}
