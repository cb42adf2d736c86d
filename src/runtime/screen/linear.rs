//! The screens for whoever listens: no drawing, no colours, no control codes. A line goes in, and what has changed on the screen comes
//! out as lines, top to bottom. It is the same interface with the same keys, so whatever can be done on the screen can be done here, by a
//! screen reader, a braille display, a slow line or a script.
//!
//! A line is typed and taken (Enter). An empty line is Enter alone. A line that begins with `/` names keys: `/f10`, `/esc`, `/tab`,
//! `/down 3`, `/ctrl-z`, `/type WORDS` (without Enter). Two slashes type one.

use std::{
    io::{self, BufRead as _, Write as _, stdin, stdout},
    ops::Range,
    sync::mpsc::{Receiver, Sender, channel},
    thread,
};

use ratatui::{
    Frame, Terminal,
    backend::TestBackend,
    buffer::Buffer,
    crossterm::event::{KeyCode, KeyEvent, KeyModifiers},
    style::Modifier,
};
use zeroize::Zeroizing;

use super::wake::Wake;
use crate::ui::{Secret, pointer, reads_rtl};

/// The page that lines are taken from: wide enough that labels are not cut and not so wide that a form's parts stand beside its questions, and long
/// enough for a part of a form.
const SIZE: (u16, u16) = (109, 40);
/// Longest line that is read, in bytes: longer than any answer.
const LONGEST: u64 = 1 << 20;
/// How often a key can be asked for at once.
const MOST: usize = 500;

/// What was shown, and what is shown next.
pub struct Linear {
    terminal: Terminal<TestBackend>,
    said: Vec<String>,
    ready: Sender<()>,
}

impl Linear {
    /// Starts reading lines; each is read when it is asked for.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn begin(wake: Sender<Wake>) -> io::Result<Self> {
        let (ready, wanted) = channel();
        thread::Builder::new().name("lines".to_owned()).spawn(move || read(&wake, &wanted))?;
        let Ok(terminal) = Terminal::new(TestBackend::new(SIZE.0, SIZE.1));
        Ok(Self { terminal, said: Vec::new(), ready })
    }

    /// Columns and rows of the page.
    pub const fn size(&self) -> (u16, u16) {
        SIZE
    }

    /// Draws a frame and says the lines that are not what they were.
    ///
    /// # Errors
    /// What the output says.
    pub fn draw(&mut self, paint: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        let Ok(_drawn) = self.terminal.draw(paint);
        let lines = self.lines();
        let mut out = stdout().lock();
        for line in lines.iter().filter(|line| !self.said.contains(line)) {
            writeln!(out, "{line}")?;
        }
        self.said = lines;
        out.flush()
    }

    /// The page as lines that can be read aloud: no frames, no empty ones, and a sign before what is chosen.
    fn lines(&self) -> Vec<String> {
        let buffer = self.terminal.backend().buffer();
        let over = over(buffer);
        let line = |y: u16| {
            // What a list over the page covers is not said through it.
            let (from, to) = match &over {
                Some((rows, columns)) if rows.contains(&y) => (columns.start, columns.end),
                _ => (0, SIZE.0),
            };
            let cells = || (from..to).filter_map(|x| buffer.cell((x, y)));
            let text: String = cells().map(ratatui::buffer::Cell::symbol).collect();
            let chosen =
                cells().filter(|cell| cell.modifier.contains(Modifier::REVERSED)).count() > usize::from(to - from) / 3;
            let text = text.trim_matches(|letter: char| letter.is_whitespace() || is_frame(letter));
            let words: Vec<&str> = text.split_whitespace().collect();
            let said = words.join(" ");
            if chosen && !is_marked(&said) { format!("{} {said}", pointer(reads_rtl(&said))) } else { said }
        };
        (0..SIZE.1).map(line).filter(|line| line.chars().any(char::is_alphanumeric) || is_marked(line)).collect()
    }

    /// Asks for the next line; `secret` asks the terminal not to show it.
    pub fn ask(&self, secret: bool) {
        if secret {
            hush(true);
        }
        self.ready.send(()).unwrap_or_default();
    }

    /// Says something that is no part of the page.
    ///
    /// # Errors
    /// What the output says.
    pub fn say(&self, text: &str) -> io::Result<()> {
        let mut out = stdout().lock();
        writeln!(out, "{text}")?;
        out.flush()
    }
}

impl Drop for Linear {
    fn drop(&mut self) {
        hush(false);
    }
}

/// Rows and columns of the box that lies over the page, the innermost one: its upper corners tell where it is.
fn over(buffer: &Buffer) -> Option<(Range<u16>, Range<u16>)> {
    let is = |x: u16, y: u16, sign: &str| buffer.cell((x, y)).is_some_and(|cell| cell.symbol() == sign);
    let corners = (0..SIZE.1).rev().flat_map(|y| (0..SIZE.0).map(move |x| (x, y)));
    let (left, top) = corners.into_iter().find(|(x, y)| is(*x, *y, "╭"))?;
    let right = (left..SIZE.0).find(|x| is(*x, top, "╮"))?;
    let bottom = (top..SIZE.1).find(|y| is(left, *y, "╰"))?;
    Some((top..bottom + 1, left..right + 1))
}

/// Whether a line has the mark of what is chosen, as a language that runs leftwards has it or the other.
fn is_marked(line: &str) -> bool {
    [false, true].iter().any(|rtl| line.starts_with(pointer(*rtl)))
}

