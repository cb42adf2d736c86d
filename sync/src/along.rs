//! What must hold from one entry of a journal to the next, beside the chain: the roster version never falls, and content lies
//! under a slip of its own case (FORMATS sections 2 and 3). Pure; it judges what it was shown and assumes nothing of what it was not.

use std::collections::HashMap;

use amanat_keys::fingerprint::CaseId;

use crate::batch::Why;
use crate::entry::{Header, Kind};

/// A walk along one journal.
#[derive(Clone, Debug, Default)]
pub struct Along {
    roster: u64,
    /// Every place that was passed: the case of a slip, nothing for what is no slip.
    places: HashMap<u64, Option<CaseId>>,
}

impl Along {
    /// From a place on whose entry is known, if it is: what follows may not name an older roster.
    pub fn after(entry: Option<&Header>) -> Along {
        Along { roster: entry.map_or(0, |header| header.roster.version), places: HashMap::new() }
    }

    /// Whether an entry may stand here, after those that were passed. Entries of a later version say nothing that could be
    /// judged, and may.
    ///
    /// # Errors
    /// [`Why::RosterFell`]: a slip could name readers of long ago. [`Why::OtherCase`]: it would be read by those who may read
    /// another case, or lies under no slip at all, and nobody of its own could read it.
    pub fn judge(&self, header: &Header) -> Result<(), Why> {
        if !header.understood() {
            return Ok(());
        }
        if header.roster.version < self.roster {
            return Err(Why::RosterFell);
        }
        let under_another = header.kind != Kind::Slip
            && header.key != header.seq
            && self.places.get(&header.key).is_some_and(|case| *case != Some(header.case));
        if under_another { Err(Why::OtherCase) } else { Ok(()) }
    }

    /// Goes past an entry whose signature holds.
    pub fn pass(&mut self, header: &Header) {
        if header.understood() {
            self.roster = self.roster.max(header.roster.version);
            self.places.insert(header.seq, (header.kind == Kind::Slip).then_some(header.case));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::Item;
    use crate::specimen::Pen;

    #[test]
    fn a_roster_that_falls_and_a_slip_of_another_case_are_refused() {
        let mut pen = Pen::new(1);
        let slip = pen.slip(1, 2);
        let content = pen.content(1, 1, b"text");
        let other = pen.content(2, 1, b"text under the slip of case 1");
        let mut older = pen.content(1, 1, b"older").header;
        older.roster.version = 2;
        let mut along = Along::default();
        for entry in [&slip, &content] {
            assert_eq!(along.judge(&entry.header), Ok(()));
            along.pass(&entry.header);
        }
        assert_eq!(along.judge(&other.header), Err(Why::OtherCase));
        assert_eq!(along.judge(&older), Err(Why::RosterFell));
        assert_eq!(Along::after(Some(&slip.header)).judge(&older), Err(Why::RosterFell));
        assert_eq!(Along::default().judge(&older), Ok(()), "nothing is assumed of what was not shown");
        assert_eq!(Along::default().judge(&other.header), Ok(()));
    }

    #[test]
    fn a_run_is_cut_before_them_at_its_end_and_goes_on_around_them() {
        let mut pen = Pen::new(1);
        pen.slip(1, 2);
        pen.content(2, 1, b"under another case's slip");
        pen.content(1, 1, b"honest");
        let mut older = pen.content(1, 1, b"honest too").header;
        (older.roster.version, older.seq, older.prev) = (2, pen.slot.seq, pen.slot.prev);
        pen.write(older, b"honest too".to_vec());
        let key = pen.signer.verifying_key();
        let (run, refused) = pen.run(1, |_| true).verify(Along::default(), |_| Ok(key));
        let refused: Vec<(Why, u64)> = refused.into_iter().map(|(why, entry)| (why, entry.header.seq)).collect();
        assert_eq!(refused, [(Why::OtherCase, 2), (Why::RosterFell, 5)]);
        assert_eq!((run.run().entries().count(), run.run().last()), (3, 4));
    }

    /// More than one thread's share: which of them checked an entry makes no difference to it or to its neighbours.
    #[test]
    fn a_forged_signature_is_found_wherever_it_stands_in_a_long_run() {
        let mut pen = Pen::new(1);
        pen.slip(1, 2);
        (0..399).for_each(|_| drop(pen.content(1, 1, b"honest")));
        let key = pen.signer.verifying_key();
        let honest = pen.run(1, |_| true);
        for forged in [vec![], vec![2], vec![2, 200, 201, 202, 333], vec![100, 400], (2..=400).collect()] {
            let mut run = honest.clone();
            for (seq, item) in (1_u64..).zip(&mut run.items) {
                if let (true, Item::Entry(entry)) = (forged.contains(&seq), item) {
                    entry.signature[0] ^= 1;
                }
            }
            let (run, refused) = run.verify(Along::default(), |_| Ok(key));
            let seqs: Vec<u64> = refused.iter().map(|(_, entry)| entry.header.seq).collect();
            assert_eq!(seqs, forged);
            assert!(refused.iter().all(|(why, _)| *why == Why::BadSignature));
            let kept: Vec<u64> = run.run().entries().map(|entry| entry.header.seq).collect();
            assert_eq!(kept, (1..=400).filter(|seq| !forged.contains(seq)).collect::<Vec<_>>());
        }
    }
}
