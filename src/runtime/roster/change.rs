//! What the next roster changes, and what follows from it, as sentences that an admin reads before signing.
//!
//! Pure: two rosters in, lines out. The lines come from comparing all of both, never from what somebody says they meant to change: what
//! an admin is shown is what the signature is over.

use std::collections::BTreeMap;

use amanat_keys::{
    fingerprint::DeviceId,
    proposal,
    roster::{Device, DeviceState, Hub, Member, Roster, Unit, UnitKind},
};

use crate::{
    ui::Sentence,
    words::{self, Tongue},
};

/// What fills a blank of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Blank {
    /// As it is.
    Text(String),
    /// The sentence of this key, in the reader's language.
    Word(String),
}

/// One sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    key: &'static str,
    blanks: Vec<(&'static str, Blank)>,
    /// Whether it is a warning.
    pub alarm: bool,
}

impl Line {
    fn of(key: &'static str) -> Self {
        Self { key, blanks: Vec::new(), alarm: false }
    }

    fn with(mut self, blank: &'static str, text: impl ToString) -> Self {
        // A name that somebody chose cannot make itself look like a second line.
        let text = text.to_string().chars().filter(|letter| !letter.is_control()).collect();
        self.blanks.push((blank, Blank::Text(text)));
        self
    }

    fn word(mut self, blank: &'static str, key: String) -> Self {
        self.blanks.push((blank, Blank::Word(key)));
        self
    }

    fn alarm(mut self) -> Self {
        self.alarm = true;
        self
    }

    /// The same for a screen, which chooses the language itself.
    pub fn sentence(&self) -> Sentence {
        let blanks = self.blanks.iter().map(|(blank, value)| match value {
            Blank::Text(text) => ((*blank).to_owned(), text.clone(), false),
            Blank::Word(key) => ((*blank).to_owned(), key.clone(), true),
        });
        Sentence { key: self.key.to_owned(), blanks: blanks.collect(), alarm: self.alarm }
    }

    /// The sentence.
    pub fn say(&self, tongue: Tongue) -> String {
        let filled: Vec<(&str, &str)> = self
            .blanks
            .iter()
            .map(|(blank, value)| match value {
                Blank::Text(text) => (*blank, text.as_str()),
                Blank::Word(key) => (*blank, words::find(tongue, key).unwrap_or(key)),
            })
            .collect();
        let sentence = words::fill(tongue, self.key, &filled);
        if self.alarm { format!("! {sentence}") } else { sentence }
    }
}

/// Everything that differs, then what follows.
pub fn changes(old: &Roster, new: &Roster) -> Vec<Line> {
    let mut lines = Vec::new();
    admins(old, new, &mut lines);
    units(old, new, &mut lines);
    members(old, new, &mut lines);
    devices(old, new, &mut lines);
    hubs(old, new, &mut lines);
    settings(old, new, &mut lines);
    readers(old, new, &mut lines);
    lines
}

fn admins(old: &Roster, new: &Roster, lines: &mut Vec<Line>) {
    let before = lines.len();
    for (was, is) in both(&old.admins, &new.admins, |admin| admin.member) {
        match (was, is) {
            (None, Some(is)) => lines.push(Line::of("change.admin_added").with("name", name(new, is.member))),
            (Some(was), None) => lines.push(Line::of("change.admin_gone").with("name", name(old, was.member))),
            (Some(was), Some(is)) if was.root_key != is.root_key => {
                lines.push(Line::of("change.admin_key").with("name", name(new, is.member)));
            }
            _ => {}
        }
    }
    if old.threshold != new.threshold || old.admins.len() != new.admins.len() {
        let count = |roster: &Roster| roster.admins.len();
        let line = Line::of("change.threshold").with("was", old.threshold).with("all_before", count(old));
        lines.push(line.with("now", new.threshold).with("all", count(new)));
    }
    if lines.len() == before {
        return;
    }
    if new.needed() == new.admins.len() {
        lines.push(Line::of("change.no_spare_admin").alarm());
    }
    if new.threshold == 1 && new.admins.len() > 1 {
        lines.push(Line::of("change.one_alone").alarm());
    }
}

fn units(old: &Roster, new: &Roster, lines: &mut Vec<Line>) {
    for (was, is) in both(&old.units, &new.units, |unit| unit.id) {
        let kind = |unit: &Unit| format!("unit.{}", unit.kind.word());
        match (was, is) {
            (None, Some(is)) => {
                lines.push(Line::of("change.unit_added").with("unit", &is.name).word("kind", kind(is)));
            }
            (Some(was), None) => lines.push(Line::of("change.unit_gone").with("unit", &was.name).alarm()),
            (Some(was), Some(is)) => {
                if was.name != is.name {
                    lines.push(Line::of("change.unit_renamed").with("was", &was.name).with("unit", &is.name));
                }
                if was.kind != is.kind {
                    lines.push(Line::of("change.unit_kind").with("unit", &is.name).word("kind", kind(is)).alarm());
                }
                if was.recipient != is.recipient || was.epoch != is.epoch || was.retired != is.retired {
                    lines.push(Line::of("change.unit_key").with("unit", &is.name).with("n", is.epoch));
                }
            }
            (None, None) => {}
        }
    }
}

