//! What all screens see and none of them changes: the casebook and what stands around it.

use std::{collections::HashMap, sync::Arc};

use ratatui::layout::Rect;

use super::{
    app::{Settings, Start},
    msg::{KeyRow, Mark, Msg, RosterPage, Sentence, TeamPage, Who},
    people::{self, Person},
    reading::{self, Called, CaseRow},
    road::Road,
};
use crate::{
    codebook::{Codebook, SearchIndex, Surroundings},
    model::{
        self, Author, CaseId, Casebook, Clocks, Delivery, DeviceId, Draft, DraftId, Entry, EntryId, Gone, Handed,
        Handover, JournalId, Late, Listed, MemberId, Moment, SavedFilter, UnitId,
        assigned::Assignment,
        review::{self, Waiting},
        same::{MayJoin, Same},
    },
};

/// Lines of the list that are kept at a time: making them is to cost no frame.
const LINES: usize = 512;

/// Entries whose words are folded at a time: it is to cost no frame.
const FOLDED: usize = 4_096;

/// Rows that a hint takes, for who learns.
pub(super) const HINT: u16 = 2;

/// Everything that has been opened, and the settings. Forgotten whole when the device locks.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) book: Casebook,
    pub(crate) codebook: Arc<Codebook>,
    pub(crate) settings: Settings,
    pub(crate) who: Option<Who>,
    /// What this home is called, where several officers share the machine.
    pub(crate) home: Option<String>,
    pub(crate) drafts: Vec<Draft>,
    /// Filters that a person named.
    pub(crate) filters: Vec<SavedFilter>,
    pub(crate) road: Road,
    pub(crate) now: Moment,
    /// Now, by the clock that nobody can set, in milliseconds.
    pub(crate) boot_ms: u64,
    /// A time that it cannot be before, Unix milliseconds, and what `boot_ms` was then.
    least: Option<(i64, u64)>,
    /// Whether this is practice, with a hint on every screen.
    pub(crate) training: bool,
    /// Columns and rows of the terminal.
    pub(crate) size: (u16, u16),
    /// The words of all entries, folded; names are not asked for.
    pub(crate) index: SearchIndex,
    /// Entries that came while everything was being read and whose words are still to be folded: the list comes first.
    unfolded: Vec<EntryId>,
    /// Whether somebody searches, and words are folded as they come.
    searched: bool,
    /// One row a case, newest first.
    pub(crate) cases: Vec<CaseRow>,
    /// How often those rows were made or put in order: whoever counts the same has seen them all.
    pub(crate) made: u64,
    /// What supervisors said is one and the same.
    pub(crate) same: Same,
    /// What is known of the clocks by which entries were kept.
    clocks: Clocks,
    /// Whether entries turned out to be older than their clock said since the rows were made.
    older: bool,
    /// What codes are called in those rows.
    called: Called,
    /// Cases whose rows wait to be made anew, with repeats.
    touched: Vec<CaseId>,
    /// Whether the list stands as it was kept, until everything has been read.
    listed: bool,
    /// The case that a person wants to see as soon as it has been read.
    pub(crate) wanted: Option<CaseId>,
    pub(crate) roster: Option<Box<RosterPage>>,
    pub(crate) team: Option<Box<TeamPage>>,
    /// What came in after its device had left.
    pub(crate) late: Late,
    /// Every key, once it was asked for.
    pub(crate) keys: Option<Vec<KeyRow>>,
    /// Units to which this device owes a new key.
    pub(crate) owed: Vec<(UnitId, String)>,
    /// What would follow if this device were lost.
    pub(crate) preview: Option<(DeviceId, Vec<Sentence>)>,
}

impl World {
    /// What time it is: by the machine's clock, and never before what the hub has signed or the roster was made, and the time since. A battery
    /// that died must not put today's law and today's ages years back.
    pub(crate) fn tick(&mut self, now: Moment, boot_ms: u64) {
        self.boot_ms = boot_ms;
        self.now = Moment { unix_ms: now.unix_ms.max(self.least()), ..now };
    }

    fn least(&self) -> i64 {
        let since = |boot: u64| i64::try_from(self.boot_ms.saturating_sub(boot)).unwrap_or(i64::MAX);
        self.least.map_or(i64::MIN, |(at, boot)| at.saturating_add(since(boot)))
    }

