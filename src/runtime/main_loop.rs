//! The screen's thread: receive, `update`, hand the effects out, draw. It decides nothing and waits on one channel.
//!
//! Four threads: this one, the desk (keys, disk), the courier (network), and one each that waits for the terminal and for
//! signals. An idle program wakes once a minute, for the clock on its screen.

use std::{
    io,
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    time::Duration,
};

use super::{
    clock,
    desk::{Desk, Order},
    process,
    terminal::Screen,
    wake::{self, Wake},
};
use crate::{
    failure::Failure,
    ui::{self, App, Bidi, Effect, Msg, Scroll, Start},
};

/// How many messages are taken in before the next drawing: a long replay does not freeze the screen, and does not draw
/// every entry either.
const BEFORE_DRAWING: usize = 64;
/// How long the way out waits for keys to be wiped and for what was being kept.
const LAST_WAIT: Duration = Duration::from_secs(10);

/// Runs the screens until they end or the system ends them.
///
/// # Errors
/// When the terminal cannot be taken or drawn on.
pub fn run(start: &Start, desk: impl FnOnce(std::sync::mpsc::Sender<Wake>) -> io::Result<Desk>) -> Result<(), Failure> {
    let doing = |error: io::Error| Failure::disk("opening the screen", &error);
    let (sender, wakes) = channel();
    wake::listen_to_signals(sender.clone()).map_err(doing)?;
    let desk = desk(sender.clone()).map_err(doing)?;
    let screen = Screen::take(start.settings.bidi == Bidi::App).map_err(doing)?;
    wake::listen_to_terminal(sender).map_err(doing)?;
    let mut room = Room { app: App::new(start), scroll: Scroll::default(), screen, desk, running: true };
    let ended = room.live(&wakes);
    // Whatever ended the loop: what was ordered is done, the keys are wiped, and only then is the terminal given back.
    room.desk.finish(LAST_WAIT);
    drop(room);
    ended.map_err(doing)
}

struct Room {
    app: App,
    scroll: Scroll,
    screen: Screen,
    desk: Desk,
    running: bool,
}

impl Room {
    fn live(&mut self, wakes: &Receiver<Wake>) -> io::Result<()> {
        self.draw()?;
        while self.running {
            let wait = Duration::from_millis(self.app.tick_in());
            match wakes.recv_timeout(wait) {
                Ok(wake) => self.take(wake)?,
                Err(RecvTimeoutError::Timeout) => self.tick(clock::boot_ms()),
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
            for wake in wakes.try_iter().take(BEFORE_DRAWING) {
                self.take(wake)?;
            }
            if self.running {
                self.draw()?;
            }
        }
        Ok(())
    }

    fn draw(&mut self) -> io::Result<()> {
        let Self { app, scroll, screen, .. } = self;
        screen.draw(|frame| ui::view(app, scroll, frame))
    }

    fn take(&mut self, wake: Wake) -> io::Result<()> {
        match wake {
            Wake::Msg(msg) => {
                // Someone who never pauses is not idle, and their draft is due all the same.
                let boot_ms = clock::boot_ms();
                if self.app.is_behind(boot_ms) {
                    self.tick(boot_ms);
                }
                if matches!(msg, Msg::Resize { .. }) {
                    self.screen.begin_anew()?;
                }
                let locked = matches!(msg, Msg::Locked { .. });
                self.update(msg);
                if locked {
                    process::wipe_stack();
                }
            }
            Wake::End | Wake::Hangup => {
                self.lock();
                self.running = false;
            }
            Wake::Pause => {
                self.lock();
                self.screen.leave();
                wake::pause_process();
                self.screen.come_back()?;
            }
        }
        Ok(())
    }

    fn tick(&mut self, boot_ms: u64) {
        self.update(Msg::Tick { now: clock::now(), boot_ms });
    }

    fn update(&mut self, msg: Msg) {
        for effect in ui::update(&mut self.app, msg) {
            match effect {
                Effect::Quit => self.running = false,
                Effect::StopSealing => self.desk.stop(),
                Effect::Lock => {
                    self.desk.stop();
                    self.desk.order(Order::Do(effect));
                }
                effect => self.desk.order(Order::Do(effect)),
            }
        }
    }

    /// The screens forget first, then the keys go; only then may the program stop.
    fn lock(&mut self) {
        self.update(Msg::Locked { waiting: 0 });
        process::wipe_stack();
        self.desk.lock_now(LAST_WAIT);
    }
}
