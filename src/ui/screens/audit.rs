//! What a key could read, what it can still open and where: read on the screen, and saved to a file as a page or for programs.

use ratatui::{crossterm::event::KeyEvent, layout::Rect};

use crate::{
    ui::{
        audit::{AuditPage, Audited},
        effect::Effect,
        keymap::{Act, Room, scrolled},
        msg::{Msg, Trouble},
        telling,
        theme::Role,
        turn::{Go, Turn},
        view::Scroll,
        widgets::{
            bars,
            canvas::Canvas,
            path::{Asked, Path},
        },
        world::World,
    },
    words,
};

/// The page.
#[derive(Debug)]
pub(crate) struct Audit {
    whose: Audited,
    page: Option<Box<AuditPage>>,
    /// Why there is none.
    trouble: Option<Trouble>,
    line: u16,
    /// Where it is to be saved, and whether for programs.
    save: Option<(Path, bool)>,
    /// Where it was saved.
    saved: Option<String>,
}

impl Audit {
    pub(crate) const fn new(whose: Audited) -> Self {
        Self { whose, page: None, trouble: None, line: 0, save: None, saved: None }
    }

    pub(crate) const fn room(&self) -> Room {
        if self.save.is_some() { Room::Path } else { Room::Audit }
    }

    pub(crate) fn paste(&mut self, text: &str) {
        if let Some((path, _)) = &mut self.save {
            path.paste(text);
        }
    }

    pub(crate) fn hear(&mut self, msg: &Msg) -> Turn {
        match msg {
            Msg::AuditIs { whose, page } if *whose == self.whose => match page {
                Ok(page) => self.page = Some(page.clone()),
                Err(trouble) => self.trouble = Some(trouble.clone()),
            },
            Msg::SaveFailed(trouble) => self.save.iter_mut().for_each(|(path, _)| path.failed(trouble)),
            Msg::PartSaved { path } if self.save.is_some() => {
                self.save = None;
                self.saved = Some(path.clone());
            }
            _ => {}
        }
        Turn::stay()
    }

    pub(crate) fn key(&mut self, key: &KeyEvent, act: Option<Act>, world: &World) -> Turn {
        if let (Some((path, programs)), Some(page)) = (&mut self.save, &self.page) {
            match path.key(key, act) {
                Asked::Still => {}
                Asked::Path(path) => {
                    let (page, programs, lang) = (page.clone(), *programs, world.settings.lang);
                    return Turn::ask(Effect::SaveAudit { page, programs, lang, path });
                }
                Asked::Left | Asked::Stop => self.save = None,
            }
            return Turn::stay();
        }
        match (act, &self.page) {
            (Some(Act::Back), _) => return Turn::go(Go::Back),
            (Some(act @ (Act::SavePage | Act::SaveData)), Some(page)) => {
                let programs = act == Act::SaveData;
                self.saved = None;
                self.save = Some((Path::of(&proposed(page, programs)), programs));
            }
            (act, Some(page)) => {
                // Half a page of lines at least stays: a sentence may take two.
                let (lines, half) = (page.keys.len() + page.told().len() + 1 + page.cases.len(), world.page() / 2);
                let most = u16::try_from(lines.saturating_sub(half)).unwrap_or(u16::MAX);
                self.line = scrolled(act, self.line, u16::try_from(half).unwrap_or(10), most);
            }
            (_, None) => {}
        }
        Turn::stay()
    }

    pub(crate) fn draw(&self, scroll: &mut Scroll, canvas: &mut Canvas<'_>, area: Rect) {
        let (first, role) = match (&self.page, &self.trouble, &self.saved) {
            (None, Some(trouble), _) => {
                (format!("! {}", bars::sentence(canvas, &trouble.word, &trouble.detail)), Role::Warn)
            }
            (None, None, _) => (canvas.say("audit.looking").to_owned(), Role::Faint),
            (Some(_), _, Some(path)) => (canvas.fill("audit.saved", &[("path", path)]), Role::Good),
            (Some(page), _, None) => {
                let when = telling::clock(page.written);
                (canvas.fill("audit.asked", &[("asked", &shown(page)), ("when", &when)]), Role::Faint)
            }
        };
        let taken = canvas.paragraph(Rect { height: 2.min(area.height), ..area }, &first, role);
        let mut y = area.y.saturating_add(taken + 1);
        scroll.line = self.line;
        let lines = self.page.as_ref().map(|page| lines(page, canvas)).unwrap_or_default();
        for (text, role) in lines.iter().skip(usize::from(self.line)) {
            let height = area.bottom().saturating_sub(y).min(2);
            if height == 0 {
                break;
            }
            let taken = canvas.paragraph(Rect { y, height, ..area }, text, *role);
            y = y.saturating_add(taken.max(1));
        }
        if let Some((path, programs)) = &self.save {
            let heading = canvas.say(if *programs { "audit.save_data" } else { "audit.save_page" }).to_owned();
            let hint = canvas.say("audit.save_hint").to_owned();
            path.draw(canvas, area, &heading, &hint);
        }
    }
}

/// What was asked, as people compare it: the beginning of an id, or a name.
fn shown(page: &AuditPage) -> String {
    let id = page.asked.len() == 64 && page.asked.chars().all(|letter| letter.is_ascii_hexdigit());
    page.asked.chars().take(if id { 8 } else { 48 }).collect()
}

/// A file's name that will do for most: letters and figures of what was asked.
fn proposed(page: &AuditPage, programs: bool) -> String {
    let asked: String = page.asked.chars().filter(|letter| letter.is_alphanumeric()).take(8).collect();
    format!("audit-{}.{}", asked.to_lowercase(), if programs { "json" } else { "html" })
}

/// The sentences first, then the keys, then the cases.
fn lines(page: &AuditPage, canvas: &Canvas<'_>) -> Vec<(String, Role)> {
    let tongue = canvas.tongue();
    let mut lines: Vec<(String, Role)> = Vec::new();
    for sentence in page.told() {
        let blanks = sentence.blanks.iter().map(|(blank, text, _)| (blank.as_str(), words::spoken(tongue, text)));
        let text = canvas.fill(&sentence.key, &blanks.collect::<Vec<_>>());
        lines.push(if sentence.alarm { (format!("! {text}"), Role::Warn) } else { (text, Role::Text) });
    }
    lines.push((String::new(), Role::Text));
    for (id, of) in &page.keys {
        let short: String = id.chars().take(8).collect();
        let of = if tongue == words::Tongue::En { &of.en } else { &of.ur };
        lines.push((format!("{of}  {short}"), Role::Faint));
    }
    lines.extend(page.cases.iter().map(|found| {
        let (could, now) = (found.could.to_string(), found.now.to_string());
        let text = canvas.fill("audit.of_case", &[("case", &found.case.short()), ("could", &could), ("now", &now)]);
        (text, if found.now > 0 { Role::Warn } else { Role::Text })
    }));
    lines
}
