//! What another agency wrote, read from a stick: whose it is, by words read aloud; a case that it offers, which is taken over or not; an
//! answer; or that it takes its offer back.

use ratatui::{crossterm::event::KeyEvent, layout::Rect};

use crate::{
    ui::{
        abroad::{AbroadAnswer, AbroadCame, AbroadTaken, Offered},
        bidi,
        effect::Effect,
        keymap::{Act, Room},
        msg::Msg,
        telling,
        theme::Role,
        turn::Turn,
        widgets::{
            canvas::{Canvas, middle, tongue},
            menu::Menu,
            path::{Asked, Path},
        },
        world::World,
    },
    words,
};

/// The questions on the way.
#[derive(Debug)]
pub(super) struct AbroadIn {
    /// The file as typed, and the words.
    path: String,
    words: Option<String>,
    /// The folder that it lies in, where the answer may go.
    offered: Option<Offered>,
    accept: bool,
    note: Option<String>,
    asking: Asking,
}

#[derive(Debug)]
enum Asking {
    Words(Path),
    /// A case is offered: what it is, until Enter.
    Look,
    Say(Menu),
    Note(Path),
    File(Path),
    /// What came of it, until the next key.
    Said(Vec<(String, Role)>),
}

impl AbroadIn {
    /// Of a file that the desk has looked into.
    pub(super) fn new(path: &str, came: &AbroadCame, canvas_words: words::Tongue) -> Self {
        let mut this = Self {
            path: path.to_owned(),
            words: None,
            offered: None,
            accept: false,
            note: None,
            asking: Asking::Words(Path::new()),
        };
        this.came(came, canvas_words);
        this
    }

    pub(super) const fn room(&self) -> Room {
        match self.asking {
            Asking::Say(_) => Room::Menu,
            Asking::Look => Room::Confirm,
            Asking::Words(_) | Asking::Note(_) | Asking::File(_) | Asking::Said(_) => Room::Path,
        }
    }

    /// The list that is asked from now.
    pub(super) const fn menu(&mut self) -> Option<&mut Menu> {
        match &mut self.asking {
            Asking::Say(menu) => Some(menu),
            _ => None,
        }
    }

    pub(super) fn paste(&mut self, text: &str) {
        if let Asking::Words(path) | Asking::Note(path) | Asking::File(path) = &mut self.asking {
            path.paste(text);
        }
    }

    pub(super) fn hear(&mut self, msg: &Msg, tongue: words::Tongue) {
        match (msg, &mut self.asking) {
            (Msg::AbroadCame { came, .. }, _) => self.came(came, tongue),
            (Msg::AbroadFailed(trouble), Asking::Words(path) | Asking::File(path)) => path.failed(trouble),
            (Msg::AbroadTaken(taken), _) => self.asking = Asking::Said(self.taken(taken, tongue)),
            _ => {}
        }
    }

    fn came(&mut self, came: &AbroadCame, tongue: words::Tongue) {
        let say = |key: &str| words::say(tongue, key).to_owned();
        let whose = |agency: &str, unit: &str| format!("{}, {}", bidi::inert(unit), bidi::inert(agency));
        self.asking = match came {
            AbroadCame::Unknown => Asking::Words(Path::new()),
            AbroadCame::Offer(offered) => {
                self.offered = Some(offered.clone());
                Asking::Look
            }
            AbroadCame::Answer { agency, unit, accepted, note, crossed, new } => {
                let key = if *accepted { "abroad.yes" } else { "abroad.no" };
                let mut lines = vec![(words::fill(tongue, key, &[("who", &whose(agency, unit))]), Role::Strong)];
                lines.extend(note.as_deref().map(|note| (bidi::inert(note), Role::Text)));
                if *crossed && *accepted {
                    lines.push((format!("! {}", say("abroad.crossed")), Role::Warn));
                }
                lines.push((say(if *new { "abroad.kept_word" } else { "abroad.known" }), Role::Text));
                Asking::Said(lines)
            }
            AbroadCame::Withdrawn { agency, unit, note, here, new } => {
                let who = whose(agency, unit);
                let mut lines = vec![(words::fill(tongue, "abroad.withdrawn", &[("who", &who)]), Role::Strong)];
                lines.extend(note.as_deref().map(|note| (bidi::inert(note), Role::Text)));
                lines.push(match (here, new) {
                    (false, _) => (say("abroad.withdrawn_away"), Role::Text),
                    (true, true) => (format!("! {}", say("abroad.withdrawn_here")), Role::Warn),
                    (true, false) => (say("abroad.known"), Role::Text),
                });
                Asking::Said(lines)
            }
        };
    }

    fn taken(&self, taken: &AbroadTaken, tongue: words::Tongue) -> Vec<(String, Role)> {
        let say = |key: &str| words::say(tongue, key).to_owned();
        let first = if self.accept {
            (format!("✓ {}", words::count(tongue, "abroad.taken", taken.kept)), Role::Good)
        } else {
            (say("abroad.refused"), Role::Text)
        };
        let stayed = self.offered.as_ref().filter(|_| self.accept).and_then(|offered| stayed(offered, tongue));
        let rest = [
            (say("abroad.written"), Role::Text),
            (taken.path.clone(), Role::Strong),
            (say("abroad.aloud"), Role::Text),
            (taken.words.clone(), Role::Strong),
        ];
        [first].into_iter().chain(stayed).chain(rest).collect()
    }

