//! What tests of casework begin with: a case with one grown victim in it, and what was asked to be kept of it.

use amanat::{
    model::{Answer, CaseId, Value},
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

/// The same, and what the victim told the police, by another device too.
pub(crate) fn with_statement(stage: Stage) -> Stage {
    let mut stage = with_victim(stage);
    let person = stage.entry_of("person");
    let yes = |flag| Answer::Value(Value::Flag(flag));
    let answers = [
        ("person_ref", Answer::Value(Value::Entry(person))),
        ("statement_type", code("S161")),
        ("present", Answer::Value(Value::Choices(Vec::new().into()))),
        ("private_ok", yes(true)),
        ("needs_met", yes(true)),
        ("explained", yes(true)),
        ("no_promises", yes(true)),
        ("signed", yes(false)),
        ("consent_share_named", code("Y")),
    ];
    stage.sheet(3, CASE, "interview", &answers);
    stage
}
