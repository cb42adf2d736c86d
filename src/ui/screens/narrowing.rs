//! Choosing which cases are listed: a few keys for the usual ones, one part after the other for the rest, and names for what is wanted
//! again.

use ratatui::{crossterm::event::KeyEvent, layout::Rect};

use crate::{
    model::{CaseFilter, CaseState, Code, SavedFilter},
    ui::{
        bidi,
        effect::Effect,
        keymap::{Act, Room},
        telling,
        widgets::{
            canvas::{Canvas, tongue},
            menu::Menu,
            path::{Asked, Path},
        },
        world::World,
    },
    words,
};

/// Spans that a case can have been opened within, days.
const DAYS: [u16; 4] = [7, 30, 90, 365];

/// What the first menu offers, in its order.
const FIRST: [&str; 9] = ["all", "open", "high", "not_received", "due", "part", "saved", "save", "forget"];

/// Parts that a filter can be narrowed by, and the lists of their codes.
const PARTS: [(&str, &str); 7] = [
    ("class", "case_class"),
    ("exploitation", "exploitation_type"),
    ("status", "case_status"),
    ("station", ""),
    ("days", ""),
    (MINE, ""),
    ("unit", ""),
];
/// The part that has one value only.
const MINE: &str = "mine";

/// A question on the way to a filter.
#[derive(Debug)]
pub(super) struct Narrowing {
    step: Step,
}

#[derive(Debug)]
enum Step {
    First(Menu),
    Part(Menu),
    /// A value for this part.
    Value(Menu, usize, Vec<Box<str>>),
    /// One of the saved ones, to use or to forget.
    Saved(Menu, bool),
    Name(Path),
}

/// What came of a key.
pub(super) enum Chosen {
    /// Nothing yet.
    Still,
    /// The question is over.
    Over(Option<Effect>),
    /// This filter from now on.
    Filter(Box<CaseFilter>),
}

impl Narrowing {
    pub(super) fn new(world: &World) -> Self {
        let items = FIRST.iter().map(|word| say(world, &format!("narrow.{word}"))).collect();
        Self { step: Step::First(Menu::new("narrow.which", items)) }
    }

    pub(super) const fn room(&self) -> Room {
        if matches!(self.step, Step::Name(_)) { Room::Path } else { Room::Menu }
    }

    /// The list that is asked from now.
    pub(super) const fn menu(&mut self) -> Option<&mut Menu> {
        match &mut self.step {
            Step::First(menu) | Step::Part(menu) | Step::Value(menu, ..) | Step::Saved(menu, _) => Some(menu),
            Step::Name(_) => None,
        }
    }

    pub(super) fn paste(&mut self, text: &str) {
        if let Step::Name(name) = &mut self.step {
            name.paste(text);
        }
    }

    /// A key, with the filter that holds and the words that are typed.
    pub(super) fn key(
        &mut self,
        key: &KeyEvent,
        act: Option<Act>,
        (now, typed): (&CaseFilter, &str),
        world: &World,
    ) -> Chosen {
        if act == Some(Act::Back) {
            return Chosen::Over(None);
        }
        match &mut self.step {
            Step::First(menu) => match menu.key(key.code, act).and_then(|at| FIRST.get(at)) {
                Some(&word) => self.first(word, now, world),
                None => Chosen::Still,
            },
            Step::Part(menu) => {
                match menu.key(key.code, act).map(|at| (at, PARTS.get(at))) {
                    Some((_, Some((MINE, _)))) => {
                        return Chosen::Filter(Box::new(CaseFilter { mine: true, ..now.clone() }));
                    }
                    Some((at, _)) => self.step = values(at, world),
                    None => {}
                }
                Chosen::Still
            }
            Step::Value(menu, part, values) => {
                let value = menu.key(key.code, act).and_then(|at| values.get(at));
                value.map_or(Chosen::Still, |value| Chosen::Filter(Box::new(narrowed(now, *part, value))))
            }
            Step::Saved(menu, forget) => {
                let chosen = menu.key(key.code, act).and_then(|at| world.filters.get(at));
                match (chosen, *forget) {
                    (None, _) => Chosen::Still,
                    (Some(saved), false) => Chosen::Filter(Box::new(saved.filter.clone())),
                    (Some(gone), true) => {
                        let left = world.filters.iter().filter(|saved| saved.name != gone.name).cloned().collect();
                        Chosen::Over(Some(Effect::KeepFilters(left)))
                    }
                }
            }
            Step::Name(name) => match name.key(key, act) {
                Asked::Path(name) => Chosen::Over(Some(kept(&name, now, typed, world))),
                Asked::Left | Asked::Stop => Chosen::Over(None),
                Asked::Still => Chosen::Still,
            },
        }
    }

