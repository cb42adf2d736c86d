//! `amanat sync [--watch]`.

use std::{
    collections::HashSet,
    sync::mpsc::{self, Receiver, SyncSender, TrySendError},
    time::Duration,
};

use amanat_sync::{
    courier::{End, Outcome, PartsMoved, Trouble},
    entry::EntryRef,
};
use serde_json::json;

use super::{book::Book, context::Context, output::Report};
use crate::{
    failure::{Failure, Kind},
    model::Moment,
    runtime::{
        clock,
        homes::home::Home,
        road::{
            arrivals::Arrived,
            carrier::{self, Carrier},
            network::{self, Listening},
        },
        screen::tellings::{carrier_words, offered_words, rivals_words},
    },
};

/// Between two passes that had nothing to mend.
const WATCH: Duration = Duration::from_secs(60);

pub(super) fn run(context: &Context, watch: bool, parts: bool) -> Result<Report, Failure> {
    let mut home = context.unlock()?;
    home.trust()?;
    let mut carrier = Carrier::new(&home)?;
    // The fold decides what counts in which case, and what a reader has opened already.
    let book = Book::open(context, &mut home)?;
    if parts {
        wish_all(&home, &book)?;
    }
    drop(book);
    let networks = watch.then(|| Networks::listen(context));
    loop {
        let (mut outcome, mut arrived) = one_pass(context, &mut home, &mut carrier)?;
        if parts && outcome.pulled > 0 {
            let book = Book::open(context, &mut home)?;
            wish_all(&home, &book)?;
            outcome.parts.left = outcome.parts.left.max(1);
        }
        let mut moves = true;
        while moves && goes_on(&outcome) {
            let (next, more) = one_pass(context, &mut home, &mut carrier)?;
            moves = moved(&next);
            outcome = joined(outcome, next);
            arrived.replayed.opened += more.replayed.opened;
            arrived.kept_again += more.kept_again;
            arrived.closed_behind += more.closed_behind;
        }
        if matches!(outcome.end, End::Done) && (home.status()?.waiting() > 0 || arrived.adopted.wrapped) {
            // What arrived made us keep something (a reader's word on slips, entries of a closed journal) or wrap a key.
            if outcome.roster.is_some() {
                carrier = Carrier::new(&home)?;
            }
            let (second, more) = one_pass(context, &mut home, &mut carrier)?;
            outcome = joined(outcome, second);
            arrived = together(arrived, more);
        }
        let report = report(&home, &outcome, &arrived)?;
        let Some(networks) = &networks else {
            return match carrier::ended(&outcome.end) {
                // The pass went well, and the hub is not what it was: a script must hear of that too.
                None if outcome.trouble.iter().any(is_distrust) => Ok(report.ending(Kind::Refused)),
                None => Ok(report),
                Some(failure) => Err(failure),
            };
        };
        context.output.note(&report.text);
        if outcome.roster.is_some() {
            carrier = Carrier::new(&home)?;
        }
        let wait = carrier.next_try(&outcome.end).map_or(WATCH, Duration::from_millis);
        if let Some(failure) = carrier::ended(&outcome.end) {
            if matches!(outcome.end, End::Refused(_) | End::Local(_)) {
                return Err(failure);
            }
            context.output.note(&failure.message);
            context.output.note(&format!("  Nothing is lost. It is tried again by itself, in {} s.", wait.as_secs()));
        }
        networks.wait(&mut carrier, &outcome.end, wait);
    }
}

/// Whether attachments are left that a further pass could move.
fn goes_on(outcome: &Outcome) -> bool {
    matches!(outcome.end, End::Done) && outcome.parts.left > 0
}

/// Whether a pass moved any of them: one that did not will not be followed by one that does.
fn moved(outcome: &Outcome) -> bool {
    outcome.parts.sent.saturating_add(outcome.parts.fetched) > 0
}

/// Asks for every attachment that this device can open and does not have.
fn wish_all(home: &Home, book: &Book) -> Result<(), Failure> {
    for entry in book.entries() {
        for part in &entry.parts {
            home.wish_part(&entry.author, part)?;
        }
    }
    Ok(())
}

