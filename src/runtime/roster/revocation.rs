//! Where trust in a device ends: how far each of its journals is known here, and how far the admin lets it count.

use amanat_keys::{
    fingerprint::{DeviceId, Digest, JournalId},
    roster::{Device, DeviceState, Roster},
};
use amanat_sync::{chain::Head, journal::Journal as _};
use std::collections::BTreeMap;

use super::{
    ceremony::{Agreed, Waiting},
    change,
    enrol::Admin,
    key_page::sentence,
    moves::{self, Cut},
};
use crate::{
    failure::Failure,
    model::Late,
    runtime::{
        fault,
        homes::{home::Home, lineage, marks},
    },
    ui::Sentence,
};

const DOING: &str = "revoking a device";

/// How far a device's word is to count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpTo {
    /// As far as each of its journals is known here.
    Known,
    /// In one journal up to this number; in the others as far as they are known.
    Number(u64),
}

/// Whom to revoke, from where on, and why.
#[derive(Clone, Copy, Debug)]
pub struct Revocation<'a> {
    /// The device, by the beginning of its id or its member's name.
    pub device: &'a str,
    /// How far it counts.
    pub up_to: UpTo,
    /// Which journal the number is of, by the beginning of its id; the only one where there is one.
    pub journal: Option<&'a str>,
    /// The link at the number, as the device itself shows it, where the number is beyond what is known here.
    pub link: Option<Digest>,
    /// Left or lost.
    pub state: DeviceState,
}

impl Admin {
    /// The next roster without trust in a device.
    ///
    /// # Errors
    /// Usage for an unknown device or journal; refused where a lost device would be let in beyond what anybody has seen.
    pub fn revoked(&self, asked: &Revocation<'_>) -> Result<Roster, Failure> {
        let mut roster = self.next()?;
        let device = moves::find_device(&roster, asked.device)?;
        let mut cuts = self.home.known_cuts(&device)?;
        if let UpTo::Number(number) = asked.up_to {
            let cut = one_journal(&mut cuts, asked.journal)?;
            if number <= cut.seen {
                let known =
                    if number == cut.seen { cut.link } else { self.home.link_of(&device, &cut.journal, number)? };
                cut.link = known.or(asked.link);
                if cut.link.is_none() {
                    return Err(Failure::usage(
                        format!("{DOING} — the link at entry {number} of its journal is not known here"),
                        "Give --from now, or the link there with --link (a reader's amanat verify --json, or the device itself, shows it).",
                    ));
                }
            } else {
                cut.link = asked.link;
                if asked.link.is_none() && asked.state == DeviceState::Lost {
                    return Err(Failure::refused(
                        format!(
                            "{DOING} — it is lost, its journal is known here up to entry {}, and whoever has it could write what lies \
                             beyond",
                            cut.seen
                        ),
                        "Give --from now; or bring its link at that entry (amanat status --json shows it there) with --link.",
                    ));
                }
            }
            cut.until = number;
        }
        moves::revoke(&mut roster, &device, asked.state, &cuts)?;
        Ok(roster)
    }

    /// Signs the next roster without trust in a device, from what is known of it here, and says again how new the roster is: what came of it, for
    /// the screen.
    ///
    /// # Errors
    /// As [`Admin::revoked`] and [`Admin::settle`].
    pub fn revoke_known(&mut self, device: DeviceId, state: DeviceState) -> Result<Vec<Sentence>, Failure> {
        let id = device.to_string();
        let asked = Revocation { device: &id, up_to: UpTo::Known, journal: None, link: None, state };
        let (roster, before) = (self.revoked(&asked)?, self.home.trust()?.roster().clone());
        let came = match self.settle(&roster)? {
            Agreed::Adopted(version) => {
                // What is signed is signed: where its disk says no to the word that this is the newest, the week's says it.
                self.confirm().unwrap_or_default();
                sentence("keys.signed").with("version", version)
            }
            Agreed::Waiting(waiting) => {
                let Waiting { old, missing, .. } = waiting.as_ref();
                let waits = sentence("keys.signed_waits").with("have", old.have).with("need", old.need);
                waits.with("missing", missing.join(", "))
            }
        };
        let lines = change::changes(&before, &roster);
        Ok(std::iter::once(came).chain(lines.iter().map(change::Line::sentence)).collect())
    }

    /// The next roster without a member: their roles, their devices, their root key.
    ///
    /// # Errors
    /// Usage for somebody who is not listed, or when fewer admins would be left than must sign.
    pub fn without(&self, member: &str, threshold: Option<u64>) -> Result<Roster, Failure> {
        let mut roster = self.next()?;
        let member = super::edit::find_member(&roster, member)?;
        let theirs: Vec<DeviceId> = roster
            .devices
            .iter()
            .filter(|device| device.member == member && device.is_active())
            .map(|device| device.id)
            .collect();
        let cuts = theirs.into_iter().map(|device| Ok((device, self.home.known_cuts(&device)?)));
        let cuts = cuts.collect::<Result<Vec<_>, Failure>>()?;
        moves::leave(&mut roster, member, &cuts, threshold)?;
        Ok(roster)
    }
}

