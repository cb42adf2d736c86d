//! From the arguments to the verb that does them.

use std::{ffi::OsString, process::ExitCode};

use clap::{Parser as _, error::ErrorKind};

use super::{
    args::{Cli, Verb},
    completions,
    output::{Output, Report},
};
use crate::failure::{Failure, Kind};

/// Runs the command line and returns the exit code.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) => return misread(&arguments, &error),
    };
    let output = Output { json: cli.global.json, quiet: cli.global.quiet };
    match perform(&cli, output) {
        Ok(report) => {
            output.report(&report);
            ExitCode::SUCCESS
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
            let first = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
            output.failure(&Failure::usage(format!("reading the command line — {first}"), "See amanat --help."));
            Kind::Usage.into()
        }
        _ => {
            error.print().unwrap_or_default();
            Kind::Usage.into()
        }
    }
}

fn perform(cli: &Cli, _output: Output) -> Result<Report, Failure> {
    match &cli.verb {
        Some(Verb::Completions { shell }) => Ok(completions::run(*shell)),
        _ => Err(later("this verb")),
    }
}

/// A verb that parses and is not there yet.
fn later(verb: &str) -> Failure {
    Failure::usage(format!("{verb} comes in a later version"), "")
}
