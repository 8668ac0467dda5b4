//! The one table of belief: what the answer of each kind of source may do.

/// What the answer of a source may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// It may show that nothing has changed; it never counts for a write.
    Hint,
    /// It counts for its provider: `agree` providers, and most of those that answered, decide.
    Vote,
    /// The machine's own network says it: one answer decides.
    Trusted,
}

impl Trust {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Hint, Self::Vote, Self::Trusted];

    /// As people read it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hint => "hint",
            Self::Vote => "vote",
            Self::Trusted => "own knowledge",
        }
    }
}

/// The kinds of source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An address of a network interface.
    Interface,
    /// The router, by NAT-PMP or `UPnP`.
    Router,
    /// A name server that tells the asker's address, over UDP.
    Dns,
    /// The address of another name.
    Resolve,
    /// A program's output.
    Command,
    /// An HTTPS echo service.
    Web,
}

/// The one table of belief: each kind, the word that the config knows it by, and what its answer may do. The
/// cheapest stands first: this is the order in which they are asked whether anything has changed.
pub const SOURCE_KINDS: [(Kind, &str, Trust); 6] = [
    (Kind::Interface, "interface", Trust::Trusted),
    (Kind::Router, "router", Trust::Trusted),
    // One UDP answer is easily forged, and its provider easily mistaken.
    (Kind::Dns, "dns", Trust::Hint),
    (Kind::Resolve, "resolve", Trust::Trusted),
    (Kind::Command, "command", Trust::Trusted),
    (Kind::Web, "web", Trust::Vote),
];

impl Kind {
    /// Its place in [`SOURCE_KINDS`]: less is cheaper.
    #[must_use]
    pub fn cost(self) -> usize {
        SOURCE_KINDS.iter().position(|(kind, ..)| *kind == self).unwrap_or(SOURCE_KINDS.len())
    }

    /// What its answers may do.
    #[must_use]
    pub fn trust(self) -> Trust {
        SOURCE_KINDS.iter().find(|(kind, ..)| *kind == self).map_or(Trust::Hint, |(.., trust)| *trust)
    }
}
