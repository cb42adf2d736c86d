//! Worker 2: carries. One pass runs, one may wait and the newest wish wins; between passes the thread sleeps until the next is due.
//! It holds a signing handle and sealed rows, and never a key that opens an entry.

use std::{
    io,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread,
    time::{Duration, Instant},
};

use amanat_sync::{
    courier::{End, Outcome},
    http::Brake,
    leaving::Told,
    wire::team::TeamReply,
};

use super::{
    carrier::{self, Carrier},
    network::{self, Listening},
    stick::{Addressee, Opened, StickJob},
};
use crate::{
    model::Moment,
    runtime::{
        clock, process,
        screen::{desk::Order, seat_stick::StickNews, tellings, wake::Unhurried},
    },
    ui::Msg,
};

/// Between two words on how far a push has come: often enough to be seen moving.
const STEP: Duration = Duration::from_millis(250);

/// So long at most a lock waits until what was handed over is gone.
const LAY_WAIT: Duration = Duration::from_secs(5);
/// Seconds until the hub is asked again that could not keep attachments, where nothing else brings a pass before.
const PLACE_AWAY: u64 = 60;

/// What the courier is asked for.
enum Errand {
    /// The home is unlocked: carry with this, now and whenever it is due.
    Take(Box<Carrier>, Option<Duration>),
    /// A pass, as soon as the one that runs is over.
    Pass,
    /// A network is new: where a try is waited for, it comes at once.
    Network,
    /// No further try by itself until asked again.
    Rest,
    /// The home is locked: let go of what was taken, and say so.
    Lay(Sender<()>),
    /// Work on a stick.
    Stick(StickErrand),
}

/// Work on a stick, with all that it needs: a handle on the journal, and never a key that opens an entry.
pub(in crate::runtime) enum StickErrand {
    /// Write a bundle to this file for somebody.
    Write(Box<StickJob>, PathBuf, Addressee),
    /// Take in a bundle that the desk has opened.
    Read(Box<StickJob>, Box<Opened>),
}

/// The worker's handle.
#[derive(Debug)]
pub struct CourierThread {
    errands: Sender<Errand>,
    brake: Option<Brake>,
    /// Hears of new networks, where the system tells of them.
    _listening: Option<Listening>,
    /// Set to end the work on a stick.
    halt: Arc<AtomicBool>,
}

impl CourierThread {
    /// Starts the thread; results go to the desk.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(in crate::runtime) fn start(desk: Sender<Order>, unhurried: Unhurried) -> io::Result<Self> {
        let (errands, wishes) = channel();
        let halt = Arc::new(AtomicBool::new(false));
        let (left, stop) = (Arc::default(), Arc::clone(&halt));
        let (carrier, every, due) = (None, None, None);
        let mut worker =
            Worker { wishes, desk, unhurried, away: false, carrier, every, due, waits: false, left, halt: stop };
        thread::Builder::new().name("courier".to_owned()).spawn(move || worker.work())?;
        let news = errands.clone();
        // Where it may not listen, the tries go by the clock alone, as they do elsewhere than on Linux.
        let _listening = network::listen(move || news.send(Errand::Network).is_ok()).ok();
        Ok(Self { errands, brake: None, _listening, halt })
    }

    /// Hands over what a pass needs, and asks for one.
    pub(in crate::runtime) fn take(&mut self, carrier: Carrier, every: Option<Duration>) {
        self.brake = Some(carrier.brake());
        self.errands.send(Errand::Take(Box::new(carrier), every)).unwrap_or_default();
    }

    /// Asks for a pass.
    pub(in crate::runtime) fn pass(&self) {
        self.errands.send(Errand::Pass).unwrap_or_default();
    }

    /// Whether there is a carrier that can still go.
    pub(in crate::runtime) const fn can_go(&self) -> bool {
        self.brake.is_some()
    }

    fn stop(&mut self) {
        if let Some(brake) = self.brake.take() {
            brake.stop();
        }
    }

    /// Ends the pass that runs, and asks for no further one until another carrier is handed over.
    pub(in crate::runtime) fn rest(&mut self) {
        self.stop();
        self.errands.send(Errand::Rest).unwrap_or_default();
    }

    /// Asks for work on a stick. It stands in the queue behind the pass that runs.
    pub(in crate::runtime) fn stick(&self, errand: StickErrand) {
        self.halt.store(false, Ordering::Relaxed);
        self.errands.send(Errand::Stick(errand)).unwrap_or_default();
    }

    /// Ends the work on a stick, between two pieces.
    pub(in crate::runtime) fn stop_stick(&self) {
        self.halt.store(true, Ordering::Relaxed);
    }

    /// Ends the pass that runs and takes away what was handed over.
    pub(in crate::runtime) fn lay(&mut self) {
        self.stop();
        self.stop_stick();
        let (laid, gone) = channel();
        self.errands.send(Errand::Lay(laid)).unwrap_or_default();
        // A pass ends within a step once its brake is on; whoever locks does not wait for a disk that hangs.
        gone.recv_timeout(LAY_WAIT).unwrap_or_default();
    }
}

