//! Which units owe their readers a new key: somebody who held the present one reads for the unit no more, the rotation has begun and
//! nobody has signed yet what it came to, or the unit was split off from another and has none.

use amanat_keys::{
    fingerprint::DeviceId,
    roster::{Roster, Unit},
    rotation::Said,
};

use crate::{
    failure::Failure,
    runtime::homes::{home::Home, lineage},
};

impl Home {
    /// The units that this device may and should give a new key.
    ///
    /// # Errors
    /// What the journal refuses.
    pub fn keys_owed(&self) -> Result<Vec<Unit>, Failure> {
        let (roster, me) = (self.trust()?.roster(), self.device());
        // Who reads for it makes its key; a custodian who does not can only rewrap afterwards.
        let reads = |unit: &Unit| roster.device(&me).is_some_and(|me| roster.reads_for(me, &unit.id));
        let mine = |unit: &&Unit| roster.may_stand_in(&me, &unit.id) && reads(unit);
        let mine: Vec<&Unit> = roster.units.iter().filter(mine).collect();
        if mine.is_empty() {
            return Ok(Vec::new());
        }
        let (rosters, words) = (lineage::rosters(&self.pack()?.rosters)?, self.rotation_words()?);
        let ended = |unit: &Unit| {
            words.iter().any(|word| {
                matches!(&word.said, Said::Rewrapped { unit: of, epoch, .. } if *of == unit.id && *epoch == unit.epoch)
            })
        };
        let owed = mine.into_iter().filter(|unit| {
            let begun = !unit.retired.is_empty() && !ended(unit);
            unit.recipient.is_none() || begun || rosters.iter().any(|older| lost_a_reader(older, roster, unit))
        });
        Ok(owed.cloned().collect())
    }
}

/// Whether somebody read for the unit by an older roster, under its present key, and reads for it no more.
fn lost_a_reader(older: &Roster, now: &Roster, unit: &Unit) -> bool {
    let held = older.unit(&unit.id).is_some_and(|held| held.recipient == unit.recipient);
    let reads = |roster: &Roster, device: &DeviceId| {
        roster.device(device).is_some_and(|it| it.is_active() && roster.reads_for(it, &unit.id))
    };
    held && older.devices.iter().any(|it| reads(older, &it.id) && !reads(now, &it.id))
}
