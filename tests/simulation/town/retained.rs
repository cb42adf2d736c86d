//! Copies in the field under a retention policy, on real homes with a hub whose clock is given: they go when the policy's days have passed by
//! the hub's clock since headquarters said that it opened them, not an hour before, and never by a laptop's own clock.

use std::path::Path;

use amanat::failure::Failure;
use amanat::model::Absence;
use amanat::runtime::erasure::retention::Stays;
use serde_json::Value;

use super::founding::{ADMIN, READER, SUPERVISORS, copy_home};
use super::life::{NOW, Town};
use super::person::Person;
use crate::simulation::office;

const OFFICER: usize = 4;
const DAYS: u64 = 30;
const DAY: u64 = 86_400_000;

/// What keeps each entry of the officer's on their device.
fn stays(town: &Town) -> Vec<Stays> {
    let plan: Result<_, Failure> = town.people[OFFICER].home().retention();
    plan.unwrap().map(|plan| plan.entries.iter().map(|kept| kept.stays).collect()).unwrap_or_default()
}

/// Travels when the hub's clock says this, and the supervisor before: what the hub last signed, its time with it, is of its last arrival.
/// How many copies went.
fn travels_at(town: &mut Town, at: usize, ms: u64) -> usize {
    office::set_clock(ms);
    town.keeps(SUPERVISORS[0]);
    town.travels(SUPERVISORS[0], true).expect("nobody dies on a calm road");
    let (_, arrived) = town.travels(at, true).expect("nobody dies on a calm road");
    let gone = arrived.replayed.gone.iter();
    gone.filter(|gone| gone.why == Absence::AtHeadquarters).count()
}

/// How many notes the officer has kept so far.
fn by_the_officer(town: &Town) -> usize {
    town.book.kept.values().filter(|kept| kept.author == OFFICER).count()
}

/// Lives through it. `verified` is what `amanat verify` says of the home in a folder, whose passphrase is a town's.
pub(crate) fn copies_go_in_time(verified: impl Fn(&Path) -> Value) {
    let mut town = Town::new(1, false);
    let days = DAYS.to_string();
    town.people[ADMIN].admin().set_policy("retention-days", Some(&days)).unwrap();
    for at in [ADMIN, READER, SUPERVISORS[0], OFFICER] {
        travels_at(&mut town, at, NOW);
    }
    town.keeps(OFFICER);
    let kept = by_the_officer(&town);
    assert_eq!((stays(&town), kept > 0), (vec![Stays::NotReceived; kept], true));
    // Received, and nobody at headquarters has opened it: it may wait for years.
    for years in [0, 1, 10] {
        assert_eq!(travels_at(&mut town, OFFICER, NOW + years * 365 * DAY), 0);
        assert_eq!(stays(&town), vec![Stays::NotOpened; kept], "after {years} years");
    }
    // Nothing came to the hub for longer than the policy's days before it is opened: the newest time that its reader knows is of then.
    let opened = NOW + (3_650 + DAYS + 10) * DAY;
    office::set_clock(opened);
    for _ in 0..2 {
        town.travels(READER, true).expect("nobody dies on a calm road");
    }
    assert_eq!(travels_at(&mut town, OFFICER, opened), 0);
    assert_eq!(stays(&town), vec![Stays::Young(0); kept]);
    // The laptop's own clock is nobody's word.
    town.people[OFFICER].fast = i64::try_from(3_650 * DAY).unwrap();
    assert_eq!(travels_at(&mut town, OFFICER, opened + DAY), 0);
    town.people[OFFICER].killed();
    assert_eq!(travels_at(&mut town, OFFICER, opened + DAYS * DAY - 1), 0);
    assert_eq!(stays(&town), vec![Stays::Young(DAYS - 1); kept], "the last hour of the last day is not over");
    town.people[OFFICER].looks();
    assert_eq!(town.people[OFFICER].open.len(), kept);

    assert_eq!(travels_at(&mut town, OFFICER, opened + DAYS * DAY), kept, "now they go, by themselves");
    town.people[OFFICER].looks();
    assert_eq!((stays(&town), town.people[OFFICER].open.len()), (vec![], 0));
    // What is kept since has days of its own; headquarters and the station read all of it.
    town.keeps(OFFICER);
    for at in [OFFICER, READER] {
        assert_eq!(travels_at(&mut town, at, opened + (DAYS + 1) * DAY), 0);
    }
    town.travels(SUPERVISORS[0], true).expect("nobody dies on a calm road");
    let all = town.book.kept.len();
    town.people.iter_mut().for_each(Person::looks);
    let open = |at: usize| &town.people[at].open;
    assert_eq!((open(READER).len(), open(OFFICER).len()), (all, by_the_officer(&town) - kept));
    // The supervisor's own copies go by the same policy, and not those of what others wrote.
    let theirs = town.book.kept.iter().filter(|(_, kept)| kept.author == OFFICER);
    assert!(theirs.map(|(number, _)| number).all(|number| open(SUPERVISORS[0]).contains(number)));
    for at in [READER, SUPERVISORS[0], OFFICER] {
        let copy = town.dir.path().join(format!("verified{at}"));
        copy_home(town.people[at].home().paths().folder(), &copy).unwrap();
        let verified = verified(&copy);
        assert_eq!(verified["holds"], true, "{verified}");
        // The chain is whole without what went.
        let dropped = verified["dropped"].as_u64().unwrap();
        assert!(at != OFFICER || dropped >= u64::try_from(kept).unwrap(), "{verified}");
    }
}
