//! An agency in memory: a roster, devices that write real entries and sign real requests, a hub over any store, and a road
//! that leads into its router.

use std::sync::Arc;

use amanat_hub::store::{HubStore, MemoryStore};
use amanat_hub::{Hub, HubIdentity, router};
use amanat_keys::device::Signer;
use amanat_keys::fingerprint::{AgencyId, CaseId, DeviceId, Digest, JournalId, KeyId, MemberId, UnitId};
use amanat_keys::recipient::{ReadIdentity, RecipientKind};
use amanat_keys::roster::{Admin, Device, DeviceState, Hub as ListedHub, Member, Role, Roster, Span, Unit, UnitKind};
use amanat_keys::tls_key::TlsKeys;
use amanat_keys::trust::{Trust, propose, signing_agency};
use amanat_sync::batch::{Item, Run};
use amanat_sync::chain;
use amanat_sync::courier::Party;
use amanat_sync::entry::{Change, Header, Kind, Part, Reader, RosterSeen, SealedEntry, Slot, Target};
use amanat_sync::journal::{Journal, Keep, Line, NewJournal};
use amanat_sync::signature::{self, Nonce, Parts};
use amanat_sync::transport::{Transport, TransportError};
use amanat_sync::wire::codec;
use axum::body::{Body, Bytes};
use axum::http::{Request, Response};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

pub(crate) const HQ: UnitId = UnitId::from_bytes([1; 32]);
pub(crate) const STATION: UnitId = UnitId::from_bytes([2; 32]);

/// A device of the agency.
#[derive(Clone)]
pub(crate) struct Actor {
    pub(crate) id: DeviceId,
    pub(crate) signer: Signer,
    pub(crate) role: Role,
    pub(crate) unit: UnitId,
    /// Opens what is sealed to its recipient.
    pub(crate) opens: ReadIdentity,
}

/// The agency: one admin, some devices, one hub.
#[derive(Clone)]
pub(crate) struct Agency {
    pub(crate) root: Signer,
    pub(crate) hub: HubIdentity,
    pub(crate) actors: Vec<Actor>,
    pub(crate) roster: Roster,
    pub(crate) trust: Trust,
}

fn signer(seed: u8) -> Signer {
    Signer::from_seed(&[seed; 32]).unwrap()
}

fn member(n: u8) -> MemberId {
    MemberId::from_bytes([n; 16])
}

impl Agency {
    /// Officers 1 and 2 and the supervisor of a station, and a reader at headquarters, in this order.
    pub(crate) fn new(url: &str) -> Self {
        let hub = signer(200);
        Self::with_hub(url, HubIdentity { id: hub.verifying_key().device_id(), signer: hub, next: None, epoch: 1 }, 0)
    }

    /// The same with so many more officers of the station, from actor 4 on.
    pub(crate) fn crowd(more: usize) -> Self {
        let hub = signer(200);
        let hub = HubIdentity { id: hub.verifying_key().device_id(), signer: hub, next: None, epoch: 1 };
        Self::with_hub("http://127.0.0.1:7070", hub, more)
    }

    pub(crate) fn with_hub(url: &str, hub: HubIdentity, more: usize) -> Self {
        let mut places =
            vec![(Role::Officer, STATION), (Role::Officer, STATION), (Role::Supervisor, STATION), (Role::Reader, HQ)];
        places.extend(std::iter::repeat_n((Role::Officer, STATION), more));
        let actors: Vec<Actor> = (10_u8..)
            .zip(places)
            .map(|(seed, (role, unit))| Actor {
                id: signer(seed).verifying_key().device_id(),
                signer: signer(seed),
                role,
                unit,
                opens: ReadIdentity::generate().unwrap(),
            })
            .collect();
        let root = signer(100);
        let recipient = || ReadIdentity::generate().unwrap().recipient().clone();
        let unit = |id, kind, name: &str| Unit {
            id,
            kind,
            name: name.to_owned(),
            recipient: Some(recipient()),
            epoch: 1,
            retired: Vec::new(),
        };
        let mut members = vec![Member { id: member(1), name: "admin".to_owned(), roles: vec![(Role::Admin, HQ)] }];
        let mut devices = Vec::new();
        for (n, actor) in (10_u8..).zip(&actors) {
            members.push(Member { id: member(n), name: format!("m{n}"), roles: vec![(actor.role, actor.unit)] });
            devices.push(Device {
                id: actor.id,
                member: member(n),
                spans: vec![Span { key: actor.signer.verifying_key(), journal: None, from: 1, until: None }],
                recipient: actor.opens.recipient().clone(),
                state: DeviceState::Active,
                cut_offs: Vec::new(),
            });
        }
        devices.sort_by_key(|device| device.id);
        let roster = Roster {
            agency: AgencyId::ZERO,
            name: "Test".to_owned(),
            version: 1,
            previous: Digest::ZERO,
            issued: 1_700_000_000,
            expires: 1_900_000_000,
            threshold: 1,
            admins: vec![Admin { member: member(1), root_key: root.verifying_key() }],
            units: vec![unit(HQ, UnitKind::Headquarters, "HQ"), unit(STATION, UnitKind::Station, "Station")],
            members,
            devices,
            hubs: vec![ListedHub {
                id: hub.id,
                name: "hub".to_owned(),
                url: url.to_owned(),
                receipt_key: hub.signer.verifying_key(),
                transport: recipient(),
                tls_keys: TlsKeys::default(),
                first_checkpoint: 1,
                last_checkpoint: None,
                retired: Vec::new(),
            }],
            peers: Vec::new(),
            recovery: None,
            kind: RecipientKind::X25519,
            minimum_version: 1,
            policies: Vec::new(),
        };
        let statement = statement(&roster, &root);
        let trust = Trust::pin_hash(&statement, &roster.hash()).unwrap();
        Self { root, hub, actors, roster, trust }
    }

