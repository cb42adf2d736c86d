//! Attachments on the wire: what is wanted and from which byte, a piece brought, a piece fetched. Sealed bytes, by the place of the
//! entry whose header lists them.

use amanat_keys::fingerprint::{AgencyId, DeviceId, Digest, JournalId};
use minicbor::decode::Error as Bad;
use minicbor::{Decode, Decoder, Encode, Encoder, encode};

use crate::cbor::{array_of, bytes_upto, fixed, list, put_list};
use crate::entry::EntryRef;
use crate::wire::limits;
use crate::wire::v1::{Written, begin, put_statements, take_begin, take_statements};

/// An attachment: the entry whose header lists it, and the hash of its envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartAt {
    /// The entry.
    pub entry: EntryRef,
    /// SHA-256 of the attachment's envelope.
    pub digest: Digest,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PartsCall {
    /// How these stand at the hub.
    Ask(Vec<PartAt>),
    /// Bytes of one, from a place on.
    Bring(PartAt, u64, Vec<u8>),
    /// At most so many bytes of one, from a place on.
    Fetch(PartAt, u64, u64),
}

/// A request about attachments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartsRequest {
    /// The asker's agency.
    pub agency: AgencyId,
    /// What is asked.
    pub call: PartsCall,
}

/// How an attachment stands at the hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartState {
    /// No entry held there lists it, or the asker may not have it.
    Unknown,
    /// Wanted from this byte on. All bytes are there and are still being looked through when it is the size.
    Wanted(u64),
    /// Held whole.
    Held,
    /// Erased by order: it is not taken any more.
    Gone,
    /// All bytes were there, and they were not the ones that the header names; wanted from the first byte on.
    Refused,
    /// The place in which the hub keeps attachments does not answer: it can be neither put there nor fetched from there just now.
    Waits,
}

/// The answer: one state for each attachment that was named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartsReply {
    /// In the order of the request.
    pub states: Vec<PartState>,
    /// What was fetched.
    pub bytes: Vec<u8>,
    /// Receipts that this piece moved, verbatim.
    pub statements: Vec<Vec<u8>>,
}

impl PartState {
    fn parts(self) -> (u64, u64) {
        match self {
            PartState::Unknown => (0, 0),
            PartState::Wanted(from) => (1, from),
            PartState::Held => (2, 0),
            PartState::Gone => (3, 0),
            PartState::Refused => (4, 0),
            PartState::Waits => (5, 0),
        }
    }
}

fn take_state(d: &mut Decoder<'_>) -> Result<PartState, Bad> {
    array_of(d, 2)?;
    match (d.u64()?, d.u64()?) {
        (0, 0) => Ok(PartState::Unknown),
        (1, from) if from <= limits::MAX_PART => Ok(PartState::Wanted(from)),
        (2, 0) => Ok(PartState::Held),
        (3, 0) => Ok(PartState::Gone),
        (4, 0) => Ok(PartState::Refused),
        (5, 0) => Ok(PartState::Waits),
        _ => Err(Bad::message("state of an attachment")),
    }
}

fn put_at<W: encode::Write>(e: &mut Encoder<W>, at: &PartAt) -> Written<W> {
    let EntryRef { device, journal, seq } = &at.entry;
    e.array(4)?.bytes(device.as_bytes())?.bytes(journal.as_bytes())?.u64(*seq)?.bytes(at.digest.as_bytes())?.ok()
}

fn take_at(d: &mut Decoder<'_>) -> Result<PartAt, Bad> {
    array_of(d, 4)?;
    let (device, journal) = (DeviceId::from_bytes(fixed(d)?), JournalId::from_bytes(fixed(d)?));
    let seq = d.u64()?;
    if !(1..=limits::MAX_SEQ).contains(&seq) {
        return Err(Bad::message("number"));
    }
    Ok(PartAt { entry: EntryRef { device, journal, seq }, digest: Digest::from_bytes(fixed(d)?) })
}

impl<C> Encode<C> for PartsRequest {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _ctx: &mut C) -> Written<W> {
        match &self.call {
            PartsCall::Ask(asked) => {
                begin(e, 4)?;
                e.bytes(self.agency.as_bytes())?.u64(0)?;
                put_list(e, asked, put_at)
            }
            PartsCall::Bring(at, from, bytes) => {
                begin(e, 6)?;
                e.bytes(self.agency.as_bytes())?.u64(1)?;
                put_at(e, at)?;
                e.u64(*from)?.bytes(bytes)?.ok()
            }
            PartsCall::Fetch(at, from, most) => {
                begin(e, 6)?;
                e.bytes(self.agency.as_bytes())?.u64(2)?;
                put_at(e, at)?;
                e.u64(*from)?.u64(*most)?.ok()
            }
        }
    }
}

