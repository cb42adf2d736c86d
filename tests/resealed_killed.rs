//! A case sealed again, killed at every step, stopped after every batch, and on a disk that breaks at every step: each entry is sealed again
//! once, none is lost, and it ends with its certificate.

use amanat::{
    codebook::{self, Codebook, Origin},
    model::{self, Answers, Draft, DraftId, Lang, Moment, Value},
    runtime::{
        entries::keep::{ToKeep, What},
        homes::home::Home,
    },
};
use amanat_keys::{
    fingerprint::CaseId,
    rotation::{RotationWord, Said},
};
use amanat_sync::{
    batch::{Item, Limit},
    chain,
    documents::DocumentKind,
    entry::{Change, Kind, SealedEntry},
    journal::{Journal as _, Wanted},
};

use crate::{
    crash::{at_each_step, broken_at_each_step, whole},
    rotation_killed::{Again, contents, everything, opened, stood, with_journals, with_two_journals},
    support::{Actor, Answer, number},
};

/// What a home's own device has signed of a case that it sealed again.
pub(crate) fn certificate(home: &Home) -> Option<RotationWord> {
    let (trust, filed) = (home.trust().unwrap(), home.journal().documents().unwrap());
    let words = filed.iter().filter(|filed| filed.document.kind == DocumentKind::RotationCertificate);
    let words = words.map(|filed| RotationWord::verify(&filed.document.bytes, trust).unwrap().into_value());
    let mut words: Vec<_> = words.filter(|word| matches!(word.said, Said::Resealed { .. })).collect();
    assert!(words.len() <= 1, "one case was sealed again: {words:?}");
    words.pop().filter(|word| word.by == home.device())
}

/// What is signed is what stands there: so many entries, each by a reseal between the two numbers, and the chain up to the last of them.
fn certifies(home: &Home, word: &RotationWord, all: usize, at: &str) {
    let Said::Resealed { from, entries, left, stragglers, .. } = &word.said else { panic!("{at}: {word:?}") };
    assert_eq!((*entries, left.len(), word.serial), (all as u64, 0, 1), "{at}");
    assert!(!stragglers.is_empty() && !stragglers.contains(&word.by), "{at}: its author writes in it");
    let limit = Limit { items: u64::MAX, bytes: u64::MAX };
    let wanted = Wanted::After { device: word.device, journal: word.journal, seq: 0 };
    let runs = home.journal().pending(&wanted, limit).unwrap();
    let items: Vec<Item> = runs.into_iter().flat_map(|run| run.items).take(word.last as usize).collect();
    let begins = chain::link0(&word.agency, &word.device, &word.journal);
    let link = items.iter().fold(begins, |link, item| chain::link(&link, &item.hash()));
    assert_eq!((items.len() as u64, link), (word.last, word.link), "{at}");
    let among = items.iter().skip(*from as usize - 1).filter_map(Item::entry);
    let reseals = among.filter(|entry| entry.header.target.is_some_and(|target| target.change == Change::Reseal));
    assert_eq!(reseals.count(), all, "{at}");
}

#[test]
fn sealing_again_killed_or_broken_at_any_step_seals_each_entry_once_and_loses_none() {
    let (agency, case) = with_two_journals();
    let reader = Again::of(&agency.reader, agency.dir.path());
    let reseal = ["keys", "rekey", &case, "--reseal"];
    let of_case = |entry: &&SealedEntry| entry.header.case.to_string() == case && entry.header.kind == Kind::Sealed;
    let all = everything(&agency.officer.unlocked()).iter().filter(of_case).count();
    let contents = contents(&agency.reader);
    let id = case_of(&agency.officer.unlocked(), &case);
    // Left with nothing done, sealed and not signed, signed and not ended, and ended.
    let mut parts = [0_usize; 4];
    let mut judge = |failed: bool, _answer: Answer, at: &str| {
        let mut home = opened(&reader.actor, contents, at);
        let (before, signed) = (stood(&home, Change::Reseal).len(), certificate(&home).is_some());
        // All or nothing: it is one transaction here. What was begun goes on, and what has ended is not begun once more.
        let begun = home.look_at_case(id).unwrap().before > 0;
        if before == 0 || begun {
            assert!(home.reseal_case(id, &mut |_| true).unwrap().done(), "{at}");
        }
        assert_eq!(stood(&home, Change::Reseal).len(), all, "{at}: every entry once");
        let word = certificate(&home).unwrap_or_else(|| panic!("{at}: it ended without its certificate"));
        certifies(&home, &word, all, at);
        let state = [before == 0, !signed, begun, true].iter().position(|so| *so).unwrap();
        parts[state] += usize::from(failed);
        drop(home);
        opened(&reader.actor, contents, at);
        whole(&reader.actor, at);
    };
    let make = || (reader.afresh().command(reseal), String::new());
    at_each_step("sealing a case again", &["pwrite64", "fsync"], make, &mut judge);
    broken_at_each_step("sealing a case again", || reader.afresh().command(reseal), &mut judge);
    println!("left with nothing, unsigned, signed, ended: {parts:?}");
    assert!(parts.iter().all(|times| *times > 0), "each of them must have happened: {parts:?}");

    reader.afresh().run(&reseal);
    for actor in [&agency.reader, &agency.supervisor, &agency.officer] {
        actor.run(&["sync"]);
    }
    for actor in [&agency.supervisor, &agency.officer, &agency.reader] {
        actor.run(&["sync"]);
        let bare = everything(&actor.unlocked());
        let bare = bare.iter().filter(of_case).filter(|entry| entry.envelope.is_none()).count();
        assert!(bare >= all, "{}: {bare} of {all} older envelopes are gone", actor.name);
        whole(actor, "afterwards");
    }
    assert_eq!(number(&agency.hub_status(), "missing"), 0);
}

