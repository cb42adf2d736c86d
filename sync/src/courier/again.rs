//! What was set aside, held once more against the roster of today: a device that was unknown may be listed by now, and a later roster may
//! have let in what stood beyond a cut-off. Nothing is asked of anybody; what a road would bring again comes with the next pass anyway.

use amanat_keys::trust::Trust;

use super::pull::along_before;
use crate::batch::{Item, Limit, Run, Why};
use crate::error::Result;
use crate::journal::{Journal, Pulled, Quarantined, Wanted, stands_whole};
use crate::proof;

/// What became of it.
#[derive(Debug, Default)]
pub struct TriedAgain {
    /// Entries that are in their journals now, and set aside no more.
    pub stand: Vec<Quarantined>,
    /// Entries with which nothing is wrong any more, but what they follow is not here: they wait.
    pub wait: Vec<Quarantined>,
}

/// Files what verifies by now and follows what is held. Evidence (a second history, content other than was committed to) stays evidence.
///
/// # Errors
/// Storage.
pub fn try_again(journal: &mut dyn Journal, trust: &Trust) -> Result<TriedAgain> {
    let mut tried = TriedAgain::default();
    let mut aside = journal.quarantined()?;
    aside.sort_by_key(|bad| bad.entry);
    let evidence = |why| matches!(why, Why::Fork | Why::Content);
    for bad in aside.into_iter().filter(|bad| !evidence(bad.why)) {
        let run = run_of(&bad);
        if trust.device(&run.device).is_none() || proof::denied(&run, trust) {
            continue;
        }
        let (verified, refused) = run.clone().verify(along_before(journal, &run)?, |entry| proof::key_of(entry, trust));
        if !refused.is_empty() {
            continue;
        }
        if follows(journal, &bad)? {
            journal.file_pulled(&Pulled { runs: vec![verified], quarantine: Vec::new() })?;
        }
        match stands_whole(journal, &bad.entry)? {
            true => tried.stand.push(bad),
            false => tried.wait.push(bad),
        }
    }
    journal.drop_aside(&tried.stand)?;
    Ok(tried)
}

/// It alone.
fn run_of(bad: &Quarantined) -> Run {
    let header = &bad.sealed.header;
    Run {
        agency: header.agency,
        device: header.device,
        journal: header.journal,
        first: header.seq,
        before: header.prev,
        items: vec![Item::Entry(Box::new(bad.sealed.clone()))],
    }
}

/// Whether it is what comes next in its journal, or what a bare hash there stands for; of nobody's own journal. Only such an entry is filed:
/// another in that place would be a second history, of which a road has to bring more than one entry.
fn follows(journal: &dyn Journal, bad: &Quarantined) -> Result<bool> {
    let (header, place) = (&bad.sealed.header, (bad.entry.device, bad.entry.journal));
    let heads = journal.heads()?;
    let Some(known) = heads.iter().find(|known| (known.device, known.journal) == place) else {
        let own = heads.iter().any(|known| known.own.is_some() && known.device == place.0);
        return Ok(header.seq == 1 && !own);
    };
    if known.own.is_some() || header.seq > known.head.seq {
        return Ok(known.own.is_none()
            && known.head.seq.checked_add(1) == Some(header.seq)
            && known.head.link == header.prev);
    }
    let Some(seq) = header.seq.checked_sub(1) else { return Ok(false) };
    let wanted = Wanted::After { device: place.0, journal: place.1, seq };
    let held = journal.pending(&wanted, Limit { items: 1, bytes: 1 })?;
    let there = held.first().filter(|run| run.first == header.seq).and_then(|run| run.items.first());
    Ok(matches!(there, Some(Item::Elided(hash)) if *hash == bad.sealed.hash()))
}
