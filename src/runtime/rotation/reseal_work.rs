//! How far sealing a case again has come: from where on its stand-ins are those of this time, and which new slip stands for which old
//! one. Written with every batch, in the same transaction.

use std::collections::BTreeMap;

use amanat_keys::{
    canonical,
    fingerprint::{CaseId, JournalId},
};
use amanat_sync::entry::EntryRef;
use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};

/// More slips than a case has.
const MAX_SLIPS: u64 = 40_000;

/// `[1, case, journal, from, [[device, journal, old slip, new slip]…]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::runtime) struct Reseal {
    /// The case.
    pub case: CaseId,
    /// The own journal in which the stand-ins stand.
    pub journal: JournalId,
    /// The first number there that belongs to it.
    pub from: u64,
    /// New slips by old ones.
    pub slips: BTreeMap<EntryRef, u64>,
}

impl Reseal {
    /// From its row; what does not read is no work.
    pub(in crate::runtime) fn read(row: &[u8]) -> Option<Self> {
        canonical::decode(row).ok()
    }

    /// As its row holds it.
    pub(in crate::runtime) fn row(&self) -> Vec<u8> {
        canonical::encode(self)
    }
}

impl<C> Encode<C> for Reseal {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        e.array(5)?.u8(1)?.encode(self.case)?.encode(self.journal)?.u64(self.from)?;
        e.array(u64::try_from(self.slips.len()).unwrap_or(u64::MAX))?;
        for (old, new) in &self.slips {
            e.array(4)?.encode(old.device)?.encode(old.journal)?.u64(old.seq)?.u64(*new)?;
        }
        Ok(())
    }
}

impl<'b, C> Decode<'b, C> for Reseal {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        canonical::array(d, 5)?;
        canonical::version(d)?;
        let (case, journal, from) = (d.decode()?, d.decode()?, d.u64()?);
        let slips = canonical::list(d, MAX_SLIPS, |d| {
            canonical::array(d, 4)?;
            Ok((EntryRef { device: d.decode()?, journal: d.decode()?, seq: d.u64()? }, d.u64()?))
        })?;
        Ok(Self { case, journal, from, slips: slips.into_iter().collect() })
    }
}
