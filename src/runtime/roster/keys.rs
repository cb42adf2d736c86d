//! What an admin's command changes in the next roster when a device has made itself new keys: the new ones are listed for one journal that
//! is not begun yet, and later the older ones end where their journals did.

use amanat_keys::{
    fingerprint::{DeviceId, JournalId},
    join::{JoinRequest, Succession},
    roster::{CutOff, Device, Roster, Span},
    verifying_key::VerifyingKey,
};

use crate::failure::Failure;

/// Lists the keys that a device's request names, or ends the older ones where it says that their journals ended. `bytes` are the request
/// as it was signed: by the key in it, and by one that the roster lists.
///
/// # Errors
/// Usage for a device that is not listed as active, whose older key did not sign, or that is listed just so.
pub(super) fn next_device_keys(roster: &mut Roster, request: &JoinRequest, bytes: &[u8]) -> Result<DeviceId, Failure> {
    let refused = |what: &str, hint: &str| Failure::usage(format!("giving a device its next keys — {what}"), hint);
    let succession = request.succession.clone();
    let succession = succession.ok_or_else(|| refused("the request is about no device", "Ask for another."))?;
    let agency = roster.agency_id();
    let device = roster.devices.iter_mut().find(|device| device.id == succession.device && device.is_active());
    let device = device.ok_or_else(|| {
        refused(
            "the roster does not list it as active",
            "A device that was revoked is enrolled anew: amanat device init.",
        )
    })?;
    let vouches = |key: &VerifyingKey| *key != request.signing_key && JoinRequest::is_signed_by(bytes, &agency, key);
    if !device.open_keys().any(|key| vouches(&key)) {
        return Err(refused(
            "no key that the roster lists for it has signed the request",
            "Let it be made on that very device: amanat keys rotate device.",
        ));
    }
    let speaks = device.spans.iter().any(|span| span.key == request.signing_key);
    match (speaks, succession.ends.is_empty()) {
        (false, true) => list(device, request, succession.journal),
        (true, false) => end(device, request.signing_key, &succession)?,
        (true, true) => {
            return Err(refused("the roster lists these keys already", "Sync at the device, then run it there again."));
        }
        (false, false) => {
            return Err(refused(
                "the roster does not list these keys yet",
                "Approve the device's first request, or ask for it again.",
            ));
        }
    }
    device.spans.sort_by_key(|span| (span.key, span.journal.unwrap_or(JournalId::ZERO), span.from));
    Ok(device.id)
}

/// The new key speaks in its own journal, the old one in all others; what is sealed from now on is sealed to the new recipient.
fn list(device: &mut Device, request: &JoinRequest, journal: JournalId) {
    device.spans.push(Span { key: request.signing_key, journal: Some(journal), from: 1, until: None });
    device.recipient = request.recipient.clone();
}

/// Each journal that ended keeps the key that wrote it, up to its end; every other one is the new key's.
fn end(device: &mut Device, key: VerifyingKey, succession: &Succession) -> Result<(), Failure> {
    for CutOff { journal, seq, .. } in &succession.ends {
        let spans = || device.spans.iter().filter(|span| span.journal == Some(*journal));
        if spans().any(|span| span.until.is_some()) {
            continue;
        }
        let wrote = device.key_at(journal, *seq).ok().filter(|wrote| *wrote != key);
        let wrote = wrote.ok_or_else(|| {
            Failure::usage(
                "ending a device's older key — it did not write one of the journals that are said to end",
                "Ask for another request.",
            )
        })?;
        device.spans.retain(|span| span.journal != Some(*journal));
        device.spans.push(Span { key: wrote, journal: Some(*journal), from: 1, until: Some(*seq) });
    }
    device.spans.retain(|span| span.journal.is_some() && span.key != key);
    device.spans.push(Span { key, journal: None, from: 1, until: None });
    Ok(())
}
