//! The road over HTTP: one connection (`line`) that is kept, one retry when the hub hands out a new nonce, and nothing decided. An
//! `https` address is called by TLS with the pinned keys (`pin`), and by nothing else.
//!
//! No limit is set on a whole exchange, only on each phase, on each single read and write, and on how slowly an answer may drip: a slow
//! link is not a broken one. The proxy of the environment is not used, redirects are not followed, and plain HTTP is refused away from
//! loopback before a byte leaves.

use std::collections::VecDeque;
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use amanat_keys::fingerprint::{AgencyId, DeviceId, Digest, KeyId};
use amanat_keys::tls_key::TlsKeys;
use ureq::http::{Request, Uri};

use super::address::{Address, refuse};
use super::answer::{read, unanswered, wants_a_nonce};
use super::line::{Answer, Line, Reach, STALL, Stops};
use super::pin::PinnedTls;
use crate::leaving::{Load, Told};
use crate::signature::{self, NONCE_FIELD, Nonce, Parts};
use crate::transport::{FIRST_ROOM, MARK_FIELD, RefusalReason, Transport, TransportError};
use crate::wire::codec;
use crate::wire::team::SelfReport;

/// An idle connection is kept so long, in milliseconds: on a slow link a new one costs more than a request.
const IDLE_MS: u64 = 120_000;
/// A request should take about so long on the link as measured (milliseconds): a cut costs no more than this.
const AIM_MS: usize = 8_000;
/// Bounds of one request's weight, in bytes.
const ROOM: std::ops::RangeInclusive<usize> = 32 * 1024..=1024 * 1024;
/// Where a push goes.
const PUSH: &str = "/v1/push";
/// Where a pull goes.
const PULL: &str = "/v1/pull";
/// Where a supervisor asks for the team.
const TEAM: &str = "/v1/team";
/// Where anybody is asked for rosters.
const ROSTERS: &str = "/v1/rosters";
/// Nonces kept for later requests.
const NONCES_KEPT: usize = 4;
/// One push should take about so many times as long as [`AIM_MS`] says. More of them are on their way at once, so that smaller ones cost
/// nothing but their header fields, and what has arrived is signed for the sooner.
const PUSH_ROOMS: usize = 2;

/// Signs the base of a request with the device's key.
pub type SignRequest = Box<dyn Fn(&[u8]) -> [u8; 64] + Send>;
/// Milliseconds of a clock that never goes back; only differences are used.
pub type Ticks = Box<dyn Fn() -> u64 + Send>;

/// Where the hub is and who calls it.
pub struct HttpTransport {
    reach: Reach,
    pub(super) line: Option<Line>,
    /// Requests on their way whose answers are to come, oldest first.
    pub(super) away: VecDeque<Away>,
    /// When the last answer came.
    heard_at: u64,
    base: String,
    authority: String,
    agency: AgencyId,
    device: DeviceId,
    hub: KeyId,
    sign: SignRequest,
    pub(super) ticks: Ticks,
    /// The device's clock, where it is said.
    clock: Option<Ticks>,
    report: Option<SelfReport>,
    nonces: VecDeque<Nonce>,
    /// Whether the hub has taken a request: it is the one that is meant, and need not be told each time what it knows.
    is_known: bool,
    mark: Option<Digest>,
    room: usize,
    load: Load,
}

/// How a request says who sends it and to whom.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Spelling {
    /// Every field, as RFC 9421 has them.
    Whole,
    /// Without what the hub knows by itself.
    Short,
}

/// A request that left whole.
pub(super) struct Away {
    pub(super) bytes: usize,
    pub(super) began: u64,
}

/// Ends what a transport is doing, and every later request of it; another transport is made to go on.
#[derive(Debug)]
pub struct Brake(Arc<Stops>);

impl Brake {
    /// Closes the connection: a read or write that waits returns at once. Connecting is bounded by its own limit.
    pub fn stop(self) {
        self.0.stop();
    }
}

