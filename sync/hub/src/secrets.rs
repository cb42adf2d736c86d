//! The file of the hub's keys: the signing seed in hex, the identity for bundles and, once the signing key is not the first one any more,
//! a line with the hub's id, which is named after the first.

use amanat_keys::device::Signer;
use amanat_keys::fingerprint::DeviceId;
use amanat_keys::recipient::ReadIdentity;
use rand::RngCore as _;
use secrecy::ExposeSecret as _;
use zeroize::Zeroizing;

use crate::home::{HomeFault, HubHome, read};

/// Where they are.
pub(crate) const FILE: &str = "hub.keys";
/// What begins the line with the id.
const ID: &str = "hub ";

/// A signing seed; wiped when it goes.
pub(crate) type Seed = Zeroizing<[u8; 32]>;

/// What `hub.keys` holds.
pub(crate) struct Secrets {
    /// The hub.
    pub(crate) id: DeviceId,
    /// What signs.
    pub(crate) signer: Signer,
    /// What bundles are sealed to.
    pub(crate) transport: ReadIdentity,
}

/// A new seed.
pub(crate) fn new_seed() -> Seed {
    let mut seed = Zeroizing::new([0_u8; 32]);
    rand::rngs::OsRng.fill_bytes(&mut *seed);
    seed
}

/// A seed as its line is spelt.
pub(crate) fn spelt(seed: &Seed) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(64));
    seed.iter().for_each(|byte| text.push_str(&Zeroizing::new(format!("{byte:02x}"))));
    text
}

/// The seed of a line.
pub(crate) fn read_seed(line: &str) -> Option<Seed> {
    if line.len() != 64 {
        return None;
    }
    let mut seed = Zeroizing::new([0_u8; 32]);
    for (byte, pair) in seed.iter_mut().zip(line.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(seed)
}

impl HubHome {
    /// What signs, what bundles are sealed to, and whose they are.
    pub(crate) fn keys(&self) -> Result<Secrets, HomeFault> {
        let path = self.path(FILE);
        let damaged = || HomeFault::Keys(path.clone());
        let bytes = Zeroizing::new(read(&path)?);
        let text = std::str::from_utf8(&bytes).map_err(|_source| damaged())?;
        let mut lines = text.lines();
        let seed = lines.next().and_then(read_seed).ok_or_else(damaged)?;
        let identity = lines.next().ok_or_else(damaged)?;
        let transport = ReadIdentity::from_text(identity.trim_end()).map_err(|_source| damaged())?;
        let signer = Signer::from_seed(&seed)?;
        let id = match lines.next() {
            None => signer.verifying_key().device_id(),
            Some(line) => line.strip_prefix(ID).and_then(|id| id.parse().ok()).ok_or_else(damaged)?,
        };
        if lines.next().is_some() {
            return Err(damaged());
        }
        Ok(Secrets { id, signer, transport })
    }

    /// Writes the keys, whole or not at all; the id where it is not the key's own.
    pub(crate) fn write_keys(&self, seed: &Seed, transport: &ReadIdentity, id: DeviceId) -> Result<(), HomeFault> {
        let mut text = Zeroizing::new(String::with_capacity(512));
        text.push_str(&spelt(seed));
        text.push('\n');
        text.push_str(transport.to_text().expose_secret());
        text.push('\n');
        if Signer::from_seed(seed)?.verifying_key().device_id() != id {
            text.push_str(&format!("{ID}{id}\n"));
        }
        self.write(FILE, text.as_bytes())
    }
}
