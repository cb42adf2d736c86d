//! Admins who decide together: a proposal goes from one to the next by file, by stick and through the hub, and is in force with the last
//! signature that is needed and not before.

use crate::support::{Actor, GUJRAT, TestAgency, number, text};

/// A second admin joins the agency, with a root key of their own; both must sign from then on.
pub(crate) fn second_admin(agency: &TestAgency) -> Actor {
    let second = agency.enrol("second-admin", "admin", "HQ");
    let asked = second.run(&["keys", "root"]);
    let (request, words) = (text(&asked, "/request"), text(&asked, "/words"));
    let proposal = agency.dir.path().join("two-admins").to_string_lossy().into_owned();
    let added = ["roster", "admin-add", &request, "--fingerprint", &words, "--threshold", "2", "--proposal", &proposal];
    let proposed = agency.admin.run(&added);
    assert_eq!(proposed["adopted"], false, "the new threshold wants the new admin too: {proposed}");
    assert_eq!((number(&proposed, "signed"), number(&proposed, "signed_of_new")), (1, 1));
    agency.admin.run(&["roster", "publish"]);
    second.run(&["sync"]);
    let signed = second.run(&["roster", "sign", &proposal]);
    assert_eq!(signed["adopted"], true, "{signed}");
    second.run(&["roster", "publish"]);
    agency.admin.run(&["sync"]);
    second
}

#[test]
fn two_admins_change_the_roster_together_through_the_hub_and_neither_alone() {
    let agency = TestAgency::build();
    let second = second_admin(&agency);
    let version = number(&agency.admin.run(&["roster", "show"]), "version");

    // The first proposes; the hub carries it to the second, who reads it before signing.
    let proposed = agency.admin.run(&["roster", "unit-add", "PS New"]);
    assert_eq!((number(&proposed, "roster"), &proposed["adopted"]), (version + 1, &false.into()));
    assert_eq!((number(&proposed, "signed"), number(&proposed, "needed")), (1, 2));
    assert!(proposed["missing"].to_string().contains("second-admin"), "{proposed}");
    assert_eq!(number(&agency.admin.run(&["roster", "show"]), "version"), version, "alone it is not in force");
    agency.admin.run(&["sync"]);
    second.run(&["sync"]);
    let shown = second.run(&["roster", "sign", "--dry-run"]);
    assert_eq!(shown["changes"], serde_json::json!(["new unit: PS New (station)"]));
    assert_eq!(number(&second.run(&["roster", "show"]), "version"), version, "reading signs nothing");
    let signed = second.run(&["roster", "sign"]);
    assert_eq!((number(&signed, "roster"), &signed["adopted"]), (version + 1, &true.into()));
    second.run(&["roster", "publish"]);
    for actor in [&agency.admin, &agency.officer, &agency.reader] {
        actor.run(&["sync"]);
        assert_eq!(number(&actor.run(&["roster", "show"]), "version"), version + 1, "{}", actor.name);
    }
    assert_eq!(second.ask(&["roster", "sign"]).code, 2, "nothing waits any more");

    // A file that was changed on the way has no signature left, and a device that is no admin's sees no proposal.
    let file = agency.dir.path().join("bent").to_string_lossy().into_owned();
    agency.admin.run(&["roster", "unit-add", "PS Other", "--proposal", &file]);
    let mut bytes = std::fs::read(&file).unwrap();
    let at = bytes.windows(8).position(|window| window == b"PS Other").unwrap();
    bytes[at..at + 8].copy_from_slice(b"PS Wrong");
    std::fs::write(&file, bytes).unwrap();
    let bent = second.run(&["roster", "sign", &file]);
    assert_eq!((number(&bent, "signed"), &bent["adopted"]), (1, &false.into()), "{bent}");
    agency.admin.run(&["sync"]);
    agency.officer.run(&["sync"]);
    assert_eq!(agency.officer.unlocked().proposals().unwrap().len(), 0);
    assert_eq!(agency.admin.unlocked().proposals().unwrap().len(), 1);
}

