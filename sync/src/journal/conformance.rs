//! What every journal does, written once. Each behaviour is a function over a fresh journal; `suite!` makes a test of each for
//! one implementation.

use amanat_keys::fingerprint::{CaseId, DeviceId, Digest, KeyId};
use zeroize::Zeroizing;

use super::*;
use crate::batch::{Item, VerifiedRun, Why};
use crate::chain::Head;
use crate::documents::DocumentKind;
use crate::entry::SealedEntry;
use crate::error::SyncError;
use crate::receipt::{Checkpoint, Receipt};
use crate::specimen::{Pen, hub, receipt};

const ALL: Limit = Limit::BODY;

pub(super) fn began(journal: &mut dyn Journal, pen: &Pen) {
    journal.begin(&pen.new_journal(Line::Cases, None)).unwrap();
}

pub(super) fn keep(entries: &[SealedEntry]) -> Keep {
    Keep { entries: entries.to_vec(), ..Keep::default() }
}

pub(super) fn verified(pen: &Pen, run: Run) -> VerifiedRun {
    let key = pen.signer.verifying_key();
    let (run, refused) = run.verify(crate::along::Along::default(), |_entry| Ok(key));
    assert!(refused.is_empty());
    run
}

fn pulled(runs: Vec<VerifiedRun>) -> Pulled {
    Pulled { runs, quarantine: Vec::new() }
}

fn filing(receipts: Vec<(Receipt, Vec<u8>)>, vouched: u64) -> Filing {
    Filing { hub: hub(), receipts, checkpoint: None, vouched, remember: Default::default(), again: 0 }
}

fn for_hub() -> Wanted {
    Wanted::ForHub { hub: hub(), sent: Vec::new() }
}

fn draft(id: u8, text: &str) -> ShelfRow {
    ShelfRow::draft([id; 16], Zeroizing::new(text.as_bytes().to_vec()))
}

pub(super) fn slots_follow_one_another(j: &mut dyn Journal) {
    let mut pen = Pen::new(1);
    assert!(matches!(j.next_slot(Line::Cases), Err(SyncError::NoJournal)));
    assert_eq!(j.begin(&pen.new_journal(Line::Cases, None)).unwrap(), pen.slot);
    for n in 0..3 {
        let entry = if n == 0 { pen.slip(1, 2) } else { pen.content(1, 1, b"some text") };
        let heads = j.append(&keep(&[entry])).unwrap();
        assert_eq!(heads[0].head, pen.run(1, |_| true).head());
        assert_eq!(j.next_slot(Line::Cases).unwrap(), pen.slot);
    }
    assert_eq!(j.entries_after(Cursor::START, ALL).unwrap().entries, pen.written);
}

pub(super) fn a_used_slot_is_refused_and_nothing_changes(j: &mut dyn Journal) {
    let (mut pen, mut twin) = (Pen::new(1), Pen::new(1));
    began(j, &pen);
    pen.slip(1, 2);
    twin.slip(2, 2);
    j.append(&keep(&pen.written)).unwrap();
    j.shelve(&[draft(1, "half")], &[]).unwrap();
    let mut second = keep(&twin.written);
    second.drop.push((Shelf::Drafts, vec![1; 16]));
    assert!(matches!(j.append(&second), Err(SyncError::SlotTaken)));
    twin.content(2, 1, b"more");
    assert!(matches!(j.append(&keep(&twin.written[1..])), Err(SyncError::SlotTaken)));
    assert_eq!(j.shelf(Shelf::Drafts).unwrap().len(), 1, "the draft is still there");
    assert_eq!(j.entries_after(Cursor::START, ALL).unwrap().entries, pen.written);
}

