//! What the desk tells the screens: the plain rows of `ui`, made from keys, rosters, journals and failures.

use amanat_keys::{error::Weakness, fingerprint::CaseId, passphrase::Passphrase, roster::DeviceState};
use amanat_sync::{
    courier::{End, Trouble as Courier},
    journal::Journal as _,
    road::Road,
    stories::About,
    transport::RefusalReason,
};
use qrcode::{EcLevel, QrCode, render::unicode::Dense1x2};

use super::{config::Config, fault, home::Home, make, officer, seat::Marks};
use crate::{
    failure::{Failure, Kind},
    model::{Delivery, Moment},
    ui::{Mark, RosterDevice, RosterMember, RosterPage, RosterUnit, Secret, Strength, Trouble, Who},
};

/// Ids that the screens get at once after unlocking.
const FIRST_IDS: usize = 8;

/// A failure with its own words.
pub(super) fn trouble(failure: &Failure) -> Trouble {
    Trouble { word: String::new(), detail: format!("{} {}", failure.message, failure.hint).trim().to_owned() }
}

/// Why the vault stayed shut.
pub(super) fn unlock_trouble(failure: &Failure) -> Trouble {
    if failure.kind == Kind::Locked && failure.message.contains("passphrase is wrong") {
        return Trouble::word("unlock.wrong");
    }
    trouble(failure)
}

/// Why a pass ended early.
pub(super) fn sync_trouble(failure: &Failure, end: Option<&End>) -> Trouble {
    let word = match end {
        Some(End::Refused(refusal)) if refusal.reason == RefusalReason::Version => "sync.version",
        Some(End::Refused(refusal)) if refusal.reason == RefusalReason::OtherKey => "sync.other_key",
        Some(End::Refused(refusal)) if refusal.reason == RefusalReason::Revoked => "sync.revoked",
        Some(End::Refused(_)) => "sync.refused",
        Some(End::Nonsense(_)) => "sync.trust",
        Some(End::Local(_)) => "sync.storage",
        Some(End::Unreachable(_) | End::Busy(_) | End::Done) => "sync.unreachable",
        None => return trouble(failure),
    };
    Trouble { word: word.to_owned(), detail: failure.message.clone() }
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
        | Courier::AgainSpent { .. }
        | Courier::Fell { .. }
        | Courier::NotTaken { .. }
        | Courier::Document(_)
        | Courier::PartLost(_)
        | Courier::PartNotTaken(_)
        | Courier::PartUnserved(_) => "",
    };
    Trouble { word: word.to_owned(), detail: carrier_words(trouble) }
}

/// A trouble in one sentence.
pub fn carrier_words(trouble: &Courier) -> String {
    let short = |id: &dyn std::fmt::Display| id.to_string().chars().take(8).collect::<String>();
    match trouble {
        Courier::Fork { journal, at, .. } => format!(
            "journal {} has two histories from number {at} on (a restored backup); it is closed and a new one goes on",
            short(journal)
        ),
        Courier::NotTaken { journal, seq, why, .. } => {
            format!("the hub does not take number {seq} of journal {}: {why:?}", short(journal))
        }
        Courier::HubBehind { journal, has, signed } => format!(
            "the hub has {has} entries of journal {} and had signed for {signed}; what it lacks was offered again",
            short(journal)
        ),
        Courier::ForkElsewhere { device, .. } => format!("two histories of device {} were seen", short(device)),
        Courier::HubDenies { shown, held } => {
            format!("the hub shows checkpoint {shown}; {held} was seen before: it was rolled back. Tell the admin")
        }
        Courier::TwoStories { about } => format!(
            "the hub tells two stories of {}: two of its own signed words cannot both be true. Both are kept as proof (amanat verify). \
             Tell the admin, and do not go by its receipts",
            story_words(about)
        ),
        Courier::NewEpoch { epoch } => format!("the hub began epoch {epoch} and no admin has confirmed it yet"),
        Courier::Fell { journal, from, to } => format!(
            "the hub was restored from a backup and has {to} entries of journal {} where it had signed for {from}; an admin has \
             confirmed it, and what it lacks is offered again",
            short(journal)
        ),
        Courier::AgainSpent { bytes } => format!(
            "the hub lost what it had signed for; {} KiB of it were offered again, the rest waits until an admin has confirmed the hub",
            bytes / 1024
        ),
        Courier::HiddenTail { journal } => {
            format!("the hub hides the end of journal {}. Tell the admin", short(journal))
        }
        Courier::HiddenElsewhere { device, journal, shown, held } => format!(
            "the hub lists {shown} entries of journal {} of device {} and gave {held} before: it was rolled back or hides the end. \
             Tell the admin",
            short(journal),
            short(device)
        ),
        Courier::Document(why) => format!("a document was not taken: {why}"),
        Courier::PartLost(at) => format!(
            "an attachment of number {} of this device is missing here or damaged, so headquarters cannot have it. Attach it again",
            at.entry.seq
        ),
        Courier::PartNotTaken(at) => format!(
            "an attachment of number {} reached the hub and was not what was sent; it is brought again",
            at.entry.seq
        ),
        Courier::PartBroken(at) => format!(
            "an attachment of number {} of device {} is not what its author signed for and was thrown away; the entry stays. Tell the \
             admin: the hub's disk may be damaged",
            at.entry.seq,
            short(&at.entry.device)
        ),
        Courier::PartUnserved(at) => format!(
            "the hub does not give an attachment of number {} of device {}",
            at.entry.seq,
            short(&at.entry.device)
        ),
    }
}

