//! Attachments between a courier and a hub: behind the entries, piece by piece, to those whom the entry is for, and never another's bytes.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use amanat_hub::store::{HubStore, MemoryStore};
use amanat_hub::{Blobs, Hub, PlaceUrl};
use amanat_keys::fingerprint::Digest;
use amanat_keys::row_seal::RowSeal;
use amanat_keys::trust::Trust;
use amanat_sync::bundle;
use amanat_sync::courier::{Courier, Covers, End, Outcome, Trouble, pass, take_in_with_parts};
use amanat_sync::entry::{EntryRef, Part, SealedEntry};
use amanat_sync::journal::{Journal, Keep, Line, SqliteJournal};
use amanat_sync::part_files::{PartFiles, Wish};
use amanat_sync::road::Road as Remembered;
use amanat_sync::transport::{Transport, TransportError};
use amanat_sync::wire::messages::PushReply;
use amanat_sync::wire::parts::{PartAt, PartState, PartsCall, PartsReply, PartsRequest};

use super::carrying::block;
use super::support::*;

/// The same bytes each time, and no two blocks alike.
pub(crate) fn noise(seed: u32, bytes: u32) -> Vec<u8> {
    (0..bytes.div_ceil(4)).flat_map(|n| (n ^ seed).wrapping_mul(2_654_435_761).rotate_left(7).to_le_bytes()).collect()
}

pub(crate) async fn hub_with(agency: &Agency, store: Arc<dyn HubStore>, blobs: Blobs) -> Arc<Hub> {
    let keep = Box::new(|_: &Trust| Ok(()));
    let hub = Hub::open_at(agency.hub.clone(), store, agency.trust.clone(), keep, || 1_750_000_000_000).await.unwrap();
    Arc::new(hub.with_parts(blobs).await.unwrap())
}

pub(crate) fn in_folder(folder: &Path) -> Blobs {
    let place = PlaceUrl::Folder(folder.join("parts")).open(None).unwrap();
    Blobs::new(&folder.join("coming"), place).unwrap()
}

/// A device's journal on disk and its sealed attachments beside it.
pub(crate) struct Desk {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) journal: SqliteJournal,
    pub(crate) files: PartFiles,
    pub(crate) pen: Pen,
    pub(crate) courier: Courier,
    actor: usize,
}

impl Desk {
    pub(crate) fn new(agency: &Agency, actor: usize, journal: u8) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let journal_file = folder.path().join("journal.sqlite");
        let files = PartFiles::at(&folder.path().join("parts"));
        let pen = Pen::new(agency, actor, journal);
        let mut journal = SqliteJournal::open(&journal_file, RowSeal::new(&[3; 32])).unwrap();
        journal.begin(&pen.new_journal(Line::Cases)).unwrap();
        Self { courier: Courier::with_parts(files.clone()), folder, journal, files, pen, actor }
    }

    pub(crate) fn keep(&mut self, entries: &[SealedEntry]) {
        self.journal.append(&Keep { entries: entries.to_vec(), ..Keep::default() }).unwrap();
    }

    /// Seals bytes beside the journal; what a header says of them.
    pub(crate) fn seal(&self, bytes: &[u8]) -> Part {
        let part = Part { digest: Digest::of(bytes), size: u64::try_from(bytes.len()).unwrap() };
        let mut sealing = self.files.begin().unwrap();
        sealing.write_all(bytes).unwrap();
        sealing.keep(&part.digest).unwrap();
        part
    }

    /// Keeps a slip to station and headquarters and a note with these attachments.
    pub(crate) fn attach(&mut self, parts: &[Part]) -> SealedEntry {
        let slip = self.pen.slip(&[*HQ.as_bytes(), *STATION.as_bytes()]);
        self.pen.parts = parts.to_vec();
        let note = self.pen.note(slip.header.seq, "with attachments");
        self.keep(&[slip, note.clone()]);
        note
    }

    pub(crate) fn travel(&mut self, agency: &Agency, road: &mut dyn Transport) -> Outcome {
        let mut trust = agency.trust.clone();
        pass(&mut self.courier, &mut self.journal, road, agency.party(self.actor), &mut trust)
    }

    /// Passes until no attachment is left; what the last one achieved.
    pub(crate) fn carry(&mut self, agency: &Agency, road: &mut dyn Transport) -> Outcome {
        loop {
            let outcome = self.travel(agency, road);
            assert!(matches!(outcome.end, End::Done), "{outcome:?}");
            if outcome.parts.left == 0 {
                return outcome;
            }
        }
    }

    pub(crate) fn standing(&self, agency: &Agency) -> (u64, u64) {
        let own = self.journal.status(&agency.hub.id).unwrap().own[0];
        (own.received, own.complete)
    }
}

