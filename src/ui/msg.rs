//! Everything that can happen to the screen, as plain data that can be printed, compared and replayed.

use std::sync::Arc;

use ratatui::crossterm::event::{KeyEvent, MouseEvent};

use super::abroad::{AbroadCame, AbroadOut, AbroadTaken};
use super::app::{Settings, Stage};
use super::audit::{AuditPage, Audited};
use super::rotation::{Renewed, RotationNews};
use crate::codebook::Codebook;
use crate::model::{
    Answers, CaseId, Delivery, DeviceId, Draft, DraftId, Entry, Gone, JournalId, Late, Listed, MemberId, Moment,
    SavedFilter, UnitId,
};

/// One thing that happened. The runtime makes them from the terminal, the clock and its two workers; only
/// `update` takes them.
#[derive(Clone, Debug, PartialEq)]
pub enum Msg {
    // -- terminal and clock
    /// A key went down or repeats (releases are dropped by the runtime).
    Key(KeyEvent),
    /// Text pasted with bracketed paste.
    Paste(String),
    /// A mouse event; clicks and wheel only.
    Mouse(MouseEvent),
    /// The terminal has another size now.
    Resize {
        /// Width in cells.
        columns: u16,
        /// Height in cells.
        rows: u16,
    },
    /// The clock: about once a second while something moves or is being typed, else once a minute (and at the time
    /// that idle lock falls due). It drives the clock on the screen, autosave and the idle lock.
    Tick {
        /// Now, by the clock on the wall: what the screen shows.
        now: Moment,
        /// Milliseconds by a clock that nobody can set: what is waited for is measured with it.
        boot_ms: u64,
    },

    // -- first start
    /// An answer to [`JudgePassphrase`](super::Effect::JudgePassphrase).
    PassphraseJudged(Strength),
    /// The device has keys now; the words and the picture that are compared at enrolment.
    DeviceMade {
        /// The device's fingerprint words, in order.
        words: Vec<String>,
        /// A QR code as lines of block characters, all of one width; empty if it does not apply.
        qr: Vec<String>,
    },
    /// The join request is in a file.
    RequestWritten {
        /// Where.
        path: String,
    },
    /// This device belongs to an agency now; [`Unlocked`](Msg::Unlocked) follows.
    Joined {
        /// The agency's name.
        agency: String,
    },
    /// One of the steps of the first start did not work; the screen stays where it is.
    WelcomeFailed(Trouble),

    // -- locked and unlocked
    /// The vault is open; entries follow as [`Arrived`](Msg::Arrived), newest first.
    Unlocked(Box<Who>),
    /// The vault stayed shut. `word` is `unlock.wrong` for a wrong passphrase.
    UnlockFailed(Trouble),
    /// The homes of this machine.
    HomesAre(Vec<HomeLine>),
    /// The screen is at another home now.
    HomeChosen(Box<HomeChosen>),
    /// How far the replay of the journal has come.
    Replaying(Replay),
    /// The keys are wiped.
    Locked {
        /// Entries that wait for the passphrase before they can be sent.
        waiting: u64,
    },
    /// New random ids for drafts and cases, to be used once each (16 bytes).
    Fresh(Vec<[u8; 16]>),

    /// What is asked by from now on: the built-in forms with those that headquarters signed above.
    Forms(Arc<Codebook>),

