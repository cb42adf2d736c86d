//! The first start, in four steps: keys, words, request, joining. Each can be left and taken up again.

use ratatui::{crossterm::event::KeyEvent, layout::Rect};

use crate::ui::{
    effect::{Effect, Secret},
    keymap::Act,
    msg::{Msg, Strength, Trouble},
    theme::Role,
    turn::Turn,
    widgets::{
        bars,
        canvas::{Canvas, Lean},
        text::{Edit, Lay},
    },
};

/// Where the welcome stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Step {
    #[default]
    Keys,
    Words,
    Request,
    Join,
}

const STEPS: [(Step, &str); 4] = [
    (Step::Keys, "welcome.step.keys"),
    (Step::Words, "welcome.step.words"),
    (Step::Request, "welcome.step.request"),
    (Step::Join, "welcome.step.join"),
];

/// The first start.
#[derive(Debug)]
pub(crate) struct Welcome {
    step: Step,
    /// The fields of this step.
    fields: Vec<(&'static str, Edit)>,
    at: usize,
    strength: Option<Strength>,
    words: Vec<String>,
    qr: Vec<String>,
    written: Option<String>,
    busy: bool,
    trouble: Option<Trouble>,
}

impl Default for Welcome {
    fn default() -> Self {
        Self {
            step: Step::Keys,
            fields: fields(Step::Keys),
            at: 0,
            strength: None,
            words: Vec::new(),
            qr: Vec::new(),
            written: None,
            busy: false,
            trouble: None,
        }
    }
}

fn fields(step: Step) -> Vec<(&'static str, Edit)> {
    let line = || Edit::line("");
    match step {
        Step::Keys => vec![
            ("welcome.device_name", line()),
            ("welcome.passphrase", Edit::secret()),
            ("welcome.again", Edit::secret()),
        ],
        Step::Words => Vec::new(),
        Step::Request => vec![("welcome.request_path", line())],
        Step::Join => vec![("welcome.roster_path", line()), ("welcome.roster_words", line())],
    }
}

impl Welcome {
    fn to(&mut self, step: Step) {
        self.step = step;
        self.fields = fields(step);
        self.at = 0;
        self.trouble = None;
        self.busy = false;
    }

    /// Whether a passphrase is typed now.
    pub(crate) fn asks_secret(&self) -> bool {
        matches!(self.step, Step::Keys) && self.at > 0
    }

    fn text(&self, at: usize) -> &str {
        self.fields.get(at).map_or("", |(_, edit)| edit.text())
    }

    pub(crate) fn key(&mut self, key: &KeyEvent, act: Option<Act>) -> Turn {
        if self.busy {
            return Turn::stay();
        }
        match act {
            Some(Act::Next) => return self.next(),
            Some(Act::Back) => self.back(),
            Some(Act::Down) if !self.fields.is_empty() => self.at = (self.at + 1) % self.fields.len(),
            Some(Act::Up) => self.at = self.at.saturating_sub(1),
            Some(_) => {}
            None => {
                if let Some((_, edit)) = self.fields.get_mut(self.at) {
                    edit.key(key, Lay::SHORT);
                    return self.typed();
                }
            }
        }
        Turn::stay()
    }

    pub(crate) fn paste(&mut self, text: &str) -> Turn {
        if let Some((_, edit)) = self.fields.get_mut(self.at) {
            edit.paste(text.trim_end_matches(['\r', '\n']));
        }
        self.typed()
    }

    /// A change in a field: the passphrase is judged by the room that owns passphrases.
    fn typed(&mut self) -> Turn {
        self.trouble = None;
        if self.step == Step::Keys && self.at == 1 {
            return Turn::ask(Effect::JudgePassphrase(Secret::new(self.text(1).to_owned())));
        }
        Turn::stay()
    }

    fn back(&mut self) {
        match self.step {
            Step::Keys | Step::Words => {}
            Step::Request => self.to(Step::Words),
            Step::Join => self.to(Step::Request),
        }
    }

    /// Enter: the next field, or the step itself when its fields are full.
    fn next(&mut self) -> Turn {
        let empty = self.fields.iter().position(|(_, edit)| edit.text().trim().is_empty());
        if let Some(empty) = empty {
            if self.step == Step::Request && self.written.is_some() {
                self.to(Step::Join);
            } else if self.at != empty {
                self.at = empty;
            } else {
                self.trouble = Some(Trouble::word("welcome.fill_in"));
            }
            return Turn::stay();
        }
        let effect = match self.step {
            Step::Words => {
                self.to(Step::Request);
                return Turn::stay();
            }
            Step::Keys if self.text(1) != self.text(2) => {
                self.trouble = Some(Trouble::word("welcome.not_the_same"));
                self.at = 2;
                return Turn::stay();
            }
            Step::Keys => Effect::MakeDevice {
                name: self.text(0).trim().to_owned(),
                passphrase: Secret::new(self.text(1).to_owned()),
            },
            Step::Request => Effect::WriteJoinRequest { path: self.text(0).trim().to_owned() },
            Step::Join => {
                Effect::Join { path: self.text(0).trim().to_owned(), words: self.text(1).trim().to_lowercase() }
            }
        };
        self.busy = true;
        self.trouble = None;
        Turn::ask(effect)
    }

