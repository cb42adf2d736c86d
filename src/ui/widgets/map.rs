//! Many short questions with the same few answers, one a row: indicators, vulnerabilities, checks.

use ratatui::{crossterm::event::KeyCode, layout::Rect};

use super::{
    canvas::{Canvas, Lean},
    choice::Did,
    list::List,
};
use crate::{
    codebook::{CodeItem, CodeList, Text, screened::is_first},
    model::{Code, Lang},
    ui::{bidi, keymap::Act, telling, theme::Role},
};

/// Most rows shown at once.
pub(crate) const ROWS: usize = 10;

/// Code to code, being filled.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Pairs {
    keys: Vec<Item>,
    values: Vec<Item>,
    /// Which value each key has, by place.
    given: Vec<Option<usize>>,
    list: List,
}

#[derive(Clone, Debug, PartialEq)]
struct Item {
    code: Code,
    en: String,
    ur: String,
}

impl Pairs {
    pub(crate) fn new(keys: Option<&CodeList>, values: Option<&CodeList>, pairs: &[(Code, Code)]) -> Self {
        let item =
            |code: &Code, label: &Text| Item { code: code.clone(), en: label.en.to_string(), ur: label.ur.to_string() };
        // What a short form has stands first; the others follow in the order of the list.
        let keys = keys.map_or(&[][..], |list| &list.items);
        let (first, rest): (Vec<&CodeItem>, Vec<&CodeItem>) = keys.iter().partition(|item| is_first(item));
        let keys: Vec<Item> = first.into_iter().chain(rest).map(|key| item(&key.code, &key.label)).collect();
        // *Not known* and *not asked* are answers to a row like the values.
        let values: Vec<Item> = values
            .into_iter()
            .flat_map(|list| {
                let items = list.items.iter().map(|value| item(&value.code, &value.label));
                items.chain(list.answers.iter().map(|value| item(&value.code, &value.label)))
            })
            .collect();
        let place = |code: &Code| values.iter().position(|item| item.code == *code);
        let given = keys
            .iter()
            .map(|key| pairs.iter().find(|(code, _)| *code == key.code).and_then(|(_, value)| place(value)))
            .collect();
        Self { keys, values, given, list: List::default() }
    }

    /// The row that is answered next.
    pub(crate) const fn row(&self) -> usize {
        self.list.at
    }

    /// The pairs that have a value.
    pub(crate) fn pairs(&self) -> Box<[(Code, Code)]> {
        let told = self.keys.iter().zip(&self.given);
        told.filter_map(|(key, given)| Some((key.code.clone(), self.values.get((*given)?)?.code.clone()))).collect()
    }

    /// A key: up and down between rows, left and right between values, a digit for the value of that number.
    pub(crate) fn key(&mut self, code: KeyCode) -> Did {
        let last = self.keys.len().saturating_sub(1);
        match code {
            KeyCode::Up if self.list.at == 0 => return Did::Nothing,
            KeyCode::Down if self.list.at >= last => return Did::Nothing,
            KeyCode::Up => self.go(Act::Up),
            KeyCode::Down => self.go(Act::Down),
            KeyCode::Home => self.go(Act::First),
            KeyCode::End => self.go(Act::Last),
            KeyCode::Right | KeyCode::Char(' ') => return self.step(1),
            KeyCode::Left => return self.step(self.values.len()),
            KeyCode::Backspace | KeyCode::Delete => return self.set(None),
            KeyCode::Char(digit) => {
                let number =
                    crate::model::western_digit(digit).to_digit(10).and_then(|digit| usize::try_from(digit).ok());
                let value = number.and_then(|number| number.checked_sub(1)).filter(|at| *at < self.values.len());
                let Some(value) = value else { return Did::Moved };
                self.set(Some(value));
                self.go(Act::Down);
                return Did::Changed;
            }
            _ => return Did::Nothing,
        }
        Did::Moved
    }

    /// A click on a row of the drawn list: it is chosen; a click on the chosen one gives it the next value.
    pub(crate) fn click(&mut self, row: u16) -> Did {
        let Some(row) = row.checked_sub(self.legend()).map(usize::from) else { return Did::Moved };
        let Some(at) = self.list.hit(row, self.keys.len()).filter(|_| row < ROWS) else { return Did::Moved };
        if at == self.list.at {
            return self.step(1);
        }
        self.list.put(at, self.keys.len(), ROWS);
        Did::Moved
    }

