//! What a question that names another entry has to offer.

use crate::{
    model::{Answer, CaseId, Code, Draft, Lang, Value, review},
    ui::{people::Person, telling, widgets::choice::Offer, world::World},
    words::{self, Tongue},
};

/// The entries of a case that a question can name: pseudonym or role, never a name.
pub(super) fn offers(case: Option<&CaseId>, world: &World) -> Vec<(Box<str>, Offer)> {
    let Some(file) = case.and_then(|id| world.book.case(id)) else { return Vec::new() };
    let mut offers = Vec::new();
    for entry in file.entries.iter().filter_map(|id| world.book.entry(id)) {
        let crate::model::Content::Sheet(sheet) = &entry.content else { continue };
        let Some(form) = world.codebook.form(sheet.form()) else { continue };
        let answers = world.book.answers(&entry.id, false);
        let told = |lang| {
            let parts = ["alias_code", "role", "gender", "age_years"].iter().filter_map(|id| {
                let question = form.question(id)?;
                Some(telling::answer(&world.codebook, question, answers.answer(id)?, lang))
            });
            // What is charged, asked or offered, without what explains it.
            let said = ["offence_section", "statement_type", "service"].iter().filter_map(|id| {
                let question = form.question(id)?;
                let told = telling::answer(&world.codebook, question, answers.answer(id)?, lang);
                Some(telling::brief(&told).to_owned())
            });
            let parts: Vec<String> = parts.chain(said).collect();
            let place = offers_like(&offers, sheet.form().id.as_str()) + 1;
            format!("{} {place}  {}", form.title.get(lang), parts.join(" · "))
        };
        let offer = Offer { code: Code::new(entry.id.to_string()), en: told(Lang::En), ur: told(Lang::Ur) };
        offers.push((sheet.form().id.as_str().into(), offer));
    }
    offers
}

/// An answer that names an entry of this case, by what that is on the screen.
pub(super) fn named(answer: &Answer, case: &CaseId, world: &World) -> Option<String> {
    let Some(Value::Entry(entry)) = answer.value() else { return None };
    let wanted = entry.to_string();
    let (_, offer) = offers(Some(case), world).into_iter().find(|(_, offer)| offer.code.as_str() == wanted)?;
    Some(if world.settings.lang == Lang::Ur { offer.ur } else { offer.en })
}

/// To whom the case of a supervisor's word can be given, with whether they read it.
pub(super) fn people(draft: &Draft, world: &World) -> Vec<Offer> {
    let Some(case) = draft.case.filter(|_| draft.form.id.as_str() == review::FORM) else { return Vec::new() };
    let told = |person: &Person, tongue| {
        let who = [("who", person.called.as_str())];
        match (person.reads, person.opens) {
            (true, _) => person.called.clone(),
            (false, true) => words::fill(tongue, "assign.reads_not_yet", &who),
            (false, false) => words::fill(tongue, "assign.reads_not", &who),
        }
    };
    let offer = |person: Person| Offer {
        en: told(&person, Tongue::En),
        ur: told(&person, Tongue::Ur),
        code: Code::new(person.called),
    };
    world.people(&case).into_iter().map(offer).collect()
}

fn offers_like(offers: &[(Box<str>, Offer)], form: &str) -> usize {
    offers.iter().filter(|(of, _)| **of == *form).count()
}
