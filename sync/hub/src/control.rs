//! A door for the keeper alone: a socket in the hub's folder, by which a stick is handed to a hub that runs. The hub holds the head of
//! every journal in memory, so nobody else may keep entries beside it.

use std::fs::Permissions;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;

use amanat_keys::recipient::ReadIdentity;
use serde_json::{Value, json};
use tokio::net::UnixListener;
use tokio::runtime::Handle;

use crate::Hub;
use crate::bundle;
use crate::limits::{CONTROL_ANSWER, CONTROL_PAUSE};

/// What opens sticks, asked for each: a hub may have been given another key since it started.
pub(crate) type Opens = Arc<dyn Fn() -> std::io::Result<Vec<ReadIdentity>> + Send + Sync>;

/// Listens until the program ends. One stick at a time: what comes meanwhile waits.
///
/// # Errors
/// When the socket cannot be made.
pub(crate) fn listen(hub: Arc<Hub>, opens: Opens, path: &Path) -> std::io::Result<()> {
    // What is left of a hub that was killed; the home's lock says that it does not run.
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, Permissions::from_mode(0o600))?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (hub, opens, on) = (Arc::clone(&hub), Arc::clone(&opens), Handle::current());
            let served = tokio::task::spawn_blocking(move || serve(&hub, &opens()?, &on, stream.into_std()?));
            match served.await {
                Ok(Ok(())) => {}
                Ok(Err(fault)) => tracing::warn!(%fault, "a stick was not handed over to its end"),
                Err(fault) => tracing::error!(%fault, "reading a stick ended"),
            }
        }
    });
    Ok(())
}

fn serve(hub: &Arc<Hub>, identities: &[ReadIdentity], on: &Handle, mut stream: UnixStream) -> std::io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(CONTROL_PAUSE))?;
    let answer = match bundle::read(hub, on, identities, &stream) {
        Ok(taken) => taken.json(),
        Err(fault) => json!({"error": crate::home_bundle::told(&fault), "ends": crate::home_bundle::ends(&fault)}),
    };
    stream.write_all(answer.to_string().as_bytes())?;
    stream.shutdown(std::net::Shutdown::Write)?;
    // Whoever is still sending would hear nothing of an answer if the socket closed before them.
    std::io::copy(&mut stream, &mut std::io::sink()).map(drop)
}

/// Hands a stick to the hub that runs, and hears what came of it.
///
/// # Errors
/// When no hub listens, or it ends in between.
pub(crate) fn hand_over(socket: &Path, mut stick: impl Read) -> std::io::Result<Value> {
    let mut stream = UnixStream::connect(socket)?;
    // A hub that has heard enough stops listening and answers.
    drop(std::io::copy(&mut stick, &mut stream));
    drop(stream.shutdown(std::net::Shutdown::Write));
    let mut answer = Vec::new();
    stream.take(CONTROL_ANSWER).read_to_end(&mut answer)?;
    serde_json::from_slice(&answer).map_err(std::io::Error::other)
}
