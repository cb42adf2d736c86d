//! The safe card: numbers, a day, a line to write on. Whoever finds it learns nothing of a crime, a victim or a statement.

use super::{
    html::Page,
    sheet::{Facts, Refusal},
};
use crate::{model::Lang, report::told::tongue, words};

/// Empty lines, for numbers that only the officer knows.
const BLANK: usize = 2;

/// # Errors
/// Who must not be contacted carries no card.
pub(super) fn write(facts: &Facts<'_>, page: &mut Page) -> Result<(), Refusal> {
    if facts.person.choice("safe_contact").is_some_and(|code| code.as_str() == "NEVER") {
        return Err(Refusal("paper.no_card"));
    }
    // The lines that the sources name are Punjab's; elsewhere the officer writes the right ones.
    let punjab = facts.case.choice("province").is_some_and(|code| code.as_str() == "PK-PB");
    for lang in [Lang::Ur, Lang::En] {
        let say = |key: &str| words::say(tongue(lang), key).to_owned();
        page.begin(lang, &say("paper.card.cut"));
        page.paragraph(&say("paper.card.ask_first"));
        let mut lines = vec![say("paper.card.numbers")];
        if punjab {
            lines.extend(["paper.card.child", "paper.card.police"].map(say));
        }
        lines.push(words::fill(tongue(lang), "paper.card.reference", &[("number", facts.number())]));
        let next = facts.said(&facts.own, "interview", "next_contact", lang);
        if !next.is_empty() {
            lines.push(words::fill(tongue(lang), "paper.card.come", &[("date", &next)]));
        }
        page.card(&lines, BLANK);
    }
    Ok(())
}
