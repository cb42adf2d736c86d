//! What came damaged from headquarters: set aside with its reason, listed, saved still sealed, asked for again, and in the end read as
//! if nothing had been.

use std::fs;

use rusqlite::{Connection, params};

use crate::support::{TestAgency, number, record, text};

const MARK: &str = "wolkendrath";

/// Changes a byte of an entry's signature in the hub's books, or changes it back.
fn spoils(agency: &TestAgency, device: &str, seq: u64) {
    let seq = i64::try_from(seq).unwrap();
    let db = Connection::open(agency.hub_database()).unwrap();
    let of = "device = unhex(?1) and seq = ?2";
    let select = format!("select signature from entries where {of}");
    let mut signature: Vec<u8> = db.query_row(&select, params![device, seq], |row| row.get(0)).unwrap();
    signature[7] ^= 1;
    let update = format!("update entries set signature = ?3 where {of}");
    assert_eq!(db.execute(&update, params![device, seq, signature]).unwrap(), 1);
}

#[test]
fn what_came_damaged_is_listed_saved_sealed_asked_for_again_and_read_in_the_end() {
    let mut agency = TestAgency::build();
    let story = record(&agency.officer, 1, MARK);
    let device = text(&agency.officer.run(&["status"]), "/device");
    let interview = agency.officer.run(&["entry", "show", story.interview()])["number"].as_u64().unwrap();
    agency.officer.run(&["sync"]);
    agency.kill_hub();
    spoils(&agency, &device, interview);
    agency.start_hub();

    let nothing = agency.reader.run(&["entry", "quarantined"]);
    assert_eq!(number(&nothing, "in_question"), 0, "{nothing}");
    agency.reader.run(&["sync"]);
    let listed = agency.reader.run(&["entry", "quarantined"]);
    assert_eq!(number(&listed, "in_question"), 1, "{listed}");
    assert_eq!(agency.reader.run(&["status"])["quarantined"], 1);
    let row = &listed["set_aside"][0];
    assert_eq!((text(row, "/reason").as_str(), number(row, "number")), ("damaged", interview), "{row}");
    assert_eq!((text(row, "/device"), &row["whole_since"]), (device.clone(), &false.into()));
    assert!(text(row, "/found").starts_with("20") && text(row, "/member").starts_with("officer"), "{row}");
    assert_eq!(agency.reader.ask(&["entry", "show", story.interview()]).code, 2, "it is read by nobody");

    // The page of the team counts them, once their device has said so.
    agency.supervisor.run(&["sync"]);
    agency.supervisor.run(&["sync"]);
    let told = agency.supervisor.run(&["status", "--team"]);
    let team = told["team"].as_array().unwrap();
    let hers = team.iter().find(|row| text(row, "/member").starts_with("supervisor")).expect("she is of her own unit");
    assert_eq!(hers["quarantined"], 1, "{told}");

    let (out, id) = (agency.reader.file("damaged.entry"), text(row, "/id"));
    let save = ["entry", "quarantined", "save", &id[..10], "--out", &out.to_string_lossy()].map(str::to_owned);
    let save: Vec<&str> = save.iter().map(String::as_str).collect();
    let saved = agency.reader.run(&save);
    let bytes = fs::read(&out).unwrap();
    assert_eq!(number(&saved, "bytes"), u64::try_from(bytes.len()).unwrap());
    assert!(!bytes.windows(MARK.len()).any(|window| window == MARK.as_bytes()), "nothing in it is opened");
    let db = Connection::open(agency.hub_database()).unwrap();
    let select = "select header, signature, envelope from entries where device = unhex(?1) and seq = ?2";
    let parts: [Vec<u8>; 3] = db
        .query_row(select, params![device, i64::try_from(interview).unwrap()], |row| {
            Ok([row.get(0)?, row.get(1)?, row.get(2)?])
        })
        .unwrap();
    drop(db);
    for part in &parts {
        assert!(bytes.windows(part.len()).any(|window| window == part), "the sealed bytes are what came");
    }
    let again = agency.reader.ask(&save);
    assert_eq!(again.code, 1, "nothing is overwritten: {}", again.json);
    assert_eq!(fs::read(&out).unwrap(), bytes);
    let none = agency.reader.ask(&["entry", "quarantined", "save", "00000000", "--out", "x"]);
    assert_eq!(none.code, 2, "{}", none.json);

    // The same damage again is no second finding.
    agency.reader.run(&["sync"]);
    assert_eq!(agency.reader.run(&["entry", "quarantined"])["set_aside"].as_array().map(Vec::len), Some(1));

    // A second look changes nothing of what no key has signed.
    let looked = agency.reader.run(&["entry", "quarantined", "retry"]);
    assert_eq!((number(&looked, "stand"), number(&looked, "wait"), number(&looked, "left")), (0, 0, 1), "{looked}");
    // Dropped only when told to, from here alone, and set aside again when it comes again.
    let listed = || agency.reader.run(&["entry", "quarantined"])["set_aside"].as_array().map(Vec::len);
    let asked = agency.reader.run(&["entry", "quarantined", "drop", &id[..10]]);
    assert_eq!((&asked["dropped"], listed()), (&false.into(), Some(1)), "{asked}");
    let dropped = agency.reader.run(&["entry", "quarantined", "drop", &id[..10], "--yes"]);
    assert_eq!((&dropped["dropped"], listed()), (&true.into(), Some(0)), "{dropped}");
    assert_eq!(agency.reader.run(&["status"])["quarantined"], 0);
    assert_eq!(agency.reader.ask(&["entry", "quarantined", "drop", &id[..10], "--yes"]).code, 2, "it is gone");
    agency.reader.run(&["sync"]);
    assert_eq!(listed(), Some(1), "it came again");
    agency.kill_hub();
    spoils(&agency, &device, interview);
    agency.start_hub();
    agency.reader.run(&["sync"]);
    let listed = agency.reader.run(&["entry", "quarantined"]);
    assert_eq!((number(&listed, "in_question"), &listed["set_aside"][0]["whole_since"]), (0, &true.into()), "{listed}");
    assert_eq!(agency.reader.run(&["status"])["quarantined"], 0);
    agency.reader.run(&["entry", "show", story.interview()]);
    assert_eq!(agency.reader.ask(&["verify"]).code, 0);
}
