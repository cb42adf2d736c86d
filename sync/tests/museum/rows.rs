//! Judge of the rows of a field journal; and the rows against vectors that `vectors/rows.py` wrote from `STATEMENTS.md`: what is written opens to the same
//! plaintext at the same place, and what an independent program has sealed is read.

use std::path::PathBuf;

use amanat_keys::fingerprint::{AgencyId, DeviceId, JournalId};
use amanat_keys::row_seal::RowSeal;
use amanat_sync::SyncError;
use amanat_sync::batch::Limit;
use amanat_sync::entry::SealedEntry;
use amanat_sync::journal::{Cursor, Journal, Keep, Line, NewJournal, SqliteJournal, Wanted};
use rusqlite::Connection;
use serde_json::Value;

use crate::specimens::{bytes, hex};

/// A journal with the entries of a vector file.
struct Kept {
    _folder: tempfile::TempDir,
    path: PathBuf,
    vault_key: [u8; 32],
    device: DeviceId,
    journal: JournalId,
}

impl Kept {
    fn of(v: &Value, entries: &[SealedEntry]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let kept = Self {
            path: folder.path().join("journal.sqlite"),
            _folder: folder,
            vault_key: bytes(&v["vault_key"]),
            device: DeviceId::from_bytes(bytes(&v["device"])),
            journal: JournalId::from_bytes(bytes(&v["journal"])),
        };
        let mut journal = kept.open().unwrap();
        let (agency, device, id) = (AgencyId::from_bytes(bytes(&v["agency"])), kept.device, kept.journal);
        journal.begin(&NewJournal { agency, device, journal: id, line: Line::Cases, closes: None }).unwrap();
        journal.append(&Keep { entries: entries.to_vec(), ..Keep::default() }).unwrap();
        kept
    }

    fn open(&self) -> Result<SqliteJournal, SyncError> {
        SqliteJournal::open(&self.path, RowSeal::new(&self.vault_key))
    }

    /// Every entry, as the courier and the casebook are given them.
    fn read(&self) -> Result<Vec<SealedEntry>, SyncError> {
        let (journal, all) = (self.open()?, Limit { items: 100, bytes: u64::MAX });
        let wanted = Wanted::After { device: self.device, journal: self.journal, seq: 0 };
        let sent = journal.pending(&wanted, all);
        let page = journal.entries_after(Cursor::START, all)?;
        assert_eq!(sent.is_err(), !page.damaged.is_empty(), "both ways of reading say the same");
        Ok(sent?.into_iter().flat_map(|run| run.entries().cloned().collect::<Vec<_>>()).collect())
    }

    /// The bodies as they stand in the file, in order.
    fn bodies(&self) -> Vec<Vec<u8>> {
        let db = Connection::open(&self.path).unwrap();
        let mut all = db.prepare("select body from entries order by place").unwrap();
        all.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    fn put(&self, seq: u64, body: &[u8]) {
        let db = Connection::open(&self.path).unwrap();
        let sql =
            "update entries set body = ?2 where place = (select place from entries order by place limit 1 offset ?1)";
        assert_eq!(db.execute(sql, (i64::try_from(seq - 1).unwrap(), body)).unwrap(), 1);
    }

    fn mark(&self, mark: &[u8]) {
        assert_eq!(Connection::open(&self.path).unwrap().execute("update vault set body = ?1", [mark]).unwrap(), 1);
    }
}

fn vectors() -> Value {
    serde_json::from_str(include_str!("../vectors/rows.json")).unwrap()
}

fn entry(v: &Value) -> SealedEntry {
    SealedEntry::from_parts(hex(&v["bytes"]), bytes(&v["signature"]), Some(hex(&v["envelope"]))).unwrap()
}

fn entries(v: &Value) -> Vec<SealedEntry> {
    v["rows"].as_array().unwrap().iter().map(entry).collect()
}

/// `device ‖ journal ‖ number`.
fn place(v: &Value, seq: usize) -> Vec<u8> {
    [hex(&v["device"]), hex(&v["journal"]), u64::try_from(seq).unwrap().to_be_bytes().to_vec()].concat()
}

#[test]
fn an_entry_is_kept_in_the_row_that_the_document_says() {
    let v = vectors();
    let kept = Kept::of(&v, &entries(&v));
    let seal = RowSeal::new(&kept.vault_key);
    let bodies = kept.bodies();
    assert_eq!(bodies.len(), 3);
    for (at, (body, wanted)) in bodies.iter().zip(v["rows"].as_array().unwrap()).enumerate() {
        let plain = seal.open("entry", &place(&v, at + 1), b"", b"", body).unwrap();
        assert_eq!(*plain, hex(&wanted["plaintext"]), "entry {}", at + 1);
    }
}

#[test]
fn a_row_that_another_program_sealed_is_read() {
    let v = vectors();
    let kept = Kept::of(&v, &entries(&v));
    kept.mark(&hex(&v["mark"]));
    for (seq, row) in (1..).zip(v["rows"].as_array().unwrap()) {
        kept.put(seq, &hex(&row["body"]));
    }
    assert_eq!(kept.read().unwrap(), entries(&v));
    for (seq, row) in (1..).zip(v["rows"].as_array().unwrap()) {
        kept.put(seq, &hex(&row["bare_body"]));
    }
    let bare: Vec<_> = entries(&v).into_iter().map(|entry| SealedEntry { envelope: None, ..entry }).collect();
    assert_eq!(kept.read().unwrap(), bare);
}

/// The entries kept, and `body` put in the place of the row at `at`; `mark` in the place of the vault's.
pub(crate) fn row(v: &Value) -> Result<(), String> {
    let kept = Kept::of(v, &entries(v));
    kept.put(v["at"].as_u64().unwrap(), &hex(&v["body"]));
    if !v["mark"].as_str().unwrap().is_empty() {
        kept.mark(&hex(&v["mark"]));
    }
    kept.read().map(drop).map_err(|fault| format!("{fault:?}"))
}
