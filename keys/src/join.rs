//! The request of a new device (or hub, or an admin's root key) to be put on the roster, bound to its keys by its own signature (FORMATS section 5).

use minicbor::decode::Error;
use minicbor::encode::Write;
use minicbor::{Decode, Decoder, Encode, Encoder};
use rand::RngCore;
use rand::rngs::OsRng;

use crate::canonical::{self, strictly_rising};
use crate::device::Signer;
use crate::error::{Forgery, KeysError};
use crate::fingerprint::{AgencyId, DeviceId, Digest, JournalId};
use crate::recipient::{Recipient, RecipientKind, decode_any, encode_optional};
use crate::roster::CutOff;
use crate::roster_codec::decode_tls_keys;
use crate::statement::{Purpose, Statement, Verified};
use crate::tls_key::TlsKeys;
use crate::verifying_key::VerifyingKey;
use crate::words::Words;

const MAX_NAME: usize = 256;
const MAX_URL: usize = 1024;
/// One end: journal, number, link.
const END: usize = 16 + 8 + 32;
/// A device, a journal, and the ends of as many as a roster lists of one device.
const MAX_ENDS: usize = 32 + 16 + 1000 * END;
/// A hub, an epoch, a number.
const HUB_END: usize = 32 + 8 + 8;

/// What asks to join.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JoinKind {
    /// A person's device.
    Device,
    /// A keeper at headquarters.
    Hub,
    /// The root key of a member who is to be an admin.
    Root,
    /// The next keys of a device that is listed.
    NextKeys,
    /// The next receipt key of a hub that is listed.
    NextHubKey,
}

/// Whose next receipt key it is, and where the older one ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HubSuccession {
    /// The hub, listed under the key that it was enrolled with.
    pub hub: DeviceId,
    /// The epoch in which the key was made.
    pub epoch: u64,
    /// The last checkpoint that the older key signed alone; 0 for none. Whatever comes behind it the next key has signed too.
    pub last: u64,
}

/// Whose next keys they are, and where they begin to speak.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Succession {
    /// The device, listed under the signing key that it was enrolled with.
    pub device: DeviceId,
    /// The journal that the next signing key will write: named before it is begun, so that no other journal changes hands.
    pub journal: JournalId,
    /// Where the journals of the older key ended, once they have: sorted by journal. Empty while it still writes.
    pub ends: Vec<CutOff>,
}

/// `[1, agency, kind, name, signing key, recipient kind, recipient, offered, url, random]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinRequest {
    /// The agency, or zeros when it is not known yet.
    pub agency: AgencyId,
    /// Device, hub or root key.
    pub kind: JoinKind,
    /// How it calls itself: a hint for the admin, proven by nothing.
    pub name: String,
    /// The signing key (a hub's receipt key, an admin's root key).
    pub signing_key: VerifyingKey,
    /// What is to be sealed to it (a hub's transport recipient; for a root key, that of the admin's listed device).
    pub recipient: Recipient,
    /// Devices only, offered: a unit identity made on this device, in case it is its unit's first reader.
    pub offered_unit: Option<Recipient>,
    /// Hubs only, offered: the TLS keys that it shows, or will; none for a hub without TLS.
    pub tls_keys: TlsKeys,
    /// Hubs only: where it can be called.
    pub url: String,
    /// Next keys only, offered: whose, and from where on.
    pub succession: Option<Succession>,
    /// A hub's next key only, offered: whose, and where the older one ends.
    pub hub_succession: Option<HubSuccession>,
    /// Makes the words of two requests differ, so that a swapped request shows.
    pub random: [u8; 32],
}

impl JoinRequest {
    /// A device's request.
    pub fn for_device(
        agency: AgencyId,
        name: &str,
        signing_key: VerifyingKey,
        recipient: Recipient,
        offered_unit: Option<Recipient>,
    ) -> Self {
        Self {
            agency,
            kind: JoinKind::Device,
            name: name.to_owned(),
            signing_key,
            recipient,
            offered_unit,
            tls_keys: TlsKeys::default(),
            url: String::new(),
            succession: None,
            hub_succession: None,
            random: random(),
        }
    }

    /// A hub's request; its TLS keys are set on what this gives.
    pub fn for_hub(agency: AgencyId, name: &str, receipt_key: VerifyingKey, transport: Recipient, url: &str) -> Self {
        Self {
            agency,
            kind: JoinKind::Hub,
            name: name.to_owned(),
            signing_key: receipt_key,
            recipient: transport,
            offered_unit: None,
            tls_keys: TlsKeys::default(),
            url: url.to_owned(),
            succession: None,
            hub_succession: None,
            random: random(),
        }
    }

    /// The request of a root key; the recipient is that of its admin's listed device.
    pub fn for_root(agency: AgencyId, name: &str, root_key: VerifyingKey, device: Recipient) -> Self {
        Self { kind: JoinKind::Root, ..Self::for_device(agency, name, root_key, device, None) }
    }

