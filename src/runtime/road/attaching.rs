//! Attachments on the desk: a file is sealed beside the journal and then kept with its entry; what is sealed is opened into a place
//! that a person chose. The plaintext goes nowhere else, and is never whole in memory.

use std::{
    collections::HashSet,
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Cursor, Read, Seek, Write},
    path::{Path, PathBuf},
};

use amanat_keys::{
    case_key::CaseKey,
    fingerprint::{CaseId, Digest, JournalId},
    part::{self, PartFault, SealedPart},
    payload::NonceHedge,
};
use amanat_sync::{
    batch::Limit,
    entry::{EntryRef, Part, SealedEntry},
    error::SyncError,
    journal::{Journal as _, Line, State, Wanted},
    own_files::private,
    part_files::{PartFiles, Wish},
    wire::limits::MAX_PARTS,
    wire::parts::PartAt,
};

use super::media;
use crate::{
    codebook::{self, Codebook, Origin, Surroundings},
    failure::Failure,
    model::{
        self, Answer, Answers, Attached, Author, Draft, DraftId, Entry, FormRef, Given, Lang, ListedPart, PartHash,
        Problems, Sheet, Value,
    },
    runtime::{
        border::sealed_digest,
        clock,
        entries::{keep::ToKeep, parts_again::Lying, ring::Purpose, sealing::SealedParts},
        fault,
        homes::home::Home,
    },
};

/// Entries that are looked through at a time.
const PAGE: Limit = Limit { items: 1024, bytes: 4 << 20 };
/// Longest name of a file that is kept, in bytes: what file systems allow.
const NAME: usize = 255;

/// A file to attach.
#[derive(Clone, Debug)]
pub struct ToAttach {
    /// Where it is.
    pub path: PathBuf,
    /// What a person says it is; else it is looked at.
    pub media: Option<String>,
}

/// The form that attachments are kept with, and its question for words.
const FORM: &str = "note";
const WORDS: &str = "note_text";

/// The note that files are kept with: what a person says of them, else what kinds of file they are. Never their names, which may be
/// those of people.
///
/// # Errors
/// The problems of the form.
pub fn note(
    codebook: &Codebook,
    case: model::CaseId,
    officer: &Answers,
    (files, words): (&[ToAttach], Option<&str>),
    around: &Surroundings,
) -> Result<(Sheet, Problems), (FormRef, Problems)> {
    let nothing = || (FormRef { id: FORM.into(), version: 0 }, Problems::default());
    let form = codebook.newest(FORM).ok_or_else(nothing)?;
    let kinds = || files.iter().map(|file| file.kind()).collect::<Vec<_>>().join(", ");
    let words = words.map_or_else(kinds, str::to_owned);
    let mut answers = codebook::presets(form, clock::now(), officer);
    answers.set(WORDS.into(), Given::from(Answer::Value(Value::Text(words.into()))));
    let id = DraftId::from_bytes(*JournalId::random().as_bytes());
    let (started, lang) = (clock::now(), Lang::En);
    let draft = Draft { case: Some(case), ..Draft::begun(id, form.form.clone(), answers, started, lang) };
    let finished = codebook::finish_among(form, codebook, &draft, Origin::Officer, around);
    finished.map_err(|problems| (form.form.clone(), problems))
}

impl ToAttach {
    /// What is said to be in it, or what it looks like.
    fn kind(&self) -> String {
        let look = || {
            let mut begins = Vec::new();
            let most = u64::try_from(media::SNIFF).unwrap_or(u64::MAX);
            let read = File::open(&self.path).and_then(|file| file.take(most).read_to_end(&mut begins));
            read.map_or("application/octet-stream", |_read| media::sniff(&begins)).to_owned()
        };
        self.media.clone().unwrap_or_else(look)
    }
}

/// Hears of how many bytes of how many are done, and says whether to go on.
pub type Going<'a> = &'a mut dyn FnMut(u64, u64) -> bool;

impl Home {
    /// Where sealed attachments lie.
    pub fn part_files(&self) -> PartFiles {
        PartFiles::at(&self.paths().parts())
    }