fn at(entry: &SealedEntry, part: &Part) -> PartAt {
    PartAt { entry: entry.at(), digest: part.digest }
}

/// One call of an actor, without a courier.
fn call(agency: &Agency, hub: &Arc<Hub>, actor: usize, call: PartsCall) -> PartsReply {
    let body = PartsRequest { agency: agency.id(), call }.to_bytes();
    let answer = block(Client::new(agency, actor, "/v1/parts").send(hub, &body));
    assert_eq!(answer.status, 200, "{answer:?}");
    PartsReply::from_bytes(&answer.body).unwrap()
}

fn state(agency: &Agency, hub: &Arc<Hub>, actor: usize, at: PartAt) -> PartState {
    call(agency, hub, actor, PartsCall::Ask(vec![at])).states[0]
}

/// A road on which the officer keeps one more note whenever a piece has left.
struct Busy<'a> {
    road: Road<'a>,
    journal: SqliteJournal,
    notes: Vec<SealedEntry>,
    /// What went by, in order: entries that a push brought, or a piece.
    seen: Vec<&'static str>,
}

impl Transport for Busy<'_> {
    fn push(&mut self, checkpoint: &Digest, body: &[u8]) -> Result<Vec<u8>, TransportError> {
        let answer = self.road.push(checkpoint, body)?;
        if !PushReply::from_bytes(&answer).unwrap().answers.is_empty() {
            self.seen.push("entry");
        }
        Ok(answer)
    }
    fn pull(&mut self, checkpoint: &Digest, body: &[u8]) -> Result<Vec<u8>, TransportError> {
        self.road.pull(checkpoint, body)
    }
    fn documents(&mut self, checkpoint: &Digest, body: &[u8]) -> Result<Vec<u8>, TransportError> {
        self.road.documents(checkpoint, body)
    }
    fn parts(&mut self, checkpoint: &Digest, body: &[u8]) -> Result<Vec<u8>, TransportError> {
        let answer = self.road.parts(checkpoint, body);
        if matches!(PartsRequest::from_bytes(body).unwrap().call, PartsCall::Bring(..)) {
            self.seen.push("piece");
            if let Some(note) = self.notes.pop() {
                self.journal.append(&Keep { entries: vec![note], ..Keep::default() }).unwrap();
            }
        }
        answer
    }
    fn mark(&self) -> Option<Digest> {
        self.road.mark()
    }
    fn room(&self) -> usize {
        self.road.room()
    }
}

#[test]
fn an_entry_that_is_kept_meanwhile_waits_for_one_piece_at_most() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let folder = tempfile::tempdir().unwrap();
    let hub = block(hub_with(&agency, Arc::new(MemoryStore::default()), in_folder(folder.path())));
    let mut desk = Desk::new(&agency, 0, 1);
    let part = desk.seal(&noise(1, 300_000));
    let entry = desk.attach(&[part]);
    let mut notes: Vec<SealedEntry> = (0..5).map(|n| desk.pen.note(1, &format!("meanwhile {n}"))).collect();
    notes.reverse();
    let journal = desk.journal.another().unwrap();
    let mut road = Busy { road: Road::new(&agency, &hub, 0), journal, notes, seen: Vec::new() };
    desk.carry(&agency, &mut road);
    let first = ["entry", "piece", "entry", "piece", "entry", "piece", "entry", "piece", "entry", "piece", "entry"];
    assert_eq!(road.seen[..first.len()], first);
    assert!(road.seen[first.len()..].iter().all(|seen| *seen == "piece"), "{:?}", road.seen);
    assert_eq!(desk.standing(&agency), (7, 7));
    assert_eq!(state(&agency, &hub, 0, at(&entry, &part)), PartState::Held);
}

