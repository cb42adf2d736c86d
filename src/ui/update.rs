//! Routing: a key goes to the top screen, what came home goes to the world and to whom it concerns.

use ratatui::crossterm::event::KeyEvent;

use super::{
    App, Effect, Msg,
    app::Stage,
    filling,
    keymap::{self, Act, Room},
    msg::{HomeChosen, Trouble, Who},
    pointing,
    screens::{
        Aside, Audit, Case, Caseload, Confirm, EntryView, Help, Keys, Outbox, Review, Roster, Rotation, Screen, Stick,
        Team, Today, Unlock,
    },
    turn::{Fill, Go, Open, Turn},
};
use crate::model::{CaseId, Draft, DraftId, Entry, EntryId};

/// Fewer unused ids than this, and more are asked for.
const FEW_IDS: usize = 4;

/// Takes one message; what comes out is to be performed in order.
pub fn update(app: &mut App, msg: Msg) -> Vec<Effect> {
    let mut effects = match msg {
        Msg::Key(key) => on_key(app, key),
        Msg::Tick { now, boot_ms } => on_tick(app, now, boot_ms),
        Msg::Resize { columns, rows } => {
            app.world.size = (columns, rows);
            Vec::new()
        }
        Msg::Paste(_) | Msg::Mouse(_) if app.hidden => Vec::new(),
        Msg::Paste(text) => {
            app.touched = app.world.boot_ms;
            let turn = app.stack.last_mut().map(|screen| screen.paste(&text, &app.world));
            turn.map(|turn| follow(app, turn)).unwrap_or_default()
        }
        Msg::Mouse(mouse) => {
            app.touched = app.world.boot_ms;
            let turn = app.stack.last_mut().map(|screen| pointing::mouse(screen, &mouse, &app.world));
            turn.map(|turn| follow(app, turn)).unwrap_or_default()
        }
        other => on_news(app, other),
    };
    if !app.locked && app.ids.len() < FEW_IDS && app.world.who.is_some() && !asked(&effects) {
        effects.push(Effect::Fresh { count: 16 });
    }
    effects
}

/// Ids are asked for once a message at most; a second request that crosses the answer does no harm.
fn asked(effects: &[Effect]) -> bool {
    effects.iter().any(|effect| matches!(effect, Effect::Fresh { .. } | Effect::Quit | Effect::Lock))
}

fn on_key(app: &mut App, key: KeyEvent) -> Vec<Effect> {
    app.touched = app.world.boot_ms;
    // Whoever goes on does not wait for a case to open.
    app.world.wanted = None;
    if app.hidden {
        match keymap::act(Room::Hidden, &key) {
            Some(Act::Hide) => app.hidden = false,
            Some(Act::Lock) if !app.locked => return lock(app),
            _ => {}
        }
        return Vec::new();
    }
    app.notice = None;
    let Some(top) = app.stack.last_mut() else { return Vec::new() };
    let room = top.room();
    match keymap::act(room, &key) {
        Some(Act::Hide) => app.hidden = true,
        Some(Act::Quit) => return leave(app, Effect::Quit),
        Some(Act::Lock) if !app.locked && app.world.who.is_some() => return lock(app),
        Some(Act::Language) => {
            let settings = &mut app.world.settings;
            settings.lang = settings.lang.other();
            let settings = *settings;
            refresh(app);
            return vec![Effect::Remember(settings)];
        }
        Some(Act::Help) if room != Room::Help => return follow(app, Turn::open(Open::Help(room))),
        act => {
            let turn = top.key(&key, act, &app.world);
            if matches!(top, Screen::Caseload(list) if list.searches()) {
                app.world.search_begins();
            }
            return follow(app, turn);
        }
    }
    Vec::new()
}

fn on_tick(app: &mut App, now: crate::model::Moment, boot_ms: u64) -> Vec<Effect> {
    app.world.tick(now, boot_ms);
    if app.world.owes_words() {
        app.world.fold_some();
        if !app.world.owes_words() {
            refresh(app);
        }
    }
    if app.idle_deadline().is_some_and(|deadline| boot_ms >= deadline) && app.world.who.is_some() {
        return lock(app);
    }
    let Some(Screen::Form(form)) = app.stack.last_mut() else { return Vec::new() };
    let Some(draft) = form.draft_due(boot_ms) else { return Vec::new() };
    app.world.keep_draft(&draft);
    vec![Effect::KeepDraft(Box::new(draft))]
}