    /// What the courier says.
    pub(crate) fn hear(&mut self, msg: &Msg) {
        self.road.hear(msg);
        self.is_at_least(self.road.progress.last_contact);
    }

    /// Other forms and lists to ask by.
    pub(crate) fn ask_by(&mut self, codebook: Arc<Codebook>) {
        self.codebook = codebook;
        self.called = Called::default();
    }

    /// The roster as it stands.
    pub(crate) fn list_people(&mut self, page: Box<RosterPage>) {
        self.is_at_least(page.issued);
        let supervise = page.devices.iter().filter(|device| !device.leads.is_empty()).map(|device| device.id);
        self.book.let_join(MayJoin::These(supervise.collect()));
        self.roster = Some(page);
        self.join_anew();
        if !self.listed && self.road.replay.is_none() {
            self.list_touched();
        }
    }

    /// Takes note of a time that it cannot be before.
    fn is_at_least(&mut self, at: Option<Moment>) {
        if let Some(at) = at.filter(|at| at.unix_ms > self.least()) {
            self.least = Some((at.unix_ms, self.boot_ms));
            self.now.unix_ms = self.now.unix_ms.max(at.unix_ms);
        }
    }

    pub(crate) fn new(start: &Start) -> Self {
        Self {
            book: Casebook::default(),
            codebook: Arc::clone(&start.codebook),
            settings: start.settings,
            who: None,
            home: start.home.clone(),
            drafts: Vec::new(),
            filters: Vec::new(),
            road: Road::default(),
            now: start.now,
            boot_ms: start.boot_ms,
            least: None,
            training: false,
            size: (80, 24),
            index: SearchIndex::new(&start.codebook),
            unfolded: Vec::new(),
            searched: false,
            cases: Vec::new(),
            made: 0,
            same: Same::default(),
            clocks: Clocks::default(),
            older: false,
            called: Called::default(),
            touched: Vec::new(),
            listed: false,
            wanted: None,
            roster: None,
            team: None,
            late: Late::default(),
            keys: None,
            owed: Vec::new(),
            preview: None,
        }
    }

    /// Drops everything that a key was needed for.
    pub(crate) fn forget(&mut self) {
        self.book = Casebook::default();
        self.who = None;
        self.drafts = Vec::new();
        self.filters = Vec::new();
        self.road = Road::default();
        self.index = SearchIndex::new(&self.codebook);
        self.unfolded = Vec::new();
        self.searched = false;
        self.cases = Vec::new();
        self.made = self.made.wrapping_add(1);
        self.same = Same::default();
        self.clocks = Clocks::default();
        self.older = false;
        self.touched = Vec::new();
        self.listed = false;
        self.wanted = None;
        self.roster = None;
        self.team = None;
        self.late = Late::default();
        self.keys = None;
        self.owed = Vec::new();
        self.preview = None;
    }

    /// This device.
    pub(crate) fn device(&self) -> Option<DeviceId> {
        self.who.as_ref().map(|who| who.device)
    }

    /// Whether the person at this desk reviews what others keep.
    pub(crate) fn supervises(&self) -> bool {
        self.who.as_ref().is_some_and(|who| who.roles.iter().any(|role| role == "supervisor"))
    }

    /// Takes entries in and brings the rows of their cases up to date. While a replay goes on rows wait until there are enough of them
    /// that putting them in order costs little for each: a list of a hundred thousand is not to be sorted for every page.
    pub(crate) fn take(&mut self, entries: Vec<Entry>) {
        let me = self.device();
        for entry in entries {
            if self.book.entry(&entry.id).is_some() {
                continue;
            }
            if Some(entry.author.device) == me {
                self.road.own(entry.author, !entry.parts.is_empty());
            }
            self.touched.push(entry.case);
            // What its journal kept before is older than it seemed.
            self.older |= self.clocks.note(&entry);
            if self.road.replay.is_some() && !self.searched {
                self.unfolded.push(entry.id);
            } else {
                self.index.add(&entry);
            }
            self.book.apply(entry);
        }
        self.join_anew();
        // A row of the kept list says more than one of a case that is half read.
        if !self.listed && (self.road.replay.is_none() || self.touched.len() >= self.cases.len()) {
            self.list_touched();
        }
    }

