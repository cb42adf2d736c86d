//! The shapes of wire version 1 and their CBOR, in the order in which `WIRE.md` lists them. No behaviour; a change here is a
//! new version, and the digest of this file stands in `WIRE.md`.

use amanat_keys::fingerprint::{AgencyId, CaseId, DeviceId, Digest, JournalId};
use minicbor::decode::Error as Bad;
use minicbor::{Decode, Decoder, Encode, Encoder, encode};

use crate::cbor::{array_of, array_upto, bytes_upto, fixed, is_null, list, put_list};
use crate::entry::{self, Part, Reader, RosterSeen, Target};
use crate::wire::limits;
use crate::wire::messages::PullRequest;

pub(crate) type Written<W> = Result<(), encode::Error<<W as encode::Write>::Error>>;

/// Where a run begins and how many places it has; its items follow the manifest in frames.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunHead {
    /// Agency of the journal; `None`: the manifest's.
    pub agency: Option<AgencyId>,
    /// Device that writes it.
    pub device: DeviceId,
    /// The journal.
    pub journal: JournalId,
    /// Number of the first item.
    pub first: u64,
    /// Link at `first - 1`.
    pub before: Digest,
    /// Items, entries and elisions alike.
    pub count: u64,
}

/// The first frame of a push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushManifest {
    /// The sender's agency.
    pub agency: AgencyId,
    /// The runs whose items follow, in this order.
    pub runs: Vec<RunHead>,
    /// What is asked besides: a page of what is new comes with the answer.
    pub question: Option<PullRequest>,
}

/// The first frame of the answer to a pull.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullManifest {
    /// The hub's agency.
    pub agency: AgencyId,
    /// Whether there is more than fitted: ask again.
    pub more: bool,
    /// The runs whose items follow.
    pub runs: Vec<RunHead>,
    /// The asker's own receipts if they moved, and the newest checkpoint, statements verbatim.
    pub statements: Vec<Vec<u8>>,
    /// The list that the checkpoint hashes (canonical, FORMATS section 6), for readers; empty for others.
    pub heads: Vec<u8>,
}

/// One frame after a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ItemForm {
    /// Header hashes of consecutive entries that are left out, 32 bytes each, at least one.
    Elisions(Vec<Digest>),
    /// An entry whose header travels whole: a later version, or a shape that cannot be shortened.
    Verbatim(Vec<u8>, [u8; 64], Option<Vec<u8>>),
    /// An entry without what the receiver can rebuild.
    Short(Box<ShortEntry>),
}

/// What is left of an entry when everything constant or recomputable is gone. A field is `None` exactly when the receiver
/// knows it (`elision.rs` holds the rule for each).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShortEntry {
    /// Header element 7.
    pub kind: u64,
    /// `seq - key`: how far back the slip stands.
    pub back: u64,
    /// The case; `None` for content under a slip of this run whose case is known.
    pub case: Option<CaseId>,
    /// The roster; `None` when it is that of the entry before.
    pub roster: Option<RosterSeen>,
    /// The readers of a slip or rewrap.
    pub audience: Audience,
    /// Header element 12.
    pub commitment: Digest,
    /// Digest and size, only where the envelope itself does not travel.
    pub bare: Option<(Digest, u64)>,
    /// Attachments, when there are any.
    pub parts: Vec<Part>,
    /// Stand-ins only.
    pub target: Option<Target>,
    /// The signature over the rebuilt header.
    pub signature: [u8; 64],
    /// The envelope.
    pub envelope: Option<Vec<u8>>,
}

/// How an audience travels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Audience {
    /// The entry has none.
    None,
    /// The n-th that this body has already spelt out, from 0.
    Known(u64),
    /// In full.
    Full(Vec<Reader>),
}

const ELISIONS: u64 = 0;
const VERBATIM: u64 = 1;
const SHORT: u64 = 2;
const KINDS: u64 = 3;
const WITH_CASE: u64 = 1;
const WITH_ROSTER: u64 = 2;
const BARE: u64 = 4;
const WITH_PARTS: u64 = 8;

impl ShortEntry {
    /// The number that begins the array: the kind and which of the optional fields follow; below 24, one byte, as a rule.
    fn shape(&self) -> u64 {
        let flag = |on: bool, bit: u64| if on { bit } else { 0 };
        let flags = flag(self.case.is_some(), WITH_CASE)
            | flag(self.roster.is_some(), WITH_ROSTER)
            | flag(self.bare.is_some(), BARE)
            | flag(!self.parts.is_empty(), WITH_PARTS);
        SHORT.saturating_add(self.kind.min(KINDS - 1)).saturating_add(KINDS.saturating_mul(flags))
    }

