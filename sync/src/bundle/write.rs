//! Writing a bundle: manifest, statements, items, padding, each as it comes, none of it held.

use std::io::{self, Write};

use amanat_keys::device::Signer;
use amanat_keys::padding::padme;
use amanat_keys::parcel;
use amanat_keys::recipient::Recipient;
use amanat_keys::statement::{Purpose, Statement};

use super::fault::BundleFault;
use super::frames::Counted;
use super::manifest::{Manifest, PartLine};
use crate::batch::Item;
use crate::cbor::count;
use crate::wire::codec::{ItemWriter, frame};
use crate::wire::limits;
use crate::wire::v1::RunHead;

/// What goes into a bundle beside the items.
#[derive(Clone, Copy, Debug)]
pub struct Cargo<'a> {
    /// What it says of itself; `papers` must be the number of `papers`.
    pub manifest: &'a Manifest,
    /// Statements verbatim: rosters oldest first, then other documents, then words of the hub.
    pub papers: &'a [Vec<u8>],
    /// The list of heads that the newest checkpoint among the papers hashes, or nothing.
    pub heads: &'a [u8],
}

impl Cargo<'_> {
    /// The most bytes that the file takes: the items at their full weight, padding, and what age adds.
    #[must_use]
    pub fn most(&self) -> u64 {
        let papers = self.papers.iter().fold(0, |sum, paper| count(paper.len()).saturating_add(sum));
        let runs = count(self.manifest.runs.len()).saturating_mul(RUN);
        let items = self.manifest.count().saturating_mul(FRAME);
        let lines = count(self.manifest.parts.len()).saturating_mul(RUN);
        let attached = self.manifest.parts.iter().fold(0_u64, |sum, part| sum.saturating_add(part.size));
        let frames = attached / count(limits::BUNDLE_PART_PIECE).saturating_mul(FRAME);
        let all = [self.manifest.bytes, papers, count(self.heads.len()), runs, items, lines, attached, frames, HEADER];
        let inside = padme(all.into_iter().fold(0, u64::saturating_add));
        // A tag of 16 bytes for each 64 KiB.
        inside.saturating_add(inside / 4096).saturating_add(HEADER)
    }
}

/// A run in the manifest, at most.
const RUN: u64 = 160;
/// What an item takes beside its entry, at most, where nothing of it can be left out.
const FRAME: u64 = 24;
/// Head, signature and stanzas.
const HEADER: u64 = 64 * 1024;

/// What was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// Bytes before sealing, padding included.
    pub bytes: u64,
    /// Items.
    pub items: u64,
}

/// Writes a bundle for these recipients to `output`, which is given back. `more` is asked for the items of a run after a number, one
/// piece at a time, until the run has what the manifest announces.
///
/// # Errors
/// A [`BundleFault`]; what was written by then is a bundle that says it is cut short.
pub fn write<W: Write>(
    cargo: Cargo<'_>,
    recipients: &[Recipient],
    signer: &Signer,
    output: W,
    more: impl FnMut(&RunHead, u64) -> Result<Vec<Item>, BundleFault>,
) -> Result<(W, Sealed), BundleFault> {
    write_with_parts(cargo, recipients, signer, output, more, |_line, _from| Ok(Vec::new()))
}

/// The same, with attachments: `part` is asked for bytes of one from a place on, until all that are announced are there.
///
/// # Errors
/// As [`write()`].
pub fn write_with_parts<W: Write>(
    cargo: Cargo<'_>,
    recipients: &[Recipient],
    signer: &Signer,
    output: W,
    mut more: impl FnMut(&RunHead, u64) -> Result<Vec<Item>, BundleFault>,
    mut part: impl FnMut(&PartLine, u64) -> Result<Vec<u8>, BundleFault>,
) -> Result<(W, Sealed), BundleFault> {
    let payload = amanat_keys::canonical::encode(cargo.manifest);
    let statement = Statement::signed_by(Purpose::Bundle, &cargo.manifest.agency, payload, signer).to_bytes();
    // A fault of the journal must come out as what it is, through a door that knows only faults of a file.
    let mut fault = None;
    let written = parcel::write(recipients, output, |inside| {
        let mut inside = Counted { inner: inside, bytes: 0 };
        match fill(&mut inside, cargo, &statement, &mut more, &mut part) {
            Ok(items) => Ok(Sealed { bytes: inside.bytes, items }),
            Err(BundleFault::Io(error)) => Err(error),
            Err(other) => {
                fault = Some(other);
                Err(io::Error::other("the bundle could not be filled"))
            }
        }
    });
    match (written, fault) {
        (_, Some(fault)) => Err(fault),
        (written, None) => Ok(written?),
    }
}

fn fill(
    out: &mut Counted<&mut dyn Write>,
    cargo: Cargo<'_>,
    statement: &[u8],
    more: &mut impl FnMut(&RunHead, u64) -> Result<Vec<Item>, BundleFault>,
    part: &mut impl FnMut(&PartLine, u64) -> Result<Vec<u8>, BundleFault>,
) -> Result<u64, BundleFault> {
    let put = |out: &mut Counted<&mut dyn Write>, bytes: &[u8]| out.write_all(bytes).map_err(BundleFault::Io);
    put(out, &frame(statement))?;
    for paper in cargo.papers {
        put(out, &frame(paper))?;
    }
    put(out, &frame(cargo.heads))?;
    let mut writer = ItemWriter::new(cargo.manifest.agency);
    let mut items = 0_u64;
    for run in &cargo.manifest.runs {
        writer.begin(run.clone());
        let mut after = run.first.saturating_sub(1);
        let last = after.saturating_add(run.count);
        while after < last {
            let mut piece = more(run, after)?;
            piece.truncate(usize::try_from(last.saturating_sub(after)).unwrap_or(usize::MAX));
            if piece.is_empty() {
                return Err(BundleFault::Malformed("fewer items than announced"));
            }
            after = after.saturating_add(count(piece.len()));
            for bytes in writer.more(&piece) {
                put(out, &bytes)?;
            }
            items = items.saturating_add(count(piece.len()));
        }
    }
    for line in &cargo.manifest.parts {
        let mut from = 0_u64;
        while from < line.size {
            let mut bytes = part(line, from)?;
            let left = usize::try_from(line.size.saturating_sub(from)).unwrap_or(usize::MAX);
            bytes.truncate(left.min(limits::BUNDLE_PART_PIECE));
            if bytes.is_empty() {
                return Err(BundleFault::Malformed("fewer bytes of an attachment than announced"));
            }
            from = from.saturating_add(count(bytes.len()));
            put(out, &frame(&bytes))?;
        }
    }
    out.pad().map_err(BundleFault::Io)?;
    Ok(items)
}
