//! A supervisor gives a case to somebody of the roster, who finds it on the page of what is due until they go on with it.

use amanat::{
    codebook::{self, Codebook, Origin, Surroundings},
    model::{Answer, Content, DeviceId, Draft, DraftId, EntryId, Lang, MemberId, Value, assigned},
    ui::{Bidi, Effect, Keeping, Msg, RosterDevice, RosterMember, RosterPage, Settings, ToKeep},
};

use super::{
    begun::{CASE, keeps, plain, with_victim},
    stage::{NOW, Stage, code, text, urdu},
    told,
};

const HOME: &str = "Model Town Police Station";
/// A device of somebody who reads the case, and of somebody who does not.
const READS: DeviceId = DeviceId::from_bytes([0x51; 32]);
const SHUT: DeviceId = DeviceId::from_bytes([0x52; 32]);

/// The roster of the stage with two more officers of its station; whether the second one could be given the case to read.
fn peopled(opens: bool) -> RosterPage {
    let mut page = told::roster();
    for (id, name, device) in [(0x51, "Rashida Gul", READS), (0x52, "Tariq Aziz", SHUT)] {
        page.members.push(RosterMember {
            id: MemberId::from_bytes([id; 16]),
            name: name.into(),
            roles: vec![("officer".into(), HOME.into())],
            me: false,
        });
        page.devices.push(RosterDevice {
            id: device,
            owner: MemberId::from_bytes([id; 16]),
            member: name.into(),
            state: "active".into(),
            me: false,
            leads: Vec::new(),
            answers: Vec::new(),
            opens: device == READS || opens,
            reads: if device == READS { vec![told::unit_id(HOME)] } else { Vec::new() },
        });
    }
    page
}

fn supervising(settings: Settings) -> Stage {
    let mut stage = with_victim(Stage::supervising(settings));
    stage.send(Msg::RosterIs(Box::new(peopled(false))));
    stage
}

/// A word by which somebody else gives the case to a member.
fn given(stage: &mut Stage, of: EntryId, member: MemberId, name: &str, instead: &[EntryId]) {
    let codebook = Codebook::builtin().unwrap();
    let form = codebook.newest("review").unwrap();
    let mut draft = Draft::begun(DraftId::from_bytes([1; 16]), form.form.clone(), Default::default(), NOW, Lang::En);
    for (id, answer) in [
        ("review_of", Answer::Value(Value::Entry(of))),
        ("review_word", code("ASSIGN")),
        ("review_note", text("Hear the driver.")),
        ("review_assigned", text(name)),
    ] {
        draft.answers.set(id.into(), answer);
    }
    draft.seen = instead.to_vec();
    let around = Surroundings {
        people: [(name.into(), member)].into_iter().collect(),
        assigned: instead.to_vec(),
        ..Surroundings::default()
    };
    let (sheet, _) = codebook::finish_among(form, codebook, &draft, Origin::Officer, &around).unwrap();
    stage.arrives(9, CASE, Content::Sheet(sheet));
}

fn last(stage: &Stage) -> &ToKeep {
    keeps(stage).last().copied().unwrap()
}

#[test]
fn whom_a_case_is_given_to_is_chosen_from_the_roster_and_the_word_is_sealed_to_their_device() {
    let mut stage = supervising(plain());
    stage.keys("F10 Home F6");
    let screen = stage.screen(120, 30);
    assert!(screen.contains("Rashida Gul") && screen.contains("Tariq Aziz · "), "{screen}");
    assert!(
        screen.contains("cannot read this case"),
        "who does not read it is told before anybody is chosen\n{screen}"
    );
    assert!(!screen.contains("Imran Shah"), "nobody reaches whose only device is lost\n{screen}");
    stage.keys("\"rash\" Enter \"Hear the driver.\" F10");
    let asked = stage.effects.iter().rev().find_map(|effect| match effect {
        Effect::Readers { to, .. } => Some(to.clone()),
        _ => None,
    });
    assert!(asked.is_some_and(|to| to.contains(&READS)), "who will be able to read it is asked with them among it");
    assert!(!stage.screen(120, 30).contains("cannot read this case"), "{}", stage.screen(120, 30));
    stage.keys("Enter");
    let ToKeep { what: Keeping::Sheet(sheet), to, .. } = last(&stage) else { panic!("{}", stage.screen(120, 30)) };
    assert_eq!(assigned::assignee(sheet.answers()), Some(MemberId::from_bytes([0x51; 16])));
    assert_eq!(*to, [DeviceId::from_bytes([9; 32]), READS], "the author's device, and theirs");
    stage.keys("Esc Enter");
    assert!(stage.screen(120, 30).contains("Given to Rashida Gul"), "on the case\n{}", stage.screen(120, 30));
    stage.keys("Esc F10");
    let screen = stage.screen(120, 30);
    assert!(screen.contains("→ Rashida Gul") && screen.contains("given, not begun"), "in the queue\n{screen}");
    stage.keys("F2");
    assert!(stage.screen(120, 30).contains("Rashida Gul"), "{}", stage.screen(120, 30));
}

