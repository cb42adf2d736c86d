//! The word of the admins that a program may be run: its hash, its size, its version. Carried beside the file on a stick.

use minicbor::decode::Error;
use minicbor::encode::Write;
use minicbor::{Decode, Decoder, Encode, Encoder};

use crate::canonical;
use crate::error::{Forgery, KeysError};
use crate::fingerprint::{AgencyId, Digest};
use crate::statement::{Purpose, Statement, Verified};
use crate::trust::Trust;

/// The policy under which a roster names the least version of the program.
pub const LEAST: &str = "least-program";

/// Longest name or version, bytes.
const MAX_TEXT: usize = 64;

/// A program's version: three numbers, compared one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProgramVersion(pub u64, pub u64, pub u64);

impl ProgramVersion {
    /// From `1.2.3`: digits and two dots, nothing else, no leading zeros.
    pub fn read(text: &str) -> Option<Self> {
        let number = |part: &str| {
            let digits = !part.is_empty() && part.len() <= 9 && part.bytes().all(|byte| byte.is_ascii_digit());
            (digits && (part == "0" || !part.starts_with('0'))).then(|| part.parse().ok()).flatten()
        };
        let mut parts = text.split('.');
        let version = Self(number(parts.next()?)?, number(parts.next()?)?, number(parts.next()?)?);
        parts.next().is_none().then_some(version)
    }
}

impl std::fmt::Display for ProgramVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// `[1, agency, name, version, size, hash]`, signed by the roster's threshold of admins' root keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// The agency.
    pub agency: AgencyId,
    /// What the program is called: `amanat`.
    pub name: String,
    /// Its version.
    pub version: ProgramVersion,
    /// Its size in bytes.
    pub size: u64,
    /// SHA-256 of the file.
    pub hash: Digest,
}

impl Release {
    /// As a proposal that nobody has signed yet.
    ///
    /// # Errors
    /// *Malformed* when it breaks a rule.
    pub fn propose(&self) -> Result<Statement, KeysError> {
        let payload = canonical::encode(self);
        canonical::decode::<Self>(&payload)?;
        Ok(Statement::unsigned(Purpose::Release, payload))
    }

    /// What a proposal says. Nothing of it is proven.
    ///
    /// # Errors
    /// [`Forgery::OtherPurpose`]; *malformed*.
    pub fn proposed(statement: &Statement) -> Result<Self, KeysError> {
        if statement.purpose() != Purpose::Release {
            return Err(Forgery::OtherPurpose.into());
        }
        Ok(canonical::decode(statement.payload())?)
    }

    /// From wire bytes: signed by the threshold of the adopted roster's admins.
    ///
    /// # Errors
    /// *Malformed*; [`Forgery::OtherPurpose`]; [`Forgery::TooFewSignatures`]; [`Forgery::OtherAgency`].
    pub fn verify(bytes: &[u8], trust: &Trust) -> Result<Verified<Self>, KeysError> {
        let unverified = Statement::from_bytes(bytes)?.expect::<Self>(Purpose::Release)?;
        let roster = trust.roster();
        let verified = unverified.verify_quorum(&trust.agency(), &roster.voters(), roster.needed())?;
        if verified.value().agency != trust.agency() {
            return Err(Forgery::OtherAgency.into());
        }
        Ok(verified)
    }

    /// Whether these are the bytes that were signed for.
    pub fn is_of(&self, program: &[u8]) -> bool {
        u64::try_from(program.len()).is_ok_and(|size| size == self.size) && Digest::of(program) == self.hash
    }
}

impl<C> Encode<C> for Release {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.array(6)?.u8(1)?.encode(self.agency)?.str(&self.name)?.str(&self.version.to_string())?;
        e.u64(self.size)?.encode(self.hash)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Release {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, Error> {
        canonical::array(d, 6)?;
        canonical::version(d)?;
        let (agency, name) = (d.decode()?, canonical::text(d, MAX_TEXT)?);
        let version = canonical::text(d, MAX_TEXT)?;
        let version = ProgramVersion::read(&version).ok_or_else(|| Error::message("no version of a program"))?;
        let (size, hash) = (d.u64()?, d.decode()?);
        if name.is_empty() || size == 0 {
            return Err(Error::message("a program has a name and a size"));
        }
        Ok(Self { agency, name, version, size, hash })
    }
}
