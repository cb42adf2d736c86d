//! An admin's word on a hub that was restored from a backup: which of its checkpoints is believed, and that what it says from now on
//! counts again (FORMATS section 6). Without it a hub could roll back whatever it has signed for and call that a restoration.

use minicbor::decode::Error;
use minicbor::encode::Write;
use minicbor::{Decode, Decoder, Encode, Encoder};

use crate::canonical;
use crate::error::{Forgery, KeysError};
use crate::fingerprint::{AgencyId, DeviceId, Digest};
use crate::statement::{Purpose, Statement, Verified};
use crate::trust::Trust;

/// Longest reason, in bytes.
const MAX_REASON: usize = 512;

/// `[1, agency, hub, old epoch, number, hash, new epoch, reason]`, signed by one admin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubEpoch {
    /// The agency.
    pub agency: AgencyId,
    /// The hub.
    pub hub: DeviceId,
    /// The epoch that ended.
    pub old: u64,
    /// Number of the last checkpoint of it that the restored hub holds; 0 when it holds none.
    pub number: u64,
    /// Hash of that checkpoint's payload; zeros when it holds none.
    pub hash: Digest,
    /// The epoch that begins.
    pub new: u64,
    /// What happened, for people.
    pub reason: String,
}

impl HubEpoch {
    /// The word as a proposal that nobody has signed yet, after checking every rule that readers check.
    ///
    /// # Errors
    /// *Malformed* when it breaks a rule.
    pub fn propose(&self) -> Result<Statement, KeysError> {
        let payload = canonical::encode(self);
        canonical::decode::<Self>(&payload)?;
        Ok(Statement::unsigned(Purpose::Epoch, payload))
    }

    /// What a proposal says. Nothing of it is proven.
    ///
    /// # Errors
    /// [`Forgery::OtherPurpose`]; *malformed*.
    pub fn proposed(statement: &Statement) -> Result<Self, KeysError> {
        if statement.purpose() != Purpose::Epoch {
            return Err(Forgery::OtherPurpose.into());
        }
        Ok(canonical::decode(statement.payload())?)
    }

    /// From wire bytes: signed by one of the adopted roster's admins, about a hub that it lists.
    ///
    /// # Errors
    /// *Malformed*; [`Forgery::OtherPurpose`]; [`Forgery::TooFewSignatures`]; [`Forgery::OtherAgency`]; [`Forgery::NoAuthority`] for a
    /// hub that the roster does not list.
    pub fn verify(bytes: &[u8], trust: &Trust) -> Result<Verified<Self>, KeysError> {
        let unverified = Statement::from_bytes(bytes)?.expect::<Self>(Purpose::Epoch)?;
        let verified = unverified.verify_quorum(&trust.agency(), &trust.roster().voters(), 1)?;
        let word = verified.value();
        if word.agency != trust.agency() {
            return Err(Forgery::OtherAgency.into());
        }
        if trust.roster().hub(&word.hub).is_none() {
            return Err(Forgery::NoAuthority.into());
        }
        Ok(verified)
    }
}

impl<C> Encode<C> for HubEpoch {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.array(8)?.u8(1)?.encode(self.agency)?.encode(self.hub)?.u64(self.old)?.u64(self.number)?;
        e.encode(self.hash)?.u64(self.new)?.str(&self.reason)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for HubEpoch {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, Error> {
        canonical::array(d, 8)?;
        canonical::version(d)?;
        let (agency, hub, old, number, hash, new) =
            (d.decode()?, d.decode()?, d.u64()?, d.u64()?, d.decode()?, d.u64()?);
        let reason = canonical::text(d, MAX_REASON)?;
        if old == 0 || new <= old {
            return Err(Error::message("an epoch follows an earlier one"));
        }
        if (number == 0) != (hash == Digest::ZERO) {
            return Err(Error::message("a checkpoint has a number and a hash, or neither"));
        }
        if reason.trim().is_empty() || reason.chars().any(char::is_control) {
            return Err(Error::message("a reason is a line of text"));
        }
        Ok(Self { agency, hub, old, number, hash, new, reason })
    }
}
