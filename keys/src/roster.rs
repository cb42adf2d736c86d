//! The signed list of everybody and everything: who is who, whose key is whose, who reads (FORMATS section 5).
//!
//! A [`Roster`] is plain data; whether it may be believed is [`crate::trust`]'s business. Decoding refuses what no honest roster
//! holds: unsorted or repeated ids, one key in two places, a threshold out of reach, mixed recipient kinds. The encoding is
//! in [`crate::roster_codec`], the readers of a case in [`crate::audience`].

use crate::error::Forgery;
use crate::fingerprint::{AgencyId, DeviceId, Digest, JournalId, MemberId, UnitId};
use crate::quorum::Voter;
use crate::recipient::{Recipient, RecipientKind};
use crate::tls_key::TlsKeys;
use crate::verifying_key::VerifyingKey;

/// One version of an agency's list. All lists are sorted by id, ids are unique.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roster {
    /// The agency; zeros in version 1, whose hash *is* the agency (see [`Roster::agency_id`]).
    pub agency: AgencyId,
    /// Name of the agency, shown to people.
    pub name: String,
    /// 1, 2, 3…
    pub version: u64,
    /// Hash of the payload of the version before; zeros in version 1.
    pub previous: Digest,
    /// Unix seconds, by the clock of the admin who made it.
    pub issued: u64,
    /// Unix seconds. Judged for the newest version only; never stops keeping.
    pub expires: u64,
    /// How many admins must sign the next version.
    pub threshold: u64,
    /// Who may sign rosters.
    pub admins: Vec<Admin>,
    /// Stations, circles, headquarters.
    pub units: Vec<Unit>,
    /// People.
    pub members: Vec<Member>,
    /// Machines.
    pub devices: Vec<Device>,
    /// Keepers.
    pub hubs: Vec<Hub>,
    /// Other agencies, to whose units a slip may be sealed.
    pub peers: Vec<Peer>,
    /// What every unit identity is also wrapped to, if recovery has been set up.
    pub recovery: Option<Recipient>,
    /// The kind of every recipient in this roster; it may rise, never fall.
    pub kind: RecipientKind,
    /// Least format version that devices may make.
    pub minimum_version: u64,
    /// Named settings, sorted by name. See [`Roster::unit_readers_are_all`] and [`Roster::write_only`].
    pub policies: Vec<(String, String)>,
}

/// A member who may sign rosters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admin {
    /// Who.
    pub member: MemberId,
    /// Their root key: no device signs with it.
    pub root_key: VerifyingKey,
}

/// What a unit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnitKind {
    /// The agency's headquarters: reads everything but H1 and statistics.
    Headquarters,
    /// A police station or FIA circle.
    Station,
    /// Reads statistics entries and nothing else.
    Statistics,
    /// The national repository: reads H3.
    National,
}

impl UnitKind {
    /// The word used on the command line and in what it prints.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Headquarters => "hq",
            Self::Station => "station",
            Self::Statistics => "statistics",
            Self::National => "national",
        }
    }
}

/// A unit and the recipient that its readers share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// Random id.
    pub id: UnitId,
    /// What it is.
    pub kind: UnitKind,
    /// Shown to people.
    pub name: String,
    /// What cases are sealed to; none until the first reader has offered one.
    pub recipient: Option<Recipient>,
    /// 1 for the first unit key, then one more for each; 0 while there is none.
    pub epoch: u64,
    /// Earlier recipients, oldest first: a late slip to one is accepted and rewrapped.
    pub retired: Vec<Recipient>,
}

/// What a member may do, always in one unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Records interviews.
    Officer,
    /// Investigates.
    Investigator,
    /// Reviews, carries, stands in for their unit.
    Supervisor,
    /// Refers victims to services.
    Focal,
    /// Reads for their unit.
    Reader,
    /// Counts.
    Analyst,
    /// Checks, reads nothing.
    Auditor,
    /// Keeps the roster; reads nothing as such.
    Admin,
    /// May replace envelopes: of their unit, or, at headquarters, of all.
    Custodian,
}

impl Role {
    /// Whether who holds this role in a unit may replace envelopes of a case (FORMATS section 4): supervisors and custodians where
    /// the case is of that unit, custodians at headquarters everywhere.
    pub(crate) const fn stands_in(self, of_that_unit: bool, at_headquarters: bool) -> bool {
        match self {
            Self::Supervisor => of_that_unit,
            Self::Custodian => of_that_unit || at_headquarters,
            Self::Officer
            | Self::Investigator
            | Self::Focal
            | Self::Reader
            | Self::Analyst
            | Self::Auditor
            | Self::Admin => false,
        }
    }
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Random id.
    pub id: MemberId,
    /// Shown to people.
    pub name: String,
    /// Roles, sorted by role and unit.
    pub roles: Vec<(Role, UnitId)>,
}

