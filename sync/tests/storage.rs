//! What a journal says when its file is not as it should be: each trouble has its own word, and what was kept is still there
//! when the trouble is over.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use amanat_keys::device::Signer;
use amanat_keys::fingerprint::{AgencyId, CaseId, DeviceId, Digest, JournalId, KeyId};
use amanat_keys::row_seal::RowSeal;
use amanat_sync::SyncError;
use amanat_sync::batch::Limit;
use amanat_sync::entry::{EntryRef, Header, Kind, Reader, RosterSeen, SealedEntry, Slot};
use amanat_sync::journal::{
    Cursor, Journal, JournalFile, Keep, Line, NewJournal, SealedPage, Shelf, ShelfRow, SqliteJournal,
};
use rusqlite::Connection;
use zeroize::Zeroizing;

fn seal(byte: u8) -> RowSeal {
    RowSeal::new(&[byte; 32])
}

struct Home {
    folder: tempfile::TempDir,
    signer: Signer,
}

impl Home {
    fn new() -> Home {
        Home { folder: tempfile::tempdir().unwrap(), signer: Signer::from_seed(&[1; 32]).unwrap() }
    }

    /// A home whose journal holds `n` entries, its log folded into the file.
    fn with(n: u64) -> Home {
        let home = Home::new();
        let mut journal = home.open().unwrap();
        home.begin(&mut journal);
        (0..n).for_each(|_| home.keep(&mut journal).unwrap());
        drop(journal);
        home
    }

    fn device(&self) -> DeviceId {
        self.signer.verifying_key().device_id()
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("journal.sqlite")
    }

    fn open(&self) -> Result<SqliteJournal, SyncError> {
        SqliteJournal::open(&self.path(), seal(3))
    }

    fn begin(&self, journal: &mut SqliteJournal) {
        let (agency, device) = (AgencyId::from_bytes([1; 32]), self.signer.verifying_key().device_id());
        let journal_id = JournalId::from_bytes([2; 16]);
        journal.begin(&NewJournal { agency, device, journal: journal_id, line: Line::Cases, closes: None }).unwrap();
    }

    fn entry(&self, slot: &Slot) -> SealedEntry {
        let envelope = vec![u8::try_from(slot.seq % 251).unwrap(); 900];
        let reader = Reader { agency: slot.agency, id: Digest::from_bytes([4; 32]), key: KeyId::from_bytes([4; 32]) };
        let header = Header {
            v: 1,
            agency: slot.agency,
            device: slot.device,
            journal: slot.journal,
            seq: slot.seq,
            prev: slot.prev,
            kind: Kind::Slip,
            case: CaseId::from_bytes([3; 16]),
            key: slot.seq,
            audience: vec![reader],
            roster: RosterSeen { version: 1, hash: Some(Digest::from_bytes([5; 32])) },
            commitment: Digest::of(&envelope),
            digest: Digest::of(&envelope),
            size: 900,
            parts: vec![],
            target: None,
        };
        SealedEntry::sign(header, envelope, &self.signer).unwrap()
    }

    fn keep(&self, journal: &mut SqliteJournal) -> Result<(), SyncError> {
        let slot = journal.next_slot(Line::Cases)?;
        journal.append(&Keep { entries: vec![self.entry(&slot)], ..Keep::default() }).map(|_heads| ())
    }

    fn edit(&self, sql: &str) {
        Connection::open(self.path()).unwrap().execute_batch(sql).unwrap();
    }
}

fn count(journal: &SqliteJournal) -> usize {
    let (mut at, mut seen) = (Some(Cursor::START), 0);
    while let Some(cursor) = at {
        let page = journal.entries_after(cursor, Limit { items: 7, bytes: u64::MAX }).unwrap();
        seen += page.entries.len();
        at = page.next;
    }
    seen
}

#[test]
fn another_kind_of_file_is_no_journal() {
    let home = Home::new();
    std::fs::write(home.path(), "this is a letter, and not a short one, to be taken for a database".repeat(40))
        .unwrap();
    assert!(matches!(home.open(), Err(SyncError::NotAJournal)));
    let home = Home::new();
    home.edit("create table t (x)");
    assert!(matches!(home.open(), Err(SyncError::NotAJournal)), "another program's database");
}

#[test]
fn another_vault_is_told_from_damage() {
    let home = Home::with(2);
    assert!(matches!(SqliteJournal::open(&home.path(), seal(4)), Err(SyncError::WrongVault)));
    assert_eq!(count(&home.open().unwrap()), 2);
}