/// So many notes more in a case, kept one after the other by its officer.
pub(crate) fn jot_many(officer: &Actor, case: &str, notes: usize) {
    let codebook = Codebook::builtin().unwrap();
    let form = codebook.newest("note").unwrap();
    let mut home = officer.unlocked();
    home.replay(|_, _| {}).unwrap();
    let case = case_of(&home, case).into();
    let begun = Moment::pkt(1_795_322_868_000);
    for note in 0..notes {
        let mut answers = Answers::default();
        answers.set("noted_on".into(), model::Answer::Value(Value::Date("2026-11-22".parse().unwrap())));
        answers.set("note_text".into(), model::Answer::Value(Value::Text(format!("SAMPLE note {note}").into())));
        let draft = Draft::begun(DraftId::from_bytes([1; 16]), form.form.clone(), answers, begun, Lang::En);
        let sheet = codebook::finish(form, codebook, &draft, Origin::Officer).unwrap().0;
        let thing = ToKeep { case, what: What::Sheet(sheet), source: None, draft: None, sharing: None };
        home.keep(codebook, thing).unwrap();
    }
}

pub(crate) fn case_of(home: &Home, case: &str) -> CaseId {
    let mut cases = everything(home).into_iter().map(|entry| entry.header.case);
    cases.find(|id| id.to_string() == case).unwrap()
}

#[test]
fn sealing_again_stopped_after_any_batch_has_kept_what_it_said_and_goes_on_to_seal_each_entry_once() {
    let (agency, case) = with_journals(&[]);
    // More than two transactions' worth, so that three are on their way at once.
    jot_many(&agency.officer, &case, 1_100);
    for actor in [&agency.officer, &agency.supervisor] {
        actor.run(&["sync"]);
    }
    let left = Again::of(&agency.supervisor, agency.dir.path());
    let home = left.actor.unlocked();
    let (case, before) = (case_of(&home, &case), everything(&home).len());
    let of_case = |entry: &&SealedEntry| entry.header.case == case && entry.header.kind == Kind::Sealed;
    let all = everything(&home).iter().filter(of_case).count();
    drop(home);
    let mut stops = Vec::new();
    for batches in 1.. {
        let mut home = left.afresh().unlocked();
        let mut told = 0;
        let stopped = home.reseal_case(case, &mut |far| {
            assert_eq!((far.total, far.all_bytes), (all as u64, 0));
            told += 1;
            told < batches
        });
        let stopped = stopped.unwrap();
        drop(home);
        if stopped.done() {
            break;
        }
        let at = format!("stopped after {batches} batches");
        let mut home = left.actor.unlocked();
        let kept = stood(&home, Change::Reseal).len();
        assert_eq!(kept as u64, stopped.resealed, "{at}");
        let new = everything(&home).len() - before;
        let slips = new - kept;
        assert!((1..=2).contains(&slips), "{at}: a new slip for each older one, and nothing sealed ahead: {slips}");
        let again = home.reseal_case(case, &mut |_| true).unwrap();
        assert_eq!((again.done(), again.before as usize, again.resealed as usize), (true, kept, all - kept), "{at}");
        assert_eq!(stood(&home, Change::Reseal).len(), all, "{at}: each entry once");
        certifies(&home, again.word.as_ref().unwrap(), all, &at);
        drop(home);
        whole(&left.actor, &at);
        stops.push(kept);
    }
    assert!(stops.len() >= 3 && stops.is_sorted_by(|a, b| a < b) && stops.last() == Some(&all), "{stops:?} of {all}");
}
