//! The courier against a real hub over roads that lose requests and replies: it always gets there, and nothing is twice.

use std::sync::Arc;

use amanat_hub::store::{HubStore as _, MemoryStore, SqliteStore};
use amanat_sync::batch::{Limit, Why};
use amanat_sync::courier::{Courier, End, Outcome, Trouble, next_try, pass};
use amanat_sync::journal::{Cursor, Journal, MemoryJournal, State};
use proptest::prelude::*;

use super::support::*;

fn travel(agency: &Agency, actor: usize, journal: &mut MemoryJournal, road: &mut Road<'_>) -> Outcome {
    let mut trust = agency.trust.clone();
    pass(&mut Courier::default(), journal, road, agency.party(actor), &mut trust)
}

pub(crate) fn block<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn done(outcome: &Outcome) {
    assert!(matches!(outcome.end, End::Done), "{outcome:?}");
    assert_eq!(outcome.trouble, Vec::new());
}

/// Numbers that a journal holds of another device, whole entries only.
fn held(journal: &MemoryJournal) -> Vec<u64> {
    let page = journal.entries_after(Cursor::START, Limit::BODY).unwrap();
    page.entries.iter().map(|entry| entry.header.seq).collect()
}

#[test]
fn what_an_officer_keeps_arrives_and_is_read_by_those_it_is_for() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let hub = block(agency.in_memory());
    let (mut officer, mut reader, mut colleague) =
        (MemoryJournal::default(), MemoryJournal::default(), MemoryJournal::default());
    let mut pen = Pen::new(&agency, 0, 1);
    let story = pen.story(60);
    keep(&mut officer, &pen, &story);
    let mut road = Road::new(&agency, &hub, 0);
    let outcome = travel(&agency, 0, &mut officer, &mut road);
    done(&outcome);
    assert_eq!(outcome.handed_over, 60);
    assert!(road.calls > 3, "in batches");
    let status = officer.status(&agency.hub.id).unwrap();
    assert_eq!((status.waiting(), status.own[0].received), (0, 60));
    assert_eq!(outcome.hub_time, Some(1_750_000_000_000));

    let outcome = travel(&agency, 3, &mut reader, &mut Road::new(&agency, &hub, 3));
    done(&outcome);
    assert_eq!((outcome.pulled, held(&reader)), (60, (1..=60).collect()));
    done(&travel(&agency, 1, &mut colleague, &mut Road::new(&agency, &hub, 1)));
    assert_eq!(held(&colleague), Vec::<u64>::new());

    // Nothing to do costs one request each way.
    for (actor, journal) in [(0, &mut officer), (3, &mut reader)] {
        let mut road = Road::new(&agency, &hub, actor);
        done(&travel(&agency, actor, journal, &mut road));
        assert_eq!(road.calls, 1, "actor {actor}");
    }
}

#[test]
fn each_reply_lost_once_changes_nothing() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let store = Arc::new(MemoryStore::default());
    let hub = block(agency.open(store.clone()));
    let mut officer = MemoryJournal::default();
    let mut pen = Pen::new(&agency, 0, 1);
    let story = pen.story(40);
    keep(&mut officer, &pen, &story);
    let mut lose = false;
    let fate = Box::new(move || {
        lose = !lose;
        if lose { Fate::ReplyLost } else { Fate::Arrives }
    });
    let mut road = Road::with(&agency, &hub, 0, fate);
    let mut attempts = 0;
    loop {
        let outcome = travel(&agency, 0, &mut officer, &mut road);
        if matches!(outcome.end, End::Done) {
            break;
        }
        attempts += 1;
        assert!(next_try(&outcome.end, attempts, 1).is_some(), "{outcome:?}");
        assert!(attempts < 60);
    }
    assert!(attempts > 3);
    assert_eq!(officer.status(&agency.hub.id).unwrap().own[0].received, 40);
    let depth = block(store.depth()).unwrap();
    assert_eq!((depth.entries, depth.evidence), (40, 0));
}

