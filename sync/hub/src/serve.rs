//! Binding, serving, and leaving in order: on SIGTERM or SIGINT no new request begins, those in flight end, then the store
//! closes.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Semaphore, watch};

use crate::limits::{ACCEPT_PAUSE, CONNECTION_BUFFER, CONNECTIONS, DRAIN, HEADER_TIME};
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
    let (stop, stopped) = watch::channel(false);
    let task = tokio::spawn(accept(listener, router(hub), stopped));
    Ok(Serving { address, stop, task })
}

/// Takes connections, no more than [`CONNECTIONS`] at once, until told to stop; then waits for those that are open. Headers that
/// do not come in [`HEADER_TIME`] end their connection.
async fn accept(listener: TcpListener, service: Router, mut stopped: watch::Receiver<bool>) -> std::io::Result<()> {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEADER_TIME).max_buf_size(CONNECTION_BUFFER);
    let (places, open) = (Arc::new(Semaphore::new(CONNECTIONS)), GracefulShutdown::new());
    loop {
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await.map_err(std::io::Error::other)?;
            Ok::<_, std::io::Error>((listener.accept().await?.0, place))
        };
        let (stream, place) = tokio::select! {
            // An error means that the sender is gone, which is as good as being told.
            _told = async { stopped.wait_for(|stop| *stop).await.is_ok() } => break,
            taken = next => match taken {
                Ok(taken) => taken,
                Err(fault) => {
                    // Somebody left before we came, or too many files are open: both pass.
                    tracing::warn!(%fault, "a connection could not be taken");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            },
        };
        let connection = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service.clone()));
        let connection = open.watch(connection);
        tokio::spawn(async move {
            // How a client leaves is its own affair.
            let _left = connection.await;
            drop(place);
        });
    }
    drop(listener);
    open.shutdown().await;
    Ok(())
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

/// From now on SIGTERM and SIGINT do not kill the process; what is given ends when one of them comes.
///
/// # Errors
/// When the system refuses the handlers.
pub fn told_to_stop() -> std::io::Result<impl Future<Output = ()>> {
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = term.recv() => {}
            _ = int.recv() => {}
        }
    })
}
