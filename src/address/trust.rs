//! The one table of belief: what the answer of each kind of source may do.

/// What the answer of a source may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Belief {
    /// It may show that nothing has changed; it never counts for a write.
    Hint,
    /// It counts for its operator: `agree` operators, and most of those that answered, decide.
    Vote,
    /// The machine's own network says it: one answer decides.
    Knowledge,
}

impl Belief {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Hint, Self::Vote, Self::Knowledge];

    /// As people read it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hint => "hint",
            Self::Vote => "vote",
            Self::Knowledge => "own knowledge",
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
    Host,
    /// A program's output.
    Command,
    /// An HTTPS echo service.
    Web,
}

/// The one table of belief: each kind, the word that the config knows it by, and what its answer may do. The
/// cheapest stands first: this is the order in which they are asked whether anything has changed.
pub const BELIEF: [(Kind, &str, Belief); 6] = [
    (Kind::Interface, "interface", Belief::Knowledge),
    (Kind::Router, "router", Belief::Knowledge),
    // One UDP answer is easily forged, and its operator easily mistaken.
    (Kind::Dns, "dns", Belief::Hint),
    (Kind::Host, "host", Belief::Knowledge),
    (Kind::Command, "command", Belief::Knowledge),
    (Kind::Web, "web", Belief::Vote),
];

impl Kind {
    /// Its place in [`BELIEF`]: less is cheaper.
    #[must_use]
    pub fn cost(self) -> usize {
        BELIEF.iter().position(|(kind, ..)| *kind == self).unwrap_or(BELIEF.len())
    }

    /// What its answers may do.
    #[must_use]
    pub fn belief(self) -> Belief {
        BELIEF.iter().find(|(kind, ..)| *kind == self).map_or(Belief::Hint, |(.., belief)| *belief)
    }
}