    // -- entries
    /// Entries opened by the replay, by a pull or from a bundle. May repeat what is known.
    Arrived(Vec<Entry>),
    /// Lines of the list of cases as it was kept, before their entries have been read.
    Listed {
        /// The lines.
        lines: Vec<Listed>,
        /// Whether these are the last.
        last: bool,
    },
    /// Cases with everything that is readable of them, before the rest has been read.
    Whole {
        /// Their entries.
        entries: Vec<Entry>,
        /// The cases.
        cases: Vec<CaseId>,
    },
    /// Which lines of the list are to be kept for the next time? Answered by [`KeepList`](super::Effect::KeepList).
    ListAsked {
        /// How places in the lines name journals, and up to which number of each places are named.
        journals: Arc<[(DeviceId, JournalId, u64)]>,
        /// The case after which they begin, by its id.
        after: Option<CaseId>,
    },
    /// The content of entries is gone: nothing of it is shown or found from now on.
    Gone(Vec<Gone>),
    /// How far journals have come.
    Marks(Vec<Mark>),
    /// Entries that came in after their device had left, in place of what was said of them before.
    Late(Late),
    /// The desk has kept something: it survives power loss now.
    Kept {
        /// What was kept: the sheet or amendment first, then what goes with it (names).
        entries: Vec<Entry>,
        /// The draft that it came from, gone now.
        draft: Option<DraftId>,
    },
    /// It could not be kept; nothing was lost, the draft stands.
    KeepFailed {
        /// The draft it was made from.
        draft: Option<DraftId>,
        /// Why.
        trouble: Trouble,
    },
    /// A draft is sealed on disk.
    DraftKept(DraftId),
    /// A draft could not be sealed.
    DraftFailed {
        /// Which.
        draft: DraftId,
        /// Why.
        trouble: Trouble,
    },
    /// The filters that a person named.
    Filters(Vec<SavedFilter>),
    /// All drafts of this device, once after unlocking.
    Drafts(Vec<Draft>),
    /// Who will be able to read; answers [`Readers`](super::Effect::Readers).
    Readers {
        /// The case asked about; `None` for a new one.
        case: Option<CaseId>,
        /// Who.
        lines: Vec<ReaderLine>,
    },

    /// A case was shared or handed over, or an answer was kept.
    Handed {
        /// Slips that open for the unit now.
        opened: u64,
        /// Slips that this device does not open for it.
        left: u64,
    },
    /// It was not; nothing was kept.
    HandFailed(Trouble),

    // -- another agency
    /// Answers [`OpenAgency`](super::Effect::OpenAgency): the words are those of this agency's roster.
    AgencyIs {
        /// What it is called.
        agency: String,
        /// Its units that can read, by name.
        units: Vec<(UnitId, String)>,
    },
    /// What would be offered, or was.
    AbroadOffers(Box<AbroadOut>),
    /// What a file of another agency says.
    AbroadCame {
        /// The file as typed.
        path: String,
        /// What it says.
        came: Box<AbroadCame>,
    },
    /// What was offered is answered.
    AbroadTaken(Box<AbroadTaken>),
    /// It could not be done; nothing was kept unless it was said before.
    AbroadFailed(Trouble),

    // -- attachments
    /// How far the sealing or opening of a file has come, in bytes.
    Sealing {
        /// Done.
        done: u64,
        /// Of so many.
        total: u64,
    },
    /// A file was not attached; nothing is left of it.
    AttachFailed(Trouble),
    /// The printer's command has taken a page.
    Printed,
    /// An attachment is in a file now, that nothing protects.
    PartSaved {
        /// Where.
        path: String,
    },
    /// A program shows an attachment.
    PartShown,
    /// An attachment was not saved, or not shown.
    SaveFailed(Trouble),

    // -- the road
    /// Where a pass of the courier is; the last one of a pass has `running` off.
    Synced(Progress),
    /// The pass ended early. Nothing is lost.
    SyncFailed {
        /// Why. `word` starts with `sync.` and says whose fault it is.
        trouble: Trouble,
        /// When it will be tried again by itself; `None` when a person must act first.
        next_try: Option<Moment>,
    },
    /// What would leave on a stick.
    StickIs(Box<StickPage>),
    /// How far the work on a bundle has come, in entries.
    BundleAt {
        /// Written or read.
        done: u64,
        /// In the bundle.
        total: u64,
    },
    /// A bundle was written, is on the medium, and was read back.
    BundleWritten(Box<BundleOut>),
    /// A bundle was read, as far as it is whole.
    BundleRead(Box<BundleIn>),
    /// A bundle could not be written or read.
    BundleFailed(Trouble),

