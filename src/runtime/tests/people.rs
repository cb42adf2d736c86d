//! People move and devices are lost: what each change makes of a roster, that the format accepts it, and that what follows is said.

use amanat_keys::{
    canonical,
    device::DeviceKeys,
    fingerprint::{Digest, JournalId, MemberId, UnitId},
    recipient::ReadIdentity,
    roster::{DeviceState, Role, Roster, UnitKind},
};

use crate::{
    runtime::roster::{
        change::changes,
        edit::{self, Founding, Newcomer},
        moves::{self, Cut},
    },
    words::Tongue,
};

fn newcomer() -> Newcomer {
    let keys = DeviceKeys::generate().unwrap();
    Newcomer { key: keys.verifying_key(), recipient: keys.recipient().clone() }
}

/// Two stations with a supervisor and an officer each.
struct Ground {
    roster: Roster,
    units: [UnitId; 2],
    supervisors: [MemberId; 2],
    officers: [MemberId; 2],
}

fn ground() -> Ground {
    let offered = || ReadIdentity::generate().unwrap().recipient().clone();
    let founding = Founding {
        name: "Agency",
        now: 100,
        admin_member: MemberId::random(),
        root: newcomer().key,
        admin: ("Admin", newcomer()),
        reader: ("Reader", newcomer()),
        hq_recipient: offered(),
    };
    let mut roster = edit::next(&edit::first(founding), 200);
    let units = ["East", "West"].map(|name| edit::add_unit(&mut roster, name, UnitKind::Station).unwrap());
    let mut person = |name: &str, role, unit| {
        edit::add_device(&mut roster, &newcomer(), Err(name), role, unit, Some(&offered())).unwrap();
        roster.members.iter().find(|member| member.name == name).unwrap().id
    };
    let supervisors = [person("Sana", Role::Supervisor, units[0]), person("Bilal", Role::Supervisor, units[1])];
    let officers = [person("Nadia", Role::Officer, units[0]), person("Omar", Role::Officer, units[1])];
    Ground { roster, units, supervisors, officers }
}

/// The next roster after a change: one that the format accepts, with what it says of itself.
#[track_caller]
fn after(ground: &Ground, change: impl FnOnce(&mut Roster)) -> (Roster, String) {
    let mut next = edit::next(&ground.roster, 300);
    change(&mut next);
    assert_eq!(canonical::decode::<Roster>(&canonical::encode(&next)).unwrap(), next);
    let lines: Vec<String> = changes(&ground.roster, &next).iter().map(|line| line.say(Tongue::En)).collect();
    let urdu: Vec<String> = changes(&ground.roster, &next).iter().map(|line| line.say(Tongue::Ur)).collect();
    assert!(urdu.iter().chain(&lines).all(|line| !line.contains('{') && !line.starts_with("change.")), "{urdu:?}");
    (next, lines.join("\n"))
}

fn roles(roster: &Roster, member: MemberId) -> Vec<(Role, UnitId)> {
    roster.member(&member).unwrap().roles.clone()
}

#[test]
fn an_officer_who_is_posted_elsewhere_keeps_their_role_and_nothing_of_the_old_station() {
    let ground = ground();
    let (next, said) = after(&ground, |roster| {
        moves::post(roster, ground.officers[0], None, ground.units[1]).unwrap();
    });
    assert_eq!(roles(&next, ground.officers[0]), [(Role::Officer, ground.units[1])]);
    assert!(said.contains("Nadia becomes officer at West") && said.contains("no longer officer at East"), "{said}");
    assert!(!said.contains("reads"), "an officer reads for neither: {said}");
    let mut again = next;
    moves::post(&mut again, ground.officers[0], None, ground.units[1]).unwrap_err();
}

#[test]
fn a_supervisor_who_is_posted_elsewhere_still_holds_the_old_key_and_the_preview_says_so() {
    let ground = ground();
    let (_, said) = after(&ground, |roster| {
        moves::post(roster, ground.supervisors[0], None, ground.units[1]).unwrap();
    });
    assert!(said.contains("Sana no longer reads for East and still holds its key 1"), "{said}");
    assert!(
        said.contains("then give East a new key") && said.contains("! nobody is left who reads for East"),
        "{said}"
    );
    assert!(said.contains("Sana will read what West keeps, and what it kept before"), "{said}");
}

