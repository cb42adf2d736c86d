//! Bundles written and read in memory: whole, cut anywhere, changed anywhere, and put together wrongly.

use amanat_keys::device::Signer;
use amanat_keys::fingerprint::{AgencyId, Digest};
use amanat_keys::padding::padme;
use amanat_keys::parcel::{self, ParcelFault};
use amanat_keys::recipient::ReadIdentity;
use amanat_keys::statement::{Purpose, Statement};

use super::*;
use crate::batch::Item;
use crate::specimen::{Pen, receipt};
use crate::wire::codec::{frame, run_head};
use crate::wire::limits;

/// What a test puts into a bundle.
struct Packed {
    reader: ReadIdentity,
    manifest: Manifest,
    papers: Vec<Vec<u8>>,
    runs: Vec<crate::batch::Run>,
    signer: Signer,
}

fn packed() -> Packed {
    let (mut one, mut two) = (Pen::new(1), Pen::stranger(9, 2));
    one.story(1, 12);
    two.story(1, 3).story(2, 3);
    // The second begins behind bare hashes, as for a unit.
    let runs = vec![one.run(1, |_| true), two.run(1, |seq| seq > 4)];
    let agency = AgencyId::from_bytes([1; 32]);
    let papers = vec![receipt(&one, 1, 5).1, receipt(&two, 1, 2).1];
    let manifest = Manifest {
        agency,
        from: one.device(),
        to: vec![Digest::from_bytes([4; 32])],
        runs: runs.iter().map(|run| run_head(&agency, run)).collect(),
        checkpoint: Some(Seen { epoch: 1, number: 7, hash: Digest::from_bytes([6; 32]) }),
        roster: 3,
        papers: 2,
        bytes: runs.iter().flat_map(|run| &run.items).map(Item::size).sum(),
        parts: Vec::new(),
    };
    Packed { reader: ReadIdentity::generate().unwrap(), manifest, papers, runs, signer: one.signer.clone() }
}

impl Packed {
    fn write(&self) -> Vec<u8> {
        let cargo = Cargo { manifest: &self.manifest, papers: &self.papers, heads: b"list" };
        let mut at = 0;
        let more = |run: &crate::wire::v1::RunHead, after: u64| {
            at += 1;
            let held = self.runs.iter().find(|held| held.journal == run.journal).unwrap();
            let skip = usize::try_from(after + 1 - held.first).unwrap();
            // Pieces of any size make the same bundle.
            Ok(held.items.iter().skip(skip).take(1 + at % 3).cloned().collect())
        };
        let to = [self.reader.recipient().clone()];
        let (file, sealed) = write(cargo, &to, &self.signer, Vec::new(), more).unwrap();
        assert_eq!(sealed.items, self.manifest.count());
        assert_eq!(sealed.bytes, padme(sealed.bytes), "padded");
        assert!(u64::try_from(file.len()).unwrap() <= cargo.most());
        file
    }
}

/// Papers, items, what is missing, and how it ended.
type Came = (Vec<Vec<u8>>, Vec<Item>, Vec<Missing>, Result<(), BundleFault>);

/// Everything that can be read of a file.
fn read(reader: &ReadIdentity, file: &[u8]) -> Came {
    let (mut papers, mut items) = (Vec::new(), Vec::new());
    let mut bundle = match open([reader], file) {
        Ok(bundle) => bundle,
        Err(fault) => return (papers, items, Vec::new(), Err(fault)),
    };
    let ended = loop {
        match bundle.paper() {
            Ok(Some(paper)) => papers.push(paper),
            Ok(None) => match bundle.piece() {
                Ok(Some(runs)) => items.extend(runs.into_iter().flat_map(|(_, run)| run.items)),
                Ok(None) => break Ok(()),
                Err(fault) => break Err(fault),
            },
            Err(fault) => break Err(fault),
        }
    };
    assert_eq!(bundle.read(), u64::try_from(items.len()).unwrap());
    (papers, items, bundle.missing(), ended)
}

