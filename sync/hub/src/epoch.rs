//! After a restore: the hub asks an admin to believe its last checkpoint, and begins the next epoch with the word that it gets.
//!
//! Devices know what it signed for after the backup was made, and would call it a liar. So it begins anew, in the open: they offer again
//! what it lost, and what it signs counts once an admin has spoken (FORMATS section 6).

use std::path::{Path, PathBuf};

use amanat_keys::error::{Forgery, KeysError};
use amanat_keys::fingerprint::Digest;
use amanat_keys::hub_epoch::HubEpoch;
use amanat_keys::statement::Statement;
use amanat_sync::documents::{Document, DocumentKind};

use crate::config::Settings;
use crate::home::{HomeFault, HubHome, read};

/// Why an epoch cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum EpochFault {
    /// Nobody whose word counts has signed it.
    #[error(
        "beginning an epoch: no admin of the roster has signed {0}. An admin reads it and signs: amanat roster sign {0}; then call this again"
    )]
    NotSigned(PathBuf),
    /// The word is about another hub.
    #[error(
        "beginning an epoch: this word is about another hub; sign what amanat-hub restore-epoch --reason writes here"
    )]
    OtherHub,
    /// The word follows another epoch.
    #[error("beginning an epoch: this word ends epoch {word} and this hub is in epoch {here}; ask for another one")]
    OtherEpoch {
        /// What the word says.
        word: u64,
        /// What the settings say.
        here: u64,
    },
    /// The word believes another checkpoint than the newest here.
    #[error(
        "beginning an epoch: this word believes checkpoint {word} and the newest here is {here}: it is for another backup. Ask an admin to \
         sign what amanat-hub restore-epoch --reason writes here"
    )]
    OtherCheckpoint {
        /// What the word says.
        word: u64,
        /// What is here.
        here: u64,
    },
    /// The number asked for does not follow.
    #[error("beginning an epoch: {asked} does not come after {here}")]
    NotAfter {
        /// What was asked for.
        asked: u64,
        /// The epoch of this hub.
        here: u64,
    },
}

/// What an admin is asked to sign.
#[derive(Debug)]
pub struct Asked {
    /// The file.
    pub file: PathBuf,
    /// What it says.
    pub word: HubEpoch,
}

impl HubHome {
    /// Writes what an admin is asked to sign: that the newest checkpoint here is to be believed, and why the next epoch begins.
    ///
    /// # Errors
    /// [`HomeFault::Held`] while the hub serves; [`HomeFault::NoRoster`]; [`HomeFault`] otherwise.
    pub async fn ask_for_epoch(&self, reason: &str, new: Option<u64>) -> Result<Asked, HomeFault> {
        let settings = self.settings()?;
        let _alone = self.lock()?;
        let trust = self.trust()?.ok_or_else(|| HomeFault::NoRoster(self.path("join-request")))?;
        let (number, hash) = self.newest(&settings).await?;
        let here = settings.epoch;
        let new = new.unwrap_or(here.saturating_add(1));
        if new <= here {
            return Err(EpochFault::NotAfter { asked: new, here }.into());
        }
        let hub = self.keys()?.id;
        let word = HubEpoch { agency: trust.agency(), hub, old: here, number, hash, new, reason: reason.to_owned() };
        self.write("hub.epoch", &word.propose()?.to_bytes())?;
        Ok(Asked { file: self.path("hub.epoch"), word })
    }

    /// Begins the epoch that an admin has signed for. What was begun already stays begun.
    ///
    /// # Errors
    /// [`HomeFault::Held`] while the hub serves; [`HomeFault::Trust`] for a word that proves nothing; [`HomeFault::Epoch`] for one that
    /// is not about this hub as it is.
    pub async fn begin_epoch(&self, file: &Path) -> Result<HubEpoch, HomeFault> {
        let mut settings = self.settings()?;
        let _alone = self.lock()?;
        let trust = self.trust()?.ok_or_else(|| HomeFault::NoRoster(self.path("join-request")))?;
        let bytes = read(file)?;
        let word = HubEpoch::verify(&bytes, &trust).map_err(|fault| match fault {
            KeysError::Forged(Forgery::TooFewSignatures { .. }) => EpochFault::NotSigned(file.to_owned()).into(),
            other => HomeFault::from(other),
        })?;
        let word = word.into_value();
        if word.hub != self.keys()?.id {
            return Err(EpochFault::OtherHub.into());
        }
        let (number, hash) = self.newest(&settings).await?;
        let begun = settings.epoch == word.new;
        if !begun && settings.epoch != word.old {
            return Err(EpochFault::OtherEpoch { word: word.old, here: settings.epoch }.into());
        }
        if !begun && (word.number, word.hash) != (number, hash) {
            return Err(EpochFault::OtherCheckpoint { word: word.number, here: number }.into());
        }
        // The word first: an epoch without it is one that no device believes.
        let about = Digest::from_bytes(*word.hub.as_bytes());
        let document = Document { kind: DocumentKind::Epoch, about, version: word.new, bytes };
        self.store(&settings).await?.keep_document(document).await?;
        settings.epoch = word.new;
        self.write("settings.toml", settings.to_text()?.as_bytes())?;
        Ok(word)
    }

    /// Number and hash of the newest checkpoint of the settings' epoch.
    async fn newest(&self, settings: &Settings) -> Result<(u64, Digest), HomeFault> {
        let newest = self.store(settings).await?.ledger().await?.newest;
        let newest = newest.filter(|kept| kept.epoch == settings.epoch);
        let Some(kept) = newest else { return Ok((0, Digest::ZERO)) };
        let statement = Statement::from_bytes(&kept.statement).map_err(KeysError::from)?;
        Ok((kept.number, statement.payload_hash()))
    }
}