/// Whether a cell is drawn and not written.
const fn is_frame(letter: char) -> bool {
    matches!(letter, '\u{2500}'..='\u{257F}' | '\u{25B0}' | '\u{25B1}')
}

/// One line for each time that one is wanted.
fn read(wake: &Sender<Wake>, wanted: &Receiver<()>) {
    while wanted.recv().is_ok() {
        let mut line = Zeroizing::new(String::new());
        let read = io::Read::take(stdin().lock(), LONGEST).read_line(&mut line);
        hush(false);
        let why = match read {
            Ok(1..) => Wake::Line(Secret::new(line.trim_end_matches(['\r', '\n']).to_owned())),
            // The end of the input, or what is no UTF-8.
            Ok(0) | Err(_) => Wake::End,
        };
        let over = why == Wake::End;
        if wake.send(why).is_err() || over {
            return;
        }
    }
}

/// Whether a line is typed and taken, and names no keys.
pub fn is_typed(line: &str) -> bool {
    !line.starts_with('/') || line.starts_with("//")
}

/// The keys of a line, or the word that names none.
///
/// # Errors
/// The word.
pub fn keys(line: &str) -> Result<Vec<KeyEvent>, String> {
    let typed = |text: &str| text.chars().map(|letter| plain(KeyCode::Char(letter))).collect::<Vec<_>>();
    let Some(named) = line.strip_prefix('/').filter(|_| !is_typed(line)) else {
        let mut keys = typed(line.strip_prefix('/').unwrap_or(line));
        keys.push(plain(KeyCode::Enter));
        return Ok(keys);
    };
    if let Some(words) = named.strip_prefix("type ") {
        return Ok(typed(words));
    }
    let mut keys: Vec<KeyEvent> = Vec::new();
    for word in named.split_whitespace() {
        let times = word.parse::<usize>().ok().filter(|_| !keys.is_empty());
        match (times, keys.last().copied()) {
            (Some(times), Some(last)) => keys.extend(std::iter::repeat_n(last, times.clamp(1, MOST) - 1)),
            _ => keys.push(named_key(word).ok_or_else(|| word.to_owned())?),
        }
    }
    if keys.is_empty() { Err(String::new()) } else { Ok(keys) }
}

const fn plain(code: KeyCode) -> KeyEvent {
    KeyEvent::new(code, KeyModifiers::NONE)
}

fn named_key(word: &str) -> Option<KeyEvent> {
    let word = word.to_lowercase();
    if let Some(letter) = word.strip_prefix("ctrl-") {
        let mut letters = letter.chars();
        return match (letters.next(), letters.next()) {
            (Some(letter), None) => Some(KeyEvent::new(KeyCode::Char(letter), KeyModifiers::CONTROL)),
            _ => None,
        };
    }
    if let Some(number) = word.strip_prefix('f').and_then(|number| number.parse().ok()) {
        return (1..=12).contains(&number).then(|| plain(KeyCode::F(number)));
    }
    let code = match word.as_str() {
        "enter" => KeyCode::Enter,
        "esc" => KeyCode::Esc,
        "tab" => KeyCode::Tab,
        "backtab" | "shift-tab" => KeyCode::BackTab,
        "up" => KeyCode::Up,
        "down" => KeyCode::Down,
        "left" => KeyCode::Left,
        "right" => KeyCode::Right,
        "home" => KeyCode::Home,
        "end" => KeyCode::End,
        "pgup" | "pageup" => KeyCode::PageUp,
        "pgdn" | "pagedown" => KeyCode::PageDown,
        "backspace" => KeyCode::Backspace,
        "delete" => KeyCode::Delete,
        "space" => KeyCode::Char(' '),
        _ => return None,
    };
    Some(plain(code))
}

/// Has the terminal show what is typed, or not; where lines come from a pipe there is nothing to hush.
#[cfg(unix)]
fn hush(quiet: bool) {
    use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
    let Ok(mut line) = tcgetattr(stdin()) else { return };
    line.local_modes.set(LocalModes::ECHO, !quiet);
    // What the terminal refuses is left: the person sees what they type, and hears nothing else of it.
    tcsetattr(stdin(), OptionalActions::Now, &line).unwrap_or_default();
}

#[cfg(not(unix))]
fn hush(_quiet: bool) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_typed_and_taken_and_a_slash_names_keys() {
        let enter = plain(KeyCode::Enter);
        assert_eq!(keys(""), Ok(vec![enter]));
        assert_eq!(keys("ab"), Ok(vec![plain(KeyCode::Char('a')), plain(KeyCode::Char('b')), enter]));
        assert_eq!(keys("//x"), Ok(vec![plain(KeyCode::Char('/')), plain(KeyCode::Char('x')), enter]));
        assert_eq!(
            keys("/f10 Down 3"),
            Ok(vec![plain(KeyCode::F(10)), plain(KeyCode::Down), plain(KeyCode::Down), plain(KeyCode::Down)])
        );
        let undo = KeyEvent::new(KeyCode::Char('z'), KeyModifiers::CONTROL);
        assert_eq!(keys("/ctrl-z"), Ok(vec![undo]));
        assert_eq!(keys("/type کیس"), Ok("کیس".chars().map(|letter| plain(KeyCode::Char(letter))).collect()));
        assert_eq!(keys("/f99"), Err("f99".to_owned()));
        assert_eq!(keys("/"), Err(String::new()));
        assert_eq!(keys("/down 999999999").map(|keys| keys.len()), Ok(MOST));
    }
}
