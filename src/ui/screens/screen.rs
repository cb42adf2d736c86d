//! The closed set of screens, and the same few questions put to each of them.

use ratatui::{crossterm::event::KeyEvent, layout::Rect};

use super::{
    Aside, Audit, Case, Caseload, Confirm, EntryView, Form, Help, Keys, Outbox, Review, Roster, Rotation, Stick, Team,
    Today, Unlock, Welcome,
};
use crate::ui::{
    keymap::{Act, Room},
    msg::Msg,
    pointing::Spot,
    turn::Turn,
    view::Scroll,
    widgets::canvas::Canvas,
    world::World,
};

/// One layer of the interface.
#[derive(Debug)]
pub(crate) enum Screen {
    Welcome(Box<Welcome>),
    Unlock(Unlock),
    Caseload(Caseload),
    Case(Case),
    Entry(EntryView),
    Form(Box<Form>),
    Confirm(Box<Confirm>),
    Outbox(Outbox),
    Stick(Box<Stick>),
    Today(Today),
    Review(Review),
    Roster(Roster),
    Team(Team),
    Keys(Keys),
    Rotation(Rotation),
    Audit(Audit),
    Aside(Aside),
    Help(Help),
}

impl Screen {
    /// Which keys hold.
    pub(crate) const fn room(&self) -> Room {
        match self {
            Self::Welcome(_) => Room::Welcome,
            Self::Unlock(screen) => screen.room(),
            Self::Caseload(screen) => screen.room(),
            Self::Case(screen) => screen.room(),
            Self::Entry(screen) => screen.room(),
            Self::Form(screen) => screen.room(),
            Self::Confirm(_) => Room::Confirm,
            Self::Outbox(_) => Room::Outbox,
            Self::Stick(screen) => screen.room(),
            Self::Today(_) => Room::Today,
            Self::Review(_) => Room::Review,
            Self::Roster(_) => Room::Roster,
            Self::Team(_) => Room::Team,
            Self::Keys(_) => Room::Keys,
            Self::Rotation(_) => Room::Rotation,
            Self::Audit(screen) => screen.room(),
            Self::Aside(screen) => screen.room(),
            Self::Help(_) => Room::Help,
        }
    }

    /// Whether what a key asks for can be had now: the bar offers nothing else.
    pub(crate) fn does(&self, act: Act, world: &World) -> bool {
        match self {
            Self::Caseload(_) => Caseload::does(act, world),
            Self::Case(screen) => screen.does(act, world),
            Self::Entry(screen) => screen.does(act, world),
            Self::Stick(screen) => screen.does(act),
            Self::Keys(screen) => screen.does(act, world),
            Self::Outbox(_) => act != Act::Stop || world.road.progress.running,
            _ => true,
        }
    }

    /// A key, and what the table says it asks for.
    pub(crate) fn key(&mut self, key: &KeyEvent, act: Option<Act>, world: &World) -> Turn {
        match self {
            Self::Welcome(screen) => screen.key(key, act),
            Self::Unlock(screen) => screen.key(key, act),
            Self::Caseload(screen) => screen.key(key, act, world),
            Self::Case(screen) => screen.key(key, act, world),
            Self::Entry(screen) => screen.key(key, act, world),
            Self::Form(screen) => screen.key(key, act, world),
            Self::Confirm(screen) => screen.key(key, act, world),
            Self::Outbox(screen) => screen.key(act, world),
            Self::Stick(screen) => screen.key(key, act, world),
            Self::Today(screen) => screen.key(act, world),
            Self::Review(screen) => screen.key(act, world),
            Self::Roster(screen) => screen.key(act, world),
            Self::Team(screen) => screen.key(act, world),
            Self::Keys(screen) => screen.key(key, act, world),
            Self::Rotation(screen) => screen.key(act),
            Self::Audit(screen) => screen.key(key, act, world),
            Self::Aside(screen) => screen.key(key, act, world),
            Self::Help(screen) => screen.key(act),
        }
    }

    /// A pasted text, where text is typed.
    pub(crate) fn paste(&mut self, text: &str, world: &World) -> Turn {
        match self {
            Self::Welcome(screen) => return screen.paste(text),
            Self::Unlock(screen) => screen.paste(text),
            Self::Caseload(screen) => screen.paste(text, world),
            Self::Form(screen) => return screen.paste(text, world),
            Self::Confirm(screen) => screen.paste(text),
            Self::Stick(screen) => screen.paste(text),
            Self::Case(screen) => screen.paste(text),
            Self::Entry(screen) => screen.paste(text),
            Self::Aside(screen) => screen.paste(text),
            Self::Audit(screen) => screen.paste(text),
            Self::Keys(screen) => screen.paste(text),
            Self::Outbox(_)
            | Self::Today(_)
            | Self::Review(_)
            | Self::Roster(_)
            | Self::Team(_)
            | Self::Rotation(_)
            | Self::Help(_) => {}
        }
        Turn::stay()
    }

