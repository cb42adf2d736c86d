//! Papers as people get them: what stands on them, what never does, and when there is none.

use super::*;
use crate::{
    codebook::Codebook,
    model::{Answer, Casebook, Content, Entry, EntryId, Moment, Names, Value, specimen},
};

const PERSON: EntryId = EntryId::from_bytes([2; 16]);
const INTERVIEW: EntryId = EntryId::from_bytes([4; 16]);
const REFERRAL: EntryId = EntryId::from_bytes([6; 16]);

fn code(code: &str) -> Answer {
    Answer::Value(Value::Choice(code.into()))
}

fn text(text: &str) -> Answer {
    Answer::Value(Value::Text(text.into()))
}

fn entry(id: u8, content: Content) -> Entry {
    specimen::entry(id, 9, content)
}

fn sheet(form: &str, told: &[(&str, Answer)]) -> Content {
    let answers = told.iter().map(|(id, answer)| ((*id).into(), answer.clone().into())).collect();
    specimen::sheet(form, answers)
}

fn sealed(of: EntryId, told: &[(&str, Answer)]) -> Content {
    let answers = told.iter().map(|(id, answer)| ((*id).into(), answer.clone().into())).collect();
    Content::Names(Names { of, answers })
}

/// A case in Punjab: a woman, her statement of this kind, and a referral with this consent.
fn book(kind: &str, consent: &str, account: &str, contact: &str) -> Casebook {
    let person = ("person_ref", Answer::Value(Value::Entry(PERSON)));
    let mut book = Casebook::default();
    for told in [
        entry(1, sheet("case", &[("province", code("PK-PB")), ("case_short", text("GUJ-26-004"))])),
        entry(
            2,
            sheet("person", &[("gender", code("F")), ("alias_code", text("V-1")), ("safe_contact", code(contact))]),
        ),
        entry(3, sealed(PERSON, &[("name_full", text("Zarmina <Gul>")), ("phone", text("+923001234567"))])),
        entry(
            4,
            sheet(
                "interview",
                &[
                    person.clone(),
                    ("statement_type", code(kind)),
                    ("consent_interview", code("Y")),
                    ("consent_research", code("N")),
                ],
            ),
        ),
        entry(5, sealed(INTERVIEW, &[("narrative", text(account))])),
        entry(
            6,
            sheet(
                "referral",
                &[
                    person,
                    ("service", code("SHELTER")),
                    ("consent_refer", code(consent)),
                    ("provider_name", text("Darul Aman")),
                ],
            ),
        ),
    ] {
        book.apply(told);
    }
    book
}

fn page(paper: Paper, book: &Casebook, entry: EntryId, names: bool) -> Result<String, Refusal> {
    let codebook = Codebook::builtin().unwrap();
    let request = Request {
        book,
        codebook,
        entry,
        names,
        unit: "PS Sample",
        officer: "ASI Sana",
        now: Moment::pkt(1_795_322_868_000),
    };
    paper.page(&request)
}

#[test]
fn every_paper_stands_in_both_languages_and_urdu_reads_from_the_right() {
    let book = book("S154", "Y", "The agent took my card.", "PHONE");
    for (paper, entry) in [(Paper::Consent, INTERVIEW), (Paper::Letter, REFERRAL), (Paper::Card, PERSON)] {
        let page = page(paper, &book, entry, false).unwrap();
        assert!(
            page.contains("<article lang=\"ur\" dir=\"rtl\">") && page.contains("<article lang=\"en\" dir=\"ltr\">")
        );
        assert!(!page.contains("paper."), "a word is missing\n{page}");
        assert!(page.contains("default-src 'none'") && !page.contains("<script"), "{paper:?}");
    }
}

#[test]
fn a_name_stands_on_paper_only_when_it_was_asked_for_and_a_phone_never() {
    let book = book("S154", "Y", "The agent took my card.", "PHONE");
    for paper in Paper::ALL {
        let entry = if paper == Paper::Letter { REFERRAL } else { INTERVIEW };
        let without = page(paper, &book, entry, false).unwrap();
        assert!(!without.contains("Zarmina") && !without.contains("3001234567"), "{paper:?}");
        assert!(!page(paper, &book, entry, true).unwrap().contains("3001234567"), "{paper:?}");
    }
    let with = page(Paper::Consent, &book, INTERVIEW, true).unwrap();
    assert!(with.contains("Zarmina &lt;Gul&gt;"), "what was typed is letters and no markup");
}