#[test]
fn a_restored_laptop_goes_on_in_a_new_journal_and_everything_arrives() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let store = Arc::new(MemoryStore::default());
    let hub = block(agency.open(store.clone()));
    let mut pen = Pen::new(&agency, 0, 1);
    let story = pen.story(10);
    let mut officer = MemoryJournal::default();
    keep(&mut officer, &pen, &story);
    done(&travel(&agency, 0, &mut officer, &mut Road::new(&agency, &hub, 0)));

    // The backup holds five of the ten and goes on differently.
    let mut restored = MemoryJournal::default();
    let mut old_pen = Pen::new(&agency, 0, 1);
    let mut told = old_pen.story(5);
    told.push(old_pen.note(1, "kept after the restore"));
    keep(&mut restored, &old_pen, &told);
    let outcome = travel(&agency, 0, &mut restored, &mut Road::new(&agency, &hub, 0));
    let [Trouble::Fork { journal, at, successor: Some(next) }] = outcome.trouble[..] else { panic!("{outcome:?}") };
    assert!(matches!(outcome.end, End::Done));
    // The backup holds no receipt: nothing in it says from where on the two histories differ.
    assert_eq!((journal, at), (old_pen.slot.journal, 1));
    let heads = restored.heads().unwrap();
    let state = |id| heads.iter().find(|known| known.journal == id).unwrap().state;
    assert_eq!((state(journal), state(next)), (State::Forked, State::Open));
    let aside = restored.quarantined().unwrap();
    assert_eq!(aside.len(), 5, "the hub's history is kept beside ours");

    // What was lost is kept again in the new journal, and arrives.
    let slot = restored.next_slot(amanat_sync::journal::Line::Cases).unwrap();
    assert_eq!(slot.journal, next);
    let mut new_pen = Pen { slot, signer: old_pen.signer.clone(), target: None, parts: Vec::new() };
    let again = new_pen.story(2);
    restored.append(&amanat_sync::journal::Keep { entries: again, ..Default::default() }).unwrap();
    let outcome = travel(&agency, 0, &mut restored, &mut Road::new(&agency, &hub, 0));
    assert!(outcome.received.contains(&(slot.device, next, 2)), "{outcome:?}");
    assert_eq!(block(store.depth()).unwrap().entries, 12);
}

#[test]
fn an_older_copy_of_a_home_is_noticed_before_it_writes() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let hub = block(agency.in_memory());
    let mut pen = Pen::new(&agency, 0, 1);
    let story = pen.story(10);
    let mut officer = MemoryJournal::default();
    keep(&mut officer, &pen, &story);
    done(&travel(&agency, 0, &mut officer, &mut Road::new(&agency, &hub, 0)));
    let mut restored = MemoryJournal::default();
    keep(&mut restored, &pen, &story[..5]);
    let outcome = travel(&agency, 0, &mut restored, &mut Road::new(&agency, &hub, 0));
    assert!(
        matches!(outcome.trouble[..], [Trouble::Fork { at: 1, successor: Some(_), .. }]),
        "the hub has more of our journal than we do: {outcome:?}"
    );
    assert_eq!(held(&restored), (1..=10).collect::<Vec<_>>(), "and what was lost came back");
}

#[test]
fn an_older_copy_whose_journal_was_closed_before_it_travelled_comes_to_its_end_too() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let hub = block(agency.in_memory());
    let mut pen = Pen::new(&agency, 0, 1);
    let mut officer = MemoryJournal::default();
    let story = pen.story(5);
    keep(&mut officer, &pen, &story);
    // Nothing in the backup says that any of it was received.
    let mut restored = officer.clone();
    let more = pen.story(2);
    keep(&mut officer, &pen, &more);
    done(&travel(&agency, 0, &mut officer, &mut Road::new(&agency, &hub, 0)));
    let goes_on = Pen::new(&agency, 0, 2).new_journal(amanat_sync::journal::Line::Cases);
    let closes = Some(pen.slot.journal);
    restored.begin(&amanat_sync::journal::NewJournal { closes, ..goes_on }).unwrap();

    let outcome = travel(&agency, 0, &mut restored, &mut Road::new(&agency, &hub, 0));
    assert!(matches!(outcome.end, End::Done), "{outcome:?}");
    assert_eq!(held(&restored), (1..=7).collect::<Vec<_>>(), "and what was lost came back");
    let outcome = travel(&agency, 0, &mut restored, &mut Road::new(&agency, &hub, 0));
    done(&outcome);
    assert_eq!(restored.status(&agency.hub.id).unwrap().waiting(), 0);
}