    /// The request of a listed device's next keys.
    pub fn for_next_keys(
        agency: AgencyId,
        name: &str,
        signing_key: VerifyingKey,
        recipient: Recipient,
        succession: Succession,
    ) -> Self {
        let kind = JoinKind::NextKeys;
        Self { kind, succession: Some(succession), ..Self::for_device(agency, name, signing_key, recipient, None) }
    }

    /// The request of a listed hub's next receipt key; the recipient is the hub's transport recipient, which stays.
    pub fn for_next_hub_key(
        agency: AgencyId,
        name: &str,
        receipt_key: VerifyingKey,
        transport: Recipient,
        succession: HubSuccession,
    ) -> Self {
        let kind = JoinKind::NextHubKey;
        let hub_succession = Some(succession);
        Self { kind, hub_succession, ..Self::for_device(agency, name, receipt_key, transport, None) }
    }

    /// Signs it with the key that it names: proof of possession. Sign once and keep the bytes; the words are theirs.
    ///
    /// # Errors
    /// [`Forgery::OtherKey`] for another signer.
    pub fn sign(&self, signer: &Signer) -> Result<Statement, KeysError> {
        if signer.verifying_key() != self.signing_key {
            return Err(Forgery::OtherKey.into());
        }
        Ok(Statement::signed_by(Purpose::JoinRequest, &self.agency, canonical::encode(self), signer))
    }

    /// From wire bytes: the request, checked against the key inside. Anybody can make one: compare [`JoinRequest::words`] with
    /// what the person beside the device reads aloud.
    ///
    /// # Errors
    /// *Malformed*; [`Forgery::Signature`]; [`Forgery::OtherPurpose`].
    pub fn verify(bytes: &[u8]) -> Result<Verified<Self>, KeysError> {
        let unverified = Statement::from_bytes(bytes)?.expect::<Self>(Purpose::JoinRequest)?;
        let request = unverified.peek()?;
        unverified.verify_by(&request.agency, &request.signing_key)
    }

    /// Adds the signature of the key that stands in the roster to a request for next keys, of a device or a hub: whoever made these had that one too.
    pub fn vouch(statement: &mut Statement, agency: &AgencyId, signer: &Signer) {
        statement.sign(agency, signer);
    }

    /// Whether a key has signed these bytes as well as the one that they name.
    pub fn is_signed_by(bytes: &[u8], agency: &AgencyId, key: &VerifyingKey) -> bool {
        let unverified = Statement::from_bytes(bytes).ok().and_then(|it| it.expect::<Self>(Purpose::JoinRequest).ok());
        unverified.is_some_and(|it| it.verify_by(agency, key).is_ok())
    }

    /// As [`JoinRequest::verify`], and compares the words read aloud: a request swapped on the stick is refused.
    ///
    /// # Errors
    /// [`Forgery::OtherWords`]; [`Forgery::OtherAgency`] when it is meant for another agency; as [`JoinRequest::verify`].
    pub fn approve(bytes: &[u8], words: &Words, agency: &AgencyId) -> Result<Verified<Self>, KeysError> {
        let request = Self::verify(bytes)?;
        if request.value().words() != *words {
            return Err(Forgery::OtherWords.into());
        }
        if !request.value().agency.is_zero() && request.value().agency != *agency {
            return Err(Forgery::OtherAgency.into());
        }
        Ok(request)
    }

    /// The id that the roster will list.
    pub fn device_id(&self) -> DeviceId {
        self.signing_key.device_id()
    }

    /// The words that are read aloud.
    pub fn words(&self) -> Words {
        Words::of_join_request(&canonical::encode(self))
    }
}

fn random() -> [u8; 32] {
    let mut bytes = [0; 32];
    OsRng.fill_bytes(&mut bytes);
    bytes
}

