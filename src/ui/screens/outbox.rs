//! What headquarters has and has not: counts, the road, what waits, and sticks.

use ratatui::layout::Rect;

use super::{caseload::mark, stick::Way, today::NUMBER};
use crate::{
    model::{Content, Delivery, Entry, put_in_order},
    ui::{
        effect::Effect,
        keymap::Act,
        pointing::{Rows, Spot},
        telling,
        theme::Role,
        turn::{Go, Open, Turn},
        widgets::{
            bars,
            canvas::{Canvas, Lean},
            list::List,
        },
        world::World,
    },
    words,
};

/// The outbox.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    list: List,
}

/// Rows above the list.
const ABOVE: u16 = 10;
/// Columns of a day with its hour.
const WHEN: u16 = 16;

impl Outbox {
    pub(crate) fn key(&mut self, act: Option<Act>, world: &World) -> Turn {
        match act {
            Some(Act::Sync) => return Turn::ask(Effect::Sync),
            Some(Act::Stop) if world.road.progress.running => return Turn::ask(Effect::StopSync),
            Some(Act::WriteBundle) => return Turn::open(Open::Stick(Way::Out)),
            Some(Act::ReadBundle) => return Turn::open(Open::Stick(Way::In)),
            Some(Act::Aside) => return Turn::open(Open::Aside),
            Some(Act::Back) => return Turn::go(Go::Back),
            Some(act) => {
                let page = world.page().saturating_sub(usize::from(ABOVE));
                self.list.go(act, waiting(world).len(), page);
            }
            None => {}
        }
        Turn::stay()
    }

