//! What the desk tells the screens: the plain rows of `ui`, made from keys, rosters, journals and failures.

use amanat_keys::{error::Weakness, fingerprint::CaseId, passphrase::Passphrase, roster::DeviceState};
use amanat_sync::{
    batch::Why,
    courier::{End, Trouble as Courier},
    journal::Journal as _,
    road::Road,
    stories::About,
    transport::RefusalReason,
};
use qrcode::{EcLevel, QrCode, render::unicode::Dense1x2};

use super::{officer, particulars, seat::Marks};
use crate::{
    failure::{Failure, Kind},
    model::{Delivery, Moment},
    runtime::{
        fault,
        homes::{config::Config, home::Home, make},
        road::aside,
        roster::release,
    },
    ui::{Mark, RosterDevice, RosterMember, RosterPage, RosterUnit, Secret, Strength, Trouble, Who},
    words::Both,
};

/// Ids that the screens get at once after unlocking.
const FIRST_IDS: usize = 8;

/// A failure with its own words, in Urdu too where they have been put into it; else the sentence of its kind for who reads Urdu.
pub(in crate::runtime) fn trouble(failure: &Failure) -> Trouble {
    // The first is no sentence of its own where it stands alone; before another it ends as one.
    let stop = if failure.hint.is_empty() || failure.message.ends_with(['.', '?', '!']) { "" } else { "." };
    let detail = format!("{}{stop} {}", failure.message, failure.hint).trim().to_owned();
    Trouble {
        word: format!("failure.{}", failure.kind.word()),
        detail: in_both(detail, &failure.message, &failure.hint),
    }
}

/// A failure's words in English, and in Urdu beside them where they have been put into it.
fn in_both(en: String, message: &str, hint: &str) -> String {
    match particulars::in_urdu(message, hint) {
        Some(ur) => Both { en, ur }.joined(),
        None => en,
    }
}

/// Why the vault stayed shut.
pub(super) fn unlock_trouble(failure: &Failure) -> Trouble {
    if failure.kind == Kind::Locked && failure.message.contains("passphrase is wrong") {
        return Trouble::word("unlock.wrong");
    }
    trouble(failure)
}

/// Why a pass ended early.
pub(in crate::runtime) fn sync_trouble(failure: &Failure, end: Option<&End>) -> Trouble {
    let word = match end {
        Some(End::Refused(refusal)) if refusal.reason == RefusalReason::Version => "sync.version",
        Some(End::Refused(refusal)) if refusal.reason == RefusalReason::OtherKey => "sync.other_key",
        Some(End::Refused(refusal)) if refusal.reason == RefusalReason::Revoked => "sync.revoked",
        Some(End::Refused(_)) => "sync.refused",
        Some(End::Nonsense(_)) => "sync.trust",
        Some(End::Local(_)) => "sync.storage",
        Some(End::Full(_)) => "sync.full",
        Some(End::Unreachable(_) | End::Busy(_) | End::Done) => "sync.unreachable",
        None => return trouble(failure),
    };
    Trouble { word: word.to_owned(), detail: in_both(failure.message.clone(), &failure.message, "") }
}

/// What a pass left behind.
pub(super) fn courier_trouble(trouble: &Courier) -> Trouble {
    let word = match trouble {
        Courier::Fork { .. } | Courier::ForkElsewhere { .. } => "sync.fork",
        Courier::HubDenies { .. }
        | Courier::HiddenTail { .. }
        | Courier::HiddenElsewhere { .. }
        | Courier::HubBehind { .. } => "sync.trust",
        Courier::TwoStories { .. } => "stick.distrust",
        Courier::PartBroken(_) => "sync.trust",
        Courier::NewEpoch { .. }
        | Courier::AsideFull
        | Courier::InVain
        | Courier::AgainSpent { .. }
        | Courier::Fell { .. }
        | Courier::NotTaken { .. }
        | Courier::Document(_)
        | Courier::PartLost(_)
        | Courier::PartNotTaken(_)
        | Courier::PartUnserved(_) => "",
    };
    Trouble { word: word.to_owned(), detail: carrier_said(trouble).joined() }
}

