//! One connection to a hub, by TLS or in plain: requests leave in their order, and the next one can leave before the answer to the last
//! is in (HTTP/1.1, pipelined), so that a link of half a second never rests between two pushes.
//!
//! Names, sockets and their limits are `ureq`'s, TLS is `pin`'s, and what a request and an answer look like is `ureq-proto`'s, the
//! half of `ureq` that does no reading or writing. What is added here is only when which of them is called.

use std::collections::VecDeque;
use std::io::Read;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use ureq::config::Config;
use ureq::http::{Request, Response, Uri};
use ureq::unversioned::resolver::{DefaultResolver, Resolver as _};
use ureq::unversioned::transport::time::Instant;
use ureq::unversioned::transport::{
    ConnectionDetails, Connector as _, NextTimeout, ShutdownHandle, TcpConnector, Transport,
};
use ureq::{Agent, Error, Timeout};
use ureq_proto::BodyMode;
use ureq_proto::client::state::{RecvBody, RecvResponse};
use ureq_proto::client::{Call, RecvBodyResult, RecvResponseResult, SendRequestResult};

use super::pin::PinnedTls;

/// Name resolution, and connecting with its handshake, each.
const REACH: Duration = Duration::from_secs(20);
/// One read or one write may wait so long without a byte moving.
pub(crate) const STALL: Duration = Duration::from_secs(45);
/// A piece of a request must be taken in this time, however slowly: [`PIECE`] bytes at a thousand bits a second.
const PIECE_TIME: Duration = Duration::from_secs(130);
/// What was said before a connection broke is there already.
const EARLY: Duration = Duration::from_secs(1);
/// Bytes that are handed to a connection at once.
const PIECE: usize = 16 * 1024;
/// An answer that has begun must bring [`PACE_LEAST`] bytes in each such time, in milliseconds: a byte now and then would hold a pass for
/// ever, and who waits with it.
const PACE_WINDOW: u64 = 60_000;
/// The least that an answer brings in [`PACE_WINDOW`], in bytes.
const PACE_LEAST: usize = 1024;
/// An answer larger than this is not read (bytes).
const ANSWER_LIMIT: usize = 32 * 1024 * 1024;
/// Header fields of an answer, together (bytes).
const ANSWER_FIELDS_LIMIT: usize = 16 * 1024;

type Connect = Box<dyn Fn(&ConnectionDetails<'_>) -> Result<Option<Box<dyn Transport>>, Error> + Send>;

/// How a hub is reached.
pub(crate) struct Reach {
    uri: Uri,
    config: Config,
    connect: Connect,
    stops: Arc<Stops>,
    stall: Duration,
}

/// What ends every connection that was made, and lets no other be made.
#[derive(Default)]
pub(crate) struct Stops(Mutex<Stopping>);

#[derive(Default)]
struct Stopping {
    stopped: bool,
    made: Vec<Weak<dyn ShutdownHandle>>,
}

impl Stops {
    /// Ends them: a read or write that waits returns at once.
    pub(crate) fn stop(&self) {
        let made = {
            let mut stopping = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            stopping.stopped = true;
            std::mem::take(&mut stopping.made)
        };
        made.iter().filter_map(Weak::upgrade).for_each(|connection| connection.shutdown());
    }

    fn made(&self, connection: Weak<dyn ShutdownHandle>) -> Result<(), Error> {
        let mut stopping = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if stopping.stopped {
            return Err(gone("it was stopped here"));
        }
        stopping.made.retain(|earlier| earlier.strong_count() > 0);
        stopping.made.push(connection);
        Ok(())
    }
}

impl std::fmt::Debug for Stops {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Stops")
    }
}

impl Reach {
    /// The way to an address, by TLS if there is any.
    pub(crate) fn new(base: &Uri, tls: Option<PinnedTls>) -> Self {
        let config = Agent::config_builder()
            .proxy(None)
            .max_response_header_size(ANSWER_FIELDS_LIMIT)
            .output_buffer_size(PIECE)
            .build();
        let connect: Connect = if let Some(tls) = tls {
            let road = ().chain(TcpConnector::default()).chain(tls);
            Box::new(move |details| Ok(road.connect(details, None)?.map(Transport::boxed)))
        } else {
            let road = ().chain(TcpConnector::default());
            Box::new(move |details| Ok(road.connect(details, None)?.map(Transport::boxed)))
        };
        Self { uri: base.clone(), config, connect, stops: Arc::default(), stall: STALL }
    }

    /// How long one read or one write waits without a byte moving.
    pub(crate) fn stall(&self) -> Duration {
        self.stall
    }

    /// Another time for it than [`STALL`], on the connections that are made from now on.
    pub(crate) fn stalls_after(&mut self, still: Duration) {
        self.stall = still;
    }