    /// The next roster, changed as wished: its statement. The agency's own trust does not move.
    pub(crate) fn next(&self, change: impl FnOnce(&mut Roster)) -> Vec<u8> {
        let mut next = self.roster.clone();
        next.agency = self.trust.agency();
        next.version = self.trust.roster_version() + 1;
        next.previous = self.trust.roster_hash();
        change(&mut next);
        statement(&next, &self.root)
    }

    pub(crate) fn id(&self) -> AgencyId {
        self.trust.agency()
    }

    pub(crate) fn party(&self, actor: usize) -> Party {
        Party { agency: self.id(), device: self.actors[actor].id, hub: self.hub.id }
    }

    pub(crate) async fn open(&self, store: Arc<dyn HubStore>) -> Arc<Hub> {
        let keep = Box::new(|_: &Trust| Ok(()));
        Arc::new(Hub::open_at(self.hub.clone(), store, self.trust.clone(), keep, || 1_750_000_000_000).await.unwrap())
    }

    pub(crate) async fn in_memory(&self) -> Arc<Hub> {
        self.open(Arc::new(MemoryStore::default())).await
    }
}

fn statement(roster: &Roster, root: &Signer) -> Vec<u8> {
    let mut statement = propose(roster).unwrap();
    statement.sign(&signing_agency(roster), root);
    statement.to_bytes()
}

/// A device that writes its journal: signed headers over made-up envelopes, which is all that a hub can see.
pub(crate) struct Pen {
    pub(crate) signer: Signer,
    pub(crate) slot: Slot,
    pub(crate) target: Option<Target>,
    /// What the next entry lists.
    pub(crate) parts: Vec<Part>,
}

impl Pen {
    pub(crate) fn new(agency: &Agency, actor: usize, journal: u8) -> Self {
        let Actor { id: device, signer, .. } = agency.actors[actor].clone();
        let journal = JournalId::from_bytes([journal; 16]);
        let agency = agency.id();
        let prev = chain::link0(&agency, &device, &journal);
        Self { signer, slot: Slot { agency, device, journal, seq: 1, prev }, target: None, parts: Vec::new() }
    }

    pub(crate) fn new_journal(&self, line: Line) -> NewJournal {
        let Slot { agency, device, journal, .. } = self.slot;
        NewJournal { agency, device, journal, line, closes: None }
    }

    /// A slip to units or devices.
    pub(crate) fn slip(&mut self, readers: &[[u8; 32]]) -> SealedEntry {
        let audience = self.audience(readers);
        self.write(Kind::Slip, self.slot.seq, audience, b"age header")
    }

    fn audience(&self, readers: &[[u8; 32]]) -> Vec<Reader> {
        let agency = self.slot.agency;
        let reader = |id: &[u8; 32]| Reader { agency, id: Digest::from_bytes(*id), key: KeyId::from_bytes([5; 32]) };
        let mut audience: Vec<Reader> = readers.iter().map(reader).collect();
        audience.sort_unstable();
        audience
    }

    /// Content under the slip at `key`.
    pub(crate) fn note(&mut self, key: u64, text: &str) -> SealedEntry {
        self.write(Kind::Sealed, key, Vec::new(), text.as_bytes())
    }

