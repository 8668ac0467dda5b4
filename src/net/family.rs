//! Address families.

use crate::dns::RrsetType;

/// The address families that `-4` and `-6` choose; both when neither is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Families {
    v4: bool,
    v6: bool,
}

impl Families {
    /// By the two options.
    #[must_use]
    pub const fn new(v4: bool, v6: bool) -> Self {
        Self { v4, v6 }
    }

    /// Whether this family is one of them.
    #[must_use]
    pub const fn includes(self, family: RrsetType) -> bool {
        self.v4 == self.v6
            || match family {
                RrsetType::A => self.v4,
                RrsetType::Aaaa => self.v6,
            }
    }

    /// Whether an option chose them.
    #[must_use]
    pub const fn are_chosen(self) -> bool {
        self.v4 || self.v6
    }
}
