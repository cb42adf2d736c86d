//! The one shape of everything signed that is not an entry: a purpose, the exact payload bytes, signatures (FORMATS section 1).
//!
//! Bytes from outside become a [`Statement`], which proves nothing. [`Statement::expect`] makes it an [`Unverified`] of the wanted
//! type, and only the two checks below turn that into a [`Verified`]: whoever asks for one cannot be given an unchecked value.

use std::marker::PhantomData;

use minicbor::decode::Error;
use minicbor::{Decode, Decoder, Encode, Encoder};

use crate::canonical;
use crate::device::Signer;
use crate::error::{Forgery, KeysError, Malformed, Misuse};
use crate::fingerprint::{AgencyId, Digest, FORMAT_PREFIX, KeyId};
use crate::quorum::{self, Voter};
use crate::verifying_key::VerifyingKey;

/// Most signatures on one statement: an agency has some handful of admins.
const MAX_SIGNATURES: u64 = 64;

/// Largest payload, in bytes: a roster of ten thousand devices fits.
const MAX_PAYLOAD: usize = 16 << 20;

/// What a signature is for. None of the names begins with `"`, with which every RFC 9421 signature base begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// A header of an entry.
    Entry,
    /// A roster.
    Roster,
    /// Wrapped unit identities.
    UnitKeys,
    /// The hub's word on a link.
    Receipt,
    /// The hub's word on all heads.
    Checkpoint,
    /// Forms and code lists.
    Codebook,
    /// A new device asks to be enrolled.
    JoinRequest,
    /// "This is the newest roster."
    Freshness,
    /// A restored hub begins a new epoch.
    Epoch,
    /// The manifest of a bundle.
    Bundle,
    /// An order to erase.
    Erasure,
    /// Reserved.
    RequestBinding,
    /// The report that ends a rotation.
    RotationCertificate,
    /// A roster that waits for further admins, on its way from one to the next.
    Proposal,
    /// A program that devices may run.
    Release,
    /// A case that is offered to a unit of another agency.
    Transfer,
    /// What that unit says to it.
    TransferReply,
    /// That it is offered no more.
    TransferWithdrawal,
}

impl Purpose {
    /// Every purpose, in the order of the numbers 1 to 18.
    pub const ALL: [Self; 18] = [
        Self::Entry,
        Self::Roster,
        Self::UnitKeys,
        Self::Receipt,
        Self::Checkpoint,
        Self::Codebook,
        Self::JoinRequest,
        Self::Freshness,
        Self::Epoch,
        Self::Bundle,
        Self::Erasure,
        Self::RequestBinding,
        Self::RotationCertificate,
        Self::Proposal,
        Self::Release,
        Self::Transfer,
        Self::TransferReply,
        Self::TransferWithdrawal,
    ];

    /// The number on the wire.
    pub const fn number(self) -> u8 {
        match self {
            Self::Entry => 1,
            Self::Roster => 2,
            Self::UnitKeys => 3,
            Self::Receipt => 4,
            Self::Checkpoint => 5,
            Self::Codebook => 6,
            Self::JoinRequest => 7,
            Self::Freshness => 8,
            Self::Epoch => 9,
            Self::Bundle => 10,
            Self::Erasure => 11,
            Self::RequestBinding => 12,
            Self::RotationCertificate => 13,
            Self::Proposal => 14,
            Self::Release => 15,
            Self::Transfer => 16,
            Self::TransferReply => 17,
            Self::TransferWithdrawal => 18,
        }
    }

    /// The word inside the signed string.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Entry => "entry",
            Self::Roster => "roster",
            Self::UnitKeys => "unit-keys",
            Self::Receipt => "receipt",
            Self::Checkpoint => "checkpoint",
            Self::Codebook => "codebook",
            Self::JoinRequest => "join-request",
            Self::Freshness => "freshness",
            Self::Epoch => "epoch",
            Self::Bundle => "bundle",
            Self::Erasure => "erasure",
            Self::RequestBinding => "request-binding",
            Self::RotationCertificate => "rotation-certificate",
            Self::Proposal => "proposal",
            Self::Release => "release",
            Self::Transfer => "transfer",
            Self::TransferReply => "transfer-reply",
            Self::TransferWithdrawal => "transfer-withdrawal",
        }
    }

    /// From the number on the wire.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.number() == number)
    }
}

/// What is signed: `"amanat/v1/" ‖ purpose ‖ 0x00 ‖ agency ‖ payload`.
pub fn signing_string(purpose: Purpose, agency: &AgencyId, payload: &[u8]) -> Vec<u8> {
    let name = purpose.name().as_bytes();
    let mut bytes = Vec::with_capacity(FORMAT_PREFIX.len() + name.len() + 33 + payload.len());
    bytes.extend_from_slice(FORMAT_PREFIX);
    bytes.extend_from_slice(name);
    bytes.push(0);
    bytes.extend_from_slice(agency.as_bytes());
    bytes.extend_from_slice(payload);
    bytes
}

/// A purpose, exact payload bytes, and signatures sorted by key id: `[1, purpose, payload, [[key id, signature]…]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    purpose: Purpose,
    payload: Vec<u8>,
    signatures: Vec<(KeyId, [u8; 64])>,
}

impl Statement {
    /// A payload that nobody has signed yet.
    pub const fn unsigned(purpose: Purpose, payload: Vec<u8>) -> Self {
        Self { purpose, payload, signatures: Vec::new() }
    }

    /// A payload signed by one key.
    pub fn signed_by(purpose: Purpose, agency: &AgencyId, payload: Vec<u8>, signer: &Signer) -> Self {
        let mut statement = Self::unsigned(purpose, payload);
        statement.sign(agency, signer);
        statement
    }

