//! Who will be able to read: the readers of a case by its sharing level, and the devices that share a unit's identity.

use crate::error::{KeysError, Misuse};
use crate::fingerprint::{AgencyId, KeyId, UnitId};
use crate::recipient::Recipient;
use crate::roster::{Device, Role, Roster, Unit, UnitKind};

/// How far a case is shared (the codebook's `handling_code`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Sharing {
    /// The unit alone.
    H1,
    /// The unit and its agency's headquarters.
    #[default]
    H2,
    /// Also the national repository's unit, when there is one.
    H3,
    /// As H2; the national repository gets statistics only.
    H4,
}

/// One reader: a unit, or a single device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reader {
    /// The agency that lists it.
    pub agency: AgencyId,
    /// Unit id or device id.
    pub id: [u8; 32],
    /// The exact recipient.
    pub recipient: Recipient,
}

impl Reader {
    /// The id of the exact recipient, as a header's audience names it.
    pub fn key_id(&self) -> KeyId {
        self.recipient.key_id()
    }
}

/// The readers of a case today, sorted as a header has them, and the units that ought to read but have no key yet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Audience {
    /// Sorted by agency, id and key id; never empty when it comes from [`Roster::audience`].
    pub readers: Vec<Reader>,
    /// Units still *waiting for a key*: they get a new slip once they have one.
    pub waiting: Vec<UnitId>,
}

impl Audience {
    /// The recipients in the order of the readers: a slip has one stanza for each.
    pub fn recipients(&self) -> Vec<Recipient> {
        self.readers.iter().map(|reader| reader.recipient.clone()).collect()
    }

    /// Adds further readers (a peer's unit, an officer's device) and keeps the order.
    #[must_use]
    pub fn with(mut self, more: impl IntoIterator<Item = Reader>) -> Self {
        self.readers.extend(more);
        self.readers.sort_by_key(|reader| (reader.agency, reader.id, reader.key_id()));
        self.readers.dedup();
        self
    }
}

impl Roster {
    /// Who reads a case that belongs to `unit` and is shared at `level` (DESIGN section 5).
    ///
    /// # Errors
    /// [`Misuse::Unknown`] for a unit that is not on the roster; [`Misuse::NoReaders`] when nobody has a key yet.
    pub fn audience(&self, unit: &UnitId, level: Sharing) -> Result<Audience, KeysError> {
        let own = self.unit(unit).ok_or(Misuse::Unknown { what: "unit" })?;
        let mut units = vec![own];
        if level != Sharing::H1 {
            units.extend(self.units.iter().filter(|unit| unit.kind == UnitKind::Headquarters));
        }
        if level == Sharing::H3 {
            units.extend(self.units.iter().filter(|unit| unit.kind == UnitKind::National));
        }
        self.audience_of(&units)
    }

    /// Who reads statistics entries: the statistics unit alone, never headquarters (FORMATS section 3).
    ///
    /// # Errors
    /// [`Misuse::Unknown`] when the agency has none; [`Misuse::NoReaders`] while it has no key.
    pub fn statistics_audience(&self) -> Result<Audience, KeysError> {
        let unit = self.unit_of_kind(UnitKind::Statistics).ok_or(Misuse::Unknown { what: "statistics unit" })?;
        self.audience_of(&[unit])
    }

    fn audience_of(&self, units: &[&Unit]) -> Result<Audience, KeysError> {
        let mut audience = Audience::default().with(units.iter().filter_map(|unit| self.unit_reader(unit)));
        audience.waiting = units.iter().filter(|unit| unit.recipient.is_none()).map(|unit| unit.id).collect();
        audience.waiting.sort_unstable();
        audience.waiting.dedup();
        if audience.readers.is_empty() {
            return Err(Misuse::NoReaders.into());
        }
        Ok(audience)
    }

    /// A unit as a reader; none while it has no key.
    pub fn unit_reader(&self, unit: &Unit) -> Option<Reader> {
        let recipient = unit.recipient.clone()?;
        Some(Reader { agency: self.agency_id(), id: *unit.id.as_bytes(), recipient })
    }

    /// A device as a reader, for a note that reaches an officer who is no unit reader; none for a device that is not active, or
    /// whose member only writes.
    pub fn device_reader(&self, device: &Device) -> Option<Reader> {
        let only_writes = self.write_only() && !self.reads_somewhere(device);
        (device.is_active() && !only_writes).then(|| Reader {
            agency: self.agency_id(),
            id: *device.id.as_bytes(),
            recipient: device.recipient.clone(),
        })
    }

    /// The devices that share a unit's identity: those of its supervisors, readers and custodians (its analysts, for statistics),
    /// and of its officers when the policy says `readers = all`. Never an admin or auditor as such.
    pub fn unit_devices(&self, unit: &UnitId) -> Vec<&Device> {
        self.devices.iter().filter(|device| device.is_active() && self.reads_for(device, unit)).collect()
    }

    /// Whether a device's member reads for a unit.
    pub fn reads_for(&self, device: &Device, unit: &UnitId) -> bool {
        let Some(unit) = self.unit(unit) else { return false };
        let officers_read = self.unit_readers_are_all() && !self.write_only();
        self.member(&device.member).is_some_and(|member| {
            member.roles.iter().any(|(role, of)| {
                *of == unit.id
                    && match role {
                        Role::Analyst => unit.kind == UnitKind::Statistics,
                        Role::Supervisor | Role::Reader | Role::Custodian => unit.kind != UnitKind::Statistics,
                        Role::Officer | Role::Investigator | Role::Focal => {
                            officers_read && unit.kind == UnitKind::Station
                        }
                        Role::Auditor | Role::Admin => false,
                    }
            })
        })
    }

    fn reads_somewhere(&self, device: &Device) -> bool {
        self.units.iter().any(|unit| self.reads_for(device, &unit.id))
    }
}
