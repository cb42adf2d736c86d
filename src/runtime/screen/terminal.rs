//! The terminal as a guard: raw mode and the alternate screen on the way in, everything restored on every way out,
//! panics and signals included.

use std::{
    io::{self, Stdout, Write as _, stdout},
    panic,
    sync::atomic::{AtomicBool, Ordering},
};

use ratatui::{
    Frame, Terminal,
    backend::CrosstermBackend,
    crossterm::{
        cursor::Show,
        event::{DisableBracketedPaste, EnableBracketedPaste},
        execute,
        style::ResetColor,
        terminal::{Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode},
    },
};

/// Whether there is something to restore. One process has one terminal, so this is the one global of the app.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Clicks and the wheel, with large coordinates; not movement, which would wake an idle program (xterm modes 1000, 1006).
const MOUSE_ON: &[u8] = b"\x1b[?1000h\x1b[?1006h";
const MOUSE_OFF: &[u8] = b"\x1b[?1006l\x1b[?1000l";
/// Explicit mode: the terminal leaves the order of right-to-left text alone (freedesktop BiDi in terminals, BDSM).
const ORDER_IS_OURS: &[u8] = b"\x1b[8l";
/// Implicit mode again, the terminal's default.
const ORDER_IS_YOURS: &[u8] = b"\x1b[8h";

/// The terminal while the program draws on it.
pub struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
    keep_order: bool,
}

impl Screen {
    /// Takes the terminal. `keep_order` asks it not to reorder right-to-left text, which is set when the program does.
    ///
    /// # Errors
    /// What the terminal says; it is restored then.
    pub fn take(keep_order: bool) -> io::Result<Self> {
        restore_when_panicking();
        enter(keep_order).inspect_err(|_why| restore())?;
        let terminal = Terminal::new(CrosstermBackend::new(stdout())).inspect_err(|_why| restore())?;
        Ok(Self { terminal, keep_order })
    }

    /// Draws one frame.
    ///
    /// # Errors
    /// What the terminal says.
    pub fn draw(&mut self, paint: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        self.terminal.draw(paint).map(|_completed| ())
    }

    /// The window has changed its size: the next frame is drawn whole. Also where the size is the old one again, as when a window
    /// is made small and large faster than the program looks: what the terminal still shows of the last frame is anybody's guess.
    ///
    /// # Errors
    /// What the terminal says.
    pub fn begin_anew(&mut self) -> io::Result<()> {
        execute!(stdout(), ResetColor, Clear(ClearType::All))?;
        // A new one rather than a cleared one: clearing asks the terminal where its cursor is and waits for the answer,
        // which the thread that reads keys would take.
        self.terminal = Terminal::new(CrosstermBackend::new(stdout()))?;
        Ok(())
    }

    /// Gives the terminal back for a while (stopped by the shell).
    pub fn leave(&self) {
        restore();
    }

    /// Takes it again; the next frame is drawn whole.
    ///
    /// # Errors
    /// What the terminal says.
    pub fn come_back(&mut self) -> io::Result<()> {
        enter(self.keep_order)?;
        self.begin_anew()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}

fn enter(keep_order: bool) -> io::Result<()> {
    TAKEN.store(true, Ordering::SeqCst);
    enable_raw_mode()?;
    execute!(stdout(), EnterAlternateScreen, EnableBracketedPaste)?;
    stdout().write_all(MOUSE_ON)?;
    if keep_order {
        stdout().write_all(ORDER_IS_OURS)?;
    }
    stdout().flush()
}

/// Puts the terminal back as it was found, once; called again it does nothing. Nothing here may fail aloud: it is the way out.
pub fn restore() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut out = stdout();
    // Wiped before it is left: some terminals keep the alternate screen's text.
    out.write_all(MOUSE_OFF).unwrap_or_default();
    execute!(out, ResetColor, Clear(ClearType::All), DisableBracketedPaste).unwrap_or_default();
    out.write_all(ORDER_IS_YOURS).unwrap_or_default();
    execute!(out, LeaveAlternateScreen, Show).unwrap_or_default();
    out.flush().unwrap_or_default();
    disable_raw_mode().unwrap_or_default();
}

/// Restores first and then says where the fault is, and nothing else: a panic's message may quote what was being typed.
fn restore_when_panicking() {
    panic::set_hook(Box::new(|fault| {
        restore();
        let place = fault.location().map_or_else(String::new, |at| format!(" at {}:{}", at.file(), at.line()));
        writeln!(io::stderr(), "amanat: a fault in the program{place}. What was kept is safe; drafts reopen.")
            .unwrap_or_default();
    }));
}
