//! From a filled screening form to the advice: which indicator weighs how much, what was told, what it comes to.

use crate::model::{
    Answer, Answers, Code, Value,
    screening::{self, Advice, DIMENSIONS, Indicator, Screened, Told, Weight},
};

use super::{
    around::Surroundings,
    derive::{choice, codes},
    form::{CodeItem, Codebook},
    law::Scene,
};

/// The list of indicators; its items have `weight_adult`, `weight_child`, and `first` where the short form has them.
pub const INDICATORS: &str = "indicator";
/// Means that make a trade in persons of it (PTPA s.3(3)).
const MEANS: [&str; 6] = ["FORCE", "THREAT", "COERC", "FRAUD", "POWER", "VULN"];

/// Whether an indicator belongs to the short form.
pub fn is_first(item: &CodeItem) -> bool {
    item.fact("first").is_some()
}

/// The advice that these answers give, among the entries around them.
pub fn advice(codebook: &Codebook, own: &Answers, around: &Surroundings) -> Advice {
    screening::advise(&screened(&Scene { codebook, own, around, today: None }))
}

/// Works out a question of the screening form; `None` for a question that is none of these.
pub(super) fn work_out(question: &str, scene: &Scene<'_>) -> Option<Option<Answer>> {
    Some(match question {
        "indicator_weight_used" => weights_used(scene),
        "dimension_result" => Some(dimensions(&screening::advise(&screened(scene)))),
        "result_suggested" => Some(choice(screening::advise(&screened(scene)).result)),
        "class_suggested" => Some(choice(screening::advise(&screened(scene)).class)),
        "agency_suggested" => Some(choice(screening::advise(&screened(scene)).agency)),
        _ => return None,
    })
}

fn told(answer: Option<&Answer>) -> Told {
    match answer {
        Some(Answer::Value(Value::Choice(code))) => read(code),
        Some(Answer::Unknown | Answer::Refused) => Told::Unknown,
        _ => Told::NotAsked,
    }
}

fn read(code: &Code) -> Told {
    match code.as_str() {
        "Y" | "O" => Told::Yes,
        "N" => Told::No,
        "U" => Told::Unknown,
        _ => Told::NotAsked,
    }
}

/// Whoever is not known to be grown is screened as a child.
fn is_child(scene: &Scene<'_>) -> bool {
    let person = scene.named("person_ref");
    person.and_then(|person| person.choice("age_group")).is_none_or(|group| group.as_str() != "ADULT")
}

fn weight(item: &CodeItem, child: bool) -> Option<Weight> {
    match item.fact(if child { "weight_child" } else { "weight_adult" })? {
        "S" => Some(Weight::Strong),
        "M" => Some(Weight::Medium),
        "W" => Some(Weight::Weak),
        _ => None,
    }
}

fn pairs<'a>(answers: &'a Answers, question: &str) -> &'a [(Code, Code)] {
    match answers.value(question) {
        Some(Value::Map(pairs)) => pairs,
        _ => &[],
    }
}

