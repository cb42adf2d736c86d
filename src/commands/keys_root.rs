//! `amanat keys root` and `amanat keys rotate root`: a root key of one's own, and the next one.

use std::path::Path;

use serde_json::json;

use super::{args::Consent, context::Context, output::Report, passphrase, roster_next};
use crate::{
    failure::Failure,
    runtime::{
        homes::{make::Hashing, pack},
        roster::{change, enrol::Admin, moves, root_request},
    },
};

/// Makes a root key and a request; a second time it writes the request again.
pub(super) fn make(context: &Context, out: Option<&Path>, work_factor: Option<u8>) -> Result<Report, Failure> {
    let asked = passphrase::existing(context.passphrase_file(), "this device")?;
    let home = context.unlock_with(&asked)?;
    let hashing = Hashing::new(work_factor.or(home.practice().then_some(10)), home.practice())?;
    let (statement, words) = root_request::request(&home, &asked, hashing)?;
    let out = out.map_or_else(|| home.paths().folder().join("root-request"), Path::to_path_buf);
    pack::write_statement(&statement, &out, "root key's request")?;
    Ok(Report::new(
        format!(
            "A root key is in this home, under its passphrase. Back it up now.\n  request  {}\n  words    {words}\nGive the file to an \
             admin and read the words aloud to them: amanat roster admin-add FILE",
            out.display()
        ),
        json!({"request": out, "words": words.to_string(), "device": home.device().to_string()}),
    ))
}

/// Makes the next root key and proposes the roster that lists it.
pub(super) fn rotate(context: &Context) -> Result<Report, Failure> {
    let asked = passphrase::existing(context.passphrase_file(), "the admin's home")?;
    let home = context.unlock_with(&asked)?;
    let factor = Hashing::new(home.practice().then_some(10), home.practice())?.factor;
    let mut admin = Admin::open(home, &asked)?;
    let key = admin.renew_root(&asked, factor)?;
    let mut roster = admin.next()?;
    moves::change_root(&mut roster, admin.member(), key)?;
    let lines = change::changes(admin.home.trust()?.roster(), &roster);
    let sentences = roster_next::sentences(context, &lines);
    let consent = Consent { yes: false, dry_run: false, proposal: None };
    roster_next::agree(context, &consent, &format!("Roster {}:", roster.version), &sentences)?;
    let agreed = admin.settle(&roster)?;
    Ok(roster_next::told(context, &consent, &admin, &agreed, &sentences)?.1)
}
