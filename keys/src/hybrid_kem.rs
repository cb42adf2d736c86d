//! ML-KEM-768 and X25519 as one KEM, put together as age's hybrid recipients have it (C2SP age.md, filippo.io/hpke-pq: X-Wing's combiner).
//!
//! Every part is another's: the two KEMs, the hashes and HPKE itself. Here stands only in which order they are joined, and this file goes
//! when the `age` crate has it.

use hpke::generic_array::GenericArray;
use hpke::generic_array::typenum::{Sum, U32, U96, U192, U1024};
use hpke::kem::SharedSecret;
use hpke::rand_core::{CryptoRng, RngCore};
use hpke::{Deserializable, HpkeError, Kem, Serializable};
use ml_kem::kem::{Decapsulate, Encapsulate};
use ml_kem::{B32, Ciphertext, Encoded, EncodedSizeUser, KemCore, MlKem768};
use sha3::digest::{ExtendableOutput, FixedOutput, Update, XofReader};
use sha3::{Sha3_256, Shake256};
use subtle::ConstantTimeEq;
use x25519_dalek::{EphemeralSecret, PublicKey as Point, StaticSecret};
use zeroize::{Zeroize, Zeroizing};

type PqPublic = <MlKem768 as KemCore>::EncapsulationKey;
type PqSecret = <MlKem768 as KemCore>::DecapsulationKey;

/// The label of the combiner: X-Wing's picture of itself.
const LABEL: &[u8] = br"\.//^\";
/// What begins a labelled derivation under this KEM's number (hpke-pq).
const SUITE: &[u8] = b"HPKE-v1KEM\x64\x7a";
/// Bytes of an X25519 point.
const POINT: usize = 32;

/// The KEM, as `hpke` asks for one.
pub(crate) struct MlKem768X25519;

/// A seed, and what it gives.
#[derive(Clone)]
pub(crate) struct Secret {
    seed: Zeroizing<[u8; 32]>,
    pq: PqSecret,
    curve: StaticSecret,
}

/// An encapsulation key and a point.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Public {
    pq: PqPublic,
    curve: Point,
}

/// What a sender gives to the receiver: a ciphertext and a point.
#[derive(Clone)]
pub(crate) struct Encapsulated {
    pq: Ciphertext<MlKem768>,
    curve: Point,
}

impl Secret {
    /// What a seed gives.
    pub(crate) fn from_seed(seed: &[u8; 32]) -> Self {
        let mut stream = Shake256::default().chain(seed).finalize_xof();
        let (mut d, mut z) = (B32::default(), B32::default());
        let mut curve = Zeroizing::new([0; POINT]);
        stream.read(&mut d);
        stream.read(&mut z);
        stream.read(curve.as_mut_slice());
        let (pq, _) = MlKem768::generate_deterministic(&d, &z);
        d.as_mut_slice().zeroize();
        z.as_mut_slice().zeroize();
        Self { seed: Zeroizing::new(*seed), pq, curve: StaticSecret::from(*curve) }
    }

    /// The seed, for the text of an identity.
    pub(crate) fn seed(&self) -> &[u8; 32] {
        &self.seed
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.seed.ct_eq(other.seed.as_slice()).into()
    }
}

impl Eq for Secret {}
impl Eq for Public {}

fn of_another_length<T: Serializable>(bytes: &[u8]) -> HpkeError {
    HpkeError::IncorrectInputLength(T::size(), bytes.len())
}

impl Serializable for Secret {
    type OutputSize = U32;

    fn write_exact(&self, out: &mut [u8]) {
        out.copy_from_slice(self.seed.as_slice());
    }
}

impl Deserializable for Secret {
    fn from_bytes(bytes: &[u8]) -> Result<Self, HpkeError> {
        let seed: Result<&[u8; 32], _> = bytes.try_into();
        seed.map(Self::from_seed).map_err(|_length| of_another_length::<Self>(bytes))
    }
}

/// What stands before the point, and the point.
fn parted(bytes: &[u8]) -> Option<(&[u8], Point)> {
    let (pq, curve) = bytes.split_last_chunk::<POINT>()?;
    Some((pq, Point::from(*curve)))
}

fn write_both(out: &mut [u8], pq: &[u8], curve: &Point) {
    out.iter_mut().zip(pq.iter().chain(curve.as_bytes())).for_each(|(place, byte)| *place = *byte);
}

