//! Bytes ⇄ the shapes of the wire, total: whatever the bytes, the answer is a shape or one of *malformed*, *over the limit*,
//! *version*. A streaming body is a manifest and then items, each in a frame of its own, so that what has arrived can be kept
//! while the rest is still on the road.

use amanat_keys::fingerprint::{AgencyId, Digest};
use minicbor::Decoder;

use crate::batch::{Item, Run};
use crate::cbor::count;
use crate::error::{Result, SyncError};
use crate::wire::elision::Memory;
use crate::wire::limits;
use crate::wire::messages::{DocumentsReply, DocumentsRequest, PullRequest, PushReply, RostersRequest};
use crate::wire::parts::{PartsReply, PartsRequest};
use crate::wire::team::{TeamReply, TeamRequest};
use crate::wire::v1::{ItemForm, PullManifest, PushManifest, RunHead};

/// Gives a shape its bytes and back, under the maximum that it may have.
macro_rules! message {
    ($($shape:ty, $max:expr, $word:literal;)*) => {
        $(impl $shape {
            /// The bytes that travel.
            pub fn to_bytes(&self) -> Vec<u8> {
                amanat_keys::canonical::encode(self)
            }

            /// Reads what came.
            ///
            /// # Errors
            /// [`SyncError::TooBig`] over the maximum, [`SyncError::Malformed`] for everything but the one right spelling.
            pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
                if bytes.len() > $max {
                    return Err(SyncError::TooBig($word));
                }
                amanat_keys::canonical::decode(bytes).map_err(|_why| SyncError::Malformed($word))
            }
        })*
    };
}

message! {
    PushManifest, limits::MAX_MANIFEST, "manifest of a push";
    PullManifest, limits::MAX_MANIFEST, "manifest of a pull";
    PushReply, limits::MAX_REPLY, "answer to a push";
    PullRequest, limits::MAX_PULL, "request to pull";
    DocumentsRequest, limits::MAX_DOCUMENTS, "request for documents";
    DocumentsReply, limits::MAX_DOCUMENTS, "answer with documents";
    RostersRequest, limits::MAX_ROSTERS_REQUEST, "question for rosters";
    TeamRequest, limits::MAX_TEAM_REQUEST, "question for the team";
    TeamReply, limits::MAX_REPLY, "answer with the team";
    ItemForm, limits::MAX_FRAME, "item";
    PartsRequest, limits::MAX_PARTS_REQUEST, "request about attachments";
    PartsReply, limits::MAX_PARTS_REPLY, "answer about attachments";
}

/// The version that a manifest, request or reply begins with, so that a newer peer gets a clear word.
///
/// # Errors
/// [`SyncError::Version`] when it is not ours, [`SyncError::Malformed`] when there is none.
pub fn check_version(bytes: &[u8]) -> Result<()> {
    let mut d = Decoder::new(bytes);
    let found = d.array().and_then(|_n| d.u64()).map_err(|_why| SyncError::Malformed("message"))?;
    if found == limits::WIRE_VERSION {
        return Ok(());
    }
    Err(SyncError::Version { found, known: limits::WIRE_VERSION })
}

/// Puts a message in a frame: a CBOR byte string around it, so that its length comes first (1–5 bytes).
pub fn frame(message: &[u8]) -> Vec<u8> {
    amanat_keys::canonical::encode(&minicbor::bytes::ByteVec::from(message.to_vec()))
}

/// Cuts a body that arrives in pieces of any size into frames.
#[derive(Debug, Default)]
pub struct Frames {
    held: Vec<u8>,
    read: usize,
    total: u64,
}

impl Frames {
    /// Adds bytes as they came.
    ///
    /// # Errors
    /// [`SyncError::TooBig`] when the body as a whole passes its maximum.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<()> {
        self.total = self.total.saturating_add(count(bytes.len()));
        if self.total > limits::MAX_BODY {
            return Err(SyncError::TooBig("body"));
        }
        if self.read > 0 {
            self.held.drain(..self.read);
            self.read = 0;
        }
        self.held.extend_from_slice(bytes);
        Ok(())
    }

    /// The next whole frame's content, `None` until more has come. `max` is the most that this frame may hold; it is checked
    /// on the length alone, before anything of that size is waited for.
    ///
    /// # Errors
    /// [`SyncError::Malformed`] when no byte string begins here or its length is not spelt in the shortest way;
    /// [`SyncError::TooBig`] over `max`.
    pub fn next(&mut self, max: usize) -> Result<Option<Vec<u8>>> {
        let rest = self.held.get(self.read..).unwrap_or_default();
        let Some((size, prefix)) = frame_length(rest)? else { return Ok(None) };
        if size > max {
            return Err(SyncError::TooBig("frame"));
        }
        let end = prefix.saturating_add(size);
        let Some(content) = rest.get(prefix..end) else { return Ok(None) };
        let content = content.to_vec();
        self.read = self.read.saturating_add(end);
        Ok(Some(content))
    }

    /// Whether nothing is left over: a body that ends here was not cut.
    pub fn is_empty(&self) -> bool {
        self.read >= self.held.len()
    }

    /// Bytes taken in so far.
    pub fn total(&self) -> u64 {
        self.total
    }
}

