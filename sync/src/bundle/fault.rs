//! What can be wrong with a bundle, each kind named for what a person does about it.

use std::io;

use amanat_keys::error::KeysError;
use amanat_keys::parcel::ParcelFault;

use crate::error::SyncError;

/// Why a bundle was not written, or not read to its end. What was read before is good all the same.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BundleFault {
    /// It cannot be opened: no age file, not for this reader, its header damaged or beyond the limits.
    #[error(transparent)]
    Parcel(ParcelFault),
    /// The file ends before the bundle does, or its last chunk was changed.
    #[error("the bundle is cut short, or damaged at its end")]
    Cut,
    /// Bytes were changed after it was sealed.
    #[error("the bundle is damaged")]
    Damaged,
    /// It opens, and what is inside is not what a bundle is made of.
    #[error("the bundle is not as the format has it: {0}")]
    Malformed(&'static str),
    /// It was written by a newer program.
    #[error("the bundle is of version {found}; this program knows {known}")]
    Version {
        /// What it says.
        found: u64,
        /// The highest this program knows.
        known: u64,
    },
    /// Something in it passes a maximum.
    #[error("the bundle is over a limit: {0}")]
    TooBig(&'static str),
    /// It is for another agency.
    #[error("the bundle is of another agency")]
    OtherAgency,
    /// Its manifest is not signed by a device or hub that the roster lists.
    #[error("the bundle is not signed by a device that the roster lists")]
    Unsigned(#[source] KeysError),
    /// The journal or the store failed.
    #[error("what is carried could not be read or kept")]
    Storage(#[from] SyncError),
    /// The file could not be read or written.
    #[error("the file could not be read or written")]
    Io(#[source] io::Error),
    /// Somebody wanted it to stop.
    #[error("stopped")]
    Stopped,
}

impl From<ParcelFault> for BundleFault {
    fn from(fault: ParcelFault) -> Self {
        match fault {
            ParcelFault::Io(error) => error.into(),
            fault => Self::Parcel(fault),
        }
    }
}

impl From<io::Error> for BundleFault {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Cut,
            io::ErrorKind::InvalidData => Self::Damaged,
            _ => Self::Io(error),
        }
    }
}

impl BundleFault {
    /// What the codec of the wire says of bytes inside a bundle.
    pub(super) fn inside(fault: SyncError) -> Self {
        match fault {
            SyncError::Malformed(what) => Self::Malformed(what),
            SyncError::TooBig(what) => Self::TooBig(what),
            SyncError::Version { found, known } => Self::Version { found, known },
            other => Self::Storage(other),
        }
    }
}
