//! What was handed in, attacked with everything that the home holds and its passphrase: every key of every shelf, every identity against
//! every slip and wrap, every key against every envelope.

use amanat_keys::{
    case_key::CaseKey, envelope, recipient::ReadIdentity, slip::Slip, statement::Statement, unit_key::UnitKeys,
};
use amanat_sync::{
    batch::Limit,
    documents::DocumentKind,
    entry::{Kind, SealedEntry},
    journal::{Cursor, Journal as _, Shelf},
};

use tempfile::TempDir;

use super::{
    guarding::{Agency, carry, join, keep_in, pass},
    home::{CASE, keep, open, sheet},
};
use crate::{
    codebook::Codebook,
    model::{
        Absence, Answer, Answers, CaseFilter, CaseId, Content, Draft, DraftId, Entry, Given, Lang, SavedFilter, Value,
    },
    runtime::{
        entries::keep::{ToKeep, What},
        homes::home::Home,
        roster::enrol::Admin,
    },
};

const OTHER: CaseId = CaseId::from_bytes([8; 16]);
const CANARY: &str = "zukhwendar palmishto";

fn codebook() -> &'static Codebook {
    Codebook::builtin().unwrap()
}

fn all(home: &Home) -> Vec<SealedEntry> {
    let (mut entries, mut cursor) = (Vec::new(), Some(Cursor::START));
    while let Some(after) = cursor {
        let page = home.journal.entries_after(after, Limit::BODY).unwrap();
        assert_eq!(page.damaged, []);
        (cursor, entries) = (page.next, [entries, page.entries].concat());
    }
    entries.extend(home.journal.quarantined().unwrap().into_iter().map(|aside| aside.sealed));
    entries
}

/// How many entries of a case open to whoever holds this home and its passphrase.
fn attack(home: &Home, case: CaseId) -> usize {
    let trust = home.trust().unwrap();
    let mut identities: Vec<ReadIdentity> =
        home.vault.identities().into_iter().chain(home.keys.identities()).cloned().collect();
    for filed in home.journal.documents().unwrap().iter().filter(|filed| filed.document.kind == DocumentKind::UnitKeys)
    {
        assert!(Statement::from_bytes(&filed.document.bytes).is_ok());
        let keys = UnitKeys::verify(&filed.document.bytes, trust).unwrap().into_value();
        identities.extend(keys.open(&home.keys, trust));
    }
    let (entries, rows) = (all(home), home.journal.shelf(Shelf::CaseKeys).unwrap());
    let mut keys: Vec<CaseKey> =
        rows.iter().map(|row| CaseKey::from_bytes(row.plain[..16].try_into().unwrap())).collect();
    let slips: Vec<&SealedEntry> = entries.iter().filter(|entry| entry.header.kind == Kind::Slip).collect();
    for wrap in entries.iter().filter(|entry| entry.header.wraps()) {
        let Some(bytes) = &wrap.envelope else { continue };
        for slip in &slips {
            let id = amanat_keys::fingerprint::KeyId::from_bytes(*slip.header.commitment.as_bytes());
            let read = Slip::parse(bytes, wrap.header.audience.len()).unwrap();
            keys.extend(read.open(identities.iter(), &slip.header.place(), &id));
        }
    }
    let opens = |entry: &&SealedEntry| {
        let (header, sealed) = (&entry.header, entry.envelope.as_ref());
        let of_case = header.kind == Kind::Sealed && CaseId::from(header.case) == case;
        of_case
            && sealed.is_some_and(|sealed| {
                let open = |key| envelope::open(sealed, &header.place(), key, &header.commitment, &header.digest);
                keys.iter().any(|key| open(key).is_ok())
            })
    };
    entries.iter().filter(opens).count()
}

