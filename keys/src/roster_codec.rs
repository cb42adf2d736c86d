//! A roster as bytes: the array of FORMATS section 5 and STATEMENTS.md, and the checks that every decoded roster has passed.

use std::collections::BTreeSet;

use minicbor::decode::Error;
use minicbor::encode::Write;
use minicbor::{Decode, Decoder, Encode, Encoder};

use crate::canonical::{self, strictly_rising};
use crate::fingerprint::{DeviceId, JournalId};
use crate::recipient::{Recipient, RecipientKind, decode_any, encode_optional};
use crate::roster::{
    Admin, CutOff, Device, DeviceState, Hub, Member, Peer, RetiredKey, Role, Roster, Span, Unit, UnitKind,
};
use crate::tls_key::{MAX_TLS_KEYS, TlsKeys};

/// Most members, devices or units: room for a national police on one roster.
const MAX_ROWS: u64 = 20_000;
/// Most rows within a row: spans, cut-offs, roles, retired keys.
const MAX_INNER: u64 = 1_000;
/// Longest name or policy, bytes of UTF-8.
const MAX_NAME: usize = 256;
/// Longest URL, bytes.
const MAX_URL: usize = 1024;
/// Sixteen zeros: a span over every journal.
const EVERY_JOURNAL: JournalId = JournalId::ZERO;

type EncodeResult<W> = Result<(), minicbor::encode::Error<<W as Write>::Error>>;

fn rows<W: Write, T>(
    e: &mut Encoder<W>,
    items: &[T],
    mut row: impl FnMut(&mut Encoder<W>, &T) -> EncodeResult<W>,
) -> EncodeResult<W> {
    e.array(u64::try_from(items.len()).unwrap_or(u64::MAX))?;
    items.iter().try_for_each(|item| row(e, item))
}

impl<C> Encode<C> for Roster {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> EncodeResult<W> {
        e.array(18)?.u8(1)?.encode(self.agency)?.str(&self.name)?.u64(self.version)?.encode(self.previous)?;
        e.u64(self.issued)?.u64(self.expires)?.u64(self.threshold)?;
        rows(e, &self.admins, |e, admin| e.array(2)?.encode(admin.member)?.encode(admin.root_key)?.ok())?;
        rows(e, &self.units, encode_unit)?;
        rows(e, &self.members, |e, member| {
            e.array(3)?.encode(member.id)?.str(&member.name)?;
            rows(e, &member.roles, |e, (role, unit)| e.array(2)?.u8(role.number())?.encode(unit)?.ok())
        })?;
        rows(e, &self.devices, encode_device)?;
        rows(e, &self.hubs, encode_hub)?;
        rows(e, &self.peers, |e, peer| e.array(2)?.encode(peer.agency)?.encode(peer.roster_one)?.ok())?;
        encode_optional(e, self.recovery.as_ref())?;
        e.encode(self.kind)?.u64(self.minimum_version)?;
        rows(e, &self.policies, |e, (key, value)| e.array(2)?.str(key)?.str(value)?.ok())
    }
}

fn encode_unit<W: Write>(e: &mut Encoder<W>, unit: &Unit) -> EncodeResult<W> {
    e.array(6)?.encode(unit.id)?.u8(unit.kind.number())?.str(&unit.name)?;
    encode_optional(e, unit.recipient.as_ref())?;
    e.u64(unit.epoch)?;
    rows(e, &unit.retired, |e, old| e.bytes(old.as_bytes())?.ok())
}

fn encode_device<W: Write>(e: &mut Encoder<W>, device: &Device) -> EncodeResult<W> {
    e.array(7)?.encode(device.id)?.encode(device.member)?;
    rows(e, &device.spans, |e, span| {
        let journal = span.journal.unwrap_or(EVERY_JOURNAL);
        e.array(4)?.encode(span.key)?.encode(journal)?.u64(span.from)?.u64(span.until.unwrap_or(0))?.ok()
    })?;
    e.encode(device.recipient.kind())?.bytes(device.recipient.as_bytes())?.u8(device.state.number())?;
    rows(e, &device.cut_offs, |e, cut| e.array(3)?.encode(cut.journal)?.u64(cut.seq)?.encode(cut.link)?.ok())
}

fn encode_hub<W: Write>(e: &mut Encoder<W>, hub: &Hub) -> EncodeResult<W> {
    // The ninth element is there once there is something in it: a hub whose key never changed has one spelling, and it is the older one.
    e.array(if hub.retired.is_empty() { 8 } else { 9 })?;
    e.encode(hub.id)?.str(&hub.name)?.str(&hub.url)?.encode(hub.receipt_key)?;
    e.bytes(hub.transport.as_bytes())?.bytes(&hub.tls_keys.to_bytes())?;
    e.u64(hub.first_checkpoint)?.u64(hub.last_checkpoint.unwrap_or(0))?;
    if hub.retired.is_empty() {
        return Ok(());
    }
    rows(e, &hub.retired, |e, old| e.array(3)?.encode(old.key)?.u64(old.epoch)?.u64(old.last)?.ok())
}

