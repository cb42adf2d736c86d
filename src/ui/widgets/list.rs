//! A place in a list and the part of it that is on the screen.

use crate::ui::keymap::Act;

/// The row that keys act on, and the first row shown. Only the shown rows are ever built.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct List {
    /// The chosen row.
    pub(crate) at: usize,
    /// The first row on the screen.
    pub(crate) top: usize,
}

impl List {
    /// Moves as a key says, in a list of `len` rows of which `page` are on the screen. Whether the key was one of ours.
    pub(crate) fn go(&mut self, act: Act, len: usize, page: usize) -> bool {
        let last = len.saturating_sub(1);
        let page = page.max(1);
        let at = match act {
            Act::Up => self.at.saturating_sub(1),
            Act::Down => self.at + 1,
            Act::PageUp => self.at.saturating_sub(page - 1),
            Act::PageDown => self.at + page - 1,
            Act::First => 0,
            Act::Last => last,
            _ => return false,
        };
        self.put(at, len, page);
        true
    }

    /// Chooses a row and scrolls as little as it takes to show it.
    pub(crate) fn put(&mut self, at: usize, len: usize, page: usize) {
        let page = page.max(1);
        self.at = at.min(len.saturating_sub(1));
        self.top = self.top.clamp((self.at + 1).saturating_sub(page), self.at);
        self.top = self.top.min(len.saturating_sub(page));
    }

    /// Which row of the list stands in a row of the screen, if any does.
    pub(crate) const fn hit(&self, row: usize, len: usize) -> Option<usize> {
        let at = self.top + row;
        if at < len { Some(at) } else { None }
    }

    /// The rows that are on the screen.
    pub(crate) fn shown(&self, len: usize, page: usize) -> std::ops::Range<usize> {
        let top = self.top.min(len);
        top..(top + page).min(len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chosen_row_is_always_on_the_screen() {
        let mut list = List::default();
        for (act, at, top) in [
            (Act::Up, 0, 0),
            (Act::Down, 1, 0),
            (Act::PageDown, 10, 1),
            (Act::Last, 99, 90),
            (Act::PageUp, 90, 90),
            (Act::Up, 89, 89),
            (Act::First, 0, 0),
        ] {
            assert!(list.go(act, 100, 10));
            assert_eq!(list, List { at, top }, "{act:?}");
        }
        assert!(!list.go(Act::Help, 100, 10));
    }

    #[test]
    fn a_list_that_shrinks_stays_in_bounds() {
        let mut list = List { at: 50, top: 45 };
        list.put(list.at, 3, 10);
        assert_eq!(list, List { at: 2, top: 0 });
        list.put(list.at, 0, 10);
        assert_eq!(list, List { at: 0, top: 0 });
    }
}
