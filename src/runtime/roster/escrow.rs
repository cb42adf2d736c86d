//! The recovery key: named in the roster by admins, sealed to by every unit's readers, and, when it has been joined again, the way back to
//! the units' keys.

use amanat_keys::{
    fingerprint::UnitId,
    recipient::{ReadIdentity, Recipient},
    recovery::Share,
    roster::Roster,
    unit_key::UnitKeys,
    vault::HeldUnit,
};
use amanat_sync::{documents::DocumentKind, journal::Journal as _};
use zeroize::Zeroizing;

use super::enrol::Admin;
use crate::{
    failure::Failure,
    model::Moment,
    runtime::{
        clock, fault,
        homes::{home::Home, membership::Adopted},
        screen::tellings,
    },
    words::{Tongue, fill, say},
};

const DOING: &str = "restoring the units' keys";

impl Admin {
    /// The next roster with this recovery key in the place of any before.
    ///
    /// # Errors
    /// Usage before the device has joined.
    pub fn with_recovery(&self, recipient: &Recipient) -> Result<Roster, Failure> {
        let mut roster = self.next()?;
        roster.recovery = Some(recipient.clone());
        Ok(roster)
    }
}

impl Home {
    /// The recovery key that the adopted roster names.
    ///
    /// # Errors
    /// Usage where it names none.
    pub fn recovery(&self) -> Result<&Recipient, Failure> {
        self.trust()?.roster().recovery.as_ref().ok_or_else(|| {
            Failure::usage(
                format!("{DOING} — the roster names no recovery key"),
                "An admin makes one with: amanat keys split",
            )
        })
    }

    /// What other readers filed about a unit's key, whoever signed it.
    ///
    /// # Errors
    /// What the journal refuses.
    pub(in crate::runtime) fn earlier_keys(&self, keys: &UnitKeys) -> Result<Vec<UnitKeys>, Failure> {
        let mut earlier = self.escrowed()?;
        earlier.retain(|held| (held.unit, &held.recipient) == (keys.unit, &keys.recipient));
        Ok(earlier)
    }

    fn escrowed(&self) -> Result<Vec<UnitKeys>, Failure> {
        let documents = self.journal.documents().map_err(|error| fault::sync(DOING, &error))?;
        let trust = self.trust()?;
        let filed = documents.iter().map(|filed| &filed.document).filter(|it| it.kind == DocumentKind::UnitKeys);
        Ok(filed.filter_map(|it| UnitKeys::escrowed(&it.bytes, trust).ok()).collect())
    }

    /// Takes every key of the units that this device reads for out of what was sealed to the recovery key, old ones too. The roster names
    /// what must come out, so nobody's word is needed for it. Safe to call again.
    ///
    /// # Errors
    /// Refused where this device reads for no unit, or nothing is here that was sealed to the recovery key.
    pub fn restore(&mut self, recovery: &ReadIdentity) -> Result<(Vec<UnitId>, Adopted), Failure> {
        let me = self.listed()?.clone();
        let roster = self.trust()?.roster().clone();
        let mut restored: Vec<UnitId> = Vec::new();
        for keys in self.escrowed()? {
            let reads = roster.reads_for(&me, &keys.unit);
            if !reads || !keys.is_for(&UnitKeys::escrow_id(recovery.recipient())) {
                continue;
            }
            // What is held already was restored by a call that was stopped, and what is left is to hand it on.
            if self.unit_identity(&keys.recipient).is_none() {
                let Ok(identity) = keys.recover(recovery) else { continue };
                self.hold_unit(HeldUnit { unit: keys.unit, epoch: keys.epoch, identity })?;
            }
            if !restored.contains(&keys.unit) {
                restored.push(keys.unit);
            }
        }
        if restored.is_empty() {
            return Err(Failure::refused(
                format!(
                    "{DOING} — nothing is here that was sealed to the recovery key for a unit that this device reads for"
                ),
                "Sync first, so that it comes; and check that this device is listed as a reader: amanat roster show.",
            ));
        }
        let adopted = self.adopt_documents()?;
        Ok((restored, adopted))
    }
}

/// What is printed for one share: both languages, the words in rows of three, and a picture of them.
pub fn sheet(share: &Share, agency: &str) -> String {
    let mut lines = Vec::new();
    let date: String = Moment::pkt(clock::unix_ms()).to_string().chars().take(10).collect();
    let (index, all, need) = (share.index().to_string(), share.shares().to_string(), share.threshold().to_string());
    let set = share.set();
    let blanks = [
        ("index", index.as_str()),
        ("all", all.as_str()),
        ("need", need.as_str()),
        ("agency", agency),
        ("set", set.as_str()),
        ("date", date.as_str()),
    ];
    for tongue in [Tongue::En, Tongue::Ur] {
        for key in ["sheet.title", "sheet.needed", "sheet.keep", "sheet.set", "sheet.date"] {
            lines.push(fill(tongue, key, &blanks));
        }
        lines.push(String::new());
    }
    let words = share.words();
    lines.push(format!("{} · {}", say(Tongue::En, "sheet.words"), say(Tongue::Ur, "sheet.words")));
    let words: Vec<&str> = words.split(' ').collect();
    for (row, number) in words.chunks(3).zip(1_u32..) {
        lines.push(format!(
            "{number:>4}   {}",
            row.iter().map(|word| format!("{word:<12}")).collect::<String>().trim_end()
        ));
    }
    lines.push(String::new());
    lines.extend(tellings::qr(&words.join(" ")));
    lines.push(String::new());
    lines.join("\n")
}

/// The share on a sheet that [`sheet`] wrote.
pub(super) fn on_sheet(text: &str) -> Option<Share> {
    let begins = say(Tongue::En, "sheet.words");
    let rows = text.lines().skip_while(|line| !line.starts_with(begins)).skip(1).take_while(|line| !line.is_empty());
    let words: Vec<&str> = rows.flat_map(|row| row.split_whitespace().skip(1)).collect();
    Share::read(&Zeroizing::new(words.join(" "))).ok()
}

#[cfg(test)]
mod tests {
    use amanat_keys::recovery;
    use qrcode::{EcLevel, QrCode, render::unicode::Dense1x2};

    use super::*;

    #[test]
    fn a_sheet_has_every_word_of_its_share_and_a_picture_of_them() {
        let identity = ReadIdentity::generate().unwrap();
        for share in recovery::split(&identity, 2, 3).unwrap() {
            let sheet = sheet(&share, "Sample Police");
            let words = share.words();
            assert!(on_sheet(&sheet).is_some_and(|read| *read.words() == *words), "it is read back");
            assert!(words.split(' ').all(|word| sheet.split_whitespace().any(|written| written == word)));
            // It is of the words and of nothing else: as whoever makes such pictures draws them.
            let same = QrCode::with_error_correction_level(words.as_bytes(), EcLevel::L).unwrap();
            let same = same.render::<Dense1x2>().quiet_zone(true).build();
            assert!(sheet.contains(&same), "a camera reads the words of this very sheet");
            let drawn: Vec<&str> = sheet.lines().filter(|line| line.contains(['█', '▀', '▄'])).collect();
            let width = drawn.first().map_or(0, |line| line.chars().count());
            // Two rows of squares in a line: a square of at least the 21 that the smallest code has (ISO/IEC 18004 section 5.3.1).
            assert!(width >= 21 && drawn.iter().all(|line| line.chars().count() == width), "{width}");
            assert!(drawn.len().abs_diff(width / 2) <= 5, "{} lines of {width}", drawn.len());
        }
    }
}
