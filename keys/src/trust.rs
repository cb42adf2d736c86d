//! The adopted roster and its lineage: whose key is this, and may the next roster be believed? (FORMATS section 5)
//!
//! A device pins its agency once, by words read aloud or by a hash; from there every step goes exactly one version up and needs
//! the threshold of the old roster *and* of the new. There is no clock: `now` is an argument, and the caller takes for it the
//! greatest of hub times in verified receipts and [`Trust::least_now`].

use minicbor::encode::Write;
use minicbor::{Decode, Decoder, Encode, Encoder};

use crate::audience::{Audience, Reader, Sharing};
use crate::canonical;
use crate::error::{Forgery, KeysError, Malformed, Misuse, Stale};
use crate::fingerprint::{AgencyId, DeviceId, Digest, JournalId, KeyId, UnitId};
use crate::recipient::Recipient;
use crate::roster::{Device, Hub, Roster, Unit, UnitKind};
use crate::statement::{Purpose, Statement, Unverified, Verified};
use crate::verifying_key::VerifyingKey;
use crate::words::Words;

/// The format version that this program makes.
pub const FORMAT_VERSION: u64 = 2;

/// Days after expiry before amber becomes red.
const AMBER_DAYS: u64 = 30;
const DAY: u64 = 86_400;
/// Most proofs of forks that are kept: one is enough to raise the alarm.
const MAX_FORKS: usize = 16;

/// What adopting a roster did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It is the roster now.
    Adopted,
    /// It was the roster already.
    AlreadyHeld,
}

/// How the newest roster stands against time. It never stops keeping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Age {
    /// Within its time.
    Current,
    /// Past its expiry: amber.
    Expired,
    /// Past its expiry by more than thirty days: red.
    LongExpired,
}

/// A believed roster with its proof.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Held {
    roster: Roster,
    hash: Digest,
    statement: Statement,
}

/// The adopted roster of one agency, the one before it, and proofs of forks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trust {
    agency: AgencyId,
    current: Held,
    previous: Option<Held>,
    forks: Vec<Statement>,
}

impl Trust {
    /// Pins an agency by the words of its current roster, read aloud by its admin.
    ///
    /// # Errors
    /// [`Forgery::OtherWords`] when they differ; otherwise as [`Trust::pin_hash`].
    pub fn pin(statement: &[u8], words: &Words) -> Result<Self, KeysError> {
        let trust = Self::from_own_quorum(statement)?;
        if trust.fingerprint_words() != *words {
            return Err(Forgery::OtherWords.into());
        }
        Ok(trust)
    }

    /// Pins an agency by the hash of its current roster's payload.
    ///
    /// # Errors
    /// [`Forgery::OtherWords`] when the hash differs; [`Forgery::TooFewSignatures`] when the roster lacks its own threshold;
    /// [`Stale::TooOld`] when it demands a newer program; *malformed*.
    pub fn pin_hash(statement: &[u8], hash: &Digest) -> Result<Self, KeysError> {
        let trust = Self::from_own_quorum(statement)?;
        if trust.current.hash != *hash {
            return Err(Forgery::OtherWords.into());
        }
        Ok(trust)
    }

    /// Self-consistent, which anybody's roster is: private, so that nobody skips the pin.
    fn from_own_quorum(statement: &[u8]) -> Result<Self, KeysError> {
        let held = Held::self_signed(Statement::from_bytes(statement)?)?;
        check_minimum(&held.roster)?;
        Ok(Self { agency: held.roster.agency_id(), current: held, previous: None, forks: Vec::new() })
    }

