//! One or several of a list: short lists are seen whole, long ones narrow as one types a few letters.

use ratatui::{crossterm::event::KeyCode, layout::Rect};

use super::{
    canvas::Canvas,
    list::List,
    text::{Edit, Lay},
};
use crate::{
    codebook::{CodeList, Finder, fold},
    model::{Code, Lang, western_digit},
    ui::{bidi, keymap::Act, theme::Role},
};

/// Most rows of a list that are shown at once.
pub(crate) const ROWS: usize = 8;

/// One thing that can be chosen.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Offer {
    pub(crate) code: Code,
    pub(crate) en: String,
    pub(crate) ur: String,
}

/// A choice being made.
#[derive(Clone, Debug)]
pub(crate) struct Choice {
    /// Knows the other spellings of a list's items; offers from elsewhere are found by their own words.
    finder: Option<Finder>,
    offers: Vec<Offer>,
    pub(crate) chosen: Vec<Code>,
    many: bool,
    typed: Edit,
    /// Offers that have the typed letters.
    found: Vec<usize>,
    list: List,
    /// Whether a row is pointed at: not before the first key, so that Enter on an open question chooses nothing.
    pointing: bool,
}

/// What a key did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Did {
    /// Not a key of ours.
    Nothing,
    /// Only the place changed.
    Moved,
    /// The answer changed.
    Changed,
    /// The answer is given whole: on to the next question.
    Taken,
}

impl Choice {
    /// From a list of the codebook.
    pub(crate) fn from_list(list: Option<&CodeList>, chosen: Vec<Code>, many: bool) -> Self {
        let offers = list.map(|list| {
            let items = list.items.iter();
            items.map(|item| Offer {
                code: item.code.clone(),
                en: item.called(Lang::En).into_owned(),
                ur: item.called(Lang::Ur).into_owned(),
            })
        });
        Self::new(list.map(Finder::new), offers.map(Iterator::collect).unwrap_or_default(), chosen, many)
    }

    /// From these offers.
    pub(crate) fn from_offers(offers: Vec<Offer>, chosen: Vec<Code>) -> Self {
        Self::new(None, offers, chosen, false)
    }

    fn new(finder: Option<Finder>, offers: Vec<Offer>, chosen: Vec<Code>, many: bool) -> Self {
        let found: Vec<usize> = (0..offers.len()).collect();
        let mut choice =
            Self { finder, offers, chosen, many, typed: Edit::line(""), found, list: List::default(), pointing: false };
        let first = choice.chosen.first().cloned();
        let at = first.and_then(|code| choice.offers.iter().position(|offer| offer.code == code));
        if let Some(at) = at {
            choice.pointing = true;
            choice.list.put(at, choice.offers.len(), ROWS);
        }
        choice
    }

    /// A key. Up on the first row and down on the last are not ours: they lead to the next question.
    pub(crate) fn key(&mut self, code: KeyCode) -> Did {
        let last = self.found.len().saturating_sub(1);
        match code {
            KeyCode::Up if !self.pointing || self.list.at == 0 => return Did::Nothing,
            KeyCode::Down if self.pointing && self.list.at >= last => return Did::Nothing,
            KeyCode::Down if !self.pointing => self.pointing = !self.found.is_empty(),
            KeyCode::Up => self.go(Act::Up),
            KeyCode::Down => self.go(Act::Down),
            KeyCode::Home if self.typed.is_empty() => self.go(Act::First),
            KeyCode::End if self.typed.is_empty() => self.go(Act::Last),
            KeyCode::Char(' ') if self.many && self.pointing => return self.toggle(),
            KeyCode::Char(' ') if self.typed.is_empty() => return self.take(),
            KeyCode::Char(letter) if self.numbered(letter).is_some() => {
                self.chosen = self.numbered(letter).into_iter().collect();
                return Did::Taken;
            }
            code @ (KeyCode::Char(_) | KeyCode::Backspace | KeyCode::Delete | KeyCode::Left | KeyCode::Right) => {
                self.typed.key(&code.into(), Lay::SHORT);
                self.narrow();
            }
            _ => return Did::Nothing,
        }
        Did::Moved
    }

