//! An officer's device is revoked while it is offline: what counts still comes in, and nothing else.

use serde_json::Value;

use super::{
    people::{begin, count, publish, says, whole},
    rehearsal::Steps,
};
use crate::{
    actor::want,
    ground::Agency,
    samples,
    tell::{Fault, must},
};

/// An officer's device is revoked while she is offline: what counts comes in, what does not is refused, and she is told.
pub(super) fn rehearse(agency: &Agency, steps: &mut Steps) -> Result<(), Fault> {
    samples::record(&agency.officer, 0, "PK-PB", "PK610")?;
    agency.officer.run(&["sync"])?;
    agency.supervisor.run(&["sync"])?;
    agency.admin.run(&["sync"])?;
    let seen = count(&agency.officer.run(&["status"])?, "kept")?;
    agency.link.cut();
    samples::record(&agency.officer, 1, "PK-PB", "PK610")?;
    let between = count(&agency.officer.run(&["status"])?, "kept")?;
    samples::record(&agency.officer, 2, "PK-PB", "PK610")?;
    agency.link.mend();
    steps.proven(
        "an officer records a case and syncs, and two more offline",
        &format!("{seen} entries received, {between} at the second case"),
    );

    let device = want(&agency.officer.run(&["status"])?, "/device")?;
    let number = between.to_string();
    let lost = ["roster", "revoke", begin(&device), "--lost", "--from", &number];
    let refused = agency.admin.ask(&lost, None)?;
    must(refused.code == 5, || format!("unseen entries of a lost device were let in: {}", refused.json))?;
    let shown = agency.admin.run(&["roster", "revoke", begin(&device), "--left", "--from", &number, "--dry-run"])?;
    must(says(&shown, "still taken") && says(&shown, "re-key"), || format!("the preview lacks something: {shown}"))?;
    agency.admin.run(&["roster", "revoke", begin(&device), "--left", "--from", &number])?;
    publish(&agency.admin, &[&agency.supervisor])?;
    steps.proven(
        "she is called in; the admin ends the trust in her device behind the second case",
        "the consequences were shown first; had the device been lost, nothing unseen could be let in",
    );

    let answer = agency.officer.ask(&["sync"], None)?;
    must(answer.code == 5 && answer.json.to_string().contains("revoked"), || {
        format!("she is not told: {}", answer.json)
    })?;
    let status = agency.officer.run(&["status"])?;
    must(count(&status, "received")? == between, || format!("the wrong part of her journal was taken: {status}"))?;
    must(want(&status, "/revoked/state")? == "left", || format!("status does not say it: {status}"))?;
    steps.proven(
        "her next sync",
        &format!("hands over up to entry {between}, says that the device is revoked, and offers nothing more"),
    );

    must(samples::record(&agency.officer, 3, "PK-PB", "PK610").is_err(), || "a revoked device still keeps".to_owned())?;
    agency.supervisor.run(&["sync"])?;
    let list = agency.supervisor.run(&["case", "list"])?;
    let cases = list.get("cases").and_then(Value::as_array).map_or(0, Vec::len);
    must(cases == 2, || format!("her supervisor reads {cases} cases, and two count"))?;
    whole(&agency.supervisor)?;
    steps.proven(
        "her supervisor reads two cases of three",
        "the second is marked as come late; the device keeps nothing new; verify finds nothing wrong",
    );
    Ok(())
}