    /// What ends all that it made.
    pub(crate) fn stops(&self) -> Arc<Stops> {
        Arc::clone(&self.stops)
    }

    /// A new connection, whose other end has proven itself where it must. Not a byte of any request has left.
    ///
    /// # Errors
    /// When nobody answers, or not as a hub does.
    pub(crate) fn connect(&self) -> Result<Line, Error> {
        let within = |reason| NextTimeout { after: REACH.into(), reason, ..NextTimeout::default() };
        let resolver = DefaultResolver::default();
        // An address that is written out is looked up nowhere: it needs no thread that the waiting could leave behind.
        let written = self.uri.host().is_some_and(|host| host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok());
        let lookup = if written { NextTimeout::default() } else { within(Timeout::Resolve) };
        let addrs = resolver.resolve(&self.uri, &self.config, lookup)?;
        let stops = Arc::clone(&self.stops);
        let details = ConnectionDetails {
            uri: &self.uri,
            addrs,
            resolver: &resolver,
            config: &self.config,
            request_level: false,
            now: Instant::now(),
            timeout: within(Timeout::Connect),
            current_time: Arc::new(Instant::now),
            run_connector: Arc::new(|_proxied| Err(Error::ConnectionFailed)),
            register_shutdown: Arc::new(move |connection| stops.made(connection)),
        };
        let transport = (self.connect)(&details)?.ok_or(Error::ConnectionFailed)?;
        Ok(Line { transport, asked: VecDeque::new(), answered: false, ends: false, stall: self.stall })
    }
}

/// An answer as it came, read to its end.
pub(crate) struct Answer {
    pub(crate) head: Response<()>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// A header field, where it is there and is text.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.head.headers().get(name).and_then(|value| value.to_str().ok())
    }
}

/// A connection and what was asked over it.
pub(crate) struct Line {
    transport: Box<dyn Transport>,
    /// Requests that left whole, and whose answers are to come, oldest first.
    asked: VecDeque<Call<RecvResponse>>,
    /// Whether an answer has come over it.
    answered: bool,
    /// Whether the other end said that nothing more is answered.
    ends: bool,
    /// How long one write waits without a byte moving.
    stall: Duration,
}

impl Line {
    /// Over a connection that a test has made.
    #[cfg(test)]
    pub(crate) fn over(transport: impl Transport) -> Self {
        Self { transport: transport.boxed(), asked: VecDeque::new(), answered: false, ends: false, stall: STALL }
    }

    /// Whether requests are on their way whose answers are to come.
    pub(crate) fn is_waiting(&self) -> bool {
        !self.asked.is_empty()
    }

    /// Whether a request can follow those that are on their way: somebody answers here, and did not say that they end.
    pub(crate) fn goes_on(&self) -> bool {
        self.answered && !self.ends
    }

    /// Whether a connection on which nothing is on its way can be used again.
    pub(crate) fn is_open(&mut self) -> bool {
        !self.ends && self.transport.buffers().input().is_empty() && self.transport.is_open()
    }

    /// Sends a request whole, behind those that are on their way.
    ///
    /// # Errors
    /// When the connection broke: some of it may have left.
    pub(crate) fn ask(&mut self, request: Request<()>, body: &mut dyn Read) -> Result<(), Error> {
        let writing = NextTimeout {
            after: PIECE_TIME.into(),
            reason: Timeout::SendBody,
            per_write: Some(self.stall.into()),
            ..NextTimeout::default()
        };
        let mut call = Call::new(request)?.proceed();
        let mut filled = call.write(self.transport.buffers().output())?;
        let call = match call.proceed()? {
            Some(SendRequestResult::SendBody(mut call)) => {
                while !call.can_proceed() {
                    // What is left of the first piece behind the header fields is the body's.
                    let output = self.transport.buffers().output();
                    let read = body.read(output.get_mut(filled..).unwrap_or_default())?;
                    if read == 0 {
                        return Err(gone("a body ended before its length"));
                    }
                    call.consume_direct_write(read)?;
                    self.transport.transmit_output(filled.saturating_add(read), writing)?;
                    filled = 0;
                }
                call.proceed()
            }
            Some(SendRequestResult::RecvResponse(call)) => {
                self.transport.transmit_output(filled, writing)?;
                Some(call)
            }
            Some(SendRequestResult::Await100(_)) | None => None,
        };
        self.asked.push_back(call.ok_or_else(|| gone("a request that cannot be sent"))?);
        Ok(())
    }