/// How a pass ended, and when the next comes by itself.
#[derive(Debug)]
pub struct Passed {
    /// What it achieved.
    pub outcome: Outcome,
    /// Milliseconds until it is tried again, after a failure.
    pub next_try: Option<u64>,
    /// What the hub knows of a supervisor's people.
    pub team: Option<TeamReply>,
}

struct Worker {
    wishes: Receiver<Errand>,
    desk: Sender<Order>,
    unhurried: Unhurried,
    /// Whether the desk heard last that the hub is not to be reached.
    away: bool,
    carrier: Option<Box<Carrier>>,
    every: Option<Duration>,
    due: Option<Instant>,
    /// Whether a new network is a reason to try before that.
    waits: bool,
    /// Whether the desk knows of the pass that runs.
    left: Arc<AtomicBool>,
    halt: Arc<AtomicBool>,
}

impl Worker {
    fn work(&mut self) {
        loop {
            let wish = match self.due {
                None => self.wishes.recv().map_err(|_gone| RecvTimeoutError::Disconnected),
                Some(due) => self.wishes.recv_timeout(due.saturating_duration_since(clock::instant())),
            };
            let mut asked = matches!(&wish, Ok(errand) if !matches!(errand, Errand::Network));
            let mut wanted = match wish {
                Ok(errand) => self.hear(errand, false),
                Err(RecvTimeoutError::Timeout) => true,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            // Whatever was wished meanwhile counts once.
            while let Ok(errand) = self.wishes.try_recv() {
                asked |= !matches!(errand, Errand::Network);
                wanted = self.hear(errand, wanted);
            }
            if wanted && !self.pass(asked) {
                return;
            }
        }
    }

    /// Whether a pass is wanted now, after one was `wanted` or not. Work on a stick changes nothing about that.
    fn hear(&mut self, errand: Errand, wanted: bool) -> bool {
        match errand {
            Errand::Take(mut carrier, every) => {
                self.away = false;
                carrier.tell(self.progress());
                self.carrier = Some(carrier);
                self.every = every;
                true
            }
            Errand::Pass => true,
            Errand::Network => {
                self.network();
                wanted
            }
            Errand::Rest => {
                self.due = None;
                self.waits = false;
                false
            }
            Errand::Lay(laid) => {
                self.carrier = None;
                self.due = None;
                self.waits = false;
                self.unhurried.take();
                process::wipe_stack();
                laid.send(()).unwrap_or_default();
                false
            }
            Errand::Stick(errand) => {
                self.stick(errand);
                wanted
            }
        }
    }

    /// Brings the next try forward. Several words of one network are one try: it goes so long after the first of them.
    fn network(&mut self) {
        let Some(carrier) = self.carrier.as_mut().filter(|_| self.waits) else { return };
        let soon = clock::instant() + carrier.has_network();
        self.due = Some(self.due.map_or(soon, |due| due.min(soon)));
    }

    /// Does the work on a stick and says to the desk how it went.
    fn stick(&self, errand: StickErrand) {
        let (desk, mut said) = (self.desk.clone(), None::<Instant>);
        let mut told = |done, total| {
            let now = clock::instant();
            if said.is_none_or(|at| now.duration_since(at) >= STEP) {
                said = Some(now);
                desk.send(Order::Stick(StickNews::At(done, total))).unwrap_or_default();
            }
            !self.halt.load(Ordering::Relaxed)
        };
        let news = match errand {
            StickErrand::Write(mut job, path, to) => StickNews::Wrote(job.write(&path, &to, &mut told)),
            StickErrand::Read(mut job, mut bundle) => StickNews::Read(Box::new(job.take_in(&mut bundle, &mut told))),
        };
        self.desk.send(Order::Stick(news)).unwrap_or_default();
    }

    /// Says to the desk how far a push has come, a few times a second at most.
    fn progress(&self) -> Told {
        let desk = self.desk.clone();
        let left = self.left.clone();
        let mut said: Option<Instant> = None;
        Box::new(move |entries| {
            if !left.swap(true, Ordering::Relaxed) {
                desk.send(Order::Leaving).unwrap_or_default();
            }
            let now = clock::instant();
            if said.is_none_or(|at| now.duration_since(at) >= STEP) {
                said = Some(now);
                desk.send(Order::Sending(entries)).unwrap_or_default();
            }
        })
    }

    /// Runs one pass; `false` when nobody wants to hear of it any more. One that nobody asked for is told of once something
    /// leaves or changes: a hub that is gone would wake the desk and the screen at every try.
    fn pass(&mut self, asked: bool) -> bool {
        self.due = None;
        self.waits = false;
        let Some(carrier) = &mut self.carrier else { return true };
        self.left.store(asked, Ordering::Relaxed);
        if asked && self.desk.send(Order::Leaving).is_err() {
            return false;
        }
        let outcome = carrier.pass();
        let next_try = carrier.next_try(&outcome.end);
        // The page is worth a question to those who have one, and no failure of its own.
        let team = if matches!(outcome.end, End::Done) { carrier.team().ok().flatten() } else { None };
        // Attachments go on with the next pass, as long as one moves them.
        let more = outcome.parts.left > 0 && outcome.parts.sent.saturating_add(outcome.parts.fetched) > 0;
        let wait = match outcome.end {
            End::Done if more => Some(Duration::ZERO),
            End::Done if outcome.parts.waits > 0 => carrier.next_try(&End::Busy(PLACE_AWAY)).map(Duration::from_millis),
            End::Done => self.every,
            _ => next_try.map(Duration::from_millis),
        };
        self.due = wait.map(|wait| clock::instant() + wait);
        self.waits = carrier::wants_a_network(&outcome.end) || matches!(outcome.end, End::Done) && self.every.is_some();
        let away = matches!(outcome.end, End::Unreachable(_));
        let nothing = !self.left.load(Ordering::Relaxed) && !outcome.moved() && outcome.trouble.is_empty();
        if away && self.away && nothing && self.still_away(&outcome.end, next_try) {
            return true;
        }
        self.away = away;
        self.unhurried.take();
        self.desk.send(Order::Passed(Box::new(Passed { outcome, next_try, team }))).is_ok()
    }

    /// Leaves word of when it is tried again, for when somebody looks. Whether there was anything to say.
    fn still_away(&self, end: &End, next_try: Option<u64>) -> bool {
        let Some(failure) = carrier::ended(end) else { return false };
        let next_try = next_try.and_then(|ms| i64::try_from(ms).ok()).map(|ms| Moment::pkt(clock::unix_ms() + ms));
        let trouble = tellings::sync_trouble(&failure, Some(end));
        self.unhurried.leave(Msg::SyncFailed { trouble, next_try });
        true
    }
}