impl<'b, C> Decode<'b, C> for PartsRequest {
    fn decode(d: &mut Decoder<'b>, _ctx: &mut C) -> Result<Self, Bad> {
        // The count of elements follows from the call; encoding again and comparing checks it.
        crate::cbor::array_upto(d, 6)?;
        if d.u64()? != limits::WIRE_VERSION {
            return Err(Bad::message("version"));
        }
        let agency = AgencyId::from_bytes(fixed(d)?);
        let call = match d.u64()? {
            0 => PartsCall::Ask(list(d, limits::MAX_PARTS_ASKED, take_at)?),
            1 => PartsCall::Bring(take_at(d)?, d.u64()?, bytes_upto(d, limits::MAX_PART_PIECE)?),
            2 => PartsCall::Fetch(take_at(d)?, d.u64()?, d.u64()?),
            _ => return Err(Bad::message("call")),
        };
        Ok(PartsRequest { agency, call })
    }
}

impl<C> Encode<C> for PartsReply {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _ctx: &mut C) -> Written<W> {
        begin(e, 4)?;
        put_list(e, &self.states, |e, state| {
            let (code, from) = state.parts();
            e.array(2)?.u64(code)?.u64(from)?.ok()
        })?;
        e.bytes(&self.bytes)?;
        put_statements(e, &self.statements)
    }
}

impl<'b, C> Decode<'b, C> for PartsReply {
    fn decode(d: &mut Decoder<'b>, _ctx: &mut C) -> Result<Self, Bad> {
        take_begin(d, 4)?;
        let states = list(d, limits::MAX_PARTS_ASKED, take_state)?;
        Ok(PartsReply { states, bytes: bytes_upto(d, limits::MAX_PART_PIECE)?, statements: take_statements(d)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::SyncError;

    fn at(n: u8) -> PartAt {
        let entry =
            EntryRef { device: DeviceId::from_bytes([n; 32]), journal: JournalId::from_bytes([n; 16]), seq: n.into() };
        PartAt { entry, digest: Digest::of(&[n]) }
    }

    #[test]
    fn every_call_and_answer_reads_as_it_was_written_and_in_one_spelling() {
        let agency = AgencyId::from_bytes([5; 32]);
        for call in [
            PartsCall::Ask(vec![]),
            PartsCall::Ask(vec![at(1), at(2)]),
            PartsCall::Bring(at(3), 70_000, vec![7; 300]),
            PartsCall::Fetch(at(4), 0, 65_536),
        ] {
            let bytes = PartsRequest { agency, call: call.clone() }.to_bytes();
            assert_eq!(PartsRequest::from_bytes(&bytes).unwrap().call, call);
            for cut in 0..bytes.len() {
                assert!(PartsRequest::from_bytes(&bytes[..cut]).is_err());
            }
            assert!(PartsRequest::from_bytes(&[bytes.as_slice(), &[0]].concat()).is_err());
        }
        let states = [
            PartState::Unknown,
            PartState::Wanted(9),
            PartState::Held,
            PartState::Gone,
            PartState::Refused,
            PartState::Waits,
        ];
        let reply = PartsReply { states: states.into(), bytes: vec![1; 30], statements: vec![vec![2; 5]] };
        assert_eq!(PartsReply::from_bytes(&reply.to_bytes()).unwrap(), reply);
    }

    #[test]
    fn what_is_over_a_limit_or_has_no_meaning_is_malformed() {
        let agency = AgencyId::from_bytes([5; 32]);
        let refused = |call| {
            let bytes = PartsRequest { agency, call }.to_bytes();
            assert!(matches!(PartsRequest::from_bytes(&bytes), Err(SyncError::Malformed(_))));
        };
        refused(PartsCall::Bring(at(1), 0, vec![0; limits::MAX_PART_PIECE + 1]));
        refused(PartsCall::Ask(vec![at(1); limits::MAX_PARTS_ASKED + 1]));
        refused(PartsCall::Fetch(PartAt { entry: EntryRef { seq: 0, ..at(1).entry }, ..at(1) }, 0, 1));
        let far = PartsReply { states: vec![PartState::Wanted(limits::MAX_PART + 1)], ..PartsReply::default() };
        assert!(PartsReply::from_bytes(&far.to_bytes()).is_err());
    }
}
