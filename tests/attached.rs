//! Attachments from end to end: sealed at the officer's, carried over a road that breaks, held by a hub that dies, saved at the reader's.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Child,
    sync::mpsc,
    time::Duration,
};

use serde_json::Value;

use crate::support::{Actor, Canary, Story, TestAgency, Way, files_below, jot, number, record, text};

const MIB: usize = 1 << 20;
/// What one request of a device carries of an attachment at most.
const PIECE: u64 = 1 << 20;

/// SplitMix64: the same bytes each time, and no compressor finds anything in them.
pub(crate) fn noise(mut seed: u64, bytes: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes + 8);
    while out.len() < bytes {
        out.extend(next(&mut seed).to_le_bytes());
    }
    out.truncate(bytes);
    out
}

fn next(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (*seed ^ (*seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

pub(crate) fn file(agency: &TestAgency, name: &str, bytes: &[u8]) -> String {
    let path = agency.dir.path().join(name);
    fs::write(&path, bytes).unwrap();
    path.to_string_lossy().into_owned()
}

/// Attaches files to the story's case; gives the entry.
pub(crate) fn attach(officer: &Actor, story: &Story, files: &[&str]) -> String {
    let mut arguments = vec!["entry", "attach", story.case.as_str()];
    arguments.extend(files);
    text(&officer.run(&arguments), "/entry")
}

pub(crate) fn delivery(actor: &Actor, entry: &str) -> String {
    text(&actor.run(&["entry", "show", entry]), "/delivery")
}

fn part(shown: &Value, n: usize) -> &Value {
    &shown["parts"][n - 1]
}

/// The most memory that a process has had so far, in bytes; `None` when it is gone.
pub(crate) fn peak(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

/// Waits for a program to end well, and says how much memory it had at most.
pub(crate) fn watched(mut child: Child) -> u64 {
    let mut most = 0;
    loop {
        most = peak(child.id()).unwrap_or(0).max(most);
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success(), "{status}");
            return most;
        }
        pause();
    }
}

/// Between two looks at a process that goes on by itself.
fn pause() {
    let (_nobody, never) = mpsc::channel::<()>();
    never.recv_timeout(Duration::from_millis(5)).unwrap_or_default();
}

/// Waits until so many bytes have left, or the program has ended.
fn until_sent(agency: &TestAgency, child: &mut Child, bytes: u64) {
    while agency.link.carried(Way::Up) < bytes && child.try_wait().unwrap().is_none() {
        pause();
    }
}

/// The hub's process, found by the home it serves.
fn hub_process(agency: &TestAgency) -> u32 {
    let home = agency.hub_home.to_string_lossy().into_owned();
    let serves = |pid: u32| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let mut words = line.split(|byte| *byte == 0).map(String::from_utf8_lossy);
        words.any(|word| word == "serve") && line.windows(home.len()).any(|window| window == home.as_bytes())
    };
    let pids = fs::read_dir("/proc").unwrap().filter_map(|item| item.unwrap().file_name().to_str()?.parse().ok());
    pids.into_iter().find(|pid| serves(*pid)).expect("the hub runs")
}

/// Sealed files of whole attachments below a folder.
fn sealed_files(folder: &Path) -> Vec<PathBuf> {
    let is_digest = |path: &PathBuf| path.file_name().is_some_and(|name| name.len() == 64);
    if folder.exists() { files_below(folder).into_iter().filter(is_digest).collect() } else { Vec::new() }
}

/// Lets the officer sync over and over while the road, the device or the hub breaks in turn; how often.
fn sync_through_ruin(agency: &mut TestAgency, officer: &Actor, entry: &str, seed: &mut u64) -> u64 {
    let mut broken = 0;
    loop {
        let room = 1_500_000 + next(seed) % 5_000_000;
        let mut done = false;
        if broken % 3 == 0 {
            agency.link.cut_after(Way::Up, room);
            done = officer.ask(&["sync"]).code == 0;
        } else {
            let from = agency.link.carried(Way::Up);
            let mut child = officer.command(["sync"]).spawn().unwrap();
            until_sent(agency, &mut child, from + room);
            if broken % 3 == 1 {
                // The device dies in the middle of it.
                drop(child.kill());
                child.wait().unwrap();
            } else {
                agency.kill_hub();
                child.wait().unwrap();
                agency.start_hub();
            }
        }
        agency.link.mend();
        broken += 1;
        if done {
            return broken;
        }
        assert!(broken < 60, "it never arrives");
        if broken % 5 == 0 && officer.ask(&["sync"]).code != 0 {
            let word = delivery(officer, entry);
            assert_ne!(word, "received", "an attachment that is on its way");
        }
    }
}

#[test]
fn an_attachment_survives_every_cut_and_every_kill_and_is_sent_but_once() {
    let mut agency = TestAgency::build();
    let officer = agency.officer.clone();
    let story = record(&officer, 1, "zukhwendar");
    officer.run(&["sync"]);
    let plain = noise(1, 30 * MIB);
    let scan = file(&agency, "scan.pdf", &plain);
    let entry = attach(&officer, &story, &[&scan]);
    assert_eq!(delivery(&officer, &entry), "kept");
    agency.link.cut_after(Way::Up, 4_000_000);
    assert_eq!(officer.ask(&["sync"]).code, 4);
    agency.link.mend();
    let waits = officer.run(&["status"])["attachments_waiting"].clone();
    assert!(number(&waits, "entries") == 1 && number(&waits, "bytes") > 30 << 20, "{waits}");
    assert_eq!(delivery(&officer, &entry), "handed over", "the entry is there, the attachment is on its way");
    let (before, mut seed) = (agency.link.carried(Way::Up) - 4_000_000, 7);
    let broken = sync_through_ruin(&mut agency, &officer, &entry, &mut seed) + 1;
    assert_eq!(delivery(&officer, &entry), "received");
    let (sent, size) = (agency.link.carried(Way::Up) - before, plain.len() as u64);
    let more = sent.saturating_sub(size) as f64 * 100.0 / size as f64;
    println!("30 MiB up in {broken} tries: {sent} bytes, {more:.1} % more than the file");
    assert!(sent < size + (broken + 2) * (PIECE + 64 * 1024), "{sent} bytes for {size} in {broken} tries");
    comes_down(&agency, &entry, &plain, &mut seed);
    assert_eq!(officer.run(&["verify"])["holds"], true);
}

/// At headquarters the entry is there at once, and the attachment when somebody wants it.
fn comes_down(agency: &TestAgency, entry: &str, plain: &[u8], seed: &mut u64) {
    let (reader, size) = (&agency.reader, plain.len() as u64);
    reader.run(&["sync"]);
    let shown = reader.run(&["entry", "show", entry]);
    let media = "application/octet-stream";
    assert_eq!((&part(&shown, 1)["here"], &part(&shown, 1)["media"]), (&false.into(), &media.into()));
    assert_eq!((text(&shown, "/parts/0/name"), number(part(&shown, 1), "size")), ("scan.pdf".to_owned(), size));
    let out = agency.dir.path().join("saved.pdf");
    let save = ["entry", "save-part", entry, "1", "--out", &out.to_string_lossy()].map(str::to_owned);
    let save: Vec<&str> = save.iter().map(String::as_str).collect();
    let (from, mut tries) = (agency.link.carried(Way::Down), 0);
    loop {
        agency.link.cut_after(Way::Down, 6_000_000 + next(seed) % 8_000_000);
        let answer = reader.ask(&save);
        agency.link.mend();
        tries += 1;
        if answer.code == 0 {
            break;
        }
        assert_eq!(answer.code, 4, "{}", answer.json);
        assert!(!out.exists(), "half an attachment was written");
    }
    let fetched = agency.link.carried(Way::Down) - from;
    println!("and down in {tries} tries: {fetched} bytes");
    assert!(fetched < size + (tries + 2) * (PIECE + 64 * 1024), "{fetched} bytes in {tries} tries");
    assert!(fs::read(&out).unwrap() == plain, "the saved file is not the one that was attached");
    let again = reader.ask(&save);
    let taken = again.message().contains("there is something of this name");
    assert_eq!((again.code, taken), (2, true), "{}", again.json);
    reader.run(&[&save[..], &["--force"]].concat());
    assert_eq!(reader.run(&["verify"])["holds"], true);
}

#[test]
fn memory_does_not_grow_with_the_attachment() {
    let agency = TestAgency::build();
    let officer = &agency.officer;
    let story = record(officer, 1, "zukhwendar");
    let (small, large) = (file(&agency, "small", &noise(2, 1000)), file(&agency, "large", &noise(3, 160 * MIB)));
    let run = |actor: &Actor, arguments: &[&str]| watched(actor.command(arguments).spawn().unwrap());
    let words = |file: &str| ["entry", "attach", &story.case, file].map(str::to_owned);
    let sealing = |file: &str| run(officer, &words(file).iter().map(String::as_str).collect::<Vec<_>>());
    let (of_small, of_large) = (sealing(&small), sealing(&large));
    let hub = hub_process(&agency);
    let quiet = peak(hub).unwrap();
    let sending = run(officer, &["sync"]);
    agency.reader.run(&["sync"]);
    let fetching = run(&agency.reader, &["sync", "--parts"]);
    let busy = peak(hub).unwrap();
    let shown = agency.reader.run(&["case", "show", &story.case]);
    let entries = shown["entries"].as_array().unwrap().iter().map(|entry| text(entry, "/entry"));
    let mut large = entries.filter(|entry| {
        let parts = agency.reader.run(&["entry", "show", entry])["parts"].clone();
        parts.get(0).is_some_and(|part| number(part, "size") > 1000)
    });
    let (entry, out) = (large.next().expect("the large one is there"), agency.dir.path().join("saved"));
    let saving = run(&agency.reader, &["entry", "save-part", &entry, "1", "--out", out.to_str().unwrap()]);
    assert_eq!(fs::metadata(&out).unwrap().len(), 160 << 20);
    let mib = |bytes: u64| bytes >> 20;
    println!(
        "most memory in MiB: sealing 1 kB {}, sealing 160 MiB {}, sending it {}, fetching it {}, saving it {}, hub before {} and after {}",
        mib(of_small),
        mib(of_large),
        mib(sending),
        mib(fetching),
        mib(saving),
        mib(quiet),
        mib(busy)
    );
    assert!(of_large < of_small + (8 << 20), "sealing a large file takes more memory");
    assert!(sending < of_small + (24 << 20), "sending a large file takes more memory");
    assert!(fetching < of_small + (24 << 20), "fetching a large file takes more memory");
    assert!(saving < of_small + (24 << 20), "saving a large file takes more memory");
    assert!(busy < quiet + (64 << 20), "the hub takes more memory for a large file");
}

#[test]
fn a_changed_byte_at_the_hub_spoils_that_attachment_and_nothing_else() {
    let agency = TestAgency::build();
    let (officer, reader) = (&agency.officer, &agency.reader);
    let story = record(officer, 1, "zukhwendar");
    let (good, bad) = (noise(4, 200_000), noise(5, 300_000));
    let entry = attach(officer, &story, &[&file(&agency, "good.bin", &good), &file(&agency, "bad.bin", &bad)]);
    officer.run(&["sync"]);
    reader.run(&["sync"]);
    let held = sealed_files(&agency.hub_home.join("parts"));
    assert_eq!(held.len(), 2, "{held:?}");
    let spoilt = held.iter().find(|path| fs::metadata(path).unwrap().len() > 300_000).unwrap();
    let mut bytes = fs::read(spoilt).unwrap();
    bytes[200_000] ^= 1;
    fs::write(spoilt, bytes).unwrap();
    let save = |n: &str, out: &Path| reader.ask(&["entry", "save-part", &entry, n, "--out", &out.to_string_lossy()]);
    let (first, second) = (agency.dir.path().join("first"), agency.dir.path().join("second"));
    let refused = save("2", &second);
    assert_eq!(refused.code, 5, "{}", refused.json);
    assert!(refused.message().contains("is not what its author signed for"), "{}", refused.message());
    assert!(refused.message().contains("number "), "it is named: {}", refused.message());
    assert!(!second.exists());
    assert_eq!(save("1", &first).code, 0, "the other one is not held up");
    assert!(fs::read(&first).unwrap() == good);
    assert_eq!(reader.run(&["verify"])["holds"], true);
    assert_eq!(text(&reader.run(&["entry", "show", &entry]), "/delivery"), "received", "the entry stays");

    // One that is spoilt on the device itself is found before a byte of it is written out.
    let shown = reader.run(&["entry", "show", &entry]);
    assert_eq!(part(&shown, 1)["here"], true);
    let here = sealed_files(&reader.file("parts"));
    let mut bytes = fs::read(&here[0]).unwrap();
    bytes[100] ^= 1;
    fs::write(&here[0], bytes).unwrap();
    let third = agency.dir.path().join("third");
    let refused = save("1", &third);
    assert_eq!((refused.code, third.exists()), (5, false), "{}", refused.json);
    let found = reader.ask(&["verify"]);
    assert_eq!(found.code, 5, "{}", found.json);
    assert!(found.json.to_string().contains("an attachment is not the one that was signed"), "{}", found.json);
}

/// Copies a folder with everything below it, in place of what is there.
fn copy(from: &Path, to: &Path) {
    drop(fs::remove_dir_all(to));
    for path in files_below(from) {
        let there = to.join(path.strip_prefix(from).unwrap());
        fs::create_dir_all(there.parent().unwrap()).unwrap();
        fs::copy(&path, there).unwrap();
    }
}

#[test]
fn a_home_put_back_keeps_its_entry_again_with_the_attachment_sealed_anew() {
    let agency = TestAgency::build();
    let (officer, reader) = (&agency.officer, &agency.reader);
    let story = record(officer, 1, "zukhwendar");
    officer.run(&["sync"]);
    let backup = agency.dir.path().join("backup");
    copy(&officer.home, &backup);
    jot(officer, &story.case, 2, "zukhwendar");
    officer.run(&["sync"]);
    copy(&backup, &officer.home);
    let photo = noise(10, 100_000);
    attach(officer, &story, &[&file(&agency, "photo.bin", &photo)]);
    officer.run(&["sync"]);
    officer.run(&["sync"]);
    let waits = officer.run(&["status"])["attachments_waiting"].clone();
    assert_eq!((number(&waits, "entries"), number(&waits, "bytes")), (0, 0));
    reader.run(&["sync"]);
    let shown = reader.run(&["case", "show", &story.case]);
    let with_files = |entry: &&Value| entry["answers"]["note_text"] == "application/octet-stream";
    let entries: Vec<&Value> = shown["entries"].as_array().unwrap().iter().filter(with_files).collect();
    assert_eq!(entries.len(), 1, "{shown}");
    let out = agency.dir.path().join("out");
    reader.run(&["entry", "save-part", &text(entries[0], "/entry"), "1", "--out", &out.to_string_lossy()]);
    assert!(fs::read(&out).unwrap() == photo);
}

#[test]
fn what_an_attachment_says_stands_in_no_file_of_device_or_hub() {
    let agency = TestAgency::build();
    let (officer, reader) = (&agency.officer, &agency.reader);
    let story = record(officer, 1, "zukhwendar");
    let secret = "canary-in-the-scan-zormek".repeat(9_000);
    let name = "canary-in-the-name-quilpunk.txt";
    let scan = file(&agency, name, secret.as_bytes());
    let entry = attach(officer, &story, &[&scan]);
    officer.run(&["sync"]);
    reader.run(&["sync"]);
    let out = agency.dir.path().join("out");
    reader.run(&["entry", "save-part", &entry, "1", "--out", &out.to_string_lossy()]);
    assert!(fs::read(&out).unwrap() == secret.as_bytes());
    let canary = Canary::of(["canary-in-the-scan-zormek", "canary-in-the-name-quilpunk"]);
    for folder in [&officer.home, &reader.home, &agency.hub_home] {
        let (files, bytes) = canary.must_be_absent(folder, &[]);
        println!("{}: {files} files, {bytes} bytes", folder.display());
    }
    canary.must_be_absent(agency.dir.path(), &[Path::new(&scan), &out]);
    assert_eq!(sealed_files(&officer.file("parts")).len(), 1);

    // For the stock tools it is written out as it lies here, still sealed.
    let dir = agency.dir.path().join("files");
    reader.run(&["entry", "show", &entry, "--files", &dir.to_string_lossy()]);
    assert!(fs::read(dir.join("part-1")).unwrap() == fs::read(&sealed_files(&reader.file("parts"))[0]).unwrap());

    // What a crash leaves between sealing and keeping is swept with the next unlocking.
    let left = officer.file("parts").join("sealing-0011");
    let orphan = officer.file("parts").join("ab".repeat(32));
    fs::write(&left, b"half").unwrap();
    fs::write(&orphan, b"whole and never kept").unwrap();
    officer.run(&["case", "list"]);
    assert!(!left.exists() && !orphan.exists());
    assert_eq!(sealed_files(&officer.file("parts")).len(), 1, "and nothing else");
}

#[test]
fn an_attachment_goes_to_those_whom_the_entry_is_for_and_waits_behind_it() {
    let agency = TestAgency::build();
    let (officer, stranger) = (&agency.officer, &agency.stranger);
    let story = record(officer, 1, "zukhwendar");
    let entry = attach(
        officer,
        &story,
        &[&file(&agency, "photo.jpg", &[b"\xFF\xD8\xFF\xE0".to_vec(), noise(6, 70_000)].concat())],
    );
    let late = jot(officer, &story.case, 9, "zukhwendar");
    officer.run(&["sync"]);
    assert_eq!((delivery(officer, &entry).as_str(), delivery(officer, &late).as_str()), ("received", "received"));
    agency.supervisor.run(&["sync", "--parts"]);
    let shown = agency.supervisor.run(&["entry", "show", &entry]);
    assert_eq!((&part(&shown, 1)["here"], &part(&shown, 1)["media"]), (&true.into(), &"image/jpeg".into()));
    stranger.run(&["sync", "--parts"]);
    assert_eq!(stranger.ask(&["entry", "show", &entry]).code, 2, "another station does not even have the entry");
    assert!(sealed_files(&stranger.file("parts")).is_empty());
    let wrong = officer.ask(&["entry", "attach", &story.case, "/nowhere/at/all.jpg"]);
    assert_eq!(wrong.code, 1, "{}", wrong.json);
    assert!(wrong.message().contains("/nowhere/at/all.jpg"), "{}", wrong.message());
    let folder = officer.ask(&["entry", "attach", &story.case, &agency.dir.path().to_string_lossy()]);
    assert_eq!((folder.code, folder.message().contains("it is no file")), (2, true), "{}", folder.json);
    assert_eq!(sealed_files(&officer.file("parts")).len(), 1, "what failed leaves nothing");
}

#[test]
fn an_erased_case_takes_its_attachments_with_it_everywhere() {
    let agency = TestAgency::build();
    let (officer, reader) = (&agency.officer, &agency.reader);
    let story = record(officer, 1, "zukhwendar");
    let other = record(officer, 2, "palmishto");
    attach(officer, &story, &[&file(&agency, "gone.bin", &noise(8, 150_000))]);
    attach(officer, &other, &[&file(&agency, "stays.bin", &noise(9, 120_000))]);
    officer.run(&["sync"]);
    for _ in 0..2 {
        reader.run(&["sync", "--parts"]);
    }
    let count = |folder: &Path| sealed_files(folder).len();
    let places = [officer.file("parts"), reader.file("parts"), agency.hub_home.join("parts")];
    assert_eq!(places.each_ref().map(|place| count(place)), [2, 2, 2]);
    let order = agency.dir.path().join("case.erasure").to_string_lossy().into_owned();
    reader.run(&["case", "erase", &story.case, "--order", "LHC, 3 Nov 2026, WP 812/2026", "--out", &order]);
    agency.admin.run(&["roster", "sign", &order]);
    reader.run(&["case", "erase", &story.case, "--signed", &order]);
    reader.run(&["sync"]);
    officer.run(&["sync"]);
    assert_eq!(places.each_ref().map(|place| count(place)), [1, 1, 1]);
    let left = sealed_files(&places[2]);
    assert!(fs::metadata(&left[0]).unwrap().len() < 130_000, "the other case's is the one that stays");
    officer.run(&["sync"]);
    reader.run(&["sync", "--parts"]);
    assert_eq!(places.each_ref().map(|place| count(place)), [1, 1, 1], "nothing brings it back");
    assert_eq!(officer.run(&["verify"])["holds"], true);
}

/// What is too large to go by any road is refused before a byte of it is sealed or written; a file with holes costs this test no disk.
#[test]
fn a_file_over_two_gibibytes_is_refused_before_anything_is_written() {
    let agency = TestAgency::offline();
    let officer = &agency.officer;
    let story = record(officer, 1, "zukhwendar");
    let before = officer.counts();
    let path = agency.dir.path().join("film.bin");
    fs::File::create(&path).unwrap().set_len((2 << 30) + 1).unwrap();
    let answer = officer.ask(&["entry", "attach", &story.case, &path.to_string_lossy()]);
    assert_eq!(answer.code, 2, "{}", answer.json);
    assert!(answer.message().contains("larger than 2 GiB"), "{}", answer.message());
    assert!(answer.hint().contains("Cut it into pieces"), "{}", answer.hint());
    assert_eq!(officer.counts(), before);
    let parts = officer.file("parts");
    assert!(!parts.exists() || files_below(&parts).is_empty(), "nothing was written of it");
}
