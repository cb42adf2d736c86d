//! What the routing socket says, read as bytes from outside: which addresses, routes and links stand, and whether a message brought one
//! that did not. A lease that is renewed and a router that repeats itself bring nothing new.

use std::collections::BTreeSet;

/// Message types (rtnetlink(7)).
const NEW_LINK: u16 = 16;
const DEL_LINK: u16 = 17;
const NEW_ADDRESS: u16 = 20;
const DEL_ADDRESS: u16 = 21;
const NEW_ROUTE: u16 = 24;
const DEL_ROUTE: u16 = 25;
/// Bytes before the message itself: length, type, flags, number, sender.
const HEAD: usize = 16;
/// What an address and a route begin with, before their attributes.
const ADDRESS_HEAD: usize = 8;
const ROUTE_HEAD: usize = 12;
/// A link that carries (`IFF_RUNNING`).
const RUNNING: u32 = 0x40;
/// The attributes that tell addresses apart (address, local), and routes (destination, interface, gateway). Lifetimes are none of them.
const OF_ADDRESS: &[u16] = &[1, 2];
const OF_ROUTE: &[u16] = &[1, 4, 5];
/// The marks that an attribute's type may carry (nested, byte order).
const MARKS: u16 = 0xc000;
/// No machine has more of them; one that says so is forgotten and learnt again.
const MOST: usize = 4_096;

/// What stands, as far as it was said.
#[derive(Debug, Default)]
pub(super) struct Known(BTreeSet<Vec<u8>>);

impl Known {
    /// Takes in what one read brought. Whether an address, a route or a link that carries is new.
    pub(super) fn hears(&mut self, mut bytes: &[u8]) -> bool {
        let mut new = false;
        while let Some((kind, message, rest)) = next(bytes) {
            new |= self.takes(kind, message).unwrap_or(false);
            bytes = rest;
        }
        new
    }

    /// `None` for what is none of ours, or cut off.
    fn takes(&mut self, kind: u16, message: &[u8]) -> Option<bool> {
        let (stands, which) = match kind {
            NEW_LINK | DEL_LINK => {
                let running = kind == NEW_LINK && number(message, 8)? & RUNNING != 0;
                (running, key(NEW_LINK, message.get(4..8)?, &[], &[]))
            }
            NEW_ADDRESS | DEL_ADDRESS => {
                let index = message.get(4..ADDRESS_HEAD)?;
                (kind == NEW_ADDRESS, key(NEW_ADDRESS, index, message.get(ADDRESS_HEAD..)?, OF_ADDRESS))
            }
            NEW_ROUTE | DEL_ROUTE => {
                // Family, lengths, service, table and who made it; flags may change while it stands.
                let head = message.get(..6)?;
                (kind == NEW_ROUTE, key(NEW_ROUTE, head, message.get(ROUTE_HEAD..)?, OF_ROUTE))
            }
            _ => return None,
        };
        if self.0.len() >= MOST {
            self.0.clear();
        }
        if stands {
            return Some(self.0.insert(which));
        }
        self.0.remove(&which);
        Some(false)
    }
}

/// The first message of these bytes, its type, and what follows it.
fn next(bytes: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let length = usize::try_from(number(bytes, 0)?).ok()?;
    let kind = short(bytes, 4)?;
    let message = bytes.get(HEAD..length)?;
    Some((kind, message, bytes.get(aligned(length)?..).unwrap_or_default()))
}

/// What tells one from another: its kind, the beginning, and those attributes that count.
fn key(kind: u16, beginning: &[u8], mut attributes: &[u8], wanted: &[u16]) -> Vec<u8> {
    let mut key = [&kind.to_be_bytes(), beginning].concat();
    while let Some((length, marked)) = short(attributes, 0).zip(short(attributes, 2)) {
        let length = usize::from(length);
        let Some(value) = attributes.get(4..length) else { break };
        if wanted.contains(&(marked & !MARKS)) {
            key.extend_from_slice(attributes.get(..length).unwrap_or(value));
        }
        attributes = aligned(length).and_then(|next| attributes.get(next..)).unwrap_or_default();
    }
    key
}

