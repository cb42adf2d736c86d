//! Names of things: fixed-width ids shown as lowercase hex, and the short words of the codebook.
//!
//! They repeat the widths of the signed formats (`FORMATS.md` section 1) without importing them, so that the domain
//! stays on the standard library; `runtime` converts at the border.

use std::{fmt, str::FromStr, sync::Arc};

macro_rules! byte_id {
    ($(#[$doc:meta])* $name:ident, $width:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $width]);

        impl $name {
            /// Wraps raw bytes.
            pub const fn from_bytes(bytes: [u8; $width]) -> Self {
                Self(bytes)
            }

            /// The raw bytes.
            pub const fn as_bytes(&self) -> &[u8; $width] {
                &self.0
            }

            /// The first eight hex digits: enough to point at one on a screen, never enough to address it.
            pub fn short(&self) -> String {
                self.to_string().chars().take(8).collect()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.short())
            }
        }

        impl FromStr for $name {
            type Err = ();

            /// Reads exactly the full lowercase or uppercase hex form.
            fn from_str(text: &str) -> Result<Self, ()> {
                if text.len() != $width * 2 || !text.is_ascii() {
                    return Err(());
                }
                let mut bytes = [0; $width];
                for (at, byte) in bytes.iter_mut().enumerate() {
                    *byte = text.get(at * 2..at * 2 + 2).and_then(|two| u8::from_str_radix(two, 16).ok()).ok_or(())?;
                }
                Ok(Self(bytes))
            }
        }
    };
}

byte_id!(
    /// One case, made at random on the device that opens it.
    CaseId, 16
);
byte_id!(
    /// One entry: the first 16 bytes of its header's hash, so it cannot be chosen and never repeats.
    EntryId, 16
);
byte_id!(
    /// A header's whole hash.
    HeaderHash, 32
);
byte_id!(
    /// The hash of a journal's chain up to a place.
    Link, 32
);
byte_id!(
    /// The hash of an attachment: of its content, or of its sealed bytes.
    PartHash, 32
);
byte_id!(
    /// One unfinished form on this device.
    DraftId, 16
);
byte_id!(
    /// One set of keys on one machine.
    DeviceId, 32
);
byte_id!(
    /// One journal of a device.
    JournalId, 16
);
byte_id!(
    /// One station, circle or headquarters.
    UnitId, 32
);
byte_id!(
    /// One person with a role.
    MemberId, 16
);
byte_id!(
    /// One organisation with a roster of its own.
    AgencyId, 32
);
byte_id!(
    /// One version of a roster.
    RosterHash, 32
);
byte_id!(
    /// One offer of a case to another agency: the hash of what was signed.
    OfferId, 32
);

impl HeaderHash {
    /// The id of the entry whose header it is.
    pub fn id(&self) -> EntryId {
        let mut id = [0; 16];
        id.iter_mut().zip(self.as_bytes()).for_each(|(to, from)| *to = *from);
        EntryId::from_bytes(id)
    }
}

macro_rules! word_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Takes any text; whether the codebook knows it is decided there.
            pub fn new(text: impl AsRef<str>) -> Self {
                Self(Arc::from(text.as_ref()))
            }

            /// Shares an already interned text, so that a hundred thousand answers name their question once.
            pub const fn shared(text: Arc<str>) -> Self {
                Self(text)
            }

            /// The text itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::new(text)
            }
        }
    };
}

word_id!(
    /// A question's stable id, for example `detection_source`; never reused for another meaning.
    QuestionId
);
word_id!(
    /// A value of a code list, for example `PK617` of `district`.
    Code
);
word_id!(
    /// A form's stable id, for example `person`.
    FormId
);

/// A form as it stood when it was filled: old answers are always shown in the words they were asked in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FormRef {
    /// The form.
    pub id: FormId,
    /// Its version, counted from 1.
    pub version: u16,
}

impl fmt::Display for FormRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.id, self.version)
    }
}