    fn put<W: encode::Write>(&self, e: &mut Encoder<W>) -> Written<W> {
        let optional = [
            self.case.is_some(),
            self.roster.is_some(),
            self.audience != Audience::None,
            self.target.is_some(),
            !self.parts.is_empty(),
        ];
        let more = optional.into_iter().filter(|on| *on).count();
        e.array(crate::cbor::count(more).saturating_add(if self.bare.is_some() { 6 } else { 5 }))?;
        e.u64(self.shape())?.u64(self.back)?;
        if let Some(case) = &self.case {
            e.bytes(case.as_bytes())?;
        }
        if let Some(roster) = &self.roster {
            entry::put_roster(e, roster)?;
        }
        if let Some(target) = &self.target {
            entry::put_target(e, target)?;
        }
        match &self.audience {
            Audience::None => {}
            Audience::Known(n) => e.u64(*n)?.ok()?,
            Audience::Full(readers) => entry::put_readers(e, readers)?,
        }
        e.bytes(self.commitment.as_bytes())?;
        if !self.parts.is_empty() {
            entry::put_parts(e, &self.parts)?;
        }
        e.bytes(&self.signature)?;
        match (&self.bare, &self.envelope) {
            (Some((digest, size)), _) => e.bytes(digest.as_bytes())?.u64(*size)?.ok(),
            (None, envelope) => e.bytes(envelope.as_deref().unwrap_or_default())?.ok(),
        }
    }

    fn take(d: &mut Decoder<'_>, shape: u64) -> Result<ShortEntry, Bad> {
        let rest = shape.checked_sub(SHORT).ok_or_else(|| Bad::message("shape"))?;
        let (kind, flags) = (rest % KINDS, rest / KINDS);
        if flags > (WITH_CASE | WITH_ROSTER | BARE | WITH_PARTS) {
            return Err(Bad::message("shape"));
        }
        let has = |bit: u64| flags & bit != 0;
        let back = d.u64()?;
        let case = if has(WITH_CASE) { Some(CaseId::from_bytes(fixed(d)?)) } else { None };
        let roster = if has(WITH_ROSTER) { Some(entry::take_roster(d)?) } else { None };
        let target = if kind == 2 { entry::take_target(d)? } else { None };
        let wraps = kind == 1 || target.is_some_and(|t| t.change == entry::Change::Rewrap);
        let audience = match (wraps, wraps && d.datatype()? == minicbor::data::Type::Array) {
            (false, _) => Audience::None,
            (true, true) => Audience::Full(entry::take_readers(d)?),
            (true, false) => Audience::Known(d.u64()?),
        };
        let commitment = Digest::from_bytes(fixed(d)?);
        let parts = if has(WITH_PARTS) { entry::take_parts(d)? } else { Vec::new() };
        let signature = fixed(d)?;
        let (bare, envelope) = if has(BARE) {
            (Some((Digest::from_bytes(fixed(d)?), d.u64()?)), None)
        } else {
            (None, Some(bytes_upto(d, limits::MAX_ENVELOPE)?))
        };
        Ok(ShortEntry { kind, back, case, roster, audience, commitment, bare, parts, target, signature, envelope })
    }
}

impl<C> Encode<C> for ItemForm {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _ctx: &mut C) -> Written<W> {
        match self {
            ItemForm::Elisions(hashes) => {
                e.array(2)?.u64(ELISIONS)?;
                let all: Vec<u8> = hashes.iter().flat_map(|h| h.as_bytes().iter().copied()).collect();
                e.bytes(&all)?.ok()
            }
            ItemForm::Verbatim(header, signature, envelope) => {
                e.array(4)?.u64(VERBATIM)?.bytes(header)?.bytes(signature)?;
                match envelope {
                    Some(bytes) => e.bytes(bytes)?.ok(),
                    None => e.null()?.ok(),
                }
            }
            ItemForm::Short(short) => short.put(e),
        }
    }
}

impl<'b, C> Decode<'b, C> for ItemForm {
    fn decode(d: &mut Decoder<'b>, _ctx: &mut C) -> Result<Self, Bad> {
        // The count of elements follows from the shape; encoding again and comparing checks it.
        array_upto(d, 16)?;
        match d.u64()? {
            ELISIONS => {
                let all = d.bytes()?;
                let (hashes, rest) = all.as_chunks::<32>();
                if hashes.is_empty() || !rest.is_empty() || hashes.len() > limits::MAX_ELISIONS {
                    return Err(Bad::message("elisions"));
                }
                Ok(ItemForm::Elisions(hashes.iter().map(|h| Digest::from_bytes(*h)).collect()))
            }
            VERBATIM => {
                let (header, signature) = (bytes_upto(d, limits::MAX_HEADER)?, fixed(d)?);
                let envelope = if is_null(d)? { None } else { Some(bytes_upto(d, limits::MAX_ENVELOPE)?) };
                Ok(ItemForm::Verbatim(header, signature, envelope))
            }
            shape => Ok(ItemForm::Short(Box::new(ShortEntry::take(d, shape)?))),
        }
    }
}