/// Unsaved drafts first, then the effect that ends the sitting.
fn leave(app: &mut App, last: Effect) -> Vec<Effect> {
    let drafts: Vec<Draft> = app
        .stack
        .iter_mut()
        .filter_map(|screen| if let Screen::Form(form) = screen { form.take_draft() } else { None })
        .collect();
    let mut effects: Vec<Effect> = drafts.into_iter().map(|draft| Effect::KeepDraft(Box::new(draft))).collect();
    effects.push(last);
    effects
}

/// At another home of this machine, which is locked: nothing of the one before is on the screen, nor was it in memory.
fn sit_down(app: &mut App, chosen: HomeChosen) -> Vec<Effect> {
    if app.world.who.is_some() {
        return Vec::new();
    }
    app.world.forget();
    app.world.home = chosen.name;
    let settings = &mut app.world.settings;
    (settings.lang, settings.idle_minutes) = (chosen.settings.lang, chosen.settings.idle_minutes);
    app.locked = chosen.stage != Stage::New;
    app.stack = match chosen.stage {
        Stage::New => vec![Screen::Welcome(Box::default())],
        Stage::Waiting => vec![Screen::Unlock(Unlock::default())],
        Stage::Locked { waiting } => {
            app.world.road.waiting = waiting;
            vec![Screen::Unlock(Unlock::default())]
        }
    };
    refresh(app);
    Vec::new()
}

/// Everything opened is forgotten at once; the runtime wipes the keys.
fn lock(app: &mut App) -> Vec<Effect> {
    let effects = leave(app, Effect::Lock);
    let waiting = app.world.road.counts.kept + app.world.road.counts.handed_over;
    app.stack = vec![Screen::Unlock(Unlock::default())];
    app.world.forget();
    app.world.road.waiting = waiting;
    app.ids.clear();
    (app.notice, app.locked) = (None, true);
    effects
}

/// What came home from the workers.
fn on_news(app: &mut App, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Unlocked(who) => return unlocked(app, *who),
        // The runtime locked by itself (signal, suspended): what is open here goes first.
        Msg::Locked { .. } if app.world.who.is_some() => return lock(app),
        Msg::Locked { waiting } => app.world.road.waiting = app.world.road.waiting.max(waiting),
        Msg::DeviceMade { .. } if app.locked => {
            // Keys without an agency: the welcome goes on where it was left.
            app.locked = false;
            app.stack = vec![Screen::Welcome(Box::default())];
            return tell(app, &msg);
        }
        Msg::HomeChosen(chosen) => return sit_down(app, *chosen),
        Msg::UnlockFailed(_)
        | Msg::HomesAre(_)
        | Msg::PassphraseJudged(_)
        | Msg::DeviceMade { .. }
        | Msg::RequestWritten { .. }
        | Msg::Joined { .. }
        | Msg::WelcomeFailed(_) => return tell(app, &msg),
        // What was under way when the device locked belongs to nobody now.
        _ if app.world.who.is_none() => return Vec::new(),
        Msg::Forms(codebook) => app.world.ask_by(codebook),
        Msg::Arrived(entries) => app.world.take(entries),
        Msg::Listed { .. } | Msg::Whole { .. } | Msg::ListAsked { .. } | Msg::Replaying(_) => {
            return on_reading(app, msg);
        }
        Msg::Gone(gone) => app.world.lose(gone),
        Msg::Marks(marks) => app.world.mark(&marks),
        Msg::Late(late) => app.world.late = late,
        Msg::Fresh(ids) => app.ids.extend(ids),
        Msg::Filters(filters) => app.world.filters = filters,
        Msg::Drafts(drafts) => drafts.iter().for_each(|draft| app.world.keep_draft(draft)),
        Msg::Kept { ref entries, draft } => return kept(app, &msg, entries, draft),
        Msg::Synced(_) | Msg::SyncFailed { .. } => app.world.hear(&msg),
        Msg::RosterIs(page) => app.world.list_people(page),
        Msg::TeamIs(page) => app.world.team = Some(page),
        Msg::KeysOwed(units) => app.world.owed = units,
        Msg::KeysAre(rows) => app.world.keys = Some(rows),
        Msg::PreviewIs { device, lines } => app.world.preview = Some((device, lines)),
        Msg::Notice(trouble) | Msg::DraftFailed { trouble, .. } => app.notice = Some(trouble),
        Msg::KeepFailed { .. }
        | Msg::Revoked { .. }
        | Msg::RevokeFailed(_)
        | Msg::DraftKept(_)
        | Msg::Readers { .. }
        | Msg::Handed { .. }
        | Msg::HandFailed(_)
        | Msg::AgencyIs { .. }
        | Msg::AbroadOffers(_)
        | Msg::AbroadCame { .. }
        | Msg::AbroadTaken(_)
        | Msg::AbroadFailed(_)
        | Msg::StickIs(_)
        | Msg::BundleAt { .. }
        | Msg::Sealing { .. }
        | Msg::AttachFailed(_)
        | Msg::PartSaved { .. }
        | Msg::PartShown
        | Msg::Printed
        | Msg::Aside(_)
        | Msg::AuditIs { .. }
        | Msg::Rotation(..)
        | Msg::SaveFailed(_) => return tell(app, &msg),
        Msg::BundleWritten(_) | Msg::BundleRead(_) | Msg::BundleFailed(_) => {
            // Whoever has left the page meanwhile hears of it all the same.
            if let (Msg::BundleFailed(trouble), false) = (&msg, app.stack.iter().any(is_stick)) {
                app.notice = Some(trouble.clone());
            }
            return tell(app, &msg);
        }
        Msg::Key(_) | Msg::Paste(_) | Msg::Mouse(_) | Msg::Resize { .. } | Msg::Tick { .. } => {}
    }
    refresh(app);
    Vec::new()
}