    /// From wire bytes. Nothing is proven by this.
    ///
    /// # Errors
    /// [`Malformed`] unless canonical, of version 1 and a known purpose.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        canonical::decode(bytes)
    }

    /// The wire bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        canonical::encode(self)
    }

    /// Adds (or replaces) the signature of one key.
    pub fn sign(&mut self, agency: &AgencyId, signer: &Signer) {
        let signature = signer.sign(self.purpose, agency, &self.payload);
        self.add(signer.key_id(), signature);
    }

    /// Takes over the signatures of another copy of the same payload: admins sign one after the other, on sticks.
    ///
    /// # Errors
    /// [`Misuse::Limit`] when it is another payload or purpose.
    pub fn merge(&mut self, other: &Self) -> Result<(), KeysError> {
        if (other.purpose, &other.payload) != (self.purpose, &self.payload) {
            return Err(Misuse::Limit { what: "merging two different statements" }.into());
        }
        other.signatures.iter().for_each(|(id, signature)| self.add(*id, *signature));
        Ok(())
    }

    fn add(&mut self, id: KeyId, signature: [u8; 64]) {
        match self.signatures.binary_search_by(|(held, _)| held.cmp(&id)) {
            Ok(at) => {
                if let Some(slot) = self.signatures.get_mut(at) {
                    slot.1 = signature;
                }
            }
            Err(at) => self.signatures.insert(at, (id, signature)),
        }
    }

    /// What it was signed for.
    pub const fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// The exact payload bytes.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// Key ids and signatures, sorted by key id.
    pub fn signatures(&self) -> &[(KeyId, [u8; 64])] {
        &self.signatures
    }

    /// The hash of the payload.
    pub fn payload_hash(&self) -> Digest {
        Digest::of(&self.payload)
    }

    /// Says what type the payload must be; still unproven.
    ///
    /// # Errors
    /// [`Forgery::OtherPurpose`].
    pub fn expect<T>(self, purpose: Purpose) -> Result<Unverified<T>, KeysError> {
        if self.purpose != purpose {
            return Err(Forgery::OtherPurpose.into());
        }
        Ok(Unverified { statement: self, payload: PhantomData })
    }
}

impl<C> Encode<C> for Statement {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.array(4)?.u8(1)?.u8(self.purpose.number())?.bytes(&self.payload)?;
        e.array(u64::try_from(self.signatures.len()).unwrap_or(u64::MAX))?;
        for (id, signature) in &self.signatures {
            e.array(2)?.encode_with(id, ctx)?.bytes(signature)?;
        }
        Ok(())
    }
}

impl<'b, C> Decode<'b, C> for Statement {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, Error> {
        canonical::array(d, 4)?;
        canonical::version(d)?;
        let purpose = Purpose::from_number(d.u8()?).ok_or_else(|| Error::message("unknown purpose"))?;
        let payload = canonical::bytes(d, MAX_PAYLOAD)?.to_vec();
        let signatures = canonical::list(d, MAX_SIGNATURES, |d| {
            canonical::array(d, 2)?;
            Ok((d.decode::<KeyId>()?, canonical::array_of::<64>(d)?))
        })?;
        if !canonical::strictly_rising(signatures.iter().map(|(id, _)| *id)) {
            return Err(Error::message("signatures unsorted or repeated"));
        }
        Ok(Self { purpose, payload, signatures })
    }
}

/// A statement that claims to carry a `T`; nothing of it may be believed.
#[derive(Debug, Clone)]
pub struct Unverified<T> {
    statement: Statement,
    payload: PhantomData<T>,
}

impl<T> Unverified<T>
where
    T: for<'b> Decode<'b, ()> + Encode<()>,
{
    /// Reads the payload before any check, to find out whose keys must be asked. Never act upon the result.
    ///
    /// # Errors
    /// [`Malformed`] when the payload is not canonical.
    pub fn peek(&self) -> Result<T, Malformed> {
        canonical::decode(&self.statement.payload)
    }

    /// The statement as it came.
    pub const fn statement(&self) -> &Statement {
        &self.statement
    }

    /// Demands the signature of one key, then reads the payload.
    ///
    /// # Errors
    /// [`Forgery::Signature`] when that key did not sign; *malformed* when it signed nonsense.
    pub fn verify_by(self, agency: &AgencyId, key: &VerifyingKey) -> Result<Verified<T>, KeysError> {
        let id = key.key_id();
        let (_, signature) =
            self.statement.signatures.iter().find(|(held, _)| *held == id).ok_or(Forgery::Signature)?;
        key.verify(self.statement.purpose, agency, &self.statement.payload, signature)?;
        self.into_verified()
    }

    /// Demands the signatures of `threshold` distinct members, then reads the payload.
    ///
    /// # Errors
    /// [`Forgery::TooFewSignatures`]; *malformed* when they signed nonsense.
    pub fn verify_quorum(
        self,
        agency: &AgencyId,
        voters: &[Voter],
        threshold: usize,
    ) -> Result<Verified<T>, KeysError> {
        quorum::check(&self.statement, agency, voters, threshold)?;
        self.into_verified()
    }

    fn into_verified(self) -> Result<Verified<T>, KeysError> {
        Ok(Verified { value: canonical::decode(&self.statement.payload)?, statement: self.statement })
    }
}

/// A value whose signatures were checked. Only the checks of [`Unverified`] make one.
#[derive(Debug, Clone)]
pub struct Verified<T> {
    value: T,
    statement: Statement,
}

impl<T> Verified<T> {
    /// The value.
    pub const fn value(&self) -> &T {
        &self.value
    }

    /// The value, without its proof.
    pub fn into_value(self) -> T {
        self.value
    }

    /// The proof.
    pub const fn statement(&self) -> &Statement {
        &self.statement
    }
}
