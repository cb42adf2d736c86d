//! What is added to a case is found by its name in either language, whichever the screen is in, and a form that has its words in one language
//! says each of them once.

use std::sync::Arc;

use amanat::{
    codebook::{Codebook, Form, Text},
    ui::{Bidi, Msg, Settings},
};

use super::{
    begun::{plain, with_victim},
    stage::{Stage, urdu},
};

/// The rows of the menu that are left when this was typed, and the one that is chosen.
fn left(settings: Settings, typed: &str) -> Vec<String> {
    let mut stage = with_victim(Stage::open_with(settings));
    stage.keys(&format!("Enter F4 \"{typed}\""));
    let screen = stage.screen(80, 24);
    // Within the frame and below the line that is typed.
    let rows = screen.lines().skip_while(|line| !line.contains('╭')).skip(2).take_while(|line| !line.contains('╰'));
    let inside = rows.map(|line| line.split('│').nth(1).unwrap_or_default().trim().to_owned());
    inside.filter(|row| !row.is_empty()).collect()
}

#[test]
fn a_form_is_found_by_its_name_in_either_language_on_a_screen_in_the_other() {
    let terminal = Settings { bidi: Bidi::Terminal, ..urdu() };
    let codebook = Codebook::builtin().unwrap();
    for id in ["person", "interview", "note", "screening", "referral"] {
        let Text { en, ur } = &codebook.newest(id).unwrap().title;
        for (settings, shown) in [(terminal, ur), (plain(), en)] {
            for typed in [en, ur] {
                let rows = left(settings, &typed.to_uppercase());
                assert!(rows.iter().any(|row| row.ends_with(&**shown)), "{typed} finds no {shown}: {rows:#?}");
                assert!(rows.len() < 9, "{typed} leaves out nothing: {rows:#?}");
            }
        }
    }
    assert_eq!(left(terminal, "zzz").len(), 1, "and what is no form's name finds none, in words");
}

/// Arabic letters for the Urdu ones, as many keyboards have them, and a name begun in the middle.
#[test]
fn what_is_typed_is_folded_as_in_lists() {
    let terminal = Settings { bidi: Bidi::Terminal, ..urdu() };
    let title = &Codebook::builtin().unwrap().newest("interview").unwrap().title;
    let arabic = title.ur.replace('ی', "ي").replace('ک', "ك").replace('ہ', "ه");
    assert_ne!(arabic, &*title.ur, "or this says nothing");
    let rows = left(terminal, &arabic);
    assert!(rows.len() == 1 && rows[0].contains(&*title.ur), "{arabic}: {rows:#?}");
    let rows = left(plain(), "eening");
    assert!(rows.len() == 1 && rows[0].ends_with("Screening"), "{rows:#?}");
}

/// The forms as they are built in, this one with its English words in both languages, as a workbook of one language comes out.
fn in_one_language(id: &str) -> Codebook {
    let mut codebook = Codebook::builtin().unwrap().clone();
    let mut form = Form::clone(codebook.newest(id).unwrap());
    let single = |text: &mut Text| text.ur = text.en.clone();
    for section in &mut form.sections {
        single(&mut section.title);
        section.questions.iter_mut().for_each(|question| single(&mut question.label));
    }
    codebook.forms.insert(form.form.clone(), Arc::new(form));
    codebook
}

#[test]
fn a_form_in_one_language_says_each_label_once() {
    let label = Codebook::builtin().unwrap().newest("note").unwrap().question("note_text").unwrap().label.clone();
    let twice = |stage: &mut Stage| {
        stage.keys("Enter F4 \"note\" Enter");
        let screen = stage.screen(80, 24);
        let open = screen.lines().find(|line| line.contains(['▸', '◂'])).unwrap_or_else(|| panic!("{screen}"));
        (open.matches(&*label.en).count(), open.split(&*label.en).nth(1).unwrap().replace('*', "").trim().to_owned())
    };
    let mut both = with_victim(Stage::open_with(Settings { bidi: Bidi::Terminal, ..plain() }));
    assert_eq!(twice(&mut both), (1, label.ur.to_string()), "in two languages it is said in both");
    for lang in [plain(), urdu()] {
        let mut stage = with_victim(Stage::open_with(lang));
        stage.send(Msg::Forms(Arc::new(in_one_language("note"))));
        assert_eq!(twice(&mut stage).0, 1);
    }
}
