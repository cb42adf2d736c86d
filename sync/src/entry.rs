//! An entry as it stands in a journal: the signed header that says where it belongs and what it commits to, and the
//! replaceable envelope (FORMATS section 2). Here headers are built, read, signed and verified; nothing is opened.

use amanat_keys::case_key::Place;
use amanat_keys::device::Signer;
use amanat_keys::fingerprint::{AgencyId, CaseId, DeviceId, Digest, JournalId, KeyId};
use amanat_keys::statement::Purpose;
use amanat_keys::verifying_key::VerifyingKey;
use minicbor::decode::Error as Bad;
use minicbor::{Decode, Decoder, Encode, Encoder, encode};

use crate::cbor::{array_of, array_upto, bytes_upto, count, fixed, list, put_list};
use crate::chain;
use crate::error::{Result, SyncError};
use crate::wire::limits;

/// The name of an entry everywhere: who wrote it, in which of its journals, at which number (1, 2, 3…).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryRef {
    /// The device that signed it.
    pub device: DeviceId,
    /// One of that device's journals.
    pub journal: JournalId,
    /// Its number there, from 1.
    pub seq: u64,
}

/// The next free place in an own journal, and the link that the entry there must name as previous.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The agency whose roster the journal belongs to.
    pub agency: AgencyId,
    /// The device that writes.
    pub device: DeviceId,
    /// The journal.
    pub journal: JournalId,
    /// The free number.
    pub seq: u64,
    /// The link at `seq - 1`.
    pub prev: Digest,
}

impl Slot {
    /// The slot after this one, once `entry` stands in it.
    pub fn after(&self, entry: &SealedEntry) -> Slot {
        self.behind(&entry.hash())
    }

    /// The slot after this one, once an entry with this header hash stands in it.
    pub fn behind(&self, hash: &Digest) -> Slot {
        Slot { seq: self.seq.saturating_add(1), prev: chain::link(&self.prev, hash), ..*self }
    }
}

/// What an entry is, as far as a blind keeper needs to know (header element 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Content under a case key.
    Sealed,
    /// An age header that gives a case key to its readers.
    Slip,
    /// Replaces another entry's envelope (FORMATS section 4).
    StandIn,
    /// Written by a later version: chained, kept and receipted, not understood.
    Later(u64),
}

/// One reader of a slip: a unit or a device of an agency, and the key id of the exact recipient (header element 10).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reader {
    /// The reader's agency.
    pub agency: AgencyId,
    /// A unit id or a device id; which of the two, the roster says.
    pub id: Digest,
    /// Key id of the recipient that the slip was made for.
    pub key: KeyId,
}

/// The roster version that an entry was sealed under; slips and rewraps add the roster's hash (header element 11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RosterSeen {
    /// Version, evidence only; never falls along a journal.
    pub version: u64,
    /// Hash of that roster's payload; present exactly on slips and rewraps.
    pub hash: Option<Digest>,
}

/// An attachment as the header lists it (element 15): hash and size in bytes of its own envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Part {
    /// SHA-256 of the attachment's envelope.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
}

/// What a stand-in does to its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// A new age header for the same case key.
    Rewrap,
    /// The same plaintext in a new envelope.
    Reseal,
    /// The envelope is gone for good; no new bytes.
    Erasure,
}

/// The entry that a stand-in speaks about (header element 16).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// Agency of the target.
    pub agency: AgencyId,
    /// Its place.
    pub entry: EntryRef,
    /// Hash of its header, so that a stand-in cannot be turned on another history.
    pub hash: Digest,
    /// What is done to it.
    pub change: Change,
    /// Header hash of the stand-in that this one replaces, if there was one.
    pub replaces: Option<Digest>,
}

/// A header, version 1 (FORMATS section 2). Plain data; [`Header::check`] says whether the fields agree with one another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Version; 1 when this program writes.
    pub v: u64,
    /// The agency whose roster vouches for the device.
    pub agency: AgencyId,
    /// The device that signs.
    pub device: DeviceId,
    /// Its journal.
    pub journal: JournalId,
    /// Number in the journal, from 1.
    pub seq: u64,
    /// Link at `seq - 1`.
    pub prev: Digest,
    /// Content, slip or stand-in.
    pub kind: Kind,
    /// The case.
    pub case: CaseId,
    /// Number of the slip, in this same journal, whose key seals this; a slip, a rewrap and an erasure: the own number.
    pub key: u64,
    /// Readers, sorted and unique, of slips and rewraps; else empty.
    pub audience: Vec<Reader>,
    /// The roster at the time of sealing.
    pub roster: RosterSeen,
    /// Sealed: hash of the plaintext · slip: key id of the case key · stand-in: the target's.
    pub commitment: Digest,
    /// Hash of the envelope as first sealed (of no bytes for an erasure).
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// Attachments, in the order in which the content names them.
    pub parts: Vec<Part>,
    /// Stand-ins only.
    pub target: Option<Target>,
}

