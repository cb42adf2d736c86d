//! The way back: pages of what others wrote and we may have, verified entry by entry before anything is filed.

use std::collections::BTreeMap;

use amanat_keys::fingerprint::{DeviceId, Digest, JournalId};

use super::outcome::{End, Trouble};
use super::pass::{Trip, nonsense};
use super::passed_over::{PassedOver, Worth};
use super::{mending, papers};
use crate::along::Along;
use crate::batch::{Limit, Run, Why};
use crate::cbor::count;
use crate::chain::{Head, Verdict};
use crate::entry::{Change, SealedEntry};
use crate::journal::{Journal, KnownHead, Pulled, Quarantined, State, Status, Wanted};
use crate::proof;
use crate::receipt::{Checkpoint, ListedHead, read_heads_list};
use crate::road::{Place, Road, Rows, again_at, carried_row, forked_at, forked_row};
use crate::transport::TransportError;
use crate::wire::codec;
use crate::wire::limits::{MAX_AGAIN, MAX_FORKED, MAX_ITEMS, MAX_SEQ};
use crate::wire::messages::{HeadLine, PullRequest};

/// The question for a page, on its way while the page before it is worked through, or answered with a push.
pub(super) struct Ahead {
    asked: PullRequest,
    /// The answer, where the road waited for it; or why it could not be asked, which is told when the page before it is filed.
    answer: Result<Option<Vec<u8>>, TransportError>,
}

impl Ahead {
    /// A page that came with the answer to a push; none where the hub gave none.
    pub(super) fn came(asked: PullRequest, page: &[u8]) -> Option<Self> {
        (!page.is_empty()).then(|| Self { asked, answer: Ok(Some(page.to_vec())) })
    }
}

/// The first question of the pull that follows, where nothing stands out that would make it another one.
pub(super) fn question(trip: &Trip<'_>) -> Result<Option<PullRequest>, End> {
    let heads = trip.journal.heads().map_err(End::Local)?;
    let forked = heads.iter().any(|known| known.own.is_some() && known.state == State::Forked);
    let road = Road::carrying(trip.journal).map_err(End::Local)?;
    if forked || !trip.forked.is_empty() || !road.forked.is_empty() || !trip.courier.tails.are_whole() {
        return Ok(None);
    }
    request(trip, &BTreeMap::new(), &PassedOver::default(), Vec::new()).map(Some)
}