#[test]
fn schemas_that_disagree_have_their_own_words() {
    for (sql, expected) in [
        ("pragma user_version = 9", "SchemaTooNew { found: 9, known: 3 }"),
        ("update steps set digest = x'00'", "SchemaModified { step: 1 }"),
        ("update steps set digest = x'00' where step = 2", "SchemaModified { step: 2 }"),
        ("delete from steps", "SchemaHalfApplied { step: 1 }"),
        ("delete from steps where step = 2", "SchemaHalfApplied { step: 2 }"),
        ("drop table steps", "SchemaHalfApplied { step: 1 }"),
        ("pragma user_version = 0", "SchemaHalfApplied { step: 1 }"),
    ] {
        let home = Home::with(1);
        home.edit(sql);
        let error = home.open().err().map(|error| format!("{error:?}"));
        assert_eq!(error.as_deref(), Some(expected), "{sql}");
    }
}

#[test]
fn a_file_cut_short_is_damaged() {
    let home = Home::with(50);
    let size = std::fs::metadata(home.path()).unwrap().len();
    let file = std::fs::OpenOptions::new().write(true).open(home.path()).unwrap();
    file.set_len(size / 2 / 4096 * 4096).unwrap();
    let error = home.open().and_then(|journal| journal.check());
    assert!(matches!(error, Err(SyncError::StorageDamaged(_))), "{error:?}");
}

fn scribble(path: &Path, at: u64, bytes: u8) {
    let mut file = std::fs::OpenOptions::new().read(true).write(true).open(path).unwrap();
    file.seek(SeekFrom::Start(at)).unwrap();
    let mut old = [0; 4];
    file.read_exact(&mut old).unwrap();
    file.seek(SeekFrom::Start(at)).unwrap();
    file.write_all(&old.map(|byte| byte ^ bytes)).unwrap();
}

#[test]
fn a_changed_row_is_named_and_the_rest_is_read() {
    let home = Home::with(40);
    let body: Vec<u8> = Connection::open(home.path())
        .unwrap()
        .query_row("select body from entries where place & 0xffff = 20", [], |row| row.get(0))
        .unwrap();
    let file = std::fs::read(home.path()).unwrap();
    let at = file.windows(64).position(|window| window == &body[100..164]).unwrap();
    scribble(&home.path(), u64::try_from(at).unwrap(), 0x55);
    let journal = home.open().unwrap();
    let page = journal.entries_after(Cursor::START, Limit::BODY).unwrap();
    assert_eq!(page.damaged.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [20]);
    assert_eq!(page.entries.len(), 39);
}

#[test]
fn rows_that_changed_places_do_not_open() {
    let home = Home::with(3);
    home.edit(
        "update entries set body = (select e.body from entries e where e.place & 0xffff = 1) where place & 0xffff = 2",
    );
    let page = home.open().unwrap().entries_after(Cursor::START, Limit::BODY).unwrap();
    assert_eq!(page.damaged.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [2]);
}

#[test]
fn a_held_file_is_busy() {
    let home = Home::with(1);
    let other = Connection::open(home.path()).unwrap();
    other.execute_batch("begin immediate").unwrap();
    let mut journal = home.open().unwrap();
    let error = home.keep(&mut journal);
    assert!(matches!(error, Err(SyncError::StorageBusy)), "{error:?}");
    other.execute_batch("rollback").unwrap();
    home.keep(&mut journal).unwrap();
    assert_eq!(count(&journal), 2);
}

#[test]
fn a_full_disk_loses_nothing_that_was_kept() {
    let home = Home::with(5);
    let mut journal = home.open().unwrap();
    let limit = Connection::open(home.path()).unwrap();
    let pages: i64 = limit.query_row("pragma page_count", [], |row| row.get(0)).unwrap();
    // The other handles see the same limit as a full disk: the database may not grow.
    journal.limit_pages(pages).unwrap();
    let kept = (0..200).take_while(|_| home.keep(&mut journal).is_ok()).count();
    assert!(kept < 200);
    assert!(matches!(home.keep(&mut journal), Err(SyncError::StorageFull)));
    assert_eq!(count(&journal), 5 + kept);
    drop(journal);
    let mut journal = home.open().unwrap();
    assert_eq!(count(&journal), 5 + kept);
    home.keep(&mut journal).unwrap();
    assert_eq!(count(&journal), 6 + kept, "room again, and it goes on");
}