    /// What the other end said before it had heard all of a request and hung up: that it is full, perhaps. `None` when it said nothing.
    pub(crate) fn early_answer(&mut self, ticks: &dyn Fn() -> u64) -> Option<Answer> {
        // An answer is read by a call that is through with its request; the one that was cut off never will be.
        let mut call = Call::new(Request::get("/").body(()).ok()?).ok()?.proceed();
        call.write(&mut [0; 1024]).ok()?;
        let Some(SendRequestResult::RecvResponse(call)) = call.proceed().ok()? else { return None };
        if self.is_waiting() {
            return None;
        }
        self.asked.push_back(call);
        self.answer(EARLY, ticks).ok()
    }

    /// Waits for the answer to the oldest request on its way, and reads it to its end. `patience` is for a single read; `ticks` are
    /// milliseconds.
    ///
    /// # Errors
    /// When the connection broke, or the answer comes too slowly to be one.
    pub(crate) fn answer(&mut self, patience: Duration, ticks: &dyn Fn() -> u64) -> Result<Answer, Error> {
        let mut call = self.asked.pop_front().ok_or_else(|| gone("nothing was asked"))?;
        let mut pace = Pace { patience, ticks, window: None };
        let mut fields = 0_usize;
        let head = loop {
            let more = self.more(&mut pace)?;
            let input = self.transport.buffers().input();
            let (used, head) = call.try_response(input, false)?;
            // Heads that only say *go on* are heads too: an endless row of them is no answer.
            fields = fields.saturating_add(used);
            let size = if head.is_some() { fields } else { fields.max(input.len()) };
            if size > ANSWER_FIELDS_LIMIT {
                return Err(Error::LargeResponseHeader(size, ANSWER_FIELDS_LIMIT));
            }
            self.transport.buffers().input_consume(used);
            match head {
                Some(head) => break head,
                None if !more => return Err(gone("it hung up")),
                None => {}
            }
        };
        let (body, ends) = match call.proceed() {
            Some(RecvResponseResult::RecvBody(call)) => self.body(call, &mut pace)?,
            Some(RecvResponseResult::Cleanup(call)) => (Vec::new(), call.must_close_connection()),
            Some(RecvResponseResult::Redirect(_)) | None => (Vec::new(), true),
        };
        self.answered = true;
        self.ends |= ends;
        Ok(Answer { head, body })
    }

    /// A body to its end, and whether it is the last thing that comes.
    fn body(&mut self, mut call: Call<RecvBody>, pace: &mut Pace<'_>) -> Result<(Vec<u8>, bool), Error> {
        let (mut body, mut piece) = (Vec::new(), vec![0; PIECE]);
        let to_the_close = matches!(call.body_mode(), BodyMode::CloseDelimited);
        while to_the_close || !call.can_proceed() {
            let more = self.more(pace)?;
            let (used, read) = call.read(self.transport.buffers().input(), &mut piece)?;
            self.transport.buffers().input_consume(used);
            body.extend_from_slice(piece.get(..read).unwrap_or_default());
            if body.len() > ANSWER_LIMIT {
                return Err(Error::BodyExceedsLimit(u64::try_from(ANSWER_LIMIT).unwrap_or(u64::MAX)));
            }
            if !more && used == 0 && read == 0 {
                if to_the_close {
                    break;
                }
                return Err(gone("it hung up in the middle of an answer"));
            }
        }
        let ends = match call.proceed() {
            Some(RecvBodyResult::Cleanup(call)) => call.must_close_connection(),
            Some(RecvBodyResult::Redirect(_)) | None => true,
        };
        Ok((body, ends))
    }

    /// Waits for bytes, if those that are there are of no use yet; false at the end of them.
    fn more(&mut self, pace: &mut Pace<'_>) -> Result<bool, Error> {
        if self.transport.buffers().can_use_input() {
            return Ok(true);
        }
        let before = self.transport.buffers().input().len();
        let reading =
            NextTimeout { after: pace.patience.into(), reason: Timeout::RecvResponse, ..NextTimeout::default() };
        let more = self.transport.await_input(reading)?;
        pace.came(self.transport.buffers().input().len().saturating_sub(before))?;
        Ok(more)
    }
}

/// How fast an answer comes, once it has begun.
struct Pace<'a> {
    patience: Duration,
    ticks: &'a dyn Fn() -> u64,
    /// Since when is counted, and the bytes since then.
    window: Option<(u64, usize)>,
}

impl Pace<'_> {
    fn came(&mut self, bytes: usize) -> Result<(), Error> {
        let now = (self.ticks)();
        let (since, moved) = self.window.unwrap_or((now, 0));
        let moved = moved.saturating_add(bytes);
        self.window = if now.saturating_sub(since) < PACE_WINDOW {
            Some((since, moved))
        } else if moved >= PACE_LEAST {
            Some((now, 0))
        } else {
            return Err(gone("its answer only drips"));
        };
        Ok(())
    }
}