impl Header {
    /// Where the entry stands.
    pub fn at(&self) -> EntryRef {
        EntryRef { device: self.device, journal: self.journal, seq: self.seq }
    }

    /// The place that its content was sealed for.
    #[must_use]
    pub fn place(&self) -> Place {
        let Self { agency, device, journal, seq, case, key, .. } = *self;
        Place { agency, device, journal, seq, case, key }
    }

    /// Whether this program knows all that the header says. A later version is kept and passed on all the same.
    pub fn understood(&self) -> bool {
        !matches!(self.kind, Kind::Later(_))
    }

    /// Whether the entry carries an age header (a slip or a rewrap) and so has an audience.
    pub fn wraps(&self) -> bool {
        match self.kind {
            Kind::Slip => true,
            Kind::StandIn => self.target.is_some_and(|t| t.change == Change::Rewrap),
            Kind::Sealed | Kind::Later(_) => false,
        }
    }

    /// Whether this entry holds the attachments of `target`, sealed again for `reseal`, which stands in for it: directly before the reseal,
    /// under the same slip, as many and as large in the same order. What is in them only a reader can say.
    pub fn carries(&self, reseal: &Header, target: &Header) -> bool {
        let meant = reseal.target.is_some_and(|it| it.change == Change::Reseal && it.entry == target.at());
        let sizes = |header: &Header| header.parts.iter().map(|part| part.size).collect::<Vec<u64>>();
        let before = EntryRef { seq: reseal.seq.saturating_sub(1), ..reseal.at() };
        let fits = (self.kind, self.at(), self.case, self.key) == (Kind::Sealed, before, reseal.case, reseal.key);
        meant && fits && self.case == target.case && !target.parts.is_empty() && sizes(self) == sizes(target)
    }

    /// The bytes that are signed and chained.
    ///
    /// # Errors
    /// [`SyncError::Misuse`] when [`Header::check`] refuses the fields.
    pub fn encode(&self) -> Result<Vec<u8>> {
        self.check().map_err(SyncError::Misuse)?;
        Ok(amanat_keys::canonical::encode(self))
    }

    /// Reads a header; a later version keeps only elements 1–6, `digest` and `size`, whose place never moves.
    ///
    /// # Errors
    /// [`SyncError::Malformed`] for anything but the one right spelling of a header whose fields agree.
    pub fn decode(bytes: &[u8]) -> Result<Header> {
        if bytes.len() > limits::MAX_HEADER {
            return Err(SyncError::TooBig("header"));
        }
        let mut d = Decoder::new(bytes);
        let header = read(&mut d).map_err(SyncError::Malformed)?;
        if d.position() != bytes.len() {
            return Err(SyncError::Malformed("header: bytes after the end"));
        }
        if header.understood() {
            header.check().map_err(SyncError::Malformed)?;
            if amanat_keys::canonical::encode(&header) != bytes {
                return Err(SyncError::Malformed("header: not deterministic"));
            }
        }
        Ok(header)
    }

    /// Whether the fields agree with one another; the refusal names the rule.
    ///
    /// # Errors
    /// The first rule of FORMATS section 2 that is broken.
    pub fn check(&self) -> std::result::Result<(), &'static str> {
        let rule = |holds: bool, name: &'static str| if holds { Ok(()) } else { Err(name) };
        rule(self.v == limits::HEADER_VERSION && self.understood(), "header: version")?;
        rule((1..=limits::MAX_SEQ).contains(&self.seq), "header: number")?;
        rule((1..=self.seq).contains(&self.key), "header: slip number")?;
        rule(self.size <= count(limits::MAX_ENVELOPE), "header: envelope size")?;
        rule((self.kind == Kind::StandIn) == self.target.is_some(), "header: target")?;
        let somewhere = |target: Target| (1..=limits::MAX_SEQ).contains(&target.entry.seq);
        rule(self.target.is_none_or(somewhere), "header: number of the target")?;
        rule(self.wraps() != self.audience.is_empty(), "header: audience of a slip or rewrap only")?;
        rule(self.wraps() == self.roster.hash.is_some(), "header: roster hash of a slip or rewrap only")?;
        rule(self.audience.len() <= limits::MAX_AUDIENCE, "header: too many readers")?;
        rule(self.audience.is_sorted_by(|a, b| a < b), "header: readers not sorted")?;
        rule(self.parts.len() <= limits::MAX_PARTS, "header: too many parts")?;
        rule(self.parts.iter().all(|p| p.size <= limits::MAX_PART), "header: part size")?;
        rule(self.parts.is_empty() || self.kind == Kind::Sealed, "header: parts of content only")?;
        rule(!self.wraps() || self.size <= count(limits::MAX_SLIP), "header: slip size")?;
        match (self.kind, self.target.map(|t| t.change)) {
            (Kind::Slip, _) | (_, Some(Change::Rewrap)) => rule(self.key == self.seq, "header: a slip is its own key"),
            (_, Some(Change::Erasure)) => {
                rule(self.key == self.seq && self.size == 0 && self.digest == Digest::of(&[]), "header: erasure")
            }
            // Number 1 cannot be sealed under a slip below it.
            _ => rule(self.key < self.seq, "header: content stands after its slip"),
        }
    }
}