#[test]
fn a_new_vault_key_seals_every_row_anew() {
    let home = Home::with(6);
    let mut journal = home.open().unwrap();
    let key = ShelfRow::case_key(
        &amanat_sync::entry::EntryRef {
            device: DeviceId::from_bytes([1; 32]),
            journal: JournalId::from_bytes([2; 16]),
            seq: 1,
        },
        CaseId::from_bytes([3; 16]),
        KeyId::from_bytes([4; 32]),
        Zeroizing::new(vec![5; 16]),
    );
    journal.shelve(std::slice::from_ref(&key), &[]).unwrap();
    journal.reseal(seal(9)).unwrap();
    home.keep(&mut journal).unwrap();
    drop(journal);
    assert!(matches!(home.open(), Err(SyncError::WrongVault)));
    let journal = SqliteJournal::open(&home.path(), seal(9)).unwrap();
    assert_eq!(count(&journal), 7);
    assert_eq!(journal.shelf(Shelf::CaseKeys).unwrap(), [key]);
}

#[test]
fn two_handles_see_one_journal() {
    let home = Home::with(2);
    let mut desk = home.open().unwrap();
    let courier = desk.another().unwrap();
    let slot = courier.next_slot(Line::Cases).unwrap();
    home.keep(&mut desk).unwrap();
    assert_eq!(courier.next_slot(Line::Cases).unwrap().seq, slot.seq + 1);
    assert_eq!(count(&courier), 3);
}

#[test]
fn nothing_readable_lies_in_the_file() {
    let home = Home::with(1);
    let mut journal = home.open().unwrap();
    let secret = "canary-کبوتر-3520212345671";
    let draft = ShelfRow::draft([1; 16], Zeroizing::new(secret.as_bytes().to_vec()));
    journal.shelve(std::slice::from_ref(&draft), &[]).unwrap();
    journal.shelve(&[], &[(Shelf::Drafts, draft.key.clone())]).unwrap();
    let header = home.entry(&Slot { seq: 1, ..journal.next_slot(Line::Cases).unwrap() });
    for file in std::fs::read_dir(home.folder.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        let found = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
        assert!(!found(b"canary") && !found(b"3520212345671"));
        assert!(!found(header.header.commitment.as_bytes()) && !found(header.header.case.as_bytes()));
    }
}

/// A power cut leaves the database and some prefix of its log. At every such prefix the journal opens, its chain is whole, and
/// an entry with the row kept beside it is there or is not, together.
#[test]
fn a_log_cut_anywhere_leaves_whole_entries() {
    let home = Home::with(3);
    let mut journal = home.open().unwrap();
    for n in 0..6_u8 {
        let slot = journal.next_slot(Line::Cases).unwrap();
        let rows = vec![ShelfRow::draft([n; 16], Zeroizing::new(vec![n; 3000]))];
        journal.append(&Keep { entries: vec![home.entry(&slot)], rows, drop: vec![] }).unwrap();
    }
    let wal = std::fs::read(home.path().with_extension("sqlite-wal")).unwrap();
    let (mut seen, cuts) = (std::collections::BTreeSet::new(), wal.len() / 700);
    for cut in (0..=cuts).map(|n| n * 700).chain([wal.len()]) {
        let after = Home::new();
        std::fs::copy(home.path(), after.path()).unwrap();
        std::fs::write(after.path().with_extension("sqlite-wal"), &wal[..cut]).unwrap();
        let mut survivor = after.open().unwrap();
        let page = survivor.entries_after(Cursor::START, Limit::BODY).unwrap();
        let drafts = survivor.shelf(Shelf::Drafts).unwrap().len();
        let kept = page.entries.len();
        assert!(page.damaged.is_empty() && (3..=9).contains(&kept), "cut at {cut}: {kept}");
        assert_eq!(kept, 3 + drafts, "cut at {cut}");
        let head = survivor.heads().unwrap()[0].head;
        assert_eq!(
            (head.seq, survivor.next_slot(Line::Cases).unwrap().prev),
            (u64::try_from(kept).unwrap(), head.link)
        );
        after.keep(&mut survivor).unwrap();
        seen.insert(kept);
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), [3, 4, 5, 6, 7, 8, 9], "every state was met");
}