#[test]
fn pieces_whose_answer_is_lost_are_not_sent_twice_and_a_hub_goes_on_where_it_stopped() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let folder = tempfile::tempdir().unwrap();
    let store: Arc<dyn HubStore> = Arc::new(MemoryStore::default());
    let mut hub = block(hub_with(&agency, Arc::clone(&store), in_folder(folder.path())));
    let mut desk = Desk::new(&agency, 0, 1);
    let bytes = noise(2, 700_000);
    let part = desk.seal(&bytes);
    let entry = desk.attach(&[part]);
    desk.journal.status(&agency.hub.id).unwrap();
    let (mut passes, mut sent) = (0, 0);
    while desk.standing(&agency).1 < 2 {
        // Each pass loses an answer a little later than the last, and then the hub is started anew.
        let mut left = 3 + passes;
        let fate = Box::new(move || {
            left -= 1;
            if left == 0 { Fate::ReplyLost } else { Fate::Arrives }
        });
        sent += desk.travel(&agency, &mut Road::with(&agency, &hub, 0, fate)).parts.sent;
        hub = block(hub_with(&agency, Arc::clone(&store), in_folder(folder.path())));
        passes += 1;
        assert!(passes < 60);
    }
    assert!(passes > 3, "the road broke {passes} times");
    assert!(sent <= part.size, "{sent} of {} in {passes} passes", part.size);
    let reply = call(&agency, &hub, 3, PartsCall::Fetch(at(&entry, &part), 699_990, 100));
    assert_eq!((reply.states, reply.bytes), (vec![PartState::Held], bytes[699_990..].to_vec()));
}

/// A road on which no answer comes back that says of a piece that it was the last.
struct Deaf<'a>(Road<'a>);

impl Transport for Deaf<'_> {
    fn push(&mut self, checkpoint: &Digest, body: &[u8]) -> Result<Vec<u8>, TransportError> {
        self.0.push(checkpoint, body)
    }
    fn pull(&mut self, checkpoint: &Digest, body: &[u8]) -> Result<Vec<u8>, TransportError> {
        self.0.pull(checkpoint, body)
    }
    fn documents(&mut self, checkpoint: &Digest, body: &[u8]) -> Result<Vec<u8>, TransportError> {
        self.0.documents(checkpoint, body)
    }
    fn parts(&mut self, checkpoint: &Digest, body: &[u8]) -> Result<Vec<u8>, TransportError> {
        let answer = self.0.parts(checkpoint, body)?;
        let last = PartsReply::from_bytes(&answer).unwrap().states == [PartState::Held];
        if last { Err(TransportError::Unreachable("the answer was lost".to_owned())) } else { Ok(answer) }
    }
    fn mark(&self) -> Option<Digest> {
        self.0.mark()
    }
}

#[test]
fn an_attachment_whose_last_answer_was_lost_is_signed_for_when_its_author_asks_about_it() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let folder = tempfile::tempdir().unwrap();
    let hub = block(hub_with(&agency, Arc::new(MemoryStore::default()), in_folder(folder.path())));
    let mut desk = Desk::new(&agency, 0, 1);
    let part = desk.seal(&noise(8, 40_000));
    desk.attach(&[part]);
    let broken = desk.travel(&agency, &mut Deaf(Road::new(&agency, &hub, 0)));
    assert!(matches!(broken.end, End::Unreachable(_)), "{broken:?}");
    assert_eq!(desk.standing(&agency), (2, 1), "nobody has heard that it is there");
    let again = desk.travel(&agency, &mut Road::new(&agency, &hub, 0));
    assert_eq!((again.parts.sent, desk.standing(&agency)), (0, (2, 2)), "not a byte of it goes twice");
}

