//! The codebook against the tables it was made from (`tests/domain/`): every field, list, weight, limit and district, in both
//! languages; every condition that the tables state in prose. The rules of procedure are in `procedure.rs`.

use std::collections::{BTreeMap, BTreeSet};

use amanat::{
    codebook::{
        Codebook, Form, Origin, Question, QuestionKind, Required, Stands, Surroundings, finish_among, layout, screened,
    },
    model::{Answer, Answers, Draft, DraftId, EntryId, Lang, Moment, Value},
};

/// One line of a table, by column.
type Row = BTreeMap<String, String>;

fn table(name: &str) -> Vec<Row> {
    let path = format!("{}/tests/domain/{name}.csv", env!("CARGO_MANIFEST_DIR"));
    let mut reader = csv::Reader::from_path(path).unwrap();
    let heads = reader.headers().unwrap().clone();
    let rows = reader.records().map(|row| {
        let row = row.unwrap();
        heads.iter().map(str::to_owned).zip(row.iter().map(str::to_owned)).collect()
    });
    rows.collect()
}

pub(crate) fn codebook() -> &'static Codebook {
    Codebook::builtin().unwrap()
}

/// The form of an entity: the tables call lessons a review, and a review is a supervisor's word.
fn form_of(entity: &str) -> &str {
    if entity == "review" { "lessons" } else { entity }
}

/// Fields that no question of their own carries, and what carries them.
const CARRIED: [(&str, &str, &str); 4] = [
    ("screening", "indicator_code", "the keys of `answer`"),
    ("offence", "case_ref", "the case of the entry"),
    ("review", "case_ref", "the case of the entry"),
    ("return", "counts", "the questions of section `Counts`"),
];

#[test]
fn every_field_of_the_tables_is_a_question_in_both_languages() {
    let rows = table("domain_codebook");
    assert_eq!(rows.len(), 294);
    let mut found = 0;
    for row in rows.iter().filter(|row| row["entity"] != "record") {
        let (entity, field) = (row["entity"].as_str(), row["field"].as_str());
        if CARRIED.iter().any(|(of, carried, _)| (*of, *carried) == (entity, field)) {
            continue;
        }
        let form = codebook().newest(form_of(entity)).unwrap_or_else(|| panic!("no form for {entity}"));
        let question = form.question(field).unwrap_or_else(|| panic!("{entity} has no {field}"));
        let said = (&*question.label.en, &*question.label.ur);
        assert_eq!(said, (row["label_en"].as_str(), row["label_ur"].as_str()), "{entity}.{field}");
        assert_eq!(
            list_of(question),
            row["code_list"].split(',').next().filter(|list| !list.is_empty()),
            "{entity}.{field}"
        );
        let htcds: Vec<&str> = question.htcds.iter().map(AsRef::as_ref).collect();
        assert_eq!(htcds, row["htcds_field"].split_whitespace().collect::<Vec<_>>(), "{entity}.{field}");
        let asked = matches!(question.required, Required::Yes | Required::When(_));
        match row["required"].as_str() {
            "Y" => assert!(matches!(question.required, Required::Yes), "{entity}.{field} is always required"),
            "C" => assert!(matches!(question.required, Required::When(_)), "{entity}.{field} has a condition"),
            "D" => assert!(question.derived || asked, "{entity}.{field} is worked out"),
            _ => {}
        }
        found += 1;
    }
    let records = rows.iter().filter(|row| row["entity"] == "record").count();
    assert_eq!(found + CARRIED.len() + records, 294, "and nothing twice");
}

fn list_of(question: &Question) -> Option<&str> {
    match &question.kind {
        QuestionKind::Choice { list } | QuestionKind::Choices { list } => Some(list),
        QuestionKind::Map { values, .. } if &**values == "yes_no_unknown" => Some("dimension"),
        QuestionKind::Map { keys, .. } if question.id.as_str() == "dimension_result" => Some(keys),
        QuestionKind::Map { values, .. } => Some(values),
        _ => None,
    }
}

