//! A roster on its way from admin to admin through hub or stick: with the signatures it has so far, under the name of the admin's
//! device that hands it on (FORMATS section 5; the rules of signing are [`crate::trust`]'s).
//!
//! It proves nothing about the roster inside: whoever takes it compares, shows and counts for themselves. What an admin signs is the
//! whole payload of the roster, with the nonce in it; a roster that was changed on the way is another one and has no signature.

use minicbor::decode::Error;
use minicbor::encode::Write;
use minicbor::{Decode, Decoder, Encode, Encoder};

use crate::canonical;
use crate::device::Signer;
use crate::error::{Forgery, KeysError};
use crate::fingerprint::{AgencyId, DeviceId};
use crate::roster::{Device, Role, Roster};
use crate::statement::{Purpose, Statement, Verified};
use crate::trust::Trust;

/// The policy under which a roster carries the nonce of its ceremony: 32 hex digits, drawn anew for each roster.
pub const NONCE: &str = "proposal";

/// `[1, agency, device, serial, roster statement]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The agency.
    pub agency: AgencyId,
    /// The admin's device that hands it on.
    pub device: DeviceId,
    /// Rises with each that this device hands on: of two the later counts.
    pub serial: u64,
    /// The roster with the signatures it has.
    pub roster: Statement,
}

impl Proposal {
    /// Signed by the device that hands it on.
    pub fn sign(&self, signer: &Signer) -> Statement {
        Statement::signed_by(Purpose::Proposal, &self.agency, canonical::encode(self), signer)
    }

    /// From wire bytes: signed by the active device of an admin, or of a member whose role is to become one. Whether the roster inside
    /// follows from the adopted one is not asked: it may have been adopted meanwhile.
    ///
    /// # Errors
    /// *Malformed*; [`Forgery::NoAuthority`]; [`Forgery::Signature`]; [`Forgery::OtherAgency`]; [`Forgery::OtherPurpose`] for what is no
    /// roster inside.
    pub fn verify(bytes: &[u8], trust: &Trust) -> Result<Verified<Self>, KeysError> {
        let unverified = Statement::from_bytes(bytes)?.expect::<Self>(Purpose::Proposal)?;
        let claimed = unverified.peek()?;
        let may = |device: &Device| device.id == claimed.device && trust.roster().proposes(&device.id);
        let verified = trust.spoken(&unverified, may)?;
        let proposal = verified.value();
        if proposal.roster.purpose() != Purpose::Roster {
            return Err(Forgery::OtherPurpose.into());
        }
        let inside: Roster = canonical::decode(proposal.roster.payload())?;
        if proposal.agency != trust.agency() || inside.agency_id() != trust.agency() {
            return Err(Forgery::OtherAgency.into());
        }
        Ok(verified)
    }
}

impl Roster {
    /// Whether proposals pass through this device: an active one of an admin, or of a member with the role.
    pub fn proposes(&self, device: &DeviceId) -> bool {
        self.device(device).is_some_and(|device| {
            let admin = self.admins.iter().any(|admin| admin.member == device.member);
            let role =
                || self.member(&device.member).is_some_and(|m| m.roles.iter().any(|(role, _)| *role == Role::Admin));
            device.is_active() && (admin || role())
        })
    }
}

impl<C> Encode<C> for Proposal {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.array(5)?.u8(1)?.encode(self.agency)?.encode(self.device)?.u64(self.serial)?.encode(&self.roster)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Proposal {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, Error> {
        canonical::array(d, 5)?;
        canonical::version(d)?;
        Ok(Self { agency: d.decode()?, device: d.decode()?, serial: d.u64()?, roster: d.decode()? })
    }
}
