//! The requests and replies of wire version 1 that are not a stream: the answer to a push, what a pull asks for, documents.
//! The shapes that entries travel in are in `v1`.

use amanat_keys::fingerprint::{AgencyId, DeviceId, Digest, JournalId};
use minicbor::decode::Error as Bad;
use minicbor::{Decode, Decoder, Encode, Encoder, encode};

use crate::cbor::{array_of, fixed, list, put_list};
use crate::wire::limits;
use crate::wire::v1::{Written, begin, put_statements, take_begin, take_statements};

/// The hub's word on one run of a push, in the order of the manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunAnswer {
    /// Taken up to this number and link.
    Accepted(u64, Digest),
    /// Had it all; the hub's head.
    AlreadyHeld(u64, Digest),
    /// Begins beyond the hub's head, which is this.
    Gap(u64, Digest),
    /// At this number the hub has this other link.
    Fork(u64, Digest),
    /// Nothing of it is taken; the reason's number, and the hub's head link.
    Refused(u64, Digest),
}

/// The answer to a push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushReply {
    /// One for each run of the manifest.
    pub answers: Vec<RunAnswer>,
    /// Entries set aside: run, number, reason.
    pub refused: Vec<(u64, u64, u64)>,
    /// Receipts and the newest checkpoint, statements verbatim.
    pub statements: Vec<Vec<u8>>,
}

/// A journal and a number in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HeadLine {
    /// The device.
    pub device: DeviceId,
    /// Its journal.
    pub journal: JournalId,
    /// How far.
    pub seq: u64,
}

/// Asks for what is new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullRequest {
    /// The asker's agency.
    pub agency: AgencyId,
    /// What is held, sorted. A journal that is not listed is held up to 0.
    pub heads: Vec<HeadLine>,
    /// Stretches wanted again because a grant may have opened them: from the line's number up to this one.
    pub again: Vec<(HeadLine, u64)>,
    /// Items wanted at most.
    pub items: u64,
    /// Bytes wanted at most.
    pub bytes: u64,
}

/// Asks for newer documents and offers some.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentsRequest {
    /// The asker's agency.
    pub agency: AgencyId,
    /// What is held: kind (statement purpose), subject, version.
    pub held: Vec<(u64, Digest, u64)>,
    /// Statements for the hub to adopt, verbatim.
    pub offered: Vec<Vec<u8>>,
}

/// Newer documents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentsReply {
    /// Statements verbatim, rosters in order of version.
    pub statements: Vec<Vec<u8>>,
    /// Whether there are more: ask again.
    pub more: bool,
}

/// Asks for the rosters after one that is held, of whoever answers: names nobody and is signed by nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RostersRequest {
    /// The asker's agency.
    pub agency: AgencyId,
    /// The version held.
    pub version: u64,
    /// The hash of its payload: only those who have it may have the next.
    pub hash: Digest,
}

impl RunAnswer {
    fn parts(&self) -> (u64, u64, &Digest) {
        match self {
            RunAnswer::Accepted(n, link) => (0, *n, link),
            RunAnswer::AlreadyHeld(n, link) => (1, *n, link),
            RunAnswer::Gap(n, link) => (2, *n, link),
            RunAnswer::Fork(n, link) => (3, *n, link),
            RunAnswer::Refused(n, link) => (4, *n, link),
        }
    }
}

fn take_answer(d: &mut Decoder<'_>) -> Result<RunAnswer, Bad> {
    array_of(d, 3)?;
    let (code, n, link) = (d.u64()?, d.u64()?, Digest::from_bytes(fixed(d)?));
    match code {
        0 => Ok(RunAnswer::Accepted(n, link)),
        1 => Ok(RunAnswer::AlreadyHeld(n, link)),
        2 => Ok(RunAnswer::Gap(n, link)),
        3 => Ok(RunAnswer::Fork(n, link)),
        4 => Ok(RunAnswer::Refused(n, link)),
        _ => Err(Bad::message("answer")),
    }
}

impl<C> Encode<C> for PushReply {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _ctx: &mut C) -> Written<W> {
        begin(e, 4)?;
        put_list(e, &self.answers, |e, answer| {
            let (code, n, link) = answer.parts();
            e.array(3)?.u64(code)?.u64(n)?.bytes(link.as_bytes())?.ok()
        })?;
        put_list(e, &self.refused, |e, (run, seq, why)| e.array(3)?.u64(*run)?.u64(*seq)?.u64(*why)?.ok())?;
        put_statements(e, &self.statements)
    }
}