#[test]
fn every_list_of_the_tables_is_carried_code_by_code() {
    let mut lists: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for row in table("code_lists") {
        lists.entry(row["list"].clone()).or_default().push(row);
    }
    assert_eq!(lists.len(), 85, "84 lists, and the receipts' own");
    lists.remove("sync_state");
    for (name, rows) in lists {
        let list = codebook().list(&name).unwrap_or_else(|| panic!("no list {name}"));
        assert_eq!(list.items.len() + list.answers.len(), rows.len(), "{name}");
        for row in rows {
            let item =
                list.items.iter().find(|item| item.code.as_str() == row["code"]).map(|item| (&item.label, &item.htcds));
            let answer = list.answers.iter().find(|item| item.code.as_str() == row["code"]);
            let (label, htcds) = item.or(answer.map(|item| (&item.label, &item.htcds))).unwrap();
            // Where a district has no code of OCHA is said in the tables only.
            let en = row["label_en"].trim_end_matches(" (new district, no OCHA code)");
            assert_eq!((&*label.en, &*label.ur), (en, row["label_ur"].as_str()), "{name} {}", row["code"]);
            assert_eq!(htcds.as_deref().unwrap_or_default(), row["htcds_code"], "{name} {}", row["code"]);
        }
    }
}

#[test]
fn every_weight_every_limit_and_every_district_stands_as_in_the_tables() {
    let indicators = codebook().list("indicator").unwrap();
    let rows = table("screening_indicators");
    assert_eq!((rows.len(), indicators.items.len()), (67, 67));
    for row in &rows {
        let item = indicators.item(&row["code"]).unwrap();
        assert_eq!(item.parent.as_ref().unwrap().as_str(), row["dimension"]);
        for weight in ["weight_adult", "weight_child"] {
            assert_eq!(item.fact(weight).unwrap_or_default(), row[weight], "{}", row["code"]);
        }
        assert_eq!(screened::is_first(item), row["core_short_form"] == "1", "{}", row["code"]);
    }
    assert_eq!(indicators.items.iter().filter(|item| screened::is_first(item)).count(), 13);
    let sections = codebook().list("offence_section").unwrap();
    let rows = table("offence_sections");
    assert_eq!((rows.len(), sections.items.len()), (69, 69));
    for row in &rows {
        let item = sections.item(&row["code"]).unwrap();
        for fact in [
            "statute",
            "section",
            "law_version",
            "class",
            "min_months",
            "max_months",
            "min_fine_pkr",
            "max_fine_pkr",
            "fine_rule",
            "note",
        ] {
            assert_eq!(item.fact(fact).unwrap_or_default(), row[fact], "{} {fact}", row["code"]);
        }
        assert_eq!(item.fact("investigates"), Some(row["agency"].as_str()));
        for fact in ["life", "death"] {
            assert_eq!(item.fact(fact).unwrap_or("N"), row[fact], "{} {fact}", row["code"]);
        }
    }
    let districts = codebook().list("district").unwrap();
    let rows = table("districts");
    assert_eq!((rows.len(), districts.items.len()), (181, 181));
    let codes: BTreeSet<&str> = districts.items.iter().map(|item| item.code.as_str()).collect();
    let code = rows[0].keys().find(|key| codes.contains(rows[0][*key].as_str())).unwrap().clone();
    assert_eq!(rows.iter().map(|row| row[&code].as_str()).collect::<BTreeSet<_>>(), codes);
}

