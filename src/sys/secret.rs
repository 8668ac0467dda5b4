//! Recognises a token or API key by its form, so that none is printed by mistake.

/// The text that stands for a secret in messages.
pub(crate) const HIDDEN: &str = "[secret]";

/// Returns true if a word has the form of a token or an API key, or is another random text. In a word with dots, which
/// is a host or a file with an extension, only the form of a token counts. A token may follow a word and a hyphen.
fn is_secret(word: &str) -> bool {
    // A full stop at the end belongs to the sentence.
    let is_dotted = word.find('.').is_some_and(|dot| dot + 1 < word.len());
    // A plus sign is a letter of base64, or joins two words.
    let is_part = || word.contains('+') && word.split('+').any(is_secret);
    word.split('.').any(|part| match form(part) {
        Form::Token => true,
        Form::Random => !is_dotted,
        Form::Other => part.split(['-', '_']).any(|part| matches!(form(part), Form::Token)),
    }) || is_part()
}

/// The form of a word.
enum Form {
    /// A token: 40 hexadecimal digits, or `pat_` before at least 8 characters with a digit; or base64 that is too long
    /// for a label of a host name, or begins like a JSON Web Token, also after its letters have become lower case.
    Token,
    /// 24 characters of a-z and 0-9 with a digit, as an API key has, or 20 to 63 letters and digits mixed as in no name.
    /// Digits at the end only are a year or a number.
    Random,
    /// Anything else.
    Other,
}

fn form(word: &str) -> Form {
    let is_pat = starts_with(word, "pat_");
    let (mut digits, mut lower, mut upper, mut hex) = (0, 0, 0, 0);
    let (mut changes, mut was_digit) = (0, false);
    for byte in word.bytes() {
        match byte {
            b'0'..=b'9' => digits += 1,
            b'a'..=b'z' => lower += 1,
            b'A'..=b'Z' => upper += 1,
            b'_' if is_pat => {}
            // Base64.
            b'+' => {}
            // A UUID, or a directory of Nix.
            _ => return Form::Other,
        }
        hex += usize::from(byte.is_ascii_hexdigit());
        changes += u32::from(byte.is_ascii_digit() != was_digit);
        was_digit = byte.is_ascii_digit();
    }
    let length = word.len();
    let is_mixed = lower > 0 && upper > 0 || digits >= 6 || changes >= 6;
    // 64 hexadecimal digits in one case are the name of a Docker volume.
    let is_base64 = lower > 0
        && (length >= 64 && (upper > 0 || hex < length) || length >= 20 && starts_with(word, "eyJ"));
    if digits > 0 && (is_pat && length >= 12 || hex == 40 && length == 40 || is_base64) {
        Form::Token
    } else if digits > 0
        && lower + upper > 0
        && (20..64).contains(&length)
        && (upper == 0 && length == 24 && changes >= 2 || is_mixed)
    {
        Form::Random
    } else {
        Form::Other
    }
}

/// Returns true if a text starts with `word`, in any case.
#[inline(never)]
pub(crate) fn starts_with(text: &str, word: &str) -> bool {
    text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
}

/// Returns true if a text contains a word with the form of a secret.
pub(crate) fn is_in(text: &str) -> bool {
    hide(text) != text
}

/// Returns true if a record name has the form of a secret. Hexadecimal digits may be the hash of something, as in
/// dynamic names, unless they are as many as in a token or an API key.
pub(crate) fn is_secret_name(name: &str) -> bool {
    let is_hash = name.bytes().all(|b| b.is_ascii_hexdigit()) && ![24, 40].contains(&name.len());
    !is_hash && is_in(name)
}

/// Replaces a known secret in a text by `[secret]`, in any case: a part of the text may have become lower case.
#[inline(never)]
pub(crate) fn hide_known(text: &str, secret: &str) -> String {
    let (mut result, mut end) = (String::with_capacity(text.len()), 0);
    for (start, _) in text.to_ascii_lowercase().match_indices(&secret.to_ascii_lowercase()) {
        result.push_str(&text[end..start]);
        result.push_str(HIDDEN);
        end = start + secret.len();
    }
    result.push_str(&text[end..]);
    result
}

