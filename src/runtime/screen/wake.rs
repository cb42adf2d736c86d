//! The closed list of reasons to wake, and the two threads that do nothing but wait for the outside: the terminal and
//! the system's signals.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError, mpsc::Sender},
    thread,
};

use ratatui::crossterm::event::{self, Event, KeyEventKind, MouseEventKind};

use crate::ui::{Msg, Secret};

/// Why the main loop wakes.
#[derive(Clone, Debug, PartialEq)]
pub enum Wake {
    /// Something for the screens: from the terminal, or the result of a worker.
    Msg(Msg),
    /// A line that was typed where nothing is drawn; it may be the passphrase.
    Line(Secret),
    /// The system wants the program to end (terminated, terminal closed, interrupted).
    End,
    /// The shell wants the program to stop for a while (Ctrl-Z from outside).
    Pause,
    /// The terminal is gone: nothing more will come from it.
    Hangup,
}

/// What the screens are to know when they next wake, and are not woken for: the newest word counts.
#[derive(Clone, Debug, Default)]
pub struct Unhurried(Arc<Mutex<Option<Msg>>>);

impl Unhurried {
    /// Leaves a word there in place of an older one.
    pub(in crate::runtime) fn leave(&self, msg: Msg) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(msg);
    }

    /// Takes the word that was left.
    pub(in crate::runtime) fn take(&self) -> Option<Msg> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Starts the thread that reads the terminal. It ends when nobody listens any more, at the next key.
///
/// # Errors
/// When the system gives no thread.
pub fn listen_to_terminal(wake: Sender<Wake>) -> io::Result<()> {
    let read = move || {
        loop {
            let wanted = match event::read() {
                Ok(event) => translate(event).map(Wake::Msg),
                Err(_gone) => {
                    wake.send(Wake::Hangup).unwrap_or_default();
                    return;
                }
            };
            if wanted.is_some_and(|wanted| wake.send(wanted).is_err()) {
                return;
            }
        }
    };
    thread::Builder::new().name("terminal".to_owned()).spawn(read).map(|_runs_on| ())
}

/// A terminal event as the screens know it; `None` for what they never want (releases, a mouse that only moves).
fn translate(event: Event) -> Option<Msg> {
    match event {
        Event::Key(key) => (key.kind != KeyEventKind::Release).then_some(Msg::Key(key)),
        Event::Paste(text) => Some(Msg::Paste(text)),
        Event::Mouse(mouse) => {
            (!matches!(mouse.kind, MouseEventKind::Moved | MouseEventKind::Drag(_))).then_some(Msg::Mouse(mouse))
        }
        Event::Resize(columns, rows) => Some(Msg::Resize { columns, rows }),
        Event::FocusGained | Event::FocusLost => None,
    }
}

/// Starts the thread that waits for signals.
///
/// # Errors
/// When the system gives no thread or no signals.
#[cfg(unix)]
pub fn listen_to_signals(wake: Sender<Wake>) -> io::Result<()> {
    use signal_hook::{
        consts::{SIGHUP, SIGINT, SIGTERM, SIGTSTP},
        iterator::Signals,
    };
    let mut signals = Signals::new([SIGTERM, SIGHUP, SIGINT, SIGTSTP])?;
    let wait = move || {
        for signal in signals.forever() {
            let why = if signal == SIGTSTP { Wake::Pause } else { Wake::End };
            if wake.send(why).is_err() {
                return;
            }
        }
    };
    thread::Builder::new().name("signals".to_owned()).spawn(wait).map(|_runs_on| ())
}

/// Windows ends a console program by itself.
#[cfg(not(unix))]
pub fn listen_to_signals(_wake: Sender<Wake>) -> io::Result<()> {
    Ok(())
}

/// Stops this process as the shell wanted, until it is continued.
#[cfg(unix)]
pub fn pause_process() {
    use rustix::process::{Signal, getpid, kill_process};
    kill_process(getpid(), Signal::STOP).unwrap_or_default();
}

/// There is no stopping a process on Windows.
#[cfg(not(unix))]
pub fn pause_process() {}

#[cfg(test)]
mod tests {
    use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseEvent};

    use super::*;

    #[test]
    fn releases_and_a_wandering_mouse_wake_nobody() {
        let mut key = KeyEvent::new(KeyCode::Char('a'), KeyModifiers::NONE);
        assert_eq!(translate(Event::Key(key)), Some(Msg::Key(key)));
        key.kind = KeyEventKind::Release;
        assert_eq!(translate(Event::Key(key)), None);
        let mouse = |kind| MouseEvent { kind, column: 0, row: 0, modifiers: KeyModifiers::NONE };
        assert_eq!(translate(Event::Mouse(mouse(MouseEventKind::Moved))), None);
        assert!(translate(Event::Mouse(mouse(MouseEventKind::ScrollDown))).is_some());
    }
}