fn screened(scene: &Scene<'_>) -> Screened {
    let Scene { codebook, own, around, .. } = *scene;
    let child = is_child(scene);
    let full = own.choice("form_used").is_some_and(|form| form.as_str() == "FULL");
    let given = pairs(own, "answer");
    let items = codebook.list(INDICATORS).into_iter().flat_map(|list| list.items.iter());
    let indicators: Vec<Indicator> = items
        .filter_map(|item| {
            let answer = given.iter().find(|(code, _)| *code == item.code).map(|(_, answer)| answer);
            let told = answer.map_or(Told::NotAsked, read);
            let dimension = item.parent.as_ref()?.as_str().trim_start_matches('D').parse().ok()?;
            Some(Indicator { dimension, weight: weight(item, child), first: is_first(item), told })
        })
        .collect();
    let person = scene.named("person_ref");
    let of_person = |question: &str, wanted: &[&str], beside: &[&str]| {
        let answer = person.and_then(|person| person.answer(question));
        let chosen = codes(answer.and_then(Answer::value));
        match answer {
            Some(Answer::Value(_)) if chosen.iter().any(|code| wanted.contains(&code.as_str())) => Told::Yes,
            Some(Answer::Value(_)) if chosen.iter().all(|code| beside.contains(&code.as_str())) => Told::No,
            Some(Answer::Value(_)) => Told::Yes,
            Some(_) => Told::Unknown,
            None => Told::NotAsked,
        }
    };
    let recruited = indicators.iter().any(|indicator| indicator.dimension <= 3 && indicator.told == Told::Yes);
    let act = if recruited { Told::Yes } else { of_person("act", &[], &[]) };
    let means = match of_person("means", &MEANS, &["NONE", "NOTREQ", "PAY"]) {
        Told::NotAsked if recruited_by_force(&indicators) => Told::Yes,
        told => told,
    };
    let papers = of_person("doc_fraud", &["NODOC", "OBTFRAUD", "FORGED", "FVISA", "IMPOST", "FSTAMP"], &["GENUINE"]);
    let journey = person.and_then(|person| person.answer("som_mode"));
    let journey = if matches!(journey, Some(Answer::Value(_))) { Told::Yes } else { Told::NotAsked };
    let irregular = match told(own.answer("entry_irregular")) {
        Told::NotAsked => Told::any(&[papers, journey]),
        told => told,
    };
    Screened {
        indicators,
        child,
        full,
        border: told(own.answer("q_border")),
        paid: told(own.answer("q_paid")),
        free: told(own.answer("q_free")),
        exploited: told(own.answer("q_exploited")),
        irregular,
        means,
        act,
        movement: around.case.choice("movement").cloned(),
    }
}

/// Deception or coercion in recruiting, or coercion afterwards, is itself a means; whether it is positive is another matter.
fn recruited_by_force(indicators: &[Indicator]) -> bool {
    indicators.iter().any(|indicator| matches!(indicator.dimension, 1 | 2 | 5) && indicator.told == Told::Yes)
}

/// The weight of each indicator that was said to be so: the adult's or the child's column.
fn weights_used(scene: &Scene<'_>) -> Option<Answer> {
    let (list, child) = (scene.codebook.list(INDICATORS)?, is_child(scene));
    let used = pairs(scene.own, "answer").iter().filter(|(_, answer)| read(answer) == Told::Yes);
    let used = used.filter_map(|(code, _)| {
        let item = list.item(code.as_str())?;
        let weight = item.fact(if child { "weight_child" } else { "weight_adult" })?;
        Some((code.clone(), Code::new(weight)))
    });
    Some(Answer::Value(Value::Map(used.collect())))
}

