//! What the workers of the stage tell of an agency: its roster, team and keys, who would read a case, and what follows if a device is lost.

use amanat::{
    model::{DeviceId, MemberId, Moment, UnitId},
    ui::{
        KeyRow, ReaderLine, RosterDevice, RosterMember, RosterPage, RosterUnit, Sentence, TeamPage, TeamRow, TeamWord,
    },
};

use super::stage::NOW;

/// Eight words of a fingerprint.
pub(super) fn words(of: &str) -> Vec<String> {
    let list = ["river", "saddle", "orange", "winter", "copper", "meadow", "violet", "harbour"];
    list.iter().map(|word| if of == "own" { (*word).to_owned() } else { word.chars().rev().collect() }).collect()
}

/// Who would read a case.
pub(super) fn readers() -> Vec<ReaderLine> {
    let line =
        |unit: &str, people, statistics_only| ReaderLine { unit: unit.into(), agency: None, people, statistics_only };
    vec![
        line("Model Town Police Station", Some(1), false),
        line("Punjab Police Headquarters", Some(3), false),
        line("Statistics", None, true),
    ]
}

/// A unit's id on the stage.
pub(crate) fn unit_id(name: &str) -> UnitId {
    UnitId::from_bytes([u8::try_from(name.len()).unwrap(); 32])
}

const UNITS: [&str; 3] = ["Model Town Police Station", "Punjab Police Headquarters", "Saddar Police Station"];

/// A member's number: made of the name.
pub(crate) fn member_id(name: &str) -> MemberId {
    MemberId::from_bytes([name.bytes().fold(7, |sum: u8, byte| sum.wrapping_mul(31).wrapping_add(byte)); 16])
}

/// A roster of three units and two people.
pub(crate) fn roster() -> RosterPage {
    let unit = |name: &str, kind: &str, epoch, readable| RosterUnit {
        id: unit_id(name),
        name: name.into(),
        kind: kind.into(),
        epoch,
        readable,
    };
    let member = |name: &str, role: &str, unit: &str, me| RosterMember {
        id: member_id(name),
        name: name.into(),
        roles: vec![(role.into(), unit.into())],
        me,
    };
    let device = |byte, member: &str, state: &str, me| RosterDevice {
        id: DeviceId::from_bytes([byte; 32]),
        owner: member_id(member),
        member: member.into(),
        state: state.into(),
        me,
        opens: true,
        // A device of the other unit reads nothing here.
        reads: vec![unit_id(if member == "Nadia Qureshi" { UNITS[2] } else { UNITS[0] })],
        // Whose word counts is the roster's to say; here everybody's does, for every unit.
        leads: UNITS.map(unit_id).to_vec(),
        answers: UNITS.map(unit_id).to_vec(),
    };
    RosterPage {
        agency: "Punjab Police".into(),
        version: 7,
        issued: Some(Moment::pkt(NOW.unix_ms - 10 * 86_400_000)),
        expires: Some(Moment::pkt(NOW.unix_ms + 80 * 86_400_000)),
        red: Some(Moment::pkt(NOW.unix_ms + 110 * 86_400_000)),
        confirmed: None,
        withheld: None,
        wanted: None,
        words: words("agency"),
        own_words: words("own"),
        units: vec![
            unit("Model Town Police Station", "station", 2, true),
            unit("Punjab Police Headquarters", "hq", 1, false),
            unit("Saddar Police Station", "station", 0, false),
        ],
        members: vec![
            member("Sana Malik", "officer", "Model Town Police Station", true),
            member("Imran Shah", "supervisor", "Model Town Police Station", false),
        ],
        devices: vec![device(0x3f, "Sana Malik", "active", true), device(9, "Imran Shah", "lost", false)],
    }
}

/// A team as the hub tells of it.
pub(crate) fn team() -> TeamPage {
    let row = |member: &str, role: &str, byte: u8, minutes: Option<i64>, said| TeamRow {
        member: member.into(),
        roles: vec![role.into()],
        device: (byte > 0).then(|| DeviceId::from_bytes([byte; 32])),
        contact: minutes.map(|minutes| Moment::pkt(NOW.unix_ms - minutes * 60_000)),
        said,
        me: byte == 0x3f,
    };
    let word = |roster, waiting, aside, ahead_ms| Some(TeamWord { roster, waiting, aside, ahead_ms });
    TeamPage {
        asked: NOW,
        since: Moment::pkt(NOW.unix_ms - 9 * 86_400_000),
        roster: 8,
        rows: vec![
            row("Nadia Qureshi", "investigator", 5, None, None),
            row("Sana Malik", "officer", 6, Some(4 * 1_440), word(7, 3, 1, Some(76 * 3_600_000))),
            row("Bilal Ahmed", "officer", 7, Some(70), None),
            row("Imran Shah", "supervisor", 0x3f, Some(2), word(8, 0, 0, Some(-5 * 60_000))),
            row("Farah Aziz", "focal", 0, None, None),
        ],
    }
}

/// The device whose loss is looked at.
pub(crate) const fn lost() -> DeviceId {
    DeviceId::from_bytes([0x5f; 32])
}

fn sentence(key: &str, blanks: &[(&str, &str)], alarm: bool) -> Sentence {
    let blanks = blanks.iter().map(|(blank, text)| ((*blank).to_owned(), (*text).to_owned(), false)).collect();
    Sentence { key: key.to_owned(), blanks, alarm }
}

/// The keys of a small agency.
pub(crate) fn keys() -> Vec<KeyRow> {
    let row = |kind: &str, name: &str, opens, days, due| KeyRow {
        kind: kind.to_owned(),
        name: name.to_owned(),
        device: None,
        unit: None,
        opens,
        days,
        due,
        gone: false,
    };
    let root = sentence("keys.opens_root", &[("need", "2"), ("all", "3")], false);
    let unit = sentence("keys.opens_unit", &[("n", "2"), ("epoch", "1")], false);
    let device = sentence("keys.opens_device", &[("units", "PS Sample")], false);
    let own = sentence("keys.opens_own", &[], false);
    let sealed_to = [("n", "0"), ("all", "9"), ("bytes", "98")];
    let kind = sentence("keys.opens_recipients", &sealed_to, false);
    vec![
        row("recipients", "x25519", kind, 12, None),
        row("root", "Admin", root, 12, Some(718)),
        KeyRow { unit: Some(unit_id("PS Sample")), ..row("unit", "PS Sample", unit, 400, Some(-35)) },
        KeyRow { device: Some(lost()), ..row("device", "Sana 5f0c1122", device, 12, Some(718)) },
        KeyRow { gone: true, ..row("device", "Omar 77aa3344", own, 3, Some(727)) },
        row("hub", "Sample hub", sentence("keys.opens_hub", &[], false), 12, None),
    ]
}

/// What follows if a supervisor's device is lost.
pub(crate) fn preview() -> Vec<Sentence> {
    vec![
        sentence("change.device_lost", &[("device", "5f0c1122"), ("name", "Sana")], false),
        sentence("change.cut", &[("journal", "aa00bb11"), ("n", "120")], false),
        sentence("change.cut_others", &[], false),
        sentence("change.own_cases", &[], false),
        sentence("change.reads_no_more", &[("name", "Sana"), ("unit", "PS Sample"), ("n", "1")], false),
        sentence("change.rotate", &[("unit", "PS Sample")], false),
        sentence("change.nobody_reads", &[("unit", "PS Sample")], true),
    ]
}
