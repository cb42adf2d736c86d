//! What an admin's command changes in the next roster when keys are rotated: a unit's new recipient beside its retired ones.

use amanat_keys::{
    fingerprint::{DeviceId, UnitId},
    join::JoinRequest,
    roster::{Device, Roster},
};

use crate::failure::Failure;

/// Puts the key that a custodian's device offers in the place of a unit's; the one before it is retired and stays listed, so that
/// late slips to it are known for what they are (`FORMATS.md` section 5). Gives the new epoch.
///
/// # Errors
/// Usage for a device that is not listed with just these keys, that may not stand in for the unit or does not read for it, or that
/// offers nothing new.
pub fn new_unit_key(roster: &mut Roster, request: &JoinRequest, unit: UnitId) -> Result<u64, Failure> {
    // Under whichever of its keys speaks today: a device whose keys were changed keeps the id of its first.
    let speaks = |listed: &&Device| listed.is_active() && listed.open_keys().any(|key| key == request.signing_key);
    let listed = roster.devices.iter().find(speaks);
    let device = listed.map_or_else(|| request.device_id(), |listed| listed.id);
    let doing = || format!("giving a unit the key that device {} offers", short(&device));
    let refused = |what: &str, hint: &str| Failure::usage(format!("{} — {what}", doing()), hint);
    let listed = listed.filter(|listed| listed.recipient == request.recipient);
    let listed = listed.ok_or_else(|| {
        refused("the roster does not list it with these keys as active", "Enrol the device first, with its role.")
    })?;
    if !roster.may_stand_in(&device, &unit) || !roster.reads_for(listed, &unit) {
        return Err(refused(
            "it may not rotate this unit's key",
            "A supervisor rotates the key of their station, a custodian who reads there that of headquarters.",
        ));
    }
    let offered = request.offered_unit.clone().ok_or_else(|| {
        refused("its request offers no key", "Let the custodian write it again: amanat keys rotate unit NAME")
    })?;
    let taken =
        |unit: &amanat_keys::roster::Unit| unit.recipient.as_ref() == Some(&offered) || unit.retired.contains(&offered);
    if roster.units.iter().any(taken) {
        return Err(refused("a unit has or had this very key", "Let the custodian make a new one."));
    }
    let held = roster.units.iter_mut().find(|held| held.id == unit);
    let held = held.ok_or_else(|| refused("the roster has no such unit", "See: amanat roster show"))?;
    held.retired.extend(held.recipient.replace(offered));
    held.epoch = held.epoch.saturating_add(1);
    Ok(held.epoch)
}

fn short(id: &DeviceId) -> String {
    id.to_string().chars().take(8).collect()
}
