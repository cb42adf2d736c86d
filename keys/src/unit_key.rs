//! A unit's identity, shared by its readers: made on the first reader's device, wrapped to each further one (DESIGN section 5).

use std::collections::BTreeSet;

use age::secrecy::ExposeSecret;
use minicbor::decode::Error;
use minicbor::encode::Write;
use minicbor::{Decode, Decoder, Encode, Encoder};
use zeroize::Zeroizing;

use crate::canonical::{self, strictly_rising};
use crate::device::{DeviceKeys, Signer};
use crate::error::{Forgery, KeysError, Malformed, Misuse, NotForUs};
use crate::fingerprint::{AgencyId, DeviceId, Digest, UnitId};
use crate::recipient::{ReadIdentity, Recipient, decode_any};
use crate::roster::{Device, Roster};
use crate::statement::{Purpose, Statement, Verified};
use crate::trust::Trust;
use crate::verifying_key::VerifyingKey;

/// Most readers of one unit.
const MAX_WRAPS: u64 = 4096;
/// Largest age file around one identity, bytes: a header of one stanza (and grease) and 74 bytes of text.
const MAX_WRAP: usize = 4096;

/// `[1, agency, unit, epoch, recipient, [[device, age file]…]]`, signed by the device of a reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitKeys {
    /// The agency.
    pub agency: AgencyId,
    /// The unit.
    pub unit: UnitId,
    /// Which of its keys: 1, 2, 3…
    pub epoch: u64,
    /// The public half.
    pub recipient: Recipient,
    /// The identity's text in an age file for each device, sorted by device.
    pub wraps: Vec<(DeviceId, Vec<u8>)>,
}

impl UnitKeys {
    /// Wraps a unit's identity to devices.
    ///
    /// # Errors
    /// [`Misuse::NoReaders`] for nobody; [`Misuse::MixedKinds`] for a device that would let a hybrid identity out by its own weaker key.
    pub fn wrap(
        agency: AgencyId,
        unit: UnitId,
        epoch: u64,
        identity: &ReadIdentity,
        readers: &[(DeviceId, Recipient)],
    ) -> Result<Self, KeysError> {
        if readers.is_empty() {
            return Err(Misuse::NoReaders.into());
        }
        // An older key may go to a stronger device, never a stronger key to a weaker one.
        if readers.iter().any(|(_, reader)| reader.kind() < identity.kind()) {
            return Err(Misuse::MixedKinds.into());
        }
        let text = identity.to_text();
        let wrap = |(device, recipient): &(DeviceId, Recipient)| {
            let file = age::encrypt(recipient, text.expose_secret().as_bytes())
                .map_err(|_source: age::EncryptError| KeysError::from(Misuse::Limit { what: "unit identity" }))?;
            Ok((*device, file))
        };
        let mut wraps = readers.iter().map(wrap).collect::<Result<Vec<_>, KeysError>>()?;
        wraps.sort_unstable_by_key(|(device, _)| *device);
        wraps.dedup_by_key(|(device, _)| *device);
        Ok(Self { agency, unit, epoch, recipient: identity.recipient().clone(), wraps })
    }

    /// Wraps an identity that the roster names for a unit, today's or an earlier one, to every device that the roster lets read for it
    /// today: older slips are under older keys until they are rewrapped.
    ///
    /// # Errors
    /// [`Forgery::OtherKey`] when the roster does not name the identity for the unit; as [`UnitKeys::wrap`].
    pub fn wrap_for_roster(trust: &Trust, unit: &UnitId, identity: &ReadIdentity) -> Result<Self, KeysError> {
        let listed = trust.roster().unit(unit).ok_or(Misuse::Unknown { what: "unit" })?;
        let epoch = listed.epoch_of(identity.recipient()).ok_or(Forgery::OtherKey)?;
        let readers = trust.roster().unit_devices(unit).into_iter().map(|device| (device.id, device.recipient.clone()));
        let recovery = trust.roster().recovery.iter().map(|recovery| (Self::escrow_id(recovery), recovery.clone()));
        let readers: Vec<_> = readers.chain(recovery).collect();
        Self::wrap(trust.agency(), *unit, epoch, identity, &readers)
    }