/// What the answers of a condition are written as: `question=value`, where the question may be `case.x`, `person_ref.x`, or that of
/// another entry of the case by its form, `offence.x`; `@` is what the form itself answers there, and `_` a space.
pub(crate) fn told(form: &Form, text: &str) -> (Answers, Surroundings) {
    let (mut own, mut around) = (Answers::default(), Surroundings::default());
    for (at, part) in text.split_whitespace().enumerate() {
        let (path, value) = part.split_once('=').unwrap();
        match path.split_once('.') {
            None => own.set(path.into(), answer(form.question(path).unwrap(), value)),
            Some(("case", id)) => {
                around.case.set(id.into(), answer(codebook().newest("case").unwrap().question(id).unwrap(), value));
            }
            Some(("before", id)) => around.before.set(id.into(), answer(form.question(id).unwrap(), value)),
            // Another entry of the case, which this form names by no question.
            Some((of, id)) if form.question(of).is_none() => {
                let question = codebook().newest(of).unwrap().question(id).unwrap();
                let told = if value == "@" { own.answer(id).unwrap().clone() } else { answer(question, value) };
                around.entries.entry(EntryId::from_bytes([200; 16])).or_default().set(id.into(), told);
            }
            Some((of, id)) => {
                let QuestionKind::Entry { form: other } = &form.question(of).unwrap().kind else { panic!("{of}") };
                let entry = match own.value(of) {
                    Some(Value::Entry(entry)) => *entry,
                    _ => EntryId::from_bytes([u8::try_from(at).unwrap() + 1; 16]),
                };
                own.set(of.into(), Answer::Value(Value::Entry(entry)));
                let question = codebook().newest(other.as_str()).unwrap().question(id).unwrap();
                around.entries.entry(entry).or_default().set(id.into(), answer(question, value));
            }
        }
    }
    (own, around)
}

fn answer(question: &Question, value: &str) -> Answer {
    if value == "?" {
        return Answer::Unknown;
    }
    Answer::Value(match &question.kind {
        QuestionKind::Choice { .. } => Value::Choice(value.into()),
        QuestionKind::Choices { .. } => {
            Value::Choices(value.split('+').filter(|code| !code.is_empty()).map(Into::into).collect())
        }
        QuestionKind::Flag => Value::Flag(value == "yes"),
        QuestionKind::Number { .. } | QuestionKind::Money => Value::Number(value.parse().unwrap()),
        QuestionKind::Date | QuestionKind::PartialDate => Value::Date(value.parse().unwrap()),
        QuestionKind::Entry { .. } => Value::Entry(EntryId::from_bytes([99; 16])),
        // Hours from the day on which the draft was begun.
        QuestionKind::Moment => {
            Value::Moment(Moment::pkt(1_795_322_868_000 + value.parse::<i64>().unwrap() * 3_600_000))
        }
        _ => Value::Text(value.replace('_', " ").into()),
    })
}

pub(crate) fn draft(form: &Form, answers: Answers) -> Draft {
    Draft::begun(DraftId::from_bytes([9; 16]), form.form.clone(), answers, Moment::pkt(1_795_322_868_000), Lang::En)
}