pub(super) fn a_keeping_is_whole_or_not_at_all(j: &mut dyn Journal) {
    let mut pen = Pen::new(1);
    began(j, &pen);
    pen.story(1, 3);
    let mut broken = keep(&pen.written);
    broken.entries.swap(2, 3);
    broken.rows.push(draft(1, "x"));
    assert!(matches!(j.append(&broken), Err(SyncError::SlotTaken)));
    assert_eq!(j.next_slot(Line::Cases).unwrap().seq, 1);
    assert!(j.shelf(Shelf::Drafts).unwrap().is_empty());
    j.shelve(&[draft(9, "draft")], &[]).unwrap();
    let mut whole = keep(&pen.written);
    let key = ShelfRow::case_key(
        &pen.at(1),
        CaseId::from_bytes([1; 16]),
        KeyId::from_bytes([3; 32]),
        Zeroizing::new(vec![4; 16]),
    );
    whole.rows.push(key.clone());
    whole.drop.push((Shelf::Drafts, vec![9; 16]));
    j.append(&whole).unwrap();
    assert_eq!(j.shelf(Shelf::CaseKeys).unwrap(), [key]);
    assert_eq!(j.shelf(Shelf::CaseKeys).unwrap()[0].slip(), Some(pen.at(1)));
    assert!(j.shelf(Shelf::Drafts).unwrap().is_empty());
}

pub(super) fn a_foreign_or_closed_journal_cannot_be_written(j: &mut dyn Journal) {
    let (mut pen, mut next, mut other) = (Pen::new(1), Pen::new(2), Pen::stranger(8, 3));
    began(j, &pen);
    other.story(1, 1);
    assert!(matches!(j.append(&keep(&other.written)), Err(SyncError::NoJournal)));
    pen.slip(1, 2);
    j.append(&keep(&pen.written)).unwrap();
    assert!(matches!(j.begin(&next.new_journal(Line::Cases, None)), Err(SyncError::Misuse(_))));
    let slot = j.begin(&next.new_journal(Line::Cases, Some(pen.slot.journal))).unwrap();
    assert_eq!(slot, next.slot);
    assert_eq!(j.next_slot(Line::Cases).unwrap(), next.slot);
    let late = pen.content(1, 1, b"late");
    assert!(matches!(j.append(&keep(&[late])), Err(SyncError::NoJournal)));
    next.slip(4, 1);
    j.append(&keep(&next.written)).unwrap();
    let runs = j.pending(&for_hub(), ALL).unwrap();
    assert_eq!(runs.len(), 2, "what the closed journal holds is still offered");
    assert!(matches!(j.begin(&pen.new_journal(Line::Statistics, None)), Err(SyncError::Misuse(_))), "the id is taken");
}

pub(super) fn two_lines_grow_side_by_side(j: &mut dyn Journal) {
    let (mut cases, mut figures) = (Pen::new(1), Pen::new(2));
    began(j, &cases);
    j.begin(&figures.new_journal(Line::Statistics, None)).unwrap();
    let both = keep(&[cases.slip(1, 2), figures.slip(2, 1), cases.content(1, 1, b"a"), figures.content(2, 1, b"b")]);
    assert_eq!(j.append(&both).unwrap().len(), 2);
    assert_eq!(j.next_slot(Line::Cases).unwrap(), cases.slot);
    assert_eq!(j.next_slot(Line::Statistics).unwrap(), figures.slot);
}

pub(super) fn received_is_arithmetic(j: &mut dyn Journal) {
    let mut pen = Pen::new(1);
    began(j, &pen);
    pen.story(1, 5);
    j.append(&keep(&pen.written)).unwrap();
    assert_eq!(j.pending(&for_hub(), ALL).unwrap(), [pen.run(1, |_| true)]);
    let filed = j.file_receipt(&filing(vec![receipt(&pen, 1, 2)], 1)).unwrap();
    assert_eq!(filed.received, [(pen.device(), pen.slot.journal, 2)]);
    assert_eq!(j.pending(&for_hub(), ALL).unwrap(), [pen.run(3, |_| true)]);
    let older = j.file_receipt(&filing(vec![receipt(&pen, 1, 1)], 1)).unwrap();
    assert!(older.received.is_empty(), "an older receipt changes nothing");
    let status = j.status(&hub()).unwrap();
    assert_eq!((status.own[0].received, status.own[0].kept.seq, status.waiting()), (2, 6, 4));
    let sent = Wanted::ForHub { hub: hub(), sent: vec![(pen.slot.journal, 5)] };
    assert_eq!(j.pending(&sent, ALL).unwrap(), [pen.run(6, |_| true)]);
    j.file_receipt(&filing(vec![receipt(&pen, 1, 6)], 1)).unwrap();
    assert!(j.pending(&for_hub(), ALL).unwrap().is_empty());
    assert_eq!(j.status(&hub()).unwrap().waiting(), 0);
    assert_eq!(j.status(&DeviceId::from_bytes([9; 32])).unwrap().waiting(), 6, "another hub has nothing");
}

