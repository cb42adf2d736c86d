//! What a hub, or whoever sits on its road, may try with the places that a reader gets as bare hashes, and with a device that no roster
//! lists: nothing behind a false hash is filed, no false hash is kept, and nobody becomes a member by writing.

use amanat_keys::device::Signer;
use amanat_keys::fingerprint::Digest;
use amanat_sync::batch::{Item, Run, Why};
use amanat_sync::chain;
use amanat_sync::courier::{End, Outcome, Trouble};
use amanat_sync::journal::{Journal as _, MemoryJournal};
use amanat_sync::wire::messages::RunAnswer;

use super::distrust::push;
use super::liar::{Liar, Lie, page, travels};
use super::support::*;

/// The supervisor of the station, whom numbers 4 and 5 of the officer's seven are not for.
const SUPERVISOR: usize = 2;

fn block<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// Three for the station and headquarters, two for headquarters alone, two for both again.
fn seven(agency: &Agency) -> Vec<amanat_sync::entry::SealedEntry> {
    let mut pen = Pen::new(agency, 0, 1);
    let mut entries = pen.story(3);
    entries.push(pen.slip(&[*HQ.as_bytes()]));
    entries.push(pen.note(4, "for headquarters only"));
    entries.push(pen.note(1, "for both"));
    entries.push(pen.note(1, "for both again"));
    entries
}

/// Of another's journal: how many places are held, and how many of them whole.
fn held(journal: &MemoryJournal) -> (u64, usize) {
    let page = journal.entries_after(amanat_sync::journal::Cursor::START, amanat_sync::batch::Limit::BODY).unwrap();
    (journal.heads().unwrap().iter().map(|known| known.head.seq).sum(), page.entries.len())
}

#[test]
fn a_hash_that_was_changed_left_out_added_or_moved_takes_nothing_behind_it_and_an_honest_page_makes_it_whole() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let hub = block(agency.in_memory());
    let entries = seven(&agency);
    push(&agency, &hub, 0, &entries);
    let reads = |journal: &mut MemoryJournal, lie: Lie<'static>| {
        travels(&agency, SUPERVISOR, journal, &mut Liar { road: Road::new(&agency, &hub, SUPERVISOR), lie })
    };
    let honest = |outcome: &Outcome| (outcome.trouble.clone(), outcome.set_aside, outcome.unserved);
    let mut journal = MemoryJournal::default();
    let outcome = reads(&mut journal, page(|_, _| {}));
    assert_eq!((honest(&outcome), held(&journal)), ((vec![], 0, 0), (7, 5)), "numbers 4 and 5 come bare: {outcome:?}");

    let false_hash = || Item::Elided(Digest::from_bytes([0xbb; 32]));
    type Tamper = Box<dyn Fn(&mut Vec<Item>) + Send>;
    let another = entries[0].hash();
    let lies: Vec<(&str, Tamper)> = vec![
        ("one changed", Box::new(move |items| items[3] = false_hash())),
        ("the last of them changed", Box::new(move |items| items[4] = false_hash())),
        ("two swapped", Box::new(|items| items.swap(3, 4))),
        ("one left out", Box::new(|items| drop(items.remove(3)))),
        ("one added", Box::new(move |items| items.insert(4, false_hash()))),
        ("one said twice", Box::new(|items| items.insert(4, Item::Elided(items[3].hash())))),
        ("another entry's in its place", Box::new(move |items| items[4] = Item::Elided(another))),
        ("an entry hidden behind a false one", Box::new(move |items| items[5] = false_hash())),
    ];
    for (what, tamper) in lies {
        let mut journal = MemoryJournal::default();
        let changed = page(move |_, runs: &mut Vec<Run>| {
            runs.iter_mut().filter(|run| run.items.len() > 6).for_each(|run| tamper(&mut run.items));
        });
        let outcome = reads(&mut journal, changed);
        // Behind a false hash no entry is where its own header says that it is: the page is no answer, and nothing of it is filed.
        let told = matches!(&outcome.end, End::Nonsense(told) if told.contains("not at its place"));
        assert!(told && held(&journal) == (0, 0), "{what}: {:?}: {outcome:?}", held(&journal));
        let outcome = reads(&mut journal, page(|_, _| {}));
        assert_eq!((outcome.trouble, held(&journal)), (vec![], (7, 5)), "{what}: an honest page makes it whole");
    }

    // Hashes behind the last entry are nobody's word, and none is kept.
    let mut journal = MemoryJournal::default();
    let outcome = reads(
        &mut journal,
        page(move |_, runs: &mut Vec<Run>| {
            runs.iter_mut().for_each(|run| run.items.extend([false_hash(), false_hash()]))
        }),
    );
    assert_eq!(held(&journal), (7, 5), "{outcome:?}");
}

/// Somebody with a key of their own and no place in the roster writes a slip for a case and a note under it.
fn nobodys(agency: &Agency) -> Vec<amanat_sync::entry::SealedEntry> {
    let stranger = Signer::from_seed(&[99; 32]).unwrap();
    let mut pen = Pen::new(agency, 0, 9);
    pen.slot.device = stranger.verifying_key().device_id();
    pen.slot.prev = chain::link0(&agency.id(), &pen.slot.device, &pen.slot.journal);
    pen.signer = stranger;
    pen.story(2)
}

#[test]
fn a_slip_of_somebody_whom_no_roster_lists_is_taken_by_no_hub_and_by_no_reader() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let hub = block(agency.in_memory());
    let honest = Pen::new(&agency, 0, 1).story(3);
    push(&agency, &hub, 0, &honest);
    let nobodys = nobodys(&agency);
    // A member carries it to the hub.
    let reply = push(&agency, &hub, 1, &nobodys);
    assert_eq!(reply.refused, vec![(0, 1, Why::UnknownDevice.number())]);
    assert!(matches!(reply.answers[0], RunAnswer::Refused(..)), "{:?}", reply.answers);
    // A hub in league with them hands it to readers: as it is, or its slip as a bare hash before the note.
    for bare in [false, true] {
        let forged = nobodys.clone();
        let lie = page(move |_, runs: &mut Vec<Run>| {
            let mut theirs = run(&forged);
            if bare {
                theirs.items[0] = Item::Elided(theirs.items[0].hash());
            }
            runs.push(theirs);
        });
        let mut journal = MemoryJournal::default();
        let mut road = Liar { road: Road::new(&agency, &hub, SUPERVISOR), lie };
        let outcome = travels(&agency, SUPERVISOR, &mut journal, &mut road);
        assert_eq!(held(&journal), (3, 3), "the honest three, and no journal of theirs: {outcome:?}");
        let aside = journal.quarantined().unwrap();
        assert!(!aside.is_empty() && aside.iter().all(|aside| aside.why == Why::UnknownDevice), "{aside:?}");
        assert!(!outcome.trouble.iter().any(|it| matches!(it, Trouble::ForkElsewhere { .. })), "{outcome:?}");
    }
}
