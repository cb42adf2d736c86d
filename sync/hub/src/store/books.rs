//! What the values of the books can say of themselves.

use super::{Accepted, Complete, PartHeld};

impl PartHeld {
    /// From the number under which it is kept. −1 is wanted, and waited for by no receipt: its author has it no more, and somebody else may.
    /// 2 is between erased and gone from the disk.
    pub(super) fn from_number(number: i64) -> Self {
        match number {
            -1 | 0 => Self::Wanted,
            1 => Self::Held,
            _ => Self::Gone,
        }
    }
}

impl Accepted {
    /// How far its journal is held now.
    pub(crate) fn held(&self) -> Complete {
        Complete { place: self.place, head: self.head, complete: self.complete }
    }
}