pub(super) fn an_epoch_nobody_vouched_for_only_offers_again(j: &mut dyn Journal) {
    let mut pen = Pen::new(1);
    began(j, &pen);
    pen.story(1, 3);
    j.append(&keep(&pen.written)).unwrap();
    j.file_receipt(&filing(vec![receipt(&pen, 1, 4)], 1)).unwrap();
    j.file_receipt(&filing(vec![receipt(&pen, 2, 1)], 1)).unwrap();
    let own = j.status(&hub()).unwrap().own[0];
    assert_eq!((own.received, own.once, own.offered_from), (4, 4, 1));
    assert_eq!(j.pending(&for_hub(), ALL).unwrap(), [pen.run(2, |_| true)]);
    for (again, sum) in [(700, 700), (0, 700), (200, 900)] {
        j.file_receipt(&Filing { again, ..filing(vec![], 1) }).unwrap();
        assert_eq!(j.status(&hub()).unwrap().again, sum, "what was offered again adds up");
    }
    j.file_receipt(&filing(vec![], 2)).unwrap();
    let status = j.status(&hub()).unwrap();
    let own = status.own[0];
    assert_eq!((own.received, own.offered_from), (1, 1), "a vouched epoch counts, and the fall shows");
    assert_eq!((own.once, status.again), (4, 0), "old receipts stay, and the count begins anew");
}

pub(super) fn a_receipt_for_another_history_closes_the_journal(j: &mut dyn Journal) {
    let mut pen = Pen::new(1);
    began(j, &pen);
    pen.story(1, 3);
    j.append(&keep(&pen.written)).unwrap();
    let (mut other, statement) = receipt(&pen, 1, 2);
    other.link = Digest::from_bytes([0xee; 32]);
    let filed = j.file_receipt(&filing(vec![(other, statement)], 1)).unwrap();
    assert_eq!(filed.forked, [(pen.device(), pen.slot.journal)]);
    assert!(matches!(j.next_slot(Line::Cases), Err(SyncError::NoJournal)));
    let next = Pen::new(2);
    j.begin(&next.new_journal(Line::Cases, Some(pen.slot.journal))).unwrap();
    assert_eq!(j.heads().unwrap().iter().filter(|h| h.state == State::Forked).count(), 1, "it stays as evidence");
}

pub(super) fn a_receipt_beyond_our_head_tells_of_a_restored_home(j: &mut dyn Journal) {
    let (mut pen, mut other) = (Pen::new(1), Pen::stranger(8, 3));
    began(j, &pen);
    pen.story(1, 1);
    j.append(&keep(&pen.written)).unwrap();
    other.story(1, 1);
    j.file_pulled(&pulled(vec![verified(&other, other.run(1, |_| true))])).unwrap();
    pen.content(1, 1, b"later");
    other.content(1, 1, b"later");
    let filed = j.file_receipt(&filing(vec![receipt(&pen, 1, 3), receipt(&other, 1, 3)], 1)).unwrap();
    assert_eq!(filed, Filed { behind: vec![(pen.device(), pen.slot.journal)], ..Filed::default() });
    assert!(matches!(j.next_slot(Line::Cases), Err(SyncError::NoJournal)));
    let again = j.file_receipt(&filing(vec![receipt(&pen, 1, 3)], 1)).unwrap();
    assert_eq!(again.behind, filed.behind, "what a closed journal lacks is still to be fetched");
    let states: Vec<State> = j.heads().unwrap().iter().map(|h| h.state).collect();
    assert_eq!(states, [State::Closed, State::Open], "another's journal may well be further than what we were given");
}