impl<'b, C> Decode<'b, C> for Roster {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, Error> {
        canonical::array(d, 18)?;
        canonical::version(d)?;
        let roster = Self {
            agency: d.decode()?,
            name: canonical::text(d, MAX_NAME)?,
            version: d.u64()?,
            previous: d.decode()?,
            issued: d.u64()?,
            expires: d.u64()?,
            threshold: d.u64()?,
            admins: canonical::list(d, MAX_INNER, decode_admin)?,
            units: canonical::list(d, MAX_ROWS, decode_unit)?,
            members: canonical::list(d, MAX_ROWS, decode_member)?,
            devices: canonical::list(d, MAX_ROWS, decode_device)?,
            hubs: canonical::list(d, MAX_INNER, decode_hub)?,
            peers: canonical::list(d, MAX_INNER, decode_peer)?,
            recovery: decode_any(d)?,
            kind: d.decode()?,
            minimum_version: d.u64()?,
            policies: canonical::list(d, MAX_INNER, |d| {
                canonical::array(d, 2)?;
                Ok((canonical::text(d, MAX_NAME)?, canonical::text(d, MAX_NAME)?))
            })?,
        };
        check(&roster).map_err(Error::message)?;
        Ok(roster)
    }
}

fn decode_admin(d: &mut Decoder<'_>) -> Result<Admin, Error> {
    canonical::array(d, 2)?;
    Ok(Admin { member: d.decode()?, root_key: d.decode()? })
}

fn decode_peer(d: &mut Decoder<'_>) -> Result<Peer, Error> {
    canonical::array(d, 2)?;
    Ok(Peer { agency: d.decode()?, roster_one: d.decode()? })
}

fn decode_unit(d: &mut Decoder<'_>) -> Result<Unit, Error> {
    canonical::array(d, 6)?;
    Ok(Unit {
        id: d.decode()?,
        kind: UnitKind::from_number(d.u8()?).ok_or_else(|| Error::message("unknown unit kind"))?,
        name: canonical::text(d, MAX_NAME)?,
        recipient: decode_any(d)?,
        epoch: d.u64()?,
        retired: canonical::list(d, MAX_INNER, |d| {
            decode_any(d)?.ok_or_else(|| Error::message("empty retired recipient"))
        })?,
    })
}

fn decode_member(d: &mut Decoder<'_>) -> Result<Member, Error> {
    canonical::array(d, 3)?;
    Ok(Member {
        id: d.decode()?,
        name: canonical::text(d, MAX_NAME)?,
        roles: canonical::list(d, MAX_INNER, |d| {
            canonical::array(d, 2)?;
            let role = Role::from_number(d.u8()?).ok_or_else(|| Error::message("unknown role"))?;
            Ok((role, d.decode()?))
        })?,
    })
}

fn decode_device(d: &mut Decoder<'_>) -> Result<Device, Error> {
    canonical::array(d, 7)?;
    let (id, member) = (d.decode()?, d.decode()?);
    let spans = canonical::list(d, MAX_INNER, |d| {
        canonical::array(d, 4)?;
        let (key, journal) = (d.decode()?, d.decode::<JournalId>()?);
        let (from, until) = (d.u64()?, d.u64()?);
        Ok(Span { key, journal: (!journal.is_zero()).then_some(journal), from, until: (until != 0).then_some(until) })
    })?;
    let kind: RecipientKind = d.decode()?;
    let recipient = decode_any(d)?.ok_or_else(|| Error::message("device without recipient"))?;
    if recipient.kind() != kind {
        return Err(Error::message("recipient of another kind than it says"));
    }
    let state = DeviceState::from_number(d.u8()?).ok_or_else(|| Error::message("unknown device state"))?;
    let cut_offs = canonical::list(d, MAX_INNER, |d| {
        canonical::array(d, 3)?;
        Ok(CutOff { journal: d.decode()?, seq: d.u64()?, link: d.decode()? })
    })?;
    Ok(Device { id, member, spans, recipient, state, cut_offs })
}