    /// Opens another's slip to more readers.
    pub(crate) fn rewrap(&mut self, slip: &SealedEntry, readers: &[[u8; 32]]) -> SealedEntry {
        self.target = Some(Target {
            agency: self.slot.agency,
            entry: slip.at(),
            hash: slip.hash(),
            change: Change::Rewrap,
            replaces: None,
        });
        let audience = self.audience(readers);
        self.write(Kind::StandIn, self.slot.seq, audience, b"another age header")
    }

    /// A slip to the station and headquarters and `n - 1` notes under it.
    pub(crate) fn story(&mut self, n: u64) -> Vec<SealedEntry> {
        let slip = self.slot.seq;
        let mut entries = vec![self.slip(&[*HQ.as_bytes(), *STATION.as_bytes()])];
        entries.extend((1..n).map(|i| self.note(slip, &format!("note {i} of the story"))));
        entries
    }

    fn write(&mut self, kind: Kind, key: u64, audience: Vec<Reader>, envelope: &[u8]) -> SealedEntry {
        let Slot { agency, device, journal, seq, prev } = self.slot;
        let hash = (kind != Kind::Sealed).then_some(Digest::from_bytes([9; 32]));
        let header = Header {
            v: 1,
            agency,
            device,
            journal,
            seq,
            prev,
            kind,
            case: CaseId::from_bytes([3; 16]),
            key,
            audience,
            roster: RosterSeen { version: 1, hash },
            commitment: Digest::of(&[envelope, b"inside"].concat()),
            digest: Digest::of(envelope),
            size: u64::try_from(envelope.len()).unwrap(),
            parts: std::mem::take(&mut self.parts),
            target: self.target.take(),
        };
        let bytes = header.encode().unwrap();
        let signature = self.signer.sign(amanat_keys::statement::Purpose::Entry, &agency, &bytes);
        let entry = SealedEntry::from_parts(bytes, signature, Some(envelope.to_vec())).unwrap();
        self.slot = self.slot.after(&entry);
        entry
    }
}

/// Entries of one journal as a run.
pub(crate) fn run(entries: &[SealedEntry]) -> Run {
    let first = &entries[0].header;
    Run {
        agency: first.agency,
        device: first.device,
        journal: first.journal,
        first: first.seq,
        before: first.prev,
        items: entries.iter().map(|entry| Item::Entry(Box::new(entry.clone()))).collect(),
    }
}

/// Keeps entries in a journal that is begun if need be.
pub(crate) fn keep(journal: &mut dyn Journal, pen: &Pen, entries: &[SealedEntry]) {
    if entries[0].header.seq == 1 {
        journal.begin(&pen.new_journal(Line::Cases)).unwrap();
    }
    journal.append(&Keep { entries: entries.to_vec(), ..Keep::default() }).unwrap();
}

/// A client without any transport: builds signed requests, each part changeable.
pub(crate) struct Client {
    pub(crate) actor: Actor,
    pub(crate) parts: Parts,
    pub(crate) nonce: Nonce,
    /// Leaves out what the hub knows by itself.
    pub(crate) short: bool,
}

impl Client {
    pub(crate) fn new(agency: &Agency, actor: usize, path: &str) -> Self {
        Self {
            actor: agency.actors[actor].clone(),
            parts: Parts {
                method: "POST".to_owned(),
                authority: "127.0.0.1:7070".to_owned(),
                path: path.to_owned(),
                query: "?".to_owned(),
                content_digest: String::new(),
                agency: agency.id().to_string(),
                hub: agency.hub.signer.key_id().to_string(),
                checkpoint: Digest::ZERO.to_string(),
            },
            nonce: Nonce::default(),
            short: false,
        }
    }

    pub(crate) fn request(&self, body: &[u8]) -> Request<Body> {
        let manifest = codec::manifest_of(body).filter(|_| self.parts.path == "/v1/push");
        let content_digest = signature::content_digest(manifest.unwrap_or(body));
        let parts = Parts { content_digest, ..self.parts.clone() };
        let base = parts.base(&self.actor.id, &self.nonce);
        let signature = self.actor.signer.sign_request(base.as_bytes()).unwrap();
        let fields = signature::fields(&self.actor.id, &self.nonce, &signature);
        let request = Request::builder()
            .method("POST")
            .uri(format!("{}{}", parts.path, if parts.query == "?" { "" } else { &parts.query }))
            .header("host", &parts.authority)
            .header("content-digest", &parts.content_digest)
            .header("amanat-checkpoint", &parts.checkpoint);
        let request = if self.short {
            request.header(signature::SHORT_FIELD, signature::short(&self.actor.id, &self.nonce, &signature))
        } else {
            request
                .header("amanat-agency", &parts.agency)
                .header("amanat-hub", &parts.hub)
                .header("signature-input", fields.input)
                .header("signature", fields.signature)
        };
        request.body(Body::from(body.to_vec())).unwrap()
    }

