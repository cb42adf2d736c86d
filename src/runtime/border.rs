//! Ids as they cross between the domain (`model`) and the signed formats (`keys`): the same bytes, two types.

use amanat_keys::fingerprint as keys;

use crate::model;

macro_rules! border {
    ($($name:ident),*) => {
        $(
            impl From<model::$name> for keys::$name {
                fn from(id: model::$name) -> Self {
                    Self::from_bytes(*id.as_bytes())
                }
            }

            impl From<keys::$name> for model::$name {
                fn from(id: keys::$name) -> Self {
                    Self::from_bytes(*id.as_bytes())
                }
            }
        )*
    };
}

border!(AgencyId, CaseId, DeviceId, JournalId, UnitId, MemberId);

/// A hash of sealed bytes, or of what was committed to.
pub fn sealed_digest(hash: &model::PartHash) -> keys::Digest {
    keys::Digest::from_bytes(*hash.as_bytes())
}

/// An entry's id: the first 16 bytes of its header's hash.
pub fn entry_id(header: &keys::Digest) -> model::EntryId {
    let mut id = [0; 16];
    if let Some((half, _)) = header.as_bytes().split_first_chunk() {
        id = *half;
    }
    model::EntryId::from_bytes(id)
}
