//! Paper: a page given to the printer's command through a pipe, so that no file of it is ever written here, or into one new file that a
//! person chose.

use std::{
    fs::OpenOptions,
    io::{self, Read as _, Write as _},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc::{RecvTimeoutError, channel},
    thread,
    time::Duration,
};

use super::config::Config;
use crate::failure::Failure;

const DOING: &str = "printing";
/// How long the command may take to swallow a page; a queue takes it at once, a converter within seconds.
const PATIENCE: Duration = Duration::from_secs(60);
/// How much of what the command says is read; none of it is repeated, because it may quote the page.
const COMPLAINT: u64 = 64 * 1024;

/// Gives a page to the command of the settings.
///
/// # Errors
/// Usage where the settings name none; failed when it does not start, complains by its exit code, or does not come to an end.
pub fn to_printer(config: &Config, page: &str) -> Result<(), Failure> {
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
    let fed = feed(&mut child, page);
    // One that was not fed to the end is not waited for.
    if fed.is_err() {
        child.kill().unwrap_or_default();
    }
    let ended = child.wait().map_err(|error| Failure::disk(DOING, &error))?;
    fed?;
    if ended.success() {
        return Ok(());
    }
    let code = ended.code().map_or_else(|| "a signal".to_owned(), |code| format!("code {code}"));
    Err(Failure::failed(
        format!("{DOING} — the command {program} ended with {code}"),
        "Try the command of settings.toml by hand with a page that holds nothing, or save to a file.",
    ))
}

/// Writes the page and waits until the command has closed its mouth.
fn feed(child: &mut Child, page: &str) -> Result<(), Failure> {
    let (Some(mut into), Some(complaints)) = (child.stdin.take(), child.stderr.take()) else { return Ok(()) };
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
    match fed.recv_timeout(PATIENCE) {
        // A command that does not read to the end says by its exit code whether that was all right.
        Ok(Err(error)) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::disk(DOING, &error)),
        Ok(_) => Ok(()),
        Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => Err(Failure::failed(
            format!("{DOING} — the printer's command does not come to an end"),
            "Look at the printer's queue.",
        )),
    }
}

/// Writes a page into a new file that only its owner may read. Nothing is overwritten, and half a page is none.
///
/// # Errors
/// What the disk says.
pub fn to_file(path: &Path, page: &str) -> Result<(), Failure> {
    let doing = || format!("saving the paper to {}", path.display());
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
        to_printer(&config(&["sh", "-c", &tee]), &page).unwrap();
        assert_eq!(std::fs::read_to_string(&out).unwrap(), page);
        let failed = to_printer(&config(&["sh", "-c", "echo secret >&2; cat; exit 7"]), "x").unwrap_err();
        assert!(failed.message.contains("code 7") && !failed.message.contains("secret"), "{}", failed.message);
        assert!(to_printer(&config(&["sh", "-c", "exit 1"]), &page).is_err(), "it did not read, and says so");
        assert!(to_printer(&config(&["/no/such/printer"]), "x").unwrap_err().message.contains("does not start"));
        assert!(to_printer(&config(&[]), "x").unwrap_err().hint.contains("print_command"));
    }

    #[test]
    fn a_file_is_the_owners_and_nothing_is_overwritten() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("paper.html");
        to_file(&path, "one").unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(to_file(&path, "two").is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "one");
    }
}