/// Whether a word stands on any shelf of the home once its rows are opened.
fn shelved(home: &Home, word: &str) -> bool {
    let shelves = [Shelf::CaseKeys, Shelf::Drafts, Shelf::Notes, Shelf::Marks, Shelf::Road, Shelf::Words];
    let rows = shelves.into_iter().flat_map(|shelf| home.journal.shelf(shelf).unwrap());
    rows.into_iter().any(|row| row.plain.windows(word.len()).any(|bytes| bytes == word.as_bytes()))
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

fn read(home: &mut Home) -> (Vec<Entry>, Vec<Absence>) {
    let mut entries = Vec::new();
    let replayed = home.replay(|page, _| entries.extend(page)).unwrap();
    assert!(replayed.failed.is_empty(), "{:?}", replayed.failed);
    let gone = replayed.gone.iter().filter(|gone| gone.case == CASE);
    (entries.into_iter().filter(|entry| entry.case == CASE).collect(), gone.map(|gone| gone.why).collect())
}

/// What headquarters reads of the case after everything of the officer has come.
fn at_headquarters(officer: &Home, reader: &mut Home) -> Vec<Entry> {
    let count = carry(officer, reader);
    reader.take_home(codebook(), &pass(count)).unwrap();
    read(reader).0
}

fn draft(case: Option<CaseId>) -> Draft {
    let form = sheet("person", &[]).form().clone();
    let mut answers = Answers::default();
    answers.set("name_full".into(), Given::from(Answer::Value(text(CANARY))));
    let (started, lang) = (crate::runtime::clock::now(), Lang::En);
    Draft { case, ..Draft::begun(DraftId::from_bytes([5; 16]), form, answers, started, lang) }
}

/// An officer with a case of four entries (one of them names), a colleague's word to this very device, a saved search, and another case.
fn worked() -> (TempDir, Admin, Home, Home) {
    let mut agency = Agency::new();
    let mut reader = agency.reader();
    reader.replay(|_, _| ()).unwrap();
    let one = &mut agency.one;
    keep(one, What::Sheet(sheet("case", &[("police_station", text(CANARY))])));
    keep(one, What::Sheet(sheet("person", &[("name_full", text(CANARY))])));
    keep_in(one, OTHER);
    let filter = CaseFilter { words: CANARY.into(), ..CaseFilter::default() };
    let plain = SavedFilter { name: "due".into(), filter: CaseFilter::default() };
    one.keep_filters(&[plain, SavedFilter { name: "look again".into(), filter }]).unwrap();
    let count = carry(one, &mut reader);
    reader.take_home(codebook(), &pass(count)).unwrap();
    let word = word();
    let one = &mut agency.one;
    reader.keep_to(codebook(), word.clone(), Some(one.device().into())).unwrap();
    let count = carry(&reader, one);
    one.take_home(codebook(), &pass(count)).unwrap();
    assert_eq!(read(one).0.len(), 4, "three of this device, and the word");
    let Agency { folder, admin, one, .. } = agency;
    (folder, admin, one, reader)
}

/// What a reader at headquarters writes to the officer.
fn word() -> ToKeep {
    let what = What::Sheet(sheet("note", &[("note_text", text(CANARY))]));
    ToKeep { case: CASE, what, source: None, draft: None, sharing: None }
}

/// The same home, locked and unlocked again.
fn again(one: Home) -> Home {
    let folder = one.paths().folder().to_path_buf();
    drop(one);
    open(&folder)
}

#[test]
fn nothing_in_the_home_opens_what_was_handed_in_and_its_readers_read_all_of_it() {
    let (_folder, _admin, mut one, mut reader) = worked();
    assert_eq!((attack(&one, CASE), attack(&one, OTHER)), (4, 1), "the attack works");
    assert!(shelved(&one, CANARY), "the saved search");
    let plan = one.to_hand_in(CASE).unwrap();
    assert_eq!((plan.own, plan.waiting, plan.others, plan.done), (3, 3, 1, false));
    let done = one.hand_in(CASE).unwrap();
    assert!(done.afterwards.is_none(), "{:?}", done.afterwards);
    assert_eq!(done.gone.len(), 5, "and the word that it was");
    assert_eq!((attack(&one, CASE), attack(&one, OTHER)), (0, 1), "in this sitting");
    one = again(one);
    assert_eq!((attack(&one, CASE), attack(&one, OTHER)), (0, 1), "and after the next unlocking");
    assert!(!shelved(&one, CANARY));
    assert_eq!(one.filters().unwrap().len(), 1, "the other filter stays");
    let (entries, gone) = read(&mut one);
    assert_eq!((entries.len(), gone), (0, vec![Absence::HandedIn; 5]));
    // It can be added to, by a form that was interrupted as well.
    one.keep_draft(&draft(Some(CASE))).unwrap();
    assert!(!shelved(&one, CANARY), "the draft has a key of its own");
    one = again(one);
    assert_eq!(
        one.drafts().unwrap(),
        [draft(Some(CASE))].map(|held| Draft { started: one.drafts().unwrap()[0].started, ..held })
    );
    let what = What::Sheet(sheet("person", &[("name_full", text(CANARY))]));
    let from_draft =
        ToKeep { case: CASE, what, source: None, draft: Some(DraftId::from_bytes([5; 16])), sharing: None };
    let added = one.keep(codebook(), from_draft).unwrap();
    assert_eq!((added.len(), one.shut_of(&added).len()), (2, 2));
    assert_eq!((one.drafts().unwrap(), std::fs::read_dir(one.paths().draft_keys()).unwrap().count()), (vec![], 0));
    assert_eq!((attack(&one, CASE), read(&mut one).0.len()), (0, 0));
    // A word that was sent before its author had heard comes to nothing here.
    let word = word();
    reader.keep_to(codebook(), word.clone(), Some(one.device().into())).unwrap();
    let count = carry(&reader, &mut one);
    let arrived = one.take_home(codebook(), &pass(count)).unwrap();
    assert_eq!((arrived.entries.len(), attack(&one, CASE)), (0, 0));
    let theirs = at_headquarters(&one, &mut reader);
    let told =
        |entry: &&Entry| matches!(&entry.content, Content::Access(access) if access.what.as_str() == "handed_in");
    assert_eq!((theirs.len(), theirs.iter().filter(told).count()), (8, 1), "headquarters reads everything");
    // Once they have heard, nothing is sealed to that device any more.
    let sent = reader.keep_to(codebook(), word, Some(one.device().into())).unwrap();
    let place = all(&reader)
        .into_iter()
        .find(|entry| entry.header.seq == sent[0].author.seq && entry.header.device == reader.device());
    let slip = all(&reader).into_iter().find(|entry| {
        entry.header.wraps()
            && Some(entry.header.seq) == place.as_ref().map(|place| place.header.key)
            && entry.header.device == reader.device()
    });
    let device = amanat_keys::fingerprint::Digest::from_bytes(*one.device().as_bytes());
    assert!(slip.unwrap().header.audience.iter().all(|reader| reader.id != device));
}

#[test]
fn a_case_is_not_handed_in_while_something_here_would_open_it_or_would_be_lost() {
    let (_folder, _admin, mut one, mut reader) = worked();
    assert!(reader.to_hand_in(CASE).unwrap_err().message.contains("holds or was given the key"), "a unit's reader");
    one.keep_draft(&draft(Some(CASE))).unwrap();
    assert!(one.hand_in(CASE).unwrap_err().message.contains("not finished"));
    one.drop_draft(DraftId::from_bytes([5; 16])).unwrap();
    assert!(one.to_hand_in(CaseId::from_bytes([99; 16])).is_err(), "nothing of it is here");
    let slip =
        all(&one).into_iter().find(|entry| CaseId::from(entry.header.case) == CASE && entry.header.wraps()).unwrap();
    one.ring.forget(&slip.at());
    assert!(one.hand_in(CASE).unwrap_err().message.contains("not all of it opens"));
    one = again(one);
    assert_eq!(read(&mut one).0.len(), 4, "nothing has changed");
}

#[test]
fn a_program_killed_between_the_word_and_the_deed_ends_it_at_the_next_unlocking() {
    let (_folder, _admin, mut one, _reader) = worked();
    // As `hand_in` begins.
    one.remember(&crate::runtime::homes::marks::Mark::HandedIn(&CASE.into(), false)).unwrap();
    assert_eq!(attack(&one, CASE), 4);
    one = again(one);
    assert_eq!((attack(&one, CASE), read(&mut one).1.len()), (0, 4));
    assert!(one.handed_in(&CASE.into()) && one.to_hand_in(CASE).unwrap().done);
}

#[test]
fn a_roster_that_wants_devices_that_only_write_takes_every_key_from_them() {
    let (_folder, mut admin, mut one, mut reader) = worked();
    one.keep_draft(&draft(None)).unwrap();
    assert!(shelved(&one, CANARY), "a draft of before");
    admin.set_policy("write-only", Some("yes")).unwrap();
    join(&admin, &mut one);
    join(&admin, &mut reader);
    one.take_home(codebook(), &pass(0)).unwrap();
    assert!(one.writes_only() && !reader.writes_only());
    one = again(one);
    assert_eq!((attack(&one, CASE), attack(&one, OTHER), shelved(&one, CANARY)), (0, 0, false));
    assert_eq!(one.still_opens().unwrap(), Vec::<String>::new());
    assert_eq!(one.drafts().unwrap().len(), 1, "what is being written is not lost");
    let (entries, gone) = read(&mut one);
    assert_eq!((entries.len(), gone), (0, vec![Absence::HandedIn; 3]));
    // In one sitting a case has one slip; after it nothing opens what was added.
    let slips = |home: &Home| all(home).iter().filter(|entry| entry.header.wraps()).count();
    let before = slips(&one);
    keep_in(&mut one, CASE);
    keep_in(&mut one, CASE);
    assert_eq!(slips(&one), before + 1);
    assert_eq!(read(&mut one).0.len(), 2);
    one = again(one);
    assert_eq!((attack(&one, CASE), read(&mut one).0.len()), (0, 0));
    assert_eq!(at_headquarters(&one, &mut reader).len(), 6, "headquarters reads all of it");
    one.drop_draft(DraftId::from_bytes([5; 16])).unwrap();
    assert_eq!(std::fs::read_dir(one.paths().draft_keys()).unwrap().count(), 0);
}
