//! How often is too often: one budget for each device whose signature held, one for everybody at the door, and one for each address
//! there.
//!
//! The address counts only for strangers, and generously: behind one mast or one wire stand many, and an attacker has many addresses.
//! Whoever holds a nonce that only a device can have been given is asked for none of the two at the door.

use amanat_keys::fingerprint::DeviceId;
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, NotUntil, Quota, RateLimiter};

use crate::api::reply::Failure;
use crate::limits::{ADDRESS_RATE, ADDRESSES_KEPT, DEVICE_BURST, DEVICE_RATE, DOOR_RATE};
use crate::seats::Origin;

/// The budgets of requests.
#[derive(Debug)]
pub(crate) struct Rates {
    door: DefaultDirectRateLimiter,
    addresses: DefaultKeyedRateLimiter<Origin>,
    devices: DefaultKeyedRateLimiter<DeviceId>,
}

impl Rates {
    pub(crate) fn new() -> Self {
        Self {
            door: RateLimiter::direct(Quota::per_second(DOOR_RATE)),
            addresses: RateLimiter::keyed(Quota::per_second(ADDRESS_RATE)),
            devices: RateLimiter::keyed(Quota::per_second(DEVICE_RATE).allow_burst(DEVICE_BURST)),
        }
    }

    /// Before anything is known of a request but where it comes from, and that only where it says anything.
    pub(crate) fn at_the_door(&self, origin: Option<Origin>) -> Result<(), Failure> {
        // First: one address must not use up what all have together.
        if let Some(origin) = origin {
            if self.addresses.len() > ADDRESSES_KEPT {
                self.addresses.retain_recent();
            }
            self.addresses.check_key(&origin).map_err(|wait| busy(&wait, self.addresses.clock()))?;
        }
        self.door.check().map_err(|wait| busy(&wait, self.door.clock()))
    }

    /// Once its signature held. Only devices of the roster are ever asked about, so the table stays as small as that.
    pub(crate) fn of_device(&self, device: DeviceId) -> Result<(), Failure> {
        self.devices.check_key(&device).map_err(|wait| busy(&wait, self.devices.clock()))
    }
}

/// By the limiter's own clock: making one measures the processor, which costs more than the request that is refused.
fn busy(until: &NotUntil<governor::clock::QuantaInstant>, clock: &DefaultClock) -> Failure {
    let wait = until.wait_time_from(clock.now());
    Failure::Busy(wait.as_secs().saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_is_told_to_wait_while_others_are_let_in() {
        let rates = Rates::new();
        let from = |n: u32| Some(Origin::of(std::net::IpAddr::V4(n.into())));
        let told = (0..ADDRESS_RATE.get() + 50).filter(|_| rates.at_the_door(from(1)).is_err()).count();
        assert!(told > 0, "an address has a budget");
        assert!(rates.at_the_door(from(2)).is_ok() && rates.at_the_door(None).is_ok());
        let devices = (0..DEVICE_BURST.get() + 200).filter(|_| rates.of_device(DeviceId::from_bytes([1; 32])).is_err());
        assert!(devices.count() > 0 && rates.of_device(DeviceId::from_bytes([2; 32])).is_ok());
    }
}
