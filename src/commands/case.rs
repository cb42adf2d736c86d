//! `amanat case show|search`, and where the other verbs of a case are.

use std::io::Read as _;

use serde_json::{Value as Json, json};

use super::{
    args::CaseVerb,
    book::Book,
    case_abroad,
    case_erase::{self, Erasing},
    case_hand_in, case_links, case_list, case_share,
    context::Context,
    filled,
    output::Report,
    shown,
};
use crate::{
    failure::Failure,
    model::{Answer, CaseFile, Code, Content, Value},
    runtime::{entries::keep::ToKeep, homes::home::Home},
};

/// Most bytes of words that are searched for.
const MOST_WORDS: u64 = 4096;

pub(super) fn run(context: &Context, verb: &CaseVerb) -> Result<Report, Failure> {
    match verb {
        CaseVerb::List { limit, which } => case_list::run(context, *limit, which),
        CaseVerb::Links { id } => case_links::run(context, id),
        CaseVerb::Show { id, .. } => show(context, id.as_deref()),
        CaseVerb::Search { words } => search(context, words),
        CaseVerb::Share { id, unit, how } => case_share::share(context, id, unit, how),
        CaseVerb::Transfer { id, to: Some(to), away, reason, how, .. } if away.to_agency.is_some() => {
            case_abroad::offer(context, id, to, away, reason, (how.note.as_deref(), how.dry_run))
        }
        CaseVerb::Transfer { id, away, how, .. } if away.to_agency.is_some() => {
            case_abroad::take_back(context, id, away, (how.note.as_deref(), how.dry_run))
        }
        CaseVerb::Transfer { id, to, answer, reason, how, .. } => {
            case_share::transfer(context, id, to.as_deref(), answer.step(), reason, how)
        }
        CaseVerb::Receive { file, how } => case_abroad::receive(context, file, how),
        CaseVerb::HandIn { id, yes } => case_hand_in::run(context, id, *yes),
        CaseVerb::Erase { id, order, entry, consent, signed, receipt, out } => {
            let order = order.as_deref().map(|order| (order, entry.as_slice()));
            let what = Erasing::asked(order, consent.as_deref(), signed.as_deref(), receipt.as_deref())?;
            case_erase::run(context, id, what, out.as_deref())
        }
    }
}

