//! The next roster: what an admin's command changes in a copy of the adopted one, before it is signed.
//!
//! Pure: time and chance are arguments. Whether the result may be adopted is decided by `keys::trust`, as for anybody's.

use amanat_keys::{
    fingerprint::{AgencyId, DeviceId, Digest, MemberId, UnitId},
    join::JoinRequest,
    recipient::Recipient,
    release::ProgramVersion,
    roster::{Admin, Device, DeviceState, Hub, Member, Role, Roster, Span, Unit, UnitKind},
    trust::FORMAT_VERSION,
    verifying_key::VerifyingKey,
};
use amanat_sync::http::{check_address, needs_tls_key};

use crate::failure::Failure;

/// How long a roster is current, in seconds: a year. Past it devices show amber and go on keeping.
const LIFE: u64 = 365 * 24 * 3600;

/// What a new agency begins with.
#[derive(Debug)]
pub struct Founding<'a> {
    /// Its name.
    pub name: &'a str,
    /// Unix seconds.
    pub now: u64,
    /// The first admin, whose the root key is.
    pub admin_member: MemberId,
    /// The first root key.
    pub root: VerifyingKey,
    /// The admin's name and device.
    pub admin: (&'a str, Newcomer),
    /// The first HQ reader's name and device, and the recipient that its device offers as headquarters' key.
    pub reader: (&'a str, Newcomer),
    /// What headquarters' cases are sealed to.
    pub hq_recipient: Recipient,
}

/// A device that is to be listed.
#[derive(Clone, Debug)]
pub struct Newcomer {
    /// Its signing key, from which its id follows.
    pub key: VerifyingKey,
    /// What is sealed to it.
    pub recipient: Recipient,
}

/// Roster 1: one admin, headquarters, its first reader (who may also stand in), no hub.
pub fn first(founding: Founding<'_>) -> Roster {
    let hq = UnitId::random();
    let (admin_id, reader_id) = (founding.admin_member, MemberId::random());
    let kind = founding.hq_recipient.kind();
    let (admin_name, admin) = founding.admin;
    let (reader_name, reader) = founding.reader;
    let mut roster = Roster {
        agency: AgencyId::from_bytes([0; 32]),
        name: founding.name.to_owned(),
        version: 1,
        previous: Digest::from_bytes([0; 32]),
        issued: founding.now,
        expires: founding.now.saturating_add(LIFE),
        threshold: 1,
        admins: vec![Admin { member: admin_id, root_key: founding.root }],
        units: vec![Unit {
            id: hq,
            kind: UnitKind::Headquarters,
            name: "HQ".to_owned(),
            recipient: Some(founding.hq_recipient),
            epoch: 1,
            retired: Vec::new(),
        }],
        members: vec![
            Member { id: admin_id, name: admin_name.to_owned(), roles: vec![(Role::Admin, hq)] },
            Member {
                id: reader_id,
                name: reader_name.to_owned(),
                roles: vec![(Role::Reader, hq), (Role::Custodian, hq)],
            },
        ],
        devices: vec![device(admin_id, &admin), device(reader_id, &reader)],
        hubs: Vec::new(),
        peers: Vec::new(),
        recovery: None,
        kind,
        // No device and no hub of it is older than this program.
        minimum_version: FORMAT_VERSION,
        policies: Vec::new(),
    };
    sort(&mut roster);
    roster
}

/// Puts a further admin with their device on roster 1.
pub fn add_founder(roster: &mut Roster, member: MemberId, name: &str, root_key: VerifyingKey, newcomer: &Newcomer) {
    let hq = roster.unit_of_kind(UnitKind::Headquarters).map(|unit| unit.id);
    let roles = hq.into_iter().map(|hq| (Role::Admin, hq)).collect();
    roster.members.push(Member { id: member, name: name.to_owned(), roles });
    roster.admins.push(Admin { member, root_key });
    roster.devices.push(device(member, newcomer));
    sort(roster);
}

/// A copy of the adopted roster that follows it and changes nothing else yet.
pub fn next(adopted: &Roster, now: u64) -> Roster {
    Roster {
        agency: adopted.agency_id(),
        version: adopted.version.saturating_add(1),
        previous: adopted.hash(),
        issued: now.max(adopted.issued),
        expires: now.max(adopted.issued).saturating_add(LIFE),
        ..adopted.clone()
    }
}

/// Refuses a request that names a recipient of another kind than the roster's: all of them are of one, and move together.
///
/// # Errors
/// Refused, with both kinds.
pub fn same_kind(roster: &Roster, request: &JoinRequest) -> Result<(), Failure> {
    let other = [Some(&request.recipient), request.offered_unit.as_ref()].into_iter().flatten();
    let Some(other) = other.map(Recipient::kind).find(|kind| *kind != roster.kind) else { return Ok(()) };
    let here = roster.kind.word();
    Err(Failure::refused(
        format!(
            "reading the request of {} — it names a recipient of the kind {}, and this agency seals to {here}",
            request.name,
            other.word()
        ),
        format!(
            "Recipients of two kinds never stand together. Make it anew with --recipients {here}; a whole agency moves with: amanat keys raise."
        ),
    ))
}

/// Lists a device: for a member of that id, or for a new member of that name. If it is the first reader of a unit without a key,
/// what it offers becomes the unit's key.
///
/// # Errors
/// Usage when the device, or its key, is listed already.
pub fn add_device(
    roster: &mut Roster,
    newcomer: &Newcomer,
    member: Result<MemberId, &str>,
    role: Role,
    unit: UnitId,
    offered: Option<&Recipient>,
) -> Result<DeviceId, Failure> {
    let id = newcomer.key.device_id();
    if roster.device(&id).is_some() {
        return Err(Failure::usage(
            format!("enrolling device {} — the roster lists it already", short(&id)),
            "Write its join pack with: amanat roster publish --out FILE",
        ));
    }
    let member = match member {
        Ok(known) => known,
        Err(name) => {
            let member = MemberId::random();
            roster.members.push(Member { id: member, name: name.to_owned(), roles: Vec::new() });
            member
        }
    };
    if let Some(member) = roster.members.iter_mut().find(|held| held.id == member)
        && !member.roles.contains(&(role, unit))
    {
        member.roles.push((role, unit));
    }
    let listed = device(member, newcomer);
    roster.devices.push(listed.clone());
    sort(roster);
    if roster.reads_for(&listed, &unit)
        && let Some((unit, offered)) = roster.units.iter_mut().find(|held| held.id == unit).zip(offered)
        && unit.recipient.is_none()
    {
        unit.recipient = Some(offered.clone());
        unit.epoch = 1;
    }
    Ok(id)
}

/// Whether a device is listed as active with the keys of its request, for this member or the one that the request names, who holds this
/// role in this unit.
pub fn lists_device(roster: &Roster, request: &JoinRequest, member: Option<&str>, post: (Role, UnitId)) -> bool {
    let device = roster.device(&request.device_id()).filter(|device| device.is_active());
    let Some(device) = device.filter(|device| device.recipient == request.recipient) else { return false };
    let theirs = |member: &Member| member.id == device.member && member.roles.contains(&post);
    match member {
        Some(asked) => find_member(roster, asked).is_ok_and(|asked| roster.member(&asked).is_some_and(theirs)),
        None => roster.member(&device.member).is_some_and(|member| member.name == request.name && theirs(member)),
    }
}

/// Whether a hub is listed just as its request asks, and at this address where one is given.
pub fn lists_hub(roster: &Roster, request: &JoinRequest, url: Option<&str>) -> bool {
    roster.hubs.iter().any(|hub| {
        let keys = (hub.receipt_key, &hub.transport, &hub.tls_keys)
            == (request.signing_key, &request.recipient, &request.tls_keys);
        keys && hub.name == request.name && url.is_none_or(|url| hub.url == url)
    })
}

/// Adds a unit without a key; its first reader brings one.
///
/// # Errors
/// Usage when a unit of this name is listed, or a second headquarters is asked for.
pub fn add_unit(roster: &mut Roster, name: &str, kind: UnitKind) -> Result<UnitId, Failure> {
    let doing = format!("adding the unit {name}");
    if roster.units.iter().any(|unit| unit.name == name) {
        return Err(Failure::usage(format!("{doing} — there is one of this name"), "Give it another name."));
    }
    if kind == UnitKind::Headquarters {
        return Err(Failure::usage(format!("{doing} — an agency has one headquarters"), "Use --kind station."));
    }
    let id = UnitId::random();
    let name = name.to_owned();
    roster.units.push(Unit { id, kind, name, recipient: None, epoch: 0, retired: Vec::new() });
    sort(roster);
    Ok(id)
}

/// Sets a policy, or takes it away.
///
/// # Errors
/// Usage for a policy or value that this version does not keep.
pub fn set_policy(roster: &mut Roster, name: &str, value: Option<&str>) -> Result<(), Failure> {
    if name == "least-format" {
        return raise_format(roster, value);
    }
    let days = |value: &str| value.parse::<u64>().is_ok_and(|days| (1..=36_500).contains(&days));
    let known = match (name, value) {
        ("retention-days", Some(value)) => days(value) && !value.starts_with(['0', '+']),
        ("write-only", Some(value)) => matches!(value, "yes" | "no"),
        ("readers", Some(value)) => matches!(value, "all" | "supervisors"),
        ("least-program", Some(value)) => ProgramVersion::read(value).is_some(),
        ("retention-days" | "readers" | "write-only" | "least-program", None) => true,
        _ => false,
    };
    if !known {
        return Err(Failure::usage(
            format!("setting the policy {name} — this version does not keep it so"),
            "Policies: retention-days NUMBER|none; readers all|supervisors; write-only yes|no; least-program N.N.N|none; least-format N.",
        ));
    }
    roster.policies.retain(|(held, _)| held != name);
    roster.policies.extend(value.map(|value| (name.to_owned(), value.to_owned())));
    roster.policies.sort();
    Ok(())
}

/// What devices and hubs of this roster must know: it rises only, and no further than this program.
fn raise_format(roster: &mut Roster, value: Option<&str>) -> Result<(), Failure> {
    let wanted = value.and_then(|value| value.parse().ok());
    let wanted = wanted.filter(|wanted| (roster.minimum_version..=FORMAT_VERSION).contains(wanted));
    roster.minimum_version = wanted.ok_or_else(|| {
        Failure::usage(
            "setting the policy least-format — this version does not keep it so",
            format!("It stands at {} and may rise to {FORMAT_VERSION}; it never falls.", roster.minimum_version),
        )
    })?;
    Ok(())
}

/// Lists a hub as it asks to be listed; one that is listed gets its new TLS keys, and another address where one is given.
///
/// # Errors
/// Usage for an address that no device would call, when nothing changes, and for a listed hub that asks with another recipient.
pub fn list_hub(roster: &mut Roster, request: &JoinRequest, url: Option<&str>) -> Result<DeviceId, Failure> {
    // A hub keeps the id that it was enrolled with; its request names the key in use.
    let known = roster.hubs.iter().find(|hub| hub.receipt_key == request.signing_key);
    let id = known.map_or_else(|| request.device_id(), |hub| hub.id);
    let doing = format!("enrolling hub {}", short(&id));
    let listed = roster.hubs.iter().position(|hub| hub.id == id);
    let held = listed.and_then(|at| roster.hubs.get(at));
    // An address that an admin gave once stays until an admin gives another.
    let url = url.or(held.map(|hub| hub.url.as_str())).unwrap_or(&request.url).to_owned();
    // What stands in a roster is what every device calls; none would send a byte to another address.
    check_address(&url).map_err(|refusal| {
        Failure::usage(format!("{doing} — {refusal}"), "Give the address with --url https://HOST:PORT.")
    })?;
    if needs_tls_key(&url) && request.tls_keys.is_empty() {
        return Err(Failure::usage(
            format!("{doing} — its request names no TLS key, and {url} is called by TLS"),
            "Let the keeper write it again: amanat-hub request.",
        ));
    }
    let row = Hub {
        id,
        name: request.name.clone(),
        url,
        receipt_key: request.signing_key,
        transport: request.recipient.clone(),
        tls_keys: request.tls_keys.clone(),
        first_checkpoint: held.map_or(1, |hub| hub.first_checkpoint),
        last_checkpoint: held.and_then(|hub| hub.last_checkpoint),
        retired: held.map(|hub| hub.retired.clone()).unwrap_or_default(),
    };
    match listed.and_then(|at| roster.hubs.get_mut(at)) {
        None => roster.hubs.push(row),
        Some(held) if *held == row => {
            return Err(Failure::usage(format!("{doing} — the roster lists it already, just so"), ""));
        }
        Some(held) if (held.receipt_key, &held.transport) != (row.receipt_key, &row.transport) => {
            return Err(Failure::usage(
                format!("{doing} — the roster lists it with other keys than TLS's"),
                "Only TLS keys and the address change this way.",
            ));
        }
        Some(held) => *held = row,
    }
    sort(roster);
    Ok(id)
}

/// A unit by its full id or its name; headquarters when nothing is named.
///
/// # Errors
/// Usage, naming the units there are.
pub fn find_unit<'a>(roster: &'a Roster, asked: Option<&str>) -> Result<&'a Unit, Failure> {
    let found = match asked {
        None => roster.unit_of_kind(UnitKind::Headquarters),
        Some(text) => roster.units.iter().find(|unit| unit.name == text || unit.id.to_string() == text),
    };
    found.ok_or_else(|| {
        let names: Vec<&str> = roster.units.iter().map(|unit| unit.name.as_str()).collect();
        Failure::usage(
            format!("looking for the unit {} — the roster has none of this name", asked.unwrap_or("HQ")),
            format!("Units: {}. Add one with: amanat roster unit-add NAME", names.join(", ")),
        )
    })
}