    fn go(&mut self, act: Act) {
        self.list.go(act, self.keys.len(), ROWS);
    }

    /// Steps through *none* and all the values, round and round.
    fn step(&mut self, by: usize) -> Did {
        let now = self.given.get(self.list.at).copied().flatten().map_or(0, |at| at + 1);
        let next = (now + by) % (self.values.len() + 1);
        self.set(next.checked_sub(1))
    }

    fn set(&mut self, value: Option<usize>) -> Did {
        let Some(given) = self.given.get_mut(self.list.at) else { return Did::Nothing };
        if *given == value {
            return Did::Moved;
        }
        *given = value;
        Did::Changed
    }

    /// Rows it takes on the screen: those of the keys, and above them the values with their numbers.
    pub(crate) fn height(&self) -> u16 {
        u16::try_from(self.keys.len().min(ROWS)).unwrap_or(u16::MAX).saturating_add(self.legend())
    }

    /// Rows of the legend: more than three values do not stand beside one another.
    const fn legend(&self) -> u16 {
        if self.values.len() > 3 { 2 } else { 1 }
    }

    pub(crate) fn draw(&self, canvas: &mut Canvas<'_>, area: Rect) {
        let lang = canvas.settings.lang;
        let label = |item: &Item| if lang == Lang::Ur { item.ur.clone() } else { item.en.clone() };
        let legend: Vec<String> = self
            .values
            .iter()
            .enumerate()
            .map(|(at, item)| format!("{} {}", at + 1, telling::brief(&label(item))))
            .collect();
        canvas.paragraph(Rect { height: self.legend(), ..area }, &packed(&legend, area.width), Role::Faint);
        for (at, y) in self.list.shown(self.keys.len(), ROWS).zip(area.y + self.legend()..area.bottom()) {
            let Some(key) = self.keys.get(at) else { continue };
            let value = self.given.get(at).copied().flatten().and_then(|value| self.values.get(value));
            let role = if at == self.list.at { Role::Selected } else { Role::Text };
            canvas.wash(Rect { y, height: 1, ..area }, role);
            let told = value.map_or_else(|| "·".to_owned(), |item| telling::brief(&label(item)).to_owned());
            // The answer keeps its end of the row; of the two the label is cut only where both together are too long for it, and then the
            // answer to no less than a third.
            let label = label(key);
            let left = area.width.saturating_sub(bidi::columns(&label) + 1).max(area.width / 3);
            let wide = bidi::columns(&told).min(left);
            canvas.put((area.x, y), area.width.saturating_sub(wide + 1), &label, role);
            canvas.lean((area.right().saturating_sub(wide), y), wide, &told, role, Lean::End);
        }
    }
}

/// As many as fit on a line, none of them broken: a number stays with its words.
fn packed(pieces: &[String], width: u16) -> String {
    let mut lines: Vec<String> = Vec::new();
    for piece in pieces {
        match lines.last_mut() {
            Some(line) if bidi::columns(line) + 3 + bidi::columns(piece) <= width => line.extend(["   ", piece]),
            _ => lines.push(piece.clone()),
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(codes: &[&str]) -> CodeList {
        let item = |code: &&str| CodeItem {
            code: Code::new(code),
            label: Text { en: (*code).into(), ur: (*code).into() },
            aliases: Vec::new(),
            parent: None,
            htcds: None,
            facts: std::collections::BTreeMap::new(),
        };
        CodeList { name: "x".into(), items: codes.iter().map(item).collect(), answers: Vec::new() }
    }

    #[test]
    fn digits_answer_and_go_on_and_arrows_change_the_mind() {
        let (keys, values) = (list(&["A", "B", "C"]), list(&["YES", "NO"]));
        let mut pairs = Pairs::new(Some(&keys), Some(&values), &[]);
        for code in [KeyCode::Char('1'), KeyCode::Char('۲'), KeyCode::Right, KeyCode::Left, KeyCode::Char('9')] {
            pairs.key(code);
        }
        let told: Vec<String> = pairs.pairs().iter().map(|(key, value)| format!("{key}={value}")).collect();
        assert_eq!(told, ["A=YES", "B=NO"]);
        let again = Pairs::new(Some(&keys), Some(&values), &pairs.pairs());
        assert_eq!(again.pairs(), pairs.pairs());
    }
}
