//! The hub's command line: reads it, does the verb, gives the exit code. Here and not in `main.rs`, so that a program that
//! plays all parts of an agency can play the hub too.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command speaks to whoever called it")]

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser as _;

use crate::args::{Args, BundleVerb, Verb};
use crate::config::Settings;
use crate::{HomeFault, HubHome, Made, NextKey, serve};

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
        Ok(code) => code,
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

fn say_made(made: &Made) {
    println!("request: {}\nfingerprint: {}", made.request.display(), made.words);
}

async fn serve_until_told(home: &HubHome, settings: &Settings) -> Result<(), Box<dyn std::error::Error>> {
    let (address, secure) = (settings.address()?, settings.secure()?);
    let tls = if secure { Some(Arc::new(home.tls(settings)?)) } else { None };
    let (hub, _lock) = home.open(settings).await?;
    // Before anybody is told that we listen: they may tell us to stop at once.
    let told_to_stop = serve::told_to_stop()?;
    if let Some(tls) = &tls {
        if !hub.lists_tls_key(&tls.key()) {
            tracing::warn!(
                "the roster does not list the key of this hub's certificate: devices will refuse to speak to it"
            );
        }
        serve::renew_when_told(Arc::clone(&hub), Arc::clone(tls))?;
    }
    if let Err(fault) = home.listen_to_keeper(&hub) {
        tracing::warn!(%fault, "sticks can be read only while this hub is stopped");
    }
    let serving = serve::start(hub, address, tls).await?;
    println!("listening on {}://{}", if secure { "https" } else { "http" }, serving.address);
    told_to_stop.await;
    serving.drain().await?;
    Ok(())
}

async fn perform(args: Args) -> Result<ExitCode, Box<dyn std::error::Error>> {
    match args.verb {
        Verb::Init { home, listen, url, certificate, key, name, store, password_file } => {
            // The settings outlive the folder that this is called from.
            let here = |path: Option<PathBuf>| path.map(std::path::absolute).transpose();
            let (certificate, key) = (here(certificate)?, here(key)?);
            let settings = Settings { name, listen, url, certificate, key, epoch: 1, store, password_file };
            say_made(&HubHome::at(&home).init(&settings)?);
        }
        Verb::Request { home, next } => {
            let next = next.map(|path| path.map_or(NextKey::OwnMaking, NextKey::Of));
            say_made(&HubHome::at(&home).request(next.as_ref())?);
        }
        Verb::Serve { home, listen, store, password_file } => {
            let home = HubHome::at(&home);
            let mut settings = home.settings()?;
            settings.listen = listen.unwrap_or(settings.listen);
            settings.store = store.or(settings.store);
            settings.password_file = password_file.or(settings.password_file);
            serve_until_told(&home, &settings).await?;
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
        Verb::Bundle(verb) => return bundle(verb).await,
    }
    Ok(ExitCode::SUCCESS)
}

/// Does what is wished with a stick, and says what came of it.
async fn bundle(verb: BundleVerb) -> Result<ExitCode, Box<dyn std::error::Error>> {
    let (told, json) = match verb {
        BundleVerb::Read { file, home, json } => (HubHome::at(&home).read_bundle(&file).await?, json),
        BundleVerb::Write { file, to, home, json } => (HubHome::at(&home).write_bundle(&file, to).await?, json),
    };
    match (json, told.ends) {
        (true, _) => println!("{}", told.json),
        (false, 0) => println!("{}", told.text),
        (false, _) => eprintln!("{}", told.text),
    }
    Ok(ExitCode::from(told.ends))
}
