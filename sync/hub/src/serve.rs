//! Binding, serving, and leaving in order: on SIGTERM or SIGINT no new request begins, those in flight end, then the store
//! closes. With TLS or, on loopback, without; what holds for a connection holds for both.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::limits::{
    ACCEPT_PAUSE, BACKLOG, CONNECTION_BUFFER, DRAIN, FULL_HOUSE, HANDSHAKE_TIME, HEADER_TIME, SEND_BUFFER,
};
use crate::pace::Paced;
use crate::seats::{Origin, Seat};
use crate::tls::Tls;
use crate::{Hub, router, watch_router};

/// A hub that listens.
#[derive(Debug)]
pub struct Serving {
    /// Where: with the port that the system gave, if port 0 was asked for.
    pub address: SocketAddr,
    stop: watch::Sender<bool>,
    task: tokio::task::JoinHandle<std::io::Result<()>>,
}

/// Begins to listen and to serve, by TLS if there is any.
///
/// # Errors
/// When the address cannot be bound; when it is not loopback and there is no TLS.
pub async fn start(hub: Arc<Hub>, address: SocketAddr, tls: Option<Arc<Tls>>) -> std::io::Result<Serving> {
    if tls.is_none() && !address.ip().is_loopback() {
        return Err(std::io::Error::other("plain HTTP is served on loopback only"));
    }
    let listener = listen(address)?;
    let address = listener.local_addr()?;
    let (stop, stopped) = watch::channel(false);
    let way = Way::new(router(Arc::clone(&hub)), tls);
    let task = tokio::spawn(accept(hub, listener, way, stopped));
    Ok(Serving { address, stop, task })
}

/// Begins to answer whoever watches the hub, on this machine alone; where, with the port that the system gave. Ends with the process.
///
/// # Errors
/// When the address cannot be bound, or is not loopback.
pub async fn watched(hub: Arc<Hub>, address: SocketAddr) -> std::io::Result<SocketAddr> {
    if !address.ip().is_loopback() {
        return Err(std::io::Error::other("metrics are for this machine alone: give a loopback address"));
    }
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, watch_router(hub)).await });
    Ok(address)
}

/// The listening socket. What it is told of buffers holds for every connection that it takes.
fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// What every connection is served with. Headers that do not come in [`HEADER_TIME`] end their connection, and so does a
/// handshake that is not over in [`HANDSHAKE_TIME`].
#[derive(Clone)]
struct Way {
    http: http1::Builder,
    service: Router,
    tls: Option<Arc<Tls>>,
}

impl Way {
    fn new(service: Router, tls: Option<Arc<Tls>>) -> Self {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(HEADER_TIME).max_buf_size(CONNECTION_BUFFER);
        Self { http, service, tls }
    }

    /// One connection from its first byte to its last; a handshake that is under way when the hub is told to stop ends at once.
    async fn serve(self, stream: TcpStream, seat: Arc<Seat>, watched: Watcher, mut stopped: watch::Receiver<bool>) {
        let stream = Paced::new(stream);
        let Some(tls) = &self.tls else { return self.answer(TokioIo::new(stream), seat, watched).await };
        let shaken = tokio::select! {
            _told = async { stopped.wait_for(|stop| *stop).await.is_ok() } => return,
            shaken = tokio::time::timeout(HANDSHAKE_TIME, tls.acceptor().accept(stream)) => shaken,
        };
        match shaken {
            Ok(Ok(stream)) => self.answer(TokioIo::new(stream), seat, watched).await,
            Ok(Err(fault)) => tracing::debug!(%fault, "a handshake failed"),
            Err(_elapsed) => tracing::debug!("a handshake took too long"),
        }
    }

    async fn answer<S>(&self, stream: S, seat: Arc<Seat>, watched: Watcher)
    where
        S: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
    {
        let service = Seated { inner: TowerToHyperService::new(self.service.clone()), seat };
        let connection = self.http.serve_connection(stream, service);
        // How a client leaves is its own affair.
        let _left = watched.watch(connection).await;
    }
}

/// Tells each request on which connection it came.
struct Seated {
    inner: TowerToHyperService<Router>,
    seat: Arc<Seat>,
}

impl Service<Request<Incoming>> for Seated {
    type Response = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Response;
    type Error = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Error;
    type Future = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Future;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        request.extensions_mut().insert(Arc::clone(&self.seat));
        self.inner.call(request)
    }
}

/// Takes connections, as many as there are places for, until told to stop; then waits for those that are open.
async fn accept(
    hub: Arc<Hub>,
    listener: TcpListener,
    way: Way,
    mut stopped: watch::Receiver<bool>,
) -> std::io::Result<()> {
    let open = GracefulShutdown::new();
    loop {
        let (stream, address) = tokio::select! {
            // An error means that the sender is gone, which is as good as being told.
            _told = async { stopped.wait_for(|stop| *stop).await.is_ok() } => break,
            taken = listener.accept() => match taken {
                Ok(taken) => taken,
                Err(fault) => {
                    // Somebody left before we came, or too many files are open: both pass.
                    tracing::warn!(%fault, "a connection could not be taken");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            },
        };
        // Plain HTTP is spoken to this machine alone: whoever comes by it comes through one program, and its address says nothing.
        let origin = way.tls.is_some().then(|| Origin::of(address.ip()));
        let Some((seat, cut)) = hub.seats.take(origin) else {
            hub.counters.sent_away.add(1);
            tracing::warn!("every place is held by a device: somebody was sent away");
            tokio::spawn(send_away(stream, way.tls.is_some()));
            continue;
        };
        if cut > 0 {
            hub.counters.cut.add(cut);
            tracing::info!(cut, "strangers were cut off to make room");
        }
        // What is small goes at once: the ticket after a handshake would else hold back the answer until it is acknowledged.
        let _slower = stream.set_nodelay(true);
        let served = way.clone().serve(stream, Arc::clone(&seat), open.watcher(), stopped.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = served => {}
                () = seat.is_cut() => {}
            }
        });
    }
    drop(listener);
    open.shutdown().await;
    Ok(())
}

/// Says that all places are taken and when to come again. By TLS that would cost a handshake: there the closed door says it, and devices
/// come again by themselves.
async fn send_away(mut stream: TcpStream, secure: bool) {
    if !secure {
        let said = format!(
            "HTTP/1.1 503 Service Unavailable\r\nretry-after: {FULL_HOUSE}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        );
        let _left = tokio::time::timeout(ACCEPT_PAUSE, stream.write_all(said.as_bytes())).await;
    }
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

/// From now on SIGHUP does not kill the process: it has the certificate read again.
///
/// # Errors
/// When the system refuses the handler.
pub fn renew_when_told(hub: Arc<Hub>, tls: Arc<Tls>) -> std::io::Result<()> {
    let mut told = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        while told.recv().await.is_some() {
            match tls.renew(|key| hub.lists_tls_key(key)) {
                Ok(()) => tracing::info!("the certificate was read again"),
                Err(fault) => tracing::error!(%fault, "the certificate was not renewed"),
            }
        }
    });
    Ok(())
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
