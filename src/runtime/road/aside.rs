//! Entries that were set aside: listed with their reason, and saved, still sealed, for whoever looks into one. On which day each was
//! found is this device's own word; nothing in the entry tells it.

use std::{fs::OpenOptions, io::Write as _, os::unix::fs::OpenOptionsExt as _, path::Path};

use amanat_keys::fingerprint::Digest;
use amanat_sync::{
    batch::Why,
    courier::{Outcome, Trouble},
    journal::{Journal as _, Quarantined},
};

use crate::{
    failure::Failure,
    model::Moment,
    runtime::{
        fault,
        homes::{
            home::Home,
            marks::{self, Mark},
        },
    },
};

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

/// Drops one, and what is noted of it. Nothing of it is left on this device; what comes again is set aside again.
///
/// # Errors
/// Failed when there is none of this id; refused for an entry of this device.
pub fn discard(home: &mut Home, id: &str) -> Result<(), Failure> {
    const DOING: &str = "dropping an entry that was set aside";
    let found = quarantined(home)?.into_iter().find(|aside| sealed(aside).1.to_string() == id);
    let found = found.ok_or_else(|| Failure::failed(format!("{DOING} — it is not set aside here"), ""))?;
    if found.entry.device == home.device() {
        return Err(Failure::refused(
            format!(
                "{DOING} — this device wrote it, and it is evidence that somebody wrote on in a copy of its journal"
            ),
            "Save it and show it to the admin: amanat entry quarantined save",
        ));
    }
    home.forget_aside(&[found])
}

/// What became of a second look at all that is set aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LookedAgain {
    /// Entries that count now.
    pub stand: u64,
    /// Entries with which nothing is wrong any more, and that wait for what they follow.
    pub wait: u64,
    /// Entries that stay in question.
    pub left: u64,
}

/// Holds everything that is set aside against the roster of today, and files what counts by it.
///
/// # Errors
/// What the journal says.
pub fn look_again(home: &mut Home) -> Result<LookedAgain, Failure> {
    let trust = home.trust()?.clone();
    let tried = amanat_sync::courier::try_again(&mut home.journal, &trust);
    let tried = tried.map_err(|error| fault::sync("looking once more at what was set aside", &error))?;
    home.forget_aside(&tried.stand)?;
    let count = |of: usize| u64::try_from(of).unwrap_or(u64::MAX);
    let left = count(quarantined(home)?.len()).saturating_sub(count(tried.wait.len()));
    Ok(LookedAgain { stand: count(tried.stand.len()), wait: count(tried.wait.len()), left })
}

impl Home {
    /// Drops what was set aside, and the notes of the day on which that was.
    fn forget_aside(&mut self, gone: &[Quarantined]) -> Result<(), Failure> {
        const DOING: &str = "dropping what was set aside";
        let days: Vec<_> =
            gone.iter().map(|aside| Mark::Aside(&sealed(aside).1, 0).row()).map(|row| (row.shelf, row.key)).collect();
        self.journal.drop_aside(gone).map_err(|error| fault::sync(DOING, &error))?;
        if days.is_empty() {
            return Ok(());
        }
        self.journal.shelve(&[], &days).map_err(|error| fault::sync(DOING, &error))
    }

    /// Notes the day for what a pass or a stick had to set aside, if it had to.
    pub(super) fn note_aside(&mut self, outcome: &Outcome) -> Result<(), Failure> {
        let parted = |trouble: &Trouble| matches!(trouble, Trouble::Fork { .. } | Trouble::ForkElsewhere { .. });
        if outcome.set_aside == 0 && !outcome.trouble.iter().any(parted) {
            return Ok(());
        }
        let (known, now) = (marks::asides(&shelf(self)?), self.wall().unix_ms);
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
pub(in crate::runtime) const fn word(why: Why) -> &'static str {
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
