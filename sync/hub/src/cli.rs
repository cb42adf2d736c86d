//! The hub's command line: reads it, does the verb, gives the exit code. Here and not in `main.rs`, so that a program that
//! plays all parts of an agency can play the hub too.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command speaks to whoever called it")]

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser as _;

use crate::args::{Args, Verb};
use crate::config::Settings;
use crate::{HomeFault, HubHome, serve};

/// Runs the command line; the first argument is the program's name.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    keep_files_private();
    tracing_subscriber::fmt().json().with_writer(std::io::stderr).with_env_filter(filter()).init();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(source) => return say("starting", &source),
    };
    let args = match Args::try_parse_from(arguments) {
        Ok(args) => args,
        Err(error) => {
            // Help and version are answers; clap prints them on stdout, the rest on stderr.
            error.print().unwrap_or_default();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    match runtime.block_on(perform(args)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => say("amanat-hub", &*fault),
    }
}

/// Keys, and headers that say who wrote when in which case: what the hub makes is its owner's alone.
#[cfg(unix)]
fn keep_files_private() {
    use rustix::{fs::Mode, process::umask};
    umask(Mode::RWXG | Mode::RWXO);
}

#[cfg(not(unix))]
fn keep_files_private() {}

/// `RUST_LOG` if it is set, else *info*. Ids and counts are logged, never contents.
fn filter() -> tracing_subscriber::EnvFilter {
    tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_unset| tracing_subscriber::EnvFilter::new("info"))
}

fn say(doing: &str, fault: &dyn std::error::Error) -> ExitCode {
    eprint!("{doing}: {fault}");
    let mut source = fault.source();
    while let Some(cause) = source {
        eprint!(": {cause}");
        source = cause.source();
    }
    eprintln!();
    ExitCode::FAILURE
}

async fn perform(args: Args) -> Result<(), Box<dyn std::error::Error>> {
    match args.verb {
        Verb::Init { home, listen, name, store, password_file } => {
            let made = HubHome::at(&home).init(&Settings { name, listen, epoch: 1, store, password_file })?;
            println!("request: {}\nfingerprint: {}", made.request.display(), made.words);
        }
        Verb::Serve { home, listen, store, password_file } => {
            let home = HubHome::at(&home);
            let mut settings = home.settings()?;
            settings.listen = listen.unwrap_or(settings.listen);
            settings.store = store.or(settings.store);
            settings.password_file = password_file.or(settings.password_file);
            let address = settings.address()?;
            let (hub, _lock) = home.open(&settings).await?;
            // Before anybody is told that we listen: they may tell us to stop at once.
            let told_to_stop = serve::told_to_stop()?;
            let serving = serve::start(hub, address).await?;
            println!("listening on http://{}", serving.address);
            told_to_stop.await;
            serving.drain().await?;
        }
        Verb::Status { home, json } => {
            let status = HubHome::at(&home).status().await?;
            if json { println!("{}", status.json()) } else { print!("{status}") }
        }
        Verb::Roster { file, fingerprint, home } => {
            let words = fingerprint.map(|text| text.parse()).transpose().map_err(HomeFault::Words)?;
            let version = HubHome::at(&home).take_rosters(&file, words.as_ref()).await?;
            println!("roster {version}");
        }
    }
    Ok(())
}
