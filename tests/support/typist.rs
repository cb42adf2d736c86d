//! Someone at a keyboard before a real terminal: the built program behind a pty, keys in as bytes, and the screen it drew.
//!
//! Nothing is timed: each wait is for something to stand on the screen, woken by what the program draws, with a deadline.

use std::{
    fs,
    io::{Read as _, Write as _},
    path::Path,
    sync::{Arc, Condvar, Mutex, MutexGuard},
    thread,
    time::Duration,
};

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};

use super::keys::{bytes_of, read_script};

/// Longer than anything takes on a busy machine, a full passphrase hash included.
const DEADLINE: Duration = Duration::from_secs(30);
/// How often something is looked at that does not announce itself.
const LOOK: Duration = Duration::from_millis(100);
/// Rows of scrollback that the terminal would keep.
const SCROLLBACK: usize = 1_000;

/// What the terminal has drawn, and the bytes that made it so.
struct Drawn {
    parser: vt100::Parser,
    bytes: Vec<u8>,
    over: bool,
}

type Shared = Arc<(Mutex<Drawn>, Condvar)>;

/// A terminal with the program running in it; killed when dropped.
pub(crate) struct Typist {
    drawn: Shared,
    keyboard: Box<dyn std::io::Write + Send>,
    line: Box<dyn MasterPty + Send>,
    child: Box<dyn Child + Send + Sync>,
    /// How the line stood before the program took it.
    before: String,
}

impl Typist {
    /// Starts `amanat --home HOME ARGS` on a terminal of 80×24.
    pub(crate) fn sits_down(home: &Path, arguments: &[&str]) -> Self {
        let home_too = [&["--home", home.to_str().unwrap()], arguments].concat();
        Self::starts(Path::new(env!("CARGO_BIN_EXE_amanat")), home.parent().unwrap(), &home_too)
    }

    /// Starts a program in a folder, on a terminal of 80×24. Its temporary files, if it makes any, lie in that folder too.
    pub(crate) fn starts(program: &Path, folder: &Path, arguments: &[&str]) -> Self {
        let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("the system has a pty");
        let mut command = CommandBuilder::new(program);
        command.env_clear();
        command.env("TERM", "xterm-256color");
        command.env("TMPDIR", folder);
        command.cwd(folder);
        command.args(arguments);
        let before = format!("{:?}", pair.master.get_termios());
        let child = pair.slave.spawn_command(command).expect("the built program starts");
        drop(pair.slave);
        let drawn: Shared = Arc::new((
            Mutex::new(Drawn { parser: vt100::Parser::new(24, 80, SCROLLBACK), bytes: Vec::new(), over: false }),
            Condvar::new(),
        ));
        let mut reader = pair.master.try_clone_reader().unwrap();
        let keyboard = pair.master.take_writer().unwrap();
        let watched = Arc::clone(&drawn);
        let watch = move || {
            let mut buffer = [0_u8; 8192];
            loop {
                let read = reader.read(&mut buffer).unwrap_or(0);
                let mut drawn = watched.0.lock().unwrap();
                drawn.over = read == 0;
                drawn.bytes.extend_from_slice(&buffer[..read]);
                drawn.parser.process(&buffer[..read]);
                watched.1.notify_all();
                if read == 0 {
                    return;
                }
            }
        };
        thread::Builder::new().name("glass".to_owned()).spawn(watch).unwrap();
        Self { drawn, keyboard, line: pair.master, child, before }
    }

    /// Types a script as `screens` reads it: `F4 Down*3 Enter "text as typed" C-z`.
    pub(crate) fn types(&mut self, script: &str) {
        let bytes: Vec<u8> = read_script(script).iter().flat_map(bytes_of).collect();
        self.keyboard.write_all(&bytes).expect("the program takes keys");
        self.keyboard.flush().unwrap();
    }

    /// Pastes a text, as a terminal brackets it. The program reads while it comes: a line holds no hundred thousand bytes.
    pub(crate) fn pastes(&mut self, text: &str) {
        let bytes = [b"\x1b[200~", text.as_bytes(), b"\x1b[201~"].concat();
        self.keyboard.write_all(&bytes).expect("the program takes a paste");
        self.keyboard.flush().unwrap();
    }