pub(super) fn pull(trip: &mut Trip<'_>) -> Result<(), End> {
    // What earlier passes brought was in the hub's books before any list that it shows now.
    let before = trip.journal.heads().map_err(End::Local)?;
    // What did not verify is not asked for twice in one pass: it would fill every page.
    let mut passed_over = PassedOver::resting(trip.courier.tails.resting(&mut trip.courier.patience));
    mending::catch_up(trip)?;
    let road = Road::carrying(trip.journal).map_err(End::Local)?;
    for (place, seen) in &road.forked {
        passed_over.expect(*place, seen.seq);
    }
    let damaged = mending::due(trip, &road)?;
    let mut again: Vec<(HeadLine, u64)> = Vec::new();
    let (mut asked_last, mut covered) = (false, BTreeMap::<Place, u64>::new());
    let mut ahead = trip.ahead.take();
    let parted = without_evidence(trip)?;
    trip.reports()?;
    loop {
        let asked_again = !again.is_empty();
        let request = request(trip, &parted, &passed_over, std::mem::take(&mut again))?;
        let answer = match ahead.take().filter(|ahead| ahead.asked == request) {
            Some(Ahead { answer: Ok(Some(answer)), .. }) => answer,
            Some(Ahead { answer: Ok(None), .. }) => trip.road.receive()?,
            Some(Ahead { answer: Err(fault), .. }) => return Err(fault.into()),
            // The answer to another question, asked ahead, is given up with this.
            None => trip.road.pull(&trip.seen, &request.to_bytes())?,
        };
        let (manifest, runs, _whole) = codec::read_pull(&answer).map_err(nonsense)?;
        if manifest.agency != trip.party.agency {
            return Err(End::Nonsense("an answer for another agency".to_owned()));
        }
        // New colleagues' entries need the roster that names them.
        papers::exchange_if_news(trip)?;
        let items = runs.iter().fold(0_u64, |sum, run| sum.saturating_add(count(run.items.len())));
        let (own, others): (Vec<Run>, Vec<Run>) = runs.into_iter().partition(|run| run.device == trip.party.device);
        let all_of_others = own.is_empty();
        let back = restored(trip, own, &mut passed_over)?;
        // What a grant opened was perhaps held as bare hashes: ask for it again, but never because of an answer to that.
        if !asked_again {
            again = stretches(trip, opened_by(trip, &others)?)?;
        }
        for run in others.iter().filter(|_| asked_again) {
            let upto = covered.entry((run.device, run.journal)).or_default();
            *upto = run.last().max(*upto);
        }
        if manifest.more && all_of_others && again.is_empty() {
            ahead = ask_ahead(trip, &parted, &passed_over, &others)?;
        }
        let taken = take(trip, others, &mut passed_over)?;
        passed_over.count_page(items, back.filed.saturating_add(taken.filed));
        trip.file(&manifest.statements)?;
        look_for_hidden_tail(trip, &manifest.heads, &before)?;
        // After a question for stretches comes another one in any case.
        let goes_on = !again.is_empty()
            || trip.courier.tails.take_due()
            || manifest.more && (back.moved || taken.moved || asked_again);
        if goes_on && !passed_over.is_enough() {
            continue;
        }
        if goes_on {
            trip.outcome.tell(Trouble::InVain);
            (asked_last, again) = (true, Vec::new());
        }
        // What a stick brought as bare hashes is asked for whole after everything else, until the hub has answered for all of it, and with
        // it what came damaged.
        if !std::mem::replace(&mut asked_last, true) {
            let bare = mending::bare(trip, &road);
            again = stretches(trip, bare)?;
            again.extend(damaged.iter().map(|at| (line(at.device, at.journal, at.seq), at.seq)));
            again.truncate(MAX_AGAIN);
        }
        if again.is_empty() {
            let mut done = mending::settle(trip, &damaged)?;
            let answered = road.again.iter().filter(|(place, _, upto)| covered.get(place).is_some_and(|to| to >= upto));
            done.take.extend(answered.map(|(place, ..)| again_at(place)));
            trip.courier.evidence.extend(parted.keys());
            return done.write(trip.journal).map_err(End::Local);
        }
    }
}

/// Asks for the page after this one before this one is verified and filed, taking for granted that all of it will stand; where it does not,
/// the next question is another and the answer to this one is given up. Nothing of it is looked at before: what was asked for twice is
/// filed once, by its place.
fn ask_ahead(
    trip: &mut Trip<'_>,
    parted: &BTreeMap<JournalId, u64>,
    passed_over: &PassedOver,
    page: &[Run],
) -> Result<Option<Ahead>, End> {
    if !trip.road.goes_ahead() {
        return Ok(None);
    }
    let mut expected = passed_over.clone();
    for run in page.iter().filter(|run| !run.items.is_empty()) {
        expected.expect((run.device, run.journal), run.last());
    }
    let asked = request(trip, parted, &expected, Vec::new())?;
    let answer = trip.road.send_pull(&trip.seen, &asked.to_bytes());
    Ok(Some(Ahead { asked, answer }))
}

fn line(device: DeviceId, journal: JournalId, seq: u64) -> HeadLine {
    HeadLine { device, journal, seq }
}

/// From these places on, up to what is held.
fn stretches(trip: &Trip<'_>, from: BTreeMap<Place, u64>) -> Result<Vec<(HeadLine, u64)>, End> {
    if from.is_empty() {
        return Ok(Vec::new());
    }
    let heads = trip.journal.heads().map_err(End::Local)?;
    let held: BTreeMap<Place, u64> =
        heads.iter().map(|known| ((known.device, known.journal), known.head.seq)).collect();
    let stretch = |(place, seq): (Place, u64)| {
        let last = held.get(&place).copied().unwrap_or(seq);
        (line(place.0, place.1, seq), last)
    };
    Ok(from.into_iter().take(MAX_AGAIN).map(stretch).collect())
}

