//! From the arguments to the verb that does them.

use std::{ffi::OsString, process::ExitCode};

use clap::{Parser as _, error::ErrorKind};

use super::{
    agency,
    args::{Cli, Tongue, Verb},
    bundle, case, check, completions,
    context::Context,
    device, entry, form, home, import, keys,
    output::{Output, Report},
    review, roster, status, sync, team, train, update, verify, verify_bundle,
};
use crate::{
    failure::{Failure, Kind},
    model::Lang,
    runtime::{
        process,
        screen::start::{self, Wish},
    },
};

/// Runs the command line and returns the exit code.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) => return misread(&arguments, &error),
    };
    let output = Output { json: cli.global.json, quiet: cli.global.quiet };
    process::guard_memory();
    process::keep_files_private();
    match perform(cli, output) {
        Ok(report) => {
            output.report(&report);
            report.ends.map_or(ExitCode::SUCCESS, ExitCode::from)
        }
        Err(failure) => {
            output.failure(&failure);
            failure.kind.into()
        }
    }
}

/// Help and version are answers; anything else is a usage error, in JSON where that was asked for.
fn misread(arguments: &[OsString], error: &clap::Error) -> ExitCode {
    let json = arguments.iter().any(|argument| argument == "--json");
    let output = Output { json, quiet: false };
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            output.raw(&error.to_string());
            ExitCode::SUCCESS
        }
        _ if json => {
            let text = error.to_string();
            let mut paragraphs =
                text.split("\n\n").map(|lines| lines.lines().map(str::trim).collect::<Vec<_>>().join(" "));
            let wrong = paragraphs.next().unwrap_or_default();
            let wrong = wrong.trim_start_matches("error: ");
            let hint = paragraphs.find(|hint| hint.starts_with("tip: ") || hint.starts_with("Usage: "));
            let hint = hint.map_or_else(String::new, |hint| format!("{hint}. "));
            output.failure(&Failure::usage(
                format!("reading the command line — {wrong}"),
                format!("{hint}See amanat --help."),
            ));
            Kind::Usage.into()
        }
        _ => {
            error.print().unwrap_or_default();
            Kind::Usage.into()
        }
    }
}

fn perform(cli: Cli, output: Output) -> Result<Report, Failure> {
    let context = Context { global: cli.global, output };
    let Some(verb) = cli.verb else { return screen(&context) };
    match verb {
        Verb::Agency(verb) => agency::run(&context, &verb),
        Verb::Device(verb) => device::run(&context, &verb),
        Verb::Roster(verb) => roster::run(&context, &verb),
        Verb::Entry(verb) => entry::run(&context, &verb),
        Verb::Case(verb) => case::run(&context, &verb),
        Verb::Status { team: false } => status::run(&context),
        Verb::Status { team: true } => team::run(&context),
        Verb::Sync { watch, parts } => sync::run(&context, watch, parts),
        Verb::Completions { shell } => Ok(completions::run(shell)),
        Verb::Import(verb) => import::run(&context, &verb),
        Verb::Keys(verb) => keys::run(&context, &verb),
        Verb::Form(verb) => form::run(&context, &verb),
        Verb::Verify { bundle: None } => verify::run(&context),
        Verb::Verify { bundle: Some(file) } => verify_bundle::run(&context, &file),
        Verb::Bundle(verb) => bundle::run(&context, &verb),
        Verb::Update(verb) => update::run(&context, &verb),
        Verb::Review(verb) => review::run(&context, &verb),
        Verb::Check(verb) => check::run(&verb),
        Verb::Home(verb) => home::run(&context, &verb),
        Verb::Train => train::run(&context),
        Verb::Report(_) => Err(later("report")),
        Verb::Export(_) => Err(later("export")),
    }
}

/// The screen itself; it leaves nothing to print.
fn screen(context: &Context) -> Result<Report, Failure> {
    if context.global.json {
        return Err(Failure::usage("opening the screen — it has no JSON form", "Name a verb; see amanat --help."));
    }
    start::screen(context.paths()?, wish(context))?;
    Ok(Report::new("", serde_json::json!({})))
}

/// How the screen is wanted.
pub(super) fn wish(context: &Context) -> Wish {
    let lang = context.global.lang.map(|tongue| match tongue {
        Tongue::En => Lang::En,
        Tongue::Ur => Lang::Ur,
    });
    Wish { lang, plain: context.global.plain, training: false }
}

/// A verb that parses and is not there yet.
pub(super) fn later(verb: &str) -> Failure {
    Failure::usage(format!("{verb} comes in a later version of amanat"), "")
}