/// A trouble in one sentence, in English.
pub fn carrier_words(trouble: &Courier) -> String {
    carrier_said(trouble).en
}

/// The beginning of an id, as people compare it.
fn short(id: &dyn std::fmt::Display) -> Both {
    Both::same(id.to_string().chars().take(8).collect::<String>())
}

fn carrier_said(trouble: &Courier) -> Both {
    let say = |key: &str, blanks: &[(&str, Both)]| Both::fill(&format!("carrier.{key}"), blanks);
    match trouble {
        Courier::Fork { journal, at, .. } => say("fork", &[("journal", short(journal)), ("at", Both::same(at))]),
        Courier::NotTaken { journal, seq, why, .. } => {
            say("not_taken", &[("number", Both::same(seq)), ("journal", short(journal)), ("why", why_said(*why))])
        }
        Courier::HubBehind { journal, has, signed } => {
            say("hub_behind", &[("has", Both::same(has)), ("journal", short(journal)), ("signed", Both::same(signed))])
        }
        Courier::ForkElsewhere { device, .. } => say("fork_elsewhere", &[("device", short(device))]),
        Courier::HubDenies { shown, held } => {
            say("hub_denies", &[("shown", Both::same(shown)), ("held", Both::same(held))])
        }
        Courier::TwoStories { about } => say("two_stories", &[("about", story_said(about))]),
        Courier::NewEpoch { epoch } => say("new_epoch", &[("epoch", Both::same(epoch))]),
        Courier::Fell { journal, from, to } => {
            say("fell", &[("to", Both::same(to)), ("journal", short(journal)), ("from", Both::same(from))])
        }
        Courier::AgainSpent { bytes } => say("again_spent", &[("kib", Both::same(bytes / 1024))]),
        Courier::HiddenTail { journal } => say("hidden_tail", &[("journal", short(journal))]),
        Courier::HiddenElsewhere { device, journal, shown, held } => say(
            "hidden_elsewhere",
            &[
                ("shown", Both::same(shown)),
                ("journal", short(journal)),
                ("device", short(device)),
                ("held", Both::same(held)),
            ],
        ),
        Courier::Document(why) => say("document", &[("why", Both::same(why))]),
        Courier::AsideFull => say("aside_full", &[]),
        Courier::InVain => say("in_vain", &[]),
        Courier::PartLost(at) => say("part_lost", &[("number", Both::same(at.entry.seq))]),
        Courier::PartNotTaken(at) => say("part_not_taken", &[("number", Both::same(at.entry.seq))]),
        Courier::PartBroken(at) => {
            say("part_broken", &[("number", Both::same(at.entry.seq)), ("device", short(&at.entry.device))])
        }
        Courier::PartUnserved(at) => {
            say("part_unserved", &[("number", Both::same(at.entry.seq)), ("device", short(&at.entry.device))])
        }
    }
}

/// Why a hub does not take an entry.
fn why_said(why: Why) -> Both {
    let number = if let Why::Other(number) = why { number } else { 0 };
    Both::fill(&format!("carrier.why.{}", aside::word(why)), &[("n", Both::same(number))])
}

/// What two words of a hub contradict each other about, in English.
pub fn story_words(about: &About) -> String {
    story_said(about).en
}

fn story_said(about: &About) -> Both {
    match about {
        About::Checkpoint(_, epoch, number) => {
            Both::fill("carrier.story_checkpoint", &[("number", Both::same(number)), ("epoch", Both::same(epoch))])
        }
        About::Place(_, _, device, journal, seq) => Both::fill(
            "carrier.story_place",
            &[("number", Both::same(seq)), ("journal", short(journal)), ("device", short(device))],
        ),
    }
}

