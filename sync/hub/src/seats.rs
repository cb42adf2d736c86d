//! The places for connections, and who gives one up when they run short.
//!
//! A connection belongs to a stranger until a device's signature has held on it. Strangers make room: when their address holds as many
//! places as one address may, or when all are taken, the oldest of them is cut off for whoever comes now. So a slow-loris waits for
//! nothing, and behind a carrier's gateway, where a whole district has one address, those who have proven themselves are not counted.
//! Only where every place is held by a device that proved itself is the next one sent away.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use crate::limits::{CONNECTIONS, STRANGERS_PER_ADDRESS};

/// Where a connection comes from, as far as it is told apart: an IPv6 network of 64 bits belongs to one customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Origin(IpAddr);

impl Origin {
    pub(crate) fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self(IpAddr::V4(address)),
            IpAddr::V6(address) => Self(IpAddr::V6((address.to_bits() & (u128::MAX << 64)).into())),
        }
    }
}

/// All places.
#[derive(Debug, Default)]
pub(crate) struct Seats(Mutex<Taken>);

#[derive(Debug, Default)]
struct Taken {
    next: u64,
    proven: usize,
    strangers: BTreeMap<u64, (Option<Origin>, Arc<Notify>)>,
}

/// One connection's place, until it is dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    seats: Arc<Seats>,
    number: u64,
    /// Where it comes from, if that says anything: not where everybody comes through one program on this machine.
    pub(crate) origin: Option<Origin>,
    cut: Arc<Notify>,
    proven: Mutex<bool>,
}

/// A place, and how many were cut off for it; or none.
pub(crate) type Seating = Option<(Arc<Seat>, usize)>;

impl Seats {
    /// A place for a new connection; `None` when all are held by devices that have proven themselves.
    pub(crate) fn take(self: &Arc<Self>, origin: Option<Origin>) -> Seating {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut cut = 0_usize;
        while let Some(victim) = taken.in_the_way(origin) {
            if let Some((_, told)) = taken.strangers.remove(&victim) {
                told.notify_one();
                cut = cut.saturating_add(1);
            }
        }
        if taken.count() >= CONNECTIONS {
            return None;
        }
        let (number, told) = (taken.next, Arc::new(Notify::new()));
        taken.next = number.wrapping_add(1);
        taken.strangers.insert(number, (origin, Arc::clone(&told)));
        let seat = Seat { seats: Arc::clone(self), number, origin, cut: told, proven: Mutex::new(false) };
        Some((Arc::new(seat), cut))
    }

    /// Connections of devices that have proven themselves, and of strangers.
    pub(crate) fn count(&self) -> (usize, usize) {
        let taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (taken.proven, taken.strangers.len())
    }
}

impl Taken {
    fn count(&self) -> usize {
        self.proven.saturating_add(self.strangers.len())
    }

    /// The stranger that must go before one from there can be seated.
    fn in_the_way(&self, origin: Option<Origin>) -> Option<u64> {
        let oldest_of =
            |wanted: Option<Origin>| self.strangers.iter().find(|(_, (from, _))| *from == wanted).map(|(at, _)| *at);
        if origin.is_some()
            && self.strangers.values().filter(|(from, _)| *from == origin).count() >= STRANGERS_PER_ADDRESS
        {
            return oldest_of(origin);
        }
        if self.count() < CONNECTIONS {
            return None;
        }
        // Of all addresses the one that holds most gives up its oldest.
        let mut held: HashMap<Option<Origin>, usize> = HashMap::new();
        for (from, _) in self.strangers.values() {
            let count = held.entry(*from).or_default();
            *count = count.saturating_add(1);
        }
        oldest_of(held.into_iter().max_by_key(|(from, count)| (*count, *from))?.0)
    }
}

impl Seat {
    /// A device's signature has held on this connection.
    pub(crate) fn prove(&self) {
        let mut proven = self.proven.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taken = self.seats.0.lock().unwrap_or_else(PoisonError::into_inner);
        // One that was cut off meanwhile counts no more.
        if taken.strangers.remove(&self.number).is_some() {
            taken.proven = taken.proven.saturating_add(1);
            *proven = true;
        }
    }

    /// Ends when the place was given to another.
    pub(crate) async fn is_cut(&self) {
        self.cut.notified().await;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let proven = *self.proven.get_mut().unwrap_or_else(PoisonError::into_inner);
        let mut taken = self.seats.0.lock().unwrap_or_else(PoisonError::into_inner);
        taken.strangers.remove(&self.number);
        if proven {
            taken.proven = taken.proven.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(n: u32) -> Option<Origin> {
        Some(Origin::of(IpAddr::V4(n.into())))
    }

    async fn cut(seat: &Seat) -> bool {
        tokio::time::timeout(std::time::Duration::from_millis(1), seat.is_cut()).await.is_ok()
    }

    #[tokio::test]
    async fn an_address_that_holds_too_many_places_gives_up_its_oldest_and_nobody_elses() {
        let seats = Arc::new(Seats::default());
        let (calm, _) = seats.take(from(9)).unwrap();
        let held: Vec<_> = (0..STRANGERS_PER_ADDRESS).map(|_| seats.take(from(1)).unwrap().0).collect();
        held[1].prove();
        let (_room, none) = seats.take(from(1)).unwrap();
        assert_eq!(none, 0, "whoever has proven themselves is not counted");
        let (_one_more, gone) = seats.take(from(1)).unwrap();
        assert_eq!(gone, 1);
        assert!(cut(&held[0]).await && !cut(&held[1]).await && !cut(&held[2]).await && !cut(&calm).await);
    }

    #[tokio::test]
    async fn when_all_places_are_taken_strangers_make_room_and_devices_do_not() {
        let seats = Arc::new(Seats::default());
        let mut held: Vec<_> =
            (0..CONNECTIONS).map(|n| seats.take(from(u32::try_from(n / 40).unwrap())).unwrap().0).collect();
        held[0].prove();
        let (new, gone) = seats.take(from(99)).unwrap();
        assert_eq!((gone, seats.count()), (1, (1, CONNECTIONS - 1)));
        assert!(!cut(&held[0]).await, "it has proven itself");
        held.push(new);
        held.iter().for_each(|seat| seat.prove());
        assert_eq!(seats.count(), (CONNECTIONS, 0));
        assert!(seats.take(from(5)).is_none(), "nobody is sent away for a stranger");
        held.clear();
        assert_eq!(seats.count(), (0, 0));
    }

    #[test]
    fn an_ipv6_network_is_one_address_and_a_mapped_one_is_what_it_maps() {
        let of = |text: &str| Origin::of(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:2"));
        assert_ne!(of("2001:db8:0:1::1"), of("2001:db8:0:2::1"));
        assert_eq!(of("::ffff:10.0.0.1"), of("10.0.0.1"));
        assert_ne!(of("10.0.0.1"), of("10.0.0.2"));
    }
}
