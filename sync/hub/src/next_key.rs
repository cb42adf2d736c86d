//! The next signing key of the hub: made beside the one in use, offered to the admins, taken up when a roster names it.
//!
//! ```text
//! offer     hub-next.keys: the seed and the request for it, one file, read back; then hub-key.join      [kill: the same request again]
//! wait      serving, both keys sign every word (signing.rs), and the admins' devices are given the request (hub.rs)
//! take up   a roster names it: hub.keys holds it, then hub-next.keys goes                               [kill: at the next start]
//! ```
//!
//! The request says which checkpoint the older key signed last alone. It is made while the hub is stopped, so that none comes between.
//! A key that was offered is not thrown away: the admins may be signing for it at this moment, and the hub would be one without a key.

use std::path::PathBuf;

use amanat_keys::device::Signer;
use amanat_keys::join::{HubSuccession, JoinRequest};
use amanat_keys::trust::Trust;
use amanat_keys::words::Words;
use zeroize::Zeroizing;

use crate::home::{HomeFault, HubHome, read, sync_folder};
use crate::secrets::{self, FILE, Secrets, Seed};
use crate::signing;

/// The seed of the next key and the request for it.
pub(crate) const NEXT: &str = "hub-next.keys";
/// The request, for the admins.
const REQUEST: &str = "hub-key.join";

/// What came of asking for the next key.
#[derive(Debug)]
pub enum NewKey {
    /// It is made, and waits for the admins.
    Offered {
        /// For `amanat keys rotate hub --file`.
        request: PathBuf,
        /// To be read aloud.
        words: Words,
        /// What the request says.
        succession: HubSuccession,
    },
    /// The roster names it, and the older one is gone.
    TakenUp,
}

/// The next key, before a roster names it.
pub(crate) struct Waiting {
    seed: Seed,
    pub(crate) signer: Signer,
    pub(crate) request: Vec<u8>,
}

impl HubHome {
    /// Makes the hub's next signing key and asks the admins to list it. Called again, whatever stopped it, it is the same key and the
    /// same request.
    ///
    /// # Errors
    /// [`HomeFault::Held`] while the hub serves; [`HomeFault::NoRoster`]; [`HomeFault::NotNamed`] where the roster names another key than
    /// this hub has; [`HomeFault`] otherwise.
    pub async fn rotate_key(&self) -> Result<NewKey, HomeFault> {
        let settings = self.settings()?;
        let _alone = self.lock()?;
        let trust = self.trust()?.ok_or_else(|| HomeFault::NoRoster(self.path("join-request")))?;
        if self.take_up_key(&trust)? {
            return Ok(NewKey::TakenUp);
        }
        let held = self.keys()?;
        let listed = trust.roster().hub(&held.id).filter(|_| signing::names(&trust, &held.id, &held.signer));
        let listed = listed.ok_or(HomeFault::NotNamed)?;
        let waiting = match self.next_key()? {
            Some(waiting) => waiting,
            None => {
                let newest = self.store(&settings).await?.ledger().await?.newest;
                let last = newest.filter(|kept| kept.epoch == settings.epoch).map_or(0, |kept| kept.number);
                let succession = HubSuccession { hub: held.id, epoch: settings.epoch, last };
                self.make_next_key(&trust, &held, &listed.name, succession)?
            }
        };
        let request = JoinRequest::verify(&waiting.request)?;
        let words = request.value().words();
        let succession = request.value().hub_succession.ok_or_else(|| HomeFault::Keys(self.path(NEXT)))?;
        self.write(REQUEST, &waiting.request)?;
        Ok(NewKey::Offered { request: self.path(REQUEST), words, succession })
    }

    fn make_next_key(
        &self,
        trust: &Trust,
        held: &Secrets,
        name: &str,
        succession: HubSuccession,
    ) -> Result<Waiting, HomeFault> {
        let (seed, agency) = (secrets::new_seed(), trust.agency());
        let signer = Signer::from_seed(&seed)?;
        // What sticks are sealed to today: where the agency has moved to another kind, not what the hub was founded with.
        let transport = self.transport_of(None)?.recipient().clone();
        let request = JoinRequest::for_next_hub_key(agency, name, signer.verifying_key(), transport, succession);
        let mut request = request.sign(&signer)?;
        JoinRequest::vouch(&mut request, &agency, &held.signer);
        let mut text = Zeroizing::new(String::with_capacity(4096));
        text.push_str(&secrets::spelt(&seed));
        text.push('\n');
        request.to_bytes().iter().for_each(|byte| text.push_str(&format!("{byte:02x}")));
        text.push('\n');
        // The key before anybody hears of it, and as the disk gives it back.
        self.write(NEXT, text.as_bytes())?;
        self.next_key()?.ok_or_else(|| HomeFault::Keys(self.path(NEXT)))
    }

    /// The next key, if one was made and is not in use yet. What reads back signs what its request says.
    pub(crate) fn next_key(&self) -> Result<Option<Waiting>, HomeFault> {
        let path = self.path(NEXT);
        if !path.exists() {
            return Ok(None);
        }
        let damaged = || HomeFault::Keys(path.clone());
        let bytes = Zeroizing::new(read(&path)?);
        let text = std::str::from_utf8(&bytes).map_err(|_source| damaged())?;
        let (seed, rest) = text.split_once('\n').ok_or_else(damaged)?;
        let seed = secrets::read_seed(seed).ok_or_else(damaged)?;
        let signer = Signer::from_seed(&seed)?;
        let request = unhex(rest.trim_end()).ok_or_else(damaged)?;
        let says = JoinRequest::verify(&request)?;
        if says.value().signing_key != signer.verifying_key() {
            return Err(damaged());
        }
        Ok(Some(Waiting { seed, signer, request }))
    }

    /// Puts the next key in the place of the older one, if this roster names it; the older one is gone then. Whether it did.
    pub(crate) fn take_up_key(&self, trust: &Trust) -> Result<bool, HomeFault> {
        let Some(next) = self.next_key()? else { return Ok(false) };
        let held = self.keys()?;
        if !signing::names(trust, &held.id, &next.signer) {
            return Ok(false);
        }
        if held.signer.verifying_key() != next.signer.verifying_key() {
            self.write_keys(&next.seed, &held.transport, held.id)?;
            if self.keys()?.signer.verifying_key() != next.signer.verifying_key() {
                return Err(HomeFault::Keys(self.path(FILE)));
            }
        }
        // Only now: killed before this, the next start finds the same key in both files.
        for name in [REQUEST, NEXT] {
            let path = self.path(name);
            match std::fs::remove_file(&path) {
                Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                    return Err(HomeFault::Disk(path, source));
                }
                Ok(()) | Err(_) => {}
            }
        }
        sync_folder(&self.path(NEXT)).map_err(|source| HomeFault::Disk(self.path(NEXT), source))?;
        Ok(true)
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok().filter(|_| pair.len() == 2)).collect()
}