#[test]
fn what_is_read_sealed_and_opened_elsewhere_is_what_is_read_open() {
    let home = Home::with(9);
    let mut journal = home.open().unwrap();
    let note = |name: &str| ShelfRow {
        shelf: Shelf::Notes,
        key: name.as_bytes().to_vec(),
        case: None,
        key_id: None,
        plain: Zeroizing::new(name.as_bytes().to_vec()),
    };
    let notes = ["a", "first/1", "first/2", "first0", "z"].map(note);
    journal.shelve(&notes, &[]).unwrap();
    home.edit("update entries set body = zeroblob(700) where place % 549755813888 = 3");
    let limit = Limit { items: 4, bytes: u64::MAX };
    let (page, sealed) = (journal.entries_after(Cursor::START, limit), journal.sealed_after(Cursor::START, limit));
    let (page, sealed) = (page.unwrap(), sealed.unwrap());
    assert_eq!((sealed.places(), sealed.next), (4, page.next));
    let opened = std::thread::scope(|scope| scope.spawn(|| sealed.open()).join().unwrap());
    assert_eq!((&opened.entries, &opened.damaged, opened.next), (&page.entries, &page.damaged, page.next));
    assert_eq!((opened.entries.len(), opened.damaged.len()), (3, 1), "the damaged row is named and stops nothing");
    let shelf = |keys| journal.sealed_shelf(Shelf::Notes, keys).unwrap();
    let names =
        |rows: &[ShelfRow]| rows.iter().map(|row| String::from_utf8(row.key.clone()).unwrap()).collect::<Vec<_>>();
    assert_eq!(names(&shelf(Some(b"first/"..b"first0")).open().unwrap()), ["first/1", "first/2"]);
    assert_eq!(names(&shelf(Some(b""..b"first/")).open().unwrap()), ["a"]);
    assert_eq!(names(&shelf(Some(b"first0"..b"\xFF")).open().unwrap()), ["first0", "z"]);
    let parts = shelf(None).in_parts(2);
    assert_eq!(parts.len(), 3);
    assert_eq!(parts.into_iter().flat_map(|part| part.open().unwrap()).collect::<Vec<_>>(), notes);
    home.edit("update shelf set key = cast('first/3' as blob) where key = cast('first/2' as blob)");
    let moved = shelf(Some(b"first/"..b"first0")).open();
    assert!(matches!(moved, Err(SyncError::StorageDamaged(_))), "a row that was moved does not open");
}

#[test]
fn the_rows_of_one_journal_are_read_sealed_in_parts_and_those_of_the_next_are_left() {
    let home = Home::with(9);
    let mut journal = home.open().unwrap();
    let (agency, device) = (AgencyId::from_bytes([1; 32]), home.signer.verifying_key().device_id());
    let [first, second] = [[2; 16], [9; 16]].map(JournalId::from_bytes);
    journal.begin(&NewJournal { agency, device, journal: second, line: Line::Cases, closes: Some(first) }).unwrap();
    home.keep(&mut journal).unwrap();
    let seqs = |page: SealedPage| page.open().entries.iter().map(|entry| entry.header.seq).collect::<Vec<_>>();
    let page = |of, after, items| journal.sealed_of((device, of), after, Limit { items, bytes: u64::MAX }).unwrap();
    assert_eq!((page(first, 5, 3).last(), seqs(page(first, 5, 3))), (Some(8), vec![6, 7, 8]));
    let rest = page(first, 5, 100);
    assert_eq!(rest.in_parts(3).into_iter().map(seqs).collect::<Vec<_>>(), [vec![6, 7, 8], vec![9]]);
    assert_eq!((page(first, 9, 100).last(), seqs(page(second, 0, 100))), (None, vec![1]));
    assert_eq!(page(JournalId::from_bytes([7; 16]), 0, 100).places(), 0, "nobody knows that journal");
}

/// The pages that a replay reads, three places each, as places and where the next begins.
fn pages(journal: &SqliteJournal) -> Vec<(Vec<u64>, Option<Cursor>)> {
    let (mut all, mut after) = (Vec::new(), Some(Cursor::START));
    while let Some(from) = after {
        let page = journal.sealed_after(from, THREE).unwrap();
        after = page.next;
        let opened = page.open();
        all.push((opened.entries.iter().map(|entry| entry.header.seq).collect(), after));
    }
    all
}

const THREE: Limit = Limit { items: 3, bytes: u64::MAX };

