//! The weekly word on which roster is the newest: how long ago somebody who may said so of the adopted one, whether a newer one is held
//! back, and that the word is said again (`FORMATS.md` section 5). A hub that withholds a revocation cannot make such a word.

use amanat_keys::freshness::{Confirmed, Freshness};
use amanat_sync::{
    documents::{Document, DocumentKind},
    journal::Journal as _,
};

use super::home::Home;
use crate::{failure::Failure, runtime::fault};

/// A word so many days old is said again by whoever may.
const RENEWED: u64 = 7;
/// Nobody has confirmed the roster for so many days: a newer one may be held back, the word on it too.
pub const QUIET: u64 = 30;

/// What the words that are here say of the adopted roster.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// Days since it was said to be the newest.
    pub days: Option<u64>,
    /// The newest that somebody has said to be in force, where that is not here: held back, or on its way.
    pub withheld: Option<u64>,
}

impl Said {
    /// How long ago, in words.
    pub fn told(&self) -> String {
        self.days.map_or("never".to_owned(), |days| format!("{days} days ago"))
    }

    /// What somebody must look into.
    pub fn warning(&self) -> Option<String> {
        if let Some(newer) = self.withheld {
            return Some(format!(
                "roster {newer} is in force and has not come here: sync; if that does not bring it, the hub holds it back. Who reads may have \
                 changed: take it from a stick, or ask an admin for a pack"
            ));
        }
        self.days.filter(|days| *days >= QUIET).map(|days| {
            format!(
                "nobody has confirmed the roster for {days} days: a newer one may be held back. Sync, take a stick, or ask an admin"
            )
        })
    }
}

impl Home {
    /// What is said of the adopted roster.
    ///
    /// # Errors
    /// What the journal refuses.
    pub fn confirmed(&self) -> Result<Said, Failure> {
        let documents = self.journal.documents().map_err(|error| fault::sync("reading the documents", &error))?;
        let (trust, now) = (self.trust()?, self.least_now());
        let mut said = Said::default();
        for filed in documents.iter().filter(|filed| filed.document.kind == DocumentKind::Freshness) {
            let Ok(word) = Freshness::verify(&filed.document.bytes, trust) else { continue };
            let word = word.value();
            match word.judge(trust) {
                Confirmed::Newest => {
                    let days = word.days_old(now);
                    said.days = Some(said.days.map_or(days, |least| least.min(days)));
                }
                Confirmed::Behind { .. } => said.withheld = said.withheld.max(Some(word.version)),
                Confirmed::Old => {}
            }
        }
        Ok(said)
    }

    /// Says that the adopted roster is the newest. Its time is no earlier than what this device has evidence for, so that a clock that is
    /// years slow does not make a new word an old one.
    ///
    /// # Errors
    /// Refused for a device that may not say so; what the journal refuses.
    pub(in crate::runtime) fn confirm(&mut self) -> Result<(), Failure> {
        let serial = self.next_serial(DocumentKind::Freshness)?;
        let word = Freshness::of(self.trust()?, serial, self.least_now());
        let bytes = word.sign(&self.signer()).to_bytes();
        self.file_freshness(&bytes)
    }

    /// Says it again where nobody has for a week and this device may. Not where a newer roster is known of, nor while two contradict each
    /// other: then it would be no help to say it. Whether it was said.
    ///
    /// # Errors
    /// What the journal refuses.
    pub(super) fn confirm_weekly(&mut self) -> Result<bool, Failure> {
        if self.rivals() > 0 || !self.trust()?.roster().confirms(&self.device()) {
            return Ok(false);
        }
        let said = self.confirmed()?;
        if said.withheld.is_some() || said.days.is_some_and(|days| days < RENEWED) {
            return Ok(false);
        }
        self.confirm()?;
        Ok(true)
    }

    /// Files a word on freshness, if it holds.
    pub(in crate::runtime) fn file_freshness(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let refused = |error| fault::keys("reading how fresh the roster is", &error);
        let word = *Freshness::verify(bytes, self.trust()?).map_err(refused)?.value();
        let speaker = Freshness::speaker(bytes, self.trust()?).map_err(refused)?;
        let about = amanat_keys::fingerprint::Digest::from_bytes(*speaker.as_bytes());
        self.file(&Document { kind: DocumentKind::Freshness, about, version: word.serial, bytes: bytes.to_vec() })?;
        Ok(())
    }
}
