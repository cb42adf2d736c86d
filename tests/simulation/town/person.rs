//! Somebody with a home: open, carried on by the courier, and killed now and then.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use amanat::model::{Content, Entry, Value};
use amanat::runtime::homes::home::Home;
use amanat::runtime::roster::enrol::Admin;
use amanat_hub::store::Place;
use amanat_keys::fingerprint::{DeviceId, Digest};
use amanat_sync::courier::{Courier, Party};

use super::backups::Backup;
use super::clocks;
use super::founding::{copy_home, opened, words};
use crate::simulation::road::Line;

/// A home that is open; an admin's with its root key.
enum Seat {
    Home(Box<Home>),
    Admin(Box<Admin>),
}

pub(crate) struct Person {
    pub(crate) id: DeviceId,
    seat: Option<Seat>,
    folder: PathBuf,
    lives: u32,
    pub(crate) courier: Courier,
    pub(crate) line: Line,
    /// What was open at the last look, by the number in its text.
    pub(crate) open: BTreeSet<u64>,
    /// What was ever open or kept, but for what an order took.
    pub(crate) had: BTreeSet<u64>,
    /// Whether something happened since the last look that may change what is open.
    pub(crate) moved: bool,
    /// Under which headers these were open.
    pub(crate) numbers: BTreeMap<[u8; 16], u64>,
    /// Entries with attachments that were open then.
    pub(crate) attached: Vec<Entry>,
    /// What stands at each place that it holds.
    pub(crate) held: BTreeMap<(Place, u64), Digest>,
    /// By how many milliseconds its clock is fast.
    pub(crate) fast: i64,
    /// The newest copy of its home.
    pub(crate) backup: Option<Backup>,
}

impl Person {
    pub(crate) fn new(folder: PathBuf) -> Self {
        let seat = seated(&folder);
        let mut person = Self {
            id: DeviceId::ZERO,
            seat: Some(seat),
            folder,
            lives: 0,
            courier: Courier::default(),
            line: Line::default(),
            open: BTreeSet::new(),
            had: BTreeSet::new(),
            moved: false,
            numbers: BTreeMap::new(),
            attached: Vec::new(),
            held: BTreeMap::new(),
            fast: 0,
            backup: None,
        };
        person.id = person.home().device();
        person.begins();
        person
    }

    /// One that was made just now.
    pub(crate) fn around(home: Home) -> Self {
        let folder = home.paths().folder().to_owned();
        drop(home);
        Self::new(folder)
    }

    pub(crate) fn home(&self) -> &Home {
        clocks::goes_by(self.fast);
        match self.seat.as_ref().unwrap() {
            Seat::Home(home) => home,
            Seat::Admin(admin) => &admin.home,
        }
    }

    pub(crate) fn home_mut(&mut self) -> &mut Home {
        clocks::goes_by(self.fast);
        match self.seat.as_mut().unwrap() {
            Seat::Home(home) => home,
            Seat::Admin(admin) => &mut admin.home,
        }
    }

    pub(crate) fn admin(&mut self) -> &mut Admin {
        clocks::goes_by(self.fast);
        match self.seat.as_mut().unwrap() {
            Seat::Home(_) => unreachable!("no admin"),
            Seat::Admin(admin) => admin,
        }
    }

    pub(crate) fn party(&self) -> Party {
        let home = self.home();
        Party { agency: home.agency().unwrap(), device: self.id, hub: home.hub().unwrap().id }
    }

    /// Kill -9 and started again: what opens next is what lay on the disk then.
    pub(crate) fn killed(&mut self) {
        let to = self.copied("life");
        self.lives_in(to);
    }

    /// A copy of the home as it lies there, in a folder of its own.
    pub(crate) fn copied(&mut self, what: &str) -> PathBuf {
        self.lives += 1;
        let to = self.folder.with_extension(format!("{what}{}", self.lives));
        copy_home(&self.folder, &to).unwrap();
        to
    }

    /// A copy lies in place of the home when the program starts the next time, and may be put back once more.
    pub(crate) fn put_back(&mut self, backup: &Backup) {
        (self.had, self.held) = (backup.had.clone(), backup.held.clone());
        self.folder.clone_from(&backup.folder);
        self.killed();
    }

    fn lives_in(&mut self, folder: PathBuf) {
        self.seat = None;
        self.seat = Some(seated(&folder));
        self.folder = folder;
        self.begins();
    }

    /// A program that has just been started remembers nothing of the road, and reads its journal once.
    fn begins(&mut self) {
        self.courier = Courier::with_parts(self.home().part_files());
        self.line.forgets();
        self.looks();
    }

    /// Everything that opens, opened anew.
    pub(crate) fn looks(&mut self) {
        let mut entries = Vec::new();
        let replayed = self.home_mut().replay(|page, _| entries.extend(page)).unwrap();
        self.numbers = entries.iter().filter_map(|entry| Some((*entry.id.as_bytes(), number(entry)?))).collect();
        self.open = self.numbers.values().copied().collect();
        self.had.extend(&self.open);
        self.moved = false;
        clocks::stand_in_order(&entries);
        self.attached = entries.into_iter().filter(|entry| !entry.parts.is_empty()).collect();
        assert_eq!(replayed.failed, Vec::new(), "what is held and for this device opens");
    }
}

fn seated(folder: &Path) -> Seat {
    let home = opened(folder);
    if home.paths().root().exists() {
        Seat::Admin(Box::new(Admin::open(home, &words()).unwrap()))
    } else {
        Seat::Home(Box::new(home))
    }
}

/// The number that a note of a town begins with. The text of an order is a note as well, and has none.
pub(crate) fn number(entry: &Entry) -> Option<u64> {
    let Content::Sheet(sheet) = &entry.content else { return None };
    let Some(Value::Text(text)) = sheet.answers().value("note_text") else { return None };
    text.split(' ').next()?.parse().ok()
}
