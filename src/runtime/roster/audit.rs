//! Which keys somebody asks about, and what the answer to such a question is made of.

use std::collections::{BTreeMap, BTreeSet};

use amanat_keys::{
    fingerprint::{CaseId, DeviceId, KeyId, UnitId},
    roster::{Roster, Unit},
};

use crate::{
    failure::Failure,
    runtime::homes::{home::Home, lineage},
    words::Both,
};

/// A key that is asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskedKey {
    /// Its id.
    pub id: KeyId,
    /// Whose it is or was, in words.
    pub of: Both,
}

/// One case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CaseAudit {
    /// Entries that it could read.
    pub could: u64,
    /// Entries that it can still open.
    pub now: u64,
    /// Those of them that the hub still serves, as far as this device knows.
    pub hub: u64,
    /// Attachments of the entries that it can still open.
    pub parts: u64,
}

/// Another device that may still hold what a key opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The device.
    pub device: DeviceId,
    /// Entries that it holds under a slip for the key, without a word that it has the slip in its place.
    pub entries: u64,
}

/// The answer.
#[derive(Debug, Default)]
pub struct Audit {
    /// The keys that are asked about.
    pub keys: Vec<AskedKey>,
    /// By case.
    pub cases: BTreeMap<CaseId, CaseAudit>,
    /// Slips and rewraps that name a key and are still served.
    pub served: u64,
    /// Those that named one and have gone.
    pub gone: u64,
    /// Other devices.
    pub holders: Vec<Holder>,
}

impl Audit {
    /// Entries in all.
    pub fn total(&self) -> CaseAudit {
        self.cases.values().fold(CaseAudit::default(), |sum, case| CaseAudit {
            could: sum.could.saturating_add(case.could),
            now: sum.now.saturating_add(case.now),
            hub: sum.hub.saturating_add(case.hub),
            parts: sum.parts.saturating_add(case.parts),
        })
    }
}

impl Home {
    /// The keys behind a device's id, a key's id, each by its beginning, or a unit's or a member's name.
    ///
    /// # Errors
    /// Usage when it means nothing, or more than one thing.
    pub fn keys_asked(&self, asked: &str) -> Result<Vec<AskedKey>, Failure> {
        let rosters = lineage::rosters(&self.pack()?.rosters)?;
        let named = |id: String| id.starts_with(asked) && asked.len() >= 8;
        let mut devices: BTreeSet<DeviceId> = BTreeSet::new();
        let mut keys: BTreeMap<KeyId, Both> = BTreeMap::new();
        for roster in &rosters {
            let members = roster.members.iter().filter(|member| member.name == asked).map(|member| member.id);
            let members: Vec<_> = members.collect();
            let meant = roster.devices.iter().filter(|it| named(it.id.to_string()) || members.contains(&it.member));
            devices.extend(meant.map(|device| device.id));
            for unit in &roster.units {
                for (id, of) in keys_of_unit(unit) {
                    if named(id.to_string()) || unit.name == asked {
                        keys.insert(id, of);
                    }
                }
            }
            let own = roster.devices.iter().map(|device| (device.recipient.key_id(), device.id));
            keys.extend(own.filter(|(id, _)| named(id.to_string())).map(|(id, of)| (id, device_words(roster, &of))));
        }
        for roster in &rosters {
            for device in roster.devices.iter().filter(|device| devices.contains(&device.id)) {
                keys.insert(device.recipient.key_id(), device_words(roster, &device.id));
                // A key that a unit got after the device was revoked was never wrapped for it, whatever role its member still has.
                let reads = |unit: &&Unit| device.is_active() && roster.reads_for(device, &unit.id);
                for unit in roster.units.iter().filter(reads) {
                    keys.extend(unit.recipient.iter().map(|key| (key.key_id(), unit_words(unit, unit.epoch))));
                }
            }
        }
        if keys.is_empty() {
            return Err(Failure::usage(
                "auditing — no roster names a device, key, unit or member like this",
                "Give the first eight characters or more of an id that `amanat roster show` prints, or a name in full.",
            ));
        }
        Ok(keys.into_iter().map(|(id, of)| AskedKey { id, of }).collect())
    }

    /// Every key that a unit has or had.
    ///
    /// # Errors
    /// What the pack refuses.
    pub fn unit_keys_asked(&self, unit: &UnitId) -> Result<Vec<AskedKey>, Failure> {
        let rosters = lineage::rosters(&self.pack()?.rosters)?;
        let units = rosters.iter().filter_map(|roster| roster.unit(unit));
        let keys: BTreeMap<KeyId, Both> = units.flat_map(keys_of_unit).collect();
        Ok(keys.into_iter().map(|(id, of)| AskedKey { id, of }).collect())
    }

    /// Units whose present key a device holds or may have held: due for [`Home::rotate_unit`] once it is revoked. Cases need no call of
    /// their own: what is kept next lies under a new case key by itself, because the unit's key in its slip is another.
    ///
    /// # Errors
    /// As [`Home::keys_asked`].
    pub fn due_after(&self, device: &DeviceId) -> Result<Vec<Unit>, Failure> {
        let held: BTreeSet<KeyId> = self.keys_asked(&device.to_string())?.into_iter().map(|key| key.id).collect();
        let units = self.trust()?.roster().units.iter();
        let due = units.filter(|unit| unit.recipient.as_ref().is_some_and(|key| held.contains(&key.key_id())));
        Ok(due.cloned().collect())
    }
}

fn keys_of_unit(unit: &Unit) -> Vec<(KeyId, Both)> {
    unit.keys().map(|(epoch, key)| (key.key_id(), unit_words(unit, epoch))).collect()
}

fn unit_words(unit: &Unit, epoch: u64) -> Both {
    Both::fill("audit.key_of_unit", &[("unit", Both::same(&unit.name)), ("epoch", Both::same(epoch))])
}

/// A device as people know it: the beginning of its id, and whose it is.
pub(in crate::runtime) fn device_words(roster: &Roster, device: &DeviceId) -> Both {
    let short: String = device.to_string().chars().take(8).collect();
    let name = roster.member_of(device).map_or("", |member| member.name.as_str());
    Both::fill("audit.key_of_device", &[("device", Both::same(short)), ("name", Both::same(name))])
}
