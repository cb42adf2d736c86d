//! Who belongs to the agency: units, people, devices, and the words by which it is known.

use ratatui::layout::Rect;

use crate::ui::{
    keymap::{Act, scrolled},
    msg::RosterPage,
    telling,
    theme::Role,
    turn::{Go, Open, Turn},
    view::Scroll,
    widgets::canvas::{Canvas, Lean},
    world::World,
};

/// The page, scrolled.
#[derive(Debug, Default)]
pub(crate) struct Roster {
    line: u16,
}

/// A line of the page: text, what for, and what stands at its end.
struct Line(String, Role, String);

impl Roster {
    pub(crate) fn key(&mut self, act: Option<Act>, world: &World) -> Turn {
        let page = u16::try_from(world.page()).unwrap_or(20);
        let rows = world.roster.as_ref().map_or(0, |page| page.units.len() + page.members.len() + page.devices.len());
        let most = u16::try_from(rows + 16).unwrap_or(u16::MAX).saturating_sub(page);
        match act {
            Some(Act::Back) => return Turn::go(Go::Back),
            Some(Act::Team) => return Turn::open(Open::Team),
            Some(Act::Keys) => return Turn::open(Open::Keys),
            _ => self.line = scrolled(act, self.line, page, most),
        }
        Turn::stay()
    }

    pub(crate) fn draw(&self, world: &World, scroll: &mut Scroll, canvas: &mut Canvas<'_>, area: Rect) {
        let Some(page) = &world.roster else {
            let text = canvas.say("roster.loading").to_owned();
            canvas.put((area.x + 4, area.y + 2), area.width, &text, Role::Faint);
            return;
        };
        let lines = lines(page, world, canvas);
        let total = u16::try_from(lines.len()).unwrap_or(u16::MAX);
        scroll.line = self.line.min(total.saturating_sub(area.height));
        for (line, y) in lines.iter().skip(usize::from(scroll.line)).zip(area.y..area.bottom()) {
            let Line(text, role, end) = line;
            let taken = canvas.put((area.x, y), area.width, text, *role);
            let left = area.width.saturating_sub(taken + 2);
            canvas.lean((area.right().saturating_sub(left), y), left, end, Role::Faint, Lean::End);
        }
    }
}

fn lines(page: &RosterPage, world: &World, canvas: &Canvas<'_>) -> Vec<Line> {
    let mut out = Vec::new();
    let plain = |text: String, role| Line(text, role, String::new());
    let issued = page.issued.map(|at| telling::clock(at).get(..10).unwrap_or_default().to_owned()).unwrap_or_default();
    let version = canvas.fill("roster.version", &[("n", &page.version.to_string()), ("date", &issued)]);
    out.push(Line(page.agency.clone(), Role::Strong, version));
    if let Some(expires) = page.expires {
        // A clock that is years slow keeps no roster alive: it is at least as late as when this one was made and the hub last answered.
        let evidence = [page.issued, world.road.progress.last_contact].into_iter().flatten().map(|at| at.unix_ms);
        let late = expires.unix_ms <= evidence.fold(world.now.unix_ms, i64::max);
        let key = if late { "roster.expired" } else { "roster.expires" };
        let date = telling::clock(expires);
        let text = canvas.fill(key, &[("date", date.get(..10).unwrap_or_default())]);
        let (text, role) = if late { (format!("! {text}"), Role::Warn) } else { (text, Role::Faint) };
        let confirmed = page.confirmed.map(|days| canvas.fill("roster.confirmed", &[("n", &days.to_string())]));
        out.push(Line(text, role, confirmed.unwrap_or_default()));
    }
    out.push(plain(canvas.say("roster.agency_words").to_owned(), Role::Faint));
    out.push(plain(format!("  {}", page.words.join(" ")), Role::Accent));
    if let Some(who) = &world.who {
        let me = format!("{} · {} · {}", who.member, who.unit, roles(&who.roles, world));
        out.push(Line(canvas.fill("roster.me", &[("who", &me)]), Role::Text, who.device.short()));
    }
    out.push(plain(canvas.say("roster.own_words").to_owned(), Role::Faint));
    out.push(plain(format!("  {}", page.own_words.join(" ")), Role::Accent));
    let heading = |out: &mut Vec<Line>, key: &str| {
        out.push(plain(String::new(), Role::Text));
        out.push(plain(canvas.say(key).to_owned(), Role::Strong));
    };
    heading(&mut out, "roster.units");
    for unit in &page.units {
        let kind = canvas.say(&format!("unit.{}", unit.kind)).to_owned();
        let key = if unit.readable { "roster.readable" } else { "roster.not_readable" };
        let key = if unit.epoch == 0 { "roster.no_key" } else { key };
        out.push(Line(format!("  {}  ({kind})", unit.name), Role::Text, canvas.say(key).to_owned()));
    }
    heading(&mut out, "roster.members");
    for member in &page.members {
        let held: Vec<String> =
            member.roles.iter().map(|(role, unit)| format!("{}, {unit}", role_word(role, world))).collect();
        out.push(Line(canvas.marked(member.me, &member.name), Role::Text, held.join("; ")));
    }
    heading(&mut out, "roster.devices");
    for device in &page.devices {
        let state = canvas.say(&format!("device.{}", device.state)).to_owned();
        let role = if device.state == "active" { Role::Text } else { Role::Faint };
        let named = format!("{}  {}", device.id.short(), device.member);
        out.push(Line(canvas.marked(device.me, &named), role, state));
    }
    out
}

fn roles(codes: &[String], world: &World) -> String {
    codes.iter().map(|code| role_word(code, world)).collect::<Vec<_>>().join(", ")
}

fn role_word(code: &str, world: &World) -> String {
    let tongue = crate::ui::widgets::canvas::tongue(world.settings.lang);
    crate::words::find(tongue, &format!("role.{code}")).map_or_else(|| code.to_owned(), str::to_owned)
}
