//! The signed manifest that begins a bundle.

use amanat_keys::error::{Forgery, KeysError};
use amanat_keys::fingerprint::{AgencyId, DeviceId, Digest, JournalId};
use amanat_keys::roster::Hub;
use amanat_keys::statement::{Purpose, Statement};
use amanat_keys::trust::Trust;
use amanat_keys::verifying_key::VerifyingKey;
use minicbor::decode::Error as Bad;
use minicbor::{Decode, Decoder, Encode, Encoder, encode};

use crate::cbor::{array_of, array_upto, fixed, list, put_list};
use crate::entry::EntryRef;
use crate::wire::limits;
use crate::wire::parts::PartAt;
use crate::wire::v1::RunHead;

/// The newest checkpoint that the writer had seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The hub's epoch.
    pub epoch: u64,
    /// The checkpoint's number.
    pub number: u64,
    /// Hash of its payload.
    pub hash: Digest,
}

/// An attachment whose bytes stand behind the items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartLine {
    /// Which.
    pub at: PartAt,
    /// Bytes of its envelope.
    pub size: u64,
}

/// What a bundle says of itself. It is believed for what it is: every piece inside proves itself, and from the manifest follows
/// only what is missing when the file ends early.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The agency.
    pub agency: AgencyId,
    /// The device or hub that wrote it.
    pub from: DeviceId,
    /// The hub, units and devices that it was written to.
    pub to: Vec<Digest>,
    /// The stretches whose items follow, in this order.
    pub runs: Vec<RunHead>,
    /// The newest checkpoint that the writer had seen.
    pub checkpoint: Option<Seen>,
    /// The roster version that the writer held.
    pub roster: u64,
    /// Statements before the items.
    pub papers: u64,
    /// What the entries weigh, as the writer counted before it began: header, signature, envelope.
    pub bytes: u64,
    /// Attachments, in the order in which their bytes follow.
    pub parts: Vec<PartLine>,
}

impl Manifest {
    /// Items, entries and bare hashes alike.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.runs.iter().fold(0, |sum, run| sum.saturating_add(run.count))
    }

    /// Demands the signature of the device or hub in whose name it is written.
    ///
    /// # Errors
    /// A forgery, also for a writer whom the roster does not list. One that was revoked may still hand over.
    pub fn prove(statement: &Statement, trust: &Trust) -> Result<Manifest, KeysError> {
        let unverified = statement.clone().expect::<Manifest>(Purpose::Bundle)?;
        let from = unverified.peek()?.from;
        for key in keys_of(&from, trust) {
            if let Ok(proven) = unverified.clone().verify_by(&trust.agency(), &key) {
                return Ok(proven.into_value());
            }
        }
        Err(Forgery::Signature.into())
    }
}

fn keys_of(from: &DeviceId, trust: &Trust) -> Vec<VerifyingKey> {
    let hubs = trust.hubs().iter().filter(|hub| hub.id == *from).flat_map(Hub::keys);
    let device = trust.device(from).into_iter().flat_map(|device| device.spans.iter().map(|span| span.key));
    hubs.chain(device).collect()
}

type Written<W> = Result<(), encode::Error<<W as encode::Write>::Error>>;

impl<C> Encode<C> for Manifest {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _ctx: &mut C) -> Written<W> {
        e.array(11)?.u64(limits::WIRE_VERSION)?;
        e.bytes(self.agency.as_bytes())?.bytes(self.from.as_bytes())?;
        put_list(e, &self.to, |e, id| e.bytes(id.as_bytes())?.ok())?;
        put_list(e, &self.runs, |e, run| run.put(e))?;
        match &self.checkpoint {
            None => e.array(0)?.ok()?,
            Some(seen) => e.array(3)?.u64(seen.epoch)?.u64(seen.number)?.bytes(seen.hash.as_bytes())?.ok()?,
        }
        e.u64(self.roster)?.u64(self.papers)?.u64(self.count())?.u64(self.bytes)?;
        put_list(e, &self.parts, |e, part| {
            let PartAt { entry, digest } = &part.at;
            e.array(5)?.bytes(entry.device.as_bytes())?.bytes(entry.journal.as_bytes())?.u64(entry.seq)?;
            e.bytes(digest.as_bytes())?.u64(part.size)?.ok()
        })
    }
}

fn take_part(d: &mut Decoder<'_>) -> Result<PartLine, Bad> {
    array_of(d, 5)?;
    let (device, journal) = (DeviceId::from_bytes(fixed(d)?), JournalId::from_bytes(fixed(d)?));
    let entry = EntryRef { device, journal, seq: d.u64()? };
    let line = PartLine { at: PartAt { entry, digest: Digest::from_bytes(fixed(d)?) }, size: d.u64()? };
    if line.size == 0 || line.size > limits::MAX_PART { Err(Bad::message("size of an attachment")) } else { Ok(line) }
}

impl<'b, C> Decode<'b, C> for Manifest {
    fn decode(d: &mut Decoder<'b>, _ctx: &mut C) -> Result<Self, Bad> {
        array_of(d, 11)?;
        if d.u64()? != limits::WIRE_VERSION {
            return Err(Bad::message("version"));
        }
        let (agency, from) = (AgencyId::from_bytes(fixed(d)?), DeviceId::from_bytes(fixed(d)?));
        let to = list(d, limits::BUNDLE_READERS, |d| Ok(Digest::from_bytes(fixed(d)?)))?;
        let runs = list(d, limits::MAX_RUNS, RunHead::take)?;
        let checkpoint = match array_upto(d, 3)? {
            0 => None,
            3 => Some(Seen { epoch: d.u64()?, number: d.u64()?, hash: Digest::from_bytes(fixed(d)?) }),
            _ => return Err(Bad::message("checkpoint")),
        };
        let (roster, papers, count, bytes) = (d.u64()?, d.u64()?, d.u64()?, d.u64()?);
        let parts = list(d, limits::BUNDLE_PARTS, take_part)?;
        let manifest = Manifest { agency, from, to, runs, checkpoint, roster, papers, bytes, parts };
        if count == manifest.count() && papers <= limits::BUNDLE_PAPERS {
            Ok(manifest)
        } else {
            Err(Bad::message("count"))
        }
    }
}
