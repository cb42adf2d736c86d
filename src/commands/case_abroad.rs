//! `amanat case transfer ID --to-agency` and `amanat case receive`: a case that crosses between two agencies, each with a roster of its own.

use std::path::Path;

use amanat_keys::words::Words;
use serde_json::json;

use super::{
    args::{Abroad, Receiving},
    book::Book,
    case_share::reason_of,
    context::Context,
    filled::case_id,
    output::{Report, one_line},
    typed,
};
use crate::{
    failure::Failure,
    runtime::{
        abroad::{
            offering::{self, Incoming, Says, Wish},
            taking::Proposed,
        },
        homes::{home::Home, pack},
        roster::edit::find_unit,
    },
};

/// Offers a case to a unit of another agency.
pub(super) fn offer(
    context: &Context,
    id: &str,
    to: &str,
    away: &Abroad,
    reason: &str,
    (note, dry_run): (Option<&str>, bool),
) -> Result<Report, Failure> {
    let (Some(roster), Some(words), Some(out)) = (&away.to_agency, &away.fingerprint, &away.out) else {
        return Err(Failure::usage(
            "transferring the case — no file is named for the other agency",
            "Give it with --out: what they get is written there.",
        ));
    };
    let theirs = offering::pin(&pack::read(roster)?, &typed::words(words)?)?;
    let unit = find_unit(theirs.roster(), Some(to))?.clone();
    let mut home = context.unlock()?;
    let book = Book::open(context, &mut home)?;
    let case = case_id(&book, id)?;
    let codebook = home.codebook()?;
    let wish =
        Wish { theirs: &theirs, unit: unit.id, reason: reason_of(&codebook, reason)?, note: note.map(str::to_owned) };
    let entries = book.casebook.case(&case).map(|file| book.entries_of(file)).unwrap_or_default();
    let done = home.offer_abroad(&codebook, case.into(), &entries, &wish, (!dry_run).then_some(out.as_path()))?;
    let own = home.trust()?.fingerprint_words().to_string();
    let (agency, unit) = (one_line(&theirs.roster().name), one_line(&unit.name));
    let mut text = format!(
        "{agency}, {unit}: everybody who reads for that unit will read {} entries of this case, names, phones and homes included. It cannot \
         be taken back. What is written here later does not reach them.",
        done.entries
    );
    if done.left_behind > 0 {
        text.push_str(&format!(
            "\n  ! {} attachments do not go along: save them and hand them over.",
            done.left_behind
        ));
    }
    if done.lacking > 0 {
        text.push_str(&format!(
            "\n  ! {} entries do not go along: this device does not hold what their authors signed any more.",
            done.lacking
        ));
    }
    if done.again {
        text.push_str(
            "\nIt was offered so before and waits: the same offer is written again, and nothing is kept twice.",
        );
    }
    match (dry_run, &done.entry) {
        (true, _) => text.push_str("\nNothing was kept or written (--dry-run)."),
        (false, _) => text.push_str(&format!(
            "\n  file   {} ({} bytes, opens for that unit alone)\n  words  {own}\nRead the words aloud to them. The case waits for their \
             answer: amanat case receive ANSWER",
            out.display(),
            done.bytes
        )),
    }
    Ok(Report::new(
        text,
        json!({
            "case": case.to_string(), "agency": theirs.agency().to_string(), "unit": unit, "entries": done.entries,
            "left_behind": done.left_behind, "lacking": done.lacking, "kept": done.entry.is_some(),
            "again": done.again, "entry": done.entry.as_ref().map(|entry| entry.id.to_string()), "bytes": done.bytes, "words": own,
        }),
    ))
}

