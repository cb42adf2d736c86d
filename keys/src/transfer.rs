//! A case that goes to a unit of another agency: what is offered, and what the other side says to it. Two agencies share no roster, so each
//! side proves its word by its own, which the other has pinned by words read aloud.

use minicbor::decode::Error;
use minicbor::encode::Write;
use minicbor::{Decode, Decoder, Encode, Encoder};

use crate::canonical;
use crate::device::Signer;
use crate::error::{Forgery, KeysError};
use crate::fingerprint::{AgencyId, CaseId, DeviceId, Digest, UnitId};
use crate::limits;
use crate::roster::{Role, Roster};
use crate::statement::{Purpose, Statement, Verified};
use crate::trust::Trust;

/// Longest code of a reason, bytes.
const REASON: usize = 64;
/// Longest note, bytes: what a person writes in a line or ten.
const NOTE: usize = 4096;

/// An entry that goes along: the hash of its signed header, which commits to all of it, and whether it lies under the case's second key
/// (names, phones, homes), so that the other side keeps it under its own second key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Along {
    /// Hash of the header.
    pub header: Digest,
    /// Under the second key.
    pub names: bool,
}

/// `[1, from, device, unit, to, roster hash, to unit, nonce, case, reason, note, time, left behind, [[header hash, names]…]]`, signed by a
/// device that may stand in for the unit that has the case. Its id is the hash of its payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The agency that has the case.
    pub from: AgencyId,
    /// The device that signs.
    pub device: DeviceId,
    /// The unit that has the case.
    pub unit: UnitId,
    /// The agency that is asked.
    pub to: AgencyId,
    /// The roster of it by which this was written.
    pub roster: Digest,
    /// The unit that is asked.
    pub to_unit: UnitId,
    /// Random, so that no two offers are one.
    pub nonce: [u8; 16],
    /// The case, as the first agency numbers it.
    pub case: CaseId,
    /// Why: a code of the list `transfer_reason`.
    pub reason: String,
    /// In words; may be empty.
    pub note: String,
    /// Unix seconds by the signer's clock: evidence.
    pub time: u64,
    /// Attachments that do not go along.
    pub left_behind: u64,
    /// What goes along, each before what names it.
    pub entries: Vec<Along>,
}

impl Offer {
    /// Signs it.
    ///
    /// # Errors
    /// *Malformed* when it breaks a rule of the format.
    pub fn sign(&self, signer: &Signer) -> Result<Statement, KeysError> {
        let payload = canonical::encode(self);
        canonical::decode::<Self>(&payload)?;
        Ok(Statement::signed_by(Purpose::Transfer, &self.from, payload, signer))
    }

    /// What an offer says. Nothing of it is proven.
    ///
    /// # Errors
    /// [`Forgery::OtherPurpose`]; *malformed*.
    pub fn peek(bytes: &[u8]) -> Result<Self, KeysError> {
        Ok(Statement::from_bytes(bytes)?.expect::<Self>(Purpose::Transfer)?.peek()?)
    }

    /// From wire bytes: signed by the active device that it names, which by the roster of its agency may stand in for the unit.
    ///
    /// # Errors
    /// *Malformed*; [`Forgery::OtherPurpose`]; [`Forgery::OtherAgency`]; [`Forgery::NoAuthority`]; [`Forgery::Signature`].
    pub fn verify(bytes: &[u8], theirs: &Trust) -> Result<Verified<Self>, KeysError> {
        let unverified = Statement::from_bytes(bytes)?.expect::<Self>(Purpose::Transfer)?;
        let said = unverified.peek()?;
        if said.from != theirs.agency() {
            return Err(Forgery::OtherAgency.into());
        }
        let roster = theirs.roster();
        theirs.spoken(&unverified, |device| device.id == said.device && roster.may_stand_in(&device.id, &said.unit))
    }
}

impl<C> Encode<C> for Offer {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.array(14)?.u8(1)?.encode(self.from)?.encode(self.device)?.encode(self.unit)?.encode(self.to)?;
        e.encode(self.roster)?.encode(self.to_unit)?.bytes(&self.nonce)?.encode(self.case)?;
        e.str(&self.reason)?.str(&self.note)?.u64(self.time)?.u64(self.left_behind)?;
        e.array(u64::try_from(self.entries.len()).unwrap_or(u64::MAX))?;
        for along in &self.entries {
            e.array(2)?.encode(along.header)?.bool(along.names)?;
        }
        Ok(())
    }
}

