//! An entry as one row: signature, header and envelope in one piece, to be sealed under the vault key (FORMATS section 8), and
//! the key of that row. The row seal authenticates it, so that an unlock need not check signatures and hashes again.

use amanat_keys::fingerprint::{DeviceId, JournalId};

use crate::cbor::count;
use crate::entry::{EntryRef, SealedEntry};
use crate::error::{Result, SyncError};

/// The table name under which entries are sealed.
pub(super) const ENTRY: &str = "entry";
/// The table name under which entries set aside are sealed.
pub(super) const QUARANTINE: &str = "quarantine";
/// The table name under which documents are sealed.
pub(super) const DOCUMENT: &str = "document";
/// The table name under which what is known of a journal is sealed.
pub(super) const JOURNAL: &str = "journal";
/// The table name under which the hub's statements are sealed.
pub(super) const HUB: &str = "hub";

const BARE: u8 = 0;
const WHOLE: u8 = 1;
/// Bytes of a packed entry beside its signature, header and envelope.
pub(super) const AROUND: u64 = 5;

/// The row key of a place: device ‖ journal ‖ number as 8 bytes, big-endian.
pub(super) fn key(device: &DeviceId, journal: &JournalId, seq: u64) -> [u8; 56] {
    let mut key = [0; 56];
    let mut rest = &mut key[..];
    for part in [&device.as_bytes()[..], journal.as_bytes(), &seq.to_be_bytes()] {
        if let Some(place) = rest.split_off_mut(..part.len()) {
            place.copy_from_slice(part);
        }
    }
    key
}

/// The row key of an entry's place.
pub(super) fn key_of(entry: &EntryRef) -> [u8; 56] {
    key(&entry.device, &entry.journal, entry.seq)
}

/// The row key of a receipt: hub ‖ epoch as 8 bytes, big-endian ‖ the row key of the journal's place 0.
pub(super) fn receipt_key(hub: &DeviceId, epoch: u64, journal: &[u8; 56]) -> Vec<u8> {
    [&hub.as_bytes()[..], &epoch.to_be_bytes(), journal].concat()
}

/// whether there is an envelope (1) ‖ signature (64) ‖ length of the header (4, big-endian) ‖ header ‖ envelope.
pub(super) fn pack(entry: &SealedEntry) -> Vec<u8> {
    let envelope = entry.envelope.as_deref();
    let length = u32::try_from(entry.bytes.len()).unwrap_or(u32::MAX).to_be_bytes();
    let whole = if envelope.is_some() { WHOLE } else { BARE };
    [&[whole], &entry.signature[..], &length, &entry.bytes, envelope.unwrap_or_default()].concat()
}

/// Bytes of a packed entry.
pub(super) fn weight(entry: &SealedEntry) -> u64 {
    let envelope = entry.envelope.as_ref().map_or(0, Vec::len);
    let parts = [entry.signature.len(), entry.bytes.len(), envelope];
    parts.into_iter().fold(AROUND, |sum, part| sum.saturating_add(count(part)))
}

/// The entry in an opened row.
///
/// # Errors
/// `StorageDamaged`: the row was sealed by us and is yet no entry.
pub(super) fn unpack(plain: &[u8]) -> Result<SealedEntry> {
    split(plain).ok_or(SyncError::StorageDamaged("a row is no entry"))
}

fn split(plain: &[u8]) -> Option<SealedEntry> {
    let (whole, rest) = plain.split_first()?;
    let (signature, rest) = rest.split_first_chunk::<64>()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let (header, envelope) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
    let envelope = match *whole {
        WHOLE => Some(envelope.to_vec()),
        BARE if envelope.is_empty() => None,
        _ => return None,
    };
    SealedEntry::from_row(header.to_vec(), *signature, envelope).ok()
}