    /// Waits until the screen is as wanted; gives it.
    pub(crate) fn sees_that(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let drawn = self.lock();
        let waiting = |drawn: &mut Drawn| !drawn.over && !wanted(&drawn.parser.screen().contents());
        let (drawn, _) = self.drawn.1.wait_timeout_while(drawn, DEADLINE, waiting).unwrap();
        let (screen, over) = (drawn.parser.screen().contents(), drawn.over);
        drop(drawn);
        assert!(wanted(&screen), "waited in vain for {what}; ended: {over}\n{screen}");
        screen
    }

    /// Waits until these words stand on the screen, broken into lines or not; gives it.
    pub(crate) fn sees(&self, words: &str) -> String {
        self.sees_that(words, |screen| flat(screen).contains(words))
    }

    /// Types, then waits for these words. They may not stand there before: such a wait would end before the keys were read, and an
    /// Esc that a terminal sends together with the next key is another key.
    pub(crate) fn does(&mut self, script: &str, words: &str) -> String {
        let before = self.screen();
        assert!(!flat(&before).contains(words), "{words} stands there before {script}\n{before}");
        self.types(script);
        self.sees(words)
    }

    /// Fills the form that is open as an officer would: finish, look what is still wrong, answer it, until the confirmation
    /// comes. What `answers` has no keys for is answered with *not asked*. Gives the confirmation.
    pub(crate) fn fills(&mut self, answers: &[(&str, &str)]) -> String {
        for _question in 0..80 {
            // Where the question that is reached says already what is wrong with it, no key is sent that could lead to another one while its
            // answer is on the way: a screen that lags behind would have that answer given to the wrong question.
            if open_problem(&self.screen()).is_none() {
                self.types("F10");
            }
            let ready = |screen: &str| screen.contains(CONFIRM) || open_problem(screen).is_some();
            let screen = self.sees_that("the confirmation, or a question that is not well", ready);
            let Some(question) = open_problem(&screen) else { return screen };
            let keys = answers.iter().find(|(label, _)| question.starts_with(label)).map_or("F5", |(_, keys)| keys);
            self.types(keys);
            // The last key of an answer leads on: once it has, all of it was heard. From the last question there is nowhere to go, and an answer
            // of one key is heard when nothing is wrong any more.
            let one_key = !keys.contains(' ');
            self.sees_that(&format!("the question after {question}"), |screen| {
                let moved = screen.contains(CONFIRM) || at_hand(screen).is_some_and(|next| next != question);
                moved || one_key && open_problem(screen).is_none()
            });
        }
        panic!("this form has no end\n{}", self.screen());
    }

    /// Confirms what was filled, once it stands there who will read it; gives the case's screen after it.
    pub(crate) fn keeps(&mut self) -> String {
        self.sees("and this device, nobody else");
        self.types("Enter");
        self.sees_that("the case again", |screen| {
            flat(screen).contains("When By Stands at") && !screen.contains(CONFIRM)
        })
    }

    /// Rests for so long; gives how often the program drew meanwhile.
    pub(crate) fn rests(&self, long: Duration) -> usize {
        let drawn = self.lock();
        let mut before = drawn.bytes.len();
        let mut times = 0;
        let never = |drawn: &mut Drawn| {
            times += usize::from(drawn.bytes.len() > before);
            before = drawn.bytes.len();
            !drawn.over
        };
        let (drawn, _) = self.drawn.1.wait_timeout_while(drawn, long, never).unwrap();
        assert!(!drawn.over, "the program ended while nobody did anything");
        times
    }

    /// Waits until something is so that the screen does not show; looks again at each drawing and ten times a second.
    pub(crate) fn waits_until(&self, what: &str, so: impl Fn() -> bool) {
        let looks = DEADLINE.as_millis() / LOOK.as_millis();
        let found = (0..looks).any(|_look| so() || self.rests(LOOK) == usize::MAX);
        assert!(found, "waited in vain until {what}\n{}", self.screen());
    }

    /// Waits until something is so, looking again at each drawing and ten times a second, or until the program is gone: whether it was so.
    pub(crate) fn lives_until(&self, what: &str, so: impl Fn(&str) -> bool) -> bool {
        for _look in 0..DEADLINE.as_millis() / LOOK.as_millis() {
            let over = self.lock().over;
            if so(&self.screen()) {
                return true;
            }
            if over {
                return false;
            }
            let drawn = self.lock();
            let seen = drawn.bytes.len();
            drop(
                self.drawn.1.wait_timeout_while(drawn, LOOK, |drawn| !drawn.over && drawn.bytes.len() == seen).unwrap(),
            );
        }
        panic!("waited in vain for {what}\n{}", self.screen());
    }