/// Where rewraps in these runs open a slip from which on we hold at least one place: by journal, the lowest such slip.
fn opened_by(trip: &Trip<'_>, runs: &[Run]) -> Result<BTreeMap<Place, u64>, End> {
    let targets = runs.iter().flat_map(Run::entries).filter_map(|entry| entry.header.target);
    let mut opened: BTreeMap<Place, u64> = BTreeMap::new();
    for target in targets.filter(|target| target.change == Change::Rewrap && target.entry.device != trip.party.device) {
        let lowest = opened.entry((target.entry.device, target.entry.journal)).or_insert(target.entry.seq);
        *lowest = target.entry.seq.min(*lowest);
    }
    let heads = trip.journal.heads().map_err(End::Local)?;
    let reaches = |place: &Place, seq: u64| {
        heads.iter().any(|known| (known.device, known.journal) == *place && known.head.seq >= seq)
    };
    opened.retain(|place, seq| reaches(place, *seq));
    Ok(opened)
}

/// Own journals that were found forked in an earlier pass which broke before the other history was here, and the first number that may
/// differ: it is fetched now. Once in the life of a program, should the hub have nothing that differs.
fn without_evidence(trip: &Trip<'_>) -> Result<BTreeMap<JournalId, u64>, End> {
    let asked = |journal: &JournalId| trip.forked.contains_key(journal) || trip.courier.evidence.contains(journal);
    let found_earlier = trip.status()?.own.into_iter().filter(|own| own.state == State::Forked && !asked(&own.journal));
    let mut parted: BTreeMap<JournalId, u64> =
        found_earlier.map(|own| (own.journal, own.received.saturating_add(1))).collect();
    if !parted.is_empty() {
        let aside = trip.journal.quarantined().map_err(End::Local)?;
        let other = |bad: &&Quarantined| bad.why == Why::Fork && bad.entry.device == trip.party.device;
        for bad in aside.iter().filter(other) {
            parted.remove(&bad.entry.journal);
        }
    }
    Ok(parted)
}

fn request(
    trip: &Trip<'_>,
    parted: &BTreeMap<JournalId, u64>,
    passed_over: &PassedOver,
    again: Vec<(HeadLine, u64)>,
) -> Result<PullRequest, End> {
    let mut heads: BTreeMap<Place, u64> = passed_over.places();
    for known in trip.journal.heads().map_err(End::Local)? {
        let held = heads.entry((known.device, known.journal)).or_default();
        // What the hub has of a journal that forked is fetched in the pass that found it out, and not again.
        let here = trip.forked.get(&known.journal).or_else(|| parted.get(&known.journal));
        let upto = match (here.filter(|_| known.own.is_some()), known.state) {
            (Some(at), _) => at.saturating_sub(1),
            (None, State::Forked) if known.own.is_some() => MAX_SEQ,
            (None, _) => known.head.seq,
        };
        *held = upto.max(*held);
    }
    Ok(PullRequest {
        agency: trip.party.agency,
        again,
        heads: heads.into_iter().map(|((device, journal), seq)| line(device, journal, seq)).collect(),
        items: MAX_ITEMS,
        bytes: count(trip.road.room()),
    })
}

/// A run of another that was verified, as far as its journal may take it.
struct Offered {
    place: Place,
    /// The first number, the link before it, and the last number that came with the link there.
    first: u64,
    before: Digest,
    ends: Head,
    /// The last number that stands.
    stands: u64,
    /// Whether all of it verified.
    clean: bool,
}

