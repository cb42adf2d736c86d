//! A case on its way to a unit of another agency, and that unit's reply: one age file each, whole or not at all.
//!
//! What goes along is no envelope and no key of a case: each entry is its signed header and the bytes that the header commits to. So the other
//! side can prove who wrote what, by the roster that lies beside it and whose words were read aloud, and gets nothing that opens what is
//! written later. `TRANSFER.md` has it byte by byte.
#![doc = include_str!("../TRANSFER.md")]

use std::io::{self, Read, Write};

use amanat_keys::{
    canonical, envelope,
    error::{Forgery, KeysError},
    fingerprint::Digest,
    limits,
    padding::padme,
    parcel::{self, ParcelFault},
    recipient::{ReadIdentity, Recipient},
    transfer::Offer,
    trust::Trust,
};
use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::{
    cbor::count,
    entry::{Header, Kind, SealedEntry},
    error::SyncError,
    proof,
    wire::limits::{MAX_HEADER, PACK_STATEMENT},
};

/// Bytes of the head: a statement and a roster, and what stands around them.
const MAX_HEAD: usize = 2 * PACK_STATEMENT + 64;

/// Why a file of this kind is not taken.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TransferFault {
    /// It cannot be opened: no age file, not for this reader, or damaged.
    #[error(transparent)]
    Parcel(#[from] ParcelFault),
    /// The file ends too early, or was changed.
    #[error("the file is cut short or damaged")]
    Cut,
    /// It opens, and what is inside is something else.
    #[error("the file is not as the format has it: {0}")]
    Malformed(&'static str),
    /// Larger than one case can be.
    #[error("the file is larger than one case can be")]
    TooBig,
    /// An entry is not what its author signed, or its author is nobody of that roster.
    #[error("entry {number} of it is not proven")]
    Unproven {
        /// Which, from 1.
        number: usize,
        /// Why.
        #[source]
        source: KeysError,
    },
}

/// An entry as it goes along.
#[derive(Clone, PartialEq, Eq)]
pub struct Told {
    /// The header, verbatim.
    pub header: Vec<u8>,
    /// Its author's signature.
    pub signature: [u8; 64],
    /// The bytes that it commits to.
    pub plaintext: Zeroizing<Vec<u8>>,
}

/// What a file holds: a transfer has entries, a reply has none.
#[derive(Clone, PartialEq, Eq)]
pub struct Parcel {
    /// The transfer's or the reply's statement.
    pub statement: Vec<u8>,
    /// The newest roster that the writer knows of its own agency.
    pub roster: Vec<u8>,
    /// In the order of the transfer.
    pub entries: Vec<Told>,
}

/// An entry that was proven: what its author said, and where.
pub struct Proven {
    /// The signed header.
    pub header: Header,
    /// Its hash.
    pub hash: Digest,
    /// The JSON, its slot found right.
    pub json: Zeroizing<Vec<u8>>,
    /// Whether it lies under the case's second key.
    pub names: bool,
}

struct Head {
    statement: Vec<u8>,
    roster: Vec<u8>,
}

impl<C> Encode<C> for Head {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        e.array(3)?.u8(1)?.bytes(&self.statement)?.bytes(&self.roster)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Head {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        canonical::array(d, 3)?;
        canonical::version(d)?;
        let mut statement = || canonical::bytes(d, PACK_STATEMENT).map(<[u8]>::to_vec);
        Ok(Self { statement: statement()?, roster: statement()? })
    }
}

impl Parcel {
    /// The bytes that are sealed. They are the evidence, and are kept so.
    ///
    /// # Errors
    /// [`TransferFault::TooBig`].
    pub fn inside(&self) -> Result<Zeroizing<Vec<u8>>, TransferFault> {
        let head = canonical::encode(&Head { statement: self.statement.clone(), roster: self.roster.clone() });
        let weight = |told: &Told| told.header.len() + told.plaintext.len() + 80;
        let weight = self.entries.iter().map(weight).fold(head.len() + 8, usize::saturating_add);
        let padded = usize::try_from(padme(count(weight))).unwrap_or(usize::MAX);
        if padded > limits::TRANSFER {
            return Err(TransferFault::TooBig);
        }
        // Room enough that growing leaves no copy behind.
        let mut out = Zeroizing::new(Vec::with_capacity(padded));
        put(&mut out, &head);
        for told in &self.entries {
            put(&mut out, &told.header);
            put(&mut out, &told.signature);
            put(&mut out, &told.plaintext);
        }
        put(&mut out, &[]);
        let padded = usize::try_from(padme(count(out.len()))).unwrap_or(usize::MAX);
        out.resize(padded, 0);
        Ok(out)
    }

    /// From the bytes that were sealed. Nothing is proven by this.
    ///
    /// # Errors
    /// [`TransferFault::Malformed`], [`TransferFault::Cut`].
    pub fn read(inside: &[u8]) -> Result<Self, TransferFault> {
        let mut rest = inside;
        let head: Head = canonical::decode(take(&mut rest, MAX_HEAD)?)
            .map_err(|_malformed| TransferFault::Malformed("what it begins with"))?;
        let mut entries = Vec::new();
        loop {
            let header = take(&mut rest, MAX_HEADER)?;
            if header.is_empty() {
                break;
            }
            if count(entries.len()) >= limits::TRANSFERRED {
                return Err(TransferFault::TooBig);
            }
            let signature: [u8; 64] = take(&mut rest, 64)?
                .try_into()
                .map_err(|_short: std::array::TryFromSliceError| TransferFault::Malformed("a signature"))?;
            let plaintext = Zeroizing::new(take(&mut rest, limits::ENVELOPE)?.to_vec());
            entries.push(Told { header: header.to_vec(), signature, plaintext });
        }
        let read = inside.len().saturating_sub(rest.len());
        if padme(count(read)) != count(inside.len()) || rest.iter().any(|byte| *byte != 0) {
            return Err(TransferFault::Malformed("its padding"));
        }
        Ok(Self { statement: head.statement, roster: head.roster, entries })
    }

    /// That it is a word alone: a reply, or a withdrawal.
    ///
    /// # Errors
    /// [`TransferFault::Malformed`] where entries lie beside it.
    pub const fn brings_nothing(&self) -> Result<(), TransferFault> {
        if self.entries.is_empty() { Ok(()) } else { Err(TransferFault::Malformed("a word alone brings no entries")) }
    }

    /// Every entry proven: it is the one that the offer names at its place, signed by a device that this roster trusts there, of the offered
    /// case, and its content is what the header commits to.
    ///
    /// # Errors
    /// [`TransferFault::Malformed`] where other entries lie here than were offered; [`TransferFault::Unproven`].
    pub fn prove(&self, offer: &Offer, theirs: &Trust) -> Result<Vec<Proven>, TransferFault> {
        if self.entries.len() != offer.entries.len() {
            return Err(TransferFault::Malformed("it does not bring what it offers"));
        }
        let pairs = self.entries.iter().zip(&offer.entries).zip(1..);
        pairs
            .map(|((told, along), number)| {
                let unproven = |source| TransferFault::Unproven { number, source };
                if Digest::of(&told.header) != along.header {
                    return Err(unproven(Forgery::OtherContent.into()));
                }
                let (header, json) = prove(told, offer, theirs).map_err(unproven)?;
                Ok(Proven { header, hash: along.header, json, names: along.names })
            })
            .collect()
    }
}

fn prove(told: &Told, offer: &Offer, theirs: &Trust) -> Result<(Header, Zeroizing<Vec<u8>>), KeysError> {
    let inner = |error| match error {
        SyncError::Trust(source) => source,
        _ => Forgery::OtherContent.into(),
    };
    let entry = SealedEntry::from_parts(told.header.clone(), told.signature, None).map_err(inner)?;
    let key = proof::key_of(&entry, theirs).map_err(|_why| KeysError::from(Forgery::NoKeyForPlace))?;
    entry.verify(&key).map_err(inner)?;
    let header = entry.header;
    if header.kind != Kind::Sealed || header.case != offer.case {
        return Err(Forgery::OtherSlot.into());
    }
    let json = envelope::read_committed(&told.plaintext, &header.place(), &header.commitment)?;
    Ok((header, json))
}

/// Seals what lies inside to these readers.
///
/// # Errors
/// [`TransferFault::Parcel`].
pub fn seal<W: Write>(inside: &[u8], readers: &[Recipient], out: W) -> Result<W, ParcelFault> {
    parcel::write(readers, out, |file| file.write_all(inside)).map(|(out, ())| out)
}

/// Opens a file to its end: what lies inside, and those bytes.
///
/// # Errors
/// A [`TransferFault`].
pub fn open<'a>(
    identities: impl IntoIterator<Item = &'a ReadIdentity>,
    file: impl Read,
) -> Result<(Parcel, Zeroizing<Vec<u8>>), TransferFault> {
    let reader = parcel::open(identities, file)?;
    // Room for the largest at once is much; growing leaves copies behind. So it is read in pieces of doubled room, each wiped.
    let mut inside = Zeroizing::new(Vec::with_capacity(64 * 1024));
    let mut limited = reader.take(count(limits::TRANSFER).saturating_add(1));
    let mut piece = Zeroizing::new([0_u8; 16 * 1024]);
    loop {
        let read = match limited.read(piece.as_mut_slice()) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(broken(error)),
        };
        if inside.len() + read > inside.capacity() {
            let mut wider = Zeroizing::new(Vec::with_capacity(inside.capacity().saturating_mul(2)));
            wider.extend_from_slice(&inside);
            inside = wider;
        }
        inside.extend_from_slice(piece.get(..read).unwrap_or_default());
    }
    if inside.len() > limits::TRANSFER {
        return Err(TransferFault::TooBig);
    }
    Ok((Parcel::read(&inside)?, inside))
}

