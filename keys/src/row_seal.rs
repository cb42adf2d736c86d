//! The seal of local rows: XChaCha20-Poly1305 under the vault key, bound to the place of the row (FORMATS section 8).

use std::fmt;
use std::sync::Arc;

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use rand::RngCore;
use rand::rngs::OsRng;
use zeroize::Zeroizing;

use crate::error::{Damage, KeysError, Misuse};

/// Bytes that a seal adds: a random nonce of 24 and a tag of 16.
pub const OVERHEAD: usize = NONCE_LEN + 16;

const NONCE_LEN: usize = 24;

/// Seals and opens rows. Clones share one key, wiped with the last of them; can be handed to another thread.
#[derive(Clone)]
pub struct RowSeal {
    cipher: Arc<XChaCha20Poly1305>,
}

impl RowSeal {
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
        let aad = associated(table, row_key, case, key_id);
        let sealed = self
            .cipher
            .encrypt(XNonce::from_slice(&nonce), Payload { msg: plain, aad: &aad })
            .map_err(|_source: chacha20poly1305::Error| Misuse::Limit { what: "row" })?;
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
        let (nonce, sealed) = sealed.split_at_checked(NONCE_LEN).ok_or(Damage::Truncated)?;
        let aad = associated(table, row_key, case, key_id);
        self.cipher
            .decrypt(XNonce::from_slice(nonce), Payload { msg: sealed, aad: &aad })
            .map(Zeroizing::new)
            .map_err(|_source: chacha20poly1305::Error| Damage::Seal.into())
    }
}

impl fmt::Debug for RowSeal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RowSeal")
    }
}

/// `"amanat/v1/row" ‖ table ‖ row key ‖ case ‖ key id`, each part after its length (four bytes, big-endian): without lengths a byte
/// could move from one part to the next.
fn associated(table: &str, row_key: &[u8], case: &[u8], key_id: &[u8]) -> Vec<u8> {
    let mut aad = b"amanat/v1/row".to_vec();
    for part in [table.as_bytes(), row_key, case, key_id] {
        aad.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        aad.extend_from_slice(part);
    }
    aad
}
