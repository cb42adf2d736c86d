//! An attachment shown by a program of the settings. Its bytes go through a pipe, so that no file of them is ever written here; the program is
//! ended when the screen is locked or the home is left.

use std::{
    io::{self, Write},
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    thread,
    time::Duration,
};

use zeroize::Zeroizing;

use crate::{
    failure::Failure,
    runtime::{clock, homes::config::Config},
};

const DOING: &str = "showing an attachment";
/// Pieces that wait for the program at most; it takes them when it likes, a film minutes later.
const AHEAD: usize = 8;
/// How often it is looked whether the program takes more, and whether the person still wants it.
const LOOK: Duration = Duration::from_millis(20);
/// A program that ends with a complaint in this time has shown nothing.
const EARLY: Duration = Duration::from_millis(300);
/// Stands for the media type among the command's arguments.
const MEDIA: &str = "{media}";

/// A program that shows an attachment. It is ended with this.
pub(in crate::runtime) struct Viewer(Child);

impl Viewer {
    /// Whether the person has closed it.
    pub(super) fn is_closed(&mut self) -> bool {
        self.0.try_wait().is_ok_and(|ended| ended.is_some())
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        self.0.kill().unwrap_or_default();
        // It is dead; this takes its last trace.
        drop(self.0.wait());
    }
}

/// Starts the command of the settings and gives it what `fill` writes. `media` is the media type, `stop` says that nobody waits any more.
///
/// # Errors
/// Usage where the settings name no command; failed when it does not start or complains at once; what `fill` says.
pub(super) fn show(
    config: &Config,
    media: &str,
    stop: &dyn Fn() -> bool,
    fill: impl FnOnce(&mut Pipe<'_>) -> Result<(), Failure>,
) -> Result<Viewer, Failure> {
    let Some((program, arguments)) = config.view_command.split_first() else {
        return Err(Failure::usage(
            format!("{DOING} — the settings name no command that shows it"),
            "Write view_command = [\"feh\", \"-\"] or the like into settings.toml ({media} there is the media type), or save it: F9.",
        ));
    };
    // It stands in an entry that anybody of the agency may have written, and must be no option of somebody's program.
    let media = if is_media_type(media) { media } else { "application/octet-stream" };
    let arguments = arguments.iter().map(|argument| if argument == MEDIA { media } else { argument.as_str() });
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let child = command
        .spawn()
        .map_err(|error| Failure::disk(format!("{DOING} — the command {program} does not start"), &error))?;
    let mut viewer = Viewer(child);
    let into = viewer.0.stdin.take().ok_or_else(|| Failure::failed(format!("{DOING} — there is no pipe to it"), ""))?;
    let (blocks, waiting) = sync_channel(AHEAD);
    let work = move || pump(into, &waiting);
    thread::Builder::new().name("viewer".to_owned()).spawn(work).map_err(|error| Failure::disk(DOING, &error))?;
    let mut pipe = Pipe { blocks, stop, closed: false };
    let filled = fill(&mut pipe);
    let closed = pipe.closed;
    drop(pipe);
    // Whoever closes it while it is still being given more has seen enough.
    if !closed {
        filled?;
    }
    let began = clock::instant();
    while began.elapsed() < EARLY && !stop() {
        match viewer.0.try_wait() {
            Ok(Some(ended)) if !ended.success() => {
                return Err(Failure::failed(
                    format!("{DOING} — the command {program} ended with a complaint"),
                    "Try view_command of settings.toml by hand with a picture that shows nothing, or save it: F9.",
                ));
            }
            Ok(Some(_)) => break,
            Ok(None) | Err(_) => thread::park_timeout(LOOK),
        }
    }
    Ok(viewer)
}

/// Whether it is a type and a subtype (RFC 6838 section 4.2), in lower case.
fn is_media_type(text: &str) -> bool {
    let named = |name: &str, marks: &[u8]| {
        let all = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || marks.contains(&byte);
        name.bytes().next().is_some_and(|first| first.is_ascii_lowercase() || first.is_ascii_digit())
            && name.bytes().all(all)
    };
    text.split_once('/').is_some_and(|(kind, sub)| named(kind, b"-") && named(sub, b"-.+"))
}

/// Writes what comes until there is no more, or the program has gone.
fn pump(mut into: impl Write, waiting: &Receiver<Zeroizing<Vec<u8>>>) {
    while let Ok(block) = waiting.recv() {
        if into.write_all(&block).is_err() {
            break;
        }
    }
}

/// The near end of the pipe: it never waits longer for the program than the person does.
pub(super) struct Pipe<'a> {
    blocks: SyncSender<Zeroizing<Vec<u8>>>,
    stop: &'a dyn Fn() -> bool,
    closed: bool,
}

