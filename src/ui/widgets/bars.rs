//! The frame of every screen: what it is called, which keys hold, how far things have come.

use ratatui::layout::Rect;

use super::canvas::{Canvas, Lean};
use crate::{
    model::{Lang, Moment},
    ui::{
        App, bidi,
        keymap::{self, Act, Room},
        telling,
        theme::Role,
        world::World,
    },
};

/// The two rows at the top: the program and the screen on the left, what it is about on the right, a line under both.
pub(crate) fn heading(canvas: &mut Canvas<'_>, area: Rect, (title, about): &(String, String)) {
    let name = canvas.say("app.name");
    let mut x = area.x + 1;
    x += canvas.put((x, area.y), 20, name, Role::Accent);
    x += canvas.put((x, area.y), 3, " · ", Role::Faint);
    let room = area.right().saturating_sub(x + 1);
    let taken = canvas.put((x, area.y), room, title, Role::Strong);
    let left = room.saturating_sub(taken + 2);
    canvas.lean((area.right().saturating_sub(1 + left), area.y), left, about, Role::Faint, Lean::End);
    canvas.rule(area.x, area.y + 1, area.width);
}

/// How old the roster is, on the line under the heading of every page: red where a newer one is in force and has not come, amber past its
/// end, red a month later. It never keeps anybody from working (`FORMATS.md` section 5).
pub(crate) fn roster_age(canvas: &mut Canvas<'_>, area: Rect, world: &World) {
    let Some(page) = world.roster.as_ref().filter(|_| world.who.is_some()) else { return };
    let width = area.width.saturating_sub(2);
    if let Some(newer) = page.withheld {
        let text = format!(" ✗ {} ", canvas.fill("status.roster_withheld", &[("n", &newer.to_string())]));
        canvas.lean((area.x + 1, area.y), width, &text, Role::Bad, Lean::End);
        return;
    }
    let past = |at: Option<Moment>| at.is_some_and(|at| world.now.unix_ms >= at.unix_ms);
    let Some(expires) = page.expires.filter(|_| past(page.expires)) else { return };
    let (sign, word, role) = match past(page.red) {
        true => ("✗", "status.roster_red", Role::Bad),
        false => ("!", "status.roster_amber", Role::Warn),
    };
    let date = telling::clock(expires);
    let date = date.get(..10).unwrap_or_default();
    let text = format!(" {sign} {} ", canvas.fill(word, &[("date", date)]));
    canvas.lean((area.x + 1, area.y), width, &text, role, Lean::End);
}

/// That the agency wants a newer program, on the line above the keys of every page: the one under the heading is the roster's. It keeps
/// nobody from working either.
pub(crate) fn old_program(canvas: &mut Canvas<'_>, area: Rect, world: &World) {
    let page = world.roster.as_ref().filter(|_| world.who.is_some());
    let Some(wanted) = page.and_then(|page| page.wanted.as_ref()) else { return };
    let text = format!(" ! {} ", canvas.fill("status.old_program", &[("version", wanted)]));
    canvas.lean((area.x + 1, area.y), area.width.saturating_sub(2), &text, Role::Warn, Lean::Start);
}

/// The keys that hold here, as many as fit. Help is always among them; hiding and the language where there is room.
pub(crate) fn keys(canvas: &mut Canvas<'_>, area: Rect, room: Room, does: impl Fn(Act) -> bool) {
    canvas.rule(area.x, area.y - 1, area.width);
    // A key that would do nothing now is not offered.
    let lines = keymap::bar(room).into_iter().filter(|line| does(line.act));
    let (own, always): (Vec<_>, Vec<_>) = lines.partition(|line| line.rank() < 20);
    let wide = |canvas: &Canvas<'_>, line: &keymap::Line| {
        bidi::columns(&line.shown()) + 1 + bidi::columns(canvas.say(&format!("key.{}", line.word))) + 2
    };
    // What holds everywhere is drawn from the end; its first key keeps its place in any case.
    let kept = always.first().map_or(0, |line| wide(canvas, line));
    let mut x = area.x + 1;
    for line in own {
        if x + wide(canvas, line) + kept > area.right() {
            break;
        }
        x += one_key(canvas, (x, area.y), line);
    }
    let mut room = area.right().saturating_sub(x);
    let fitting: Vec<_> = always
        .into_iter()
        .take_while(|line| {
            let fits = wide(canvas, line) <= room;
            room = room.saturating_sub(wide(canvas, line));
            fits
        })
        .collect();
    let mut x = area.right() + 1 - fitting.iter().map(|line| wide(canvas, line)).sum::<u16>();
    for line in fitting {
        x += one_key(canvas, (x, area.y), line);
    }
}

