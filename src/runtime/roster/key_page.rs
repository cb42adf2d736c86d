//! Every key of the agency as an admin looks at them: what it opens, since when it is in use, when it is due, and what would follow if a
//! device were lost today.

use amanat_keys::{
    fingerprint::DeviceId,
    recipient::{Recipient, RecipientKind},
    roster::{DeviceState, Hub, Roster, UnitKind},
};

use super::{change, edit, moves};
use crate::{
    failure::Failure,
    runtime::{
        homes::{home::Home, lineage},
        rotation::hub_key,
    },
    ui::{KeyRow, Sentence},
    words::{self, Tongue},
};

/// After so many days a unit's key is due for a rotation.
const UNIT_DAYS: i64 = 365;
/// After so many days a device's keys, a root key, or the hub's, are.
const DEVICE_DAYS: i64 = 730;
/// So often the recovery sheets are to be brought together and tried.
const SHEETS_DAYS: i64 = 365;
const DAY: u64 = 86_400;

/// The rows, those that open most first.
///
/// # Errors
/// What the journal refuses.
pub fn rows(home: &Home) -> Result<Vec<KeyRow>, Failure> {
    let roster = home.trust()?.roster();
    let chain = lineage::rosters(&home.pack()?.rosters)?;
    let now = home.wall_seconds();
    // Since when something holds: issued of the first of the newest rosters that all say it.
    let since = |holds: &dyn Fn(&Roster) -> bool| {
        let run = chain.iter().rev().take_while(|roster| holds(roster));
        now.saturating_sub(run.last().map_or(roster.issued, |first| first.issued)) / DAY
    };
    let mut rows = vec![kind_row(roster, since(&|old| old.kind == roster.kind))];
    for admin in &roster.admins {
        let days = since(&|old| old.admins.iter().any(|held| held.root_key == admin.root_key));
        let opens = sentence("keys.opens_root").with("need", roster.threshold).with("all", roster.admins.len());
        rows.push(row("root", name(roster, admin.member), opens, days, Some(DEVICE_DAYS)));
    }
    if let Some(recovery) = &roster.recovery {
        let days = since(&|old| old.recovery.as_ref() == Some(recovery));
        rows.push(row("recovery", String::new(), sentence("keys.opens_recovery"), days, Some(SHEETS_DAYS)));
    }
    for unit in &roster.units {
        let days = since(&|old| old.unit(&unit.id).is_some_and(|held| held.recipient == unit.recipient));
        let key = match (&unit.recipient, unit.kind) {
            (None, _) => "keys.opens_nothing_yet",
            (Some(_), UnitKind::Headquarters) => "keys.opens_hq",
            (Some(_), UnitKind::Station) if roster.unit_devices(&unit.id).len() == 1 => match roster.recovery {
                Some(_) => "keys.opens_unit_sheets",
                None => "keys.opens_unit_alone",
            },
            (Some(_), _) => "keys.opens_unit",
        };
        let mut opens = sentence(key).with("n", roster.unit_devices(&unit.id).len()).with("epoch", unit.epoch);
        opens.alarm = matches!(key, "keys.opens_unit_sheets" | "keys.opens_unit_alone");
        let due = unit.recipient.is_some().then_some(UNIT_DAYS);
        rows.push(KeyRow { unit: Some(unit.id.into()), ..row("unit", unit.name.clone(), opens, days, due) });
    }
    for device in &roster.devices {
        let days = since(&|old| {
            old.device(&device.id).is_some_and(|held| held.recipient == device.recipient && held.state == device.state)
        });
        let units = roster.units.iter().filter(|unit| device.is_active() && roster.reads_for(device, &unit.id));
        let units: Vec<&str> = units.map(|unit| unit.name.as_str()).collect();
        let key = if units.is_empty() { "keys.opens_own" } else { "keys.opens_device" };
        let opens = sentence(key).with("units", units.join(", "));
        let mut row = row("device", name(roster, device.member), opens, days, Some(DEVICE_DAYS));
        row.device = Some(device.id.into());
        row.gone = !device.is_active();
        row.name = format!("{} {}", row.name, device.id.to_string().chars().take(8).collect::<String>());
        rows.push(row);
    }
    for hub in &roster.hubs {
        let days = since(&|old| old.hub(&hub.id).is_some_and(|held| held.receipt_key == hub.receipt_key));
        rows.push(row("hub", hub.name.clone(), hub_opens(home, hub)?, days, Some(DEVICE_DAYS)));
    }
    Ok(rows)
}

