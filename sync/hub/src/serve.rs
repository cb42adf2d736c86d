//! Binding, serving, and leaving in order: on SIGTERM or SIGINT no new request begins, those in flight end, then the store
//! closes.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::limits::DRAIN;
use crate::{Hub, router};

/// A hub that listens.
#[derive(Debug)]
pub struct Serving {
    /// Where: with the port that the system gave, if port 0 was asked for.
    pub address: SocketAddr,
    stop: watch::Sender<bool>,
    task: tokio::task::JoinHandle<std::io::Result<()>>,
}

/// Begins to listen and to serve.
///
/// # Errors
/// When the address cannot be bound.
pub async fn start(hub: Arc<Hub>, address: SocketAddr) -> std::io::Result<Serving> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    let (stop, mut stopped) = watch::channel(false);
    let service = router(hub);
    let task = tokio::spawn(async move {
        let told = async move {
            // An error means that the sender is gone, which is as good as being told.
            let _told = stopped.wait_for(|stop| *stop).await;
        };
        axum::serve(listener, service).with_graceful_shutdown(told).await
    });
    Ok(Serving { address, stop, task })
}

impl Serving {
    /// Lets requests in flight end, for at most [`DRAIN`], and stops.
    ///
    /// # Errors
    /// What the server ended with.
    pub async fn drain(self) -> std::io::Result<()> {
        let Self { stop, mut task, .. } = self;
        // Idle connections are closed at once, so this is short unless a request runs.
        let _no_listener = stop.send(true);
        match tokio::time::timeout(DRAIN, &mut task).await {
            Ok(ended) => ended.unwrap_or_else(|died| Err(std::io::Error::other(died))),
            Err(_elapsed) => {
                task.abort();
                Ok(())
            }
        }
    }
}

/// Returns when the process is told to stop: SIGTERM or SIGINT.
///
/// # Errors
/// When the system refuses the handlers.
pub async fn told_to_stop() -> std::io::Result<()> {
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
    Ok(())
}
