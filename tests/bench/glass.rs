//! The screen of benches: `ui::update` and `ui::view` on a terminal in memory, unlocked, as the runtime feeds it.

#![expect(clippy::unwrap_used, reason = "a bench stops at the first surprise")]

use std::sync::Arc;
use std::time::Duration;

use amanat::codebook::Codebook;
use amanat::model::{Answers, DeviceId, Moment};
use amanat::ui::{self, App, Effect, Msg, Scroll, Settings, Stage, Start, Who};
use ratatui::{
    Terminal,
    backend::TestBackend,
    crossterm::event::{KeyCode, KeyEvent, KeyModifiers},
};

use crate::figure::timed;

/// The time on this screen.
pub(crate) const NOW: Moment = Moment::pkt(1_795_322_868_000);

/// The app, and what it draws on: 80 × 24.
pub(crate) struct Room {
    pub(crate) app: App,
    scroll: Scroll,
    terminal: Terminal<TestBackend>,
}

impl Room {
    /// Unlocked by the officer of this device.
    pub(crate) fn unlocked(device: DeviceId) -> Self {
        let codebook = Arc::new(Codebook::builtin().unwrap().clone());
        let stage = Stage::Locked { waiting: 0 };
        let start = Start { codebook, settings: Settings::default(), now: NOW, boot_ms: 0, stage, home: None };
        let terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
        let mut room = Self { app: App::new(&start), scroll: Scroll::default(), terminal };
        room.send(Msg::Resize { columns: 80, rows: 24 });
        let who = Who {
            agency: "Sample Police".into(),
            unit: "PS Sample".into(),
            member: "Sample Officer".into(),
            roles: vec!["officer".into()],
            device,
            officer: Answers::default(),
            write_only: false,
            prints: false,
            fresh: (0..8).map(|byte| [byte; 16]).collect(),
        };
        room.send(Msg::Unlocked(Box::new(who)));
        room
    }

    /// What the runtime does for each message: update, then one frame.
    pub(crate) fn send(&mut self, msg: Msg) {
        self.update(msg);
        self.draw();
    }

    pub(crate) fn update(&mut self, msg: Msg) {
        drop(ui::update(&mut self.app, msg));
    }

    /// The words that a search does not find yet, as the runtime folds them while nothing else is to be done.
    #[allow(dead_code, reason = "one bench of those that share this screen reads that much")]
    pub(crate) fn fold_words(&mut self) {
        while self.app.owes_words() {
            self.send(Msg::Tick { now: NOW, boot_ms: 0 });
        }
    }

    /// What it asks for after a message.
    #[allow(dead_code, reason = "one bench of those that share this screen asks")]
    pub(crate) fn asked(&mut self, msg: Msg) -> Vec<Effect> {
        ui::update(&mut self.app, msg)
    }

    pub(crate) fn draw(&mut self) {
        self.terminal.draw(|frame| ui::view(&self.app, &mut self.scroll, frame)).unwrap();
    }

    pub(crate) fn key(&mut self, code: KeyCode) -> Duration {
        timed(|| self.send(Msg::Key(KeyEvent::new(code, KeyModifiers::NONE))))
    }

    /// To the form of a new case, from the list.
    pub(crate) fn begin_a_case(&mut self) {
        self.key(KeyCode::F(4));
        assert!(self.shown().contains("Part 1 of"), "no form: {}", self.shown());
    }

    pub(crate) fn shown(&self) -> String {
        self.terminal.backend().buffer().content().iter().map(ratatui::buffer::Cell::symbol).collect()
    }
}
