//! "This is the newest roster": the weekly word by which withholding a revocation is noticed (FORMATS section 5).

use minicbor::encode::Write;
use minicbor::{Decode, Decoder, Encode, Encoder};

use crate::canonical;
use crate::device::Signer;
use crate::error::{Forgery, KeysError};
use crate::fingerprint::{AgencyId, DeviceId, Digest};
use crate::roster::{Role, Roster, Unit, UnitKind};
use crate::statement::{Purpose, Statement, Verified};
use crate::trust::Trust;

const DAY: u64 = 86_400;

/// `[1, agency, roster version, roster hash, serial, time]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Freshness {
    /// The agency.
    pub agency: AgencyId,
    /// Newest version.
    pub version: u64,
    /// Hash of its payload.
    pub hash: Digest,
    /// Rises by at least one with each; a lower one is an old word.
    pub serial: u64,
    /// Unix seconds by the signer's clock.
    pub time: u64,
}

/// What a word on freshness means for the roster that we hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confirmed {
    /// Ours is the newest.
    Newest,
    /// There are newer ones: fetch them.
    Behind {
        /// How many.
        by: u64,
    },
    /// An older word than the roster that we hold: says nothing.
    Old,
}

impl Freshness {
    /// Says that the adopted roster is the newest.
    pub fn of(trust: &Trust, serial: u64, now: u64) -> Self {
        Self { agency: trust.agency(), version: trust.roster_version(), hash: trust.roster_hash(), serial, time: now }
    }

    /// Signed by the device of an admin or of a supervisor at headquarters.
    pub fn sign(&self, signer: &Signer) -> Statement {
        Statement::signed_by(Purpose::Freshness, &self.agency, canonical::encode(self), signer)
    }

    /// From wire bytes: signed by an active device whose member may say so.
    ///
    /// # Errors
    /// *Malformed*; [`Forgery::OtherAgency`]; [`Forgery::Signature`]; [`Forgery::NoAuthority`]; [`Forgery::Fork`] when it names our
    /// version with another hash.
    pub fn verify(bytes: &[u8], trust: &Trust) -> Result<Verified<Self>, KeysError> {
        let unverified = Statement::from_bytes(bytes)?.expect::<Self>(Purpose::Freshness)?;
        let verified = trust.spoken(&unverified, |device| trust.roster().confirms(&device.id))?;
        let word = verified.value();
        if word.agency != trust.agency() {
            return Err(Forgery::OtherAgency.into());
        }
        if word.version == trust.roster_version() && word.hash != trust.roster_hash() {
            return Err(Forgery::Fork.into());
        }
        Ok(verified)
    }

    /// The device that said it. Words are filed by who said them: whoever stole a device can count as high as they like, and the words of
    /// the others go on from where they were.
    ///
    /// # Errors
    /// As [`Freshness::verify`].
    pub fn speaker(bytes: &[u8], trust: &Trust) -> Result<DeviceId, KeysError> {
        let statement = Self::verify(bytes, trust)?.statement().clone();
        for (key, _) in statement.signatures() {
            let listed = trust.requester(key).filter(|(device, _)| trust.roster().confirms(&device.id));
            let Some((device, key)) = listed else { continue };
            if statement.clone().expect::<Self>(Purpose::Freshness)?.verify_by(&trust.agency(), &key).is_ok() {
                return Ok(device.id);
            }
        }
        Err(Forgery::NoAuthority.into())
    }

    /// What it says about the roster that we hold.
    pub const fn judge(&self, trust: &Trust) -> Confirmed {
        let held = trust.roster_version();
        if self.version == held {
            Confirmed::Newest
        } else if self.version > held {
            Confirmed::Behind { by: self.version - held }
        } else {
            Confirmed::Old
        }
    }

    /// Days since it was said: "roster confirmed n days ago".
    pub const fn days_old(&self, now: u64) -> u64 {
        now.saturating_sub(self.time) / DAY
    }
}

impl Roster {
    /// Whether a device's word on freshness counts: an active one of an admin, or of a supervisor at headquarters.
    pub fn confirms(&self, device: &DeviceId) -> bool {
        let Some(device) = self.device(device).filter(|device| device.is_active()) else { return false };
        let at_hq = |unit: &&Unit| unit.kind == UnitKind::Headquarters;
        self.admins.iter().any(|admin| admin.member == device.member)
            || self.units.iter().filter(at_hq).any(|unit| self.holds(&device.id, Role::Supervisor, &unit.id))
    }
}

impl<C> Encode<C> for Freshness {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.array(6)?
            .u8(1)?
            .encode(self.agency)?
            .u64(self.version)?
            .encode(self.hash)?
            .u64(self.serial)?
            .u64(self.time)?
            .ok()
    }
}

impl<'b, C> Decode<'b, C> for Freshness {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        canonical::array(d, 6)?;
        canonical::version(d)?;
        Ok(Self { agency: d.decode()?, version: d.u64()?, hash: d.decode()?, serial: d.u64()?, time: d.u64()? })
    }
}
