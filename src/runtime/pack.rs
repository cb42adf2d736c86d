//! The join pack: one file with everything that a newcomer must have before it can write its first entry — the chain of
//! rosters, the wrapped unit keys, a freshness statement. Nothing in it is secret and nothing is believed for being in it:
//! every statement proves itself against the words that were read aloud.

use std::{fs, io::Read as _, path::Path};

use amanat_keys::{canonical, statement::Statement};
use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};

use crate::failure::Failure;

/// Largest pack read, bytes: ten thousand devices over a hundred rosters fit.
const MAX_PACK: u64 = 256 << 20;
/// Most statements of one kind.
const MAX_STATEMENTS: u64 = 100_000;
/// Largest statement, bytes.
const MAX_STATEMENT: usize = 16 << 20;

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

impl Pack {
    /// Writes the pack to a file that everybody may read.
    ///
    /// # Errors
    /// What the disk says.
    pub fn write(&self, path: &Path) -> Result<(), Failure> {
        let doing = || format!("writing the join pack {}", path.display());
        fs::write(path, canonical::encode(self)).map_err(|error| Failure::disk(doing(), &error))
    }

    /// Reads a pack from a file; nothing in it is checked yet.
    ///
    /// # Errors
    /// What the disk says; refused when it is no pack.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let bytes = read_limited(path, "join pack", MAX_PACK)?;
        canonical::decode(&bytes).map_err(|error| {
            Failure::refused(
                format!("reading the join pack {} — {error}", path.display()),
                "Ask the admin for the file that `amanat roster approve` or `roster publish` wrote.",
            )
        })
    }
}

/// Reads a statement from a file, such as a join request; nothing is proven by it.
///
/// # Errors
/// What the disk says; refused when it is no statement.
pub fn read_statement(path: &Path, what: &str) -> Result<Statement, Failure> {
    let bytes = read_limited(path, what, 1 << 20)?;
    Statement::from_bytes(&bytes).map_err(|error| {
        Failure::refused(
            format!("reading the {what} {} — {error}", path.display()),
            format!("Ask for the {what} again."),
        )
    })
}

fn read_limited(path: &Path, what: &str, most: u64) -> Result<Vec<u8>, Failure> {
    let doing = || format!("reading the {what} {}", path.display());
    let file = fs::File::open(path).map_err(|error| Failure::disk(doing(), &error))?;
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes).map_err(|error| Failure::disk(doing(), &error))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > most {
        return Err(Failure::refused(format!("{} — larger than any honest one", doing()), "Ask for the file again."));
    }
    Ok(bytes)
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
            || canonical::list(d, MAX_STATEMENTS, |d| canonical::bytes(d, MAX_STATEMENT).map(<[u8]>::to_vec));
        Ok(Self { rosters: statements()?, unit_keys: statements()?, freshness: statements()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Kind;

    #[test]
    fn a_pack_is_read_as_it_was_written_and_a_cut_one_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pack");
        let pack = Pack { rosters: vec![vec![1], vec![2, 3]], unit_keys: vec![vec![4]], freshness: vec![] };
        pack.write(&path).unwrap();
        assert_eq!(Pack::read(&path).unwrap(), pack);
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
        assert_eq!(Pack::read(&path).unwrap_err().kind, Kind::Refused);
    }
}
