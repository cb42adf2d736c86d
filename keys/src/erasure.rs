//! An order to erase: which entries, each by its place and the hash of its header, and where its reason is kept (FORMATS section 4).
//!
//! An order deletes nothing by itself. It is in force for an entry once a custodian has kept a stand-in for that very entry as well, so
//! that neither the admins' keys alone nor a custodian's laptop alone can destroy. The reason is named by the header hash of a sealed
//! entry of the case: whoever carries the order learns how many entries go, and not why.

use minicbor::decode::Error;
use minicbor::encode::Write;
use minicbor::{Decode, Decoder, Encode, Encoder};

use crate::canonical::{self, strictly_rising};
use crate::error::{Forgery, KeysError};
use crate::fingerprint::{AgencyId, CaseId, DeviceId, Digest, JournalId};
use crate::statement::{Purpose, Statement, Verified};
use crate::trust::Trust;

/// Most entries in one order: about 96 bytes each, so that its statement stays within four MiB. A larger case takes several orders.
pub const MAX_TARGETS: u64 = 40_000;

/// One entry that is to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Doomed {
    /// The device that signed it.
    pub device: DeviceId,
    /// Its journal.
    pub journal: JournalId,
    /// Its number there, from 1.
    pub seq: u64,
    /// Hash of its header: another history of the journal is not meant.
    pub hash: Digest,
}

/// `[1, agency, case, reason, [[device, journal, number, header hash]…]]`, signed by the roster's threshold of admins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    /// The agency.
    pub agency: AgencyId,
    /// The case that the entries belong to.
    pub case: CaseId,
    /// Header hash of the sealed entry that holds the order's text; it is not among those that go.
    pub reason: Digest,
    /// What goes, sorted by device, journal and number; one entry of each place, at least one in all.
    pub targets: Vec<Doomed>,
}

impl Erasure {
    /// The order as a proposal that nobody has signed yet, after checking every rule that readers check.
    ///
    /// # Errors
    /// *Malformed* when it breaks a rule.
    pub fn propose(&self) -> Result<Statement, KeysError> {
        let payload = canonical::encode(self);
        canonical::decode::<Self>(&payload)?;
        Ok(Statement::unsigned(Purpose::Erasure, payload))
    }

    /// What a proposal says. Nothing of it is proven.
    ///
    /// # Errors
    /// [`Forgery::OtherPurpose`]; *malformed*.
    pub fn proposed(statement: &Statement) -> Result<Self, KeysError> {
        if statement.purpose() != Purpose::Erasure {
            return Err(Forgery::OtherPurpose.into());
        }
        Ok(canonical::decode(statement.payload())?)
    }

    /// From wire bytes: signed by the threshold of the adopted roster's admins.
    ///
    /// # Errors
    /// *Malformed*; [`Forgery::OtherPurpose`]; [`Forgery::TooFewSignatures`]; [`Forgery::OtherAgency`].
    pub fn verify(bytes: &[u8], trust: &Trust) -> Result<Verified<Self>, KeysError> {
        let unverified = Statement::from_bytes(bytes)?.expect::<Self>(Purpose::Erasure)?;
        let roster = trust.roster();
        let verified = unverified.verify_quorum(&trust.agency(), &roster.voters(), roster.needed())?;
        if verified.value().agency != trust.agency() {
            return Err(Forgery::OtherAgency.into());
        }
        Ok(verified)
    }

    /// Whether it names this entry.
    pub fn names(&self, doomed: &Doomed) -> bool {
        self.targets.binary_search(doomed).is_ok()
    }
}

impl<C> Encode<C> for Erasure {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.array(5)?.u8(1)?.encode(self.agency)?.encode(self.case)?.encode(self.reason)?;
        e.array(u64::try_from(self.targets.len()).unwrap_or(u64::MAX))?;
        for Doomed { device, journal, seq, hash } in &self.targets {
            e.array(4)?.encode(device)?.encode(journal)?.u64(*seq)?.encode(hash)?;
        }
        Ok(())
    }
}

impl<'b, C> Decode<'b, C> for Erasure {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, Error> {
        canonical::array(d, 5)?;
        canonical::version(d)?;
        let (agency, case, reason) = (d.decode()?, d.decode()?, d.decode()?);
        let targets = canonical::list(d, MAX_TARGETS, |d| {
            canonical::array(d, 4)?;
            Ok(Doomed { device: d.decode()?, journal: d.decode()?, seq: d.u64()?, hash: d.decode()? })
        })?;
        if targets.is_empty() || targets.iter().any(|target| target.seq == 0) {
            return Err(Error::message("an order names at least one entry, by its number"));
        }
        if !strictly_rising(targets.iter().map(|target| (target.device, target.journal, target.seq))) {
            return Err(Error::message("entries of an order unsorted or repeated"));
        }
        if targets.iter().any(|target| target.hash == reason) {
            return Err(Error::message("an order that erases its own reason"));
        }
        Ok(Self { agency, case, reason, targets })
    }
}