/// Takes back an offer that nobody answered.
pub(super) fn take_back(
    context: &Context,
    id: &str,
    away: &Abroad,
    (note, dry_run): (Option<&str>, bool),
) -> Result<Report, Failure> {
    let (Some(roster), Some(words), false) = (&away.to_agency, &away.fingerprint, dry_run) else {
        return Err(Failure::usage(
            "taking an offer back — there is nothing to be seen before it is done",
            "Leave --dry-run out. What stands: amanat case show ID",
        ));
    };
    let theirs = offering::pin(&pack::read(roster)?, &typed::words(words)?)?;
    let mut home = context.unlock()?;
    let book = Book::open(context, &mut home)?;
    let case = case_id(&book, id)?;
    let codebook = home.codebook()?;
    let offer = (&theirs, away.offer.as_deref());
    let done = home.take_back_abroad(&codebook, case.into(), offer, note, away.out.as_deref())?;
    let own = home.trust()?.fingerprint_words().to_string();
    let mut text = format!(
        "{}, {}: the offer is taken back. {}\nIf they have taken it over meanwhile, their answer will say so, and the case stays there.",
        one_line(&done.peer.name),
        one_line(&done.peer.unit),
        if done.entry.is_some() {
            "Kept in the case; the next sync carries it."
        } else {
            "It stood in the case already."
        },
    );
    if let (Some(out), Some(bytes)) = (&away.out, done.bytes) {
        text.push_str(&format!(
            "\n  file   {} ({bytes} bytes, opens for that unit alone)\n  words  {own}\nThey read it with: amanat case receive FILE",
            out.display()
        ));
    }
    Ok(Report::new(
        text,
        json!({
            "case": case.to_string(), "agency": done.peer.agency.to_string(), "offer": done.peer.offer.to_string(),
            "kept": done.entry.is_some(), "entry": done.entry.as_ref().map(|entry| entry.id.to_string()), "bytes": done.bytes,
            "words": own,
        }),
    ))
}

/// Reads what another agency wrote: a case that it offers, that it does so no more, or its answer.
pub(super) fn receive(context: &Context, file: &Path, how: &Receiving) -> Result<Report, Failure> {
    let words = how.fingerprint.as_deref().map(typed::words).transpose()?;
    let mut home = context.unlock()?;
    let incoming = home.open_from_abroad(file)?;
    let book = Book::open(context, &mut home)?;
    if incoming.says() == Says::Reply {
        return answered(&mut home, &incoming, words.as_ref());
    }
    let words = words.ok_or_else(|| {
        Failure::usage(
            "reading what came from another agency — nobody has said yet whose it is",
            "Have the other side read the words of its roster aloud, and give them with --fingerprint.",
        )
    })?;
    if incoming.says() == Says::Withdrawal {
        return withdrawn(&mut home, &incoming, &words);
    }
    let proposed = home.prove_offer(&incoming, &words)?;
    let mut text = looked(&proposed);
    let (mut kept, mut answer) = (0, None);
    if how.accept || how.reject {
        let out = how.out.as_deref().ok_or_else(|| {
            Failure::usage("answering another agency — no file is named for the answer", "Give it with --out.")
        })?;
        let note = how.note.as_deref();
        if how.accept {
            kept = home.take_over(&proposed, note, |row| book.casebook.has_row(row))?.len();
        }
        answer = Some((home.answer(&proposed, how.accept, note, out)?, out));
    }
    let own = home.trust()?.fingerprint_words().to_string();
    match answer {
        None => text.push_str("\nNothing was kept. Take it over with --accept, or say no with --reject --note TEXT."),
        Some((bytes, out)) => text.push_str(&format!(
            "\n{}\n  answer  {} ({bytes} bytes, opens for {} alone)\n  words   {own}\nGive them the answer. If their roster of this agency is \
             older, they ask for the words.",
            if how.accept {
                format!("Taken over: {kept} entries kept, as case {}.", proposed.case())
            } else {
                "Not taken over. Nothing was kept.".to_owned()
            },
            out.display(),
            one_line(proposed.unit_name()),
        )),
    }
    Ok(Report::new(
        text,
        json!({
            "offer": proposed.id.to_string(), "agency": proposed.offer.from.to_string(), "unit": proposed.unit_name(),
            "entries": proposed.offer.entries.len(), "left_behind": proposed.offer.left_behind,
            "reason": proposed.offer.reason, "note": proposed.offer.note, "case": proposed.case().to_string(),
            "accepted": how.accept, "rejected": how.reject, "kept": kept, "words": own, "withdrawn": proposed.withdrawn,
        }),
    ))
}

