//! `amanat roster sign`: whatever waits for an admin's signature, read before it is signed.

use std::path::Path;

use amanat_keys::statement::{Purpose, Statement};
use serde_json::json;

use super::{
    args::Consent,
    case_erase,
    context::Context,
    output::{Report, put},
    roster_next::{admin, agree, sentences, told},
};
use crate::{
    failure::Failure,
    runtime::{
        homes::pack,
        roster::{ceremony::Agreed, enrol::Admin},
    },
};

pub(super) fn run(
    context: &Context,
    file: Option<&Path>,
    hash: Option<&str>,
    consent: &Consent,
) -> Result<Report, Failure> {
    let Some(file) = file else { return carried(context, hash, consent) };
    let statement = pack::read_statement(file, "proposal")?;
    match statement.purpose() {
        Purpose::Roster => roster(context, admin(context)?, statement, Some(file), consent),
        Purpose::Erasure => erasure(context, file, statement, consent),
        Purpose::Epoch => epoch(context, file, statement, consent),
        Purpose::Codebook => codebook(context, file, statement, consent),
        Purpose::Release => release(context, file, statement, consent),
        Purpose::Entry
        | Purpose::UnitKeys
        | Purpose::Receipt
        | Purpose::Checkpoint
        | Purpose::JoinRequest
        | Purpose::Freshness
        | Purpose::Bundle
        | Purpose::RequestBinding
        | Purpose::RotationCertificate
        | Purpose::Proposal
        | Purpose::Transfer
        | Purpose::TransferReply
        | Purpose::TransferWithdrawal => Err(Failure::usage(
            format!("signing {} — it is nothing that admins sign", file.display()),
            "Give a proposed roster, erasure, codebook or a restored hub's word.",
        )),
    }
}

/// A roster that came with a sync or a stick.
fn carried(context: &Context, hash: Option<&str>, consent: &Consent) -> Result<Report, Failure> {
    let admin = admin(context)?;
    let doing = "looking for a proposed roster";
    let asked = hash.map(str::to_ascii_lowercase).unwrap_or_default();
    let mut found = admin.home.proposals()?;
    found.retain(|proposal| proposal.payload_hash().to_string().starts_with(&asked));
    match (found.pop(), found.is_empty()) {
        (Some(only), true) => roster(context, admin, only, None, consent),
        (None, _) => Err(Failure::usage(
            format!("{doing} — none has come that follows roster {}", admin.home.trust()?.roster_version()),
            "Sync first (amanat sync), or name the file that the other admin gave you.",
        )),
        (Some(last), false) => {
            let hashes: Vec<String> = found
                .iter()
                .chain([&last])
                .map(|it| it.payload_hash().to_string().chars().take(12).collect())
                .collect();
            Err(Failure::usage(
                format!("{doing} — there are several for one number, and only one of them can come into force"),
                format!("Talk to the others, then say which with --hash: {}", hashes.join(", ")),
            ))
        }
    }
}

fn roster(
    context: &Context,
    mut admin: Admin,
    statement: Statement,
    file: Option<&Path>,
    consent: &Consent,
) -> Result<Report, Failure> {
    let reviewed = admin.home.review(&statement)?;
    let lines = sentences(context, &reviewed.lines);
    let waiting = &reviewed.waiting;
    if consent.dry_run {
        let text = format!(
            "Proposed: roster {}, signed by {} of {}; missing: {}\n  words  {}\n  {}",
            waiting.version,
            waiting.old.have,
            waiting.old.need,
            waiting.missing.join(", "),
            waiting.words,
            lines.join("\n  ")
        );
        return Ok(Report::new(
            text,
            json!({"roster": waiting.version, "adopted": false, "dry_run": true, "signed": waiting.old.have, "needed": waiting.old.need,
                   "missing": waiting.missing, "words": waiting.words.to_string(), "changes": lines}),
        ));
    }
    agree(context, consent, &format!("Roster {}, words {}:", waiting.version, waiting.words), &lines)?;
    let agreed = admin.cosign(statement)?;
    let mut consent = consent.clone();
    if consent.proposal.is_none() {
        consent.proposal = file.map(Path::to_path_buf);
    }
    if let (Agreed::Adopted(version), Some(file)) = (&agreed, file) {
        // Whoever made the proposal takes the whole from the same file.
        let signed = Statement::from_bytes(&admin.home.trust()?.statement_bytes());
        if let Ok(signed) = signed {
            pack::write_statement(&signed, file, &format!("signed roster {version}"))?;
        }
    }
    Ok(told(context, &consent, &admin, &agreed, &lines)?.1)
}

