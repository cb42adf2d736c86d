//! The rules of procedure (`DOMAIN.md` section 7.5 and the Acts beside it), hard and soft: each is broken by some answers and kept by
//! others, and each says under which section.

use std::sync::Arc;

use amanat::{
    codebook::{Origin, Surroundings, finish_among, procedure::Fir},
    model::{Answer, Answers, ProblemKind, Severity, Value},
};

use crate::whole_codebook::{codebook, draft, told};

/// Every rule of procedure (`DOMAIN.md` section 7.5 and the Acts beside it) that a form enforces: form, key, whether it blocks, the
/// law that its sentence names, answers that break it, and answers that keep it.
pub(crate) const RULES: &[(&str, &str, bool, &str, &str, &str)] = &[
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
        "CrPC ss.154, 161",
        "person_ref.gender=F offence.offence_section=PPC-354 female_officer_present=no present=IO",
        "person_ref.gender=F offence.offence_section=PPC-354 female_officer_present=no present=FAMILY",
    ),
    (
        "interview",
        "female_officer",
        false,
        "CrPC ss.154, 161",
        "person_ref.gender=F person_ref.exploitation_type=SEXPROST female_officer_present=no present=IO",
        "person_ref.gender=F offence.offence_section=PPC-420 female_officer_present=no present=IO",
    ),
    (
        "interview",
        "female_officer",
        false,
        "CrPC ss.154, 161",
        "person_ref.gender=F offence.section_other=PPC_336-B female_officer_present=no present=IO",
        "person_ref.gender=F offence.section_other=PPC_420 female_officer_present=no present=IO",
    ),
    (
        "interview",
        "girl_female_officer",
        false,
        "JJSA s.17",
        "person_ref.gender=F person_ref.age_group=CHILD female_officer_present=no present=FAMILY",
        "person_ref.gender=F person_ref.age_group=ADULT female_officer_present=no present=FAMILY",
    ),
    (
        "interview",
        "girl_by_woman",
        true,
        "JJSA s.17",
        "statement_type=SUSP person_ref.gender=F person_ref.age_group=CHILD officer_gender=M",
        "statement_type=SUSP person_ref.gender=F person_ref.age_group=CHILD officer_gender=F",
    ),
    (
        "interview",
        "juvenile_probation",
        true,
        "JJSA s.7",
        "statement_type=SUSP person_ref.age_group=CHILD present=LAWYER",
        "statement_type=SUSP person_ref.age_group=CHILD present=LAWYER+PROB",
    ),
    (
        "interview",
        "juvenile_rank",
        true,
        "JJSA s.7",
        "statement_type=SUSP person_ref.age_group=CHILD officer_rank=ASI",
        "statement_type=SUSP person_ref.age_group=CHILD officer_rank=SI",
    ),
    ("interview", "s154_signed", true, "s.154", "statement_type=S154 signed=?", "statement_type=SCREEN signed=?"),
    ("interview", "s161_never_signed", true, "s.162", "statement_type=S161 signed=?", "statement_type=SUSP signed=yes"),
    (
        "interview",
        "s154_read_over",
        true,
        "s.154",
        "statement_type=S154 read_back=?",
        "statement_type=S154 read_back=yes",
    ),
    (
        "interview",
        "s164_place",
        true,
        "CrPC s.164",
        "statement_type=S164 setting=PSROOM",
        "statement_type=S164 setting=COURT",
    ),
    (
        "interview",
        "two_finger_test",
        true,
        "Anti-Rape Act s.13",
        "person_ref.exploitation_type=SEXPROST evidence_seen=MEDLEG two_finger_asked=yes",
        "person_ref.exploitation_type=SEXPROST evidence_seen=MEDLEG two_finger_asked=no",
    ),
    (
        "interview",
        "named_in_writing",
        true,
        "Anti-Rape Act s.26",
        "person_ref.exploitation_type=SEXOTH consent_method=VERBAL consent_share_named=Y",
        "person_ref.exploitation_type=SEXOTH consent_method=SIGNED consent_share_named=Y",
    ),
    (
        "interview",
        "lawyers_named",
        false,
        "s.161-A",
        "offence.offence_section=PPC-376 lawyer_list=no",
        "offence.offence_section=PPC-376 lawyer_list=yes",
    ),
    (
        "interview",
        "statement_once",
        false,
        "Anti-Rape Act s.14",
        "person_ref.exploitation_type=SEXOTH statement_type=S161 interview.statement_type=S161 interview.person_ref=@",
        "person_ref.exploitation_type=SEXOTH statement_type=S164 interview.statement_type=S161 interview.person_ref=@",
    ),
    (
        "interview",
        "statement_on_video",
        false,
        "Anti-Rape Act s.14",
        "person_ref.exploitation_type=SEXOTH statement_type=S161 video_recorded=no",
        "person_ref.exploitation_type=SEXOTH statement_type=S161 video_recorded=yes",
    ),
    (
        "interview",
        "guardian_in_writing",
        false,
        "ICT Child Protection Act s.15",
        "case.province=PK-IS consent_giver=CHILD_G consent_method=VERBAL",
        "case.province=PK-PB consent_giver=CHILD_G consent_method=VERBAL",
    ),
    (
        "case",
        "fir_number_range",
        true,
        "Police Rules 24.5",
        "investigation_status=FIR fir_no=0",
        "investigation_status=FIR fir_no=9999",
    ),
    (
        "case",
        "fir_once",
        true,
        "Police Rules 24.5",
        "district=PK609 investigation_status=FIR fir_no=12 fir_year=2026 fir_station=Saddar",
        "district=PK617 investigation_status=FIR fir_no=12 fir_year=2026 fir_station=Saddar",
    ),
    (
        "case",
        "fir_year_not_ahead",
        true,
        "Police Rules 24.5",
        "investigation_status=FIR fir_date=2026-11-23",
        "opened_on=2025-12-30 investigation_status=FIR fir_year=2026 fir_date=2026-01-02",
    ),
    (
        "case",
        "fir_late_reason",
        false,
        "Police Rules 24.5",
        "opened_on=2026-02-01 investigation_status=FIR fir_date=2026-02-02",
        "opened_on=2026-02-01 investigation_status=FIR fir_date=2026-02-02 fir_delay_reason=held_by_the_kiln_owner",
    ),
    (
        "case",
        "fir_late_reason",
        false,
        "Police Rules 24.5",
        "opened_on=2026-02-01 investigation_status=FIR fir_date=2026-02-02 fir_delay_reason=?",
        "opened_on=2026-02-02 investigation_status=FIR fir_date=2026-02-02",
    ),
    (
        "case",
        "child_named_sharing",
        false,
        "JJSA s.13",
        "victims_girls=1 handling_code=H3",
        "victims_girls=1 handling_code=H4",
    ),
    (
        "case",
        "sexual_named_sharing",
        false,
        "Anti-Rape Act s.26",
        "person.exploitation_type=SEXIMG handling_code=H3",
        "person.exploitation_type=BEGGING handling_code=H3",
    ),
    ("person", "officer_guess", false, "JJSA s.8", "age_years=19 age_basis=OFFICER", "age_years=19 age_basis=SCHOOL"),
    (
        "person",
        "produced_after_arrest",
        true,
        "s.167",
        "role=SUS arrested_at=0 produced_at=-1",
        "role=SUS arrested_at=0 produced_at=1",
    ),
    (
        "person",
        "arrest_one_day",
        true,
        "s.61",
        "role=SUS arrest_date=2026-11-21 arrested_at=0",
        "role=SUS arrest_date=2026-11-22 arrested_at=0",
    ),
    (
        "person",
        "remand_in_time",
        false,
        "Constitution art. 10",
        "role=SUS arrested_at=0 produced_at=25",
        "role=SUS arrested_at=0 produced_at=24",
    ),
    (
        "offence",
        "interim_late",
        false,
        "s.173",
        "case.fir_date=2026-02-01 investigation_status=INTCH case.fir_no=7 challan_date=2026-02-19",
        "case.fir_date=2026-02-01 investigation_status=INTCH case.fir_no=7 challan_date=2026-02-18",
    ),
    (
        "offence",
        "challan_late",
        false,
        "s.173",
        "case.fir_date=2026-02-01 investigation_status=CHAL case.fir_no=7 challan_date=2026-02-16",
        "case.fir_date=2026-02-01 investigation_status=INTCH case.fir_no=7 challan_date=2026-02-16",
    ),
    (
        "offence",
        "victim_before_magistrate",
        false,
        "CrPC s.164",
        "case.case_class=TIP investigation_status=CHAL",
        "case.case_class=TIP investigation_status=CHAL interview.statement_type=S164",
    ),
    (
        "outcome",
        "withdrawn_by_leave",
        true,
        "CrPC s.494",
        "verdict=WITHD court_leave=no",
        "verdict=WITHD court_leave=yes",
    ),
    ("outcome", "compensation_told", false, "545", "verdict=CONV", "verdict=CONV compensation_pkr=0"),
    (
        "outcome",
        "decided_after_fir",
        true,
        "CrPC s.154",
        "case.fir_date=2026-02-01 verdict=CONV verdict_date=2026-01-31",
        "case.fir_date=2026-02-01 verdict=CONV verdict_date=2026-02-01",
    ),
    (
        "referral",
        "guardian_return",
        true,
        "ICT Child Protection Act s.3",
        "service=FAMILY person_ref.guardian_suspect=Y return_risk_checked=N",
        "service=FAMILY person_ref.guardian_suspect=Y return_risk_checked=Y",
    ),
    (
        "referral",
        "best_interest_first",
        false,
        "ICT Child Protection Act s.3",
        "service=FAMILY person_ref.age_group=CHILD",
        "service=FAMILY person_ref.age_group=CHILD person_ref.best_interest_note=safe",
    ),
    (
        "referral",
        "girl_carer",
        true,
        "ICT Child Protection Act s.20",
        "case.province=PK-IS person_ref.gender=F person_ref.age_group=CHILD service=SHELTER carer_female=no",
        "case.province=PK-PB person_ref.gender=F person_ref.age_group=CHILD service=SHELTER carer_female=no",
    ),
    (
        "referral",
        "care_plan",
        false,
        "ICT Child Protection Act ss.12-14",
        "case.province=PK-IS person_ref.age_group=CHILD service=CHILDP status=START",
        "case.province=PK-IS person_ref.age_group=CHILD service=CHILDP status=START plan=school",
    ),
    (
        "interview",
        "guardian_suspect",
        true,
        "ICT Child Protection Act s.3",
        "person_ref.guardian_suspect=Y consent_giver=CHILD_G",
        "person_ref.guardian_suspect=N consent_giver=CHILD_G",
    ),
    (
        "interview",
        "child_consents",
        true,
        "PTPA s.7",
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
        "PTPA s.8",
        "before.lead_agency=PB-POL lead_agency=FIA transfer_to=FIA transfer_status=SENT",
        "before.lead_agency=PB-POL lead_agency=FIA transfer_to=FIA transfer_status=ACC",
    ),
    (
        "case",
        "transfer_way",
        true,
        "PTPA s.8",
        "before.transfer_status=ACC before.transfer_to=FIA transfer_to=FIA transfer_status=REV",
        "before.transfer_status=SENT before.transfer_to=FIA transfer_to=FIA transfer_status=REV",
    ),
    (
        "case",
        "transfer_elsewhere",
        true,
        "PTPA s.8",
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
        "investigation_status=INV case.fir_date=2026-02-01 challan_date=2026-02-16",
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

/// The FIR of another case.
fn somebodys_fir() -> Answers {
    let form = codebook().newest("case").unwrap();
    told(form, "district=PK609 fir_no=12 fir_year=2026 fir_station=saddar").0
}

#[test]
fn every_rule_of_procedure_is_enforced_under_the_section_it_names() {
    for (form, key, blocks, law, breaks, keeps) in RULES {
        let form = codebook().newest(form).unwrap();
        let rule = form.rules.iter().find(|rule| &*rule.key == *key).unwrap_or_else(|| panic!("no rule {key}"));
        assert!(rule.message.en.contains(law), "{key} names {law}: {}", rule.message.en);
        assert_eq!(rule.severity == Severity::Error, *blocks, "{key}");
        let broken = |text: &str| {
            let (own, mut around) = told(form, text);
            around.firs = Some(Arc::new(Fir::of(&somebodys_fir()).into_iter().collect()));
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
fn an_fir_number_lies_between_1_and_9999_and_the_error_names_the_rule() {
    let form = codebook().newest("case").unwrap();
    for (number, fits) in [(-1, false), (0, false), (1, true), (9_999, true), (10_000, false), (i64::MAX, false)] {
        let (own, around) = told(form, &format!("investigation_status=FIR fir_no={number}"));
        let problems = finish_among(form, codebook(), &draft(form, own), Origin::Officer, &around).unwrap_err();
        let out = problems.0.iter().any(|problem| problem.kind == ProblemKind::Rule("fir_number_range".into()));
        assert_eq!(out, !fits, "{number}");
    }
}

/// Two devices wrote one FIR down apart: whoever mends another answer of such a case is not kept from it, and nobody takes a third.
#[test]
fn an_fir_that_two_cases_have_already_stops_no_correction() {
    let form = codebook().newest("case").unwrap();
    let fir = "district=PK609 investigation_status=FIR fir_no=12 fir_year=2026 fir_station=Saddar";
    let (own, mut around) = told(form, fir);
    around.firs = Some(Arc::new(Fir::of(&somebodys_fir()).into_iter().collect()));
    let taken = |around: &Surroundings| {
        let problems = finish_among(form, codebook(), &draft(form, own.clone()), Origin::Officer, around).unwrap_err();
        problems.0.iter().any(|problem| problem.kind == ProblemKind::Rule("fir_once".into()))
    };
    assert!(taken(&around));
    around.before.clone_from(&own);
    assert!(!taken(&around), "it had this FIR before");
    around.before.set("fir_no".into(), Answer::Value(Value::Number(13)));
    assert!(taken(&around), "it had another one");
}

/// A hard rule of the law says which law: whoever is stopped by it can look it up.
#[test]
fn every_hard_rule_that_the_tables_of_procedure_name_says_its_section() {
    for (form, key, blocks, law, ..) in RULES.iter().filter(|(_, _, blocks, ..)| *blocks) {
        let rule = codebook().newest(form).unwrap().rules.iter().find(|rule| &*rule.key == *key).unwrap();
        let names = |text: &str, signs: &[&str]| signs.iter().any(|sign| text.contains(sign));
        let own_order = ["referral_way", "referral_ended", "referral_consent"].contains(key);
        assert!(own_order || names(&rule.message.en, &["s.", "24.5"]), "{key} {blocks} {law}: {}", rule.message.en);
        assert!(own_order || names(&rule.message.ur, &["دفعہ", "۲۴.۵"]), "{key}: {}", rule.message.ur);
    }
}