    fn first(&mut self, word: &str, now: &CaseFilter, world: &World) -> Chosen {
        let state = match word {
            "all" => return Chosen::Filter(Box::default()),
            "due" => return Chosen::Filter(Box::new(CaseFilter { due: true, ..now.clone() })),
            "open" => CaseState::Open,
            "high" => CaseState::HighRisk,
            "not_received" => CaseState::NotReceived,
            "part" => {
                let items = PARTS.iter().map(|(part, _)| say(world, &format!("narrow.by.{part}"))).collect();
                self.step = Step::Part(Menu::new("narrow.by_what", items));
                return Chosen::Still;
            }
            "saved" | "forget" => {
                self.step = saved(world, word == "forget");
                return Chosen::Still;
            }
            _ => {
                self.step = Step::Name(Path::new());
                return Chosen::Still;
            }
        };
        Chosen::Filter(Box::new(CaseFilter { state, ..now.clone() }))
    }

    pub(super) fn draw(&self, canvas: &mut Canvas<'_>, area: Rect) {
        match &self.step {
            Step::First(menu) | Step::Part(menu) | Step::Value(menu, ..) | Step::Saved(menu, _) => {
                menu.draw(canvas, area)
            }
            Step::Name(name) => {
                let (heading, hint) =
                    ["narrow.name", "narrow.name_hint"].map(|word| canvas.say(word).to_owned()).into();
                name.draw(canvas, area, &heading, &hint);
            }
        }
    }
}

fn say(world: &World, key: &str) -> String {
    words::say(tongue(world.settings.lang), key).to_owned()
}

fn saved(world: &World, forget: bool) -> Step {
    let items = world.filters.iter().map(|saved| bidi::inert(&saved.name)).collect();
    Step::Saved(Menu::new(if forget { "narrow.forget_which" } else { "narrow.saved_which" }, items), forget)
}

fn values(part: usize, world: &World) -> Step {
    let lang = world.settings.lang;
    let (values, items): (Vec<Box<str>>, Vec<String>) = match PARTS.get(part) {
        Some(("station", _)) => {
            let mut stations: Vec<&str> = world.cases.iter().map(|row| row.station.as_str()).collect();
            stations.retain(|station| !station.trim().is_empty());
            stations.sort_unstable();
            stations.dedup();
            stations.into_iter().map(|station| (station.into(), bidi::inert(station))).unzip()
        }
        Some(("unit", _)) => {
            let units = world.roster.iter().flat_map(|page| page.units.iter());
            units.map(|unit| (unit.id.to_string().into(), bidi::inert(&unit.name))).unzip()
        }
        Some((_, "")) | None => DAYS
            .iter()
            .map(|days| {
                let label = words::fill(tongue(lang), "narrow.days", &[("n", &days.to_string())]);
                (days.to_string().into_boxed_str(), label)
            })
            .unzip(),
        Some((_, list)) => {
            let items = world.codebook.list(list).into_iter().flat_map(|list| list.items.iter());
            items.map(|item| (item.code.as_str().into(), item.label.get(lang).to_owned())).unzip()
        }
    };
    Step::Value(Menu::new("narrow.value", items), part, values)
}

/// The filter with one part set.
fn narrowed(now: &CaseFilter, part: usize, value: &str) -> CaseFilter {
    let mut filter = now.clone();
    match PARTS.get(part) {
        Some(("class", _)) => filter.class = Some(Code::new(value)),
        Some(("exploitation", _)) => filter.exploitation = Some(Code::new(value)),
        Some(("status", _)) => filter.status = Some(Code::new(value)),
        Some(("station", _)) => filter.station = Some(value.into()),
        Some(("unit", _)) => filter.unit = value.parse().ok(),
        _ => filter.days = value.parse().ok(),
    }
    filter
}

/// The filters with this one under its name; one of the same name is replaced.
fn kept(name: &str, now: &CaseFilter, typed: &str, world: &World) -> Effect {
    let mut filters: Vec<SavedFilter> = world.filters.iter().filter(|saved| *saved.name != *name).cloned().collect();
    filters.push(SavedFilter { name: name.into(), filter: CaseFilter { words: typed.into(), ..now.clone() } });
    filters.sort_by(|one, other| one.name.cmp(&other.name));
    Effect::KeepFilters(filters)
}

/// What a filter lets through, in a few words.
pub(super) fn told(filter: &CaseFilter, world: &World) -> String {
    let lang = world.settings.lang;
    let label = |list: &str, code: &Option<Code>| {
        let label = code.as_ref().map(|code| telling::label(&world.codebook, list, code, lang));
        label.map(|label| telling::brief(&label).to_owned())
    };
    let state = match filter.state {
        CaseState::All => filter.is_plain().then_some("caseload.filter.all"),
        CaseState::Open => Some("caseload.filter.open"),
        CaseState::HighRisk => Some("caseload.filter.high"),
        CaseState::NotReceived => Some("caseload.filter.not_received"),
    };
    let parts = [
        state.map(|word| say(world, word)),
        filter.due.then(|| say(world, "narrow.due_short")),
        filter.mine.then(|| say(world, "narrow.mine_short")),
        label("case_class", &filter.class),
        label("exploitation_type", &filter.exploitation),
        label("case_status", &filter.status),
        filter.station.as_ref().map(|station| bidi::inert(station)),
        filter.unit.map(|unit| bidi::inert(&world.unit_name(&unit))),
        filter.days.map(|days| words::fill(tongue(lang), "narrow.days", &[("n", &days.to_string())])),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}