/// What everything is sealed to, and how many of those that the roster names are hybrid by now.
fn kind_row(roster: &Roster, days: u64) -> KeyRow {
    let devices = roster.devices.iter().filter(|device| device.is_active()).map(|device| &device.recipient);
    let units = roster.units.iter().filter_map(|unit| unit.recipient.as_ref());
    let hubs = roster.hubs.iter().filter(|hub| hub.last_checkpoint.is_none()).map(|hub| &hub.transport);
    let all: Vec<&Recipient> = devices.chain(units).chain(hubs).chain(&roster.recovery).collect();
    let hybrid = all.iter().filter(|recipient| recipient.kind() == RecipientKind::MlKem768X25519).count();
    let opens = sentence("keys.opens_recipients").with("n", hybrid).with("all", all.len());
    row("recipients", roster.kind.word().to_owned(), opens.with("bytes", roster.kind.slip_bytes()), days, None)
}

/// What a hub's key does, and whether the next one is on its way.
fn hub_opens(home: &Home, hub: &Hub) -> Result<Sentence, Failure> {
    Ok(sentence(match home.next_key_of(hub)? {
        None => "keys.opens_hub",
        Some(hub_key::Stage::Offered) => "keys.opens_hub_offered",
        Some(hub_key::Stage::Listed) => "keys.opens_hub_listed",
    }))
}

/// A key in words, for the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// What kind of key.
    pub kind: String,
    /// Whose.
    pub name: String,
    /// The device's id, for a device's keys.
    pub device: Option<String>,
    /// What it opens or signs.
    pub opens: String,
    /// For how many days it has been in use.
    pub days: u64,
    /// In how many days it is due.
    pub due: Option<i64>,
    /// Whether it is trusted no more.
    pub gone: bool,
}

/// The rows in English.
///
/// # Errors
/// As [`rows`].
pub fn told(home: &Home) -> Result<Vec<Told>, Failure> {
    let told = |row: KeyRow| {
        let blanks = row.opens.blanks.iter().map(|(blank, text, _)| (blank.as_str(), text.as_str()));
        Told {
            kind: words::say(Tongue::En, &format!("keys.kind.{}", row.kind)).to_owned(),
            opens: words::fill(Tongue::En, &row.opens.key, &blanks.collect::<Vec<_>>()),
            device: row.device.map(|device| device.to_string()),
            name: row.name,
            days: row.days,
            due: row.due,
            gone: row.gone,
        }
    };
    Ok(rows(home)?.into_iter().map(told).collect())
}

/// What follows if a device is lost today: the lines that its revocation would show before it is signed.
///
/// # Errors
/// Usage for a device that is not listed; what the journal refuses.
pub fn preview(home: &Home, device: DeviceId, state: DeviceState) -> Result<Vec<Sentence>, Failure> {
    let adopted = home.trust()?.roster();
    let mut roster = edit::next(adopted, home.wall_seconds());
    moves::revoke(&mut roster, &device, state, &home.known_cuts(&device)?)?;
    Ok(change::changes(adopted, &roster).iter().map(change::Line::sentence).collect())
}

fn row(kind: &str, name: String, opens: Sentence, days: u64, every: Option<i64>) -> KeyRow {
    let age = i64::try_from(days).unwrap_or(i64::MAX);
    let due = every.map(|every| every.saturating_sub(age));
    let name = name.chars().filter(|letter| !letter.is_control()).collect();
    KeyRow { kind: kind.to_owned(), name, device: None, opens, days, due, gone: false, unit: None }
}

pub(super) fn sentence(key: &str) -> Sentence {
    Sentence { key: key.to_owned(), blanks: Vec::new(), alarm: false }
}

impl Sentence {
    pub(super) fn with(mut self, blank: &str, text: impl ToString) -> Self {
        self.blanks.push((blank.to_owned(), text.to_string(), false));
        self
    }
}

fn name(roster: &Roster, member: amanat_keys::fingerprint::MemberId) -> String {
    roster.member(&member).map(|member| member.name.clone()).unwrap_or_default()
}