    /// Keeps one thing with files attached to it. When it returns, both survive a power cut; when it fails, nothing is left of either.
    ///
    /// # Errors
    /// As [`Home::keep`]; usage for a file that is none, changes meanwhile or is too large; failed when stopped.
    pub fn attach(
        &mut self,
        codebook: &Codebook,
        keep: ToKeep,
        files: &[ToAttach],
        going: Going<'_>,
    ) -> Result<Vec<Entry>, Failure> {
        if files.len() > MAX_PARTS {
            let many = format!("attaching — {} files; one entry holds {MAX_PARTS}", files.len());
            return Err(Failure::usage(many, "Attach the rest with another entry."));
        }
        let (key, link) = self.key_for(&keep.case.into())?;
        let sizes = files.iter().map(|file| fs::metadata(&file.path).map_or(0, |meta| meta.len()));
        // Each file is read twice.
        let total = sizes.fold(0_u64, u64::saturating_add).saturating_mul(2);
        let (mut parts, mut before) = (Vec::new(), 0_u64);
        let sealed = files.iter().try_for_each(|file| {
            let sealed = self.seal_file(file, &key, &link, &mut |done| going(before.saturating_add(done), total))?;
            before = before.saturating_add(sealed.size.saturating_mul(2));
            parts.push(sealed);
            Ok(())
        });
        let kept = sealed.and_then(|()| {
            let parts = parts.clone().into();
            self.keep_with(codebook, keep, SealedParts { key, parts })
        });
        if kept.is_err() {
            self.drop_unkept(&parts);
        }
        kept
    }

    /// The key under which the next entry of a case lies, and what its nonces are hedged with.
    fn key_for(&mut self, case: &CaseId) -> Result<(CaseKey, Digest), Failure> {
        self.listed()?;
        let readers = self.readers_of(&self.whom_for(case, None)?)?;
        let slot = self.journal.next_slot(Line::Cases).map_err(|error| fault::sync("attaching", &error))?;
        let held = self.ring.usable(*case, Purpose::Content, slot.journal, &readers.audience).and_then(|seq| {
            self.ring.key(&EntryRef { device: slot.device, journal: slot.journal, seq }).map(|(key, _)| key.clone())
        });
        Ok((held.unwrap_or_else(CaseKey::generate), slot.prev))
    }

    fn seal_file(
        &self,
        file: &ToAttach,
        key: &CaseKey,
        link: &Digest,
        going: &mut dyn FnMut(u64) -> bool,
    ) -> Result<Attached, Failure> {
        let doing = format!("attaching {}", file.path.display());
        let mut source = File::open(&file.path).map_err(|error| Failure::disk(&doing, &error))?;
        if !source.metadata().is_ok_and(|meta| meta.is_file()) {
            return Err(Failure::usage(format!("{doing} — it is no file"), "Name a file."));
        }
        let sealed = self.seal_source(&doing, &mut source, (key, link), going)?;
        Ok(attached(&sealed, file.kind().into(), name_of(&file.path)))
    }

    fn seal_source<S: Read + Seek>(
        &self,
        doing: &str,
        source: &mut S,
        (key, link): (&CaseKey, &Digest),
        going: &mut dyn FnMut(u64) -> bool,
    ) -> Result<SealedPart, Failure> {
        let files = self.part_files();
        let mut sealing = files.begin().map_err(|error| fault::sync(doing, &error))?;
        let nonce = self.vault.nonce_key();
        let hedge = NonceHedge { key: &nonce, link: *link };
        let mut out = BufWriter::new(&mut sealing);
        let sealed = part::seal(source, &mut out, key, &hedge, going).map_err(|fault| told(doing, fault))?;
        drop(out);
        sealing.keep(&sealed.digest).map_err(|error| fault::sync(doing, &error))?;
        Ok(sealed)
    }