/// Replaces each word with the form of a secret by `[secret]`.
pub(crate) fn hide(text: &str) -> String {
    let is_part = |at: usize| {
        let byte = text.as_bytes()[at];
        byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'+')
    };
    let mut result = String::with_capacity(text.len());
    let mut start = 0;
    for end in 1..=text.len() {
        if end == text.len() || is_part(end) != is_part(start) {
            let run = &text[start..end];
            result.push_str(if is_secret(run) { HIDDEN } else { run });
            start = end;
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_is_hidden_in_any_punctuation() {
        for secret in [
            "0123456789abcdef0123456789abcdef01234567",
            "0123456789ABCDEF0123456789ABCDEF01234567",
            "pat_0123456789abcdefSECRET",
            "PAT_0123456789ABCDEF",
            "pat_abcdefg1",
            "abcdefghijkl0123456789xy",
            "abcdefghijklmnopqrs1tuvw",
            "q7w8e9r0t1y2u3i4o5p6a7s8",
            "AbCdEfGhIjKlMnOpQrSt1",
            "Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5",
            "grcO7n8aUDm+8H7CNH8GbtCPXcdRJEfjQEMAAmtuVFWUoGVoXWTEmAu41FRKhyGp",
            "grco7n8audm78h7cnh8gbtcpxcdrjefjqemaamtuvfwuogvoxwtekmau41frkhygp",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_w",
            "eyjhbgcioijiuzi1nij9.eyjzdwiioiixmjm0nty3odkwin0.dbjftjez4cvp-mb92k27uhbuju1p1r_w",
            "token-0123456789abcdef0123456789abcdef01234567",
            "A_0123456789abcdef0123456789abcdef01234567",
            "a-b88888888+q7w8e9r0t1y2u3i4o5p6a7s8",
        ] {
            for (before, after) in [
                ("", ""),
                ("`token_file`: ", " is not a file"),
                ("x.conf:3: unknown key `", "`"),
                ("https://", "/v5"),
                ("https://api.gandi.net/v5?key=", ""),
                ("/etc/gandi-ddns/", " does not exist"),
                ("{\"token\":\"", "\"}"),
                ("[", "]"),
                ("Bearer ", ";"),
                ("dns:google@", ": expected"),
                ("ä", "ö"),
            ] {
                let text = format!("{before}{secret}{after}");
                assert!(is_in(&text), "{text}");
                assert_eq!(hide(&text), format!("{before}[secret]{after}"));
            }
        }
        let token = "0123456789abcdef0123456789abcdef01234567";
        assert_eq!(hide(&format!("`{token}`. x")), "`[secret]`. x");
        for name in [format!("home.{token}"), format!("{token}.example.org"), format!("{token}.")] {
            assert!(is_in(&name), "{name}");
        }
    }

    #[test]
    fn known_secret_is_hidden_in_any_case() {
        assert_eq!(hide_known("ä S3cr-et, s3CR-ETs3cr-et.", "s3cr-et"), "ä [secret], [secret][secret].");
        assert_eq!(hide_known("", "s3cr-et"), "");
    }

    #[test]
    fn names_paths_and_urls_are_no_secrets() {
        for text in [
            "",
            "home.example.org A: created: 81.2.69.142 (TTL 300)",
            "schwarzwaldferienwohnung24.de",
            "homeserverwohnzimmer2024",
            "a2b4c6d8e0f2a4b6c8d0.dyn.example.net",
            "donaudampfschifffahrtsgesellschaftskapitaen",
            "verylonghostnameofmyhomeserver2",
            "long-host-label-with-many-words-and-a-1-in-it",
            "xn--mgbh0fb.example, xn--80ak6aa92e, xn--ihqwcrb4cv8a8dqg056pqjye.example",
            "2a01:0e0a:0001:0002:0000:0000:0000:0003, 01020304050607080910",
            "/etc/gandi-ddns/gandi-ddns.conf:3: /run/credentials/gandi-ddns.service/token",
            "/nix/store/0c7kzyhjk9xn3dbz4v8p9w1m2q6l5r7s-gandi-ddns.conf",
            "/home/pi/pat_token, pat_gandi.txt",
            "/var/lib/docker/volumes/e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855/_data",
            "https://hc-ping.com/550e8400-e29b-41d4-a716-446655440000/fail",
            "https://checkipv4.dedyn.io/?format=text, https://api.cloudflare.com/cdn-cgi/trace",
            "STATE_DIR/0123456789abcdef.state, commit a99e28a12, 2026-11-24T01:55:10Z",
            "GANDI_DDNS_VERYLONGVARIABLENAME on_failure",
        ] {
            assert!(!is_in(text), "{text}: {}", hide(text));
            assert_eq!(hide(text), text);
        }
    }
}