#[test]
fn a_stand_in_reads_like_the_colleague_on_leave_and_stops_when_it_is_withdrawn() {
    let ground = ground();
    let (mut next, said) = after(&ground, |roster| {
        moves::stand_in(roster, ground.officers[0], ground.supervisors[0]).unwrap();
    });
    assert!(said.contains("Nadia will read what East keeps"), "{said}");
    moves::stand_in(&mut next, ground.officers[0], ground.supervisors[0]).unwrap_err();
    moves::stand_in(&mut next, ground.officers[0], ground.officers[1]).unwrap_err();
    let before = Ground { roster: next, ..ground };
    let (ended, said) = after(&before, |roster| {
        moves::withdraw(roster, before.officers[0], Role::Supervisor, before.units[0]).unwrap();
    });
    assert_eq!(roles(&ended, before.officers[0]), [(Role::Officer, before.units[0])]);
    assert!(said.contains("no longer reads for East") && !said.contains("nobody is left"), "{said}");
}

#[test]
fn a_station_that_is_merged_keeps_its_cases_readable_where_its_people_went() {
    let ground = ground();
    let [east, west] = ground.units;
    let (next, said) = after(&ground, |roster| moves::merge(roster, east, west).unwrap());
    assert_eq!(roles(&next, ground.supervisors[0]), [(Role::Supervisor, west), (Role::Custodian, east)]);
    assert_eq!(roles(&next, ground.supervisors[1]), [(Role::Supervisor, west), (Role::Custodian, east)]);
    assert_eq!(roles(&next, ground.officers[0]), [(Role::Officer, west)]);
    let device = |member| next.devices.iter().find(|device| device.member == member).unwrap().id;
    assert!(next.may_stand_in(&device(ground.supervisors[1]), &east), "and can be stood in for there");
    assert!(said.contains("Bilal will read what East keeps, and what it kept before"), "{said}");
    let hq = next.unit_of_kind(UnitKind::Headquarters).unwrap().id;
    let mut refused = next.clone();
    moves::merge(&mut refused, west, west).unwrap_err();
    moves::merge(&mut refused, hq, west).unwrap_err();
}

#[test]
fn a_station_that_is_split_gets_a_new_unit_with_those_who_go_there() {
    let ground = ground();
    let (next, said) = after(&ground, |roster| {
        moves::split(roster, ground.units[0], "East Two", &[ground.officers[0]]).unwrap();
    });
    let new = next.units.iter().find(|unit| unit.name == "East Two").unwrap();
    assert_eq!((new.kind, new.epoch), (UnitKind::Station, 0), "its first reader brings the key");
    assert_eq!(roles(&next, ground.officers[0]), [(Role::Officer, new.id)]);
    assert!(said.contains("new unit: East Two (station)") && said.contains("! East Two has no key yet"), "{said}");
    moves::split(&mut next.clone(), ground.units[0], "Empty", &[]).unwrap_err();
}

#[test]
fn whoever_leaves_has_no_role_no_device_and_no_root_key() {
    let ground = ground();
    let admin = ground.roster.admins[0].member;
    let mut alone = edit::next(&ground.roster, 300);
    moves::leave(&mut alone, admin, &[], None).unwrap_err();
    let device = ground.roster.devices.iter().find(|device| device.member == ground.supervisors[0]).unwrap().id;
    let cut = Cut { journal: JournalId::random(), seen: 9, until: 9, link: Some(Digest::of(b"link")) };
    let (next, said) = after(&ground, |roster| {
        moves::leave(roster, ground.supervisors[0], &[(device, vec![cut])], None).unwrap();
    });
    assert!(roles(&next, ground.supervisors[0]).is_empty() && !next.device(&device).unwrap().is_active());
    assert!(said.contains("has left: trust in it ends") && said.contains("counts up to entry 9"), "{said}");
    assert!(said.contains("! nobody is left who reads for East"), "{said}");
}