    /// Somebody searches: from now on words are folded as they come.
    pub(crate) const fn search_begins(&mut self) {
        self.searched = true;
    }

    /// Whether there are words that a search does not find yet, and time to fold them.
    pub(crate) const fn owes_words(&self) -> bool {
        !self.unfolded.is_empty() && (self.searched || self.road.replay.is_none())
    }

    /// Folds some more words, those that came last first.
    pub(crate) fn fold_some(&mut self) {
        for id in self.unfolded.split_off(self.unfolded.len().saturating_sub(FOLDED)).iter().rev() {
            if let Some(entry) = self.book.entry(id) {
                self.index.add(entry);
            }
        }
    }

    /// Works out anew what is one and the same; the rows of cases for which that changes are made anew.
    fn join_anew(&mut self) {
        if self.same.is_empty() && self.book.same_entries().next().is_none() {
            return;
        }
        let before = std::mem::replace(&mut self.same, self.book.same());
        if before != self.same {
            let joined = before.cases().chain(self.same.cases());
            self.touched.extend(joined.flat_map(|(gone, stands)| [*gone, *stands]));
        }
    }

    /// A case and those that are folded beneath it.
    pub(crate) fn with_duplicates(&self, id: &CaseId) -> Vec<CaseId> {
        [*id].into_iter().chain(self.same.beneath(id)).collect()
    }

    /// Takes lines of the list in as it was kept.
    pub(crate) fn list(&mut self, lines: Vec<Listed>, last: bool) {
        let row = |line| reading::kept_row(line, &self.codebook, &mut self.called);
        self.cases.extend(lines.into_iter().map(row));
        self.listed = true;
        self.made = self.made.wrapping_add(1);
        if last {
            self.sort();
        }
    }

    /// Takes cases in of which nothing is missing.
    pub(crate) fn take_whole(&mut self, entries: Vec<Entry>, mut cases: Vec<CaseId>) {
        self.take(entries);
        cases.sort_unstable();
        self.list_anew(&cases);
    }

    /// Whether no more of a case is known than what its row says.
    pub(crate) fn is_unread(&self, id: &CaseId) -> bool {
        let row_of = self.same.stands_for(id).unwrap_or(*id);
        self.listed && !self.cases.iter().any(|row| row.id == row_of && row.read)
    }

    /// Everything has been read, or no more of it will be: what is listed is what was read.
    pub(crate) fn all_read(&mut self) {
        if std::mem::take(&mut self.listed) {
            self.cases.retain(|row| row.read);
            self.made = self.made.wrapping_add(1);
        }
        self.list_touched();
    }

    /// Some lines of the list as it is to be kept, by the ids of their cases, and whether they are the last.
    pub(crate) fn lines(&self, journals: &[(DeviceId, JournalId, u64)], after: Option<CaseId>) -> (Vec<Listed>, bool) {
        let mut rows: Vec<&CaseRow> =
            self.cases.iter().filter(|row| after.is_none_or(|after| row.id > after)).collect();
        let last = rows.len() <= LINES;
        if !last {
            rows.select_nth_unstable_by_key(LINES, |row| row.id);
            rows.truncate(LINES);
        }
        rows.sort_unstable_by_key(|row| row.id);
        let place = |author: &Author| {
            let mut named = journals.iter().zip(0_u32..);
            let ((.., up_to), at) =
                named.find(|((device, journal, _), _)| (*device, *journal) == (author.device, author.journal))?;
            (author.seq <= *up_to).then_some((at, author.seq))
        };
        (rows.into_iter().map(|row| reading::line(row, &self.book, place)).collect(), last)
    }

    /// Makes the rows of all cases that have changed anew.
    pub(crate) fn list_touched(&mut self) {
        let mut touched = std::mem::take(&mut self.touched);
        if self.older && self.road.replay.is_none() {
            touched.extend(self.book.cases().map(|file| file.id));
            self.older = false;
        }
        let stand: Vec<CaseId> = touched.iter().filter_map(|case| self.same.stands_for(case)).collect();
        touched.extend(stand);
        touched.sort_unstable();
        touched.dedup();
        self.list_anew(&touched);
    }