/// Fetches what was asked for, as long as something comes.
pub(super) fn fetch_parts(context: &Context, home: &mut Home) -> Result<(), Failure> {
    let mut carrier = Carrier::new(home)?;
    loop {
        let (outcome, _) = one_pass(context, home, &mut carrier)?;
        if let Some(failure) = carrier::ended(&outcome.end) {
            return Err(failure);
        }
        if let Some(trouble) = outcome.trouble.iter().find(|trouble| matches!(trouble, Trouble::PartBroken(_))) {
            return Err(Failure::refused(format!("fetching an attachment — {}", carrier_words(trouble)), ""));
        }
        if outcome.parts.waits > 0 {
            return Err(Failure::unreachable(
                "fetching an attachment — the hub cannot give attachments just now",
                "It is asked for again with every sync.",
            ));
        }
        if !(goes_on(&outcome) && moved(&outcome)) {
            return Ok(());
        }
    }
}

/// Troubles that no pass mends and a person must look into.
pub(super) const fn is_distrust(trouble: &Trouble) -> bool {
    matches!(
        trouble,
        Trouble::ForkElsewhere { .. }
            | Trouble::HubDenies { .. }
            | Trouble::TwoStories { .. }
            | Trouble::HiddenTail { .. }
            | Trouble::HiddenElsewhere { .. }
            | Trouble::PartBroken(_)
    )
}

/// Two passes told as one.
fn joined(first: Outcome, second: Outcome) -> Outcome {
    Outcome {
        handed_over: first.handed_over + second.handed_over,
        handed_on: first.handed_on + second.handed_on,
        unserved: first.unserved.max(second.unserved),
        listed: if second.listed.is_empty() { first.listed } else { second.listed },
        received: [first.received, second.received].concat(),
        pulled: first.pulled + second.pulled,
        set_aside: first.set_aside + second.set_aside,
        documents: first.documents + second.documents,
        roster: second.roster.or(first.roster),
        hub_time: second.hub_time.or(first.hub_time),
        // What the second brought is covered by no word of the first.
        covers: if second.pulled > 0 { second.covers } else { first.covers.max(second.covers) },
        parts: PartsMoved {
            sent: first.parts.sent + second.parts.sent,
            fetched: first.parts.fetched + second.parts.fetched,
            arrived: first.parts.arrived + second.parts.arrived,
            left: second.parts.left,
            waits: second.parts.waits,
        },
        trouble: [first.trouble, second.trouble].concat(),
        end: second.end,
    }
}

/// What both brought home, as far as it is told.
fn together(mut first: Arrived, second: Arrived) -> Arrived {
    first.replayed.opened += second.replayed.opened;
    first.kept_again += second.kept_again;
    first.closed_behind += second.closed_behind;
    let known: HashSet<EntryRef> = first.replayed.failed.iter().map(|(at, _)| *at).collect();
    first.replayed.failed.extend(second.replayed.failed.into_iter().filter(|(at, _)| !known.contains(at)));
    first
}

/// What wakes somebody who watches before the clock does.
struct Networks {
    heard: Receiver<()>,
    /// Held, so that a wait lasts where nothing listens.
    _told: SyncSender<()>,
    _listening: Option<Listening>,
}

impl Networks {
    /// Listens where the system lets it, and says so where it does not.
    fn listen(context: &Context) -> Self {
        // One word is enough: what else comes before it is heard is of the same network.
        let (told, heard) = mpsc::sync_channel(1);
        let news = told.clone();
        let listening = network::listen(move || !matches!(news.try_send(()), Err(TrySendError::Disconnected(()))));
        if let Err(error) = &listening {
            context.output.note(&format!(
                "A network that comes back is not heard of here ({error}): the hub is tried by the clock alone."
            ));
        }
        Self { heard, _told: told, _listening: listening.ok() }
    }

    /// Waits until the next try: it comes by the clock, or soon after a network is new. A signal ends the program, and nothing is lost by
    /// that.
    fn wait(&self, carrier: &mut Carrier, end: &End, wait: Duration) {
        let mut due = clock::instant() + wait;
        let mut counts = carrier::wants_a_network(end) || matches!(end, End::Done);
        while self.heard.recv_timeout(due.saturating_duration_since(clock::instant())).is_ok() {
            if counts {
                counts = false;
                due = due.min(clock::instant() + carrier.has_network());
            }
        }
    }
}

