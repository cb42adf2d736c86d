//! The codebook against the tables it was made from (`tests/domain/`): every field, list, weight, limit and district, in both
//! languages; every condition that the tables state in prose; every hard rule of procedure.

use std::collections::{BTreeMap, BTreeSet};

use amanat::{
    codebook::{
        Codebook, Form, Origin, Question, QuestionKind, Required, Stands, Surroundings, finish_among, layout, screened,
    },
    model::{Answer, Answers, Draft, DraftId, EntryId, Lang, Moment, ProblemKind, Severity, Value},
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

fn codebook() -> &'static Codebook {
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

/// What the answers of a condition are written as: `question=value`, where the question may be `case.x` or `person_ref.x`.
fn told(form: &Form, text: &str) -> (Answers, Surroundings) {
    let (mut own, mut around) = (Answers::default(), Surroundings::default());
    for (at, part) in text.split_whitespace().enumerate() {
        let (path, value) = part.split_once('=').unwrap();
        match path.split_once('.') {
            None => own.set(path.into(), answer(form.question(path).unwrap(), value)),
            Some(("case", id)) => {
                around.case.set(id.into(), answer(codebook().newest("case").unwrap().question(id).unwrap(), value));
            }
            Some(("before", id)) => around.before.set(id.into(), answer(form.question(id).unwrap(), value)),
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
        _ => Value::Text(value.into()),
    })
}

fn draft(form: &Form, answers: Answers) -> Draft {
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

/// Every rule of procedure (`DOMAIN.md` section 7.5 and the Acts beside it) that a form enforces: form, key, whether it blocks, the
/// law that its sentence names, answers that break it, and answers that keep it.
const RULES: &[(&str, &str, bool, &str, &str, &str)] = &[
    (
        "interview",
        "s161_never_signed",
        true,
        "s.162",
        "statement_type=S161 signed=yes",
        "statement_type=S161 signed=no",
    ),
    ("interview", "s154_signed", true, "s.154", "statement_type=S154 signed=no", "statement_type=S154 signed=yes"),
    (
        "interview",
        "s154_read_over",
        true,
        "s.154",
        "statement_type=S154 read_back=no",
        "statement_type=S161 read_back=no",
    ),
    ("interview", "dna_consent", true, "s.164-B", "evidence_seen=DNA consent_dna=N", "evidence_seen=DNA consent_dna=Y"),
    ("interview", "lawyer_told", false, "s.161-A", "lawyer_informed=no", "lawyer_informed=yes"),
    (
        "interview",
        "female_officer",
        false,
        "JJSA s.17",
        "person_ref.gender=F person_ref.age_group=CHILD female_officer_present=no",
        "person_ref.gender=F person_ref.age_group=CHILD female_officer_present=yes",
    ),
    (
        "interview",
        "guardian_suspect",
        true,
        "guardian",
        "person_ref.guardian_suspect=Y consent_giver=CHILD_G",
        "person_ref.guardian_suspect=N consent_giver=CHILD_G",
    ),
    (
        "interview",
        "child_consents",
        true,
        "child",
        "person_ref.age_group=CHILD consent_giver=SELF",
        "person_ref.age_group=ADULT consent_giver=SELF",
    ),
    (
        "case",
        "fir_year_not_ahead",
        true,
        "24.5",
        "opened_on=2026-11-01 investigation_status=FIR fir_year=2027",
        "opened_on=2026-11-01 investigation_status=FIR fir_year=2026",
    ),
    (
        "case",
        "fir_date_in_year",
        false,
        "24.5",
        "investigation_status=FIR fir_year=2026 fir_date=2025-03-01",
        "investigation_status=FIR fir_year=2026 fir_date=2026-03-01",
    ),
    (
        "case",
        "transfer_answer",
        true,
        "PTPA s.8",
        "transfer_to=FIA transfer_status=ACC transfer_answered_by=PB-POL",
        "transfer_to=FIA transfer_status=ACC transfer_answered_by=FIA",
    ),
    (
        "case",
        "transfer_owner",
        true,
        "accepted",
        "before.lead_agency=PB-POL lead_agency=FIA transfer_to=FIA transfer_status=SENT",
        "before.lead_agency=PB-POL lead_agency=FIA transfer_to=FIA transfer_status=ACC",
    ),
    (
        "case",
        "transfer_way",
        true,
        "accepted",
        "before.transfer_status=ACC before.transfer_to=FIA transfer_to=FIA transfer_status=REV",
        "before.transfer_status=SENT before.transfer_to=FIA transfer_to=FIA transfer_status=REV",
    ),
    (
        "case",
        "transfer_elsewhere",
        true,
        "has the case",
        "lead_agency=FIA transfer_to=FIA transfer_status=SENT",
        "lead_agency=PB-POL transfer_to=FIA transfer_status=SENT",
    ),
    ("case", "som_inside", false, "POSOMA s.2", "movement=INT case_class=SOM", "movement=OUT case_class=SOM"),
    (
        "person",
        "means_not_required",
        true,
        "PTPA s.7",
        "role=VIC age_years=30 means=NOTREQ",
        "role=VIC age_years=12 means=NOTREQ",
    ),
    (
        "person",
        "migrant_not_liable",
        false,
        "PTPA s.6",
        "role=VIC no_liability_check=N",
        "role=VIC no_liability_check=Y",
    ),
    (
        "screening",
        "victim_not_liable",
        false,
        "POSOMA s.8",
        "class_officer=SOM victim_charged=Y",
        "class_officer=REL victim_charged=Y",
    ),
    (
        "screening",
        "short_never_none",
        false,
        "full form",
        "form_used=SHORT result_officer=NONE",
        "form_used=FULL result_officer=NONE",
    ),
    (
        "offence",
        "victim_charge",
        false,
        "PTPA s.6",
        "suspect_ref.role=SMG offence_section=POSOMA-3",
        "suspect_ref.role=SUS offence_section=POSOMA-3",
    ),
    (
        "offence",
        "tip_charge",
        false,
        "PTPA s.3",
        "case.case_class=TIP offence_section=PPC-370",
        "case.case_class=TIP offence_section=PTPA-3-1",
    ),
    (
        "offence",
        "text_in_force",
        false,
        "2025",
        "case.offence_to=2024 offence_section=PTPA-3-1",
        "case.offence_to=2024 offence_section=PTPA-3-1-OLD",
    ),
    (
        "offence",
        "challan_late",
        false,
        "s.173",
        "case.fir_date=2026-02-01 challan_date=2026-02-16",
        "case.fir_date=2026-02-01 challan_date=2026-02-15",
    ),
    (
        "offence",
        "challan_after_fir",
        true,
        "s.173",
        "case.fir_date=2026-02-01 challan_date=2026-01-31",
        "case.fir_date=2026-02-01 challan_date=2026-02-01",
    ),
    ("offence", "fir_first", true, "s.154", "investigation_status=INV", "investigation_status=INV case.fir_no=7"),
    (
        "referral",
        "referral_way",
        true,
        "one step",
        "before.status=OFFER status=START",
        "before.status=ACC status=START",
    ),
    ("referral", "referral_way", true, "one step", "before.status=START status=REV", "before.status=SENT status=REV"),
    ("referral", "referral_ended", true, "ended", "before.status=REJ status=SENT", "before.status=REJ status=REJ"),
    (
        "referral",
        "referral_consent",
        true,
        "against their word",
        "status=SENT consent_refer=N",
        "status=DECL consent_refer=N",
    ),
    (
        "outcome",
        "sentence_limits",
        false,
        "limits",
        "verdict=CONV convicted_section=PTPA-4 sentence_type=IMPF prison_months=12 fine_pkr=1",
        "verdict=CONV convicted_section=PTPA-4 sentence_type=IMPF prison_months=168 fine_pkr=1",
    ),
    ("outcome", "fine_only", false, "PTPA s.3", "verdict=CONV sentence_type=FINE", "verdict=CONV sentence_type=IMPF"),
    (
        "outcome",
        "compounded",
        false,
        "s.345",
        "verdict=COMP offence_ref.offence_section=PTPA-3-1",
        "verdict=COMP offence_ref.offence_section=PPC-342",
    ),
    (
        "outcome",
        "absconder",
        false,
        "s.512",
        "stage=DORM suspect_ref.suspect_status=TRIAL",
        "stage=DORM suspect_ref.suspect_status=PO",
    ),
];

#[test]
fn every_rule_of_procedure_is_enforced_under_the_section_it_names() {
    for (form, key, blocks, law, breaks, keeps) in RULES {
        let form = codebook().newest(form).unwrap();
        let rule = form.rules.iter().find(|rule| &*rule.key == *key).unwrap_or_else(|| panic!("no rule {key}"));
        assert!(rule.message.en.contains(law), "{key} names {law}: {}", rule.message.en);
        assert_eq!(rule.severity == Severity::Error, *blocks, "{key}");
        let broken = |text: &str| {
            let (own, around) = told(form, text);
            let found = match finish_among(form, codebook(), &draft(form, own), Origin::Officer, &around) {
                Ok((_, warnings)) => warnings,
                Err(problems) => problems,
            };
            found.0.iter().any(|problem| problem.kind == ProblemKind::Rule((*key).into()))
        };
        assert!(broken(breaks), "{key} is broken by `{breaks}`");
        assert!(!broken(keeps), "{key} is kept by `{keeps}`");
        assert!(!broken(""), "{key} is not broken by silence");
    }
}

#[test]
fn an_fir_number_lies_between_1_and_9999() {
    let form = codebook().newest("case").unwrap();
    for (number, fits) in [(0, false), (1, true), (9_999, true), (10_000, false)] {
        let (own, around) = told(form, &format!("investigation_status=FIR fir_no={number}"));
        let problems = finish_among(form, codebook(), &draft(form, own), Origin::Officer, &around).unwrap_err();
        let out = problems.0.iter().any(|problem| matches!(problem.kind, ProblemKind::OutOfRange { .. }));
        assert_eq!(out, !fits, "{number}");
    }
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
