//! The seal of local rows: XChaCha20-Poly1305 under the vault key, bound to the place of the row (FORMATS section 8).

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{AeadInPlace, KeyInit, Tag, XChaCha20Poly1305, XNonce};
use rand::RngCore;
use rand::rngs::OsRng;
use zeroize::Zeroizing;

use crate::error::{Damage, KeysError, Misuse};
use crate::stretch::Stretch;

/// Bytes that a seal adds: a random nonce of 24 and a tag of 16.
pub const OVERHEAD: usize = NONCE_LEN + TAG_LEN;

const PREFIX: &[u8] = b"amanat/v1/row";
const NONCE_LEN: usize = 24;
const TAG_LEN: usize = 16;

/// Seals and opens rows. Clones share one key, wiped with the last of them; can be handed to another thread.
#[derive(Clone)]
pub struct RowSeal {
    cipher: Arc<XChaCha20Poly1305>,
}

impl RowSeal {
    /// Where its key lies.
    pub fn stretch(&self) -> Stretch {
        Stretch::of(&*self.cipher)
    }

    /// Under a vault key.
    pub fn new(vault_key: &[u8; 32]) -> Self {
        Self { cipher: Arc::new(XChaCha20Poly1305::new(vault_key.into())) }
    }

    /// A new key for a seal of its own, from the system's randomness.
    #[must_use]
    pub fn fresh_key() -> Zeroizing<[u8; 32]> {
        let mut key = Zeroizing::new([0; 32]);
        OsRng.fill_bytes(key.as_mut());
        key
    }

    /// Seals a row for its place: nonce ‖ ciphertext ‖ tag. Moved to another table, row key, case or key, it will not open.
    ///
    /// # Errors
    /// *Misuse* for a row beyond the cipher's limit (256 GiB).
    pub fn seal(
        &self,
        table: &str,
        row_key: &[u8],
        case: &[u8],
        key_id: &[u8],
        plain: &[u8],
    ) -> Result<Vec<u8>, KeysError> {
        let mut nonce = [0_u8; NONCE_LEN];
        OsRng.fill_bytes(&mut nonce);
        let sealed = with_associated(table, row_key, case, key_id, |aad| {
            self.cipher.encrypt(XNonce::from_slice(&nonce), Payload { msg: plain, aad })
        });
        let sealed = sealed.map_err(|_source: chacha20poly1305::Error| Misuse::Limit { what: "row" })?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Opens a row at its place.
    ///
    /// # Errors
    /// [`Damage::Seal`] for changed bytes, another place or another vault; [`Damage::Truncated`].
    pub fn open(
        &self,
        table: &str,
        row_key: &[u8],
        case: &[u8],
        key_id: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, KeysError> {
        self.open_in_place(table, row_key, case, key_id, sealed.to_vec())
    }

    /// As [`RowSeal::open`], for a row that is the caller's: it is opened where it lies.
    ///
    /// # Errors
    /// As [`RowSeal::open`].
    pub fn open_in_place(
        &self,
        table: &str,
        row_key: &[u8],
        case: &[u8],
        key_id: &[u8],
        sealed: Vec<u8>,
    ) -> Result<Zeroizing<Vec<u8>>, KeysError> {
        let mut row = Zeroizing::new(sealed);
        let text = self.open_where_it_lies(table, row_key, case, key_id, &mut row)?;
        row.truncate(text.end);
        row.copy_within(text.clone(), 0);
        row.truncate(text.len());
        Ok(row)
    }

    /// As [`RowSeal::open_in_place`], and moves nothing: says where in the row its text lies. For rows that hold ciphertext again and are
    /// not wiped for it.
    ///
    /// # Errors
    /// As [`RowSeal::open`].
    pub fn open_where_it_lies(
        &self,
        table: &str,
        row_key: &[u8],
        case: &[u8],
        key_id: &[u8],
        row: &mut [u8],
    ) -> Result<Range<usize>, KeysError> {
        let (nonce, rest) = row.split_at_mut_checked(NONCE_LEN).ok_or(Damage::Truncated)?;
        let (text, tag) = rest.split_last_chunk_mut::<TAG_LEN>().ok_or(Damage::Truncated)?;
        let length = text.len();
        let opened = with_associated(table, row_key, case, key_id, |aad| {
            self.cipher.decrypt_in_place_detached(XNonce::from_slice(nonce), aad, text, Tag::from_slice(tag))
        });
        opened.map_err(|_source: chacha20poly1305::Error| Damage::Seal)?;
        Ok(NONCE_LEN..NONCE_LEN + length)
    }
}

impl fmt::Debug for RowSeal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RowSeal")
    }
}

/// Bytes of associated data that need no memory of their own: those of an entry have 90, and there are hundreds of thousands of them.
const USUAL: usize = 160;

/// `"amanat/v1/row" ‖ table ‖ row key ‖ case ‖ key id`, each part after its length (four bytes, big-endian): without lengths a byte
/// could move from one part to the next.
fn with_associated<T>(table: &str, row_key: &[u8], case: &[u8], key_id: &[u8], work: impl FnOnce(&[u8]) -> T) -> T {
    let parts = [table.as_bytes(), row_key, case, key_id];
    let lengths = parts.map(|part| u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
    let pieces =
        || [PREFIX].into_iter().chain(lengths.iter().zip(parts).flat_map(|(length, part)| [&length[..], part]));
    let whole = pieces().map(<[u8]>::len).sum();
    let (mut usual, mut large) = ([0; USUAL], Vec::new());
    let data = match usual.get_mut(..whole) {
        Some(data) => data,
        None => {
            large.resize(whole, 0);
            &mut large[..]
        }
    };
    let mut rest = &mut *data;
    for piece in pieces() {
        if let Some(place) = rest.split_off_mut(..piece.len()) {
            place.copy_from_slice(piece);
        }
    }
    work(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_row_is_bound_to_is_the_same_bytes_with_and_without_memory_of_its_own() {
        for length in [0, 56, USUAL - 40, USUAL - 29, USUAL - 28, USUAL, 1_000] {
            let row_key = vec![7; length];
            let told = with_associated("entry", &row_key, b"", b"k", <[u8]>::to_vec);
            let count = u32::try_from(length).unwrap().to_be_bytes();
            let whole = [&b"amanat/v1/row\0\0\0\x05entry"[..], &count, &row_key, &[0; 4], &[0, 0, 0, 1], b"k"].concat();
            assert_eq!(told, whole, "{length}");
        }
    }
}