/// What [`HttpTransport::new`] needs to know.
pub struct HttpSettings {
    /// `https://hub.example:7070`, without a path. Plain `http` is for loopback only.
    pub url: String,
    /// The TLS keys that the roster lists for the hub: one of them is proven, or nothing is sent. Unused with plain `http`.
    pub tls_keys: TlsKeys,
    /// The agency whose hub it is.
    pub agency: AgencyId,
    /// The calling device.
    pub device: DeviceId,
    /// Key id of the hub's receipt key, from the roster.
    pub hub: KeyId,
    /// The device's signature over a request.
    pub sign: SignRequest,
    /// A monotonic clock, to measure the link.
    pub ticks: Ticks,
}

impl HttpTransport {
    /// Prepares the road; nothing is sent yet. Keep one for as long as the program runs: it holds the connection and the
    /// nonces, and each of them spares a round trip.
    ///
    /// # Errors
    /// [`RefusalReason::Address`] for a URL that cannot be read, that would send plain HTTP over a network, or that asks for TLS
    /// while no key is pinned.
    pub fn new(settings: HttpSettings) -> Result<Self, TransportError> {
        let Address { secure, authority } = Address::read(&settings.url)?;
        let scheme = if secure { "https" } else { "http" };
        let base = format!("{scheme}://{authority}");
        let Ok(uri) = base.parse() else { return refuse(&settings.url, "the address must be a host and a port only") };
        let reach = if !secure {
            Reach::new(&uri, None)
        } else if settings.tls_keys.is_empty() {
            return refuse(
                &settings.url,
                "the roster lists no TLS key for it; the admin approves the hub's request again",
            );
        } else {
            by_tls(&uri, PinnedTls::new(settings.tls_keys))?
        };
        Ok(Self {
            reach,
            line: None,
            away: VecDeque::new(),
            heard_at: 0,
            base,
            authority,
            agency: settings.agency,
            device: settings.device,
            hub: settings.hub,
            sign: settings.sign,
            ticks: settings.ticks,
            clock: None,
            report: None,
            nonces: VecDeque::new(),
            is_known: false,
            mark: None,
            room: FIRST_ROOM,
            load: Load::default(),
        })
    }

    /// What the hub gave for the next requests, oldest first. Whoever makes another transport for the same hub and device can hand
    /// them on with [`HttpTransport::was_given`], unless a request of this one spends them.
    pub fn nonces(&self) -> impl ExactSizeIterator<Item = &Nonce> {
        self.nonces.iter()
    }

    /// Takes over what an earlier transport was given and has not spent: it spares the first request a round trip. One that the hub
    /// no longer knows costs that round trip and nothing else.
    pub fn was_given(&mut self, nonces: &[Nonce]) {
        self.nonces = nonces.iter().rev().take(NONCES_KEPT).rev().copied().collect();
    }

    /// From now on says how far a push has come.
    pub fn tell(&mut self, told: Told) {
        self.load.told = Some(told);
    }

    /// From now on says with its requests what time it is here, in milliseconds since 1970: evidence, and perhaps wrong.
    pub fn tells_time(&mut self, clock: Ticks) {
        self.clock = Some(clock);
    }

    /// What the hub knows of the devices of the caller's units (a [`crate::wire::team::TeamReply`]); for supervisors.
    ///
    /// # Errors
    /// As [`TransportError`] says.
    pub fn team(&mut self, checkpoint: &Digest, body: &[u8]) -> Result<Vec<u8>, TransportError> {
        self.call(TEAM, checkpoint, body, body)
    }

    /// What a request says of the device, as its query.
    fn said(&self, path: &str) -> String {
        let report = self.report.filter(|_| path == PUSH || path == PULL);
        let said = report.map(|report| SelfReport { clock: self.clock.as_ref().map_or(0, |clock| clock()), ..report });
        said.map_or_else(String::new, |said| said.spelt())
    }

