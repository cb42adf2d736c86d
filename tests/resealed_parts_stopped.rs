//! A case with large attachments sealed again and stopped in the middle of one: how many bytes are done is told while it goes on, nothing of what was
//! begun is left, what was kept before stays, and the same command goes on.

use std::fs;

use amanat::runtime::rotation::reseal_far::Far;
use amanat_sync::entry::Change;

use crate::{
    attached::{attach, file, noise},
    crash::{Fate, doomed, whole},
    resealed_killed::{case_of, certificate},
    resealed_parts::sealed_at,
    rotation_killed::{everything, stood},
    support::{Actor, Story, TestAgency, files_below, finish, number, record},
};

const MIB: u64 = 1 << 20;

/// A supervisor's own case, with files attached by as many entries as there are lists of them.
struct Alone {
    agency: TestAgency,
    story: Story,
    attached: Vec<(String, Vec<Vec<u8>>)>,
}

impl Alone {
    fn of(mib: &[&[u64]]) -> Self {
        let agency = TestAgency::offline();
        let story = record(&agency.supervisor, 1, "zukhwendar");
        let plain = |n: usize, mib: &u64| noise(n as u64, usize::try_from(mib * MIB).unwrap());
        let attached = mib.iter().enumerate().map(|(at, mib)| {
            let plain: Vec<_> = mib.iter().enumerate().map(|(n, mib)| plain(10 * at + n, mib)).collect();
            let files: Vec<_> =
                plain.iter().enumerate().map(|(n, it)| file(&agency, &format!("{n}.pdf"), it)).collect();
            let files: Vec<&str> = files.iter().map(String::as_str).collect();
            (attach(&agency.supervisor, &story, &files), plain)
        });
        let attached = attached.collect();
        Self { agency, story, attached }
    }

    const fn custodian(&self) -> &Actor {
        &self.agency.supervisor
    }

    /// Every attachment opens to what was attached.
    fn opens(&self, at: &str) {
        let out = self.agency.dir.path().join("saved");
        let path = out.to_string_lossy().into_owned();
        for (entry, plain) in &self.attached {
            for (n, plain) in (1..).zip(plain) {
                let n = n.to_string();
                self.custodian().run(&["entry", "save-part", entry, &n, "--out", &path, "--force"]);
                assert!(fs::read(&out).unwrap() == *plain, "{at}: attachment {n} of {entry}");
            }
        }
        whole(self.custodian(), at);
    }

    /// Files of attachments, whole or not.
    fn files(&self) -> usize {
        files_below(&self.custodian().file("parts")).len()
    }
}

#[test]
fn bytes_of_a_large_attachment_are_told_and_a_stop_in_the_middle_leaves_nothing_of_it_and_is_gone_on_with() {
    let scene = Alone::of(&[&[3, 2]]);
    let home = scene.custodian().unlocked();
    let case = case_of(&home, &scene.story.case);
    drop(home);
    let mut stops = Vec::new();
    for enough in 1.. {
        let mut home = scene.custodian().unlocked();
        home.replay(|_, _| {}).unwrap();
        let mut heard: Vec<Far> = Vec::new();
        let sealed = home.reseal_case(case, &mut |far| {
            heard.push(far);
            heard.len() < enough
        });
        let sealed = sealed.unwrap();
        let at = format!("stopped after it was told {enough} times");
        let bytes: Vec<u64> = heard.iter().map(|far| far.bytes).collect();
        assert!(bytes.is_sorted() && heard.iter().all(|far| far.total == heard[0].total), "{at}: {heard:?}");
        assert!(heard[0].all_bytes > 5 * MIB && heard[0].bytes <= MIB + (MIB >> 3), "{at}: {heard:?}");
        assert_eq!(heard.len(), enough, "{at}: nothing is told after that");
        let last = heard.last().unwrap();
        if last.done > 0 {
            // All of it is kept by now, and only the signature is left.
            assert_eq!((last.done, last.bytes), (last.total, last.all_bytes), "{at}");
            let again = home.reseal_case(case, &mut |_| true).unwrap();
            assert_eq!((sealed.done(), again.done(), again.before), (false, true, last.total), "{at}");
            break;
        }
        assert_eq!((sealed.resealed, stood(&home, Change::Reseal).len()), (0, 0), "{at}: nothing was kept");
        // Without the sweep of the next unlocking.
        assert_eq!(scene.files(), 2, "{at}: the attachments as they were, and nothing else");
        stops.push(*bytes.last().unwrap());
    }
    println!("stopped at so many bytes: {stops:?}");
    assert!(stops.len() >= 5, "in the middle of each, and between them: {stops:?}");
    assert_eq!((scene.files(), sealed_at(&scene.custodian().file("parts"))), (4, 4));
    assert!(certificate(&scene.custodian().unlocked()).is_some());
    scene.opens("afterwards");
}

#[test]
fn what_was_sealed_before_a_large_attachment_was_stopped_is_kept_and_not_sealed_once_more() {
    // More than goes with one transaction, so that the second entry is one of its own.
    let scene = Alone::of(&[&[65], &[2]]);
    let mut home = scene.custodian().unlocked();
    let case = case_of(&home, &scene.story.case);
    home.replay(|_, _| {}).unwrap();
    let first = scene.attached[0].1[0].len() as u64;
    let stopped = home.reseal_case(case, &mut |far| far.bytes < first + MIB).unwrap();
    assert!(!stopped.done() && stopped.resealed > 0, "{stopped:?}");
    let all = everything(&home).iter().filter(|it| it.header.target.is_none() && it.header.case == case).count();
    let kept = stood(&home, Change::Reseal).len();
    assert!(kept as u64 == stopped.resealed && kept < all, "{kept} of {all}: {stopped:?}");
    assert_eq!(scene.files(), 3, "both as they were, and the first sealed again");
    let again = home.reseal_case(case, &mut |far| far.all_bytes < 3 * MIB).unwrap();
    assert_eq!((again.done(), again.before as usize), (true, kept), "{again:?}");
    drop(home);
    assert_eq!(scene.files(), 4);
    scene.opens("afterwards");
}

#[test]
fn ctrl_c_in_the_middle_of_an_attachment_loses_nothing_and_the_same_command_goes_on() {
    let scene = Alone::of(&[&[12]]);
    let reseal = ["keys", "rekey", &scene.story.case, "--reseal"];
    let command = || scene.custodian().command(reseal);
    let mut half = 0;
    // Each chunk of an attachment is a write.
    for n in [20, 90, 150] {
        let answer = finish(doomed(&command(), Fate::Interrupted, "write", n), "");
        assert_ne!(answer.code, 0, "{n}: {}", answer.json);
        half += usize::from(scene.files() == 2);
        assert_eq!(stood(&scene.custodian().unlocked(), Change::Reseal).len(), 0, "{n}");
        scene.opens(&n.to_string());
        assert_eq!(scene.files(), 1, "{n}: what was begun is swept");
    }
    assert_eq!(half, 3, "it was in the middle of one each time");
    let sealed = scene.custodian().run(&reseal);
    assert_eq!((number(&sealed, "attached"), number(&sealed, "before")), (0, 0), "{sealed}");
    assert_eq!(number(&sealed, "certified"), number(&sealed, "resealed"), "{sealed}");
    assert_eq!(scene.files(), 2);
    scene.opens("afterwards");
}