fn erasure(context: &Context, file: &Path, mut statement: Statement, consent: &Consent) -> Result<Report, Failure> {
    let admin = admin(context)?;
    let order = admin.sign_erasure(&mut statement)?;
    let agency = admin.home.trust()?.roster().name.clone();
    let told = case_erase::told(&order, &agency);
    let mut report =
        json!({"case": order.case.to_string(), "entries": order.targets.len(), "agency": agency, "file": file});
    if consent.dry_run {
        return Ok(Report::new(format!("Proposed, and not signed.\n{told}"), report));
    }
    agree(context, consent, "An erasure, for good:", &[told.trim_start().to_owned()])?;
    pack::write_statement(&statement, file, "proposal")?;
    let signed = admin.home.signatures(&statement)?;
    put(&mut report, "signed", json!(signed.have));
    put(&mut report, "needed", json!(signed.need));
    let text =
        format!("Signed: {} of {} admins needed.\n{told}\n  file   {}", signed.have, signed.need, file.display());
    Ok(Report::new(text, report))
}

/// Signs for a restored hub, after saying which of its checkpoints is believed and what this device knows beyond it.
fn epoch(context: &Context, file: &Path, mut statement: Statement, consent: &Consent) -> Result<Report, Failure> {
    let mut admin = admin(context)?;
    let signed = admin.sign_epoch(&mut statement)?;
    let (word, beyond) = (&signed.word, signed.seen.map_or(0, |seen| seen.saturating_sub(signed.word.number)));
    let told = format!(
        "  hub      {}\n  reason   {}\n  epoch    {} ends at checkpoint {}, epoch {} begins\n  lost     {beyond} checkpoints that this \
         device has seen; devices offer again what they told of",
        signed.name, word.reason, word.old, word.number, word.new
    );
    let report = json!({"hub": word.hub.to_string(), "name": signed.name, "reason": word.reason, "old": word.old,
                        "checkpoint": word.number, "new": word.new, "seen": signed.seen, "file": file});
    if consent.dry_run {
        return Ok(Report::new(format!("Proposed, and not signed.\n{told}"), report));
    }
    agree(context, consent, "A restored hub:", &[told.trim_start().to_owned()])?;
    pack::write_statement(&statement, file, "proposal")?;
    let text = format!(
        "Signed for the hub.\n{told}\n  file     {}\nThe hub's keeper: amanat-hub restore-epoch FILE",
        file.display()
    );
    Ok(Report::new(text, report))
}

/// Signs for a program that another admin signed for.
fn release(context: &Context, file: &Path, mut statement: Statement, consent: &Consent) -> Result<Report, Failure> {
    let admin = admin(context)?;
    let (release, signed) = admin.sign_release(&mut statement)?;
    let told = format!("{} {}, {} bytes, hash {}", release.name, release.version, release.size, release.hash);
    let json = json!({"version": release.version.to_string(), "hash": release.hash.to_string(), "file": file,
                      "signed": signed.have, "needed": signed.need});
    if consent.dry_run {
        return Ok(Report::new(format!("Proposed, and not signed.\n  {told}"), json));
    }
    agree(context, consent, "A program that every device may run:", &[told])?;
    pack::write_statement(&statement, file, "release")?;
    Ok(Report::new(
        format!("Signed: {} of {} admins needed.\n  file   {}", signed.have, signed.need, file.display()),
        json,
    ))
}

/// Signs a codebook; with the last signature it is filed for the hub.
fn codebook(context: &Context, file: &Path, statement: Statement, consent: &Consent) -> Result<Report, Failure> {
    let mut admin = admin(context)?;
    let (version, names) = admin.home.read_codebook(&statement)?;
    let told = vec![format!("codebook {version}: {}", names.join(", "))];
    if consent.dry_run {
        let json = json!({"codebook": version, "files": names, "file": file});
        return Ok(Report::new(format!("Proposed, and not signed.\n  {}", told.join("\n  ")), json));
    }
    agree(context, consent, "A codebook, by which every officer will be asked to ask:", &told)?;
    let (statement, signed) = admin.cosign_codebook(statement)?;
    pack::write_statement(&statement, file, "proposal")?;
    let (have, need) = (signed.have, signed.need);
    let next = if have >= need {
        "It is in force here; hand it out with: amanat roster publish"
    } else {
        "The others: amanat roster sign FILE"
    };
    Ok(Report::new(
        format!("Signed: {have} of {need} admins needed.\n  file   {}\n{next}", file.display()),
        json!({"codebook": version, "signed": have, "needed": need, "file": file}),
    ))
}
