//! Everything that the screens can ask the runtime for, as data.

use std::fmt;

use zeroize::Zeroizing;

use super::abroad::{AbroadAnswer, AbroadOffer};
use super::app::Settings;
use super::audit::{AuditPage, Audited};
use super::rotation::Renewed;
use crate::model::{
    Amendment, CaseId, Code, DeviceId, Draft, DraftId, EntryId, HandWish, Lang, Listed, ListedPart, OfferId,
    SavedFilter, Sheet,
};

/// One wish. The runtime performs them in the order given and never answers directly: results come home as
/// [`Msg`](super::Msg)s, named beside each.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    // -- first start
    /// How strong is this? → `PassphraseJudged`. Asked while it is typed; only the newest needs an answer.
    JudgePassphrase(Secret),
    /// Make keys and lock them under the passphrase → `DeviceMade` or `WelcomeFailed`.
    MakeDevice {
        /// What the person calls this device.
        name: String,
        /// The passphrase, as typed.
        passphrase: Secret,
    },
    /// Write the signed join request to a file → `RequestWritten` or `WelcomeFailed`.
    WriteJoinRequest {
        /// A file or folder as typed; a folder gets a file name of the runtime's choice.
        path: String,
    },
    /// Adopt the roster in a file, if its words are these → `Joined` then `Unlocked`, or `WelcomeFailed`.
    Join {
        /// The roster's file, as typed.
        path: String,
        /// The words read aloud by the admin, as typed.
        words: String,
    },

    // -- locked and unlocked
    /// Open the vault → `Unlocked` (then `Arrived`…, `Marks`, `Drafts`, `Replaying`) or `UnlockFailed`.
    Unlock(Secret),
    /// Which homes are on this machine? → `HomesAre`.
    LoadHomes,
    /// Sit down at another home, while this one is locked → `HomeChosen`, or `UnlockFailed` where another program has it.
    ChooseHome {
        /// Its name; none for the first.
        name: Option<String>,
    },
    /// Wipe the keys and everything opened → `Locked`. The screens have forgotten it all already.
    Lock,
    /// End the program, after all effects before this one are done.
    Quit,
    /// More random ids, please → `Fresh`.
    Fresh {
        /// How many.
        count: usize,
    },
    /// Keep the settings for the next start; no answer.
    Remember(Settings),

    // -- entries
    /// Seal a draft on this device → `DraftKept` or `DraftFailed`. A newer one replaces an older one of the same id.
    KeepDraft(Box<Draft>),
    /// Throw a draft away; no answer.
    DropDraft(DraftId),
    /// Keep these filters, in place of those before; no answer.
    KeepFilters(Vec<SavedFilter>),
    /// Open this case before the rest, while everything is being read → `Whole`, or nothing where it has to wait for the rest.
    ReadFirst(CaseId),
    /// Keep these lines of the list of cases for the next unlocking → `ListAsked` for the ones after them; no answer after the last.
    KeepList {
        /// The lines, by the ids of their cases.
        lines: Vec<Listed>,
        /// Whether these are the last.
        last: bool,
    },
    /// A person is asked about this and will perhaps keep it: its text can be written already; no answer.
    WriteAhead(Box<ToKeep>),
    /// Keep this for good → `Kept` or `KeepFailed`.
    Keep(Box<ToKeep>),
    /// Who would be able to read? → `Readers`.
    Readers {
        /// The case; `None` for one that is opened now.
        case: Option<CaseId>,
        /// Its sharing level (list `handling_code`), if the sheet says one.
        sharing: Option<Code>,
        /// Devices beside the units: for a supervisor's word the author's, and those of whom the case is given to.
        to: Vec<DeviceId>,
    },
    /// Let go of every key of a case → `Gone` and `Marks`, or `Notice` with what is in the way.
    HandIn {
        /// The case.
        case: CaseId,
    },
    /// Keep an entry of kind *access* → `Kept`, or `Notice` if it could not be.
    NoteAccess {
        /// The case.
        case: CaseId,
        /// `case`, `names`, `export` or `print`.
        what: Code,
        /// The entries that were shown.
        entries: Vec<EntryId>,
    },

    /// Who would be able to read a case after this? → `Readers` or `HandFailed`.
    HandReaders {
        /// The case.
        case: CaseId,
        /// What is wished.
        wish: Box<HandWish>,
    },
    /// Share a case or hand it over, or answer → `Kept` and `Handed`, or `HandFailed`.
    HandOver {
        /// The case.
        case: CaseId,
        /// What is wished.
        wish: Box<HandWish>,
    },

    /// Who would be able to read a word that two cases, or persons of them, are one? → `Readers` of the first of them, or `HandFailed`.
    SameReaders {
        /// The cases.
        cases: [CaseId; 2],
    },
    /// Keep such a word for those who read both → `Kept`, or `HandFailed`.
    SaySame {
        /// The cases.
        cases: [CaseId; 2],
        /// The word.
        sheet: Box<Sheet>,
    },

    // -- another agency
    /// Whose roster is it that has these words, and which of its units can read? → `AgencyIs` or `AbroadFailed`.
    OpenAgency {
        /// The file as typed: a pack.
        path: String,
        /// Its words as typed.
        words: String,
    },
    /// Offer a case → `Kept` and `AbroadOffers`, or `AbroadFailed`. Without a file nothing is kept: it says what would go.
    OfferAbroad {
        /// What is offered, and to whom.
        offer: Box<AbroadOffer>,
        /// The file as typed.
        out: Option<String>,
    },
    /// Take an offer back, and write a file that says so → `Kept` and `AbroadOffers`, or `AbroadFailed`.
    TakeBackAbroad {
        /// The case.
        case: CaseId,
        /// The file of the other agency's pack as typed.
        roster: String,
        /// Its words as typed.
        words: String,
        /// Which offer.
        offer: OfferId,
        /// The file as typed.
        out: String,
    },
    /// Look into a file that another agency wrote → `AbroadCame` (and `Kept` for an answer), or `AbroadFailed`.
    ReadAbroad {
        /// The file as typed.
        path: String,
        /// The words of its writer's roster as typed, once they are asked for.
        words: Option<String>,
    },
    /// Take a case over, or do not, and write the answer → `Kept` and `AbroadTaken`, or `AbroadFailed`.
    AnswerAbroad(Box<AbroadAnswer>),

    // -- attachments
    /// Seal a file and keep it with a note in a case → `Sealing`…, then `Kept` or `AttachFailed`.
    Attach {
        /// The case.
        case: CaseId,
        /// The file as typed.
        path: String,
    },
    /// Open an attachment into a file → `Sealing`…, then `PartSaved` or `SaveFailed`. One that is not here is asked for instead.
    SavePart {
        /// Which, and where it is listed.
        listed: Box<ListedPart>,
        /// The file as typed; nothing is overwritten.
        path: String,
    },
    /// Show an attachment by the program of the settings, on record first → `Sealing`…, then `PartShown` or `SaveFailed`. One that is not here
    /// is asked for instead.
    ViewPart(Box<ListedPart>),
    /// Put this page on paper, on record first: to the printer's command → `Printed`, or into a new file → `PartSaved`; else `SaveFailed`.
    Print {
        /// The case.
        case: CaseId,
        /// `print`.
        what: Code,
        /// The page.
        page: Secret,
        /// The file as typed; `None`: the printer.
        to: Option<String>,
    },
    /// Stop the sealing or opening that goes on → `AttachFailed` or `SaveFailed`.
    StopSealing,

    // -- the road
    /// Let the courier make a pass now → `Synced`… or `SyncFailed`. A pass that runs already is enough.
    Sync,
    /// Stop the pass that runs → `Synced` with `running` off.
    StopSync,
    /// Tell what would leave on a stick, whom it can be for, and which sticks are in → `StickIs`.
    LookAtStick,
    /// Write what waits (and what others may lack) into a bundle → `BundleAt`, then `BundleWritten` and `Marks`, or `BundleFailed`.
    WriteBundle {
        /// A file or folder as typed.
        path: String,
        /// The unit's name; `None`: headquarters' hub.
        to: Option<String>,
    },
    /// Stop the work on a bundle → `BundleFailed`; what was read stays read, and nothing half is left on the stick.
    StopBundle,
    /// Read a bundle → `BundleAt`, then `BundleRead`, `Arrived`, `Marks`, or `BundleFailed`.
    ReadBundle {
        /// The file as typed.
        path: String,
    },

    // -- trust
    /// Show me the adopted roster → `RosterIs`.
    LoadRoster,
    /// Show me every key → `KeysAre`.
    LoadKeys,
    /// What would follow if this device were lost today? → `PreviewIs`.
    PreviewRevocation {
        /// The device.
        device: DeviceId,
        /// Whether it is lost, and not handed back.
        lost: bool,
    },
    /// Sign that a device is trusted no more from what is known of it here. Answered by [`Revoked`](super::Msg::Revoked) or
    /// [`RevokeFailed`](super::Msg::RevokeFailed).
    Revoke {
        /// The device.
        device: DeviceId,
        /// Whether it is lost, and not handed back.
        lost: bool,
        /// What opens the root key.
        passphrase: Secret,
    },
    /// What could these keys read, what do they still open, and where? → `AuditIs`.
    Audit(Audited),
    /// Write an audit into a file, as it was shown → `PartSaved` or `SaveFailed`.
    SaveAudit {
        /// What was shown.
        page: Box<AuditPage>,
        /// Whether for programs.
        programs: bool,
        /// The language of a page for people.
        lang: Lang,
        /// The file as typed; nothing is overwritten.
        path: String,
    },
    /// What would giving this a new key mean now? → `Rotation`.
    LookAtRotation(Renewed),
    /// Give it a new key as far as that can go now → `Rotation`….
    Rotate(Renewed),
    /// Stop that after the batch at hand → `Rotation`.
    StopRotating,
    /// Show me what was set aside → `Aside`.
    LoadAside,
    /// Save the sealed bytes of one that was set aside → `PartSaved` or `SaveFailed`.
    SaveAside {
        /// Its id, as the list has it.
        id: String,
        /// The file as typed; nothing is overwritten.
        path: String,
    },
    /// Hold what was set aside against the roster of today → `Aside`; what counts by it comes as `Arrived`.
    TryAside,
    /// Drop the sealed bytes of one that was set aside → `Aside`.
    DropAside {
        /// Its id, as the list has it.
        id: String,
    },
}

