//! HMAC-SHA-256 under a 32-byte key, without an error that cannot happen.

use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// HMAC-SHA-256 over the parts, one after the other.
pub(crate) fn hmac_sha256(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    // HMAC fills a key up with zeros to SHA-256's block (RFC 2104 section 2); a key of that length is never refused.
    let mut block = Zeroizing::new([0; 64]);
    let (front, _) = block.split_at_mut(key.len());
    front.copy_from_slice(key);
    let mut mac = <Hmac<Sha256> as Mac>::new((&*block).into());
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}
