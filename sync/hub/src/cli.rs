//! The hub's command line: reads it, does the verb, gives the exit code. Here and not in `main.rs`, so that a program that
//! plays all parts of an agency can play the hub too.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command speaks to whoever called it")]

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use amanat_keys::join::HubSuccession;
use clap::Parser as _;
use serde_json::json;

use crate::args::{Args, BundleVerb, Verb};
use crate::config::Settings;
use crate::status::fitting;
use crate::store::{Copied, Depth};
use crate::{Brought, HomeFault, HubHome, Made, Moved, NewKey, NextKey, Progress, StorePlace, serve};

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
    eprintln!("{doing}: {}", told(fault));
    ExitCode::FAILURE
}

/// A fault and what lies under it.
fn told(fault: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(fault), |fault| fault.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

fn say_made(made: &Made) {
    println!("request: {}\nfingerprint: {}", made.request.display(), made.words);
}

async fn rotate_key(home: &HubHome, json: bool) -> Result<ExitCode, Box<dyn std::error::Error>> {
    let new = match home.rotate_key().await {
        Err(fault) if json => {
            println!("{}", json!({"error": told(&fault)}));
            return Ok(ExitCode::FAILURE);
        }
        new => new?,
    };
    match new {
        NewKey::Offered { request, words, succession: HubSuccession { epoch, last, .. } } if json => {
            println!(
                "{}",
                json!({"state": "offered", "request": request, "words": words.to_string(), "epoch": epoch, "last": last})
            );
        }
        NewKey::TakenUp if json => println!("{}", json!({"state": "taken up"})),
        NewKey::Offered { request, words, succession: HubSuccession { epoch, last, .. } } => println!(
            "request: {}\nfingerprint: {words}\nThe key in use signed alone up to checkpoint {last} of epoch {epoch}; from the next start on both \
             sign.\nStart the hub again. An admin: amanat keys rotate hub --fingerprint WORDS (without a network with --file FILE), then amanat roster publish.\nMake a \
             backup now: one without the new key cannot be restored once the roster names it.",
            request.display()
        ),
        NewKey::TakenUp => println!("The roster names the new key, and the older one is gone. Make a backup now."),
    }
    Ok(ExitCode::SUCCESS)
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
    if let Some(metrics) = settings.watched()? {
        println!("metrics on http://{}/metrics", serve::watched(Arc::clone(&hub), metrics).await?);
    }
    let serving = serve::start(Arc::clone(&hub), address, tls).await?;
    println!("listening on {}://{}", if secure { "https" } else { "http" }, serving.address);
    tokio::select! {
        () = told_to_stop => {}
        () = home.note_contacts(&hub) => {}
    }
    serving.drain().await?;
    home.write_contacts(&hub);
    Ok(())
}

/// The status again and again, in place and as far as it fits where there is a terminal. What cannot be looked at for a while (a database
/// that is away) is looked at again.
async fn watch(home: &HubHome, every: Duration) -> Result<(), HomeFault> {
    use std::io::Write as _;
    let mut seen = false;
    loop {
        let text = match home.status().await {
            Ok(status) => {
                seen = true;
                status.newest_first().to_string()
            }
            Err(fault) if seen => format!("This hub cannot be looked at now; it is tried again. {}\n", told(&fault)),
            Err(fault) => return Err(fault),
        };
        let mut screen = std::io::stdout().lock();
        let drawn = match terminal() {
            Some((rows, columns)) => format!("\x1b[H\x1b[2J{}", fitting(&text, rows, columns)),
            None => format!("{text}\n"),
        };
        // Whoever looked has gone: so do we.
        if write!(screen, "{drawn}").and_then(|()| screen.flush()).is_err() {
            return Ok(());
        }
        drop(screen);
        tokio::time::sleep(every).await;
    }
}

/// Rows and columns, where a terminal is looked at.
#[cfg(unix)]
fn terminal() -> Option<(usize, usize)> {
    let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok()?;
    Some((size.ws_row.into(), size.ws_col.into()))
}

#[cfg(not(unix))]
fn terminal() -> Option<(usize, usize)> {
    None
}

async fn perform(args: Args) -> Result<ExitCode, Box<dyn std::error::Error>> {
    match args.verb {
        Verb::Init { home, listen, url, certificate, key, name, store, password_file, recipients } => {
            // The settings outlive the folder that this is called from.
            let here = |path: Option<PathBuf>| path.map(std::path::absolute).transpose();
            let (certificate, key) = (here(certificate)?, here(key)?);
            let settings = Settings {
                name,
                listen,
                url,
                certificate,
                key,
                metrics: None,
                epoch: 1,
                store,
                password_file,
                parts: None,
                parts_credentials: None,
            };
            say_made(&HubHome::at(&home).init(&settings, recipients)?);
        }
        Verb::Request { home, next, recipients } => {
            let next = next.map(|path| path.map_or(NextKey::OwnMaking, NextKey::Of));
            say_made(&HubHome::at(&home).request(next.as_ref(), recipients)?);
        }
        Verb::RotateKey { home, json } => return rotate_key(&HubHome::at(&home), json).await,
        Verb::Serve { home, metrics, listen, store, password_file } => {
            let home = HubHome::at(&home);
            let mut settings = home.settings()?;
            settings.listen = listen.unwrap_or(settings.listen);
            settings.metrics = metrics.or(settings.metrics);
            settings.store = store.or(settings.store);
            settings.password_file = password_file.or(settings.password_file);
            serve_until_told(&home, &settings).await?;
        }
        Verb::Status { home, watch: true, every, .. } => watch(&HubHome::at(&home), Duration::from_secs(every)).await?,
        Verb::Status { home, json, .. } => {
            let status = HubHome::at(&home).status().await?;
            if json { println!("{}", status.json()) } else { print!("{status}") }
        }
        Verb::Roster { file, fingerprint, home } => {
            let words = fingerprint.map(|text| text.parse()).transpose().map_err(HomeFault::Words)?;
            let version = HubHome::at(&home).take_rosters(&file, words.as_ref()).await?;
            println!("roster {version}");
        }
        Verb::Bundle(verb) => return bundle(verb).await,
        Verb::RestoreEpoch { file: Some(file), home, .. } => begin_epoch(&HubHome::at(&home), &file).await?,
        Verb::RestoreEpoch { file: None, reason, epoch, home } => {
            ask_for_epoch(&HubHome::at(&home), &reason.unwrap_or_default(), epoch).await?;
        }
        Verb::Migrate { from, to, password_file, home } => {
            let password_file = password_file.map(std::path::absolute).transpose()?;
            let (from, to) = (StorePlace::read(&from, None), StorePlace::read(&to, password_file));
            migrate(&HubHome::at(&home), &from, &to).await?;
        }
        Verb::Backup { folder, home } => back_up(&HubHome::at(&home), &folder).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn begin_epoch(home: &HubHome, file: &Path) -> Result<(), HomeFault> {
    let word = home.begin_epoch(file).await?;
    println!("epoch {}: {}", word.new, word.reason);
    println!("Now serve: devices offer again what is above checkpoint {}.", word.number);
    Ok(())
}

async fn ask_for_epoch(home: &HubHome, reason: &str, epoch: Option<u64>) -> Result<(), HomeFault> {
    let asked = home.ask_for_epoch(reason, epoch).await?;
    let (file, word) = (asked.file.display(), asked.word);
    println!("to be signed by an admin: {file}");
    println!("epoch {} ends at checkpoint {}, epoch {} begins: {}", word.old, word.number, word.new, word.reason);
    println!("The admin: amanat roster sign {file}\nThen: amanat-hub restore-epoch {file}");
    Ok(())
}

async fn migrate(home: &HubHome, from: &StorePlace, to: &StorePlace) -> Result<(), HomeFault> {
    let told = |progress| match progress {
        Progress::Round(Brought { entries, beside }) => {
            println!("brought over: {entries} entries, {beside} beside them")
        }
        Progress::StopNow => println!("nearly all is there: stop the hub now (SIGTERM); the rest takes seconds"),
    };
    let Moved { depth: Depth { journals, entries, .. }, serving } = home.move_store(from, to, told).await?;
    let next = if serving { "The hub has gone over and serves" } else { "Start the hub" };
    println!(
        "moved: {entries} entries in {journals} journals, the same heads in both. {next}; what it left is a copy now"
    );
    Ok(())
}

async fn back_up(home: &HubHome, folder: &Path) -> Result<(), HomeFault> {
    let made = home.back_up(folder).await?;
    let Copied { journals, entries } = made.copied;
    println!("backup {}\nread back: {entries} entries in {journals} journals", made.folder.display());
    for outside in made.outside {
        eprintln!("not in it: {}, which the settings name: outside the hub's folder, or not there", outside.display());
    }
    Ok(())
}

/// Does what is wished with a stick, and says what came of it.
async fn bundle(verb: BundleVerb) -> Result<ExitCode, Box<dyn std::error::Error>> {
    let (told, json) = match verb {
        BundleVerb::Read { file, home, json } => (HubHome::at(&home).read_bundle(&file).await?, json),
        BundleVerb::Write { file, to, attachments, home, json } => {
            (HubHome::at(&home).write_bundle(&file, to, attachments).await?, json)
        }
    };
    match (json, told.ends) {
        (true, _) => println!("{}", told.json),
        (false, 0) => println!("{}", told.text),
        (false, _) => eprintln!("{}", told.text),
    }
    Ok(ExitCode::from(told.ends))
}
