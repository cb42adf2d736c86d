//! Older envelopes let go on this device, by another reader's word that what stands in their place opens; and this device's own word that
//! they are gone, where it reads for nobody and vouches for no stand-in.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use amanat_keys::{
    erasure::Doomed,
    fingerprint::Digest,
    rotation::{Followed, MAX_EXCEPT, RotationWord, Said},
};
use amanat_sync::{
    chain,
    documents::{Document, DocumentKind},
    entry::{EntryRef, Reader, SealedEntry},
    journal::Journal as _,
};

use super::stand_ins::{Place, holding};
use crate::{
    failure::Failure,
    runtime::{
        erasure::erasing::doomed,
        fault,
        homes::{
            home::Home,
            marks::{self, Mark},
        },
    },
};

const READING: &str = "reading the journal";
/// Envelopes that go in one transaction.
const CHUNK: usize = 4096;

/// What confirmed stand-ins of a journal replace.
struct Due<'w> {
    due: Vec<Doomed>,
    /// Those of them that list attachments.
    listing: Vec<SealedEntry>,
    /// The first number whose attachments are not here yet as they should be.
    withheld: Option<u64>,
    /// The words that speak of the history that is held here.
    heard: Vec<&'w RotationWord>,
}

impl Home {
    /// Lets older envelopes go that a second reader's word says are replaced. Whether this device has said something of it.
    pub(in crate::runtime) fn let_older_go(&mut self) -> Result<bool, Failure> {
        let mut about: BTreeMap<Place, Vec<RotationWord>> = BTreeMap::new();
        for word in self.rotation_words()?.into_iter().filter(|word| matches!(word.said, Said::Opened { .. })) {
            about.entry((word.device, word.journal)).or_default().push(word);
        }
        if about.is_empty() {
            return Ok(false);
        }
        let marks = marks::few(&self.journal).map_err(|error| fault::sync(READING, &error))?;
        // Of each speaker by itself: the first of two to speak of a journal may not have held the key yet, and let nothing go.
        let past = |word: &RotationWord| marks::replaced(&marks, &word.about()).past(word);
        let mut spoke = false;
        for (place, words) in about {
            let Some(from) = words.iter().filter_map(past).min() else { continue };
            let Due { due, listing, withheld, heard } = self.due_in(place, from, &words)?;
            for chunk in due.chunks(CHUNK) {
                let dropped = self.journal.erase(chunk, &[]);
                dropped.map_err(|error| fault::sync("letting an older envelope go", &error))?;
            }
            // Killed between the two, the next unlocking sweeps them.
            self.drop_parts(&listing);
            // Before the mark: killed between the two, it is said again by the next pass; the other way round it never would be.
            let reached = heard.iter().map(|word| word.last).max();
            if let Some(reached) = reached {
                spoke |= self.say_older_gone(place, reached)?;
            }
            for word in heard.into_iter().filter(|word| past(word).is_some()) {
                let last = withheld.map_or(word.last, |seq| word.last.min(seq.saturating_sub(1)));
                let followed = Followed { last, excepted: word.excepted_up_to(last) };
                self.remember(&Mark::Replaced(&word.about(), followed))?;
            }
        }
        Ok(spoke)
    }

