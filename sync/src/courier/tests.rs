//! Sticks and answers around a hub that began a new epoch, and around what others' entries are carried for: who learns of it, who is
//! accused, and how much is offered.

use amanat_keys::device::Signer;
use amanat_keys::fingerprint::{AgencyId, DeviceId, Digest, MemberId, UnitId};
use amanat_keys::hub_epoch::HubEpoch;
use amanat_keys::recipient::{ReadIdentity, RecipientKind};
use amanat_keys::roster::{Admin, Device, DeviceState, Hub, Member, Role, Roster, Span, Unit, UnitKind};
use amanat_keys::statement::{Purpose, Statement};
use amanat_keys::tls_key::TlsKeys;
use amanat_keys::trust::{Trust, propose, signing_agency};

use super::pass::Trip;
use super::stick::NoRoad;
use super::{Courier, Covers, End, Party, TakenIn, Trouble, hand_on, pass, pull, take_in};
use crate::along::Along;
use crate::bundle::{Cargo, carried, load, open, write};
use crate::chain::Head;
use crate::journal::{Filing, Journal, Keep, Line, MemoryJournal, Pulled};
use crate::proof;
use crate::receipt::{Checkpoint, ListedHead, Receipt, heads_list};
use crate::road::{Road, Rows, carried_row};
use crate::specimen::Pen;
use crate::transport::{Transport, TransportError};
use crate::wire::limits::MAX_OFFERED_AGAIN;
use crate::wire::messages::{PushReply, RunAnswer};

/// An admin, a hub, an officer and a carrier, known to each other by one roster.
pub(super) struct Agency {
    root: Signer,
    pub(super) hub: Signer,
    pub(super) trust: Trust,
}

fn signer(seed: u8) -> Signer {
    Signer::from_seed(&[seed; 32]).unwrap()
}

pub(super) fn id(signer: &Signer) -> DeviceId {
    signer.verifying_key().device_id()
}

/// The seed of the officer, whose journal everything here is about.
pub(super) const OFFICER: u8 = 7;
pub(super) const CARRIER: u8 = 9;