/// Verifies and files runs of others.
pub(super) fn take(trip: &mut Trip<'_>, runs: Vec<Run>, passed_over: &mut PassedOver) -> Result<Worth, End> {
    let mut worth = Worth::default();
    let (pulled, offered) = verify(trip, runs, passed_over, &mut worth)?;
    if offered.is_empty() && pulled.quarantine.is_empty() {
        return Ok(worth);
    }
    let aside = count(pulled.quarantine.len());
    let before = trip.status()?.others;
    let verdicts = trip.journal.file_pulled(&pulled).map_err(End::Local)?;
    // Those that are new, and those of which only the hash was held: what fills a place counts as what adds one.
    let status = trip.status()?;
    worth.filed = status.others.saturating_sub(before);
    trip.outcome.pulled += worth.filed;
    trip.outcome.set_aside += aside;
    let forked = verdicts.iter().any(|verdict| matches!(verdict, Verdict::Fork { .. }));
    if status.aside_full && (aside > 0 || forked) {
        trip.outcome.tell(Trouble::AsideFull);
    }
    if aside > 0 {
        trip.courier.noted = false;
        mending::remember(trip, &pulled.quarantine)?.write(trip.journal).map_err(End::Local)?;
        trip.courier.noted = true;
    }
    let road = Road::carrying(trip.journal).map_err(End::Local)?;
    let mut there = Rows::default();
    for (Offered { place, first, before, ends, stands, clean }, verdict) in offered.into_iter().zip(verdicts) {
        let (came, seen) = (ends.seq, road.forked.get(&place));
        match verdict {
            Verdict::Accepted { .. } => {
                worth.moved = true;
                trip.courier.tails.passed(&mut trip.courier.patience, &place, stands);
                // The hub that gave this has it and what it stands on: there is nothing to carry below it any more.
                if !trip.stick && road.there(&place).is_some_and(|there| there < stands) {
                    there.put.push(carried_row(&place, stands));
                }
            }
            Verdict::AlreadyHeld { .. } => {}
            // Something stands behind a damaged end that was passed over: with that, its place is vouched for.
            Verdict::Gap { .. } if trip.courier.tails.is_followed(&place) => passed_over.forget(&place),
            // Behind the other history of a forked journal: it goes on, or the hub shows another one now.
            Verdict::Gap { .. } if seen.is_some_and(|seen| seen.seq.checked_add(1) == Some(first)) => {
                if seen.is_some_and(|seen| seen.link == before) {
                    there.put.push(forked_row(&place, &ends));
                    worth.moved |= passed_over.go_past(place, came);
                } else {
                    there.take.push(forked_at(&place));
                    passed_over.forget(&place);
                    trip.courier.tails.ask_again();
                }
            }
            // What stood before it was refused: nothing that comes after it can be filed in this pass either, and where nothing of it
            // is to be set aside it need not come.
            Verdict::Gap { .. } => worth.moved |= passed_over.go_past(place, if clean { MAX_SEQ } else { came }),
            Verdict::Fork { at, .. } => {
                worth.moved |= passed_over.go_past(place, at.max(came));
                if !trip.stick && (seen.is_some() || road.forked.len() < MAX_FORKED) {
                    there.put.push(forked_row(&place, &ends));
                }
                trip.outcome.tell(Trouble::ForkElsewhere { device: place.0, journal: place.1 });
            }
        }
    }
    there.write(trip.journal).map_err(End::Local)?;
    Ok(worth)
}

