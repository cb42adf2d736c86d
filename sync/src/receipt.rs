//! The hub's signed word on a head (receipt), and the chain of its words on all heads (checkpoint): what they say, and whether
//! they follow from what was sent and from what the hub said before (FORMATS section 6). *Received* is arithmetic on these.

use amanat_keys::canonical::version;
use amanat_keys::error::KeysError;
use amanat_keys::fingerprint::{AgencyId, DeviceId, Digest, JournalId, KeyId};
use amanat_keys::roster::Hub;
use amanat_keys::statement::{Purpose, Statement};
use amanat_keys::trust::Trust;
use minicbor::decode::Error as Bad;
use minicbor::{Decode, Decoder, Encode, Encoder, encode};

use crate::cbor::{array_of, fixed, list, put_list};
use crate::chain::Head;
use crate::error::{Result, SyncError};
use crate::wire::limits;

/// What a receipt says. It counts only inside a statement that the roster's hub key has signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The agency.
    pub agency: AgencyId,
    /// The hub.
    pub hub: DeviceId,
    /// Key id of the receipt key that signs.
    pub hub_key: KeyId,
    /// The hub's epoch; rises when a hub was restored from a backup.
    pub epoch: u64,
    /// Number of the newest checkpoint.
    pub checkpoint: u64,
    /// Hash of that checkpoint's predecessor's payload.
    pub previous: Digest,
    /// Roster version that the hub holds.
    pub roster_version: u64,
    /// The journal's device.
    pub device: DeviceId,
    /// The journal.
    pub journal: JournalId,
    /// The hub keeps every entry up to this number…
    pub seq: u64,
    /// …which leads to this link.
    pub link: Digest,
    /// Up to here all attachments are there too.
    pub complete: u64,
    /// Milliseconds since 1970 by the hub's clock; evidence.
    pub hub_time: u64,
}

/// What a checkpoint says about all heads at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The agency.
    pub agency: AgencyId,
    /// The hub.
    pub hub: DeviceId,
    /// The hub's epoch.
    pub epoch: u64,
    /// Rises by one.
    pub number: u64,
    /// Hash of the payload of the checkpoint before; zero bytes for the first.
    pub previous: Digest,
    /// Hash of the canonical list of heads ([`heads_list`]).
    pub heads: Digest,
    /// Milliseconds since 1970 by the hub's clock; evidence.
    pub hub_time: u64,
}

/// One line of the list that a checkpoint hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListedHead {
    /// The device.
    pub device: DeviceId,
    /// Its journal.
    pub journal: JournalId,
    /// The head that the hub keeps.
    pub head: Head,
}

/// The canonical list of heads, sorted by device and journal: its hash stands in the checkpoint.
pub fn heads_list(mut heads: Vec<ListedHead>) -> Vec<u8> {
    heads.sort_by_key(|h| (h.device, h.journal));
    amanat_keys::canonical::encode(&Heads(heads))
}

/// Reads a list of heads that was checked when it came.
///
/// # Errors
/// [`SyncError::Malformed`] when it is no sorted list.
pub fn listed_heads(bytes: &[u8]) -> Result<Vec<ListedHead>> {
    let Heads(heads) = amanat_keys::canonical::decode(bytes).map_err(|_why| SyncError::Malformed("list of heads"))?;
    Ok(heads)
}

/// Reads a list of heads and checks it against the checkpoint that names it.
///
/// # Errors
/// [`SyncError::Malformed`] when it is no sorted list; [`SyncError::Peer`] when it is not the list of this checkpoint.
pub fn read_heads_list(bytes: &[u8], checkpoint: &Checkpoint) -> Result<Vec<ListedHead>> {
    if Digest::of(bytes) != checkpoint.heads {
        return Err(SyncError::Peer("the list of heads is not the checkpoint's"));
    }
    let Heads(heads) = amanat_keys::canonical::decode(bytes).map_err(|_why| SyncError::Malformed("list of heads"))?;
    Ok(heads)
}

/// How a checkpoint stands to the newest one that was seen of this hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The same checkpoint.
    Same,
    /// A later one of the same epoch; when it is the very next, its predecessor's hash was compared.
    Forward,
    /// A new epoch: counts only with an admin's statement (FORMATS section 6).
    NewEpoch,
    /// An older one: the answer crossed another on the road, or the hub was rolled back.
    Backward,
    /// Two checkpoints of one number, or one that denies its predecessor: the hub shows different people different histories.
    Fork,
}