    /// With the rows of an earlier statement on the same key for devices that this one says nothing to: they hold that key already. Of two
    /// statements on one key that with more rows is the newer on every shelf; where nobody came, an empty row makes it so: the signer of the
    /// earlier one may have lost the right to say it.
    #[must_use]
    pub fn carrying(mut self, earlier: &Self) -> Self {
        if (self.agency, self.unit, self.epoch, &self.recipient)
            != (earlier.agency, earlier.unit, earlier.epoch, &earlier.recipient)
        {
            return self;
        }
        let rows = earlier.wraps.iter().filter(|(device, _)| !self.is_for(device)).cloned().collect::<Vec<_>>();
        self.wraps.extend(rows);
        if self.wraps.len() <= earlier.wraps.len() {
            let again = Digest::tagged("unit-keys-again", &[&earlier.wraps.len().to_be_bytes()]);
            self.wraps.push((DeviceId::from_bytes(*again.as_bytes()), Vec::new()));
        }
        self.wraps.sort_unstable_by_key(|(device, _)| *device);
        self
    }

    /// What a statement on a unit's key says, signed by any key that the roster names of any device, trusted still or not: for the recovery
    /// key, whose holders need no more, since the roster names the key that must come out. Without a signature a hub could fill shelves.
    ///
    /// # Errors
    /// *Malformed*; [`Forgery::OtherAgency`]; [`Forgery::OtherKey`] when the roster names neither this recipient nor ever did.
    pub fn escrowed(bytes: &[u8], trust: &Trust) -> Result<Self, KeysError> {
        let statement = Statement::from_bytes(bytes)?;
        let signed = |key: &VerifyingKey| statement.signatures().iter().any(|(id, _)| *id == key.key_id());
        let spans = trust.roster().devices.iter().flat_map(|device| &device.spans);
        let mut by = spans.map(|span| span.key).filter(signed);
        let proven =
            |key| statement.clone().expect::<Self>(Purpose::UnitKeys).ok()?.verify_by(&trust.agency(), &key).ok();
        let keys = by.find_map(proven).ok_or(Forgery::NoAuthority)?.into_value();
        if keys.agency != trust.agency() {
            return Err(Forgery::OtherAgency.into());
        }
        keys.check_named(trust)?;
        Ok(keys)
    }

    /// Unwraps the unit's identity with the recovery identity.
    ///
    /// # Errors
    /// [`NotForUs::NoKey`] where it was not sealed to it; [`Forgery::OtherKey`] when another key is inside; *malformed*.
    pub fn recover(&self, recovery: &ReadIdentity) -> Result<ReadIdentity, KeysError> {
        let id = Self::escrow_id(recovery.recipient());
        let (_, file) = self.wraps.iter().find(|(device, _)| *device == id).ok_or(NotForUs::NoKey)?;
        let text = age::decrypt(recovery, file).map_err(|_source: age::DecryptError| NotForUs::NoKey)?;
        self.identity_from(&Zeroizing::new(text))
    }

    fn identity_from(&self, text: &[u8]) -> Result<ReadIdentity, KeysError> {
        let text = std::str::from_utf8(text)
            .map_err(|_source: std::str::Utf8Error| Malformed::new("wrapped unit identity"))?;
        let identity = ReadIdentity::from_text(text)?;
        if *identity.recipient() != self.recipient {
            return Err(Forgery::OtherKey.into());
        }
        Ok(identity)
    }

    /// Signed by a reader's device.
    pub fn sign(&self, signer: &Signer) -> Statement {
        Statement::signed_by(Purpose::UnitKeys, &self.agency, canonical::encode(self), signer)
    }

    /// From wire bytes: signed by an active device that the roster lets read for the unit.
    ///
    /// # Errors
    /// *Malformed*; [`Forgery::NoAuthority`] for another signer; [`Forgery::Signature`]; [`Forgery::OtherAgency`];
    /// [`Forgery::OtherKey`] when the roster names neither this recipient nor ever did.
    pub fn verify(bytes: &[u8], trust: &Trust) -> Result<Verified<Self>, KeysError> {
        let unverified = Statement::from_bytes(bytes)?.expect::<Self>(Purpose::UnitKeys)?;
        let claimed = unverified.peek()?;
        let reads = |device: &Device| trust.roster().reads_for(device, &claimed.unit);
        let verified = trust.spoken(&unverified, reads)?;
        if verified.value().agency != trust.agency() {
            return Err(Forgery::OtherAgency.into());
        }
        verified.value().check_named(trust)?;
        Ok(verified)
    }

