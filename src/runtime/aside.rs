//! Entries that were set aside: listed with their reason, and saved, still sealed, for whoever looks into one. On which day each was
//! found is this device's own word; nothing in the entry tells it.

use std::{fs::OpenOptions, io::Write as _, os::unix::fs::OpenOptionsExt as _, path::Path};

use amanat_keys::fingerprint::Digest;
use amanat_sync::{
    batch::Why,
    courier::{Outcome, Trouble},
    journal::{Journal as _, Quarantined},
};

use super::{
    clock, fault,
    home::Home,
    marks::{self, Mark},
};
use crate::{failure::Failure, model::Moment};

pub use crate::ui::AsideRow;

const READING: &str = "reading what was set aside";

/// What is set aside; what was found last stands first.
///
/// # Errors
/// What the journal says.
pub fn list(home: &Home) -> Result<Vec<AsideRow>, Failure> {
    let found = marks::asides(&shelf(home)?);
    let roster = home.trust().ok().map(|trust| trust.roster());
    let member = |aside: &Quarantined| {
        let member = roster.and_then(|roster| roster.member_of(&aside.entry.device));
        member.map(|member| member.name.clone()).unwrap_or_default()
    };
    let row = |aside: &Quarantined| {
        let (bytes, digest) = sealed(aside);
        let day = found.iter().find(|(of, _)| *of == digest).map(|(_, ms)| Moment::pkt(*ms));
        let whole = aside.is_settled(home.journal()).map_err(|error| fault::sync(READING, &error))?;
        Ok(AsideRow {
            id: digest.to_string(),
            why: word(aside.why).to_owned(),
            day,
            member: member(aside),
            device: aside.entry.device.into(),
            journal: aside.entry.journal.to_string(),
            number: aside.entry.seq,
            bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            whole,
        })
    };
    let mut rows = quarantined(home)?.iter().map(row).collect::<Result<Vec<_>, Failure>>()?;
    rows.sort_by(|a, b| {
        let day = |row: &AsideRow| row.day.map(|day| day.unix_ms);
        day(b).cmp(&day(a)).then_with(|| (&a.journal, a.number, &a.id).cmp(&(&b.journal, b.number, &b.id)))
    });
    Ok(rows)
}

/// Saves the sealed bytes of one to a new file; gives how many.
///
/// # Errors
/// Failed when there is none of this id; what the disk says, also where a file is there already.
pub fn save(home: &Home, id: &str, to: &Path) -> Result<u64, Failure> {
    let doing = || format!("saving an entry that was set aside to {}", to.display());
    let found = quarantined(home)?.iter().map(sealed).find(|(_, digest)| digest.to_string() == id);
    let (bytes, _) = found.ok_or_else(|| Failure::failed(format!("{} — it is not set aside here", doing()), ""))?;
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to);
    let written = file.and_then(|mut file| file.write_all(&bytes).and_then(|()| file.sync_all()));
    written.map_err(|error| Failure::disk(doing(), &error))?;
    Ok(u64::try_from(bytes.len()).unwrap_or(u64::MAX))
}

impl Home {
    /// Notes the day for what a pass or a stick had to set aside, if it had to.
    pub(super) fn note_aside(&mut self, outcome: &Outcome) -> Result<(), Failure> {
        let parted = |trouble: &Trouble| matches!(trouble, Trouble::Fork { .. } | Trouble::ForkElsewhere { .. });
        if outcome.set_aside == 0 && !outcome.trouble.iter().any(parted) {
            return Ok(());
        }
        let (known, now) = (marks::asides(&shelf(self)?), clock::unix_ms());
        let found = quarantined(self)?.iter().map(|aside| sealed(aside).1).collect::<Vec<_>>();
        let new = found.iter().filter(|digest| known.iter().all(|(held, _)| held != *digest));
        let rows: Vec<_> = new.map(|digest| Mark::Aside(digest, now).row()).collect();
        if rows.is_empty() {
            return Ok(());
        }
        self.journal.shelve(&rows, &[]).map_err(|error| fault::sync("noting what was set aside", &error))
    }
}

fn quarantined(home: &Home) -> Result<Vec<Quarantined>, Failure> {
    home.journal().quarantined().map_err(|error| fault::sync(READING, &error))
}

fn shelf(home: &Home) -> Result<Vec<amanat_sync::journal::ShelfRow>, Failure> {
    marks::few(home.journal()).map_err(|error| fault::sync(READING, &error))
}

/// The bytes that are saved, and their hash, by which one is named.
fn sealed(aside: &Quarantined) -> (Vec<u8>, Digest) {
    let bytes = aside.to_bytes();
    let digest = Digest::of(&bytes);
    (bytes, digest)
}

/// A reason as a code; its words stand under `why.`, and under `carrier.why.` where the hub gives it.
pub(super) const fn word(why: Why) -> &'static str {
    match why {
        Why::BadSignature => "damaged",
        Why::UnknownDevice => "unknown_device",
        Why::Revoked => "revoked",
        Why::Malformed => "malformed",
        Why::TooBig => "too_big",
        Why::Version => "version",
        Why::NotPermitted => "not_permitted",
        Why::Fork => "fork",
        Why::Content => "content",
        Why::RosterFell => "roster_fell",
        Why::OtherCase => "other_case",
        Why::Other(_) => "other",
    }
}