impl Agency {
    pub(super) fn new() -> Agency {
        let (root, hub, unit) = (signer(100), signer(200), UnitId::from_bytes([1; 32]));
        let recipient = || ReadIdentity::generate().unwrap().recipient().clone();
        let member = |n| MemberId::from_bytes([n; 16]);
        let named = |n: u8, role| Member { id: member(n), name: format!("m{n}"), roles: vec![(role, unit)] };
        let device = |seed: u8| Device {
            id: id(&signer(seed)),
            member: member(seed),
            spans: vec![Span { key: signer(seed).verifying_key(), journal: None, from: 1, until: None }],
            recipient: recipient(),
            state: DeviceState::Active,
            cut_offs: Vec::new(),
        };
        let mut devices = vec![device(OFFICER), device(CARRIER)];
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
            units: vec![Unit {
                id: unit,
                kind: UnitKind::Headquarters,
                name: "HQ".to_owned(),
                recipient: Some(recipient()),
                epoch: 1,
                retired: Vec::new(),
            }],
            members: vec![named(1, Role::Admin), named(OFFICER, Role::Officer), named(CARRIER, Role::Supervisor)],
            devices,
            hubs: vec![Hub {
                id: id(&hub),
                name: "hub".to_owned(),
                url: "http://127.0.0.1:7070".to_owned(),
                receipt_key: hub.verifying_key(),
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
        let mut statement = propose(&roster).unwrap();
        statement.sign(&signing_agency(&roster), &root);
        let trust = Trust::pin_hash(&statement.to_bytes(), &roster.hash()).unwrap();
        Agency { root, hub, trust }
    }

    pub(super) fn party(&self, seed: u8) -> Party {
        Party { agency: self.trust.agency(), device: id(&signer(seed)), hub: id(&self.hub) }
    }

    /// The officer's journal with so many entries.
    pub(super) fn story(&self, entries: u8) -> Pen {
        let mut pen = self.pen(OFFICER, 1);
        pen.story(1, entries - 1);
        pen
    }

    /// A device of this agency that has written nothing yet.
    pub(super) fn pen(&self, seed: u8, journal: u8) -> Pen {
        Pen::signing(signer(seed), journal, self.trust.agency())
    }

    pub(super) fn checkpoint(&self, epoch: u64, number: u64, heads: Digest) -> (Checkpoint, Vec<u8>) {
        let (agency, hub, previous) = (self.trust.agency(), id(&self.hub), Digest::ZERO);
        let word = Checkpoint { agency, hub, epoch, number, previous, heads, hub_time: 0 };
        let signed = Statement::signed_by(Purpose::Checkpoint, &agency, word.encode(), &self.hub);
        (word, signed.to_bytes())
    }

    pub(super) fn receipt(&self, pen: &Pen, epoch: u64, seq: u64) -> (Receipt, Vec<u8>) {
        let (word, _) = crate::specimen::receipt(pen, epoch, seq);
        let word = Receipt { hub: id(&self.hub), hub_key: self.hub.verifying_key().key_id(), ..word };
        let signed = Statement::signed_by(Purpose::Receipt, &word.agency, word.encode(), &self.hub);
        (word, signed.to_bytes())
    }

    /// The hub's words as a journal has them on file.
    pub(super) fn filing(
        &self,
        receipts: Vec<(Receipt, Vec<u8>)>,
        checkpoint: (Checkpoint, Vec<u8>),
        vouched: u64,
    ) -> Filing {
        let hub = id(&self.hub);
        Filing { hub, receipts, checkpoint: Some(checkpoint), vouched, again: 0, remember: Default::default() }
    }

    /// The admin's word that what the hub says in its second epoch counts.
    fn word(&self) -> Vec<u8> {
        let (agency, reason) = (self.trust.agency(), "disk lost".to_owned());
        let word = HubEpoch { agency, hub: id(&self.hub), old: 1, number: 0, hash: Digest::ZERO, new: 2, reason };
        let mut statement = word.propose().unwrap();
        statement.sign(&agency, &self.root);
        statement.to_bytes()
    }

    /// A journal of the carrier, who was given the officer's entries up to a number.
    pub(super) fn carrier(&self, pen: &Pen, upto: usize) -> MemoryJournal {
        let mut journal = MemoryJournal::default();
        let mut run = pen.run(1, |_| true);
        run.items.truncate(upto);
        let (run, refused) = run.verify(Along::default(), |_| Ok(pen.signer.verifying_key()));
        assert!(refused.is_empty());
        journal.file_pulled(&Pulled { runs: vec![run], quarantine: Vec::new() }).unwrap();
        journal
    }

    /// The officer's own journal, all of which the hub has signed for in its first epoch.
    fn officer(&self, pen: &Pen) -> MemoryJournal {
        let mut journal = MemoryJournal::default();
        journal.begin(&pen.new_journal(Line::Cases, None)).unwrap();
        journal.append(&Keep { entries: pen.written.clone(), ..Keep::default() }).unwrap();
        let all = self.receipt(pen, 1, pen.slot.seq - 1);
        journal.file_receipt(&self.filing(vec![all], self.checkpoint(1, 4, Digest::ZERO), 1)).unwrap();
        journal
    }

    /// What comes of a stick from the carrier to the officer.
    fn stick(&self, carrier: &MemoryJournal, officer: &mut MemoryJournal) -> TakenIn {
        let reader = ReadIdentity::generate().unwrap();
        let to = vec![Digest::from_bytes([4; 32])];
        let load = load(carrier, self.party(CARRIER), &self.trust, to, false).unwrap();
        let cargo = Cargo { manifest: &load.manifest, papers: &load.papers, heads: &[] };
        let more = |run: &_, after| load.items(carrier, run, after);
        let (file, _) = write(cargo, &[reader.recipient().clone()], &signer(CARRIER), Vec::new(), more).unwrap();
        let mut bundle = open([&reader], file.as_slice()).unwrap();
        let taken = take_in(officer, self.party(OFFICER), &mut self.trust.clone(), &mut bundle, |_| true);
        assert!(taken.fault.is_none(), "{taken:?}");
        assert_eq!(
            taken.outcome.covers,
            Covers::Nothing,
            "what a device brings may be younger than the words beside it"
        );
        taken
    }
}

#[test]
fn receipts_of_an_epoch_that_an_admin_spoke_for_count_for_an_officer_whom_only_sticks_reach() {
    let agency = Agency::new();
    let pen = agency.story(6);
    let (mut officer, mut carrier) = (agency.officer(&pen), agency.carrier(&pen, 6));
    let words = vec![agency.receipt(&pen, 2, 4)];
    carrier.file_receipt(&agency.filing(words, agency.checkpoint(2, 5, Digest::ZERO), 2)).unwrap();
    carrier.adopt(&proof::prove(&agency.word(), &agency.trust).unwrap()).unwrap();
    let taken = agency.stick(&carrier, &mut officer);
    let status = officer.status(&id(&agency.hub)).unwrap();
    assert_eq!((status.epoch, status.vouched, status.own[0].received, status.own[0].once), (2, 2, 4, 6));
    assert_eq!(taken.outcome.trouble, [Trouble::Fell { journal: pen.slot.journal, from: 6, to: 4 }]);
    assert_eq!(agency.stick(&carrier, &mut officer).outcome.trouble, [], "it is told once");
}

#[test]
fn a_new_epoch_that_nobody_spoke_for_is_told_by_a_stick_and_by_a_pass_that_breaks() {
    let agency = Agency::new();
    let pen = agency.story(6);
    let (mut officer, mut carrier) = (agency.officer(&pen), agency.carrier(&pen, 6));
    let words = vec![agency.receipt(&pen, 2, 4)];
    carrier.file_receipt(&agency.filing(words, agency.checkpoint(2, 5, Digest::ZERO), 2)).unwrap();
    let red = [Trouble::NewEpoch { epoch: 2 }];
    assert_eq!(agency.stick(&carrier, &mut officer).outcome.trouble, red);
    assert_eq!(officer.status(&id(&agency.hub)).unwrap().own[0].received, 6);
    let (mut courier, mut trust) = (Courier::default(), agency.trust.clone());
    let outcome = pass(&mut courier, &mut officer, &mut NoRoad, agency.party(OFFICER), &mut trust);
    assert!(matches!(outcome.end, End::Unreachable(_)), "{outcome:?}");
    assert_eq!(outcome.trouble, red);
}

/// What a list that shows so much of the officer's journal brings a reader to say, who has these words of the hub on file.
fn shown(
    agency: &Agency,
    pen: &Pen,
    reader: &mut MemoryJournal,
    (epoch, vouched): (u64, u64),
    upto: u64,
    receipts: Vec<(Receipt, Vec<u8>)>,
) -> Vec<Trouble> {
    let link = pen.run(1, |_| true).stretch().link_at(upto).unwrap();
    let (device, journal) = (pen.slot.device, pen.slot.journal);
    let list = heads_list(vec![ListedHead { device, journal, head: Head { seq: upto, link } }]);
    let checkpoint = agency.checkpoint(epoch, 5, Digest::of(&list));
    let seen = Digest::of(&checkpoint.0.encode());
    reader.file_receipt(&agency.filing(receipts, checkpoint, vouched)).unwrap();
    let (mut courier, mut road, mut trust) = (Courier::default(), NoRoad, agency.trust.clone());
    let before = reader.heads().unwrap();
    let mut trip = Trip::new(&mut courier, reader, &mut road, agency.party(CARRIER), &mut trust);
    trip.seen = seen;
    pull::look_for_hidden_tail(&mut trip, &list, &before).unwrap();
    trip.outcome.trouble
}

fn hidden(pen: &Pen, shown: u64, held: u64) -> Vec<Trouble> {
    vec![Trouble::HiddenElsewhere { device: pen.slot.device, journal: pen.slot.journal, shown, held }]
}

#[test]
fn a_hub_is_not_accused_of_hiding_what_only_a_stick_brought() {
    let agency = Agency::new();
    let pen = agency.story(8);
    let place = (pen.slot.device, pen.slot.journal);
    let given = agency.carrier(&pen, 8);
    let mut carried = given.clone();
    Rows { put: vec![carried_row(&place, 3)], take: Vec::new() }.write(&mut carried).unwrap();
    let look = |reader: &MemoryJournal, upto, signed: Option<u64>| {
        let receipts = signed.map(|seq| agency.receipt(&pen, 1, seq)).into_iter().collect();
        shown(&agency, &pen, &mut reader.clone(), (1, 1), upto, receipts)
    };
    assert_eq!(look(&given, 3, None), hidden(&pen, 3, 8), "what the hub gave it must show");
    assert_eq!(look(&carried, 3, None), []);
    assert_eq!(look(&carried, 2, None), hidden(&pen, 2, 3), "what it had when the carrying began it must show");
    assert_eq!(look(&carried, 3, Some(6)), hidden(&pen, 3, 6), "and what it has signed for since");
    assert_eq!(look(&carried, 6, Some(6)), []);
}

#[test]
fn what_a_hub_lost_before_an_epoch_that_counts_is_carried_for_it_and_no_accusation() {
    let agency = Agency::new();
    let pen = agency.story(8);
    let place = (pen.slot.device, pen.slot.journal);
    let look = |epochs, signed: Option<u64>| {
        let mut reader = agency.carrier(&pen, 8);
        let receipts = signed.map(|seq| agency.receipt(&pen, 2, seq)).into_iter().collect();
        let told = shown(&agency, &pen, &mut reader, epochs, 3, receipts);
        (told, Road::carrying(&reader).unwrap().there(&place))
    };
    assert_eq!(look((2, 2), None), (vec![], Some(3)));
    assert_eq!(look((2, 2), Some(3)), (vec![], Some(3)));
    assert_eq!(look((2, 2), Some(6)), (hidden(&pen, 3, 8), None), "what it signed for in this epoch it must show");
    assert_eq!(look((2, 1), None), (hidden(&pen, 3, 8), None), "nobody has spoken for that epoch");
}

/// A hub that says once how far it is, and then takes whatever comes.
struct Taker(Option<u64>);

impl Transport for Taker {
    fn push(&mut self, _: &Digest, _: &[u8]) -> Result<Vec<u8>, TransportError> {
        let answer =
            self.0.take().map_or(RunAnswer::Accepted(0, Digest::ZERO), |has| RunAnswer::Gap(has, Digest::ZERO));
        Ok(PushReply { answers: vec![answer], refused: Vec::new(), statements: Vec::new() }.to_bytes())
    }

    fn pull(&mut self, at: &Digest, body: &[u8]) -> Result<Vec<u8>, TransportError> {
        NoRoad.pull(at, body)
    }

    fn documents(&mut self, at: &Digest, body: &[u8]) -> Result<Vec<u8>, TransportError> {
        NoRoad.documents(at, body)
    }
}

#[test]
fn what_is_carried_is_offered_again_within_the_same_budget_as_what_is_our_own() {
    let agency = Agency::new();
    let pen = agency.story(8);
    // Five entries are carried; the first three the hub had.
    let offered = |(epoch, vouched), has, left| {
        let mut carrier = agency.carrier(&pen, 8);
        Rows { put: vec![carried_row(&(pen.slot.device, pen.slot.journal), 3)], take: Vec::new() }
            .write(&mut carrier)
            .unwrap();
        carrier.file_receipt(&agency.filing(Vec::new(), agency.checkpoint(epoch, 5, Digest::ZERO), vouched)).unwrap();
        let spent = Filing {
            again: MAX_OFFERED_AGAIN - left,
            checkpoint: None,
            ..agency.filing(Vec::new(), agency.checkpoint(epoch, 5, Digest::ZERO), vouched)
        };
        carrier.file_receipt(&spent).unwrap();
        let (mut courier, mut road, mut trust) = (Courier::default(), Taker(Some(has)), agency.trust.clone());
        let mut trip = Trip::new(&mut courier, &mut carrier, &mut road, agency.party(CARRIER), &mut trust);
        hand_on::hand_on(&mut trip).unwrap();
        let told = trip.outcome.trouble.iter().any(|it| matches!(it, Trouble::AgainSpent { .. }));
        let on = trip.outcome.handed_on;
        (on, told, carrier.status(&id(&agency.hub)).unwrap().again)
    };
    assert_eq!(offered((1, 1), 3, 0), (5, false, MAX_OFFERED_AGAIN), "what is new to it costs nothing");
    assert_eq!(offered((1, 1), 0, 0), (0, true, MAX_OFFERED_AGAIN), "it had three of them");
    assert_eq!(offered((2, 1), 3, 0), (0, true, MAX_OFFERED_AGAIN), "nobody has spoken for that epoch");
    let (on, told, again) = offered((2, 1), 0, 1 << 20);
    assert!((on, told) == (8, false) && again > MAX_OFFERED_AGAIN - (1 << 20), "{on} {told} {again}");
}

#[test]
fn what_the_hub_itself_gives_of_a_carried_journal_is_carried_no_more() {
    let agency = Agency::new();
    let pen = agency.story(8);
    let place = (pen.slot.device, pen.slot.journal);
    let there = |stick, carries: bool| {
        let mut reader = agency.carrier(&pen, 5);
        let put = carries.then(|| carried_row(&place, 3)).into_iter().collect();
        Rows { put, take: Vec::new() }.write(&mut reader).unwrap();
        let (mut courier, mut road, mut trust) = (Courier::default(), NoRoad, agency.trust.clone());
        let mut trip = Trip::new(&mut courier, &mut reader, &mut road, agency.party(CARRIER), &mut trust);
        trip.stick = stick;
        assert!(pull::take(&mut trip, vec![pen.run(6, |_| true)], &mut Default::default()).unwrap().moved);
        assert_eq!(trip.outcome.pulled, 3);
        let road = Road::carrying(&reader).unwrap();
        let status = reader.status(&id(&agency.hub)).unwrap();
        (road.there(&place), carried(&reader, &road, &status).unwrap().len())
    };
    assert_eq!(there(false, true), (Some(8), 0));
    assert_eq!(there(true, true), (Some(3), 1), "a stick says nothing of what the hub has");
    assert_eq!(there(false, false), (None, 0));
}