    fn check_named(&self, trust: &Trust) -> Result<(), KeysError> {
        let unit = trust.roster().unit(&self.unit).ok_or(Misuse::Unknown { what: "unit" })?;
        // An old key under another number would stand in the place of that number's own on every shelf.
        if unit.epoch_of(&self.recipient) == Some(self.epoch) { Ok(()) } else { Err(Forgery::OtherKey.into()) }
    }

    /// Unwraps the unit's identity with this device's keys. Accepted only if its public half is the recipient that the roster
    /// names for the unit, today or earlier (FORMATS section 5): else whoever wraps could have us publish a key of theirs.
    ///
    /// # Errors
    /// [`NotForUs::NoKey`] when there is no wrap for this device or none that it opens; [`Forgery::OtherKey`]; *malformed*.
    pub fn open(&self, keys: &DeviceKeys, trust: &Trust) -> Result<ReadIdentity, KeysError> {
        self.check_named(trust)?;
        let (_, file) = self.wraps.iter().find(|(device, _)| *device == keys.device_id()).ok_or(NotForUs::NoKey)?;
        let text = keys
            .identities()
            .find_map(|identity| age::decrypt(identity, file).ok())
            .map(Zeroizing::new)
            .ok_or(NotForUs::NoKey)?;
        self.identity_from(&text)
    }

    /// Under which id the wrap for the recovery identity stands: no device has it, because a device's is made of its signing key.
    pub fn escrow_id(recovery: &Recipient) -> DeviceId {
        DeviceId::from_bytes(*recovery.key_id().as_bytes())
    }

    /// What a statement on this key is filed under: each key of a unit by itself, because slips are under an older one until they are
    /// rewrapped, and a newer one opens none of them.
    pub fn about(&self) -> Digest {
        Self::filed_under(&self.unit, self.epoch)
    }

    /// Of two statements on one key that with more rows is newer: it reaches whoever came later.
    pub fn serial(&self) -> u64 {
        u64::try_from(self.wraps.len()).unwrap_or(u64::MAX)
    }

    /// What statements on the keys of the units that a device reads for are filed under.
    pub fn filed_for(roster: &Roster, device: &DeviceId) -> BTreeSet<Digest> {
        let Some(listed) = roster.device(device) else { return BTreeSet::new() };
        let units = roster.units.iter().filter(|unit| roster.reads_for(listed, &unit.id));
        units.flat_map(|unit| unit.keys().map(|(epoch, _)| Self::filed_under(&unit.id, epoch))).collect()
    }

    fn filed_under(unit: &UnitId, epoch: u64) -> Digest {
        Digest::tagged("unit-keys", &[unit.as_bytes(), &epoch.to_be_bytes()])
    }

    /// Whether a device has a wrap here.
    pub fn is_for(&self, device: &DeviceId) -> bool {
        self.wraps.iter().any(|(held, _)| held == device)
    }
}

impl<C> Encode<C> for UnitKeys {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.array(6)?.u8(1)?.encode(self.agency)?.encode(self.unit)?.u64(self.epoch)?.bytes(self.recipient.as_bytes())?;
        e.array(u64::try_from(self.wraps.len()).unwrap_or(u64::MAX))?;
        self.wraps.iter().try_for_each(|(device, file)| e.array(2)?.encode(device)?.bytes(file)?.ok())
    }
}

impl<'b, C> Decode<'b, C> for UnitKeys {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, Error> {
        canonical::array(d, 6)?;
        canonical::version(d)?;
        let (agency, unit, epoch) = (d.decode()?, d.decode()?, d.u64()?);
        let recipient = decode_any(d)?.ok_or_else(|| Error::message("no recipient"))?;
        let wraps = canonical::list(d, MAX_WRAPS, |d| {
            canonical::array(d, 2)?;
            Ok((d.decode::<DeviceId>()?, canonical::bytes(d, MAX_WRAP)?.to_vec()))
        })?;
        if !strictly_rising(wraps.iter().map(|(device, _)| *device)) {
            return Err(Error::message("wraps unsorted or repeated"));
        }
        Ok(Self { agency, unit, epoch, recipient, wraps })
    }
}