/// The desk has kept something.
fn kept(app: &mut App, msg: &Msg, entries: &[Entry], draft: Option<DraftId>) -> Vec<Effect> {
    app.world.drafts.retain(|known| Some(known.id) != draft);
    app.world.take(entries.to_vec());
    let mut effects = tell(app, msg);
    // What an officer kept leaves as soon as there is a road.
    if draft.is_some() {
        effects.push(Effect::Sync);
    }
    effects
}

/// What an unlocking tells while everything is being read, and the list that is kept for the next one.
fn on_reading(app: &mut App, msg: Msg) -> Vec<Effect> {
    match msg {
        // Behind the innocent screen nothing goes on, and practice leaves nothing: the next unlocking keeps the list.
        Msg::ListAsked { .. } if app.hidden || app.world.training => return Vec::new(),
        Msg::ListAsked { journals, after } => {
            let (lines, last) = app.world.lines(&journals, after);
            return vec![Effect::KeepList { lines, last }];
        }
        Msg::Listed { lines, last } => app.world.list(lines, last),
        Msg::Whole { entries, cases } => app.world.take_whole(entries, cases),
        told => {
            app.world.road.hear(&told);
            if app.world.road.replay.is_none() {
                app.world.all_read();
            }
        }
    }
    open_wanted(app)
}

/// Opens the case that somebody waits for, if it has been read.
fn open_wanted(app: &mut App) -> Vec<Effect> {
    refresh(app);
    let Some(id) = app.world.wanted.filter(|id| !app.world.is_unread(id)) else { return Vec::new() };
    app.world.wanted = None;
    app.notice = None;
    push(app, Open::Case(id))
}

const fn is_stick(screen: &Screen) -> bool {
    matches!(screen, Screen::Stick(_))
}

fn unlocked(app: &mut App, mut who: Who) -> Vec<Effect> {
    app.ids = std::mem::take(&mut who.fresh);
    app.locked = false;
    app.world.who = Some(who);
    app.touched = app.world.boot_ms;
    app.stack = vec![Screen::Caseload(Caseload::default())];
    refresh(app);
    // Entries are shown under their authors' names, and those are in the roster.
    vec![Effect::LoadRoster]
}

const fn is_queue(screen: &Screen) -> bool {
    matches!(screen, Screen::Review(_))
}

/// Lets every screen on the stack hear, the top one last.
fn tell(app: &mut App, msg: &Msg) -> Vec<Effect> {
    let mut turn = Turn::stay();
    if matches!(msg, Msg::Aside(_)) {
        app.world.road.hear(msg);
    }
    for screen in &mut app.stack {
        turn = screen.hear(msg, &app.world);
    }
    let effects = follow(app, turn);
    refresh(app);
    effects
}