    // -- trust
    /// Answers [`LoadRoster`](super::Effect::LoadRoster), and comes by itself when a newer one is adopted.
    RosterIs(Box<RosterPage>),
    /// What the hub knows of the team; comes by itself with each pass of a supervisor.
    TeamIs(Box<TeamPage>),
    /// Answers [`LoadKeys`](super::Effect::LoadKeys).
    KeysAre(Vec<KeyRow>),
    /// Answers [`PreviewRevocation`](super::Effect::PreviewRevocation).
    PreviewIs {
        /// The device.
        device: DeviceId,
        /// What its revocation would change, and what follows.
        lines: Vec<Sentence>,
    },
    /// A device is trusted no more, or will not be once others have signed: what was signed, and how it goes on.
    Revoked {
        /// The device.
        device: DeviceId,
        /// What was signed.
        lines: Vec<Sentence>,
    },
    /// It was not signed.
    RevokeFailed(Trouble),
    /// Answers [`Audit`](super::Effect::Audit).
    AuditIs {
        /// Whose keys were asked about.
        whose: Audited,
        /// What was found, or why nothing.
        page: Result<Box<AuditPage>, Trouble>,
    },
    /// Units to which this device owes a new key; comes by itself whenever that may have changed.
    KeysOwed(Vec<(UnitId, String)>),
    /// A unit or a case that gets a new key.
    Rotation(Renewed, RotationNews),
    /// What is set aside, and what became of it.
    Aside(AsideNews),
    /// Something else went wrong or is worth saying; shown in the status line until the next key.
    Notice(Trouble),
}

/// What would leave on a stick now, and where to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StickPage {
    /// Own entries that headquarters has not signed for.
    pub own: u64,
    /// Entries of others that are carried and that headquarters has not signed for.
    pub carried: u64,
    /// Receipts for others that ride back to them.
    pub receipts: u64,
    /// Entries with attachments that headquarters lacks.
    pub attached: u64,
    /// Whom a bundle can be for, by name: headquarters' hub first, then units.
    pub whom: Vec<String>,
    /// Folders of sticks that are in.
    pub places: Vec<String>,
}

/// A bundle that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundleOut {
    /// Where.
    pub path: String,
    /// For whom.
    pub to: String,
    /// Entries in it that headquarters has not signed for.
    pub entries: u64,
    /// Attachments in it.
    pub parts: u64,
    /// Attachments for which there was no room.
    pub parts_left: u64,
}

/// A bundle that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BundleIn {
    /// Entries that were new.
    pub entries: u64,
    /// Entries of ours that headquarters has signed for and had not before.
    pub received: u64,
    /// Entries of others that are carried from here on.
    pub carried: u64,
    /// Rosters, keys, forms and orders that were newer.
    pub documents: u64,
    /// Entries that it announces and did not bring.
    pub missing: u64,
    /// Attachments that came whole.
    pub parts: u64,
    /// Attachments that it announces and that did not come whole.
    pub parts_missing: u64,
    /// Whether it was read to its end.
    pub whole: bool,
    /// What is wrong with it, or with what it shows.
    pub trouble: Vec<Trouble>,
}

/// Something that went wrong, or that is worth saying: a key into `words/` and the particulars.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// Key of the sentence in `words/` (what we were doing, what is wrong, what to do). An unknown key shows `detail` alone.
    pub word: String,
    /// Particulars in plain words, without secrets, names or addresses of cases; may be empty.
    pub detail: String,
}

impl Trouble {
    /// A sentence without particulars.
    pub fn word(word: &str) -> Self {
        Self { word: word.to_owned(), detail: String::new() }
    }
}

/// How far the replay has come, in entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replay {
    /// Opened and folded.
    pub done: u64,
    /// In the journal.
    pub total: u64,
}

/// A home of this machine, as it shows while it is locked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HomeLine {
    /// What it is called; none for the first.
    pub name: Option<String>,
    /// Entries that wait for its passphrase.
    pub waiting: u64,
    /// Whether a device has been made in it.
    pub device: bool,
    /// Whether it is the one that the screen is at.
    pub here: bool,
}

/// The home that the screen is at from now on, locked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HomeChosen {
    /// What it is called; none for the first.
    pub name: Option<String>,
    /// Where its device stands.
    pub stage: Stage,
    /// Its settings; who orders Urdu and the colours stay the terminal's.
    pub settings: Settings,
}

