//! A door for the keeper alone: a socket in the hub's folder, by which a stick is handed to a hub that runs, and by which it is told
//! to go on in another store. The hub holds the head of every journal in memory, so nobody else may keep entries beside it.

use std::fs::Permissions;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;

use amanat_keys::recipient::ReadIdentity;
use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;
use tokio::net::UnixListener;
use tokio::runtime::Handle;

use crate::Hub;
use crate::bundle;
use crate::going_over;
use crate::home::HubHome;
use crate::limits::{CONTROL_ANSWER, CONTROL_PAUSE};

/// Listens until the program ends. One stick at a time: what comes meanwhile waits. What opens them is read for each: a hub may have been
/// given another key since it started.
///
/// # Errors
/// When the socket cannot be made.
pub(crate) fn listen(hub: Arc<Hub>, home: HubHome, path: &Path) -> std::io::Result<()> {
    // What is left of a hub that was killed; the home's lock says that it does not run.
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let (listener, home) = (UnixListener::bind(path)?, Arc::new(home));
    std::fs::set_permissions(path, Permissions::from_mode(0o600))?;
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let Ok(Ok(first)) = tokio::time::timeout(CONTROL_PAUSE, first(&mut stream)).await else { continue };
            if first == going_over::WORD {
                match going_over::serve(&hub, &home, stream).await {
                    Ok(()) => {}
                    Err(fault) => tracing::warn!(%fault, "a move was given up: this hub goes on where it is"),
                }
                continue;
            }
            let (hub, home, on) = (Arc::clone(&hub), Arc::clone(&home), Handle::current());
            let served = tokio::task::spawn_blocking(move || {
                let opens = home.transports().map_err(std::io::Error::other)?;
                serve(&hub, &opens, &on, &first, stream.into_std()?)
            });
            match served.await {
                Ok(Ok(())) => {}
                Ok(Err(fault)) => tracing::warn!(%fault, "a stick was not handed over to its end"),
                Err(fault) => tracing::error!(%fault, "reading a stick ended"),
            }
        }
    });
    Ok(())
}

/// The first bytes that somebody says: a stick's, or the word of somebody who moves the store.
async fn first(stream: &mut tokio::net::UnixStream) -> std::io::Result<Vec<u8>> {
    let mut first = Vec::new();
    let most = u64::try_from(going_over::WORD.len()).unwrap_or(u64::MAX);
    stream.take(most).read_to_end(&mut first).await?;
    Ok(first)
}

fn serve(
    hub: &Arc<Hub>,
    identities: &[ReadIdentity],
    on: &Handle,
    first: &[u8],
    mut stream: UnixStream,
) -> std::io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(CONTROL_PAUSE))?;
    let answer = match bundle::read(hub, on, identities, Read::chain(first, &stream)) {
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
