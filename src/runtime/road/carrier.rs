//! One device's way to its hub: the road, the courier's memory, and a handle of its own on the journal. It signs and carries; it
//! opens nothing.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use amanat_keys::{device::Signer, fingerprint::Digest, roster::Hub, trust::Trust};
use amanat_sync::{
    courier::{self, Courier, End, Outcome, Party},
    http::{self, Brake, HttpSettings, HttpTransport},
    journal::{Journal as _, SqliteJournal},
    leaving::Told,
    signature::Nonce,
    transport::RefusalReason,
    wire::team::{TeamReply, TeamRequest},
};

use super::{network, team};
use crate::{
    failure::Failure,
    runtime::{
        clock, fault,
        homes::{home::Home, marks::Mark},
    },
};

/// Everything a pass needs. Kept between passes: it holds the connection.
pub struct Carrier {
    courier: Courier,
    journal: SqliteJournal,
    road: HttpTransport,
    party: Party,
    trust: Trust,
    /// Passes in a row that failed and moved nothing.
    attempts: u32,
    seed: u64,
    /// The nonces as they stand on the shelf.
    given: Vec<Nonce>,
    /// While the roster lists two keys of this device: whether requests are signed with the older one.
    with_older: Option<Arc<AtomicBool>>,
}

impl Carrier {
    /// Prepares the way to the hub that the adopted roster names; nothing is sent yet.
    ///
    /// # Errors
    /// Usage when the roster names no hub; refused for a hub away from this machine from a practice home, or an address that
    /// would send plain HTTP over a network.
    pub fn new(home: &Home) -> Result<Self, Failure> {
        let hub = home.hub().ok_or_else(|| {
            Failure::usage(
                "looking for the hub — the roster names none",
                "The roster of this device may be old: take the newest pack (amanat device join PACK --fingerprint WORDS). If it \
                 names no hub either, have the admin approve one: amanat roster approve FILE --role hub.",
            )
        })?;
        if home.practice() && !http::names_this_machine(&hub.url) {
            return Err(Failure::refused(
                format!("calling {} — this home is for practice and calls no hub but one on this machine", hub.url),
                "Make a home without --practice.",
            ));
        }
        let trust = home.trust()?.clone();
        let party = Party { agency: trust.agency(), device: home.device(), hub: hub.id };
        let journal = home.journal().another().map_err(|error| fault::sync("opening the journal again", &error))?;
        let older = home.older_request_signer();
        let (turn, can_turn) = (Arc::new(AtomicBool::new(false)), older.is_some());
        let mut road = road(hub, &trust, (home.signer(), older, Arc::clone(&turn)), party)?;
        road.was_given(&home.nonces);
        road.tells_time(Box::new(|| u64::try_from(clock::unix_ms()).unwrap_or(0)));
        let seed = home.device().as_bytes().iter().fold(0_u64, |seed, byte| seed.rotate_left(7) ^ u64::from(*byte));
        Ok(Self {
            courier: Courier::with_parts(home.part_files()),
            journal,
            road,
            party,
            trust,
            attempts: 0,
            seed,
            given: home.nonces.clone(),
            with_older: can_turn.then_some(turn),
        })
    }

    /// What ends a pass under way, from another thread.
    pub fn brake(&self) -> Brake {
        self.road.brake()
    }

    /// From now on says how many entries of a pass have left.
    pub fn tell(&mut self, told: Told) {
        self.road.tell(told);
    }

    /// One trip there and back.
    pub fn pass(&mut self) -> Outcome {
        self.road.sets_out();
        let mut outcome = self.once();
        // A hub that is a roster behind knows the older key alone, and may be about to hear of the newer one from this very device.
        let refused =
            |outcome: &Outcome| matches!(&outcome.end, End::Refused(no) if no.reason == RefusalReason::BadSignature);
        if let Some(turn) = self.with_older.clone().filter(|_| refused(&outcome) && !outcome.moved()) {
            turn.fetch_xor(true, Ordering::Relaxed);
            outcome = self.once();
        }
        let moved = matches!(outcome.end, End::Done) || outcome.moved();
        self.attempts = if moved { 0 } else { self.attempts.saturating_add(1) };
        self.remember();
        // An admin must know how far each device has come; where it cannot be written, the next pass that brings a list does it.
        if !outcome.listed.is_empty() && self.trust.roster().proposes(&self.party.device) {
            self.journal.shelve(&[Mark::Listed(&outcome.listed).row()], &[]).unwrap_or_default();
        }
        outcome
    }

    fn once(&mut self) -> Outcome {
        courier::pass(&mut self.courier, &mut self.journal, &mut self.road, self.party, &mut self.trust)
    }

    /// What the hub gave is for the next program too. Where it cannot be written, that one pays a round trip.
    fn remember(&mut self) {
        let nonces: Vec<Nonce> = self.road.nonces().copied().collect();
        if nonces != self.given && self.journal.shelve(&[Mark::Nonces(&nonces).row()], &[]).is_ok() {
            self.given = nonces;
        }
    }

