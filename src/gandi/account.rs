//! One account at Gandi: the API, the credential for it, and the organization.

use std::path::{Path, PathBuf};

use super::credential::{Credential, Secret};
use crate::http::Endpoint;

/// The place where the user finds a `sharing_id`, as part of a sentence.
pub const SHARING_ID: &str = "the second hex string in the URL of the organization's page at admin.gandi.net";

/// The settings of one account.
#[derive(Clone, Debug)]
pub struct Account {
    /// The base URL of the LiveDNS API.
    pub api: Endpoint,
    /// The token or API key. An empty one of the same source if the config was loaded without its secrets.
    pub credential: Credential,
    /// `sharing_id`: the ID of the organization that LiveDNS requests are about; empty for the token's default one.
    pub sharing_id: String,
    /// The way to set `sharing_id`, before [`SHARING_ID`] in a sentence.
    pub organization_advice: &'static str,
    /// The value of `token_file`, if the token was read from there; otherwise `None`.
    pub token_file: Option<PathBuf>,
    /// `renew_token`: the token in `token_file` is renewed before it expires.
    pub renew_token: bool,
    /// Identifies API and source of the credential in the state. Not derived from a secret.
    pub id: u64,
    /// A hash that changes with the credential. 0 if the config was loaded without its secrets.
    pub fingerprint: u64,
}

impl Account {
    /// Creates an account at this API, with the token's default organization.
    #[must_use]
    pub const fn new(api: Endpoint, credential: Credential) -> Self {
        Self {
            api,
            credential,
            sharing_id: String::new(),
            organization_advice: "set `sharing_id` to",
            token_file: None,
            renew_token: false,
            id: 0,
            fingerprint: 0,
        }
    }

    /// Returns the path of the token file, if the token in it is to be renewed.
    #[must_use]
    pub fn renewed_file(&self) -> Option<&Path> {
        self.token_file.as_deref().filter(|_| self.renew_token)
    }

    /// Replaces the token by this one, of the same source. The fingerprint becomes another one.
    pub(crate) fn renewed(&mut self, token: &Credential) {
        self.credential = Credential::Token(Secret::new(token.expose(), self.credential.source()));
        self.fingerprint = self.fingerprint.wrapping_add(1);
    }

    /// Returns true if both have the same token or API key at the same API.
    #[must_use]
    pub fn has_credential_of(&self, other: &Self) -> bool {
        self.api == other.api && self.credential.expose() == other.credential.expose()
    }
}
