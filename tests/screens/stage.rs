//! A stage to play the interface on: the real screens and forms, with workers that answer at once and from memory.

use std::sync::Arc;

use amanat::{
    codebook::{self, Codebook, Form, QuestionKind},
    model::{
        Absence, Access, Amendment, Answer, Answers, Attached, Author, Code, Content, Delivery, DeviceId, Draft,
        DraftId, Entry, EntryId, Gone, Handover, JournalId, Moment, Names, PartHash, Sheet, Step, Times, UnitId, Value,
    },
    ui::{
        self, App, AsideNews, Bidi, BundleIn, BundleOut, Effect, Keeping, Mark, Msg, Progress, ReaderLine, Scroll,
        Settings, Stage as Where, Start, StickPage, Strength, Theme, ToKeep, Trouble, Who,
    },
};
use ratatui::{
    Terminal,
    backend::TestBackend,
    crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind},
};

use super::told::{keys, readers, roster, unit_id, words};
use crate::support::read_script;

/// 2026-11-22 09:47:48 in Pakistan.
pub(crate) const NOW: Moment = Moment::pkt(1_795_322_868_000);
/// What opens the stage's vault.
pub(crate) const PASSPHRASE: &str = "four quiet river stones";

/// The unit of the person at the desk.
const HOME: &str = "Model Town Police Station";
const ME: DeviceId = DeviceId::from_bytes([0x3f; 32]);
const JOURNAL: JournalId = JournalId::from_bytes([1; 16]);

/// The interface and the workers that play along.
pub(crate) struct Stage {
    pub(crate) app: App,
    pub(crate) effects: Vec<Effect>,
    /// Whether headquarters answers.
    pub(crate) online: bool,
    /// Whether work on a stick takes its time.
    pub(crate) busy: bool,
    /// Whether what goes on sticks and comes from them has attachments.
    pub(crate) attached: bool,
    /// What the person at the desk is.
    role: &'static str,
    scroll: Scroll,
    now: Moment,
    boot_ms: u64,
    seq: u64,
    ids: u8,
    /// What other devices kept: case, form, entry.
    sheets: Vec<(amanat::model::CaseId, String, EntryId)>,
}

impl Stage {
    /// Locked, with what these settings say.
    pub(crate) fn locked(settings: Settings) -> Self {
        Self::start(settings, Where::Locked { waiting: 2 })
    }

    pub(crate) fn start(settings: Settings, stage: Where) -> Self {
        let codebook = Arc::new(Codebook::builtin().unwrap().clone());
        let start = Start { codebook, settings, now: NOW, boot_ms: 0, stage, home: None };
        Self {
            app: App::new(&start),
            effects: Vec::new(),
            online: false,
            busy: false,
            attached: false,
            role: "officer",
            scroll: Scroll::default(),
            now: NOW,
            boot_ms: 0,
            seq: 0,
            ids: 0,
            sheets: Vec::new(),
        }
    }

    /// Unlocked in English.
    pub(crate) fn open() -> Self {
        Self::open_with(Settings { theme: Theme::Plain, ..Settings::default() })
    }

    pub(crate) fn open_with(settings: Settings) -> Self {
        let mut stage = Self::locked(settings);
        stage.keys(&format!("\"{PASSPHRASE}\" Enter"));
        stage
    }

    /// Unlocked by a supervisor.
    pub(crate) fn supervising(settings: Settings) -> Self {
        Self::of_role("supervisor", settings)
    }

    /// Unlocked by an admin.
    pub(crate) fn administering(settings: Settings) -> Self {
        Self::of_role("admin", settings)
    }

    fn of_role(role: &'static str, settings: Settings) -> Self {
        let mut stage = Self { role, ..Self::locked(settings) };
        stage.keys(&format!("\"{PASSPHRASE}\" Enter"));
        stage
    }

    /// The terminal has this size from now on.
    pub(crate) fn size(&mut self, columns: u16, rows: u16) {
        self.send(Msg::Resize { columns, rows });
    }

    /// Some time goes by.
    pub(crate) fn wait(&mut self, ms: i64) {
        self.now.unix_ms += ms;
        self.boot_ms += u64::try_from(ms).unwrap();
        self.send(Msg::Tick { now: self.now, boot_ms: self.boot_ms });
    }

    /// Somebody sets the clock on the wall.
    pub(crate) fn set_clock(&mut self, by_ms: i64) {
        self.now.unix_ms += by_ms;
        self.send(Msg::Tick { now: self.now, boot_ms: self.boot_ms });
    }

