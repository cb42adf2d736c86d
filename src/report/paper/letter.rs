//! The letter to who takes somebody in: the service, how soon, and the least of who it is. Never the account, never the charge.

use super::{
    html::Page,
    sheet::{Facts, Refusal},
};
use crate::{model::Lang, report::told::tongue, words};

/// What the letter says of the person.
const PERSON: [&str; 3] = ["gender", "age_band", "language"];
/// What it says of the service, and how its people may reach the person.
const SERVICE: [&str; 4] = ["service", "urgency", "info_shared", "next_check"];
const TO: [&str; 4] = ["provider_name", "provider_type", "provider_city", "provider_contact"];

/// # Errors
/// Nobody is referred against their word.
pub(super) fn write(facts: &Facts<'_>, page: &mut Page) -> Result<(), Refusal> {
    let consent = facts.own.choice("consent_refer").map(|code| code.as_str().to_owned());
    if !matches!(consent.as_deref(), Some("Y" | "NA")) {
        return Err(Refusal("paper.no_consent"));
    }
    for lang in [Lang::Ur, Lang::En] {
        let say = |key: &str| words::say(tongue(lang), key).to_owned();
        page.begin(lang, &say("paper.letter.title"));
        page.heading(&say("paper.letter.to"));
        page.rows(&facts.rows(&facts.own, "referral", &TO, lang));
        page.rows(&facts.about(lang));
        page.paragraph(&say("paper.letter.please"));
        page.rows(&facts.rows(&facts.own, "referral", &SERVICE, lang));
        page.rows(&facts.rows(&facts.person, "person", &PERSON, lang));
        page.rows(&facts.rows(&facts.person, "person", &["safe_contact"], lang));
        page.warning(&say("paper.letter.ask_nothing"));
        page.signature(&say("paper.sign.officer"));
        page.heading(&say("paper.letter.answer"));
        let boxes = ["accepted", "not_accepted"].map(|key| (say(&format!("paper.letter.{key}")), false));
        page.boxes(&[(say("paper.letter.we"), boxes.to_vec())]);
        page.rows(&["reason", "by", "on"].map(|key| (say(&format!("paper.letter.{key}")), String::new())));
    }
    Ok(())
}
