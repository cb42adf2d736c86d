//! age's X25519 stanza made for one reader many times: the curve's multiples of the reader's key are laid out in a table once, and each wrap
//! looks up and adds in constant time, where a ladder would begin from nothing each time. That halves the work of a wrap.
//!
//! The bytes are those that `age` makes of the same ephemeral secret (C2SP age.md, *X25519 recipient stanza*): a test holds each half against
//! `x25519-dalek`, which `age` stands on. The table costs as much as some thirty wraps, so it is for those who rewrap a whole unit.

use age_core::format::{FileKey, Stanza};
use age_core::primitives::{aead_encrypt, hkdf};
use age_core::secrecy::ExposeSecret;
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use curve25519_dalek::edwards::EdwardsBasepointTable;
use curve25519_dalek::montgomery::MontgomeryPoint;
use curve25519_dalek::traits::BasepointTable;
use rand::RngCore;
use rand::rngs::OsRng;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// The word that begins its stanzas.
pub(crate) const TAG: &str = "X25519";
const LABEL: &[u8] = b"age-encryption.org/v1/X25519";

/// One reader's X25519 key, laid out.
pub(crate) struct FixedReader {
    public: [u8; 32],
    multiples: Box<EdwardsBasepointTable>,
}

impl FixedReader {
    /// Around the 32 bytes of a recipient. `None` for a point on the curve's twist, which is nobody's honest key and has no place in such a
    /// table.
    pub(crate) fn of(public: &[u8]) -> Option<Self> {
        let public: [u8; 32] = public.try_into().ok()?;
        // Which of the two points with this coordinate it is makes no difference to the coordinate of its multiples.
        let point = MontgomeryPoint(public).to_edwards(0)?;
        Some(Self { public, multiples: Box::new(EdwardsBasepointTable::create(&point)) })
    }

    /// The file key wrapped to the reader under a new ephemeral secret. `None` where the system's randomness gave one that hides nothing.
    pub(crate) fn wrap(&self, file_key: &FileKey) -> Option<Stanza> {
        let mut ephemeral = Zeroizing::new([0; 32]);
        OsRng.fill_bytes(ephemeral.as_mut_slice());
        let share = MontgomeryPoint::mul_base_clamped(*ephemeral);
        let shared = self.shared(&ephemeral);
        if bool::from(shared.ct_eq(&[0; 32])) {
            return None;
        }
        let salt = [share.as_bytes().as_slice(), &self.public].concat();
        let key = Zeroizing::new(hkdf(&salt, LABEL, shared.as_slice()));
        let body = aead_encrypt(&key, file_key.expose_secret());
        Some(Stanza { tag: TAG.to_owned(), args: vec![STANDARD_NO_PAD.encode(share.as_bytes())], body })
    }

    /// What X25519 gives for a secret and this reader's key (RFC 7748 section 5).
    fn shared(&self, secret: &[u8; 32]) -> Zeroizing<[u8; 32]> {
        let point = Zeroizing::new(self.multiples.mul_base_clamped(*secret));
        Zeroizing::new(point.to_montgomery().to_bytes())
    }
}

#[cfg(test)]
mod tests {
    use curve25519_dalek::constants::EIGHT_TORSION;
    use curve25519_dalek::edwards::EdwardsPoint;
    use x25519_dalek::{PublicKey, StaticSecret};

    use super::*;

    #[test]
    fn every_secret_gives_what_the_ladder_gives_for_honest_keys_and_for_crooked_ones() {
        let mut random = [0; 32];
        OsRng.fill_bytes(&mut random);
        for seed in [[1; 32], [0xff; 32], random] {
            let honest = EdwardsPoint::mul_base_clamped(seed);
            for crooked in EIGHT_TORSION {
                let public = (honest + crooked).to_montgomery().to_bytes();
                let reader = FixedReader::of(&public).unwrap();
                for secret in [[0; 32], [0xff; 32], seed, random, public] {
                    let ladder = StaticSecret::from(secret).diffie_hellman(&PublicKey::from(public));
                    assert_eq!(*reader.shared(&secret), *ladder.as_bytes());
                }
            }
        }
    }

    #[test]
    fn a_point_on_the_twist_has_no_table() {
        let twist = (2..=255).filter(|first| {
            let mut public = [0; 32];
            public[0] = *first;
            FixedReader::of(&public).is_none()
        });
        assert!((64..192).contains(&twist.count()), "about half of all coordinates");
        assert!(FixedReader::of(&[9; 31]).is_none());
    }
}
