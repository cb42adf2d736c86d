//! The wire under test: what goes out comes back bit for bit, whatever the stream carries; what is no such stream is refused in
//! words and never by a panic.

use amanat_keys::fingerprint::{AgencyId, Digest};
use proptest::prelude::*;

use crate::batch::{Item, Run};
use crate::entry::{Change, SealedEntry};
use crate::error::SyncError;
use crate::specimen::Pen;
use crate::wire::codec::{self, Frames, ItemReader, ItemWriter};
use crate::wire::limits;
use crate::wire::messages::{DocumentsReply, DocumentsRequest, HeadLine, PullRequest, PushReply, RunAnswer};
use crate::wire::v1::{ItemForm, PullManifest};

fn agency() -> AgencyId {
    AgencyId::from_bytes([1; 32])
}

/// One of every kind of entry, slips of several cases and audiences, a roster that rises, an envelope that does not travel.
fn every_kind() -> Pen {
    let mut pen = Pen::new(1);
    pen.story(1, 3).story(2, 2);
    pen.slip(3, 1);
    let target = pen.written[1].clone();
    pen.content(1, 1, b"back under the first slip");
    pen.stand_in(&target, Change::Rewrap, 0);
    pen.stand_in(&target, Change::Reseal, 1);
    pen.stand_in(&target, Change::Erasure, 0);
    pen.content(2, 5, &[0; 300]);
    let bare = pen.written.get_mut(2).unwrap();
    bare.envelope = None;
    pen
}

#[test]
fn a_body_comes_back_bit_for_bit() {
    let (pen, mut other) = (every_kind(), Pen::stranger(8, 2));
    other.story(1, 2).story(7, 1);
    let runs =
        [pen.run(1, |_| true), other.run(1, |seq| seq != 2), pen.run(4, |seq| seq % 2 == 0), pen.run(9, |_| false)];
    let body = codec::push_body(&agency(), &runs);
    let (manifest, back, whole) = codec::read_push(&body).unwrap();
    assert!(whole);
    assert_eq!(manifest.runs.len(), 4);
    assert_eq!(back, runs);
    let key = pen.signer.verifying_key();
    back[0].entries().for_each(|entry| entry.verify(&key).unwrap());
}

#[test]
fn a_pull_carries_its_words_and_its_runs() {
    let pen = every_kind();
    let manifest =
        PullManifest { agency: agency(), more: true, runs: vec![], statements: vec![vec![1, 2, 3]], heads: vec![4; 9] };
    let runs = [pen.run(2, |seq| seq > 3)];
    let (back, back_runs, whole) = codec::read_pull(&codec::pull_body(manifest.clone(), &runs)).unwrap();
    assert!(whole);
    assert_eq!(back_runs, runs);
    assert_eq!(PullManifest { runs: vec![], ..back }, manifest);
}

#[test]
fn a_plain_entry_costs_thirteen_bytes_beside_what_must_travel() {
    let mut pen = Pen::new(1);
    pen.slip(1, 2);
    pen.content(1, 1, &[7; 700]);
    pen.content(1, 1, &[8; 700]);
    let run = pen.run(1, |_| true);
    let sizes: Vec<usize> = ItemWriter::new(agency()).run(&run).map(|frame| frame.len()).collect();
    // Signature, commitment and envelope must travel; the budget for all the rest is 24 (BUDGETS).
    assert_eq!(sizes[2] - 64 - 32 - 700, 13, "{sizes:?}");
}

#[test]
fn another_agencys_journal_travels_under_its_own_name() {
    let pen = every_kind();
    let runs = [pen.run(1, |_| true)];
    let peer = AgencyId::from_bytes([2; 32]);
    let (manifest, back, _) = codec::read_push(&codec::push_body(&peer, &runs)).unwrap();
    assert_eq!(manifest.agency, peer);
    assert_eq!(back, runs);
}

#[test]
fn a_later_header_travels_whole() {
    let mut pen = Pen::new(1);
    pen.slip(1, 1);
    let mut later = pen.written[0].bytes.clone();
    later[1] = 2; // its version
    let entry = SealedEntry::from_parts(later, [3; 64], pen.written[0].envelope.clone()).unwrap();
    assert!(!entry.header.understood());
    let run = Run { items: vec![Item::Entry(Box::new(entry))], ..pen.run(1, |_| true) };
    let (_, back, whole) = codec::read_push(&codec::push_body(&agency(), std::slice::from_ref(&run))).unwrap();
    assert!(whole);
    assert_eq!(back, [run]);
}

