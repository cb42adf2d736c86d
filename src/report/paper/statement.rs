//! A statement as it was told, to be read back. Whether it is signed follows from the law: s.154 yes, s.161 never.

use super::{
    html::Page,
    sheet::{Facts, Refusal, text},
};
use crate::{model::Lang, report::told::tongue, words};

/// # Errors
/// Without an account there is nothing to read back.
pub(super) fn write(facts: &Facts<'_>, page: &mut Page) -> Result<(), Refusal> {
    let account = text(&facts.own, "narrative").ok_or(Refusal("paper.no_account"))?;
    // One page, around the words as they were said: read back in the language they were told in.
    let lang = if account.chars().any(is_urdu) { Lang::Ur } else { Lang::En };
    let say = |key: &str| words::say(tongue(lang), key).to_owned();
    let kind = facts.own.choice("statement_type").map_or("", |code| code.as_str()).to_owned();
    page.begin(lang, &facts.said(&facts.own, "interview", "statement_type", lang));
    page.rows(&facts.about(lang));
    page.rows(&facts.rows(&facts.own, "interview", &["started_at", "narrative_lang", "present"], lang));
    if kind == "S161" {
        page.warning(&say("paper.statement.never_signed"));
    }
    page.told(&account);
    page.boxes(&[(facts.label("interview", "read_back", lang), vec![(say("answer.yes"), false)])]);
    let whose: &[&str] = match kind.as_str() {
        // Information for an FIR is signed by its maker (CrPC s.154), a statement before a Magistrate is recorded by the Magistrate (s.164).
        "S154" => &["person", "officer", "interpreter"],
        "S164" => &["person", "magistrate"],
        _ => &["officer", "interpreter"],
    };
    whose.iter().for_each(|who| page.signature(&say(&format!("paper.sign.{who}"))));
    Ok(())
}

const fn is_urdu(letter: char) -> bool {
    matches!(letter, '\u{0600}'..='\u{06FF}')
}