impl Write for Pipe<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut block = Zeroizing::new(bytes.to_vec());
        loop {
            match self.blocks.try_send(block) {
                Ok(()) => return Ok(bytes.len()),
                Err(TrySendError::Disconnected(_)) => {
                    self.closed = true;
                    return Err(io::ErrorKind::BrokenPipe.into());
                }
                Err(TrySendError::Full(_)) if (self.stop)() => return Err(io::ErrorKind::TimedOut.into()),
                Err(TrySendError::Full(back)) => {
                    block = back;
                    thread::park_timeout(LOOK);
                }
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::{cell::Cell, fs, path::Path};

    use super::*;

    fn config(command: &[&str]) -> Config {
        Config { view_command: command.iter().map(|&word| word.to_owned()).collect(), ..Config::default() }
    }

    fn all(bytes: &[u8]) -> impl FnOnce(&mut Pipe<'_>) -> Result<(), Failure> {
        move |pipe| {
            bytes.chunks(60_000).try_for_each(|some| pipe.write_all(some)).map_err(|error| Failure::disk(DOING, &error))
        }
    }

    #[test]
    fn the_program_gets_every_byte_and_the_media_type_and_is_gone_when_it_is_let_go() {
        let folder = tempfile::tempdir().unwrap();
        let (out, pid) = (folder.path().join("out"), folder.path().join("pid"));
        let script = format!(
            "echo $$ > '{}'; cat > '{}.part'; echo \"$0\" >> '{1}.part'; mv '{1}.part' '{1}'; exec sleep 1000",
            pid.display(),
            out.display()
        );
        let picture: Vec<u8> = (0..3_000_000_u32).map(|n| u8::try_from(n % 251).unwrap()).collect();
        let command = config(&["sh", "-c", &script, "{media}"]);
        let mut viewer = show(&command, "image/png", &|| false, all(&picture)).unwrap();
        while !out.exists() {
            thread::yield_now();
        }
        assert_eq!(fs::read(&out).unwrap(), [picture.as_slice(), b"image/png\n"].concat());
        let running = format!("/proc/{}", fs::read_to_string(&pid).unwrap().trim());
        assert!(!viewer.is_closed() && Path::new(&running).exists(), "it stays as long as the person looks");
        drop(viewer);
        assert!(!Path::new(&running).exists(), "and not longer than the screen is open");
    }

    #[test]
    fn a_media_type_that_an_entry_made_up_is_no_option_of_a_program() {
        let folder = tempfile::tempdir().unwrap();
        for (at, (media, told)) in
            [("audio/ogg", true), ("--script=x", false), ("-/x", false), ("image/x\ny", false), ("image/", false)]
                .into_iter()
                .enumerate()
        {
            let out = folder.path().join(at.to_string());
            let script = format!("cat >/dev/null; printf %s \"$0\" > '{}.part'; mv '{0}.part' '{0}'", out.display());
            let viewer = show(&config(&["sh", "-c", &script, "{media}"]), media, &|| false, all(b"x")).unwrap();
            while !out.exists() {
                thread::yield_now();
            }
            drop(viewer);
            assert_eq!(fs::read_to_string(&out).unwrap() == media, told, "{media}");
        }
    }

    #[test]
    fn one_that_is_not_there_complains_is_closed_early_or_takes_nothing_is_told_apart() {
        let long = vec![7; 4_000_000];
        let none = show(&config(&[]), "image/png", &|| false, all(b"x")).map(drop).unwrap_err();
        assert!(none.hint.contains("view_command"), "{}", none.hint);
        let missing = show(&config(&["/no/such/viewer"]), "image/png", &|| false, all(b"x")).map(drop).unwrap_err();
        assert!(missing.message.contains("does not start"), "{}", missing.message);
        let complains = show(&config(&["sh", "-c", "cat >/dev/null; exit 3"]), "image/png", &|| false, all(b"x"));
        assert!(complains.map(drop).unwrap_err().message.contains("complaint"));
        show(&config(&["sh", "-c", "head -c 10 >/dev/null"]), "image/png", &|| false, all(&long)).unwrap();
        let looked = Cell::new(0_u32);
        let stop = || {
            looked.set(looked.get() + 1);
            looked.get() > 3
        };
        assert!(show(&config(&["sleep", "1000"]), "image/png", &stop, all(&long)).is_err(), "nobody waits for it");
    }
}
