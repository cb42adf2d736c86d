//! The note that benches keep: about 1 KiB of made-up words, seeded, in the form *note*.

#![allow(dead_code, reason = "every bench uses its own part of it")]
#![expect(clippy::unwrap_used, reason = "a bench stops at the first surprise")]

use amanat::codebook::{self, Codebook, Origin};
use amanat::model::{Answer, Answers, Draft, DraftId, Lang, Moment, Sheet, Value};

use crate::figure::Dice;

/// When drafts were begun.
pub(crate) const STARTED: Moment = Moment::pkt(1_795_322_868_000);

/// A draft of a note that says this.
pub(crate) fn draft(codebook: &Codebook, id: DraftId, said: String) -> Draft {
    let mut answers = Answers::default();
    answers.set("noted_on".into(), Answer::Value(Value::Date("2026-11-22".parse().unwrap())));
    answers.set("note_text".into(), Answer::Value(Value::Text(said.into())));
    let form = codebook.newest("note").unwrap().form.clone();
    Draft::begun(id, form, answers, STARTED, Lang::En)
}

/// A finished note that says this.
pub(crate) fn sheet(codebook: &Codebook, said: String) -> Sheet {
    let form = codebook.newest("note").unwrap();
    let draft = draft(codebook, DraftId::from_bytes([1; 16]), said);
    codebook::finish(form, codebook, &draft, Origin::Officer).unwrap().0
}

/// About 1 KiB of made-up words.
pub(crate) fn text(dice: &mut Dice) -> String {
    let syllables = ["ba", "den", "gi", "kor", "lu", "mas", "ne", "pir", "ro", "sta", "tul", "vey", "chan", "sho"];
    let mut text = String::new();
    while text.len() < 900 {
        for _ in 0..2 + dice.roll(3) {
            text.push_str(dice.pick(&syllables));
        }
        text.push(' ');
    }
    text.trim_end().to_owned()
}
