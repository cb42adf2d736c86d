//! The audit of a key as plain data, and the sentences that it comes to: said on the screen and in the file alike.

use super::msg::Sentence;
use crate::{
    model::{CaseId, DeviceId, Moment, UnitId},
    words::Both,
};

/// Whose keys are asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audited {
    /// A device's own key, and those of the units that it could read for.
    Device(DeviceId),
    /// Every key that a unit has or had.
    Unit(UnitId),
}

/// What a key could read, what it can still open, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditPage {
    /// What was asked, by its name or id.
    pub asked: String,
    /// When this was found.
    pub written: Moment,
    /// The keys, by id and in words.
    pub keys: Vec<(String, Both)>,
    /// Entries that they could read.
    pub could: u64,
    /// Entries that they can still open by what is on this device.
    pub here: u64,
    /// Entries that they can still open by what the hub serves, as far as this device knows.
    pub hub: u64,
    /// Slips that name them and are still served.
    pub served: u64,
    /// Slips that named them and have gone.
    pub gone: u64,
    /// Other devices that may still hold what they open.
    pub holders: Vec<AuditHolder>,
    /// Units that need another key once the device asked about is revoked.
    pub due: Vec<String>,
    /// By case.
    pub cases: Vec<AuditCase>,
}

/// Another device that may still hold what a key opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditHolder {
    /// Its id.
    pub device: DeviceId,
    /// Its id and whose it is, in words.
    pub name: Both,
    /// How many entries.
    pub entries: u64,
    /// Whether it is still trusted: one that is not never lets go.
    pub trusted: bool,
}

/// A case of which a key could read something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditCase {
    /// Its id. No person in it is named.
    pub case: CaseId,
    /// Entries that could be read.
    pub could: u64,
    /// Entries that can still be opened.
    pub now: u64,
    /// Attachments of those.
    pub parts: u64,
}

impl AuditPage {
    /// What the numbers come to.
    pub fn told(&self) -> Vec<Sentence> {
        let line = |key: &str, blanks: &[(&str, String)], alarm| Sentence {
            key: format!("audit.{key}"),
            blanks: blanks.iter().map(|(blank, text)| ((*blank).to_owned(), text.clone(), false)).collect(),
            alarm,
        };
        let (could, cases) = (self.could.to_string(), self.cases.len().to_string());
        let mut lines = vec![line("could", &[("n", could), ("cases", cases)], false)];
        let (served, gone) = (("slips", self.served.to_string()), ("gone", self.gone.to_string()));
        lines.push(match self.served {
            0 => line("opens_nothing", &[gone], false),
            _ => line("opens", &[("n", self.here.to_string()), served, gone], false),
        });
        let place = |key: &str, n: u64| match n {
            0 => line(&format!("{key}_none"), &[], false),
            _ => line(key, &[("n", n.to_string())], true),
        };
        lines.extend([place("hub", self.hub), place("here", self.here)]);
        let parts: u64 = self.cases.iter().map(|case| case.parts).sum();
        lines.extend((parts > 0).then(|| line("parts", &[("n", parts.to_string())], true)));
        lines.extend(self.holders.iter().map(|held| {
            let key = if held.trusted { "held" } else { "held_for_good" };
            let mut told = line(key, &[("n", held.entries.to_string())], true);
            told.blanks.push(("device".to_owned(), held.name.joined(), false));
            told
        }));
        if self.holders.is_empty() {
            lines.push(line("held_none", &[], false));
        }
        lines.extend(self.due.iter().map(|unit| line("due", &[("unit", unit.clone())], true)));
        lines
    }
}