    /// A key; whether the question stays open.
    pub(super) fn key(&mut self, key: &KeyEvent, act: Option<Act>, world: &World) -> (Turn, bool) {
        let leaves = act == Some(Act::Back);
        match &mut self.asking {
            Asking::Said(_) => return (Turn::stay(), false),
            Asking::Look | Asking::Say(_) if leaves => return (Turn::stay(), false),
            Asking::Words(path) => match path.key(key, act) {
                Asked::Path(words) => {
                    self.words = Some(words.to_lowercase());
                    let (path, words) = (self.path.clone(), self.words.clone());
                    return (Turn::ask(Effect::ReadAbroad { path, words }), true);
                }
                Asked::Left | Asked::Stop => return (Turn::stay(), false),
                Asked::Still => {}
            },
            Asking::Look => {
                if act == Some(Act::Keep) {
                    let lang = tongue(world.settings.lang);
                    let items = ["hand.do.accept", "hand.do.reject"].map(|word| words::say(lang, word).to_owned());
                    self.asking = Asking::Say(Menu::new("abroad.say", items.to_vec()));
                }
            }
            Asking::Say(menu) => {
                if let Some(at) = menu.key(key.code, act) {
                    self.accept = at == 0;
                    self.asking = if self.accept { self.file() } else { Asking::Note(Path::new()) };
                }
            }
            Asking::Note(path) => match path.key(key, act) {
                Asked::Path(note) => {
                    self.note = Some(note);
                    self.asking = self.file();
                }
                Asked::Left | Asked::Stop => return (Turn::stay(), false),
                Asked::Still => {}
            },
            Asking::File(path) => match path.key(key, act) {
                Asked::Path(out) => return (Turn::ask(self.answer(out, world)), true),
                Asked::Left | Asked::Stop => return (Turn::stay(), false),
                Asked::Still => {}
            },
        }
        (Turn::stay(), true)
    }

    /// Where the answer goes: beside what it answers, unless said otherwise.
    fn file(&self) -> Asking {
        let folder = self.path.rsplit_once('/').map(|(folder, _)| format!("{folder}/answer.age")).unwrap_or_default();
        Asking::File(Path::of(&folder))
    }

    fn answer(&self, out: String, world: &World) -> Effect {
        let case = self.offered.as_ref().map(|offered| offered.case);
        let entries = case.and_then(|case| world.book.case(&case)).into_iter().flat_map(|file| file.entries.iter());
        let known = entries.filter_map(|id| world.book.entry(id)?.source.as_ref().map(|source| source.row)).collect();
        Effect::AnswerAbroad(Box::new(AbroadAnswer {
            path: self.path.clone(),
            words: self.words.clone().unwrap_or_default(),
            accept: self.accept,
            note: self.note.clone(),
            known,
            out,
        }))
    }

    pub(super) fn draw(&self, world: &World, canvas: &mut Canvas<'_>, area: Rect) {
        let path = |path: &Path, words: [&str; 2], canvas: &mut Canvas<'_>| {
            let [heading, hint] = words.map(|word| canvas.say(word).to_owned());
            path.draw(canvas, area, &heading, &hint);
        };
        match &self.asking {
            Asking::Words(asked) => path(asked, ["abroad.whose", "abroad.words_hint"], canvas),
            Asking::Note(asked) => path(asked, ["hand.note", "hand.note_hint"], canvas),
            Asking::File(asked) => path(asked, ["abroad.answer", "abroad.file_hint"], canvas),
            Asking::Say(menu) => menu.draw(canvas, area),
            Asking::Look => lines(&self.look(world, canvas), canvas, area),
            Asking::Said(said) => lines(said, canvas, area),
        }
    }

    /// What is offered.
    fn look(&self, world: &World, canvas: &Canvas<'_>) -> Vec<(String, Role)> {
        let Some(offered) = &self.offered else { return Vec::new() };
        let tongue = canvas.tongue();
        let who = format!("{}, {}", bidi::inert(&offered.unit), bidi::inert(&offered.agency));
        let reason = telling::label(&world.codebook, "transfer_reason", &offered.reason, world.settings.lang);
        let mut lines = vec![
            (canvas.fill("abroad.offers", &[("who", &who)]), Role::Strong),
            (telling::brief(&reason).to_owned(), Role::Text),
        ];
        lines.extend(offered.note.as_deref().map(|note| (bidi::inert(note), Role::Text)));
        lines.push((words::count(tongue, "abroad.proven", offered.entries), Role::Text));
        lines.extend(stayed(offered, tongue));
        if offered.withdrawn {
            lines.push((format!("! {}", canvas.fill("abroad.withdrawn", &[("who", &who)])), Role::Warn));
        }
        lines.push((canvas.say("abroad.go_on").to_owned(), Role::Accent));
        lines
    }
}

/// What did not come along: it is asked for, before and after the case is taken over.
fn stayed(offered: &Offered, tongue: words::Tongue) -> Option<(String, Role)> {
    let count = offered.left_behind;
    (count > 0).then(|| (format!("! {}", words::count(tongue, "abroad.left_there", count)), Role::Warn))
}

fn lines(said: &[(String, Role)], canvas: &mut Canvas<'_>, area: Rect) {
    let heading = canvas.say("abroad.came").to_owned();
    let inside = canvas.popup(middle(area, 74, 16), &heading);
    let mut y = inside.y;
    for (text, role) in said {
        y += canvas.paragraph(Rect { y, height: inside.bottom().saturating_sub(y), ..inside }, text, *role);
    }
}
