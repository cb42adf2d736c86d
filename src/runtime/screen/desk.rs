//! Worker 1: everything that needs keys or the disk, one order after the other. It never touches the network, and it answers with
//! messages only.

use std::{
    io,
    sync::{
        Arc, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    thread,
    time::Duration,
};

use super::{
    seat::Seat,
    seat_stick::StickNews,
    wake::{Unhurried, Wake},
};
use crate::{
    codebook::Codebook,
    model::CaseId,
    runtime::{
        entries::list_first::Asked,
        homes::{closed_home::ClosedHome, config::Config, paths::Paths},
        road::courier::{CourierThread, Passed},
    },
    ui::{Effect, Msg},
};

/// What the desk is asked for.
#[derive(Debug)]
pub enum Order {
    /// Something that the screens want.
    Do(Effect),
    /// The courier sets out.
    Leaving,
    /// So many entries of the pass under way have left.
    Sending(u64),
    /// The courier is back.
    Passed(Box<Passed>),
    /// What the courier says of a stick.
    Stick(StickNews),
    /// Wipe the keys now, and say on this channel when it is done.
    LockNow(Sender<()>),
    /// Everything that was ordered before this is done: say so on this channel.
    Settled(Sender<()>),
    /// The program ends: wipe the keys, say so on this channel, and stop.
    Finish(Sender<()>),
}

/// The worker's handle.
#[derive(Debug)]
pub struct Desk {
    orders: Sender<Order>,
    stop: Arc<AtomicBool>,
    unhurried: Unhurried,
    asked: Asked,
}

/// What the desk begins with.
pub struct Beginning {
    /// The home's files.
    pub paths: Paths,
    /// The home, when there is a device in it.
    pub closed: Option<ClosedHome>,
    /// Forms and lists.
    pub codebook: Arc<Codebook>,
    /// Settings.
    pub config: Config,
}

impl Desk {
    /// Starts the thread, and the courier's.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(beginning: Beginning, wake: Sender<Wake>) -> io::Result<Self> {
        let (orders, received) = channel();
        let unhurried = Unhurried::default();
        let courier = CourierThread::start(orders.clone(), unhurried.clone())?;
        let last = EndsTheProgram(wake.clone());
        let stop = Arc::new(AtomicBool::new(false));
        let asked = Asked::default();
        let mut seat = Seat::new(beginning, wake, courier, (Arc::clone(&stop), Arc::clone(&asked)));
        let work = move || {
            let _last = last;
            sit(&mut seat, &received);
        };
        thread::Builder::new().name("desk".to_owned()).spawn(work)?;
        Ok(Self { orders, stop, unhurried, asked })
    }

    /// What waited until the screens wake for something else.
    pub fn unhurried(&self) -> Option<Msg> {
        self.unhurried.take()
    }

    /// Gives an order; results come as messages.
    pub fn order(&self, order: Order) {
        self.orders.send(order).unwrap_or_default();
    }

    /// Stops what is being sealed or opened: a large file takes longer than a lock may wait.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
    }

    /// Has this case opened before the rest, while everything is being read: the desk has no ear for orders then.
    pub fn first(&self, case: CaseId) {
        *self.asked.lock().unwrap_or_else(PoisonError::into_inner) = Some(case);
    }

    /// Has the keys wiped and waits for it, so long at most.
    pub fn lock_now(&self, at_most: Duration) {
        self.stop();
        let (done, wiped) = channel();
        self.order(Order::LockNow(done));
        wiped.recv_timeout(at_most).unwrap_or_default();
    }

    /// Waits until everything that was ordered is done and its answers are on their way, so long at most.
    pub fn settle(&self, at_most: Duration) {
        let (done, settled) = channel();
        self.order(Order::Settled(done));
        settled.recv_timeout(at_most).unwrap_or_default();
    }

    /// Has everything that was ordered done and the keys wiped, and waits for it, so long at most.
    pub fn finish(&self, at_most: Duration) {
        self.stop();
        let (done, wiped) = channel();
        self.order(Order::Finish(done));
        wiped.recv_timeout(at_most).unwrap_or_default();
    }
}

/// A desk that is gone, however it went, ends the program: screens without a desk would lie.
struct EndsTheProgram(Sender<Wake>);

impl Drop for EndsTheProgram {
    fn drop(&mut self) {
        self.0.send(Wake::End).unwrap_or_default();
    }
}

fn sit(seat: &mut Seat, orders: &Receiver<Order>) {
    while let Ok(order) = orders.recv() {
        match order {
            Order::Do(effect) => seat.perform(effect),
            Order::Leaving => seat.leaving(),
            Order::Sending(entries) => seat.sending(entries),
            Order::Passed(passed) => seat.passed(*passed),
            Order::Stick(news) => seat.stick(news),
            Order::Settled(done) => done.send(()).unwrap_or_default(),
            Order::LockNow(done) => {
                seat.lock();
                done.send(()).unwrap_or_default();
            }
            Order::Finish(done) => {
                seat.lock();
                done.send(()).unwrap_or_default();
                return;
            }
        }
    }
}

/// Sends a message home; a screen that is gone needs none.
pub(in crate::runtime) fn tell(wake: &Sender<Wake>, msg: Msg) {
    wake.send(Wake::Msg(msg)).unwrap_or_default();
}
