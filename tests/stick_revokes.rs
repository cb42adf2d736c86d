//! A revocation where there is no network at all: the admin's word goes to a colleague and to the hub in a pocket, and from then on neither
//! takes what the revoked device makes.

use crate::{
    bundle::{hub_reads, hub_writes, reads, writes},
    support::{GUJRAT, TestAgency, jot, number, record, text},
};

#[test]
fn a_word_on_a_stick_revokes_a_device_for_a_colleague_and_for_the_hub() {
    let agency = TestAgency::build();
    let (officer, supervisor, admin) = (&agency.officer, &agency.supervisor, &agency.admin);
    let uninformed = agency.enrol("second-supervisor", "supervisor", GUJRAT);
    admin.run(&["roster", "publish"]);
    let story = record(officer, 1, "brakvonil");
    for actor in [officer, supervisor, &uninformed, admin] {
        actor.run(&["sync"]);
    }
    let (before, device) = (agency.hub_holds(), text(&officer.run(&["status"]), "/device"));
    // From here on nothing goes by the network: the laptop is lost, and the admin says so on a stick to headquarters.
    agency.link.cut();
    let signed = admin.run(&["roster", "revoke", &device[..12], "--lost"]);
    let (word, _) = writes(admin, &agency, "word-to-hub.age", None);
    hub_reads(&agency, &word);
    assert_eq!(agency.hub_status()["roster"], signed["roster"], "the hub knows");

    // Whoever has the laptop goes on with it, and writes to headquarters and to the station.
    jot(officer, &story.case, 2, "brakvonil");
    let (to_hub, wrote) = writes(officer, &agency, "late-to-hub.age", None);
    let made = number(&wrote, "entries");
    assert!(made > 0, "{wrote}");
    let (to_station, _) = writes(officer, &agency, "late-to-station.age", Some(GUJRAT));
    let taken = hub_reads(&agency, &to_hub);
    assert_eq!((number(&taken, "new"), agency.hub_holds()), (0, before), "the hub takes none of it: {taken}");

    // A colleague hears of it by the hub's stick; another has not heard, and shows that it is the word that decides.
    let told = reads(supervisor, &hub_writes(&agency, "word-to-station.age", GUJRAT));
    assert_eq!(told["roster"], signed["roster"], "{told}");
    let taken = reads(&uninformed, &to_station);
    assert_eq!(number(&taken, "new"), made, "who has not heard takes it: {taken}");
    let refused = supervisor.ask(&["bundle", "read", &to_station.to_string_lossy()]);
    assert!(refused.code != 0 || number(&refused.json, "new") == 0, "who has heard does not: {}", refused.json);
    let shows =
        |actor: &crate::support::Actor| actor.run(&["case", "show", &story.case])["entries"].as_array().unwrap().len();
    assert!(shows(supervisor) < shows(&uninformed), "and it stands in no case there");
    assert_eq!(supervisor.run(&["verify"])["holds"], true);
}