    /// Takes the next roster: exactly one version up, naming the hash of the one held, signed by the threshold of both.
    ///
    /// # Errors
    /// [`Stale::Rollback`], [`Stale::Gap`], [`Forgery::OtherLineage`], [`Forgery::TooFewSignatures`], [`Forgery::OtherAgency`],
    /// [`Stale::TooOld`]; [`Forgery::Fork`] when it is a second valid roster of the version held, which is kept as proof.
    /// Nothing changes on an error, but for that proof.
    pub fn adopt(&mut self, statement: &[u8]) -> Result<Step, KeysError> {
        let statement = Statement::from_bytes(statement)?;
        if statement.purpose() != Purpose::Roster {
            return Err(Forgery::OtherPurpose.into());
        }
        if statement.payload_hash() == self.current.hash {
            return Ok(Step::AlreadyHeld);
        }
        let candidate: Roster = canonical::decode(statement.payload())?;
        let (offered, adopted) = (candidate.version, self.current.roster.version);
        if offered == adopted {
            return Err(self.judge_rival(statement, candidate));
        }
        if offered < adopted {
            return Err(Stale::Rollback { offered, adopted }.into());
        }
        if offered > adopted.saturating_add(1) {
            return Err(Stale::Gap { offered, adopted }.into());
        }
        let next = step(&self.agency, &self.current, statement, candidate)?;
        check_minimum(&next.roster)?;
        self.previous = Some(std::mem::replace(&mut self.current, next));
        Ok(Step::Adopted)
    }

    /// Another roster with the number that we hold: a fork if it is valid, a mere rollback if not.
    fn judge_rival(&mut self, statement: Statement, candidate: Roster) -> KeysError {
        let (offered, adopted) = (candidate.version, self.current.roster.version);
        let judged = match &self.previous {
            Some(previous) => step(&self.agency, previous, statement.clone(), candidate).map(drop),
            // Without the version before, the admins of the one held are the best judges.
            None => quorum_of(&self.agency, &self.current.roster, &statement)
                .and_then(|()| same_agency(&self.agency, &candidate))
                .and_then(|()| quorum_of(&self.agency, &candidate, &statement)),
        };
        if judged.is_err() {
            return Stale::Rollback { offered, adopted }.into();
        }
        if !self.forks.contains(&statement) && self.forks.len() < MAX_FORKS {
            self.forks.push(statement);
        }
        Forgery::Fork.into()
    }

    /// The agency.
    pub const fn agency(&self) -> AgencyId {
        self.agency
    }

    /// The adopted roster.
    pub const fn roster(&self) -> &Roster {
        &self.current.roster
    }

    /// Its version.
    pub const fn roster_version(&self) -> u64 {
        self.current.roster.version
    }

    /// The hash of its payload.
    pub const fn roster_hash(&self) -> Digest {
        self.current.hash
    }

    /// The adopted roster as the signed bytes that prove it, to hand on.
    pub fn statement_bytes(&self) -> Vec<u8> {
        self.current.statement.to_bytes()
    }

    /// The words of the adopted roster, to read aloud to a new device.
    pub fn fingerprint_words(&self) -> Words {
        Words::of_roster(&self.agency, self.current.roster.version, &self.current.hash)
    }

    /// Rival rosters of a version that was held: each proves that a threshold of admins signed twice. While there is one, sealing
    /// goes to [`Trust::undisputed`] readers and a person must choose.
    pub fn forks(&self) -> &[Statement] {
        &self.forks
    }

    /// Whether every rival of the version held lists this recipient as well. Without a fork: always.
    pub fn undisputed(&self, recipient: &Recipient) -> bool {
        self.forks
            .iter()
            .filter_map(|rival| canonical::decode::<Roster>(rival.payload()).ok())
            .filter(|rival| rival.version == self.current.roster.version)
            .all(|rival| lists(&rival, recipient))
    }

    /// Who reads a case today. As [`Roster::audience`]; while a fork stands, only those readers whom every rival lists as well, and
    /// headquarters (FORMATS section 5).
    ///
    /// # Errors
    /// As [`Roster::audience`]; [`Misuse::NoReaders`] when the fork leaves nobody.
    pub fn audience(&self, unit: &UnitId, level: Sharing) -> Result<Audience, KeysError> {
        let mut audience = self.current.roster.audience(unit, level)?;
        let is_hq = |reader: &Reader| {
            let of_kind = |unit: &&Unit| unit.kind == UnitKind::Headquarters;
            self.current.roster.units.iter().filter(of_kind).any(|unit| *unit.id.as_bytes() == reader.id)
        };
        audience.readers.retain(|reader| self.undisputed(&reader.recipient) || is_hq(reader));
        if audience.readers.is_empty() { Err(Misuse::NoReaders.into()) } else { Ok(audience) }
    }

    /// The least that `now` can be: when the roster was issued (Unix seconds). The caller adds the hub times it has verified.
    pub const fn least_now(&self) -> u64 {
        self.current.roster.issued
    }

