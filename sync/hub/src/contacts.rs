//! When each device was last heard, and what it announced and has not brought: for the keeper's status, written down now and then, and
//! never by the number of requests.

use std::collections::BTreeMap;
use std::str::FromStr as _;
use std::sync::{Mutex, PoisonError};

use amanat_keys::fingerprint::DeviceId;

/// The last that was heard of a device.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Contact {
    /// Milliseconds since 1970 by the hub's clock.
    pub last: u64,
    /// Entries that its last push announced and that did not arrive.
    pub backlog: u64,
}

/// The contacts of every device. Only devices of the roster are ever asked about, so this stays as small as that.
#[derive(Debug, Default)]
pub(crate) struct Contacts(Mutex<BTreeMap<DeviceId, Contact>>);

impl Contacts {
    /// A request of the device was verified.
    pub(crate) fn heard(&self, device: DeviceId, now: u64) {
        self.with(|all| all.entry(device).or_default().last = now);
    }

    /// A push of the device has ended, with so much of it missing.
    pub(crate) fn left(&self, device: DeviceId, backlog: u64) {
        self.with(|all| all.entry(device).or_default().backlog = backlog);
    }

    pub(crate) fn all(&self) -> BTreeMap<DeviceId, Contact> {
        self.with(|all| all.clone())
    }

    /// What was written down before this process began.
    pub(crate) fn remember(&self, before: BTreeMap<DeviceId, Contact>) {
        self.with(|all| before.into_iter().for_each(|(device, contact)| *all.entry(device).or_default() = contact));
    }

    fn with<T>(&self, act: impl FnOnce(&mut BTreeMap<DeviceId, Contact>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// One line for each device: id, time, backlog.
pub(crate) fn to_text(contacts: &BTreeMap<DeviceId, Contact>) -> String {
    contacts.iter().map(|(device, Contact { last, backlog })| format!("{device} {last} {backlog}\n")).collect()
}

/// Reads [`to_text`]; a line that is none is passed over: a contact is a help and never a truth.
pub(crate) fn from_text(text: &str) -> BTreeMap<DeviceId, Contact> {
    let line = |line: &str| {
        let mut parts = line.split(' ');
        let device = DeviceId::from_str(parts.next()?).ok()?;
        let (last, backlog) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        Some((device, Contact { last, backlog }))
    };
    text.lines().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contacts_are_read_as_they_were_written_and_garbage_is_passed_over() {
        let contacts = Contacts::default();
        for n in 1..=3_u8 {
            contacts.heard(DeviceId::from_bytes([n; 32]), 1_750_000_000_000 + u64::from(n));
        }
        contacts.left(DeviceId::from_bytes([2; 32]), 40);
        let all = contacts.all();
        assert_eq!(all[&DeviceId::from_bytes([2; 32])], Contact { last: 1_750_000_000_002, backlog: 40 });
        let text = to_text(&all);
        assert_eq!(from_text(&text), all);
        assert_eq!(from_text(&format!("nobody 1 2\n{text}\n\n{}", "f".repeat(64))), all);
        let later = Contacts::default();
        later.remember(from_text(&text));
        assert_eq!(later.all(), all);
    }
}
