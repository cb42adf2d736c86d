//! Other cases that share something with one, as a list and beside it as a small graph: this case, a line to each other one, the surer the
//! heavier, and what ties them. No name stands in it.

use ratatui::{crossterm::event::KeyEvent, layout::Rect};

use super::sameness::Sameness;
use crate::{
    codebook::links::{self, Link, Tie},
    model::{CaseId, western_digit},
    ui::{
        bidi,
        keymap::{Act, Room},
        msg::Msg,
        pointing::{Rows, Spot},
        telling,
        theme::Role,
        turn::{Open, Turn},
        widgets::{
            canvas::{Canvas, Lean, middle},
            list::List,
        },
        world::World,
    },
};

/// Rows of ties on the screen.
const ROWS: usize = 14;
/// Columns of the graph beside the list.
const GRAPH: u16 = 32;

/// The list and the place in it.
#[derive(Debug)]
pub(super) struct Linked {
    case: CaseId,
    links: Vec<Link>,
    list: List,
    /// Saying of the two of a row that they are one.
    same: Option<Box<Sameness>>,
}

impl Linked {
    /// Everything that ties a case to others: it looks at every entry, so it is asked by a key.
    pub(super) fn new(case: CaseId, world: &World) -> Self {
        Self { case, links: links::links(&world.book, &case), list: List::default(), same: None }
    }

    pub(super) const fn room(&self) -> Room {
        match &self.same {
            Some(same) => same.room(),
            None => Room::Links,
        }
    }

    pub(super) fn paste(&mut self, text: &str) {
        if let Some(same) = &mut self.same {
            same.paste(text);
        }
    }

    pub(super) fn hear(&mut self, msg: &Msg, world: &World) {
        if let Some(same) = &mut self.same {
            same.hear(msg);
        }
        if matches!(msg, Msg::Kept { .. }) {
            self.links = links::links(&world.book, &self.case);
            self.list.put(self.list.at, self.links.len(), ROWS);
        }
    }

    /// What can be done with the chosen tie: that two are one is a supervisor's word.
    pub(super) fn does(&self, act: Act, world: &World) -> bool {
        match act {
            Act::Join => world.supervises() && !self.links.is_empty(),
            Act::Choose => self.same.is_some() || !self.links.is_empty(),
            _ => true,
        }
    }

    /// A key; whether the page stays open. *Enter* walks to the other case, a digit to the one of that row.
    pub(super) fn key(&mut self, key: &KeyEvent, act: Option<Act>, world: &World) -> (Turn, bool) {
        if let Some(same) = &mut self.same {
            let (turn, open) = same.key(key, act, world);
            if !open {
                self.same = None;
            }
            return (turn, true);
        }
        let row = |code| match code {
            ratatui::crossterm::event::KeyCode::Char(digit) => western_digit(digit).to_digit(10)?.checked_sub(1),
            _ => None,
        };
        let chosen = match act {
            Some(Act::Back) => return (Turn::stay(), false),
            Some(Act::Choose) => Some(self.list.at),
            Some(Act::Join) if world.supervises() => {
                let link = self.links.get(self.list.at);
                self.same = link.and_then(|link| Sameness::new(self.case, link, world)).map(Box::new);
                None
            }
            Some(act) => {
                self.list.go(act, self.links.len(), ROWS);
                None
            }
            None => row(key.code).and_then(|row| usize::try_from(row).ok()),
        };
        match chosen.and_then(|at| self.links.get(at)) {
            Some(link) => (Turn::open(Open::Case(link.case)), false),
            None => (Turn::stay(), true),
        }
    }

