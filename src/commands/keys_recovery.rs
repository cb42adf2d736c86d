//! `amanat keys split` and `amanat keys restore`: the recovery key onto paper, and back.

use std::{
    io::{BufRead as _, stdin},
    path::{Path, PathBuf},
};

use amanat_keys::{
    recipient::ReadIdentity,
    recovery::{self, Share, WORDS},
};
use serde_json::json;
use zeroize::Zeroizing;

use super::{args::Consent, context::Context, output::Report, roster_next};
use crate::{
    failure::Failure,
    runtime::{
        fault,
        roster::{change, enrol::Admin, escrow::sheet},
    },
};

const SPLITTING: &str = "splitting the recovery key";

pub(super) fn split(
    context: &Context,
    (threshold, shares): (u8, u8),
    sheets: &Path,
    proposal: Option<&Path>,
) -> Result<Report, Failure> {
    let refused = |error| fault::keys(SPLITTING, &error);
    let mut admin = roster_next::admin(context)?;
    let files: Vec<String> = (1..=shares).map(|index| format!("share-{index}-of-{shares}.txt")).collect();
    let paths: Vec<_> = files.iter().map(|file| sheets.join(file)).collect();
    // Called again after it was killed with all of it done: the same sheets are not made twice.
    let report = match admin.signed_for(&paths, threshold)? {
        Some(agreed) => roster_next::told(context, &consent(proposal), &admin, &agreed, &[])?.1,
        None => {
            let identity = ReadIdentity::of_kind(admin.home.trust()?.roster().kind).map_err(refused)?;
            let made = recovery::split(&identity, threshold, shares).map_err(|error| {
                Failure::usage(
                    format!("{SPLITTING} — {}", fault::told(&error)),
                    "Give 2 ≤ --threshold ≤ --shares ≤ 16.",
                )
            })?;
            signed(context, &mut admin, &identity, made, &paths, proposal)?
        }
    };
    let text = format!(
        "{}\n{shares} sheets were typed back, any {threshold} of them open it. Destroy the files in {} and hand the paper to {shares} people.",
        report.text,
        sheets.display()
    );
    Ok(roster_next::with(
        Report { text, ..report },
        &[("sheets", json!(files)), ("shares", json!(shares)), ("threshold", json!(threshold))],
    ))
}

/// The sheets written, typed back and signed for; none stays if it does not come to that.
fn signed(
    context: &Context,
    admin: &mut Admin,
    identity: &ReadIdentity,
    made: Vec<Share>,
    paths: &[PathBuf],
    proposal: Option<&Path>,
) -> Result<Report, Failure> {
    let agency = admin.home.trust()?.roster().name.clone();
    let texts: Vec<_> = made.iter().zip(paths).map(|(share, path)| (path.clone(), sheet(share, &agency))).collect();
    // Till the end of this a signal that ends the program removes them first.
    let ceremony = admin.home.lay_sheets(identity.recipient(), &texts)?;
    drop(texts);
    context.output.note(&format!(
        "{} sheets are in {}. Print them, then type each back from the paper; nothing is signed before.",
        made.len(),
        paths.first().and_then(|path| path.parent()).unwrap_or(Path::new(".")).display()
    ));
    let signed = typed_back(context, &made).and_then(|()| sign(context, admin, identity, proposal));
    drop(made);
    // However it went: sheets of a key that nobody signed for do not stay.
    let ended = admin.home.clear_sheets()?;
    drop(ceremony);
    signed.map_err(|failure| match ended {
        Some(ended) => Failure { hint: ended.told(), ..failure },
        None => failure,
    })
}

fn consent(proposal: Option<&Path>) -> Consent {
    Consent { yes: false, dry_run: false, proposal: proposal.map(Path::to_path_buf) }
}

/// The roster that names the key, shown and signed.
fn sign(
    context: &Context,
    admin: &mut Admin,
    identity: &ReadIdentity,
    proposal: Option<&Path>,
) -> Result<Report, Failure> {
    let roster = admin.with_recovery(identity.recipient())?;
    let lines = change::changes(admin.home.trust()?.roster(), &roster);
    let sentences = roster_next::sentences(context, &lines);
    let consent = consent(proposal);
    roster_next::agree(context, &consent, &format!("Roster {}:", roster.version), &sentences)?;
    let agreed = admin.settle(&roster)?;
    roster_next::told(context, &consent, admin, &agreed, &sentences).map(|(_, report)| report)
}

