//! The weekly word on which roster is the newest: it is said again by whoever may and by nobody else, ages for those who hear none, and
//! shows a roster that is held back.

use amanat_keys::freshness::Freshness;
use amanat_sync::{documents::DocumentKind, journal::Journal as _};

use super::guarding::{Agency, join};
use crate::runtime::homes::{confirmed::Said, home::Home};

const DAY: u64 = 86_400;

/// The words that lie at a home: on which version, and the how-manieth of whoever said it.
fn words(home: &Home) -> Vec<(u64, u64)> {
    let (trust, filed) = (home.trust().unwrap(), home.journal().documents().unwrap());
    let words = filed.iter().filter(|filed| filed.document.kind == DocumentKind::Freshness);
    let read = |bytes: &[u8]| *Freshness::verify(bytes, trust).unwrap().value();
    words.map(|filed| read(&filed.document.bytes)).map(|word| (word.version, word.serial)).collect()
}

/// So many days from now, by what the hub has signed.
fn after(home: &mut Home, days: u64) -> Said {
    let now = home.wall_seconds() + days * DAY;
    home.hub_ms = i64::try_from(now * 1_000).ok();
    home.confirmed().unwrap()
}

#[test]
fn whoever_may_says_it_again_after_a_week_and_those_who_hear_nothing_see_it_age() {
    let mut agency = Agency::new();
    let version = agency.admin.home.trust().unwrap().roster_version();
    let (admin, officer) = (&mut agency.admin.home, &mut agency.one);
    let first = words(admin);
    assert_eq!((first.len(), first[0].0), (1, version), "{first:?}");
    assert_eq!(after(admin, 6), Said { days: Some(6), withheld: None });
    admin.adopt_documents().unwrap();
    assert_eq!(words(admin), first, "not before a week has passed");
    assert_eq!(after(admin, 7).days, Some(7));
    admin.adopt_documents().unwrap();
    assert_eq!(words(admin), [(version, first[0].1 + 1)], "once more");
    assert_eq!(admin.confirmed().unwrap().days, Some(0), "by the hub's time, whatever this machine's clock says");
    admin.adopt_documents().unwrap();
    assert_eq!(words(admin), [(version, first[0].1 + 1)], "and no more often");

    // An officer's device is none that may say it: there it ages, and is a warning in the end.
    let held = words(officer);
    for (days, warns) in [(7, false), (29, false), (30, true), (90, true)] {
        let said = after(officer, days);
        assert_eq!((said.days, said.warning().is_some()), (Some(days), warns), "{days}");
        officer.adopt_documents().unwrap();
    }
    assert_eq!(words(officer), held);
}

#[test]
fn a_newer_roster_that_is_held_back_is_known_by_the_word_and_nobody_confirms_the_older_one_then() {
    let mut agency = Agency::new();
    let older = agency.admin.home.trust().unwrap().roster_version();
    assert_eq!(agency.one.confirmed().unwrap().withheld, None);
    agency.change(|_| ());
    agency.admin.home.confirm().unwrap();
    // The word comes, and the roster that it names does not.
    let word = agency.admin.home.pack().unwrap().freshness.remove(0);
    agency.one.file_freshness(&word).unwrap();
    let said = agency.one.confirmed().unwrap();
    assert_eq!(
        said,
        Said { days: None, withheld: Some(older + 1) },
        "an older roster is confirmed by no word on a newer one"
    );
    assert!(said.warning().unwrap().contains(&format!("roster {} is in force", older + 1)));
    join(&agency.admin, &mut agency.one);
    assert_eq!(agency.one.confirmed().unwrap(), Said { days: Some(0), withheld: None });
}

#[test]
fn a_device_that_knows_of_a_newer_roster_does_not_say_that_the_older_one_is_the_newest() {
    let mut agency = Agency::new();
    let before = agency.admin.home.pack().unwrap();
    let older = agency.admin.home.trust().unwrap().roster_version();
    let held = words(&agency.admin.home);
    // A second device of the same admin's, that has said nothing yet: the home as it was, beside the word that came since.
    let behind = agency.folder.path().join("behind");
    std::fs::create_dir(&behind).unwrap();
    for file in std::fs::read_dir(agency.folder.path().join("admin")).unwrap().map(Result::unwrap) {
        std::fs::copy(file.path(), behind.join(file.file_name())).unwrap();
    }
    agency.change(|_| ());
    agency.admin.home.confirm().unwrap();
    let word = agency.admin.home.pack().unwrap().freshness.remove(0);
    let mut behind = super::home::open(&behind);
    assert_eq!((words(&behind), behind.pack().unwrap().rosters.len()), (held, before.rosters.len()));
    behind.file_freshness(&word).unwrap();
    let known = words(&behind);
    assert_eq!(after(&mut behind, 30), Said { days: None, withheld: Some(older + 1) });
    behind.adopt_documents().unwrap();
    assert_eq!(words(&behind), known, "it says nothing");
}