#[test]
fn what_a_cut_push_left_is_in_the_list_before_anybody_is_served_it() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let hub = block(agency.in_memory());
    let mut pen = Pen::new(&agency, 0, 1);
    let body = amanat_sync::wire::codec::push_body(&agency.id(), &[run(&pen.story(6))]);
    assert_eq!(block(Client::new(&agency, 0, "/v1/push").send(&hub, &body[..body.len() - 40])).status, 400);
    let mut reader = MemoryJournal::default();
    let first = travel(&agency, 3, &mut reader, &mut Road::new(&agency, &hub, 3));
    done(&first);
    assert_eq!((first.pulled, held(&reader)), (5, (1..=5).collect()));
    done(&travel(&agency, 3, &mut reader, &mut Road::new(&agency, &hub, 3)));
}

#[test]
fn a_new_colleague_is_believed_once_the_roster_came() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let hub = block(agency.in_memory());
    let mut old_trust = agency.trust.clone();
    let newcomer = amanat_keys::device::Signer::from_seed(&[55; 32]).unwrap();
    let next = agency.next(|roster| {
        let mut device = roster.devices[0].clone();
        device.id = newcomer.verifying_key().device_id();
        device.spans[0].key = newcomer.verifying_key();
        device.recipient = amanat_keys::recipient::ReadIdentity::generate().unwrap().recipient().clone();
        roster.devices.push(device);
        roster.devices.sort_by_key(|device| device.id);
    });
    block(hub.adopt(&next)).unwrap();
    let mut pen = Pen::new(&agency, 0, 9);
    pen.signer = newcomer.clone();
    pen.slot.device = newcomer.verifying_key().device_id();
    pen.slot.prev = amanat_sync::chain::link0(&agency.id(), &pen.slot.device, &pen.slot.journal);
    let body = amanat_sync::wire::codec::push_body(&agency.id(), &[run(&pen.story(3))]);
    assert_eq!(block(Client::new(&agency, 2, "/v1/push").send(&hub, &body)).status, 200);

    let mut reader = MemoryJournal::default();
    let mut road = Road::new(&agency, &hub, 3);
    let outcome = pass(&mut Courier::default(), &mut reader, &mut road, agency.party(3), &mut old_trust);
    done(&outcome);
    assert_eq!((outcome.roster, outcome.documents, old_trust.roster_version()), (Some(2), 1, 2));
    assert_eq!((outcome.pulled, outcome.set_aside), (3, 0), "the roster came before its entries were judged");
}

#[test]
fn a_roster_made_on_a_device_reaches_the_hub() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let hub = block(agency.in_memory());
    let next = agency.next(|roster| roster.name = "Renamed".to_owned());
    let mut trust = agency.trust.clone();
    trust.adopt(&next).unwrap();
    let mut journal = MemoryJournal::default();
    let mut road = Road::new(&agency, &hub, 2);
    let mut courier = Courier::default();
    done(&pass(&mut courier, &mut journal, &mut road, agency.party(2), &mut trust));
    assert!(matches!(block(hub.adopt(&next)).unwrap(), amanat_hub::Adoption::AlreadyHeld(2)));
    let calls = road.calls;
    done(&pass(&mut courier, &mut journal, &mut road, agency.party(2), &mut trust));
    assert_eq!(road.calls, calls + 1, "and then there is nothing to say");
}

#[test]
fn what_a_grant_opens_is_fetched_where_only_hashes_were_held() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let hub = block(agency.in_memory());
    let (mut officer, mut supervisor, mut colleague) =
        (MemoryJournal::default(), MemoryJournal::default(), MemoryJournal::default());
    let to_colleague = *agency.actors[1].id.as_bytes();
    let mut pen = Pen::new(&agency, 0, 1);
    let mut story = pen.story(4);
    story.push(pen.slip(&[to_colleague]));
    story.push(pen.note(5, "a note for the colleague"));
    keep(&mut officer, &pen, &story);
    done(&travel(&agency, 0, &mut officer, &mut Road::new(&agency, &hub, 0)));
    done(&travel(&agency, 1, &mut colleague, &mut Road::new(&agency, &hub, 1)));
    assert_eq!(held(&colleague), [5, 6]);
    assert_eq!(colleague.status(&agency.hub.id).unwrap().elided, 4);

    // The officer's colleague may not open it for themselves; the station's supervisor may.
    for (actor, journal, opens) in [(1, &mut MemoryJournal::default(), false), (2, &mut supervisor, true)] {
        let mut pen = Pen::new(&agency, actor, 2);
        let grant = pen.rewrap(&story[0], &[to_colleague]);
        keep(journal, &pen, &[grant]);
        done(&travel(&agency, actor, journal, &mut Road::new(&agency, &hub, actor)));
        let outcome = travel(&agency, 1, &mut colleague, &mut Road::new(&agency, &hub, 1));
        assert!(matches!(outcome.end, End::Done), "{outcome:?}");
        let page = colleague.entries_after(Cursor::START, Limit::BODY).unwrap().entries;
        let of_officer = page.iter().filter(|entry| entry.header.device == agency.actors[0].id);
        let numbers: Vec<u64> = of_officer.map(|entry| entry.header.seq).collect();
        assert_eq!(numbers, if opens { vec![1, 2, 3, 4, 5, 6] } else { vec![5, 6] });
    }
}

