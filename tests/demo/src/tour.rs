//! The tour: the agency is built, sample cases are recorded and synced, and the screen opens as an officer.

use std::{ffi::OsString, path::Path, process::Command};

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
    tell::line("To be one of them, in another terminal:");
    tell::line(&format!("  cargo demo as NAME --dir {}", dir.display()));
    tell::line("");
    if !screen {
        return Ok(());
    }
    screen_of(&agency.officer.name, &agency.officer.home, &agency.officer.passphrase)
}

/// The screen, or a command, as one of the people of an agency that a tour has built and still serves.
pub(crate) fn play(dir: &Path, name: &str, arguments: &[OsString]) -> Result<(), Fault> {
    let doing = format!("being {name}");
    let passphrase = dir.join(format!("{name}.pass"));
    let homes = [dir.join(name), dir.join("agency").join(name)];
    let home = homes.iter().find(|home| home.is_dir() && passphrase.is_file());
    let home = home.ok_or_else(|| {
        Fault::new(
            &doing,
            format!("nobody of that name lives in {}; the tour prints its people and its folder", dir.display()),
        )
    })?;
    if arguments.is_empty() {
        return screen_of(name, home, &passphrase);
    }
    let mut command = crate::actor::part("app")?;
    command.arg("--home").arg(home).arg("--passphrase-file").arg(&passphrase).args(arguments);
    finish(command, &doing)
}

/// The screen takes over this terminal until whoever sits there leaves it. A passphrase is typed there by hand, so it is told first.
fn screen_of(name: &str, home: &Path, passphrase: &Path) -> Result<(), Fault> {
    let words =
        std::fs::read_to_string(passphrase).map_err(|error| Fault::new("reading the sample passphrase", error))?;
    tell::line(&format!("The screen opens as {name}. The sample passphrase to type there:\n  {}", words.trim()));
    tell::line("Press Enter to open it.");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).map_err(|error| Fault::new("waiting for Enter", error))?;
    let mut command = crate::actor::part("app")?;
    command.arg("--home").arg(home);
    finish(command, "opening the screen")
}

fn finish(mut command: Command, doing: &str) -> Result<(), Fault> {
    let status = command.status().map_err(|error| Fault::new(doing, error))?;
    tell::must(status.success(), || format!("{doing}: it ended with {status}"))
}

fn record(officer: &Actor, district: &str, province: &str, from: usize, count: usize) -> Result<(), Fault> {
    for number in from..from + count {
        samples::record(officer, number, province, district)?;
    }
    Ok(())
}