    /// A click on a row of the drawn list: it is pointed at; a click on what was pointed at takes it.
    pub(crate) fn click(&mut self, row: u16) -> Did {
        let Some(row) = row.checked_sub(u16::from(self.is_long())) else { return Did::Moved };
        let row = usize::from(row);
        let Some(at) = self.list.hit(row, self.found.len()).filter(|_| row < ROWS) else { return Did::Moved };
        if !(self.pointing && at == self.list.at) {
            self.pointing = true;
            self.list.put(at, self.found.len(), ROWS);
            return Did::Moved;
        }
        match (self.many, self.pointed()) {
            (true, _) => self.toggle(),
            // What was chosen before and is clicked at again is the answer as well.
            (false, Some(code)) => {
                self.chosen = vec![code];
                Did::Taken
            }
            (false, None) => Did::Moved,
        }
    }

    /// In a list that is seen whole, a number takes the row of that place: one key, one answer. Where the labels have numbers of their own
    /// that begin with this digit (`s.161`, `s.164`), it is a letter like any other: whoever types a section means that section.
    fn numbered(&self, digit: char) -> Option<Code> {
        if self.many || !self.typed.is_empty() || self.offers.len() > ROWS {
            return None;
        }
        let digit = western_digit(digit);
        let number = usize::try_from(digit.to_digit(10)?).ok()?;
        let own = self.offers.iter().filter(|offer| begins_number(&offer.en, digit)).count();
        if self.finder.is_some() && own > 1 {
            return None;
        }
        self.offers.get(number.checked_sub(1)?).map(|offer| offer.code.clone())
    }

    /// Takes the row pointed at (Enter). With several to choose, Enter only goes on, unless letters were typed for one.
    pub(crate) fn take(&mut self) -> Did {
        if !self.pointing || (self.many && self.typed.is_empty()) {
            return Did::Moved;
        }
        if self.many {
            return if self.pointed().is_some_and(|code| self.chosen.contains(&code)) {
                Did::Moved
            } else {
                self.toggle()
            };
        }
        let Some(code) = self.pointed() else { return Did::Moved };
        if self.chosen.first() == Some(&code) {
            return Did::Moved;
        }
        self.chosen = vec![code];
        Did::Changed
    }

    /// Letters were typed and nothing in the list has them.
    const fn fits_nothing(&self) -> bool {
        !self.typed.is_empty() && self.found.is_empty()
    }

    /// Letters were typed and nothing was taken for them: to go on now would lose them without a word. Enter takes what is found.
    pub(crate) const fn is_half_typed(&self, taking: bool) -> bool {
        !self.typed.is_empty() && (self.found.is_empty() || !taking)
    }

    fn toggle(&mut self) -> Did {
        let Some(code) = self.pointed() else { return Did::Moved };
        match self.chosen.iter().position(|chosen| *chosen == code) {
            Some(at) => {
                self.chosen.remove(at);
            }
            None => self.chosen.push(code),
        }
        if !self.typed.is_empty() {
            self.typed.clear();
            self.found = (0..self.offers.len()).collect();
            let at = self.chosen.last().and_then(|code| self.offers.iter().position(|offer| offer.code == *code));
            self.list.put(at.unwrap_or(0), self.found.len(), ROWS);
        }
        Did::Changed
    }

    fn pointed(&self) -> Option<Code> {
        let at = *self.found.get(self.list.at)?;
        self.offers.get(at).map(|offer| offer.code.clone())
    }

    fn go(&mut self, act: Act) {
        self.pointing = true;
        self.list.go(act, self.found.len(), ROWS);
    }

    fn narrow(&mut self) {
        let wanted = self.typed.text().trim();
        let place = |code: &Code| self.offers.iter().position(|offer| offer.code == *code);
        self.found = match &self.finder {
            Some(finder) => finder.find(wanted).into_iter().filter_map(place).collect(),
            None => {
                let wanted = fold(wanted);
                let has = |offer: &Offer| fold(&offer.en).contains(&wanted) || fold(&offer.ur).contains(&wanted);
                self.offers.iter().enumerate().filter(|(_, offer)| has(offer)).map(|(at, _)| at).collect()
            }
        };
        self.list = List::default();
        self.pointing = !self.typed.is_empty() && !self.found.is_empty();
    }

    fn is_long(&self) -> bool {
        self.offers.len() > ROWS || !self.typed.is_empty()
    }

    /// Rows it takes on the screen.
    pub(crate) fn height(&self) -> u16 {
        let rows = self.found.len().clamp(1, ROWS) + usize::from(self.is_long());
        u16::try_from(rows).unwrap_or(u16::MAX)
    }