#[test]
fn only_the_author_and_the_audience_hear_of_an_attachment_and_no_entry_gives_another_devices_bytes() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let folder = tempfile::tempdir().unwrap();
    let hub = block(hub_with(&agency, Arc::new(MemoryStore::default()), in_folder(folder.path())));
    let mut desk = Desk::new(&agency, 0, 1);
    let part = desk.seal(&noise(3, 20_000));
    let entry = desk.attach(&[part]);
    desk.carry(&agency, &mut Road::new(&agency, &hub, 0));
    let place = at(&entry, &part);
    for (actor, may) in [(0, true), (1, false), (2, true), (3, true)] {
        let held = if may { PartState::Held } else { PartState::Unknown };
        assert_eq!(state(&agency, &hub, actor, place), held, "actor {actor}");
        let reply = call(&agency, &hub, actor, PartsCall::Fetch(place, 0, 1 << 20));
        assert_eq!((reply.states[0], reply.bytes.len()), (held, if may { 20_000 } else { 0 }), "actor {actor}");
        assert!(reply.bytes.is_empty() || reply.bytes == noise(3, 20_000));
    }
    // The colleague lists the same digest in an entry of their own: the hub wants the bytes of them, and gives none.
    let mut colleague = Desk::new(&agency, 1, 2);
    let slip = colleague.pen.slip(&[*HQ.as_bytes()]);
    colleague.pen.parts = vec![part];
    let copied = colleague.pen.note(1, "mine, says the colleague");
    colleague.keep(&[slip, copied.clone()]);
    let outcome = colleague.travel(&agency, &mut Road::new(&agency, &hub, 1));
    assert!(outcome.trouble.contains(&Trouble::PartLost(at(&copied, &part))), "{outcome:?}");
    assert_eq!(state(&agency, &hub, 1, at(&copied, &part)), PartState::Wanted(0));
    assert_eq!(call(&agency, &hub, 1, PartsCall::Fetch(at(&copied, &part), 0, 100)).bytes, b"");
    assert_eq!(colleague.standing(&agency), (2, 1), "and does not call it complete");
    let elsewhere = PartAt { entry: copied.at(), digest: Digest::of(b"nothing lists this") };
    assert_eq!(state(&agency, &hub, 1, elsewhere), PartState::Unknown);
}

#[test]
fn other_bytes_than_the_header_names_are_refused_and_the_right_ones_are_taken_after_all() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let folder = tempfile::tempdir().unwrap();
    let hub = block(hub_with(&agency, Arc::new(MemoryStore::default()), in_folder(folder.path())));
    let mut desk = Desk::new(&agency, 0, 1);
    let bytes = noise(4, 60_000);
    let part = desk.seal(&bytes);
    let entry = desk.attach(&[part]);
    let file = desk.folder.path().join("parts").join(part.digest.to_string());
    let mut spoilt = bytes.clone();
    spoilt[40_000] ^= 1;
    std::fs::write(&file, &spoilt).unwrap();
    let outcome = desk.travel(&agency, &mut Road::new(&agency, &hub, 0));
    assert_eq!(outcome.trouble, [Trouble::PartLost(at(&entry, &part))]);
    assert_eq!(desk.standing(&agency), (2, 1), "the entry is there, and not called complete");
    assert_eq!(state(&agency, &hub, 0, at(&entry, &part)), PartState::Wanted(0), "it begins anew");
    std::fs::write(&file, &bytes).unwrap();
    desk.carry(&agency, &mut Road::new(&agency, &hub, 0));
    assert_eq!(desk.standing(&agency), (2, 2));
    // More than there is, from elsewhere, or again: nothing changes.
    for (from, bytes) in [(0, vec![1; 10]), (60_000, vec![1; 10]), (59_999, vec![1; 10])] {
        assert_eq!(call(&agency, &hub, 0, PartsCall::Bring(at(&entry, &part), from, bytes)).states, [PartState::Held]);
    }
}

