//! Who could stand in for whom when each roster was in force. People leave, and what they sealed again while they might must go on
//! counting: else it would have to be done twice, or could not be done at all once the older envelope is gone (FORMATS section 4).
//!
//! A stand-in names the roster under which it was made, and that number never falls along a journal. A device that stays behind on
//! purpose can therefore go on as what it was, and no further: what it seals again is held to the author's own commitment, and nothing
//! is let go before another reader, who is one today, has opened it. An author's units are all that they had a role in up to then:
//! what somebody wrote for a station stays the station's when they are posted elsewhere or leave.

use std::collections::{BTreeMap, BTreeSet};

use crate::fingerprint::{DeviceId, MemberId, UnitId};
use crate::roster::{Role, Roster, UnitKind};

/// Runs of versions, from and to, oldest first.
type Runs = Vec<(u64, u64)>;

/// Roles by the versions of the roster in which they were held.
#[derive(Debug, Clone, Default)]
pub struct Tenure {
    newest: u64,
    members: BTreeMap<DeviceId, MemberId>,
    roles: BTreeMap<MemberId, BTreeMap<(Role, UnitId), Runs>>,
    headquarters: BTreeSet<UnitId>,
}

impl Tenure {
    /// What a chain of rosters says, oldest first. Some may be missing.
    pub fn of<'a>(rosters: impl IntoIterator<Item = &'a Roster>) -> Self {
        let mut tenure = Self::default();
        rosters.into_iter().for_each(|roster| tenure.add(roster));
        tenure
    }

    /// Takes in the next roster; one that is not above those held says nothing new.
    pub fn add(&mut self, roster: &Roster) {
        if roster.version <= self.newest {
            return;
        }
        self.newest = roster.version;
        self.members.extend(roster.devices.iter().map(|device| (device.id, device.member)));
        let hq = roster.units.iter().filter(|unit| unit.kind == UnitKind::Headquarters);
        self.headquarters.extend(hq.map(|unit| unit.id));
        for member in &roster.members {
            let held = self.roles.entry(member.id).or_default();
            for role in &member.roles {
                let runs = held.entry(*role).or_default();
                match runs.last_mut() {
                    Some((_, to)) if to.saturating_add(1) == roster.version => *to = roster.version,
                    _ => runs.push((roster.version, roster.version)),
                }
            }
        }
    }

    /// Whether a device could stand in for what another wrote, when the roster of this version was in force.
    pub fn may_stand_in(&self, device: &DeviceId, version: u64, author: &DeviceId) -> bool {
        let during = |(from, to): &(u64, u64)| (*from..=*to).contains(&version);
        self.stands_by(device, &during, author, version)
    }

    /// Whether it may today.
    pub fn may_today(&self, device: &DeviceId, author: &DeviceId) -> bool {
        self.may_stand_in(device, self.newest, author)
    }

    /// Whether it ever could.
    pub fn ever(&self, device: &DeviceId, author: &DeviceId) -> bool {
        self.stands_by(device, &|_| true, author, self.newest)
    }

    /// Whether a device could ever stand in for anybody.
    pub fn is_custodian(&self, device: &DeviceId) -> bool {
        self.roles_of(device).any(|((role, _), _)| role.stands_in(true, true))
    }

    /// Whether its member could ever share a case of this unit or hand it over: a supervisor of it, a custodian of it or at headquarters.
    pub fn ever_led(&self, device: &DeviceId, unit: &UnitId) -> bool {
        let custodian = |of: &UnitId| of == unit || self.headquarters.contains(of);
        self.roles_of(device).any(|((role, of), _)| {
            (*role == Role::Supervisor && of == unit) || (*role == Role::Custodian && custodian(of))
        })
    }

    /// Whether its member could ever answer for this unit when a case is handed to it.
    pub fn ever_answered(&self, device: &DeviceId, unit: &UnitId) -> bool {
        let answers = |role: &Role| matches!(role, Role::Supervisor | Role::Custodian | Role::Reader);
        self.roles_of(device).any(|((role, of), _)| of == unit && answers(role))
    }

    /// The units in which its member held a role when the roster of this version was in force.
    pub fn units_at(&self, device: &DeviceId, version: u64) -> impl Iterator<Item = UnitId> {
        let held = move |runs: &[(u64, u64)]| runs.iter().any(|(from, to)| (*from..=*to).contains(&version));
        self.roles_of(device).filter(move |(_, runs)| held(runs)).map(|((_, unit), _)| *unit)
    }

    fn stands_by(
        &self,
        device: &DeviceId,
        when: &impl Fn(&(u64, u64)) -> bool,
        author: &DeviceId,
        version: u64,
    ) -> bool {
        let began = |runs: &[(u64, u64)]| runs.iter().any(|(from, _)| *from <= version);
        let units: BTreeSet<UnitId> =
            self.roles_of(author).filter(|(_, runs)| began(runs)).map(|((_, unit), _)| *unit).collect();
        let over = |role: Role, of: &UnitId| role.stands_in(units.contains(of), self.headquarters.contains(of));
        let held = |runs: &[(u64, u64)]| runs.iter().any(when);
        // Of whoever was nowhere yet there is nothing to stand in for.
        !units.is_empty() && self.roles_of(device).any(|((role, of), runs)| over(*role, of) && held(runs))
    }

    fn roles_of(&self, device: &DeviceId) -> impl Iterator<Item = (&(Role, UnitId), &[(u64, u64)])> {
        let held = self.members.get(device).and_then(|member| self.roles.get(member));
        held.into_iter().flatten().map(|(role, runs)| (role, runs.as_slice()))
    }
}
