//! The list of cases under another roster and beside other documents: it is shown, and no case of it is opened before everything has been
//! read where it may not count any more.

use amanat_keys::fingerprint::Digest;
use amanat_sync::{
    documents::{Document, DocumentKind},
    journal::Journal as _,
};

use super::{
    guarding::{Agency, carry, join, keep_in, pass},
    home::open,
    lists::{case, codebook, fill, list, no_list, shown, unlocked, whole_reading},
};

fn document(kind: DocumentKind) -> Document {
    Document { kind, about: Digest::from_bytes([kind.number() as u8; 32]), version: 1, bytes: vec![7; 40] }
}

#[test]
fn words_that_come_with_every_contact_leave_the_list_and_an_order_to_erase_takes_it() {
    let mut agency = Agency::new();
    fill(&mut agency.one, 0..150);
    let mut app = unlocked(&mut agency.one, None).app;
    assert!(list(&mut agency.one, &mut app));
    for kind in [
        DocumentKind::Freshness,
        DocumentKind::RotationCertificate,
        DocumentKind::UnitKeys,
        DocumentKind::Proposal,
        DocumentKind::NextHubKey,
        DocumentKind::Epoch,
    ] {
        agency.one.journal.adopt(&document(kind)).unwrap();
        let kept = agency.one.kept_list().unwrap_or_else(|| panic!("{kind:?} took it"));
        assert!(kept.lines.len() == 150 && kept.ahead, "{kind:?}");
    }
    agency.one.journal.adopt(&document(DocumentKind::Erasure)).unwrap();
    no_list(&mut agency.one);
}

#[test]
fn under_another_roster_the_list_is_shown_with_the_newest_and_what_is_asked_for_waits_for_the_end() {
    let mut agency = Agency::new();
    fill(&mut agency.one, 0..300);
    let mut app = unlocked(&mut agency.one, None).app;
    assert!(list(&mut agency.one, &mut app));
    agency.admin.set_policy("retention-days", Some("90")).unwrap();
    join(&agency.admin, &mut agency.one);
    assert!(!agency.one.kept_list().unwrap().ahead);
    let seen = unlocked(&mut agency.one, Some(case(250)));
    assert_eq!((seen.listed, seen.whole.len()), (Some(300), 128), "the newest");
    assert!(!seen.whole.contains_key(&case(250)) && !seen.app.world.is_unread(&case(250)));
    let read = whole_reading(&mut agency.one);
    assert_eq!((shown(&seen), &seen.app.world.book), (shown(&read), &read.app.world.book));
}

/// An entry that would not count under the roster of today, in a case that the list names whole.
#[test]
fn a_case_with_an_entry_that_does_not_count_any_more_is_not_told_before_everything_is_read() {
    let mut agency = Agency::new();
    agency.post_second_to_first();
    fill(&mut agency.one, 0..150);
    keep_in(&mut agency.two, case(7));
    let mut reader = agency.reader();
    let count = carry(&agency.one, &mut reader) + carry(&agency.two, &mut reader);
    reader.take_home(codebook(), &pass(count)).unwrap();
    let mut seen = unlocked(&mut reader, None);
    assert_eq!(seen.app.world.book.case(&case(7)).unwrap().entries.len(), 3);
    assert!(list(&mut reader, &mut seen.app));
    drop(reader);
    let mut reader = open(&agency.folder.path().join("reader"));
    assert_eq!(
        unlocked(&mut reader, None).whole.get(&case(7)),
        Some(&3),
        "under the same roster it is among the newest"
    );
    agency.post_second_away();
    join(&agency.admin, &mut reader);
    let seen = unlocked(&mut reader, None);
    assert_eq!((seen.listed, seen.whole.contains_key(&case(7)), seen.whole.len() > 100), (Some(150), false, true));
    let read = whole_reading(&mut reader);
    assert_eq!((shown(&seen), &seen.app.world.book), (shown(&read), &read.app.world.book));
}
