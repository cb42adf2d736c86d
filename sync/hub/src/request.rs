//! The hub's join request: who it is, where it is called, and which TLS keys it shows or will show.

use std::path::PathBuf;

use amanat_keys::fingerprint::AgencyId;
use amanat_keys::join::JoinRequest;
use amanat_keys::recipient::{Recipient, RecipientKind};
use amanat_keys::tls_key::TlsKeys;
use amanat_keys::trust::Trust;
use amanat_keys::{device::Signer, error::KeysError, words::Words};

use crate::config::Settings;
use crate::home::{HomeFault, HubHome};
use crate::secrets::Secrets;
use crate::tls;

/// What was made for an admin to approve.
#[derive(Debug)]
pub struct Made {
    /// The join request.
    pub request: PathBuf,
    /// Its words, to be read aloud to the admin.
    pub words: Words,
}

/// The TLS key that the hub will show after the one in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NextKey {
    /// A certificate that the hub makes for itself, once, and keeps in `tls-next.pem`.
    OwnMaking,
    /// The key of the certificate in this file.
    Of(PathBuf),
}

impl HubHome {
    /// Writes the join request anew, with the TLS key in use and the next one, if there is to be one. It counts when an admin has
    /// approved it. Names the recipient of this kind, or of the roster's.
    ///
    /// # Errors
    /// [`HomeFault`], in words for a person.
    pub fn request(&self, next: Option<&NextKey>, recipients: Option<RecipientKind>) -> Result<Made, HomeFault> {
        let settings = self.settings()?;
        let mut keys = vec![self.tls(&settings)?.key()];
        if let Some(next) = next {
            let path = match next {
                NextKey::Of(path) => path.clone(),
                NextKey::OwnMaking => self.next_certificate()?,
            };
            keys.extend(Some(tls::key_of(&path)?).filter(|key| !keys.contains(key)));
        }
        let (Secrets { signer, .. }, transport) = (self.keys()?, self.transport_of(recipients)?);
        let agency = self.trust()?.as_ref().map_or(AgencyId::ZERO, Trust::agency);
        self.write_request(&settings, agency, keys, &signer, transport.recipient())
    }

    pub(crate) fn write_request(
        &self,
        settings: &Settings,
        agency: AgencyId,
        keys: Vec<Vec<u8>>,
        signer: &Signer,
        transport: &Recipient,
    ) -> Result<Made, HomeFault> {
        let (key, url) = (signer.verifying_key(), settings.url()?);
        let mut request = JoinRequest::for_hub(agency, &settings.name, key, transport.clone(), &url);
        request.tls_keys = TlsKeys::new(keys).map_err(KeysError::from)?;
        self.write("join-request", &request.sign(signer)?.to_bytes())?;
        Ok(Made { request: self.path("join-request"), words: request.words() })
    }

    /// Made once: a request that is written again names the same key.
    fn next_certificate(&self) -> Result<PathBuf, HomeFault> {
        let path = self.path("tls-next.pem");
        if !path.exists() {
            self.write("tls-next.pem", tls::made()?.as_bytes())?;
        }
        Ok(path)
    }
}
