//! The desk's part in a unit's new key: what would be done is said before it is done, and how far it is while it goes on.

use std::sync::{Arc, atomic::Ordering};

use amanat_keys::{
    fingerprint::CaseId,
    roster::Unit,
    rotation::{RotationWord, Said},
    statement::Statement,
};
use amanat_sync::entry::EntryRef;

use super::{seat::Seat, seat_reseal, tellings, wake::Wake};
use crate::{
    failure::Failure,
    model::{self, UnitId},
    runtime::{
        clock,
        homes::{home::Home, pack},
        roster::audit,
        rotation::{
            reseal_far::Far,
            units::{Ahead, Looked, Rotated, Tell},
        },
    },
    ui::{KeepTheirKey, Msg, Renewed, RotationNews, Sentence},
};

/// Slips that are named one by one; a page never shows as many, and the command names all.
const NAMED: usize = 200;

impl Seat {
    /// Which units are owed a new key: a roster that came may have ended a reader, a rotation that ended pays the debt.
    pub(super) fn say_owed(&self) {
        let owed = self.home.as_ref().map(Home::keys_owed);
        match owed {
            None => {}
            Some(Ok(units)) => {
                self.say(Msg::KeysOwed(units.into_iter().map(|unit| (unit.id.into(), unit.name)).collect()));
            }
            Some(Err(failure)) => self.say(Msg::Notice(tellings::trouble(&failure))),
        }
    }

    pub(super) fn look_at_rotation(&mut self, renewed: Renewed) {
        let ahead = self.with_home(|home| match renewed {
            Renewed::Unit(unit) => Ok(ahead(home, &listed(home, unit)?, &home.look_ahead(unit.into())?)),
            Renewed::Case(case) => {
                let told = seat_reseal::ahead(home, &home.look_at_case(case.into())?);
                Ok(RotationNews::Ahead(told, KeepTheirKey::default()))
            }
        });
        let failed = |failure| RotationNews::Failed(tellings::trouble(&failure));
        self.say(Msg::Rotation(renewed, ahead.unwrap_or_else(failed)));
    }

    /// Goes as far as it can now: an offer is written as the command writes it, slips are rewrapped or entries sealed again until all are, or
    /// somebody stops it.
    pub(super) fn rotate(&mut self, renewed: Renewed) {
        self.stop.store(false, Ordering::SeqCst);
        let (stop, wake, begun) = (Arc::clone(&self.stop), self.wake.clone(), clock::instant());
        let mut first = None;
        let mut tell = |Far { done, total, bytes, all_bytes }: Far| {
            let since = done.saturating_sub(*first.get_or_insert(done));
            let ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
            let news = RotationNews::At { done, total, rate: since.saturating_mul(1000) / ms, bytes, all_bytes };
            wake.send(Wake::Msg(Msg::Rotation(renewed, news))).unwrap_or_default();
            !stop.load(Ordering::SeqCst)
        };
        let came = self.with_home(|home| match renewed {
            Renewed::Unit(unit) => {
                rotate_unit(home, unit, &mut |done, total| tell(Far { done, total, ..Far::default() }))
            }
            Renewed::Case(case) => {
                let (told, more) = seat_reseal::reseal(home, case, &mut tell)?;
                Ok(RotationNews::Ended { told, keep: KeepTheirKey::default(), more })
            }
        });
        let news = came.unwrap_or_else(|failure| RotationNews::Failed(tellings::trouble(&failure)));
        self.say(Msg::Rotation(renewed, news));
        self.say_marks();
        self.carry();
    }
}

/// What came of it.
fn rotate_unit(home: &mut Home, unit: UnitId, tell: Tell<'_>) -> Result<RotationNews, Failure> {
    let before = listed(home, unit)?;
    match home.rotate_unit(before.id, tell)? {
        Rotated::Offered { request, words, looked } => offered(home, &before, &request, &words, &looked),
        Rotated::Stopped { rewrapped, total } => {
            let told = vec![line("stopped", &[("n", rewrapped), ("total", total)])];
            Ok(RotationNews::Ended { told, keep: KeepTheirKey::default(), more: true })
        }
        Rotated::Done { word, escrowed, .. } => done(home, &before, &word, escrowed),
    }
}

fn listed(home: &Home, unit: UnitId) -> Result<Unit, Failure> {
    let listed = home.trust()?.roster().unit(&unit.into()).cloned();
    listed.ok_or_else(|| Failure::usage("rotating the unit's key — the roster has no such unit", "Sync first."))
}