pub(super) fn limits_cut_and_a_large_entry_still_goes(j: &mut dyn Journal) {
    let mut pen = Pen::new(1);
    began(j, &pen);
    pen.slip(1, 2);
    pen.content(1, 1, &vec![1; 50_000]);
    pen.content(1, 1, b"small");
    j.append(&keep(&pen.written)).unwrap();
    let two = j.pending(&for_hub(), Limit { items: 2, bytes: u64::MAX }).unwrap();
    assert_eq!(two[0].items.len(), 2);
    let (mut after, mut seen) = (0, 0);
    while after < 3 {
        let wanted = Wanted::After { device: pen.device(), journal: pen.slot.journal, seq: after };
        let runs = j.pending(&wanted, Limit { items: 100, bytes: 500 }).unwrap();
        seen += runs[0].items.len();
        after = runs[0].last();
    }
    assert_eq!(seen, 3);
    let (mut at, mut pages, mut entries) = (Some(Cursor::START), 0, Vec::new());
    while let Some(cursor) = at {
        let page = j.entries_after(cursor, Limit { items: 1, bytes: 10 }).unwrap();
        entries.extend(page.entries);
        (at, pages) = (page.next, pages + 1);
    }
    assert_eq!((pages, entries), (3, pen.written.clone()));
}

pub(super) fn pulled_runs_converge_whatever_their_order(j: &mut dyn Journal) {
    let mut pen = Pen::stranger(8, 3);
    pen.story(1, 9);
    let cut = |first: u64, n: usize| {
        let mut run = pen.run(first, |_| true);
        run.items.truncate(n);
        verified(&pen, run)
    };
    let head = |seq: u64| Head { seq, link: pen.run(1, |_| true).stretch().link_at(seq).unwrap() };
    let verdicts = j.file_pulled(&pulled(vec![cut(4, 3)])).unwrap();
    assert_eq!(verdicts, [Verdict::Gap { head: head(0) }]);
    assert!(j.heads().unwrap().is_empty(), "a gap leaves no trace");
    let verdicts = j.file_pulled(&pulled(vec![cut(1, 3), cut(2, 4), cut(1, 3), cut(4, 7)])).unwrap();
    assert_eq!(verdicts[0], Verdict::Accepted { held: 0, head: head(3) });
    assert_eq!(verdicts[1], Verdict::Accepted { held: 2, head: head(5) });
    assert_eq!(verdicts[2], Verdict::AlreadyHeld { head: head(5) });
    assert_eq!(verdicts[3], Verdict::Accepted { held: 2, head: head(10) });
    assert_eq!(j.entries_after(Cursor::START, ALL).unwrap().entries, pen.written);
    assert_eq!(j.status(&hub()).unwrap().others, 10);
    assert!(j.pending(&for_hub(), ALL).unwrap().is_empty(), "others' entries are not ours to push");
}

pub(super) fn elisions_keep_the_chain_and_are_filled_later(j: &mut dyn Journal) {
    let mut pen = Pen::stranger(8, 3);
    pen.story(1, 5);
    j.file_pulled(&pulled(vec![verified(&pen, pen.run(1, |seq| seq % 2 == 0))])).unwrap();
    let status = j.status(&hub()).unwrap();
    assert_eq!((status.others, status.elided), (3, 3));
    let page = j.entries_after(Cursor::START, ALL).unwrap();
    assert_eq!((page.entries.len(), page.elided), (3, 3));
    let wanted = Wanted::After { device: pen.device(), journal: pen.slot.journal, seq: 0 };
    assert_eq!(j.pending(&wanted, ALL).unwrap(), [pen.run(1, |seq| seq % 2 == 0)], "passed on as it came");
    let verdicts = j.file_pulled(&pulled(vec![verified(&pen, pen.run(2, |seq| seq == 3))])).unwrap();
    assert!(matches!(verdicts[0], Verdict::AlreadyHeld { .. }));
    let status = j.status(&hub()).unwrap();
    assert_eq!((status.others, status.elided), (4, 2));
    assert_eq!(j.pending(&wanted, ALL).unwrap(), [pen.run(1, |seq| seq % 2 == 0 || seq == 3)]);
}

