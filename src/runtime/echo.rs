//! While a passphrase is typed the terminal shows nothing. Whoever ends the program there gets a terminal back that shows what is
//! typed: without this guard it would stay mute after Ctrl-C.

use std::{
    fs::File,
    thread::{self, JoinHandle},
};

use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM},
    iterator::{Handle, Signals},
    low_level::emulate_default_handler,
};

/// Watches over one question. Dropped, it leaves signals as they were.
pub struct EchoGuard {
    signals: Handle,
    thread: Option<JoinHandle<()>>,
}

impl EchoGuard {
    /// Remembers how the terminal stands now; `None` where there is none.
    pub fn watch() -> Option<Self> {
        let terminal = File::open("/dev/tty").ok()?;
        let before = tcgetattr(&terminal).ok()?;
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP, SIGQUIT]).ok()?;
        let handle = signals.handle();
        let wait = move || {
            if let Some(signal) = signals.forever().next() {
                // Whether it can be put back or not, the program ends as it was told to.
                tcsetattr(&terminal, OptionalActions::Now, &before).unwrap_or_default();
                emulate_default_handler(signal).unwrap_or_default();
            }
        };
        let thread = thread::Builder::new().name("echo".to_owned()).spawn(wait).ok()?;
        Some(Self { signals: handle, thread: Some(thread) })
    }
}

impl Drop for EchoGuard {
    fn drop(&mut self) {
        self.signals.close();
        if let Some(thread) = self.thread.take() {
            // It waits for nothing but a signal, and none can come any more.
            thread.join().unwrap_or_default();
        }
    }
}
