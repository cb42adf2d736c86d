//! The next roster in which every recipient is of the stronger kind: all move together, since what the weaker one lets out the stronger
//! cannot keep (`FORMATS.md` section 5).
//!
//! Each device, unit and hub has made its next key and asked for it, signed by the key that the roster lists; so nothing is read aloud. What
//! follows is a rotation like any other: devices take up their keys when they adopt the roster, custodians rewrap what names an older key,
//! and whoever was away and seals to it is heard and rewrapped when it comes.

use amanat_keys::{
    fingerprint::UnitId,
    join::{JoinKind, JoinRequest},
    recipient::{Recipient, RecipientKind},
    roster::{Device, Roster, Unit},
};

use super::{enrol::Admin, keys, rotate};
use crate::{failure::Failure, runtime::fault};

const DOING: &str = "raising the kind of all recipients";
/// The kind that all rise to.
pub const TO: RecipientKind = RecipientKind::MlKem768X25519;

impl Admin {
    /// The next roster with the keys that these requests name, and its word for all of them.
    ///
    /// # Errors
    /// Usage where the agency has that kind already; refused for a request that no listed key signed, and, by name, while anybody is
    /// missing.
    pub fn raised(&self, requests: &[Vec<u8>], recovery_later: bool) -> Result<Roster, Failure> {
        let mut roster = self.next()?;
        raise(&mut roster, requests, recovery_later)?;
        Ok(roster)
    }
}

/// Puts what is asked for into a copy of the adopted roster.
///
/// # Errors
/// As [`Admin::raised`].
pub fn raise(roster: &mut Roster, requests: &[Vec<u8>], recovery_later: bool) -> Result<(), Failure> {
    if roster.kind >= TO {
        return Err(Failure::usage(format!("{DOING} — this agency seals to {} already", roster.kind.word()), ""));
    }
    let mut read = Vec::new();
    for bytes in requests {
        let request = JoinRequest::verify(bytes).map_err(|error| fault::keys(DOING, &error))?.into_value();
        if request.agency != roster.agency_id() {
            return Err(refused(&request, "it is for another agency", "Use the requests of this one."));
        }
        read.push((request, bytes));
    }
    // Units first: their custodians' requests name the recipients that the devices still have.
    for (request, _) in read.iter().filter(|(request, _)| request.kind == JoinKind::Device) {
        let offered = request.offered_unit.as_ref();
        must_rise(request, offered)?;
        let unit = unit_of(roster, request)?;
        rotate::new_unit_key(roster, request, unit)?;
    }
    for (request, bytes) in &read {
        match request.kind {
            JoinKind::Device => {}
            JoinKind::Hub => move_hub(roster, request)?,
            JoinKind::NextKeys => {
                must_rise(request, Some(&request.recipient))?;
                keys::next_device_keys(roster, request, bytes)?;
            }
            JoinKind::NextHubKey => {
                return Err(refused(
                    request,
                    "it is for a hub's signing key",
                    "Use: amanat keys rotate hub --file FILE",
                ));
            }
            JoinKind::Root => return Err(refused(request, "it is a root key's", "Use: amanat roster admin-add FILE")),
        }
    }
    if recovery_later {
        roster.recovery = None;
    }
    roster.kind = TO;
    all_here(roster)
}

fn refused(request: &JoinRequest, what: &str, hint: &str) -> Failure {
    Failure::refused(format!("{DOING} — the request of {}: {what}", request.name), hint)
}

fn must_rise(request: &JoinRequest, recipient: Option<&Recipient>) -> Result<(), Failure> {
    if recipient.is_some_and(|recipient| recipient.kind() == TO) {
        return Ok(());
    }
    let hint = format!("Let it be made with --recipients {}.", TO.word());
    Err(refused(request, "it offers no key of that kind", &hint))
}

/// The unit that a custodian's device reads for and may rotate, and whose key has not risen yet.
fn unit_of(roster: &Roster, request: &JoinRequest) -> Result<UnitId, Failure> {
    let speaks = |device: &&Device| device.is_active() && device.open_keys().any(|key| key == request.signing_key);
    let device = roster.devices.iter().find(speaks).ok_or_else(|| {
        refused(request, "no key that the roster lists has signed it", "Enrol the device first, with its role.")
    })?;
    let waits = |unit: &&Unit| unit.recipient.as_ref().is_some_and(|key| key.kind() < TO);
    let may = |unit: &&Unit| roster.may_stand_in(&device.id, &unit.id) && roster.reads_for(device, &unit.id);
    let units: Vec<UnitId> = roster.units.iter().filter(waits).filter(may).map(|unit| unit.id).collect();
    match units.as_slice() {
        [unit] => Ok(*unit),
        [] => Err(refused(
            request,
            "it may rotate no unit's key, or that has risen already",
            "One request for each unit.",
        )),
        _ => Err(refused(
            request,
            "its device may rotate the keys of several units, and the request does not say which is meant",
            "Let the custodian of each unit ask who reads for that one alone.",
        )),
    }
}

/// What sticks for a hub are sealed to.
fn move_hub(roster: &mut Roster, request: &JoinRequest) -> Result<(), Failure> {
    must_rise(request, Some(&request.recipient))?;
    let hub = roster.hubs.iter_mut().find(|hub| hub.receipt_key == request.signing_key).ok_or_else(|| {
        refused(request, "no hub that the roster lists has signed it", "Let it be written there: amanat-hub request.")
    })?;
    hub.transport = request.recipient.clone();
    Ok(())
}

/// Whoever has not asked yet is named: to be waited for, or left out.
fn all_here(roster: &Roster) -> Result<(), Failure> {
    let older = |recipient: &Recipient| recipient.kind() != TO;
    let name = |device: &Device| {
        let short: String = device.id.to_string().chars().take(8).collect();
        let member = roster.member(&device.member).map(|member| member.name.as_str()).unwrap_or_default();
        format!("device {short} of {member}")
    };
    let devices = roster.devices.iter().filter(|device| device.is_active() && older(&device.recipient)).map(name);
    let units = roster.units.iter().filter(|unit| unit.recipient.as_ref().is_some_and(older));
    let hubs = roster.hubs.iter().filter(|hub| older(&hub.transport));
    let recovery = roster.recovery.as_ref().filter(|key| older(key)).map(|_| "the recovery key".to_owned());
    let missing: Vec<String> = devices
        .chain(units.map(|unit| format!("unit {}", unit.name)))
        .chain(hubs.map(|hub| format!("hub {}", hub.name)))
        .chain(recovery)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Failure::refused(
        format!("{DOING} — missing, so that nothing is signed: {}", missing.join("; ")),
        format!(
            "Wait for their requests (amanat keys rotate device|unit, amanat-hub request, each with --recipients {}); or leave a device out: \
             amanat roster revoke. A recovery key goes with --recovery-later.",
            TO.word()
        ),
    ))
}