fn one_key(canvas: &mut Canvas<'_>, (x, y): (u16, u16), line: &keymap::Line) -> u16 {
    let key = line.shown();
    let word = canvas.say(&format!("key.{}", line.word)).to_owned();
    let wide = canvas.put((x, y), 20, &key, Role::Key) + 1;
    wide + canvas.put((x + wide, y), 30, &word, Role::Text) + 2
}

/// The last row: how far our entries have come, what the courier does, the clock, the language.
pub(crate) fn status(canvas: &mut Canvas<'_>, area: Rect, app: &App) {
    let world = &app.world;
    let language = if world.settings.lang == Lang::En { "EN" } else { "UR" };
    let right = format!("{} PKT  {language}", telling::clock(world.now).get(11..).unwrap_or_default());
    let (x, y, width) = (area.x + 1, area.y, area.width.saturating_sub(2));
    canvas.lean((x, y), width, &right, Role::Faint, Lean::End);
    let room = width.saturating_sub(bidi::columns(&right) + 2);
    if let Some(notice) = &app.notice {
        let text = format!("! {}", sentence(canvas, &notice.word, &notice.detail));
        if bidi::columns(&text) <= room {
            canvas.put((x, y), room, &text, Role::Warn);
            return;
        }
        // One that is longer stands above the keys for as long as it stands: at its end it says what to do.
        let height = Canvas::lines(&text, width);
        let strip = Rect { y: y.saturating_sub(1 + height), height, ..area };
        canvas.wipe(strip);
        canvas.paragraph(Rect { x, width, ..strip }, &text, Role::Warn);
    }
    if world.who.is_none() {
        return;
    }
    let counts = world.road.counts;
    let text = canvas.fill(
        "status.counts",
        &[
            ("kept", &counts.kept.to_string()),
            ("handed", &counts.handed_over.to_string()),
            ("received", &counts.received.to_string()),
        ],
    );
    let taken = canvas.put((x, y), room, &text, Role::Text);
    let (road, role) = road(canvas, app);
    canvas.put((x + taken + 3, y), room.saturating_sub(taken + 3), &road, role);
}

/// What the courier does, in a few words.
fn road(canvas: &Canvas<'_>, app: &App) -> (String, Role) {
    let road = &app.world.road;
    let progress = &road.progress;
    if let Some(replay) = road.replay {
        let numbers = [("done", replay.done.to_string()), ("total", replay.total.to_string())];
        let blanks: Vec<_> = numbers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        return (canvas.fill("status.replaying", &blanks), Role::Faint);
    }
    if progress.running && progress.to_send == 0 {
        // Nothing has been said by headquarters yet, or there is nothing to send: numbers would say less than words.
        return (canvas.say("status.asking").to_owned(), Role::Accent);
    }
    if progress.running {
        let (sent, total) = (progress.sent.to_string(), progress.to_send.to_string());
        return (canvas.fill("status.syncing", &[("sent", &sent), ("total", &total)]), Role::Accent);
    }
    if let Some(trouble) = &road.trouble {
        // No network is everyday; somebody else in headquarters' place is not.
        let word = if trouble.word == "sync.other_key" { "status.other_key" } else { "status.not_reached" };
        return (canvas.say(word).to_owned(), Role::Warn);
    }
    match progress.last_contact {
        Some(at) => (canvas.fill("status.last_contact", &[("time", &when(app.world.now, at))]), Role::Faint),
        None => (canvas.say("status.never").to_owned(), Role::Faint),
    }
}

/// The time if it was today, else the day.
fn when(now: crate::model::Moment, at: crate::model::Moment) -> String {
    let (now, at) = (telling::clock(now), telling::clock(at));
    let (day, time) = at.split_at(at.len().min(10));
    if now.starts_with(day) { time.trim().to_owned() } else { day.to_owned() }
}

/// A sentence with its particulars. A key that nobody knows is not shown to people if there is anything else to show.
pub(crate) fn sentence(canvas: &Canvas<'_>, word: &str, detail: &str) -> String {
    let told = crate::words::spoken(canvas.tongue(), detail);
    // A failure has its own words. Where they are in English alone, whoever reads Urdu is told of what kind it is first.
    let own = canvas.tongue() == crate::words::Tongue::En || told != detail;
    let detail = told;
    if word.starts_with("failure.") && own {
        return detail.to_owned();
    }
    match (crate::words::find(canvas.tongue(), word), detail) {
        (Some(text), "") => text.to_owned(),
        (Some(text), detail) => format!("{text} ({detail})"),
        (None, "") => word.to_owned(),
        (None, detail) => detail.to_owned(),
    }
}
