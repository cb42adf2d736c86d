//! To whom a case can be given: members of the units that read it, as the roster shows them, and who of them reads it today.

use std::collections::{BTreeMap, BTreeSet};

use super::msg::{RosterMember, RosterPage};
use crate::model::{CaseId, Casebook, DeviceId, Handed, MemberId, UnitId};

/// Roles of those who look after keys and figures and have no cases.
const CASELESS: [&str; 3] = ["admin", "auditor", "analyst"];

/// Somebody to whom a case can be given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Who.
    pub member: MemberId,
    /// Name and unit; nobody else is called the same.
    pub called: String,
    /// Their devices that are in use.
    pub devices: Vec<DeviceId>,
    /// Whether one of these devices reads the case today.
    pub reads: bool,
    /// Whether one of them could be given the case to read.
    pub opens: bool,
}

/// Whom the name that was chosen means.
pub fn by_name(people: &[Person]) -> BTreeMap<Box<str>, MemberId> {
    people.iter().map(|person| (person.called.as_str().into(), person.member)).collect()
}

/// The units that read a case: the one that has it, those that were let in, and headquarters where the sharing level says so.
pub fn units_of(
    page: &RosterPage,
    book: &Casebook,
    case: &CaseId,
    handed: &Handed,
    own: Option<UnitId>,
) -> BTreeSet<UnitId> {
    let opening = book.case(case).and_then(|file| book.opening(file));
    let level = opening.and_then(|opening| book.answers(&opening.id, false).choice("handling_code").cloned());
    let mut units: BTreeSet<UnitId> = handed.units.iter().copied().chain(handed.owner).chain(own).collect();
    if handed.owner.is_none() {
        let by = opening.and_then(|opening| page.devices.iter().find(|device| device.id == opening.author.device));
        let by = by.and_then(|device| page.members.iter().find(|member| member.id == device.owner));
        let theirs = by.into_iter().flat_map(|member| posts(page, member));
        units.extend(theirs.filter(|(_, unit)| kind(page, unit) == "station").map(|(_, unit)| unit));
    }
    if level.is_none_or(|level| level.as_str() != "H1") {
        units.extend(page.units.iter().filter(|unit| unit.kind == "hq").map(|unit| unit.id));
    }
    units
}

fn kind<'a>(page: &'a RosterPage, id: &UnitId) -> &'a str {
    page.units.iter().find(|unit| unit.id == *id).map_or("", |unit| &unit.kind)
}

/// What somebody is, and where.
fn posts<'a>(page: &'a RosterPage, member: &'a RosterMember) -> impl Iterator<Item = (&'a str, UnitId)> {
    let id = |name: &str| page.units.iter().find(|unit| unit.name == name).map(|unit| unit.id);
    member.roles.iter().filter_map(move |(role, unit)| Some((role.as_str(), id(unit)?)))
}