/// What two words of a hub contradict each other about.
pub fn story_words(about: &About) -> String {
    let short = |id: &dyn std::fmt::Display| id.to_string().chars().take(8).collect::<String>();
    match about {
        About::Checkpoint(_, epoch, number) => format!("checkpoint {number} of epoch {epoch}"),
        About::Place(_, _, device, journal, seq) => {
            format!("number {seq} in journal {} of device {}", short(journal), short(device))
        }
    }
}

/// That rival rosters are held, in one sentence.
pub fn rivals_words(version: u64) -> String {
    format!(
        "two valid rosters {version} are held, so the admins' keys signed twice: what is kept now goes only to readers whom both \
         name, and to headquarters. Ask an admin in person which one holds; their next roster ends it"
    )
}

/// Entries that were written into cases to which their writers do not belong, in one sentence.
pub fn offered_words(count: usize) -> String {
    format!(
        "entries written into cases of others by somebody whom those cases do not know: {count}, left out of the cases"
    )
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
        Err(Weakness::Short { .. }) => Strength { score: 0, reason: Some(Weakness::Short { least: 10 }.to_string()) },
        Err(weakness) => Strength { score: 1, reason: Some(weakness.to_string()) },
    }
}

/// Random ids.
pub(super) fn fresh(count: usize) -> Vec<[u8; 16]> {
    (0..count.min(1024)).map(|_| *CaseId::random().as_bytes()).collect()
}

/// Who sits here.
pub(super) fn who(home: &Home, config: &Config) -> Result<Who, Failure> {
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
pub(super) fn roster(home: &Home) -> Result<RosterPage, Failure> {
    let trust = home.trust()?;
    let roster = trust.roster();
    let moment = |seconds: u64| i64::try_from(seconds).ok().map(|seconds| Moment::pkt(seconds.saturating_mul(1000)));
    let name_of = |unit| roster.unit(unit).map_or_else(String::new, |unit| unit.name.clone());
    let me = home.member().ok().map(|member| member.id);
    let words = |words: amanat_keys::words::Words| words.words().into_iter().map(str::to_owned).collect();
    let units = roster.units.iter().map(|unit| RosterUnit {
        name: unit.name.clone(),
        kind: unit.kind.word().to_owned(),
        epoch: unit.epoch,
        readable: home.holds_key_of(unit),
    });
    let members = roster.members.iter().map(|member| RosterMember {
        name: member.name.clone(),
        roles: member.roles.iter().map(|(role, unit)| (role.word().to_owned(), name_of(unit))).collect(),
        me: me == Some(member.id),
    });
    let devices = roster.devices.iter().map(|device| RosterDevice {
        id: device.id.into(),
        member: roster.member(&device.member).map_or_else(String::new, |member| member.name.clone()),
        state: state(device.state).to_owned(),
        me: device.id == home.device(),
    });
    Ok(RosterPage {
        agency: roster.name.clone(),
        version: roster.version,
        issued: moment(roster.issued),
        expires: moment(roster.expires),
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
pub(super) fn qr(text: &str) -> Vec<String> {
    let code = QrCode::with_error_correction_level(text.as_bytes(), EcLevel::L);
    let drawn = code.map(|code| code.render::<Dense1x2>().quiet_zone(true).build()).unwrap_or_default();
    drawn.lines().map(str::to_owned).collect()
}
