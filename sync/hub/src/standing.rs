//! What the adopted roster says about whoever stands at the door, and about the author of an entry.

use std::sync::Arc;

use amanat_keys::erasure::Doomed;
use amanat_keys::fingerprint::{AgencyId, DeviceId, Digest};
use amanat_keys::roster::{Device, Role, Roster};
use amanat_keys::statement::Purpose;
use amanat_keys::tenure::Tenure;
use amanat_keys::trust::Trust;
use amanat_keys::verifying_key::VerifyingKey;
use amanat_sync::batch::Why;
use amanat_sync::entry::{Change, EntryRef, Header, Kind, SealedEntry};

use crate::store::{Grant, ReaderId, Row, StandIn};

/// A roster in force, shared by every request that began under it.
#[derive(Debug, Clone)]
pub(crate) struct Standing {
    pub(crate) agency: AgencyId,
    pub(crate) trust: Arc<Trust>,
    /// Who could stand in for whom under each roster that the hub knows of.
    tenure: Arc<Tenure>,
}

/// Somebody whose signature on a request was checked.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) device: DeviceId,
    /// False for a device that left or was lost: it hands over and is given rosters, nothing else.
    pub(crate) active: bool,
}

impl Standing {
    /// `tenure` is what the rosters below the one held say; what is missing there is not known of those times.
    pub(crate) fn new(trust: Arc<Trust>, mut tenure: Tenure) -> Self {
        tenure.add(trust.roster());
        Self { agency: trust.agency(), trust, tenure: Arc::new(tenure) }
    }

    pub(crate) fn roster(&self) -> &Roster {
        self.trust.roster()
    }

    /// The keys that may sign this device's requests. A device that is no longer active keeps those it had: it may still
    /// hand over.
    pub(crate) fn request_keys(&self, device: &DeviceId) -> Option<(Vec<VerifyingKey>, bool)> {
        let listed = self.roster().device(device)?;
        let keys = if listed.is_active() {
            listed.open_keys().collect()
        } else {
            listed.spans.iter().map(|span| span.key).collect()
        };
        Some((keys, listed.is_active()))
    }

    /// Those in whose name a device reads: itself, the units whose identity it shares, and everybody.
    pub(crate) fn readers(&self, device: &DeviceId) -> Vec<ReaderId> {
        let mut readers = vec![*device.as_bytes(), self.everybody()];
        if let Some(listed) = self.roster().device(device) {
            let units = self.roster().units.iter().filter(|unit| self.roster().reads_for(listed, &unit.id));
            readers.extend(units.map(|unit| *unit.id.as_bytes()));
        }
        readers
    }

    /// The reader that every device is: for what has to reach every copy, wherever it lies.
    fn everybody(&self) -> ReaderId {
        *Digest::tagged("everybody", &[self.agency.as_bytes()]).as_bytes()
    }

    /// Whether the member behind a device holds a role in any unit.
    pub(crate) fn holds(&self, device: &DeviceId, role: Role) -> bool {
        self.roster().member_of(device).is_some_and(|member| member.roles.iter().any(|(held, _)| *held == role))
    }

    /// Checks an entry by itself: agency, author, signature, envelope. What else is wrong with it harms only whoever
    /// wrote it, and the chain must be able to go on.
    pub(crate) fn check(&self, entry: &SealedEntry) -> Result<(), Why> {
        let header = &entry.header;
        if header.agency != self.agency {
            return Err(Why::UnknownDevice);
        }
        let device = self.roster().device(&header.device).ok_or(Why::UnknownDevice)?;
        let key = key_at(device, header)?;
        key.verify(Purpose::Entry, &header.agency, &entry.bytes, &entry.signature).map_err(|_forged| Why::BadSignature)
    }

    /// The entry as the store keeps it, with the readers that it opens something to.
    pub(crate) fn row(&self, entry: SealedEntry) -> Row {
        let header = &entry.header;
        let own = (header.device, header.journal);
        let to = |reader: ReaderId, place, slip| Grant { reader, place, slip };
        let audience = || header.audience.iter().filter(|r| r.agency == self.agency).map(|r| *r.id.as_bytes());
        let (slip, readers) = match (header.kind, &header.target) {
            (Kind::Sealed, _) => (header.key, Vec::new()),
            (Kind::Slip, _) => (header.seq, audience().map(|r| to(r, own, header.seq)).collect()),
            (Kind::StandIn, Some(target)) if target.change == Change::Reseal => (header.key, Vec::new()),
            // An erasure travels to everybody, so that every copy goes.
            (Kind::StandIn, Some(target)) if target.change == Change::Erasure => {
                (header.seq, vec![to(self.everybody(), own, header.seq)])
            }
            (Kind::StandIn, Some(target)) if self.may_open(header, &target.entry.device) => {
                let there = (target.entry.device, target.entry.journal);
                let both = audience().flat_map(|r| [to(r, own, header.seq), to(r, there, target.entry.seq)]);
                // Whoever wrote what is rewrapped lets the older slip go as well.
                let author = to(*target.entry.device.as_bytes(), own, header.seq);
                (header.seq, both.chain([author]).collect())
            }
            (Kind::StandIn | Kind::Later(_), _) => (header.seq, Vec::new()),
        };
        let (seq, signature, parts) = (header.seq, entry.signature, header.parts.clone());
        let stands_in = header.target.map(|target| {
            let EntryRef { device, journal, seq } = target.entry;
            let erases = target.change == Change::Erasure;
            StandIn { target: Doomed { device, journal, seq, hash: target.hash }, erases }
        });
        Row { seq, slip, readers, header: entry.bytes, signature, envelope: entry.envelope, stands_in, parts }
    }

    /// Whether a rewrap's author may let readers in: the author of what it rewraps, or whoever may stand in for one of the
    /// author's units. Others' rewraps are kept as they came and open nothing (FORMATS section 4).
    fn may_open(&self, header: &Header, author: &DeviceId) -> bool {
        header.device == *author || self.stood_in(&header.device, header.roster.version, author)
    }

    /// Whether a stand-in counts that was made under the roster of a version: its signer might then, or may today. Who has left since
    /// takes nothing along, also where a restored hub hears of it for the first time.
    pub(crate) fn stood_in(&self, signer: &DeviceId, version: u64, author: &DeviceId) -> bool {
        self.may_stand_in(signer, author) || self.tenure.may_stand_in(signer, version, author)
    }

    /// Whether a device may stand in today for what another wrote: by one of the author's units.
    pub(crate) fn may_stand_in(&self, signer: &DeviceId, author: &DeviceId) -> bool {
        self.tenure.may_today(signer, author)
    }
}

fn key_at(device: &Device, header: &Header) -> Result<VerifyingKey, Why> {
    device
        .key_at(&header.journal, header.seq)
        .map_err(|_outside| if device.is_active() { Why::UnknownDevice } else { Why::Revoked })
}