/// What of these runs is to be filed and what set aside. What did not verify is passed over.
fn verify(
    trip: &mut Trip<'_>,
    runs: Vec<Run>,
    passed_over: &mut PassedOver,
    worth: &mut Worth,
) -> Result<(Pulled, Vec<Offered>), End> {
    let (mut pulled, mut offered) = (Pulled::default(), Vec::new());
    for run in runs.into_iter().filter(|run| !run.items.is_empty()) {
        let (place, ends) = ((run.device, run.journal), run.head());
        let (first, before, came) = (run.first, run.before, ends.seq);
        if proof::denied(&run, trip.trust) {
            // Not one entry of it is what the roster trusts: it is evidence.
            worth.moved |= passed_over.go_past(place, came);
            // Bare hashes could be anybody's: only what the device has signed is told of as a second history.
            if proof::denied_by_its_own_word(&run, trip.trust) {
                trip.outcome.tell(Trouble::ForkElsewhere { device: place.0, journal: place.1 });
            }
            pulled.quarantine.extend(run.entries().map(|sealed| aside((Why::Revoked, sealed.clone()))));
            continue;
        }
        let along = along_before(trip.journal, &run).map_err(End::Local)?;
        let (verified, refused) = run.verify(along, |entry| proof::key_of(entry, trip.trust));
        // Hashes behind the last entry nobody has signed for, and a journal of them would grow with each pass and each stick.
        let verified = verified.without_tail();
        let (stands, clean) = (verified.run().last(), refused.is_empty());
        if stands < came {
            let head = trip.known(&place)?.map_or(0, |known| known.head.seq);
            trip.courier.tails.note(&verified, (head, came), &refused);
        }
        pulled.quarantine.extend(refused.into_iter().map(aside));
        // Bare hashes of a device that nobody lists: anybody could make a journal of them.
        let unknown = trip.trust.device(&place.0).is_none();
        if stands < came || unknown {
            worth.moved |= passed_over.go_past(place, came);
        }
        if !unknown {
            offered.push(Offered { place, first, before, ends, stands, clean });
            pulled.runs.push(verified);
        }
    }
    Ok((pulled, offered))
}

fn aside((why, sealed): (Why, SealedEntry)) -> Quarantined {
    Quarantined { entry: sealed.at(), why, sealed }
}

/// What is known of a journal just before a run begins.
pub(super) fn along_before(journal: &dyn Journal, run: &Run) -> crate::error::Result<Along> {
    let Some(seq) = run.first.checked_sub(2) else { return Ok(Along::default()) };
    let wanted = Wanted::After { device: run.device, journal: run.journal, seq };
    let held = journal.pending(&wanted, Limit { items: 1, bytes: 1 })?;
    let before = held.first().filter(|held| held.first == seq.saturating_add(1)).and_then(|held| held.entries().next());
    Ok(Along::after(before.map(|entry| &entry.header)))
}

/// The hub has more of an own journal than we do: this home is an older copy of itself. We go on in a new journal, so that
/// nobody's numbers are used twice, and take back what was lost; where both histories have parted the hub's is kept as
/// evidence. Only what this device itself has signed counts: whoever gives it cannot add a place to our journal, nor close it.
pub(super) fn restored(trip: &mut Trip<'_>, own: Vec<Run>, passed_over: &mut PassedOver) -> Result<Worth, End> {
    let (mut found, mut worth) = (Vec::new(), Worth::default());
    for run in own.into_iter().filter(|run| !run.items.is_empty()) {
        let place = (run.device, run.journal);
        let (first, last) = (run.first, run.last());
        let (verified, _refused) = run.verify(Along::default(), |entry| proof::key_of(entry, trip.trust));
        worth.moved |= passed_over.go_past(place, last);
        let Some(verified) = verified.up_to_last_entry() else { continue };
        trip.tell_fork(place.1, first)?;
        found.push(verified);
    }
    if found.is_empty() {
        return Ok(worth);
    }
    let pulled = Pulled { runs: found, quarantine: Vec::new() };
    let verdicts = trip.journal.file_pulled(&pulled).map_err(End::Local)?;
    let new = pulled.runs.iter().zip(verdicts).filter(|(_, verdict)| matches!(verdict, Verdict::Accepted { .. }));
    worth.filed = new.fold(0, |sum, (run, _)| sum.saturating_add(count(run.run().entries().count())));
    Ok(worth)
}