#[test]
fn a_statement_to_police_has_no_line_to_sign_on_and_information_for_an_fir_has() {
    let sign = "thumb-mark of the person";
    let police = page(Paper::Statement, &book("S161", "Y", "He said: work.", "PHONE"), INTERVIEW, false).unwrap();
    assert!(police.contains("Not to be signed by its maker (CrPC s.162)") && !police.contains(sign));
    let fir = page(Paper::Statement, &book("S154", "Y", "He said: work.", "PHONE"), INTERVIEW, false).unwrap();
    assert!(fir.contains(sign) && !fir.contains("Not to be signed") && fir.contains("He said: work."));
    let urdu = page(Paper::Statement, &book("S154", "Y", "اس نے کہا: کام", "PHONE"), INTERVIEW, false).unwrap();
    assert!(urdu.contains("dir=\"rtl\"") && !urdu.contains("<article lang=\"en\""), "read back as it was told");
    let none = page(Paper::Statement, &book("S154", "Y", " ", "PHONE"), INTERVIEW, false);
    assert_eq!(none, Err(Refusal("paper.no_account")));
}

#[test]
fn the_letter_holds_no_account_and_is_not_written_against_a_no() {
    let letter = page(Paper::Letter, &book("S154", "Y", "The agent took my card.", "PHONE"), REFERRAL, true).unwrap();
    assert!(letter.contains("Darul Aman") && letter.contains("GUJ-26-004") && !letter.contains("agent"));
    for no in ["N", "W"] {
        let refused = page(Paper::Letter, &book("S154", no, "x", "PHONE"), REFERRAL, true);
        assert_eq!(refused, Err(Refusal("paper.no_consent")));
    }
}

#[test]
fn the_card_gives_nothing_away_and_is_not_made_for_who_must_not_be_contacted() {
    let card = page(Paper::Card, &book("S154", "Y", "x", "PHONE"), PERSON, true).unwrap();
    assert!(card.contains("1121") && card.contains("1787") && card.contains("GUJ-26-004"));
    for word in ["raffick", "ictim", "olice", "PS Sample", "Zarmina", "متاثر", "پولیس", "اسمگل"] {
        assert!(!card.contains(word), "{word}");
    }
    assert_eq!(page(Paper::Card, &book("S154", "Y", "x", "NEVER"), PERSON, true), Err(Refusal("paper.no_card")));
}

#[test]
fn consent_is_ticked_as_it_was_given() {
    let form = page(Paper::Consent, &book("S154", "Y", "x", "PHONE"), INTERVIEW, false).unwrap();
    assert_eq!(form.matches('☒').count(), 4, "a yes and a no, in two languages");
    let blank = page(Paper::Consent, &book("S154", "Y", "x", "PHONE"), PERSON, false).unwrap();
    assert!(!blank.contains('☒') && blank.contains('☐'));
}

/// The book with one more answer of an entry.
fn and(mut book: Casebook, of: EntryId, question: &str, answer: Answer) -> Casebook {
    let changes = [(question.into(), answer.into())].into_iter().collect();
    let reason = crate::model::Code::new("NEWINFO");
    let more = crate::model::Amendment { target: of, seen: Vec::new(), reason, note: None, changes };
    book.apply(entry(30, Content::Amendment(more)));
    book
}

#[test]
fn who_signs_follows_from_who_spoke_and_to_whom() {
    let person = "Signature or thumb-mark of the person";
    let guardian = "Signature or thumb-mark of the guardian";
    let grown = page(Paper::Consent, &book("S154", "Y", "x", "PHONE"), INTERVIEW, false).unwrap();
    assert!(grown.contains(person) && !grown.contains(guardian));
    let child = and(book("S154", "Y", "x", "PHONE"), PERSON, "age_group", code("CHILD"));
    let child = page(Paper::Consent, &child, INTERVIEW, false).unwrap();
    assert!(child.contains(guardian) && !child.contains(person), "for a child its guardian agrees");
    let court = page(Paper::Statement, &book("S164", "Y", "He said: work.", "PHONE"), INTERVIEW, false).unwrap();
    assert!(court.contains("seal of the Magistrate") && court.contains(person));
    assert!(!court.contains("Signature of the officer"), "before a Magistrate no police officer signs");
}

