//! What a rotation has come to, signed: how many slips, how many are left, and which devices have not heard of it yet; and what sealing a
//! case again has.

use amanat_keys::{
    fingerprint::DeviceId,
    roster::{Roster, Unit},
    rotation::{RotationWord, Said, resealed_case},
};
use amanat_sync::{
    documents::{Document, DocumentKind},
    entry::EntryRef,
    journal::{Journal as _, Line},
};

use super::{
    reseal_work::Reseal,
    resealing::{self, Rekeyed},
    units::DOING,
    work::Work,
};
use crate::{
    failure::Failure,
    runtime::{
        fault,
        homes::{home::Home, lineage},
    },
};

impl Home {
    /// Signs what the rotation has come to, and files it for everybody.
    pub(super) fn certify(&mut self, unit: &Unit, work: &Work) -> Result<RotationWord, Failure> {
        let said = Said::Rewrapped {
            unit: unit.id,
            epoch: unit.epoch,
            slips: work.rewrapped,
            left: work.left,
            stragglers: self.stragglers(unit)?,
        };
        self.sign_word(DOING, said)
    }

    /// Signs what sealing a case again has come to, and files it for everybody: the case is named so that only who knows it recognises it.
    pub(super) fn certify_case(
        &mut self,
        work: &Reseal,
        rekeyed: &Rekeyed,
        stragglers: Vec<DeviceId>,
    ) -> Result<RotationWord, Failure> {
        let said = Said::Resealed {
            case: resealed_case(&self.agency()?, &work.case),
            from: work.from,
            entries: rekeyed.before.saturating_add(rekeyed.resealed),
            left: rekeyed.left.iter().map(|left| (left.hash, left.why)).collect(),
            stragglers,
        };
        self.sign_word(resealing::DOING, said)
    }

    /// A word about what stands in this device's own journal up to now. The same thing twice is said once.
    fn sign_word(&mut self, doing: &str, said: Said) -> Result<RotationWord, Failure> {
        let slot = self.journal.next_slot(Line::Cases).map_err(|error| fault::sync(doing, &error))?;
        let (agency, by) = (self.agency()?, self.device());
        let mut word = RotationWord {
            agency,
            by,
            serial: 1,
            device: by,
            journal: slot.journal,
            last: slot.seq.saturating_sub(1).max(1),
            link: slot.prev,
            said,
        };
        let about = word.about();
        if let Some(before) = self.rotation_words()?.into_iter().find(|held| held.about() == about) {
            if before.said == word.said {
                return Ok(before);
            }
            word.serial = before.serial.saturating_add(1);
        }
        let bytes = word.sign(&self.signer()).to_bytes();
        self.file(&Document { kind: DocumentKind::RotationCertificate, about, version: word.serial, bytes })?;
        Ok(word)
    }

    /// Active devices of a unit's members that have shown no entry under the roster that lists its key.
    fn stragglers(&self, unit: &Unit) -> Result<Vec<DeviceId>, Failure> {
        let trust = self.trust()?;
        let since = self.listed_since(unit)?;
        let heads = self.journal.heads().map_err(|error| fault::sync(DOING, &error))?;
        let mut behind = Vec::new();
        for device in trust.roster().devices.iter().filter(|device| device.is_active() && device.id != self.device()) {
            let works = trust
                .roster()
                .member(&device.member)
                .is_some_and(|member| member.roles.iter().any(|(_, of)| *of == unit.id));
            if !works {
                continue;
            }
            let mut newest = 0;
            for known in heads.iter().filter(|known| known.device == device.id && known.head.seq > 0) {
                let at = EntryRef { device: known.device, journal: known.journal, seq: known.head.seq };
                newest = newest.max(self.header_at(&at)?.map_or(0, |entry| entry.header.roster.version));
            }
            if newest < since {
                behind.push(device.id);
            }
        }
        behind.sort_unstable();
        Ok(behind)
    }

    /// The first roster on the shelf that names a unit's present key.
    fn listed_since(&self, unit: &Unit) -> Result<u64, Failure> {
        let names = |roster: &&Roster| roster.unit(&unit.id).is_some_and(|held| held.recipient == unit.recipient);
        let rosters = lineage::rosters(&self.pack()?.rosters)?;
        let first = rosters.iter().filter(names).map(|roster| roster.version).min();
        Ok(first.unwrap_or(self.trust()?.roster_version()))
    }
}
