//! What a keeper is told about the hub: ids, versions and counts.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use amanat_keys::fingerprint::{DeviceId, Digest, JournalId, KeyId};
use amanat_keys::roster::DeviceState;
use amanat_keys::trust::Trust;
use amanat_keys::words::Words;

use crate::blobs;
use crate::clock;
use crate::contacts::{self, Contact};
use crate::home::{HomeFault, HubHome, replace};
use crate::hub::Hub;
use crate::limits::{CONTACTS_NOTED, DISK_NEARLY_FULL, DISK_RESERVE};
use crate::secrets::Secrets;
use crate::signing;
use crate::store::{Depth, Ledger};

/// The answer of `amanat-hub status`.
#[derive(Debug, Clone)]
pub struct HubStatus {
    /// The hub.
    pub id: DeviceId,
    /// How it calls itself.
    pub name: String,
    /// Where it listens.
    pub listen: String,
    /// Where devices call it: what the roster says, and before it lists this hub what the settings ask for.
    pub url: String,
    /// What the settings ask for, where the roster says another address.
    pub asked_url: Option<String>,
    /// Id of the key that it signs with.
    pub key: KeyId,
    /// Whether the roster names that key: until then devices believe nothing that it signs.
    pub key_listed: bool,
    /// Id of the next one, while it waits for a roster.
    pub next_key: Option<KeyId>,
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
    /// Bytes that are free on the disk of its home, where the system says so.
    pub free: Option<u64>,
    /// Counts.
    pub depth: Depth,
    /// Number of the newest checkpoint; 0 for none.
    pub checkpoint: u64,
    /// The devices of the roster, and those that left it and are held of.
    pub devices: Vec<DeviceLine>,
    /// When this was looked at, in milliseconds since 1970 by the hub's clock.
    pub now: u64,
}

/// What is held of a device, and when it was last heard.
#[derive(Debug, Clone)]
pub struct DeviceLine {
    /// The device.
    pub id: DeviceId,
    /// `active`, `left` or `lost`; `unknown` for one that the roster does not name.
    pub state: &'static str,
    /// The head of each of its journals.
    pub heads: BTreeMap<JournalId, u64>,
    /// The last contact, if there was one.
    pub contact: Option<Contact>,
}

impl DeviceLine {
    fn entries(&self) -> u64 {
        self.heads.values().fold(0, |sum, seq| sum.saturating_add(*seq))
    }
}

fn devices(trust: Option<&Trust>, ledger: &Ledger, contacts: &BTreeMap<DeviceId, Contact>) -> Vec<DeviceLine> {
    let listed = trust.map(|trust| trust.roster().devices.as_slice()).unwrap_or_default();
    let state = |state| match state {
        DeviceState::Active => "active",
        DeviceState::Left => "left",
        DeviceState::Lost => "lost",
    };
    let mut all: BTreeMap<DeviceId, &'static str> = ledger.heads.keys().map(|place| (place.0, "unknown")).collect();
    all.extend(listed.iter().map(|device| (device.id, state(device.state))));
    let line = |(id, state): (DeviceId, &'static str)| DeviceLine {
        id,
        state,
        heads: ledger
            .heads
            .iter()
            .filter(|(place, _)| place.0 == id)
            .map(|(place, head)| (place.1, head.seq))
            .collect(),
        contact: contacts.get(&id).copied(),
    };
    all.into_iter().map(line).collect()
}

impl HubHome {
    /// What the hub holds, read beside a running hub if there is one.
    ///
    /// # Errors
    /// [`HomeFault`].
    pub async fn status(&self) -> Result<HubStatus, HomeFault> {
        let settings = self.settings()?;
        let Secrets { id, signer, .. } = self.keys()?;
        let trust = self.trust()?;
        let tls_key = self.tls(&settings)?.key();
        let listed = trust.as_ref().and_then(|trust| trust.roster().hub(&id));
        let asked = settings.url()?;
        let url = listed.map_or_else(|| asked.clone(), |hub| hub.url.clone());
        let never_used = settings.store.is_none() && !self.path("hub.sqlite").exists();
        let (depth, ledger) = if never_used {
            (Depth::default(), Ledger::default())
        } else {
            let store = self.store(&settings).await?;
            (store.depth().await?, store.ledger().await?)
        };
        let running = matches!(self.lock(), Err(HomeFault::Held(_)));
        Ok(HubStatus {
            id,
            asked_url: Some(asked).filter(|asked| *asked != url),
            url,
            name: settings.name,
            listen: settings.listen,
            epoch: settings.epoch,
            roster: trust.as_ref().map(Trust::roster_version),
            rivals: trust.as_ref().map_or(0, |trust| trust.forks().len()),
            listed: listed.is_some(),
            key: signer.key_id(),
            key_listed: trust.as_ref().is_some_and(|trust| signing::names(trust, &id, &signer)),
            next_key: self.next_key()?.map(|waiting| waiting.signer.key_id()),
            tls_key_listed: listed.is_some_and(|hub| hub.tls_keys.contains(&tls_key)),
            tls_key: Digest::of(&tls_key),
            running,
            request_words: self.request_words()?,
            free: blobs::free(&self.path("")).ok(),
            depth,
            checkpoint: ledger.newest.as_ref().filter(|it| it.epoch == settings.epoch).map_or(0, |it| it.number),
            devices: devices(trust.as_ref(), &ledger, &self.contacts()),
            now: clock::now_ms(),
        })
    }

    /// What was last written down of contacts; nothing where that cannot be read.
    pub(crate) fn contacts(&self) -> BTreeMap<DeviceId, Contact> {
        std::fs::read_to_string(self.path("contacts")).map(|text| contacts::from_text(&text)).unwrap_or_default()
    }

