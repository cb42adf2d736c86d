//! The audit of a key as a page: to be read on the screen, and the same as HTML in the reader's language and as JSON.

use std::fmt::Write as _;

use amanat_keys::roster::Device;
use serde_json::{Value as Json, json};

use super::audit::{self, AskedKey};
use crate::{
    failure::Failure,
    runtime::{clock, homes::home::Home},
    ui::{AuditCase, AuditHolder, AuditPage, Audited, Sentence},
    words::{self, Tongue},
};

/// What came of the question that somebody asks on the screen.
///
/// # Errors
/// As [`Home::audit`]; usage for what no roster names.
pub fn of(home: &Home, whose: Audited) -> Result<AuditPage, Failure> {
    match whose {
        Audited::Device(device) => {
            let device = device.to_string();
            page(home, &device, home.keys_asked(&device)?)
        }
        Audited::Unit(unit) => {
            let unit = unit.into();
            let name = home.trust()?.roster().unit(&unit).map(|unit| unit.name.clone()).unwrap_or_default();
            page(home, &name, home.unit_keys_asked(&unit)?)
        }
    }
}

/// The page on these keys; `asked` is what they were asked for by.
///
/// # Errors
/// What the journal refuses.
pub fn page(home: &Home, asked: &str, keys: Vec<AskedKey>) -> Result<AuditPage, Failure> {
    let audit = home.audit(keys)?;
    let (total, roster) = (audit.total(), home.trust()?.roster());
    // Which units' keys a device that is gone leaves to be rotated.
    let meant = |device: &&Device| asked.len() >= 8 && device.id.to_string().starts_with(asked);
    let device = roster.devices.iter().find(meant).map(|device| device.id);
    let due = device.map(|device| home.due_after(&device)).transpose()?.unwrap_or_default();
    let holder = |held: &audit::Holder| AuditHolder {
        device: held.device.into(),
        name: audit::device_words(roster, &held.device),
        entries: held.entries,
        trusted: roster.device(&held.device).is_some_and(Device::is_active),
    };
    Ok(AuditPage {
        asked: asked.to_owned(),
        written: clock::now(),
        could: total.could,
        here: total.now,
        hub: total.hub,
        served: audit.served,
        gone: audit.gone,
        holders: audit.holders.iter().map(holder).collect(),
        due: due.into_iter().map(|unit| unit.name).collect(),
        cases: audit
            .cases
            .iter()
            .map(|(case, found)| AuditCase {
                case: (*case).into(),
                could: found.could,
                now: found.now,
                parts: found.parts,
            })
            .collect(),
        keys: audit.keys.into_iter().map(|key| (key.id.to_string(), key.of)).collect(),
    })
}

/// A sentence of it in one language.
pub fn said(tongue: Tongue, sentence: &Sentence) -> String {
    let blanks: Vec<(&str, &str)> =
        sentence.blanks.iter().map(|(blank, text, _)| (blank.as_str(), words::spoken(tongue, text))).collect();
    words::fill(tongue, &sentence.key, &blanks)
}

/// A page that stands alone. It names no person in a case, and cases by their ids only.
pub fn html(page: &AuditPage, tongue: Tongue) -> String {
    let say = |key: &str| escaped(words::say(tongue, key));
    let (lang, way) = match tongue {
        Tongue::En => ("en", "ltr"),
        Tongue::Ur => ("ur", "rtl"),
    };
    let when = page.written.to_string();
    let asked = words::fill(tongue, "audit.asked", &[("asked", &page.asked), ("when", &when)]);
    let mut out = format!(
        "<!doctype html>\n<html lang=\"{lang}\" dir=\"{way}\"><meta charset=\"utf-8\"><title>Amanat: {title}</title>\n\
         <style>body{{font-family:sans-serif;margin:2em}}td,th{{padding:.2em 1em;text-align:start}}</style>\n\
         <h1>{title}</h1>\n<p>{}</p>\n<ul>",
        escaped(&asked),
        title = say("audit.long_title"),
    );
    for (id, of) in &page.keys {
        let _ok = write!(out, "<li><code>{id}</code> {}</li>", escaped(words::spoken(tongue, &of.joined())));
    }
    out.push_str("</ul>\n");
    for sentence in page.told() {
        let _ok = writeln!(out, "<p>{}</p>", escaped(&said(tongue, &sentence)));
    }
    let heads = ["audit.case", "audit.case_could", "audit.case_now"].map(say);
    let _ok = writeln!(out, "<table><tr><th>{}</th></tr>", heads.join("</th><th>"));
    for AuditCase { case, could, now, .. } in &page.cases {
        let _ok = writeln!(out, "<tr><td><code>{case}</code></td><td>{could}</td><td>{now}</td></tr>");
    }
    out.push_str("</table>\n</html>\n");
    out
}

/// The same for programs.
pub fn json(page: &AuditPage) -> Json {
    let keys: Vec<Json> = page.keys.iter().map(|(id, of)| json!({"key": id, "of": of.en})).collect();
    let case = |it: &AuditCase| json!({"case": it.case.to_string(), "could": it.could, "now": it.now, "attachments": it.parts});
    let cases: Vec<Json> = page.cases.iter().map(case).collect();
    let holder = |it: &AuditHolder| {
        let (device, name) = (it.device.to_string(), &it.name.en);
        json!({"device": device, "name": name, "entries": it.entries, "trusted": it.trusted})
    };
    let holders: Vec<Json> = page.holders.iter().map(holder).collect();
    json!({"asked": page.asked, "written": page.written.to_string(), "keys": keys, "could_read": page.could,
           "can_open_now": page.here, "at_hub": page.hub, "served": page.served, "gone": page.gone, "on_devices": holders,
           "due_if_revoked": page.due, "cases": cases})
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
