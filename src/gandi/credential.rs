//! The token or API key that authorizes requests.

use std::fmt;

use crate::sys::secret::hide_known;

/// The advice for an API key, as part of a sentence.
pub const USE_TOKEN: &str = "create a token at admin.gandi.net and set `token_file`";

/// The advice for a missing, refused or expiring token, as part of a sentence. Used by every message that gives it.
pub const CREATE_TOKEN: &str =
    "create a token at admin.gandi.net with the permission \"Manage domain name technical configurations\"";

/// A token or API key. `Debug` prints neither; the text is given out only for the `Authorization` header, the token
/// file, and the console, which hides it.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// A personal access token.
    Token(Secret),
    /// An API key, deprecated by Gandi since 2023.
    ApiKey(Secret),
}

/// The text of a credential, and where it comes from. It has no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    text: String,
    source: String,
}

impl Secret {
    /// Creates a secret. `source` is for messages, as in `$GANDI_TOKEN`.
    #[must_use]
    pub fn new(text: &str, source: &str) -> Self {
        Self { text: text.to_owned(), source: source.to_owned() }
    }
}

impl Credential {
    const fn secret(&self) -> &Secret {
        let (Self::Token(secret) | Self::ApiKey(secret)) = self;
        secret
    }

    /// Creates a token that Gandi has issued in place of another one.
    pub(crate) fn renewed(token: &str) -> Self {
        Self::Token(Secret::new(token, "the renewal"))
    }

    /// Returns the place that it was read from, for messages, as in `token_file /etc/gandi-ddns/token`.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.secret().source
    }

    /// Returns the token or key itself. Must not get into a message.
    pub(crate) fn expose(&self) -> &str {
        &self.secret().text
    }

    /// Returns the value of the `Authorization` header (api.gandi.net/docs/authentication).
    pub(crate) fn authorization(&self) -> String {
        let scheme = if matches!(self, Self::Token(_)) { "Bearer" } else { "Apikey" };
        [scheme, " ", self.expose()].concat()
    }

    /// Returns the content of the token file: the secret on one line.
    pub(crate) fn line(&self) -> String {
        [self.expose(), "\n"].concat()
    }

    /// Replaces the secret in a text from outside by `[secret]`.
    pub(crate) fn redact(&self, text: &str) -> String {
        hide_known(text, self.expose())
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
    use super::{Credential, Secret};

    #[test]
    fn debug_and_redact_hide_the_secret() {
        let token = Credential::Token(Secret::new("s3cr3t", "$GANDI_TOKEN"));
        assert_eq!(format!("{token:?}"), "[token]");
        assert_eq!(token.redact("got Bearer s3cr3t"), "got Bearer [secret]");
    }
}