/// A header with its signature and, where it is at hand, the envelope it was sealed with. Nothing about it is proven until
/// [`SealedEntry::verify`] has run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedEntry {
    /// What `bytes` say.
    pub header: Header,
    /// The header verbatim: what was signed, what is chained, what is stored.
    pub bytes: Vec<u8>,
    /// Ed25519 over `"amanat/v1/entry" ‖ 0 ‖ agency ‖ bytes`.
    pub signature: [u8; 64],
    /// The envelope as first sealed; `None` where it is withheld, replaced or erased.
    pub envelope: Option<Vec<u8>>,
}

impl SealedEntry {
    /// Reads an entry from its stored or sent parts. The envelope, if given, must be the one that the header names.
    ///
    /// # Errors
    /// [`SyncError::Malformed`] or [`SyncError::TooBig`] as [`Header::decode`], or when digest or size differ.
    pub fn from_parts(bytes: Vec<u8>, signature: [u8; 64], envelope: Option<Vec<u8>>) -> Result<SealedEntry> {
        let header = Header::decode(&bytes)?;
        if envelope.as_ref().is_some_and(|e| count(e.len()) != header.size || Digest::of(e) != header.digest) {
            return Err(SyncError::Malformed("envelope is not the one in the header"));
        }
        Ok(SealedEntry { header, bytes, signature, envelope })
    }

    /// Signs a header with the envelope that it describes.
    ///
    /// # Errors
    /// [`SyncError::Misuse`] when the header breaks a rule or the envelope is not the one that it names.
    pub fn sign(header: Header, envelope: Vec<u8>, signer: &Signer) -> Result<SealedEntry> {
        let bytes = header.encode()?;
        if count(envelope.len()) != header.size || Digest::of(&envelope) != header.digest {
            return Err(SyncError::Misuse("the header names another envelope"));
        }
        let signature = signer.sign(Purpose::Entry, &header.agency, &bytes);
        Ok(SealedEntry { header, bytes, signature, envelope: Some(envelope) })
    }

    /// Checks the signature over the header as it came. That the key is the device's at this place is the roster's to say.
    ///
    /// # Errors
    /// [`SyncError::Trust`] when it does not hold.
    pub fn verify(&self, key: &VerifyingKey) -> Result<()> {
        key.verify(Purpose::Entry, &self.header.agency, &self.bytes, &self.signature)
            .map_err(|forgery| SyncError::Trust(forgery.into()))
    }

    /// From a local row that the vault key has authenticated: hashes and signatures were checked when it was written.
    pub(crate) fn from_row(bytes: Vec<u8>, signature: [u8; 64], envelope: Option<Vec<u8>>) -> Result<SealedEntry> {
        let header = read(&mut Decoder::new(&bytes)).map_err(SyncError::Malformed)?;
        Ok(SealedEntry { header, bytes, signature, envelope })
    }

    /// The header hash: what the chain links, and what stands for the entry where it is withheld.
    pub fn hash(&self) -> Digest {
        Digest::of(&self.bytes)
    }

    /// Where the entry stands.
    pub fn at(&self) -> EntryRef {
        self.header.at()
    }

    /// Bytes of header, signature and envelope.
    pub fn size(&self) -> u64 {
        let envelope = self.envelope.as_ref().map_or(0, Vec::len);
        count(self.bytes.len().saturating_add(self.signature.len()).saturating_add(envelope))
    }