fn broken(error: io::Error) -> TransferFault {
    match error.kind() {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData => TransferFault::Cut,
        _ => ParcelFault::Io(error).into(),
    }
}

fn put(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(bytes);
}

fn take<'a>(rest: &mut &'a [u8], most: usize) -> Result<&'a [u8], TransferFault> {
    let (length, after) = rest.split_first_chunk::<4>().ok_or(TransferFault::Cut)?;
    let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
    if length > most {
        return Err(TransferFault::TooBig);
    }
    let (bytes, after) = after.split_at_checked(length).ok_or(TransferFault::Cut)?;
    *rest = after;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parcel() -> Parcel {
        let told = |n: u8| Told {
            header: vec![n; 300],
            signature: [n; 64],
            plaintext: Zeroizing::new(vec![n; 700 * usize::from(n)]),
        };
        Parcel { statement: vec![1; 200], roster: vec![2; 900], entries: vec![told(1), told(2)] }
    }

    #[test]
    fn what_lies_inside_is_read_as_it_was_written_and_no_part_of_it_is_taken() {
        let inside = parcel().inside().unwrap();
        assert_eq!(padme(count(inside.len())), count(inside.len()), "its size tells little");
        assert!(Parcel::read(&inside).is_ok_and(|read| read == parcel()));
        for end in 0..inside.len() {
            assert!(Parcel::read(&inside[..end]).is_err(), "{end} of {} bytes", inside.len());
        }
        let mut more = inside.to_vec();
        *more.last_mut().unwrap() = 1;
        assert!(matches!(Parcel::read(&more), Err(TransferFault::Malformed("its padding"))));
    }

    #[test]
    fn a_sealed_file_opens_for_its_reader_alone_and_a_cut_one_for_nobody() {
        let (reader, other) = (ReadIdentity::generate().unwrap(), ReadIdentity::generate().unwrap());
        let sealed = seal(&parcel().inside().unwrap(), &[reader.recipient().clone()], Vec::new()).unwrap();
        assert!(open([&reader], sealed.as_slice()).is_ok_and(|(read, _)| read == parcel()));
        assert!(matches!(open([&other], sealed.as_slice()), Err(TransferFault::Parcel(ParcelFault::NotForUs))));
        for cut in [1, 20, sealed.len() / 2] {
            assert!(open([&reader], &sealed[..sealed.len() - cut]).is_err(), "cut by {cut}");
        }
        let mut bent = sealed;
        let last = bent.len() - 1;
        bent[last] ^= 1;
        assert!(matches!(open([&reader], bent.as_slice()), Err(TransferFault::Cut)));
    }
}