impl<'b, C> Decode<'b, C> for Offer {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, Error> {
        canonical::array(d, 14)?;
        canonical::version(d)?;
        let (from, device, unit, to) = (d.decode()?, d.decode()?, d.decode()?, d.decode()?);
        let (roster, to_unit, nonce, case) = (d.decode()?, d.decode()?, canonical::array_of::<16>(d)?, d.decode()?);
        let (reason, note) = (canonical::text(d, REASON)?, canonical::text(d, NOTE)?);
        let (time, left_behind) = (d.u64()?, d.u64()?);
        let entries = canonical::list(d, limits::TRANSFERRED, |d| {
            canonical::array(d, 2)?;
            Ok(Along { header: d.decode()?, names: d.bool()? })
        })?;
        let mut hashes: Vec<Digest> = entries.iter().map(|along: &Along| along.header).collect();
        hashes.sort_unstable();
        if entries.is_empty() || !canonical::strictly_rising(hashes) {
            return Err(Error::message("an offer brings entries, each once"));
        }
        if from == to {
            return Err(Error::message("an offer goes to another agency"));
        }
        Ok(Self { from, device, unit, to, roster, to_unit, nonce, case, reason, note, time, left_behind, entries })
    }
}

/// `[1, from, device, offer, accepted, note, time]`, signed by a device of the unit that was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The agency that was asked.
    pub from: AgencyId,
    /// The device that signs.
    pub device: DeviceId,
    /// The offer's id.
    pub offer: Digest,
    /// Whether it takes the case over.
    pub accepted: bool,
    /// Why not; may be empty where it does.
    pub note: String,
    /// Unix seconds by the signer's clock: evidence.
    pub time: u64,
}

impl Reply {
    /// Signs it.
    ///
    /// # Errors
    /// *Malformed* when it breaks a rule of the format.
    pub fn sign(&self, signer: &Signer) -> Result<Statement, KeysError> {
        let payload = canonical::encode(self);
        canonical::decode::<Self>(&payload)?;
        Ok(Statement::signed_by(Purpose::TransferReply, &self.from, payload, signer))
    }

    /// What a reply says. Nothing of it is proven.
    ///
    /// # Errors
    /// [`Forgery::OtherPurpose`]; *malformed*.
    pub fn peek(bytes: &[u8]) -> Result<Self, KeysError> {
        Ok(Statement::from_bytes(bytes)?.expect::<Self>(Purpose::TransferReply)?.peek()?)
    }

    /// From wire bytes: signed by the active device that it names, whose member answers for the unit that was asked.
    ///
    /// # Errors
    /// As [`Offer::verify`].
    pub fn verify(bytes: &[u8], theirs: &Trust, unit: &UnitId) -> Result<Verified<Self>, KeysError> {
        let unverified = Statement::from_bytes(bytes)?.expect::<Self>(Purpose::TransferReply)?;
        let said = unverified.peek()?;
        if said.from != theirs.agency() {
            return Err(Forgery::OtherAgency.into());
        }
        let roster = theirs.roster();
        theirs.spoken(&unverified, |device| device.id == said.device && roster.answers_for(&device.id, unit))
    }
}

impl<C> Encode<C> for Reply {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.array(7)?.u8(1)?.encode(self.from)?.encode(self.device)?.encode(self.offer)?;
        e.bool(self.accepted)?.str(&self.note)?.u64(self.time)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Reply {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, Error> {
        canonical::array(d, 7)?;
        canonical::version(d)?;
        let (from, device, offer) = (d.decode()?, d.decode()?, d.decode()?);
        let (accepted, note, time) = (d.bool()?, canonical::text(d, NOTE)?, d.u64()?);
        if !accepted && note.trim().is_empty() {
            return Err(Error::message("whoever refuses says why"));
        }
        Ok(Self { from, device, offer, accepted, note, time })
    }
}

/// `[1, from, device, unit, offer, note, time]`, signed by a device that may stand in for the unit that offered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawal {
    /// The agency that offered.
    pub from: AgencyId,
    /// The device that signs.
    pub device: DeviceId,
    /// The unit that offered.
    pub unit: UnitId,
    /// The offer's id.
    pub offer: Digest,
    /// Why; may be empty.
    pub note: String,
    /// Unix seconds by the signer's clock: evidence.
    pub time: u64,
}

