//! How far the rotation of a unit's key has come: a row that is written with every batch of rewraps, in the same transaction, so that
//! a program killed at any instant goes on where the disk says that it was.

use std::collections::BTreeMap;

use amanat_keys::{
    canonical,
    fingerprint::{DeviceId, JournalId, KeyId, UnitId},
};
use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};

/// More journals than a unit has.
const MAX_JOURNALS: u64 = 40_000;
/// A join request around two recipients.
const MAX_REQUEST: usize = 16 << 10;

/// `[1, unit, offered, request, epoch, total, rewrapped, left, done, [[device, journal, number]…]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::runtime) struct Work {
    /// The unit.
    pub unit: UnitId,
    /// The key that is to be its next.
    pub offered: KeyId,
    /// The request that offers it to the admins, as it was first written.
    pub request: Vec<u8>,
    /// The epoch under which the roster lists it; 0 as long as it does not.
    pub epoch: u64,
    /// Slips that named an older key when it was last looked.
    pub total: u64,
    /// Slips rewrapped.
    pub rewrapped: u64,
    /// Slips passed over: they do not open here, or another custodian must.
    pub left: u64,
    /// Whether all that was held has been gone through once.
    pub done: bool,
    /// Up to where each journal has been gone through.
    pub passed: BTreeMap<(DeviceId, JournalId), u64>,
}

impl Work {
    /// From its row; what does not read is no work.
    pub(in crate::runtime) fn read(row: &[u8]) -> Option<Self> {
        canonical::decode(row).ok()
    }

    /// As its row holds it.
    pub(in crate::runtime) fn row(&self) -> Vec<u8> {
        canonical::encode(self)
    }
}

impl<C> Encode<C> for Work {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        e.array(10)?.u8(1)?.encode(self.unit)?.encode(self.offered)?.bytes(&self.request)?.u64(self.epoch)?;
        e.u64(self.total)?.u64(self.rewrapped)?.u64(self.left)?.bool(self.done)?;
        e.array(u64::try_from(self.passed.len()).unwrap_or(u64::MAX))?;
        for ((device, journal), seq) in &self.passed {
            e.array(3)?.encode(device)?.encode(journal)?.u64(*seq)?;
        }
        Ok(())
    }
}

impl<'b, C> Decode<'b, C> for Work {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        canonical::array(d, 10)?;
        canonical::version(d)?;
        Ok(Self {
            unit: d.decode()?,
            offered: d.decode()?,
            request: canonical::bytes(d, MAX_REQUEST)?.to_vec(),
            epoch: d.u64()?,
            total: d.u64()?,
            rewrapped: d.u64()?,
            left: d.u64()?,
            done: d.bool()?,
            passed: canonical::list(d, MAX_JOURNALS, |d| {
                canonical::array(d, 3)?;
                Ok(((d.decode()?, d.decode()?), d.u64()?))
            })?
            .into_iter()
            .collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let work = Work {
            unit: UnitId::from_bytes([1; 32]),
            offered: KeyId::from_bytes([2; 32]),
            request: vec![3; 300],
            epoch: 4,
            total: 100_000,
            rewrapped: 70_000,
            left: 2,
            done: false,
            passed: [((DeviceId::from_bytes([5; 32]), JournalId::from_bytes([6; 16])), 7)].into(),
        };
        assert_eq!(Work::read(&work.row()), Some(work));
        assert_eq!(Work::read(b"nonsense"), None);
    }
}