impl<'b, C> Decode<'b, C> for PushReply {
    fn decode(d: &mut Decoder<'b>, _ctx: &mut C) -> Result<Self, Bad> {
        take_begin(d, 4)?;
        let answers = list(d, limits::MAX_RUNS, take_answer)?;
        let refused = list(d, limits::MAX_REFUSED, |d| {
            array_of(d, 3)?;
            Ok((d.u64()?, d.u64()?, d.u64()?))
        })?;
        Ok(PushReply { answers, refused, statements: take_statements(d)? })
    }
}

fn put_line<W: encode::Write>(e: &mut Encoder<W>, line: &HeadLine) -> Written<W> {
    e.bytes(line.device.as_bytes())?.bytes(line.journal.as_bytes())?.u64(line.seq)?.ok()
}

fn take_line(d: &mut Decoder<'_>) -> Result<HeadLine, Bad> {
    Ok(HeadLine { device: DeviceId::from_bytes(fixed(d)?), journal: JournalId::from_bytes(fixed(d)?), seq: d.u64()? })
}

impl<C> Encode<C> for PullRequest {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _ctx: &mut C) -> Written<W> {
        begin(e, 6)?;
        e.bytes(self.agency.as_bytes())?;
        self.put_question(e)
    }
}

impl<'b, C> Decode<'b, C> for PullRequest {
    fn decode(d: &mut Decoder<'b>, _ctx: &mut C) -> Result<Self, Bad> {
        take_begin(d, 6)?;
        let agency = AgencyId::from_bytes(fixed(d)?);
        Self::take_question(d, agency)
    }
}

impl PullRequest {
    /// What stands behind the agency: four elements, the same in a pull request and in the manifest of a push.
    pub(super) fn put_question<W: encode::Write>(&self, e: &mut Encoder<W>) -> Written<W> {
        put_list(e, &self.heads, |e, line| {
            e.array(3)?;
            put_line(e, line)
        })?;
        put_list(e, &self.again, |e, (from, upto)| {
            e.array(4)?;
            put_line(e, from)?;
            e.u64(*upto)?.ok()
        })?;
        e.u64(self.items)?.u64(self.bytes)?.ok()
    }

    pub(super) fn take_question(d: &mut Decoder<'_>, agency: AgencyId) -> Result<Self, Bad> {
        let heads = list(d, limits::MAX_HEADS, |d| {
            array_of(d, 3)?;
            take_line(d)
        })?;
        // Sorted and unique, so that a hub can walk the list beside its own.
        if !heads.is_sorted_by(|a, b| (a.device, a.journal) < (b.device, b.journal)) {
            return Err(Bad::message("heads not sorted"));
        }
        let again = list(d, limits::MAX_AGAIN, |d| {
            array_of(d, 4)?;
            Ok((take_line(d)?, d.u64()?))
        })?;
        Ok(PullRequest { agency, heads, again, items: d.u64()?, bytes: d.u64()? })
    }
}

impl<C> Encode<C> for DocumentsRequest {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _ctx: &mut C) -> Written<W> {
        begin(e, 4)?;
        e.bytes(self.agency.as_bytes())?;
        put_list(e, &self.held, |e, (kind, about, version)| {
            e.array(3)?.u64(*kind)?.bytes(about.as_bytes())?.u64(*version)?.ok()
        })?;
        put_statements(e, &self.offered)
    }
}

impl<'b, C> Decode<'b, C> for DocumentsRequest {
    fn decode(d: &mut Decoder<'b>, _ctx: &mut C) -> Result<Self, Bad> {
        take_begin(d, 4)?;
        let agency = AgencyId::from_bytes(fixed(d)?);
        let held = list(d, limits::MAX_HELD_DOCUMENTS, |d| {
            array_of(d, 3)?;
            Ok((d.u64()?, Digest::from_bytes(fixed(d)?), d.u64()?))
        })?;
        Ok(DocumentsRequest { agency, held, offered: take_statements(d)? })
    }
}

impl<C> Encode<C> for RostersRequest {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _ctx: &mut C) -> Written<W> {
        begin(e, 4)?;
        e.bytes(self.agency.as_bytes())?.u64(self.version)?.bytes(self.hash.as_bytes())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for RostersRequest {
    fn decode(d: &mut Decoder<'b>, _ctx: &mut C) -> Result<Self, Bad> {
        take_begin(d, 4)?;
        let agency = AgencyId::from_bytes(fixed(d)?);
        Ok(RostersRequest { agency, version: d.u64()?, hash: Digest::from_bytes(fixed(d)?) })
    }
}

impl<C> Encode<C> for DocumentsReply {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _ctx: &mut C) -> Written<W> {
        begin(e, 3)?;
        put_statements(e, &self.statements)?;
        e.bool(self.more)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for DocumentsReply {
    fn decode(d: &mut Decoder<'b>, _ctx: &mut C) -> Result<Self, Bad> {
        take_begin(d, 3)?;
        Ok(DocumentsReply { statements: take_statements(d)?, more: d.bool()? })
    }
}