pub(super) fn a_fork_keeps_both(j: &mut dyn Journal) {
    let (mut pen, mut twin) = (Pen::stranger(8, 3), Pen::stranger(8, 3));
    pen.story(1, 3);
    twin.story(1, 1);
    twin.content(1, 1, b"another truth");
    j.file_pulled(&pulled(vec![verified(&pen, pen.run(1, |_| true))])).unwrap();
    let verdicts = j.file_pulled(&pulled(vec![verified(&twin, twin.run(1, |_| true))])).unwrap();
    assert!(matches!(verdicts[0], Verdict::Fork { at: 3, .. }));
    assert_eq!(j.entries_after(Cursor::START, ALL).unwrap().entries, pen.written);
    let aside = j.quarantined().unwrap();
    assert_eq!(aside.len(), 1);
    assert!(aside.iter().any(|q| q.why == Why::Fork && q.sealed == twin.written[2]));
    assert_eq!(j.heads().unwrap()[0].state, State::Forked);
    j.file_pulled(&pulled(vec![verified(&twin, twin.run(1, |_| true))])).unwrap();
    assert_eq!(j.quarantined().unwrap().len(), 1, "told again, not counted again");
}

pub(super) fn hashes_nobody_signed_call_no_journal_forked(j: &mut dyn Journal) {
    let mut pen = Pen::stranger(8, 3);
    pen.story(1, 3);
    j.file_pulled(&pulled(vec![verified(&pen, pen.run(1, |_| true))])).unwrap();
    let made_up = |n: usize| vec![Item::Elided(Digest::from_bytes([0xbb; 32])); n];
    let besides = Run { items: made_up(5), ..pen.run(1, |_| true) };
    let behind = Run { before: Digest::from_bytes([0xcc; 32]), items: made_up(2), ..pen.run(3, |_| true) };
    // It follows what is held as far as entry 2 and goes on with what nobody signed.
    let mut half = pen.run(1, |_| true);
    half.items.truncate(2);
    half.items.extend(made_up(3));
    for lie in [besides, behind, half] {
        let verdicts = j.file_pulled(&pulled(vec![verified(&pen, lie)])).unwrap();
        assert!(matches!(verdicts[0], Verdict::Gap { head } if head.seq == 4), "{verdicts:?}");
        assert_eq!(j.heads().unwrap()[0].state, State::Open);
        assert_eq!(j.quarantined().unwrap(), []);
    }
    pen.content(1, 1, b"what comes next");
    let verdicts = j.file_pulled(&pulled(vec![verified(&pen, pen.run(5, |_| true))])).unwrap();
    assert!(matches!(verdicts[0], Verdict::Accepted { .. }), "{verdicts:?}");
}

pub(super) fn hashes_nobody_signed_give_way_to_entries(j: &mut dyn Journal) {
    let mut pen = Pen::stranger(8, 3);
    pen.story(1, 4);
    let mut lie = pen.run(1, |seq| seq == 1);
    for item in &mut lie.items[2..] {
        *item = Item::Elided(Digest::from_bytes([0xbb; 32]));
    }
    j.file_pulled(&pulled(vec![verified(&pen, lie)])).unwrap();
    let verdicts = j.file_pulled(&pulled(vec![verified(&pen, pen.run(2, |_| true))])).unwrap();
    assert!(matches!(verdicts[0], Verdict::Accepted { .. }), "{verdicts:?}");
    assert_eq!(j.entries_after(Cursor::START, ALL).unwrap().entries, pen.written);
    assert_eq!(j.status(&hub()).unwrap().elided, 0);
    assert_eq!(j.heads().unwrap()[0].state, State::Open);
}

