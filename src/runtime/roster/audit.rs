//! What a key could read, and what it can still open now: gathered from every slip and stand-in that this device holds.
//!
//! *Could* is what its holder may have opened and copied. *Now* is what is still served to whoever comes with that key: a header that
//! names it and whose envelope has not gone. A device lets an envelope go by the same signed words as the hub, so after a sync both
//! answer alike.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use amanat_keys::{
    fingerprint::{CaseId, DeviceId, KeyId},
    roster::{Roster, Unit},
};
use amanat_sync::entry::{Change, EntryRef, Kind};

use crate::{
    failure::Failure,
    runtime::{
        entries::stand_ins::holding,
        homes::{home::Home, lineage},
    },
};

/// A key that is asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskedKey {
    /// Its id.
    pub id: KeyId,
    /// Whose it is or was, in words.
    pub of: String,
}

/// One case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CaseAudit {
    /// Entries that it could read.
    pub could: u64,
    /// Entries that it can still open.
    pub now: u64,
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
}

impl Audit {
    /// Entries in all.
    pub fn total(&self) -> CaseAudit {
        self.cases.values().fold(CaseAudit::default(), |sum, case| CaseAudit {
            could: sum.could.saturating_add(case.could),
            now: sum.now.saturating_add(case.now),
        })
    }
}

/// What one slip's key means for those who ask.
#[derive(Clone, Copy, Debug, Default)]
struct Reach {
    could: bool,
    now: bool,
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
        let mut keys: BTreeMap<KeyId, String> = BTreeMap::new();
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

    /// What these keys could read and can still open, by everything that is held here.
    ///
    /// # Errors
    /// What the journal refuses.
    pub fn audit(&self, keys: Vec<AskedKey>) -> Result<Audit, Failure> {
        let asked: BTreeSet<KeyId> = keys.iter().map(|key| key.id).collect();
        let mut audit = Audit { keys, ..Audit::default() };
        let mut slips: HashMap<EntryRef, Reach> = HashMap::new();
        // Contents by the slip they lie under: how many, and how many have their envelope.
        let mut under: HashMap<EntryRef, (CaseId, u64, u64)> = HashMap::new();
        let mut resealed: Vec<(EntryRef, EntryRef, CaseId, bool)> = Vec::new();
        let mut contents: HashMap<EntryRef, EntryRef> = HashMap::new();
        self.each_entry(|entry| {
            let (header, at) = (&entry.header, entry.at());
            let here = entry.envelope.is_some();
            if header.wraps() {
                let slip = header.target.map_or(at, |target| target.entry);
                if header.audience.iter().any(|reader| asked.contains(&reader.key)) {
                    let reach = slips.entry(slip).or_default();
                    reach.could = true;
                    reach.now |= here;
                    *(if here { &mut audit.served } else { &mut audit.gone }) += 1;
                }
            } else if header.kind == Kind::Sealed {
                let slip = EntryRef { seq: header.key, ..at };
                let held = under.entry(slip).or_insert((header.case, 0, 0));
                held.1 += 1;
                held.2 += u64::from(here);
            } else if let Some(target) = holding(header).filter(|target| target.change == Change::Reseal) {
                resealed.push((target.entry, EntryRef { seq: header.key, ..at }, header.case, here));
                contents.insert(target.entry, target.entry);
            }
        })?;
        if !contents.is_empty() {
            self.each_entry(|entry| {
                if entry.header.kind == Kind::Sealed && contents.contains_key(&entry.at()) {
                    contents.insert(entry.at(), EntryRef { seq: entry.header.key, ..entry.at() });
                }
            })?;
        }
        for (slip, (case, could, now)) in under {
            let reach = slips.get(&slip).copied().unwrap_or_default();
            if reach.could {
                let found = audit.cases.entry(case).or_default();
                found.could += could;
                found.now += if reach.now { now } else { 0 };
            }
        }
        let mut counted: BTreeSet<EntryRef> = BTreeSet::new();
        for (target, slip, case, here) in resealed {
            let reach = slips.get(&slip).copied().unwrap_or_default();
            let before = contents.get(&target).and_then(|slip| slips.get(slip)).copied().unwrap_or_default();
            let found = audit.cases.entry(case).or_default();
            // Read before under its first slip, it is no other entry.
            found.could += u64::from(reach.could && !before.could && counted.insert(target));
            found.now += u64::from(reach.now && here);
        }
        audit.cases.retain(|_, case| case.could > 0 || case.now > 0);
        Ok(audit)
    }
}

fn keys_of_unit(unit: &Unit) -> Vec<(KeyId, String)> {
    unit.keys().map(|(epoch, key)| (key.key_id(), unit_words(unit, epoch))).collect()
}

fn unit_words(unit: &Unit, epoch: u64) -> String {
    format!("{}, key {epoch}", unit.name)
}

fn device_words(roster: &Roster, device: &DeviceId) -> String {
    let short: String = device.to_string().chars().take(8).collect();
    let name = roster.member_of(device).map_or("", |member| member.name.as_str());
    format!("device {short} of {name}")
}