impl Withdrawal {
    /// Signs it.
    ///
    /// # Errors
    /// *Malformed* when it breaks a rule of the format.
    pub fn sign(&self, signer: &Signer) -> Result<Statement, KeysError> {
        let payload = canonical::encode(self);
        canonical::decode::<Self>(&payload)?;
        Ok(Statement::signed_by(Purpose::TransferWithdrawal, &self.from, payload, signer))
    }

    /// What a withdrawal says. Nothing of it is proven.
    ///
    /// # Errors
    /// [`Forgery::OtherPurpose`]; *malformed*.
    pub fn peek(bytes: &[u8]) -> Result<Self, KeysError> {
        Ok(Statement::from_bytes(bytes)?.expect::<Self>(Purpose::TransferWithdrawal)?.peek()?)
    }

    /// From wire bytes: signed by the active device that it names, which may stand in for the unit.
    ///
    /// # Errors
    /// As [`Offer::verify`].
    pub fn verify(bytes: &[u8], theirs: &Trust) -> Result<Verified<Self>, KeysError> {
        let unverified = Statement::from_bytes(bytes)?.expect::<Self>(Purpose::TransferWithdrawal)?;
        let said = unverified.peek()?;
        if said.from != theirs.agency() {
            return Err(Forgery::OtherAgency.into());
        }
        let roster = theirs.roster();
        theirs.spoken(&unverified, |device| device.id == said.device && roster.may_stand_in(&device.id, &said.unit))
    }
}

impl<C> Encode<C> for Withdrawal {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.array(7)?.u8(1)?.encode(self.from)?.encode(self.device)?.encode(self.unit)?.encode(self.offer)?;
        e.str(&self.note)?.u64(self.time)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Withdrawal {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, Error> {
        canonical::array(d, 7)?;
        canonical::version(d)?;
        let (from, device, unit, offer) = (d.decode()?, d.decode()?, d.decode()?, d.decode()?);
        Ok(Self { from, device, unit, offer, note: canonical::text(d, NOTE)?, time: d.u64()? })
    }
}

impl Roster {
    /// Whether a device answers for a unit that is asked to take a case over: its member leads it, keeps it, or reads for it.
    pub fn answers_for(&self, device: &DeviceId, unit: &UnitId) -> bool {
        [Role::Supervisor, Role::Custodian, Role::Reader].into_iter().any(|role| self.holds(device, role, unit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer() -> Offer {
        let along = |n: u8| Along { header: Digest::from_bytes([n; 32]), names: n == 2 };
        Offer {
            from: AgencyId::from_bytes([1; 32]),
            device: DeviceId::from_bytes([2; 32]),
            unit: UnitId::from_bytes([3; 32]),
            to: AgencyId::from_bytes([4; 32]),
            roster: Digest::from_bytes([5; 32]),
            to_unit: UnitId::from_bytes([6; 32]),
            nonce: [7; 16],
            case: CaseId::from_bytes([8; 16]),
            reason: "XBORDER".into(),
            note: String::new(),
            time: 9,
            left_behind: 0,
            entries: vec![along(3), along(2)],
        }
    }

    fn reads(offer: &Offer) -> bool {
        canonical::decode::<Offer>(&canonical::encode(offer)).is_ok_and(|read| read == *offer)
    }

    #[test]
    fn an_offer_keeps_the_order_of_its_entries_and_names_none_twice() {
        assert!(reads(&offer()));
        let twice = vec![offer().entries[0]; 2];
        assert!(!reads(&Offer { entries: twice, ..offer() }));
        assert!(!reads(&Offer { entries: Vec::new(), ..offer() }), "nothing is no offer");
        assert!(!reads(&Offer { to: offer().from, ..offer() }), "within one agency a case is handed over, not offered");
        assert!(!reads(&Offer { note: "x".repeat(NOTE + 1), ..offer() }));
        let bytes = canonical::encode(&offer());
        assert!(canonical::decode::<Offer>(&bytes[..bytes.len() - 1]).is_err());
    }

    #[test]
    fn who_refuses_says_why() {
        let reply = |accepted, note: &str| Reply {
            from: AgencyId::from_bytes([4; 32]),
            device: DeviceId::from_bytes([2; 32]),
            offer: Digest::from_bytes([1; 32]),
            accepted,
            note: note.into(),
            time: 1,
        };
        let reads = |reply: &Reply| canonical::decode::<Reply>(&canonical::encode(reply)).is_ok();
        assert!(reads(&reply(true, "")) && reads(&reply(false, "Not ours.")));
        assert!(!reads(&reply(false, " ")));
    }
}
