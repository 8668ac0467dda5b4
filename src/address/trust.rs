//! The one table of trust: the kinds of source, cheapest first, and how far each is trusted.

/// Trust in the answers of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// May show that the address is unchanged; never counts for a write.
    Hint,
    /// Counts once for its provider: a write needs `quorum` providers, and more than half of those that answered.
    Vote,
    /// Comes from the user's own machine or network, so one answer is enough for a write.
    Trusted,
}

impl Trust {
    /// Returns the word that `gandi-ddns ip` and the README use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hint => "hint",
            Self::Vote => "vote",
            Self::Trusted => "trusted",
        }
    }
}

/// The purpose of a query. Some sources make more effort for an answer that may be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Compare: has the address changed? The cheapest answer is enough.
    Compare,
    /// Write the address: the most trusted answer is wanted.
    Write,
}

/// A kind of source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An address of a network interface.
    Interface,
    /// The router's external address, via NAT-PMP or `UPnP`.
    Router,
    /// A name server that answers with the client's address, over UDP.
    Dns,
    /// The address of another name, by the system's resolver.
    Resolve,
    /// The output of a program.
    Command,
    /// An HTTPS echo service.
    Web,
}

/// Each kind of source, its word in the config, and its trust. Cheapest first: [`super::consensus::hint`] queries in
/// this order.
pub const SOURCE_KINDS: [(Kind, &str, Trust); 6] = [
    (Kind::Interface, "interface", Trust::Trusted),
    (Kind::Router, "router", Trust::Trusted),
    // UDP responses can be spoofed, and queries to resolvers intercepted.
    (Kind::Dns, "dns", Trust::Hint),
    (Kind::Resolve, "resolve", Trust::Trusted),
    (Kind::Command, "command", Trust::Trusted),
    (Kind::Web, "web", Trust::Vote),
];

impl Kind {
    /// Returns its index in [`SOURCE_KINDS`]: the lower, the cheaper.
    #[must_use]
    pub fn cost(self) -> usize {
        SOURCE_KINDS.iter().position(|(kind, ..)| *kind == self).unwrap_or(SOURCE_KINDS.len())
    }

    /// Returns the trust in its answers.
    #[must_use]
    pub fn trust(self) -> Trust {
        SOURCE_KINDS.iter().find(|(kind, ..)| *kind == self).map_or(Trust::Hint, |(.., trust)| *trust)
    }
}