    pub(crate) fn send(&mut self, msg: Msg) {
        let mut due = ui::update(&mut self.app, msg);
        while !due.is_empty() {
            let effect = due.remove(0);
            self.effects.push(effect.clone());
            for answer in self.perform(effect) {
                due.extend(ui::update(&mut self.app, answer));
            }
        }
    }

    /// Types a script: `F4 Down*3 Enter "text as typed" C-z`.
    pub(crate) fn keys(&mut self, script: &str) {
        for key in read_script(script) {
            self.send(Msg::Key(key));
        }
    }

    /// A click of the left button.
    pub(crate) fn click(&mut self, column: u16, row: u16) {
        let kind = MouseEventKind::Down(MouseButton::Left);
        self.send(Msg::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }));
    }

    /// The screen as lines of text.
    pub(crate) fn screen(&mut self, columns: u16, rows: u16) -> String {
        self.size(columns, rows);
        let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
        terminal.draw(|frame| ui::view(&self.app, &mut self.scroll, frame)).unwrap();
        let buffer = terminal.backend().buffer();
        let line = |y| {
            let cells = (0..columns).map(|x| buffer[(x, y)].symbol());
            cells.collect::<String>().trim_end().to_owned()
        };
        (0..rows).map(line).collect::<Vec<_>>().join("\n")
    }

    /// What the desk answers about sharing.
    fn hand(&mut self, effect: Effect) -> Vec<Msg> {
        match effect {
            Effect::HandReaders { case, wish } => {
                let more = wish.unit.map(|_| ReaderLine {
                    unit: "Saddar Police Station".into(),
                    agency: None,
                    people: Some(2),
                    statistics_only: false,
                });
                vec![Msg::Readers { case: Some(case), lines: readers().into_iter().chain(more).collect() }]
            }
            Effect::HandOver { wish, .. } if wish.note.as_deref() == Some("refused") => {
                vec![Msg::HandFailed(Trouble::word("failure.refused"))]
            }
            Effect::HandOver { case, wish } => {
                let (unit, from) = (wish.unit.unwrap_or(unit_id(HOME)), unit_id(HOME));
                let told = Handover {
                    step: wish.step,
                    unit,
                    from,
                    of: None,
                    reason: wish.reason.clone(),
                    note: wish.note.map(Into::into),
                    peer: None,
                };
                let entry = self.entry(case, Content::Handover(Box::new(told)));
                vec![Msg::Kept { entries: vec![entry], draft: None }, Msg::Handed { opened: 2, left: 0 }]
            }
            _ => Vec::new(),
        }
    }

    fn perform(&mut self, effect: Effect) -> Vec<Msg> {
        match effect {
            Effect::Unlock(secret) if secret.reveal() == PASSPHRASE => {
                vec![Msg::Unlocked(Box::new(self.who())), Msg::Drafts(Vec::new())]
            }
            Effect::Unlock(_) => vec![Msg::UnlockFailed(Trouble::word("unlock.wrong"))],
            Effect::Fresh { count } => vec![Msg::Fresh(self.fresh(count))],
            Effect::KeepDraft(draft) => vec![Msg::DraftKept(draft.id)],
            Effect::Keep(keep) => vec![self.keep(*keep)],
            Effect::NoteAccess { case, what, entries } => {
                let count = u32::try_from(entries.len()).unwrap();
                let entry = self.entry(case, Content::Access(Access { what, count }));
                vec![Msg::Kept { entries: vec![entry], draft: None }]
            }
            Effect::Readers { case, .. } => vec![Msg::Readers { case, lines: readers() }],
            Effect::HandReaders { .. } | Effect::HandOver { .. } => self.hand(effect),
            Effect::SameReaders { cases } => vec![Msg::Readers { case: Some(cases[0]), lines: readers() }],
            // A word on two cases stands in a case of its own.
            Effect::SaySame { sheet, .. } => {
                let entry = self.entry(amanat::model::CaseId::from_bytes([0xAB; 16]), Content::Sheet(*sheet));
                vec![Msg::Kept { entries: vec![entry], draft: None }]
            }
            Effect::OpenAgency { .. }
            | Effect::OfferAbroad { .. }
            | Effect::TakeBackAbroad { .. }
            | Effect::ReadAbroad { .. }
            | Effect::AnswerAbroad(_) => super::abroad::answer(self, effect),
            Effect::ReadBundle { path } if path.ends_with(".age") => super::abroad::found(&path),
            Effect::Sync => self.sync(),
            Effect::LookAtStick => vec![Msg::StickIs(Box::new(self.stick()))],
            // The work goes on until the test says what came of it.
            Effect::WriteBundle { .. } if self.busy => vec![Msg::BundleAt { done: 1, total: 2 }],
            Effect::WriteBundle { path, to } => self.wrote(&path, to),
            Effect::StopBundle => vec![Msg::BundleFailed(Trouble::word("stick.stopped"))],
            Effect::ReadBundle { .. } => self.read(),
            Effect::LoadAside => vec![Msg::Aside(AsideNews::Are(super::aside::rows()))],
            Effect::SaveAside { path, .. } if path == "/nowhere" => vec![Msg::SaveFailed(Trouble::word("stick.cut"))],
            Effect::SaveAside { path, .. } => vec![Msg::PartSaved { path }],
            Effect::TryAside | Effect::DropAside { .. } => super::aside::answer(effect),
            Effect::LoadRoster => vec![Msg::RosterIs(Box::new(roster()))],
            Effect::LoadKeys => vec![Msg::KeysAre(keys())],
            Effect::PreviewRevocation { .. } | Effect::Revoke { .. } => super::revoking::answer(effect),
            Effect::LookAtRotation(_) | Effect::Rotate(_) | Effect::StopRotating => super::keys::rotation(effect),
            Effect::Audit(_) | Effect::SaveAudit { .. } => super::keys::audited(effect),
            Effect::JudgePassphrase(secret) => {
                let words = secret.reveal().split_whitespace().count();
                let score = u8::try_from(words.min(4)).unwrap();
                vec![Msg::PassphraseJudged(Strength { score, reason: None })]
            }
            Effect::MakeDevice { .. } => vec![Msg::DeviceMade { words: words("own"), qr: Vec::new() }],
            Effect::WriteJoinRequest { path } => {
                vec![Msg::RequestWritten { path: format!("{path}/amanat-join-3f3f.request") }]
            }
            Effect::Join { words: typed, .. } if typed == words("agency").join(" ") => {
                vec![Msg::Joined { agency: "Punjab Police".into() }, Msg::Unlocked(Box::new(self.who()))]
            }
            Effect::Join { .. } => vec![Msg::WelcomeFailed(Trouble::word("sync.trust"))],
            Effect::Print { to, .. } => vec![print(to)],
            Effect::Attach { path, .. } if path == "/nowhere" => {
                vec![not_attached("attaching /nowhere — no such file")]
            }
            Effect::Attach { path, .. } if path == "/slow" => vec![Msg::Sealing { done: 41, total: 100 }],
            Effect::Attach { case, .. } => vec![self.with_files(case)],
            Effect::StopSealing => vec![not_attached("attaching — stopped")],
            Effect::ViewPart(listed) if &*listed.part.media == "audio/ogg" => {
                vec![Msg::SaveFailed(Trouble::word("part.asked"))]
            }
            Effect::ViewPart(_) => vec![Msg::PartShown],
            Effect::SavePart { path, .. } if path == "/later" => vec![Msg::SaveFailed(Trouble::word("part.asked"))],
            Effect::SavePart { path, .. } => vec![Msg::PartSaved { path }],
            _ => Vec::new(),
        }
    }

    /// A stick that was written.
    fn wrote(&mut self, path: &str, to: Option<String>) -> Vec<Msg> {
        let (parts, parts_left) = if self.attached { (3, 1) } else { (0, 0) };
        let (path, to) = (format!("{path}/amanat-to-hub.age"), to.unwrap_or_else(|| "hub.example.pk".into()));
        let out = BundleOut { path, to, entries: 2, parts, parts_left };
        vec![Msg::Marks(vec![self.mark(Delivery::HandedOver)]), Msg::BundleWritten(Box::new(out))]
    }

    /// Half a stick that was read.
    fn read(&mut self) -> Vec<Msg> {
        let (parts, parts_missing) = if self.attached { (1, 2) } else { (0, 0) };
        let back = BundleIn {
            entries: 3,
            received: 2,
            carried: 3,
            documents: 1,
            missing: 2,
            parts,
            parts_missing,
            whole: false,
            trouble: vec![Trouble::word("stick.cut")],
        };
        vec![Msg::Marks(vec![self.mark(Delivery::Received)]), Msg::BundleRead(Box::new(back))]
    }

    fn stick(&self) -> StickPage {
        StickPage {
            own: 2,
            carried: 3,
            receipts: 1,
            attached: if self.attached { 2 } else { 0 },
            whom: ["hub.example.pk", "Headquarters", "Model Town Police Station"].map(str::to_owned).to_vec(),
            places: vec!["/media/sana/BLUE".into(), "/run/media/sana/OLD".into()],
        }
    }

    fn id(&mut self) -> [u8; 16] {
        self.ids += 1;
        let mut id = [0; 16];
        id[0] = self.ids;
        id[1] = 0xA7;
        id
    }

    fn fresh(&mut self, count: usize) -> Vec<[u8; 16]> {
        (0..count).map(|_| self.id()).collect()
    }

    fn who(&mut self) -> Who {
        let mut officer = Answers::default();
        let choice = |code: &str| Answer::Value(Value::Choice(code.into()));
        let text = |text: &str| Answer::Value(Value::Text(text.into()));
        officer.set("agency".into(), choice("PB-POL"));
        officer.set("province".into(), choice("PK-PB"));
        officer.set("district".into(), choice("PK617"));
        officer.set("police_station".into(), text("Model Town"));
        officer.set("name".into(), text("Sub-Inspector Sana Malik"));
        Who {
            agency: "Punjab Police".into(),
            unit: "Model Town Police Station".into(),
            member: "Sana Malik".into(),
            roles: vec![self.role.into()],
            device: ME,
            officer,
            write_only: false,
            prints: true,
            fresh: (0..8).map(|_| self.id()).collect(),
        }
    }

    /// An entry of this device, at the next place of its journal, a minute after the last.
    pub(super) fn entry(&mut self, case: amanat::model::CaseId, content: Content) -> Entry {
        self.seq += 1;
        let mut id = [0xE0; 16];
        id[8..].copy_from_slice(&self.seq.to_be_bytes());
        let device = Moment::pkt(NOW.unix_ms + i64::try_from(self.seq).unwrap() * 60_000);
        Entry {
            id: EntryId::from_bytes(id),
            case,
            author: Author { device: ME, journal: JOURNAL, seq: self.seq },
            times: Times { device, boot_ms: 0, hub_ms: None },
            ties: None,
            source: None,
            parts: Box::default(),
            content,
        }
    }

    fn keep(&mut self, keep: ToKeep) -> Msg {
        let mut entries = Vec::new();
        match keep.what {
            Keeping::Sheet(sheet) => {
                let form = Arc::clone(Codebook::builtin().unwrap().form(sheet.form()).unwrap());
                let parts = codebook::split_sealed(&form, sheet);
                entries.push(self.entry(keep.case, Content::Sheet(parts.sheet)));
                let of = entries[0].id;
                if !parts.sealed.is_empty() {
                    entries.push(self.entry(keep.case, Content::Names(Names { of, answers: parts.sealed })));
                }
            }
            Keeping::Amendment(amendment) => entries.push(self.entry(keep.case, Content::Amendment(amendment))),
        }
        Msg::Kept { entries, draft: keep.draft }
    }

    /// A note of this device with two files.
    fn with_files(&mut self, case: amanat::model::CaseId) -> Msg {
        let codebook = Codebook::builtin().unwrap();
        let form = codebook.newest("note").unwrap();
        let mut answers = codebook::presets(form, NOW, &Answers::default());
        answers.set("note_text".into(), Answer::Value(Value::Text("image/jpeg, audio/ogg".into())));
        let (id, started, lang) = (DraftId::from_bytes([77; 16]), NOW, amanat::model::Lang::En);
        let draft = Draft { case: Some(case), ..Draft::begun(id, form.form.clone(), answers, started, lang) };
        let mut entry = self.entry(case, Content::Sheet(finished(form, draft)));
        let part = |n: u8, name: &str, media: &str, size: u64| Attached {
            commitment: PartHash::from_bytes([n; 32]),
            media: media.into(),
            name: name.into(),
            digest: PartHash::from_bytes([n; 32]),
            sealed: size + 32,
            size,
        };
        entry.parts =
            [part(1, "passport zarmina.jpg", "image/jpeg", 2_345_678), part(2, "tape.ogg", "audio/ogg", 812)].into();
        Msg::Kept { entries: vec![entry], draft: None }
    }

    pub(crate) fn mark(&self, delivery: Delivery) -> Mark {
        Mark { device: ME, journal: JOURNAL, delivery, up_to: self.seq, complete: self.seq }
    }

    fn sync(&mut self) -> Vec<Msg> {
        if !self.online {
            let trouble = Trouble { word: "sync.unreachable".into(), detail: "no route to host".into() };
            let next_try = Some(Moment::pkt(self.now.unix_ms + 5 * 60_000));
            return vec![Msg::SyncFailed { trouble, next_try }];
        }
        let progress = Progress {
            running: false,
            sent: self.seq,
            to_send: self.seq,
            pulled: 0,
            quarantined: 0,
            files_left: 0,
            files_wait: 0,
            last_contact: Some(self.now),
            hub: "hub.example.pk".into(),
            by_clock: false,
        };
        vec![Msg::Marks(vec![self.mark(Delivery::Received)]), Msg::Synced(progress)]
    }

    /// A case as another device has kept it, finished through the forms like any other.
    pub(crate) fn case(&mut self, number: u8, answers: &[(&str, Answer)]) -> amanat::model::CaseId {
        let case = amanat::model::CaseId::from_bytes([number; 16]);
        self.sheet(number, case, "case", answers);
        case
    }

    /// A case under investigation with one victim, whose FIR was lodged on this day.
    pub(crate) fn case_with_fir(&mut self, number: u8, lodged: &str) -> amanat::model::CaseId {
        let fir = [
            ("victims_seen", self::number(1)),
            ("investigation_status", code("INV")),
            ("fir_no", self::number(12)),
            ("fir_year", self::number(2026)),
            ("fir_station", text("Saddar")),
            ("fir_date", Answer::Value(Value::Date(lodged.parse().unwrap()))),
        ];
        self.case(number, &fir)
    }

    /// A sheet by another device, straight into the casebook.
    pub(crate) fn sheet(&mut self, number: u8, case: amanat::model::CaseId, form: &str, answers: &[(&str, Answer)]) {
        self.sheet_by_clock(number, -i64::from(number), case, form, answers);
    }

    /// The same, by a device whose clock is so many hours ahead of this one's.
    pub(crate) fn sheet_by_clock(
        &mut self,
        number: u8,
        hours: i64,
        case: amanat::model::CaseId,
        form: &str,
        answers: &[(&str, Answer)],
    ) {
        let codebook = Codebook::builtin().unwrap();
        let form = codebook.newest(form).unwrap();
        let officer = self.who().officer;
        let mut draft = Draft::begun(
            DraftId::from_bytes([number; 16]),
            form.form.clone(),
            codebook::presets(form, NOW, &officer),
            NOW,
            amanat::model::Lang::En,
        );
        for (id, answer) in answers {
            draft.answers.set((*id).into(), answer.clone());
        }
        let sheet = finished(form, draft);
        let parts = codebook::split_sealed(form, sheet);
        let mut entry = self.entry(case, Content::Sheet(parts.sheet));
        entry.author.device = DeviceId::from_bytes([9; 32]);
        // A journal of its own: sheets are made in any order, and a journal keeps its own.
        entry.author.journal = JournalId::from_bytes([number; 16]);
        entry.times.device = Moment::pkt(NOW.unix_ms + hours * 3_600_000);
        let of = entry.id;
        self.sheets.push((case, form.form.id.to_string(), of));
        let mut entries = vec![entry];
        if !parts.sealed.is_empty() {
            let mut names = self.entry(case, Content::Names(Names { of, answers: parts.sealed }));
            (names.author.device, names.author.journal) = (entries[0].author.device, entries[0].author.journal);
            entries.push(names);
        }
        self.send(Msg::Arrived(entries));
    }

    /// The newest entry that another device kept with this form.
    pub(crate) fn entry_of(&self, form: &str) -> EntryId {
        self.sheets.iter().rev().find(|(_, filled, _)| filled == form).unwrap().2
    }

    /// The newest entry that this device kept.
    pub(crate) fn last_of_mine(&self) -> EntryId {
        let mut id = [0xE0; 16];
        id[8..].copy_from_slice(&self.seq.to_be_bytes());
        EntryId::from_bytes(id)
    }

    /// The content of everything that other devices kept in a case is gone.
    pub(crate) fn lose(&mut self, case: amanat::model::CaseId, why: Absence) {
        let of_case = self.sheets.iter().filter(|(of, ..)| *of == case);
        let author = Author { device: DeviceId::from_bytes([9; 32]), journal: JOURNAL, seq: 1 };
        let gone = of_case.map(|(case, _, id)| Gone { id: *id, case: *case, author, why }).collect();
        self.send(Msg::Gone(gone));
    }

    /// A correction by another device that has seen no other.
    pub(crate) fn correction(&mut self, by: u8, case: amanat::model::CaseId, form: &str, change: (&str, Answer)) {
        let target = self.sheets.iter().rev().find(|(of, filled, _)| *of == case && filled == form).unwrap().2;
        let mut changes = Answers::default();
        changes.set(change.0.into(), change.1);
        let amendment = Amendment { target, seen: Vec::new(), reason: Code::new("TYPO"), note: None, changes };
        let mut entry = self.entry(case, Content::Amendment(amendment));
        entry.author.device = DeviceId::from_bytes([by; 32]);
        self.send(Msg::Arrived(vec![entry]));
    }

    /// Something that another device kept.
    pub(crate) fn arrives(&mut self, by: u8, case: amanat::model::CaseId, content: Content) {
        let mut entry = self.entry(case, content);
        entry.author.device = DeviceId::from_bytes([by; 32]);
        self.send(Msg::Arrived(vec![entry]));
    }

    /// An entry of a kind that this version does not know, from another device.
    pub(crate) fn stranger(&mut self, case: amanat::model::CaseId, kind: &str) {
        let other = amanat::model::Other { kind: kind.into(), json: "{}".into() };
        let mut entry = self.entry(case, Content::Other(other));
        entry.author.device = DeviceId::from_bytes([9; 32]);
        self.send(Msg::Arrived(vec![entry]));
    }

    /// Many more cases like the first, at once.
    pub(crate) fn many(&mut self, cases: u64) {
        let codebook = Codebook::builtin().unwrap();
        let form = codebook.newest("case").unwrap();
        let answers = codebook::presets(form, NOW, &self.who().officer);
        let draft =
            Draft::begun(DraftId::from_bytes([0; 16]), form.form.clone(), answers, NOW, amanat::model::Lang::En);
        let sheet = finished(form, draft);
        let entries = (0..cases).map(|number| {
            let mut case = [0xCC; 16];
            case[..8].copy_from_slice(&number.to_be_bytes());
            let mut entry = self.entry(amanat::model::CaseId::from_bytes(case), Content::Sheet(sheet.clone()));
            entry.author.device = DeviceId::from_bytes([9; 32]);
            entry
        });
        let entries = entries.collect();
        self.send(Msg::Arrived(entries));
    }
}

