//! Paper: a page given to the printer's command through a pipe, so that no file of it is ever written here, or into one new file that a
//! person chose.

use std::{
    fs::OpenOptions,
    io::{self, Read as _, Write as _},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{RecvTimeoutError, channel},
    thread,
    time::Duration,
};

use crate::{
    failure::Failure,
    runtime::{clock, homes::config::Config},
};

const DOING: &str = "printing";
/// How long the command may take to swallow a page; a queue takes it at once, a converter within seconds.
const PATIENCE: Duration = Duration::from_secs(60);
/// How much of what the command says is read; none of it is repeated, because it may quote the page.
const COMPLAINT: u64 = 64 * 1024;

/// How often it is looked whether the command has ended, and whether the person still wants it.
const LOOK: Duration = Duration::from_millis(50);

/// Gives a page to the command of the settings. `stop` says that nobody waits for it any more: a lock does not wait for a printer.
///
/// # Errors
/// Usage where the settings name none; failed when it does not start, complains by its exit code, does not come to an end within a
/// minute, or is stopped. In the last two the command is killed.
pub fn to_printer(config: &Config, page: &str, stop: &dyn Fn() -> bool) -> Result<(), Failure> {
    let Some((program, arguments)) = config.print_command.split_first() else {
        return Err(Failure::usage(
            format!("{DOING} — the settings name no command that prints"),
            "Write print_command = [\"sh\", \"-c\", \"weasyprint - - | lp\"] or the like into settings.toml, or save it to a file.",
        ));
    };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command
        .spawn()
        .map_err(|error| Failure::disk(format!("{DOING} — the command {program} does not start"), &error))?;
    let ended = feed(&mut child, page, stop);
    if ended.is_err() {
        child.kill().unwrap_or_default();
        // It is dead; this takes its last trace.
        drop(child.wait());
    }
    let ended = ended?;
    if ended.success() {
        return Ok(());
    }
    let code = ended.code().map_or_else(|| "a signal".to_owned(), |code| format!("code {code}"));
    Err(Failure::failed(
        format!("{DOING} — the command {program} ended with {code}"),
        "Try the command of settings.toml by hand with a page that holds nothing, or save to a file.",
    ))
}

/// Writes the page and waits until the command has closed its mouth and ended.
fn feed(child: &mut Child, page: &str, stop: &dyn Fn() -> bool) -> Result<ExitStatus, Failure> {
    let piped = child.stdin.take().zip(child.stderr.take());
    let (mut into, complaints) =
        piped.ok_or_else(|| Failure::failed(format!("{DOING} — there is no pipe to the command"), ""))?;
    let (done, fed) = channel();
    let page = zeroize::Zeroizing::new(page.as_bytes().to_vec());
    let work = move || {
        let written = into.write_all(&page);
        drop(into);
        io::copy(&mut complaints.take(COMPLAINT), &mut io::sink()).unwrap_or_default();
        // Nobody listens any more when it took too long.
        done.send(written).unwrap_or_default();
    };
    thread::Builder::new().name("printer".to_owned()).spawn(work).map_err(|error| Failure::disk(DOING, &error))?;
    let began = clock::instant();
    // The system wakes nobody when a child ends; so it is looked at, and the same look hears that the person has gone.
    let mut ended = None;
    let mut swallowed = None;
    while ended.is_none() || swallowed.is_none() {
        if stop() || began.elapsed() > PATIENCE {
            return Err(Failure::failed(
                format!("{DOING} — the printer's command was stopped before it came to an end"),
                "Look at the printer's queue, and at the command in settings.toml.",
            ));
        }
        match fed.recv_timeout(LOOK) {
            Ok(written) => swallowed = Some(written),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => thread::park_timeout(LOOK),
        }
        ended = child.try_wait().map_err(|error| Failure::disk(DOING, &error))?;
    }
    match (swallowed, ended) {
        // A command that does not read to the end says by its exit code whether that was all right.
        (Some(Err(error)), _) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::disk(DOING, &error)),
        (_, Some(ended)) => Ok(ended),
        (_, None) => Err(Failure::failed(DOING, "")),
    }
}

/// Writes a page into a new file that only its owner may read: *the paper*, or what else `what` calls it where something fails. Nothing is
/// overwritten, and half a page is none.
///
/// # Errors
/// What the disk says.
pub fn to_file(what: &str, path: &Path, page: &str) -> Result<(), Failure> {
    let doing = || format!("saving {what} to {}", path.display());
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(|error| Failure::disk(doing(), &error))?;
    file.write_all(page.as_bytes()).and_then(|()| file.sync_all()).map_err(|error| {
        std::fs::remove_file(path).unwrap_or_default();
        Failure::disk(doing(), &error)
    })
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn config(command: &[&str]) -> Config {
        Config { print_command: command.iter().map(|&word| word.to_owned()).collect(), ..Config::default() }
    }

    #[test]
    fn the_command_gets_the_page_and_its_exit_code_counts() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out");
        let tee = format!("cat > '{}'", out.display());
        let page = "<p>بیان</p>".repeat(50_000);
        to_printer(&config(&["sh", "-c", &tee]), &page, &|| false).unwrap();
        assert_eq!(std::fs::read_to_string(&out).unwrap(), page);
        let failed = to_printer(&config(&["sh", "-c", "echo secret >&2; cat; exit 7"]), "x", &|| false).unwrap_err();
        assert!(failed.message.contains("code 7") && !failed.message.contains("secret"), "{}", failed.message);
        assert!(
            to_printer(&config(&["sh", "-c", "exit 1"]), &page, &|| false).is_err(),
            "it did not read, and says so"
        );
        assert!(
            to_printer(&config(&["/no/such/printer"]), "x", &|| false).unwrap_err().message.contains("does not start")
        );
        assert!(to_printer(&config(&[]), "x", &|| false).unwrap_err().hint.contains("print_command"));
    }

    #[test]
    fn a_printer_that_lives_on_is_not_waited_for_when_the_screen_is_locked() {
        let folder = tempfile::tempdir().unwrap();
        let pid = folder.path().join("pid");
        let looked = std::cell::Cell::new(0_u32);
        // Once it runs, and has closed its mouth.
        let stop = || {
            looked.set(looked.get() + 1);
            looked.get() > 3 && pid.exists()
        };
        let lives = format!("echo $$ > '{}'; exec sleep 1000 2>/dev/null", pid.display());
        let stopped = to_printer(&config(&["sh", "-c", &lives]), "x", &stop).unwrap_err();
        assert!(stopped.message.contains("stopped"), "{}", stopped.message);
        let pid = std::fs::read_to_string(&pid).unwrap();
        assert!(!Path::new(&format!("/proc/{}", pid.trim())).exists(), "it is gone");
    }

    #[test]
    fn a_file_is_the_owners_and_nothing_is_overwritten() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("paper.html");
        to_file("the paper", &path, "one").unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(to_file("the paper", &path, "two").is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "one");
    }
}
