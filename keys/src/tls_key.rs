//! The keys that a hub may show in TLS, as its join request names them and the roster pins them.
//!
//! Each is a SubjectPublicKeyInfo (RFC 5280 section 4.1) in DER, which says its own length: the one in use and, while a change is
//! being prepared, the one to come, written one after another. A device compares them as bytes and looks for nothing in them.

use crate::error::Malformed;

/// Longest run of keys, bytes: two of RSA with 3072 bits, or eleven of P-256.
pub(crate) const MAX_TLS_KEYS: usize = 1024;

/// The TLS keys of one hub; none for a hub without TLS.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TlsKeys(Vec<Vec<u8>>);

impl TlsKeys {
    /// These keys, in this order.
    ///
    /// # Errors
    /// [`Malformed`] when one is no SubjectPublicKeyInfo in DER, is there twice, or they are too long together.
    pub fn new(keys: Vec<Vec<u8>>) -> Result<Self, Malformed> {
        let read = Self::from_bytes(&keys.concat())?;
        // A key that is two, or a part of one, would be read back as something else.
        if read.0 == keys { Ok(read) } else { Err(Malformed::new("TLS key")) }
    }

    /// From the bytes of a roster or a join request.
    ///
    /// # Errors
    /// As [`TlsKeys::new`].
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        let refused = || Malformed::new("TLS key");
        if bytes.len() > MAX_TLS_KEYS {
            return Err(refused());
        }
        let (mut keys, mut rest): (Vec<Vec<u8>>, _) = (Vec::new(), bytes);
        while !rest.is_empty() {
            let (key, more) = sequence(rest).and_then(|length| rest.split_at_checked(length)).ok_or_else(refused)?;
            if keys.iter().any(|held| held == key) {
                return Err(refused());
            }
            keys.push(key.to_vec());
            rest = more;
        }
        Ok(Self(keys))
    }

    /// The bytes of a roster or a join request; empty for none.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        self.0.concat()
    }

    /// Whether none is listed.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The keys, in their order.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(Vec::as_slice)
    }

    /// Whether this key is one of them, byte for byte.
    pub fn contains(&self, key: &[u8]) -> bool {
        self.iter().any(|held| held == key)
    }
}

/// Length of the non-empty DER sequence that begins here, head included; nothing for another type or a longer spelling than need be.
fn sequence(bytes: &[u8]) -> Option<usize> {
    let (head, inside) = match *bytes {
        [0x30, short @ 1..=0x7f, ..] => (2, usize::from(short)),
        [0x30, 0x81, length @ 0x80..=0xff, ..] => (3, usize::from(length)),
        [0x30, 0x82, high @ 1..=0xff, low, ..] => (4, usize::from(u16::from_be_bytes([high, low]))),
        _ => return None,
    };
    Some(head + inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(length: usize, fill: u8) -> Vec<u8> {
        let mut head = match u8::try_from(length).unwrap_or(0xff) {
            short @ 0..=0x7f => vec![0x30, short],
            _ if length < 0x100 => vec![0x30, 0x81, u8::try_from(length).unwrap()],
            _ => [&[0x30, 0x82][..], &u16::try_from(length).unwrap().to_be_bytes()].concat(),
        };
        head.resize(head.len() + length, fill);
        head
    }

    #[test]
    fn a_run_of_keys_is_read_back_as_the_same_keys() {
        for keys in [vec![], vec![key(42, 1)], vec![key(89, 1), key(89, 2)], vec![key(200, 1), key(418, 2), key(42, 3)]]
        {
            let pinned = TlsKeys::new(keys.clone()).unwrap();
            assert_eq!(TlsKeys::from_bytes(&pinned.to_bytes()).unwrap(), pinned);
            assert_eq!(pinned.iter().collect::<Vec<_>>(), keys);
            assert!(keys.iter().all(|key| pinned.contains(key)) && !pinned.contains(&key(42, 9)));
            assert_eq!(pinned.is_empty(), keys.is_empty());
        }
    }

    #[test]
    fn what_is_no_run_of_keys_is_refused() {
        let two = [key(42, 1), key(42, 2)].concat();
        for bytes in [
            &two[..two.len() - 1],
            &[&two[..], &[0]].concat(),
            &[&key(42, 1)[..], &key(42, 1)].concat(),
            &[0x30],
            &[0x30, 0],
            &[0x04, 1, 1],
            &[0x30, 0x80, 1, 0, 0],
            &[&[0x30, 0x81, 42][..], &[1; 42]].concat(),
            &[&[0x30, 0x82, 0, 200][..], &[1; 200]].concat(),
            &key(1021, 1),
        ] {
            assert!(TlsKeys::from_bytes(bytes).is_err(), "{bytes:02x?}");
        }
        assert!(TlsKeys::new(vec![two]).is_err(), "two in the place of one");
    }
}