/// A finished sheet. What the case at hand does not care about is answered by the first thing that will do.
fn finished(form: &Form, mut draft: Draft) -> Sheet {
    let codebook = Codebook::builtin().unwrap();
    let finish = |draft: &Draft| codebook::finish(form, codebook, draft, codebook::Origin::Officer);
    for _ in 0..4 {
        let Err(problems) = finish(&draft) else { break };
        for problem in problems.0 {
            let question = form.question(problem.question.as_str()).unwrap();
            let answer = match &question.kind {
                QuestionKind::Choice { list } => code(codebook.list(list).unwrap().items[0].code.as_str()),
                QuestionKind::Text => text("Raiwind"),
                QuestionKind::Number { .. } => number(1),
                QuestionKind::Date => Answer::Value(Value::Date(NOW.date().unwrap())),
                _ => Answer::Unknown,
            };
            draft.answers.set(problem.question, answer);
        }
    }
    finish(&draft).unwrap().0
}

/// One code as an answer.
pub(crate) fn code(code: &str) -> Answer {
    Answer::Value(Value::Choice(Code::new(code)))
}

/// A number as an answer.
pub(crate) const fn number(number: i64) -> Answer {
    Answer::Value(Value::Number(number))
}

/// A text as an answer.
pub(crate) fn text(text: &str) -> Answer {
    Answer::Value(Value::Text(text.into()))
}

fn not_attached(why: &str) -> Msg {
    Msg::AttachFailed(Trouble { word: String::new(), detail: why.into() })
}

/// A printer that works, and a disk with one wrong place.
fn print(to: Option<String>) -> Msg {
    match to {
        Some(path) if path == "/nowhere" => {
            Msg::SaveFailed(Trouble { word: String::new(), detail: "saving — no such file".into() })
        }
        Some(path) => Msg::PartSaved { path },
        None => Msg::Printed,
    }
}

/// A word between units that names no earlier one.
pub(crate) fn handed(step: Step, from: UnitId, unit: UnitId) -> Handover {
    Handover { step, unit, from, of: None, reason: None, note: None, peer: None }
}

/// Settings in Urdu, ordered by the program.
pub(crate) fn urdu() -> Settings {
    Settings { lang: amanat::model::Lang::Ur, bidi: Bidi::App, theme: Theme::Plain, idle_minutes: 10 }
}
