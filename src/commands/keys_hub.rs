//! `amanat keys rotate hub`: lists the next signing key that the hub offers in its file, after its words were compared.

use std::path::Path;

use serde_json::json;

use super::{
    args::Consent,
    context::Context,
    output::Report,
    roster_next::{Done, change, with},
    typed,
};
use crate::{
    failure::Failure,
    runtime::{
        enrol::{Enrolment, HUB_KEY},
        pack,
    },
};

/// Where the key comes from, where the file or its words were left out.
const HOW: &str = "At the hub, while it is stopped: amanat-hub rotate-key; it writes hub-key.join and shows eight words. Then here: amanat keys \
                   rotate hub --file hub-key.join --fingerprint WORDS";

pub(super) fn rotate(
    context: &Context,
    file: Option<&Path>,
    fingerprint: Option<&str>,
    consent: &Consent,
) -> Result<Report, Failure> {
    let (Some(file), Some(fingerprint)) = (file, fingerprint) else {
        return Err(Failure::usage(
            "giving the hub its next signing key — the hub makes it, and asks for it in a file",
            HOW,
        ));
    };
    let words = typed::words(fingerprint)?;
    let request = pack::read_statement(file, "the hub's request")?.to_bytes();
    let enrolment = Enrolment { role: HUB_KEY, unit: None, member: None, url: None };
    let Done { report, .. } = change(context, consent, |admin| admin.approved(&request, &words, &enrolment))?;
    Ok(with(report, &[("role", json!(HUB_KEY))]))
}
