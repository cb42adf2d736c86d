//! What admins and readers do to an agency's keys besides rotating them, killed at every step and on a disk that breaks at every step: an
//! approval, a signature, handing the roster out, the recovery key brought back from paper, an erasure. The same command again ends well.

use std::process::{Command, Stdio};

use crate::{
    ceremony::second_admin,
    crash::{at_each_step, broken_at_each_step, whole},
    erased::signed_order,
    recovered,
    rotation::finds,
    rotation_killed::Again,
    support::{Actor, Answer, GUJRAT, TestAgency, finish, number, open_case, opening, record, text},
};

fn version(actor: &Actor) -> u64 {
    number(&actor.run(&["roster", "show"]), "version")
}

#[test]
fn an_approval_killed_or_broken_at_any_step_is_made_or_is_made_by_the_same_call() {
    let agency = TestAgency::offline();
    let dir = agency.dir.path();
    let waiting = Actor::new(dir, "newcomer", dir.join("newcomer"));
    let made =
        waiting.run(&["device", "init", "--name", "newcomer", "--unit", GUJRAT, "--practice", "--work-factor", "10"]);
    let (request, words) = (text(&made, "/request"), text(&made, "/words"));
    let pack = dir.join("newcomer.pack").to_string_lossy().into_owned();
    let approve =
        ["roster", "approve", &request, "--fingerprint", &words, "--role", "officer", "--unit", GUJRAT, "--out", &pack];
    let admin = Again::of(&agency.admin, dir);
    let newcomer = Again::of(&waiting, dir);
    let before = version(&agency.admin);
    let (mut none, mut listed) = (0, 0);
    let mut judge = |failed: bool, _answer: Answer, at: &str| {
        let now = version(&admin.actor);
        assert!(now == before || now == before + 1, "{at}: roster {now} after {before}");
        assert!(failed || now == before + 1, "{at}: it was done");
        *(if now == before { &mut none } else { &mut listed }) += usize::from(failed);
        let again = admin.actor.ask(&approve);
        assert_eq!((again.code, &again.json["adopted"]), (0, &true.into()), "{at}: {}", again.json);
        assert_eq!((number(&again.json, "roster"), text(&again.json, "/pack")), (before + 1, pack.clone()), "{at}");
        assert_eq!(version(&admin.actor), before + 1, "{at}: once");
        whole(&admin.actor, at);
        // And whoever was approved comes in with it.
        let words = text(&admin.actor.run(&["roster", "show"]), "/words");
        newcomer.afresh().run(&["device", "join", &pack, "--fingerprint", &words]);
        open_case(&newcomer.actor, &opening(1, "zukhwendar"));
    };
    let make = || {
        drop(std::fs::remove_file(&pack));
        admin.afresh().command(approve)
    };
    at_each_step("approving", &["pwrite64", "fsync", "rename", "write"], || (make(), String::new()), &mut judge);
    broken_at_each_step("approving", make, &mut judge);
    println!("approving: {none} times there was no roster afterwards, {listed} times there was");
    assert!(none > 0 && listed > 0);
    // Asked for another role, it is not what was approved.
    let other = approve.map(|word| if word == "officer" { "supervisor" } else { word });
    let refused = admin.actor.ask(&other);
    assert_eq!((refused.code, version(&admin.actor)), (2, before + 1), "{}", refused.json);
    assert!(refused.message().contains("lists it already"), "{}", refused.json);
}

#[test]
fn a_signature_killed_or_broken_at_any_step_is_given_once_and_the_roster_is_whole() {
    let agency = TestAgency::build();
    let second = second_admin(&agency);
    let before = version(&second);
    let file = agency.dir.path().join("proposal").to_string_lossy().into_owned();
    agency.admin.run(&["roster", "unit-add", "PS New", "--proposal", &file]);
    let proposed = std::fs::read(&file).unwrap();
    let second = Again::of(&second, agency.dir.path());
    let sign = ["roster", "sign", &file];
    let (mut none, mut signed) = (0, 0);
    let mut judge = |failed: bool, answer: Answer, at: &str| {
        let now = version(&second.actor);
        assert!(failed || now == before + 1, "{at}: it was done: {}", answer.json);
        *(if now == before { &mut none } else { &mut signed }) += usize::from(failed);
        let again = second.actor.ask(&sign);
        assert!(again.code == 0 || now == before + 1, "{at}: {}", again.json);
        assert_eq!(version(&second.actor), before + 1, "{at}: once");
        whole(&second.actor, at);
        second.actor.run(&["roster", "publish"]);
    };
    let make = || {
        std::fs::write(&file, &proposed).unwrap();
        second.afresh().command(sign)
    };
    at_each_step("signing", &["pwrite64", "fsync", "rename", "write"], || (make(), String::new()), &mut judge);
    broken_at_each_step("signing", make, &mut judge);
    println!("signing: {none} times nothing was in force afterwards, {signed} times it was");
    assert!(none > 0 && signed > 0);
    agency.officer.run(&["sync"]);
    assert_eq!(version(&agency.officer), before + 1);
}