/// A connection that is of no more use, and why.
fn gone(why: &'static str) -> Error {
    Error::Io(std::io::Error::new(std::io::ErrorKind::ConnectionAborted, why))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::net::{TcpListener, TcpStream};
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    fn line() -> (Line, TcpStream) {
        let hub = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", hub.local_addr().unwrap()).parse().unwrap();
        let line = Reach::new(&base, None).connect().unwrap();
        (line, hub.accept().unwrap().0)
    }

    fn request(body: &str) -> Request<()> {
        Request::post("http://127.0.0.1/x").header("content-length", body.len()).body(()).unwrap()
    }

    fn heard(hub: &mut TcpStream, until: &str) -> String {
        let (mut said, mut piece) = (String::new(), [0; 512]);
        while !said.ends_with(until) {
            let read = hub.read(&mut piece).unwrap();
            assert!(read > 0, "{said}");
            said.push_str(std::str::from_utf8(&piece[..read]).unwrap());
        }
        said
    }

    #[test]
    fn a_request_leaves_before_the_last_is_answered_and_the_answers_come_in_their_order() {
        let (mut line, mut hub) = line();
        for body in ["first", "second"] {
            line.ask(request(body), &mut body.as_bytes()).unwrap();
        }
        let both = heard(&mut hub, "second");
        assert_eq!(both.matches("POST /x HTTP/1.1\r\n").count(), 2, "{both}");
        assert!(line.is_waiting() && !line.goes_on(), "nobody has answered here yet");
        // Both answers in one piece, the second spelt in chunks.
        let (one, two) = ("content-length: 3\r\n\r\none", "transfer-encoding: chunked\r\n\r\n3\r\ntwo\r\n0\r\n\r\n");
        hub.write_all(format!("HTTP/1.1 200 OK\r\n{one}HTTP/1.1 503 No\r\n{two}").as_bytes()).unwrap();
        let first = line.answer(STALL, &|| 0).unwrap();
        assert_eq!((first.head.status().as_u16(), first.body.as_slice()), (200, &b"one"[..]));
        assert!(line.goes_on());
        let second = line.answer(STALL, &|| 0).unwrap();
        assert_eq!((second.head.status().as_u16(), second.body.as_slice()), (503, &b"two"[..]));
        assert!(!line.is_waiting() && line.is_open());
        drop(hub);
        assert!(line.answer(STALL, &|| 0).is_err(), "nothing was asked");
    }

    #[test]
    fn who_says_that_it_ends_or_speaks_unasked_is_not_asked_again() {
        for said in ["connection: close\r\ncontent-length: 2\r\n\r\nok", "content-length: 2\r\n\r\nok unasked"] {
            let (mut line, mut hub) = line();
            line.ask(request("a"), &mut &b"a"[..]).unwrap();
            hub.write_all(format!("HTTP/1.1 200 OK\r\n{said}").as_bytes()).unwrap();
            assert_eq!(line.answer(STALL, &|| 0).unwrap().body, b"ok");
            assert!(!line.is_open(), "{said}");
        }
        let (mut line, mut hub) = line();
        line.ask(request("a"), &mut &b"a"[..]).unwrap();
        hub.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf").unwrap();
        drop(hub);
        assert!(line.answer(STALL, &|| 0).is_err(), "half an answer is none");
    }

    #[test]
    fn an_answer_that_only_drips_is_given_up_and_a_slow_one_is_not() {
        // Each time the clock is looked at, which is once for each piece that comes, so much has passed.
        let read = |millis: u64, pieces: usize, size: usize| {
            let (mut line, mut hub) = line();
            line.ask(request("a"), &mut &b"a"[..]).unwrap();
            let now = AtomicU64::new(0);
            let whole = pieces * size;
            hub.write_all(format!("HTTP/1.1 200 OK\r\ncontent-length: {whole}\r\n\r\n").as_bytes()).unwrap();
            let (said, more) = std::sync::mpsc::channel::<()>();
            let drips = std::thread::Builder::new()
                .spawn(move || {
                    // The next piece when the last was read.
                    for () in more {
                        if hub.write_all(&vec![7; size]).is_err() {
                            return;
                        }
                    }
                })
                .unwrap();
            let ticks = || {
                said.send(()).unwrap_or_default();
                now.fetch_add(millis, Ordering::SeqCst)
            };
            let ended = line.answer(STALL, &ticks).map(|answer| answer.body.len());
            drop(line);
            let _clock = ticks;
            drop(said);
            drips.join().unwrap();
            ended
        };
        assert_eq!(read(30_000, 40, 600).unwrap(), 24_000, "slow, and it moves");
        let given_up = read(44_000, 10_000, 1).unwrap_err();
        assert!(given_up.to_string().contains("drips"), "{given_up}");
    }
}
