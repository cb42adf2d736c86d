//! `amanat keys rotate device`: the same command makes this device's next keys, writes with them once the admins have listed them, and ends
//! the older ones.

use std::path::Path;

use amanat_keys::recipient::RecipientKind;
use serde_json::json;

use super::{context::Context, output::Report, passphrase};
use crate::{
    failure::Failure,
    runtime::{
        homes::{home::Home, make::Hashing, pack},
        roster::enrol::DEVICE_KEY,
        rotation::device_keys::{Asked, Renewed},
    },
};

pub(super) fn rotate(context: &Context, out: Option<&Path>, kind: Option<RecipientKind>) -> Result<Report, Failure> {
    let asked = passphrase::existing(context.passphrase_file(), "this device")?;
    let mut home = context.unlock_with(&asked)?;
    let factor = Hashing::new(home.practice().then_some(10), home.practice())?.factor;
    match home.renew_keys(&asked, factor, kind)? {
        Renewed::Offered(request) => {
            let said = "This device's next keys are made and kept; it goes on with those that it has until a roster lists them.";
            written(&home, "offered", said, &request, out)
        }
        Renewed::Ending(request) => {
            let said =
                "This device writes with its new keys. The older ones still count in the journals that they wrote.";
            written(&home, "ending", said, &request, out)
        }
        Renewed::Done => Ok(Report::new(
            "This device has new keys, and the older signing key is gone from it. What was sealed to the older identity still opens.",
            json!({"state": "done", "device": home.device().to_string()}),
        )),
    }
}

fn written(home: &Home, state: &str, said: &str, asked: &Asked, out: Option<&Path>) -> Result<Report, Failure> {
    let Asked { request, words } = asked;
    let out = out.map_or_else(|| home.paths().folder().join(format!("{DEVICE_KEY}.join")), Path::to_path_buf);
    pack::write_statement(request, &out, "request")?;
    Ok(Report::new(
        format!(
            "{said}\n  request  {}\n  words    {words}\nNext, an admin: amanat roster approve FILE --fingerprint \"{words}\" --role \
             {DEVICE_KEY}\nThen sync, and run the same command again.",
            out.display()
        ),
        json!({"state": state, "request": out, "words": words, "device": home.device().to_string()}),
    ))
}