/// Every field marked C: its form, its question, answers under which it must be answered, and answers under which it need not.
const CONDITIONS: &[(&str, &str, &str, &str)] = &[
    ("case", "route_override_reason", "route_officer=POLICE", ""),
    ("case", "closure_reason", "case_status=CLO", "case_status=ACT"),
    ("case", "fir_no", "investigation_status=FIR", "investigation_status=ENQ"),
    ("case", "fir_year", "investigation_status=TRIAL", "investigation_status=XFER"),
    ("case", "fir_station", "investigation_status=DONE", "investigation_status=ENQ"),
    ("case", "fir_date", "investigation_status=CHAL", ""),
    ("case", "place_exploit", "case_class=BOTH", "case_class=SOM"),
    ("case", "country_to", "movement=ATTOUT", "movement=INT"),
    ("case", "transfer_reason", "transfer_to=FIA", ""),
    ("case", "transfer_date", "transfer_to=FIA", ""),
    ("case", "transfer_status", "transfer_to=FIA", ""),
    ("person", "name_full", "role=SUS", "role=INT"),
    ("person", "age_years", "role=VIC", "dob=2004"),
    ("person", "age_basis", "age_years=20", "age_years=?"),
    ("person", "safe_contact", "role=VIC", "role=SUS"),
    ("person", "safe_contact", "role=SUS phone=+923001234567", "role=SUS"),
    ("person", "immediate_need", "role=SMG case.risk_level=HIGH", "role=SMG case.risk_level=LOW"),
    ("person", "victim_status", "role=VIC", "role=SMG"),
    ("person", "status_decider", "role=VIC victim_status=POSS", "role=VIC"),
    ("person", "status_date", "role=VIC victim_status=POSS", "role=VIC victim_status=?"),
    ("person", "exploitation_type", "role=VIC", "role=WIT"),
    ("person", "act", "role=VIC", "role=SMG"),
    ("person", "means", "role=VIC age_years=30", "role=VIC age_years=12"),
    ("person", "sector", "role=VIC exploitation_type=DOMESTIC", "role=VIC exploitation_type=MARRIAGE"),
    ("person", "guardian_name", "role=VIC age_years=12", "role=VIC age_years=30"),
    ("person", "guardian_relation", "age_years=12", "age_years=30"),
    ("person", "guardian_suspect", "age_years=12", "age_years=30"),
    ("person", "cpo_informed_at", "age_years=17", "age_years=18"),
    ("person", "best_interest_note", "age_years=0", "age_years=40"),
    ("person", "som_mode", "role=SMG", "role=VIC"),
    ("person", "som_route", "role=SMG", "role=VIC case.case_class=SOM"),
    ("person", "endangerment", "role=SMG", "role=SUS"),
    ("person", "perp_role", "role=SUS", "role=WIT"),
    ("person", "suspect_status", "role=SUS", "role=VIC"),
    ("person", "no_liability_check", "role=SMG", "role=SUS"),
    ("interview", "female_officer_present", "person_ref.gender=F", "person_ref.gender=M"),
    ("interview", "interpreter_ok", "present=INTERP", "present=LAWYER"),
    ("interview", "legal_basis", "consent_interview=NA", "consent_interview=Y"),
    ("interview", "child_support_person", "person_ref.age_group=CHILD", "person_ref.age_group=ADULT"),
    ("interview", "lawyer_informed", "statement_type=SUSP", "statement_type=SCREEN person_ref.age_group=ADULT"),
    ("interview", "narrative", "consent_interview=Y", "consent_interview=N"),
    ("interview", "narrative_lang", "consent_interview=Y narrative=told", "consent_interview=Y"),
    ("interview", "read_back", "statement_type=S154", "statement_type=S161"),
    ("interview", "signed", "statement_type=S161", "statement_type=SCREEN"),
    ("screening", "result_reason", "result_officer=NONE class_officer=UND", "result_officer=INCOMP class_officer=UND"),
    ("screening", "result_reason", "result_officer=INCOMP class_officer=TIP", "result_officer=? class_officer=UND"),
    ("offence", "section_other", "offence_section=?", "offence_section=PPC-370"),
    ("referral", "not_referred_reason", "status=DECL", "status=OFFER"),
    ("referral", "not_referred_reason", "status=REV", "status=REV provider_type=NGO"),
    ("referral", "provider_type", "status=SENT", "status=OFFER"),
    ("referral", "provider_name", "status=ACC", "status=DECL"),
    ("referral", "info_shared", "status=START", "status=OFFER"),
    ("referral", "sent_on", "status=LOST", "status=REV"),
    ("referral", "rejected_reason", "status=REJ", "status=ACC"),
    ("referral", "next_check", "status=ACC", "status=DONE"),
    ("referral", "outcome", "status=REV", "status=START"),
    ("referral", "return_risk_checked", "service=REPAT", "service=LEGAL"),
    ("outcome", "verdict", "stage=FINAL", "stage=EVID"),
    ("outcome", "verdict_date", "stage=DEC verdict=CONV", "stage=EVID verdict=ACQE"),
    ("outcome", "convicted_section", "verdict=CONV", "verdict=ACQM"),
    ("outcome", "sentence_type", "verdict=CONV", "verdict=DISCH"),
    ("outcome", "prison_months", "verdict=CONV sentence_type=IMPF", "verdict=CONV sentence_type=FINE"),
    ("outcome", "fine_pkr", "verdict=CONV sentence_type=FINE", "verdict=CONV sentence_type=IMP"),
    ("outcome", "acquittal_reason", "verdict=COMP", "verdict=CONV"),
    ("lessons", "action", "trigger=ACQ", "trigger=ROUTINE"),
    ("lessons", "action_owner", "trigger=ACQ action=train", "trigger=ACQ"),
    ("lessons", "action_due", "trigger=ACQ action=train", "trigger=ROUTINE"),
    ("lessons", "action_status", "trigger=ACQ action=train", "trigger=ACQ"),
];