    /// A new pass begins: what earlier ones carried counts no more.
    pub fn sets_out(&mut self) {
        // A pass that broke off between two answers leaves one that nobody waits for.
        if self.line.as_ref().is_some_and(Line::is_waiting) {
            self.hang_up();
        }
        self.load.sets_out();
    }

    /// The network is another one: the connection that there was is not relied on, for nobody may ever answer on it again.
    pub fn moved(&mut self) {
        self.hang_up();
    }

    /// From now on, whoever stands still for so long is given up, beside the time that what is on its way takes on the link as measured.
    /// 45 seconds unless it is said: for roads that are known to be quick, such as one that does not leave the machine.
    pub fn gives_up_after(&mut self, still: Duration) {
        self.hang_up();
        self.reach.stalls_after(still);
    }

    /// What ends a request under way, from another thread.
    pub fn brake(&self) -> Brake {
        Brake(self.reach.stops())
    }

    /// `signed` is what the request signs of the body: all of it, or the manifest that begins a streaming one.
    fn call(&mut self, path: &str, checkpoint: &Digest, signed: &[u8], body: &[u8]) -> Result<Vec<u8>, TransportError> {
        // Whoever left answers behind does not get them in place of this one.
        if self.line.as_ref().is_some_and(Line::is_waiting) {
            self.hang_up();
        }
        // The first request of a program has no nonce yet: the hub answers it with one (401), and it goes again. The
        // same happens when the hub has been started anew. A third try would be a loop.
        let mut nonce = self.nonces.pop_front().unwrap_or_default();
        let digest = signature::content_digest(signed);
        let spelling = if self.is_known { Spelling::Short } else { Spelling::Whole };
        self.leave(path, checkpoint, &digest, body, (nonce, spelling))?;
        let mut answer = self.hear()?;
        if wants_a_nonce(&answer)
            && let Some(fresh) = self.nonces.pop_front()
        {
            nonce = fresh;
            self.leave(path, checkpoint, &digest, body, (nonce, spelling))?;
            answer = self.hear()?;
        }
        // What was left out may be another thing at the hub by now, its key perhaps. Said in full, it answers what is wrong; its number is
        // not spent where a signature does not hold.
        let doubted = answer.field("amanat-refusal") == Some(RefusalReason::BadSignature.spelling());
        if doubted && spelling == Spelling::Short {
            self.is_known = false;
            self.leave(path, checkpoint, &digest, body, (nonce, Spelling::Whole))?;
            answer = self.hear()?;
        }
        read(&answer)
    }

    /// As [`HttpTransport::call`], without waiting for the answer where the road lets it.
    fn ahead(
        &mut self,
        path: &str,
        checkpoint: &Digest,
        signed: &[u8],
        body: &[u8],
    ) -> Result<Option<Vec<u8>>, TransportError> {
        if !self.goes_ahead() {
            return self.call(path, checkpoint, signed, body).map(Some);
        }
        let nonce = self.nonces.pop_front().unwrap_or_default();
        // In full: nobody waits here to say it again. Beside what is sent ahead it weighs nothing.
        self.leave(path, checkpoint, &signature::content_digest(signed), body, (nonce, Spelling::Whole)).map(|()| None)
    }

    fn hang_up(&mut self) {
        self.line = None;
        self.away.clear();
    }

    /// The connection that there is, or a new one.
    fn line(&mut self) -> Result<&mut Line, ureq::Error> {
        let idle = (self.ticks)().saturating_sub(self.heard_at);
        let usable = self.line.take().filter(|line| line.is_waiting() || idle < IDLE_MS);
        let usable = usable.and_then(|mut line| (line.is_waiting() || line.is_open()).then_some(line));
        let line = usable.map_or_else(|| self.reach.connect(), Ok)?;
        Ok(self.line.insert(line))
    }