/// One pass; and another at once where the hub has another key than its roster lists, and a newer roster came from there.
fn one_pass(context: &Context, home: &mut Home, carrier: &mut Carrier) -> Result<(Outcome, Arrived), Failure> {
    let (outcome, arrived) = trip(context, home, carrier)?;
    if !outcome.end.may_be_mended_by_rosters() || outcome.roster.is_none() {
        return Ok((outcome, arrived));
    }
    *carrier = Carrier::new(home)?;
    let (second, more) = trip(context, home, carrier)?;
    Ok((joined(outcome, second), together(arrived, more)))
}

fn trip(context: &Context, home: &mut Home, carrier: &mut Carrier) -> Result<(Outcome, Arrived), Failure> {
    let (output, waiting) = (context.output, home.status()?.waiting());
    carrier
        .tell(Box::new(move |entries| output.progress(&format!("{} of {waiting} handed over", entries.min(waiting)))));
    let outcome = carrier.pass();
    output.progress_done();
    let arrived = home.take_home(&home.codebook()?, &outcome)?;
    if arrived.adopted.rivals > 0 {
        context.output.note(&rivals_words(home.trust()?.roster_version()));
    }
    for refused in &arrived.adopted.refused {
        context.output.note(refused);
    }
    for failure in &arrived.afterwards {
        context.output.note(&failure.message);
    }
    Ok((outcome, arrived))
}

fn report(home: &Home, outcome: &Outcome, arrived: &Arrived) -> Result<Report, Failure> {
    let status = home.status()?;
    let received: u64 = status.own.iter().map(|own| own.received).sum();
    let hub_time = outcome.hub_time.and_then(|ms| i64::try_from(ms).ok()).map(|ms| Moment::pkt(ms).to_string());
    let trouble: Vec<String> = outcome.trouble.iter().map(carrier_words).collect();
    let waiting = status.waiting();
    // What broke off is said behind this: nothing that has not been done is called done.
    let done = if matches!(outcome.end, End::Done) { "Synced." } else { "Not synced to the end." };
    let mut text = format!(
        "{done}\n  handed over  {}\n  received     {received}\n  waiting      {waiting}\n  pulled       {}",
        outcome.handed_over, outcome.pulled
    );
    if outcome.handed_on > 0 {
        text.push_str(&format!("\n  handed on    {} of others", outcome.handed_on));
    }
    let PartsMoved { sent, fetched, arrived: whole, left, waits } = outcome.parts;
    if outcome.parts != PartsMoved::default() {
        text.push_str(&format!("\n  attachments  {sent} bytes sent, {fetched} fetched, {left} left"));
    }
    if waits > 0 {
        text.push_str(&format!(
            "\n  ! The hub cannot keep or give attachments just now; {waits} bytes of them wait, and the next sync tries again"
        ));
    }
    if !arrived.replayed.failed.is_empty() {
        text.push_str(&format!(
            "\n  ! {} entries are not what was signed for; amanat verify names them",
            arrived.replayed.failed.len()
        ));
    }
    if !arrived.replayed.offered.is_empty() {
        text.push_str(&format!("\n  ! {}", offered_words(arrived.replayed.offered.len())));
    }
    for line in &trouble {
        text.push_str("\n  ! ");
        text.push_str(line);
    }
    Ok(Report::new(
        text,
        json!({
            "handed_over": outcome.handed_over, "handed_on": outcome.handed_on, "received": received, "waiting": waiting, "pulled": outcome.pulled,
            "opened": arrived.replayed.opened, "closed": arrived.replayed.closed, "offered": arrived.replayed.offered.len(),
            "failed": arrived.replayed.failed.len(), "set_aside": outcome.set_aside, "documents": outcome.documents,
            "roster": home.trust()?.roster_version(), "new_keys": arrived.adopted.keys.len(),
            "kept_again": arrived.kept_again, "closed_behind": arrived.closed_behind, "hub_time": hub_time, "trouble": trouble,
            "parts": {"sent": sent, "fetched": fetched, "arrived": whole, "left": left, "waits": waits},
        }),
    ))
}

/// Carries documents to the hub and back; the hub's name.
pub(super) fn carry_documents(context: &Context, home: &mut Home) -> Result<String, Failure> {
    let mut carrier = Carrier::new(home)?;
    let (outcome, _) = one_pass(context, home, &mut carrier)?;
    match carrier::ended(&outcome.end) {
        None => Ok(home.hub().map(|hub| hub.name.clone()).unwrap_or_default()),
        Some(failure) => Err(failure),
    }
}
