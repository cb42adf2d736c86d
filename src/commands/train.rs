//! `amanat train`: the screen over a home to practise in.

use super::{context::Context, dispatch::wish, output::Report};
use crate::{
    failure::Failure,
    runtime::{
        homes::training,
        screen::start::{self, Wish},
    },
};

pub(super) fn run(context: &Context) -> Result<Report, Failure> {
    if context.global.json {
        return Err(Failure::usage("opening the screen — it has no JSON form", "Leave --json out."));
    }
    let home = training::home(&context.paths()?)?;
    start::screen(home, Wish { training: true, ..wish(context) })?;
    Ok(Report::new("", serde_json::json!({})))
}