impl RunHead {
    pub(crate) fn put<W: encode::Write>(&self, e: &mut Encoder<W>) -> Written<W> {
        e.array(6)?.bytes(self.agency.as_ref().map_or(&[][..], |a| a.as_bytes()))?;
        e.bytes(self.device.as_bytes())?.bytes(self.journal.as_bytes())?;
        e.u64(self.first)?.bytes(self.before.as_bytes())?.u64(self.count)?.ok()
    }

    pub(crate) fn take(d: &mut Decoder<'_>) -> Result<RunHead, Bad> {
        array_of(d, 6)?;
        let agency = bytes_upto(d, 32)?;
        let agency = match agency.len() {
            0 => None,
            _ => Some(AgencyId::from_bytes(agency.try_into().map_err(|_len| Bad::message("agency"))?)),
        };
        let (device, journal) = (DeviceId::from_bytes(fixed(d)?), JournalId::from_bytes(fixed(d)?));
        let head = RunHead {
            agency,
            device,
            journal,
            first: d.u64()?,
            before: Digest::from_bytes(fixed(d)?),
            count: d.u64()?,
        };
        let last = head.first.checked_add(head.count);
        if head.first == 0 || last.is_none_or(|last| last > limits::MAX_SEQ) || head.count > limits::MAX_ITEMS {
            return Err(Bad::message("run"));
        }
        Ok(head)
    }
}

fn put_runs<W: encode::Write>(e: &mut Encoder<W>, runs: &[RunHead]) -> Written<W> {
    put_list(e, runs, |e, run| run.put(e))
}

fn take_runs(d: &mut Decoder<'_>) -> Result<Vec<RunHead>, Bad> {
    let runs = list(d, limits::MAX_RUNS, RunHead::take)?;
    let items = runs.iter().fold(0_u64, |sum, run| sum.saturating_add(run.count));
    if items > limits::MAX_ITEMS { Err(Bad::message("items")) } else { Ok(runs) }
}

pub(super) fn put_statements<W: encode::Write>(e: &mut Encoder<W>, statements: &[Vec<u8>]) -> Written<W> {
    put_list(e, statements, |e, s| e.bytes(s)?.ok())
}

pub(super) fn take_statements(d: &mut Decoder<'_>) -> Result<Vec<Vec<u8>>, Bad> {
    list(d, limits::MAX_RUNS, |d| bytes_upto(d, limits::MAX_STATEMENT))
}

pub(super) fn begin<W: encode::Write>(e: &mut Encoder<W>, elements: u64) -> Written<W> {
    e.array(elements)?.u64(limits::WIRE_VERSION)?.ok()
}

pub(super) fn take_begin(d: &mut Decoder<'_>, elements: u64) -> Result<(), Bad> {
    array_of(d, elements)?;
    take_version(d)
}

fn take_version(d: &mut Decoder<'_>) -> Result<(), Bad> {
    if d.u64()? == limits::WIRE_VERSION { Ok(()) } else { Err(Bad::message("version")) }
}

/// Elements of the manifest of a push that brings, and of one that asks besides.
const BRINGING: u64 = 3;
const ASKING: u64 = 7;

impl<C> Encode<C> for PushManifest {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _ctx: &mut C) -> Written<W> {
        begin(e, if self.question.is_some() { ASKING } else { BRINGING })?;
        e.bytes(self.agency.as_bytes())?;
        put_runs(e, &self.runs)?;
        match &self.question {
            Some(question) => question.put_question(e),
            None => Ok(()),
        }
    }
}

impl<'b, C> Decode<'b, C> for PushManifest {
    fn decode(d: &mut Decoder<'b>, _ctx: &mut C) -> Result<Self, Bad> {
        let asks = match d.array()? {
            Some(BRINGING) => false,
            Some(ASKING) => true,
            _ => return Err(Bad::message("manifest")),
        };
        take_version(d)?;
        let (agency, runs) = (AgencyId::from_bytes(fixed(d)?), take_runs(d)?);
        let question = if asks { Some(PullRequest::take_question(d, agency)?) } else { None };
        Ok(PushManifest { agency, runs, question })
    }
}

impl<C> Encode<C> for PullManifest {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _ctx: &mut C) -> Written<W> {
        begin(e, 6)?;
        e.bytes(self.agency.as_bytes())?.bool(self.more)?;
        put_runs(e, &self.runs)?;
        put_statements(e, &self.statements)?;
        e.bytes(&self.heads)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for PullManifest {
    fn decode(d: &mut Decoder<'b>, _ctx: &mut C) -> Result<Self, Bad> {
        take_begin(d, 6)?;
        Ok(PullManifest {
            agency: AgencyId::from_bytes(fixed(d)?),
            more: d.bool()?,
            runs: take_runs(d)?,
            statements: take_statements(d)?,
            heads: bytes_upto(d, limits::MAX_HEADS_BYTES)?,
        })
    }
}
