//! Reseals that hold something else than what their author signed for, or bring other attachments. They replace nothing, whoever made them: the
//! word on them excepts them. What is here of such attachments goes, so that nobody looks for the right ones in their place, and it is told of.

use std::collections::BTreeSet;

use amanat_keys::{envelope, rotation::Said};
use amanat_sync::entry::{Change, EntryRef, SealedEntry};

use super::{parts_again, stand_ins::holding};
use crate::{
    failure::Failure,
    model::Attached,
    runtime::{fault, homes::home::Home},
};

/// What is said of one that holds something else.
const OTHER: &str = "what was sealed again in its author's place is not what they signed for; theirs stays";
/// What is said of one whose attachments are others, or fewer, or of other sizes.
const PARTS: &str = "attachments that were sealed again are not those that their author signed for; theirs stay";

/// What is wrong with a reseal.
enum Lie {
    /// It does not open to what was signed.
    Content,
    /// What stands before it does not list attachments for it.
    Listing,
    /// These came before, and were not it.
    Came,
    /// These are here, and are not it.
    Here(Vec<amanat_keys::fingerprint::Digest>),
}

impl Lie {
    const fn told(&self) -> &'static str {
        match self {
            Self::Content => OTHER,
            Self::Listing | Self::Came | Self::Here(_) => PARTS,
        }
    }
}

impl Home {
    /// Reseals of others that this device's own words except because they hold something else, and what is said of each. What only has not
    /// come yet is none.
    ///
    /// # Errors
    /// What the journal refuses.
    pub fn reseals_that_lie(&self) -> Result<Vec<(EntryRef, &'static str)>, Failure> {
        Ok(self.lying()?.into_iter().map(|(at, lie)| (at, lie.told())).collect())
    }

    /// Removes attachments that came sealed again and are not it. What is to be told: of those, and of what else lies among `new`.
    pub(in crate::runtime) fn refuse_lies(&self, new: &[SealedEntry]) -> Result<Vec<(EntryRef, String)>, Failure> {
        let (files, mut told) = (self.part_files(), Vec::new());
        let lying = self.lying()?;
        let came: BTreeSet<EntryRef> =
            if lying.is_empty() { BTreeSet::new() } else { new.iter().map(SealedEntry::at).collect() };
        for (at, lie) in lying {
            let mut now = came.contains(&at);
            if let Lie::Here(parts) = &lie {
                now = true;
                for digest in parts {
                    files.refuse(digest).map_err(|error| fault::sync("refusing an attachment", &error))?;
                }
            }
            told.extend(now.then(|| (at, lie.told().to_owned())));
        }
        Ok(told)
    }

    fn lying(&self) -> Result<Vec<(EntryRef, Lie)>, Failure> {
        let (me, mut found) = (self.device(), Vec::new());
        for word in self.rotation_words()?.into_iter().filter(|word| word.by == me) {
            let Said::Opened { except } = &word.said else { continue };
            for seq in except {
                let at = EntryRef { device: word.device, journal: word.journal, seq: *seq };
                let Some(entry) = self.header_at(&at)?.filter(|entry| self.stands(&entry.header)) else { continue };
                found.extend(self.lie(&entry)?.map(|lie| (at, lie)));
            }
        }
        Ok(found)
    }

    /// What is wrong with a reseal, as far as this device can tell: it has its key, and what it stands in for.
    fn lie(&self, reseal: &SealedEntry) -> Result<Option<Lie>, Failure> {
        let Some(target) = holding(&reseal.header).filter(|it| it.change == Change::Reseal) else { return Ok(None) };
        let slip = EntryRef { seq: reseal.header.key, ..reseal.at() };
        let (Some((key, _)), Some(sealed)) = (self.ring.key(&slip), &reseal.envelope) else { return Ok(None) };
        let Some(held) = self.header_at(&target.entry)?.filter(|held| held.hash() == target.hash) else {
            return Ok(None);
        };
        let (place, commitment) = (held.header.place(), &held.header.commitment);
        let Ok(json) = envelope::open(sealed, &place, key, commitment, &reseal.header.digest) else {
            return Ok(Some(Lie::Content));
        };
        if held.header.parts.is_empty() {
            return Ok(None);
        }
        let before = EntryRef { seq: reseal.header.seq.saturating_sub(1), ..reseal.at() };
        let Some(carrier) = self.carrier(&reseal.header, &held.header)? else {
            // What is elided here may hold them for others.
            return Ok(self.header_at(&before)?.map(|_| Lie::Listing));
        };
        let (files, told) = (self.part_files(), parts_again::read(&held, &json).unwrap_or_default());
        let other = |(part, told): &(&amanat_sync::entry::Part, &Attached)| {
            files.holds(part) && !parts_again::is_in(&files, part, key, told)
        };
        let pairs = carrier.header.parts.iter().zip(&told);
        let here: Vec<_> = pairs.filter(other).map(|(part, _)| part.digest).collect();
        let came = carrier.header.parts.iter().any(|part| files.broke(&part.digest));
        Ok(if here.is_empty() { came.then_some(Lie::Came) } else { Some(Lie::Here(here)) })
    }
}
