//! What the hub says about attachments: how they stand, pieces in, pieces out. A piece is taken only for what an entry held here
//! lists, and given only to its author's device and to those whom the entry's slip names.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use amanat_keys::fingerprint::{DeviceId, Digest};
use amanat_sync::bundle::PartLine;
use amanat_sync::chain::{Stretch, link0};
use amanat_sync::wire::limits::MAX_PART_PIECE;
use amanat_sync::wire::parts::{PartAt, PartState, PartsCall, PartsReply};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

use crate::Hub;
use crate::accept::receipt;
use crate::api::reply::Failure;
use crate::blobs::{Blob, Blobs, Brought};
use crate::limits::{BODIES, BODY_TURN, SETTLE_TURN};
use crate::standing::{Caller, Standing};
use crate::store::{Asker, Complete, PartBook, PartHeld, Place, Run, StoreFault};

/// Answers one call.
pub(crate) async fn answer(
    hub: &Arc<Hub>,
    standing: &Standing,
    caller: &Caller,
    call: PartsCall,
) -> Result<PartsReply, Failure> {
    let blobs = hub.blobs.as_ref().ok_or(Failure::NoSuchPage)?;
    match call {
        PartsCall::Ask(asked) => ask(hub, blobs, standing, caller, asked).await,
        PartsCall::Bring(at, from, bytes) => {
            let Some(book) = book(hub, standing, caller, at).await? else { return Ok(one(PartState::Unknown)) };
            if book.state != PartHeld::Wanted {
                return Ok(one(known(&book)));
            }
            let blob = blob(&at, &book);
            let brought = match blobs.bring(blob, from, bytes).await {
                Err(fault) => return waits(fault).map(one),
                Ok(brought) => brought,
            };
            match brought {
                Brought::TooMuch => Err(Failure::TooLarge),
                Brought::UpTo(here) if here < blob.size => {
                    // An erasure may have come between the look at the books and the bytes: then they must not stay.
                    let still = self::book(hub, standing, caller, at).await?;
                    if still.is_some_and(|book| book.state == PartHeld::Gone) {
                        blobs.discard(blob.device, blob.digest).await?;
                        return Ok(one(PartState::Gone));
                    }
                    Ok(one(PartState::Wanted(here)))
                }
                Brought::UpTo(_) => {
                    let (state, held) = settle(hub, blobs, blob).await?;
                    Ok(PartsReply { statements: receipts(hub, standing, caller, &held).await?, ..one(state) })
                }
            }
        }
        // A revoked device may hand over what it wrote; nothing is given to it.
        PartsCall::Fetch(..) if !caller.active => Err(Failure::Revoked),
        PartsCall::Fetch(at, from, most) => {
            let Some(book) = book(hub, standing, caller, at).await? else { return Ok(one(PartState::Unknown)) };
            if book.state != PartHeld::Held {
                return Ok(one(standing_of(blobs, &at, &book)));
            }
            let most = most.min(u64::try_from(MAX_PART_PIECE).unwrap_or(u64::MAX));
            let _room = room(hub, most).await?;
            let blob = blob(&at, &book);
            let found = match blobs.range(&blob, from, most).await {
                Err(fault) => return waits(fault).map(one),
                Ok(found) => found,
            };
            let Some(bytes) = found else {
                lost(hub, &blob).await?;
                // Else whatever else the reader asked for would wait behind it for ever.
                return Ok(one(PartState::Unknown));
            };
            Ok(PartsReply { bytes, ..one(PartState::Held) })
        }
    }
}

/// An attachment that the books call held is not in its place: it is wanted again, and what was signed for beside it holds no more. Its
/// author hears of that with the next pull, and brings it if it is still there.
async fn lost(hub: &Hub, blob: &Blob) -> Result<(), StoreFault> {
    tracing::error!(
        device = %blob.device, part = %blob.digest,
        "an attachment that the books call held is not in its place; it is wanted again: bring it back from a backup, or wait for its device"
    );
    if !hub.store.lose_part(blob.device, blob.digest).await?.is_empty() {
        hub.keeper.renew(&*hub.store, hub.now_ms()).await?;
    }
    Ok(())
}

