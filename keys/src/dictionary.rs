//! The dictionaries of version 1: a fixed table, compiled in, and zstd workers that are prepared once a thread.
//!
//! FORMATS section 3: the same committed bytes can open to two statements under two dictionaries, so a dictionary is part
//! of the format: its id stands in the frame, its SHA-256 in this table, and neither hub nor codebook can deliver one. Id
//! 0 means none.

use std::cell::RefCell;
use std::sync::OnceLock;

use thiserror::Error;
use zstd::bulk::{Compressor, Decompressor};
use zstd::dict::DecoderDictionary;
use zstd::zstd_safe::{CParameter, Strategy};

use crate::fingerprint::Digest;
use crate::frame::Frame;

/// How hard zstd tries where the table below says nothing.
const LEVEL: i32 = 9;

/// How long zstd may look for a shorter frame. Any decoder reads either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// While somebody waits for the disk, and for thousands at a time.
    Quick,
    /// While a person reads what is about to be kept: the frame of an entry of 1 KiB is a fourteenth smaller and takes a fifteenth of a
    /// millisecond longer (`cargo bench -p amanat --bench wire`, `… -p amanat-keys --bench payload`).
    Thorough,
}

/// Content above this, in bytes, is compressed quickly in any case: the time that a thorough search takes grows with it.
const THOROUGH: usize = 64 * 1024;

/// What zstd looks for when sealing with a dictionary in a hurry: repeats of four bytes and more, lazily, in tables of 128 KiB. An entry is about
/// 1 KiB and the dictionary 32: the tables of level 9 are four times as large and are cold after each wait for the disk, where they cost
/// 160 µs instead of 120. Frames are as small as at level 9 to within a hundredth (`cargo bench -p amanat --bench wire`); below *lazy*,
/// zstd keeps the dictionary's code for letters and makes text that it does not know larger than without one. Any decoder reads it.
const SEARCH: [CParameter; 7] = [
    CParameter::Strategy(Strategy::ZSTD_lazy),
    CParameter::WindowLog(17),
    CParameter::HashLog(15),
    CParameter::ChainLog(14),
    CParameter::SearchLog(3),
    CParameter::MinMatch(4),
    CParameter::TargetLength(8),
];

/// The same with time: repeats of three bytes and more, and of all ways to write them down the shortest.
const THOROUGH_SEARCH: [CParameter; 7] = [
    CParameter::Strategy(Strategy::ZSTD_btopt),
    CParameter::WindowLog(17),
    CParameter::HashLog(15),
    CParameter::ChainLog(15),
    CParameter::SearchLog(5),
    CParameter::MinMatch(3),
    CParameter::TargetLength(32),
];

/// A dictionary of the fixed table.
struct Dictionary {
    /// Its zstd dictionary id, from the range that zstd leaves for private use (32 768 and above).
    id: u32,
    /// SHA-256 of its bytes in hex, written down by hand and compared before its first use.
    sha256: &'static str,
    bytes: &'static [u8],
    decoder: OnceLock<DecoderDictionary<'static>>,
}

/// Every dictionary of version 1. Entries are only ever added, and stay for as long as version 1 is read.
static TABLE: [Dictionary; 1] = [Dictionary {
    id: 0xA301,
    sha256: "b9d5f869424709b8078683249a8306e7bfbcf0b2024b372501608c4a0a13abf2",
    bytes: include_bytes!("../dictionaries/a301.zdict"),
    decoder: OnceLock::new(),
}];

/// The dictionary that new entries are sealed with; 0 for none.
const NEWEST: u32 = 0xA301;

/// zstd refused, or a dictionary of ours is not the one that was published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ZstdFault {
    /// The content could not be compressed: a fault of ours, never of the content.
    #[error("zstd could not compress")]
    Compress,
    /// The frame does not unfold to what it says.
    #[error("the zstd frame is damaged")]
    Decompress,
    /// The program's own copy of this dictionary is not the published one.
    #[error("dictionary {0} is not the published one")]
    Dictionary(u32),
}

/// Whether a frame may name this dictionary.
pub(crate) fn is_known(id: u32) -> bool {
    id == 0 || TABLE.iter().any(|dictionary| dictionary.id == id)
}