#[test]
fn a_cut_body_gives_its_good_prefix() {
    let pen = every_kind();
    let runs = [pen.run(1, |_| true)];
    let body = codec::push_body(&agency(), &runs);
    let first = body.len() - ItemWriter::new(agency()).run(&runs[0]).map(|f| f.len()).sum::<usize>();
    let mut seen = 0;
    for cut in 0..body.len() {
        match codec::read_push(&body[..cut]) {
            Err(error) => assert!(cut < first, "{cut}: {error}"),
            Ok((_, back, whole)) => {
                assert!(cut >= first && !whole, "{cut}");
                assert!(runs[0].items.starts_with(&back[0].items));
                assert!(back[0].items.len() >= seen);
                seen = back[0].items.len();
            }
        }
    }
    assert_eq!(seen + 1, runs[0].items.len());
}

#[test]
fn what_could_be_left_out_must_be() {
    let mut pen = Pen::new(1);
    pen.story(1, 1);
    let run = pen.run(1, |_| true);
    let frames: Vec<Vec<u8>> = ItemWriter::new(agency()).run(&run).collect();
    let content = |at: usize| {
        let mut cut = Frames::default();
        cut.feed(&frames[at]).unwrap();
        cut.next(limits::MAX_FRAME).unwrap().unwrap()
    };
    let head = codec::run_head(&agency(), &run);
    let read = |form: &ItemForm| {
        let mut reader = ItemReader::new(agency(), vec![head.clone()]);
        reader.item(&content(0)).unwrap();
        reader.item(&form.to_bytes())
    };
    let right = ItemForm::from_bytes(&content(1)).unwrap();
    assert_eq!(read(&right).unwrap().items, run.items[1..]);
    let ItemForm::Short(short) = right else { panic!("short") };
    let entry = &pen.written[1];
    let with = |change: &dyn Fn(&mut crate::wire::v1::ShortEntry)| {
        let mut other = short.clone();
        change(&mut other);
        ItemForm::Short(other)
    };
    let wrong = [
        with(&|s| s.case = Some(entry.header.case)),
        with(&|s| s.roster = Some(entry.header.roster)),
        ItemForm::Verbatim(entry.bytes.clone(), entry.signature, entry.envelope.clone()),
        with(&|s| s.back = 0),
        with(&|s| s.back = 2),
    ];
    for form in wrong {
        assert!(matches!(read(&form), Err(SyncError::Malformed(_))), "{form:?}");
    }
}

#[test]
fn more_than_announced_is_refused() {
    let mut pen = Pen::new(1);
    pen.story(1, 2);
    let run = pen.run(1, |_| true);
    let mut head = codec::run_head(&agency(), &run);
    head.count = 2;
    let mut reader = ItemReader::new(agency(), vec![head]);
    let mut frames = Frames::default();
    ItemWriter::new(agency()).run(&run).for_each(|f| frames.feed(&f).unwrap());
    for n in 0..3 {
        let content = frames.next(limits::MAX_FRAME).unwrap().unwrap();
        assert_eq!(reader.item(&content).is_ok(), n < 2);
    }
    assert!(reader.is_complete());
}

#[test]
fn a_newer_peer_gets_a_clear_word() {
    let body = codec::frame(&[0x83, 0x02, 0x40, 0x80]);
    assert!(matches!(codec::read_push(&body), Err(SyncError::Version { found: 2, known: 1 })));
}

#[test]
fn frames_have_one_spelling_and_a_limit() {
    for (bytes, fine) in [
        (&[0x41, 0][..], true),
        (&[0x58, 5, 0, 0, 0, 0, 0], false),
        (&[0x59, 0, 5, 0, 0, 0, 0, 0], false),
        (&[0x5b, 0, 0, 0, 0, 0, 0, 0, 1, 0], false),
        (&[0x5f, 0x41, 0, 0xff], false),
        (&[0x81, 0], false),
    ] {
        let mut frames = Frames::default();
        frames.feed(bytes).unwrap();
        assert_eq!(frames.next(100).is_ok(), fine, "{bytes:02x?}");
    }
    let mut frames = Frames::default();
    frames.feed(&[0x5a, 0x7f, 0xff, 0xff, 0xff]).unwrap();
    assert!(matches!(frames.next(limits::MAX_FRAME), Err(SyncError::TooBig(_))), "before its bytes have come");
}