    /// What confirmed stand-ins of a journal after a number replace.
    fn due_in<'w>(&self, place: Place, from: u64, words: &'w [RotationWord]) -> Result<Due<'w>, Failure> {
        let mut links: HashMap<u64, Digest> = HashMap::new();
        let mut stand_ins = Vec::new();
        self.each_after(place, from, |first, mut link, items| {
            for (item, seq) in items.iter().zip(first..) {
                link = chain::link(&link, &item.hash());
                if words.iter().any(|word| word.last == seq) {
                    links.insert(seq, link);
                }
                let held = item.entry().filter(|entry| entry.envelope.is_some() && self.stands(&entry.header));
                stand_ins.extend(held.and_then(|entry| Some((entry.header.clone(), holding(&entry.header)?))));
            }
            Ok(())
        })?;
        let words: Vec<&'w RotationWord> = words.iter().filter(|it| links.get(&it.last) == Some(&it.link)).collect();
        let reached = words.iter().map(|word| word.last).max().unwrap_or(from);
        let (mut due, mut older) = (BTreeSet::new(), Vec::new());
        let (mut listing, mut withheld) = (Vec::new(), None);
        let mut audiences: HashMap<u64, Vec<Reader>> = HashMap::new();
        for (header, target) in stand_ins.iter().filter(|(header, _)| header.seq <= reached) {
            let slip = EntryRef { seq: header.key, ..header.at() };
            if !header.wraps() && !audiences.contains_key(&header.key) {
                let found = self.header_at(&slip)?.map(|slip| slip.header.audience).unwrap_or_default();
                audiences.insert(header.key, found);
            }
            let audience = if header.wraps() { Some(&header.audience) } else { audiences.get(&header.key) };
            let readers = audience.map(Vec::as_slice).unwrap_or_default();
            if !words.iter().any(|word| word.opens(header.seq) && self.reads(&word.by, readers)) {
                continue;
            }
            let Some(held) = self.header_at(&target.entry)?.filter(|held| held.hash() == target.hash) else { continue };
            if !self.keeps_readers(readers, &self.readers_by(&held.header)?) {
                continue;
            }
            // Its attachments wait for those that were sealed again, and it for them: looked at again with every pass until they are here.
            if !self.parts_may_go(header, &held)? {
                withheld = withheld.or(Some(header.seq));
                continue;
            }
            // What this device can open today it must be able to open afterwards.
            let under = EntryRef { seq: held.header.key, ..held.at() };
            let stays = !header.wraps() && self.ring.holds(&under) && !self.ring.holds(&slip);
            let before = self.carrier_before(header, &held.header)?;
            let before = before.filter(|it| it.envelope.is_some() && !stays);
            due.extend(before.as_ref().map(doomed));
            listing.extend(before);
            if held.envelope.is_some() && !stays {
                due.insert(doomed(&held));
                listing.extend((!held.header.parts.is_empty()).then_some(held));
            }
            older.extend(target.replaces);
        }
        if !older.is_empty() {
            let stood = self.stood_in(|_| false)?;
            due.extend(older.iter().filter_map(|hash| stood.older.get(hash)));
        }
        Ok(Due { due: due.into_iter().collect(), listing, withheld, heard: words })
    }

    /// Says that nothing older is held here of what a journal's stand-ins replaced, up to where words reached it, but for what is named. Who
    /// vouches for the stand-ins has said more than that. Whether there was anything to say.
    fn say_older_gone(&mut self, place: Place, reached: u64) -> Result<bool, Failure> {
        let (me, words) = (self.device(), self.rotation_words()?);
        let of_it = |word: &&RotationWord| word.by == me && (word.device, word.journal) == place;
        let vouches = words.iter().filter(of_it).any(|word| matches!(word.said, Said::Opened { .. }));
        if place.0 == me || vouches || self.listed().is_err() {
            return Ok(false);
        }
        let before = words.iter().filter(of_it).find_map(|word| match &word.said {
            Said::LetGo { except } => Some((word, except)),
            _ => None,
        });
        let (serial, from, older) = before.map_or((0, 0, &[][..]), |(word, except)| (word.serial, word.last, except));
        let (mut link, mut replaced, mut targets) = (before.map(|(word, _)| word.link), 0_usize, Vec::new());
        self.each_after(place, from, |first, before, items| {
            let mut at = before;
            for (item, seq) in items.iter().zip(first..=reached) {
                at = chain::link(&at, &item.hash());
                link = Some(at);
                let target = item.entry().and_then(|entry| holding(&entry.header));
                targets.extend(target.map(|target| (seq, target)));
            }
            Ok(())
        })?;
        let Some(link) = link else { return Ok(false) };
        // What was excepted before may have gone since.
        let mut except = Vec::new();
        for seq in older {
            let at = EntryRef { device: place.0, journal: place.1, seq: *seq };
            let target = self.header_at(&at)?.and_then(|entry| holding(&entry.header));
            targets.extend(target.map(|target| (*seq, target)));
        }
        for (seq, target) in targets {
            let held = self.header_at(&target.entry)?.filter(|held| held.hash() == target.hash);
            replaced += usize::from(held.is_some());
            except.extend(held.is_some_and(|held| held.envelope.is_some()).then_some(seq));
        }
        except.sort_unstable();
        if replaced == 0 && before.is_none() {
            return Ok(false);
        }
        // A word that was said anew may reach no further than this device's own did.
        let (mut reached, mut link) = (reached.max(from), link);
        if let Some(last) = cut(&mut except, MAX_EXCEPT) {
            let Some(there) = self.place_link(place.0, place.1, last)? else { return Ok(false) };
            (reached, link) = (last, there);
        }
        if before.is_some_and(|(word, older)| word.last == reached && *older == except) {
            return Ok(false);
        }
        let (agency, (device, journal)) = (self.agency()?, place);
        let said = Said::LetGo { except };
        let word = RotationWord { agency, by: me, serial: serial + 1, device, journal, last: reached, link, said };
        let (about, version, bytes) = (word.about(), word.serial, word.sign(&self.signer()).to_bytes());
        self.file(&Document { kind: DocumentKind::RotationCertificate, about, version, bytes })?;
        Ok(true)
    }
}

/// Cuts a sorted list of exceptions to as many as one word names. The last number that such a word may reach, where it was cut: before the
/// first that it has no room for. The next word of the same device goes on from there.
fn cut(except: &mut Vec<u64>, most: usize) -> Option<u64> {
    let first_left = except.get(most).copied()?;
    except.truncate(most);
    Some(first_left.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_exceptions_than_a_word_has_room_for_make_it_reach_less_far_and_not_say_nothing() {
        let all: Vec<u64> = (0..=u64::try_from(MAX_EXCEPT).unwrap()).map(|n| 7 + 3 * n).collect();
        let mut fits = all[..MAX_EXCEPT].to_vec();
        assert_eq!((cut(&mut fits, MAX_EXCEPT), fits.len()), (None, MAX_EXCEPT), "so many fit");
        let mut more = all.clone();
        let last = cut(&mut more, MAX_EXCEPT).unwrap();
        assert_eq!(more, fits, "the first of them");
        // Nothing that is still held lies below where the word ends and goes unnamed, and all that can be said is.
        assert!(all.iter().filter(|seq| **seq <= last).eq(more.iter()));
        assert_eq!(last + 1, all[MAX_EXCEPT]);
    }
}
