//! Reading the hub's signed words: receipts against what was sent, checkpoints against the one before.

use amanat_keys::fingerprint::Digest;
use amanat_keys::statement::{Purpose, Statement};

use super::outcome::{End, Trouble};
use super::pass::Trip;
use crate::batch::Limit;
use crate::error::SyncError;
use crate::journal::{Filing, Status, Wanted};
use crate::receipt::{Checkpoint, Expected, Receipt, Step};
use crate::road::{Place, Road, Rows, stories_row};
use crate::stories::{Heard, TwoStories, Word};

/// What statements came to.
#[derive(Debug, Default)]
pub(super) struct News {
    pub(super) filing: Option<Filing>,
    pub(super) trouble: Vec<Trouble>,
    pub(super) hub_time: Option<u64>,
    /// What is to be remembered although nothing is filed: proofs of two stories.
    pub(super) road: Rows,
}

/// Words of the hub, proven.
#[derive(Default)]
struct Words {
    receipts: Vec<(Receipt, Vec<u8>)>,
    checkpoints: Vec<(Checkpoint, Vec<u8>)>,
}

/// Verifies every statement with the hub's key from the roster and holds it against what is known here. An answer whose
/// checkpoint denies the one on file is not filed at all, nor are words that tell another story than earlier ones.
pub(super) fn read(trip: &Trip<'_>, status: &Status, statements: &[Vec<u8>]) -> Result<News, End> {
    let mut news = News::default();
    let mut words = proven(trip, statements, &mut news)?;
    // From a stick they come in any order, old ones among them; an answer has one.
    words.checkpoints.sort_by_key(|(word, _)| (word.epoch, word.number));
    let times = words.receipts.iter().map(|(word, _)| word.hub_time);
    news.hub_time = times.chain(words.checkpoints.iter().map(|(word, _)| word.hub_time)).max();
    let one_story = hear(trip, status, &words, &mut news)?;
    let newest = words.checkpoints.pop();
    let mut vouched = status.vouched;
    let mut filed_checkpoint = None;
    if let Some((word, bytes)) = newest {
        let mut stands = true;
        match &status.checkpoint {
            // The first word of a hub that the roster lists counts: there is nothing it could contradict.
            None => vouched = vouched.max(word.epoch),
            Some((held, hash, _)) => match word.step_from(held, hash) {
                Step::Same | Step::Forward => {}
                // An old stick says nothing new.
                Step::Backward if trip.stick => stands = false,
                Step::NewEpoch => vouched = vouched.max(trip.spoken_for()?.min(word.epoch)),
                Step::Backward | Step::Fork => {
                    news.trouble.push(Trouble::HubDenies { shown: word.number, held: held.number });
                    return Ok(news);
                }
            },
        }
        filed_checkpoint = stands.then_some((word, bytes));
    }
    if !one_story {
        return Ok(news);
    }
    let mut filed = Vec::new();
    for (receipt, bytes) in words.receipts {
        match judge(trip, &receipt)? {
            Judged::Ours => filed.push((receipt, bytes)),
            Judged::Beside => {}
            Judged::Alien(_) if trip.stick => {}
            Judged::Alien(what) => return Err(End::Nonsense(what)),
        }
    }
    let hub = trip.party.hub;
    let remember = std::mem::take(&mut news.road);
    news.filing = Some(Filing { hub, receipts: filed, checkpoint: filed_checkpoint, vouched, again: 0, remember });
    Ok(news)
}

/// The words that the hub's key has signed. What does not prove itself spoils an answer; of a stick it is left out and told.
fn proven(trip: &Trip<'_>, statements: &[Vec<u8>], news: &mut News) -> Result<Words, End> {
    let mut words = Words::default();
    for bytes in statements {
        let taken = one(trip, bytes, &mut words);
        match taken {
            Err(End::Nonsense(why)) if trip.stick => news.trouble.push(Trouble::Document(why)),
            taken => taken?,
        }
    }
    Ok(words)
}

fn one(trip: &Trip<'_>, bytes: &[u8], words: &mut Words) -> Result<(), End> {
    let statement = Statement::from_bytes(bytes).map_err(|fault| End::Nonsense(fault.to_string()))?;
    match statement.purpose() {
        Purpose::Receipt => {
            let word = Receipt::prove(statement, trip.trust, &trip.party.hub).map_err(unproven)?;
            by_its_newest_key(trip, word.epoch, word.checkpoint)?;
            words.receipts.push((word, bytes.to_vec()));
        }
        Purpose::Checkpoint => {
            let word = Checkpoint::prove(statement, trip.trust, &trip.party.hub).map_err(unproven)?;
            by_its_newest_key(trip, word.epoch, word.number)?;
            words.checkpoints.push((word, bytes.to_vec()));
        }
        _ => return Err(End::Nonsense("a statement that has no place in this answer".to_owned())),
    }
    Ok(())
}