/// Whether a device is still one of us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceState {
    /// Speaks and reads.
    Active,
    /// Handed in, or its member left: what it kept up to its cut-offs stands.
    Left,
    /// Lost or stolen: the same, and worth an alarm.
    Lost,
}

/// The signing key that speaks for a run of a journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// The key.
    pub key: VerifyingKey,
    /// Which journal; none for every journal of the device without a span of its own.
    pub journal: Option<JournalId>,
    /// First place, from 1.
    pub from: u64,
    /// Last place; none while open.
    pub until: Option<u64>,
}

/// Where trust in one journal of a revoked device ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CutOff {
    /// The journal.
    pub journal: JournalId,
    /// Last trusted place.
    pub seq: u64,
    /// The link at that place: another history with as many entries does not pass. Zeros where entries are let in that nobody had
    /// seen yet.
    pub link: Digest,
}

/// A machine of one member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Hash of the signing key it was enrolled with.
    pub id: DeviceId,
    /// Whose.
    pub member: MemberId,
    /// Its signing keys, sorted by key, journal and first place.
    pub spans: Vec<Span>,
    /// What is sealed to it.
    pub recipient: Recipient,
    /// Active, left or lost.
    pub state: DeviceState,
    /// For a device that left or was lost: its trusted journals, sorted; all others are refused.
    pub cut_offs: Vec<CutOff>,
}

/// A keeper at headquarters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hub {
    /// Hash of its first receipt key.
    pub id: DeviceId,
    /// Shown to people.
    pub name: String,
    /// Where devices call.
    pub url: String,
    /// Signs receipts and checkpoints.
    pub receipt_key: VerifyingKey,
    /// Bundles are sealed to it; never in an audience.
    pub transport: Recipient,
    /// The TLS keys that devices accept: the one in use and, ahead of a change, the next.
    pub tls_keys: TlsKeys,
    /// First checkpoint signed with this key.
    pub first_checkpoint: u64,
    /// Last one; none while in use.
    pub last_checkpoint: Option<u64>,
    /// Keys that signed before the receipt key did, oldest first.
    pub retired: Vec<RetiredKey>,
}

/// A receipt key that a hub has given up, and the last checkpoint that it may have signed: what it signs behind that nobody believes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetiredKey {
    /// The key.
    pub key: VerifyingKey,
    /// The epoch in which it was given up.
    pub epoch: u64,
    /// Its last checkpoint there; 0 where it signed none in that epoch.
    pub last: u64,
}

impl Hub {
    /// The key that signs at a checkpoint: the first one that was not given up before it. Epochs come before numbers, which begin anew
    /// in each.
    pub fn key_at(&self, epoch: u64, checkpoint: u64) -> VerifyingKey {
        let retired = self.retired.iter().find(|retired| (epoch, checkpoint) <= (retired.epoch, retired.last));
        retired.map_or(self.receipt_key, |retired| retired.key)
    }

    /// Every key that it signs or has signed with.
    pub fn keys(&self) -> impl Iterator<Item = VerifyingKey> {
        self.retired.iter().map(|retired| retired.key).chain([self.receipt_key])
    }
}

/// Another agency, by the hash of its first roster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// The agency.
    pub agency: AgencyId,
    /// Hash of the payload of its roster 1.
    pub roster_one: Digest,
}

impl Roster {
    /// Hash of the payload bytes.
    pub fn hash(&self) -> Digest {
        Digest::of(&crate::canonical::encode(self))
    }

    /// The agency: the hash of version 1, named by every later version.
    pub fn agency_id(&self) -> AgencyId {
        if self.version == 1 { self.hash().into() } else { self.agency }
    }

    /// Those whose signatures count, as [`crate::quorum`] wants them.
    pub fn voters(&self) -> Vec<Voter> {
        self.admins.iter().map(|admin| Voter { member: admin.member, key: admin.root_key }).collect()
    }

    /// The threshold as a count; an absurd one is out of everybody's reach.
    pub fn needed(&self) -> usize {
        usize::try_from(self.threshold).unwrap_or(usize::MAX)
    }

    /// A unit by id.
    pub fn unit(&self, id: &UnitId) -> Option<&Unit> {
        self.units.iter().find(|unit| unit.id == *id)
    }

    /// The first unit of a kind.
    pub fn unit_of_kind(&self, kind: UnitKind) -> Option<&Unit> {
        self.units.iter().find(|unit| unit.kind == kind)
    }

    /// A member by id.
    pub fn member(&self, id: &MemberId) -> Option<&Member> {
        self.members.iter().find(|member| member.id == *id)
    }

    /// A device by id, whatever its state.
    pub fn device(&self, id: &DeviceId) -> Option<&Device> {
        self.devices.binary_search_by(|device| device.id.cmp(id)).ok().and_then(|at| self.devices.get(at))
    }

