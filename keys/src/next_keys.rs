//! The keys that a device has asked the admins to list, as it keeps them until `identity.age` holds them: one sealed row of its home.

use minicbor::decode::Error;
use minicbor::encode::Write;
use minicbor::{Decode, Decoder, Encode, Encoder};
use zeroize::Zeroizing;

use crate::canonical;
use crate::device::{DeviceKeys, Signer};
use crate::error::{KeysError, Malformed};
use crate::fingerprint::JournalId;

/// Most identities that are kept to read what was sealed before.
const MAX_RETIRED: u64 = 1_000;
/// Largest request: a thousand journals that ended.
const MAX_REQUEST: usize = 128 * 1024;

/// Keys that wait for a roster.
#[derive(Clone)]
pub struct NextKeys {
    /// The keys: the older identities among the retired.
    pub keys: DeviceKeys,
    /// The journal that they will write.
    pub journal: JournalId,
    /// What asks for them, as it was signed.
    pub request: Vec<u8>,
}

impl NextKeys {
    /// For a sealed row.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        canonical::encode_secret(self)
    }

    /// From a sealed row.
    ///
    /// # Errors
    /// *Malformed*.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        canonical::decode(bytes)
    }
}

/// `[1, device, signing seed, identity, [retired…], journal, request]`.
impl<C> Encode<C> for NextKeys {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.array(7)?.u8(1)?.encode(self.keys.device_id())?.bytes(self.keys.signer().seed().as_slice())?;
        e.encode(self.keys.identity())?;
        e.array(u64::try_from(self.keys.retired().len()).unwrap_or(u64::MAX))?;
        self.keys.retired().iter().try_for_each(|old| e.encode(old).map(drop))?;
        e.encode(self.journal)?.bytes(&self.request)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for NextKeys {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, Error> {
        canonical::array(d, 7)?;
        canonical::version(d)?;
        let device = d.decode()?;
        let seed = Zeroizing::new(canonical::array_of::<32>(d)?);
        let signer = Signer::from_seed(&seed).map_err(|_source: KeysError| Error::message("signing seed"))?;
        let current = d.decode()?;
        let retired = canonical::list(d, MAX_RETIRED, |d| d.decode())?;
        let (journal, request) = (d.decode()?, canonical::bytes(d, MAX_REQUEST)?.to_vec());
        Ok(Self { keys: DeviceKeys::from_parts(device, signer, current, retired), journal, request })
    }
}
