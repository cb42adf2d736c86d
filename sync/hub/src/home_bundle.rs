//! A keeper's sticks: read into this hub, running or not, and written from what it holds.

use std::error::Error;
use std::fs::File;
use std::path::{Path, PathBuf};

use amanat_keys::tenure::Tenure;
use amanat_sync::bundle::BundleFault;
use amanat_sync::stick_file::{self, FileFault};
use serde_json::{Value, json};
use tokio::runtime::Handle;

use crate::bundle::{self, Wish};
use crate::control;
use crate::home::{HomeFault, HubHome};
use crate::hub::Hub;
use crate::secrets::Secrets;
use crate::signing::Keys;
use crate::standing::Standing;
use crate::store::HubStore;

/// What came of a stick, for whoever asked.
#[derive(Debug)]
pub(crate) struct Told {
    /// One JSON document.
    pub(crate) json: Value,
    /// A few lines.
    pub(crate) text: String,
    /// The exit code: 0 done, 1 not to its end, 5 a person must look into it (two stories, a stick that nobody here signed).
    pub(crate) ends: u8,
}

/// An error with the sources behind it.
pub(crate) fn told(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text = format!("{text}: {source}");
        next = source.source();
    }
    text
}

/// The exit code that a fault ends with: 5 where trust or the bytes themselves say no, 1 where the file or the disk does.
pub(crate) fn ends(fault: &BundleFault) -> u8 {
    let again = matches!(fault, BundleFault::Cut | BundleFault::Storage(_) | BundleFault::Io(_) | BundleFault::Stopped);
    if again { 1 } else { 5 }
}

impl HubHome {
    /// Reads a stick into this hub: by way of the one that runs, else by itself.
    ///
    /// # Errors
    /// [`HomeFault`], in words for a person.
    pub(crate) async fn read_bundle(&self, file: &Path) -> Result<Told, HomeFault> {
        let settings = self.settings()?;
        let stick = File::open(file).map_err(|source| HomeFault::Disk(file.to_owned(), source))?;
        let answer = match self.open(&settings).await {
            Ok((hub, lock)) => {
                let identities = self.transports()?;
                let (on, path) = (Handle::current(), file.to_owned());
                let read = tokio::task::spawn_blocking(move || {
                    let _lock = lock;
                    bundle::read(&hub, &on, &identities, stick)
                });
                let read = read.await.map_err(|died| HomeFault::Disk(path.clone(), std::io::Error::other(died)))?;
                match read {
                    Ok(taken) => taken.json(),
                    Err(fault) => json!({"error": told(&fault), "ends": ends(&fault)}),
                }
            }
            Err(HomeFault::Held(_)) => {
                let socket = self.path("control");
                let handed = tokio::task::spawn_blocking(move || control::hand_over(&socket, stick)).await;
                let handed = handed.map_err(std::io::Error::other).and_then(|handed| handed);
                handed.map_err(|source| HomeFault::Disk(self.path("control"), source))?
            }
            Err(other) => return Err(other),
        };
        Ok(say_read(file, answer))
    }

    /// From now on the keeper's commands find this hub while it runs.
    ///
    /// # Errors
    /// [`HomeFault::Disk`] when the socket cannot be made.
    pub(crate) fn listen_to_keeper(&self, hub: &std::sync::Arc<Hub>) -> Result<(), HomeFault> {
        let (socket, home) = (self.path("control"), Self::at(&self.path(".")));
        control::listen(std::sync::Arc::clone(hub), home, &socket).map_err(|source| HomeFault::Disk(socket, source))
    }