    /// Sends, answering one offer of a nonce as every client does.
    pub(crate) async fn send(&mut self, hub: &Arc<Hub>, body: &[u8]) -> Answer {
        let answer = ask(hub, self.request(body)).await;
        self.nonce = answer.nonce.unwrap_or_default();
        if answer.status != 401 || answer.refusal.is_some() {
            return answer;
        }
        let answer = ask(hub, self.request(body)).await;
        self.nonce = answer.nonce.unwrap_or_default();
        answer
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) refusal: Option<String>,
    pub(crate) request: String,
    pub(crate) nonce: Option<Nonce>,
    pub(crate) mark: Option<Digest>,
    pub(crate) body: Bytes,
}

pub(crate) async fn ask(hub: &Arc<Hub>, request: Request<Body>) -> Answer {
    let response: Response<Body> = router(Arc::clone(hub)).oneshot(request).await.unwrap();
    let field = |name: &str| response.headers().get(name).map(|v| v.to_str().unwrap().to_owned());
    let nonce = field(signature::NONCE_FIELD).and_then(|text| signature::decode_nonces(&text).pop());
    let (status, refusal, request) = (response.status().as_u16(), field("amanat-refusal"), field("amanat-request"));
    let mark = field("amanat-documents").and_then(|text| text.parse().ok());
    let body = response.into_body().collect().await.unwrap().to_bytes();
    Answer { status, refusal, request: request.unwrap_or_default(), nonce, mark, body }
}

/// A road into a hub's router that breaks when `fate` says so.
pub(crate) struct Road<'a> {
    pub(crate) hub: Arc<Hub>,
    pub(crate) agency: &'a Agency,
    pub(crate) actor: usize,
    pub(crate) fate: Box<dyn FnMut() -> Fate + Send + 'a>,
    pub(crate) calls: usize,
    pub(crate) room: usize,
    mark: Option<Digest>,
    nonce: Nonce,
}

/// What happens to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Arrives,
    RequestLost,
    ReplyLost,
}

impl<'a> Road<'a> {
    pub(crate) fn new(agency: &'a Agency, hub: &Arc<Hub>, actor: usize) -> Self {
        Self::with(agency, hub, actor, Box::new(|| Fate::Arrives))
    }

    pub(crate) fn with(
        agency: &'a Agency,
        hub: &Arc<Hub>,
        actor: usize,
        fate: Box<dyn FnMut() -> Fate + Send + 'a>,
    ) -> Self {
        let hub = Arc::clone(hub);
        Self { hub, agency, actor, fate, calls: 0, room: 1024, mark: None, nonce: Nonce::default() }
    }

    fn call(&mut self, path: &str, checkpoint: &Digest, body: &[u8]) -> Result<Vec<u8>, TransportError> {
        self.calls += 1;
        let lost = || Err(TransportError::Unreachable("the test cut the road".to_owned()));
        let fate = (self.fate)();
        if fate == Fate::RequestLost {
            return lost();
        }
        let mut client = Client::new(self.agency, self.actor, path);
        client.parts.checkpoint = checkpoint.to_string();
        client.nonce = self.nonce;
        client.short = self.nonce != Nonce::default();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let answer = runtime.block_on(client.send(&self.hub, body));
        if fate == Fate::ReplyLost {
            return lost();
        }
        self.nonce = client.nonce;
        self.mark = answer.mark.or(self.mark);
        match answer.status {
            200 => Ok(answer.body.to_vec()),
            status => Err(TransportError::Nonsense(format!("{status} {:?}", answer.refusal))),
        }
    }
}

impl Transport for Road<'_> {
    fn push(&mut self, checkpoint: &Digest, body: &[u8]) -> Result<Vec<u8>, TransportError> {
        self.call("/v1/push", checkpoint, body)
    }
    fn pull(&mut self, checkpoint: &Digest, body: &[u8]) -> Result<Vec<u8>, TransportError> {
        self.call("/v1/pull", checkpoint, body)
    }
    fn documents(&mut self, checkpoint: &Digest, body: &[u8]) -> Result<Vec<u8>, TransportError> {
        self.call("/v1/documents", checkpoint, body)
    }
    fn parts(&mut self, checkpoint: &Digest, body: &[u8]) -> Result<Vec<u8>, TransportError> {
        self.call("/v1/parts", checkpoint, body)
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
        self.room
    }
}
