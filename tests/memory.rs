//! What is in the memory of the program that a person uses: the keys and what they opened while it is unlocked, and nothing of either once it
//! is locked. Looked for in the running program from outside, byte by byte.

use std::{
    fs::File,
    io::{ErrorKind, Read as _, Seek as _, SeekFrom},
};

use age::secrecy::SecretString;
use minicbor::Decoder;

use crate::support::{Actor, TestAgency, Typist, record};

/// A word that no text has by chance.
const MARK: &str = "zormektalvik";

/// What must not be found, by name.
type Secrets = Vec<(&'static str, Vec<u8>)>;

/// What `identity.age` holds, opened as stock age would.
fn secrets(actor: &Actor) -> Secrets {
    let passphrase = std::fs::read_to_string(&actor.passphrase).unwrap().trim_end().to_owned();
    let mut identity = age::scrypt::Identity::new(SecretString::from(passphrase.clone()));
    identity.set_max_work_factor(18);
    let vault = age::decrypt(&identity, &std::fs::read(actor.file("identity.age")).unwrap()).unwrap();
    let mut d = Decoder::new(&vault);
    d.array().unwrap();
    d.u8().unwrap();
    d.bytes().unwrap();
    let seed = d.bytes().unwrap().to_vec();
    let identity = d.str().unwrap().to_owned();
    for _retired in 0..d.array().unwrap().unwrap() {
        d.str().unwrap();
    }
    let (vault_key, nonce_key) = (d.bytes().unwrap().to_vec(), d.bytes().unwrap().to_vec());
    vec![
        ("the passphrase", passphrase.into_bytes()),
        ("the signing seed", seed),
        ("the identity's bytes", bech32(&identity)),
        ("the identity as text", identity.into_bytes()),
        ("the vault key", vault_key),
        ("the nonce key", nonce_key),
        ("what was recorded", MARK.as_bytes().to_vec()),
    ]
}

/// The 32 bytes that the text of an age identity spells (BIP 173).
fn bech32(text: &str) -> Vec<u8> {
    let letters = "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L";
    let data = text.rsplit('1').next().unwrap();
    let bits: String =
        data[..data.len() - 6].chars().map(|letter| format!("{:05b}", letters.find(letter).unwrap())).collect();
    let eight = |at: usize| u8::from_str_radix(&bits[at * 8..at * 8 + 8], 2).unwrap();
    (0..32).map(eight).collect()
}

/// Everything that the process can read of its own, in the order of its addresses.
fn memory_of(pid: u32) -> Option<Vec<(String, Vec<u8>)>> {
    let maps = std::fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
    let mut memory = match File::open(format!("/proc/{pid}/mem")) {
        Ok(memory) => memory,
        // The program lets nobody of its own user look into it. Only the system's keeper can run the rest of this.
        Err(error) if error.kind() == ErrorKind::PermissionDenied => return None,
        Err(error) => panic!("{error}"),
    };
    let mut found = Vec::new();
    for line in maps.lines() {
        let mut words = line.split_whitespace();
        let (range, rights) = (words.next().unwrap(), words.next().unwrap());
        // What cannot be written holds no secret: the program's own code, and the files that it maps.
        if !rights.starts_with("rw") {
            continue;
        }
        let (from, to) = range.split_once('-').unwrap();
        let (from, to) = (u64::from_str_radix(from, 16).unwrap(), u64::from_str_radix(to, 16).unwrap());
        let mut bytes = vec![0; usize::try_from(to - from).unwrap()];
        // A stretch that goes away meanwhile, or was only reserved, is none that holds anything.
        if memory.seek(SeekFrom::Start(from)).is_ok() && memory.read_exact(&mut bytes).is_ok() {
            found.extend(written(&bytes).map(|(at, run)| (format!("{line} from {at:#x}"), run.to_vec())));
        }
    }
    Some(found)
}

/// The runs of pages in which anything stands, and where each begins: an allocator reserves a gigabyte and writes in little of it, and a
/// secret is no run of zeros.
fn written(bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    const PAGE: usize = 4096;
    let empty = |page: &[u8]| page == &[0; PAGE][..page.len()];
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < bytes.len() && empty(&bytes[at..bytes.len().min(at + PAGE)]) {
            at += PAGE;
        }
        let from = at;
        while at < bytes.len() && !empty(&bytes[at..bytes.len().min(at + PAGE)]) {
            at += PAGE;
        }
        (from < bytes.len()).then(|| (from, &bytes[from..bytes.len().min(at)]))
    })
}

/// Where each secret stands: the stretch of memory, and how far into it.
fn look(pid: u32, secrets: &Secrets) -> Option<Vec<(&'static str, Vec<String>)>> {
    let memory = memory_of(pid)?;
    let size: usize = memory.iter().map(|(_, bytes)| bytes.len()).sum();
    assert!(size > 1 << 20, "{size} bytes were read");
    let places = |secret: &[u8]| {
        let in_stretch = |(line, bytes): &(String, Vec<u8>)| {
            memchr::memmem::find_iter(bytes, secret).map(|at| format!("{line} +{at:#x}")).collect::<Vec<_>>()
        };
        memory.iter().flat_map(in_stretch).collect()
    };
    Some(secrets.iter().map(|(name, secret)| (*name, places(secret))).collect())
}

#[test]
fn a_locked_program_holds_no_key_and_nothing_that_one_opened() {
    let agency = TestAgency::offline();
    record(&agency.officer, 1, MARK);
    let secrets = secrets(&agency.officer);
    let mut typist = Typist::sits_down(&agency.officer.home, &[]);
    typist.sees("This device is locked");
    let passphrase = std::str::from_utf8(&secrets[0].1).unwrap().to_owned();
    typist.does(&format!("\"{passphrase}\" Enter"), "Cases");
    // What was recorded is in the casebook from here on.
    typist.sees("1 case");
    let Some(open) = look(typist.pid(), &secrets) else {
        println!(
            "this user may not look into the program, which is as it should be: run as root to see what is in there"
        );
        return;
    };
    for name in ["the signing seed", "the vault key", "what was recorded"] {
        let (_, places) = open.iter().find(|(of, _)| *of == name).unwrap();
        assert!(!places.is_empty(), "the search does not even find {name} while it is in use: {open:?}");
    }
    typist.does("C-l", "This device is locked");
    let left = || {
        let locked = look(typist.pid(), &secrets).unwrap();
        locked.into_iter().filter(|(_, places)| !places.is_empty()).collect::<Vec<_>>()
    };
    // A courier that was on its way lets go of its key when it hears of the lock, which a busy machine may take a moment for.
    typist.waits_until("every key is gone", || left().is_empty());
}