    /// Bytes that are kept with the next entry of a case, sealed beside the journal: never as a file that anybody could read.
    ///
    /// # Errors
    /// As [`Home::attach`].
    pub(in crate::runtime) fn seal_bytes(
        &mut self,
        doing: &str,
        case: &CaseId,
        bytes: &[u8],
        (media, name): (&str, &str),
    ) -> Result<SealedParts, Failure> {
        let (key, link) = self.key_for(case)?;
        let sealed = self.seal_source(doing, &mut Cursor::new(bytes), (&key, &link), &mut |_| true)?;
        Ok(SealedParts { key, parts: Box::new([attached(&sealed, media.into(), name.into())]) })
    }

    /// Drops what was sealed for an entry that was not kept.
    pub(in crate::runtime) fn drop_unkept(&self, parts: &[Attached]) {
        self.drop_sealed(parts.iter().map(|part| sealed_digest(&part.digest)));
    }

    /// Opens an attachment into a file that a person chose, after it was read to its end. Gives its size.
    ///
    /// # Errors
    /// Refused when it is not what its author signed for; failed when it is not here, or the place is taken.
    pub fn save_part(&self, listed: &ListedPart, to: &Path, over: bool, going: Going<'_>) -> Result<u64, Failure> {
        let doing = format!("saving an attachment to {}", to.display());
        if !over && fs::symlink_metadata(to).is_ok() {
            let taken = format!("{doing} — there is something of this name already");
            return Err(Failure::usage(taken, "Name another file, or say --force to replace it."));
        }
        let mut sink = Chosen { path: to, over, file: None };
        let written = self
            .open_part(&doing, listed, &mut sink, going)
            .and_then(|()| sink.finish().map_err(|error| Failure::disk(&doing, &error)));
        if written.is_err() {
            sink.discard();
        }
        written.map(|()| listed.part.size)
    }

    /// Opens an attachment into a writer, which gets its first byte after the whole was found right. `doing` begins what is said of a failure.
    ///
    /// # Errors
    /// As [`Home::save_part`].
    pub(in crate::runtime) fn open_part(
        &self,
        doing: &str,
        listed: &ListedPart,
        to: &mut impl Write,
        going: Going<'_>,
    ) -> Result<(), Failure> {
        let ListedPart { author, part, .. } = listed;
        let files = self.part_files();
        let keyed = |lying: &Lying| self.ring.key(&lying.slip).map(|(key, _)| (key.clone(), lying.part.digest));
        let here = |lying: &Lying| keyed(lying).filter(|_| files.holds(&lying.part));
        let mut found = self.at_first_that(author, part, here)?;
        if found.is_none() {
            let lies = self.lies(author, part)?;
            if lies.is_empty() {
                return Err(Failure::failed("looking for the entry — this device does not have it", ""));
            }
            found = lies.iter().rev().find_map(keyed);
        }
        let (key, digest) =
            found.ok_or_else(|| Failure::refused(format!("{doing} — this device has no key for it"), ""))?;
        let mut sealed = files.open(&digest).map_err(|error| fault::sync(doing, &error))?;
        let commitment = sealed_digest(&part.commitment);
        let total = part.sealed.saturating_mul(2);
        let opened = part::open(&mut sealed, to, &key, &commitment, &digest, &mut |done| going(done, total));
        opened.map_err(|fault| told(doing, fault))
    }

    /// Whether an attachment of an entry is on this device, as its author sealed it or sealed again.
    pub fn holds_part(&self, author: &Author, part: &Attached) -> bool {
        let files = self.part_files();
        let first = Part { digest: sealed_digest(&part.digest), size: part.sealed };
        let here = |lying: &Lying| files.holds(&lying.part).then_some(());
        files.holds(&first) || self.at_first_that(author, part, here).is_ok_and(|here| here.is_some())
    }

    /// Asks for an attachment to be fetched with the next passes, where it lies by now: sealed again once its entry's own envelope has gone, and
    /// at the other places as well where it was asked for before and has not come. Whether it was not here already.
    ///
    /// # Errors
    /// What the disk says.
    pub fn wish_part(&self, author: &Author, part: &Attached) -> Result<bool, Failure> {
        if self.holds_part(author, part) {
            return Ok(false);
        }
        let failed = |error| fault::sync("asking for an attachment", &error);
        let (files, mut lies) = (self.part_files(), self.lies(author, part)?);
        let first = lies.last().map(|lying| self.header_at(&lying.entry)).transpose()?.flatten();
        if first.is_some_and(|first| first.envelope.is_some()) {
            lies.reverse();
        }
        let wished: HashSet<Digest> = files.wishes().map_err(failed)?.into_iter().map(|wish| wish.at.digest).collect();
        for lying in lies {
            let before = wished.contains(&lying.part.digest);
            let wish = Wish { at: PartAt { entry: lying.entry, digest: lying.part.digest }, size: lying.part.size };
            files.wish(&wish).map_err(failed)?;
            if !before {
                break;
            }
        }
        Ok(true)
    }

