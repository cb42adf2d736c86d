//! A keeper's sticks: read into this hub, running or not, and written from what it holds.

use std::error::Error;
use std::fs::File;
use std::path::{Path, PathBuf};

use amanat_sync::bundle::BundleFault;
use amanat_sync::stick_file::{self, FileFault};
use serde_json::{Value, json};
use tokio::runtime::Handle;

use crate::bundle::{self, Wish};
use crate::control;
use crate::home::{HomeFault, HubHome};
use crate::hub::Hub;
use crate::standing::Standing;
use crate::store::HubStore;

/// What came of a stick, for whoever asked.
#[derive(Debug)]
pub(crate) struct Told {
    /// One JSON document.
    pub(crate) json: Value,
    /// A few lines.
    pub(crate) text: String,
    /// Whether a person must look into it: two stories, a stick that nobody here signed.
    pub(crate) refused: bool,
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

/// Whether trying again changes nothing, because trust or the bytes themselves say no.
pub(crate) fn is_refusal(fault: &BundleFault) -> bool {
    !matches!(fault, BundleFault::Storage(_) | BundleFault::Io(_) | BundleFault::Stopped)
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
                let (_, identity) = self.keys()?;
                let (on, path) = (Handle::current(), file.to_owned());
                let read = tokio::task::spawn_blocking(move || {
                    let _lock = lock;
                    bundle::read(&hub, &on, &identity, stick)
                });
                let read = read.await.map_err(|died| HomeFault::Disk(path.clone(), std::io::Error::other(died)))?;
                match read {
                    Ok(taken) => taken.json(),
                    Err(fault) => json!({"error": told(&fault), "refused": is_refusal(&fault)}),
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
        let (socket, (_, identity)) = (self.path("control"), self.keys()?);
        control::listen(std::sync::Arc::clone(hub), identity, &socket)
            .map_err(|source| HomeFault::Disk(socket, source))
    }

    /// Writes a stick for a unit or a device, beside a hub that may be running.
    ///
    /// # Errors
    /// [`HomeFault`], in words for a person.
    pub(crate) async fn write_bundle(&self, file: &Path, to: Option<String>) -> Result<Told, HomeFault> {
        let settings = self.settings()?;
        let (signer, _) = self.keys()?;
        let trust = self.trust()?.ok_or_else(|| HomeFault::NoRoster(self.path("join-request")))?;
        let store: std::sync::Arc<dyn HubStore> = self.store(&settings).await?;
        let (on, path) = (Handle::current(), file.to_owned());
        let written = tokio::task::spawn_blocking(move || {
            let standing = Standing::new(std::sync::Arc::new(trust));
            let wish = Wish { store: &store, standing: &standing, signer: &signer, to: to.as_deref() };
            let mut ready = bundle::ready(wish, &on).map_err(|fault| StickFault::Ready(Box::new(fault)))?;
            let most = ready.most();
            let (sealed, bytes) = stick_file::write_whole(&path, most, |out| ready.write(out))
                .map_err(|fault| StickFault::File(path.clone(), fault))?;
            Ok::<Value, StickFault>(json!({
                "file": path.display().to_string(), "bytes": bytes, "entries": sealed.items, "receipts": ready.receipts,
                "documents": ready.documents, "devices": ready.devices,
            }))
        });
        let json: Value = written.await.map_err(|died| HomeFault::Disk(file.to_owned(), std::io::Error::other(died)))??;
        let text = format!(
            "{}: {} entries, {} receipts, {} documents for {} devices; written, on the medium, and read back",
            file.display(),
            json["entries"],
            json["receipts"],
            json["documents"],
            json["devices"]
        );
        Ok(Told { json, text, refused: false })
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
    if let Some(error) = answer["error"].as_str() {
        let text = format!("reading {} — {error}. Nothing more was taken from it", file.display());
        return Told { refused: answer["refused"] == true, text, json: answer };
    }
    let mut text = format!(
        "{}: {} of {} entries read, {} of them new; {} documents were newer",
        file.display(),
        answer["read"],
        answer["announced"],
        answer["new"],
        answer["documents"]
    );
    if let Some(fault) = answer["fault"].as_str() {
        text.push_str(&format!("\n  ! {fault}; what came before it is kept"));
    }
    for missing in answer["missing"].as_array().into_iter().flatten() {
        let text_of = |name: &str| missing[name].as_str().unwrap_or_default().to_owned();
        let (device, journal) = (text_of("device"), text_of("journal"));
        text.push_str(&format!("\n  - missing: device {device} journal {journal} numbers {} to {}", missing["from"], missing["upto"]));
    }
    for line in ["refused", "distrust"].into_iter().flat_map(|name| answer[name].as_array().into_iter().flatten()) {
        text.push_str(&format!("\n  ! {}", line.as_str().unwrap_or_default()));
    }
    let refused = answer["distrust"].as_array().is_some_and(|found| !found.is_empty());
    Told { json: answer, text, refused }
}