impl Serializable for Public {
    type OutputSize = Sum<U1024, U192>;

    fn write_exact(&self, out: &mut [u8]) {
        write_both(out, &self.pq.as_bytes(), &self.curve);
    }
}

impl Deserializable for Public {
    fn from_bytes(bytes: &[u8]) -> Result<Self, HpkeError> {
        let read = parted(bytes).and_then(|(pq, curve)| {
            let pq = <&Encoded<PqPublic>>::try_from(pq).ok()?;
            Some(Self { pq: PqPublic::from_bytes(pq), curve })
        });
        read.ok_or_else(|| of_another_length::<Self>(bytes))
    }
}

impl Serializable for Encapsulated {
    type OutputSize = Sum<U1024, U96>;

    fn write_exact(&self, out: &mut [u8]) {
        write_both(out, &self.pq, &self.curve);
    }
}

impl Deserializable for Encapsulated {
    fn from_bytes(bytes: &[u8]) -> Result<Self, HpkeError> {
        let read = parted(bytes).and_then(|(pq, curve)| {
            let pq = *<&Ciphertext<MlKem768>>::try_from(pq).ok()?;
            Some(Self { pq, curve })
        });
        read.ok_or_else(|| of_another_length::<Self>(bytes))
    }
}

impl Kem for MlKem768X25519 {
    type PublicKey = Public;
    type PrivateKey = Secret;
    type EncappedKey = Encapsulated;
    type NSecret = U32;
    const KEM_ID: u16 = 0x647a;

    fn sk_to_pk(secret: &Secret) -> Public {
        Public { pq: secret.pq.encapsulation_key().clone(), curve: Point::from(&secret.curve) }
    }

    fn derive_keypair(material: &[u8]) -> (Secret, Public) {
        let mut seed = Zeroizing::new([0; 32]);
        let label = b"DeriveKeyPair";
        let lengths = |length: usize| u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes();
        Shake256::default()
            .chain(material)
            .chain(SUITE)
            .chain(lengths(label.len()))
            .chain(label)
            .chain(lengths(seed.len()))
            .finalize_xof_into(seed.as_mut_slice());
        let secret = Secret::from_seed(&seed);
        let public = Self::sk_to_pk(&secret);
        (secret, public)
    }

    fn decap(
        secret: &Secret,
        sender: Option<&Public>,
        encapsulated: &Encapsulated,
    ) -> Result<SharedSecret<Self>, HpkeError> {
        let of_curve = secret.curve.diffie_hellman(&encapsulated.curve);
        // A shared secret of zeros is what a point of small order gives to everybody; of a sender this KEM proves nothing.
        if sender.is_some() || !of_curve.was_contributory() {
            return Err(HpkeError::DecapError);
        }
        let mut of_pq = secret.pq.decapsulate(&encapsulated.pq).map_err(|()| HpkeError::DecapError)?;
        let shared = combined(&of_pq, of_curve.as_bytes(), &encapsulated.curve, &Point::from(&secret.curve));
        of_pq.as_mut_slice().zeroize();
        Ok(shared)
    }

    fn encap<R: CryptoRng + RngCore>(
        recipient: &Public,
        sender: Option<(&Secret, &Public)>,
        random: &mut R,
    ) -> Result<(SharedSecret<Self>, Encapsulated), HpkeError> {
        let (pq, mut of_pq) = recipient.pq.encapsulate(random).map_err(|()| HpkeError::EncapError)?;
        let ephemeral = EphemeralSecret::random_from_rng(random);
        let curve = Point::from(&ephemeral);
        let of_curve = ephemeral.diffie_hellman(&recipient.curve);
        if sender.is_some() || !of_curve.was_contributory() {
            return Err(HpkeError::EncapError);
        }
        let shared = combined(&of_pq, of_curve.as_bytes(), &curve, &recipient.curve);
        of_pq.as_mut_slice().zeroize();
        Ok((shared, Encapsulated { pq, curve }))
    }
}

/// Both secrets, and which points the second is of.
fn combined(of_pq: &[u8], of_curve: &[u8], sent: &Point, recipient: &Point) -> SharedSecret<MlKem768X25519> {
    let hash = Sha3_256::default().chain(of_pq).chain(of_curve).chain(sent.as_bytes()).chain(recipient.as_bytes());
    let mut shared = GenericArray::default();
    hash.chain(LABEL).finalize_into(&mut shared);
    SharedSecret(shared)
}
