//! The requests of one device that are under way: few at once, and the newest is the one that counts.
//!
//! A link that breaks leaves requests behind of which no byte will come any more; until they are given up they hold room among all
//! bodies. So the newest request of a device ends its oldest, and no device holds the places of the others, whatever it does.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use amanat_keys::fingerprint::DeviceId;
use tokio::sync::Notify;

/// The requests under way of every device.
#[derive(Debug, Default)]
pub(crate) struct Turns(Mutex<HashMap<DeviceId, VecDeque<Arc<Notify>>>>);

/// One request's place among those of its device, until it is dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    turns: Arc<Turns>,
    device: DeviceId,
    over: Arc<Notify>,
}

impl Turns {
    /// A place for the newest request of a device; whatever is more than `most` of them ends, the oldest first.
    #[must_use]
    pub(crate) fn take(self: &Arc<Self>, device: DeviceId, most: usize) -> Turn {
        let over = Arc::new(Notify::new());
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let under_way = all.entry(device).or_default();
        under_way.push_back(Arc::clone(&over));
        while under_way.len() > most.max(1) {
            if let Some(oldest) = under_way.pop_front() {
                oldest.notify_one();
            }
        }
        Turn { turns: Arc::clone(self), device, over }
    }

    /// How many requests are under way.
    pub(crate) fn count(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().map(VecDeque::len).sum()
    }
}

impl Turn {
    /// Ends when a newer request of the same device has taken this place.
    pub(crate) async fn is_over(&self) {
        self.over.notified().await;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut all = self.turns.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(under_way) = all.get_mut(&self.device) {
            under_way.retain(|other| !Arc::ptr_eq(other, &self.over));
            if under_way.is_empty() {
                all.remove(&self.device);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_newest_request_ends_the_oldest_of_the_same_device_and_of_no_other() {
        let turns = Arc::new(Turns::default());
        let (hasty, calm) = (DeviceId::from_bytes([1; 32]), DeviceId::from_bytes([2; 32]));
        let other = turns.take(calm, 2);
        let (first, second, third) = (turns.take(hasty, 2), turns.take(hasty, 2), turns.take(hasty, 2));
        first.is_over().await;
        let waits = std::time::Duration::from_millis(20);
        for still in [&second, &third, &other] {
            assert!(tokio::time::timeout(waits, still.is_over()).await.is_err());
        }
        assert_eq!(turns.count(), 3);
        drop((first, second, third, other));
        assert_eq!(turns.count(), 0, "nothing is left of who was here");
        assert!(turns.0.lock().unwrap().is_empty());
    }
}