pub(super) fn a_bad_entry_is_set_aside_and_the_rest_goes_on(j: &mut dyn Journal) {
    let mut pen = Pen::stranger(8, 3);
    pen.story(1, 4);
    let mut run = pen.run(1, |_| true);
    for at in [2, 4] {
        let Item::Entry(entry) = &mut run.items[at] else { panic!("an entry") };
        entry.signature[5] ^= 1;
    }
    let key = pen.signer.verifying_key();
    let (run, refused) = run.verify(crate::along::Along::default(), |_entry| Ok(key));
    assert_eq!(refused.len(), 2);
    assert_eq!(run.run().items.len(), 4, "the last one is cut off, the middle one is vouched for by those after it");
    let quarantine = refused.into_iter().map(|(why, sealed)| Quarantined { entry: sealed.at(), why, sealed }).collect();
    let verdicts = j.file_pulled(&Pulled { runs: vec![run], quarantine }).unwrap();
    assert!(matches!(verdicts[0], Verdict::Accepted { .. }));
    assert_eq!(j.entries_after(Cursor::START, ALL).unwrap().entries.len(), 3);
    assert_eq!(j.status(&hub()).unwrap().quarantined, 2);
    assert!(j.quarantined().unwrap().iter().all(|q| q.why == Why::BadSignature && !q.is_settled(j).unwrap()));
    j.file_pulled(&pulled(vec![verified(&pen, pen.run(3, |_| true))])).unwrap();
    assert_eq!(j.quarantined().unwrap().len(), 2, "kept all the same");
    assert!(j.quarantined().unwrap().iter().all(|q| q.is_settled(j).unwrap()));
    assert_eq!(j.status(&hub()).unwrap().quarantined, 0, "nothing is in question any more");
    assert_eq!(j.entries_after(Cursor::START, ALL).unwrap().entries, pen.written, "sent again whole, it is whole");
}

pub(super) fn a_restored_home_finds_its_own_later_entries(j: &mut dyn Journal) {
    let mut pen = Pen::new(1);
    began(j, &pen);
    pen.story(1, 1);
    j.append(&keep(&pen.written)).unwrap();
    pen.content(1, 1, b"kept after the backup was made");
    let verdicts = j.file_pulled(&pulled(vec![verified(&pen, pen.run(2, |_| true))])).unwrap();
    assert!(matches!(verdicts[0], Verdict::Accepted { held: 1, .. }));
    assert!(matches!(j.next_slot(Line::Cases), Err(SyncError::NoJournal)), "a new journal must begin");
    assert_eq!(j.entries_after(Cursor::START, ALL).unwrap().entries, pen.written);
}

pub(super) fn newer_documents_are_adopted_and_older_refused(j: &mut dyn Journal) {
    let doc = |kind, version: u64, bytes: &[u8]| Document {
        kind,
        about: Digest::from_bytes([1; 32]),
        version,
        bytes: bytes.to_vec(),
    };
    use DocumentKind::{Codebook, Roster};
    assert_eq!(j.adopt(&doc(Roster, 1, b"one")).unwrap(), Adoption::Adopted);
    assert_eq!(j.adopt(&doc(Roster, 2, b"two")).unwrap(), Adoption::Adopted);
    assert_eq!(j.adopt(&doc(Roster, 2, b"two")).unwrap(), Adoption::AlreadyHeld);
    assert_eq!(j.adopt(&doc(Roster, 1, b"uno")).unwrap(), Adoption::Older { held: 2 });
    assert_eq!(j.adopt(&doc(Roster, 2, b"dos")).unwrap(), Adoption::Conflict { held: Digest::of(b"two") });
    assert_eq!(j.adopt(&doc(Codebook, 4, b"forms")).unwrap(), Adoption::Adopted);
    assert_eq!(j.adopt(&doc(Codebook, 5, b"more forms")).unwrap(), Adoption::Adopted);
    let held = j.documents().unwrap();
    let seen: Vec<_> = held.iter().map(|d| (d.document.kind, d.document.version, d.rival)).collect();
    assert_eq!(seen, [(Roster, 1, false), (Roster, 2, false), (Roster, 2, true), (Codebook, 5, false)]);
    assert_eq!(held[1].document.bytes, b"two");
}

pub(super) fn the_newest_checkpoint_stays(j: &mut dyn Journal) {
    let checkpoint = |epoch, number| Checkpoint {
        agency: Pen::new(1).slot.agency,
        hub: hub(),
        epoch,
        number,
        previous: Digest::from_bytes([0; 32]),
        heads: Digest::from_bytes([2; 32]),
        hub_time: 5,
    };
    for (epoch, number, vouched) in [(1, 7, 1), (1, 9, 1), (1, 8, 1), (2, 1, 1)] {
        let checkpoint = Some((checkpoint(epoch, number), b"said".to_vec()));
        j.file_receipt(&Filing {
            hub: hub(),
            receipts: vec![],
            checkpoint,
            vouched,
            remember: Default::default(),
            again: 0,
        })
        .unwrap();
        let held = j.status(&hub()).unwrap().checkpoint.unwrap();
        let expected = if epoch == 2 { (2, 1) } else { (1, number.max(if number == 8 { 9 } else { 0 })) };
        assert_eq!((held.0.epoch, held.0.number), expected);
        assert_eq!((held.1, held.2), (Digest::of(&held.0.encode()), b"said".to_vec()));
    }
    let status = j.status(&hub()).unwrap();
    assert_eq!((status.epoch, status.vouched), (2, 1));
}

