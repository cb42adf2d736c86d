//! An admin's word for a hub that was restored from a backup.

use amanat_keys::{error::Forgery, hub_epoch::HubEpoch, statement::Statement};

use amanat_sync::journal::Journal as _;

use crate::{
    failure::Failure,
    runtime::{fault, roster::enrol::Admin},
};

/// What was signed, and what the admin should know of it.
#[derive(Debug)]
pub struct SignedEpoch {
    /// The word.
    pub word: HubEpoch,
    /// How the roster calls the hub.
    pub name: String,
    /// The newest checkpoint of the epoch that ends which this device has seen, if it has seen any.
    pub seen: Option<u64>,
}

impl Admin {
    /// Signs for the epoch that a hub proposes.
    ///
    /// # Errors
    /// Refused when it is another agency's, about a hub that the roster does not list, or for an epoch that devices believe already.
    pub fn sign_epoch(&mut self, statement: &mut Statement) -> Result<SignedEpoch, Failure> {
        let doing = "signing for the hub";
        let word = HubEpoch::proposed(statement).map_err(|error| fault::keys(doing, &error))?;
        let agency = self.home.agency()?;
        if word.agency != agency {
            return Err(fault::keys(doing, &Forgery::OtherAgency.into()));
        }
        let name = self.home.trust()?.roster().hub(&word.hub).map(|hub| hub.name.clone());
        let name = name.ok_or_else(|| fault::keys(doing, &Forgery::NoAuthority.into()))?;
        let status = self.home.journal.status(&word.hub).map_err(|error| fault::sync(doing, &error))?;
        if word.new <= status.vouched {
            return Err(Failure::refused(
                format!(
                    "{doing} — epoch {} of this hub is believed here already, and the proposal asks for {}",
                    status.vouched, word.new
                ),
                format!(
                    "Ask the hub's keeper for a later one: amanat-hub restore-epoch --reason TEXT --epoch {}",
                    status.epoch.saturating_add(1)
                ),
            ));
        }
        let seen =
            status.checkpoint.map(|(seen, ..)| seen).filter(|seen| seen.epoch == word.old).map(|seen| seen.number);
        self.root().sign_order(statement, &agency).map_err(|error| fault::keys(doing, &error))?;
        Ok(SignedEpoch { word, name, seen })
    }
}
