//! What was kept last, opened before the replay comes to it: whoever unlocks looks for yesterday's case and not for the first.

use std::collections::HashMap;

use amanat_sync::{
    entry::{Kind, SealedEntry},
    journal::Journal as _,
};

use super::opening::Opener;
use crate::{
    failure::Failure,
    model::Entry,
    runtime::{
        fault,
        homes::{belonging::Belonging, home::Home, marks},
    },
};

/// Places that are looked at: some pages of a list.
const ABOUT: u64 = 512;

impl Home {
    /// The newest content of every journal, as far as it counts whatever stands before it: in a case of which it is filed how it began, or
    /// that can only have begun in this device's first journal, where no order names it. [`Home::replay`] gives it again, with all
    /// the rest.
    ///
    /// # Errors
    /// What the journal refuses.
    pub fn newest(&mut self) -> Result<Vec<Entry>, Failure> {
        self.read_orders()?;
        let page =
            self.journal.sealed_newest(ABOUT).map_err(|error| fault::sync("reading the journal", &error))?.open();
        let counts = self.counts_alone()?;
        let alone = page.entries.into_iter().filter(|entry| entry.header.kind == Kind::Sealed && counts(entry));
        // Slips are left for the replay, and with them every identity.
        Ok(Opener::new(&self.ring, &HashMap::new(), true).open(alone.collect()).entries)
    }

    /// Whether content counts whatever stands before it, by what has been filed and the orders that were read.
    ///
    /// # Errors
    /// What the journal refuses.
    pub(super) fn counts_alone(&self) -> Result<impl Fn(&SealedEntry) -> bool + '_, Failure> {
        let refused = |error| fault::sync("reading the journal", &error);
        let unproven = self.unproven().map_err(refused)?;
        let mut belonging = self.trust.as_ref().map(|trust| Belonging::under(trust.roster())).unwrap_or_default();
        belonging.begin_with(marks::firsts(&self.journal).map_err(refused)?);
        let own = self.journal.heads().map_err(refused)?.into_iter().find(|known| known.own.is_some());
        // It is read first, so that a case in it of which nothing is filed began there; and what was let in since stays in.
        let begun_here = move |entry: &SealedEntry| own.is_some_and(|own| own.journal == entry.header.journal);
        let shut = self.shut();
        Ok(move |entry: &SealedEntry| {
            let inside = match belonging.knows(&entry.header.case) {
                true => belonging.counts(&entry.header),
                false => begun_here(entry),
            };
            inside && unproven.word(entry).is_none() && self.erasures.names(entry).is_none() && !shut(&entry.header)
        })
    }
}