    /// Sends a request, behind those that are on their way.
    fn leave(
        &mut self,
        path: &str,
        checkpoint: &Digest,
        content_digest: &str,
        body: &[u8],
        (nonce, spelling): (Nonce, Spelling),
    ) -> Result<(), TransportError> {
        let began = (self.ticks)();
        if let Err(source) = self.line() {
            // Where nobody was reached it is as good as before. After a cut it may be spent, and trying would cost the body again.
            if nonce != Nonce::default() {
                self.nonces.push_front(nonce);
            }
            return Err(unanswered(&self.base, &source));
        }
        let request = self.request(path, checkpoint, content_digest, body.len(), (nonce, spelling))?;
        let mut leaving = if path == PUSH { self.load.leaving(body) } else { None };
        let mut whole = body;
        let piece_by_piece: &mut dyn Read = leaving.as_mut().map_or(&mut whole, |leaving| leaving);
        let asked = match &mut self.line {
            Some(line) => line.ask(request, piece_by_piece),
            None => Err(ureq::Error::ConnectionFailed),
        };
        match asked {
            Ok(()) => {
                self.away.push_back(Away { bytes: body.len(), began });
                Ok(())
            }
            Err(source) => {
                // Whoever hangs up in the middle of a request may have said why.
                let alone = self.away.is_empty();
                let line = self.line.take().filter(|_| alone);
                let said = line.and_then(|mut line| line.early_answer(&*self.ticks));
                self.hang_up();
                let refused = said.filter(|answer| !answer.head.status().is_success() && !wants_a_nonce(answer));
                Err(refused.and_then(|answer| read(&answer).err()).unwrap_or_else(|| unanswered(&self.base, &source)))
            }
        }
    }

    fn request(
        &self,
        path: &str,
        checkpoint: &Digest,
        content_digest: &str,
        length: usize,
        (nonce, spelling): (Nonce, Spelling),
    ) -> Result<Request<()>, TransportError> {
        let query = format!("?{}", self.said(path));
        let parts = Parts {
            method: "POST".to_owned(),
            authority: self.authority.clone(),
            path: path.to_owned(),
            query: query.clone(),
            content_digest: content_digest.to_owned(),
            agency: self.agency.to_string(),
            hub: self.hub.to_string(),
            checkpoint: checkpoint.to_string(),
        };
        let signature = (self.sign)(parts.base(&self.device, &nonce).as_bytes());
        let request = Request::post(format!("{}{path}{}", self.base, if query == "?" { "" } else { &query }))
            .header("content-length", length)
            .header("content-digest", &parts.content_digest)
            .header("amanat-checkpoint", &parts.checkpoint);
        let request = match spelling {
            Spelling::Short => {
                request.header(signature::SHORT_FIELD, signature::short(&self.device, &nonce, &signature))
            }
            Spelling::Whole => {
                let fields = signature::fields(&self.device, &nonce, &signature);
                request
                    .header("content-type", "application/cbor")
                    .header("amanat-agency", &parts.agency)
                    .header("amanat-hub", &parts.hub)
                    .header("signature-input", &fields.input)
                    .header("signature", &fields.signature)
            }
        };
        request.body(()).map_err(|source| TransportError::Nonsense(format!("a request cannot be written: {source}")))
    }

    /// Waits for the answer to the oldest request on its way.
    fn hear(&mut self) -> Result<Answer, TransportError> {
        let patience = self.patience();
        let answer = match &mut self.line {
            Some(line) => line.answer(patience, &*self.ticks),
            None => Err(ureq::Error::ConnectionFailed),
        };
        let answer = match answer {
            Ok(answer) => answer,
            Err(source) => {
                self.hang_up();
                return Err(unanswered(&self.base, &source));
            }
        };
        let now = (self.ticks)();
        if let Some(away) = self.away.pop_front() {
            // What followed another had the link to itself when that one was through. What is fetched says as much of the link's width
            // as what is brought.
            let bytes = away.bytes.max(answer.body.len());
            self.measure(bytes, now.saturating_sub(away.began.max(self.heard_at)));
        }
        self.heard_at = now;
        self.is_known |= answer.head.status() == 200;
        self.mark = answer.field(MARK_FIELD).and_then(|mark| mark.parse().ok()).or(self.mark);
        if let Some(fresh) = answer.field(NONCE_FIELD) {
            if answer.head.status() == 401 {
                // The hub was started anew: what it gave before is worth nothing.
                self.nonces.clear();
            }
            self.nonces.extend(signature::decode_nonces(fresh));
            while self.nonces.len() > NONCES_KEPT {
                self.nonces.pop_front();
            }
        }
        Ok(answer)
    }