/// A dimension that is open stands as *unknown*, never as *no*.
fn dimensions(advice: &Advice) -> Answer {
    let told = (1..=DIMENSIONS).zip(advice.dimensions).map(|(number, positive)| {
        let word = match positive {
            Some(true) => "Y",
            Some(false) => "N",
            None => "U",
        };
        (Code::new(format!("D{number}")), Code::new(word))
    });
    Answer::Value(Value::Map(told.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::EntryId;

    fn of(answers: &[(&str, Answer)]) -> Answers {
        answers.iter().map(|(id, answer)| ((*id).into(), answer.clone().into())).collect()
    }

    fn map(pairs: &[(&str, &str)]) -> Answer {
        let pairs = pairs.iter().map(|(key, value)| (Code::new(key), Code::new(value)));
        Answer::Value(Value::Map(pairs.collect()))
    }

    fn person(answers: &[(&str, Answer)]) -> (Surroundings, Answer) {
        let id = EntryId::from_bytes([1; 16]);
        let mut around = Surroundings::default();
        around.entries.insert(id, of(answers));
        around.case.set("movement".into(), choice("INT"));
        (around, Answer::Value(Value::Entry(id)))
    }

    #[test]
    fn a_brick_kiln_family_is_seen_by_the_short_form() {
        let (around, who) = person(&[("age_group", choice("ADULT"))]);
        let told = map(&[
            ("D1_JOB", "Y"),
            ("D2_DEBT", "Y"),
            ("D4_HOURS", "O"),
            ("D4_PAY", "Y"),
            ("D5_DEBT", "Y"),
            ("D5_ISOL", "Y"),
        ]);
        let own = of(&[
            ("person_ref", who),
            ("form_used", choice("SHORT")),
            ("q_border", choice("N")),
            ("q_paid", choice("N")),
            ("q_free", choice("N")),
            ("q_exploited", choice("Y")),
            ("answer", told),
        ]);
        let codebook = Codebook::builtin().unwrap();
        let found = advice(codebook, &own, &around);
        assert_eq!(
            (found.result, found.class, found.agency),
            ("TIPPOSS", "TIP", "POLICE"),
            "one D1 item makes no dimension"
        );
        let mut own = own;
        own.set(
            "answer".into(),
            map(&[
                ("D2_VIOL", "Y"),
                ("D2_DEBT", "Y"),
                ("D4_HOURS", "O"),
                ("D4_PAY", "Y"),
                ("D5_DEBT", "Y"),
                ("D5_ISOL", "Y"),
            ]),
        );
        assert_eq!(advice(codebook, &own, &around).result, "TIPLIKELY");
        let scene = Scene { codebook, own: &own, around: &around, today: None };
        let weights = weights_used(&scene).unwrap();
        assert_eq!(
            weights,
            map(&[
                ("D2_VIOL", "S"),
                ("D2_DEBT", "M"),
                ("D4_HOURS", "S"),
                ("D4_PAY", "M"),
                ("D5_DEBT", "S"),
                ("D5_ISOL", "S")
            ])
        );
        let dimensions = work_out("dimension_result", &scene).unwrap().unwrap();
        assert_eq!(dimensions, map(&[("D1", "U"), ("D2", "Y"), ("D3", "U"), ("D4", "Y"), ("D5", "Y"), ("D6", "U")]));
    }

    #[test]
    fn whoever_is_not_known_to_be_grown_is_screened_as_a_child() {
        let codebook = Codebook::builtin().unwrap();
        for (group, act, result) in [
            (Some(choice("CHILD")), true, "TIPLIKELY"),
            (Some(Answer::Unknown), true, "TIPLIKELY"),
            (None, true, "TIPLIKELY"),
            (Some(choice("CHILD")), false, "TIPPOSS"),
            (Some(choice("ADULT")), true, "TIPPOSS"),
        ] {
            let mut of_person: Vec<(&str, Answer)> = group.iter().map(|group| ("age_group", group.clone())).collect();
            if act {
                of_person.push(("act", Answer::Value(Value::Choices(Box::new(["HARB".into()])))));
            }
            let (around, who) = person(&of_person);
            let own = of(&[("person_ref", who), ("answer", map(&[("D4_HOURS", "Y"), ("D4_PAY", "Y")]))]);
            assert_eq!(advice(codebook, &own, &around).result, result, "{group:?} {act}");
        }
    }

    #[test]
    fn a_journey_with_forged_papers_is_smuggling_once_the_other_facts_are_told() {
        let codebook = Codebook::builtin().unwrap();
        let forged = Answer::Value(Value::Choices(Box::new(["FORGED".into()])));
        let (mut around, who) = person(&[("age_group", choice("ADULT")), ("doc_fraud", forged)]);
        around.case.set("movement".into(), choice("OUT"));
        let mut own = of(&[
            ("person_ref", who),
            ("q_border", choice("Y")),
            ("q_paid", choice("Y")),
            ("q_free", choice("Y")),
            ("q_exploited", choice("N")),
        ]);
        let class = |own: &Answers| advice(codebook, own, &around).class;
        assert_eq!(class(&own), "SOM");
        own.set("entry_irregular".into(), Answer::Unknown);
        assert_eq!(class(&own), "UND", "what was said of this crossing goes before the papers");
        own.set("q_exploited".into(), Answer::NotAsked);
        own.set("entry_irregular".into(), choice("Y"));
        assert_eq!(class(&own), "UND", "not asked never counts as no");
    }
}
