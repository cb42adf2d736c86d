//! `amanat roster …`: showing it, enrolling, and where the other changes go.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::{
    args::{Consent, RosterVerb},
    context::Context,
    output::{Report, put},
    roster_next::{Done, admin, change_by, plainly, with},
    roster_page::{self, page},
    roster_people, roster_sign, typed, update,
};
use crate::{
    failure::Failure,
    runtime::{homes::pack, roster::enrol::Enrolment},
};

pub(super) fn run(context: &Context, verb: &RosterVerb) -> Result<Report, Failure> {
    match verb {
        RosterVerb::Show => page(&context.unlock()?),
        RosterVerb::Verify => roster_page::verify(&context.unlock()?),
        RosterVerb::Approve { request, fingerprint, role, unit, member, out, url, consent } => {
            let enrolment = Enrolment { role, unit: unit.as_deref(), member: member.as_deref(), url: url.as_deref() };
            approve(context, request, fingerprint, &enrolment, out.as_deref(), consent)
        }
        RosterVerb::UnitAdd { name, kind, consent } => {
            let report = plainly(context, consent, |admin| admin.with_unit(name, kind))?;
            Ok(with(report, &[("unit", json!(name))]))
        }
        RosterVerb::Policy { name, value, consent } => {
            let wanted = (value != "none").then_some(value.as_str());
            let report = plainly(context, consent, |admin| admin.with_policy(name, wanted))?;
            Ok(with(report, &[("policy", json!(name)), ("value", json!(value))]))
        }
        RosterVerb::Publish { out } => publish(context, out.as_deref()),
        RosterVerb::Sign { file, hash, consent } => {
            roster_sign::run(context, file.as_deref(), hash.as_deref(), consent)
        }
        RosterVerb::AdminAdd { request, fingerprint, threshold, consent } => {
            let words = typed::words(fingerprint)?;
            let request = pack::read_statement(request, "root key's request")?.to_bytes();
            plainly(context, consent, |admin| admin.with_admin(&request, &words, *threshold))
        }
        RosterVerb::Release { program, version, consent } => update::sign(context, program, version, consent),
        RosterVerb::People(verb) => roster_people::run(context, verb),
    }
}

fn approve(
    context: &Context,
    request: &Path,
    fingerprint: &str,
    enrolment: &Enrolment<'_>,
    out: Option<&Path>,
    consent: &Consent,
) -> Result<Report, Failure> {
    let words = typed::words(fingerprint)?;
    let statement = pack::read_statement(request, "join request")?.to_bytes();
    let mut admin = admin(context)?;
    // Called again after it was killed with the roster signed: what may be missing is the pack.
    let done = if !consent.dry_run && admin.has_approved(&statement, &words, enrolment)? {
        admin.confirm()?;
        Done { admin, adopted: true, report: Report::new("", json!({"changes": []})) }
    } else {
        change_by(admin, context, consent, |admin| admin.approved(&statement, &words, enrolment))?
    };
    let Done { admin, adopted, report } = done;
    if !adopted {
        return Ok(with(report, &[("role", json!(enrolment.role))]));
    }
    let version = admin.home.trust()?.roster_version();
    let elsewhere = admin.other_address(&statement, &words)?;
    let told = elsewhere.as_ref().map_or_else(String::new, |(asked, held)| {
        format!(
            "\n  ! The hub asks to be called at {asked}; devices call it at {held}, as an admin said before. To change that, call this again \
             with --url {asked}"
        )
    });
    let out = out.map_or_else(|| beside(request), Path::to_path_buf);
    pack::write(&admin.home.pack()?, &out)?;
    let agency_words = admin.home.trust()?.fingerprint_words().to_string();
    Ok(Report::new(
        format!(
            "Approved: roster {version}.\n  pack   {}\n  words  {agency_words}{told}\nGive the pack to the newcomer and read the words \
             aloud to them.",
            out.display()
        ),
        json!({"roster": version, "adopted": true, "pack": out, "words": agency_words, "role": enrolment.role,
               "asked_url": elsewhere.map(|(asked, _)| asked), "changes": report.json.get("changes")}),
    ))
}

fn beside(request: &Path) -> PathBuf {
    request.with_extension("pack")
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
