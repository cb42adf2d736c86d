//! What is due, worked out from the entries of all open cases: the clocks that the law sets, follow-ups, what was returned.

use std::borrow::Cow;

use super::world::World;
use crate::{
    codebook::{counted::month_before, law, procedure::REMAND_HOURS},
    model::{Answers, CaseId, Code, Content, DraftId, Entry, EntryId, Moment, PartialDate, Sheet, UnitId, Value},
};

/// Hours within which a child's case reaches the child protection officer and ZARRA (Zainab Alert Act 2020).
const CHILD_HOURS: i64 = 2;
const HOUR_MS: i64 = 3_600_000;
/// How far ahead the page looks, days.
const AHEAD: i64 = 14;

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// The report of CrPC s.173.
    Report,
    /// The interim report in its place.
    Interim,
    /// A Magistrate, within twenty-four hours of the arrest (CrPC s.167).
    Remand,
    /// The child protection officer, within two hours.
    Child,
    /// A supervisor, where somebody holds a victim or a migrant liable (PTPA s.6, POSOMA s.8).
    Liable,
    /// A referral that somebody has to look at again.
    Referral,
    /// Another contact or reminder.
    FollowUp,
    /// What a review asked for.
    Lesson,
    /// An entry that a supervisor returned.
    Returned,
    /// A case that a supervisor gave to whoever sits here.
    Given,
    /// The return of the month that is over.
    Return,
    /// The same, where it has been made: to be read again.
    Returns,
    /// A case that another unit hands over to this one.
    Asked,
    /// A unit whose key somebody has who reads for it no more.
    NewKey,
    /// A form that was begun.
    Unfinished,
}

impl What {
    /// Key of its words.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Report => "today.report",
            Self::Interim => "today.interim",
            Self::Remand => "today.remand",
            Self::Child => "today.child",
            Self::Liable => "today.liable",
            Self::Referral => "today.referral",
            Self::FollowUp => "today.follow_up",
            Self::Lesson => "today.lesson",
            Self::Returned => "today.returned",
            Self::Given => "today.given",
            Self::Return => "today.return",
            Self::Returns => "today.returns",
            Self::Asked => "today.asked",
            Self::NewKey => "today.new_key",
            Self::Unfinished => "today.unfinished",
        }
    }
}

/// One thing that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Due {
    /// Days since 1970; `None` for what has no day.
    pub(crate) day: Option<i64>,
    /// Until when on that day, for what the law counts in hours.
    pub(crate) by: Option<Moment>,
    pub(crate) what: What,
    pub(crate) case: Option<CaseId>,
    pub(crate) entry: Option<EntryId>,
    pub(crate) draft: Option<DraftId>,
    /// The unit that gets a new key.
    pub(crate) unit: Option<UnitId>,
}

/// Today by the clock of the place.
pub(crate) fn today(now: Moment) -> i64 {
    day_of(now)
}

fn day_of(moment: Moment) -> i64 {
    (moment.unix_ms + 300 * 60_000).div_euclid(86_400_000)
}

/// Everything that falls due soon or is late, most urgent first; then what was begun.
pub(crate) fn due(world: &World) -> Vec<Due> {
    let horizon = today(world.now) + AHEAD;
    let mut rows = Vec::new();
    if let Some(me) = world.device() {
        let back = world.book.returned_to(me).into_iter();
        rows.extend(back.map(|(case, entry)| row(today(world.now), What::Returned, case, entry)));
    }
    if let Some(me) = world.member() {
        let given = world.not_taken_up().into_iter().filter(|given| given.to == Some(me));
        rows.extend(given.map(|given| row(today(world.now), What::Given, given.case, given.word)));
    }
    for line in &world.cases {
        let closed = line.status.as_ref().is_some_and(|code| matches!(code.as_str(), "CLO" | "CLR"));
        let Some(file) = world.book.case(&line.id).filter(|_| !closed) else { continue };
        rows.extend(asked(world, &line.id, &file.entries));
        let reported = reported(world, &file.entries);
        let beneath = line.beneath.iter().filter_map(|id| world.book.case(id)).flat_map(|file| file.entries.iter());
        for entry in file.entries.iter().chain(beneath).filter_map(|id| world.book.entry(id)) {
            let Content::Sheet(sheet) = &entry.content else { continue };
            // The clocks of an FIR run once, in the case that stands.
            if entry.case != line.id && sheet.form().id.as_str() == "case" {
                continue;
            }
            let found = of_entry(&standing(world, entry, sheet), entry, sheet, reported, world.now);
            let mine = |what: &What| *what != What::Liable || world.supervises();
            let found = found.into_iter().filter(|(day, _, what)| *day <= horizon && mine(what));
            rows.extend(found.map(|(day, by, what)| Due { by, ..row(day, what, line.id, entry.id) }));
        }
    }
    rows.extend(return_due(world));
    let owed = world.owed.iter().map(|(unit, _)| Due { unit: Some(*unit), ..of_day(today(world.now), What::NewKey) });
    rows.extend(owed);
    // Within a day what has an hour goes first, the earliest first: the rest has until midnight.
    rows.sort_by_key(|row| (row.day.is_none(), row.day, row.by.is_none(), row.by.map(|by| by.unix_ms)));
    rows.extend(world.drafts.iter().map(|draft| Due {
        day: None,
        by: None,
        what: What::Unfinished,
        case: draft.case,
        entry: None,
        draft: Some(draft.id),
        unit: None,
    }));
    rows
}

