//! Bare hashes at the end of what a stick has brought so far. Nobody has signed for them until an entry follows, and whoever writes a stick
//! could make up journals of them without end: so they are held here, and filed with the entry that vouches for them or not at all. A stick
//! is read in pieces, and what was brought to a reader of the unit begins with the hashes of all that headquarters has of a journal: the
//! entry that vouches for them comes many pieces later.

use amanat_keys::fingerprint::Digest;

use crate::batch::{Item, Run};
use crate::cbor::count;
use crate::chain;
use crate::wire::limits::MAX_UNSIGNED;

/// Those of the journal that the stick is at. A journal's runs follow one another, so there is never more than one.
#[derive(Debug, Default)]
pub(super) struct Unsigned(Option<Held>);

#[derive(Debug)]
struct Held {
    run: Run,
    /// The link at its end.
    link: Digest,
}

impl Unsigned {
    /// What of these runs can be filed: each begins with the hashes that were held of its journal and ends with an entry. What follows
    /// that is held from here on; where it would be too much, nothing more of the journal is taken from this stick.
    pub(super) fn joined(&mut self, runs: Vec<Run>) -> Vec<Run> {
        runs.into_iter().filter_map(|run| self.join(run)).collect()
    }

    fn join(&mut self, mut run: Run) -> Option<Run> {
        let whole = run.items.iter().rposition(|item| item.entry().is_some()).map_or(0, |last| last.saturating_add(1));
        let tail = run.items.split_off(whole);
        match self.0.take().filter(|held| is_next(held, &run)) {
            Some(held) if whole == 0 => {
                self.hold(held, tail);
                return None;
            }
            Some(held) => {
                let Held { run: Run { first, before, mut items, .. }, .. } = held;
                items.append(&mut run.items);
                run = Run { first, before, items, ..run };
            }
            None => {}
        }
        let head = run.head();
        let frame = Run { first: head.seq.saturating_add(1), before: head.link, items: Vec::new(), ..run };
        self.hold(Held { run: frame, link: head.link }, tail);
        (!run.items.is_empty()).then_some(run)
    }

    /// Holds some more, as far as there is room.
    fn hold(&mut self, mut held: Held, tail: Vec<Item>) {
        let all = count(held.run.items.len()).saturating_add(count(tail.len()));
        if all == 0 || all > MAX_UNSIGNED {
            return;
        }
        held.link = tail.iter().fold(held.link, |link, item| chain::link(&link, &item.hash()));
        held.run.items.extend(tail);
        self.0 = Some(held);
    }
}

/// Whether a run goes on where the held hashes end.
fn is_next(held: &Held, run: &Run) -> bool {
    let same = (held.run.device, held.run.journal) == (run.device, run.journal);
    same && held.run.last().checked_add(1) == Some(run.first) && held.link == run.before
}

#[cfg(test)]
mod tests {
    use amanat_keys::fingerprint::JournalId;
    use amanat_keys::recipient::ReadIdentity;

    use super::*;
    use crate::bundle::{Cargo, load, open, write};
    use crate::courier::take_in;
    use crate::courier::tests::{Agency, CARRIER, OFFICER, id};
    use crate::journal::{Journal as _, MemoryJournal};
    use crate::road::Road;
    use crate::specimen::Pen;
    use crate::wire::v1::RunHead;

    /// The run from a number on, cut into pieces of so many; whole entries are those that `whole` says.
    fn pieces(pen: &Pen, of: usize, whole: impl Fn(u64) -> bool) -> Vec<Run> {
        let mut rest = pen.run(1, whole);
        let mut pieces = Vec::new();
        while !rest.items.is_empty() {
            let tail = rest.items.split_off(of.min(rest.items.len()));
            let head = rest.head();
            let frame = Run { first: head.seq + 1, before: head.link, items: tail, ..rest };
            pieces.push(std::mem::replace(&mut rest, frame));
        }
        pieces
    }

    fn held(unsigned: &Unsigned) -> usize {
        unsigned.0.as_ref().map_or(0, |held| held.run.items.len())
    }

    #[test]
    fn hashes_wait_for_the_entry_that_vouches_for_them_through_any_number_of_pieces() {
        let mut pen = Pen::new(1);
        pen.story(1, 11);
        for of in 1..=12 {
            let mut unsigned = Unsigned::default();
            let came: Vec<Run> = unsigned.joined(pieces(&pen, of, |seq| seq == 7 || seq == 8 || seq == 10));
            let mut at = 1;
            for run in &came {
                assert_eq!((run.first, run.before), (at, pen.run(at, |_| true).before), "pieces of {of}");
                assert!(run.items.last().unwrap().entry().is_some());
                at = run.last() + 1;
            }
            assert_eq!(at, 11, "everything up to the last entry and nothing behind it, in pieces of {of}");
            assert_eq!(held(&unsigned), 2);
        }
    }

