//! How fast entries are sealed, kept (without the disk) and opened, beside an age file for each entry.
//!
//! `cargo bench -p amanat-keys --bench payload`. One core, made-up entries of about 1 KiB from a fixed seed; each figure is the
//! median of eleven runs with its quartiles, and the yardstick is measured in between, in the same process.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a bench measures, prints and may stop"
)]

mod figure;

use std::hint::black_box;
use std::io::{Read, Write};
use std::time::Instant;

use amanat_keys::fingerprint::{AgencyId, CaseId, DeviceId, Digest, JournalId};
use amanat_keys::recipient::{ReadIdentity, RecipientKind};
use amanat_keys::row_seal::RowSeal;
use amanat_keys::{CaseKey, NonceHedge, NonceKey, Place, Slip, envelope, payload};
use ed25519_dalek::{Signer, SigningKey};
use figure::{Figure, Goal, Spread};

const SEED: u64 = 42;
const ENTRIES: usize = 200;
const RUNS: usize = 11;

fn main() {
    let entries = made_up_entries();
    let bytes: usize = entries.iter().map(Vec::len).sum();
    println!(
        "{ENTRIES} made-up entries, {} bytes of JSON each on average, seed {SEED}, {RUNS} runs, one core",
        bytes / ENTRIES
    );

    let key = CaseKey::from_bytes([7; 16]);
    let nonce_key = NonceKey::from_bytes([9; 32]);
    let hedge = NonceHedge { key: &nonce_key, link: Digest::of(b"link") };
    let sealed: Vec<_> =
        entries.iter().zip(1..).map(|(entry, seq)| envelope::seal(entry, &place(seq), &key, &hedge).unwrap()).collect();
    let sealed_bytes: usize = sealed.iter().map(|s| s.envelope.len()).sum();
    println!("envelopes: {} bytes each on average, {:.3} of plain", sealed_bytes / ENTRIES, ratio(sealed_bytes, bytes));

    let (payload_rates, age_rates) = payloads(&entries, &key);
    let keep = keeping(&entries, &key, &hedge);
    let opened = measure("envelope: open, every check", || {
        for (sealed, seq) in sealed.iter().zip(1..) {
            let json = envelope::open(&sealed.envelope, &place(seq), &key, &sealed.commitment, &sealed.digest);
            black_box(json.unwrap());
        }
    });
    // On a quiet machine of the kind where the goals were set, an age file of its own is sealed and opened 15 000 times a second.
    slips(&key);
    for (what, spread, goal, (yardstick, beside)) in [
        ("age payload: seal, one core", payload_rates.0, 100_000.0, ("an age file each", age_rates.0)),
        ("age payload: open, one core", payload_rates.1, 100_000.0, ("an age file each", age_rates.1)),
        ("keep without the disk: seal, sign, chain, row", keep, 12_000.0, ("an age file each", age_rates.0)),
        ("open an entry, every check", opened, 60_000.0, ("an age file each", age_rates.1)),
    ] {
        let goal = Goal::AtLeast(goal);
        Figure { what, unit: "entries/s", spread, yardstick: Some((yardstick, beside)), goal }.print();
    }
}

/// What the kind of recipient costs: a slip for a unit and headquarters, made and opened by the second of them, and its bytes.
fn slips(key: &CaseKey) {
    for kind in [RecipientKind::X25519, RecipientKind::MlKem768X25519] {
        let readers = [ReadIdentity::of_kind(kind).unwrap(), ReadIdentity::of_kind(kind).unwrap()];
        let to = readers.each_ref().map(|reader| reader.recipient().clone());
        let (place, slip) = (place(1), Slip::make(key, &to).unwrap());
        let word = kind.word();
        println!("a slip for two {word} readers: {} bytes, {} for each reader", slip.len(), kind.slip_bytes());
        measure(&format!("slip for two {word} readers: make"), || {
            for _ in 0..ENTRIES {
                black_box(Slip::make(key, &to).unwrap());
            }
        });
        measure(&format!("slip for two {word} readers: open"), || {
            for _ in 0..ENTRIES {
                let parsed = Slip::parse(&slip, 2).unwrap().for_reader(1);
                black_box(parsed.open([&readers[1]], &place, &key.id(&place)).unwrap());
            }
        });
    }
}

/// Seal and open, of payloads under one key and of an age file each.
fn payloads(entries: &[Vec<u8>], key: &CaseKey) -> ((Spread, Spread), (Spread, Spread)) {
    let seal = measure("payload: seal", || {
        for entry in entries {
            black_box(payload::seal(key, &[3; 16], entry));
        }
    });
    let payloads: Vec<_> = entries.iter().map(|entry| payload::seal(key, &[3; 16], entry)).collect();
    let open = measure("payload: open", || {
        for sealed in &payloads {
            black_box(payload::open(key, sealed).unwrap());
        }
    });

    let identity = age::x25519::Identity::generate();
    let recipient = identity.to_public();
    let age_seal = measure("age file each: seal (yardstick)", || {
        for entry in entries {
            black_box(age_file(&recipient, entry));
        }
    });
    let files: Vec<_> = entries.iter().map(|entry| age_file(&recipient, entry)).collect();
    let age_open = measure("age file each: open (yardstick)", || {
        for file in &files {
            let decryptor = age::Decryptor::new_buffered(file.as_slice()).unwrap();
            let identities = std::iter::once(&identity as &dyn age::Identity);
            let mut plain = Vec::new();
            decryptor.decrypt(identities).unwrap().read_to_end(&mut plain).unwrap();
            black_box(plain);
        }
    });

    ((seal, open), (age_seal, age_open))
}