/// What is signed for of a device's journals that lack an envelope or an attachment: how far they are complete may have fallen. Only of
/// those that the device holds up to where the hub does (`held`).
pub(crate) async fn incomplete(
    hub: &Hub,
    standing: &Standing,
    device: DeviceId,
    held: &BTreeMap<Place, u64>,
) -> Result<Vec<Vec<u8>>, StoreFault> {
    let mut own = hub.store.incomplete(device).await?;
    own.retain(|it| held.get(&it.place) == Some(&it.head.seq));
    if own.is_empty() {
        return Ok(Vec::new());
    }
    let (heads, now) = (own.iter().map(|held| (held.place, held.head)).collect::<Vec<_>>(), hub.now_ms());
    let newest = hub.cover(&heads).await?;
    Ok(own.iter().map(|held| receipt(hub, standing, held, &newest, now)).collect())
}

/// So many attachments that are wanted are looked for in their place at each question: an object store takes its time for each.
const SEARCHES: usize = 8;

/// Room for a piece among all bodies: what is given weighs as much as what is taken.
async fn room(hub: &Hub, most: u64) -> Result<OwnedSemaphorePermit, Failure> {
    let size = u32::try_from(most).unwrap_or(BODIES).min(BODIES);
    match timeout(BODY_TURN, Arc::clone(&hub.bodies).acquire_many_owned(size)).await {
        Ok(room) => room.map_err(|_closed| Failure::Broken("the room for bodies")),
        Err(_elapsed) => Err(Failure::Busy(BODY_TURN.as_secs())),
    }
}

async fn ask(
    hub: &Arc<Hub>,
    blobs: &Arc<Blobs>,
    standing: &Standing,
    caller: &Caller,
    asked: Vec<PartAt>,
) -> Result<PartsReply, Failure> {
    let books = hub.store.parts(asker(standing, caller), asked.clone()).await?;
    let (mut reply, mut moved, mut looked) = (PartsReply::default(), Vec::new(), false);
    let (mut searches, mut unheard) = (SEARCHES, BTreeSet::new());
    for (at, book) in asked.into_iter().zip(books) {
        let Some(book) = book.filter(|book| book.may) else {
            reply.states.push(PartState::Unknown);
            continue;
        };
        let blob = blob(&at, &book);
        // All bytes were here when the hub was stopped, or the device grew tired of waiting.
        // One for each question: looking through a large one takes its time, and the device asks again.
        let wanted = !looked && book.state == PartHeld::Wanted;
        let state = if wanted && (blobs.staged(&blob) == blob.size || put_back(blobs, &blob, &mut searches).await) {
            looked = true;
            let (state, held) = settle(hub, blobs, blob).await?;
            moved.extend(held);
            state
        } else {
            standing_of(blobs, &at, &book)
        };
        if book.state == PartHeld::Held && at.entry.device == caller.device {
            unheard.insert((at.entry.device, at.entry.journal));
        }
        reply.states.push(state);
    }
    moved.extend(again(hub, standing, unheard).await?);
    reply.statements = receipts(hub, standing, caller, &moved).await?;
    Ok(reply)
}

/// How far these journals are held. Their device asks about an attachment that is here: the answer in which it was signed for was lost.
async fn again(hub: &Hub, standing: &Standing, places: BTreeSet<Place>) -> Result<Vec<Complete>, StoreFault> {
    let asks = |place: Place| {
        let root = link0(&standing.agency, &place.0, &place.1);
        Run { place, root, stretch: Stretch { first: 1, before: root, hashes: Vec::new() }, rows: Vec::new() }
    };
    if places.is_empty() {
        return Ok(Vec::new());
    }
    let held = hub.store.accept(places.into_iter().map(asks).collect()).await?;
    Ok(held.into_iter().map(|it| Complete { place: it.place, head: it.head, complete: it.complete }).collect())
}

/// Whether one that was lost stands in its place again, as large as it should be: somebody put it back.
async fn put_back(blobs: &Blobs, blob: &Blob, searches: &mut usize) -> bool {
    if *searches == 0 || blobs.staged(blob) > 0 {
        return false;
    }
    *searches = searches.saturating_sub(1);
    match blobs.is_there(blob).await {
        Ok(there) => there,
        // Whoever asks has no patience for seven more questions that are not answered.
        Err(fault) => {
            tracing::warn!(cause = %causes(&fault), "whether lost attachments were put back cannot be asked now");
            *searches = 0;
            false
        }
    }
}