    /// Bytes that the entry takes on the wire, about; used to fill a batch, never as a limit.
    pub fn weight(&self) -> u64 {
        count(self.envelope.as_ref().map_or(0, Vec::len)).saturating_add(112).saturating_add(match self.header.kind {
            Kind::Sealed => 0,
            Kind::Slip | Kind::StandIn => 128,
            Kind::Later(_) => count(self.bytes.len()),
        })
    }
}

impl<C> Encode<C> for Header {
    fn encode<W: encode::Write>(
        &self,
        e: &mut Encoder<W>,
        _ctx: &mut C,
    ) -> std::result::Result<(), encode::Error<W::Error>> {
        e.array(16)?.u64(self.v)?.bytes(self.agency.as_bytes())?.bytes(self.device.as_bytes())?;
        e.bytes(self.journal.as_bytes())?.u64(self.seq)?.bytes(self.prev.as_bytes())?.u64(self.kind.number())?;
        e.bytes(self.case.as_bytes())?.u64(self.key)?;
        put_readers(e, &self.audience)?;
        put_roster(e, &self.roster)?;
        e.bytes(self.commitment.as_bytes())?.bytes(self.digest.as_bytes())?.u64(self.size)?;
        put_parts(e, &self.parts)?;
        match &self.target {
            None => e.array(0)?.ok(),
            Some(t) => put_target(e, t),
        }
    }
}

impl<'b, C> Decode<'b, C> for Header {
    fn decode(d: &mut Decoder<'b>, _ctx: &mut C) -> std::result::Result<Self, Bad> {
        read(d).map_err(Bad::message)
    }
}

impl Kind {
    /// As header element 7 writes it.
    pub fn number(self) -> u64 {
        match self {
            Kind::Sealed => 0,
            Kind::Slip => 1,
            Kind::StandIn => 2,
            Kind::Later(n) => n,
        }
    }
}