fn ahead(home: &Home, unit: &Unit, ahead: &Ahead) -> RotationNews {
    let epoch = ("epoch", unit.epoch);
    let (mut told, mut keep) = (Vec::new(), KeepTheirKey::default());
    match ahead {
        Ahead::Offer(_) => told.push(named("offer", &[("unit", &unit.name)])),
        Ahead::Waits(_) => told.push(named("waits", &[("unit", &unit.name)])),
        Ahead::Rewrap { rewrapped, total } => {
            told.push(line("rewrap", &[epoch, ("n", *total), ("done", *rewrapped)]));
        }
    }
    if let Ahead::Offer(looked) | Ahead::Waits(looked) = ahead {
        told.push(line("slips", &[("n", looked.open)]));
        // The first of those that are left out.
        keep = kept(home, &looked.shut, told.len() + 1);
        told.extend(left_out(looked));
    }
    told.push(line("means", &[]));
    RotationNews::Ahead(told, keep)
}

/// Slips that will keep their key.
fn left_out(looked: &Looked) -> impl Iterator<Item = Sentence> {
    let shut = u64::try_from(looked.shut.len()).unwrap_or(u64::MAX);
    let counted = [("shut", shut), ("others", looked.others)];
    counted.into_iter().filter(|(_, n)| *n > 0).map(|(key, n)| warned(line(key, &[("n", n)])))
}

/// Where slips stand that do not open here, told after so many sentences.
fn kept(home: &Home, shut: &[(EntryRef, CaseId)], after: usize) -> KeepTheirKey {
    let roster = home.trust().map(|trust| trust.roster()).ok();
    let place = |(at, case): &(EntryRef, CaseId)| {
        let case = model::CaseId::from(*case).short();
        let name = roster.map(|roster| audit::device_words(roster, &at.device).joined()).unwrap_or_default();
        warned(named("shut_at", &[("case", &case), ("n", &at.seq.to_string()), ("name", &name)]))
    };
    let n = u64::try_from(shut.len()).unwrap_or(u64::MAX);
    KeepTheirKey { named: shut.iter().take(NAMED).map(place).collect(), n, after }
}

fn offered(
    home: &Home,
    unit: &Unit,
    request: &Statement,
    words: &str,
    looked: &Looked,
) -> Result<RotationNews, Failure> {
    let out = home.paths().folder().join(format!("unit-key-{}.join", unit.epoch + 1));
    pack::write_statement(request, &out, "request")?;
    let mut told = vec![
        named("offered", &[("path", &out.display().to_string())]),
        named("words", &[("words", words)]),
        named("admin", &[("unit", &unit.name)]),
    ];
    let keep = kept(home, &looked.shut, told.len() + 1);
    told.extend(left_out(looked));
    Ok(RotationNews::Ended { told, keep, more: false })
}

fn done(home: &Home, unit: &Unit, word: &RotationWord, escrowed: bool) -> Result<RotationNews, Failure> {
    let (told, mut keep, more) = (Vec::new(), KeepTheirKey::default(), false);
    let Said::Rewrapped { epoch, slips, left, stragglers, .. } = &word.said else {
        return Ok(RotationNews::Ended { told, keep, more });
    };
    let mut told = line("done", &[("n", *slips), ("epoch", *epoch)]);
    told.blanks.push(("unit".to_owned(), unit.name.clone(), false));
    let mut told = vec![told];
    if *left > 0 {
        told.push(warned(line("left", &[("n", *left)])));
        keep = kept(home, &home.shut_slips(unit)?, told.len());
    }
    if !escrowed {
        told.push(warned(line("not_escrowed", &[])));
    }
    let roster = home.trust().map(|trust| trust.roster());
    let names = roster
        .into_iter()
        .flat_map(|roster| stragglers.iter().map(move |device| audit::device_words(roster, device).joined()));
    told.extend(names.map(|name| warned(named("straggler", &[("name", &name)]))));
    Ok(RotationNews::Ended { told, keep, more })
}

fn named(key: &str, blanks: &[(&str, &str)]) -> Sentence {
    let blanks = blanks.iter().map(|(blank, text)| ((*blank).to_owned(), (*text).to_owned(), false)).collect();
    Sentence { key: format!("rotation.{key}"), blanks, alarm: false }
}

fn line(key: &str, blanks: &[(&str, u64)]) -> Sentence {
    let blanks: Vec<(&str, String)> = blanks.iter().map(|(blank, n)| (*blank, n.to_string())).collect();
    named(key, &blanks.iter().map(|(blank, text)| (*blank, text.as_str())).collect::<Vec<_>>())
}

fn warned(sentence: Sentence) -> Sentence {
    Sentence { alarm: true, ..sentence }
}
