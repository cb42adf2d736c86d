//! The screen's thread: receive, `update`, hand the effects out, draw. It decides nothing and waits on one channel.
//!
//! Four threads: this one, the desk (keys, disk), the courier (network), and one each that waits for the terminal and for
//! signals. An idle program wakes once a minute, for the clock on its screen, and its courier for its tries.

use std::{
    io,
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    time::Duration,
};

use super::{
    desk::{Desk, Order},
    linear::{self, Linear},
    terminal::Screen,
    wake::{self, Wake},
};
use crate::{
    failure::Failure,
    runtime::{clock, process},
    ui::{self, App, Bidi, Effect, Msg, Scroll, Secret, Settings, Start, Trouble},
    words::{self, Tongue},
};

/// How many messages are taken in before the next drawing: a long replay does not freeze the screen, and does not draw
/// every entry either.
const BEFORE_DRAWING: usize = 64;
/// How long the way out waits for keys to be wiped and for what was being kept.
const LAST_WAIT: Duration = Duration::from_secs(10);

/// How the screens reach whoever sits there.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen {
    /// Drawn on the terminal, with this said first if anything is.
    Drawn(Option<Trouble>),
    /// Said line by line; what the settings say of the order of Urdu is kept as it is.
    Read(Bidi),
}

/// How the screens are shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Showing {
    /// On what.
    pub seen: Seen,
    /// With hints for who learns.
    pub training: bool,
}

/// What the screens are shown on.
enum Face {
    Drawn(Screen),
    Lines(Linear),
}

/// Runs the screens until they end or the system ends them.
///
/// # Errors
/// When the terminal cannot be taken or drawn on.
pub fn run(
    start: &Start,
    Showing { seen, training }: Showing,
    desk: impl FnOnce(std::sync::mpsc::Sender<Wake>) -> io::Result<Desk>,
) -> Result<(), Failure> {
    let doing = |error: io::Error| Failure::disk("opening the screen", &error);
    let (sender, wakes) = channel();
    wake::listen_to_signals(sender.clone()).map_err(doing)?;
    let desk = desk(sender.clone()).map_err(doing)?;
    let mut app = App::new(start);
    if training {
        app.train();
    }
    let kept = if let Seen::Read(bidi) = seen { bidi } else { start.settings.bidi };
    let face = match seen {
        Seen::Drawn(word) => {
            app.say_first(word);
            let screen = Screen::take(start.settings.bidi == Bidi::App).map_err(doing)?;
            wake::listen_to_terminal(sender).map_err(doing)?;
            Face::Drawn(screen)
        }
        Seen::Read(_) => Face::Lines(Linear::begin(sender).map_err(doing)?),
    };
    let mut room = Room { app, scroll: Scroll::default(), face, desk, running: true, kept };
    let ended = if matches!(room.face, Face::Drawn(_)) { room.live(&wakes) } else { room.listen(&wakes) };
    // Whatever ended the loop: what was ordered is done, the keys are wiped, and only then is the terminal given back.
    room.desk.finish(LAST_WAIT);
    drop(room);
    ended.map_err(doing)
}

struct Room {
    app: App,
    scroll: Scroll,
    face: Face,
    desk: Desk,
    running: bool,
    /// The order of Urdu that the settings have.
    kept: Bidi,
}