    /// How long the answer that comes next is waited for. The system takes a body faster than a slow link carries it: until all of it is
    /// there, nobody answers.
    pub(super) fn patience(&self) -> Duration {
        let on_the_way = self.away.iter().fold(0_usize, |sum, away| sum.saturating_add(away.bytes));
        self.reach.stall() + self.takes(on_the_way) * 2
    }

    /// How long so many bytes take on the link as it was measured.
    fn takes(&self, bytes: usize) -> Duration {
        let ms = bytes.saturating_mul(AIM_MS) / self.room.max(1);
        Duration::from_millis(u64::try_from(ms).unwrap_or(u64::MAX))
    }

    /// What is small measures the round trip and not the width of the link, so it teaches nothing.
    pub(super) fn measure(&mut self, bytes: usize, elapsed_ms: u64) {
        if bytes >= *ROOM.start() / 2 {
            let elapsed = usize::try_from(elapsed_ms).unwrap_or(usize::MAX).max(1);
            let wanted = bytes.saturating_mul(AIM_MS) / elapsed;
            // Halfway there at a time downwards and at most fourfold upwards: one odd measurement is not the link.
            let next = if wanted < self.room { self.room.midpoint(wanted) } else { wanted.min(self.room * 4) };
            self.room = next.clamp(*ROOM.start(), *ROOM.end());
        }
    }
}

impl Transport for HttpTransport {
    fn reports(&mut self, report: SelfReport) {
        self.report = Some(report);
    }

    fn carries(&mut self, entries: u64) {
        self.load.takes(entries);
    }

    fn push(&mut self, checkpoint: &Digest, body: &[u8]) -> Result<Vec<u8>, TransportError> {
        // Each entry proves itself, and what arrives is kept before the last of it is there: the manifest is what is signed.
        let manifest = codec::manifest_of(body).unwrap_or(body);
        self.call(PUSH, checkpoint, manifest, body)
    }

    fn pull(&mut self, checkpoint: &Digest, body: &[u8]) -> Result<Vec<u8>, TransportError> {
        self.call(PULL, checkpoint, body, body)
    }

    fn documents(&mut self, checkpoint: &Digest, body: &[u8]) -> Result<Vec<u8>, TransportError> {
        self.call("/v1/documents", checkpoint, body, body)
    }

    fn parts(&mut self, checkpoint: &Digest, body: &[u8]) -> Result<Vec<u8>, TransportError> {
        self.call("/v1/parts", checkpoint, body, body)
    }

    fn rosters(&mut self, question: &[u8]) -> Result<Vec<u8>, TransportError> {
        // A connection of its own, that nothing else ever uses.
        let uri = format!("{}{ROSTERS}", self.base);
        let request = Request::post(&uri).header("content-type", "application/cbor");
        let request = request.header("content-length", question.len()).body(());
        let (Ok(request), Ok(base)) = (request, self.base.parse::<Uri>()) else {
            return Err(TransportError::Nonsense("a request cannot be written".to_owned()));
        };
        let mut whole = question;
        let reach = match base.scheme_str() {
            Some("http") => Reach::new(&base, None),
            _ => by_tls(&base, PinnedTls::with_anybody())?,
        };
        let asked = reach.connect().and_then(|mut line| {
            line.ask(request, &mut whole)?;
            line.answer(STALL, &*self.ticks)
        });
        read(&asked.map_err(|source| unanswered(&self.base, &source))?)
    }