fn members(old: &Roster, new: &Roster, lines: &mut Vec<Line>) {
    for (was, is) in both(&old.members, &new.members, |member| member.id) {
        match (was, is) {
            (None, Some(is)) => lines.push(Line::of("change.member_added").with("name", &is.name)),
            (Some(was), None) => lines.push(Line::of("change.member_gone").with("name", &was.name)),
            (Some(was), Some(is)) if was.name != is.name => {
                lines.push(Line::of("change.member_renamed").with("was", &was.name).with("name", &is.name));
            }
            _ => {}
        }
        let roles = |member: Option<&Member>| member.map(|member| member.roles.clone()).unwrap_or_default();
        let (before, after) = (roles(was), roles(is));
        let line = |key, roster: &Roster, (role, unit): &(amanat_keys::roster::Role, _)| {
            let who = is.or(was).map(|member| member.name.clone()).unwrap_or_default();
            let at = roster.unit(unit).map(|unit| unit.name.clone()).unwrap_or_default();
            Line::of(key).with("name", who).word("role", format!("role.{}", role.word())).with("unit", at)
        };
        lines.extend(after.iter().filter(|it| !before.contains(it)).map(|it| line("change.role_added", new, it)));
        lines.extend(before.iter().filter(|it| !after.contains(it)).map(|it| line("change.role_gone", old, it)));
    }
}

fn devices(old: &Roster, new: &Roster, lines: &mut Vec<Line>) {
    for (was, is) in both(&old.devices, &new.devices, |device| device.id) {
        let line = |key, roster: &Roster, device: &Device| {
            Line::of(key).with("device", short(&device.id)).with("name", name(roster, device.member))
        };
        match (was, is) {
            (None, Some(is)) => lines.push(line("change.device_added", new, is)),
            (Some(was), None) => lines.push(line("change.device_gone", old, was).alarm()),
            (Some(was), Some(is)) if was != is => {
                if was.member != is.member {
                    lines.push(line("change.device_of_another", new, is).alarm());
                }
                if is.is_active() {
                    let key = if was.is_active() { "change.device_keys" } else { "change.device_back" };
                    lines.push(line(key, new, is));
                } else {
                    let key = match is.state {
                        DeviceState::Lost => "change.device_lost",
                        DeviceState::Left | DeviceState::Active => "change.device_left",
                    };
                    lines.push(line(key, new, is));
                    cuts(is, lines);
                    after_leaving(new, is, lines);
                }
            }
            _ => {}
        }
    }
}

/// How far each journal of a device that left or was lost counts.
fn cuts(device: &Device, lines: &mut Vec<Line>) {
    for cut in &device.cut_offs {
        let journal = cut.journal.to_string().chars().take(8).collect::<String>();
        lines.push(Line::of("change.cut").with("journal", &journal).with("n", cut.seq));
        if let Some(from) = device.late_from(&cut.journal) {
            lines.push(Line::of("change.cut_late").with("from", from).with("n", cut.seq));
        }
    }
    lines.push(Line::of("change.cut_others"));
    lines.push(Line::of("change.own_cases"));
}

fn after_leaving(new: &Roster, device: &Device, lines: &mut Vec<Line>) {
    let member = name(new, device.member);
    if new.admins.iter().any(|admin| admin.member == device.member) {
        lines.push(Line::of("change.root_beside").with("name", &member).alarm());
    }
    let others = || new.devices.iter().any(|other| other.member == device.member && other.is_active());
    let works = new.member(&device.member).is_some_and(|member| !member.roles.is_empty());
    if works && !others() {
        lines.push(Line::of("change.no_device").with("name", &member));
    }
}

fn hubs(old: &Roster, new: &Roster, lines: &mut Vec<Line>) {
    for (was, is) in both(&old.hubs, &new.hubs, |hub| hub.id) {
        let line = |key, hub: &Hub| Line::of(key).with("hub", &hub.name).with("url", &hub.url);
        match (was, is) {
            (None, Some(is)) => lines.push(line("change.hub_added", is)),
            (Some(was), None) => lines.push(line("change.hub_gone", was).alarm()),
            (Some(was), Some(is)) => {
                if let Some(old) = is.retired.iter().find(|old| old.key == was.receipt_key) {
                    lines.push(line("change.hub_key", is).with("n", old.last).with("epoch", old.epoch));
                    lines.push(Line::of("change.hub_key_next"));
                } else if (was.receipt_key, &was.retired) != (is.receipt_key, &is.retired) {
                    lines.push(line("change.hub_key_other", is).alarm());
                }
                if (&was.url, &was.tls_keys, &was.name, &was.transport)
                    != (&is.url, &is.tls_keys, &is.name, &is.transport)
                {
                    lines.push(line("change.hub_changed", is));
                }
            }
            _ => {}
        }
    }
}

