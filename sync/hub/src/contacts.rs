//! When each device was last heard, what it announced and has not brought, and what it said of itself: for the keeper's status and the
//! supervisors of its unit. The first two are written down now and then, never by the number of requests; what a device said is
//! forgotten when the hub stops, and nothing is made up for it.

use std::collections::BTreeMap;
use std::str::FromStr as _;
use std::sync::{Mutex, PoisonError};

use amanat_keys::fingerprint::DeviceId;
use amanat_sync::wire::team::SelfReport;

/// The last that was heard of a device.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Contact {
    /// Milliseconds since 1970 by the hub's clock.
    pub last: u64,
    /// Entries that its last push announced and that did not arrive.
    pub backlog: u64,
    /// What it said of itself with a request, since this hub began.
    pub(crate) said: Option<SelfReport>,
}

/// The contacts of every device. Only devices of the roster are ever asked about, so this stays as small as that.
#[derive(Debug)]
pub(crate) struct Contacts {
    /// When this began, by the hub's clock.
    pub(crate) since: u64,
    known: Mutex<BTreeMap<DeviceId, Contact>>,
}

impl Contacts {
    pub(crate) fn new(since: u64) -> Self {
        Self { since, known: Mutex::default() }
    }

    /// A request of the device was verified; its query may say how things stand there.
    pub(crate) fn heard(&self, device: DeviceId, now: u64, query: Option<&str>) {
        let said = query.and_then(SelfReport::read);
        self.with(|all| {
            let contact = all.entry(device).or_default();
            contact.last = now;
            contact.said = said.or(contact.said);
        });
    }

    /// So many entries of this device have arrived, whoever brought them: they wait no more.
    pub(crate) fn arrived(&self, device: DeviceId, entries: u64) {
        self.with(|all| {
            if let Some(said) = all.get_mut(&device).and_then(|contact| contact.said.as_mut()) {
                said.waiting = said.waiting.saturating_sub(entries);
            }
        });
    }

    pub(crate) fn of(&self, device: &DeviceId) -> Contact {
        self.with(|all| all.get(device).copied().unwrap_or_default())
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
        act(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// One line for each device: id, time, backlog.
pub(crate) fn to_text(contacts: &BTreeMap<DeviceId, Contact>) -> String {
    contacts.iter().map(|(device, Contact { last, backlog, .. })| format!("{device} {last} {backlog}\n")).collect()
}

/// Reads [`to_text`]; a line that is none is passed over: a contact is a help and never a truth.
pub(crate) fn from_text(text: &str) -> BTreeMap<DeviceId, Contact> {
    let line = |line: &str| {
        let mut parts = line.split(' ');
        let device = DeviceId::from_str(parts.next()?).ok()?;
        let (last, backlog) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        Some((device, Contact { last, backlog, said: None }))
    };
    text.lines().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contacts_are_read_as_they_were_written_and_garbage_is_passed_over() {
        let contacts = Contacts::new(0);
        for n in 1..=3_u8 {
            contacts.heard(DeviceId::from_bytes([n; 32]), 1_750_000_000_000 + u64::from(n), None);
        }
        contacts.left(DeviceId::from_bytes([2; 32]), 40);
        let all = contacts.all();
        assert_eq!(all[&DeviceId::from_bytes([2; 32])], Contact { last: 1_750_000_000_002, backlog: 40, said: None });
        let text = to_text(&all);
        assert_eq!(from_text(&text), all);
        assert_eq!(from_text(&format!("nobody 1 2\n{text}\n\n{}", "f".repeat(64))), all);
        let later = Contacts::new(0);
        later.remember(from_text(&text));
        assert_eq!(later.all(), all);
    }
}