    /// Own attachments that headquarters does not have yet: how many entries list them, and how many bytes there are of them.
    ///
    /// # Errors
    /// What the journal refuses.
    pub fn parts_on_their_way(&self) -> Result<(u64, u64), Failure> {
        let (mut entries, mut bytes) = (0_u64, 0_u64);
        let own = self.status()?.own.into_iter().filter(|own| own.state != State::Forked);
        for own in own.filter(|own| own.complete < own.kept.seq) {
            let (device, journal, mut seq) = (self.device(), own.journal, own.complete);
            while seq < own.kept.seq {
                let runs = self.journal.pending(&Wanted::After { device, journal, seq }, PAGE);
                let runs = match runs {
                    Ok(runs) => runs,
                    // `verify` names the row; what stands behind it is not counted.
                    Err(SyncError::StorageDamaged(_)) => break,
                    Err(error) => return Err(fault::sync("reading the journal", &error)),
                };
                let Some(run) = runs.first().filter(|run| !run.items.is_empty()) else { break };
                seq = run.last();
                let held = run.entries().filter(|entry| entry.envelope.is_some() && !entry.header.parts.is_empty());
                for entry in held {
                    entries = entries.saturating_add(1);
                    bytes = entry.header.parts.iter().fold(bytes, |sum, part| sum.saturating_add(part.size));
                }
            }
        }
        Ok((entries, bytes))
    }

    /// What is wrong with the sealed attachments of an entry here, if anything: `last` is up to where headquarters has those of its
    /// journal, where it is this device's own.
    ///
    /// # Errors
    /// What the disk says.
    pub fn wrong_with_parts(&self, entry: &SealedEntry, last: Option<u64>) -> Result<Option<&'static str>, Failure> {
        let files = self.part_files();
        for part in entry.header.parts.iter().filter(|_| entry.envelope.is_some()) {
            if !files.holds(part) {
                if last.is_some_and(|last| entry.header.seq > last) {
                    return Ok(Some("an attachment is missing here, and headquarters does not have it"));
                }
            } else if !files.is_whole(&part.digest).map_err(|error| fault::sync("reading an attachment", &error))? {
                return Ok(Some("an attachment is not the one that was signed"));
            }
        }
        Ok(None)
    }

    /// Attachments of what was dropped go with it. What cannot be removed now is swept with the next unlocking.
    pub(in crate::runtime) fn drop_parts(&self, dropped: &[SealedEntry]) {
        self.drop_sealed(dropped.iter().flat_map(|entry| &entry.header.parts).map(|part| part.digest));
    }

    fn drop_sealed(&self, digests: impl Iterator<Item = Digest>) {
        let files = self.part_files();
        for digest in digests {
            files.remove(&digest).unwrap_or_default();
        }
    }

    /// Removes what no entry here lists: what a crash left between sealing and keeping.
    pub(in crate::runtime) fn sweep_parts(&self, listed: &HashSet<Digest>) -> Result<(), Failure> {
        let swept = self.part_files().sweep(listed);
        swept.map(drop).map_err(|error| fault::sync("sweeping what was never kept", &error))
    }

    /// The attachments of an entry that is kept again, sealed anew: a key belongs to one journal's slip. What is not here any more
    /// cannot be sealed, and the copy does not list it.
    pub(in crate::runtime) fn sealed_again(&self, entry: &Entry, slip: &EntryRef) -> Option<Box<SealedParts>> {
        if entry.parts.is_empty() {
            return None;
        }
        let old = self.ring.key(slip).map(|(key, _)| key.clone())?;
        let link = self.journal.next_slot(Line::Cases).ok()?.prev;
        let key = CaseKey::generate();
        let again = |part: &Attached| {
            let digest = sealed_digest(&part.digest);
            self.seal_part_again(part, &digest, (&old, &key), link, &mut |_| true).ok()
        };
        let parts: Box<[Attached]> = entry.parts.iter().filter_map(again).collect();
        Some(Box::new(SealedParts { key, parts }))
    }

    /// One attachment, from its sealed bytes of this digest, under another key: chunk by chunk, on the disk when it returns. `going` hears of how many
    /// bytes are done, and says whether to go on.
    pub(in crate::runtime) fn seal_part_again(
        &self,
        part: &Attached,
        digest: &Digest,
        keys: (&CaseKey, &CaseKey),
        link: Digest,
        going: &mut dyn FnMut(u64) -> bool,
    ) -> Result<Attached, Failure> {
        let doing = "sealing an attachment again";
        let failed = |error| fault::sync(doing, &error);
        let files = self.part_files();
        let mut source = files.open(digest).map_err(failed)?;
        let mut sealing = files.begin().map_err(failed)?;
        let nonce = self.vault.nonce_key();
        let hedge = NonceHedge { key: &nonce, link };
        let mut out = BufWriter::new(&mut sealing);
        let commitment = sealed_digest(&part.commitment);
        let sealed = part::reseal(&mut source, &mut out, keys, &hedge, (&commitment, digest), going);
        let sealed = sealed.map_err(|fault| told(doing, fault))?;
        drop(out);
        sealing.keep(&sealed.digest).map_err(failed)?;
        Ok(attached(&sealed, part.media.clone(), part.name.clone()))
    }
}