    pub(crate) fn draw(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let mut y = area.y;
        if self.is_long() {
            self.typed.draw(canvas, Rect { y, width: area.width.min(32), height: 1, ..area }, true);
            if self.typed.is_empty() {
                let hint = canvas.say("list.type").to_owned();
                canvas.put((area.x + 1, y), 30, &hint, Role::Faint);
            }
            let shown = canvas.fill(
                if self.typed.is_empty() || self.found.is_empty() { "list.found" } else { "list.found_typed" },
                &[("found", &self.found.len().to_string()), ("all", &self.offers.len().to_string())],
            );
            canvas.put((area.x + 34, y), area.width.saturating_sub(34), &shown, Role::Faint);
            y += 1;
        }
        if self.found.is_empty() {
            let (word, role) =
                if self.fits_nothing() { ("list.none_typed", Role::Warn) } else { ("list.none", Role::Faint) };
            let none = canvas.say(word).to_owned();
            canvas.put((area.x, y), area.width, &none, role);
        }
        for (at, y) in self.list.shown(self.found.len(), ROWS).zip(y..area.bottom()) {
            let Some(offer) = self.found.get(at).and_then(|at| self.offers.get(*at)) else { continue };
            self.draw_offer(canvas, Rect { y, height: 1, ..area }, offer, self.pointing && at == self.list.at);
        }
    }

    /// The label that is pointed at, where a row of so many columns has no room for all of it.
    pub(crate) fn cut(&self, width: u16, lang: Lang) -> Option<&str> {
        let offer = self.found.get(self.list.at).and_then(|at| self.offers.get(*at)).filter(|_| self.pointing)?;
        let label = if lang == Lang::Ur { &offer.ur } else { &offer.en };
        (bidi::columns(label) > width.saturating_sub(4)).then_some(label)
    }

    fn draw_offer(&self, canvas: &mut Canvas<'_>, row: Rect, offer: &Offer, pointed: bool) {
        let chosen = self.chosen.contains(&offer.code);
        let mark = match (self.many, chosen) {
            (true, true) => "[x]",
            (true, false) => "[ ]",
            (false, true) => "(•)",
            (false, false) => "( )",
        };
        let role = match (pointed, chosen) {
            (true, _) => Role::Selected,
            (false, true) => Role::Strong,
            (false, false) => Role::Text,
        };
        let label = if canvas.settings.lang == Lang::Ur { &offer.ur } else { &offer.en };
        if pointed {
            canvas.wash(row, role);
        }
        canvas.put((row.x, row.y), 4, mark, role);
        canvas.put((row.x + 4, row.y), row.width.saturating_sub(4), label, role);
    }
}

/// Whether a number in this label begins with that digit.
fn begins_number(label: &str, digit: char) -> bool {
    label.split(|letter: char| !letter.is_ascii_digit()).any(|number| number.starts_with(digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(many: bool) -> Choice {
        let offer = |en: &str| Offer { code: Code::new(en.to_uppercase()), en: en.to_owned(), ur: String::new() };
        let mut choice = Choice::from_offers(["lahore", "multan", "old lahore"].map(offer).to_vec(), Vec::new());
        choice.many = many;
        choice
    }

    fn keys(choice: &mut Choice, codes: &[KeyCode]) -> Did {
        codes.iter().fold(Did::Nothing, |_, code| choice.key(*code))
    }

    #[test]
    fn a_few_letters_find_and_enter_takes() {
        let mut one = choice(false);
        assert_eq!(one.take(), Did::Moved, "Enter on an open question chooses nothing");
        keys(&mut one, &[KeyCode::Char('l'), KeyCode::Char('a')]);
        assert_eq!(one.found, [0, 2], "what begins with the letters comes first");
        assert_eq!(one.take(), Did::Changed);
        assert_eq!(one.chosen, [Code::new("LAHORE")]);
    }

    #[test]
    fn several_are_chosen_with_space() {
        let mut several = choice(true);
        let down_space = [KeyCode::Down, KeyCode::Char(' '), KeyCode::Down, KeyCode::Down, KeyCode::Char(' ')];
        assert_eq!(keys(&mut several, &down_space), Did::Changed);
        assert_eq!(several.chosen, [Code::new("LAHORE"), Code::new("OLD LAHORE")]);
        assert_eq!(keys(&mut several, &[KeyCode::Char(' ')]), Did::Changed);
        assert_eq!(several.chosen, [Code::new("LAHORE")]);
    }

    #[test]
    fn the_ends_of_the_list_lead_out_of_it() {
        let mut one = choice(false);
        assert_eq!(keys(&mut one, &[KeyCode::Up]), Did::Nothing);
        assert_eq!(keys(&mut one, &[KeyCode::Down, KeyCode::Down, KeyCode::Down]), Did::Moved);
        assert_eq!(keys(&mut one, &[KeyCode::Down]), Did::Nothing);
    }
}
