//! The consent form: what a person is told, and a box for each thing that can be agreed to or not.

use super::{
    html::Page,
    sheet::{Facts, text},
};
use crate::{model::Lang, report::told::tongue, words};

/// What is read aloud, in this order (the seven questions of HTCDS 2.0, and that stopping is free).
const TOLD: [&str; 8] = ["purpose", "use", "duty", "statistics", "copy", "keeping", "withdraw", "stop"];

/// What is asked.
const ASKED: [&str; 5] =
    ["consent_interview", "consent_record_audio", "consent_share_named", "consent_share_services", "consent_research"];

pub(super) fn write(facts: &Facts<'_>, page: &mut Page) {
    for lang in [Lang::Ur, Lang::En] {
        let say = |key: &str| words::say(tongue(lang), key).to_owned();
        page.begin(lang, &say("paper.consent.title"));
        page.rows(&facts.about(lang));
        page.paragraph(&say("paper.consent.aloud"));
        page.list(TOLD.iter().map(|key| say(&format!("paper.consent.told.{key}"))));
        page.heading(&say("paper.consent.asked"));
        page.boxes(&ASKED.map(|question| asked(facts, question, lang)));
        let withheld = text(&facts.own, "withhold_from").unwrap_or_default();
        page.rows(&[(facts.label("interview", "withhold_from", lang), withheld)]);
        let whose: &[&str] = if facts.is_child() {
            &["guardian", "officer", "interpreter"]
        } else {
            &["person", "officer", "interpreter"]
        };
        whose.iter().for_each(|who| page.signature(&say(&format!("paper.sign.{who}"))));
    }
}

/// One consent: ticked as the interview has it, else left to be ticked by hand.
fn asked(facts: &Facts<'_>, question: &str, lang: Lang) -> (String, Vec<(String, bool)>) {
    let given = facts.own.choice(question).map(|code| code.as_str().to_owned());
    let is = |codes: &[&str]| given.as_deref().is_some_and(|given| codes.contains(&given));
    let say = |key: &str| words::say(tongue(lang), key).to_owned();
    let boxes = vec![(say("paper.consent.agree"), is(&["Y"])), (say("paper.consent.refuse"), is(&["N", "W"]))];
    (facts.label("interview", question, lang), boxes)
}
