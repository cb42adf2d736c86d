//! How often is too often: one budget for each device whose signature held, one for everybody at the door.
//!
//! Never by address: behind one mast or one wire stand many, and an attacker has many addresses.

use amanat_keys::fingerprint::DeviceId;
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, NotUntil, Quota, RateLimiter};

use crate::api::reply::Failure;
use crate::limits::{DEVICE_BURST, DEVICE_RATE, DOOR_RATE};

/// The budgets of requests.
#[derive(Debug)]
pub(crate) struct Rates {
    door: DefaultDirectRateLimiter,
    devices: DefaultKeyedRateLimiter<DeviceId>,
}

impl Rates {
    pub(crate) fn new() -> Self {
        Self {
            door: RateLimiter::direct(Quota::per_second(DOOR_RATE)),
            devices: RateLimiter::keyed(Quota::per_second(DEVICE_RATE).allow_burst(DEVICE_BURST)),
        }
    }

    /// Before anything is known of a request.
    pub(crate) fn at_the_door(&self) -> Result<(), Failure> {
        self.door.check().map_err(|wait| busy(&wait))
    }

    /// Once its signature held. Only devices of the roster are ever asked about, so the table stays as small as that.
    pub(crate) fn of_device(&self, device: DeviceId) -> Result<(), Failure> {
        self.devices.check_key(&device).map_err(|wait| busy(&wait))
    }
}

fn busy(until: &NotUntil<governor::clock::QuantaInstant>) -> Failure {
    let wait = until.wait_time_from(DefaultClock::default().now());
    Failure::Busy(wait.as_secs().saturating_add(1))
}
