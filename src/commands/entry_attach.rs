//! `amanat entry attach|save-part`: files that go with an entry, and back out of it.

use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};

use super::{book::Book, context::Context, filled, output::Report, shown, sync};
use crate::{
    codebook::Surroundings,
    failure::Failure,
    model::{Attached, Code, Entry, ListedPart},
    runtime::{
        entries::keep::{ToKeep, What},
        homes::home::Home,
        road::{
            attaching::{self, ToAttach},
            media,
        },
    },
};

pub(super) fn attach(
    context: &Context,
    case: &str,
    files: &[PathBuf],
    note: Option<&str>,
    media: Option<&str>,
) -> Result<Report, Failure> {
    if let Some(text) = media.filter(|text| !media::is_media(text)) {
        let what = format!("attaching — {text} is no media type");
        return Err(Failure::usage(what, "Say it like image/jpeg, or leave it out."));
    }
    let mut home = context.unlock()?;
    let codebook = home.codebook()?;
    let book = Book::open(context, &mut home)?;
    let case = filled::case_id(&book, case)?;
    let files: Vec<ToAttach> =
        files.iter().map(|path| ToAttach { path: path.clone(), media: media.map(str::to_owned) }).collect();
    let around = Surroundings::of(&book.casebook, Some(&case));
    let sheet = attaching::note(&codebook, case, &filled::who_sits_here(&home)?, (&files, note), &around);
    let (sheet, warnings) = sheet.map_err(|(form, problems)| filled::to_put_right(&form, &problems, shown::kind))?;
    let keep = ToKeep { case, what: What::Sheet(sheet), source: None, draft: None, sharing: None };
    let output = context.output;
    let mut told = 0;
    let kept = home.attach(&codebook, keep, &files, &mut |done, total| {
        let percent = done.saturating_mul(100) / total.max(1);
        if percent > told {
            told = percent;
            output.progress(&format!("Sealing: {percent} %"));
        }
        true
    });
    output.progress_done();
    let kept = kept?;
    let mut report = filled::kept_report(&kept, &warnings);
    let parts: Vec<Json> = kept.first().map(|entry| listed(&home, entry)).unwrap_or_default();
    report.text.push_str(&format!("\n  files  {}", parts.len()));
    super::output::put(&mut report.json, "parts", Json::Array(parts));
    Ok(report)
}

/// The attachments of an entry, counted from 1.
pub(super) fn listed(home: &Home, entry: &Entry) -> Vec<Json> {
    let line = |(n, part): (usize, &Attached)| json!({"n": n + 1, "name": part.name, "media": part.media, "size": part.size, "here": home.holds_part(&entry.author, part)});
    entry.parts.iter().enumerate().map(line).collect()
}

/// Opens one attachment into a file, fetching it first where it is not here.
pub(super) fn save(context: &Context, id: &str, n: usize, to: &Path, over: bool) -> Result<Report, Failure> {
    let mut home = context.unlock()?;
    let book = Book::open(context, &mut home)?;
    let id = filled::entry_id(&book, id)?;
    let Some(entry) = book.casebook.entry(&id).cloned() else { return Err(filled::gone(&id)) };
    let part = n.checked_sub(1).and_then(|n| entry.parts.get(n)).cloned().ok_or_else(|| {
        let many = format!("looking for attachment {n} — the entry has {}", entry.parts.len());
        Failure::usage(many, "amanat entry show ID lists them.")
    })?;
    if home.wish_part(&entry.author, &part)? {
        sync::fetch_parts(context, &mut home)?;
    }
    if !home.holds_part(&entry.author, &part) {
        let waits = format!("saving attachment {n} — it is not here and the hub does not give it yet");
        return Err(Failure::unreachable(waits, "It is asked for and comes with a later sync. Then save it again."));
    }
    // On record before it is done: from here on there is a copy that nothing protects.
    home.keep(&home.codebook()?, ToKeep::access(entry.case, Code::new("export"), 1))?;
    let output = context.output;
    let mut told = 0;
    let listed = ListedPart { case: entry.case, author: entry.author, part: part.clone() };
    let saved = home.save_part(&listed, to, over, &mut |done, total| {
        let percent = done.saturating_mul(100) / total.max(1);
        if percent > told {
            told = percent;
            output.progress(&format!("Opening: {percent} %"));
        }
        true
    });
    output.progress_done();
    let size = saved?;
    let text = format!(
        "Saved to {}.\n  bytes  {size}\n  ! This copy is not protected: whoever has this machine can read it. Delete it when it is not needed.",
        to.display()
    );
    Ok(Report::new(text, json!({"saved": to, "bytes": size, "media": part.media})))
}