/// Lets the screens take in that the world has changed.
fn refresh(app: &mut App) {
    for screen in &mut app.stack {
        screen.refresh(&app.world);
    }
}

fn follow(app: &mut App, turn: Turn) -> Vec<Effect> {
    let mut effects = turn.effects;
    app.notice = turn.says.map(Trouble::word).or_else(|| app.notice.take());
    for effect in &effects {
        match effect {
            Effect::KeepDraft(draft) => app.world.keep_draft(draft),
            Effect::KeepFilters(filters) => app.world.filters.clone_from(filters),
            Effect::DropDraft(id) => app.world.drafts.retain(|draft| draft.id != *id),
            _ => {}
        }
    }
    match turn.go {
        Go::Stay => {}
        Go::Back => {
            app.stack.truncate(app.stack.len().saturating_sub(1).max(1));
            refresh(app);
        }
        Go::Queue(_) if app.stack.iter().any(is_queue) => {
            let above = app.stack.iter().position(is_queue).map_or(1, |at| at + 1);
            app.stack.truncate(above);
            refresh(app);
        }
        Go::Case(id) | Go::Queue(id) => {
            app.stack.truncate(1);
            let (case, effect) = Case::open(id, &app.world);
            app.stack.push(Screen::Case(case));
            effects.extend(effect);
        }
        Go::Push(open) => effects.extend(push(app, open)),
    }
    effects
}

/// Has a case read before the rest, to be opened when it is whole.
fn first(app: &mut App, case: CaseId) -> Vec<Effect> {
    app.world.wanted = Some(case);
    app.notice = Some(Trouble::word("caseload.reading_it"));
    vec![Effect::ReadFirst(case)]
}

/// The case of an entry, where it has not been read whole.
fn unread_case(app: &App, entry: &EntryId) -> Option<CaseId> {
    app.world.book.entry(entry).map(|entry| entry.case).filter(|case| app.world.is_unread(case))
}

fn push(app: &mut App, open: Open) -> Vec<Effect> {
    let mut effects = Vec::new();
    let screen = match open {
        // A case is shown whole or not at all.
        Open::Case(id) | Open::Entry { case: id, .. } if app.world.is_unread(&id) => return first(app, id),
        Open::Fill(Fill::Correct(entry) | Fill::Review { entry, .. }) if unread_case(app, &entry).is_some() => {
            let case = unread_case(app, &entry);
            return case.map(|case| first(app, case)).unwrap_or_default();
        }
        Open::Case(id) => {
            let (case, effect) = Case::open(id, &app.world);
            effects.extend(effect);
            Screen::Case(case)
        }
        Open::Entry { case, entry, names } => Screen::Entry(EntryView::new(case, entry, names, &app.world)),
        Open::Fill(fill) => match filling::form(app, fill) {
            Some(form) => Screen::Form(Box::new(form)),
            None => {
                app.notice = Some(Trouble::word("form.cannot_open"));
                return effects;
            }
        },
        Open::Confirm(finished) => {
            let (confirm, effect) = Confirm::new(*finished, &app.world);
            effects.push(effect);
            Screen::Confirm(Box::new(confirm))
        }
        Open::Outbox => Screen::Outbox(Outbox::default()),
        Open::Stick(way) => {
            let (stick, effect) = Stick::new(way);
            effects.push(effect);
            Screen::Stick(Box::new(stick))
        }
        Open::Today => Screen::Today(Today::new(&app.world)),
        Open::Review => Screen::Review(Review::new(&app.world)),
        Open::Roster => {
            effects.push(Effect::LoadRoster);
            Screen::Roster(Roster::default())
        }
        Open::Team => {
            // A pass brings what the hub knows now; until then what the last one brought is shown, with its time.
            effects.push(Effect::Sync);
            Screen::Team(Team::default())
        }
        Open::Keys => {
            effects.push(Effect::LoadKeys);
            Screen::Keys(Keys::default())
        }
        Open::Audit(whose) => {
            effects.push(Effect::Audit(whose));
            Screen::Audit(Audit::new(whose))
        }
        Open::Rotation(renewed) => {
            effects.push(Effect::LookAtRotation(renewed));
            Screen::Rotation(Rotation::new(renewed))
        }
        Open::Aside => {
            effects.push(Effect::LoadAside);
            Screen::Aside(Aside::default())
        }
        Open::Help(room) => Screen::Help(Help::new(room)),
    };
    app.stack.push(screen);
    effects
}