/// What the desk is to keep as one transaction.
#[derive(Clone, Debug, PartialEq)]
pub struct ToKeep {
    /// The case.
    pub case: CaseId,
    /// Whether this opens the case: the desk makes its key and slip first.
    pub opens: bool,
    /// The case's sharing level from now on, if this sheet says one (list `handling_code`).
    pub sharing: Option<Code>,
    /// What.
    pub what: Keeping,
    /// Devices that read it beside those who read the case: the author's of an entry that is reviewed, and those of whom the case is given to.
    pub to: Vec<DeviceId>,
    /// The draft it came from, to be dropped in the same transaction.
    pub draft: Option<DraftId>,
}

/// A sheet or an amendment.
#[derive(Clone, Debug, PartialEq)]
pub enum Keeping {
    /// A finished form, whole. The desk takes out what its form calls *sealed* (into an entry of kind `Names` under the
    /// case's second key) and *local* (into a local note).
    Sheet(Sheet),
    /// A correction. Changes of sealed questions are to be sealed likewise.
    Amendment(Amendment),
}

/// A passphrase on its way from the keyboard to the vault: wiped when dropped, never printed.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes what was typed.
    pub fn new(typed: String) -> Self {
        Self(Zeroizing::new(typed))
    }

    /// The text itself, for the vault only.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}
