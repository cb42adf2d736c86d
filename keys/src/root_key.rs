//! `root.age`: an admin's root signing key, under a passphrase of its own file. It signs rosters and what the admins
//! order, never an entry or a request.

use std::fmt;

use minicbor::encode::Write;
use minicbor::{Decode, Decoder, Encode, Encoder};
use zeroize::Zeroizing;

use crate::canonical;
use crate::device::Signer;
use crate::error::{KeysError, Misuse};
use crate::fingerprint::{AgencyId, MemberId};
use crate::join::JoinRequest;
use crate::locked_file::{self, WorkFactor};
use crate::passphrase::Passphrase;
use crate::recipient::Recipient;
use crate::roster::Roster;
use crate::statement::{Purpose, Statement};
use crate::trust;
use crate::verifying_key::VerifyingKey;

/// An admin's root key. Wiped when dropped; never printed.
#[derive(Clone)]
pub struct RootKey {
    member: MemberId,
    signer: Signer,
}

impl RootKey {
    /// A new one for a member.
    ///
    /// # Errors
    /// Never for honest randomness.
    pub fn generate(member: MemberId) -> Result<Self, KeysError> {
        Ok(Self { member, signer: Signer::generate()? })
    }

    /// Whose.
    pub const fn member(&self) -> MemberId {
        self.member
    }

    /// The public half, as the roster lists it.
    pub const fn verifying_key(&self) -> VerifyingKey {
        self.signer.verifying_key()
    }

    /// Signs a roster for the first time, after checking every rule that readers check.
    ///
    /// # Errors
    /// *Malformed* when the roster breaks a rule.
    pub fn sign_roster(&self, roster: &Roster) -> Result<Statement, KeysError> {
        let mut statement = trust::propose(roster)?;
        statement.sign(&trust::signing_agency(roster), &self.signer);
        Ok(statement)
    }

    /// Adds this admin's signature to a roster that another admin proposed.
    ///
    /// # Errors
    /// [`Misuse::Limit`] for a statement of another purpose: a root key signs rosters only; *malformed*.
    pub fn cosign(&self, statement: &mut Statement) -> Result<(), KeysError> {
        if statement.purpose() != Purpose::Roster {
            return Err(Misuse::Limit { what: "signing anything but a roster with a root key" }.into());
        }
        let roster: Roster = canonical::decode(statement.payload())?;
        statement.sign(&trust::signing_agency(&roster), &self.signer);
        Ok(())
    }

    /// Signs a statement that the roster's threshold must stand behind and that is no roster: an erasure, a codebook, a release; or one
    /// alone: an epoch.
    ///
    /// # Errors
    /// [`Misuse::Limit`] for any other purpose.
    pub fn sign_order(&self, statement: &mut Statement, agency: &AgencyId) -> Result<(), KeysError> {
        match statement.purpose() {
            Purpose::Erasure | Purpose::Epoch | Purpose::Codebook | Purpose::Release => {
                statement.sign(agency, &self.signer);
                Ok(())
            }
            Purpose::Entry
            | Purpose::Roster
            | Purpose::UnitKeys
            | Purpose::Receipt
            | Purpose::Checkpoint
            | Purpose::JoinRequest
            | Purpose::Freshness
            | Purpose::Bundle
            | Purpose::RequestBinding
            | Purpose::RotationCertificate
            | Purpose::Proposal
            | Purpose::Transfer
            | Purpose::TransferReply
            | Purpose::TransferWithdrawal => Err(Misuse::Limit { what: "signing this purpose with a root key" }.into()),
        }
    }

    /// Asks to be listed as an admin's root key: signed by the key itself, and naming the recipient of the admin's device, by which
    /// the roster knows whose it is.
    ///
    /// # Errors
    /// Never for a key that is this one's own.
    pub fn request(&self, agency: AgencyId, name: &str, device: &Recipient) -> Result<Statement, KeysError> {
        JoinRequest::for_root(agency, name, self.verifying_key(), device.clone()).sign(&self.signer)
    }

    /// Locks it into the bytes of `root.age`.
    ///
    /// # Errors
    /// [`KeysError::Misuse`] if it could not be sealed.
    pub fn lock(&self, passphrase: &Passphrase, factor: WorkFactor) -> Result<Vec<u8>, KeysError> {
        locked_file::lock(&canonical::encode_secret(self), passphrase, factor)
    }

    /// Opens the bytes of `root.age`.
    ///
    /// # Errors
    /// As [`crate::vault::Vault::open`].
    pub fn open(bytes: &[u8], passphrase: &Passphrase, practice: bool) -> Result<Self, KeysError> {
        Ok(canonical::decode(&locked_file::open(bytes, passphrase, practice)?)?)
    }
}

impl fmt::Debug for RootKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RootKey({:?})", self.member)
    }
}

/// `[1, "root", member, seed]`: the word keeps it from being taken for a vault.
impl<C> Encode<C> for RootKey {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.array(4)?.u8(1)?.str("root")?.encode(self.member)?.bytes(self.signer.seed().as_slice())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for RootKey {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        let error = minicbor::decode::Error::message;
        canonical::array(d, 4)?;
        canonical::version(d)?;
        if d.str()? != "root" {
            return Err(error("no root key"));
        }
        let member = d.decode()?;
        let seed = Zeroizing::new(canonical::array_of::<32>(d)?);
        let signer = Signer::from_seed(&seed).map_err(|_source: KeysError| error("signing seed"))?;
        Ok(Self { member, signer })
    }
}
