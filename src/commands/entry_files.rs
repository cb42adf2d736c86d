//! `amanat entry show ID --files DIR`: the sealed bytes of one entry as files that stock `age`, `zstd` and `jq` open.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use amanat_keys::dictionary;
use amanat_sync::{
    batch::Limit,
    entry::{EntryRef, SealedEntry},
    journal::{Cursor, Journal as _},
};

use crate::{
    failure::Failure,
    model::Author,
    runtime::{fault, homes::home::Home},
};

const DOING: &str = "writing the sealed entry";

/// Writes `slip`, `entry`, `part-1`… as far as they are here, and every published dictionary into `dir`; all but the dictionaries are
/// still sealed. Nothing there is
/// overwritten.
///
/// # Errors
/// What the journal or the disk says; failed when this device has only the entry's hash.
pub(super) fn write(home: &Home, author: &Author, dir: &Path) -> Result<(), Failure> {
    let at = EntryRef { device: author.device.into(), journal: author.journal.into(), seq: author.seq };
    let entry = find(home, &at)?;
    // What was sealed again or rewrapped lies in the envelope that stands in its place.
    let whole = in_force(home, entry.clone())?;
    let slip = in_force(home, find(home, &EntryRef { seq: whole.header.key, ..whole.at() })?)?;
    fs::create_dir_all(dir).map_err(|error| Failure::disk(DOING, &error))?;
    for (name, sealed) in [("slip", &slip), ("entry", &whole)] {
        put(&dir.join(name), sealed.envelope.as_deref().ok_or_else(elided)?)?;
    }
    for (n, part) in entry.header.parts.iter().enumerate().filter(|(_, part)| home.part_files().holds(part)) {
        let mut sealed = home.part_files().open(&part.digest).map_err(|error| fault::sync(DOING, &error))?;
        let mut file = create(&dir.join(format!("part-{}", n + 1)))?;
        let copied = io::copy(&mut sealed, &mut file).and_then(|_bytes| file.sync_all());
        copied.map_err(|error| Failure::disk(DOING, &error))?;
    }
    for (id, _) in dictionary::published() {
        if let Some(bytes) = dictionary::bytes(id) {
            put(&dir.join(format!("{id:x}.zdict")), bytes)?;
        }
    }
    Ok(())
}

fn find(home: &Home, at: &EntryRef) -> Result<SealedEntry, Failure> {
    let mut after = Some(Cursor::START);
    while let Some(from) = after {
        let page = home.journal().entries_after(from, Limit::BODY).map_err(|error| fault::sync(DOING, &error))?;
        if let Some(found) = page.entries.into_iter().find(|entry| entry.at() == *at) {
            return Ok(found);
        }
        after = page.next;
    }
    Err(elided())
}

fn in_force(home: &Home, entry: SealedEntry) -> Result<SealedEntry, Failure> {
    if entry.envelope.is_some() {
        return Ok(entry);
    }
    home.held_instead(&entry)?.ok_or_else(elided)
}

fn elided() -> Failure {
    Failure::failed(format!("{DOING} — this device does not have its bytes"), "Ask a reader of its unit.")
}

fn create(path: &Path) -> Result<File, Failure> {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    file.map_err(|error| Failure::disk(format!("{DOING} to {}", path.display()), &error))
}

fn put(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let mut file = create(path)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(|error| Failure::disk(DOING, &error))
}