#[test]
fn a_name_that_is_not_in_the_roster_reaches_nobody_and_is_not_kept() {
    let mut stage = supervising(plain());
    stage.keys("Enter C-g \"nobody\" Enter F10");
    let before = keeps(&stage).len();
    stage.keys("F10");
    assert_eq!(keeps(&stage).len(), before, "{}", stage.screen(120, 30));
}

#[test]
fn who_cannot_read_the_case_is_said_plainly_with_what_to_do_in_both_languages() {
    for (settings, said) in [
        (plain(), "the case with their unit (F7 on the case)"),
        (Settings { bidi: Bidi::Terminal, ..urdu() }, "یہ کیس نہیں پڑھ سکتے"),
    ] {
        let mut stage = supervising(settings);
        stage.keys("Enter C-g \"tariq\" Enter \"Hear the driver.\" F10");
        let screen = stage.screen(120, 30);
        assert!(screen.contains("Tariq Aziz") && screen.contains(said), "{screen}");
        stage.keys("Enter");
        let ToKeep { what: Keeping::Sheet(sheet), to, .. } = last(&stage) else { panic!("{}", stage.screen(120, 30)) };
        assert!(to.contains(&SHUT), "the word itself reaches them");
        assert_eq!(sheet.answers().value("review_of"), Some(&Value::Entry(stage.entry_of("case"))));
    }
}

#[test]
fn what_one_was_given_is_due_until_one_goes_on_with_it_and_is_a_filter() {
    for (settings, said) in [(plain(), "Given to you by"), (Settings { bidi: Bidi::Terminal, ..urdu() }, "آپ کے سپرد")]
    {
        let mut stage = with_victim(Stage::open_with(settings));
        stage.case(2, &[("case_class", code("UND"))]);
        let person = stage.entry_of("person");
        let me = told::member_id("Sana Malik");
        stage.keys("F7");
        assert!(!stage.screen(120, 30).contains(said));
        given(&mut stage, person, me, "Sana Malik · Model Town Police Station", &[]);
        let screen = stage.screen(120, 30);
        assert!(
            screen.contains(said) && screen.contains("Imran Shah") && screen.contains("Hear the driver."),
            "{screen}"
        );
        stage.keys("Esc F3 \"6\" \"6\"");
        let screen = stage.screen(120, 30);
        let shown = screen.lines().filter(|line| line.contains("PB-")).count();
        assert_eq!(shown, 1, "{screen}");
        stage.wait(9 * 60_000);
        stage.keys("Enter F4 \"note\" Enter \"She names a stand.\" F10 Enter Esc F7");
        let screen = stage.screen(120, 30);
        assert!(!screen.contains(said), "one has gone on with it\n{screen}");
    }
}

#[test]
fn what_was_given_to_somebody_else_since_is_due_no_more() {
    let mut stage = with_victim(Stage::open_with(plain()));
    let person = stage.entry_of("person");
    given(&mut stage, person, told::member_id("Sana Malik"), "Sana Malik · Model Town Police Station", &[]);
    let word = stage.last_of_mine();
    stage.keys("F7");
    assert!(stage.screen(120, 30).contains("Given to you by"), "{}", stage.screen(120, 30));
    given(&mut stage, person, MemberId::from_bytes([0x51; 16]), "Rashida Gul", &[word]);
    assert!(!stage.screen(120, 30).contains("Given to you by"), "{}", stage.screen(120, 30));
}

#[test]
fn who_does_not_read_the_case_yet_will_read_all_of_it_and_that_is_said_first() {
    for (settings, yet, says) in [
        (plain(), "does not read this case yet", "It cannot be taken back"),
        (Settings { bidi: Bidi::Terminal, ..urdu() }, "یہ کیس ابھی نہیں پڑھتے", "یہ سارا کیس پڑھیں گے"),
    ] {
        let mut stage = supervising(settings);
        stage.send(Msg::RosterIs(Box::new(peopled(true))));
        stage.keys("Enter C-g");
        assert!(stage.screen(120, 30).contains(yet), "{}", stage.screen(120, 30));
        stage.keys("\"tariq\" Enter \"Hear the driver.\" F10");
        let screen = stage.screen(120, 30);
        assert!(screen.contains("Tariq Aziz") && screen.contains(says), "{screen}");
    }
}