    pub(crate) fn hear(&mut self, msg: &Msg) -> Turn {
        match msg {
            Msg::PassphraseJudged(strength) => self.strength = Some(strength.clone()),
            Msg::DeviceMade { words, qr } => {
                self.words.clone_from(words);
                self.qr.clone_from(qr);
                self.to(Step::Words);
            }
            Msg::RequestWritten { path } => {
                self.to(Step::Join);
                self.written = Some(path.clone());
            }
            Msg::WelcomeFailed(trouble) => {
                self.busy = false;
                self.trouble = Some(trouble.clone());
            }
            _ => {}
        }
        Turn::stay()
    }

    pub(crate) fn step_name(&self, canvas: &Canvas<'_>) -> String {
        let at = STEPS.iter().position(|(step, _)| *step == self.step).unwrap_or(0);
        canvas.fill("welcome.step_of", &[("n", &(at + 1).to_string()), ("of", &STEPS.len().to_string())])
    }

    pub(crate) fn draw(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let wide = 76.min(area.width);
        let room = Rect { x: area.x + (area.width - wide) / 2, width: wide, ..area };
        self.draw_steps(canvas, room);
        let about = match self.step {
            Step::Keys => "welcome.about.keys",
            Step::Words => "welcome.about.words",
            Step::Request => "welcome.about.request",
            Step::Join => "welcome.about.join",
        };
        let text = canvas.say(about).to_owned();
        let mut y = room.y + 2;
        y += canvas.paragraph(Rect { y, height: 4, ..room }, &text, Role::Text) + 1;
        if self.step == Step::Words {
            self.draw_words(canvas, Rect { y, height: room.bottom().saturating_sub(y), ..room });
        }
        if self.step == Step::Join
            && let Some(path) = &self.written
        {
            let text = canvas.fill("welcome.written", &[("path", path)]);
            y += canvas.paragraph(Rect { y, height: 2, ..room }, &format!("✓ {text}"), Role::Good) + 1;
        }
        for (at, (label, edit)) in self.fields.iter().enumerate() {
            let here = at == self.at && !self.busy;
            let label = canvas.marked(here, canvas.say(label));
            canvas.put((room.x, y), room.width, &label, if here { Role::Strong } else { Role::Text });
            edit.draw(canvas, Rect { x: room.x + 2, y: y + 1, width: room.width - 4, height: 1 }, here);
            y += 2;
            if self.step == Step::Keys && at == 1 {
                self.draw_strength(canvas, Rect { x: room.x + 2, y, width: room.width - 4, height: 1 });
                y += 1;
            }
            y += 1;
        }
        let said = match (&self.trouble, self.busy) {
            (_, true) => Some((canvas.say("welcome.busy").to_owned(), Role::Accent)),
            (Some(trouble), false) => {
                Some((format!("! {}", bars::sentence(canvas, &trouble.word, &trouble.detail)), Role::Warn))
            }
            (None, false) => None,
        };
        if let Some((text, role)) = said {
            canvas.paragraph(Rect { y, height: room.bottom().saturating_sub(y), ..room }, &text, role);
        }
    }

    fn draw_steps(&self, canvas: &mut Canvas<'_>, room: Rect) {
        let mut x = room.x;
        let here = STEPS.iter().position(|(step, _)| *step == self.step).unwrap_or(0);
        for (at, (_, key)) in STEPS.iter().enumerate() {
            let (sign, role) = match at.cmp(&here) {
                std::cmp::Ordering::Less => ("●", Role::Text),
                std::cmp::Ordering::Equal => ("◉", Role::Accent),
                std::cmp::Ordering::Greater => ("○", Role::Faint),
            };
            let text = format!("{sign} {}", canvas.say(key));
            x += canvas.put((x, room.y), room.right().saturating_sub(x), &text, role) + 3;
        }
    }

    /// The words to be read aloud, four a row, beside the picture of them.
    fn draw_words(&self, canvas: &mut Canvas<'_>, room: Rect) {
        for (at, word) in self.words.iter().enumerate() {
            let Ok(at) = u16::try_from(at) else { break };
            let (x, y) = (room.x + 2, room.y + at);
            if y < room.bottom() {
                canvas.lean((x, y), 2, &(at + 1).to_string(), Role::Faint, Lean::End);
                canvas.put((x + 4, y), 20, word, Role::Strong);
            }
        }
        for (line, y) in self.qr.iter().zip(room.y..room.bottom()) {
            // A picture that is cut helps nobody: it is shown whole or not at all.
            if self.qr.len() <= usize::from(room.height) {
                canvas.put((room.x + 34, y), room.width.saturating_sub(34), line, Role::Text);
            }
        }
    }

    fn draw_strength(&self, canvas: &mut Canvas<'_>, room: Rect) {
        let Some(strength) = self.strength.as_ref().filter(|_| !self.text(1).is_empty()) else {
            let text = canvas.say("welcome.passphrase_hint").to_owned();
            canvas.put((room.x, room.y), room.width, &text, Role::Faint);
            return;
        };
        let bar: String = (0..4).map(|at| if at < strength.score { '▰' } else { '▱' }).collect();
        let (key, role) = match strength.score {
            0 | 1 => ("welcome.strength.weak", Role::Warn),
            2 => ("welcome.strength.fair", Role::Text),
            _ => ("welcome.strength.good", Role::Good),
        };
        let reason = strength.reason.as_ref().map(|reason| canvas.say(reason).to_owned());
        let text = format!("{bar}  {}  {}", canvas.say(key), reason.unwrap_or_default());
        canvas.put((room.x, room.y), room.width, &text, role);
    }
}
