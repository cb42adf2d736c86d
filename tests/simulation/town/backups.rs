//! Backups of a town's homes: a whole folder, copied while the program runs or not, and put back days later. What only the newer disk held
//! may be lost with it, and nothing else; two histories of one journal may be about from then on, at the hub, on sticks and with those who
//! read them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use amanat_hub::store::Place;
use amanat_keys::fingerprint::Digest;
use amanat_sync::batch::Item;
use amanat_sync::courier::Trouble;
use amanat_sync::entry::SealedEntry;

use super::founding::{PEOPLE, READER};
use super::life::Town;
use super::person::Person;
use crate::simulation::holds::held;

/// A copy of somebody's home, with what was known of it then.
#[derive(Clone)]
pub(crate) struct Backup {
    pub(crate) folder: PathBuf,
    pub(crate) had: BTreeSet<u64>,
    pub(crate) held: BTreeMap<(Place, u64), Digest>,
    /// How many attachments had been asked for, by anybody.
    wishes: usize,
    /// How many keys of the station had been offered, by anybody.
    offers: usize,
}

impl Town {
    /// Everybody but the admin, whose copies of root keys are another story.
    pub(crate) fn backs_up(&mut self, near: usize) -> usize {
        let at = near.max(READER);
        self.home_holds(at);
        let folder = self.people[at].copied("backup");
        let Person { had, held, .. } = &self.people[at];
        let (had, held) = (had.clone(), held.clone());
        let (wishes, offers) = (self.book.wishes.len(), self.offers.len());
        self.people[at].backup = Some(Backup { folder, had, held, wishes, offers });
        at
    }

    /// The newest copy lies on the disk in place of the home. Whose home to look at then.
    pub(crate) fn puts_back(&mut self, near: usize) -> usize {
        let Some(at) = (near..near + PEOPLE.len()).map(|at| at % PEOPLE.len()).find(|at| self.may_put_back(*at)) else {
            return near;
        };
        self.hub_holds();
        let backup = self.people[at].backup.clone().expect("it was found");
        let behind = self.people[at].held.len() > backup.held.len();
        self.people[at].put_back(&backup);
        self.put_back = true;
        self.faults.note("homes put back from a backup");
        self.faults.note_many("homes put back that had kept more since", u64::from(behind));
        let wishes = std::mem::take(&mut self.book.wishes).into_iter().enumerate();
        self.book.wishes =
            wishes.filter(|(n, wished)| wished.by != at || *n < backup.wishes).map(|(_, wished)| wished).collect();
        let there = self.numbers_there(at);
        let own = self.book.kept.iter().filter(|(_, kept)| kept.author == at).map(|(number, _)| *number);
        let since: Vec<u64> = own.filter(|number| !backup.had.contains(number)).collect();
        self.book.may_be_lost.extend(since.iter().filter(|number| !there.contains(number)));
        self.book.keys_lost.extend(since);
        at
    }

    /// A key that was offered since would be lost to everybody, and so would be an attachment that the hub has not got whole: both have no
    /// second place, and no copy of a home can stand for them.
    fn may_put_back(&self, at: usize) -> bool {
        let Some(backup) = &self.people[at].backup else { return false };
        let all = held(self.people[at].home().journal());
        let own = all.iter().filter(|held| held.known.device == self.people[at].id).flat_map(|held| &held.items);
        let since = own.filter_map(Item::entry).filter(|entry| !backup.held.contains_key(&place(entry)));
        let whole = |entry: &SealedEntry| {
            let mut parts = entry.header.parts.iter();
            parts.all(|part| self.at_hub.whole.contains(&part.digest) && self.lies_at_hub(entry, &part.digest))
        };
        backup.offers == self.offers.len() && since.into_iter().all(whole)
    }

    /// Contents that are in a home, or at the hub.
    fn numbers_there(&self, at: usize) -> BTreeSet<u64> {
        self.numbers_at_hub().chain(self.people[at].open.iter().copied()).collect()
    }

    /// Contents that the hub was given; what an order took among them.
    pub(crate) fn numbers_at_hub(&self) -> impl Iterator<Item = u64> {
        self.at_hub.entries().filter_map(|entry| self.book.number(&entry.hash()))
    }

    /// What an honest hub and honest devices may be told of: whoever asked for what is erased meanwhile is told so; and where a home was put
    /// back, two histories are about.
    pub(crate) fn may_be_said(&self, trouble: &Trouble) -> bool {
        match trouble {
            Trouble::PartUnserved(_) => true,
            Trouble::Fork { .. } | Trouble::NotTaken { .. } | Trouble::ForkElsewhere { .. } => self.put_back,
            _ => false,
        }
    }
}

fn place(entry: &SealedEntry) -> (Place, u64) {
    ((entry.header.device, entry.header.journal), entry.header.seq)
}
