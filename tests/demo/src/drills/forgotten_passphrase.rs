//! An officer forgets her passphrase: it costs her a device and no case.

use super::{
    people::{STATION, begin, path, publish, says, whole},
    rehearsal::Steps,
};
use crate::{
    actor::{Actor, want},
    ground::{Agency, approve, newcomer_of},
    samples,
    tell::{Fault, must},
};

/// An officer forgets her passphrase: a new device, the keys given again, the old device retired, no case lost.
pub(super) fn rehearse(agency: &Agency, steps: &mut Steps) -> Result<(), Fault> {
    agency.admin.run(&["roster", "policy", "readers", "all"])?;
    publish(&agency.admin, &[&agency.officer, &agency.supervisor])?;
    let mut canaries = Vec::new();
    let mut interviews = Vec::new();
    for number in 0..4 {
        let recorded = samples::record(&agency.officer, number, "PK-PB", "PK610")?;
        interviews.push(recorded.interview);
        canaries.extend(recorded.canaries);
    }
    agency.officer.run(&["sync"])?;
    agency.supervisor.run(&["sync"])?;
    steps.proven(
        "an officer records four cases and syncs",
        "all received; her station's officers read what the station keeps",
    );

    let old = want(&agency.officer.run(&["status"])?, "/device")?;
    let wrong = Actor { passphrase: agency.supervisor.passphrase.clone(), ..agency.officer.clone() };
    let shut = wrong.ask(&["status"], None)?;
    must(shut.code == 3, || format!("a wrong passphrase must end with 3: {}", shut.json))?;
    steps.proven(
        "she has forgotten her passphrase",
        "her home stays shut (exit 3); nothing here or at headquarters opens it",
    );

    let fresh = Actor::new(&agency.dir, "officer-again", agency.dir.join("officer-again"))?;
    let (request, words) = newcomer_of(&fresh, STATION)?;
    let more = ["--role", "officer", "--unit", STATION, "--member", "officer-gujrat, PS Sample, Gujrat"];
    approve(&agency.admin, &request, &words, &agency.dir, &more)?;
    let pack = path(&agency.dir.join("newest.pack"));
    let words = want(&agency.admin.run(&["roster", "show"])?, "/words")?;
    fresh.run(&["device", "join", &pack, "--fingerprint", &words])?;
    steps.proven("a new device is enrolled in her name", "words compared both ways; the same member, another key");

    agency.admin.run(&["sync"])?;
    let told = agency.admin.run(&["roster", "revoke", begin(&old), "--left"])?;
    must(says(&told, "counts up to entry"), || format!("the preview does not say how far it counts: {told}"))?;
    publish(&agency.admin, &[&agency.supervisor])?;
    fresh.run(&["sync"])?;
    steps.proven(
        "the old device is retired",
        "what it kept counts as far as headquarters has it; its supervisor gives the new one the station's key",
    );

    for interview in &interviews {
        let whole = fresh.run(&["entry", "show", interview, "--names"])?;
        let held = canaries.iter().any(|text| whole.to_string().contains(text.as_str()));
        must(held, || format!("an interview is not readable: {whole}"))?;
    }
    samples::record(&fresh, 5, "PK-PB", "PK610")?;
    fresh.run(&["sync"])?;
    whole(&fresh)?;
    steps.proven(
        "she reads her four cases on the new device, and goes on",
        "account for account; verify finds nothing wrong",
    );
    Ok(())
}