fn settings(old: &Roster, new: &Roster, lines: &mut Vec<Line>) {
    if old.name != new.name {
        lines.push(Line::of("change.agency_renamed").with("was", &old.name).with("name", &new.name));
    }
    if old.peers != new.peers {
        lines.push(Line::of("change.peers").alarm());
    }
    if old.recovery != new.recovery {
        let word = if new.recovery.is_some() { "change.recovery" } else { "change.recovery_gone" };
        lines.push(Line::of(word).alarm());
    }
    if old.kind != new.kind {
        lines.push(Line::of("change.kind").alarm());
    }
    if old.minimum_version != new.minimum_version {
        lines.push(Line::of("change.format").with("n", new.minimum_version).alarm());
    }
    for (was, is) in both(&old.policies, &new.policies, |(name, _)| name.clone()) {
        match (was, is) {
            // Drawn anew for each roster: it changes nothing.
            (Some((name, _)), _) | (None, Some((name, _))) if name == proposal::NONCE => {}
            (was, Some((name, value))) if was.map(|(_, value)| value) != Some(value) => {
                lines.push(Line::of("change.policy").with("name", name).with("value", value));
                if name == "write-only" && value == "yes" {
                    lines.push(Line::of("change.write_only").alarm());
                }
            }
            (Some((name, _)), None) => lines.push(Line::of("change.policy_gone").with("name", name)),
            _ => {}
        }
    }
}

/// Who reads what from now on, and who no longer.
fn readers(old: &Roster, new: &Roster, lines: &mut Vec<Line>) {
    for unit in &new.units {
        let (before, after) = (old.unit_devices(&unit.id), new.unit_devices(&unit.id));
        let holds = |devices: &[&Device], id: &DeviceId| devices.iter().any(|device| device.id == *id);
        let line = |key, roster: &Roster, device: &Device| {
            Line::of(key).with("name", name(roster, device.member)).with("unit", &unit.name)
        };
        let had_key = old.unit(&unit.id).is_some_and(|unit| unit.recipient.is_some());
        let same_key = old.unit(&unit.id).is_some_and(|before| before.epoch == unit.epoch);
        for device in after.iter().filter(|device| !holds(&before, &device.id)) {
            let key = if had_key { "change.reads" } else { "change.reads_first" };
            lines.push(line(key, new, device));
        }
        let gone: Vec<_> = before.iter().filter(|device| !holds(&after, &device.id)).collect();
        for device in &gone {
            lines.push(line("change.reads_no_more", old, device).with("n", unit.epoch));
        }
        if !gone.is_empty() && had_key && same_key {
            lines.push(Line::of("change.rotate").with("unit", &unit.name));
        }
        if unit.recipient.is_none() && comes_to(old, new, unit) {
            lines.push(Line::of("change.no_key").with("unit", &unit.name).alarm());
        }
        if !before.is_empty() && after.is_empty() {
            lines.push(Line::of("change.nobody_reads").with("unit", &unit.name).alarm());
        }
        if let [alone] = after.as_slice()
            && (before.len() != 1 || !holds(&before, &alone.id))
            && unit.kind != UnitKind::Statistics
        {
            // A case of level H1 has no reader at headquarters, and the recovery key is in no audience: it opens the unit's key, if at all.
            let key = if new.recovery.is_some() { "change.one_reader_sheets" } else { "change.one_reader" };
            lines.push(line(key, new, alone).alarm());
        }
    }
}

/// Whether somebody gets a role in a unit.
fn comes_to(old: &Roster, new: &Roster, unit: &Unit) -> bool {
    new.members.iter().any(|is| {
        let had = |role| old.member(&is.id).is_some_and(|was| was.roles.contains(role));
        is.roles.iter().any(|role| role.1 == unit.id && !had(role))
    })
}

/// Rows of both lists by their key.
fn both<'a, T, K: Ord>(
    old: &'a [T],
    new: &'a [T],
    key: impl Fn(&T) -> K,
) -> impl Iterator<Item = (Option<&'a T>, Option<&'a T>)> {
    let mut rows: BTreeMap<K, (Option<&T>, Option<&T>)> = BTreeMap::new();
    old.iter().for_each(|row| rows.entry(key(row)).or_default().0 = Some(row));
    new.iter().for_each(|row| rows.entry(key(row)).or_default().1 = Some(row));
    rows.into_values()
}

fn name(roster: &Roster, member: amanat_keys::fingerprint::MemberId) -> String {
    roster.member(&member).map(|member| member.name.clone()).unwrap_or_default()
}

fn short(id: &DeviceId) -> String {
    id.to_string().chars().take(8).collect()
}