fn decode_hub(d: &mut Decoder<'_>) -> Result<Hub, Error> {
    let elements = d.array()?.filter(|elements| matches!(elements, 8 | 9));
    let elements = elements.ok_or_else(|| Error::message("wrong number of elements").at(d.position()))?;
    let (id, name, url) = (d.decode()?, canonical::text(d, MAX_NAME)?, canonical::text(d, MAX_URL)?);
    let receipt_key = d.decode()?;
    let transport = decode_any(d)?.ok_or_else(|| Error::message("hub without recipient"))?;
    let tls_keys = decode_tls_keys(d)?;
    let (first_checkpoint, last) = (d.u64()?, d.u64()?);
    let last_checkpoint = (last != 0).then_some(last);
    let retired = if elements == 9 { canonical::list(d, MAX_INNER, decode_retired)? } else { Vec::new() };
    if elements == 9 && retired.is_empty() {
        return Err(Error::message("a list of retired keys without one"));
    }
    Ok(Hub { id, name, url, receipt_key, transport, tls_keys, first_checkpoint, last_checkpoint, retired })
}

fn decode_retired(d: &mut Decoder<'_>) -> Result<RetiredKey, Error> {
    canonical::array(d, 3)?;
    Ok(RetiredKey { key: d.decode()?, epoch: d.u64()?, last: d.u64()? })
}

/// Reads a run of TLS keys.
pub(crate) fn decode_tls_keys(d: &mut Decoder<'_>) -> Result<TlsKeys, Error> {
    TlsKeys::from_bytes(canonical::bytes(d, MAX_TLS_KEYS)?)
        .map_err(|fault| Error::message(fault.what()).at(d.position()))
}

/// What no honest roster breaks. Returns what is wrong.
///
/// # Errors
/// The first rule that does not hold, in words.
pub(crate) fn check(roster: &Roster) -> Result<(), &'static str> {
    check_lineage(roster)?;
    check_sorted(roster)?;
    check_references(roster)?;
    check_spans(roster)?;
    check_keys_once(roster)
}

fn must(holds: bool, broken: &'static str) -> Result<(), &'static str> {
    if holds { Ok(()) } else { Err(broken) }
}

fn check_lineage(roster: &Roster) -> Result<(), &'static str> {
    must(roster.version >= 1, "version 0")?;
    let first = roster.version == 1;
    must(roster.agency.is_zero() == first, "agency must be zeros in version 1 and only there")?;
    must(roster.previous.is_zero() == first, "previous hash must be zeros in version 1 and only there")?;
    must(roster.issued < roster.expires, "expires before it is issued")?;
    let distinct: BTreeSet<_> = roster.admins.iter().map(|admin| admin.member).collect();
    must(roster.threshold >= 1 && roster.needed() <= distinct.len(), "threshold out of reach")
}

fn check_sorted(roster: &Roster) -> Result<(), &'static str> {
    must(strictly_rising(roster.admins.iter().map(|row| row.member)), "admins unsorted or repeated")?;
    must(strictly_rising(roster.units.iter().map(|row| row.id)), "units unsorted or repeated")?;
    must(strictly_rising(roster.members.iter().map(|row| row.id)), "members unsorted or repeated")?;
    must(strictly_rising(roster.devices.iter().map(|row| row.id)), "devices unsorted or repeated")?;
    must(strictly_rising(roster.hubs.iter().map(|row| row.id)), "hubs unsorted or repeated")?;
    let order = |old: &RetiredKey| (old.epoch, old.last);
    must(roster.hubs.iter().all(|hub| hub.retired.is_sorted_by_key(order)), "retired keys out of order")?;
    must(strictly_rising(roster.peers.iter().map(|row| row.agency)), "peers unsorted or repeated")?;
    must(strictly_rising(roster.policies.iter().map(|(key, _)| key)), "policies unsorted or repeated")?;
    must(roster.members.iter().all(|row| strictly_rising(&row.roles)), "roles unsorted or repeated")?;
    must(
        roster.devices.iter().all(|row| strictly_rising(row.cut_offs.iter().map(|cut| cut.journal))),
        "cut-offs unsorted or repeated",
    )
}

fn check_references(roster: &Roster) -> Result<(), &'static str> {
    let units: BTreeSet<_> = roster.units.iter().map(|unit| unit.id).collect();
    let members: BTreeSet<_> = roster.members.iter().map(|member| member.id).collect();
    must(roster.admins.iter().all(|admin| members.contains(&admin.member)), "admin who is no member")?;
    must(roster.devices.iter().all(|device| members.contains(&device.member)), "device of nobody")?;
    let roles = || roster.members.iter().flat_map(|member| &member.roles);
    must(roles().all(|(_, unit)| units.contains(unit)), "role in an unknown unit")?;
    must(
        roster.units.iter().all(|unit| unit.recipient.is_some() == (unit.epoch > 0)),
        "epoch without key, or key without epoch",
    )
}