    /// What a pointer can choose or move here.
    pub(crate) fn spot(&mut self, world: &World) -> Spot<'_> {
        match self {
            Self::Unlock(screen) => screen.spot(),
            Self::Caseload(screen) => screen.spot(world),
            Self::Case(screen) => screen.spot(world),
            Self::Entry(screen) => screen.spot(),
            Self::Form(screen) => screen.spot(),
            Self::Confirm(screen) => screen.spot(world),
            Self::Outbox(screen) => screen.spot(world),
            Self::Stick(screen) => screen.spot(world),
            Self::Today(screen) => screen.spot(world),
            Self::Review(screen) => screen.spot(world),
            Self::Keys(screen) => screen.spot(world),
            Self::Aside(screen) => screen.spot(world),
            Self::Audit(screen) if screen.room() == Room::Path => Spot::Nothing,
            Self::Roster(_) | Self::Team(_) | Self::Audit(_) | Self::Help(_) => Spot::Lines,
            Self::Welcome(_) | Self::Rotation(_) => Spot::Nothing,
        }
    }

    /// A row was chosen by the pointer: what follows from it on the page.
    pub(crate) fn pointed(&mut self, world: &World) {
        match self {
            Self::Caseload(screen) => screen.note_place(world),
            Self::Stick(screen) => screen.take_place(),
            _ => {}
        }
    }

    /// Something that came home.
    pub(crate) fn hear(&mut self, msg: &Msg, world: &World) -> Turn {
        match self {
            Self::Welcome(screen) => screen.hear(msg),
            Self::Unlock(screen) => screen.hear(msg, world),
            Self::Confirm(screen) => screen.hear(msg, world),
            Self::Stick(screen) => screen.hear(msg, world),
            Self::Case(screen) => screen.hear(msg, world),
            Self::Entry(screen) => screen.hear(msg),
            Self::Aside(screen) => screen.hear(msg, world),
            Self::Audit(screen) => screen.hear(msg),
            Self::Rotation(screen) => screen.hear(msg),
            Self::Keys(screen) => screen.hear(msg),
            Self::Outbox(_)
            | Self::Caseload(_)
            | Self::Form(_)
            | Self::Today(_)
            | Self::Review(_)
            | Self::Roster(_)
            | Self::Team(_)
            | Self::Help(_) => Turn::stay(),
        }
    }

    /// The world has changed.
    pub(crate) fn refresh(&mut self, world: &World) {
        match self {
            Self::Caseload(screen) => screen.refresh(world),
            Self::Case(screen) => screen.refresh(world),
            Self::Form(screen) => screen.refresh(world),
            Self::Today(screen) => screen.refresh(world),
            Self::Review(screen) => screen.refresh(world),
            Self::Welcome(_)
            | Self::Unlock(_)
            | Self::Entry(_)
            | Self::Confirm(_)
            | Self::Outbox(_)
            | Self::Stick(_)
            | Self::Roster(_)
            | Self::Team(_)
            | Self::Keys(_)
            | Self::Rotation(_)
            | Self::Audit(_)
            | Self::Aside(_)
            | Self::Help(_) => {}
        }
    }

    /// What stands at the top of the screen: its name, and what it is about.
    pub(crate) fn heading(&self, world: &World, canvas: &Canvas<'_>) -> (String, String) {
        match self {
            Self::Welcome(screen) => (canvas.say("welcome.title").to_owned(), screen.step_name(canvas)),
            Self::Unlock(_) => (canvas.say("unlock.title").to_owned(), String::new()),
            Self::Caseload(_) => (canvas.say("caseload.title").to_owned(), unit(world)),
            Self::Case(screen) => (screen.title(world, canvas), unit(world)),
            Self::Entry(screen) => screen.heading(world, canvas),
            Self::Form(screen) => screen.heading(world, canvas),
            Self::Confirm(screen) => screen.heading(world, canvas),
            Self::Outbox(_) => (canvas.say("outbox.title").to_owned(), unit(world)),
            Self::Stick(_) => (canvas.say("stick.title").to_owned(), unit(world)),
            Self::Today(_) => (canvas.say("today.title").to_owned(), unit(world)),
            Self::Review(_) => (canvas.say("review.title").to_owned(), unit(world)),
            Self::Roster(_) => (canvas.say("roster.title").to_owned(), unit(world)),
            Self::Team(_) => (canvas.say("team.title").to_owned(), unit(world)),
            Self::Keys(_) => (canvas.say("keys.title").to_owned(), unit(world)),
            Self::Audit(_) => (canvas.say("audit.title").to_owned(), unit(world)),
            Self::Rotation(_) => (canvas.say("rotation.title").to_owned(), unit(world)),
            Self::Aside(_) => (canvas.say("aside.title").to_owned(), unit(world)),
            Self::Help(_) => (canvas.say("help.title").to_owned(), String::new()),
        }
    }

    /// Draws what is between the heading and the bars.
    pub(crate) fn draw(&self, world: &World, scroll: &mut Scroll, canvas: &mut Canvas<'_>, area: Rect) {
        match self {
            Self::Welcome(screen) => screen.draw(canvas, area),
            Self::Unlock(screen) => screen.draw(world, canvas, area),
            Self::Caseload(screen) => screen.draw(world, canvas, area),
            Self::Case(screen) => screen.draw(world, canvas, area),
            Self::Entry(screen) => screen.draw(world, scroll, canvas, area),
            Self::Form(screen) => screen.draw(world, scroll, canvas, area),
            Self::Confirm(screen) => screen.draw(world, canvas, area),
            Self::Outbox(screen) => screen.draw(world, canvas, area),
            Self::Stick(screen) => screen.draw(world, canvas, area),
            Self::Today(screen) => screen.draw(world, canvas, area),
            Self::Review(screen) => screen.draw(world, canvas, area),
            Self::Roster(screen) => screen.draw(world, scroll, canvas, area),
            Self::Team(screen) => screen.draw(world, scroll, canvas, area),
            Self::Keys(screen) => screen.draw(world, scroll, canvas, area),
            Self::Audit(screen) => screen.draw(scroll, canvas, area),
            Self::Rotation(screen) => screen.draw(world, canvas, area),
            Self::Aside(screen) => screen.draw(canvas, area),
            Self::Help(screen) => screen.draw(scroll, canvas, area),
        }
    }
}

fn unit(world: &World) -> String {
    world.who.as_ref().map(|who| who.unit.clone()).unwrap_or_default()
}