#[test]
fn a_proposal_travels_on_a_stick_and_a_root_key_changes_with_both_signatures() {
    let agency = TestAgency::build();
    let second = second_admin(&agency);
    let before = std::fs::read(agency.admin.file("root.age")).unwrap();
    let proposed = agency.admin.run(&["keys", "rotate", "root"]);
    assert_eq!(proposed["adopted"], false, "{proposed}");
    assert_eq!(std::fs::read(agency.admin.file("root.age")).unwrap(), before, "not before it is in force");
    let file = text(&proposed, "/proposal");
    let read = second.run(&["roster", "sign", &file, "--dry-run"]);
    assert!(read["changes"].to_string().contains("another root key"), "{read}");
    let signed = second.run(&["roster", "sign", &file]);
    assert_eq!(signed["adopted"], true);
    second.run(&["roster", "publish"]);
    agency.admin.run(&["sync"]);
    // The next thing that it signs is signed with the new key, and counts.
    let next = agency.admin.run(&["roster", "unit-add", "PS After"]);
    assert_ne!(std::fs::read(agency.admin.file("root.age")).unwrap(), before);
    assert!(!agency.admin.file("root.successor").exists());
    assert_eq!((number(&next, "signed"), number(&next, "signed_of_new")), (1, 1));
    // This one goes on a stick: whoever holds a role at headquarters can read it, and finds the proposal in it.
    let stick = agency.dir.path().join("hq.stick").to_string_lossy().into_owned();
    agency.admin.run(&["bundle", "write", &stick, "--to", "HQ"]);
    second.run(&["bundle", "read", &stick]);
    let carried = second.run(&["roster", "sign"]);
    assert_eq!((&carried["adopted"], &carried["roster"]), (&true.into(), &next["roster"]));
}

#[test]
fn an_agency_founded_by_three_of_whom_two_sign_goes_on_when_one_is_gone() {
    let scratch = tempfile::tempdir().unwrap();
    let dir = scratch.path().to_owned();
    let base = dir.join("agency");
    let [first, second, third] = ["admin", "admin-2", "admin-3"].map(|name| Actor::new(&dir, name, base.join(name)));
    let reader = Actor::new(&dir, "reader", base.join("reader"));
    let pass = |actor: &Actor| actor.passphrase.to_string_lossy().into_owned();
    let (at, theirs, two, three) = (base.to_string_lossy().into_owned(), pass(&reader), pass(&second), pass(&third));
    let mut found = vec!["agency", "init", "--name", "Sample", "--dir", &at, "--reader-passphrase-file", &theirs];
    found.extend([
        "--co-admin",
        "Bilal",
        "--co-admin",
        "Sana",
        "--threshold",
        "2",
        "--practice",
        "--work-factor",
        "10",
    ]);
    found.extend(["--co-admin-passphrase-file", &two, "--co-admin-passphrase-file", &three]);
    let founded = first.run(&found);
    assert_eq!((number(&founded, "admins"), number(&founded, "threshold")), (3, 2));
    let refused =
        first.ask(&["agency", "init", "--name", "X", "--dir", &dir.join("x").to_string_lossy(), "--threshold", "2"]);
    assert_eq!((refused.code, dir.join("x").exists()), (2, false), "{}", refused.message());

    // The first admin's laptop is lost: the two others take that admin and the device off, by a file between them.
    let file = dir.join("gone").to_string_lossy().into_owned();
    let proposed = second.run(&["roster", "leave", "Admin", "--proposal", &file]);
    assert_eq!(proposed["adopted"], false);
    let told = proposed["changes"].to_string();
    assert!(told.contains("no longer an admin") && told.contains("every admin must sign"), "{told}");
    let signed = third.run(&["roster", "sign", &file]);
    assert_eq!((number(&signed, "roster"), &signed["adopted"]), (2, &true.into()));
    // The proposal's file is the whole roster now: its maker takes it over from there.
    let pack = dir.join("pack").to_string_lossy().into_owned();
    third.ask(&["roster", "publish", "--out", &pack]);
    let words = text(&third.run(&["roster", "show"]), "/words");
    second.run(&["device", "join", &pack, "--fingerprint", &words]);
    assert_eq!(number(&second.run(&["roster", "show"]), "version"), 2);
    first.run(&["device", "join", &pack, "--fingerprint", &words]);
    let thief = first.ask(&["roster", "unit-add", GUJRAT]);
    assert_eq!(thief.code, 5, "whoever has the lost laptop and its passphrase signs nothing: {}", thief.json);
}
