//! The desk's part in a stick: it says what would leave, opens what came, and takes home what was read. The work itself is the
//! courier's, so that keeping and typing go on beside it.

use std::{path::Path, sync::Arc};

use amanat_sync::{bundle, courier::TakenIn, road::Road};

use super::{
    seat::{Seat, for_screens, note_forms},
    tellings,
};
use crate::{
    failure::Failure,
    runtime::{
        fault,
        homes::home::Home,
        road::{
            arrivals::Arrived,
            courier::StickErrand,
            mounts,
            stick::{StickJob, Unwritten, Wrote},
            stick_fault,
        },
    },
    ui::{BundleIn, BundleOut, Msg, StickPage, Trouble},
};

/// What the courier says of a stick.
#[derive(Debug)]
pub enum StickNews {
    /// So many entries of so many are done.
    At(u64, u64),
    /// A bundle was written, or why not.
    Wrote(Result<Wrote, Unwritten>),
    /// A bundle was read.
    Read(Box<TakenIn>),
}

impl Seat {
    pub(super) fn look_at_stick(&mut self) {
        match self.with_home(|home| page(home)) {
            Ok(page) => self.say(Msg::StickIs(Box::new(page))),
            Err(failure) => self.say(Msg::Notice(tellings::trouble(&failure))),
        }
    }

    pub(super) fn write_stick(&mut self, path: &str, to: Option<&str>) {
        let asked = self.with_home(|home| Ok((StickJob::new(home)?, home.addressee(to)?)));
        match asked {
            Ok((job, to)) => self.courier().stick(StickErrand::Write(Box::new(job), path.into(), to)),
            Err(failure) => self.say(Msg::BundleFailed(tellings::trouble(&failure))),
        }
    }

    pub(super) fn read_stick(&mut self, path: &str) {
        let asked = self.with_home(|home| Ok((StickJob::new(home)?, home.open_stick(Path::new(path))?)));
        match asked {
            Ok((job, bundle)) => self.courier().stick(StickErrand::Read(Box::new(job), Box::new(bundle))),
            // No bundle: what another agency wrote is read here as well.
            Err(_) if self.with_home(|home| home.open_from_abroad(Path::new(path))).is_ok() => {
                self.read_abroad(path, None);
            }
            Err(failure) => {
                let word = if failure.message.contains("not for this reader") { "stick.not_for_us" } else { "" };
                let detail = tellings::trouble(&failure).detail;
                self.say(Msg::BundleFailed(Trouble { word: word.to_owned(), detail }));
            }
        }
    }

    /// Hears what the courier says of a stick.
    pub(in crate::runtime) fn stick(&mut self, news: StickNews) {
        match news {
            StickNews::At(done, total) => self.say(Msg::BundleAt { done, total }),
            StickNews::Wrote(Err(unwritten)) => {
                let detail = tellings::trouble(&unwritten.failure).detail;
                self.say(Msg::BundleFailed(Trouble { word: unwritten.word.to_owned(), detail }));
            }
            StickNews::Wrote(Ok(wrote)) => {
                self.say_marks();
                let path = wrote.path.display().to_string();
                let (parts, parts_left) = (u64::try_from(wrote.parts).unwrap_or(u64::MAX), wrote.parts_left);
                let out = BundleOut { path, to: wrote.to, entries: wrote.entries, parts, parts_left };
                self.say(Msg::BundleWritten(Box::new(out)));
            }
            StickNews::Read(taken) => self.stick_read(*taken),
        }
    }

    fn stick_read(&mut self, taken: TakenIn) {
        let codebook = Arc::clone(&self.codebook);
        // Locked meanwhile: what it brought is in the journal, sealed, and is opened with the next unlocking.
        let Some(home) = &mut self.home else { return };
        let arrived = home.take_home(&codebook, &taken.outcome);
        let wrapped = self.arrived(arrived, taken.outcome.documents > 0);
        self.say_marks();
        if taken.carried > 0 || wrapped {
            // Where there is a network, it goes on at once.
            self.courier().pass();
        }
        let mut trouble: Vec<Trouble> = taken.outcome.trouble.iter().map(tellings::courier_trouble).collect();
        if let Some(fault) = &taken.fault {
            let failure = stick_fault::reading("reading the stick", fault);
            trouble.push(Trouble { word: stick_fault::word(fault).to_owned(), detail: failure.message });
        }
        let missing = taken.missing.iter().map(|it| it.upto.saturating_sub(it.from).saturating_add(1)).sum();
        self.say(Msg::BundleRead(Box::new(BundleIn {
            entries: taken.outcome.pulled,
            received: taken.received,
            carried: taken.carried,
            documents: taken.outcome.documents,
            missing,
            parts: taken.outcome.parts.arrived,
            parts_missing: u64::try_from(taken.parts_missing).unwrap_or(u64::MAX),
            whole: taken.fault.is_none(),
            trouble,
        })));
    }

    /// Says what was taken home, by whichever road; whether a key was wrapped, which somebody waits for.
    pub(in crate::runtime) fn arrived(&mut self, arrived: Result<Arrived, Failure>, papers: bool) -> bool {
        let arrived = match arrived {
            Ok(arrived) => arrived,
            Err(failure) => {
                self.say(Msg::Notice(tellings::trouble(&failure)));
                return false;
            }
        };
        if papers {
            self.take_codebook();
        }
        note_forms(&mut self.forms, &arrived.entries);
        if let (1.., Some(home)) = (arrived.adopted.rivals, &self.home) {
            let version = home.trust().map_or(0, amanat_keys::trust::Trust::roster_version);
            let detail = tellings::rivals_said(version).joined();
            self.say(Msg::Notice(Trouble { word: String::new(), detail }));
        }
        for failure in &arrived.afterwards {
            self.say(Msg::Notice(tellings::trouble(failure)));
        }
        if !arrived.replayed.offered.is_empty() {
            let detail = tellings::offered_said(arrived.replayed.offered.len()).joined();
            self.say(Msg::Notice(Trouble { word: String::new(), detail }));
        }
        if !arrived.entries.is_empty() {
            self.say(Msg::Arrived(for_screens(arrived.entries)));
        }
        if !arrived.replayed.gone.is_empty() {
            self.say(Msg::Gone(arrived.replayed.gone));
        }
        // A word on a newer roster that has not come is told on every page, and so is that it has come.
        if papers || arrived.adopted.roster.is_some() {
            self.show_roster();
        }
        if arrived.adopted.roster.is_some() {
            self.set_out();
        }
        arrived.adopted.wrapped
    }
}

/// What would leave on a stick, and where sticks are.
fn page(home: &Home) -> Result<StickPage, Failure> {
    let doing = "looking what there is to carry";
    let (status, road) = (home.status()?, Road::carrying(home.journal()).map_err(|error| fault::sync(doing, &error))?);
    let carried = bundle::carried(home.journal(), &road, &status).map_err(|error| fault::sync(doing, &error))?;
    let hub = home.hub().map(|hub| hub.name.clone()).unwrap_or_default();
    let units = home.trust()?.roster().units.iter().map(|unit| unit.name.clone());
    Ok(StickPage {
        own: status.waiting(),
        carried: carried.iter().map(|it| it.known.head.seq.saturating_sub(it.there)).sum(),
        receipts: u64::try_from(status.passed.len()).unwrap_or(0),
        attached: home.parts_on_their_way()?.0,
        whom: std::iter::once(hub).chain(units).collect(),
        places: mounts::sticks(),
    })
}