    /// From when on the roster is red (Unix seconds); between its expiry and then it is amber.
    pub const fn red_from(&self) -> u64 {
        self.current.roster.expires.saturating_add(AMBER_DAYS * DAY)
    }

    /// How the roster stands at `now` (Unix seconds).
    pub fn age(&self, now: u64) -> Age {
        let expires = self.current.roster.expires;
        if now < expires {
            Age::Current
        } else if now < self.red_from() {
            Age::Expired
        } else {
            Age::LongExpired
        }
    }

    /// A listed device, whatever its state.
    pub fn device(&self, id: &DeviceId) -> Option<&Device> {
        self.current.roster.device(id)
    }

    /// The signing key that stands behind a place of a journal. The version that a header names plays no part: authority is read
    /// from spans (FORMATS section 5).
    ///
    /// # Errors
    /// [`Forgery::NoKeyForPlace`] for an unknown device, outside its spans, or beyond the cut-off of one that left or was lost.
    pub fn verifying_key(&self, device: &DeviceId, journal: &JournalId, seq: u64) -> Result<VerifyingKey, Forgery> {
        self.device(device).ok_or(Forgery::NoKeyForPlace)?.key_at(journal, seq)
    }

    /// The device that may sign requests with the key of this id, and the key. Also for one that left or was lost: it may hand
    /// over, and gets rosters only (see [`Device::is_active`]).
    pub fn requester(&self, key: &KeyId) -> Option<(&Device, VerifyingKey)> {
        self.current
            .roster
            .devices
            .iter()
            .find_map(|device| device.open_keys().find(|open| open.key_id() == *key).map(|open| (device, open)))
    }

    /// What one active device has signed that may say it, whoever else signed beside it: a signature more, under which nothing
    /// stands or which means nothing here, takes nothing from the word of another.
    ///
    /// # Errors
    /// [`Forgery::NoAuthority`] when none of the signers may say it; else the fault of the last that may.
    pub(crate) fn spoken<T>(
        &self,
        unverified: &Unverified<T>,
        may: impl Fn(&Device) -> bool,
    ) -> Result<Verified<T>, KeysError>
    where
        T: Clone + for<'b> Decode<'b, ()> + Encode<()>,
    {
        let mut fault = Forgery::NoAuthority.into();
        for (key, _) in unverified.statement().signatures() {
            let Some((_, key)) = self.requester(key).filter(|(device, _)| device.is_active() && may(device)) else {
                continue;
            };
            match unverified.clone().verify_by(&self.agency(), &key) {
                Ok(verified) => return Ok(verified),
                Err(refused) => fault = refused,
            }
        }
        Err(fault)
    }

    /// The hubs.
    pub fn hubs(&self) -> &[Hub] {
        &self.current.roster.hubs
    }

    /// The key that is a hub's at this checkpoint of an epoch: the one in use, or the one that it gave up later.
    ///
    /// # Errors
    /// [`Misuse::Unknown`] for a hub that is not listed; [`Forgery::NoKeyForPlace`] outside its checkpoints.
    pub fn hub_key(&self, hub: &DeviceId, epoch: u64, checkpoint: u64) -> Result<VerifyingKey, KeysError> {
        let hub = self.current.roster.hub(hub).ok_or(Misuse::Unknown { what: "hub" })?;
        let within = hub.first_checkpoint <= checkpoint && hub.last_checkpoint.is_none_or(|last| checkpoint <= last);
        if within { Ok(hub.key_at(epoch, checkpoint)) } else { Err(Forgery::NoKeyForPlace.into()) }
    }

    /// For the device's own store, whose seal protects it.
    pub fn to_bytes(&self) -> Vec<u8> {
        canonical::encode(self)
    }

    /// From the device's own store. The current roster is checked against its own threshold again.
    ///
    /// # Errors
    /// *Malformed*; [`Forgery::TooFewSignatures`]; [`Forgery::OtherAgency`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeysError> {
        let trust: Self = canonical::decode(bytes)?;
        same_agency(&trust.agency, &trust.current.roster)?;
        quorum_of(&trust.agency, &trust.current.roster, &trust.current.statement)?;
        Ok(trust)
    }
}

impl Held {
    fn decode(statement: Statement) -> Result<Self, KeysError> {
        if statement.purpose() != Purpose::Roster {
            return Err(Forgery::OtherPurpose.into());
        }
        let roster = canonical::decode(statement.payload())?;
        Ok(Self { roster, hash: statement.payload_hash(), statement })
    }