impl Room {
    fn live(&mut self, wakes: &Receiver<Wake>) -> io::Result<()> {
        self.draw()?;
        while self.running {
            let wait = Duration::from_millis(self.app.tick_in());
            let woken = wakes.recv_timeout(wait);
            self.catch_up();
            match woken {
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
        let Self { app, scroll, face, .. } = self;
        match face {
            Face::Drawn(screen) => screen.draw(|frame| ui::view(app, scroll, frame)),
            Face::Lines(lines) => lines.draw(|frame| ui::view(app, scroll, frame)),
        }
    }

    /// As [`Room::live`], for lines: the next one is read when everything that came of the last is done and said.
    fn listen(&mut self, wakes: &Receiver<Wake>) -> io::Result<()> {
        if let Face::Lines(lines) = &self.face {
            let (columns, rows) = lines.size();
            lines.say(words::say(Tongue::En, "start.linear"))?;
            self.update(Msg::Resize { columns, rows });
        }
        while self.running {
            self.draw()?;
            if let Face::Lines(lines) = &self.face {
                lines.ask(self.app.asks_secret());
            }
            let mut heard = false;
            while self.running && !heard {
                let woken = wakes.recv_timeout(Duration::from_millis(self.app.tick_in()));
                self.catch_up();
                match woken {
                    Ok(Wake::Line(line)) => {
                        heard = true;
                        self.hear(&line, wakes)?;
                    }
                    Ok(wake) => {
                        self.take(wake)?;
                        self.draw()?;
                    }
                    Err(RecvTimeoutError::Timeout) => self.tick(clock::boot_ms()),
                    Err(RecvTimeoutError::Disconnected) => return Ok(()),
                }
            }
        }
        Ok(())
    }

    /// The keys of a line, one after the other, each with all that comes of it.
    fn hear(&mut self, line: &Secret, wakes: &Receiver<Wake>) -> io::Result<()> {
        self.tick(clock::boot_ms());
        // What is found is said once.
        while self.app.owes_words() {
            self.tick(clock::boot_ms());
        }
        match linear::keys(line.reveal()) {
            Ok(keys) => {
                let (before, last) = (self.app.place(), keys.len().saturating_sub(1));
                for (at, key) in keys.into_iter().enumerate() {
                    // A number takes its row at once: the Enter behind it is not for what stands there next.
                    if at > 0 && at == last && linear::is_typed(line.reveal()) && self.app.place() != before {
                        break;
                    }
                    if self.update(Msg::Key(key)) {
                        self.desk.settle(LAST_WAIT);
                        for wake in wakes.try_iter() {
                            self.take(wake)?;
                        }
                    }
                }
                Ok(())
            }
            Err(word) => {
                let said = words::fill(Tongue::En, "start.no_such_key", &[("key", &word)]);
                if let Face::Lines(lines) = &self.face { lines.say(&said) } else { Ok(()) }
            }
        }
    }

    fn take(&mut self, wake: Wake) -> io::Result<()> {
        match wake {
            Wake::Msg(msg) => {
                // Someone who never pauses is not idle, and their draft is due all the same.
                let boot_ms = clock::boot_ms();
                if self.app.is_behind(boot_ms) {
                    self.tick(boot_ms);
                }
                if let (Msg::Resize { .. }, Face::Drawn(screen)) = (&msg, &mut self.face) {
                    screen.begin_anew()?;
                }
                let locked = matches!(msg, Msg::Locked { .. });
                self.update(msg);
                if locked {
                    process::wipe_stack();
                }
            }
            // Lines are heard where they are asked for.
            Wake::Line(_) => {}
            Wake::End | Wake::Hangup => {
                self.lock();
                self.running = false;
            }
            Wake::Pause => {
                self.lock();
                if let Face::Drawn(screen) = &self.face {
                    screen.leave();
                }
                wake::pause_process();
                if let Face::Drawn(screen) = &mut self.face {
                    screen.come_back()?;
                }
            }
        }
        Ok(())
    }

    /// Hears what was not worth waking for, which is older than what it woke for.
    fn catch_up(&mut self) {
        if let Some(msg) = self.desk.unhurried() {
            self.update(msg);
        }
    }

    fn tick(&mut self, boot_ms: u64) {
        self.update(Msg::Tick { now: clock::now(), boot_ms });
    }

    /// Whether anything is to be done now.
    fn update(&mut self, msg: Msg) -> bool {
        let effects = ui::update(&mut self.app, msg);
        let asked = !effects.is_empty();
        for effect in effects {
            match effect {
                // Whoever listens gets text in its own order; that is no setting of the screen.
                Effect::Remember(settings) if matches!(self.face, Face::Lines(_)) => {
                    let settings = Settings { bidi: self.kept, ..settings };
                    self.desk.order(Order::Do(Effect::Remember(settings)));
                }
                Effect::Quit => self.running = false,
                Effect::StopSealing | Effect::StopRotating => self.desk.stop(),
                Effect::ReadFirst(case) => self.desk.first(case),
                Effect::Lock => {
                    self.desk.stop();
                    self.desk.order(Order::Do(effect));
                }
                effect => self.desk.order(Order::Do(effect)),
            }
        }
        asked
    }

    /// The screens forget first, then the keys go; only then may the program stop.
    fn lock(&mut self) {
        self.update(Msg::Locked { waiting: 0 });
        process::wipe_stack();
        self.desk.lock_now(LAST_WAIT);
    }
}