    /// Makes these rows anew; the cases stand in order.
    fn list_anew(&mut self, touched: &[CaseId]) {
        if touched.is_empty() {
            return;
        }
        self.cases.retain(|row| touched.binary_search(&row.id).is_err());
        let (clocks, now) = (&self.clocks, self.now.unix_ms);
        let known = (&self.book, &self.same);
        let mut row = |id| {
            reading::row_with_duplicates(known, &self.codebook, &mut self.called, id, |entry| clocks.kept(entry, now))
        };
        self.cases.extend(touched.iter().filter_map(&mut row));
        self.sort();
    }

    /// What waits for whoever supervises at this desk.
    pub(crate) fn waiting(&self) -> Vec<Waiting> {
        let now = self.now.unix_ms;
        let kept = |entry: &Entry| self.clocks.kept(entry, now);
        let mut waiting = self.book.waiting(self.device(), now, kept);
        waiting.extend(self.book.waiting_for_others(&self.not_taken_up(), now, kept));
        waiting
    }

    /// Newest first.
    fn sort(&mut self) {
        self.made = self.made.wrapping_add(1);
        self.cases.sort_by(|a, b| b.newest.cmp(&a.newest).then(a.id.cmp(&b.id)));
    }

    /// Forgets what entries said whose content is gone, in the casebook and in what a search looks through.
    pub(crate) fn lose(&mut self, gone: Vec<Gone>) {
        if gone.is_empty() {
            return;
        }
        self.book.forget(gone);
        self.index = SearchIndex::new(&self.codebook);
        self.unfolded.clear();
        let files = self.book.cases().flat_map(|file| file.entries.iter());
        files.filter_map(|id| self.book.entry(id)).for_each(|entry| self.index.add(entry));
        let ids: Vec<CaseId> = self.book.cases().map(|file| file.id).collect();
        let (clocks, now) = (&self.clocks, self.now.unix_ms);
        self.same = self.book.same();
        let known = (&self.book, &self.same);
        let mut row = |id| {
            reading::row_with_duplicates(known, &self.codebook, &mut self.called, id, |entry| clocks.kept(entry, now))
        };
        self.cases = ids.iter().filter_map(&mut row).collect();
        self.listed = false;
        self.sort();
        self.road.recount();
    }

    /// Takes all marks in, in place of those before.
    pub(crate) fn mark(&mut self, marks: &[Mark]) {
        self.book.forget_marks();
        for mark in marks.iter().filter(|mark| mark.delivery == Delivery::Received) {
            self.book.receive(mark.device, mark.journal, mark.up_to);
            self.book.complete(mark.device, mark.journal, mark.complete);
        }
        self.road.mark(marks);
        self.road.recount();
        // Marks come when a replay is over, however it ended.
        self.all_read();
    }

    /// How far an entry has come.
    pub(crate) fn delivery(&self, entry: &Entry) -> Delivery {
        self.road.of(entry, self.device())
    }

    /// How far a case has come, with its duplicates.
    pub(crate) fn case_delivery(&self, id: &CaseId) -> Delivery {
        let far = |case| reading::delivery(&self.book, &case, |entry| self.delivery(entry));
        self.with_duplicates(id).into_iter().map(far).min().unwrap_or(Delivery::Kept)
    }

    /// The unit of the person at this desk.
    pub(crate) fn unit(&self) -> Option<UnitId> {
        let name = &self.who.as_ref()?.unit;
        self.roster.as_ref()?.units.iter().find(|unit| unit.name == *name).map(|unit| unit.id)
    }

    /// The unit that has a case: the one that took it over last, else that of whoever opened it, as the roster has them.
    pub(crate) fn unit_of(&self, case: &CaseId) -> Option<UnitId> {
        if let Some(owner) = self.handed(case).owner {
            return Some(owner);
        }
        let page = self.roster.as_ref()?;
        let author = self.book.opening(self.book.case(case)?)?.author.device;
        let owner = page.devices.iter().find(|device| device.id == author)?.owner;
        let roles = &page.members.iter().find(|member| member.id == owner)?.roles;
        let units = page.units.iter().filter(|unit| roles.iter().any(|(_, name)| *name == unit.name));
        units.min_by_key(|unit| unit.kind != "station").map(|unit| unit.id)
    }