    fn self_signed(statement: Statement) -> Result<Self, KeysError> {
        let held = Self::decode(statement)?;
        quorum_of(&held.roster.agency_id(), &held.roster, &held.statement)?;
        Ok(held)
    }
}

/// One step of the chain, TUF's root rules.
fn step(agency: &AgencyId, old: &Held, statement: Statement, candidate: Roster) -> Result<Held, KeysError> {
    // The old admins first: until they have spoken, the new roster's word on who its admins are is worth nothing.
    quorum_of(agency, &old.roster, &statement)?;
    same_agency(agency, &candidate)?;
    quorum_of(agency, &candidate, &statement)?;
    if candidate.previous != old.hash {
        return Err(Forgery::OtherLineage.into());
    }
    if candidate.kind < old.roster.kind {
        return Err(Misuse::Limit { what: "a recipient kind that falls" }.into());
    }
    if candidate.minimum_version < old.roster.minimum_version {
        return Err(Misuse::Limit { what: "a minimum version that falls" }.into());
    }
    Ok(Held { hash: statement.payload_hash(), roster: candidate, statement })
}

fn same_agency(agency: &AgencyId, roster: &Roster) -> Result<(), KeysError> {
    if roster.agency_id() == *agency { Ok(()) } else { Err(Forgery::OtherAgency.into()) }
}

/// Roster 1 is signed over zeros in the agency's place (its hash is the agency), every later one over the agency.
fn quorum_of(agency: &AgencyId, admins_of: &Roster, statement: &Statement) -> Result<(), KeysError> {
    let first = canonical::decode::<Roster>(statement.payload()).is_ok_and(|roster| roster.version == 1);
    let signed_over = if first { AgencyId::ZERO } else { *agency };
    crate::quorum::check(statement, &signed_over, &admins_of.voters(), admins_of.needed())?;
    Ok(())
}

fn check_minimum(roster: &Roster) -> Result<(), KeysError> {
    let least = roster.minimum_version;
    if least > FORMAT_VERSION { Err(Stale::TooOld { least }.into()) } else { Ok(()) }
}

fn lists(roster: &Roster, recipient: &Recipient) -> bool {
    roster.units.iter().any(|unit| unit.recipient.as_ref() == Some(recipient))
        || roster.devices.iter().any(|device| device.is_active() && device.recipient == *recipient)
        || roster.recovery.as_ref() == Some(recipient)
}

impl<C> Encode<C> for Trust {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.array(5)?.u8(1)?.encode(self.agency)?.encode(&self.current.statement)?;
        let previous: &[Held] = self.previous.as_slice();
        e.array(u64::try_from(previous.len()).unwrap_or(u64::MAX))?;
        previous.iter().try_for_each(|held| e.encode(&held.statement).map(drop))?;
        e.array(u64::try_from(self.forks.len()).unwrap_or(u64::MAX))?;
        self.forks.iter().try_for_each(|rival| e.encode(rival).map(drop))
    }
}

impl<'b, C> Decode<'b, C> for Trust {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        let held = |d: &mut Decoder<'b>| {
            Held::decode(d.decode()?).map_err(|_source| minicbor::decode::Error::message("stored roster"))
        };
        canonical::array(d, 5)?;
        canonical::version(d)?;
        Ok(Self {
            agency: d.decode()?,
            current: held(d)?,
            previous: canonical::list(d, 1, held)?.pop(),
            forks: canonical::list(d, u64::try_from(MAX_FORKS).unwrap_or(u64::MAX), |d| d.decode())?,
        })
    }
}

/// Makes a statement of a roster that nobody has signed yet.
///
/// # Errors
/// *Malformed* when the roster breaks a rule that every reader checks: better told to the admin than to the fleet.
pub fn propose(roster: &Roster) -> Result<Statement, Malformed> {
    let payload = canonical::encode(roster);
    canonical::decode::<Roster>(&payload)?;
    Ok(Statement::unsigned(Purpose::Roster, payload))
}

/// What admins sign a roster over: zeros for version 1, else the agency.
pub fn signing_agency(roster: &Roster) -> AgencyId {
    if roster.version == 1 { AgencyId::ZERO } else { roster.agency }
}
