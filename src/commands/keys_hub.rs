//! `amanat keys rotate hub`: lists the next signing key that the hub asks for, over the wire or in its file, after its words were compared.

use std::path::Path;

use amanat_keys::words::Words;
use serde_json::json;

use super::{
    args::Consent,
    context::Context,
    output::Report,
    roster_next::{Done, change, with},
    sync, typed,
};
use crate::{
    failure::{Failure, Kind},
    runtime::{
        homes::pack,
        roster::enrol::{Admin, Enrolment, HUB_KEY},
    },
};

/// Where the key comes from, where its words were left out or no hub offers one.
const HOW: &str = "At the hub, while it is stopped: amanat-hub rotate-key; it shows eight words, and hands its request to the admins once it \
                   serves again. Then here, with the words as its keeper reads them aloud: amanat keys rotate hub --fingerprint WORDS. Where \
                   no network reaches the hub, with the file that it wrote: --file hub-key.join";

pub(super) fn rotate(
    context: &Context,
    file: Option<&Path>,
    fingerprint: Option<&str>,
    consent: &Consent,
) -> Result<Report, Failure> {
    let Some(fingerprint) = fingerprint else {
        return Err(Failure::usage(
            "giving the hub its next signing key — the hub makes it and asks for it, and the words of its request are missing",
            HOW,
        ));
    };
    let words = typed::words(fingerprint)?;
    let enrolment = Enrolment { role: HUB_KEY, unit: None, member: None, url: None };
    let Done { report, .. } = change(context, consent, |admin| {
        let request = match file {
            Some(file) => pack::read_statement(file, "the hub's request")?.to_bytes(),
            None => handed_out(context, admin, &words)?,
        };
        admin.approved(&request, &words, &enrolment)
    })?;
    Ok(with(report, &[("role", json!(HUB_KEY))]))
}

/// What the hub hands out now; where it is not reached, what it handed out before.
fn handed_out(context: &Context, admin: &mut Admin, words: &Words) -> Result<Vec<u8>, Failure> {
    match sync::carry_documents(context, &mut admin.home) {
        Err(failure) if failure.kind != Kind::Unreachable => return Err(failure),
        Ok(_) | Err(_) => {}
    }
    admin.home.asked_by_hub(words)?.ok_or_else(|| {
        Failure::usage("giving the hub its next signing key — no hub that the roster lists has asked for one", HOW)
    })
}