pub(super) fn shelves_hold_apart_and_replace(j: &mut dyn Journal) {
    j.shelve(&[draft(1, "a"), draft(2, "b")], &[]).unwrap();
    let note = ShelfRow { shelf: Shelf::Notes, ..draft(1, "note") };
    j.shelve(&[draft(1, "c"), note.clone()], &[(Shelf::Drafts, vec![2; 16])]).unwrap();
    assert_eq!(j.shelf(Shelf::Drafts).unwrap(), [draft(1, "c")]);
    assert_eq!(j.shelf(Shelf::Notes).unwrap(), [note]);
    assert_eq!(j.status(&hub()).unwrap().drafts, 1);
    let long = ShelfRow { key: vec![0; 65], ..draft(3, "x") };
    assert!(matches!(j.shelve(&[draft(4, "y"), long], &[]), Err(SyncError::TooBig(_))));
    assert_eq!(j.shelf(Shelf::Drafts).unwrap(), [draft(1, "c")], "all or nothing");
}

/// A test of each behaviour for one implementation; `$fresh` runs a behaviour on an empty journal.
macro_rules! suite {
    ($name:ident, $fresh:expr) => {
        mod $name {
            use super::super::*;
            super::suite!(@each $fresh;
                slots_follow_one_another, a_used_slot_is_refused_and_nothing_changes, a_keeping_is_whole_or_not_at_all,
                a_foreign_or_closed_journal_cannot_be_written, two_lines_grow_side_by_side, received_is_arithmetic,
                an_epoch_nobody_vouched_for_only_offers_again, a_receipt_for_another_history_closes_the_journal,
                a_receipt_beyond_our_head_tells_of_a_restored_home,
                limits_cut_and_a_large_entry_still_goes, pulled_runs_converge_whatever_their_order,
                elisions_keep_the_chain_and_are_filled_later, a_fork_keeps_both, hashes_nobody_signed_call_no_journal_forked,
                hashes_nobody_signed_give_way_to_entries,
                a_bad_entry_is_set_aside_and_the_rest_goes_on, a_restored_home_finds_its_own_later_entries,
                newer_documents_are_adopted_and_older_refused, the_newest_checkpoint_stays, shelves_hold_apart_and_replace
            );
        }
    };
    (@each $fresh:expr; $($behaviour:ident),*) => {
        $(#[test]
        fn $behaviour() {
            $fresh(&|journal: &mut dyn Journal| super::$behaviour(journal));
        })*
    };
}
pub(crate) use suite;

/// A test of each behaviour of the calling file for every implementation.
macro_rules! suite_of {
    ($($behaviour:ident),*) => {
        mod memory {
            $(#[test]
            fn $behaviour() {
                super::super::conformance::in_memory(&|journal| super::$behaviour(journal));
            })*
        }
        mod sqlite {
            $(#[test]
            fn $behaviour() {
                super::super::conformance::in_a_file(&|journal| super::$behaviour(journal));
            })*
        }
    };
}
pub(crate) use suite_of;

pub(super) fn in_memory(behaviour: &dyn Fn(&mut dyn Journal)) {
    behaviour(&mut MemoryJournal::new());
}

pub(super) fn in_a_file(behaviour: &dyn Fn(&mut dyn Journal)) {
    let home = tempfile::tempdir().unwrap();
    let seal = amanat_keys::row_seal::RowSeal::new(&[3; 32]);
    behaviour(&mut SqliteJournal::open(&home.path().join("journal.sqlite"), seal).unwrap());
}

suite!(memory, super::in_memory);
suite!(sqlite, super::in_a_file);
