//! A supervisor's people: when each device last spoke to the hub, and what it said of itself then. Counts and times, no case.

use ratatui::layout::Rect;

use crate::ui::{
    effect::Effect,
    keymap::{Act, scrolled},
    msg::{TeamPage, TeamRow, TeamWord},
    telling,
    theme::Role,
    turn::{Go, Turn},
    view::Scroll,
    widgets::canvas::{Canvas, Lean},
    world::World,
};

/// A clock within these is right enough, in milliseconds.
const RIGHT: i64 = 2 * 60_000;
const MINUTE: i64 = 60_000;
/// A clock that is off by more is worth a look.
const WRONG: i64 = 60 * MINUTE;

/// The page, scrolled.
#[derive(Debug, Default)]
pub(crate) struct Team {
    line: u16,
}

struct Line(String, Role, String);

impl Team {
    pub(crate) fn key(&mut self, act: Option<Act>, world: &World) -> Turn {
        let page = u16::try_from(world.page()).unwrap_or(20);
        let rows = world.team.as_ref().map_or(0, |page| page.rows.len());
        let most = u16::try_from(rows.saturating_mul(4).saturating_add(2)).unwrap_or(u16::MAX).saturating_sub(page);
        match act {
            Some(Act::Back) => return Turn::go(Go::Back),
            Some(Act::Sync) => return Turn::ask(Effect::Sync),
            _ => self.line = scrolled(act, self.line, page, most),
        }
        Turn::stay()
    }

    pub(crate) fn draw(&self, world: &World, scroll: &mut Scroll, canvas: &mut Canvas<'_>, area: Rect) {
        let supervises = world.who.as_ref().is_some_and(|who| who.roles.iter().any(|role| role == "supervisor"));
        let Some(page) = world.team.as_ref().filter(|_| supervises) else {
            let key = if supervises { "team.not_asked" } else { "team.not_yours" };
            let text = canvas.say(key).to_owned();
            let width = area.width.saturating_sub(8);
            canvas.paragraph(
                Rect { x: area.x + 4, y: area.y + 2, width, height: 4.min(area.height) },
                &text,
                Role::Faint,
            );
            return;
        };
        let lines = lines(page, world, canvas);
        let total = u16::try_from(lines.len()).unwrap_or(u16::MAX);
        scroll.line = self.line.min(total.saturating_sub(area.height));
        for (Line(text, role, end), y) in lines.iter().skip(usize::from(scroll.line)).zip(area.y..area.bottom()) {
            let taken = canvas.put((area.x, y), area.width, text, *role);
            let left = area.width.saturating_sub(taken + 2);
            canvas.lean((area.right().saturating_sub(left), y), left, end, Role::Faint, Lean::End);
        }
    }
}

fn lines(page: &TeamPage, world: &World, canvas: &Canvas<'_>) -> Vec<Line> {
    let plain = |text: String, role| Line(text, role, String::new());
    let asked = canvas.fill("team.asked", &[("time", &telling::clock(page.asked))]);
    let mut out = vec![plain(asked, Role::Faint), plain(canvas.say("team.later").to_owned(), Role::Faint)];
    for row in &page.rows {
        let roles: Vec<String> = row.roles.iter().map(|code| role_word(code, world)).collect();
        let contact = row.contact.map(telling::clock).unwrap_or_default();
        out.push(plain(String::new(), Role::Text));
        let named = format!("{} · {}", row.member, roles.join(", "));
        out.push(Line(canvas.marked(row.me, &named), Role::Text, contact));
        let (told, role) = told(row, page, canvas);
        let mark = if role == Role::Warn { "!" } else { " " };
        let signs = std::iter::once(mark).chain(std::iter::repeat(" "));
        out.extend(told.into_iter().zip(signs).map(|(text, sign)| plain(format!("  {sign} {text}"), role)));
    }
    out
}

/// What is known of a device, in words, and whether it is worth a look.
fn told(row: &TeamRow, page: &TeamPage, canvas: &Canvas<'_>) -> (Vec<String>, Role) {
    let say = |key: &str| canvas.say(key).to_owned();
    match (row.device, row.contact, row.said) {
        (None, ..) => (vec![say("team.no_device")], Role::Faint),
        (_, None, _) => {
            let since = canvas.fill("team.silent", &[("since", &telling::clock(page.since))]);
            (vec![since, say("team.not_known")], Role::Warn)
        }
        (_, Some(_), None) => (vec![say("team.says_nothing"), say("team.not_known")], Role::Faint),
        (_, Some(_), Some(said)) => {
            let TeamWord { roster, waiting, aside, ahead_ms } = said;
            let waits = canvas.fill("team.waits", &[("n", &waiting.to_string())]);
            let waits = if waiting == 0 { say("team.nothing_waits") } else { waits };
            let old = roster < page.roster;
            let key = if old { "team.old_roster" } else { "team.roster" };
            let held = canvas.fill(key, &[("n", &roster.to_string()), ("newest", &page.roster.to_string())]);
            let set_aside = canvas.fill("team.aside", &[("n", &aside.to_string())]);
            let odd = old || aside > 0 || ahead_ms.is_some_and(|ahead| ahead.abs() > WRONG);
            let told = vec![[waits, set_aside].join(" · "), [held, clock(ahead_ms, canvas)].join(" · ")];
            (told, if odd { Role::Warn } else { Role::Text })
        }
    }
}

fn clock(ahead_ms: Option<i64>, canvas: &Canvas<'_>) -> String {
    let Some(ahead) = ahead_ms else { return canvas.say("team.clock_unknown").to_owned() };
    if ahead.abs() <= RIGHT {
        return canvas.say("team.clock_right").to_owned();
    }
    let minutes = ahead.abs() / MINUTE;
    let (days, hours) = (minutes / 1_440, minutes / 60);
    let off = match (days, hours) {
        (1.., _) => canvas.fill("team.days", &[("d", &days.to_string()), ("h", &(hours % 24).to_string())]),
        (_, 1..) => canvas.fill("team.hours", &[("h", &hours.to_string()), ("m", &(minutes % 60).to_string())]),
        _ => canvas.fill("team.minutes", &[("m", &minutes.to_string())]),
    };
    canvas.fill(if ahead > 0 { "team.clock_fast" } else { "team.clock_slow" }, &[("off", &off)])
}

fn role_word(code: &str, world: &World) -> String {
    let tongue = crate::ui::widgets::canvas::tongue(world.settings.lang);
    crate::words::find(tongue, &format!("role.{code}")).map_or_else(|| code.to_owned(), str::to_owned)
}
