//! Days without a network: everything is kept and counted right, `sync` says in one sentence that the hub was not reached, and
//! when the road is there again one pass brings it all home.

use crate::support::{Actor, TestAgency, record};

/// Three days, two stories a day, a sync tried in the morning and in the evening.
#[test]
fn days_of_recording_without_a_hub_lose_nothing() {
    let mut agency = TestAgency::build();
    agency.link.cut();
    let mut stories = Vec::new();
    let mut kept = 0;
    for day in 0..3 {
        for number in 0..2 {
            let story = record(&agency.officer, day * 2 + number, "pashvikmek");
            kept += story.places;
            stories.push(story);
            let refused = agency.officer.ask(&["sync"]);
            assert_eq!(refused.code, 4, "{}", refused.json);
            assert!(refused.message().starts_with("syncing — the hub was not reached: "), "{}", refused.message());
            assert!(refused.hint().contains("Nothing is lost"), "{}", refused.hint());
            assert_eq!(agency.officer.counts(), (kept, 0), "day {day}");
        }
    }
    // A hub that is down behind a good road is the same to the officer.
    agency.kill_hub();
    agency.link.mend();
    assert_eq!(agency.officer.ask(&["sync"]).code, 4);
    assert_eq!(agency.officer.counts(), (kept, 0));
    let list = agency.officer.run(&["case", "list"]);
    assert_eq!(list["total"], stories.len(), "{list}");
    for case in list["cases"].as_array().unwrap() {
        assert_eq!(
            (&case["persons"], &case["interviews"], &case["received"]),
            (&1.into(), &1.into(), &0.into()),
            "{case}"
        );
    }

    agency.start_hub();
    let before = agency.hub_holds();
    let synced = agency.officer.run(&["sync"]);
    assert_eq!(synced["received"], kept, "one pass brings everything: {synced}");
    assert_eq!(agency.officer.counts(), (kept, kept));
    assert_eq!(agency.hub_holds() - before, kept);
    let again = agency.officer.run(&["sync"]);
    assert_eq!(again["handed_over"], 0, "nothing goes twice: {again}");
    assert_eq!(agency.hub_holds() - before, kept);

    agency.reader.run(&["sync"]);
    let read = agency.reader.run(&["case", "search", "pashvikmek"]);
    assert_eq!(read["total"], stories.len(), "headquarters reads every case: {read}");
}

/// What the hub gave with its last answer is good for the next program; one that it no longer knows costs one more answer.
#[test]
fn a_sync_with_nothing_to_do_is_one_question_and_two_after_the_hub_was_started_anew() {
    let mut agency = TestAgency::build();
    record(&agency.officer, 1, "rolpashten");
    let questions = |agency: &TestAgency, actor: &Actor| {
        let before = agency.link.asked();
        actor.run(&["sync"]);
        agency.link.asked() - before
    };
    assert!(questions(&agency, &agency.officer) > 1, "entries and the way back");
    // What a reader says of what arrived goes up with the same sync, and comes to the others with their next one.
    for actor in [&agency.reader, &agency.supervisor, &agency.officer] {
        actor.run(&["sync"]);
    }
    let everybody = |agency: &TestAgency| {
        [&agency.officer, &agency.supervisor, &agency.reader].map(|actor| questions(agency, actor))
    };
    assert_eq!([everybody(&agency), everybody(&agency)], [[1; 3], [1; 3]]);
    agency.kill_hub();
    agency.start_hub();
    assert_eq!([everybody(&agency), everybody(&agency)], [[2; 3], [1; 3]]);
}

/// A hub that answers and is not ours: no receipt of it counts, and the officer is told that this is no matter of the network.
#[test]
fn another_hub_at_the_same_address_is_refused_and_nothing_counts_as_received() {
    let ours = TestAgency::build();
    let story = record(&ours.officer, 7, "mekdunqel");
    let theirs = TestAgency::build();
    ours.link.lead_to(theirs.hub_address());
    let refused = ours.officer.ask(&["sync"]);
    assert_eq!(refused.code, 5, "{}", refused.json);
    assert!(refused.message().starts_with("syncing — "), "{}", refused.message());
    assert_eq!(ours.officer.counts(), (story.places, 0));
    ours.link.lead_to(ours.hub_address());
    ours.officer.run(&["sync"]);
    assert_eq!(ours.officer.counts(), (story.places, story.places));
}
