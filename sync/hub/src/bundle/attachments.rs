//! Which attachments go on a hub's stick: those that its readers may have and whose bytes are here, the newest first, as far as the medium
//! has room behind the entries.

use std::collections::BTreeSet;
use std::sync::Arc;

use amanat_keys::fingerprint::DeviceId;
use amanat_sync::bundle::PartLine;
use amanat_sync::entry::SealedEntry;
use amanat_sync::wire::limits::{BUNDLE_PARTS, MAX_PARTS_ASKED};
use amanat_sync::wire::parts::PartAt;

use crate::blobs::{Blob, Blobs};
use crate::store::{Asker, HubStore, PartHeld, ReaderId, StoreFault};

/// What goes, and how many for which there was no room.
pub(super) struct Chosen {
    pub(super) lines: Vec<PartLine>,
    pub(super) left: usize,
}

/// What an entry lists, where its content is here.
pub(super) fn listed(entry: &SealedEntry) -> Vec<PartLine> {
    let parts = entry.header.parts.iter().filter(|_| entry.envelope.is_some());
    let at = |digest| PartAt { entry: entry.at(), digest };
    parts.map(|part| PartLine { at: at(part.digest), size: part.size }).collect()
}

/// Where its bytes lie.
pub(super) const fn blob(line: &PartLine) -> Blob {
    Blob { device: line.at.entry.device, digest: line.at.digest, size: line.size }
}

/// Chooses among what the entries on the stick list.
pub(super) async fn choose(
    store: &Arc<dyn HubStore>,
    blobs: &Blobs,
    readers: Vec<ReaderId>,
    mut listed: Vec<PartLine>,
    room: u64,
) -> Result<Chosen, StoreFault> {
    listed.sort_by_key(|line| std::cmp::Reverse(line.at.entry.seq));
    let mut once = BTreeSet::new();
    listed.retain(|line| once.insert((line.at.entry.device, line.at.digest)));
    let (mut chosen, mut room, mut reached) = (Chosen { lines: Vec::new(), left: 0 }, room, true);
    for some in listed.chunks(MAX_PARTS_ASKED) {
        let asker = Asker { device: DeviceId::from_bytes([0; 32]), readers: readers.clone() };
        let books = store.parts(asker, some.iter().map(|line| line.at).collect()).await?;
        for (line, book) in some.iter().zip(books) {
            let here = book.is_some_and(|book| book.may && book.state == PartHeld::Held && book.size == line.size);
            if !here {
                continue;
            }
            // A place that does not answer holds up no stick: what lies there goes with the next one.
            let there = if reached { blobs.is_there(&blob(line)).await } else { Ok(false) };
            if let Err(fault) = &there {
                tracing::warn!(cause = %fault, "attachments cannot be reached now; the stick goes without them");
                reached = false;
            }
            if !reached {
                chosen.left = chosen.left.saturating_add(1);
                continue;
            }
            if !there? {
                continue;
            }
            match room.checked_sub(line.size).filter(|_| chosen.lines.len() < BUNDLE_PARTS) {
                Some(rest) => {
                    room = rest;
                    chosen.lines.push(*line);
                }
                None => chosen.left = chosen.left.saturating_add(1),
            }
        }
    }
    Ok(chosen)
}