#[test]
fn what_was_written_is_read_and_the_manifest_says_it() {
    let packed = packed();
    let file = packed.write();
    let mut bundle = open([&packed.reader], file.as_slice()).unwrap();
    assert_eq!(bundle.manifest(), &packed.manifest);
    assert_eq!(bundle.heads().unwrap(), b"list");
    let (papers, items, missing, ended) = read(&packed.reader, &file);
    assert!(ended.is_ok() && missing.is_empty());
    assert_eq!(papers, packed.papers);
    assert_eq!(items, packed.runs.iter().flat_map(|run| run.items.clone()).collect::<Vec<_>>());
}

#[test]
fn a_cut_anywhere_gives_what_came_whole_and_names_the_rest() {
    let packed = packed();
    let file = packed.write();
    let all: Vec<Item> = packed.runs.iter().flat_map(|run| run.items.clone()).collect();
    let header = file.windows(5).position(|window| window == b"\n--- ").unwrap();
    for cut in (0..file.len()).step_by(7) {
        let (papers, items, missing, ended) = read(&packed.reader, &file[..cut]);
        let fault = ended.expect_err("it is cut");
        if cut <= header {
            assert!(matches!(fault, BundleFault::Parcel(_)), "{cut}: {fault:?}");
        } else {
            // A header that is cut in its last line is no header; behind it the file is cut.
            assert!(
                matches!(fault, BundleFault::Cut | BundleFault::Parcel(_) | BundleFault::Damaged),
                "{cut}: {fault:?}"
            );
        }
        assert!(packed.papers.starts_with(&papers) && all.starts_with(&items));
        let short: u64 = missing.iter().map(|it| it.upto - it.from + 1).sum();
        assert!(missing.is_empty() || short + u64::try_from(items.len()).unwrap() == packed.manifest.count());
    }
}

#[test]
fn a_changed_byte_anywhere_is_found() {
    let packed = packed();
    let file = packed.write();
    let mut named = std::collections::BTreeMap::<String, u64>::new();
    for place in 0..file.len() {
        let mut changed = file.clone();
        changed[place] ^= 1 << (place % 8);
        let (.., ended) = read(&packed.reader, &changed);
        let told = match ended {
            Err(fault) => fault.to_string(),
            // The grease and its neighbours can be spelt otherwise; age's MAC covers every byte of the header.
            Ok(()) => panic!("byte {place} was changed and nobody noticed"),
        };
        *named.entry(told).or_default() += 1;
    }
    assert!(named.len() >= 3, "{named:?}");
}

/// A parcel with this inside.
fn sealed(reader: &ReadIdentity, inside: &[u8]) -> Vec<u8> {
    parcel::write(&[reader.recipient().clone()], Vec::new(), |out| out.write_all(inside)).unwrap().0
}

fn padded(mut inside: Vec<u8>) -> Vec<u8> {
    let whole = padme(u64::try_from(inside.len()).unwrap());
    inside.resize(usize::try_from(whole).unwrap(), 0);
    inside
}

/// The frames of an empty bundle with this payload.
fn empty(payload: Vec<u8>, signer: &Signer) -> Vec<u8> {
    let statement = Statement::signed_by(Purpose::Bundle, &AgencyId::from_bytes([1; 32]), payload, signer);
    [frame(&statement.to_bytes()), frame(b"")].concat()
}