    /// What the hub knows of the people of the units that this device's member supervises; `None` where they supervise none.
    ///
    /// # Errors
    /// As a pass that ends early.
    pub fn team(&mut self) -> Result<Option<TeamReply>, Failure> {
        if team::units(&self.trust, &self.party.device).is_empty() {
            return Ok(None);
        }
        let failed = |end: &End| ended(end).unwrap_or_else(|| Failure::failed("asking for the team", ""));
        let status =
            self.journal.status(&self.party.hub).map_err(|error| fault::sync("asking for the team", &error))?;
        let seen = status.checkpoint.map_or(Digest::ZERO, |(_, hash, _)| hash);
        let question = TeamRequest { agency: self.party.agency }.to_bytes();
        let answer = self.road.team(&seen, &question).map_err(|error| failed(&End::from(error)))?;
        self.remember();
        let reply = TeamReply::from_bytes(&answer).map_err(|error| failed(&End::Nonsense(error.to_string())))?;
        Ok(Some(reply))
    }

    /// A network is new: the next try goes by a new connection, and the waits begin again with the shortest. How long to wait before it.
    pub fn has_network(&mut self) -> Duration {
        self.attempts = 0;
        self.road.moved();
        network::settles(self.seed ^ u64::try_from(clock::unix_ms()).unwrap_or(0))
    }

    /// Milliseconds until the next try by itself; `None` when a person must act first, or nothing is to be tried again.
    pub fn next_try(&self, end: &End) -> Option<u64> {
        let jitter = self.seed ^ u64::try_from(clock::unix_ms()).unwrap_or(0);
        courier::next_try(end, self.attempts, jitter)
    }
}

/// The way to a hub; requests are signed with the first key, and with the second while the switch is on.
fn road(
    hub: &Hub,
    trust: &Trust,
    (newer, older, turn): (Signer, Option<Signer>, Arc<AtomicBool>),
    party: Party,
) -> Result<HttpTransport, Failure> {
    let settings = HttpSettings {
        url: hub.url.clone(),
        tls_keys: hub.tls_keys.clone(),
        agency: trust.agency(),
        device: party.device,
        hub: hub.receipt_key.key_id(),
        // A base that could be read as a statement is never signed; the hub refuses the empty signature.
        sign: Box::new(move |base| {
            let signer = older.as_ref().filter(|_| turn.load(Ordering::Relaxed)).unwrap_or(&newer);
            signer.sign_request(base).unwrap_or([0; 64])
        }),
        ticks: Box::new(clock::boot_ms),
    };
    HttpTransport::new(settings).map_err(|error| ended(&End::from(error)).unwrap_or_else(|| Failure::failed("", "")))
}

/// Whether another network may do what this one did not: it led nowhere, or to somebody who is no hub.
pub fn wants_a_network(end: &End) -> bool {
    match end {
        End::Unreachable(_) | End::Nonsense(_) => true,
        End::Refused(refusal) => refusal.reason == RefusalReason::OtherKey,
        // A hub that asks to wait is as busy by every network.
        End::Done | End::Busy(_) | End::Full(_) | End::Local(_) => false,
    }
}

/// How a pass ended, as a failure; `None` when it ended well.
pub fn ended(end: &End) -> Option<Failure> {
    let doing = "syncing";
    Some(match end {
        End::Done => return None,
        End::Unreachable(why) => Failure::unreachable(
            format!("{doing} — the hub was not reached: {why}"),
            "Nothing is lost: what is kept here waits. Try again with a connection, or carry a bundle.",
        ),
        End::Busy(seconds) => {
            Failure::unreachable(format!("{doing} — the hub is busy and asks to wait {seconds} s"), "Try again later.")
        }
        End::Full(seconds) => Failure::unreachable(
            format!("{doing} — the hub's disk is full: it takes nothing new for now, and asks to wait {seconds} s"),
            "Nothing is lost: what is kept here waits, and what the hub has was fetched. Tell its keeper to make room.",
        ),
        End::Refused(refusal) if refusal.reason == RefusalReason::OtherKey => Failure::refused(
            format!("{doing} — {refusal}"),
            "This network may answer in the hub's place: try another. If it lasts, ask the admin for the newest pack: amanat device \
             join PACK --fingerprint WORDS. What is kept here waits.",
        ),
        End::Refused(refusal) if refusal.reason == RefusalReason::WrongHub => Failure::refused(
            format!(
                "{doing} — what answers does not have the signing key that the roster names for the hub, and no newer roster came from it: {refusal}"
            ),
            "Something may answer in the hub's place, or the hub was put back to an older state: tell the admin. What is kept here waits.",
        ),
        End::Refused(refusal) if refusal.reason == RefusalReason::Address => Failure::refused(
            format!("{doing} — {refusal}"),
            "The address stands in the roster: tell the admin. What is kept here waits.",
        ),
        End::Refused(refusal) if refusal.reason == RefusalReason::Revoked => Failure::refused(
            format!(
                "{doing} — this device is revoked: the hub took what still counts of it, and gives it nothing but rosters"
            ),
            "See amanat status for how far it counts. What is kept here stays sealed. To go on working, enrol a new device.",
        ),
        End::Refused(refusal) => Failure::refused(
            format!("{doing} — the hub says no: {refusal}"),
            "Trying again changes nothing: ask the admin. What is kept here waits.",
        ),
        End::Nonsense(what) => Failure::refused(
            format!("{doing} — what the hub answers does not hold: {what}"),
            "Nothing of it was taken. Tell the admin; something before the hub may be at fault.",
        ),
        End::Local(error) => fault::sync(doing, error),
    })
}