/// A transfer that waits for this unit's answer.
fn asked(world: &World, case: &CaseId, entries: &[EntryId]) -> Option<Due> {
    let word = |id: &EntryId| matches!(world.book.entry(id)?.content, Content::Handover(_)).then_some(());
    entries.iter().find_map(word)?;
    let waiting = world.handed(case).waiting.filter(|waiting| Some(waiting.unit) == world.unit())?;
    Some(row(today(world.now), What::Asked, *case, waiting.entry))
}

const fn row(day: i64, what: What, case: CaseId, entry: EntryId) -> Due {
    Due { case: Some(case), entry: Some(entry), ..of_day(day, what) }
}

/// What belongs to no case.
const fn of_day(day: i64, what: What) -> Due {
    Due { day: Some(day), by: None, what, case: None, entry: None, draft: None, unit: None }
}

/// What an entry says today; most were never corrected and are taken as they are.
fn standing<'a>(world: &World, entry: &Entry, sheet: &'a Sheet) -> Cow<'a, Answers> {
    if world.book.amendments(&entry.id).next().is_none() {
        return Cow::Borrowed(sheet.answers());
    }
    Cow::Owned(world.book.answers(&entry.id, false))
}

/// Whether the report of this case has gone to court.
fn reported(world: &World, entries: &[EntryId]) -> bool {
    let sheets = entries.iter().filter_map(|id| world.book.entry(id));
    sheets.into_iter().any(|entry| {
        let Content::Sheet(sheet) = &entry.content else { return false };
        let offence = matches!(sheet.form().id.as_str(), "offence" | "case");
        offence && {
            let answers = standing(world, entry, sheet);
            let gone = ["CHAL", "TRIAL", "DONE", "CANC", "UNTR", "XFER"];
            answers.value("challan_date").is_some() || is(&answers, "investigation_status", &gone)
        }
    })
}

fn of_entry(
    answers: &Answers,
    entry: &Entry,
    sheet: &Sheet,
    reported: bool,
    now: Moment,
) -> Vec<(i64, Option<Moment>, What)> {
    let day = |question: &str| match answers.value(question)? {
        Value::Date(date) => date.day_number(),
        _ => None,
    };
    let mut found = Vec::new();
    let mut note = |day: Option<i64>, what| found.extend(day.map(|day| (day, None, what)));
    match sheet.form().id.as_str() {
        "case" if !reported => {
            let fir = day("fir_date");
            let interim = is(answers, "investigation_status", &["INTCH"]);
            note(fir.filter(|_| !interim).map(|fir| fir + law::REPORT_DAYS), What::Report);
            note(fir.filter(|_| !interim).map(|fir| fir + law::REPORT_DAYS + law::INTERIM_DAYS), What::Interim);
        }
        "person" => {
            // By a clock that is fast the hours would begin next month: they began at the latest now.
            let after = |hours: i64| {
                let began = entry.times.device.unix_ms.min(now.unix_ms);
                Moment { unix_ms: began + hours * HOUR_MS, ..entry.times.device }
            };
            found.extend(
                remand(answers, day("arrest_date"), after(REMAND_HOURS)).map(|(day, by)| (day, by, What::Remand)),
            );
            let protected = is(answers, "role", &["VIC", "SMG"]);
            let liable = protected && is(answers, "no_liability_check", &["N"]);
            found.extend(liable.then(|| (today(now), None, What::Liable)));
            let child = protected && is(answers, "age_group", &["CHILD"]);
            let told = answers.value("cpo_informed_at").is_some() || entry.source.is_some();
            let by = after(CHILD_HOURS);
            found.extend((child && !told).then(|| (day_of(by), Some(by), What::Child)));
        }
        "referral" if is(answers, "status", &["OFFER", "SENT", "ACC", "START"]) => {
            note(day("next_check"), What::Referral);
        }
        "lessons" if is(answers, "action_status", &["OPEN", "DOING"]) => note(day("action_due"), What::Lesson),
        "note" => note(day("follow_up_on"), What::FollowUp),
        "interview" => note(day("next_contact"), What::FollowUp),
        _ => {}
    }
    found
}

/// Until when somebody who is held has to be before a Magistrate. The hours run from the arrest, whenever it was written down; where
/// only its day is known, what was put down on that day happened before, and its hours end no later than those.
fn remand(answers: &Answers, arrest: Option<i64>, written: Moment) -> Option<(i64, Option<Moment>)> {
    let held = is(answers, "suspect_status", &["ARREST"]) && answers.value("produced_at").is_none();
    held.then_some(())?;
    if let Some(Value::Moment(arrest)) = answers.value("arrested_at") {
        let by = Moment { unix_ms: arrest.unix_ms.saturating_add(REMAND_HOURS * HOUR_MS), ..*arrest };
        return Some((day_of(by), Some(by)));
    }
    let last = arrest? + 1;
    Some((last, (day_of(written) == last).then_some(written)))
}

fn is(answers: &Answers, question: &str, codes: &[&str]) -> bool {
    answers.choice(question).map(Code::as_str).is_some_and(|code| codes.contains(&code))
}

/// The return of the last month, for who supervises; where it has been made it stands at the end, without a day: it is in no other list.
fn return_due(world: &World) -> Option<Due> {
    world.supervises().then_some(())?;
    let today = today(world.now);
    let month = month_before(PartialDate::from_day_number(today)?)?;
    let made = |entry: &Entry| match &entry.content {
        Content::Sheet(sheet) if sheet.form().id.as_str() == "return" => {
            world.book.answers(&entry.id, false).value("period") == Some(&Value::Date(month))
        }
        _ => false,
    };
    let files = world.book.cases().flat_map(|file| file.entries.iter()).filter_map(|id| world.book.entry(id));
    Some(match files.into_iter().find(|entry| made(entry)) {
        Some(entry) => Due { day: None, ..row(today, What::Returns, entry.case, entry.id) },
        None => of_day(today, What::Return),
    })
}