#[test]
fn what_a_reader_asks_for_comes_whole_or_is_thrown_away() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let folder = tempfile::tempdir().unwrap();
    let hub = block(hub_with(&agency, Arc::new(MemoryStore::default()), in_folder(folder.path())));
    let mut desk = Desk::new(&agency, 0, 1);
    let (one, two) = (desk.seal(&noise(5, 90_000)), desk.seal(&noise(6, 50_000)));
    let entry = desk.attach(&[one, two]);
    let mut reader = Desk::new(&agency, 3, 9);
    let mut road = Road::new(&agency, &hub, 3);
    let wish = |part: &Part| Wish { at: at(&entry, part), size: part.size };
    reader.files.wish(&wish(&one)).unwrap();
    let early = reader.travel(&agency, &mut road);
    assert_eq!(early.trouble, [Trouble::PartUnserved(at(&entry, &one))], "the entry is not there yet");
    desk.travel(&agency, &mut Road::with(&agency, &hub, 0, Box::new(|| Fate::Arrives)));
    desk.carry(&agency, &mut Road::new(&agency, &hub, 0));
    let held = folder.path().join("parts").join(agency.actors[0].id.to_string()).join(two.digest.to_string());
    let mut spoilt = std::fs::read(&held).unwrap();
    spoilt[10] ^= 1;
    std::fs::write(&held, spoilt).unwrap();
    reader.files.wish(&wish(&two)).unwrap();
    let outcome = reader.carry(&agency, &mut road);
    assert_eq!(outcome.trouble, [Trouble::PartBroken(at(&entry, &two))]);
    assert!(reader.files.holds(&one) && reader.files.is_whole(&one.digest).unwrap());
    assert!(!reader.files.holds(&two) && reader.files.broke(&two.digest));
    assert!(reader.files.wishes().unwrap().is_empty(), "it is not fetched again by itself");
    assert_eq!(reader.travel(&agency, &mut road).parts.fetched, 0);
}

#[test]
fn an_attachment_whose_bytes_the_hub_has_lost_is_told_and_holds_up_nothing_behind_it() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let folder = tempfile::tempdir().unwrap();
    let hub = block(hub_with(&agency, Arc::new(MemoryStore::default()), in_folder(folder.path())));
    let mut desk = Desk::new(&agency, 0, 1);
    let parts = [desk.seal(&noise(7, 30_000)), desk.seal(&noise(8, 30_000)), desk.seal(&noise(9, 30_000))];
    let entries: Vec<SealedEntry> = parts.iter().map(|part| desk.attach(&[*part])).collect();
    desk.carry(&agency, &mut Road::new(&agency, &hub, 0));
    let held =
        |part: &Part| folder.path().join("parts").join(agency.actors[0].id.to_string()).join(part.digest.to_string());
    std::fs::remove_file(held(&parts[0])).unwrap();
    std::fs::File::options().write(true).open(held(&parts[1])).unwrap().set_len(10).unwrap();
    let mut reader = Desk::new(&agency, 3, 9);
    let mut road = Road::new(&agency, &hub, 3);
    reader.travel(&agency, &mut road);
    for (entry, part) in entries.iter().zip(&parts) {
        reader.files.wish(&Wish { at: at(entry, part), size: part.size }).unwrap();
    }
    let outcome = reader.carry(&agency, &mut road);
    let lost = [0, 1].map(|n: usize| Trouble::PartUnserved(at(&entries[n], &parts[n])));
    assert_eq!(outcome.trouble, lost);
    assert!(reader.files.is_whole(&parts[2].digest).unwrap());

    // Its author hears that it is complete no further than before them, and brings them again; then the reader has them.
    let mut officers = Road::new(&agency, &hub, 0);
    let (received, complete) = desk.standing(&agency);
    assert_eq!(complete, received);
    let again = desk.carry(&agency, &mut officers);
    assert_eq!(again.parts.sent, parts[0].size + parts[1].size, "{again:?}");
    assert_eq!(desk.standing(&agency), (received, received));
    let quiet = desk.travel(&agency, &mut officers);
    assert_eq!((quiet.parts.sent, quiet.moved()), (0, false), "and nothing more is said of it: {quiet:?}");
    assert_eq!(reader.carry(&agency, &mut road).trouble, []);
    assert!(parts.iter().all(|part| reader.files.is_whole(&part.digest).unwrap()));

    // One that is put back in its place is found there by itself, and looked through before it counts; another is not taken for it.
    let fetch = |part: usize| {
        let reply = call(&agency, &hub, 3, PartsCall::Fetch(at(&entries[part], &parts[part]), 0, 10));
        reply.states[0]
    };
    for (part, bytes, told) in [(0, noise(7, 30_000), PartState::Held), (1, noise(7, 30_000), PartState::Refused)] {
        std::fs::remove_file(held(&parts[part])).unwrap();
        assert_eq!(fetch(part), PartState::Unknown);
        std::fs::write(held(&parts[part]), bytes).unwrap();
        assert_eq!(state(&agency, &hub, 3, at(&entries[part], &parts[part])), told);
    }
    assert_eq!(state(&agency, &hub, 3, at(&entries[1], &parts[1])), PartState::Wanted(0));
    assert_eq!((fetch(0), fetch(2)), (PartState::Held, PartState::Held));
}

