//! The join pack: one file with everything that a newcomer must have before it can write its first entry, and a hub before
//! it can receive one — the chain of rosters, the wrapped unit keys, a freshness statement. Nothing in it is secret and
//! nothing is believed for being in it: every statement proves itself against the words that were read aloud.

use amanat_keys::canonical;
use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};

use crate::wire::limits::{PACK_STATEMENT, PACK_STATEMENTS};

/// `[1, [roster…], [unit keys…], [freshness…]]`, each a statement's bytes; rosters from the first to the newest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pack {
    /// The chain of rosters.
    pub rosters: Vec<Vec<u8>>,
    /// Unit keys, one statement a unit and epoch.
    pub unit_keys: Vec<Vec<u8>>,
    /// Freshness statements.
    pub freshness: Vec<Vec<u8>>,
}

impl<C> Encode<C> for Pack {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        e.array(4)?.u8(1)?;
        for statements in [&self.rosters, &self.unit_keys, &self.freshness] {
            e.array(u64::try_from(statements.len()).unwrap_or(u64::MAX))?;
            for statement in statements {
                e.bytes(statement)?;
            }
        }
        Ok(())
    }
}

impl<'b, C> Decode<'b, C> for Pack {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        canonical::array(d, 4)?;
        canonical::version(d)?;
        let mut statements =
            || canonical::list(d, PACK_STATEMENTS, |d| canonical::bytes(d, PACK_STATEMENT).map(<[u8]>::to_vec));
        Ok(Self { rosters: statements()?, unit_keys: statements()?, freshness: statements()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pack_is_read_as_it_was_written_and_nothing_less() {
        let pack = Pack { rosters: vec![vec![1], vec![2, 3]], unit_keys: vec![vec![4]], freshness: vec![] };
        let bytes = canonical::encode(&pack);
        assert_eq!(canonical::decode::<Pack>(&bytes).unwrap(), pack);
        assert!(canonical::decode::<Pack>(&bytes[..bytes.len() - 1]).is_err());
        assert!(canonical::decode::<Pack>(&[bytes.as_slice(), &[0]].concat()).is_err());
    }
}
