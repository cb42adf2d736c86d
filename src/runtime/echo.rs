//! While a passphrase is typed the terminal shows nothing. Whoever ends the program there gets a terminal back that shows what is
//! typed: without this guard it would stay mute after Ctrl-C.

use std::fs::File;

use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

use super::ending::Ending;

/// Watches over one question. Dropped, it leaves signals as they were.
pub struct EchoGuard(#[expect(dead_code, reason = "it watches as long as it lives")] Ending);

impl EchoGuard {
    /// Remembers how the terminal stands now; `None` where there is none.
    pub fn watch() -> Option<Self> {
        let terminal = File::open("/dev/tty").ok()?;
        let before = tcgetattr(&terminal).ok()?;
        // Whether it can be put back or not, the program ends as it was told to.
        let put_back = move || tcsetattr(&terminal, OptionalActions::Now, &before).unwrap_or_default();
        Ending::watch(put_back).map(Self)
    }
}