#[test]
fn a_hubs_stick_brings_attachments_to_those_who_may_read_them_as_far_as_there_is_room() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let folder = tempfile::tempdir().unwrap();
    let hub = block(hub_with(&agency, Arc::new(MemoryStore::default()), in_folder(folder.path())));
    let mut desk = Desk::new(&agency, 0, 1);
    let parts = [11, 12, 13].map(|seed| desk.seal(&noise(seed, 700_000)));
    parts.iter().for_each(|part| drop(desk.attach(&[*part])));
    desk.carry(&agency, &mut Road::new(&agency, &hub, 0));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let read = |room: Option<u64>, actor: usize, to: &str| {
        let mut stick = Vec::new();
        hub.write_stick(runtime.handle(), Some(to), room, &mut stick).unwrap();
        let mut reader = Desk::new(&agency, actor, 9);
        let mut bundle = bundle::open([&agency.actors[actor].opens], stick.as_slice()).unwrap();
        let (files, mut trust) = (reader.files.clone(), agency.trust.clone());
        let whose = (agency.party(actor), &mut trust);
        let taken = take_in_with_parts(files, &mut reader.journal, whose, &mut bundle, |_read| true);
        assert!(taken.fault.is_none(), "{taken:?}");
        assert_eq!(taken.outcome.covers, Covers::WhatCame, "its words are as old as the stick");
        let whole = parts.map(|part| reader.files.holds(&part) && reader.files.is_whole(&part.digest).unwrap());
        // Headquarters has them: nothing of them is carried back there.
        assert!(Remembered::carrying(&reader.journal).unwrap().parts.is_empty());
        (taken.outcome.parts.arrived, whole)
    };
    assert_eq!(read(Some(1 << 30), 3, "HQ"), (3, [true; 3]));
    assert_eq!(read(Some(1 << 30), 2, "Station"), (3, [true; 3]));
    assert_eq!(read(None, 3, "HQ"), (0, [false; 3]), "not unless the keeper says so");
    // Two of three have room behind the entries: the newest.
    assert_eq!(read(Some(0), 3, "HQ"), (0, [false; 3]));
    assert_eq!(read(Some(2_200_000), 3, "HQ"), (2, [false, true, true]));
    // One whose bytes are gone is passed over, and no other with it.
    std::fs::remove_file(
        folder.path().join("parts").join(agency.actors[0].id.to_string()).join(parts[1].digest.to_string()),
    )
    .unwrap();
    assert_eq!(read(Some(1 << 30), 3, "HQ"), (2, [true, false, true]));
}

/// A road whose hub takes no attachment now, and what it says instead.
struct NoneTaken<'a>(Road<'a>, TransportError);

impl Transport for NoneTaken<'_> {
    fn push(&mut self, checkpoint: &Digest, body: &[u8]) -> Result<Vec<u8>, TransportError> {
        self.0.push(checkpoint, body)
    }
    fn pull(&mut self, checkpoint: &Digest, body: &[u8]) -> Result<Vec<u8>, TransportError> {
        self.0.pull(checkpoint, body)
    }
    fn documents(&mut self, checkpoint: &Digest, body: &[u8]) -> Result<Vec<u8>, TransportError> {
        self.0.documents(checkpoint, body)
    }
    fn parts(&mut self, checkpoint: &Digest, body: &[u8]) -> Result<Vec<u8>, TransportError> {
        match PartsRequest::from_bytes(body).unwrap().call {
            PartsCall::Bring(..) => Err(self.1.clone()),
            _ => self.0.parts(checkpoint, body),
        }
    }
    fn mark(&self) -> Option<Digest> {
        self.0.mark()
    }
    fn room(&self) -> usize {
        self.0.room()
    }
}