/// What is let in beyond what has been seen stands in the roster itself: two spans that meet there, and a cut-off without a link.
#[test]
fn what_is_let_in_unseen_is_marked_in_the_roster_and_ends_where_it_says() {
    let ground = ground();
    let device = ground.roster.devices.iter().find(|device| device.member == ground.officers[0]).unwrap();
    let (journal, other) = (JournalId::random(), JournalId::random());
    let cut = Cut { journal, seen: 4, until: 7, link: None };
    let (next, said) = after(&ground, |roster| {
        moves::revoke(roster, &device.id, DeviceState::Left, &[cut]).unwrap();
    });
    let row = next.device(&device.id).unwrap();
    assert!([1, 4, 5, 7].iter().all(|seq| row.key_at(&journal, *seq).is_ok()) && row.key_at(&journal, 8).is_err());
    assert!(row.key_at(&other, 1).is_err(), "a journal that nobody knows is refused");
    assert_eq!((row.late_from(&journal), row.late_from(&other)), (Some(5), None));
    assert!(said.contains("entries 5 to 7") && said.contains("re-key"), "{said}");
    // A later roster takes the rest back, or lets more in.
    let before = Ground { roster: next, ..ground };
    let known = Cut { link: Some(Digest::of(b"seen by now")), seen: 9, until: 9, journal };
    let id = before.roster.devices.iter().find(|row| row.member == before.officers[0]).unwrap().id;
    let (later, _) = after(&before, |roster| {
        moves::revoke(roster, &id, DeviceState::Lost, &[known]).unwrap();
    });
    let row = later.device(&id).unwrap();
    assert_eq!(row.late_from(&journal), None);
    assert!(row.key_at(&journal, 9).is_ok() && row.key_at(&journal, 10).is_err(), "what was let in later counts");
}

#[test]
fn a_name_cannot_make_itself_look_like_a_line_of_the_preview() {
    let ground = ground();
    let (_, said) = after(&ground, |roster| {
        edit::add_unit(roster, "East\n  nothing changes but its date", UnitKind::Station).unwrap();
    });
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[test]
fn a_unit_that_one_device_alone_reads_for_is_said_before_it_is_signed_and_a_second_one_ends_it() {
    let ground = ground();
    let east = ground.units[0];
    let mut without = ground;
    without.roster.devices.retain(|device| device.member != without.supervisors[0]);
    let back = |roster: &mut Roster| {
        let offered = newcomer();
        edit::add_device(roster, &offered, Ok(without.supervisors[0]), Role::Supervisor, east, None).unwrap();
    };
    let (first, said) = after(&without, back);
    assert!(said.contains("! Sana alone reads for East") && said.contains("(H1) open for nobody"), "{said}");
    let (second, said) = after(&Ground { roster: first, ..without }, |roster| {
        edit::add_device(roster, &newcomer(), Err("Zoya"), Role::Supervisor, east, None).unwrap();
    });
    assert!(!said.contains("alone reads for East"), "{said}");
    assert_eq!(second.unit_devices(&east).len(), 2);
}

#[test]
fn a_unit_without_a_key_is_said_to_have_none_whenever_somebody_gets_a_role_there_and_not_otherwise() {
    let ground = ground();
    let without = "! North has no key yet";
    let mut before = ground;
    let north = edit::add_unit(&mut before.roster, "North", UnitKind::Station).unwrap();
    let (_, said) = after(&before, |_| {});
    assert!(!said.contains(without), "nobody comes: {said}");
    // Somebody new to the roster; somebody who is posted there; somebody who is there already and gets a second role.
    let officer = |roster: &mut Roster| {
        edit::add_device(roster, &newcomer(), Err("Zoya"), Role::Officer, north, None).unwrap();
    };
    let (with_zoya, said) = after(&before, officer);
    assert!(said.contains(without), "{said}");
    let (_, said) = after(&before, |roster| moves::post(roster, before.officers[0], None, north).unwrap());
    assert!(said.contains(without), "{said}");
    let there = Ground { roster: with_zoya, ..before };
    let (_, said) = after(&there, |_| {});
    assert!(!said.contains(without), "whoever was there was told of before: {said}");
    let zoya = there.roster.members.iter().find(|member| member.name == "Zoya").unwrap().id;
    let (_, said) = after(&there, |roster| {
        let member = roster.members.iter_mut().find(|member| member.id == zoya).unwrap();
        member.roles.push((Role::Supervisor, north));
        member.roles.sort_unstable();
    });
    assert!(said.contains(without), "a second role: {said}");
    // One who goes to a unit that has a key, and one who leaves a unit that has none.
    let (_, said) = after(&there, |roster| moves::post(roster, zoya, None, there.units[0]).unwrap());
    assert!(!said.contains("has no key yet"), "{said}");
}