fn attached(sealed: &SealedPart, media: Box<str>, name: Box<str>) -> Attached {
    Attached {
        commitment: PartHash::from_bytes(*sealed.commitment.as_bytes()),
        media,
        name,
        digest: PartHash::from_bytes(*sealed.digest.as_bytes()),
        sealed: sealed.size,
        size: sealed.plain,
    }
}

/// The last part of a path, without what a terminal would act on.
fn name_of(path: &Path) -> Box<str> {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    let mut name: String = name.chars().filter(|c| !c.is_control()).collect();
    while name.len() > NAME {
        name.pop();
    }
    name.into()
}

fn told(doing: &str, fault: PartFault) -> Failure {
    match fault {
        PartFault::Read(error) => Failure::disk(doing, &error),
        PartFault::Write(error) => Failure::disk(doing, &error),
        PartFault::TooLarge => Failure::usage(
            format!("{doing} — it is larger than 2 GiB, the most that one attachment may be"),
            "Cut it into pieces.",
        ),
        PartFault::Changed => {
            Failure::failed(format!("{doing} — the file changed while it was read. Nothing was kept"), "Try again.")
        }
        PartFault::Stopped => Failure::failed(format!("{doing} — stopped. Nothing is left of it"), ""),
        fault => Failure::refused(
            format!("{doing} — nothing was written: it is not what its author signed for: {fault}"),
            "Ask for it again with `amanat entry save-part`; if it stays, tell the admin.",
        ),
    }
}

/// A file that a person chose: made when the first byte comes, which is after the whole was found right.
struct Chosen<'a> {
    path: &'a Path,
    over: bool,
    file: Option<File>,
}

impl Chosen<'_> {
    fn file(&mut self) -> io::Result<&mut File> {
        if self.file.is_none() {
            let mut options = OpenOptions::new();
            options.write(true);
            if self.over {
                options.create(true).truncate(true)
            } else {
                options.create_new(true)
            };
            self.file = Some(private(&mut options).open(self.path)?);
        }
        self.file.as_mut().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }

    fn finish(&mut self) -> io::Result<()> {
        self.file()?.sync_all()
    }

    /// Half an attachment is none.
    fn discard(&mut self) {
        if self.file.take().is_some() {
            fs::remove_file(self.path).unwrap_or_default();
        }
    }
}

impl Write for Chosen<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file()?.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file()?.flush()
    }
}