impl Checkpoint {
    /// From a statement: signed by the key that the roster gives this hub at that number of that epoch, and spoken in its own name.
    ///
    /// # Errors
    /// [`SyncError::Trust`]; [`SyncError::Peer`] when it speaks for another hub or agency.
    pub fn prove(statement: Statement, trust: &Trust, hub: &DeviceId) -> Result<Checkpoint> {
        let unverified = statement.expect::<Checkpoint>(Purpose::Checkpoint).map_err(SyncError::Trust)?;
        let said = unverified.peek().map_err(unread)?;
        let key = trust.hub_key(hub, said.epoch, said.number).map_err(SyncError::Trust)?;
        let word = unverified.verify_by(&trust.agency(), &key).map_err(SyncError::Trust)?.into_value();
        own_name(word.hub == *hub, "a checkpoint in another hub's name")?;
        own_name(word.agency == trust.agency(), "a checkpoint for another agency")?;
        Ok(word)
    }

    /// Compares with the newest checkpoint seen before, given by its content and the hash of its payload.
    pub fn step_from(&self, seen: &Checkpoint, seen_hash: &Digest) -> Step {
        if self.epoch != seen.epoch {
            return if self.epoch > seen.epoch { Step::NewEpoch } else { Step::Backward };
        }
        if self.number < seen.number {
            return Step::Backward;
        }
        if self.number == seen.number {
            return if self == seen { Step::Same } else { Step::Fork };
        }
        if seen.number.checked_add(1) == Some(self.number) && self.previous != *seen_hash {
            return Step::Fork;
        }
        Step::Forward
    }

    /// The payload to be signed, and its hash is what the next checkpoint names.
    pub fn encode(&self) -> Vec<u8> {
        amanat_keys::canonical::encode(self)
    }

    /// Reads the payload of a verified statement.
    ///
    /// # Errors
    /// [`SyncError::Malformed`].
    pub fn decode(payload: &[u8]) -> Result<Checkpoint> {
        amanat_keys::canonical::decode(payload).map_err(|_why| SyncError::Malformed("checkpoint"))
    }
}

/// What was sent, to hold a receipt against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    /// The agency.
    pub agency: AgencyId,
    /// The hub that was spoken to.
    pub hub: DeviceId,
    /// The journal's device.
    pub device: DeviceId,
    /// The journal.
    pub journal: JournalId,
    /// Our own head: the hub cannot have more.
    pub head: Head,
    /// Our own link at the receipt's number, if we have one there.
    pub link_there: Option<Digest>,
}

impl Receipt {
    /// From a statement: signed by the key that the roster gives this hub at that checkpoint, and spoken in its own name. While a hub
    /// waits for its next key to be listed it names the one in use and signs with both.
    ///
    /// # Errors
    /// [`SyncError::Trust`]; [`SyncError::Peer`] when it speaks for another hub, key or agency.
    pub fn prove(statement: Statement, trust: &Trust, hub: &DeviceId) -> Result<Receipt> {
        let unverified = statement.expect::<Receipt>(Purpose::Receipt).map_err(SyncError::Trust)?;
        let said = unverified.peek().map_err(unread)?;
        let key = trust.hub_key(hub, said.epoch, said.checkpoint).map_err(SyncError::Trust)?;
        let receipt = unverified.verify_by(&trust.agency(), &key).map_err(SyncError::Trust)?.into_value();
        own_name(receipt.hub == *hub, "a receipt in another hub's name")?;
        let named = trust.hubs().iter().filter(|row| row.id == *hub).flat_map(Hub::keys);
        own_name(named.map(|key| key.key_id()).any(|id| id == receipt.hub_key), "a receipt in another key's name")?;
        own_name(receipt.agency == trust.agency(), "a receipt for another agency")?;
        Ok(receipt)
    }

    /// Whether the receipt follows from what is held here. It may be below the head (more is on the road), never beside it.
    ///
    /// # Errors
    /// [`SyncError::Peer`] naming what differs. A link that differs is a fork; that is told apart by
    /// [`Receipt::forks`] before this is asked.
    pub fn check(&self, expected: &Expected) -> Result<()> {
        let same = |holds: bool, what: &'static str| if holds { Ok(()) } else { Err(SyncError::Peer(what)) };
        same(self.agency == expected.agency, "receipt: agency")?;
        same(self.hub == expected.hub, "receipt: hub")?;
        same((self.device, self.journal) == (expected.device, expected.journal), "receipt: journal")?;
        same(self.seq <= expected.head.seq, "receipt: beyond what was written")?;
        same(self.complete <= self.seq, "receipt: complete beyond its own number")?;
        same(!self.forks(expected), "receipt: another history")
    }

    /// Whether the receipt signs another history of this journal: the same number (or a higher one than ours) and another link.
    pub fn forks(&self, expected: &Expected) -> bool {
        let ours = if self.seq == expected.head.seq { Some(expected.head.link) } else { expected.link_there };
        self.seq > expected.head.seq || ours.is_some_and(|ours| ours != self.link)
    }