/// That rival rosters are held, in one sentence in English.
pub fn rivals_words(version: u64) -> String {
    rivals_said(version).en
}

/// That rival rosters are held.
pub(super) fn rivals_said(version: u64) -> Both {
    Both::fill("carrier.rivals", &[("version", Both::same(version))])
}

/// Entries that were written into cases to which their writers do not belong, in one sentence in English.
pub fn offered_words(count: usize) -> String {
    offered_said(count).en
}

/// Entries that were written into cases to which their writers do not belong.
pub(super) fn offered_said(count: usize) -> Both {
    Both::fill("carrier.offered", &[("n", Both::same(count))])
}

/// How strong a passphrase is. The room that owns passphrases says yes or no; beyond that, length counts.
pub(super) fn strength(secret: &Secret) -> Strength {
    match Passphrase::to_create(secret.reveal().as_bytes()) {
        Ok(_) => {
            let score = match secret.reveal().chars().count() {
                0..=15 => 2,
                16..=23 => 3,
                _ => 4,
            };
            Strength { score, reason: None }
        }
        Err(weakness) => {
            let score = u8::from(!matches!(weakness, Weakness::Short { .. }));
            let word = match weakness {
                Weakness::Short { .. } => "short",
                Weakness::Long { .. } => "long",
                Weakness::Control | Weakness::NotText => "no_text",
                Weakness::Repeats => "repeats",
                Weakness::Sequence => "sequence",
                Weakness::Common => "common",
                _ => "weak",
            };
            Strength { score, reason: Some(format!("welcome.strength.{word}")) }
        }
    }
}

/// Random ids.
pub(in crate::runtime) fn fresh(count: usize) -> Vec<[u8; 16]> {
    (0..count.min(1024)).map(|_| *CaseId::random().as_bytes()).collect()
}

/// Who sits here.
pub(in crate::runtime) fn who(home: &Home, config: &Config) -> Result<Who, Failure> {
    let (unit, member) = (home.unit()?, home.member()?);
    let roster = home.trust()?.roster();
    let mut roles: Vec<String> = member.roles.iter().map(|(role, _)| role.word().to_owned()).collect();
    roles.dedup();
    Ok(Who {
        agency: roster.name.clone(),
        unit: unit.name.clone(),
        member: member.name.clone(),
        roles,
        device: home.device().into(),
        officer: officer::known(unit, member, config),
        write_only: roster.write_only(),
        prints: !config.print_command.is_empty(),
        fresh: fresh(FIRST_IDS),
    })
}

/// How far each journal has come: own ones by receipt, others' because they came from the hub; those that came by stick by receipt
/// as well. What is on a stick is handed over.
///
/// # Errors
/// What the journal refuses.
pub fn marks(home: &Home) -> Result<Marks, Failure> {
    let doing = "reading the journal";
    let (status, road) = (home.status()?, Road::carrying(home.journal()).map_err(|error| fault::sync(doing, &error))?);
    let mark = |device, journal, delivery, up_to, complete| Mark { device, journal, delivery, up_to, complete };
    let device = home.device().into();
    let own =
        status.own.iter().map(|own| mark(device, own.journal.into(), Delivery::Received, own.received, own.complete));
    let heads = home.journal().heads().map_err(|error| fault::sync(doing, &error))?;
    let others = heads.iter().filter(|known| known.own.is_none()).map(|known| {
        let place = (known.device, known.journal);
        let signed = status.passed.iter().find(|(receipt, _)| (receipt.device, receipt.journal) == place);
        let there = road.there(&place).map(|there| there.max(signed.map_or(0, |(receipt, _)| receipt.seq)));
        let up_to = there.unwrap_or(known.head.seq);
        let complete =
            road.there(&place).map_or(up_to, |raw| raw.max(signed.map_or(0, |(receipt, _)| receipt.complete)));
        mark(known.device.into(), known.journal.into(), Delivery::Received, up_to, complete)
    });
    let handed = road.handed.iter();
    let handed =
        handed.map(|((of, journal), up_to)| mark((*of).into(), (*journal).into(), Delivery::HandedOver, *up_to, 0));
    Ok(own.chain(others).chain(handed).collect())
}

