//! The road over HTTP: one agent, per-phase limits, one retry when the hub hands out a new nonce, and nothing decided. An
//! `https` address is called by TLS with the pinned keys (`http_pin`), and by nothing else.
//!
//! No limit is set on a whole exchange, only on each phase and each single read and write: a slow link is not a broken
//! one. The proxy of the environment is not used, redirects are not followed, and plain HTTP is refused away from
//! loopback before a byte leaves.

use std::collections::VecDeque;
use std::time::Duration;

use amanat_keys::fingerprint::{AgencyId, DeviceId, Digest, KeyId};
use amanat_keys::tls_key::TlsKeys;
use ureq::config::Config;
use ureq::http::Response;
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::{Connector as _, TcpConnector};
use ureq::{Agent, Body, SendBody};

use crate::http_pin::{PinnedTls, Unproven};
use crate::leaving::{Load, Told};
use crate::signature::{self, NONCE_FIELD, Nonce, Parts};
use crate::transport::{FIRST_ROOM, MARK_FIELD, Refusal, RefusalReason, Transport, TransportError};
use crate::wire::codec;
use crate::wire::team::SelfReport;

/// Name resolution, connecting, and the handshake, each.
const REACH: Duration = Duration::from_secs(20);
/// One read or one write may wait so long without a byte moving.
const STALL: Duration = Duration::from_secs(45);
/// An answer larger than this is not read (bytes).
const ANSWER_LIMIT: u64 = 32 * 1024 * 1024;
/// Header fields of an answer, together (bytes).
const ANSWER_FIELDS_LIMIT: usize = 16 * 1024;
/// An idle connection is kept so long: on a slow link a new one costs more than a request.
const IDLE: Duration = Duration::from_secs(120);
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

/// Signs the base of a request with the device's key.
pub type SignRequest = Box<dyn Fn(&[u8]) -> [u8; 64] + Send>;
/// Milliseconds of a clock that never goes back; only differences are used.
pub type Ticks = Box<dyn Fn() -> u64 + Send>;

/// Where the hub is and who calls it.
pub struct HttpTransport {
    agent: Agent,
    base: String,
    authority: String,
    agency: AgencyId,
    device: DeviceId,
    hub: KeyId,
    sign: SignRequest,
    ticks: Ticks,
    /// The device's clock, where it is said.
    clock: Option<Ticks>,
    report: Option<SelfReport>,
    nonces: VecDeque<Nonce>,
    mark: Option<Digest>,
    room: usize,
    load: Load,
}

/// Ends what a transport is doing, and every later request of it; another transport is made to go on.
#[derive(Debug)]
pub struct Brake(Agent);

