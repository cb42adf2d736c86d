//! `amanat agency init`.

use amanat_keys::trust::FORMAT_VERSION;
use serde_json::json;

use super::{args::AgencyVerb, context::Context, output::Report, passphrase};
use crate::{
    failure::Failure,
    runtime::{
        homes::{make::Hashing, pack as join_pack},
        roster::founding::{self, Names, Others},
    },
};

pub(super) fn run(context: &Context, verb: &AgencyVerb) -> Result<Report, Failure> {
    let AgencyVerb::Init { name, dir, admin, reader, reader_passphrase_file, hashing, .. } = verb;
    let AgencyVerb::Init { co_admin, co_admin_passphrase_file, threshold, recipients, .. } = verb;
    let hashing = Hashing::new(hashing.work_factor, hashing.practice)?;
    let admin_words = passphrase::chosen(context.passphrase_file(), "the admin's home")?;
    // Scripts give one file for both; a person at a prompt gives each home its own.
    let reader_file = reader_passphrase_file.as_deref().or(context.passphrase_file());
    let reader_words = passphrase::chosen(reader_file, "the HQ reader's home")?;
    let mut admins = Vec::new();
    for (at, name) in co_admin.iter().enumerate() {
        let file = co_admin_passphrase_file.get(at).map(std::path::PathBuf::as_path).or(context.passphrase_file());
        admins.push((name.as_str(), passphrase::chosen(file, &format!("the home of the admin {name}"))?));
    }
    let others = Others { admins, threshold: *threshold, kind: *recipients, least_format: FORMAT_VERSION };
    let devices = co_admin.len() + 2;
    context.output.note(&format!("Making keys for {devices} devices; this takes a few seconds."));
    let names = Names { agency: name, admin, reader };
    let founded = founding::found_together(dir, &names, &admin_words, &reader_words, hashing, &others)?;
    let pack = dir.join("agency.pack");
    join_pack::write(&founded.pack, &pack)?;
    let (trust, words) = (&founded.trust, founded.trust.fingerprint_words().to_string());
    Ok(Report::new(
        format!(
            "Agency {name} is founded.\n  agency   {}\n  words    {words}\n  admin    {}\n  reader   {}\n  pack     {}\n\
             {}Keep the admins' folders off the network; back up all folders now.",
            trust.agency(),
            dir.join("admin").display(),
            dir.join("reader").display(),
            pack.display(),
            together(trust.roster().admins.len(), *threshold),
        ),
        json!({
            "agency": trust.agency().to_string(), "name": name, "roster": trust.roster_version(), "words": words,
            "admins": trust.roster().admins.len(), "threshold": threshold, "admin": dir.join("admin"), "reader": dir.join("reader"), "pack": pack,
        }),
    ))
}

/// A line about further admins, where there are any.
fn together(admins: usize, threshold: u64) -> String {
    if admins == 1 {
        return String::new();
    }
    format!(
        "{threshold} of {admins} admins sign each change; each further one takes their own folder (admin-2 …) home.\n"
    )
}