    /// The screen as it stands.
    pub(crate) fn screen(&self) -> String {
        self.lock().parser.screen().contents()
    }

    /// Asks something of the terminal itself.
    pub(crate) fn asks<T>(&self, ask: impl Fn(&mut vt100::Parser) -> T) -> T {
        ask(&mut self.lock().parser)
    }

    /// The cells of the screen, row by row.
    pub(crate) fn cells(&self) -> Vec<Vec<String>> {
        let drawn = self.lock();
        let screen = drawn.parser.screen();
        let (rows, columns) = screen.size();
        let cell = |row, column| screen.cell(row, column).map_or_else(String::new, |cell| cell.contents().to_owned());
        (0..rows).map(|row| (0..columns).map(|column| cell(row, column)).collect()).collect()
    }

    /// Every byte that the program sent to the terminal.
    pub(crate) fn everything(&self) -> Vec<u8> {
        self.lock().bytes.clone()
    }

    /// What can be read by scrolling back, down to what stands there now.
    pub(crate) fn scrolled_back(&self) -> String {
        self.asks(|parser| {
            parser.screen_mut().set_scrollback(SCROLLBACK);
            let seen = parser.screen().contents();
            let rows = parser.screen().scrollback();
            parser.screen_mut().set_scrollback(0);
            format!("{rows} rows\n{seen}\n{}", parser.screen().contents())
        })
    }

    /// The window changes its size.
    pub(crate) fn resizes(&self, columns: u16, rows: u16) {
        self.lock().parser.screen_mut().set_size(rows, columns);
        self.line.resize(PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }).unwrap();
    }

    /// How often the program has woken so far, all its threads together, and how long it ran: microseconds of the processor.
    pub(crate) fn woke(&self) -> (u64, u64) {
        let threads = fs::read_dir(format!("/proc/{}/task", self.pid())).expect("it runs, on Linux");
        threads.flatten().fold((0, 0), |(wakes, ran), thread| {
            let read = |name: &str| fs::read_to_string(thread.path().join(name)).unwrap_or_default();
            let status = read("status");
            let switches = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
            let nanoseconds = read("schedstat").split_whitespace().next().and_then(|ran| ran.parse::<u64>().ok());
            let switches = switches.and_then(|count| count.trim().parse::<u64>().ok());
            (wakes + switches.expect("a count of switches"), ran + nanoseconds.expect("a time that it ran") / 1_000)
        })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.process_id().expect("it runs")
    }

    /// Sends a signal.
    pub(crate) fn signals(&self, signal: Signal) {
        let pid = i32::try_from(self.pid()).ok().and_then(Pid::from_raw).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// Waits for the program's end and for the last that it drew.
    pub(crate) fn ends(&mut self) -> ExitStatus {
        let status = self.child.wait().unwrap();
        let drawn = self.drawn.0.lock().unwrap();
        let (drawn, late) = self.drawn.1.wait_timeout_while(drawn, DEADLINE, |drawn| !drawn.over).unwrap();
        assert!(!late.timed_out(), "the terminal never closed\n{}", drawn.parser.screen().contents());
        status
    }

    /// Whether the line's modes (echo, line by line, signals) are as they were before the program.
    pub(crate) fn line_is_restored(&self) -> bool {
        format!("{:?}", self.line.get_termios()) == self.before
    }

    fn lock(&self) -> MutexGuard<'_, Drawn> {
        self.drawn.0.lock().unwrap()
    }
}

impl Drop for Typist {
    fn drop(&mut self) {
        if self.child.try_wait().ok().flatten().is_none() {
            self.signals(Signal::KILL);
            drop(self.child.wait());
        }
    }
}

/// A screen as running text.
pub(crate) fn flat(screen: &str) -> String {
    screen.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What stands above what is kept.
const CONFIRM: &str = "Before it is kept";

/// The question that has the keyboard, if it says that something is wrong with its answer.
fn open_problem(screen: &str) -> Option<String> {
    let below = screen.lines().skip_while(|line| !line.starts_with(" ▸ "));
    let wrong = below.skip(1).any(|line| line.starts_with("     ✗ "));
    at_hand(screen).filter(|_| wrong)
}

/// The question that has the keyboard.
fn at_hand(screen: &str) -> Option<String> {
    let line = screen.lines().find(|line| line.starts_with(" ▸ "))?;
    Some(line.trim_start_matches(" ▸ ").split("   ").next()?.trim_end_matches([' ', '*']).to_owned())
}