    /// Writes a stick for a unit or a device, beside a hub that may be running.
    ///
    /// # Errors
    /// [`HomeFault`], in words for a person.
    pub(crate) async fn write_bundle(
        &self,
        file: &Path,
        to: Option<String>,
        attachments: bool,
    ) -> Result<Told, HomeFault> {
        let settings = self.settings()?;
        let trust = self.trust()?.ok_or_else(|| HomeFault::NoRoster(self.path("join-request")))?;
        let Secrets { id: hub, signer, .. } = self.keys()?;
        let keys = Keys::new(signer, self.next_key()?.map(|waiting| waiting.signer), &hub, &trust);
        let store: std::sync::Arc<dyn HubStore> = self.store(&settings).await?;
        let blobs = attachments.then(|| self.blobs(&settings)).transpose()?;
        let (on, path) = (Handle::current(), file.to_owned());
        let written = tokio::task::spawn_blocking(move || {
            let standing = Standing::new(std::sync::Arc::new(trust), Tenure::default());
            let now = crate::clock::now_ms();
            let attached = blobs.as_ref().map(|blobs| (blobs, stick_file::room(&path).unwrap_or(u64::MAX)));
            let wish = Wish { store: &store, standing: &standing, hub, keys: &keys, to: to.as_deref(), now, attached };
            let mut ready = bundle::ready(wish, &on).map_err(|fault| StickFault::Ready(Box::new(fault)))?;
            let most = ready.most();
            let (sealed, bytes) = stick_file::write_whole(&path, most, |out| ready.write(out))
                .map_err(|fault| StickFault::File(path.clone(), fault))?;
            Ok::<Value, StickFault>(json!({
                "file": path.display().to_string(), "bytes": bytes, "entries": sealed.items, "receipts": ready.receipts,
                "documents": ready.documents, "devices": ready.devices, "parts": ready.parts(), "parts_left": ready.parts_left,
            }))
        });
        let json: Value =
            written.await.map_err(|died| HomeFault::Disk(file.to_owned(), std::io::Error::other(died)))??;
        let mut text = format!(
            "{}: {} entries, {} attachments, {} receipts, {} documents for {} devices; written, on the medium, and read back",
            file.display(),
            part(&json, "entries"),
            part(&json, "parts"),
            part(&json, "receipts"),
            part(&json, "documents"),
            part(&json, "devices")
        );
        if part(&json, "parts_left").as_u64().is_some_and(|left| left > 0) {
            text.push_str(&format!(
                "\n  - {} attachments had no room: take a larger medium, or name fewer readers with --to",
                part(&json, "parts_left")
            ));
        }
        Ok(Told { json, text, ends: 0 })
    }
}

/// Why a stick was not written.
#[derive(Debug, thiserror::Error)]
pub enum StickFault {
    /// What goes on it.
    #[error("nothing was written")]
    Ready(#[source] Box<dyn Error + Send + Sync>),
    /// The file.
    #[error("{0} was not written; nothing is left of it")]
    File(PathBuf, #[source] FileFault),
}

fn say_read(file: &Path, answer: Value) -> Told {
    if let Some(error) = part(&answer, "error").as_str() {
        let text = format!("reading {} — {error}. Nothing more was taken from it", file.display());
        return Told { ends: exit_code(&answer), text, json: answer };
    }
    let mut text = format!(
        "{}: {} of {} entries read, {} of them new; {} documents were newer, {} attachments came whole",
        file.display(),
        part(&answer, "read"),
        part(&answer, "announced"),
        part(&answer, "new"),
        part(&answer, "documents"),
        part(&answer, "parts")
    );
    if part(&answer, "roster_new").as_bool() == Some(true) {
        text.push_str(&format!("\n  + roster {} came with it, and is in force from here on", part(&answer, "roster")));
    }
    if part(&answer, "parts_missing").as_u64().is_some_and(|missing| missing > 0) {
        text.push_str(&format!(
            "\n  - {} attachments did not come whole; read it again, or another",
            part(&answer, "parts_missing")
        ));
    }
    if let Some(fault) = part(&answer, "fault").as_str() {
        text.push_str(&format!("\n  ! {fault}; what came before it is kept"));
    }
    for missing in part(&answer, "missing").as_array().into_iter().flatten() {
        let text_of = |name: &str| part(missing, name).as_str().unwrap_or_default().to_owned();
        let (device, journal) = (text_of("device"), text_of("journal"));
        text.push_str(&format!(
            "\n  - missing: device {device} journal {journal} numbers {} to {}",
            part(missing, "from"),
            part(missing, "upto")
        ));
    }
    for line in
        ["refused", "distrust"].into_iter().flat_map(|name| part(&answer, name).as_array().into_iter().flatten())
    {
        text.push_str(&format!("\n  ! {}", line.as_str().unwrap_or_default()));
    }
    Told { ends: exit_code(&answer), json: answer, text }
}

/// What stands under a name in a document; null where nothing does.
fn part<'a>(document: &'a Value, name: &str) -> &'a Value {
    document.get(name).unwrap_or(&Value::Null)
}

fn exit_code(answer: &Value) -> u8 {
    part(answer, "ends").as_u64().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}
