//! How often each thing went wrong: a simulation in which one kind never happened has shown nothing about it.

use std::collections::BTreeMap;
use std::fmt;

/// Every kind of fault of a world of sealed things that nobody opens, as it is printed.
const SEALED: &[&str] = &[
    "requests lost",
    "answers lost",
    "requests cut",
    "answers cut",
    "answers cut that were read as far as they came",
    "requests doubled on the road, the second refused",
    "requests sent again and answered again",
    "requests that arrived late",
    "requests that arrived after a younger one",
    "answers with a bit turned over",
    "hub killed before it kept",
    "hub killed after it kept",
    "hub killed before its checkpoint",
    "hub killed after its checkpoint",
    "hub killed between requests",
    "devices killed while they travelled",
    "devices killed while they kept",
    "databases put back from a backup",
    "homes put back from a backup",
    "own entries with a bad signature",
    "clocks of devices that went back by years",
    "the hub's clock went back by years",
    "sticks written to headquarters",
    "sticks written to the station",
    "sticks written at headquarters",
    "half sticks read",
    "sticks read again",
    "sticks read after a younger one",
    "devices killed while they read a stick",
    "hubs put back from a backup",
    "epochs that began before an admin had spoken",
    "pushes that left before the last was answered",
    "roads that broke with two pushes on their way",
    "pages asked for before the last was filed",
    "devices revoked as lost",
    "devices revoked as left",
    "revocations that a later one changed",
    "cut-offs below what the hub held",
    "cut-offs beyond what anybody had seen",
    "journals of a revoked device that nobody trusts at all",
    "passes that ended with the word that a device is revoked",
    "entries below a cut-off that came to the hub after it",
    "entries below a cut-off that came to a device which had heard of it",
    "entries beyond a cut-off that a device took which had not heard of it",
    "entries that nobody had seen before the revocation, taken and marked",
    "devices that hold set aside what lies beyond a cut-off",
];

/// What happens in a town of real homes: the road's faults again, and what people do there.
const TOWNS: &[&str] = &[
    "requests lost",
    "answers lost",
    "requests cut",
    "answers cut",
    "answers cut that were read as far as they came",
    "requests doubled on the road, the second refused",
    "requests sent again and answered again",
    "requests that arrived late",
    "requests that arrived after a younger one",
    "answers with a bit turned over",
    "hub killed before it kept",
    "hub killed after it kept",
    "hub killed before its checkpoint",
    "hub killed after its checkpoint",
    "hub killed before it erased",
    "hub killed after it erased",
    "hub killed between requests",
    "pushes that left before the last was answered",
    "roads that broke with two pushes on their way",
    "pages asked for before the last was filed",
    "clocks of homes that were put wrong by days",
    "clocks of homes that were put wrong by years",
    "clocks of homes that went back",
    "the hub's clock went back by years",
    "sticks written to headquarters",
    "sticks written to the station",
    "sticks written at headquarters",
    "half sticks read",
    "sticks read again",
    "sticks read after a younger one",
    "sticks with something that was erased meanwhile",
    "programs killed while they read a stick",
    "entries that came by stick",
    "own entries received by stick",
    "attachments that came by stick",
    "entries that headquarters had by stick first",
    "attachments that headquarters had by stick first",
    "programs killed between two deeds",
    "programs killed on the road",
    "programs killed before they took home what had come",
    "cases proposed for erasure",
    "erasures carried out by a custodian",
    "entries kept in a case while its erasure was on its way",
    "entries erased at the hub",
    "cases given a new key",
    "cases sealed again",
    "entries sealed again",
    "older envelopes let go at the hub",
    "unit keys offered",
    "unit keys that a roster listed",
    "rotations stopped and gone on with",
    "rotations carried to their end",
    "slips that named an older key when the rotation had ended, and were rewrapped",
    "entries kept with an attachment",
    "attachments cut on their way and gone on with",
    "attachments that reached the hub whole",
    "attachments asked for by another",
    "attachments that arrived whole where they were asked for",
    "attachments whose entry was erased",
    "newcomers who opened everything by the newest key alone",
    "homes put back from a backup",
    "homes put back that had kept more since",
];

/// What happened on purpose, and what came of it.
#[derive(Clone, Debug)]
pub(crate) struct Faults {
    kinds: &'static [&'static str],
    counts: BTreeMap<&'static str, u64>,
    /// Things that are no faults and say how large the worlds were.
    sizes: BTreeMap<&'static str, u64>,
}

impl Faults {
    /// Of a world in which nothing is opened.
    pub(crate) fn of_sealed() -> Self {
        Self { kinds: SEALED, counts: BTreeMap::new(), sizes: BTreeMap::new() }
    }

    /// Of a town.
    pub(crate) fn of_town() -> Self {
        Self { kinds: TOWNS, ..Self::of_sealed() }
    }

    pub(crate) fn note(&mut self, kind: &'static str) {
        self.note_many(kind, 1);
    }

    pub(crate) fn note_many(&mut self, kind: &'static str, n: u64) {
        assert!(self.kinds.contains(&kind), "a fault without a line: {kind}");
        *self.counts.entry(kind).or_default() += n;
    }

    /// How many answers were not what the hub said.
    pub(crate) fn odd_answers(&self) -> u64 {
        self.count("answers with a bit turned over") + self.count("answers cut that were read as far as they came")
    }

    pub(crate) fn add(&mut self, size: &'static str, n: usize) {
        *self.sizes.entry(size).or_default() += u64::try_from(n).unwrap();
    }

    /// Adds those of another world.
    pub(crate) fn take(&mut self, other: &Self) {
        for (kind, n) in &other.counts {
            *self.counts.entry(kind).or_default() += n;
        }
        for (size, n) in &other.sizes {
            *self.sizes.entry(size).or_default() += n;
        }
    }

    pub(crate) fn count(&self, kind: &str) -> u64 {
        self.counts.get(kind).copied().unwrap_or(0)
    }

    /// Kinds that never happened.
    pub(crate) fn missing(&self) -> Vec<&'static str> {
        self.kinds.iter().copied().filter(|kind| self.count(kind) == 0).collect()
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, n) in &self.sizes {
            writeln!(f, "{n:>10}  {what}")?;
        }
        writeln!(f, "of faults and deeds:")?;
        self.kinds.iter().try_for_each(|kind| writeln!(f, "{:>10}  {kind}", self.count(kind)))
    }
}
