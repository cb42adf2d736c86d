//! Who sits at this device, as the screens and the presets of forms know it, and who would read what they keep.

use std::collections::BTreeMap;

use amanat_keys::{
    audience::Sharing,
    fingerprint,
    roster::{Member, Unit, UnitKind},
};

use super::tellings;
use crate::{
    failure::Failure,
    model::{Answer, Answers, CaseId, Casebook, Code, DeviceId, HandWish, QuestionId, Value},
    runtime::{
        entries::keep::Whom,
        homes::{config::Config, home::Home, levels},
    },
    ui::{self, ReaderLine},
};

pub use crate::ui::{Person, by_name};

/// Fields of the officer that the settings may give as codes.
const CODES: [&str; 4] = ["agency", "province", "district", "officer_gender"];

/// What is known of the officer as answers: presets `officer.<field>` take their values from here. The roster knows names; the
/// codes of agency, province and district stand in the settings (`[officer]`).
pub fn known(unit: &Unit, member: &Member, config: &Config) -> Answers {
    let mut answers = Answers::default();
    let mut set = |field: &str, value: Value| answers.set(QuestionId::new(field), Answer::Value(value));
    set("police_station", Value::Text(unit.name.as_str().into()));
    set("name", Value::Text(member.name.as_str().into()));
    for (field, value) in &config.officer {
        let value = if CODES.contains(&field.as_str()) {
            Value::Choice(Code::new(value))
        } else {
            Value::Text(value.as_str().into())
        };
        set(field, value);
    }
    answers
}

/// Who would read a case at a sharing level, one line a unit.
///
/// # Errors
/// Refused when the roster does not list this device.
pub fn readers(
    home: &Home,
    case: Option<CaseId>,
    sharing: Option<&Code>,
    to: &[DeviceId],
    wish: Option<&HandWish>,
) -> Result<Vec<ReaderLine>, Failure> {
    let trust = home.trust()?;
    let roster = trust.roster();
    let said = sharing.and_then(levels::level);
    let mut lines = Vec::new();
    let whom = match (case.map(fingerprint::CaseId::from), wish) {
        (Some(case), Some(wish)) => home.whom_after(&case, wish)?,
        (Some(case), None) => home.whom_for(&case, said)?,
        (None, _) => {
            Whom { unit: home.unit()?.id, level: said.unwrap_or_default(), devices: Vec::new(), also: Vec::new() }
        }
    };
    let level = whom.level;
    lines.extend(units_of(home, &whom)?);
    let to: Vec<DeviceId> = to.iter().copied().chain(whom.devices.iter().map(|device| (*device).into())).collect();
    let reads = |to: &DeviceId| case.is_none_or(|case| !home.was_handed_in_by(&case, to));
    let devices = to.iter().filter(|to| reads(to)).filter_map(|to| roster.device(&fingerprint::DeviceId::from(*to)));
    let others = devices.filter(|device| device.id != home.device() && roster.device_reader(device).is_some());
    // Somebody with two devices is one person.
    let members: BTreeMap<_, _> = others.map(|device| (device.member, device)).collect();
    for (id, device) in members {
        let name = roster.member(&id).map(|member| member.name.clone());
        let unit = name.unwrap_or_else(|| device.id.to_string());
        lines.push(ReaderLine { unit, agency: None, people: Some(1), statistics_only: false });
    }
    if level == Sharing::H4 {
        let national = roster.units.iter().filter(|unit| unit.kind == UnitKind::National);
        lines.extend(national.map(|unit| ReaderLine {
            unit: unit.name.clone(),
            agency: None,
            people: None,
            statistics_only: true,
        }));
    }
    Ok(lines)
}

/// Who would read a word that two cases, or persons of them, are one.
///
/// # Errors
/// Refused where it is not for this device to say.
pub fn readers_of_both(home: &Home, cases: [CaseId; 2]) -> Result<Vec<ReaderLine>, Failure> {
    units_of(home, &home.whom_of_both(cases)?)
}

/// The units that would read, each with how many people it has.
fn units_of(home: &Home, whom: &Whom) -> Result<Vec<ReaderLine>, Failure> {
    let roster = home.trust()?.roster();
    let mut lines = Vec::new();
    for reader in home.readers_of(whom)?.audience {
        let Some(unit) = roster.units.iter().find(|unit| unit.id.as_bytes() == reader.id.as_bytes()) else { continue };
        let people: std::collections::HashSet<_> =
            roster.unit_devices(&unit.id).into_iter().map(|device| device.member).collect();
        lines.push(ReaderLine {
            unit: unit.name.clone(),
            agency: None,
            people: u32::try_from(people.len()).ok(),
            statistics_only: false,
        });
    }
    Ok(lines)
}

/// To whom a case can be given: members of the units that read it.
///
/// # Errors
/// Refused when the roster does not list this device.
pub fn people(home: &Home, book: &Casebook, case: &CaseId) -> Result<Vec<Person>, Failure> {
    let page = tellings::roster(home)?;
    let handed = home.handed(&fingerprint::CaseId::from(*case));
    let units = ui::units_of(&page, book, case, &handed, Some(home.unit()?.id.into()));
    Ok(ui::people(&page, &units))
}
