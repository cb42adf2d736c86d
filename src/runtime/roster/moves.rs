//! What happens to people and devices after they were enrolled: admins come and go, officers are posted elsewhere, stations are split
//! and merged, a device is lost. Each is a change in a copy of the adopted roster, like those of [`super::edit`].
//!
//! Pure: what follows from a change is said by [`super::change`], whether it may be adopted by `keys::trust`.

use amanat_keys::{
    fingerprint::{DeviceId, Digest, JournalId, MemberId, UnitId},
    join::{JoinKind, JoinRequest},
    roster::{Admin, CutOff, Device, DeviceState, Role, Roster, Span, UnitKind},
    verifying_key::VerifyingKey,
};

use super::edit::{add_unit, sort};
use crate::failure::Failure;

/// Where trust in one journal of a device ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The journal.
    pub journal: JournalId,
    /// Its last entry that has been seen.
    pub seen: u64,
    /// The last entry that is taken.
    pub until: u64,
    /// The link there; none beyond what has been seen, where nobody knows it.
    pub link: Option<Digest>,
}

/// Lists a root key as an admin's, by the request that it signed.
///
/// # Errors
/// Usage for a request that is no root key's, of a device that is not listed, or of somebody who is an admin already.
pub fn add_admin(roster: &mut Roster, request: &JoinRequest, threshold: Option<u64>) -> Result<MemberId, Failure> {
    let doing = "adding an admin";
    if request.kind != JoinKind::Root {
        return Err(Failure::usage(
            format!("{doing} — the request is not a root key's"),
            "The new admin writes one on their own device, once it has joined: amanat keys root --out FILE",
        ));
    }
    let device = roster.devices.iter().find(|device| device.is_active() && device.recipient == request.recipient);
    let Some(member) = device.map(|device| device.member) else {
        return Err(Failure::refused(
            format!("{doing} — the roster lists no device with the key that the request names"),
            "Enrol the new admin's device first: amanat roster approve FILE --role admin",
        ));
    };
    if roster.admins.iter().any(|admin| admin.member == member) {
        return Err(Failure::usage(
            format!("{doing} — they are one already"),
            "A root key is changed by its owner: amanat keys rotate root",
        ));
    }
    roster.admins.push(Admin { member, root_key: request.signing_key });
    sort(roster);
    set_threshold(roster, threshold)?;
    Ok(member)
}

/// Takes an admin off.
///
/// # Errors
/// Usage for somebody who is none, and when fewer admins would be left than must sign.
pub fn remove_admin(roster: &mut Roster, member: MemberId, threshold: Option<u64>) -> Result<(), Failure> {
    let before = roster.admins.len();
    roster.admins.retain(|admin| admin.member != member);
    if roster.admins.len() == before {
        return Err(Failure::usage("taking an admin off — they are none", "See: amanat roster show"));
    }
    set_threshold(roster, threshold)
}

/// How many admins must sign.
///
/// # Errors
/// Usage for none, or more than there are.
pub fn set_threshold(roster: &mut Roster, threshold: Option<u64>) -> Result<(), Failure> {
    roster.threshold = threshold.unwrap_or(roster.threshold);
    if roster.threshold == 0 || roster.needed() > roster.admins.len() {
        return Err(Failure::usage(
            format!("setting how many admins must sign — {} of {} is none", roster.threshold, roster.admins.len()),
            "Give --threshold N, from 1 to the number of admins.",
        ));
    }
    Ok(())
}

/// Puts another root key in the place of an admin's.
///
/// # Errors
/// Usage for somebody who is no admin.
pub fn change_root(roster: &mut Roster, member: MemberId, key: VerifyingKey) -> Result<(), Failure> {
    let row = roster.admins.iter_mut().find(|admin| admin.member == member);
    let row = row.ok_or_else(|| {
        Failure::usage("changing a root key — the roster lists none of this admin", "See: amanat roster show")
    })?;
    row.root_key = key;
    Ok(())
}