/// A member by full id or name.
///
/// # Errors
/// Usage when there is none, or more than one of the name.
pub fn find_member(roster: &Roster, asked: &str) -> Result<MemberId, Failure> {
    let mut found = roster.members.iter().filter(|member| member.name == asked || member.id.to_string() == asked);
    match (found.next(), found.next()) {
        (Some(member), None) => Ok(member.id),
        (None, _) => Err(Failure::usage(
            "looking for the member — the roster has none of this name or id",
            "Leave --member out to enrol a new person.",
        )),
        (Some(_), Some(_)) => Err(Failure::usage(
            "looking for the member — more than one has this name",
            "Give the id that `amanat roster show` prints.",
        )),
    }
}

fn device(member: MemberId, newcomer: &Newcomer) -> Device {
    Device {
        id: newcomer.key.device_id(),
        member,
        spans: vec![Span { key: newcomer.key, journal: None, from: 1, until: None }],
        recipient: newcomer.recipient.clone(),
        state: DeviceState::Active,
        cut_offs: Vec::new(),
    }
}

/// The order that the format demands.
pub(in crate::runtime) fn sort(roster: &mut Roster) {
    roster.admins.sort_by_key(|admin| admin.member);
    roster.units.sort_by_key(|unit| unit.id);
    roster.members.sort_by_key(|member| member.id);
    roster.members.iter_mut().for_each(|member| member.roles.sort_unstable());
    roster.devices.sort_by_key(|device| device.id);
    roster.hubs.sort_by_key(|hub| hub.id);
}

