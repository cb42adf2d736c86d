//! The next signing key of the hub, as the admin's device looks at it: listed in the next roster after a preflight, and how far it has
//! come, read from what the hub itself has signed.

use amanat_keys::{
    fingerprint::{DeviceId, KeyId},
    join::{HubSuccession, JoinRequest},
    roster::{Hub, RetiredKey, Roster},
    statement::Statement,
    verifying_key::VerifyingKey,
    words::Words,
};
use amanat_sync::{
    documents::DocumentKind,
    journal::{Journal as _, Status},
    proof,
};

use crate::{
    failure::Failure,
    runtime::{fault, homes::home::Home},
};

const DOING: &str = "giving the hub its next signing key";

/// How far a hub's next key has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The hub signs with it beside the one in use, and no roster names it.
    Offered,
    /// The roster names it, and nothing that came from the hub since is signed with it alone.
    Listed,
}

impl Stage {
    /// For `--json`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Offered => "offered",
            Self::Listed => "listed",
        }
    }
}

impl Home {
    /// How far a hub's next key has come, by what the hub has signed; none where no other is on its way.
    ///
    /// # Errors
    /// What the journal refuses.
    pub fn next_key_of(&self, hub: &Hub) -> Result<Option<Stage>, Failure> {
        Ok(self.heard_of(&hub.id)?.checkpoint.and_then(|(_, _, statement)| stage(hub, &statement)))
    }

    /// The request for a hub's next signing key that the hub itself handed out, if it is the one whose keeper has read out these words. None
    /// where no hub has handed out any.
    ///
    /// # Errors
    /// Refused for other words than those of what the hub handed out; what the journal refuses.
    pub fn asked_by_hub(&self, words: &Words) -> Result<Option<Vec<u8>>, Failure> {
        let trust = self.trust()?;
        let documents = self.journal().documents().map_err(|error| fault::sync(DOING, &error))?;
        let handed_out = documents.into_iter().map(|filed| filed.document);
        let requests: Vec<Vec<u8>> = handed_out
            .filter(|it| it.kind == DocumentKind::NextHubKey && proof::prove(&it.bytes, trust).is_ok())
            .map(|it| it.bytes)
            .collect();
        let says = |bytes: &Vec<u8>| JoinRequest::verify(bytes).is_ok_and(|request| request.value().words() == *words);
        match requests.iter().find(|bytes| says(bytes)) {
            None if requests.is_empty() => Ok(None),
            None => Err(Failure::refused(
                format!("{DOING} — what the hub handed out has other words than these"),
                "Nothing was listed. Have its keeper read them aloud once more: amanat-hub rotate-key shows them while the hub is stopped. If \
                 they differ still, somebody stands between you and the hub.",
            )),
            found => Ok(found.cloned()),
        }
    }

    fn heard_of(&self, hub: &DeviceId) -> Result<Status, Failure> {
        self.journal().status(hub).map_err(|error| fault::sync(DOING, &error))
    }

    /// Whether all that this device holds of a hub stands once its next key is listed: what came behind the end of the older key is
    /// signed by the next one too.
    ///
    /// # Errors
    /// Refused where something would not; what the journal refuses.
    pub(in crate::runtime) fn stands_under(&self, key: &VerifyingKey, end: &HubSuccession) -> Result<(), Failure> {
        let status = self.heard_of(&end.hub)?;
        let newest = status.checkpoint.iter().map(|(word, _, bytes)| ((word.epoch, word.number), bytes));
        let receipts = status.receipts.iter().chain(&status.passed);
        let receipts = receipts.map(|(word, bytes)| ((word.epoch, word.checkpoint), bytes));
        for (at, bytes) in newest.chain(receipts) {
            if at > (end.epoch, end.last) && !signed_by(bytes, &key.key_id()) {
                return Err(Failure::refused(
                    format!(
                        "{DOING} — this device holds checkpoint {} of it, and by its request the older key ended at {}",
                        at.1, end.last
                    ),
                    "The request is older than what the hub has signed since, or the hub was put back to before it. Let its keeper look: \
                     amanat-hub status; nothing was changed.",
                ));
            }
        }
        Ok(())
    }
}

/// Gives a hub the key that its request names, and notes where the older one ends. `bytes` are the request as it was signed: by the key in
/// it, and by the one that the roster lists.
///
/// # Errors
/// Usage for a hub that is not listed, whose key did not sign, that asks with another recipient, or that is listed just so.
pub(in crate::runtime) fn next_hub_key(
    roster: &mut Roster,
    request: &JoinRequest,
    bytes: &[u8],
) -> Result<HubSuccession, Failure> {
    let refused = |what: &str, hint: &str| Failure::usage(format!("{DOING} — {what}"), hint);
    let end = request.hub_succession.ok_or_else(|| refused("the request is about no hub", "Ask for another."))?;
    let agency = roster.agency_id();
    let hub = roster.hubs.iter_mut().find(|hub| hub.id == end.hub);
    let hub = hub.ok_or_else(|| {
        refused("the roster does not list the hub that it is about", "A new hub is enrolled: amanat roster approve.")
    })?;
    if hub.receipt_key == request.signing_key {
        return Err(refused("the roster lists this very key already", "Publish it: amanat roster publish"));
    }
    if !JoinRequest::is_signed_by(bytes, &agency, &hub.receipt_key) {
        return Err(refused(
            "the key that the roster lists for the hub has not signed the request",
            "Let it be made on that very hub: amanat-hub rotate-key.",
        ));
    }
    if hub.transport != request.recipient {
        return Err(refused("it names another recipient for sticks", "Only the signing key changes this way."));
    }
    let last = hub.retired.last();
    if last.is_some_and(|last| (end.epoch, end.last) < (last.epoch, last.last)) {
        return Err(refused(
            "by its request this key ended before the one that it followed",
            "The hub was put back to an older state: its keeper begins its next epoch first, amanat-hub restore-epoch.",
        ));
    }
    hub.retired.push(RetiredKey { key: hub.receipt_key, epoch: end.epoch, last: end.last });
    hub.receipt_key = request.signing_key;
    Ok(end)
}

fn stage(hub: &Hub, newest: &[u8]) -> Option<Stage> {
    let statement = Statement::from_bytes(newest).ok()?;
    let mut ids = statement.signatures().iter().map(|(id, _)| *id);
    let known = |id: &KeyId| hub.keys().any(|key| key.key_id() == *id);
    if !hub.retired.is_empty() && statement.signatures().iter().any(|(id, _)| *id != hub.receipt_key.key_id()) {
        return Some(Stage::Listed);
    }
    ids.any(|id| !known(&id)).then_some(Stage::Offered)
}

fn signed_by(statement: &[u8], key: &KeyId) -> bool {
    Statement::from_bytes(statement).is_ok_and(|it| it.signatures().iter().any(|(id, _)| id == key))
}