    /// Who sits here, by the roster's number.
    pub(crate) fn member(&self) -> Option<MemberId> {
        self.roster.as_ref()?.members.iter().find(|member| member.me).map(|member| member.id)
    }

    /// To whom a case can be given.
    pub(crate) fn people(&self, case: &CaseId) -> Vec<Person> {
        let Some(page) = &self.roster else { return Vec::new() };
        let units = people::units_of(page, &self.book, case, &self.handed(case), self.unit());
        people::people(page, &units)
    }

    /// Cases that were given to somebody who has not gone on with them.
    pub(crate) fn not_taken_up(&self) -> Vec<Assignment> {
        let devices = self.roster.iter().flat_map(|page| page.devices.iter());
        let owners: HashMap<DeviceId, MemberId> = devices.map(|device| (device.id, device.owner)).collect();
        let now = self.now.unix_ms;
        self.book
            .not_taken_up(|member, device| owners.get(device) == Some(member), |entry| self.clocks.kept(entry, now))
    }

    /// A unit's name, where the roster tells it.
    pub(crate) fn unit_name(&self, id: &UnitId) -> String {
        let unit = self.roster.iter().flat_map(|page| page.units.iter()).find(|unit| unit.id == *id);
        unit.map_or_else(|| id.short(), |unit| unit.name.clone())
    }

    /// How a case stands between units. The roster's page knows who could ever say so.
    pub(crate) fn handed(&self, case: &CaseId) -> Handed {
        let entries = self.book.case(case).into_iter().flat_map(|file| file.entries.iter());
        let may_say = |device: &DeviceId, told: &Handover| {
            let Some(page) = &self.roster else { return true };
            let Some(device) = page.devices.iter().find(|known| known.id == *device) else { return false };
            let (unit, answers) = model::speaks_for(told);
            if answers { device.answers.contains(unit) } else { device.leads.contains(unit) }
        };
        // With whom it began is known to the keeping; what is shown here decides nothing.
        model::handed(entries.filter_map(|id| self.book.entry(id)), may_say, |_| true)
    }

    /// A draft by its id.
    pub(crate) fn draft(&self, id: &DraftId) -> Option<&Draft> {
        self.drafts.iter().find(|draft| draft.id == *id)
    }

    /// Takes a draft as it is now.
    pub(crate) fn keep_draft(&mut self, draft: &Draft) {
        match self.drafts.iter_mut().find(|known| known.id == draft.id) {
            Some(known) => known.clone_from(draft),
            None => self.drafts.push(draft.clone()),
        }
    }

    /// The name of a case on the screen: its short number.
    pub(crate) fn short(&self, id: &CaseId) -> String {
        if let Some(row) = self.cases.iter().find(|row| row.id == *id) {
            return row.short.clone();
        }
        // A duplicate has no row of its own.
        let summary = self.book.case(id).map(|file| self.book.summary(file));
        summary.and_then(|summary| summary.case_short).map_or_else(|| id.short(), String::from)
    }

    /// What the rules of a form can see of the case around it, and of what it corrects.
    pub(crate) fn around(&self, draft: &Draft) -> Surroundings {
        let form = draft.form.id.as_str();
        let mut around = Surroundings::for_form(&self.book, draft.case.as_ref(), form, draft.target.as_ref());
        if let Some(case) = draft.case.filter(|_| form == review::FORM) {
            around.people = people::by_name(&self.people(&case));
        }
        around
    }

    /// Where a page is drawn: between the heading and the bars, and above a hint.
    pub(crate) const fn body(&self) -> Rect {
        let (columns, rows) = self.size;
        let hint = if self.training { HINT } else { 0 };
        Rect { x: 1, y: 2, width: columns.saturating_sub(2), height: rows.saturating_sub(5 + hint) }
    }

    /// Rows between the heading and the bars.
    pub(crate) const fn page(&self) -> usize {
        let around = if self.training { 5 + HINT } else { 5 };
        self.size.1.saturating_sub(around) as usize
    }
}