fn looked(proposed: &Proposed) -> String {
    let offer = &proposed.offer;
    let mut text = format!(
        "{}, {} offers a case: {} entries, each proven to be signed by one of its people.\n  reason  {}",
        one_line(&proposed.theirs.roster().name),
        one_line(proposed.unit_name()),
        offer.entries.len(),
        one_line(&offer.reason),
    );
    if !offer.note.is_empty() {
        text.push_str(&format!("\n  note    {}", one_line(&offer.note)));
    }
    if proposed.withdrawn {
        text.push_str("\n  ! They have taken this offer back.");
    }
    if offer.left_behind > 0 {
        text.push_str(&format!("\n  ! {} attachments stayed there: ask for them.", offer.left_behind));
    }
    text
}

fn answered(home: &mut Home, incoming: &Incoming, words: Option<&Words>) -> Result<Report, Failure> {
    let codebook = home.codebook()?;
    let answered = home.take_answer(&codebook, incoming, words)?;
    let (reply, peer) = (&answered.reply, &answered.peer);
    let says = if reply.accepted { "has taken the case over" } else { "does not take the case over" };
    let mut text = format!("{}, {}: {says}.", one_line(&peer.name), one_line(&peer.unit));
    if !reply.note.is_empty() {
        text.push_str(&format!("\n  note  {}", one_line(&reply.note)));
    }
    if answered.crossed && reply.accepted {
        text.push_str(
            "\n! The offer had been taken back here, and the two crossed: they have what was offered. Speak to them.",
        );
    }
    text.push_str(if answered.entry.is_some() {
        "\nKept in the case; the next sync carries it."
    } else {
        "\nIt stands in the case already."
    });
    Ok(Report::new(
        text,
        json!({
            "case": answered.case.to_string(), "agency": peer.agency.to_string(), "unit": &*peer.unit,
            "accepted": reply.accepted, "note": reply.note, "kept": answered.entry.is_some(), "crossed": answered.crossed,
            "entry": answered.entry.as_ref().map(|entry| entry.id.to_string()),
        }),
    ))
}

fn withdrawn(home: &mut Home, incoming: &Incoming, words: &Words) -> Result<Report, Failure> {
    let codebook = home.codebook()?;
    let heard = home.hear_withdrawal(&codebook, incoming, words)?;
    let mut text = format!("{}, {}: the offer is taken back.", one_line(&heard.names.0), one_line(&heard.names.1));
    if !heard.withdrawal.note.is_empty() {
        text.push_str(&format!("\n  note  {}", one_line(&heard.withdrawal.note)));
    }
    text.push_str(&match (heard.case, heard.entry.is_some()) {
        (None, _) => "\nNothing of it is here. From now on this device does not take it over; destroy the file of it.".to_owned(),
        (Some(case), true) => format!(
            "\n! It had been taken over here before, and the two crossed: case {case} stays, and this word with it. Speak to them."
        ),
        (Some(case), false) => format!("\nIt stands in case {case} already, which had been taken over before."),
    });
    Ok(Report::new(
        text,
        json!({
            "offer": heard.withdrawal.offer.to_string(), "agency": heard.withdrawal.from.to_string(), "withdrawn": true,
            "case": heard.case.map(|case| case.to_string()), "note": heard.withdrawal.note, "kept": heard.entry.is_some(),
            "entry": heard.entry.as_ref().map(|entry| entry.id.to_string()),
        }),
    ))
}
