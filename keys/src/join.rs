//! The request of a new device (or hub, or an admin's root key) to be put on the roster, bound to its keys by its own signature (FORMATS section 5).

use minicbor::decode::Error;
use minicbor::encode::Write;
use minicbor::{Decode, Decoder, Encode, Encoder};
use rand::RngCore;
use rand::rngs::OsRng;

use crate::canonical;
use crate::device::Signer;
use crate::error::{Forgery, KeysError};
use crate::fingerprint::{AgencyId, DeviceId};
use crate::recipient::{Recipient, RecipientKind, decode_any, encode_optional};
use crate::roster_codec::decode_tls_keys;
use crate::statement::{Purpose, Statement, Verified};
use crate::tls_key::TlsKeys;
use crate::verifying_key::VerifyingKey;
use crate::words::Words;

const MAX_NAME: usize = 256;
const MAX_URL: usize = 1024;

/// What asks to join.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JoinKind {
    /// A person's device.
    Device,
    /// A keeper at headquarters.
    Hub,
    /// The root key of a member who is to be an admin.
    Root,
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
            random: random(),
        }
    }

    /// The request of a root key; the recipient is that of its admin's listed device.
    pub fn for_root(agency: AgencyId, name: &str, root_key: VerifyingKey, device: Recipient) -> Self {
        Self { kind: JoinKind::Root, ..Self::for_device(agency, name, root_key, device, None) }
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
        };
        e.array(10)?.u8(1)?.encode(self.agency)?.u8(kind)?.str(&self.name)?.encode(self.signing_key)?;
        e.encode(self.recipient.kind())?.bytes(self.recipient.as_bytes())?;
        match self.kind {
            JoinKind::Device | JoinKind::Root => encode_optional(e, self.offered_unit.as_ref())?,
            JoinKind::Hub => drop(e.bytes(&self.tls_keys.to_bytes())?),
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
            _ => return Err(Error::message("neither device, hub nor root key")),
        };
        let name = canonical::text(d, MAX_NAME)?;
        let signing_key = d.decode()?;
        let recipient_kind: RecipientKind = d.decode()?;
        let recipient = decode_any(d)?.ok_or_else(|| Error::message("no recipient"))?;
        if recipient.kind() != recipient_kind {
            return Err(Error::message("recipient of another kind than it says"));
        }
        let (offered_unit, tls_keys) = match kind {
            JoinKind::Device | JoinKind::Root => (decode_any(d)?, TlsKeys::default()),
            JoinKind::Hub => (None, decode_tls_keys(d)?),
        };
        if kind == JoinKind::Root && offered_unit.is_some() {
            return Err(Error::message("a root key offers nothing"));
        }
        let url = canonical::text(d, MAX_URL)?;
        if (kind == JoinKind::Hub) == url.is_empty() {
            return Err(Error::message("a hub has a URL; a device has none"));
        }
        let random = canonical::array_of::<32>(d)?;
        Ok(Self { agency, kind, name, signing_key, recipient, offered_unit, tls_keys, url, random })
    }
}
