//! The one table of trust: the kinds of source, cheapest first, and how far the answers of each are trusted.

/// Trust in the answers of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// May show that the address is unchanged; never counts for a write, but one that contradicts makes it need one
    /// more vote.
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

/// Trust in a router's answer via `UPnP`: TCP with the gateway itself.
pub(crate) const UPNP: Trust = Trust::Trusted;
/// Trust in a router's answer via NAT-PMP: one UDP packet, which a neighbour can send with the gateway's address.
pub(crate) const NAT_PMP: Trust = Trust::Vote;

/// Each kind of source, its word in the config, the protocol if the kind has several, and the trust in the answers.
///
/// Cheapest first: [`super::consensus::hint`] queries in this order. The rows of one kind are together, the most
/// trusted first.
pub const TRUST_TABLE: [(Kind, &str, Option<&str>, Trust); 7] = [
    (Kind::Interface, "interface", None, Trust::Trusted),
    (Kind::Router, "router", Some("UPnP"), UPNP),
    (Kind::Router, "router", Some("NAT-PMP"), NAT_PMP),
    // UDP responses can be spoofed, and queries to resolvers intercepted.
    (Kind::Dns, "dns", None, Trust::Hint),
    (Kind::Resolve, "resolve", None, Trust::Vote),
    (Kind::Command, "command", None, Trust::Trusted),
    (Kind::Web, "web", None, Trust::Vote),
];

impl Kind {
    /// Returns the index of its first row in [`TRUST_TABLE`]: the lower, the cheaper.
    #[must_use]
    pub fn cost(self) -> usize {
        TRUST_TABLE.iter().position(|(kind, ..)| *kind == self).unwrap_or_default()
    }

    /// Returns the highest trust that its answers can have. Each answer has its own ([`super::Detected::trust`]).
    #[must_use]
    pub fn trust(self) -> Trust {
        TRUST_TABLE[self.cost()].3
    }
}
