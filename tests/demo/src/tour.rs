//! The tour: the agency is built, sample cases are recorded and synced, and the screen opens as an officer.

use std::path::Path;

use crate::{
    actor::Actor,
    ground::Agency,
    samples,
    tell::{self, Fault},
};

/// Builds the agency in `dir` (or a folder that is thrown away), records `cases` sample cases and opens the screen.
pub(crate) fn tour(dir: Option<&Path>, cases: usize, screen: bool) -> Result<(), Fault> {
    let scratch = tempfile::tempdir().map_err(|error| Fault::new("making a folder", error))?;
    let dir = dir.map_or_else(|| scratch.path().join("sample-agency"), Path::to_path_buf);
    tell::line("Building a sample agency: hub, admin, HQ reader, two supervisors, two officers …");
    let agency = Agency::build(&dir)?;
    tell::line(&format!("Recording {cases} sample cases (made by this program; nobody in them is real) …"));
    let half = cases / 2;
    record(&agency.officer, "PK610", "PK-PB", 0, cases - half)?;
    record(&agency.second, "PK716", "PK-SD", cases - half, half)?;
    for actor in [&agency.officer, &agency.second, &agency.reader, &agency.supervisor] {
        actor.run(&["sync"])?;
    }
    tell::line("");
    tell::line("Who is who (each has a home and a passphrase of its own):");
    agency.who_is_who().iter().for_each(|line| tell::line(line));
    tell::line("");
    if !screen {
        return Ok(());
    }
    let passphrase = std::fs::read_to_string(&agency.officer.passphrase)
        .map_err(|error| Fault::new("reading the sample passphrase", error))?;
    tell::line(&format!(
        "Opening the screen as {}. The sample passphrase is:  {}",
        agency.officer.name,
        passphrase.trim()
    ));
    tell::line("Press Enter to open it.");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).map_err(|error| Fault::new("waiting for Enter", error))?;
    open(&agency.officer)
}

/// The screen takes over this terminal until the officer leaves it.
fn open(officer: &Actor) -> Result<(), Fault> {
    let doing = "opening the screen";
    let mut command = crate::actor::part("app")?;
    let status = command.arg("--home").arg(&officer.home).status().map_err(|error| Fault::new(doing, error))?;
    tell::must(status.success(), || format!("{doing}: it ended with {status}"))
}

fn record(officer: &Actor, district: &str, province: &str, from: usize, count: usize) -> Result<(), Fault> {
    for number in from..from + count {
        samples::record(officer, number, province, district)?;
    }
    Ok(())
}
