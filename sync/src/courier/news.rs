//! Reading the hub's signed words: receipts against what was sent, checkpoints against the one before.

use amanat_keys::fingerprint::{Digest, JournalId};
use amanat_keys::statement::{Purpose, Statement};

use super::outcome::{End, Trouble};
use super::pass::Trip;
use crate::batch::Limit;
use crate::error::SyncError;
use crate::journal::{Filing, Status, Wanted};
use crate::receipt::{Checkpoint, Expected, Receipt, Step};

/// What statements came to.
#[derive(Debug, Default)]
pub(super) struct News {
    pub(super) filing: Option<Filing>,
    pub(super) trouble: Vec<Trouble>,
    pub(super) hub_time: Option<u64>,
}

/// Verifies every statement with the hub's key from the roster and holds it against what is known here. An answer whose
/// checkpoint denies the one on file is not filed at all.
pub(super) fn read(trip: &Trip<'_>, status: &Status, statements: &[Vec<u8>]) -> Result<News, End> {
    let mut news = News::default();
    let (mut receipts, mut checkpoint) = (Vec::new(), None);
    for bytes in statements {
        let statement = Statement::from_bytes(bytes).map_err(|fault| End::Nonsense(fault.to_string()))?;
        match statement.purpose() {
            Purpose::Receipt => {
                let receipt = Receipt::prove(statement, trip.trust, &trip.party.hub).map_err(unproven)?;
                news.hub_time = news.hub_time.max(Some(receipt.hub_time));
                receipts.push((receipt, bytes.clone()));
            }
            Purpose::Checkpoint => {
                let word = Checkpoint::prove(statement, trip.trust, &trip.party.hub).map_err(unproven)?;
                news.hub_time = news.hub_time.max(Some(word.hub_time));
                checkpoint = Some((word, bytes.clone()));
            }
            _ => return Err(End::Nonsense("a statement that has no place in this answer".to_owned())),
        }
    }
    let mut vouched = status.vouched;
    if let Some((word, _)) = &checkpoint {
        match &status.checkpoint {
            // The first word of a hub that the roster lists counts: there is nothing it could contradict.
            None => vouched = vouched.max(word.epoch),
            Some((held, hash, _)) => match word.step_from(held, hash) {
                Step::Same | Step::Forward => {}
                Step::NewEpoch => vouched = vouched.max(trip.spoken_for()?.min(word.epoch)),
                Step::Backward | Step::Fork => {
                    news.trouble.push(Trouble::HubDenies { shown: word.number, held: held.number });
                    return Ok(news);
                }
            },
        }
    }
    let mut filed = Vec::new();
    for (receipt, bytes) in receipts {
        match judge(trip, &receipt)? {
            Judged::Ours => filed.push((receipt, bytes)),
            Judged::Alien(what) => return Err(End::Nonsense(what)),
        }
    }
    news.filing = Some(Filing { hub: trip.party.hub, receipts: filed, checkpoint, vouched, again: 0 });
    Ok(news)
}

enum Judged {
    Ours,
    Alien(String),
}

/// A receipt for a journal of ours against our own links. One that signs another history is the hub's word on a fork: the
/// journal files it as such, and nothing counts as received by it.
fn judge(trip: &Trip<'_>, receipt: &Receipt) -> Result<Judged, End> {
    if receipt.device != trip.party.device {
        return Ok(Judged::Alien("a receipt for another device's journal".to_owned()));
    }
    let Some(known) = trip.own(&receipt.journal)? else {
        return Ok(Judged::Alien("a receipt for a journal that we do not have".to_owned()));
    };
    let expected = Expected {
        agency: trip.party.agency,
        hub: trip.party.hub,
        device: known.device,
        journal: known.journal,
        head: known.head,
        link_there: link_at(trip, &known.journal, receipt.seq)?,
    };
    if receipt.forks(&expected) {
        return Ok(Judged::Ours);
    }
    Ok(receipt.check(&expected).map_or_else(|fault| Judged::Alien(fault.to_string()), |()| Judged::Ours))
}

/// Our own link at a number, if the journal reaches it.
pub(super) fn link_at(trip: &Trip<'_>, journal: &JournalId, seq: u64) -> Result<Option<Digest>, End> {
    if let Some(known) = trip.own(journal)?.filter(|known| known.head.seq == seq) {
        return Ok(Some(known.head.link));
    }
    let wanted = Wanted::After { device: trip.party.device, journal: *journal, seq };
    let runs = trip.journal.pending(&wanted, Limit { items: 1, bytes: 1 }).map_err(End::Local)?;
    Ok(runs.into_iter().find(|run| run.first.checked_sub(1) == Some(seq)).map(|run| run.before))
}

/// A statement that does not prove itself, or speaks in another's name.
fn unproven(fault: SyncError) -> End {
    match fault {
        SyncError::Trust(source) => End::Nonsense(format!("the hub's word does not prove itself: {source}")),
        other => super::pass::nonsense(other),
    }
}
