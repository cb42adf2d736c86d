//! The search for words that must stand nowhere: raw, as UTF-16, as hex, as base64, and inside whatever zstd inflates.

use std::{
    io::Read as _,
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use memchr::memmem::Finder;
use walkdir::WalkDir;

/// How a zstd frame begins (RFC 8878).
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// More than any content of ours inflates to.
const MOST_INFLATED: u64 = 32 << 20;

/// One spelling of one word as bytes.
#[derive(Debug)]
struct Spelling {
    word: String,
    how: &'static str,
    finder: Finder<'static>,
}

/// Words that were typed somewhere, in every spelling in which they could be left behind.
#[derive(Debug, Default)]
pub(crate) struct Canary {
    spellings: Vec<Spelling>,
}

/// What was found where it must not be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) word: String,
    pub(crate) how: String,
}

impl Canary {
    /// These words. Short ones would be found by chance.
    pub(crate) fn of<S: AsRef<str>>(words: impl IntoIterator<Item = S>) -> Self {
        let mut canary = Self::default();
        for word in words {
            let word = word.as_ref();
            assert!(word.len() >= 9, "“{word}” is too short to be found only where it was put");
            for (how, bytes) in spellings(word) {
                let finder = Finder::new(&bytes).into_owned();
                canary.spellings.push(Spelling { word: word.to_owned(), how, finder });
            }
        }
        assert!(!canary.spellings.is_empty(), "nothing to search for");
        canary
    }

    /// The first word that stands in these bytes, in any spelling, or in a zstd frame that begins anywhere in them.
    pub(crate) fn search(&self, bytes: &[u8]) -> Option<Found> {
        self.plainly(bytes, "").or_else(|| {
            let frames = Finder::new(&ZSTD_MAGIC).find_iter(bytes).collect::<Vec<_>>();
            frames.into_iter().find_map(|at| {
                let inflated = DICTIONARIES.iter().map(|dictionary| inflate(&bytes[at..], dictionary));
                inflated.into_iter().find_map(|plain| self.plainly(&plain, "zstd, then "))
            })
        })
    }

    fn plainly(&self, bytes: &[u8], before: &str) -> Option<Found> {
        let hit = self.spellings.iter().find(|spelling| spelling.finder.find(bytes).is_some())?;
        Some(Found { word: hit.word.clone(), how: format!("{before}{}", hit.how) })
    }

    /// Searches every file below a folder; says how many files and bytes there were. Files that the test itself wrote as
    /// input are named in `but`.
    pub(crate) fn must_be_absent(&self, folder: &Path, but: &[&Path]) -> (usize, usize) {
        let (mut files, mut bytes) = (0, 0);
        for path in files_below(folder).into_iter().filter(|path| !but.contains(&path.as_path())) {
            let content = match std::fs::read(&path) {
                // A program that runs meanwhile takes its write-ahead log away when it locks; what is gone holds nothing.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                read => read.expect("a file of the test is readable"),
            };
            files += 1;
            bytes += content.len();
            let found = self.search(&content);
            assert!(found.is_none(), "{} holds {found:?}", path.display());
        }
        assert!(files > 0, "no file below {}", folder.display());
        (files, bytes)
    }
}

/// The dictionaries that our frames may name, and none.
static DICTIONARIES: [&[u8]; 2] = [&[], include_bytes!("../../keys/dictionaries/a301.zdict")];

/// Whatever the first frame of these bytes gives before it ends or breaks.
fn inflate(bytes: &[u8], dictionary: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    if let Ok(decoder) = zstd::stream::read::Decoder::with_dictionary(bytes, dictionary) {
        // A frame that breaks has given what came before.
        drop(decoder.single_frame().take(MOST_INFLATED).read_to_end(&mut plain));
    }
    plain
}

/// Every file below a folder.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let gone =
        |error: &walkdir::Error| error.io_error().is_some_and(|error| error.kind() == std::io::ErrorKind::NotFound);
    let items = WalkDir::new(folder).into_iter().filter(|item| !item.as_ref().is_err_and(gone));
    let files = items.map(|item| item.expect("the folder is readable"));
    files.filter(|item| item.file_type().is_file()).map(|item| item.path().to_owned()).collect()
}

