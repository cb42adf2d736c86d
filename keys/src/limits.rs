//! Every limit that keys puts on bytes from outside, with its reason (DESIGN section 4, invariant 15).

/// Most bytes of JSON in an envelope: 4 MiB, a thousand times a long interview. What is larger is an attachment.
pub const CONTENT: usize = 4 * 1024 * 1024;

/// Largest zstd window that is opened, in bytes: 8 MiB (FORMATS section 3), which every zstd tool accepts unasked.
pub const WINDOW: u64 = 8 * 1024 * 1024;

/// Most stanzas of a slip or a parcel (FORMATS sections 3 and 7): trying one costs a reader about 60 µs.
pub const STANZAS: usize = 64;

/// Most bytes of a slip: 128 KiB (FORMATS section 3), room for 64 hybrid stanzas.
pub const SLIP: usize = 128 * 1024;

/// Most bytes of a parcel's header: 64 KiB (FORMATS section 7).
pub const PARCEL_HEADER: usize = 64 * 1024;

/// Most bytes of an envelope that is opened in memory: content that did not compress, its frames and 12 % of padding.
pub const ENVELOPE: usize = CONTENT + CONTENT / 4;

/// Most bytes of an attachment's plaintext: 2 GiB, a day of recorded speech or some minutes of film. It passes in chunks; what bounds
/// it is how long a link takes.
pub const PART: u64 = 2 * 1024 * 1024 * 1024;

/// Most payloads under one case key: 2²⁰ (FORMATS section 3). Nonces of 16 bytes stay apart far beyond it; whoever seals counts, and
/// begins a new slip.
pub const PAYLOADS_PER_KEY: u64 = 1 << 20;

/// Most entries that one offer to another agency brings: a case has some dozens, and all of them are kept in one transaction.
pub const TRANSFERRED: u64 = 4096;

/// Most bytes of such a file, opened in memory: 4 096 interviews fit, and it is far below what a small laptop has.
pub const TRANSFER: usize = 64 * 1024 * 1024;
