//! A supervisor's laptop is stolen, locked: nothing on it can be read, and after the revocation and a rotation its keys open nothing that anybody
//! serves.

use std::path::Path;

use serde_json::Value;

use super::{
    people::{STATION, begin, count, path, publish, says, whole},
    rehearsal::Steps,
};
use crate::{
    actor::{Actor, want},
    ground::{Agency, enrol},
    samples,
    tell::{Fault, must},
};

pub(super) fn rehearse(agency: &Agency, steps: &mut Steps) -> Result<(), Fault> {
    let (admin, reader, officer, stolen) = (&agency.admin, &agency.reader, &agency.officer, &agency.supervisor);
    let mut canaries = Vec::new();
    for number in 0..3 {
        canaries.extend(samples::record(officer, number, "PK-PB", "PK610")?.canaries);
    }
    let deputy = enrol(&agency.dir, admin, "deputy", "supervisor", STATION)?;
    let words = want(&admin.run(&["roster", "show"])?, "/words")?;
    deputy.run(&["device", "join", &path(&agency.dir.join("newest.pack")), "--fingerprint", &words])?;
    publish(admin, &[officer, reader, stolen, &deputy])?;
    stolen.run(&["sync"])?;
    steps.proven("an officer has recorded three cases", "two supervisors of her station and headquarters read them");

    let (device, could) = found_locked(agency, steps, &canaries)?;
    admin.run(&["sync"])?;
    let lost = ["roster", "revoke", begin(&device), "--lost"];
    let shown = admin.run(&[&lost[..], &["--dry-run"]].concat())?;
    must(says(&shown, STATION), || format!("the preview does not name the station: {shown}"))?;
    admin.run(&lost)?;
    publish(admin, &[&deputy, reader])?;
    let refused = stolen.ask(&["sync"], None)?;
    must(refused.code == 5, || format!("the hub still speaks to it: {}", refused.json))?;
    steps
        .proven("the admin revokes it as lost", "the consequences were shown first; the hub tells it nothing any more");

    rotate(agency, &deputy)?;
    for actor in [&deputy, reader, officer, &deputy, reader] {
        actor.run(&["sync"])?;
    }
    steps.proven(
        "the other supervisor gives the station a new key",
        "every slip is rewrapped, and headquarters has opened each before the older ones went",
    );

    let after = reader.run(&["keys", "audit", begin(&device)])?;
    must(count(&after, "could_read")? >= could, || format!("what it could read it could read: {after}"))?;
    must(count(&after, "can_open_now")? == 0 && count(&after, "served")? == 0, || {
        format!("its keys still open: {after}")
    })?;
    steps.proven(
        "the audit of the stolen laptop",
        &format!("could read {could} entries, and can open now, of all that is served: nothing"),
    );

    samples::record(officer, 3, "PK-PB", "PK610")?;
    officer.run(&["sync"])?;
    for actor in [&deputy, reader] {
        actor.run(&["sync"])?;
        let list = actor.run(&["case", "list"])?;
        must(list.get("total") == Some(&Value::from(4)), || format!("{} reads other cases: {list}", actor.name))?;
        whole(actor)?;
    }
    steps.proven(
        "the station goes on",
        "four cases are read at the station and at headquarters; verify finds nothing wrong",
    );
    Ok(())
}

/// What whoever has the laptop can do with it, and what its keys open before anybody has done anything: its id, and how many entries.
fn found_locked(agency: &Agency, steps: &mut Steps, canaries: &[String]) -> Result<(String, u64), Fault> {
    let (officer, reader, stolen) = (&agency.officer, &agency.reader, &agency.supervisor);
    let thief = Actor { passphrase: officer.passphrase.clone(), ..stolen.clone() };
    let shut = thief.ask(&["case", "list"], None)?;
    must(shut.code == 3, || format!("a wrong passphrase must end with 3: {}", shut.json))?;
    let files = nothing_readable(&stolen.home, canaries)?;
    steps.proven(
        "a supervisor's laptop is stolen, locked",
        &format!("another passphrase ends with exit 3; none of its {files} files holds a word of what it could show"),
    );

    let device = want(&stolen.run(&["status"])?, "/device")?;
    let before = reader.run(&["keys", "audit", begin(&device)])?;
    let could = count(&before, "could_read")?;
    must(could > 0 && before.get("due_if_revoked").is_some_and(|due| due.to_string().contains(STATION)), || {
        format!("the audit of a device that reads everything of its station: {before}")
    })?;
    steps.proven(
        "the audit before anything is done",
        &format!("its keys could read {could} entries, and the station's key is due if it is revoked"),
    );
    Ok((device, could))
}

/// The station's next key by this supervisor; then what headquarters wrote itself.
fn rotate(agency: &Agency, by: &Actor) -> Result<(), Fault> {
    let request = path(&agency.dir.join("unit-key.join"));
    let offered = by.run(&["keys", "rotate", "unit", STATION, "--out", &request])?;
    let (words, pack) = (want(&offered, "/words")?, path(&agency.dir.join("rotated.pack")));
    let approve = ["roster", "approve", &request, "--fingerprint", &words, "--role", "unit-key", "--unit", STATION];
    agency.admin.run(&[&approve[..], &["--out", &pack]].concat())?;
    publish(&agency.admin, &[by])?;
    for custodian in [by, &agency.reader] {
        custodian.run(&["sync"])?;
        let done = custodian.run(&["keys", "rotate", "unit", STATION])?;
        must(want(&done, "/state")? == "done", || format!("{} rotates: {done}", custodian.name))?;
        custodian.run(&["sync"])?;
    }
    Ok(())
}

/// How many files lie in a home; none of them holds any of these texts.
fn nothing_readable(home: &Path, canaries: &[String]) -> Result<usize, Fault> {
    let wrong = |error: std::io::Error| Fault::new("looking through the stolen laptop", error);
    let (mut files, mut folders) = (0, vec![home.to_path_buf()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(wrong)? {
            let path = entry.map_err(wrong)?.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = std::fs::read(&path).map_err(wrong)?;
            let told = |text: &String| bytes.windows(text.len().max(1)).any(|window| window == text.as_bytes());
            must(!canaries.iter().any(told), || format!("{} can be read", path.display()))?;
            files += 1;
        }
    }
    Ok(files)
}