/// Who is at the desk, told by the vault and the adopted roster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Who {
    /// The agency's name.
    pub agency: String,
    /// The unit's name.
    pub unit: String,
    /// The member's name.
    pub member: String,
    /// Codes of the member's roles, for example `officer`, `supervisor`.
    pub roles: Vec<String>,
    /// This device.
    pub device: DeviceId,
    /// What is known of the officer (`agency`, `province`, `district`, `police_station`, `name`…), for presets
    /// `officer.<field>` of questions.
    pub officer: Answers,
    /// Whether the device can read again what it has sent (a policy of the roster).
    pub write_only: bool,
    /// Whether the settings name a command that prints.
    pub prints: bool,
    /// Ids for the first drafts and cases, as in [`Msg::Fresh`]; at least four.
    pub fresh: Vec<[u8; 16]>,
}

/// How far one journal has come: every entry up to and with `up_to` is at least `delivery`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The device.
    pub device: DeviceId,
    /// Its journal.
    pub journal: JournalId,
    /// Handed over or received.
    pub delivery: Delivery,
    /// Highest sequence number it holds for.
    pub up_to: u64,
    /// Up to here all attachments are there too.
    pub complete: u64,
}

/// How strong a passphrase is, judged by the room that owns passphrases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Strength {
    /// 0 (refused) to 4 (very strong); 2 and above is accepted.
    pub score: u8,
    /// Key in `words/` of the reason, when it is refused or could be better.
    pub reason: Option<String>,
}

/// A unit that will be able to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReaderLine {
    /// The unit's name.
    pub unit: String,
    /// The agency's name when it is not ours.
    pub agency: Option<String>,
    /// How many people hold its key today; `None` if not known here.
    pub people: Option<u32>,
    /// Whether only counted facts go there, not the entry.
    pub statistics_only: bool,
}

/// Where the courier is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Whether the pass is still going.
    pub running: bool,
    /// Entries sent in this pass.
    pub sent: u64,
    /// Entries there were to send when it began.
    pub to_send: u64,
    /// Entries taken in this pass.
    pub pulled: u64,
    /// Entries put aside because something was wrong with them, ever.
    pub quarantined: u64,
    /// Bytes of attachments that still have to go or come.
    pub files_left: u64,
    /// Bytes of attachments that wait because the hub can neither keep nor give any just now.
    pub files_wait: u64,
    /// When the hub last answered.
    pub last_contact: Option<Moment>,
    /// The hub's name; empty if the roster names none.
    pub hub: String,
    /// Whether nothing tells of a network that is back: the hub is tried by the clock alone.
    pub by_clock: bool,
}

/// The adopted roster as rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RosterPage {
    /// The agency's name.
    pub agency: String,
    /// Version of the adopted roster.
    pub version: u64,
    /// When it was issued.
    pub issued: Option<Moment>,
    /// Until when it is fresh.
    pub expires: Option<Moment>,
    /// From when on it is so old that whoever reads may be somebody else by now.
    pub red: Option<Moment>,
    /// Days since somebody who may said that it is the newest.
    pub confirmed: Option<u64>,
    /// A newer one that is in force and has not come here.
    pub withheld: Option<u64>,
    /// The least version of the program that the agency wants, where this one is older.
    pub wanted: Option<String>,
    /// The agency's fingerprint words, in order.
    pub words: Vec<String>,
    /// This device's fingerprint words, in order.
    pub own_words: Vec<String>,
    /// Units.
    pub units: Vec<RosterUnit>,
    /// Members.
    pub members: Vec<RosterMember>,
    /// Devices.
    pub devices: Vec<RosterDevice>,
}

/// One unit of the roster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RosterUnit {
    /// The unit.
    pub id: UnitId,
    /// Its name.
    pub name: String,
    /// `hq`, `station`, `statistics` or `national`.
    pub kind: String,
    /// Epoch of its key; 0 while it has none.
    pub epoch: u64,
    /// Whether this device holds its key.
    pub readable: bool,
}

/// One member of the roster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RosterMember {
    /// Which.
    pub id: MemberId,
    /// The name.
    pub name: String,
    /// Pairs of role code and unit name.
    pub roles: Vec<(String, String)>,
    /// Whether it is the person at this desk.
    pub me: bool,
}