    fn mark(&self) -> Option<Digest> {
        self.mark
    }

    fn asks_along(&self) -> bool {
        true
    }

    fn room(&self) -> usize {
        self.room
    }

    fn push_room(&self) -> usize {
        self.room.saturating_mul(PUSH_ROOMS)
    }

    fn goes_ahead(&self) -> bool {
        // With nobody's answer yet, or no number to sign with, it would be guessing whether the hub takes it.
        !self.nonces.is_empty() && self.line.as_ref().is_some_and(Line::goes_on)
    }

    fn send(&mut self, checkpoint: &Digest, body: &[u8]) -> Result<Option<Vec<u8>>, TransportError> {
        self.ahead(PUSH, checkpoint, codec::manifest_of(body).unwrap_or(body), body)
    }

    fn send_pull(&mut self, checkpoint: &Digest, body: &[u8]) -> Result<Option<Vec<u8>>, TransportError> {
        self.ahead(PULL, checkpoint, body, body)
    }

    fn receive(&mut self) -> Result<Vec<u8>, TransportError> {
        let answer = self.hear()?;
        if wants_a_nonce(&answer) {
            // Whatever follows it was signed with numbers that are worth as little.
            self.hang_up();
            return Err(TransportError::Unreachable("the hub was started anew".to_owned()));
        }
        let read = read(&answer);
        if read.is_err() {
            // What follows would be taken for the answer to a later push.
            self.hang_up();
        }
        read
    }
}

