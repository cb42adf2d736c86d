//! An admin's laptop is lost: the other admins take it off, and the agency goes on.

use serde_json::Value;

use super::{
    people::{STATION, path, publish, says},
    rehearsal::Steps,
};
use crate::{
    actor::{Actor, want},
    ground::{Agency, enrol, newcomer_of},
    samples,
    tell::{Fault, must},
};

/// Three admins of whom two sign; the first one's laptop is lost, and the others go on.
pub(super) fn rehearse(agency: &Agency, steps: &mut Steps) -> Result<(), Fault> {
    let second = further_admin(agency, "second-admin", &[])?;
    let third = further_admin(agency, "third-admin", &[&second])?;
    let raise = path(&agency.dir.join("two-of-three"));
    let alone = agency.admin.run(&["roster", "threshold", "2", "--proposal", &raise])?;
    must(alone.get("adopted") == Some(&Value::Bool(false)), || {
        format!("the new threshold was not asked for: {alone}")
    })?;
    let signed = second.run(&["roster", "sign", &raise])?;
    must(signed.get("adopted") == Some(&Value::Bool(true)), || format!("raising the threshold: {signed}"))?;
    publish(&second, &[&agency.admin, &third])?;
    steps.proven("three admins, two of whom must sign", "each made a root key at home; its words were read aloud");

    let alone = agency.admin.run(&["roster", "unit-add", "PS Nobody"])?;
    must(alone.get("adopted") == Some(&Value::Bool(false)), || format!("one admin alone changed the roster: {alone}"))?;
    steps.proven("one admin alone proposes a change", "it is not in force anywhere");

    let gone = agency.admin.home.with_extension("stolen");
    std::fs::rename(&agency.admin.home, &gone).map_err(|error| Fault::new("losing the laptop", error))?;
    let proposal = path(&agency.dir.join("without-the-first"));
    let proposed = second.run(&["roster", "leave", "Admin", "--proposal", &proposal])?;
    must(says(&proposed, "no longer an admin"), || format!("the preview does not say it: {proposed}"))?;
    let signed = third.run(&["roster", "sign", &proposal])?;
    must(signed.get("adopted") == Some(&Value::Bool(true)), || format!("two signatures are enough: {signed}"))?;
    publish(&third, &[&second, &agency.officer])?;
    steps.proven(
        "the first admin's laptop is lost; the two others take it off",
        "signed by both, in force at an officer's after a sync",
    );

    let actor = Actor::new(&agency.dir, "after-the-loss", agency.dir.join("after-the-loss"))?;
    let (request, words) = newcomer_of(&actor, STATION)?;
    let proposal = path(&agency.dir.join("newcomer"));
    let asked = ["roster", "approve", &request, "--fingerprint", &words, "--role", "officer", "--unit", STATION];
    second.run(&[&asked[..], &["--proposal", &proposal]].concat())?;
    third.run(&["roster", "sign", &proposal])?;
    let pack = path(&agency.dir.join("after.pack"));
    third.run(&["roster", "publish", "--out", &pack])?;
    let words = want(&third.run(&["roster", "show"])?, "/words")?;
    actor.run(&["device", "join", &pack, "--fingerprint", &words])?;
    samples::record(&actor, 1, "PK-PB", "PK610")?;
    actor.run(&["sync"])?;
    steps.proven("the two enrol a new officer", "her first case is received");

    let thief = Actor { home: gone, ..agency.admin.clone() };
    thief.ask(&["sync"], None)?;
    let answer = thief.ask(&["roster", "unit-add", "PS Thief"], None)?;
    // It knows of its removal or it does not: alone it brings nothing into force either way.
    let adopted = answer.json.get("adopted").and_then(Value::as_bool);
    must(answer.code != 0 || adopted == Some(false), || format!("the lost laptop still signs: {}", answer.json))?;
    let listed = third.run(&["roster", "show"])?.to_string();
    must(!listed.contains("PS Thief"), || format!("the thief's unit is on the roster: {listed}"))?;
    steps.proven("whoever has the lost laptop and its passphrase", "signs nothing that comes into force");
    Ok(())
}

/// Enrols somebody as an admin, with a root key of their own.
fn further_admin(agency: &Agency, name: &str, signers: &[&Actor]) -> Result<Actor, Fault> {
    let actor = enrol(&agency.dir, &agency.admin, name, "admin", "HQ")?;
    let words = want(&agency.admin.run(&["roster", "show"])?, "/words")?;
    actor.run(&["device", "join", &path(&agency.dir.join("newest.pack")), "--fingerprint", &words])?;
    let asked = actor.run(&["keys", "root"])?;
    let (request, words) = (want(&asked, "/request")?, want(&asked, "/words")?);
    let added = agency.admin.run(&["roster", "admin-add", &request, "--fingerprint", &words])?;
    must(added.get("adopted") == Some(&Value::Bool(true)), || format!("adding an admin: {added}"))?;
    publish(&agency.admin, &[&[&actor], signers].concat())?;
    Ok(actor)
}