fn spellings(word: &str) -> Vec<(&'static str, Vec<u8>)> {
    let utf16: Vec<u16> = word.encode_utf16().collect();
    let hex: String = word.bytes().map(|byte| format!("{byte:02x}")).collect();
    let mut all = vec![
        ("UTF-8", word.as_bytes().to_vec()),
        ("UTF-16LE", utf16.iter().flat_map(|unit| unit.to_le_bytes()).collect()),
        ("UTF-16BE", utf16.iter().flat_map(|unit| unit.to_be_bytes()).collect()),
        ("hex", hex.clone().into_bytes()),
        ("HEX", hex.to_uppercase().into_bytes()),
    ];
    let names =
        [["base64", "base64, one off", "base64, two off"], ["base64url", "base64url, one off", "base64url, two off"]];
    for (offset, (standard, url)) in names[0].into_iter().zip(names[1]).enumerate() {
        let text = base64_inside(word.as_bytes(), offset);
        let other = text.replace('+', "-").replace('/', "_");
        if other != text {
            all.push((url, other.into_bytes()));
        }
        all.push((standard, text.into_bytes()));
    }
    all
}

/// What every base64 text has in common in which these bytes stand `offset` bytes behind a multiple of three: the letters
/// that no neighbour has a part in.
fn base64_inside(bytes: &[u8], offset: usize) -> String {
    let padded = [&vec![0; offset], bytes].concat();
    let whole = STANDARD_NO_PAD.encode(&padded);
    whole[(offset * 8).div_ceil(6)..padded.len() * 8 / 6].to_owned()
}

/// The search is worth something only if it finds: each word, planted in each spelling, between other bytes.
#[test]
fn a_planted_word_is_found_in_every_spelling() {
    let words = ["canary-zormek-tal", "نمونہ زیتون والی گلی", "99902-7310264-7", "9990273102647"];
    let canary = Canary::of(words);
    let noise: Vec<u8> = (0..5_000_u32).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
    assert_eq!(canary.search(&noise), None);
    for word in words {
        let utf16 =
            |big| word.encode_utf16().flat_map(move |unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() });
        let hex: String = word.bytes().map(|byte| format!("{byte:02x}")).collect();
        let base64 = |before: &str| STANDARD_NO_PAD.encode(format!("{before}{word}.")).into_bytes();
        // Enough of few letters that the frame packs them all, the word too.
        let letters: String = (0..6_000_u32)
            .map(|n| char::from(b"aaaabbc"[(n.wrapping_mul(2_654_435_761) >> 16) as usize % 7]))
            .collect();
        let json = format!("{{\"answers\":{{\"account\":\"{letters}\",\"name\":\"{word}\",\"again\":\"{letters}\"}}}}");
        let plain_frame = zstd::bulk::compress(json.as_bytes(), 3).unwrap();
        let mut with = zstd::bulk::Compressor::with_dictionary(3, DICTIONARIES[1]).unwrap();
        let planted: Vec<(&str, Vec<u8>)> = vec![
            ("UTF-8", word.as_bytes().to_vec()),
            ("UTF-16LE", utf16(false).collect()),
            ("UTF-16BE", utf16(true).collect()),
            ("hex", hex.clone().into_bytes()),
            ("HEX", hex.to_uppercase().into_bytes()),
            ("base64", base64("")),
            ("base64, one off", base64("x")),
            ("base64, two off", base64("xy")),
            ("base64", base64("xyz")),
            ("base64, one off", STANDARD_NO_PAD.encode(format!("x{word}")).into_bytes()),
            ("zstd, then UTF-8", plain_frame),
            ("zstd, then UTF-8", with.compress(json.as_bytes()).unwrap()),
        ];
        for (how, bytes) in planted {
            let found = canary.search(&[&noise[..777], &bytes, &noise[777..]].concat());
            let found = found.unwrap_or_else(|| panic!("{word} as {how} was not found"));
            // The hex of digits is the same in both cases, and is called by the first name.
            assert_eq!((found.word.as_str(), found.how.to_lowercase()), (word, how.to_lowercase()));
        }
    }
}

/// A frame that is cut short still gives what stands before the cut, and a file is found below a folder.
#[test]
fn a_word_in_a_broken_frame_of_a_file_deep_below_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let deep = folder.path().join("a/b");
    std::fs::create_dir_all(&deep).unwrap();
    let text: Vec<u8> = [b"canary-zormek-tal".to_vec(), (0..200_000_u32).flat_map(u32::to_le_bytes).collect()].concat();
    let frame = zstd::bulk::compress(&text, 3).unwrap();
    std::fs::write(deep.join("crash.dump"), &frame[..frame.len() / 2]).unwrap();
    let canary = Canary::of(["canary-zormek-tal"]);
    let found = std::panic::catch_unwind(|| canary.must_be_absent(folder.path(), &[]));
    assert!(found.is_err(), "the word in the broken frame was not found");
    assert_eq!(Canary::of(["canary-quilpunk"]).must_be_absent(folder.path(), &[]).0, 1);
}