/// Every sheet from the paper, each until it is right.
fn typed_back(context: &Context, made: &[Share]) -> Result<(), Failure> {
    let mut typed = Typed::default();
    for share in made {
        context.output.note(&format!("Sheet {} of {}: type its {WORDS} words.", share.index(), share.shares()));
        loop {
            let words = typed.sheet()?.ok_or_else(|| {
                Failure::usage(
                    format!("{SPLITTING} — sheet {} was not typed back", share.index()),
                    "Nothing was signed, and nothing is sealed to these sheets: destroy them and begin again.",
                )
            })?;
            match Share::read(&words) {
                Ok(read) if *read.words() == *share.words() => break,
                Ok(read) => {
                    context.output.note(&format!("That is sheet {}, not {}. Again:", read.index(), share.index()));
                }
                Err(error) => {
                    context.output.note(&format!("That is not what the sheet says: {}. Again:", fault::told(&error)))
                }
            }
        }
    }
    Ok(())
}

pub(super) fn restore(context: &Context) -> Result<Report, Failure> {
    let doing = "joining the recovery key";
    let mut home = context.unlock()?;
    let recipient = home.recovery()?.clone();
    let mut typed = Typed::default();
    let mut shares: Vec<Share> = Vec::new();
    let needed = |shares: &[Share]| shares.first().map_or(2, |share| usize::from(share.threshold()));
    while shares.len() < needed(&shares) {
        context.output.note(&format!("Type the {WORDS} words of a sheet ({} so far).", shares.len()));
        let words = typed.sheet()?.ok_or_else(|| {
            Failure::usage(
                format!("{doing} — {} sheets were typed and {} are needed", shares.len(), needed(&shares)),
                "Bring more of the people who hold one together.",
            )
        })?;
        match Share::read(&words) {
            Ok(share) if !share.is_of(&recipient) => {
                context.output.note(&format!(
                    "Sheet {} is of set {}, another recovery key's.",
                    share.index(),
                    share.set()
                ));
            }
            Ok(share) if shares.iter().any(|held| held.index() == share.index()) => {
                context.output.note(&format!("Sheet {} was typed already.", share.index()));
            }
            Ok(share) => shares.push(share),
            Err(error) => context.output.note(&format!("That is no sheet: {}. Again:", fault::told(&error))),
        }
    }
    let identity = recovery::join(&shares, &recipient).map_err(|error| fault::keys(doing, &error))?;
    drop(shares);
    let (restored, adopted) = home.restore(&identity)?;
    drop(identity);
    let roster = home.trust()?.roster();
    let names: Vec<String> =
        restored.iter().filter_map(|unit| roster.unit(unit)).map(|unit| unit.name.clone()).collect();
    let next = if adopted.wrapped { " The next sync hands the keys to the other readers." } else { "" };
    Ok(Report::new(
        format!(
            "This device holds the keys of {} again.{next} What was sealed under them opens at the next sync.",
            names.join(", ")
        ),
        json!({"units": names, "wrapped": adopted.wrapped}),
    ))
}

/// Words from standard input, as many as a sheet has at a time. Numbers and signs between them are passed over.
#[derive(Default)]
struct Typed {
    rest: Vec<Zeroizing<String>>,
}

impl Typed {
    fn sheet(&mut self) -> Result<Option<Zeroizing<String>>, Failure> {
        while self.rest.len() < WORDS {
            let mut line = Zeroizing::new(String::new());
            let read = stdin().lock().read_line(&mut line);
            if read.map_err(|error| Failure::disk("reading the words of a sheet", &error))? == 0 {
                return Ok(None);
            }
            let words = line.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| !word.is_empty());
            self.rest.extend(words.map(|word| Zeroizing::new(word.to_owned())));
        }
        let mut sheet = Zeroizing::new(String::new());
        for word in self.rest.drain(..WORDS) {
            sheet.push_str(&word);
            sheet.push(' ');
        }
        Ok(Some(sheet))
    }
}