fn check_spans(roster: &Roster) -> Result<(), &'static str> {
    for device in &roster.devices {
        must(
            device.spans.iter().any(|span| DeviceId::of_signing_key(span.key.as_bytes()) == device.id),
            "device without the key that names it",
        )?;
        let order = |span: &Span| (span.key, span.journal.unwrap_or(EVERY_JOURNAL), span.from);
        must(strictly_rising(device.spans.iter().map(order)), "spans unsorted or repeated")?;
        must(
            device.spans.iter().all(|span| span.from >= 1 && span.until.is_none_or(|until| until >= span.from)),
            "span of nothing",
        )?;
        // Two keys for one place would leave the choice to whoever asks.
        let mut places: Vec<_> = device.spans.iter().map(|span| (span.journal, span.from, span.until)).collect();
        places.sort_unstable_by_key(|(journal, from, _)| (*journal, *from));
        let apart =
            places.iter().zip(places.iter().skip(1)).all(|(a, b)| a.0 != b.0 || a.2.is_some_and(|end| end < b.1));
        must(apart, "spans overlap")?;
    }
    Ok(())
}

/// A key, public in any role, appears once: else a signature or a seal could stand for two.
fn check_keys_once(roster: &Roster) -> Result<(), &'static str> {
    let mut speakers = BTreeSet::new();
    for admin in &roster.admins {
        must(speakers.insert(admin.root_key), "a signing key appears twice")?;
    }
    for device in &roster.devices {
        let own: BTreeSet<_> = device.spans.iter().map(|span| span.key).collect();
        must(own.into_iter().all(|key| speakers.insert(key)), "a signing key appears twice")?;
    }
    must(roster.hubs.iter().flat_map(Hub::keys).all(|key| speakers.insert(key)), "a signing key appears twice")?;
    let recipients = || {
        let units = roster.units.iter().flat_map(|unit| unit.recipient.iter().chain(&unit.retired));
        let devices = roster.devices.iter().map(|device| &device.recipient);
        let hubs = roster.hubs.iter().map(|hub| &hub.transport);
        units.chain(devices).chain(hubs).chain(&roster.recovery)
    };
    let mut seen = BTreeSet::new();
    must(recipients().all(|recipient| seen.insert(recipient)), "a recipient appears twice")?;
    // Retired ones keep the kind that they had.
    let current = || {
        let units = roster.units.iter().filter_map(|unit| unit.recipient.as_ref());
        let devices = roster.devices.iter().filter(|device| device.is_active()).map(|device| &device.recipient);
        units.chain(devices).chain(roster.hubs.iter().map(|hub| &hub.transport)).chain(&roster.recovery)
    };
    must(current().all(|recipient: &Recipient| recipient.kind() == roster.kind), "recipients of mixed kinds")
}

impl UnitKind {
    /// The number in the formats.
    pub const fn number(self) -> u8 {
        match self {
            Self::Headquarters => 0,
            Self::Station => 1,
            Self::Statistics => 2,
            Self::National => 3,
        }
    }

    /// From the number in the formats.
    pub fn from_number(number: u8) -> Option<Self> {
        [Self::Headquarters, Self::Station, Self::Statistics, Self::National]
            .into_iter()
            .find(|kind| kind.number() == number)
    }
}

impl DeviceState {
    /// The number in the formats.
    pub const fn number(self) -> u8 {
        match self {
            Self::Active => 0,
            Self::Left => 1,
            Self::Lost => 2,
        }
    }

    /// From the number in the formats.
    pub fn from_number(number: u8) -> Option<Self> {
        [Self::Active, Self::Left, Self::Lost].into_iter().find(|state| state.number() == number)
    }
}

impl Role {
    /// Every role, in the order of the numbers 0 to 8.
    pub const ALL: [Self; 9] = [
        Self::Officer,
        Self::Investigator,
        Self::Supervisor,
        Self::Focal,
        Self::Reader,
        Self::Analyst,
        Self::Auditor,
        Self::Admin,
        Self::Custodian,
    ];

    /// The number in the formats.
    pub const fn number(self) -> u8 {
        match self {
            Self::Officer => 0,
            Self::Investigator => 1,
            Self::Supervisor => 2,
            Self::Focal => 3,
            Self::Reader => 4,
            Self::Analyst => 5,
            Self::Auditor => 6,
            Self::Admin => 7,
            Self::Custodian => 8,
        }
    }

    /// From the number in the formats.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.number() == number)
    }

    /// The word used on the command line and in settings.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Officer => "officer",
            Self::Investigator => "investigator",
            Self::Supervisor => "supervisor",
            Self::Focal => "focal",
            Self::Reader => "reader",
            Self::Analyst => "analyst",
            Self::Auditor => "auditor",
            Self::Admin => "admin",
            Self::Custodian => "custodian",
        }
    }

    /// From the word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }
}
