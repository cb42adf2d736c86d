//! What bundles for this hub are sealed to: the identity that it was made with and, where the agency moves to the other kind of recipient,
//! one of that kind beside it. Both open sticks: one that was sealed before the move may still be on its way.

use amanat_keys::recipient::{ReadIdentity, RecipientKind};
use secrecy::ExposeSecret as _;
use zeroize::Zeroizing;

use crate::home::{HomeFault, HubHome, read};

/// The identity of the other kind; owner only.
pub(crate) const OTHER: &str = "transport.key";

impl HubHome {
    /// Every identity that may open a stick.
    ///
    /// # Errors
    /// [`HomeFault`], in words for a person.
    pub(crate) fn transports(&self) -> Result<Vec<ReadIdentity>, HomeFault> {
        let first = self.keys()?.transport;
        Ok(self.other_transport()?.into_iter().chain([first]).collect())
    }

    /// The one of a kind: of the one that the roster has, where none is asked for. Made once, and on the disk before anybody hears of it.
    ///
    /// # Errors
    /// [`HomeFault`], in words for a person.
    pub(crate) fn transport_of(&self, asked: Option<RecipientKind>) -> Result<ReadIdentity, HomeFault> {
        let first = self.keys()?.transport;
        let roster = self.trust()?.map(|trust| trust.roster().kind);
        let kind = asked.or(roster).unwrap_or_else(|| first.kind());
        if first.kind() == kind {
            return Ok(first);
        }
        if let Some(held) = self.other_transport()?.filter(|held| held.kind() == kind) {
            return Ok(held);
        }
        let made = ReadIdentity::of_kind(kind)?;
        let text = Zeroizing::new(format!("{}\n", made.to_text().expose_secret()));
        self.write(OTHER, text.as_bytes())?;
        self.other_transport()?.filter(|held| held.recipient() == made.recipient()).ok_or_else(|| self.damaged())
    }

    fn other_transport(&self) -> Result<Option<ReadIdentity>, HomeFault> {
        let path = self.path(OTHER);
        if !path.exists() {
            return Ok(None);
        }
        let bytes = Zeroizing::new(read(&path)?);
        let text = std::str::from_utf8(&bytes).map_err(|_source| self.damaged())?;
        ReadIdentity::from_text(text.trim_end()).map(Some).map_err(|_source| self.damaged())
    }

    fn damaged(&self) -> HomeFault {
        HomeFault::Keys(self.path(OTHER))
    }
}
