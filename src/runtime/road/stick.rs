//! A stick: what this device puts on one, and what it takes from one. The work needs a handle of its own on the journal and a signing
//! handle, and no key that opens an entry; so it can be done beside the desk.

use std::{
    fs::File,
    io::BufReader,
    path::{Path, PathBuf},
};

use amanat_keys::{
    device::Signer,
    fingerprint::{DeviceId, Digest},
    recipient::Recipient,
    trust::Trust,
};
use amanat_sync::{
    bundle::{self, Bundle, BundleFault, Cargo},
    courier::{self, Party, TakenIn},
    journal::SqliteJournal,
    part_files::PartFiles,
    road::Road,
    stick_file,
    wire::limits::BUNDLE_READERS,
};

use super::stick_fault;
use crate::{
    failure::Failure,
    runtime::{fault, homes::home::Home},
};

/// A bundle that was opened: it gives what is inside, and no key.
pub type Opened = Bundle<BufReader<File>>;

/// Hears how many entries of how many are done, and says whether to go on.
pub type Told<'a> = &'a mut dyn FnMut(u64, u64) -> bool;

/// Whom a bundle is sealed to.
#[derive(Clone, Debug)]
pub struct Addressee {
    /// What they are called.
    pub name: String,
    recipients: Vec<Recipient>,
    ids: Vec<Digest>,
    hub: bool,
}

/// What is on a stick now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrote {
    /// The file.
    pub path: PathBuf,
    /// Whom it is for.
    pub to: String,
    /// Entries that headquarters has not signed for.
    pub entries: u64,
    /// Those among them that others wrote.
    pub of_others: u64,
    /// Receipts for others that ride back to them.
    pub receipts: u64,
    /// Attachments whose bytes are on it.
    pub parts: usize,
    /// Attachments that headquarters may lack and for which there was no room.
    pub parts_left: u64,
    /// Bytes of the file.
    pub bytes: u64,
}

/// Why nothing was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unwritten {
    /// For a command.
    pub failure: Failure,
    /// For the screen: the key of its words; empty where the failure's own must do.
    pub word: &'static str,
}

/// What the work on a stick needs.
pub struct StickJob {
    journal: SqliteJournal,
    party: Party,
    trust: Trust,
    signer: Signer,
    parts: PartFiles,
}

impl StickJob {
    /// From an open home.
    ///
    /// # Errors
    /// Usage before the device has joined; what the journal refuses.
    pub fn new(home: &Home) -> Result<Self, Failure> {
        let trust = home.trust()?.clone();
        let hub = home.hub().map_or(DeviceId::ZERO, |hub| hub.id);
        let party = Party { agency: trust.agency(), device: home.device(), hub };
        let journal = home.journal().another().map_err(|error| fault::sync("opening the journal again", &error))?;
        Ok(Self { journal, party, trust, signer: home.signer(), parts: home.part_files() })
    }

    /// Writes what waits, and what whoever reads it may lack. When this returns, the file is whole, on the medium, and was read back;
    /// and the device's books say that what is in it was handed over.
    ///
    /// # Errors
    /// A sentence for a person; a file that had the name before is untouched then.
    pub fn write(&mut self, path: &Path, to: &Addressee, told: Told<'_>) -> Result<Wrote, Unwritten> {
        let path = named(path, to);
        let doing = format!("writing {}", path.display());
        let local = |error| Unwritten { failure: fault::sync(&doing, &error), word: "" };
        let (whose, whom) = ((self.party, &self.trust), (to.ids.clone(), to.hub));
        // Entries have their room first; attachments take what is left of it.
        let room = |entries: &bundle::Load| {
            let most = Cargo { manifest: &entries.manifest, papers: &entries.papers, heads: &[] }.most();
            stick_file::room(&path).map_or(u64::MAX, |free| free.saturating_sub(most) / 100 * 85)
        };
        let load = bundle::load_with_parts(&self.journal, whose, whom, &self.parts, room).map_err(local)?;
        let cargo = Cargo { manifest: &load.manifest, papers: &load.papers, heads: &[] };
        let (journal, waiting) = (&self.journal, load.manifest.count());
        let mut done = 0;
        let (_, bytes) = stick_file::write_whole(&path, cargo.most(), |out| {
            let more = |run: &amanat_sync::wire::v1::RunHead, after| {
                if !told(done, waiting) {
                    return Err(BundleFault::Stopped);
                }
                let items = load.items(journal, run, after)?;
                done += u64::try_from(items.len()).unwrap_or(0);
                Ok(items)
            };
            let part = |line: &bundle::PartLine, from| bundle::Load::part(&self.parts, line, from);
            let written = bundle::write_with_parts(cargo, &to.recipients, &self.signer, out, more, part);
            written.map(|(_, sealed)| sealed)
        })
        .map_err(|error| stick_fault::writing(&doing, error))?;
        let road = Road::read(&self.journal).map_err(local)?;
        load.handed(&road).write(&mut self.journal).map_err(local)?;
        let own = amanat_sync::journal::Journal::status(&self.journal, &self.party.hub).map_err(local)?;
        let receipts = u64::try_from(own.passed.len()).unwrap_or(0);
        let of_others = load.waiting_of_others(&self.party.device);
        let (parts, parts_left) = (load.manifest.parts.len(), load.parts_left);
        Ok(Wrote { path, to: to.name.clone(), entries: load.waiting(), of_others, receipts, parts, parts_left, bytes })
    }

