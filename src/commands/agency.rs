//! `amanat agency init`.

use serde_json::json;

use super::{args::AgencyVerb, context::Context, output::Report, passphrase};
use crate::{
    failure::Failure,
    runtime::{
        founding::{self, Names},
        make::Hashing,
        pack as join_pack,
    },
};

pub(super) fn run(context: &Context, verb: &AgencyVerb) -> Result<Report, Failure> {
    let AgencyVerb::Init { name, dir, admin, reader, reader_passphrase_file, hashing } = verb;
    let hashing = Hashing::new(hashing.work_factor, hashing.practice)?;
    let admin_words = passphrase::chosen(context.passphrase_file(), "the admin's home")?;
    // Scripts give one file for both; a person at a prompt gives each home its own.
    let reader_file = reader_passphrase_file.as_deref().or(context.passphrase_file());
    let reader_words = passphrase::chosen(reader_file, "the HQ reader's home")?;
    context.output.note("Making keys for two devices; this takes a few seconds.");
    let names = Names { agency: name, admin, reader };
    let founded = founding::found(dir, &names, &admin_words, &reader_words, hashing)?;
    let pack = dir.join("agency.pack");
    join_pack::write(&founded.pack, &pack)?;
    let (trust, words) = (&founded.trust, founded.trust.fingerprint_words().to_string());
    Ok(Report::new(
        format!(
            "Agency {name} is founded.\n  agency   {}\n  words    {words}\n  admin    {}\n  reader   {}\n  pack     {}\n\
             Keep the admin's folder off the network; back up both folders now.",
            trust.agency(),
            dir.join("admin").display(),
            dir.join("reader").display(),
            pack.display(),
        ),
        json!({
            "agency": trust.agency().to_string(), "name": name, "roster": trust.roster_version(), "words": words,
            "admin": dir.join("admin"), "reader": dir.join("reader"), "pack": pack,
        }),
    ))
}