    pub(crate) fn spot(&mut self, world: &World) -> Spot<'_> {
        let (page, first) = (world.page().saturating_sub(usize::from(ABOVE)), world.body().y + ABOVE);
        Spot::Rows(Rows { list: &mut self.list, len: waiting(world).len(), page, first, each: 1 })
    }

    pub(crate) fn draw(&self, world: &World, canvas: &mut Canvas<'_>, area: Rect) {
        let counts = world.road.counts;
        let third = area.width / 3;
        for ((delivery, number, word), x) in [
            (Delivery::Kept, counts.kept, "outbox.kept"),
            (Delivery::HandedOver, counts.handed_over, "outbox.handed_over"),
            (Delivery::Received, counts.received, "outbox.received"),
        ]
        .into_iter()
        .zip([0, third, 2 * third])
        {
            let title = mark(delivery, canvas);
            // The gap is no part of the text: a number reads from left to right on either screen, and would leave it on the wrong side.
            let taken = canvas.put((area.x + x, area.y), third, &number.to_string(), Role::Strong) + 2;
            canvas.put((area.x + x + taken, area.y), third.saturating_sub(taken), &title, Role::Text);
            let text = canvas.say(word).to_owned();
            canvas.put((area.x + x, area.y + 1), third.saturating_sub(2), &text, Role::Faint);
        }
        self.draw_road(world, canvas, Rect { y: area.y + 3, height: 5, ..area });
        self.draw_waiting(
            world,
            canvas,
            Rect { y: area.y + ABOVE - 1, height: area.height.saturating_sub(ABOVE - 1), ..area },
        );
    }

    /// The courier in sentences: with whom, when last, what is wrong, when again.
    fn draw_road(&self, world: &World, canvas: &mut Canvas<'_>, area: Rect) {
        let road = &world.road;
        let progress = &road.progress;
        let mut lines: Vec<(String, Role)> = Vec::new();
        let hub = if progress.hub.is_empty() { canvas.say("outbox.no_hub").to_owned() } else { progress.hub.clone() };
        let last = match progress.last_contact {
            Some(at) => canvas.fill("outbox.last_contact", &[("hub", &hub), ("time", &telling::clock(at))]),
            None => canvas.fill("outbox.never", &[("hub", &hub)]),
        };
        lines.push((last, Role::Text));
        if progress.running {
            let total = progress.to_send.max(1);
            let filled = (progress.sent * 20 / total).min(20);
            let bar: String = (0..20).map(|at| if at < filled { '▰' } else { '▱' }).collect();
            let numbers = [progress.sent.to_string(), progress.to_send.to_string(), progress.pulled.to_string()];
            let [sent, to_send, pulled] = numbers.each_ref().map(String::as_str);
            let word = if progress.to_send == 0 { "outbox.asking" } else { "outbox.running" };
            let text = canvas.fill(word, &[("sent", sent), ("total", to_send), ("pulled", pulled)]);
            lines.push((format!("{bar}  {text}"), Role::Accent));
        }
        if progress.files_left > 0 {
            let text = canvas.fill("outbox.files_left", &[("size", &telling::size(progress.files_left))]);
            lines.push((text, Role::Accent));
        }
        if progress.files_wait > 0 {
            let text = canvas.fill("outbox.files_wait", &[("size", &telling::size(progress.files_wait))]);
            lines.push((format!("! {text}"), Role::Warn));
        }
        if let Some(trouble) = &road.trouble {
            lines.push((format!("! {}", bars::sentence(canvas, &trouble.word, &trouble.detail)), Role::Warn));
            if let Some(at) = road.next_try {
                let time = telling::clock(at);
                lines.push((
                    canvas.fill("outbox.next_try", &[("time", time.get(11..).unwrap_or_default())]),
                    Role::Faint,
                ));
            }
        }
        if progress.quarantined > 0 {
            lines.push((
                format!(
                    "! {} {}",
                    words::count(canvas.tongue(), "outbox.quarantined", progress.quarantined),
                    canvas.say("outbox.aside_key")
                ),
                Role::Warn,
            ));
        }
        if progress.by_clock {
            lines.push((canvas.say("outbox.by_clock").to_owned(), Role::Faint));
        }
        let mut y = area.y;
        for (text, role) in lines {
            if y < area.bottom() {
                y += canvas.paragraph(Rect { y, height: area.bottom() - y, ..area }, &text, role);
            }
        }
    }

    fn draw_waiting(&self, world: &World, canvas: &mut Canvas<'_>, area: Rect) {
        let rows = waiting(world);
        let heading = canvas.say(if rows.is_empty() { "outbox.all_received" } else { "outbox.waiting" }).to_owned();
        let role = if rows.is_empty() { Role::Good } else { Role::Accent };
        let sign = if rows.is_empty() { "✓ " } else { "" };
        canvas.lean((area.x, area.y), area.width, &format!("{sign}{heading}"), role, Lean::Own);
        let page = usize::from(area.height.saturating_sub(1));
        for (at, y) in self.list.shown(rows.len(), page).zip(area.y + 1..area.bottom()) {
            let Some(entry) = rows.get(at) else { continue };
            let role = if at == self.list.at { Role::Selected } else { Role::Text };
            canvas.wash(Rect { x: area.x, y, width: area.width, height: 1 }, role);
            let wide = area.width.saturating_sub(WHEN + NUMBER + 13 + 4);
            let x = area.x + WHEN + 2;
            canvas.put((area.x, y), WHEN, &telling::clock(entry.times.device), role);
            canvas.put((x, y), wide, &what(entry, world, canvas), role);
            canvas.put((x + wide + 1, y), NUMBER, &world.short(&entry.case), role);
            canvas.put((x + wide + NUMBER + 2, y), 13, &mark(world.delivery(entry), canvas), role);
        }
    }
}

/// This device's entries that headquarters has not signed for, newest first.
fn waiting(world: &World) -> Vec<&Entry> {
    let me = world.device();
    let files = world.book.cases().flat_map(|file| file.entries.iter());
    let mut rows: Vec<&Entry> = files
        .filter_map(|id| world.book.entry(id))
        .chain(world.book.same_entries())
        .filter(|entry| Some(entry.author.device) == me && world.delivery(entry) != Delivery::Received)
        .collect();
    put_in_order(&mut rows);
    rows.reverse();
    rows
}

/// The kind of an entry; nothing of what it says.
fn what(entry: &Entry, world: &World, canvas: &Canvas<'_>) -> String {
    let lang = world.settings.lang;
    let key = match &entry.content {
        Content::Sheet(sheet) => {
            let form = world.codebook.form(sheet.form());
            return form.map_or_else(|| sheet.form().to_string(), |form| form.title.get(lang).to_owned());
        }
        Content::Names(_) => "kind.names",
        Content::Amendment(_) => "kind.amendment",
        Content::Access(_) => "kind.access",
        Content::Opened(_) => "kind.opened",
        Content::Handover(_) => "kind.handover",
        Content::Attachments(_) => "kind.attachments",
        Content::Other(_) => "kind.other",
    };
    canvas.say(key).to_owned()
}
