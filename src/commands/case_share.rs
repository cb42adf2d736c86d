//! `amanat case share` and `amanat case transfer`: another unit reads a case, or takes it over, and who reads it then in words.

use serde_json::json;

use super::{
    args::Handing,
    book::Book,
    context::Context,
    filled::case_id,
    output::{Report, one_line},
};
use crate::{
    codebook::Codebook,
    failure::Failure,
    model::{Code, HandWish, Step},
    runtime::{entries::handing::HandedOver, homes::home::Home, roster::edit::find_unit, screen::officer},
};

/// Lets a unit read a case.
pub(super) fn share(context: &Context, id: &str, unit: &str, how: &Handing) -> Result<Report, Failure> {
    wished(context, id, how, |home, _| {
        let unit = Some(find_unit(home.trust()?.roster(), Some(unit))?.id.into());
        Ok(HandWish { step: Step::Share, unit, reason: None, note: how.note.clone() })
    })
}

/// Hands a case to a unit, or answers for it.
pub(super) fn transfer(
    context: &Context,
    id: &str,
    to: Option<&str>,
    step: Step,
    reason: &str,
    how: &Handing,
) -> Result<Report, Failure> {
    wished(context, id, how, |home, codebook| {
        let unit = match to {
            Some(to) => Some(find_unit(home.trust()?.roster(), Some(to))?.id.into()),
            None => None,
        };
        let reason = if step == Step::Sent { Some(reason_of(codebook, reason)?) } else { None };
        Ok(HandWish { step, unit, reason, note: how.note.clone() })
    })
}

pub(super) fn reason_of(codebook: &Codebook, asked: &str) -> Result<Code, Failure> {
    let items = codebook.list("transfer_reason").map(|list| list.items.as_slice()).unwrap_or_default();
    let known = items.iter().find(|item| item.code.as_str().eq_ignore_ascii_case(asked));
    known.map(|item| item.code.clone()).ok_or_else(|| {
        let codes: Vec<&str> = items.iter().map(|item| item.code.as_str()).collect();
        Failure::usage(
            format!("transferring the case — no reason is called {asked}"),
            format!("One of: {}.", codes.join(", ")),
        )
    })
}

fn wished(
    context: &Context,
    id: &str,
    how: &Handing,
    wish: impl FnOnce(&Home, &Codebook) -> Result<HandWish, Failure>,
) -> Result<Report, Failure> {
    let mut home = context.unlock()?;
    let book = Book::open(context, &mut home)?;
    let case = case_id(&book, id)?;
    let codebook = home.codebook()?;
    let wish = wish(&home, &codebook)?;
    let readers = officer::readers(&home, Some(case), None, &[], Some(&wish))?;
    let done = if how.dry_run { None } else { Some(home.hand_over(&codebook, case.into(), &wish)?) };
    let readers: Vec<Reads> = readers
        .into_iter()
        .map(|line| Reads { unit: line.unit, people: line.people, counts: line.statistics_only })
        .collect();
    let names: Vec<&str> = readers.iter().filter(|line| !line.counts).map(|line| line.unit.as_str()).collect();
    let entry = done.as_ref().and_then(|done| done.entries.first()).map(|entry| entry.id.to_string());
    Ok(Report::new(
        told(&readers, wish.step, done.as_ref()),
        json!({
            "case": case.to_string(), "step": wish.step.code(), "readers": names, "kept": done.is_some(), "entry": entry,
            "opened": done.as_ref().map(|done| done.opened), "left": done.as_ref().map(|done| done.left),
        }),
    ))
}

/// A unit that will be able to read.
struct Reads {
    unit: String,
    people: Option<u32>,
    /// Only counted facts go there.
    counts: bool,
}

fn told(readers: &[Reads], step: Step, done: Option<&HandedOver>) -> String {
    let mut text = String::from("Who will be able to read this case:");
    for line in readers {
        let more = match (line.counts, line.people) {
            (true, _) => "  statistics only".to_owned(),
            (false, Some(people)) => format!("  {people} people"),
            (false, None) => String::new(),
        };
        text.push_str(&format!("\n  {}{more}", one_line(&line.unit)));
    }
    text.push_str(match step {
        Step::Share | Step::Sent => {
            "\nThat is everything in it, from its first entry on, names, phones and homes included. It cannot be taken back: what \
             they have read stays read."
        }
        Step::Accepted => "\nThe case is this unit's from now on. Who read it before still does.",
        Step::Rejected | Step::TakenBack => "\nThe case stays where it is. Who was let in still reads it.",
    });
    match done {
        None => text.push_str("\nNothing was kept (--dry-run)."),
        Some(done) => {
            text.push_str(&format!("\nKept. {} slips open for them now; the next sync carries it.", done.opened));
            if done.left > 0 {
                text.push_str(&format!(
                    "\n! {} slips stay closed to them: their authors' supervisor, or a custodian at headquarters, opens them.",
                    done.left
                ));
            }
        }
    }
    text
}