/// A way on which every connection goes by TLS.
fn by_tls(base: &Uri, tls: Result<PinnedTls, rustls::Error>) -> Result<Reach, TransportError> {
    let tls = tls.map_err(|fault| TransportError::Unreachable(format!("TLS cannot be used here: {fault}")))?;
    Ok(Reach::new(base, Some(tls)))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::http) fn road_to(hub: &std::net::TcpListener) -> HttpTransport {
        let settings = HttpSettings {
            url: format!("http://{}", hub.local_addr().unwrap()),
            tls_keys: TlsKeys::default(),
            agency: AgencyId::from_bytes([1; 32]),
            device: DeviceId::from_bytes([2; 32]),
            hub: KeyId::from_bytes([3; 32]),
            sign: Box::new(|_| [0; 64]),
            ticks: Box::new(|| 0),
        };
        HttpTransport::new(settings).unwrap()
    }

    #[test]
    fn a_brake_ends_a_request_that_nobody_answers() {
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let mut road = road_to(&silent);
        let brake = road.brake();
        let (said, heard) = std::sync::mpsc::channel();
        std::thread::Builder::new()
            .spawn(move || said.send(road.push(&Digest::ZERO, b"waits")).unwrap_or_default())
            .unwrap();
        let _held = silent.accept().unwrap();
        brake.stop();
        let ended = heard.recv_timeout(Duration::from_secs(10)).unwrap();
        assert!(matches!(ended, Err(TransportError::Unreachable(_))), "{ended:?}");
    }

    #[test]
    fn a_nonce_is_kept_where_nobody_was_reached_and_given_up_where_it_may_be_spent() {
        let hub = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let mut road = road_to(&hub);
        road.was_given(&[[4; 16], [5; 16]]);
        let (said, ended) = std::sync::mpsc::channel();
        std::thread::Builder::new()
            .spawn(move || {
                let cut = road.push(&Digest::ZERO, b"waits");
                said.send((road, cut)).unwrap_or_default();
            })
            .unwrap();
        // Reached, and hung up on.
        drop(hub.accept().unwrap());
        let (mut road, cut) = ended.recv_timeout(Duration::from_secs(10)).unwrap();
        assert!(matches!(cut, Err(TransportError::Unreachable(_))), "{cut:?}");
        assert_eq!(road.nonces().copied().collect::<Vec<_>>(), [[5; 16]]);
        drop(hub);
        assert!(matches!(road.push(&Digest::ZERO, b"waits"), Err(TransportError::Unreachable(_))));
        assert_eq!(road.nonces().copied().collect::<Vec<_>>(), [[5; 16]]);
    }

    /// Answers each request over one connection, and gives the heads of all that came.
    fn answers(hub: std::net::TcpListener, answers: &'static [&'static str]) -> std::thread::JoinHandle<Vec<String>> {
        let answering = move || {
            let (mut connection, _) = hub.accept().unwrap();
            let mut heads = Vec::new();
            for answer in answers {
                let (mut came, mut byte) = (Vec::new(), [0]);
                while !came.ends_with(b"\r\n\r\nbody") {
                    connection.read_exact(&mut byte).unwrap();
                    came.extend(byte);
                }
                heads.push(String::from_utf8(came).unwrap().to_lowercase());
                let answer = format!("HTTP/1.1 {answer}\r\ncontent-length: 0\r\n\r\n");
                std::io::Write::write_all(&mut connection, answer.as_bytes()).unwrap();
            }
            heads
        };
        std::thread::Builder::new().spawn(answering).unwrap()
    }

    #[test]
    fn what_the_hub_knows_is_left_out_once_it_has_taken_a_request_and_said_again_where_it_is_doubted() {
        let hub = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let mut road = road_to(&hub);
        road.was_given(&[[4; 16], [5; 16], [6; 16]]);
        let hub = answers(
            hub,
            &[
                "200 OK",
                "401 Unauthorized\r\namanat-refusal: bad-signature",
                "421 Misdirected Request\r\namanat-refusal: wrong-hub",
                "200 OK",
            ],
        );
        assert_eq!(road.pull(&Digest::ZERO, b"body"), Ok(Vec::new()));
        let Err(TransportError::Refused(refusal)) = road.pull(&Digest::ZERO, b"body") else { panic!("a no") };
        assert_eq!(refusal.reason, RefusalReason::WrongHub, "as it was said to the whole request");
        assert_eq!(road.pull(&Digest::ZERO, b"body"), Ok(Vec::new()));
        let heads = hub.join().unwrap();
        let has = |head: &String, name: &str| head.contains(&format!("\r\n{name}: "));
        let short: Vec<bool> = heads.iter().map(|head| has(head, "amanat-signed")).collect();
        assert_eq!(short, [false, true, false, false]);
        for (head, short) in heads.iter().zip(short) {
            for name in ["content-type", "amanat-agency", "amanat-hub", "signature-input", "signature"] {
                assert_eq!(has(head, name), !short, "{name}: {head}");
            }
            assert!(has(head, "content-digest") && has(head, "amanat-checkpoint"), "{head}");
        }
        let with = |nonce: &Nonce| format!("nonce=\"{}\"", signature::encode_nonces(&[*nonce]).to_lowercase());
        assert!(heads[2].contains(&with(&[5; 16])), "its number was not spent: {}", heads[2]);
        assert!(heads[3].contains(&with(&[6; 16])), "{}", heads[3]);
        assert!(heads[1].len() + 380 < heads[0].len(), "{} of {} bytes", heads[1].len(), heads[0].len());
    }

    #[test]
    fn a_request_weighs_what_the_link_carries_in_eight_seconds() {
        let mut road = road_to(&std::net::TcpListener::bind("127.0.0.1:0").unwrap());
        assert_eq!(road.room(), FIRST_ROOM);
        road.measure(100, 60_000);
        assert_eq!(road.room(), FIRST_ROOM, "a small request says nothing of the width");
        for _ in 0..4 {
            road.measure(road.room(), 10);
        }
        assert_eq!(road.room(), 1024 * 1024, "loopback");
        for _ in 0..12 {
            road.measure(road.room(), u64::try_from(road.room() / 8 + 600).unwrap());
        }
        assert!((48 * 1024..72 * 1024).contains(&road.room()), "64 kbit/s: {}", road.room());
    }
}
