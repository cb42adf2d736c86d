//! A keeper's sticks in little memory: the built program writes and reads one that is many times as large as what it may hold of it.
#![cfg(target_os = "linux")]
#![expect(clippy::print_stdout, reason = "a run says what was measured")]

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use amanat_keys::fingerprint::Digest;
use amanat_sync::bundle::{self, Cargo, Load, PartLine};
use amanat_sync::stick_file;
use serde_json::Value;

use super::attachments::{Desk, noise};
use super::running::*;
use super::support::*;

/// Entries and bytes of the envelope of each, and bytes of one attachment.
const ENTRIES: usize = 96;
const ENVELOPE: usize = 512 * 1024;
const ATTACHED: u32 = 148 << 20;
/// What a process may have at most, the program itself and all of its threads included.
const MOST: u64 = 64 << 20;

/// The most memory that a process has had so far, in bytes; `None` when it is gone.
fn peak(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()? * 1024)
}

/// What a verb that ended well said, and the most memory that it had.
fn watched(arguments: &[&str], home: &Path) -> (Value, u64) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_amanat-hub"));
    command.args(arguments).arg("--json").arg("--home").arg(home).stdout(Stdio::piped());
    // What the allocator keeps at hand for each thread is another number on each machine, and says nothing of the program.
    command.env("MALLOC_ARENA_MAX", "1");
    let mut child: Child = command.spawn().unwrap();
    let mut most = 0;
    // The system keeps the most there ever was: between two looks nothing is missed but the growth of the last milliseconds.
    while child.try_wait().unwrap().is_none() {
        most = peak(child.id()).unwrap_or(0).max(most);
        std::thread::park_timeout(Duration::from_millis(5));
    }
    let done = child.wait_with_output().unwrap();
    assert!(done.status.success(), "{done:?}");
    assert!(most > 1 << 20, "its memory could be read: {most}");
    (serde_json::from_slice(&done.stdout).unwrap(), most)
}

/// Writes what a device holds for the hub, as the device does; how many bytes the stick has.
fn written(agency: &Agency, desk: &Desk, stick: &Path) -> u64 {
    let listed = &agency.roster.hubs[0];
    let whom = (vec![Digest::from_bytes(*listed.id.as_bytes())], true);
    let load =
        bundle::load_with_parts(&desk.journal, (agency.party(0), &agency.trust), whom, &desk.files, |_| u64::MAX);
    let load = load.unwrap();
    let cargo = Cargo { manifest: &load.manifest, papers: &load.papers, heads: &[] };
    let recipients = [listed.transport.clone()];
    let done = stick_file::write_whole(stick, cargo.most(), |out| {
        let items = |run: &amanat_sync::wire::v1::RunHead, after| load.items(&desk.journal, run, after);
        let part = |line: &PartLine, from| Load::part(&desk.files, line, from);
        bundle::write_with_parts(cargo, &recipients, &agency.actors[0].signer, out, items, part)
            .map(|(_, sealed)| sealed)
    });
    done.unwrap().1
}

#[test]
fn a_keeper_writes_and_reads_a_stick_of_three_times_the_memory_that_it_takes() {
    let folder = tempfile::tempdir().unwrap();
    let (agency, running) = serving(folder.path());
    assert_eq!(running.terminate(), Some(0));
    let home = folder.path().join("hub");
    let mut desk = Desk::new(&agency, 0, 1);
    let film = desk.seal(&noise(5, ATTACHED));
    let slip = desk.attach(&[film]).header.key;
    for n in 0..ENTRIES {
        let text = Digest::of(&n.to_le_bytes()).to_string().repeat(ENVELOPE / 64);
        let note = desk.pen.note(slip, &text);
        desk.keep(&[note]);
    }
    let stick = folder.path().join("to-hub.age");
    let large = |bytes: u64| assert!(bytes >= 3 * MOST, "{bytes}: the stick is as large as it was meant to be");
    large(written(&agency, &desk, &stick));
    let (taken, reading) = watched(&["bundle", "read", stick.to_str().unwrap()], &home);
    let entries = u64::try_from(ENTRIES).unwrap() + 2;
    assert_eq!(
        (&taken["new"], &taken["parts"], &taken["whole"]),
        (&entries.into(), &1.into(), &true.into()),
        "{taken}"
    );
    let back = folder.path().join("to-hq.age");
    let wish = ["bundle", "write", back.to_str().unwrap(), "--to", "HQ", "--attachments"];
    let (told, writing) = watched(&wish, &home);
    assert_eq!((&told["entries"], &told["parts"]), (&entries.into(), &1.into()), "{told}");
    large(fs::metadata(&back).unwrap().len());
    println!("a stick of {} bytes: {reading} bytes of memory to read one, {writing} to write one", told["bytes"]);
    assert!(reading < MOST && writing < MOST, "{reading} to read it, {writing} to write it, of {MOST}");
}
