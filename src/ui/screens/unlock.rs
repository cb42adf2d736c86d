//! The locked device: a passphrase, what waits for it, and nothing else.

use ratatui::{crossterm::event::KeyEvent, layout::Rect};

use crate::{
    ui::{
        effect::{Effect, Secret},
        keymap::{Act, Room},
        msg::{HomeLine, Msg, Trouble},
        pointing::Spot,
        theme::Role,
        turn::Turn,
        widgets::{
            bars,
            canvas::{Canvas, Lean, middle, tongue},
            choice::Did,
            menu::Menu,
            text::{Edit, Lay},
        },
        world::World,
    },
    words,
};

/// What is typed, and how the last try went.
#[derive(Debug)]
pub(crate) struct Unlock {
    typed: Edit,
    /// A passphrase is being tried: it takes about a second, on purpose.
    trying: bool,
    trouble: Option<Trouble>,
    /// Whose turn it is, where several officers share the machine.
    homes: Option<(Menu, Vec<Option<String>>)>,
}

impl Default for Unlock {
    fn default() -> Self {
        Self { typed: Edit::secret(), trying: false, trouble: None, homes: None }
    }
}

impl Unlock {
    pub(crate) fn key(&mut self, key: &KeyEvent, act: Option<Act>) -> Turn {
        if self.trying {
            return Turn::stay();
        }
        if let Some((menu, names)) = &mut self.homes {
            if act == Some(Act::Back) {
                self.homes = None;
            } else if let Some(name) = menu.key(key.code, act).and_then(|at| names.get(at).cloned()) {
                self.homes = None;
                return Turn::ask(Effect::ChooseHome { name });
            }
            return Turn::stay();
        }
        match (act, key.code) {
            (Some(Act::Homes), _) => {
                // What was typed was meant for this home.
                self.typed.clear();
                self.trouble = None;
                return Turn::ask(Effect::LoadHomes);
            }
            (Some(Act::Open), _) if !self.typed.is_empty() => {
                let secret = Secret::new(self.typed.text().to_owned());
                self.typed.clear();
                self.trying = true;
                self.trouble = None;
                return Turn::ask(Effect::Unlock(secret));
            }
            (Some(Act::Clear), _) => self.typed.clear(),
            (Some(_), _) => {}
            (None, _) => {
                if self.typed.key(key, Lay::SHORT) == Did::Changed {
                    self.trouble = None;
                }
            }
        }
        Turn::stay()
    }

    pub(crate) fn spot(&mut self) -> Spot<'_> {
        self.homes.as_mut().map_or(Spot::Nothing, |(menu, _)| Spot::Menu(menu))
    }

    pub(crate) fn paste(&mut self, text: &str) {
        if !self.trying && !self.chooses() {
            self.typed.paste(text.trim_end_matches(['\r', '\n']));
        }
    }

    pub(crate) fn hear(&mut self, msg: &Msg, world: &World) -> Turn {
        match msg {
            Msg::UnlockFailed(trouble) => {
                self.trying = false;
                self.trouble = Some(trouble.clone());
            }
            Msg::HomesAre(homes) if homes.len() < 2 => self.trouble = Some(Trouble::word("unlock.alone")),
            Msg::HomesAre(homes) => {
                let items = homes.iter().map(|line| told(line, tongue(world.settings.lang))).collect();
                self.homes =
                    Some((Menu::new("unlock.who", items), homes.iter().map(|line| line.name.clone()).collect()));
            }
            _ => {}
        }
        Turn::stay()
    }

    /// Whether it is being chosen whose turn it is.
    pub(crate) const fn chooses(&self) -> bool {
        self.homes.is_some()
    }

    pub(crate) const fn room(&self) -> Room {
        if self.chooses() { Room::Menu } else { Room::Unlock }
    }

    pub(crate) fn draw(&self, world: &World, canvas: &mut Canvas<'_>, area: Rect) {
        let heading = match &world.home {
            Some(name) => canvas.fill("unlock.heading_of", &[("name", name)]),
            None => canvas.say("unlock.heading").to_owned(),
        };
        let place = middle(area, 62, 11);
        let inside = canvas.popup(place, &heading);
        let (x, mut y, width) = (inside.x, inside.y + 1, inside.width);
        let label = canvas.say("unlock.passphrase").to_owned();
        canvas.lean((x, y), width, &label, Role::Strong, Lean::Own);
        y += 1;
        self.typed.draw(canvas, Rect { x, y, width, height: 1 }, !self.trying);
        y += 2;
        let (said, role) = match (&self.trouble, self.trying) {
            (_, true) => (canvas.say("unlock.trying").to_owned(), Role::Accent),
            (Some(trouble), false) => {
                (format!("! {}", bars::sentence(canvas, &trouble.word, &trouble.detail)), Role::Warn)
            }
            (None, false) => (canvas.say("unlock.hint").to_owned(), Role::Faint),
        };
        let lines = canvas.paragraph(Rect { x, y, width, height: 3 }, &said, role);
        y += lines.clamp(1, 3) + 1;
        if world.road.waiting > 0 {
            let waiting = words::count(canvas.tongue(), "unlock.waiting", world.road.waiting);
            canvas.paragraph(Rect { x, y, width, height: inside.bottom().saturating_sub(y) }, &waiting, Role::Text);
        }
        if let Some((menu, _)) = &self.homes {
            menu.draw(canvas, area);
        }
    }
}

/// A line of the menu: the name, and what waits there.
fn told(line: &HomeLine, tongue: words::Tongue) -> String {
    let name = line.name.clone().unwrap_or_else(|| words::say(tongue, "unlock.first").to_owned());
    let state = match (line.device, line.waiting) {
        (false, _) => words::say(tongue, "unlock.no_device").to_owned(),
        (true, 0) => String::new(),
        (true, waiting) => words::count(tongue, "unlock.waits", waiting),
    };
    let here = if line.here { "• " } else { "" };
    format!("{here}{name}  {state}").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use ratatui::crossterm::event::{KeyCode, KeyModifiers};

    use super::*;
    use crate::ui::keymap;

    fn press(unlock: &mut Unlock, code: KeyCode) -> Turn {
        let key = KeyEvent::new(code, KeyModifiers::NONE);
        unlock.key(&key, keymap::act(Room::Unlock, &key))
    }

    #[test]
    fn a_passphrase_is_sent_once_and_wiped_here() {
        let mut unlock = Unlock::default();
        assert_eq!(press(&mut unlock, KeyCode::Enter), Turn::stay());
        "اب c?".chars().for_each(|letter| {
            press(&mut unlock, KeyCode::Char(letter));
        });
        let turn = press(&mut unlock, KeyCode::Enter);
        assert_eq!(turn, Turn::ask(Effect::Unlock(Secret::new("اب c?".to_owned()))));
        assert!(unlock.typed.is_empty() && unlock.trying);
        assert_eq!(press(&mut unlock, KeyCode::Enter), Turn::stay());
        unlock.trying = false;
        unlock.trouble = Some(Trouble::word("unlock.wrong"));
        assert!(!unlock.trying && unlock.trouble.is_some());
        press(&mut unlock, KeyCode::Char('x'));
        assert_eq!(unlock.trouble, None);
        assert!(!format!("{unlock:?}").contains('x'.to_string().repeat(2).as_str()));
    }
}