    /// The member to whom a device belongs.
    pub fn member_of(&self, device: &DeviceId) -> Option<&Member> {
        self.member(&self.device(device)?.member)
    }

    /// A hub by id.
    pub fn hub(&self, id: &DeviceId) -> Option<&Hub> {
        self.hubs.iter().find(|hub| hub.id == *id)
    }

    /// A named setting.
    pub fn policy(&self, name: &str) -> Option<&str> {
        self.policies.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Policy `readers` = `all`: officers read what their unit keeps; else (`supervisors`, the default) they do not.
    pub fn unit_readers_are_all(&self) -> bool {
        self.policy("readers") == Some("all")
    }

    /// Policy `write-only` = `yes`: officers' devices forget what they wrote.
    pub fn write_only(&self) -> bool {
        self.policy("write-only") == Some("yes")
    }

    /// Policy `retention-days`: how many days a field device keeps what headquarters has opened; none: for good.
    pub fn retention_days(&self) -> Option<u64> {
        self.policy("retention-days")?.parse().ok().filter(|days| *days > 0)
    }

    /// Whether the member behind a device holds a role in a unit.
    pub fn holds(&self, device: &DeviceId, role: Role, unit: &UnitId) -> bool {
        self.member_of(device).is_some_and(|member| member.roles.contains(&(role, *unit)))
    }

    /// Whether a device may replace envelopes of a unit's cases, by a role of its member (`Role::stands_in` says by which).
    pub fn may_stand_in(&self, device: &DeviceId, unit: &UnitId) -> bool {
        self.member_of(device).is_some_and(|member| {
            let headquarters = |of| self.unit(of).is_some_and(|at: &Unit| at.kind == UnitKind::Headquarters);
            member.roles.iter().any(|(role, of)| role.stands_in(of == unit, headquarters(of)))
        })
    }
}

impl Unit {
    /// Every key that it has or had, each with its epoch, oldest first.
    pub fn keys(&self) -> impl Iterator<Item = (u64, &Recipient)> {
        // Counted back from the newest, so that nothing rests on how many a list still names.
        let retired = u64::try_from(self.retired.len()).unwrap_or(u64::MAX);
        let first = self.epoch.saturating_sub(retired);
        (first..).zip(self.retired.iter().chain(&self.recipient)).filter(|(epoch, _)| *epoch > 0)
    }

    /// The epoch of one of its keys; none for another's.
    pub fn epoch_of(&self, recipient: &Recipient) -> Option<u64> {
        self.keys().find(|(_, key)| *key == recipient).map(|(epoch, _)| epoch)
    }
}

impl Device {
    /// Whether it still speaks and reads.
    pub fn is_active(&self) -> bool {
        self.state == DeviceState::Active
    }

    /// The key that speaks at a place of one of its journals. A span that names the journal goes before one that names none.
    ///
    /// # Errors
    /// [`Forgery::NoKeyForPlace`] outside every span, and beyond the cut-off of a device that left or was lost.
    pub fn key_at(&self, journal: &JournalId, seq: u64) -> Result<VerifyingKey, Forgery> {
        if !self.is_active() && self.cut_off(journal).is_none_or(|cut| seq > cut.seq) {
            return Err(Forgery::NoKeyForPlace);
        }
        let covers = |span: &&Span| span.from <= seq && span.until.is_none_or(|until| seq <= until);
        let named = self.spans.iter().any(|span| span.journal == Some(*journal));
        let of_journal = |span: &&Span| if named { span.journal == Some(*journal) } else { span.journal.is_none() };
        self.spans.iter().filter(of_journal).find(covers).map(|span| span.key).ok_or(Forgery::NoKeyForPlace)
    }

    /// Where trust in a journal ends; none when it does not, or when the journal was never trusted.
    pub fn cut_off(&self, journal: &JournalId) -> Option<&CutOff> {
        self.cut_offs.iter().find(|cut| cut.journal == *journal)
    }

    /// For a device that left or was lost: the first entry of a journal that nobody had seen when its trust ended and that is taken all
    /// the same, up to the cut-off. Such a journal has a span that begins there, and a cut-off without a link.
    pub fn late_from(&self, journal: &JournalId) -> Option<u64> {
        let cut = self.cut_off(journal).filter(|cut| !self.is_active() && cut.link.is_zero())?;
        let late = self.spans.iter().filter(|span| span.journal == Some(*journal) && span.until == Some(cut.seq));
        late.map(|span| span.from).max()
    }

    /// The keys with which it may sign requests today: those of open spans.
    pub fn open_keys(&self) -> impl Iterator<Item = VerifyingKey> {
        self.spans.iter().filter(|span| span.until.is_none()).map(|span| span.key)
    }
}