/// Length of a frame's content and of its prefix; `None` while the prefix is incomplete.
pub(crate) fn frame_length(rest: &[u8]) -> Result<Option<(usize, usize)>> {
    let Some((first, rest)) = rest.split_first() else { return Ok(None) };
    if first >> 5 != 2 {
        return Err(SyncError::Malformed("frame"));
    }
    let (wide, least) = match first & 0x1f {
        n @ 0..=23 => return Ok(Some((usize::from(n), 1))),
        24 => (1, 24),
        25 => (2, 0x100),
        26 => (4, 0x1_0000),
        _ => return Err(SyncError::Malformed("frame")),
    };
    let Some(number) = rest.get(..wide) else { return Ok(None) };
    let size = number.iter().fold(0_usize, |n, byte| (n << 8) | usize::from(*byte));
    if size < least {
        return Err(SyncError::Malformed("frame"));
    }
    Ok(Some((size, wide + 1)))
}

/// What a manifest says of a run.
pub fn run_head(agency: &AgencyId, run: &Run) -> RunHead {
    RunHead {
        agency: (run.agency != *agency).then_some(run.agency),
        device: run.device,
        journal: run.journal,
        first: run.first,
        before: run.before,
        count: count(run.items.len()),
    }
}

/// Spells the items of a body, one frame after another. Consecutive elisions share a frame.
#[derive(Debug)]
pub struct ItemWriter {
    agency: AgencyId,
    memory: Option<Memory>,
}

impl ItemWriter {
    /// For a body whose manifest names this agency.
    pub fn new(agency: AgencyId) -> ItemWriter {
        ItemWriter { agency, memory: None }
    }

    /// The frames of the next run, in order; runs must come in the order of the manifest.
    pub fn run<'a>(&'a mut self, run: &'a Run) -> impl Iterator<Item = Vec<u8>> + 'a {
        self.begin(run_head(&self.agency, run));
        self.more(&run.items)
    }

    /// Goes to the next run, whose items come piece by piece.
    pub fn begin(&mut self, head: RunHead) {
        match &mut self.memory {
            Some(memory) => memory.begin(head),
            None => self.memory = Some(Memory::new(self.agency, head)),
        }
    }

    /// The frames of the next items of the run that was begun; none before the first is.
    pub fn more<'a>(&'a mut self, items: &'a [Item]) -> impl Iterator<Item = Vec<u8>> + 'a {
        let mut items = items.iter().peekable();
        std::iter::from_fn(move || {
            let memory = self.memory.as_mut()?;
            let mut form = memory.shorten(items.next()?);
            if let ItemForm::Elisions(hashes) = &mut form {
                while hashes.len() < limits::MAX_ELISIONS
                    && let Some(Item::Elided(hash)) = items.next_if(|next| matches!(next, Item::Elided(_)))
                {
                    memory.shorten(&Item::Elided(*hash));
                    hashes.push(*hash);
                }
            }
            Some(frame(&form.to_bytes()))
        })
    }
}

/// Reads the items of a body as their frames come, in the order of the manifest.
#[derive(Debug)]
pub struct ItemReader {
    runs: Vec<RunHead>,
    at: usize,
    memory: Option<Memory>,
    agency: AgencyId,
}

/// Items that a frame brought, and where they stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrived {
    /// Index of the run in the manifest.
    pub run: usize,
    /// Number of the first of the items.
    pub first: u64,
    /// Link before the first of the items, as the sender's chain has it.
    pub before: Digest,
    /// One entry, or one or more elisions.
    pub items: Vec<Item>,
}

impl ItemReader {
    /// For a body with this manifest.
    pub fn new(agency: AgencyId, runs: Vec<RunHead>) -> ItemReader {
        ItemReader { runs, at: 0, memory: None, agency }
    }

    /// Reads the content of one frame.
    ///
    /// # Errors
    /// [`SyncError::Malformed`] or [`SyncError::TooBig`]; the body is of no use from here on, what came before stands.
    pub fn item(&mut self, content: &[u8]) -> Result<Arrived> {
        self.skip_finished();
        let Some(memory) = &mut self.memory else {
            return Err(SyncError::Malformed("more items than the manifest says"));
        };
        let (first, before) = memory.place();
        let items = memory.restore(ItemForm::from_bytes(content)?)?;
        Ok(Arrived { run: self.at, first, before, items })
    }

    /// Where the next item belongs: the run's index in the manifest, and the number. `None` once every item has come.
    pub fn place(&mut self) -> Option<(usize, u64)> {
        self.skip_finished();
        self.memory.as_ref().map(|memory| (self.at, memory.place().0))
    }

    /// Whether every item of the manifest has come.
    pub fn is_complete(&mut self) -> bool {
        self.skip_finished();
        self.at >= self.runs.len()
    }

    fn skip_finished(&mut self) {
        loop {
            let Some(head) = self.runs.get(self.at) else {
                return self.memory = None;
            };
            match &mut self.memory {
                None => self.memory = Some(Memory::new(self.agency, head.clone())),
                Some(memory) if memory.left() > 0 => return,
                Some(memory) => {
                    self.at = self.at.saturating_add(1);
                    if let Some(next) = self.runs.get(self.at) {
                        memory.begin(next.clone());
                    }
                }
            }
        }
    }
}

