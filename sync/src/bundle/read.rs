//! Reading a bundle: what is whole is given out while the rest has not been looked at, and in the end what is missing is named.

use std::io::Read;

use amanat_keys::error::KeysError;
use amanat_keys::fingerprint::{DeviceId, JournalId};
use amanat_keys::parcel::{self, ParcelReader};
use amanat_keys::recipient::ReadIdentity;
use amanat_keys::statement::{Purpose, Statement};
use amanat_keys::trust::Trust;
use minicbor::Decoder;

use super::fault::BundleFault;
use super::frames::Counted;
use super::manifest::{Manifest, PartLine};
use crate::batch::Run;
use crate::cbor::count;
use crate::wire::codec::{ItemReader, empty_run};
use crate::wire::limits;

/// A stretch that a bundle announces and did not bring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The device.
    pub device: DeviceId,
    /// Its journal.
    pub journal: JournalId,
    /// The first number that is missing.
    pub from: u64,
    /// The last.
    pub upto: u64,
}

/// A bundle under way. Statements come first, then items; each call gives what is next.
pub struct Bundle<R: Read> {
    input: Counted<ParcelReader<R>>,
    statement: Statement,
    manifest: Manifest,
    papers: u64,
    heads: Option<Vec<u8>>,
    items: ItemReader,
    read: u64,
    /// The attachment whose bytes are next, by its index in the manifest, and from where on.
    part: (usize, u64),
    ended: bool,
    /// What ended it, told once what was read before it has been given out.
    fault: Option<BundleFault>,
}

/// Opens a bundle with whichever identity fits and reads its manifest, which is still unproven.
///
/// # Errors
/// A [`BundleFault`].
pub fn open<'a, R: Read>(
    identities: impl IntoIterator<Item = &'a ReadIdentity>,
    input: R,
) -> Result<Bundle<R>, BundleFault> {
    let mut input = Counted { inner: parcel::open(identities, input)?, bytes: 0 };
    let first = input.frame(limits::MAX_MANIFEST)?;
    let statement = Statement::from_bytes(&first).map_err(|_why| BundleFault::Malformed("manifest"))?;
    if statement.purpose() != Purpose::Bundle {
        return Err(BundleFault::Malformed("manifest"));
    }
    version(statement.payload())?;
    let manifest: Manifest =
        amanat_keys::canonical::decode(statement.payload()).map_err(|_why| BundleFault::Malformed("manifest"))?;
    let items = ItemReader::new(manifest.agency, manifest.runs.clone());
    let papers = manifest.papers;
    Ok(Bundle {
        input,
        statement,
        manifest,
        papers,
        heads: None,
        items,
        read: 0,
        part: (0, 0),
        ended: false,
        fault: None,
    })
}

fn version(payload: &[u8]) -> Result<(), BundleFault> {
    let mut d = Decoder::new(payload);
    let found = d.array().and_then(|_n| d.u64()).map_err(|_why| BundleFault::Malformed("manifest"))?;
    if found == limits::WIRE_VERSION {
        return Ok(());
    }
    Err(BundleFault::Version { found, known: limits::WIRE_VERSION })
}

impl<R: Read> Bundle<R> {
    /// What it says of itself.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Demands that a device or hub of this roster signed the manifest. Asked after the papers have been read: they may bring the
    /// roster that names the writer.
    ///
    /// # Errors
    /// [`BundleFault::OtherAgency`], [`BundleFault::Unsigned`].
    pub fn prove(&self, trust: &Trust) -> Result<(), BundleFault> {
        if self.manifest.agency != trust.agency() {
            return Err(BundleFault::OtherAgency);
        }
        let proven: Result<Manifest, KeysError> = Manifest::prove(&self.statement, trust);
        proven.map(drop).map_err(BundleFault::Unsigned)
    }

    /// The next statement, `None` after the last.
    ///
    /// # Errors
    /// A [`BundleFault`].
    pub fn paper(&mut self) -> Result<Option<Vec<u8>>, BundleFault> {
        if self.papers == 0 {
            return Ok(None);
        }
        let paper = self.input.frame(limits::MAX_STATEMENT)?;
        self.papers = self.papers.saturating_sub(1);
        Ok(Some(paper))
    }

