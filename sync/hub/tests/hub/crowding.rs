//! Who holds places and room at the hub, and for how long: bodies that never come or only drip, one device that takes what it can, one
//! address that does.

use std::io::Read as _;
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use amanat_hub::limits;
use amanat_keys::roster::DeviceState;
use amanat_sync::courier::{Courier, End, pass};
use amanat_sync::journal::MemoryJournal;
use amanat_sync::wire::codec;
use axum::body::{Body, Bytes};
use axum::http::{Request, Response};
use tokio::task::JoinHandle;

use super::running::*;
use super::support::*;

/// A body that says how long it is, and of which a byte comes in each such time, or nothing ever.
struct Slow {
    size: u64,
    drip: Option<(tokio::time::Interval, std::vec::IntoIter<u8>)>,
}

impl Slow {
    fn silent(size: usize) -> Body {
        Body::new(Self { size: u64::try_from(size).unwrap(), drip: None })
    }

    fn dripping(bytes: Vec<u8>, every: Duration) -> Body {
        let size = u64::try_from(bytes.len()).unwrap();
        Body::new(Self { size, drip: Some((tokio::time::interval(every), bytes.into_iter())) })
    }
}

impl axum::body::HttpBody for Slow {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<Bytes>, Self::Error>>> {
        match &mut self.drip {
            None => std::task::Poll::Pending,
            Some((every, bytes)) => {
                std::task::ready!(every.poll_tick(context));
                std::task::Poll::Ready(bytes.next().map(|byte| Ok(hyper::body::Frame::data(Bytes::from(vec![byte])))))
            }
        }
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        hyper::body::SizeHint::with_exact(self.size)
    }
}

type Asked = JoinHandle<Result<Response<Body>, std::convert::Infallible>>;

/// A signed request with a nonce of its own and this body, under way.
async fn begin(agency: &Agency, hub: &Arc<amanat_hub::Hub>, actor: usize, path: &str, body: Body) -> Asked {
    let mut client = Client::new(agency, actor, path);
    let signed = codec::push_body(&agency.id(), &[]);
    client.nonce = ask(hub, client.request(&signed)).await.nonce.unwrap();
    let (head, _) = client.request(&signed).into_parts();
    let request = Request::from_parts(head, body);
    let asked = tokio::spawn(tower::ServiceExt::oneshot(amanat_hub::router(Arc::clone(hub)), request));
    tokio::task::yield_now().await;
    asked
}

async fn ended(asked: Asked) -> (u16, Option<String>) {
    let response = asked.await.unwrap().unwrap();
    let wait = response.headers().get("retry-after").map(|wait| wait.to_str().unwrap().to_owned());
    (response.status().as_u16(), wait)
}

#[tokio::test(start_paused = true)]
async fn bodies_that_never_come_are_given_up_and_take_no_more_room_than_there_is() {
    let fit = usize::try_from(limits::BODIES / limits::PUSH_ROOM).unwrap();
    let agency = Agency::crowd(fit);
    let hub = agency.in_memory().await;
    let mut asked = Vec::new();
    for actor in 0..=fit {
        asked.push(begin(&agency, &hub, actor, "/v1/push", Slow::silent(limits::PUSH_BODY)).await);
    }
    let mut told = Vec::new();
    for asked in asked {
        told.push(ended(asked).await);
    }
    told.sort();
    let (fitted, late) = told.split_at(fit);
    let wait = limits::BODY_TURN.as_secs().to_string();
    assert!(
        fitted.iter().all(|(status, _)| *status == 408) && late == [(429, Some(wait))],
        "{fit} fit, one more is told when to come again: {told:?}"
    );
}

/// An insider, or a laptop whose link breaks every few seconds.
#[tokio::test(start_paused = true)]
async fn a_device_that_stalls_again_and_again_ends_its_own_requests_and_nobody_elses() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let hub = agency.in_memory().await;
    let calm = begin(&agency, &hub, 1, "/v1/push", Slow::silent(limits::PUSH_BODY)).await;
    let mut asked = Vec::new();
    for n in 0..60 {
        let path = ["/v1/push", "/v1/pull", "/v1/documents"][n % 3];
        asked.push(begin(&agency, &hub, 0, path, Slow::silent(limits::PULL_BODY)).await);
        let officer = Client::new(&agency, 2, "/v1/push").send(&hub, &codec::push_body(&agency.id(), &[])).await;
        assert_eq!(officer.status, 200, "others are served meanwhile");
    }
    assert!(!calm.is_finished(), "another device's request was ended");
    let newest = asked.split_off(60 - limits::REQUESTS_PER_DEVICE);
    for asked in asked {
        assert!(asked.is_finished());
        assert_eq!(ended(asked).await, (429, Some("1".to_owned())));
    }
    for asked in newest {
        assert_eq!(ended(asked).await, (408, None));
    }
    assert_eq!(ended(calm).await, (408, None));
}