/// One device of the roster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RosterDevice {
    /// The device.
    pub id: DeviceId,
    /// Its member.
    pub owner: MemberId,
    /// Its member's name.
    pub member: String,
    /// `active`, `left` or `lost`.
    pub state: String,
    /// Whether it is this one.
    pub me: bool,
    /// Units whose cases its member could ever share or hand over.
    pub leads: Vec<UnitId>,
    /// Units for which its member could ever answer.
    pub answers: Vec<UnitId>,
    /// Units whose cases it reads today.
    pub reads: Vec<UnitId>,
    /// Whether something can be sealed to it by itself.
    pub opens: bool,
}

/// What the hub knows of the people of a supervisor's units, as rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TeamPage {
    /// When the hub was asked, by its clock.
    pub asked: Moment,
    /// Since when it remembers: it was started then.
    pub since: Moment,
    /// The newest roster here.
    pub roster: u64,
    /// One row for each device, and one for whoever has none; who was silent longest stands first.
    pub rows: Vec<TeamRow>,
}

/// A device of somebody in the team.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TeamRow {
    /// The member's name.
    pub member: String,
    /// Codes of their roles in the supervised units.
    pub roles: Vec<String>,
    /// The device; `None` for who has none in use.
    pub device: Option<DeviceId>,
    /// Its last contact; `None` for none since the hub was started.
    pub contact: Option<Moment>,
    /// What it said of itself then.
    pub said: Option<TeamWord>,
    /// Whether it is this device.
    pub me: bool,
}

/// What a device said of itself with its last contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TeamWord {
    /// The roster that it had adopted.
    pub roster: u64,
    /// Entries that had not arrived, less those that have since: at least so many are still there.
    pub waiting: u64,
    /// Entries that it had set aside.
    pub aside: u64,
    /// How far its clock was ahead of the hub's, in milliseconds; behind where it is negative; `None` where it said no time.
    pub ahead_ms: Option<i64>,
}

/// A sentence of the program with what fills its blanks: said in whatever language the screen has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence {
    /// Its key.
    pub key: String,
    /// Blank, text, and whether the text is the key of a word itself.
    pub blanks: Vec<(String, String, bool)>,
    /// Whether it is a warning.
    pub alarm: bool,
}

/// A key as an admin looks at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRow {
    /// `root`, `recovery`, `unit`, `device` or `hub`.
    pub kind: String,
    /// Whose.
    pub name: String,
    /// The device, for a device's keys.
    pub device: Option<DeviceId>,
    /// The unit, for a unit's key.
    pub unit: Option<UnitId>,
    /// What it opens or signs.
    pub opens: Sentence,
    /// For how many days it has been in use.
    pub days: u64,
    /// In how many days it is due for a change; below nought: overdue.
    pub due: Option<i64>,
    /// Whether it is trusted no more.
    pub gone: bool,
}

/// What the desk says of what is set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AsideNews {
    /// Answers [`LoadAside`](super::Effect::LoadAside); comes by itself after the others.
    Are(Vec<AsideRow>),
    /// Answers [`TryAside`](super::Effect::TryAside).
    Tried {
        /// Count now.
        stand: u64,
        /// Wait for what they follow.
        wait: u64,
        /// Stay in question.
        left: u64,
    },
    /// Answers [`DropAside`](super::Effect::DropAside): it is not here any more.
    Dropped,
    /// It was not dropped.
    Stays(Trouble),
}

/// An entry that was set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AsideRow {
    /// By which it is named: the hash of the bytes that are saved.
    pub id: String,
    /// The reason, as a code; its words stand under `why.`.
    pub why: String,
    /// When it was found, by this device's clock; `None` where that was not noted.
    pub day: Option<Moment>,
    /// Whose device it claims to be from; empty where the roster names nobody.
    pub member: String,
    /// The device that it claims to be from.
    pub device: DeviceId,
    /// The journal that it claims to stand in, and at which number.
    pub journal: String,
    /// The number.
    pub number: u64,
    /// How many bytes would be saved.
    pub bytes: u64,
    /// Whether it came damaged and has come whole since.
    pub whole: bool,
}
