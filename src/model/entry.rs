//! One entry: something kept, by someone, in a case, for good.

use super::{
    answer::Answers,
    attached::Attached,
    date::Moment,
    ids::{AgencyId, CaseId, Code, DeviceId, EntryId, HeaderHash, JournalId, Link, OfferId, RosterHash, UnitId},
    sheet::Sheet,
};

/// Who wrote it and where it stands in that device's journal: the signer, whoever carried it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Author {
    /// The signing device.
    pub device: DeviceId,
    /// Its journal.
    pub journal: JournalId,
    /// Place in the journal, from 1.
    pub seq: u64,
}

/// Clock evidence. Order never depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// The device's wall clock when the entry was kept, or up to two minutes before, when the person was asked whether to keep it.
    pub device: Moment,
    /// Milliseconds since the machine started, which no one can set.
    pub boot_ms: u64,
    /// Newest hub time in a verified receipt, Unix milliseconds.
    pub hub_ms: Option<i64>,
}

/// Where an imported entry comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The data set or file, as the map names it.
    pub name: Box<str>,
    /// The map that read it, with its version.
    pub map: Box<str>,
    /// Identity of the row: digest of map, cells and occurrence (32 bytes); makes a second import add nothing.
    pub row: [u8; 32],
    /// Columns that no question asks for, carried as they came: (column, cell).
    pub cells: Box<[(Box<str>, Box<str>)]>,
}

/// What ties an entry to a journal that was closed before its own began (`FORMATS.md` section 2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ties {
    /// The entry that is kept again here, which stands behind a fork and stays there as evidence.
    pub was: Option<HeaderHash>,
    /// In the first text of a journal: the journal that it goes on from.
    pub after: Option<After>,
}

/// The end of a journal that another one goes on from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct After {
    /// The journal.
    pub journal: JournalId,
    /// Its last place on which everybody agrees; 0 for none.
    pub seq: u64,
    /// The link there.
    pub link: Link,
}

/// Everything that can be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A filled form: the opening of a case, a person, an interview, a note…
    Sheet(Sheet),
    /// The answers of a sheet that the codebook calls sealed (name, phone, home), under the case's second key.
    Names(Names),
    /// A correction or another new fact about an older entry.
    Amendment(Amendment),
    /// Someone opened what was not theirs, asked for names, or exported.
    Access(Access),
    /// An HQ reader's word on a slip or stand-in.
    Opened(Opened),
    /// That another unit reads the case, or is to take it over, or what it answered.
    Handover(Box<Handover>),
    /// The attachments of an older entry, sealed again under a newer key. Its author goes on vouching for what is in them.
    Attachments(EntryId),
    /// A kind that this version does not know; kept, counted and carried as it is.
    Other(Other),
}

impl Content {
    /// What it is called where a record or an answer in JSON says which it is.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Sheet(_) => "sheet",
            Self::Names(_) => "names",
            Self::Amendment(_) => "amendment",
            Self::Access(_) => "access",
            Self::Opened(_) => "opened",
            Self::Handover(_) => "handover",
            Self::Attachments(_) => "attachments",
            Self::Other(_) => "other",
        }
    }
}

/// Sealed answers of a sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// The sheet they belong to.
    pub of: EntryId,
    /// The answers.
    pub answers: Answers,
}

/// New facts about an older entry, which stays as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amendment {
    /// The entry that is amended.
    pub target: EntryId,
    /// Amendments of the same target that its author had seen: two that do not see each other collide if they touch
    /// the same question.
    pub seen: Vec<EntryId>,
    /// Why (list `amend_reason`).
    pub reason: Code,
    /// In words.
    pub note: Option<Box<str>>,
    /// The questions that change, with their new answers.
    pub changes: Answers,
}

/// An access that has to be on record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// What was done: `case`, `names`, `export`, `print`.
    pub what: Code,
    /// How many entries it covered.
    pub count: u32,
}

/// A reader's word that a slip or stand-in opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The slip's or stand-in's place.
    pub place: Author,
    /// Whether it opened.
    pub opens: bool,
}

/// A word on which units a case is shared with and which has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handover {
    /// What is said.
    pub step: Step,
    /// The unit that is let in, asked, or answers.
    pub unit: UnitId,
    /// The unit that has the case when it is said.
    pub from: UnitId,
    /// An answer: the transfer that it answers. A share or transfer: the accepted transfer by which `from` had come to the case.
    pub of: Option<EntryId>,
    /// Why (list `transfer_reason`).
    pub reason: Option<Code>,
    /// In words.
    pub note: Option<Box<str>>,
    /// The other agency, where it is between two: such a word lets nobody in, since neither's roster lists the other's units.
    pub peer: Option<Box<Peer>>,
}

/// The other agency in a transfer between two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Which.
    pub agency: AgencyId,
    /// What its roster calls it.
    pub name: Box<str>,
    /// What its roster calls the unit.
    pub unit: Box<str>,
    /// The offer that was signed.
    pub offer: OfferId,
    /// Its roster, by which its word was proven or is to be.
    pub roster: RosterHash,
    /// The statement that was signed, hex: of an offer, of its withdrawal, or of an answer that came.
    pub proof: Option<Box<str>>,
}

/// The steps of a handover.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// The unit reads the case from now on.
    Share,
    /// The same, and it is asked to take the case over.
    Sent,
    /// It takes the case over.
    Accepted,
    /// It does not, and says why.
    Rejected,
    /// It is not asked any more.
    TakenBack,
}

impl Step {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Share, Self::Sent, Self::Accepted, Self::Rejected, Self::TakenBack];

    /// Its code: those of the list `transfer_status`, and one more.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Share => "SHARE",
            Self::Sent => "SENT",
            Self::Accepted => "ACC",
            Self::Rejected => "REJ",
            Self::TakenBack => "REV",
        }
    }
}

/// What this version does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Other {
    /// The kind it names.
    pub kind: Box<str>,
    /// The whole JSON text, for a version that knows it.
    pub json: Box<str>,
}

/// One entry, opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// First 16 bytes of its header's hash.
    pub id: EntryId,
    /// The case it belongs to.
    pub case: CaseId,
    /// Who wrote it, where.
    pub author: Author,
    /// Clock evidence.
    pub times: Times,
    /// Where it was imported from, if it was.
    pub source: Option<Source>,
    /// What it has to do with an older journal of its device; most entries have nothing.
    pub ties: Option<Box<Ties>>,
    /// What is attached to it.
    pub parts: Box<[Attached]>,
    /// What it says.
    pub content: Content,
}