/// The members of these units to whom a case can be given, by what they are called. Whom no device reaches is not among them.
pub fn people(page: &RosterPage, units: &BTreeSet<UnitId>) -> Vec<Person> {
    let mut people: Vec<Person> = Vec::new();
    for member in &page.members {
        let mut posts = posts(page, member).filter(|(role, unit)| units.contains(unit) && !CASELESS.contains(role));
        let Some((_, unit)) = posts.next() else { continue };
        let in_use = || page.devices.iter().filter(|device| device.owner == member.id && device.state == "active");
        let (devices, reads): (Vec<DeviceId>, Vec<bool>) =
            in_use().map(|device| (device.id, device.reads.iter().any(|unit| units.contains(unit)))).unzip();
        if devices.is_empty() {
            continue;
        }
        let unit = page.units.iter().find(|known| known.id == unit).map_or("", |unit| &unit.name);
        let called = format!("{} · {unit}", member.name);
        let (reads, opens) = (reads.contains(&true), in_use().any(|device| device.opens));
        people.push(Person { member: member.id, called, devices, reads, opens });
    }
    let names: Vec<String> = people.iter().map(|person| person.called.clone()).collect();
    for person in &mut people {
        if names.iter().filter(|name| **name == person.called).count() > 1 {
            person.called = format!("{} ({})", person.called, person.member.short());
        }
    }
    people.sort_by(|one, other| one.called.cmp(&other.called));
    people
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::{RosterDevice, RosterUnit};

    fn unit(n: u8) -> UnitId {
        UnitId::from_bytes([n; 32])
    }

    fn page(members: &[(u8, &str, &str, u8)], devices: &[(u8, u8, &str, &[u8])]) -> RosterPage {
        let units = [(1, "PS One", "station"), (2, "PS Two", "station"), (9, "HQ", "hq")];
        let named = |n: u8| units.iter().find(|(unit, ..)| *unit == n).unwrap().1;
        RosterPage {
            units: units
                .map(|(n, name, kind)| RosterUnit {
                    id: unit(n),
                    name: name.into(),
                    kind: kind.into(),
                    epoch: 1,
                    readable: true,
                })
                .into(),
            members: members
                .iter()
                .map(|(n, name, role, of)| RosterMember {
                    id: MemberId::from_bytes([*n; 16]),
                    name: (*name).into(),
                    roles: vec![((*role).into(), named(*of).into())],
                    me: false,
                })
                .collect(),
            devices: devices
                .iter()
                .map(|(n, owner, state, reads)| RosterDevice {
                    id: DeviceId::from_bytes([*n; 32]),
                    owner: MemberId::from_bytes([*owner; 16]),
                    member: String::new(),
                    state: (*state).into(),
                    me: false,
                    leads: Vec::new(),
                    answers: Vec::new(),
                    reads: reads.iter().map(|n| unit(*n)).collect(),
                    opens: true,
                })
                .collect(),
            ..RosterPage::default()
        }
    }

    #[test]
    fn whoever_has_a_post_and_a_device_in_a_unit_of_the_case_is_offered_and_two_of_one_name_are_told_apart() {
        let page = page(
            &[
                (1, "Ali", "officer", 1),
                (2, "Ali", "officer", 1),
                (3, "Beena", "supervisor", 1),
                (4, "Cyra", "officer", 2),
                (5, "Dua", "admin", 1),
                (6, "Eisa", "officer", 1),
            ],
            &[
                (11, 1, "active", &[]),
                (12, 2, "active", &[1]),
                (13, 3, "active", &[1]),
                (14, 3, "active", &[]),
                (15, 4, "active", &[2]),
                (16, 5, "active", &[]),
                (17, 6, "lost", &[1]),
            ],
        );
        let offered = people(&page, &BTreeSet::from([unit(1)]));
        let told: Vec<(&str, bool, usize)> =
            offered.iter().map(|person| (person.called.as_str(), person.reads, person.devices.len())).collect();
        assert_eq!(
            told,
            [("Ali · PS One (01010101)", false, 1), ("Ali · PS One (02020202)", true, 1), ("Beena · PS One", true, 2)]
        );
    }

    #[test]
    fn headquarters_is_among_the_units_unless_the_case_is_its_own_units_alone() {
        use crate::model::{Answer, Value, specimen};
        let page = page(&[(1, "Ali", "officer", 1)], &[(1, 1, "active", &[1])]);
        let case = CaseId::from_bytes([7; 16]);
        for (level, units) in [("H1", vec![unit(1)]), ("H2", vec![unit(1), unit(9)])] {
            let told = [("handling_code".into(), Answer::Value(Value::Choice(level.into())).into())];
            let mut book = Casebook::default();
            book.apply(specimen::entry(1, 7, specimen::sheet("case", told.into_iter().collect())));
            let found = units_of(&page, &book, &case, &Handed::default(), None);
            assert_eq!(found.into_iter().collect::<Vec<_>>(), units, "{level}: the author's station, whoever asks");
        }
    }
}