/// All that keeping an entry takes but for the disk.
fn keeping(entries: &[Vec<u8>], key: &CaseKey, hedge: &NonceHedge<'_>) -> Spread {
    measure("of which zstd: compress, no dictionary", compress_alone(entries));
    measure("of which SHA-256 of 1 KiB", || {
        for entry in entries {
            black_box(Digest::of(entry));
        }
    });
    measure("envelope: seal", || {
        for (entry, seq) in entries.iter().zip(1..) {
            black_box(envelope::seal(entry, &place(seq), key, hedge).unwrap());
        }
    });
    let signer = SigningKey::from_bytes(&[5; 32]);
    let row_seal = RowSeal::new(&[8; 32]);
    measure("of which Ed25519: sign", || {
        for entry in entries {
            black_box(signer.sign(entry.get(..300).unwrap_or(entry)));
        }
    });
    measure("keep without the disk", || {
        for (entry, seq) in entries.iter().zip(1..) {
            let sealed = envelope::seal(entry, &place(seq), key, hedge).unwrap();
            let mut header = vec![0xA5; 200];
            header.extend_from_slice(sealed.commitment.as_bytes());
            header.extend_from_slice(sealed.digest.as_bytes());
            let link = Digest::tagged("link", &[Digest::of(b"").as_bytes(), Digest::of(&header).as_bytes()]);
            let signature = signer.sign(&header);
            header.extend_from_slice(&sealed.envelope);
            let row = row_seal.seal("entries", &[0; 24], &[4; 16], &[6; 32], &header).unwrap();
            black_box((signature, link, row));
        }
    })
}

fn compress_alone(entries: &[Vec<u8>]) -> impl FnMut() {
    let mut compressor = zstd::bulk::Compressor::new(3).unwrap();
    move || {
        for entry in entries {
            black_box(compressor.compress(entry).unwrap());
        }
    }
}

fn age_file(recipient: &age::x25519::Recipient, plain: &[u8]) -> Vec<u8> {
    let encryptor = age::Encryptor::with_recipients(std::iter::once(recipient as &dyn age::Recipient)).unwrap();
    let mut writer = encryptor.wrap_output(Vec::new()).unwrap();
    writer.write_all(plain).unwrap();
    writer.finish().unwrap()
}

fn place(seq: u64) -> Place {
    Place {
        agency: AgencyId::from_bytes([1; 32]),
        device: DeviceId::from_bytes([2; 32]),
        journal: JournalId::from_bytes([3; 16]),
        seq,
        case: CaseId::from_bytes([4; 16]),
        key: 1,
    }
}

/// Runs `work`, which does [`ENTRIES`] entries, until a run takes long enough; prints and returns the rate.
fn measure(name: &str, mut work: impl FnMut()) -> Spread {
    work();
    let rates: Vec<f64> = (0..RUNS)
        .map(|_| {
            let start = Instant::now();
            let mut rounds = 0_u32;
            while start.elapsed().as_millis() < 40 {
                work();
                rounds += 1;
            }
            f64::from(rounds) * f64::from(u32::try_from(ENTRIES).unwrap()) / start.elapsed().as_secs_f64()
        })
        .collect();
    let spread = Spread::of(rates);
    let Spread { low, median, high, .. } = spread;
    println!("{name:<40} {median:>9.0} a second  ({low:.0} – {high:.0})  {:.2} µs", 1e6 / median);
    spread
}

fn ratio(part: usize, whole: usize) -> f64 {
    f64::from(u32::try_from(part).unwrap()) / f64::from(u32::try_from(whole).unwrap())
}

/// JSON notes of about 1 KiB: words made of made-up syllables, the early ones more often than the late.
fn made_up_entries() -> Vec<Vec<u8>> {
    let mut random = SEED;
    let mut next = move |below: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        usize::try_from(random >> 11).unwrap() % below
    };
    let syllables = ["ba", "den", "gi", "kor", "lu", "mas", "ne", "pir", "ro", "sta", "tul", "vey", "chan", "sho"];
    let words: Vec<String> =
        (0..3000).map(|_| (0..2 + next(3)).map(|_| syllables[next(syllables.len())]).collect()).collect();
    (0..ENTRIES)
        .map(|number| {
            let mut text = format!("{{\"kind\":\"note\",\"number\":{number},\"text\":\"");
            while text.len() < 1000 {
                let reach = 1 + next(words.len());
                text.push_str(&words[next(reach)]);
                text.push(' ');
            }
            text.push_str("\"}");
            text.into_bytes()
        })
        .collect()
}