pub(super) fn table(lines: &[Json]) -> String {
    if lines.is_empty() {
        return "No cases yet.".to_owned();
    }
    let text = |line: &Json, name: &str| match line.get(name) {
        Some(Json::String(text)) => text.clone(),
        Some(Json::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    let mut rows = vec![format!(
        "{:<32}  {:>7}  {:>7}  {:>10}  {:>8}  newest",
        "case", "entries", "persons", "interviews", "received"
    )];
    for line in lines {
        let gone = |name: &str, words: &str| match line.get(name).and_then(Json::as_u64) {
            None | Some(0) => String::new(),
            Some(count) => format!("  {count} {words}"),
        };
        let gone = format!("{}{}", gone("erased", "erased by order"), gone("handed_in", "handed in"));
        rows.push(format!(
            "{:<32}  {:>7}  {:>7}  {:>10}  {:>8}  {}{gone}",
            text(line, "case"),
            text(line, "entries"),
            text(line, "persons"),
            text(line, "interviews"),
            text(line, "received"),
            text(line, "newest"),
        ));
    }
    rows.join("\n")
}

/// One case, or with no id all of them, case by case: the whole casebook as JSON need not stand in memory.
fn show(context: &Context, id: Option<&str>) -> Result<Report, Failure> {
    let mut home = context.unlock()?;
    let book = Book::open(context, &mut home)?;
    let Some(id) = id else {
        let cases = book.newest_first();
        note_opened(context, &mut home, &book, &cases)?;
        let rest = json!({
            "total": cases.len(), "closed": book.replayed.closed, "offered": book.replayed.offered.len(),
        });
        return context.output.list("cases", cases.into_iter().map(|file| whole(&home, &book, file)), &rest);
    };
    let case = filled::case_id(&book, id)?;
    let Some(file) = book.casebook.case(&case) else {
        return Err(Failure::failed(format!("looking for the case {} — it is not in the casebook", case.short()), ""));
    };
    note_opened(context, &mut home, &book, &book.with_duplicates(file))?;
    let json = whole(&home, &book, file);
    Ok(Report::new(serde_json::to_string_pretty(&json).unwrap_or_default(), json))
}

/// A case with its entries.
fn whole(home: &Home, book: &Book, file: &CaseFile) -> Json {
    let entries: Vec<Json> = book.entries_of(file).into_iter().map(|entry| shown::entry(book, entry)).collect();
    let told = |case: &CaseFile| {
        let entries: Vec<Json> = book.entries_of(case).into_iter().map(|entry| shown::entry(book, entry)).collect();
        json!({"case": case.id.to_string(), "entries": entries})
    };
    let beneath: Vec<Json> = book.with_duplicates(file).into_iter().skip(1).map(told).collect();
    let keys = amanat_keys::fingerprint::CaseId::from(file.id);
    json!({
        "case": file.id.to_string(), "sharing": format!("{:?}", home.level(&keys)), "entries": entries,
        "gone": shown::gone(book, &file.id), "crossings": shown::crossings(book, file),
        "assigned": shown::assigned(book, file), "beneath": beneath,
        "duplicate_of": book.same.stands_for(&file.id).map(|case| case.to_string()),
    })
}

/// A case in which this device wrote nothing is somebody else's: opening it is on record before it is shown, as on the screen.
fn note_opened(context: &Context, home: &mut Home, book: &Book, cases: &[&CaseFile]) -> Result<(), Failure> {
    let me = home.device().into();
    // Where nothing can be read any more, nothing is opened.
    let shown = cases.iter().filter(|file| !file.entries.is_empty());
    let others = shown.filter(|file| book.entries_of(file).iter().all(|entry| entry.author.device != me));
    let looks: Vec<ToKeep> =
        others.map(|file| ToKeep::access(file.id, Code::new("case"), file.entries.len())).collect();
    context.keep_many(home, &home.codebook()?, looks)
}

/// Cases in which every word occurs in some open answer, letters folded.
fn search(context: &Context, words: &[String]) -> Result<Report, Failure> {
    let words = words_of(words)?;
    let mut home = context.unlock()?;
    let book = Book::open(context, &mut home)?;
    let wanted: Vec<String> = words.iter().map(|word| word.to_lowercase()).collect();
    let found: Vec<Json> = book
        .newest_first()
        .into_iter()
        .filter(|case| book.with_duplicates(case).into_iter().any(|case| holds(&book, case, &wanted)))
        .map(|case| shown::case_line(&book, case))
        .collect();
    Ok(Report::new(table(&found), json!({"cases": found, "total": found.len()})))
}

/// The words as given, or from stdin for `-`: a name in the arguments would stay in the shell's history.
fn words_of(given: &[String]) -> Result<Vec<String>, Failure> {
    if given != ["-"] {
        return Ok(given.to_vec());
    }
    let mut text = zeroize::Zeroizing::new(String::new());
    let read = std::io::stdin().take(MOST_WORDS).read_to_string(&mut text);
    read.map_err(|error| Failure::disk("reading the words from stdin", &error))?;
    let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    if words.is_empty() {
        return Err(Failure::usage(
            "searching — stdin holds no words",
            "Give one word or more, then the end of the input.",
        ));
    }
    Ok(words)
}

fn holds(book: &Book, case: &CaseFile, wanted: &[String]) -> bool {
    let mut text = zeroize::Zeroizing::new(String::new());
    for entry in book.entries_of(case) {
        // A corrected name is a name: it is not searched either.
        let answers = match &entry.content {
            Content::Sheet(sheet) => sheet.answers().clone(),
            Content::Amendment(amendment) => shown::parted(&amendment.changes).0,
            Content::Names(_)
            | Content::Access(_)
            | Content::Opened(_)
            | Content::Handover(_)
            | Content::Attachments(_)
            | Content::Other(_) => {
                continue;
            }
        };
        for (_, given) in answers.iter() {
            if let Answer::Value(value) = &given.answer {
                match value {
                    Value::Text(words) => text.push_str(&words.to_lowercase()),
                    Value::Choice(code) => text.push_str(&code.as_str().to_lowercase()),
                    Value::Choices(codes) => codes.iter().for_each(|code| text.push_str(&code.as_str().to_lowercase())),
                    Value::Number(number) => text.push_str(&number.to_string()),
                    Value::Date(date) => text.push_str(&date.to_string()),
                    Value::Flag(_) | Value::Moment(_) | Value::Entry(_) | Value::Map(_) => {}
                }
                text.push('\n');
            }
        }
    }
    wanted.iter().all(|word| text.contains(word.as_str()))
}