async fn book(hub: &Hub, standing: &Standing, caller: &Caller, at: PartAt) -> Result<Option<PartBook>, StoreFault> {
    let books = hub.store.parts(asker(standing, caller), vec![at]).await?;
    Ok(books.into_iter().next().flatten().filter(|book| book.may))
}

fn asker(standing: &Standing, caller: &Caller) -> Asker {
    Asker { device: caller.device, readers: standing.readers(&caller.device) }
}

fn blob(at: &PartAt, book: &PartBook) -> Blob {
    Blob { device: at.entry.device, digest: at.digest, size: book.size }
}

fn one(state: PartState) -> PartsReply {
    PartsReply { states: vec![state], ..PartsReply::default() }
}

fn known(book: &PartBook) -> PartState {
    match book.state {
        PartHeld::Wanted => PartState::Wanted(0),
        PartHeld::Held => PartState::Held,
        PartHeld::Gone => PartState::Gone,
    }
}

fn standing_of(blobs: &Blobs, at: &PartAt, book: &PartBook) -> PartState {
    match book.state {
        PartHeld::Wanted => PartState::Wanted(blobs.staged(&blob(at, book))),
        PartHeld::Held | PartHeld::Gone => known(book),
    }
}

/// Looks through an attachment whose bytes are all here and puts it in its place. It goes on although nobody waits any more.
async fn settle(hub: &Arc<Hub>, blobs: &Arc<Blobs>, blob: Blob) -> Result<(PartState, Vec<Complete>), Failure> {
    let (hub, blobs) = (Arc::clone(hub), Arc::clone(blobs));
    let settling = tokio::spawn(async move {
        if blobs.staged(&blob) < blob.size && !gather(&blobs, &blob).await? {
            return Ok((PartState::Wanted(blobs.staged(&blob)), Vec::new()));
        }
        settle_now(&hub, &blobs, blob).await
    });
    match timeout(SETTLE_TURN, settling).await {
        Err(_elapsed) => Ok((PartState::Wanted(blob.size), Vec::new())),
        Ok(Err(_died)) => Err(Failure::Broken("the look through an attachment")),
        Ok(Ok(Err(fault))) => Ok((waits(fault)?, Vec::new())),
        Ok(Ok(Ok(settled))) => Ok(settled),
    }
}

/// The place of attachments refused or was not reached. Nothing else of the hub is to blame, so that alone is said of this one: its device
/// tells whoever waits for it, and asks again. Any other fault stays one.
fn waits(fault: StoreFault) -> Result<PartState, Failure> {
    let StoreFault::Parts(cause) = fault else { return Err(fault.into()) };
    tracing::error!(cause = %causes(&*cause), "attachments can be neither kept nor given just now; what has come stays, and its devices ask again");
    Ok(PartState::Waits)
}