#[test]
fn what_is_put_together_wrongly_is_named() {
    let packed = packed();
    let (reader, signer) = (&packed.reader, &packed.signer);
    let bare = Manifest { runs: Vec::new(), papers: 0, bytes: 0, ..packed.manifest.clone() };
    let good = amanat_keys::canonical::encode(&bare);
    let end = |inside: Vec<u8>| read(reader, &sealed(reader, &inside)).3;
    assert!(end(padded(empty(good.clone(), signer))).is_ok(), "the specimen without its fault is accepted");

    let malformed = |inside: Vec<u8>, what: &str| match end(inside) {
        Err(BundleFault::Malformed(said)) => assert_eq!(said, what),
        other => panic!("{what}: {other:?}"),
    };
    malformed([padded(empty(good.clone(), signer)), vec![0]].concat(), "not padded to its size");
    malformed(empty(good.clone(), signer)[..].to_vec(), "not padded to its size");
    let mut dirty = padded(empty(good.clone(), signer));
    *dirty.last_mut().unwrap() = 1;
    malformed(dirty, "bytes after the last item");
    malformed(padded(frame(b"no statement")), "manifest");
    malformed(b"\x00".to_vec(), "frame");
    let receipt = frame(&packed.papers[0]);
    malformed(padded(receipt), "manifest");
    let mut later = good.clone();
    later[1] = 2;
    assert!(matches!(end(padded(empty(later, signer))), Err(BundleFault::Version { found: 2, known: 1 })));
    let mut miscounted = amanat_keys::canonical::encode(&bare);
    let at = miscounted.len() - 3;
    miscounted[at] = 5;
    malformed(padded(empty(miscounted, signer)), "manifest");
    let many = Manifest { to: vec![Digest::ZERO; limits::BUNDLE_READERS + 1], ..bare.clone() };
    malformed(padded(empty(amanat_keys::canonical::encode(&many), signer)), "manifest");
    let announced = Manifest { papers: 1, ..bare };
    let inside = [
        frame(
            &Statement::signed_by(
                Purpose::Bundle,
                &announced.agency,
                amanat_keys::canonical::encode(&announced),
                signer,
            )
            .to_bytes(),
        ),
        b"\x5a\xff\xff\xff\xff".to_vec(),
    ]
    .concat();
    assert!(matches!(end(inside), Err(BundleFault::TooBig("frame"))), "a length alone is enough to refuse");
}

#[test]
fn a_file_for_somebody_else_or_for_nobody_is_not_opened() {
    let packed = packed();
    let file = packed.write();
    let stranger = ReadIdentity::generate().unwrap();
    assert!(matches!(read(&stranger, &file).3, Err(BundleFault::Parcel(ParcelFault::NotForUs))));
    for bytes in [&b""[..], b"age-encryption.org/v1\n", b"SQLite format 3\0", &[b'\n'; 100_000]] {
        assert!(matches!(read(&packed.reader, bytes).3, Err(BundleFault::Parcel(ParcelFault::NotAParcel))));
    }
    let scrypt = b"age-encryption.org/v1\n-> scrypt AAAAAAAAAAAAAAAAAAAAAA 30\n";
    assert!(matches!(read(&packed.reader, scrypt).3, Err(BundleFault::Parcel(ParcelFault::Passphrase))));
    let many = vec![packed.reader.recipient().clone(); limits::BUNDLE_READERS + 1];
    let cargo = Cargo { manifest: &packed.manifest, papers: &[], heads: &[] };
    let refused = write(cargo, &many, &packed.signer, Vec::new(), |_, _| panic!("nothing is read"));
    assert!(matches!(refused, Err(BundleFault::Parcel(ParcelFault::Recipients(_)))), "{refused:?}");
}

#[test]
fn whoever_writes_stops_where_they_are_told_and_says_why() {
    let packed = packed();
    let cargo = Cargo { manifest: &packed.manifest, papers: &packed.papers, heads: &[] };
    let to = [packed.reader.recipient().clone()];
    let stopped = write(cargo, &to, &packed.signer, Vec::new(), |_, _| Err(BundleFault::Stopped));
    assert!(matches!(stopped, Err(BundleFault::Stopped)), "{stopped:?}");
    let short = write(cargo, &to, &packed.signer, Vec::new(), |_, _| Ok(Vec::new()));
    assert!(matches!(short, Err(BundleFault::Malformed("fewer items than announced"))), "{short:?}");
}