impl<C> Encode<C> for JoinRequest {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), minicbor::encode::Error<W::Error>> {
        let kind = match self.kind {
            JoinKind::Device => 0,
            JoinKind::Hub => 1,
            JoinKind::Root => 2,
            JoinKind::NextKeys => 3,
            JoinKind::NextHubKey => 4,
        };
        e.array(10)?.u8(1)?.encode(self.agency)?.u8(kind)?.str(&self.name)?.encode(self.signing_key)?;
        e.encode(self.recipient.kind())?.bytes(self.recipient.as_bytes())?;
        match self.kind {
            JoinKind::Device | JoinKind::Root => encode_optional(e, self.offered_unit.as_ref())?,
            JoinKind::Hub => drop(e.bytes(&self.tls_keys.to_bytes())?),
            JoinKind::NextKeys => drop(e.bytes(&self.succession.as_ref().map(write_succession).unwrap_or_default())?),
            JoinKind::NextHubKey => drop(e.bytes(&self.hub_succession.map(write_hub_end).unwrap_or_default())?),
        }
        e.str(&self.url)?.bytes(&self.random)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for JoinRequest {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, Error> {
        canonical::array(d, 10)?;
        canonical::version(d)?;
        let agency = d.decode()?;
        let kind = match d.u8()? {
            0 => JoinKind::Device,
            1 => JoinKind::Hub,
            2 => JoinKind::Root,
            3 => JoinKind::NextKeys,
            4 => JoinKind::NextHubKey,
            _ => return Err(Error::message("neither device, hub, root key nor next keys")),
        };
        let name = canonical::text(d, MAX_NAME)?;
        let signing_key = d.decode()?;
        let recipient_kind: RecipientKind = d.decode()?;
        let recipient = decode_any(d)?.ok_or_else(|| Error::message("no recipient"))?;
        if recipient.kind() != recipient_kind {
            return Err(Error::message("recipient of another kind than it says"));
        }
        let (mut offered_unit, mut tls_keys) = (None, TlsKeys::default());
        let (mut succession, mut hub_succession) = (None, None);
        match kind {
            JoinKind::Device | JoinKind::Root => offered_unit = decode_any(d)?,
            JoinKind::Hub => tls_keys = decode_tls_keys(d)?,
            JoinKind::NextKeys => succession = Some(read_succession(canonical::bytes(d, MAX_ENDS)?)?),
            JoinKind::NextHubKey => hub_succession = Some(read_hub_end(canonical::bytes(d, HUB_END)?)?),
        }
        if kind == JoinKind::NextHubKey && agency == AgencyId::ZERO {
            return Err(Error::message("the next key of a hub of no agency"));
        }
        if kind == JoinKind::Root && offered_unit.is_some() {
            return Err(Error::message("a root key offers nothing"));
        }
        let url = canonical::text(d, MAX_URL)?;
        if (kind == JoinKind::Hub) == url.is_empty() {
            return Err(Error::message("a hub has a URL; a device has none"));
        }
        let random = canonical::array_of::<32>(d)?;
        Ok(Self {
            agency,
            kind,
            name,
            signing_key,
            recipient,
            offered_unit,
            tls_keys,
            url,
            succession,
            hub_succession,
            random,
        })
    }
}

fn write_hub_end(end: HubSuccession) -> Vec<u8> {
    [&end.hub.as_bytes()[..], &end.epoch.to_be_bytes(), &end.last.to_be_bytes()].concat()
}

fn read_hub_end(bytes: &[u8]) -> Result<HubSuccession, Error> {
    let read = || {
        let (hub, rest) = bytes.split_first_chunk::<32>()?;
        let (epoch, rest) = rest.split_first_chunk::<8>()?;
        let last: [u8; 8] = rest.try_into().ok()?;
        let (epoch, last) = (u64::from_be_bytes(*epoch), u64::from_be_bytes(last));
        Some(HubSuccession { hub: DeviceId::from_bytes(*hub), epoch, last })
    };
    read().filter(|end| end.epoch > 0).ok_or_else(|| Error::message("the next key of no hub"))
}

fn write_succession(succession: &Succession) -> Vec<u8> {
    let mut bytes = [&succession.device.as_bytes()[..], succession.journal.as_bytes()].concat();
    for end in &succession.ends {
        bytes.extend_from_slice(end.journal.as_bytes());
        bytes.extend_from_slice(&end.seq.to_be_bytes());
        bytes.extend_from_slice(end.link.as_bytes());
    }
    bytes
}

fn read_succession(bytes: &[u8]) -> Result<Succession, Error> {
    let short = || Error::message("next keys of no device");
    let (device, rest) = bytes.split_first_chunk::<32>().ok_or_else(short)?;
    let (journal, rest) = rest.split_first_chunk::<16>().ok_or_else(short)?;
    let (ends, []) = rest.as_chunks::<END>() else { return Err(Error::message("half an end of a journal")) };
    let read = |end: &[u8; END]| {
        let (journal, rest) = end.split_first_chunk::<16>()?;
        let (seq, link) = rest.split_first_chunk::<8>()?;
        let (journal, link) = (JournalId::from_bytes(*journal), Digest::from_slice(link)?);
        Some(CutOff { journal, seq: u64::from_be_bytes(*seq), link })
    };
    let ends: Vec<CutOff> = ends.iter().filter_map(read).collect();
    let journal = JournalId::from_bytes(*journal);
    let named = ends.iter().all(|end| end.seq > 0 && end.journal != journal);
    if journal == JournalId::ZERO || !named || !strictly_rising(ends.iter().map(|end| end.journal)) {
        return Err(Error::message("ends of journals unsorted, repeated, empty or of the journal that begins"));
    }
    Ok(Succession { device: DeviceId::from_bytes(*device), journal, ends })
}