fn short(id: &DeviceId) -> String {
    id.to_string().chars().take(8).collect()
}

#[cfg(test)]
mod tests {
    use amanat_keys::{canonical, device::DeviceKeys, recipient::ReadIdentity, tls_key::TlsKeys};

    use super::*;

    fn newcomer() -> Newcomer {
        let keys = DeviceKeys::generate().unwrap();
        Newcomer { key: keys.verifying_key(), recipient: keys.recipient().clone() }
    }

    /// A hub that shows these TLS keys.
    fn hub_request(hub: &Newcomer, keys: &[u8]) -> JoinRequest {
        let recipient = hub.recipient.clone();
        let mut request = JoinRequest::for_hub(AgencyId::ZERO, "hub", hub.key, recipient, "https://hub.example");
        let key = |fill: &u8| [&[0x30, 42][..], &[*fill; 42]].concat();
        request.tls_keys = TlsKeys::new(keys.iter().map(key).collect()).unwrap();
        request
    }

    #[test]
    fn a_listed_hub_changes_its_tls_keys_by_two_rosters_and_nothing_else() {
        let mut roster = next(&founded(), 200);
        let hub = newcomer();
        let id = list_hub(&mut roster, &hub_request(&hub, &[1]), Some("https://10.0.0.1:7070")).unwrap();
        let row = |roster: &Roster| roster.hub(&id).unwrap().clone();
        for keys in [&[1, 2][..], &[2]] {
            let request = hub_request(&hub, keys);
            list_hub(&mut roster, &request, None).unwrap();
            let hub = row(&roster);
            assert_eq!((&hub.tls_keys, hub.url.as_str()), (&request.tls_keys, "https://10.0.0.1:7070"));
            assert!(list_hub(&mut roster, &request, None).is_err(), "nothing changes");
        }
        assert_eq!(roster.hubs.len(), 1);
        let other = Newcomer { key: hub.key, recipient: recipient() };
        assert!(list_hub(&mut roster, &hub_request(&other, &[3]), None).is_err(), "another recipient");
        assert!(list_hub(&mut roster, &hub_request(&hub, &[]), None).is_err(), "https without a key");
        assert!(
            list_hub(&mut roster, &hub_request(&hub, &[3]), Some("http://10.0.0.1:7070")).is_err(),
            "plain, and far away"
        );
        assert_eq!(row(&roster).tls_keys, hub_request(&hub, &[2]).tls_keys);
    }

