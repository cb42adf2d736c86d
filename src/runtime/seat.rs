//! Who sits at this device, as the screens and the presets of forms know it.

use amanat_keys::roster::{Member, Unit};

use crate::model::{Answer, Answers, QuestionId, Value};

/// What is known of the officer as answers: presets `officer.<field>` take their values from here.
pub fn officer(unit: &Unit, member: &Member) -> Answers {
    let mut answers = Answers::default();
    let mut text = |field: &str, value: &str| {
        answers.set(QuestionId::new(field), Answer::Value(Value::Text(value.into())));
    };
    text("police_station", &unit.name);
    text("name", &member.name);
    answers
}