impl Brake {
    /// Closes the connection: a read or write that waits returns at once. Connecting is bounded by its own limit.
    pub fn stop(self) {
        self.0.shutdown();
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
        let config = config(secure);
        let (agent, scheme) = if !secure {
            (config.new_agent(), "http")
        } else if settings.tls_keys.is_empty() {
            return refuse(
                &settings.url,
                "the roster lists no TLS key for it; the admin approves the hub's request again",
            );
        } else {
            (by_tls(config, PinnedTls::new(settings.tls_keys))?, "https")
        };
        Ok(Self {
            agent,
            base: format!("{scheme}://{authority}"),
            authority,
            agency: settings.agency,
            device: settings.device,
            hub: settings.hub,
            sign: settings.sign,
            ticks: settings.ticks,
            clock: None,
            report: None,
            nonces: VecDeque::new(),
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
        self.load.sets_out();
    }

    /// What ends a request under way, from another thread.
    pub fn brake(&self) -> Brake {
        Brake(self.agent.clone())
    }

    /// `signed` is what the request signs of the body: all of it, or the manifest that begins a streaming one.
    fn call(&mut self, path: &str, checkpoint: &Digest, signed: &[u8], body: &[u8]) -> Result<Vec<u8>, TransportError> {
        // The first request of a program has no nonce yet: the hub answers it with one (401), and it goes again. The
        // same happens when the hub has been started anew. A third try would be a loop.
        let nonce = self.nonces.pop_front();
        let digest = signature::content_digest(signed);
        let mut answer = self.send(path, checkpoint, &digest, body, nonce.unwrap_or_default())?;
        if answer.status() == 401
            && field(&answer, "amanat-refusal").is_none()
            && let Some(fresh) = self.nonces.pop_front()
        {
            // Read to its end, the answer leaves the connection free for the second try; a new one would cost a round trip more.
            let _said = answer.body_mut().with_config().limit(ANSWER_LIMIT).read_to_vec();
            answer = self.send(path, checkpoint, &digest, body, fresh)?;
        }
        read(answer)
    }

    fn send(
        &mut self,
        path: &str,
        checkpoint: &Digest,
        content_digest: &str,
        body: &[u8],
        nonce: Nonce,
    ) -> Result<Response<Body>, TransportError> {
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
        let fields = signature::fields(&self.device, &nonce, &signature);
        let began = (self.ticks)();
        // The system takes a body faster than a slow link carries it: until all of it is there, nobody answers.
        let patience = STALL + self.takes(body.len()) * 2;
        let request = self
            .agent
            .post(format!("{}{path}{}", self.base, if query == "?" { "" } else { &query }))
            .config()
            .timeout_per_read(Some(patience))
            .build()
            .header("content-type", "application/cbor")
            .header("content-digest", &parts.content_digest)
            .header("amanat-agency", &parts.agency)
            .header("amanat-hub", &parts.hub)
            .header("amanat-checkpoint", &parts.checkpoint)
            .header("signature-input", &fields.input)
            .header("signature", &fields.signature);
        let leaving = if path == PUSH { self.load.leaving(body) } else { None };
        let answer = match leaving {
            // With its length said, a body that is read goes out as it is and not in chunks.
            Some(mut leaving) => request.header("content-length", body.len()).send(SendBody::from_reader(&mut leaving)),
            None => request.send(body),
        };
        let answer = match answer {
            Ok(answer) => answer,
            Err(source) => {
                // Where nobody was reached it is as good as before. After a cut it may be spent, and trying would cost the body again.
                if never_left(&source) && nonce != Nonce::default() {
                    self.nonces.push_front(nonce);
                }
                return Err(unanswered(&self.base, &source));
            }
        };
        self.measure(body.len(), (self.ticks)().saturating_sub(began));
        self.mark = field(&answer, MARK_FIELD).and_then(|mark| mark.parse().ok()).or(self.mark);
        if let Some(fresh) = field(&answer, NONCE_FIELD) {
            if answer.status() == 401 {
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

    /// How long so many bytes take on the link as it was measured.
    fn takes(&self, bytes: usize) -> Duration {
        let ms = bytes.saturating_mul(AIM_MS) / self.room.max(1);
        Duration::from_millis(u64::try_from(ms).unwrap_or(u64::MAX))
    }

    /// Small requests measure the round trip and not the width of the link, so they teach nothing.
    fn measure(&mut self, bytes: usize, elapsed_ms: u64) {
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
        let began = (self.ticks)();
        let answer = self.call("/v1/parts", checkpoint, body, body)?;
        // What is fetched says as much of the link's width as what is brought.
        self.measure(answer.len(), (self.ticks)().saturating_sub(began));
        Ok(answer)
    }

    fn rosters(&mut self, question: &[u8]) -> Result<Vec<u8>, TransportError> {
        // A connection of its own, that nothing else ever uses; in plain there is no key that could be another.
        let anybody = by_tls(config(true), PinnedTls::with_anybody())?;
        let request = anybody.post(format!("{}{ROSTERS}", self.base)).header("content-type", "application/cbor");
        read(request.send(question).map_err(|source| unanswered(&self.base, &source))?)
    }

    fn mark(&self) -> Option<Digest> {
        self.mark
    }

    fn room(&self) -> usize {
        self.room
    }
}

/// An agent whose every connection goes by TLS.
fn by_tls(config: Config, tls: Result<PinnedTls, rustls::Error>) -> Result<Agent, TransportError> {
    let tls = tls.map_err(|fault| TransportError::Unreachable(format!("TLS cannot be used here: {fault}")))?;
    let road = ().chain(TcpConnector::default()).chain(tls);
    Ok(Agent::with_parts(config, road, DefaultResolver::default()))
}

/// How every request is made, by TLS or in plain.
fn config(secure: bool) -> Config {
    Agent::config_builder()
        .timeout_resolve(Some(REACH))
        .timeout_connect(Some(REACH))
        .timeout_per_read(Some(STALL))
        .timeout_per_write(Some(STALL))
        .proxy(None)
        .max_redirects(0)
        .https_only(secure)
        .http_status_as_error(false)
        .max_response_header_size(ANSWER_FIELDS_LIMIT)
        .max_idle_age(IDLE)
        .user_agent("")
        .build()
}

/// Whether devices of this version will call a hub at this address: whoever writes an address into a roster asks first.
///
/// # Errors
/// A refusal that says what is wrong with it.
pub fn check_address(url: &str) -> Result<(), TransportError> {
    Address::read(url).map(drop)
}

/// Whether calling this address needs a TLS key on the roster.
#[must_use]
pub fn needs_tls_key(url: &str) -> bool {
    Address::read(url).is_ok_and(|address| address.secure)
}

/// An address that this version may call: by TLS, or in plain on this machine.
#[derive(Debug, PartialEq, Eq)]
struct Address {
    secure: bool,
    /// Host and port, the scheme's own left out.
    authority: String,
}

impl Address {
    fn read(url: &str) -> Result<Self, TransportError> {
        let (secure, rest) = match url.split_once("://") {
            Some(("https", rest)) => (true, rest),
            Some(("http", rest)) => (false, rest),
            _ => return refuse(url, "the address must begin with https:// (or http:// on this machine)"),
        };
        let Some(authority) = authority_of(rest) else {
            return refuse(url, "the address must be a host and a port only");
        };
        if !secure && !is_loopback(&authority) {
            let why = "plain http is only for a hub on this machine, because everything could be watched; use https";
            return refuse(url, why);
        }
        let usual = if secure { ":443" } else { ":80" };
        let authority = authority.strip_suffix(usual).unwrap_or(&authority).to_owned();
        Ok(Self { secure, authority })
    }
}

/// A no of our own, before anything is sent.
fn refuse<T>(url: &str, sentence: &str) -> Result<T, TransportError> {
    let sentence = format!("calling the hub at {url}: {sentence}");
    Err(TransportError::Refused(Refusal { reason: RefusalReason::Address, sentence, request: String::new() }))
}

/// Whether a URL names this machine, whatever its scheme.
pub fn names_this_machine(url: &str) -> bool {
    url.split_once("://")
        .and_then(|(_scheme, rest)| authority_of(rest))
        .is_some_and(|authority| is_loopback(&authority))
}

/// Host and port, in small letters, where a URL has nothing else.
fn authority_of(rest: &str) -> Option<String> {
    let authority = rest.strip_suffix('/').unwrap_or(rest).to_ascii_lowercase();
    (!authority.contains(['/', '@', '?', '#']) && !authority.is_empty()).then_some(authority)
}

fn is_loopback(authority: &str) -> bool {
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => authority,
    };
    let name = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn field<'a>(answer: &'a Response<Body>, name: &str) -> Option<&'a str> {
    answer.headers().get(name).and_then(|value| value.to_str().ok())
}

/// A status is turned into what to do about it; the body of a no is the sentence for a person.
fn read(mut answer: Response<Body>) -> Result<Vec<u8>, TransportError> {
    let status = answer.status().as_u16();
    let reason = field(&answer, "amanat-refusal").and_then(RefusalReason::from_spelling);
    let request = field(&answer, "amanat-request").unwrap_or_default().to_owned();
    let wait = field(&answer, "retry-after").and_then(|v| v.parse().ok()).unwrap_or(5);
    let body = answer
        .body_mut()
        .with_config()
        .limit(ANSWER_LIMIT)
        .read_to_vec()
        .map_err(|source| TransportError::Unreachable(source.to_string()))?;
    match (status, reason) {
        (200, _) => Ok(body),
        // Too much, not now, or its disk is full: what was sent stays here, and goes again.
        (429 | 503 | 507, _) => Err(TransportError::Busy(wait)),
        (_, Some(reason)) => {
            let text = String::from_utf8_lossy(&body);
            let sentence = text.chars().filter(|c| !c.is_control()).take(300).collect();
            Err(TransportError::Refused(Refusal { reason, sentence, request }))
        }
        (other, None) => Err(TransportError::Nonsense(format!("status {other} {request}"))),
    }
}

fn unanswered(base: &str, source: &ureq::Error) -> TransportError {
    match source {
        ureq::Error::Other(inner) if inner.is::<Unproven>() => TransportError::Refused(Refusal {
            reason: RefusalReason::OtherKey,
            sentence: format!("what answers at {base} is not the hub: {Unproven}. No entry was sent"),
            request: String::new(),
        }),
        other => TransportError::Unreachable(other.to_string()),
    }
}

/// Whether not a byte of the request can have gone: there was no connection.
fn never_left(source: &ureq::Error) -> bool {
    use std::io::ErrorKind::{AddrNotAvailable, ConnectionRefused, HostUnreachable, NetworkDown, NetworkUnreachable};
    let nowhere = [ConnectionRefused, HostUnreachable, NetworkDown, NetworkUnreachable, AddrNotAvailable];
    match source {
        ureq::Error::HostNotFound | ureq::Error::ConnectionFailed => true,
        ureq::Error::Timeout(timeout) => matches!(timeout, ureq::Timeout::Resolve | ureq::Timeout::Connect),
        ureq::Error::Io(error) => nowhere.contains(&error.kind()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_goes_to_loopback_only() {
        for url in ["http://127.0.0.1:7070", "http://127.9.9.9:1/", "http://[::1]:7070", "http://LOCALHOST:7070"] {
            assert!(Address::read(url).is_ok_and(|address| !address.secure), "{url}");
        }
        let authority = |url| Address::read(url).unwrap().authority;
        assert_eq!(
            (authority("http://127.0.0.1:80"), authority("http://127.0.0.1:443")),
            ("127.0.0.1".into(), "127.0.0.1:443".into())
        );
        assert_eq!(
            (authority("https://Hub.Example:443/"), authority("https://hub:80")),
            ("hub.example".into(), "hub:80".into())
        );
        for url in ["https://127.0.0.1", "https://hub.example:7070", "https://10.0.0.1:7070/", "https://[2001:db8::1]"]
        {
            assert!(needs_tls_key(url), "{url}");
        }
        for url in [
            "http://10.0.0.1:7070",
            "http://hub.example:7070",
            "http://127.0.0.1.example:7070",
            "http://localhost@evil.example",
            "http://evil.example/localhost",
            "http://",
            "ftp://127.0.0.1",
            "https://",
            "https://hub.example/path",
            "https://localhost@evil.example",
            "HTTPS://hub.example",
            "127.0.0.1:7070",
        ] {
            let refused = Address::read(url).unwrap_err();
            assert!(matches!(refused, TransportError::Refused(r) if r.reason == RefusalReason::Address), "{url}");
        }
    }

    #[test]
    fn this_machine_is_known_by_its_names_and_nothing_else() {
        for url in
            ["http://127.0.0.1:7070", "http://127.3.2.1", "http://localhost:1/", "http://[::1]:7070", "https://[::1]"]
        {
            assert!(names_this_machine(url), "{url}");
        }
        for url in
            ["http://10.0.0.1", "https://hub.example", "http://127.0.0.1.example:1", "localhost", "http://[::2]:1"]
        {
            assert!(!names_this_machine(url), "{url}");
        }
    }

    #[test]
    fn a_brake_ends_a_request_that_nobody_answers() {
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let mut road = HttpTransport::new(HttpSettings {
            url: format!("http://{}", silent.local_addr().unwrap()),
            tls_keys: TlsKeys::default(),
            agency: AgencyId::from_bytes([1; 32]),
            device: DeviceId::from_bytes([2; 32]),
            hub: KeyId::from_bytes([3; 32]),
            sign: Box::new(|_| [0; 64]),
            ticks: Box::new(|| 0),
        })
        .unwrap();
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
        let mut road = HttpTransport::new(HttpSettings {
            url: format!("http://{}", hub.local_addr().unwrap()),
            tls_keys: TlsKeys::default(),
            agency: AgencyId::from_bytes([1; 32]),
            device: DeviceId::from_bytes([2; 32]),
            hub: KeyId::from_bytes([3; 32]),
            sign: Box::new(|_| [0; 64]),
            ticks: Box::new(|| 0),
        })
        .unwrap();
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

    #[test]
    fn a_request_weighs_what_the_link_carries_in_eight_seconds() {
        let mut road = HttpTransport::new(HttpSettings {
            url: "http://127.0.0.1:1".into(),
            tls_keys: TlsKeys::default(),
            agency: AgencyId::from_bytes([1; 32]),
            device: DeviceId::from_bytes([2; 32]),
            hub: KeyId::from_bytes([3; 32]),
            sign: Box::new(|_| [0; 64]),
            ticks: Box::new(|| 0),
        })
        .unwrap();
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
