//! The token or API key that authorizes requests.

use std::fmt;

/// The advice for an API key, as part of a sentence.
pub const USE_TOKEN: &str = "create a token at admin.gandi.net and set `token_file`";

/// The advice for a missing, refused or expiring token, as part of a sentence. Used by every message that gives it.
pub const CREATE_TOKEN: &str =
    "create a token at admin.gandi.net with the permission \"Manage domain name technical configurations\"";

/// A token or API key. `Debug` prints neither; the text is given out only for the `Authorization` header and the token
/// file.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// A personal access token.
    Token(String),
    /// An API key, deprecated by Gandi since 2023.
    ApiKey(String),
}

impl Credential {
    /// Returns the value of the `Authorization` header (api.gandi.net/docs/authentication).
    pub(crate) fn authorization(&self) -> String {
        match self {
            Self::Token(t) => format!("Bearer {t}"),
            Self::ApiKey(k) => format!("Apikey {k}"),
        }
    }

    /// Returns the content of the token file: the secret on one line.
    pub(crate) fn line(&self) -> String {
        let (Self::Token(secret) | Self::ApiKey(secret)) = self;
        format!("{secret}\n")
    }

    /// Replaces the secret in a text from outside by `[secret]`.
    pub(crate) fn redact(&self, text: &str) -> String {
        let (Self::Token(secret) | Self::ApiKey(secret)) = self;
        text.replace(secret.as_str(), "[secret]")
    }

    /// Returns its name for messages: `token` or `API key`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Token(_) => "token",
            Self::ApiKey(_) => "API key",
        }
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}]", self.kind())
    }
}

#[cfg(test)]
mod tests {
    use super::Credential;

    #[test]
    fn debug_and_redact_hide_the_secret() {
        let token = Credential::Token("s3cr3t".to_owned());
        assert_eq!(format!("{token:?}"), "[token]");
        assert_eq!(token.redact("got Bearer s3cr3t"), "got Bearer [secret]");
    }
}
