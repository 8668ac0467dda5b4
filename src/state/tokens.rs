//! The known facts about the tokens of the accounts. Pure.

use crate::gandi::Account;
use crate::sys::time::Timestamp;

/// The known facts about the token of one account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenMemory {
    /// The account ([`Account::id`]).
    pub account: u64,
    /// The fingerprint of the token ([`Account::fingerprint`]).
    pub fingerprint: u64,
    /// The time of the last query about its expiry; `None` if never.
    pub checked_at: Option<Timestamp>,
    /// The time of its expiry; `None` if unknown.
    pub expires_at: Option<Timestamp>,
}

impl TokenMemory {
    /// Returns the memory of a token about which nothing is known.
    pub(crate) const fn unknown(account: &Account) -> Self {
        Self { account: account.id, fingerprint: account.fingerprint, checked_at: None, expires_at: None }
    }
}

/// Returns the memory of an account; `None` if there is none. `number` is its place in the config, and as a rule in
/// `tokens`, which the search starts with.
pub(super) fn find(tokens: &[TokenMemory], number: usize, account: &Account) -> Option<TokenMemory> {
    let is_it = |token: &&TokenMemory| token.account == account.id;
    tokens.get(number).filter(is_it).or_else(|| tokens.iter().find(is_it)).copied()
}