#[test]
fn every_condition_that_the_tables_state_in_prose_holds() {
    for (form, field, yes, no) in CONDITIONS {
        let form = codebook().newest(form).unwrap();
        let must = |text: &str| {
            let (own, around) = told(form, text);
            let draft = draft(form, own);
            let layout = layout(form, codebook(), &draft, Origin::Officer, &around);
            layout.put.iter().any(|(question, must)| question.id.as_str() == *field && *must)
        };
        assert!(must(yes), "{}.{field} must be answered under `{yes}`", form.form.id);
        assert!(!must(no), "{}.{field} need not be answered under `{no}`", form.form.id);
    }
    let tested: BTreeSet<(&str, &str)> = CONDITIONS.iter().map(|(form, field, ..)| (*form, *field)).collect();
    let rows = table("domain_codebook");
    let stated = rows.iter().filter(|row| row["required"] == "C" && row["entity"] != "record");
    let stated: BTreeSet<(&str, &str)> = stated.map(|row| (form_of(&row["entity"]), row["field"].as_str())).collect();
    assert_eq!((stated.len(), &stated), (65, &tested), "and the reason of a change is the form of every correction");
    let why = codebook().newest("correction").unwrap().question("amend_reason").unwrap();
    assert!(why.firm && matches!(why.required, Required::Yes));
}

#[test]
fn what_stands_in_a_case_opens_one_or_stands_apart() {
    for (form, stands) in [
        ("case", Stands::Opens),
        ("correction", Stands::Apart),
        ("officer", Stands::Apart),
        ("offence", Stands::InCase),
    ] {
        assert_eq!(codebook().newest(form).unwrap().stands, stands, "{form}");
    }
}

#[test]
fn an_indicator_that_was_left_out_is_kept_as_not_asked() {
    let form = codebook().newest("screening").unwrap();
    let (mut own, around) = told(
        form,
        "person_ref.age_group=ADULT screened_on=2026-11-25 q_border=N q_paid=N q_free=Y q_exploited=? form_used=SHORT \
         result_officer=TIPPOSS class_officer=UND",
    );
    own.set(
        "answer".into(),
        Answer::Value(Value::Map(Box::new([("D4_PAY".into(), "Y".into()), ("D5_ISOL".into(), "U".into())]))),
    );
    let (sheet, _) = finish_among(form, codebook(), &draft(form, own), Origin::Officer, &around).unwrap();
    let Some(Value::Map(pairs)) = sheet.answers().value("answer") else { panic!("no answers") };
    assert_eq!(pairs.len(), 67);
    let of = |value: &str| pairs.iter().filter(|(_, told)| told.as_str() == value).count();
    assert_eq!((of("Y"), of("U"), of("X"), of("N")), (1, 1, 65, 0));
    assert_eq!(sheet.answers().choice("result_suggested").map(|code| code.as_str()), Some("TIPPOSS"));
}