#[test]
fn a_restored_hub_is_noticed_and_offered_again_what_it_lost() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let folder = tempfile::tempdir().unwrap();
    let (live, backup) = (folder.path().join("live.sqlite"), folder.path().join("backup.sqlite"));
    let open = |path: &std::path::Path, epoch| {
        let mut agency = Agency::new("http://127.0.0.1:7070");
        agency.hub.epoch = epoch;
        // The recipients are made anew each time; the agency is the one that the devices know.
        (agency.trust, agency.roster) = (agency_trust(), agency_trust().roster().clone());
        block(agency.open(Arc::new(SqliteStore::open(path).unwrap())))
    };
    fn agency_trust() -> amanat_keys::trust::Trust {
        TRUST.get().cloned().unwrap()
    }
    static TRUST: std::sync::OnceLock<amanat_keys::trust::Trust> = std::sync::OnceLock::new();
    TRUST.set(agency.trust.clone()).unwrap();

    let mut officer = MemoryJournal::default();
    let mut pen = Pen::new(&agency, 0, 1);
    let story = pen.story(10);
    keep(&mut officer, &pen, &story);
    done(&travel(&agency, 0, &mut officer, &mut Road::new(&agency, &open(&live, 1), 0)));
    std::fs::copy(&live, &backup).unwrap();
    let more = pen.story(10);
    keep(&mut officer, &pen, &more);
    done(&travel(&agency, 0, &mut officer, &mut Road::new(&agency, &open(&live, 1), 0)));
    assert_eq!(officer.status(&agency.hub.id).unwrap().own[0].received, 20);

    // Rolled back unseen: no. The same epoch with an older checkpoint is told and nothing of it is filed.
    let outcome = travel(&agency, 0, &mut officer, &mut Road::new(&agency, &open(&backup, 1), 0));
    assert!(matches!(outcome.trouble[..], [Trouble::HubDenies { .. }]), "{outcome:?}");
    assert_eq!(officer.status(&agency.hub.id).unwrap().own[0].received, 20);

    // Restored in the open, as a new epoch: what it lost is offered again, and does not count until an admin has spoken.
    let restored = open(&backup, 2);
    let outcome = travel(&agency, 0, &mut officer, &mut Road::new(&agency, &restored, 0));
    assert!(matches!(outcome.trouble[..], [Trouble::NewEpoch { epoch: 2 }]), "{outcome:?}");
    assert!(matches!(outcome.end, End::Done), "{outcome:?}");
    let mut reader = MemoryJournal::default();
    travel(&agency, 3, &mut reader, &mut Road::new(&agency, &restored, 3));
    assert_eq!(held(&reader), (1..=20).collect::<Vec<_>>(), "nothing is missing at the restored hub");
}