    /// Takes in what an opened bundle brings, as far as it is whole.
    pub fn take_in(&mut self, bundle: &mut Opened, told: Told<'_>) -> TakenIn {
        let announced = bundle.manifest().count();
        let (files, whose) = (self.parts.clone(), (self.party, &mut self.trust));
        courier::take_in_with_parts(files, &mut self.journal, whose, bundle, |done| told(done, announced))
    }
}

/// A folder gets a file of its own in it; a file keeps its name.
fn named(path: &Path, to: &Addressee) -> PathBuf {
    if !path.is_dir() {
        return path.to_owned();
    }
    let plain = |letter: char| if letter.is_alphanumeric() { letter } else { '-' };
    let name: String = to.name.to_lowercase().chars().map(plain).collect();
    let parts: Vec<&str> = name.split('-').filter(|part| !part.is_empty()).collect();
    path.join(format!("amanat-to-{}.age", parts.join("-")))
}

impl Home {
    /// Whom a bundle goes to: the hub, or a unit by its name.
    ///
    /// # Errors
    /// Usage when there is nobody of this name, or the roster names no hub.
    pub fn addressee(&self, to: Option<&str>) -> Result<Addressee, Failure> {
        let Some(name) = to else {
            let hub = self.hub().ok_or_else(|| {
                Failure::usage(
                    "looking for the hub — the roster names none",
                    "The roster of this device may be old: take the newest pack (amanat device join PACK --fingerprint WORDS). If it \
                     names no hub either, have the admin approve one: amanat roster approve FILE --role hub.",
                )
            })?;
            let ids = vec![Digest::from_bytes(*hub.id.as_bytes())];
            return Ok(Addressee { name: hub.name.clone(), recipients: vec![hub.transport.clone()], ids, hub: true });
        };
        let roster = self.trust()?.roster();
        let unit = roster.units.iter().find(|unit| unit.name == name).ok_or_else(|| {
            let names: Vec<&str> = roster.units.iter().map(|unit| unit.name.as_str()).collect();
            Failure::usage(
                format!("looking for the unit {name} — the roster knows none of this name"),
                format!("The units are: {}.", names.join(" · ")),
            )
        })?;
        let works = |device: &&amanat_keys::roster::Device| {
            let member = roster.member(&device.member);
            device.is_active() && member.is_some_and(|member| member.roles.iter().any(|(_, of)| *of == unit.id))
        };
        let devices: Vec<_> = roster.devices.iter().filter(works).collect();
        let mut recipients: Vec<Recipient> = unit.recipient.iter().cloned().collect();
        let mut ids = vec![Digest::from_bytes(*unit.id.as_bytes())];
        // More than an age header may carry: whoever reads for the unit opens it by the unit's key.
        let room = BUNDLE_READERS.min(roster.kind.parcel_readers()).saturating_sub(recipients.len());
        if devices.len() <= room || unit.recipient.is_none() {
            recipients.extend(devices.iter().take(room).map(|device| device.recipient.clone()));
            ids.extend(
                devices.iter().take(room.saturating_sub(1)).map(|device| Digest::from_bytes(*device.id.as_bytes())),
            );
        }
        if recipients.is_empty() {
            return Err(Failure::usage(
                format!("looking for the unit {name} — it has no key and no device yet"),
                "Enrol its supervisor first.",
            ));
        }
        Ok(Addressee { name: name.to_owned(), recipients, ids, hub: false })
    }

    /// Opens a bundle with whichever key of this device fits.
    ///
    /// # Errors
    /// A sentence for a person.
    pub fn open_stick(&self, path: &Path) -> Result<Opened, Failure> {
        let doing = format!("reading {}", path.display());
        let path = self.found(path);
        let file = File::open(&path).map_err(|error| Failure::disk(&doing, &error))?;
        let identities = self.identities();
        bundle::open(identities.values(), BufReader::new(file)).map_err(|error| stick_fault::reading(&doing, &error))
    }

    /// In a folder the newest bundle is meant.
    fn found(&self, path: &Path) -> PathBuf {
        let Ok(folder) = std::fs::read_dir(path) else { return path.to_owned() };
        let bundles = folder.filter_map(Result::ok).filter(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            name.starts_with("amanat-to-") && name.ends_with(".age")
        });
        let newest = bundles.max_by_key(|entry| entry.metadata().and_then(|metadata| metadata.modified()).ok());
        newest.map_or_else(|| path.to_owned(), |entry| entry.path())
    }
}