/// Ends the trust in a device at these places; every other journal of it is refused. A device that is no longer trusted gets other cut-offs.
///
/// # Errors
/// Usage for a device that is not listed; refused for a place where no key of the device stands.
pub fn revoke(roster: &mut Roster, id: &DeviceId, state: DeviceState, cuts: &[Cut]) -> Result<(), Failure> {
    let device = roster.devices.iter_mut().find(|device| device.id == *id);
    let device = device.ok_or_else(|| Failure::usage("revoking a device — the roster does not list it", ""))?;
    // Its keys are asked for as if it were trusted: how far is what is being decided.
    device.state = DeviceState::Active;
    for cut in cuts.iter().filter(|cut| cut.until > 0) {
        // A journal with spans of its own ends where an earlier revocation said: a later one may let more of it in (FORMATS section 5).
        let own = device.spans.iter().filter(|span| span.journal == Some(cut.journal)).max_by_key(|span| span.from);
        let key = match own.map(|span| span.key) {
            None if cut.link.is_some() => continue,
            Some(key) => key,
            None => device.key_at(&cut.journal, cut.until).map_err(|_nothing| {
                Failure::refused("revoking a device — no key of it stands at that place of its journal", "")
            })?,
        };
        if cut.link.is_none() {
            let_in(device, key, cut);
        } else {
            device.spans.retain(|span| span.journal != Some(cut.journal));
            device.spans.push(Span { key, journal: Some(cut.journal), from: 1, until: Some(cut.until) });
        }
    }
    device.state = state;
    let row = |cut: &Cut| CutOff { journal: cut.journal, seq: cut.until, link: cut.link.unwrap_or(Digest::ZERO) };
    device.cut_offs = cuts.iter().filter(|cut| cut.until > 0).map(row).collect();
    device.cut_offs.sort_by_key(|cut| cut.journal);
    device.spans.sort_by_key(|span| (span.key, span.journal.unwrap_or(JournalId::ZERO), span.from));
    Ok(())
}

/// Two spans of one key meet behind the last entry that was seen: so the roster itself says which entries came after.
fn let_in(device: &mut Device, key: VerifyingKey, cut: &Cut) {
    let journal = Some(cut.journal);
    device.spans.retain(|span| span.journal != journal);
    let span = |from, until| Span { key, journal, from, until: Some(until) };
    device.spans.extend((cut.seen > 0).then(|| span(1, cut.seen)));
    device.spans.push(span(cut.seen.saturating_add(1), cut.until));
}

/// Gives a member a role in a unit.
///
/// # Errors
/// Usage when they hold it already.
pub fn grant(roster: &mut Roster, member: MemberId, role: Role, unit: UnitId) -> Result<(), Failure> {
    let row = roster.members.iter_mut().find(|row| row.id == member);
    let row = row
        .filter(|row| !row.roles.contains(&(role, unit)))
        .ok_or_else(|| Failure::usage(format!("giving the role {} — they hold it there already", role.word()), ""))?;
    row.roles.push((role, unit));
    sort(roster);
    Ok(())
}

/// Takes a role in a unit from a member.
///
/// # Errors
/// Usage when they do not hold it.
pub fn withdraw(roster: &mut Roster, member: MemberId, role: Role, unit: UnitId) -> Result<(), Failure> {
    let row = roster.members.iter_mut().find(|row| row.id == member);
    let row = row
        .filter(|row| row.roles.contains(&(role, unit)))
        .ok_or_else(|| Failure::usage(format!("taking the role {} — they do not hold it there", role.word()), ""))?;
    row.roles.retain(|held| *held != (role, unit));
    Ok(())
}

/// Posts a member to another unit with the roles that they have at the old one.
///
/// # Errors
/// Usage when it is not clear where from, or they hold nothing there.
pub fn post(roster: &mut Roster, member: MemberId, from: Option<UnitId>, to: UnitId) -> Result<(), Failure> {
    let doing = "posting to another unit";
    let row = roster.members.iter_mut().find(|row| row.id == member);
    let row = row.ok_or_else(|| Failure::usage(format!("{doing} — there is no such member"), ""))?;
    let mut units: Vec<UnitId> = row.roles.iter().map(|(_, unit)| *unit).filter(|unit| *unit != to).collect();
    units.sort_unstable();
    units.dedup();
    let from = match (from, units.as_slice()) {
        (Some(from), units) if units.contains(&from) => from,
        (None, [only]) => *only,
        (Some(_), _) | (None, []) => {
            return Err(Failure::usage(
                format!("{doing} — they hold no role at another one"),
                "See: amanat roster show",
            ));
        }
        (None, _) => {
            return Err(Failure::usage(format!("{doing} — they hold roles at several"), "Say which with --from UNIT."));
        }
    };
    for (_, unit) in row.roles.iter_mut().filter(|(_, unit)| *unit == from) {
        *unit = to;
    }
    row.roles.sort_unstable();
    row.roles.dedup();
    Ok(())
}