/// The adopted roster as rows.
pub(in crate::runtime) fn roster(home: &Home) -> Result<RosterPage, Failure> {
    let (trust, confirmed) = (home.trust()?, home.confirmed()?);
    let roster = trust.roster();
    let moment = |seconds: u64| i64::try_from(seconds).ok().map(|seconds| Moment::pkt(seconds.saturating_mul(1000)));
    let name_of = |unit| roster.unit(unit).map_or_else(String::new, |unit| unit.name.clone());
    let me = home.member().ok().map(|member| member.id);
    let words = |words: amanat_keys::words::Words| words.words().into_iter().map(str::to_owned).collect();
    let units = roster.units.iter().map(|unit| RosterUnit {
        id: unit.id.into(),
        name: unit.name.clone(),
        kind: unit.kind.word().to_owned(),
        epoch: unit.epoch,
        readable: home.holds_key_of(unit),
    });
    let members = roster.members.iter().map(|member| RosterMember {
        id: member.id.into(),
        name: member.name.clone(),
        roles: member.roles.iter().map(|(role, unit)| (role.word().to_owned(), name_of(unit))).collect(),
        me: me == Some(member.id),
    });
    let tenure = home.tenure();
    let of = |may: &dyn Fn(&amanat_keys::fingerprint::UnitId) -> bool| {
        roster.units.iter().map(|unit| unit.id).filter(may).map(Into::into).collect()
    };
    let devices = roster.devices.iter().map(|device| RosterDevice {
        id: device.id.into(),
        owner: device.member.into(),
        reads: of(&|unit| device.is_active() && roster.reads_for(device, unit)),
        opens: roster.device_reader(device).is_some(),
        leads: of(&|unit| tenure.ever_led(&device.id, unit)),
        answers: of(&|unit| tenure.ever_answered(&device.id, unit)),
        member: roster.member(&device.member).map_or_else(String::new, |member| member.name.clone()),
        state: state(device.state).to_owned(),
        me: device.id == home.device(),
    });
    Ok(RosterPage {
        agency: roster.name.clone(),
        version: roster.version,
        issued: moment(roster.issued),
        expires: moment(roster.expires),
        red: moment(trust.red_from()),
        confirmed: confirmed.days,
        withheld: confirmed.withheld,
        wanted: release::least(trust).filter(|least| *least > release::running()).map(|least| least.to_string()),
        words: words(trust.fingerprint_words()),
        own_words: make::request_of(home.paths()).map(|(request, _)| words(request.words())).unwrap_or_default(),
        units: units.collect(),
        members: members.collect(),
        devices: devices.collect(),
    })
}

const fn state(state: DeviceState) -> &'static str {
    match state {
        DeviceState::Active => "active",
        DeviceState::Left => "left",
        DeviceState::Lost => "lost",
    }
}

/// A picture of some words, two rows of modules to a line; empty if there is none.
pub(in crate::runtime) fn qr(text: &str) -> Vec<String> {
    let code = QrCode::with_error_correction_level(text.as_bytes(), EcLevel::L);
    let drawn = code.map(|code| code.render::<Dense1x2>().quiet_zone(true).build()).unwrap_or_default();
    drawn.lines().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_and_what_to_do_are_two_sentences() {
        let detail = |message: &str, hint: &str| trouble(&Failure::failed(message, hint)).detail;
        assert_eq!(detail("doing this — that is not so", "Do that."), "doing this — that is not so. Do that.");
        assert_eq!(detail("Nothing was kept.", "Do that."), "Nothing was kept. Do that.");
        assert_eq!(detail("doing this — that is not so", ""), "doing this — that is not so");
    }
}