    #[test]
    fn hashes_that_nothing_follows_or_that_something_else_follows_are_never_given_on() {
        let mut pen = Pen::new(1);
        pen.story(1, 11);
        let mut unsigned = Unsigned::default();
        assert_eq!(unsigned.joined(pieces(&pen, 5, |_| false)), []);
        assert_eq!(held(&unsigned), 12);
        // Not the next number, and not the next link.
        let whole = pen.run(11, |_| true);
        assert_eq!(unsigned.joined(vec![whole.clone()]), [whole]);
        let mut unsigned = Unsigned::default();
        unsigned.joined(pieces(&pen, 6, |_| false).drain(..1).collect());
        let other = Run { before: Digest::ZERO, ..pen.run(7, |_| true) };
        assert_eq!(unsigned.joined(vec![other.clone()]), [other]);
        assert_eq!(held(&unsigned), 0, "what nothing can follow any more takes no room");
    }

    #[test]
    fn more_than_a_program_holds_is_let_go_and_so_is_a_journal_behind_which_another_comes() {
        let (pen, most) = (Pen::new(1), usize::try_from(MAX_UNSIGNED).unwrap());
        let made_up =
            |n: usize| Run { items: vec![Item::Elided(Digest::from_bytes([7; 32])); n], ..pen.run(1, |_| true) };
        let mut unsigned = Unsigned::default();
        assert_eq!(unsigned.joined(vec![made_up(most)]), []);
        assert_eq!(held(&unsigned), most);
        let more = Run { first: MAX_UNSIGNED + 1, before: made_up(most).head().link, ..made_up(1) };
        assert_eq!(unsigned.joined(vec![more]), []);
        assert_eq!(held(&unsigned), 0);
        let other = Run { journal: JournalId::from_bytes([9; 16]), ..made_up(2) };
        assert_eq!(unsigned.joined(vec![made_up(5), other]), []);
        assert_eq!(held(&unsigned), 2);
    }

    /// A member of the agency writes a stick: one true journal, of which it leaves all but one entry out, and so many that nobody wrote.
    fn hostile(agency: &Agency, pen: &Pen, reader: &ReadIdentity, made_up: u8) -> Vec<u8> {
        let to = vec![Digest::from_bytes([4; 32])];
        let mut load = load(&MemoryJournal::default(), agency.party(OFFICER), &agency.trust, to, false).unwrap();
        let (device, true_one) = (pen.slot.device, pen.slot.journal);
        let head = |journal, count| RunHead {
            agency: None,
            device,
            journal,
            first: 1,
            before: chain::link0(&pen.slot.agency, &device, &journal),
            count,
        };
        load.manifest.runs = (1..=made_up).map(|n| head(JournalId::from_bytes([0x40 + n; 16]), 3_000)).collect();
        load.manifest.runs.insert(usize::from(made_up / 2), head(true_one, 6));
        let cargo = Cargo { manifest: &load.manifest, papers: &load.papers, heads: &[] };
        let more = |run: &RunHead, after: u64| {
            let left = usize::try_from(run.count - after).unwrap().min(1_000);
            let nobodys = vec![Item::Elided(Digest::from_bytes([0xbb; 32])); left];
            Ok(if run.journal == true_one { pen.run(after + 1, |seq| seq == 4).items } else { nobodys })
        };
        write(cargo, &[reader.recipient().clone()], &pen.signer, Vec::new(), more).unwrap().0
    }

    #[test]
    fn hashes_that_a_stick_makes_up_are_not_filed_however_many_it_brings_and_those_that_an_entry_vouches_for_are() {
        let agency = Agency::new();
        let (pen, reader) = (agency.story(6), ReadIdentity::generate().unwrap());
        let mut journal = MemoryJournal::default();
        for journals in [2, 40, 40] {
            let file = hostile(&agency, &pen, &reader, journals);
            let mut bundle = open([&reader], file.as_slice()).unwrap();
            let taken = take_in(&mut journal, agency.party(CARRIER), &mut agency.trust.clone(), &mut bundle, |_| true);
            assert!(taken.fault.is_none(), "{taken:?}");
            assert_eq!(taken.read, u64::from(journals) * 3_000 + 6, "all of it was read");
            let heads = journal.heads().unwrap();
            assert_eq!(
                heads.iter().map(|known| (known.journal, known.head.seq)).collect::<Vec<_>>(),
                [(pen.slot.journal, 4)]
            );
            let status = journal.status(&id(&agency.hub)).unwrap();
            assert_eq!((status.others, status.elided, status.quarantined), (1, 3, 0));
            assert_eq!(Road::carrying(&journal).unwrap().again.len(), 1, "and nothing else is to be asked for");
        }
    }
}