    pub(super) fn spot(&mut self, world: &World) -> Spot<'_> {
        if self.same.is_some() {
            return Spot::Nothing;
        }
        let first = place(world.body()).y + 1;
        Spot::Rows(Rows { list: &mut self.list, len: self.links.len(), page: ROWS, first, each: 1 })
    }

    pub(super) fn draw(&self, world: &World, canvas: &mut Canvas<'_>, area: Rect) {
        let heading = canvas.say("links.title").to_owned();
        let inside = canvas.popup(place(area), &heading);
        if self.links.is_empty() {
            let text = canvas.say("links.none").to_owned();
            canvas.paragraph(Rect { y: inside.y + 1, height: 3, ..inside }, &text, Role::Faint);
            return;
        }
        let wide = inside.width.saturating_sub(GRAPH + 2);
        for (at, y) in self.list.shown(self.links.len(), ROWS).zip(inside.y..inside.bottom()) {
            let Some(link) = self.links.get(at) else { continue };
            let chosen = at == self.list.at;
            let role = if chosen { Role::Selected } else { Role::Text };
            let row = Rect { y, width: wide, height: 1, ..inside };
            if chosen {
                canvas.wash(row, role);
            }
            let text = canvas.marked(chosen, &told(link, world, canvas));
            canvas.put((row.x, y), wide, &text, role);
            // What the list has no room for beside the graph is said whole below both.
            if chosen && bidi::columns(&text) > wide {
                let below = (inside.x, inside.bottom().saturating_sub(2));
                canvas.put(below, inside.width, &text, Role::Text);
            }
        }
        let graph = Rect { x: inside.x + wide + 2, width: GRAPH, ..inside };
        self.draw_graph(world, canvas, graph);
        let hint = canvas.say("links.hint").to_owned();
        canvas.lean((inside.x, inside.bottom().saturating_sub(1)), inside.width, &hint, Role::Faint, Lean::Own);
        if let Some(same) = &self.same {
            same.draw(canvas, area);
        }
    }

    /// This case on top, and each other one at the end of its line.
    fn draw_graph(&self, world: &World, canvas: &mut Canvas<'_>, area: Rect) {
        let here = world.short(&self.case);
        canvas.put((area.x, area.y), 2, "◆", Role::Accent);
        canvas.put((area.x + 2, area.y), area.width.saturating_sub(2), &here, Role::Strong);
        let nodes = nodes(&self.links);
        let chosen = self.links.get(self.list.at).map(|link| link.case);
        let at = nodes.iter().position(|(case, _)| Some(*case) == chosen).unwrap_or(0);
        let rows = usize::from(area.height.saturating_sub(2));
        let first = (at + 1).saturating_sub(rows);
        let mirrors = canvas.mirrors();
        for ((place, (case, ties)), y) in nodes.iter().enumerate().skip(first).take(rows).zip(area.y + 1..) {
            let last = place + 1 == nodes.len();
            let trunk = match (last, mirrors) {
                (false, false) => "├",
                (false, true) => "┤",
                (true, false) => "└",
                (true, true) => "┘",
            };
            let (node, role) = if Some(*case) == chosen { ("●", Role::Accent) } else { ("○", Role::Text) };
            canvas.put((area.x, y), 1, trunk, Role::Frame);
            canvas.put((area.x + 1, y), 3, line(ties), Role::Frame);
            canvas.put((area.x + 4, y), 2, node, role);
            let taken = canvas.put((area.x + 6, y), area.width.saturating_sub(6), &world.short(case), role);
            let ties: Vec<&str> = ties.iter().map(|tie| canvas.say(word(*tie))).collect();
            let (x, left) = (area.x + 7 + taken, area.width.saturating_sub(7 + taken));
            let text = ties.join(", ");
            canvas.put((x, y), left, &text, Role::Faint);
        }
    }
}

/// The box that it is drawn in.
fn place(area: Rect) -> Rect {
    middle(area, 78, 19)
}

/// The other cases in the order of their surest tie, each with what ties it.
fn nodes(links: &[Link]) -> Vec<(CaseId, Vec<Tie>)> {
    let mut nodes: Vec<(CaseId, Vec<Tie>)> = Vec::new();
    for link in links {
        match nodes.iter_mut().find(|(case, _)| *case == link.case) {
            Some((_, ties)) if ties.contains(&link.why) => {}
            Some((_, ties)) => ties.push(link.why),
            None => nodes.push((link.case, vec![link.why])),
        }
    }
    nodes
}

/// A card, a phone or an FIR is a double line, a number that somebody wrote a single one, what is merely alike a broken one.
fn line(ties: &[Tie]) -> &'static str {
    match ties.iter().min() {
        Some(Tie::Same | Tie::Cnic | Tie::Phone | Tie::Fir) => "═══",
        Some(Tie::Named | Tie::Differ) => "───",
        Some(Tie::Name | Tie::Place) | None => "╌╌╌",
    }
}

const fn word(tie: Tie) -> &'static str {
    match tie {
        Tie::Same => "links.short.same",
        Tie::Differ => "links.short.differ",
        Tie::Cnic => "links.short.cnic",
        Tie::Phone => "links.short.phone",
        Tie::Fir => "links.short.fir",
        Tie::Named => "links.short.named",
        Tie::Name => "links.short.name",
        Tie::Place => "links.short.place",
    }
}

/// A line of the list: what is shared, with which case, and who plays which part.
fn told(link: &Link, world: &World, canvas: &Canvas<'_>) -> String {
    let lang = world.settings.lang;
    let why = canvas.say(&format!("links.{}", link.why.word())).to_owned();
    let role = |code| telling::brief(&telling::label(&world.codebook, "person_role", code, lang)).to_owned();
    let roles = link.roles.as_ref().map(|(here, there)| format!("  {} ↔ {}", role(here), role(there)));
    format!("{why}  {}{}", world.short(&link.case), roles.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::EntryId;

    #[test]
    fn a_case_with_several_ties_is_one_node_and_its_surest_tie_draws_the_line() {
        let link = |why, case: u8| Link {
            case: CaseId::from_bytes([case; 16]),
            why,
            here: EntryId::from_bytes([0; 16]),
            there: EntryId::from_bytes([case; 16]),
            roles: None,
        };
        let links =
            [link(Tie::Cnic, 2), link(Tie::Cnic, 2), link(Tie::Named, 3), link(Tie::Place, 2), link(Tie::Place, 4)];
        let drawn: Vec<(u8, usize, &str)> =
            nodes(&links).iter().map(|(case, ties)| (case.as_bytes()[0], ties.len(), line(ties))).collect();
        assert_eq!(drawn, [(2, 2, "═══"), (3, 1, "───"), (4, 1, "╌╌╌")]);
    }
}
