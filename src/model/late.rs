//! Entries that came in after their device had left, because admins let them in without anybody having seen them before.

use std::collections::HashMap;

use super::{Author, DeviceId, JournalId};

/// From which number on each journal came late.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Late(HashMap<(DeviceId, JournalId), u64>);

impl Late {
    /// As the roster says: each journal with its first late number.
    pub fn new(journals: impl IntoIterator<Item = (DeviceId, JournalId, u64)>) -> Self {
        Self(journals.into_iter().map(|(device, journal, from)| ((device, journal), from)).collect())
    }

    /// Whether what stands at this place came late.
    pub fn is(&self, author: &Author) -> bool {
        self.0.get(&(author.device, author.journal)).is_some_and(|from| author.seq >= *from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_from_there_on_in_that_journal_came_late() {
        let (device, journal) = (DeviceId::from_bytes([1; 32]), JournalId::from_bytes([2; 16]));
        let late = Late::new([(device, journal, 5)]);
        let at = |device, journal, seq| late.is(&Author { device, journal, seq });
        assert_eq!([4, 5, 6].map(|seq| at(device, journal, seq)), [false, true, true]);
        assert!(!at(device, JournalId::from_bytes([3; 16]), 9) && !at(DeviceId::from_bytes([4; 32]), journal, 9));
    }
}