#[test]
fn handing_the_roster_out_killed_or_broken_at_any_step_is_done_by_the_next_call() {
    let agency = TestAgency::build();
    agency.admin.run(&["roster", "unit-add", "PS New"]);
    let newest = version(&agency.admin);
    let admin = Again::of(&agency.admin, agency.dir.path());
    let pack = agency.dir.path().join("out.pack").to_string_lossy().into_owned();
    let publish = ["roster", "publish", "--out", &pack];
    let mut judge = |_failed: bool, _answer: Answer, at: &str| {
        assert_eq!(version(&admin.actor), newest, "{at}");
        whole(&admin.actor, at);
        assert_eq!(number(&admin.actor.run(&publish), "roster"), newest, "{at}");
        assert_eq!(number(&agency.hub_status(), "roster"), newest, "{at}: the hub has it");
    };
    let make = || {
        drop(std::fs::remove_file(&pack));
        admin.afresh().command(publish)
    };
    at_each_step("handing out", &["pwrite64", "fsync", "rename", "write"], || (make(), String::new()), &mut judge);
    broken_at_each_step("handing out", make, &mut judge);
    agency.officer.run(&["sync"]);
    assert_eq!(version(&agency.officer), newest);
}

/// The same command with its standard input from a file: whoever breaks the disk under it types nothing.
fn fed(command: &Command, from: &std::path::Path) -> Command {
    let mut fed = Command::new("sh");
    fed.args(["-c", "exec \"$@\" < \"$0\""]).arg(from).arg(command.get_program()).args(command.get_args());
    fed.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    fed
}

#[test]
fn the_key_from_the_sheets_brought_back_by_a_command_killed_or_broken_at_any_step_comes_with_the_next() {
    let agency = TestAgency::build();
    let case = open_case(&agency.officer, &opening(1, "zukhwendar"));
    agency.officer.run(&["sync"]);
    let sheets = recovered::split(&agency.admin, agency.dir.path());
    agency.admin.run(&["roster", "publish"]);
    agency.reader.run(&["sync"]);
    let lost = text(&agency.reader.run(&["status"]), "/device");
    let newcomer = agency.enrol("new-reader", "reader", "HQ");
    agency.admin.run(&["sync"]);
    agency.admin.run(&["roster", "revoke", &lost[..12], "--lost"]);
    agency.admin.run(&["roster", "publish"]);
    newcomer.run(&["sync"]);
    let typed = agency.dir.path().join("typed");
    std::fs::write(&typed, format!("{}\n{}\n{}\n", sheets[4], sheets[1], sheets[2])).unwrap();
    let newcomer = Again::of(&newcomer, agency.dir.path());
    let waits = || number(&newcomer.actor.run(&["keys", "status"]), "waiting_for_keys");
    let (mut none, mut there) = (0, 0);
    let mut judge = |failed: bool, _answer: Answer, at: &str| {
        let waiting = waits();
        assert!(failed || waiting == 0, "{at}: it was done");
        *(if waiting > 0 { &mut none } else { &mut there }) += usize::from(failed);
        let again = finish(fed(&newcomer.actor.command(["keys", "restore"]), &typed), "");
        assert_eq!(again.code, 0, "{at}: {}", again.json);
        assert_eq!(waits(), 0, "{at}");
        whole(&newcomer.actor, at);
        newcomer.actor.run(&["sync"]);
        assert_eq!(finds(&newcomer.actor, "zukhwendar"), 1, "{at}: {case}");
    };
    let make = || fed(&newcomer.afresh().command(["keys", "restore"]), &typed);
    at_each_step("bringing the key back", &["pwrite64", "fsync"], || (make(), String::new()), &mut judge);
    broken_at_each_step("bringing the key back", make, &mut judge);
    println!("bringing the key back: {none} times it was not there afterwards, {there} times it was");
    assert!(none > 0 && there > 0);
}

#[test]
fn an_erasure_killed_or_broken_at_any_step_is_ended_by_the_next_call_and_takes_nothing_else() {
    let agency = TestAgency::build();
    let (officer, reader) = (&agency.officer, &agency.reader);
    let doomed = record(officer, 1, "zukhwendar");
    record(officer, 2, "palmishto");
    for actor in [officer, reader, &agency.supervisor] {
        actor.run(&["sync"]);
    }
    let order = signed_order(&agency, &doomed.case).to_string_lossy().into_owned();
    let erase = ["case", "erase", &doomed.case, "--signed", &order];
    let reader = Again::of(reader, agency.dir.path());
    let gone = |at: &str| number(&whole(&reader.actor, at), "erased");
    let (mut all, mut left, mut ended) = (0, 0, 0);
    let mut judge = |failed: bool, _answer: Answer, at: &str| {
        let before = gone(at);
        assert!(failed || before > 0, "{at}: it was done");
        *(if before == 0 { &mut left } else { &mut ended }) += usize::from(failed);
        reader.actor.run(&erase);
        let now = gone(at);
        all = all.max(now);
        assert!(now > 0 && now == all && (before == 0 || before <= now), "{at}: {before}, then {now} of {all}");
        assert_eq!((finds(&reader.actor, "zukhwendar"), finds(&reader.actor, "palmishto")), (0, 1), "{at}");
    };
    let make = || reader.afresh().command(erase);
    at_each_step("erasing", &["pwrite64", "fsync"], || (make(), String::new()), &mut judge);
    broken_at_each_step("erasing", make, &mut judge);
    println!("erasing: {left} times nothing was gone afterwards, {ended} times something was");
    assert!(left > 0 && ended > 0 && all > 0);
}
