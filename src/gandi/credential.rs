//! The token or key, and how to say who we are.

use std::fmt;

/// A token or key. Its text leaves it in the `Authorization` header and nowhere else.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// A personal access token.
    Token(String),
    /// An API key, deprecated by Gandi since 2023.
    ApiKey(String),
}

impl Credential {
    /// The value of the `Authorization` header.
    pub(crate) fn authorization(&self) -> String {
        match self {
            Self::Token(t) => format!("Bearer {t}"),
            Self::ApiKey(k) => format!("Apikey {k}"),
        }
    }

    /// The secret as the one line of its file.
    pub(crate) fn line(&self) -> String {
        let (Self::Token(secret) | Self::ApiKey(secret)) = self;
        format!("{secret}\n")
    }

    /// Takes the secret out of a text that came from outside.
    pub(crate) fn redact(&self, text: &str) -> String {
        let (Self::Token(secret) | Self::ApiKey(secret)) = self;
        text.replace(secret.as_str(), "[secret]")
    }

    /// What to call it in messages.
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
    fn debug_and_excerpts_keep_the_secret() {
        let token = Credential::Token("s3cr3t".to_owned());
        assert_eq!(format!("{token:?}"), "[token]");
        assert_eq!(token.redact("got Bearer s3cr3t"), "got Bearer [secret]");
    }
}