/// One element of a header; a fault says which.
fn part<T>(name: &'static str, read: std::result::Result<T, Bad>) -> std::result::Result<T, &'static str> {
    read.map_err(|_why| name)
}

fn read(d: &mut Decoder<'_>) -> std::result::Result<Header, &'static str> {
    let elements = part("header: elements", array_upto(d, 64))?;
    let v = part("header: version", d.u64())?;
    let agency = AgencyId::from_bytes(part("header: agency", fixed(d))?);
    let device = DeviceId::from_bytes(part("header: device", fixed(d))?);
    let journal = JournalId::from_bytes(part("header: journal", fixed(d))?);
    let seq = part("header: number", d.u64())?;
    let prev = Digest::from_bytes(part("header: previous link", fixed(d))?);
    let kind = part("header: kind", d.u64())?;
    let mut header = Header {
        v,
        agency,
        device,
        journal,
        seq,
        prev,
        kind: Kind::Later(kind),
        case: CaseId::from_bytes([0; 16]),
        key: seq,
        audience: Vec::new(),
        roster: RosterSeen { version: 0, hash: None },
        commitment: Digest::from_bytes([0; 32]),
        digest: Digest::from_bytes([0; 32]),
        size: 0,
        parts: Vec::new(),
        target: None,
    };
    match v {
        limits::HEADER_VERSION if elements == 16 => read_v1(d, kind, &mut header)?,
        limits::HEADER_VERSION => return Err("header: elements"),
        later if later > limits::HEADER_VERSION => read_later(d, elements, &mut header)?,
        _ => return Err("header: version"),
    }
    Ok(header)
}

fn read_v1(d: &mut Decoder<'_>, kind: u64, header: &mut Header) -> std::result::Result<(), &'static str> {
    header.kind = match kind {
        0 => Kind::Sealed,
        1 => Kind::Slip,
        2 => Kind::StandIn,
        _ => return Err("header: kind"),
    };
    header.case = CaseId::from_bytes(part("header: case", fixed(d))?);
    header.key = part("header: slip number", d.u64())?;
    header.audience = part("header: readers", take_readers(d))?;
    header.roster = part("header: roster", take_roster(d))?;
    header.commitment = Digest::from_bytes(part("header: commitment", fixed(d))?);
    header.digest = Digest::from_bytes(part("header: digest", fixed(d))?);
    header.size = part("header: envelope size", d.u64())?;
    header.parts = part("header: parts", take_parts(d))?;
    header.target = part("header: target", take_target(d))?;
    Ok(())
}

/// Elements 8–12 and all after 14 belong to the later version and are stepped over.
fn read_later(d: &mut Decoder<'_>, elements: usize, header: &mut Header) -> std::result::Result<(), &'static str> {
    if elements < 14 {
        return Err("header: elements");
    }
    if !(1..=limits::MAX_SEQ).contains(&header.seq) {
        return Err("header: number");
    }
    for _ in 8..=12 {
        part("header: an element of a later version", d.skip())?;
    }
    header.digest = Digest::from_bytes(part("header: digest", fixed(d))?);
    header.size = part("header: envelope size", d.u64())?;
    for _ in 15..=elements {
        part("header: an element of a later version", d.skip())?;
    }
    Ok(())
}

pub(crate) fn put_readers<W: encode::Write>(
    e: &mut Encoder<W>,
    readers: &[Reader],
) -> std::result::Result<(), encode::Error<W::Error>> {
    put_list(e, readers, |e, r| {
        e.array(3)?.bytes(r.agency.as_bytes())?.bytes(r.id.as_bytes())?.bytes(r.key.as_bytes())?.ok()
    })
}

pub(crate) fn take_readers(d: &mut Decoder<'_>) -> std::result::Result<Vec<Reader>, Bad> {
    list(d, limits::MAX_AUDIENCE, |d| {
        array_of(d, 3)?;
        Ok(Reader {
            agency: AgencyId::from_bytes(fixed(d)?),
            id: Digest::from_bytes(fixed(d)?),
            key: KeyId::from_bytes(fixed(d)?),
        })
    })
}

pub(crate) fn put_roster<W: encode::Write>(
    e: &mut Encoder<W>,
    roster: &RosterSeen,
) -> std::result::Result<(), encode::Error<W::Error>> {
    match &roster.hash {
        None => e.array(1)?.u64(roster.version)?.ok(),
        Some(hash) => e.array(2)?.u64(roster.version)?.bytes(hash.as_bytes())?.ok(),
    }
}

pub(crate) fn take_roster(d: &mut Decoder<'_>) -> std::result::Result<RosterSeen, Bad> {
    match array_upto(d, 2)? {
        1 => Ok(RosterSeen { version: d.u64()?, hash: None }),
        2 => Ok(RosterSeen { version: d.u64()?, hash: Some(Digest::from_bytes(fixed(d)?)) }),
        _ => Err(Bad::message("roster")),
    }
}

pub(crate) fn put_parts<W: encode::Write>(
    e: &mut Encoder<W>,
    parts: &[Part],
) -> std::result::Result<(), encode::Error<W::Error>> {
    put_list(e, parts, |e, p| e.array(2)?.bytes(p.digest.as_bytes())?.u64(p.size)?.ok())
}

pub(crate) fn take_parts(d: &mut Decoder<'_>) -> std::result::Result<Vec<Part>, Bad> {
    list(d, limits::MAX_PARTS, |d| {
        array_of(d, 2)?;
        Ok(Part { digest: Digest::from_bytes(fixed(d)?), size: d.u64()? })
    })
}

pub(crate) fn put_target<W: encode::Write>(
    e: &mut Encoder<W>,
    t: &Target,
) -> std::result::Result<(), encode::Error<W::Error>> {
    e.array(7)?.bytes(t.agency.as_bytes())?.bytes(t.entry.device.as_bytes())?;
    e.bytes(t.entry.journal.as_bytes())?.u64(t.entry.seq)?.bytes(t.hash.as_bytes())?;
    e.u64(match t.change {
        Change::Rewrap => 0,
        Change::Reseal => 1,
        Change::Erasure => 2,
    })?;
    e.bytes(t.replaces.as_ref().map_or(&[][..], |r| r.as_bytes()))?.ok()
}

pub(crate) fn take_target(d: &mut Decoder<'_>) -> std::result::Result<Option<Target>, Bad> {
    match array_upto(d, 7)? {
        0 => return Ok(None),
        7 => {}
        _ => return Err(Bad::message("target")),
    }
    let agency = AgencyId::from_bytes(fixed(d)?);
    let (device, journal) = (DeviceId::from_bytes(fixed(d)?), JournalId::from_bytes(fixed(d)?));
    let entry = EntryRef { device, journal, seq: d.u64()? };
    let hash = Digest::from_bytes(fixed(d)?);
    let change = match d.u64()? {
        0 => Change::Rewrap,
        1 => Change::Reseal,
        2 => Change::Erasure,
        _ => return Err(Bad::message("change")),
    };
    let replaces = bytes_upto(d, 32)?;
    let replaces = match replaces.len() {
        0 => None,
        _ => Some(Digest::from_bytes(replaces.try_into().map_err(|_len| Bad::message("replaces"))?)),
    };
    Ok(Some(Target { agency, entry, hash, change, replaces }))
}
