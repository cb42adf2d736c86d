//! What must be put right before a signal ends the program: done on a thread that waits for nothing else, and then the program ends as it was
//! told to. A kill that cannot be caught is for the next start to put right.

use std::thread::{self, JoinHandle};

use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM},
    iterator::{Handle, Signals},
    low_level::emulate_default_handler,
};

/// Watches as long as it lives. Dropped, it leaves signals as they were.
pub(super) struct Ending {
    signals: Handle,
    thread: Option<JoinHandle<()>>,
}

impl Ending {
    /// Does this when a signal ends the program. `None` where signals cannot be watched.
    pub(super) fn watch(put_right: impl FnOnce() + Send + 'static) -> Option<Self> {
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP, SIGQUIT]).ok()?;
        let handle = signals.handle();
        let wait = move || {
            if let Some(signal) = signals.forever().next() {
                put_right();
                emulate_default_handler(signal).unwrap_or_default();
            }
        };
        let thread = thread::Builder::new().name("ending".to_owned()).spawn(wait).ok()?;
        Some(Self { signals: handle, thread: Some(thread) })
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        self.signals.close();
        if let Some(thread) = self.thread.take() {
            // It waits for nothing but a signal, and none can come any more.
            thread.join().unwrap_or_default();
        }
    }
}
