//! The table of `DOMAIN.md` section 7.5, line by line: what keeps each line in the program, and that whoever is stopped or warned by
//! it reads the section that the line gives.

use std::{collections::BTreeSet, fs, path::Path};

use amanat::{
    codebook::{Form, Question, QuestionKind},
    model::Severity,
};

use crate::{procedure::RULES, whole_codebook::codebook};

/// What keeps a line of the table.
enum Kept {
    /// A rule of a form, and the section that its sentence names.
    Rule(&'static str, &'static str, &'static str),
    /// A question that a form asks, and a piece of its words or its hint.
    Asked(&'static str, &'static str, &'static str),
    /// A code of a list, and a piece of its label.
    Listed(&'static str, &'static str, &'static str),
}

use Kept::{Asked, Listed, Rule};

/// The lines as the section has them, and what keeps each.
const LINES: [(&str, &[Kept]); 11] = [
    (
        "s.154",
        &[
            Rule("interview", "s154_signed", "CrPC s.154"),
            Rule("interview", "s154_read_over", "CrPC s.154"),
            Rule("interview", "female_officer", "CrPC ss.154, 161"),
            Rule("offence", "fir_first", "CrPC s.154"),
            Rule("outcome", "decided_after_fir", "CrPC s.154"),
        ],
    ),
    ("s.161", &[Rule("interview", "female_officer", "CrPC ss.154, 161")]),
    ("s.162", &[Rule("interview", "s161_never_signed", "CrPC s.162"), Asked("interview", "signed", "CrPC s.162")]),
    (
        "s.161-A",
        &[Rule("interview", "lawyer_told", "CrPC s.161-A"), Rule("interview", "lawyers_named", "CrPC s.161-A")],
    ),
    (
        "s.164 / 164-B",
        &[
            Rule("interview", "s164_place", "CrPC s.164"),
            Rule("interview", "dna_consent", "CrPC s.164-B"),
            Rule("offence", "victim_before_magistrate", "CrPC s.164"),
        ],
    ),
    (
        "s.167",
        &[
            Rule("person", "produced_after_arrest", "CrPC s.167"),
            Rule("person", "arrest_one_day", "s.61"),
            Rule("person", "remand_in_time", "CrPC ss.61, 167"),
        ],
    ),
    ("s.172", &[Asked("note", "note_text", "CrPC s.172")]),
    (
        "s.173",
        &[
            Rule("offence", "challan_late", "CrPC s.173"),
            Rule("offence", "interim_late", "CrPC s.173"),
            Rule("offence", "challan_after_fir", "CrPC s.173"),
            Asked("case", "fir_date", "CrPC s.173"),
        ],
    ),
    (
        "ss.249-A, 265-K",
        &[
            Listed("verdict", "ACQE", "CrPC s.249-A / 265-K"),
            Rule("outcome", "withdrawn_by_leave", "CrPC s.494"),
            Rule("outcome", "absconder", "s.512"),
            Rule("outcome", "compounded", "s.345"),
            Rule("outcome", "compensation_told", "CrPC ss.544-A, 545"),
        ],
    ),
    (
        "Police Rules 1934, 24.5",
        &[
            Rule("case", "fir_number_range", "Police Rules 24.5"),
            Rule("case", "fir_once", "Police Rules 24.5"),
            Rule("case", "fir_year_not_ahead", "Police Rules 24.5"),
            Rule("case", "fir_date_in_year", "Police Rules 24.5"),
            Rule("case", "fir_late_reason", "Police Rules 24.5"),
        ],
    ),
    // The Acts that stand below the table.
    (
        "Acts",
        &[
            Rule("interview", "two_finger_test", "Anti-Rape Act s.13"),
            Rule("interview", "statement_once", "Anti-Rape Act s.14"),
            Rule("interview", "statement_on_video", "Anti-Rape Act s.14"),
            Rule("interview", "named_in_writing", "Anti-Rape Act s.26"),
            Rule("case", "sexual_named_sharing", "Anti-Rape Act s.26"),
            Rule("interview", "juvenile_probation", "JJSA s.7"),
            Rule("interview", "juvenile_rank", "JJSA s.7"),
            Rule("person", "officer_guess", "JJSA s.8"),
            Rule("case", "child_named_sharing", "JJSA s.13"),
            Rule("interview", "girl_by_woman", "JJSA s.17"),
            Rule("interview", "girl_female_officer", "JJSA s.17"),
            Rule("interview", "guardian_suspect", "ICT Child Protection Act s.3"),
            Rule("referral", "guardian_return", "ICT Child Protection Act s.3"),
            Rule("referral", "best_interest_first", "ICT Child Protection Act s.3"),
            Rule("referral", "care_plan", "ICT Child Protection Act ss.12-14"),
            Rule("interview", "guardian_in_writing", "ICT Child Protection Act s.15"),
            Rule("referral", "girl_carer", "ICT Child Protection Act s.20"),
        ],
    ),
];

fn form(name: &str) -> &'static Form {
    codebook().newest(name).unwrap_or_else(|| panic!("no form {name}"))
}

fn says(question: &Question, piece: &str) -> bool {
    question.label.en.contains(piece) || question.hint.as_ref().is_some_and(|hint| hint.en.contains(piece))
}

#[test]
fn each_line_of_the_section_on_procedure_is_kept_and_named_where_it_is_met() {
    for (line, keepers) in &LINES {
        assert!(!keepers.is_empty(), "nothing keeps {line}");
        for kept in *keepers {
            match kept {
                Rule(of, key, law) => {
                    let rule = form(of).rules.iter().find(|rule| &*rule.key == *key);
                    let rule = rule.unwrap_or_else(|| panic!("{line}: form {of} has no rule {key}"));
                    assert!(rule.message.en.contains(law), "{line}: {key} names {law}: {}", rule.message.en);
                    let shown = RULES.iter().any(|(form, shown, ..)| form == of && shown == key);
                    assert!(shown, "{line}: no test breaks and keeps {key} of {of}");
                }
                Asked(of, id, piece) => {
                    let question = form(of).question(id).unwrap_or_else(|| panic!("{line}: {of} does not ask {id}"));
                    assert!(says(question, piece), "{line}: {id} of {of} names {piece}");
                }
                Listed(list, code, piece) => {
                    let item = codebook().list(list).and_then(|list| list.item(code));
                    let item = item.unwrap_or_else(|| panic!("{line}: list {list} has no {code}"));
                    assert!(item.label.en.contains(piece), "{line}: {code} names {piece}: {}", item.label.en);
                }
            }
        }
    }
}

/// A rule that blocks and names a law is of the law: it stands in the table, or it is of an Act that another section of the domain gives
/// and is broken and kept in the test of the rules.
#[test]
fn no_hard_rule_that_names_a_law_is_without_a_test() {
    let mut hard = 0;
    for form in codebook().forms.values() {
        for rule in form.rules.iter().filter(|rule| rule.severity == Severity::Error) {
            let mut words = rule.message.en.split([' ', '(']);
            if words.any(|word| word.starts_with("s.") || word.starts_with("ss.") || word.starts_with("24.5")) {
                hard += 1;
                let shown = RULES.iter().any(|(of, key, ..)| *of == form.form.id.as_str() && *key == &*rule.key);
                assert!(shown, "no test breaks and keeps {} of {}", rule.key, form.form.id.as_str());
            }
        }
    }
    assert!(hard > 20, "{hard} hard rules name a law");
}

/// The privileged diary has no place in any form: nobody can write it down beside the account (CrPC s.172).
#[test]
fn no_form_has_a_place_for_the_case_diary() {
    for form in codebook().forms.values() {
        for question in form.questions().filter(|question| matches!(question.kind, QuestionKind::LongText)) {
            let words = question.label.en.to_lowercase();
            assert!(!words.contains("diary") && !words.contains("zimni"), "{} asks {words}", form.form.id.as_str());
        }
    }
}

/// The lines above are those of the page that the project is built to, where that page lies beside it.
#[test]
fn the_lines_are_those_of_the_domain_page() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/domain/DOMAIN.md");
    let Ok(text) = fs::read_to_string(&page) else {
        println!("the domain page is not beside the project: its lines were not compared");
        return;
    };
    let section = text.split("### 7.5").nth(1).unwrap().split("\n---").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| ")).skip(1);
    let cells = rows.filter_map(|row| row.split('|').next()).map(|cell| cell.trim().trim_matches('*'));
    // One cell goes on after its sections with others that its neighbour explains.
    let theirs: BTreeSet<&str> = cells.map(|cell| cell.split(';').next().unwrap()).collect();
    let ours: BTreeSet<&str> = LINES.iter().map(|(line, _)| *line).filter(|line| *line != "Acts").collect();
    assert_eq!(theirs, ours);
    let below = section.rsplit("\n|").next().unwrap();
    for act in ["Anti-Rape", "JJSA", "ICT Child Protection Act"] {
        assert!(below.contains(act), "{act}");
    }
}