#[test]
fn an_author_unknown_at_the_hub_waits_and_harms_nobody() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let hub = block(agency.in_memory());
    let gone = agency.actors[0].id;
    let next = agency.next(|roster| roster.devices.retain(|device| device.id != gone));
    block(hub.adopt(&next)).unwrap();
    let mut pen = Pen::new(&agency, 0, 1);
    let body = amanat_sync::wire::codec::push_body(&agency.id(), &[run(&pen.story(2))]);
    let answer = block(Client::new(&agency, 2, "/v1/push").send(&hub, &body));
    let reply = amanat_sync::wire::messages::PushReply::from_bytes(&answer.body).unwrap();
    assert_eq!(reply.refused, vec![(0, 1, Why::UnknownDevice.number())]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// Three devices write and travel in any order over roads that lose what they like; in the end the road is good, and
    /// everybody has everything, once.
    #[test]
    fn converges_whatever_is_lost(
        steps in prop::collection::vec((0..3_usize, 1..20_u64, any::<bool>()), 1..12),
        fates in prop::collection::vec(0..4_u8, 8..64),
    ) {
        let agency = Agency::new("http://127.0.0.1:7070");
        let store = Arc::new(MemoryStore::default());
        let hub = block(agency.open(store.clone()));
        let mut homes: Vec<(MemoryJournal, Pen, u64)> =
            (0..3).map(|n| (MemoryJournal::default(), Pen::new(&agency, n, 1), 0)).collect();
        let mut at = 0;
        for (actor, n, writes) in steps {
            let (journal, pen, written) = &mut homes[actor];
            if writes {
                let story = pen.story(n);
                keep(journal, pen, &story);
                *written += n;
            }
            let fate = Box::new(|| {
                at += 1;
                match fates[at % fates.len()] { 0 => Fate::RequestLost, 1 => Fate::ReplyLost, _ => Fate::Arrives }
            });
            let outcome = travel(&agency, actor, journal, &mut Road::with(&agency, &hub, actor, fate));
            prop_assert!(matches!(outcome.end, End::Done | End::Unreachable(_)), "{outcome:?}");
            prop_assert_eq!(&outcome.trouble, &Vec::new());
        }
        for (actor, (journal, _, written)) in homes.iter_mut().enumerate() {
            let outcome = travel(&agency, actor, journal, &mut Road::new(&agency, &hub, actor));
            done(&outcome);
            prop_assert_eq!(journal.status(&agency.hub.id).unwrap().waiting(), 0);
            let received: u64 = journal.status(&agency.hub.id).unwrap().own.iter().map(|own| own.received).sum();
            prop_assert_eq!(received, *written);
        }
        let all: u64 = homes.iter().map(|(_, _, written)| *written).sum();
        let depth = block(store.depth()).unwrap();
        prop_assert_eq!((depth.entries, depth.evidence), (all, 0));
        let mut reader = MemoryJournal::default();
        done(&travel(&agency, 3, &mut reader, &mut Road::new(&agency, &hub, 3)));
        prop_assert_eq!(reader.status(&agency.hub.id).unwrap().others, all);
    }
}

#[test]
fn a_restored_hub_gets_back_what_both_histories_of_a_forked_journal_have_in_common() {
    let agency = Agency::new("http://127.0.0.1:7070");
    let hub = block(agency.in_memory());
    let mut pen = Pen::new(&agency, 0, 1);
    let story = pen.story(5);
    let mut officer = MemoryJournal::default();
    keep(&mut officer, &pen, &story);
    done(&travel(&agency, 0, &mut officer, &mut Road::new(&agency, &hub, 0)));
    // Another copy of this home goes on, and so does this one: they part behind number 5.
    let (mut here, mut there) =
        (Pen { slot: pen.slot, ..Pen::new(&agency, 0, 1) }, Pen { slot: pen.slot, ..Pen::new(&agency, 0, 1) });
    let other = [there.note(1, "kept by the copy")];
    super::distrust::push(&agency, &hub, 0, &other);
    let ours = [here.note(1, "kept here")];
    keep(&mut officer, &here, &ours);
    let outcome = travel(&agency, 0, &mut officer, &mut Road::new(&agency, &hub, 0));
    assert!(matches!(outcome.trouble[..], [Trouble::Fork { at: 6, .. }]), "{outcome:?}");

    // The hub loses everything and begins its second epoch.
    let second = Agency { hub: amanat_hub::HubIdentity { epoch: 2, ..agency.hub.clone() }, ..agency.clone() };
    let store = Arc::new(MemoryStore::default());
    let restored = block(second.open(store.clone()));
    let mut courier = amanat_sync::courier::Courier::default();
    let mut goes = |officer: &mut MemoryJournal| {
        let mut road = Road::new(&agency, &restored, 0);
        let outcome =
            amanat_sync::courier::pass(&mut courier, officer, &mut road, agency.party(0), &mut agency.trust.clone());
        assert!(matches!(outcome.end, End::Done), "{outcome:?}");
        road.calls
    };
    goes(&mut officer);
    goes(&mut officer);
    assert_eq!(block(store.depth()).unwrap().entries, 5, "up to where the hub once signed, and nothing of what parted");
    let calls = goes(&mut officer);
    assert!(calls <= 2, "and it is not offered for ever: {calls} requests");
}