/// A hub that answers signs with the newest key that the roster names, from the moment at which it was made. What a key that was given up
/// signed stays true on a stick and on file; whoever answers with it now has stolen it, or was put back to before.
fn by_its_newest_key(trip: &Trip<'_>, epoch: u64, checkpoint: u64) -> Result<(), End> {
    let listed = trip.trust.roster().hub(&trip.party.hub).filter(|_| !trip.stick);
    if listed.is_some_and(|hub| hub.key_at(epoch, checkpoint) != hub.receipt_key) {
        return Err(End::Nonsense("it signs with a key that the roster has retired".to_owned()));
    }
    Ok(())
}

/// Holds the words against all that the hub has said before. Whether they tell one story with them.
fn hear(trip: &Trip<'_>, status: &Status, words: &Words, news: &mut News) -> Result<bool, End> {
    let road = Road::read(trip.journal).map_err(End::Local)?;
    let mut heard = Heard::default();
    for (word, statement) in &road.checkpoints {
        heard.hear(Word::checkpoint(word, statement));
    }
    if let Some((word, _, statement)) = &status.checkpoint {
        heard.hear(Word::checkpoint(word, statement));
    }
    for (word, statement) in status.receipts.iter().chain(&status.passed) {
        heard.hear(Word::receipt(word, statement));
    }
    let checkpoints = words.checkpoints.iter().map(|(word, statement)| Word::checkpoint(word, statement));
    let receipts = words.receipts.iter().map(|(word, statement)| Word::receipt(word, statement));
    let found: Vec<TwoStories> = checkpoints.chain(receipts).filter_map(|word| heard.hear(word)).collect();
    for story in &found {
        news.trouble.push(Trouble::TwoStories { about: story.about });
        news.road.put.push(stories_row(story));
    }
    if found.is_empty() {
        for (word, statement) in &words.checkpoints {
            news.road.and(road.remember(word, statement));
        }
    }
    Ok(found.is_empty())
}

enum Judged {
    /// To be filed.
    Ours,
    /// For another's journal, of which less is held here than the hub has: it says nothing that could be counted.
    Beside,
    Alien(String),
}

/// A receipt for a journal of ours against our own links. One that signs another history is the hub's word on a fork: the
/// journal files it as such, and nothing counts as received by it.
fn judge(trip: &Trip<'_>, receipt: &Receipt) -> Result<Judged, End> {
    let Some(known) = trip.known(&(receipt.device, receipt.journal))? else {
        return Ok(Judged::Alien("a receipt for a journal that is not held here".to_owned()));
    };
    if known.own.is_none() && receipt.seq > known.head.seq {
        return Ok(Judged::Beside);
    }
    let expected = Expected {
        agency: trip.party.agency,
        hub: trip.party.hub,
        device: known.device,
        journal: known.journal,
        head: known.head,
        link_there: link_at(trip, &(known.device, known.journal), receipt.seq)?,
    };
    if receipt.forks(&expected) {
        return Ok(Judged::Ours);
    }
    Ok(receipt.check(&expected).map_or_else(|fault| Judged::Alien(fault.to_string()), |()| Judged::Ours))
}

/// Whether a list of heads is the one that the newest checkpoint on file hashes.
pub(super) fn is_list_of_newest(trip: &Trip<'_>, list: &[u8]) -> Result<bool, End> {
    let status = trip.journal.status(&trip.party.hub).map_err(End::Local)?;
    let newest = status.checkpoint.filter(|(_, hash, _)| *hash == trip.seen);
    Ok(!list.is_empty() && newest.is_some_and(|(word, ..)| Digest::of(list) == word.heads))
}

/// Our link at a number of a journal, if it is held so far.
pub(super) fn link_at(trip: &Trip<'_>, place: &Place, seq: u64) -> Result<Option<Digest>, End> {
    if let Some(known) = trip.known(place)?.filter(|known| known.head.seq == seq) {
        return Ok(Some(known.head.link));
    }
    let wanted = Wanted::After { device: place.0, journal: place.1, seq };
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