/// Lets a member stand in for another: gives them the roles by which the other reads.
///
/// # Errors
/// Usage when the other reads nowhere, or the member does so already.
pub fn stand_in(roster: &mut Roster, member: MemberId, other: MemberId) -> Result<(), Failure> {
    let doing = "standing in for a colleague";
    let theirs = roster.member(&other).map(|other| other.roles.clone()).unwrap_or_default();
    let theirs: Vec<_> = theirs.into_iter().filter(|(role, _)| reads(*role)).collect();
    let mut given = false;
    for (role, unit) in &theirs {
        given |= grant(roster, member, *role, *unit).is_ok();
    }
    if given {
        return Ok(());
    }
    Err(Failure::usage(
        format!("{doing} — there is no role of theirs that the other does not hold already"),
        "Name a supervisor, reader or custodian with --for.",
    ))
}

/// Splits a unit: a new one of the same kind, and these members posted there.
///
/// # Errors
/// As [`add_unit`] and [`post`]; usage for nobody.
pub fn split(roster: &mut Roster, unit: UnitId, name: &str, members: &[MemberId]) -> Result<UnitId, Failure> {
    if members.is_empty() {
        return Err(Failure::usage("splitting a unit — nobody goes to the new one", "Name people with --member NAME."));
    }
    let kind = roster.unit(&unit).map_or(UnitKind::Station, |unit| unit.kind);
    let new = add_unit(roster, name, kind)?;
    members.iter().try_for_each(|member| post(roster, *member, Some(unit), new))?;
    Ok(new)
}

/// Merges a unit into another: its people are posted there, and whoever reads for the other reads and stands in for what the old one kept.
///
/// # Errors
/// Usage for one unit with itself, and for headquarters.
pub fn merge(roster: &mut Roster, old: UnitId, into: UnitId) -> Result<(), Failure> {
    let hq = roster.unit_of_kind(UnitKind::Headquarters).map(|unit| unit.id);
    if old == into || Some(old) == hq {
        return Err(Failure::usage("merging units — it cannot be merged into that", "Name two stations."));
    }
    for member in &mut roster.members {
        // Custodian and not supervisor: their own new cases belong to one unit, and that is the new one.
        let read_old = member.roles.iter().any(|(role, unit)| *unit == old && reads(*role));
        for (role, unit) in &mut member.roles {
            if *unit == old && *role != Role::Custodian {
                *unit = into;
            }
        }
        let reads_new = member.roles.iter().any(|(role, unit)| *unit == into && reads(*role));
        if read_old || reads_new {
            member.roles.push((Role::Custodian, old));
        }
        member.roles.sort_unstable();
        member.roles.dedup();
    }
    Ok(())
}

const fn reads(role: Role) -> bool {
    matches!(role, Role::Supervisor | Role::Reader | Role::Custodian)
}

/// A member leaves: no role, no device, no root key.
///
/// # Errors
/// As [`remove_admin`] and [`revoke`].
pub fn leave(
    roster: &mut Roster,
    member: MemberId,
    cuts: &[(DeviceId, Vec<Cut>)],
    threshold: Option<u64>,
) -> Result<(), Failure> {
    if roster.admins.iter().any(|admin| admin.member == member) {
        remove_admin(roster, member, threshold)?;
    }
    for (device, cuts) in cuts {
        revoke(roster, device, DeviceState::Left, cuts)?;
    }
    if let Some(row) = roster.members.iter_mut().find(|row| row.id == member) {
        row.roles.clear();
    }
    Ok(())
}

/// A device by the beginning of its id, or by the name of a member who has one.
///
/// # Errors
/// Usage when there is none, or several.
pub fn find_device(roster: &Roster, asked: &str) -> Result<DeviceId, Failure> {
    let named = |device: &&Device| roster.member(&device.member).is_some_and(|member| member.name == asked);
    let hex = asked.len() >= 4 && asked.bytes().all(|byte| byte.is_ascii_hexdigit());
    let begins = |device: &&Device| hex && device.id.to_string().starts_with(&asked.to_ascii_lowercase());
    let mut found: Vec<&Device> = roster.devices.iter().filter(|device| begins(device) || named(device)).collect();
    if found.len() > 1 {
        found.retain(|device| device.is_active());
    }
    match found.as_slice() {
        [device] => Ok(device.id),
        [] => Err(Failure::usage(
            "looking for the device — none begins so, and nobody of this name has one",
            "Take the id from: amanat roster show --json",
        )),
        _ => Err(Failure::usage("looking for the device — there are several", "Give more of the id.")),
    }
}
