//! Attachments from outside: what is refused, that nothing is given out before the end was seen, and what stops them.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop")]

use std::io::{Cursor, Read, Seek, SeekFrom};

use amanat_keys::fingerprint::Digest;
use amanat_keys::limits;
use amanat_keys::part::{self, PartFault, SealedPart};
use amanat_keys::payload::PayloadFault;
use amanat_keys::{CaseKey, NonceHedge, NonceKey};

fn noise(size: usize) -> Vec<u8> {
    (0..size).map(|n| u8::try_from((n * 7 + n / 251) % 256).unwrap()).collect()
}

fn sealed(plain: &[u8], key: &CaseKey) -> (Vec<u8>, SealedPart) {
    let nonce_key = NonceKey::from_bytes([9; 32]);
    let hedge = NonceHedge { key: &nonce_key, link: Digest::of(b"link") };
    let mut out = Vec::new();
    let made = part::seal(&mut Cursor::new(plain), &mut out, key, &hedge, &mut |_| true).unwrap();
    (out, made)
}

/// Opens with the digest of the bytes as they are, so that what is under the digest is judged.
fn opened(bytes: &[u8], key: &CaseKey, made: &SealedPart) -> (Result<(), PartFault>, Vec<u8>) {
    let mut out = Vec::new();
    let digest = Digest::of(bytes);
    let done = part::open(&mut Cursor::new(bytes), &mut out, key, &made.commitment, &digest, &mut |_| true);
    (done, out)
}

#[test]
fn a_changed_byte_anywhere_is_refused_and_nothing_is_given_out() {
    let key = CaseKey::generate();
    let (bytes, made) = sealed(&noise(150_000), &key);
    for at in [0, 15, 16, 70_000, 131_200, bytes.len() - 1] {
        let mut bad = bytes.clone();
        bad[at] ^= 1;
        let mut out = Vec::new();
        let done = part::open(&mut Cursor::new(&bad), &mut out, &key, &made.commitment, &made.digest, &mut |_| true);
        assert!(matches!(done, Err(PartFault::WrongDigest)), "{at}: {done:?}");
        let (done, given) = opened(&bad, &key, &made);
        assert!(matches!(done, Err(PartFault::Payload(PayloadFault::Chunk(_)))), "{at}: {done:?}");
        assert!(out.is_empty() && given.is_empty(), "{at}: bytes were given out before the end was seen");
    }
}

#[test]
fn cut_grown_and_swapped_envelopes_are_refused() {
    let key = CaseKey::generate();
    let (bytes, made) = sealed(&noise(200_000), &key);
    let chunk = 65_536 + 16;
    let fault = |bytes: &[u8]| match opened(bytes, &key, &made) {
        (Err(PartFault::Payload(fault)), given) if given.is_empty() => fault,
        other => unreachable!("{other:?}"),
    };
    assert_eq!(fault(&bytes[..10]), PayloadFault::Truncated);
    assert_eq!(fault(&bytes[..16]), PayloadFault::Truncated);
    assert_eq!(fault(&bytes[..16 + chunk]), PayloadFault::Truncated);
    let swapped = [&bytes[..16], &bytes[16 + chunk..16 + 2 * chunk], &bytes[16..16 + chunk], &bytes[16 + 2 * chunk..]];
    assert_eq!(fault(&swapped.concat()), PayloadFault::Chunk(0));
    let (whole, _) = sealed(&noise(65_536), &key);
    let grown = [whole.as_slice(), &[0; 20]].concat();
    assert_eq!(fault(&grown), PayloadFault::Trailing);
    let (_, other) = sealed(b"other", &key);
    let (done, given) = opened(&bytes, &key, &other);
    assert!(matches!(done, Err(PartFault::WrongCommitment)) && given.is_empty());
    let (done, _) = opened(&bytes, &CaseKey::generate(), &made);
    assert!(matches!(done, Err(PartFault::Payload(PayloadFault::Chunk(0)))));
}