#[test]
fn what_is_behind_more_attachments_than_one_question_holds_has_its_turn() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let folder = tempfile::tempdir().unwrap();
    let hub = block(hub_with(&agency, Arc::new(MemoryStore::default()), in_folder(folder.path())));
    let mut desk = Desk::new(&agency, 0, 1);
    // One that its device has lost keeps the journal from being complete, so that all behind it are asked about each time.
    let lost = Part { digest: Digest::of(b"lost"), size: 4 };
    let parts: Vec<Part> = (0..260_u32).map(|n| desk.seal(&n.to_le_bytes())).collect();
    desk.attach(&[lost]);
    let mut last = None;
    for some in parts.chunks(52) {
        last = Some(desk.attach(some));
    }
    let (last, part) = (last.unwrap(), parts.last().unwrap());
    let mut road = Road::new(&agency, &hub, 0);
    desk.carry(&agency, &mut road);
    assert_eq!(state(&agency, &hub, 0, at(&last, part)), PartState::Held);

    // A reader's wishes for what the hub has not are sorted before the one that it has; and the hub takes nothing now.
    let mut reader = Desk::new(&agency, 3, 9);
    for n in 0..300_u32 {
        let nowhere = PartAt { entry: EntryRef { seq: 1, ..last.at() }, digest: Digest::of(&n.to_be_bytes()) };
        reader.files.wish(&Wish { at: nowhere, size: 10 }).unwrap();
    }
    reader.files.wish(&Wish { at: at(&last, part), size: part.size }).unwrap();
    let own = reader.seal(b"the reader's own");
    reader.attach(&[own]);
    let outcome = reader.travel(&agency, &mut NoneTaken(Road::new(&agency, &hub, 3), TransportError::Busy(7)));
    assert!(matches!(outcome.end, End::Busy(7)), "{:?}", outcome.end);
    assert_eq!(outcome.parts.arrived, 1);
    assert!(reader.files.is_whole(&part.digest).unwrap());
}

#[test]
fn where_the_hubs_disk_has_no_room_for_attachments_they_wait_and_the_pass_goes_on_to_its_end() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let folder = tempfile::tempdir().unwrap();
    let hub = block(hub_with(&agency, Arc::new(MemoryStore::default()), in_folder(folder.path())));
    let (mut author, mut reader) = (Desk::new(&agency, 0, 1), Desk::new(&agency, 3, 9));
    let parts = [author.seal(b"is there already"), reader.seal(b"has no room"), reader.seal(b"nor has this")];
    let (entry, _) = (author.attach(&parts[..1]), reader.attach(&parts[1..]));
    author.carry(&agency, &mut Road::new(&agency, &hub, 0));
    reader.files.wish(&Wish { at: at(&entry, &parts[0]), size: parts[0].size }).unwrap();
    let outcome = reader.travel(&agency, &mut NoneTaken(Road::new(&agency, &hub, 3), TransportError::Full(300)));
    assert!(matches!(outcome.end, End::Done), "{:?}", outcome.end);
    assert_eq!((outcome.parts.waits, outcome.parts.arrived), (parts[1].size + parts[2].size, 1), "{outcome:?}");
    assert_eq!(reader.standing(&agency), (2, 1), "its entries have arrived");
    reader.carry(&agency, &mut Road::new(&agency, &hub, 3));
    assert_eq!(reader.standing(&agency), (2, 2));
}

#[test]
fn a_hub_that_keeps_no_attachments_says_so_and_entries_arrive_all_the_same() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let hub = block(agency.in_memory());
    let mut desk = Desk::new(&agency, 0, 1);
    let part = desk.seal(b"sealed");
    desk.attach(&[part]);
    let outcome = desk.travel(&agency, &mut Road::new(&agency, &hub, 0));
    assert!(matches!(&outcome.end, End::Nonsense(what) if what.contains("404")), "{outcome:?}");
    assert_eq!(desk.standing(&agency), (2, 1));
}