    /// Writes contacts down now and then; never ends.
    pub(crate) async fn note_contacts(&self, hub: &Hub) {
        loop {
            tokio::time::sleep(CONTACTS_NOTED).await;
            self.write_contacts(hub);
        }
    }

    /// Writes contacts down. A full disk loses nothing that counts.
    pub(crate) fn write_contacts(&self, hub: &Hub) {
        let text = contacts::to_text(&hub.contacts.all());
        if let Err(fault) = replace(&self.path("contacts"), text.as_bytes()) {
            tracing::debug!(%fault, "contacts were not written down");
        }
    }
}

impl HubStatus {
    /// The same with whoever was heard last before the others, for a screen on which not all of them fit.
    #[must_use]
    pub fn newest_first(mut self) -> Self {
        self.devices.sort_by_key(|device| Reverse(device.contact.map_or(0, |contact| contact.last)));
        self
    }

    /// One JSON document.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::json!({
            "id": self.id.to_string(),
            "name": self.name,
            "listen": self.listen,
            "url": self.url,
            "asked_url": self.asked_url,
            "key": self.key.to_string(),
            "key_listed": self.key_listed,
            "next_key": self.next_key.map(|key| key.to_string()),
            "tls_key": self.tls_key.to_string(),
            "tls_key_listed": self.tls_key_listed,
            "epoch": self.epoch,
            "roster": self.roster,
            "rival_rosters": self.rivals,
            "listed": self.listed,
            "running": self.running,
            "request_words": self.request_words.to_string(),
            "disk_free": self.free,
            "journals": self.depth.journals,
            "entries": self.depth.entries,
            "missing": self.depth.missing,
            "evidence": self.depth.evidence,
            "erased": self.depth.erased,
            "checkpoint": self.checkpoint,
            "devices": self.devices.iter().map(|device| serde_json::json!({
                "id": device.id.to_string(),
                "state": device.state,
                "entries": device.entries(),
                "last_contact_ms": device.contact.map(|contact| contact.last),
                "backlog": device.contact.map_or(0, |contact| contact.backlog),
                "heads": device.heads.iter().map(|(journal, seq)| serde_json::json!({"journal": journal.to_string(), "seq": seq}))
                    .collect::<Vec<_>>(),
            })).collect::<Vec<_>>(),
        })
    }
}

impl fmt::Display for HubStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, name, listen, url, tls_key, epoch, request_words, depth, .. } = self;
        writeln!(f, "hub        {name} ({id})")?;
        writeln!(f, "listens    {listen}{}", if self.running { "" } else { " (not running)" })?;
        match &self.asked_url {
            None => writeln!(f, "called     {url}")?,
            Some(asked) => writeln!(
                f,
                "called     {url}, as the roster says; the settings say {asked} (an admin: amanat roster approve … --url {asked})"
            )?,
        }
        let on_it = |listed| if listed { "on the roster" } else { "not on the roster" };
        writeln!(f, "signs      {} ({})", self.key, on_it(self.key_listed))?;
        if let Some(next) = &self.next_key {
            writeln!(f, "next key   {next} (waits for an admin: amanat keys rotate hub; until then both sign)")?;
        }
        let listed = on_it(self.tls_key_listed);
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
        if let Some(free) = self.free {
            let means = match free {
                0..DISK_NEARLY_FULL => ": nearly or wholly full, what is new may be refused; make room",
                DISK_NEARLY_FULL..DISK_RESERVE => ": too little for attachments, entries are taken",
                _ => "",
            };
            writeln!(f, "disk       {} MiB free{means}", free / (1024 * 1024))?;
        }
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
        if !self.devices.is_empty() {
            writeln!(f, "\ndevice            state    journals  entries  last heard     backlog")?;
        }
        for device in &self.devices {
            let id: String = device.id.to_string().chars().take(16).collect();
            let heard = device.contact.filter(|contact| contact.last > 0);
            let heard = heard.map_or("never".to_owned(), |contact| ago(self.now.saturating_sub(contact.last)));
            let backlog = device.contact.map_or(0, |contact| contact.backlog);
            let (state, journals, entries) = (device.state, device.heads.len(), device.entries());
            writeln!(f, "{id}  {state:<7}  {journals:>8}  {entries:>7}  {heard:<13}  {backlog:>7}")?;
            for (journal, seq) in &device.heads {
                writeln!(f, "  journal {journal}  up to {seq}")?;
            }
        }
        Ok(())
    }
}

/// What fits of a text on a screen of so many rows and columns, from the top, and how many lines do not.
pub(crate) fn fitting(text: &str, rows: usize, columns: usize) -> String {
    let rows_of = |line: &str| line.chars().count().div_ceil(columns.max(1)).max(1);
    let lines: Vec<&str> = text.lines().collect();
    if lines.iter().map(|line| rows_of(line)).sum::<usize>() < rows {
        return text.to_owned();
    }
    // One row says how many do not, and in one the cursor stands.
    let mut room = rows.saturating_sub(2);
    let fit = lines.iter().take_while(|line| room.checked_sub(rows_of(line)).inspect(|left| room = *left).is_some());
    let shown: Vec<&str> = fit.copied().collect();
    let left = lines.len().saturating_sub(shown.len());
    format!("{}\n… {left} more lines: amanat-hub status\n", shown.join("\n"))
}

/// How long ago, in one unit.
fn ago(ms: u64) -> String {
    let seconds = Duration::from_millis(ms).as_secs();
    match seconds {
        0..60 => format!("{seconds} s ago"),
        60..3_600 => format!("{} min ago", seconds / 60),
        3_600..86_400 => format!("{} h ago", seconds / 3_600),
        _ => format!("{} days ago", seconds / 86_400),
    }
}
