//! What tests of casework begin with: a case with one grown victim in it, and what was asked to be kept of it.

use amanat::{
    model::CaseId,
    ui::{Effect, Settings, Theme, ToKeep},
};

use super::stage::{Stage, code, number};

/// The first case of a stage.
pub(crate) const CASE: CaseId = CaseId::from_bytes([1; 16]);

/// Without colours.
pub(crate) fn plain() -> Settings {
    Settings { theme: Theme::Plain, ..Settings::default() }
}

/// What was asked to be kept, in order.
pub(crate) fn keeps(stage: &Stage) -> Vec<&ToKeep> {
    stage
        .effects
        .iter()
        .filter_map(|effect| if let Effect::Keep(keep) = effect { Some(&**keep) } else { None })
        .collect()
}

/// A case inside Pakistan with one grown victim, both by another device.
pub(crate) fn with_victim(mut stage: Stage) -> Stage {
    stage.case(1, &[("case_class", code("UND")), ("movement", code("INT")), ("victims_seen", number(1))]);
    stage.sheet(2, CASE, "person", &[("role", code("VIC")), ("gender", code("F")), ("age_years", number(30))]);
    stage
}