#[test]
fn a_consent_that_was_taken_back_is_a_no_and_who_need_not_agree_is_referred() {
    let taken_back = and(book("S154", "Y", "x", "PHONE"), INTERVIEW, "consent_share_named", code("W"));
    let form = page(Paper::Consent, &taken_back, INTERVIEW, false).unwrap();
    assert_eq!(form.matches('☒').count(), 6, "a yes and two noes, in two languages");
    assert!(page(Paper::Letter, &book("S154", "NA", "x", "PHONE"), REFERRAL, true).is_ok());
}

#[test]
fn the_card_names_the_day_to_come_and_numbers_only_where_they_answer() {
    let here = and(book("S154", "Y", "x", "PHONE"), INTERVIEW, "next_contact", {
        Answer::Value(Value::Date("2026-12-01".parse().unwrap()))
    });
    let card = page(Paper::Card, &here, INTERVIEW, true).unwrap();
    assert!(card.contains("Come again: ") && !card.contains("Come again: {"), "the day stands there\n{card}");
    let without = page(Paper::Card, &book("S154", "Y", "x", "PHONE"), INTERVIEW, true).unwrap();
    assert!(!without.contains("Come again"), "no day, no line");
    let elsewhere = and(book("S154", "Y", "x", "PHONE"), EntryId::from_bytes([1; 16]), "province", code("PK-SD"));
    let card = page(Paper::Card, &elsewhere, PERSON, true).unwrap();
    assert!(!card.contains("1121") && !card.contains("1787") && card.contains("GUJ-26-004"), "they are Punjab's lines");
}

#[test]
fn nothing_that_was_typed_reaches_a_page_as_markup_or_as_a_mark_of_direction() {
    let hostile = "</p><script>alert(1)</script>\u{202E}gnol\u{1b}[31m & \"x\"";
    let page = page(Paper::Statement, &book("S154", "Y", hostile, "PHONE"), INTERVIEW, false).unwrap();
    assert!(!page.contains("<script") && !page.contains('\u{202E}') && !page.contains('\u{1b}'));
    assert!(page.contains("&lt;script&gt;") && page.contains("&amp; &quot;x&quot;"));
}

#[test]
fn where_corrections_collide_or_the_person_is_not_there_no_paper_chooses() {
    use crate::model::{Amendment, Code};
    let amend = |id: u8, target: EntryId, question: &str, answer: Answer| {
        let mut changes = crate::model::Answers::default();
        changes.set(question.into(), answer);
        entry(
            id,
            Content::Amendment(Amendment { target, seen: Vec::new(), reason: Code::new("TYPO"), note: None, changes }),
        )
    };
    let page = |book: &Casebook, paper, entry| page(paper, book, entry, false).err().map(|refusal| refusal.0);
    let mut whole = book("S154", "Y", "told", "PHONE");
    assert_eq!(page(&whole, Paper::Card, PERSON), None);
    whole.apply(amend(20, PERSON, "safe_contact", code("NEVER")));
    whole.apply(amend(21, PERSON, "safe_contact", code("PHONE")));
    for (paper, entry) in [(Paper::Card, PERSON), (Paper::Letter, REFERRAL), (Paper::Statement, INTERVIEW)] {
        assert_eq!(page(&whole, paper, entry), Some("paper.collided"), "{paper:?}");
    }
    let mut without = Casebook::default();
    let person = ("person_ref", Answer::Value(Value::Entry(PERSON)));
    without
        .apply(entry(4, sheet("interview", &[person, ("narrative", text("told")), ("statement_type", code("S154"))])));
    assert_eq!(page(&without, Paper::Card, INTERVIEW), Some("paper.no_person"));
}