/// What the adopted roster says of a device that it no longer trusts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revoked {
    /// `left`, `lost`, or `unlisted`.
    pub state: &'static str,
    /// By which roster, as far as is known here.
    pub roster: u64,
    /// The last entry of its open journal that counts.
    pub up_to: u64,
}

impl Revoked {
    /// A sentence for whoever holds the device.
    pub fn words(&self) -> String {
        format!(
            "this device is no longer trusted ({}, roster {}): its entries count up to {}, and it keeps nothing new. It can still hand over: \
             amanat sync, or a stick",
            self.state, self.roster, self.up_to
        )
    }
}

impl Home {
    /// Whether this device is revoked, and how far it counts.
    ///
    /// # Errors
    /// What the journal refuses.
    pub fn revoked(&self) -> Result<Option<Revoked>, Failure> {
        let Some(trust) = &self.trust else { return Ok(None) };
        let listed = trust.device(&self.device());
        let state = match listed.map(|device| device.state) {
            Some(DeviceState::Active) => return Ok(None),
            Some(DeviceState::Left) => "left",
            Some(DeviceState::Lost) => "lost",
            None => "unlisted",
        };
        let cuts = listed.map(|device| device.cut_offs.as_slice()).unwrap_or_default();
        let up_to = cuts.iter().map(|cut| cut.seq).max().unwrap_or(0);
        let roster = lineage::rosters(&self.pack()?.rosters)?;
        let me = self.device();
        let first = roster.iter().filter(|roster| roster.device(&me).is_some_and(|device| !device.is_active()));
        let roster = first.map(|roster| roster.version).min().unwrap_or_else(|| trust.roster_version());
        Ok(Some(Revoked { state, roster, up_to }))
    }

    /// From which entry on a journal came in unseen, for each that did: its device had left by then, and a roster let it in.
    pub fn late(&self) -> Late {
        let devices = self.trust.as_ref().map(|trust| trust.roster().devices.as_slice()).unwrap_or_default();
        let of = |device: &Device| {
            let cuts = device.cut_offs.iter();
            let late = cuts.filter_map(|cut| Some((device.id, cut.journal, device.late_from(&cut.journal)?)));
            late.collect::<Vec<_>>()
        };
        let late = devices.iter().flat_map(of);
        Late::new(late.map(|(device, journal, from)| (device.into(), journal.into(), from)))
    }

    /// Every journal of a device that is known here, up to where it is known.
    pub(super) fn known_cuts(&self, device: &DeviceId) -> Result<Vec<Cut>, Failure> {
        let known = self.journal.heads().map_err(|error| fault::sync(DOING, &error))?;
        let marks = marks::few(&self.journal).map_err(|error| fault::sync(DOING, &error))?;
        let here = known.iter().filter(|known| known.device == *device).map(|known| (known.journal, known.head));
        let listed = marks::listed(&marks).into_iter().filter(|line| line.device == *device);
        let mut furthest: BTreeMap<JournalId, Head> = BTreeMap::new();
        for (journal, head) in here.chain(listed.map(|line| (line.journal, line.head))) {
            let held = furthest.entry(journal).or_insert(head);
            if head.seq > held.seq {
                *held = head;
            }
        }
        let cut = |(journal, head): (JournalId, Head)| Cut {
            journal,
            seen: head.seq,
            until: head.seq,
            link: Some(head.link),
        };
        Ok(furthest.into_iter().map(cut).collect())
    }

    fn link_of(&self, device: &DeviceId, journal: &JournalId, seq: u64) -> Result<Option<Digest>, Failure> {
        let heads = self.journal.heads().map_err(|error| fault::sync(DOING, &error))?;
        let Some(known) = heads.iter().find(|it| (it.device, it.journal) == (*device, *journal)) else {
            return Ok(None);
        };
        self.link_at(known, seq).map_err(|error| fault::sync(DOING, &error))
    }
}

/// The journal that a number is of.
fn one_journal<'a>(cuts: &'a mut [Cut], asked: Option<&str>) -> Result<&'a mut Cut, Failure> {
    let asked = asked.map(str::to_ascii_lowercase);
    let names: Vec<String> = cuts.iter().map(|cut| format!("{} ({})", cut.journal, cut.seen)).collect();
    let begins = |cut: &&mut Cut| asked.as_ref().is_none_or(|asked| cut.journal.to_string().starts_with(asked));
    let mut found: Vec<&mut Cut> = cuts.iter_mut().filter(begins).collect();
    match (found.pop(), found.is_empty()) {
        (Some(only), true) => Ok(only),
        (None, _) => Err(Failure::usage(
            format!("{DOING} — no journal of it is known here"),
            "Sync first (amanat sync), or read in a stick that it wrote.",
        )),
        (Some(_), false) => Err(Failure::usage(
            format!("{DOING} — it has several journals, and the number is of one"),
            format!("Say which with --journal: {}", names.join(", ")),
        )),
    }
}