    fn recipient() -> Recipient {
        ReadIdentity::generate().unwrap().recipient().clone()
    }

    fn founded() -> Roster {
        first(Founding {
            name: "Agency",
            now: 100,
            admin_member: MemberId::random(),
            root: newcomer().key,
            admin: ("A", newcomer()),
            reader: ("R", newcomer()),
            hq_recipient: recipient(),
        })
    }

    #[test]
    fn every_change_gives_a_roster_that_the_format_accepts() {
        let mut roster = founded();
        let read = |roster: &Roster| canonical::decode::<Roster>(&canonical::encode(roster));
        assert_eq!(read(&roster).unwrap(), roster);
        roster = next(&roster, 50);
        assert_eq!((roster.version, roster.issued), (2, 100), "a clock set back does not date a roster back");
        let unit = add_unit(&mut roster, "PS Layyah", UnitKind::Station).unwrap();
        add_device(&mut roster, &newcomer(), Err("Officer"), Role::Officer, unit, Some(&recipient())).unwrap();
        list_hub(&mut roster, &hub_request(&newcomer(), &[1]), None).unwrap();
        assert_eq!(read(&roster).unwrap(), roster);
    }

    #[test]
    fn a_station_gets_its_key_from_its_first_reader_and_from_no_officer_or_later_reader() {
        let mut roster = next(&founded(), 200);
        let unit = add_unit(&mut roster, "PS Layyah", UnitKind::Station).unwrap();
        let key = |roster: &Roster| roster.unit(&unit).unwrap().recipient.clone();
        add_device(&mut roster, &newcomer(), Err("O"), Role::Officer, unit, Some(&recipient())).unwrap();
        assert_eq!(key(&roster), None);
        let offered = recipient();
        add_device(&mut roster, &newcomer(), Err("S"), Role::Supervisor, unit, Some(&offered)).unwrap();
        assert_eq!(key(&roster).as_ref(), Some(&offered));
        add_device(&mut roster, &newcomer(), Err("T"), Role::Supervisor, unit, Some(&recipient())).unwrap();
        assert_eq!(key(&roster), Some(offered));
    }

    #[test]
    fn what_is_listed_is_not_listed_twice() {
        let mut roster = next(&founded(), 200);
        let unit = find_unit(&roster, None).unwrap().id;
        let new = newcomer();
        add_device(&mut roster, &new, Err("O"), Role::Officer, unit, None).unwrap();
        assert!(add_device(&mut roster, &new, Err("O"), Role::Officer, unit, None).is_err());
        assert!(add_unit(&mut roster, "HQ", UnitKind::Station).is_err());
        assert!(find_unit(&roster, Some("PS Nowhere")).unwrap_err().hint.contains("HQ"));
    }
}