/// The list of heads must be the checkpoint's. It must not show less of our journals than the hub has signed for, nor less of
/// anybody's than it gave us before, nor another history than the one that we hold. What a stick brought it perhaps never had;
/// what it lost before an admin spoke for its new epoch is carried for it from here on. What it signs for in that one it must show.
pub(super) fn look_for_hidden_tail(trip: &mut Trip<'_>, list: &[u8], before: &[KnownHead]) -> Result<(), End> {
    if list.is_empty() {
        return Ok(());
    }
    let status = trip.journal.status(&trip.party.hub).map_err(End::Local)?;
    let Some((checkpoint, hash, _)) = &status.checkpoint else { return Ok(()) };
    if *hash != trip.seen || !is_list_of(checkpoint, list) {
        return Err(End::Nonsense("the list of heads is not the checkpoint's".to_owned()));
    }
    let listed = read_heads_list(list, checkpoint).map_err(nonsense)?;
    for own in &status.own {
        let shown = listed.iter().find(|line| (line.device, line.journal) == (trip.party.device, own.journal));
        if own.received > shown.map_or(0, |line| line.head.seq) {
            trip.outcome.tell(Trouble::HiddenTail { journal: own.journal });
        }
    }
    let road = Road::carrying(trip.journal).map_err(End::Local)?;
    let fell = status.vouched > FIRST_EPOCH && status.epoch == status.vouched;
    let mut lost = Rows::default();
    for known in before.iter().filter(|known| known.own.is_none() && known.state != State::Forked) {
        let (device, journal) = (known.device, known.journal);
        let line = listed.iter().find(|line| (line.device, line.journal) == (device, journal));
        let shown = line.map_or(0, |line| line.head.seq);
        let held = known.head.seq.min(at_the_hub(&road, &status, known));
        if shown < held && fell && signed_for(&status, &(device, journal)) <= shown {
            lost.put.push(carried_row(&(device, journal), shown));
        } else if shown < held {
            trip.outcome.tell(Trouble::HiddenElsewhere { device, journal, shown, held });
        }
        if let Some(line) = line
            && link_at(trip, known, shown)?.is_some_and(|ours| ours != line.head.link)
        {
            trip.outcome.tell(Trouble::ForkElsewhere { device, journal });
        }
    }
    lost.write(trip.journal).map_err(End::Local)?;
    trip.outcome.unserved = unserved(trip, &listed)?;
    trip.outcome.listed = listed;
    Ok(())
}

/// In it a hub has lost nothing yet.
const FIRST_EPOCH: u64 = 1;

/// How far the hub had another's journal: as far as it is held here, unless it is carried.
fn at_the_hub(road: &Road, status: &Status, known: &KnownHead) -> u64 {
    let place = (known.device, known.journal);
    road.there(&place).map_or(known.head.seq, |there| there.max(signed_for(status, &place)))
}

/// How far the hub has signed for another's journal, in the epoch that counts.
fn signed_for(status: &Status, place: &Place) -> u64 {
    let signed = status.passed.iter().find(|(word, _)| (word.device, word.journal) == *place);
    signed.map_or(0, |(word, _)| word.seq)
}

/// Our link at a place of another's journal, as far as we hold it.
fn link_at(trip: &Trip<'_>, known: &KnownHead, seq: u64) -> Result<Option<Digest>, End> {
    if seq == known.head.seq {
        return Ok(Some(known.head.link));
    }
    let wanted = Wanted::After { device: known.device, journal: known.journal, seq };
    let runs = trip.journal.pending(&wanted, Limit { items: 1, bytes: 1 }).map_err(End::Local)?;
    Ok(runs.first().filter(|run| run.first == seq.saturating_add(1)).map(|run| run.before))
}

/// How many places the list shows beyond what we were given: entries for others, or withheld. Nobody here can tell which, so
/// they are counted and not accused.
fn unserved(trip: &Trip<'_>, listed: &[ListedHead]) -> Result<u64, End> {
    let heads = trip.journal.heads().map_err(End::Local)?;
    let held: BTreeMap<Place, u64> =
        heads.iter().map(|known| ((known.device, known.journal), known.head.seq)).collect();
    let beyond =
        |line: &ListedHead| line.head.seq.saturating_sub(held.get(&(line.device, line.journal)).copied().unwrap_or(0));
    let others = listed.iter().filter(|line| line.device != trip.party.device);
    Ok(others.fold(0, |sum, line| beyond(line).saturating_add(sum)))
}

fn is_list_of(checkpoint: &Checkpoint, list: &[u8]) -> bool {
    Digest::of(list) == checkpoint.heads
}
