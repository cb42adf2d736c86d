//! Signed statements that travel whole and are not understood here: rosters, unit keys, codebooks, freshness. This file says
//! only which of two is newer; whether a statement holds was decided by `keys` before it came here.

use amanat_keys::fingerprint::Digest;

/// What a document is. The numbers are those of the statement purposes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DocumentKind {
    /// A version of the agency's roster; every version is kept, because authority is read from the whole chain.
    Roster,
    /// The wrapped identity of one unit and epoch.
    UnitKeys,
    /// Forms and code lists.
    Codebook,
    /// "This is the newest roster"; about the admin's or supervisor's device that says it.
    Freshness,
    /// An admin's word on a restored hub.
    Epoch,
    /// An order to erase; about the hash of its own payload, so that none ever replaces another.
    Erasure,
    /// A word on a rotation: that it is done, or that a second reader has opened what came of it.
    RotationCertificate,
    /// A roster that waits for further admins; about the admin's device that hands it on.
    Proposal,
    /// A hub's request for its next signing key; about the hub and the key that the roster lists for it, so that nobody is told of it any
    /// more once the roster lists the next one.
    NextHubKey,
}

impl DocumentKind {
    /// The number under which it is stored and sent: its statement purpose (FORMATS section 1).
    pub fn number(self) -> u64 {
        match self {
            DocumentKind::Roster => 2,
            DocumentKind::UnitKeys => 3,
            DocumentKind::Codebook => 6,
            DocumentKind::NextHubKey => 7,
            DocumentKind::Freshness => 8,
            DocumentKind::Epoch => 9,
            DocumentKind::Erasure => 11,
            DocumentKind::RotationCertificate => 13,
            DocumentKind::Proposal => 14,
        }
    }

    /// The kind with this number, if there is one.
    pub fn from_number(number: u64) -> Option<DocumentKind> {
        let all = [
            Self::Roster,
            Self::UnitKeys,
            Self::Codebook,
            Self::Freshness,
            Self::Epoch,
            Self::Erasure,
            Self::RotationCertificate,
            Self::Proposal,
            Self::NextHubKey,
        ];
        all.into_iter().find(|kind| kind.number() == number)
    }

    /// Whether every version stays, or only the newest.
    pub fn keeps_history(self) -> bool {
        matches!(self, DocumentKind::Roster)
    }
}

/// One signed statement and the little that is needed to file it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// What it is.
    pub kind: DocumentKind,
    /// What it is about: the agency, the unit, the codebook, the hub or the device that speaks.
    pub about: Digest,
    /// Its version, serial or epoch; higher is newer.
    pub version: u64,
    /// The statement verbatim, signatures included.
    pub bytes: Vec<u8>,
}

/// The newest held document of one kind about one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeldDocument {
    /// Its version.
    pub version: u64,
    /// Hash of its bytes.
    pub digest: Digest,
}

/// What became of an offered document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adoption {
    /// It is newer and is now the one in force.
    Adopted,
    /// Byte for byte the one in force.
    AlreadyHeld,
    /// Older than the one in force: refused.
    Older {
        /// The version in force.
        held: u64,
    },
    /// The same version with other bytes: the first stays in force, the second is kept as proof (FORMATS section 5).
    Conflict {
        /// Hash of the one in force.
        held: Digest,
    },
}

/// Judges an offered document against the newest held of its kind and subject.
pub fn judge(held: Option<HeldDocument>, offered: &Document) -> Adoption {
    let Some(held) = held else { return Adoption::Adopted };
    if offered.version > held.version {
        Adoption::Adopted
    } else if offered.version < held.version {
        Adoption::Older { held: held.version }
    } else if Digest::of(&offered.bytes) == held.digest {
        Adoption::AlreadyHeld
    } else {
        // Signatures may differ over one payload; the caller that can read statements decides whether it matters.
        Adoption::Conflict { held: held.digest }
    }
}
