//! The walk: the main job without a screen, and after each step what was proven.

use std::path::Path;

use serde_json::Value;

use crate::{
    actor::HubProcess,
    ground::Agency,
    link::Way,
    samples::{self, Recorded},
    tell::{self, Fault, must, proven},
};

/// Bytes that may pass before the road is cut in the middle of a push.
const CUT_AFTER: u64 = 9_000;

/// How many sample cases the officer records.
const CASES: usize = 12;

/// Walks the main job; the first thing that does not hold ends it.
pub(crate) fn walk(dir: Option<&Path>) -> Result<(), Fault> {
    let scratch = tempfile::tempdir().map_err(|error| Fault::new("making a folder", error))?;
    let dir = dir.map_or_else(|| scratch.path().join("sample-agency"), Path::to_path_buf);
    let mut agency = Agency::build(&dir)?;
    proven(
        1,
        "a whole agency",
        "hub, admin, HQ reader, supervisors and officers: six homes, one signed roster, words compared both ways; the hub is \
         called by TLS, its key stands on the roster",
    );
    agency.link.cut();
    let recorded = record_offline(&agency)?;
    no_canary(&agency, &recorded, "after recording")?;
    cut_and_mend(&agency)?;
    let hub = restart_hub(&mut agency)?;
    agency.hub = hub;
    read_at_headquarters(&agency, &recorded)?;
    no_canary(&agency, &recorded, "after everything")?;
    for (number, actor) in [(8, &agency.officer), (9, &agency.reader)] {
        let answer = actor.run(&["verify"])?;
        must(answer.get("holds") == Some(&Value::Bool(true)), || format!("verify at {}: {answer}", actor.name))?;
        proven(
            number,
            &format!("verify at {}", actor.name),
            &format!("every chain, signature, commitment and receipt holds: {}", brief(&answer)),
        );
    }
    tell::line("");
    tell::line("10 passed, 0 failed");
    Ok(())
}

fn record_offline(agency: &Agency) -> Result<Vec<Recorded>, Fault> {
    let mut recorded = Vec::new();
    for number in 0..CASES {
        recorded.push(samples::record(&agency.officer, number, "PK-PB", "PK610")?);
    }
    let answer = agency.officer.ask(&["sync"], None)?;
    must(answer.code == 4, || format!("without a road, sync must end with 4, not {}: {}", answer.code, answer.json))?;
    let status = agency.officer.run(&["status"])?;
    let (kept, received) = counts(&status)?;
    must(received == 0, || format!("nothing was sent, yet {received} count as received"))?;
    proven(
        2,
        &format!("{CASES} cases recorded offline"),
        &format!("{kept} entries kept, 0 received, sync says “hub not reached” (exit 4) and loses nothing"),
    );
    Ok(recorded)
}

fn cut_and_mend(agency: &Agency) -> Result<(), Fault> {
    agency.link.mend();
    agency.link.cut_after(Way::Up, CUT_AFTER);
    let answer = agency.officer.ask(&["sync"], None)?;
    must(answer.code == 4, || format!("a cut road must end with 4, not {}: {}", answer.code, answer.json))?;
    must(agency.link.cuts() > 0, || "the road was never cut while in use".to_owned())?;
    let (kept, received) = counts(&agency.officer.run(&["status"])?)?;
    must(received < kept, || "everything counts as received although the road was cut".to_owned())?;
    proven(
        4,
        "the road is cut in the middle of a push",
        &format!(
            "{} bytes had passed; {received} of {kept} entries have a verified receipt, none of the others claims one",
            agency.link.carried(Way::Up)
        ),
    );
    agency.link.mend();
    agency.officer.run(&["sync"])?;
    let (kept, received) = counts(&agency.officer.run(&["status"])?)?;
    must(received == kept, || format!("{received} of {kept} received after the road was mended"))?;
    proven(5, "the road is mended", &format!("all {received} entries have the hub's signed receipt"));
    Ok(())
}

fn restart_hub(agency: &mut Agency) -> Result<HubProcess, Fault> {
    let before = HubProcess::entries(&agency.hub_home)?;
    agency.hub.kill();
    let hub = HubProcess::serve(&agency.hub_home, agency.hub_address)?;
    agency.officer.run(&["sync"])?;
    let (kept, received) = counts(&agency.officer.run(&["status"])?)?;
    must(received == kept, || format!("{received} of {kept} received after the hub was killed and started"))?;
    let after = HubProcess::entries(&agency.hub_home)?;
    must(before == after, || format!("the hub held {before} entries before it was killed and holds {after} now"))?;
    proven(
        6,
        "the hub is killed and started again",
        &format!("it holds the same {after} entries: none lost, none doubled"),
    );
    Ok(hub)
}

fn read_at_headquarters(agency: &Agency, recorded: &[Recorded]) -> Result<(), Fault> {
    agency.reader.run(&["sync"])?;
    for sample in recorded {
        let whole = agency.reader.run(&["entry", "show", &sample.interview, "--names"])?.to_string();
        for text in &sample.canaries {
            must(whole.contains(text.as_str()), || {
                format!("headquarters does not read “{text}” in case {}", sample.case)
            })?;
        }
    }
    let list = agency.reader.run(&["case", "list", "--limit", "100000"])?;
    let cases = list.get("cases").and_then(Value::as_array).map_or(0, Vec::len);
    must(cases == recorded.len(), || format!("headquarters sees {cases} cases, {} were recorded", recorded.len()))?;
    proven(
        7,
        "headquarters reads with its own key",
        &format!(
            "{cases} cases, every account word for word; a home and a process of its own, nothing shared but the socket"
        ),
    );
    Ok(())
}

/// No account's words may be found in any file of anyone: homes, journal, write-ahead log, hub.
fn no_canary(agency: &Agency, recorded: &[Recorded], when: &str) -> Result<(), Fault> {
    let mut files = 0;
    let mut bytes = 0;
    for path in samples::files(&agency.dir)? {
        let content = std::fs::read(&path).map_err(|error| Fault::new("reading a file", error))?;
        files += 1;
        bytes += content.len();
        for text in recorded.iter().flat_map(|sample| &sample.canaries) {
            must(!samples::holds(&content, text.as_bytes()), || {
                format!("“{text}” stands readable in {}", path.display())
            })?;
        }
    }
    let number = if when == "after recording" { 3 } else { 10 };
    proven(
        number,
        &format!("search every file, {when}"),
        &format!("{files} files, {bytes} bytes: no word of any account is readable"),
    );
    Ok(())
}

/// Entries kept and received, as `status` counts them.
fn counts(status: &Value) -> Result<(u64, u64), Fault> {
    let number = |name: &str| {
        status
            .get(name)
            .and_then(Value::as_u64)
            .ok_or_else(|| Fault::new("reading status", format!("no “{name}” in {status}")))
    };
    Ok((number("kept")?, number("received")?))
}

/// An answer without its lists, on one line.
fn brief(answer: &Value) -> String {
    let Some(object) = answer.as_object() else { return answer.to_string() };
    let parts: Vec<String> = object
        .iter()
        .filter(|(_, value)| value.is_number())
        .map(|(name, value)| format!("{value} {}", name.replace('_', " ")))
        .collect();
    parts.join(", ")
}