/// A fault with what lies behind it.
fn causes(fault: &(dyn std::error::Error + 'static)) -> String {
    let behind = std::iter::successors(fault.source(), |cause| cause.source());
    behind.fold(fault.to_string(), |told, cause| format!("{told}: {cause}"))
}

/// Takes one that was put back in its place as if its bytes had come: they are looked through before they count. Whether all are here.
async fn gather(blobs: &Blobs, blob: &Blob) -> Result<bool, StoreFault> {
    let piece = u64::try_from(MAX_PART_PIECE).unwrap_or(u64::MAX);
    loop {
        let here = blobs.staged(blob);
        let Some(bytes) = blobs.range(blob, here, piece).await?.filter(|bytes| !bytes.is_empty()) else {
            break Ok(here == blob.size);
        };
        match blobs.bring(*blob, here, bytes).await? {
            Brought::UpTo(reached) if reached > here => {}
            Brought::UpTo(_) | Brought::TooMuch => break Ok(false),
        }
    }
}

async fn settle_now(hub: &Hub, blobs: &Blobs, blob: Blob) -> Result<(PartState, Vec<Complete>), StoreFault> {
    if !blobs.settle(&blob).await? {
        tracing::warn!(device = %blob.device, part = %blob.digest, "an attachment came whole and is not what its header names");
        // Nor is what somebody may have put in its place.
        blobs.discard(blob.device, blob.digest).await?;
        return Ok((PartState::Refused, Vec::new()));
    }
    let held = hub.store.hold_part(blob.device, blob.digest).await?;
    blobs.settled(&blob).await?;
    if held.is_empty() {
        // Erased while it came; or another request was quicker, and then nothing is doomed.
        hub.sweep_parts().await?;
    }
    // A reader's word on what it was sealed again for may have waited for it.
    hub.drop_that_waited(held.iter().map(|held| held.place)).await?;
    tracing::info!(device = %blob.device, size = blob.size, "an attachment is held");
    Ok((PartState::Held, held))
}

/// What became of bytes that a stick brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FromStick {
    /// They are here, or were, and more follow.
    Taken,
    /// With them it is held.
    Held,
    /// Nobody wants them: held already, erased, listed by no entry here, or more than one device may have on the way.
    NotWanted,
    /// All bytes came, and they were not what the header names.
    Refused,
}

/// Takes bytes of an attachment off a stick, in the name of the entry's author: whoever carries it adds nothing.
pub(crate) async fn from_stick(
    hub: &Arc<Hub>,
    line: &PartLine,
    from: u64,
    mut bytes: Vec<u8>,
) -> Result<FromStick, StoreFault> {
    let Some(blobs) = &hub.blobs else { return Ok(FromStick::NotWanted) };
    let author = Asker { device: line.at.entry.device, readers: Vec::new() };
    let book = hub.store.parts(author, vec![line.at]).await?.into_iter().next().flatten();
    let wanted = |book: &PartBook| book.state == PartHeld::Wanted && book.size == line.size;
    let Some(book) = book.filter(wanted) else { return Ok(FromStick::NotWanted) };
    let blob = blob(&line.at, &book);
    let here = blobs.staged(&blob);
    let skip = here.saturating_sub(from).min(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
    bytes.drain(..usize::try_from(skip).unwrap_or(bytes.len()).min(bytes.len()));
    let reached = if bytes.is_empty() {
        Brought::UpTo(here)
    } else {
        blobs.bring(blob, from.saturating_add(skip), bytes).await?
    };
    match reached {
        Brought::TooMuch => Ok(FromStick::NotWanted),
        Brought::UpTo(here) if here < blob.size => Ok(FromStick::Taken),
        Brought::UpTo(_) => match settle_now(hub, blobs, blob).await?.0 {
            PartState::Held => Ok(FromStick::Held),
            _ => Ok(FromStick::Refused),
        },
    }
}

/// Receipts for the caller's own journals that are complete further than before.
async fn receipts(hub: &Hub, standing: &Standing, caller: &Caller, held: &[Complete]) -> Result<Vec<Vec<u8>>, Failure> {
    let own: Vec<&Complete> = held.iter().filter(|held| held.place.0 == caller.device).collect();
    if own.is_empty() {
        return Ok(Vec::new());
    }
    let now = hub.now_ms();
    let heads: Vec<_> = own.iter().map(|held| (held.place, held.head)).collect();
    let newest = hub.cover(&heads).await?;
    let mut statements: Vec<Vec<u8>> = own.into_iter().map(|held| receipt(hub, standing, held, &newest, now)).collect();
    statements.push(newest.statement);
    Ok(statements)
}

impl Hub {
    /// Removes the bytes of attachments whose entries are erased.
    ///
    /// # Errors
    /// [`StoreFault`]; what is due then stays due.
    pub(crate) async fn sweep_parts(&self) -> Result<(), StoreFault> {
        let Some(blobs) = &self.blobs else { return Ok(()) };
        let doomed: Vec<(DeviceId, Digest)> = self.store.doomed_parts().await?;
        if doomed.is_empty() {
            return Ok(());
        }
        for (device, digest) in &doomed {
            blobs.discard(*device, *digest).await?;
        }
        tracing::info!(parts = doomed.len(), "attachments of erased entries are gone");
        self.store.parts_gone(doomed).await
    }
}