    /// The payload to be signed.
    pub fn encode(&self) -> Vec<u8> {
        amanat_keys::canonical::encode(self)
    }

    /// Reads the payload of a verified statement.
    ///
    /// # Errors
    /// [`SyncError::Malformed`].
    pub fn decode(payload: &[u8]) -> Result<Receipt> {
        amanat_keys::canonical::decode(payload).map_err(|_why| SyncError::Malformed("receipt"))
    }
}

fn unread(fault: amanat_keys::error::Malformed) -> SyncError {
    SyncError::Trust(KeysError::from(fault))
}

fn own_name(holds: bool, broken: &'static str) -> Result<()> {
    if holds { Ok(()) } else { Err(SyncError::Peer(broken)) }
}

struct Heads(Vec<ListedHead>);

type Written<W> = std::result::Result<(), encode::Error<<W as encode::Write>::Error>>;

impl<C> Encode<C> for Heads {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _ctx: &mut C) -> Written<W> {
        put_list(e, &self.0, |e, h| {
            e.array(4)?.bytes(h.device.as_bytes())?.bytes(h.journal.as_bytes())?;
            e.u64(h.head.seq)?.bytes(h.head.link.as_bytes())?.ok()
        })
    }
}

impl<'b, C> Decode<'b, C> for Heads {
    fn decode(d: &mut Decoder<'b>, _ctx: &mut C) -> std::result::Result<Self, Bad> {
        let heads = list(d, limits::MAX_HEADS, |d| {
            array_of(d, 4)?;
            let (device, journal) = (DeviceId::from_bytes(fixed(d)?), JournalId::from_bytes(fixed(d)?));
            let head = Head { seq: d.u64()?, link: Digest::from_bytes(fixed(d)?) };
            Ok(ListedHead { device, journal, head })
        })?;
        if heads.is_sorted_by(|a, b| (a.device, a.journal) < (b.device, b.journal)) {
            Ok(Heads(heads))
        } else {
            Err(Bad::message("heads not sorted"))
        }
    }
}

impl<C> Encode<C> for Receipt {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _ctx: &mut C) -> Written<W> {
        e.array(14)?.u64(1)?.bytes(self.agency.as_bytes())?.bytes(self.hub.as_bytes())?;
        e.bytes(self.hub_key.as_bytes())?.u64(self.epoch)?.u64(self.checkpoint)?.bytes(self.previous.as_bytes())?;
        e.u64(self.roster_version)?.bytes(self.device.as_bytes())?.bytes(self.journal.as_bytes())?;
        e.u64(self.seq)?.bytes(self.link.as_bytes())?.u64(self.complete)?.u64(self.hub_time)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Receipt {
    fn decode(d: &mut Decoder<'b>, _ctx: &mut C) -> std::result::Result<Self, Bad> {
        array_of(d, 14)?;
        version(d)?;
        Ok(Receipt {
            agency: AgencyId::from_bytes(fixed(d)?),
            hub: DeviceId::from_bytes(fixed(d)?),
            hub_key: KeyId::from_bytes(fixed(d)?),
            epoch: d.u64()?,
            checkpoint: d.u64()?,
            previous: Digest::from_bytes(fixed(d)?),
            roster_version: d.u64()?,
            device: DeviceId::from_bytes(fixed(d)?),
            journal: JournalId::from_bytes(fixed(d)?),
            seq: d.u64()?,
            link: Digest::from_bytes(fixed(d)?),
            complete: d.u64()?,
            hub_time: d.u64()?,
        })
    }
}

impl<C> Encode<C> for Checkpoint {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _ctx: &mut C) -> Written<W> {
        e.array(8)?.u64(1)?.bytes(self.agency.as_bytes())?.bytes(self.hub.as_bytes())?.u64(self.epoch)?;
        e.u64(self.number)?.bytes(self.previous.as_bytes())?.bytes(self.heads.as_bytes())?.u64(self.hub_time)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Checkpoint {
    fn decode(d: &mut Decoder<'b>, _ctx: &mut C) -> std::result::Result<Self, Bad> {
        array_of(d, 8)?;
        version(d)?;
        Ok(Checkpoint {
            agency: AgencyId::from_bytes(fixed(d)?),
            hub: DeviceId::from_bytes(fixed(d)?),
            epoch: d.u64()?,
            number: d.u64()?,
            previous: Digest::from_bytes(fixed(d)?),
            heads: Digest::from_bytes(fixed(d)?),
            hub_time: d.u64()?,
        })
    }
}
