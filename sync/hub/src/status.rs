//! What a keeper is told about the hub: ids, versions and counts.

use std::fmt;

use amanat_keys::fingerprint::{DeviceId, Digest};
use amanat_keys::words::Words;

use crate::store::Depth;

/// The answer of `amanat-hub status`.
#[derive(Debug, Clone)]
pub struct HubStatus {
    /// The hub.
    pub id: DeviceId,
    /// How it calls itself.
    pub name: String,
    /// Where it listens.
    pub listen: String,
    /// Where devices call it, unless the admin wrote another address into the roster.
    pub url: String,
    /// Hash of the TLS key (SubjectPublicKeyInfo) of its certificate.
    pub tls_key: Digest,
    /// Whether the roster lists that key: until then devices refuse to speak to this hub by TLS.
    pub tls_key_listed: bool,
    /// Its epoch.
    pub epoch: u64,
    /// The roster version held, if one was loaded.
    pub roster: Option<u64>,
    /// Rosters kept as proof that admins signed two of one version.
    pub rivals: usize,
    /// Whether that roster lists this hub: until then no device calls it.
    pub listed: bool,
    /// Whether a process serves it now.
    pub running: bool,
    /// The words of its join request.
    pub request_words: Words,
    /// Counts.
    pub depth: Depth,
}

impl HubStatus {
    /// One JSON document.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::json!({
            "id": self.id.to_string(),
            "name": self.name,
            "listen": self.listen,
            "url": self.url,
            "tls_key": self.tls_key.to_string(),
            "tls_key_listed": self.tls_key_listed,
            "epoch": self.epoch,
            "roster": self.roster,
            "rival_rosters": self.rivals,
            "listed": self.listed,
            "running": self.running,
            "request_words": self.request_words.to_string(),
            "journals": self.depth.journals,
            "entries": self.depth.entries,
            "missing": self.depth.missing,
            "evidence": self.depth.evidence,
            "erased": self.depth.erased,
        })
    }
}

impl fmt::Display for HubStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, name, listen, url, tls_key, epoch, request_words, depth, .. } = self;
        writeln!(f, "hub        {name} ({id})")?;
        writeln!(f, "listens    {listen}{}", if self.running { "" } else { " (not running)" })?;
        writeln!(f, "called     {url}")?;
        let listed = if self.tls_key_listed { "on the roster" } else { "not on the roster" };
        writeln!(f, "TLS key    {tls_key} ({listed})")?;
        match self.roster {
            Some(version) if self.listed => writeln!(f, "roster     version {version}")?,
            Some(version) => writeln!(f, "roster     version {version}, which does not list this hub")?,
            None => writeln!(f, "roster     none yet; the words of its join request: {request_words}")?,
        }
        if self.rivals > 0 {
            writeln!(f, "DISPUTE    {} rival rosters kept as proof: admins signed two of one version", self.rivals)?;
        }
        writeln!(f, "epoch      {epoch}")?;
        writeln!(f, "holds      {} entries in {} journals", depth.entries, depth.journals)?;
        if depth.missing > 0 {
            writeln!(f, "missing    {} envelopes arrived damaged", depth.missing)?;
        }
        if depth.evidence > 0 {
            writeln!(f, "forks      {} entries kept as evidence", depth.evidence)?;
        }
        if depth.erased > 0 {
            writeln!(f, "erased     {} entries by order: header and signature stay", depth.erased)?;
        }
        Ok(())
    }
}