/// The ids of all dictionaries, oldest first, with the SHA-256 that each was published with, in hex.
pub fn published() -> impl Iterator<Item = (u32, &'static str)> {
    TABLE.iter().map(|dictionary| (dictionary.id, dictionary.sha256))
}

/// The bytes of a dictionary, as stock `zstd -D` takes them; `export` writes them beside what it exports.
#[must_use]
pub fn bytes(id: u32) -> Option<&'static [u8]> {
    TABLE.iter().find(|dictionary| dictionary.id == id).map(|dictionary| dictionary.bytes)
}

fn checked(id: u32) -> Result<Option<&'static Dictionary>, ZstdFault> {
    if id == 0 {
        return Ok(None);
    }
    let dictionary = TABLE.iter().find(|dictionary| dictionary.id == id).ok_or(ZstdFault::Dictionary(id))?;
    if Digest::of(dictionary.bytes).to_string() == dictionary.sha256 {
        Ok(Some(dictionary))
    } else {
        Err(ZstdFault::Dictionary(id))
    }
}

thread_local! {
    /// This thread's compressors with the newest dictionary, made at their first use: making one costs more than an entry.
    static QUICK: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    static THOROUGHLY: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    /// This thread's decompressors, one for each dictionary id that it has met.
    static DECOMPRESSORS: RefCell<Vec<(u32, Decompressor<'static>)>> = const { RefCell::new(Vec::new()) };
}

/// Compresses `content` into one frame with checksum, content size and the newest dictionary's id, into `out` (emptied first).
pub(crate) fn compress(content: &[u8], effort: Effort, out: &mut Vec<u8>) -> Result<(), ZstdFault> {
    let (compressors, search) = match effort {
        Effort::Thorough if content.len() <= THOROUGH => (&THOROUGHLY, THOROUGH_SEARCH),
        Effort::Quick | Effort::Thorough => (&QUICK, SEARCH),
    };
    out.clear();
    out.reserve(zstd::zstd_safe::compress_bound(content.len()));
    compressors.with_borrow_mut(|slot| {
        let compressor = match slot {
            Some(compressor) => compressor,
            None => slot.insert(new_compressor(NEWEST, search)?),
        };
        compressor.compress_to_buffer(content, out).map(drop).map_err(|_refused| ZstdFault::Compress)
    })
}

fn new_compressor(id: u32, search: [CParameter; 7]) -> Result<Compressor<'static>, ZstdFault> {
    let made = match checked(id)? {
        None => Compressor::new(LEVEL),
        Some(dictionary) => Compressor::with_dictionary(LEVEL, dictionary.bytes),
    };
    let mut compressor = made.map_err(|_refused| ZstdFault::Compress)?;
    for parameter in search {
        compressor.set_parameter(parameter).map_err(|_refused| ZstdFault::Compress)?;
    }
    compressor.set_parameter(CParameter::ChecksumFlag(true)).map_err(|_refused| ZstdFault::Compress)?;
    Ok(compressor)
}

/// Unfolds a frame into `out` (emptied first) to exactly the size it gives.
pub(crate) fn decompress(frame: &Frame<'_>, out: &mut Vec<u8>) -> Result<(), ZstdFault> {
    out.clear();
    out.reserve_exact(frame.content);
    DECOMPRESSORS.with_borrow_mut(|known| {
        if !known.iter().any(|(id, _)| *id == frame.dictionary) {
            known.push((frame.dictionary, new_decompressor(frame.dictionary)?));
        }
        let found = known.iter_mut().find(|(id, _)| *id == frame.dictionary);
        let (_, decompressor) = found.ok_or(ZstdFault::Decompress)?;
        let size = decompressor.decompress_to_buffer(frame.bytes, out).map_err(|_damaged| ZstdFault::Decompress)?;
        if size == frame.content { Ok(()) } else { Err(ZstdFault::Decompress) }
    })
}

fn new_decompressor(id: u32) -> Result<Decompressor<'static>, ZstdFault> {
    let prepared = match checked(id)? {
        None => Decompressor::new(),
        Some(dictionary) => Decompressor::with_prepared_dictionary(
            dictionary.decoder.get_or_init(|| DecoderDictionary::copy(dictionary.bytes)),
        ),
    };
    prepared.map_err(|_refused| ZstdFault::Decompress)
}
