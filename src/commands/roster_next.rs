//! A change of the roster from the command line: made, shown in words with what follows from it, and only then signed.

use std::io::{IsTerminal as _, stdin};

use amanat_keys::roster::Roster;
use serde_json::json;

use super::{
    args::{Consent, Tongue as Asked},
    context::Context,
    output::{Report, put},
    passphrase,
};
use crate::{
    failure::Failure,
    runtime::{
        homes::pack,
        roster::{
            ceremony::{Agreed, Waiting},
            change::{self, Line},
            enrol::Admin,
        },
    },
    words::{Tongue, say},
};

/// One passphrase opens the home and the root key beside it.
pub(super) fn admin(context: &Context) -> Result<Admin, Failure> {
    let asked = passphrase::existing(context.passphrase_file(), "the admin's home")?;
    let home = context.unlock_with(&asked)?;
    Admin::open(home, &asked)
}

/// What came of a change, beside its report.
pub(super) struct Done {
    /// The admin's home, where something more is to be done there.
    pub(super) admin: Admin,
    /// Whether the roster is adopted.
    pub(super) adopted: bool,
    /// What is told.
    pub(super) report: Report,
}

/// Makes a change, asks, signs.
///
/// # Errors
/// What making it refuses; usage when the person says no.
pub(super) fn change(
    context: &Context,
    consent: &Consent,
    make: impl FnOnce(&mut Admin) -> Result<Roster, Failure>,
) -> Result<Done, Failure> {
    change_by(admin(context)?, context, consent, make)
}

/// The same by an admin whose home is open.
///
/// # Errors
/// As [`change`].
pub(super) fn change_by(
    mut admin: Admin,
    context: &Context,
    consent: &Consent,
    make: impl FnOnce(&mut Admin) -> Result<Roster, Failure>,
) -> Result<Done, Failure> {
    let roster = make(&mut admin)?;
    let lines = change::changes(admin.home.trust()?.roster(), &roster);
    let sentences = sentences(context, &lines);
    if consent.dry_run {
        let text = format!("Roster {} would say, and nothing is signed:\n{}", roster.version, indented(&sentences));
        let report = json!({"roster": roster.version, "adopted": false, "dry_run": true, "changes": sentences});
        return Ok(Done { admin, adopted: false, report: Report::new(text, report) });
    }
    agree(context, consent, &format!("Roster {}:", roster.version), &sentences)?;
    let agreed = admin.settle(&roster)?;
    let (adopted, report) = told(context, consent, &admin, &agreed, &sentences)?;
    Ok(Done { admin, adopted, report })
}

/// A change of which nothing more is to be told than what it is.
///
/// # Errors
/// As [`change`].
pub(super) fn plainly(
    context: &Context,
    consent: &Consent,
    make: impl FnOnce(&Admin) -> Result<Roster, Failure>,
) -> Result<Report, Failure> {
    change(context, consent, |admin| make(admin)).map(|done| done.report)
}

/// What signing came to, as text and as JSON; a proposal is written to its file.
///
/// # Errors
/// What the disk says.
pub(super) fn told(
    context: &Context,
    consent: &Consent,
    admin: &Admin,
    agreed: &Agreed,
    sentences: &[String],
) -> Result<(bool, Report), Failure> {
    match agreed {
        Agreed::Adopted(version) => {
            let words = admin.home.trust()?.fingerprint_words().to_string();
            let text = format!(
                "Signed: roster {version} is in force here. Hand it out with: amanat roster publish\n  words  {words}\n{}",
                indented(sentences)
            );
            let json = json!({"roster": version, "adopted": true, "words": words, "changes": sentences});
            Ok((true, Report::new(text, json)))
        }
        Agreed::Waiting(waiting) => {
            let Waiting { version, old, new, missing, words, statement } = waiting.as_ref();
            let beside = admin.home.paths().folder().join(format!("roster-{version}"));
            let file = consent.proposal.clone().unwrap_or(beside);
            pack::write_statement(statement, &file, "proposal")?;
            context.output.note("The others read it with: amanat roster sign --dry-run");
            let text = format!(
                "Signed, and it waits for others: roster {version} is not in force.\n  signed   {} of {} of today's admins, {} of {} of those it \
                 names\n  missing  {}\n  file     {}\n  hash     {}\n  words    {words}\nHand the file to another admin (amanat roster sign \
                 FILE), or let the hub carry it: amanat sync\n{}",
                old.have,
                old.need,
                new.have,
                new.need,
                missing.join(", "),
                file.display(),
                statement.payload_hash(),
                indented(sentences),
            );
            let json = json!({
                "roster": version, "adopted": false, "signed": old.have, "needed": old.need, "signed_of_new": new.have,
                "needed_of_new": new.need, "missing": missing, "proposal": file, "hash": statement.payload_hash().to_string(),
                "words": words.to_string(), "changes": sentences,
            });
            Ok((false, Report::new(text, json)))
        }
    }
}

/// The lines in the language that was asked for.
pub(super) fn sentences(context: &Context, lines: &[Line]) -> Vec<String> {
    let tongue = match context.global.lang {
        Some(Asked::Ur) => Tongue::Ur,
        Some(Asked::En) | None => Tongue::En,
    };
    if lines.is_empty() {
        return vec![say(tongue, "change.nothing").to_owned()];
    }
    lines.iter().map(|line| line.say(tongue)).collect()
}

/// Shows what is about to be signed and asks, where there is somebody to ask.
///
/// # Errors
/// Usage for any answer but yes.
pub(super) fn agree(context: &Context, consent: &Consent, heading: &str, sentences: &[String]) -> Result<(), Failure> {
    context.output.note(heading);
    context.output.note(&indented(sentences));
    if consent.yes || context.global.json || !stdin().is_terminal() {
        return Ok(());
    }
    context.output.note("Type yes to sign this, anything else to leave it:");
    let mut typed = String::new();
    stdin().read_line(&mut typed).map_err(|error| Failure::disk("asking whether to sign", &error))?;
    if typed.trim().eq_ignore_ascii_case("yes") {
        return Ok(());
    }
    Err(Failure::usage("signing — not agreed to", "Nothing was signed."))
}

fn indented(sentences: &[String]) -> String {
    sentences.iter().map(|sentence| format!("  {sentence}")).collect::<Vec<_>>().join("\n")
}

/// Adds to a report what the verb says of its own.
pub(super) fn with(mut report: Report, members: &[(&str, serde_json::Value)]) -> Report {
    for (name, value) in members {
        put(&mut report.json, name, value.clone());
    }
    report
}
