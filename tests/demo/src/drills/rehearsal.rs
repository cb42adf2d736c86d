//! Which drills there are, and what each begins and ends with.

use std::path::Path;

use clap::ValueEnum;

use super::{
    forgotten_passphrase, lost_admin, lost_stick, power_cut, restored_hub, revoked_officer, rotation_killed,
    stolen_laptop, wrong_clock,
};
use crate::{
    ground::Agency,
    tell::{self, Fault},
};

/// A mishap that can be rehearsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Drill {
    /// The officer's machine loses its power while an interview is kept
    PowerCut,
    /// A stick with interviews is lost on the road, and a stranger finds it
    LostStick,
    /// The hub's disk dies and last night's backup is all there is
    RestoredHub,
    /// An admin's laptop is lost, and the others take it off and go on
    LostAdmin,
    /// An officer forgets her passphrase: it costs her a device and no case
    ForgottenPassphrase,
    /// An officer's device is revoked while it is offline
    RevokedOfficer,
    /// A station's key is rotated, and the program is killed in the middle again and again
    RotationKilled,
    /// An officer's clock is years slow and her supervisor's years fast
    WrongClock,
    /// A supervisor's laptop is stolen, locked
    StolenLaptop,
}

/// The steps of one drill, numbered as they pass.
#[derive(Debug, Default)]
pub(crate) struct Steps(usize);

impl Steps {
    /// A step that held.
    pub(crate) fn proven(&mut self, step: &str, proof: &str) {
        self.0 += 1;
        tell::proven(self.0, step, proof);
    }
}

/// Rehearses one, or all in turn, each on a new agency; the first thing that does not hold ends it.
///
/// # Errors
/// The sentence of the step that failed.
pub(crate) fn rehearse(drill: Option<Drill>, dir: Option<&Path>) -> Result<(), Fault> {
    let scratch = tempfile::tempdir().map_err(|error| Fault::new("making a folder", error))?;
    let dir = dir.unwrap_or(scratch.path());
    for drill in Drill::value_variants().iter().filter(|known| drill.is_none_or(|named| named == **known)) {
        let name = drill.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
        tell::line(&name);
        one(*drill, &dir.join(name))?;
    }
    Ok(())
}

fn one(drill: Drill, dir: &Path) -> Result<(), Fault> {
    let mut agency = Agency::build(dir)?;
    let mut steps = Steps::default();
    let rehearsed = match drill {
        Drill::PowerCut => power_cut::rehearse(&agency, &mut steps),
        Drill::LostStick => lost_stick::rehearse(&agency, &mut steps),
        Drill::RestoredHub => restored_hub::rehearse(&mut agency, &mut steps),
        Drill::LostAdmin => lost_admin::rehearse(&agency, &mut steps),
        Drill::ForgottenPassphrase => forgotten_passphrase::rehearse(&agency, &mut steps),
        Drill::RevokedOfficer => revoked_officer::rehearse(&agency, &mut steps),
        Drill::RotationKilled => rotation_killed::rehearse(&agency, &mut steps),
        Drill::WrongClock => wrong_clock::rehearse(&agency, &mut steps),
        Drill::StolenLaptop => stolen_laptop::rehearse(&agency, &mut steps),
    };
    tell::line(&format!("     {} passed, {} failed\n", steps.0, u8::from(rehearsed.is_err())));
    rehearsed
}