#[test]
fn what_was_read_before_the_vault_was_open_is_what_is_read_after_it() {
    let home = Home::with(9);
    let key = |seq: u64| {
        let slip = EntryRef { device: home.device(), journal: JournalId::from_bytes([2; 16]), seq };
        ShelfRow::case_key(&slip, CaseId::from_bytes([3; 16]), KeyId::from_bytes([4; 32]), Zeroizing::new(vec![7; 17]))
    };
    let line = ShelfRow { shelf: Shelf::List, case: None, key_id: None, ..key(1) };
    home.open().unwrap().shelve(&[key(1), key(2), line], &[]).unwrap();
    let keys = |journal: &SqliteJournal| {
        let shelf = |shelf| journal.sealed_shelf(shelf, None).unwrap().open().unwrap();
        [shelf(Shelf::List), shelf(Shelf::CaseKeys)].concat()
    };
    let (whole, known) = (pages(&home.open().unwrap()), keys(&home.open().unwrap()));
    assert_eq!((whole.len(), known.len()), (3, 3));
    // All pages, some, none; and as many bytes as one of them has.
    for (limits, most) in [(9, u64::MAX), (2, u64::MAX), (0, u64::MAX), (9, 5_000), (9, 1), (9, 0)] {
        let mut file = JournalFile::open(&home.path()).unwrap().unwrap();
        file.read_ahead(std::iter::repeat_n(THREE, limits), most).unwrap();
        let journal = file.unsealed_by(seal(3)).unwrap();
        assert_eq!((keys(&journal), pages(&journal)), (known.clone(), whole.clone()), "{limits} pages, {most} bytes");
        assert_eq!((keys(&journal), pages(&journal)), (known.clone(), whole.clone()), "and again, from the file");
    }
}

#[test]
fn nothing_that_was_read_ahead_is_used_once_the_file_has_changed() {
    let ahead = |home: &Home| {
        let mut file = JournalFile::open(&home.path()).unwrap().unwrap();
        file.read_ahead(std::iter::repeat_n(THREE, 9), u64::MAX).unwrap();
        file
    };
    let by_another = Home::with(9);
    let journal = ahead(&by_another).unsealed_by(seal(3)).unwrap();
    by_another.keep(&mut by_another.open().unwrap()).unwrap();
    assert_eq!(pages(&journal).last().unwrap().0, [10], "another handle kept one");
    let between = Home::with(9);
    let file = ahead(&between);
    between.keep(&mut between.open().unwrap()).unwrap();
    assert_eq!(
        pages(&file.unsealed_by(seal(3)).unwrap()).last().unwrap().0,
        [10],
        "while the passphrase took its time"
    );
    let by_itself = Home::with(9);
    let mut journal = ahead(&by_itself).unsealed_by(seal(3)).unwrap();
    by_itself.keep(&mut journal).unwrap();
    assert_eq!(pages(&journal).last().unwrap().0, [10], "this handle kept one");
    let elsewhere = ahead(&Home::with(9)).unsealed_by(seal(3)).unwrap();
    let last = pages(&by_itself.open().unwrap())[1].1.unwrap();
    assert_eq!(elsewhere.sealed_after(last, THREE).unwrap().open().entries[0].header.seq, 7, "read from elsewhere");
}

#[test]
fn a_file_that_is_read_before_its_vault_is_open_is_left_as_it_was() {
    let home = Home::new();
    assert!(JournalFile::open(&home.path()).unwrap().is_none(), "there is none");
    assert!(!home.path().exists(), "and none is made");
    let mut journal = home.open().unwrap();
    home.begin(&mut journal);
    home.keep(&mut journal).unwrap();
    // As a kill leaves it: what was kept stands in the log alone.
    let copy = Home::new();
    let log = |home: &Home| home.path().with_extension("sqlite-wal");
    std::fs::copy(home.path(), copy.path()).unwrap();
    std::fs::copy(log(&home), log(&copy)).unwrap();
    let bytes = |home: &Home| [home.path(), log(home)].map(|path| std::fs::read(path).unwrap());
    let before = bytes(&copy);
    let mut file = JournalFile::open(&copy.path()).unwrap().unwrap();
    file.read_ahead([THREE], u64::MAX).unwrap();
    assert!(matches!(file.unsealed_by(seal(9)), Err(SyncError::WrongVault)));
    drop(JournalFile::open(&copy.path()).unwrap().unwrap());
    assert_eq!(bytes(&copy)[1], before[1], "whoever has no key does not carry its log into the file");
    assert_eq!(pages(&copy.open().unwrap()), [(vec![1], None)]);
    let older = Home::with(1);
    older.edit("pragma user_version = 2; delete from steps where step = 3");
    assert!(JournalFile::open(&older.path()).unwrap().is_none(), "a file of an older program is brought up first");
}