#[test]
fn a_reseal_holds_the_same_content_under_the_new_key_only() {
    let (old, new) = (CaseKey::generate(), CaseKey::generate());
    let nonce_key = NonceKey::from_bytes([9; 32]);
    let hedge = NonceHedge { key: &nonce_key, link: Digest::of(b"later") };
    for size in [0, 1, 65_536, 65_537, 131_072, 200_000] {
        let plain = noise(size);
        let (bytes, made) = sealed(&plain, &old);
        let mut out = Vec::new();
        let keys = (&old, &new);
        let (held, mut heard) = ((&made.commitment, &made.digest), 0);
        let hears = &mut |done| {
            heard = done;
            true
        };
        let again = part::reseal(&mut Cursor::new(&bytes), &mut out, keys, &hedge, held, hears).unwrap();
        assert_eq!(heard, made.size - 16, "of every byte behind the nonce");
        assert_eq!((again.commitment, again.plain, again.size), (made.commitment, made.plain, made.size));
        assert_eq!(again.digest, Digest::of(&out));
        assert_ne!(again.digest, made.digest);
        let (done, given) = opened(&out, &new, &again);
        done.unwrap();
        assert_eq!(given, plain);
        assert!(opened(&out, &old, &again).0.is_err());
        if size > 0 {
            let (mut out, mut asked) = (Vec::new(), 0);
            let stops = &mut |_done| {
                asked += 1;
                false
            };
            let stopped = part::reseal(&mut Cursor::new(&bytes), &mut out, keys, &hedge, held, stops);
            assert!(matches!(stopped, Err(PartFault::Stopped)) && asked == 1, "{size}: {stopped:?}");
        }
    }
}

/// A file that is written to between the two readings.
struct Moving(Cursor<Vec<u8>>);

impl Read for Moving {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Seek for Moving {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.0.get_mut()[70_000] ^= 1;
        self.0.seek(to)
    }
}

#[test]
fn a_file_that_changes_while_it_is_sealed_is_not_sealed() {
    let (key, nonce_key) = (CaseKey::generate(), NonceKey::from_bytes([9; 32]));
    let hedge = NonceHedge { key: &nonce_key, link: Digest::of(b"link") };
    let mut source = Moving(Cursor::new(noise(100_000)));
    let done = part::seal(&mut source, &mut Vec::new(), &key, &hedge, &mut |_| true);
    assert!(matches!(done, Err(PartFault::Changed)), "{done:?}");
}

#[test]
fn whoever_listens_can_stop_and_hears_of_both_readings() {
    let (key, nonce_key) = (CaseKey::generate(), NonceKey::from_bytes([9; 32]));
    let hedge = NonceHedge { key: &nonce_key, link: Digest::of(b"link") };
    let plain = noise(300_000);
    let (mut heard, mut out) = (0, Vec::new());
    let mut all = |done: u64| {
        heard = done;
        true
    };
    part::seal(&mut Cursor::new(&plain), &mut out, &key, &hedge, &mut all).unwrap();
    assert_eq!(heard, 600_000);
    let mut half = |done: u64| done < 400_000;
    let done = part::seal(&mut Cursor::new(&plain), &mut Vec::new(), &key, &hedge, &mut half);
    assert!(matches!(done, Err(PartFault::Stopped)));
}

/// A source of so many bytes, of which none may be read: what it is asked for says that it was.
struct Unread {
    length: u64,
    read: usize,
}

impl Read for Unread {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.read += buffer.len();
        Err(std::io::Error::other("nobody should have read this"))
    }
}

impl Seek for Unread {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        Ok(match to {
            SeekFrom::Start(at) => at,
            SeekFrom::End(_) | SeekFrom::Current(_) => self.length,
        })
    }
}

#[test]
fn what_is_too_large_is_refused_by_its_length_and_not_a_byte_is_read() {
    let (key, nonce_key) = (CaseKey::generate(), NonceKey::from_bytes([9; 32]));
    let hedge = NonceHedge { key: &nonce_key, link: Digest::of(b"link") };
    let mut out = Vec::new();
    let mut too_large = Unread { length: limits::PART + 1, read: 0 };
    let done = part::seal(&mut too_large, &mut out, &key, &hedge, &mut |_| true);
    assert!(matches!(done, Err(PartFault::TooLarge)), "{done:?}");
    assert_eq!((too_large.read, out.len()), (0, 0), "it was read, or something was written of it");
    // The largest that is allowed is begun: only the reading then fails.
    let mut fits = Unread { length: limits::PART, read: 0 };
    let done = part::seal(&mut fits, &mut out, &key, &hedge, &mut |_| true);
    assert!(matches!(done, Err(PartFault::Read(_))) && fits.read > 0, "{done:?}");
}
