//! `amanat roster show|verify|approve|unit-add|policy|sign|publish`.

use std::path::{Path, PathBuf};

use amanat_keys::statement::{Purpose, Statement};
use serde_json::json;

use super::{
    args::RosterVerb,
    case_erase,
    context::Context,
    later,
    output::{Report, put},
    passphrase,
    roster_page::{self, page},
    typed,
};
use crate::{
    failure::Failure,
    runtime::{
        enrol::{Admin, Enrolment},
        pack,
    },
};

pub(super) fn run(context: &Context, verb: &RosterVerb) -> Result<Report, Failure> {
    match verb {
        RosterVerb::Show => page(&context.unlock()?),
        RosterVerb::Verify => roster_page::verify(&context.unlock()?),
        RosterVerb::Approve { request, fingerprint, role, unit, member, out, url } => {
            let enrolment = Enrolment { role, unit: unit.as_deref(), member: member.as_deref(), url: url.as_deref() };
            approve(context, request, fingerprint, &enrolment, out.as_deref())
        }
        RosterVerb::UnitAdd { name, kind } => {
            let version = admin(context)?.add_unit(name, kind)?;
            Ok(Report::new(format!("Unit {name} added: roster {version}."), json!({"unit": name, "roster": version})))
        }
        RosterVerb::Policy { name, value } => {
            let version = admin(context)?.set_policy(name, (value != "none").then_some(value.as_str()))?;
            Ok(Report::new(
                format!("Policy {name} is {value}: roster {version}. Hand it out with: amanat roster publish"),
                json!({"policy": name, "value": value, "roster": version}),
            ))
        }
        RosterVerb::Publish { out } => publish(context, out.as_deref()),
        RosterVerb::Revoke { .. } => Err(later("roster revoke")),
        RosterVerb::Sign { file } => sign(context, file),
    }
}

/// One passphrase opens the home and the root key beside it.
pub(super) fn admin(context: &Context) -> Result<Admin, Failure> {
    let asked = passphrase::existing(context.passphrase_file(), "the admin's home")?;
    let home = context.unlock_with(&asked)?;
    Admin::open(home, &asked)
}

fn approve(
    context: &Context,
    request: &Path,
    fingerprint: &str,
    enrolment: &Enrolment<'_>,
    out: Option<&Path>,
) -> Result<Report, Failure> {
    let words = typed::words(fingerprint)?;
    let statement = pack::read_statement(request, "join request")?;
    let mut admin = admin(context)?;
    let version = admin.approve(&statement.to_bytes(), &words, enrolment)?;
    let out = out.map_or_else(|| beside(request), Path::to_path_buf);
    pack::write(&admin.home.pack()?, &out)?;
    let agency_words = admin.home.trust()?.fingerprint_words().to_string();
    Ok(Report::new(
        format!(
            "Approved: roster {version}.\n  pack   {}\n  words  {agency_words}\nGive the pack to the newcomer and read the words \
             aloud to them.",
            out.display()
        ),
        json!({"roster": version, "pack": out, "words": agency_words, "role": enrolment.role}),
    ))
}

fn beside(request: &Path) -> PathBuf {
    request.with_extension("pack")
}

/// Signs an erasure, or for a restored hub, after saying what it is.
fn sign(context: &Context, file: &Path) -> Result<Report, Failure> {
    let mut statement = pack::read_statement(file, "proposal")?;
    if statement.purpose() == Purpose::Epoch {
        return sign_epoch(context, file, statement);
    }
    if statement.purpose() != Purpose::Erasure {
        return Err(later("roster sign for anything but an erasure and a hub's epoch"));
    }
    let admin = admin(context)?;
    let order = admin.sign_erasure(&mut statement)?;
    let agency = admin.home.trust()?.roster().name.clone();
    let told = case_erase::told(&order, &agency);
    context.output.note(&told);
    pack::write_statement(&statement, file, "proposal")?;
    let signed = admin.home.signatures(&statement)?;
    Ok(Report::new(
        format!("Signed: {} of {} admins needed.\n{told}\n  file   {}", signed.have, signed.need, file.display()),
        json!({"case": order.case.to_string(), "entries": order.targets.len(), "agency": agency, "signed": signed.have,
               "needed": signed.need, "file": file}),
    ))
}

/// Signs for a restored hub, after saying which of its checkpoints is believed and what this device knows beyond it.
fn sign_epoch(context: &Context, file: &Path, mut statement: Statement) -> Result<Report, Failure> {
    let mut admin = admin(context)?;
    let signed = admin.sign_epoch(&mut statement)?;
    let (word, beyond) = (&signed.word, signed.seen.map_or(0, |seen| seen.saturating_sub(signed.word.number)));
    let told = format!(
        "  hub      {}\n  reason   {}\n  epoch    {} ends at checkpoint {}, epoch {} begins\n  lost     {beyond} checkpoints that this \
         device has seen; devices offer again what they told of",
        signed.name, word.reason, word.old, word.number, word.new
    );
    pack::write_statement(&statement, file, "proposal")?;
    Ok(Report::new(
        format!(
            "Signed for the hub.\n{told}\n  file     {}\nThe hub's keeper: amanat-hub restore-epoch FILE",
            file.display()
        ),
        json!({"hub": word.hub.to_string(), "name": signed.name, "reason": word.reason, "old": word.old, "checkpoint": word.number,
               "new": word.new, "seen": signed.seen, "file": file}),
    ))
}

fn publish(context: &Context, out: Option<&Path>) -> Result<Report, Failure> {
    let mut admin = admin(context)?;
    admin.confirm()?;
    let trust = admin.home.trust()?;
    let (version, words) = (trust.roster_version(), trust.fingerprint_words().to_string());
    if let Some(out) = out {
        pack::write(&admin.home.pack()?, out)?;
    }
    let mut report = json!({"roster": version, "words": words, "pack": out});
    let hub = super::sync::carry_documents(context, &mut admin.home)?;
    put(&mut report, "hub", json!(hub));
    Ok(Report::new(format!("Roster {version} is handed to {hub}.\n  words  {words}"), report))
}