    /// The list of heads behind the statements; empty where there is none. Statements not yet read are passed over.
    ///
    /// # Errors
    /// A [`BundleFault`].
    pub fn heads(&mut self) -> Result<&[u8], BundleFault> {
        while self.paper()?.is_some() {}
        if self.heads.is_none() {
            self.heads = Some(self.input.frame(limits::MAX_HEADS_BYTES)?);
        }
        Ok(self.heads.as_deref().unwrap_or_default())
    }

    /// The next items, each run with its index in the manifest, as it goes on; `None` at the end of a bundle that is whole. An error is told after
    /// everything before it has been given out.
    ///
    /// # Errors
    /// A [`BundleFault`].
    pub fn piece(&mut self) -> Result<Option<Vec<(usize, Run)>>, BundleFault> {
        self.heads()?;
        let mut runs: Vec<(usize, Run)> = Vec::new();
        let (mut held, mut weight) = (0_u64, 0_u64);
        while self.fault.is_none() && held < limits::BUNDLE_PIECE && weight < limits::BUNDLE_PIECE_BYTES {
            if self.items.is_complete() {
                break;
            }
            match self.item() {
                Err(fault) => self.fault = Some(fault),
                Ok((index, run, bytes)) => {
                    held = held.saturating_add(count(run.items.len()));
                    weight = weight.saturating_add(bytes);
                    match runs.last_mut() {
                        Some((last, same)) if *last == index => same.items.extend(run.items),
                        _ => runs.push((index, run)),
                    }
                }
            }
        }
        self.read = self.read.saturating_add(held);
        if !runs.is_empty() {
            return Ok(Some(runs));
        }
        match self.fault.take() {
            Some(fault) => Err(fault),
            // Attachments follow.
            None if self.manifest.parts.len() > self.part.0 => Ok(None),
            None => self.end().map(|()| None),
        }
    }

    /// The next bytes of an attachment: which, from where on, and they; `None` at the end of a bundle that is whole. Items that were not
    /// asked for are passed over.
    ///
    /// # Errors
    /// A [`BundleFault`].
    pub fn part(&mut self) -> Result<Option<(PartLine, u64, Vec<u8>)>, BundleFault> {
        while self.piece()?.is_some() {}
        let (at, from) = self.part;
        let Some(line) = self.manifest.parts.get(at).copied() else { return self.end().map(|()| None) };
        let bytes = self.input.frame(limits::BUNDLE_PART_PIECE)?;
        let upto = from.saturating_add(count(bytes.len()));
        if bytes.is_empty() || upto > line.size {
            return Err(BundleFault::Malformed("a piece of an attachment"));
        }
        self.part = if upto == line.size { (at.saturating_add(1), 0) } else { (at, upto) };
        Ok(Some((line, from, bytes)))
    }

    /// Attachments that are announced and did not come whole.
    pub fn parts_missing(&self) -> usize {
        self.manifest.parts.len().saturating_sub(self.part.0)
    }

    fn end(&mut self) -> Result<(), BundleFault> {
        if !std::mem::replace(&mut self.ended, true) {
            self.input.end()?;
        }
        Ok(())
    }

    fn item(&mut self) -> Result<(usize, Run, u64), BundleFault> {
        let content = self.input.frame(limits::MAX_FRAME)?;
        let arrived = self.items.item(&content).map_err(BundleFault::inside)?;
        let head = self.manifest.runs.get(arrived.run).ok_or(BundleFault::Malformed("run"))?;
        let frame = empty_run(&self.manifest.agency, head);
        let run = Run { first: arrived.first, before: arrived.before, items: arrived.items, ..frame };
        Ok((arrived.run, run, count(content.len())))
    }

    /// Items read so far.
    pub fn read(&self) -> u64 {
        self.read
    }

    /// What was announced and has not been read.
    pub fn missing(&mut self) -> Vec<Missing> {
        let Some((at, next)) = self.items.place() else { return Vec::new() };
        let runs = self.manifest.runs.iter().enumerate().skip(at).filter(|(_, run)| run.count > 0);
        let missing = runs.map(|(index, run)| Missing {
            device: run.device,
            journal: run.journal,
            from: if index == at { next } else { run.first },
            upto: run.first.saturating_add(run.count).saturating_sub(1),
        });
        missing.collect()
    }
}
