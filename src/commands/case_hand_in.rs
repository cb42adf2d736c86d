//! `amanat case hand-in`: what it would come to, and doing it.

use serde_json::json;

use super::{book::Book, context::Context, filled, output::Report};
use crate::failure::Failure;

pub(super) fn run(context: &Context, id: &str, yes: bool) -> Result<Report, Failure> {
    let mut home = context.unlock()?;
    let case = filled::case_id(&Book::open(context, &mut home)?, id)?;
    let plan = home.to_hand_in(case)?;
    let json = |done: bool| {
        json!({
            "case": case.to_string(), "handed_in": done, "entries": plan.own, "waiting": plan.waiting,
            "sent_here": plan.others,
        })
    };
    if plan.done {
        return Ok(Report::new(format!("Case {} was handed in already.", case.short()), json(true)));
    }
    let mut lines =
        vec![format!("  entries    {} of this device: its readers keep them, and nothing here opens them", plan.own)];
    if plan.waiting > 0 {
        lines.push(format!(
            "  waiting    {} of them for headquarters: they stay here sealed until it has them",
            plan.waiting
        ));
    }
    if plan.others > 0 {
        lines.push(format!(
            "  sent here  {} by others to this device: they go from it; headquarters has them",
            plan.others
        ));
    }
    if !yes {
        let text = format!("Not done yet; there is no way back.\n{}\nTo do it: --yes", lines.join("\n"));
        return Ok(Report::new(text, json(false)));
    }
    let done = home.hand_in(case)?;
    if let Some(failure) = done.afterwards {
        return Err(Failure {
            hint: "It was handed in; run this again so that it also leaves the file.".to_owned(),
            ..failure
        });
    }
    let text = format!(
        "Case {} is handed in: nothing on this device opens it.\n{}\nCopies of this home made before still open it: keep none.",
        case.short(),
        lines.join("\n")
    );
    Ok(Report::new(text, json(true)))
}
