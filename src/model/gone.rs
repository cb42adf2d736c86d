//! Entries whose content is not here any more: what the casebook says of them, and how it forgets what they said.

use super::{
    casebook::{CaseFile, Casebook},
    date::Moment,
    entry::Author,
    ids::{CaseId, EntryId},
};

/// Why the content is not here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absence {
    /// Erased by order; the time is the hub's when it was erased here, where the hub had told one.
    Erased(Option<Moment>),
    /// Dropped here after a reader at headquarters had opened it.
    AtHeadquarters,
    /// Handed in: it stands here sealed, and this device has no key that opens it.
    HandedIn,
}

/// An entry of which header and signature stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone {
    /// The entry.
    pub id: EntryId,
    /// Its case.
    pub case: CaseId,
    /// Who wrote it, where.
    pub author: Author,
    /// Why its content is not here.
    pub why: Absence,
}

impl Casebook {
    /// Takes entries out whose content is gone: no list, no standing answer and no search knows them from now on. Their cases stay
    /// and say how many they were. In which order this and the entries come changes nothing.
    pub fn forget(&mut self, gone: impl IntoIterator<Item = Gone>) {
        let mut known = false;
        for gone in gone {
            known |= self.entries.contains_key(&gone.id);
            self.gone.entry(gone.case).or_default().insert(gone.id, gone);
        }
        if known {
            let before = std::mem::take(self);
            (self.received, self.handed_over, self.gone) = (before.received, before.handed_over, before.gone);
            self.may_join = before.may_join;
            before.entries.into_values().for_each(|entry| self.apply(*entry));
        }
        for case in self.gone.keys() {
            self.cases.entry(*case).or_insert_with(|| CaseFile::empty(*case));
        }
    }

    /// What is gone of a case, in the order of the ids.
    pub fn gone(&self, case: &CaseId) -> impl ExactSizeIterator<Item = &Gone> + Clone {
        static NONE: std::collections::BTreeMap<EntryId, Gone> = std::collections::BTreeMap::new();
        self.gone.get(case).unwrap_or(&NONE).values()
    }

    /// How many entries of a case were erased by order, and when the last of them was, as far as the hub told.
    pub fn erased(&self, case: &CaseId) -> (usize, Option<Moment>) {
        let erased = self.gone(case).filter_map(|gone| match gone.why {
            Absence::Erased(when) => Some(when),
            Absence::AtHeadquarters | Absence::HandedIn => None,
        });
        (erased.clone().count(), erased.flatten().max())
    }

    /// How many entries of a case are kept at headquarters only.
    pub fn at_headquarters(&self, case: &CaseId) -> usize {
        self.gone(case).filter(|gone| gone.why == Absence::AtHeadquarters).count()
    }

    /// How many entries of a case were handed in.
    pub fn handed_in(&self, case: &CaseId) -> usize {
        self.gone(case).filter(|gone| gone.why == Absence::HandedIn).count()
    }

    /// Whether an entry's content is gone.
    pub fn is_gone(&self, case: &CaseId, id: &EntryId) -> bool {
        self.gone.get(case).is_some_and(|gone| gone.contains_key(id))
    }
}