#[test]
fn messages_come_back() {
    let line = |n: u8| HeadLine { device: Pen::stranger(n, n).device(), journal: Pen::new(n).slot.journal, seq: 9 };
    let mut heads = vec![line(1), line(2)];
    heads.sort();
    let pull = PullRequest { agency: agency(), heads, again: vec![(line(3), 7)], items: 5, bytes: 6 };
    assert_eq!(PullRequest::from_bytes(&pull.to_bytes()).unwrap(), pull);
    let swapped = PullRequest { heads: pull.heads.iter().rev().copied().collect(), ..pull };
    assert!(PullRequest::from_bytes(&swapped.to_bytes()).is_err(), "unsorted heads");
    let link = Digest::from_bytes([4; 32]);
    let answers = vec![
        RunAnswer::Accepted(1, link),
        RunAnswer::AlreadyHeld(2, link),
        RunAnswer::Gap(3, link),
        RunAnswer::Fork(4, link),
        RunAnswer::Refused(5, link),
    ];
    let reply = PushReply { answers, refused: vec![(1, 2, 3)], statements: vec![vec![8; 300]] };
    assert_eq!(PushReply::from_bytes(&reply.to_bytes()).unwrap(), reply);
    let ask = DocumentsRequest { agency: agency(), held: vec![(2, link, 7)], offered: vec![vec![1]] };
    assert_eq!(DocumentsRequest::from_bytes(&ask.to_bytes()).unwrap(), ask);
    let got = DocumentsReply { statements: vec![vec![], vec![2; 70_000]], more: false };
    assert_eq!(DocumentsReply::from_bytes(&got.to_bytes()).unwrap(), got);
}

/// Arbitrary journals: each step a slip, content under any earlier slip of its case, a stand-in, or an envelope lost.
fn journals() -> impl Strategy<Value = Pen> {
    proptest::collection::vec((0..6_u8, 0..4_u8, 0..400_usize), 1..40).prop_map(|steps| {
        let mut pen = Pen::new(1);
        let mut slips: Vec<(u8, u64)> = vec![(0, pen.slip(0, 1).header.seq)];
        for (what, case, size) in steps {
            match what {
                0 => slips.push((case, pen.slip(case, case + 1).header.seq)),
                1 => {
                    let target = pen.written[size % pen.written.len()].clone();
                    let change = [Change::Rewrap, Change::Reseal, Change::Erasure][size % 3];
                    pen.stand_in(&target, change, slips[0].1);
                }
                _ => {
                    let (of, slip) = slips[size % slips.len()];
                    // Now and then under a key that is another case's: legal bytes, which must come back all the same.
                    let case = if what == 5 { case } else { of };
                    pen.content(case, slip, &vec![what; size]);
                }
            }
        }
        for (n, entry) in pen.written.iter_mut().enumerate() {
            if n % 7 == 6 {
                entry.envelope = None;
            }
        }
        pen
    })
}

proptest! {
    #[test]
    fn any_journal_cut_anywhere_comes_back(pen in journals(), cut in 0..40_u64, holes: u64, chunk in 1..4096_usize) {
        let first = cut % pen.slot.seq.saturating_sub(1).max(1) + 1;
        let runs = [pen.run(first, |seq| holes >> (seq % 64) & 1 == 0), pen.run(1, |_| true)];
        let body = codec::push_body(&agency(), &runs);
        let (_, back, whole) = codec::read_push(&body).unwrap();
        prop_assert!(whole);
        prop_assert_eq!(&back[..], &runs[..]);
        // However the bytes are dealt out, the frames are the same.
        let (mut dealt, mut count) = (Frames::default(), 0);
        for piece in body.chunks(chunk) {
            dealt.feed(piece).unwrap();
            while dealt.next(limits::MAX_MANIFEST).unwrap().is_some() { count += 1; }
        }
        prop_assert!(dealt.is_empty());
        prop_assert!(count > 1);
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        // What comes back is of no interest here; that it comes back is.
        drop(codec::read_push(&bytes));
        drop(codec::read_pull(&bytes));
        drop(codec::read_push(&codec::frame(&bytes)));
        drop(ItemForm::from_bytes(&bytes));
        drop(PullRequest::from_bytes(&bytes));
        drop(PushReply::from_bytes(&bytes));
        drop(DocumentsRequest::from_bytes(&bytes));
        drop(DocumentsReply::from_bytes(&bytes));
        drop(crate::entry::Header::decode(&bytes));
        drop(crate::receipt::Receipt::decode(&bytes));
        drop(crate::receipt::Checkpoint::decode(&bytes));
    }

    #[test]
    fn a_changed_byte_is_refused_or_breaks_a_signature(at: prop::sample::Index, bit in 0..8_u8) {
        let mut pen = Pen::new(1);
        pen.story(1, 3);
        let runs = [pen.run(1, |_| true)];
        let mut body = codec::push_body(&agency(), &runs);
        let at = at.index(body.len());
        body[at] ^= 1 << bit;
        if let Ok((_, back, whole)) = codec::read_push(&body) {
            let key = pen.signer.verifying_key();
            let sound = whole && back.len() == 1 && back[0].items.len() == 4
                && back[0].entries().all(|entry| entry.verify(&key).is_ok());
            prop_assert!(!sound, "a changed byte went through");
        }
    }
}
