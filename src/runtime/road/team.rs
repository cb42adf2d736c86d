//! What the hub knows of a supervisor's people, put beside their names: the names stand in the roster, and the hub sends none.

use amanat_keys::{fingerprint::UnitId, roster::Role, trust::Trust};
use amanat_sync::wire::team::{TeamLine, TeamReply};

use crate::model::Moment;
pub use crate::ui::{TeamPage, TeamRow, TeamWord};

/// The units that the member behind a device supervises.
pub(in crate::runtime) fn units(trust: &Trust, device: &amanat_keys::fingerprint::DeviceId) -> Vec<UnitId> {
    let member = trust.roster().member_of(device);
    let roles = member.map(|member| member.roles.as_slice()).unwrap_or_default();
    roles.iter().filter(|(role, _)| *role == Role::Supervisor).map(|(_, unit)| *unit).collect()
}

/// The page: everybody who has a role in those units, with or without a device. Who was silent longest stands first.
pub fn page(trust: &Trust, me: &amanat_keys::fingerprint::DeviceId, reply: &TeamReply) -> TeamPage {
    let (roster, units) = (trust.roster(), units(trust, me));
    let mut rows = Vec::new();
    for member in &roster.members {
        let roles = member.roles.iter().filter(|(_, unit)| units.contains(unit));
        let roles: Vec<String> = roles.map(|(role, _)| role.word().to_owned()).collect();
        if roles.is_empty() {
            continue;
        }
        let devices = roster.devices.iter().filter(|device| device.member == member.id && device.is_active());
        let blank = TeamRow { member: member.name.clone(), roles, device: None, contact: None, said: None, me: false };
        let before = rows.len();
        rows.extend(devices.map(|device| {
            let line = reply.lines.iter().find(|line| line.device == device.id);
            let (contact, said) = line.map(told).unwrap_or_default();
            TeamRow { device: Some(device.id.into()), contact, said, me: device.id == *me, ..blank.clone() }
        }));
        if rows.len() == before {
            rows.push(blank);
        }
    }
    rows.sort_by_key(|row| (row.device.is_none(), row.contact.map(|contact| contact.unix_ms)));
    TeamPage { asked: moment(reply.now), since: moment(reply.since), roster: roster.version, rows }
}

fn told(line: &TeamLine) -> (Option<Moment>, Option<TeamWord>) {
    let contact = (line.contact > 0).then(|| moment(line.contact));
    let said = line.said.filter(|_| contact.is_some()).map(|said| {
        let ahead = i128::from(said.clock) - i128::from(line.contact);
        let ahead_ms = i64::try_from(ahead).ok().filter(|_| said.clock > 0);
        TeamWord { roster: said.roster, waiting: said.waiting, aside: said.aside, ahead_ms }
    });
    (contact, said)
}

fn moment(ms: u64) -> Moment {
    Moment::pkt(i64::try_from(ms).unwrap_or(i64::MAX))
}