/// Everything there begins at a multiple of four.
fn aligned(length: usize) -> Option<usize> {
    length.checked_add(3).map(|length| length & !3)
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn short(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A message as the system writes it.
    fn message(kind: u16, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(HEAD + body.len()).unwrap();
        let mut bytes = [&length.to_ne_bytes()[..], &kind.to_ne_bytes(), &[0; 10], body].concat();
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
        let length = u16::try_from(4 + value.len()).unwrap();
        let mut bytes = [&length.to_ne_bytes()[..], &kind.to_ne_bytes(), value].concat();
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    fn link(kind: u16, index: i32, flags: u32) -> Vec<u8> {
        let body = [&[0; 4][..], &index.to_ne_bytes(), &flags.to_ne_bytes(), &[0; 4]].concat();
        message(kind, &body)
    }

    /// An IPv4 address whose lease ends after so many seconds.
    fn address(kind: u16, last: u8, lease: u32) -> Vec<u8> {
        let head = [2, 24, 0, 0, 7, 0, 0, 0];
        let lease = attribute(6, &[lease.to_ne_bytes(), lease.to_ne_bytes(), [0; 4], [0; 4]].concat());
        message(kind, &[&head[..], &attribute(1, &[10, 0, 0, last]), &lease, &attribute(2, &[10, 0, 0, last])].concat())
    }

    fn route(kind: u16, gateway: u8, expires: u32) -> Vec<u8> {
        let head = [2, 0, 0, 0, 254, 16, 0, 1, 0, 0, 0, 0];
        let expires = attribute(12, &expires.to_ne_bytes());
        message(
            kind,
            &[&head[..], &attribute(5, &[10, 0, 0, gateway]), &attribute(4, &[7, 0, 0, 0]), &expires].concat(),
        )
    }

    #[test]
    fn what_is_new_counts_once_and_again_after_it_went() {
        let mut known = Known::default();
        for (new, gone) in [
            (address(NEW_ADDRESS, 5, 60), address(DEL_ADDRESS, 5, 0)),
            (route(NEW_ROUTE, 1, 9), route(DEL_ROUTE, 1, 0)),
            (link(NEW_LINK, 7, 1 | RUNNING), link(DEL_LINK, 7, 1)),
            (link(NEW_LINK, 8, 1 | RUNNING), link(NEW_LINK, 8, 1)),
        ] {
            assert!(known.hears(&new), "it is new");
            assert!(!known.hears(&new), "it stands already");
            assert!(!known.hears(&gone), "what goes brings nothing");
            assert!(known.hears(&new), "it is back");
        }
    }

    #[test]
    fn a_lease_renewed_a_router_that_repeats_itself_and_a_radio_that_listens_wake_nobody() {
        let mut known = Known::default();
        known.hears(&[address(NEW_ADDRESS, 5, 60), route(NEW_ROUTE, 1, 9), link(NEW_LINK, 7, 1 | RUNNING)].concat());
        assert!(!known.hears(&address(NEW_ADDRESS, 5, 3_600)));
        assert!(!known.hears(&route(NEW_ROUTE, 1, 1_800)));
        assert!(!known.hears(&link(NEW_LINK, 7, 0x1000 | 1 | RUNNING)), "what else is said of a link");
        assert!(!known.hears(&link(NEW_LINK, 9, 1)), "a link that carries nothing");
        assert!(!known.hears(&message(28, &[0; 12])), "a neighbour");
        assert!(known.hears(&address(NEW_ADDRESS, 6, 60)) && known.hears(&route(NEW_ROUTE, 2, 9)), "others do");
    }

    #[test]
    fn several_messages_in_one_read_are_all_heard() {
        let mut known = Known::default();
        let odd = message(28, &[0; 5]);
        assert!(known.hears(&[odd, address(DEL_ADDRESS, 4, 0), address(NEW_ADDRESS, 5, 60)].concat()));
        assert!(!known.hears(&address(NEW_ADDRESS, 5, 60)));
    }

    #[test]
    fn whoever_invents_addresses_fills_no_memory() {
        let mut known = Known::default();
        for index in 0..2 * i32::try_from(MOST).unwrap() {
            known.hears(&link(NEW_LINK, index, RUNNING));
            assert!(known.0.len() <= MOST);
        }
    }

    proptest! {
        #[test]
        fn no_bytes_bring_it_down(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            // What comes back is of no interest here; that it comes back is.
            Known::default().hears(&bytes);
        }

        #[test]
        fn no_message_that_is_cut_or_bent_brings_it_down(at in 0_usize..200, to in any::<u8>(), cut in 0_usize..200) {
            let mut bytes = [link(NEW_LINK, 7, RUNNING), address(NEW_ADDRESS, 5, 60), route(NEW_ROUTE, 1, 9)].concat();
            let at = at % bytes.len();
            bytes[at] = to;
            bytes.truncate(cut.max(1));
            Known::default().hears(&bytes);
        }
    }
}