#[tokio::test(start_paused = true)]
async fn a_revoked_device_holds_one_place() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let hub = agency.in_memory().await;
    let lost = agency.actors[0].id;
    let next = agency.next(|roster| {
        roster.devices.iter_mut().find(|device| device.id == lost).unwrap().state = DeviceState::Lost;
    });
    hub.adopt(&next).await.unwrap();
    let first = begin(&agency, &hub, 0, "/v1/push", Slow::silent(limits::PUSH_BODY)).await;
    assert!(!first.is_finished());
    let second = begin(&agency, &hub, 0, "/v1/push", Slow::silent(limits::PUSH_BODY)).await;
    assert_eq!(ended(first).await.0, 429);
    assert_eq!(ended(second).await.0, 408);
}

#[tokio::test(start_paused = true)]
async fn a_push_that_only_drips_is_given_up_and_a_slow_one_is_not() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let hub = agency.in_memory().await;
    let began = tokio::time::Instant::now();
    let drip = Slow::dripping(codec::push_body(&agency.id(), &[]), limits::BODY_PAUSE / 2);
    let drip = begin(&agency, &hub, 0, "/v1/push", drip).await;
    assert_eq!(ended(drip).await, (408, None));
    let most = limits::PUSH_WINDOW + limits::REFUSED_TIME;
    assert!(began.elapsed() <= most + Duration::from_secs(1), "{:?}", began.elapsed());

    // At twice the least that is asked for it may take as long as it likes.
    let (mut client, mut pen) = (Client::new(&agency, 1, "/v1/push"), Pen::new(&agency, 1, 1));
    let mut story = vec![pen.slip(&[*HQ.as_bytes()])];
    story.extend((0..60).map(|n| pen.note(1, &format!("{n} ").repeat(500))));
    let whole = codec::push_body(&agency.id(), &[run(&story)]);
    client.nonce = ask(&hub, client.request(&whole)).await.nonce.unwrap();
    let (head, _) = client.request(&whole).into_parts();
    let (mut send, receive) = tokio::io::duplex(64);
    let feeding = whole.clone();
    tokio::spawn(async move {
        use tokio::io::AsyncWriteExt as _;
        for piece in feeding.chunks(limits::PUSH_LEAST / 3) {
            tokio::time::sleep(limits::PUSH_WINDOW / 6).await;
            send.write_all(piece).await.unwrap();
        }
    });
    let answer = ask(&hub, Request::from_parts(head, Body::new(Fed(receive)))).await;
    assert_eq!(answer.status, 200);
    assert!(began.elapsed() > limits::PUSH_WINDOW * 3, "{:?}", began.elapsed());
}

/// What is read from a pipe.
struct Fed(tokio::io::DuplexStream);

impl axum::body::HttpBody for Fed {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<Bytes>, Self::Error>>> {
        use tokio::io::AsyncRead as _;
        let mut piece = [0; 64];
        let mut buffer = tokio::io::ReadBuf::new(&mut piece);
        std::task::ready!(std::pin::Pin::new(&mut self.0).poll_read(context, &mut buffer))?;
        let read = Bytes::copy_from_slice(buffer.filled());
        std::task::Poll::Ready((!read.is_empty()).then(|| Ok(hyper::body::Frame::data(read))))
    }
}

/// More connections from one address than one may hold: the oldest are cut off at once, not when their time is over, and whoever comes
/// from there with a signature is served.
#[test]
#[expect(clippy::disallowed_methods, reason = "how soon they are cut off is what is measured")]
fn an_address_that_opens_too_many_connections_loses_its_oldest_and_keeps_nobody_out() {
    let folder = tempfile::tempdir().unwrap();
    let (agency, running) = serving_with(folder.path(), &["--url", "https://127.0.0.1:7070"]);
    let address = running.url.strip_prefix("https://").unwrap().to_owned();
    let began = std::time::Instant::now();
    let too_many = 40;
    let mut held: Vec<TcpStream> =
        (0..limits::STRANGERS_PER_ADDRESS + too_many).map(|_| TcpStream::connect(&address).unwrap()).collect();
    for stream in &mut held[..too_many] {
        stream.set_read_timeout(Some(limits::HANDSHAKE_TIME)).unwrap();
        let cut = stream.read(&mut [0; 16]);
        assert!(
            matches!(cut, Ok(0)) || cut.as_ref().is_err_and(|f| f.kind() == std::io::ErrorKind::ConnectionReset),
            "{cut:?}"
        );
    }
    assert!(began.elapsed() < limits::HANDSHAKE_TIME / 2, "{:?}", began.elapsed());
    let (mut officer, mut pen) = (MemoryJournal::default(), Pen::new(&agency, 0, 1));
    let story = pen.story(20);
    keep(&mut officer, &pen, &story);
    let mut to_hub = road(&agency, 0, &running.url);
    let outcome = pass(&mut Courier::default(), &mut officer, &mut to_hub, agency.party(0), &mut agency.trust.clone());
    assert!(matches!(outcome.end, End::Done), "{outcome:?}");
}