/// The manifest that a streaming body begins with, as it is spelt in its frame: what a request signs of such a body. `None` when
/// no whole frame stands there.
pub fn manifest_of(body: &[u8]) -> Option<&[u8]> {
    let (size, prefix) = frame_length(body).ok()??;
    body.get(prefix..prefix.checked_add(size)?)
}

/// A whole push: the manifest and every frame after it.
pub fn push_body(agency: &AgencyId, runs: &[Run]) -> Vec<u8> {
    push_and_ask(agency, runs, None)
}

/// The same, with what is asked besides: the answer is an [`answer_and_page`].
pub fn push_and_ask(agency: &AgencyId, runs: &[Run], question: Option<PullRequest>) -> Vec<u8> {
    let heads = runs.iter().map(|run| run_head(agency, run)).collect();
    let mut body = frame(&PushManifest { agency: *agency, runs: heads, question }.to_bytes());
    put_items(&mut body, agency, runs);
    body
}

/// The answer to a push that asks: the reply in a frame, and behind it the body of an answer to a pull, or nothing where there is none.
pub fn answer_and_page(reply: &PushReply, page: &[u8]) -> Vec<u8> {
    [&frame(&reply.to_bytes()), page].concat()
}

/// The reply's bytes, and those of the page.
///
/// # Errors
/// [`SyncError::Malformed`] when no whole frame stands there.
pub fn read_answer_and_page(bytes: &[u8]) -> Result<(&[u8], &[u8])> {
    let malformed = SyncError::Malformed("answer to a push");
    let Some((size, prefix)) = frame_length(bytes)? else { return Err(malformed) };
    bytes.get(prefix..).and_then(|rest| rest.split_at_checked(size)).ok_or(malformed)
}

/// A whole answer to a pull; `manifest.runs` is filled in from `runs`.
pub fn pull_body(mut manifest: PullManifest, runs: &[Run]) -> Vec<u8> {
    manifest.runs = runs.iter().map(|run| run_head(&manifest.agency, run)).collect();
    let mut body = frame(&manifest.to_bytes());
    put_items(&mut body, &manifest.agency, runs);
    body
}

fn put_items(body: &mut Vec<u8>, agency: &AgencyId, runs: &[Run]) {
    let mut writer = ItemWriter::new(*agency);
    for run in runs {
        writer.run(run).for_each(|frame| body.extend_from_slice(&frame));
    }
}

/// Reads the body of a push as far as it goes: the manifest, the runs that arrived (the last one perhaps shorter than
/// announced), and whether that was all. A cut body gives its good prefix.
///
/// # Errors
/// As [`PushManifest::from_bytes`] and [`ItemReader::item`]; [`SyncError::Version`].
pub fn read_push(bytes: &[u8]) -> Result<(PushManifest, Vec<Run>, bool)> {
    let (mut frames, first) = first_frame(bytes, limits::MAX_MANIFEST)?;
    let manifest = PushManifest::from_bytes(&first)?;
    let (runs, whole) = read_items(&manifest.agency, &manifest.runs, &mut frames)?;
    Ok((manifest, runs, whole))
}

/// Reads the answer to a pull in the same way.
///
/// # Errors
/// As [`read_push`].
pub fn read_pull(bytes: &[u8]) -> Result<(PullManifest, Vec<Run>, bool)> {
    let (mut frames, first) = first_frame(bytes, limits::MAX_MANIFEST)?;
    let manifest = PullManifest::from_bytes(&first)?;
    let (runs, whole) = read_items(&manifest.agency, &manifest.runs, &mut frames)?;
    Ok((manifest, runs, whole))
}

fn first_frame(bytes: &[u8], max: usize) -> Result<(Frames, Vec<u8>)> {
    let mut frames = Frames::default();
    frames.feed(bytes)?;
    let first = frames.next(max)?.ok_or(SyncError::Malformed("no manifest"))?;
    check_version(&first)?;
    Ok((frames, first))
}

fn read_items(agency: &AgencyId, heads: &[RunHead], frames: &mut Frames) -> Result<(Vec<Run>, bool)> {
    let mut reader = ItemReader::new(*agency, heads.to_vec());
    let mut runs: Vec<Run> = heads.iter().map(|head| empty_run(agency, head)).collect();
    while let Some(content) = frames.next(limits::MAX_FRAME)? {
        let arrived = reader.item(&content)?;
        if let Some(run) = runs.get_mut(arrived.run) {
            run.items.extend(arrived.items);
        }
    }
    let whole = reader.is_complete() && frames.is_empty();
    Ok((runs, whole))
}

/// The run that a head announces, still without items.
pub fn empty_run(agency: &AgencyId, head: &RunHead) -> Run {
    Run {
        agency: head.agency.unwrap_or(*agency),
        device: head.device,
        journal: head.journal,
        first: head.first,
        before: head.before,
        items: Vec::new(),
    }
}
