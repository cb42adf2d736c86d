//! Every maximum on bytes from outside, each with its reason. A number that bounds a stranger's bytes stands here or nowhere.

/// Version of the wire spoken here. A peer that says another is answered with this one, not guessed at.
pub const WIRE_VERSION: u64 = 1;
/// Version of the header written here (FORMATS section 2).
pub const HEADER_VERSION: u64 = 1;

/// Highest number in a journal: a place and its journal share one 63-bit row number (24 bits journal, 39 bits place), and
/// no device writes 500 thousand million entries.
pub const MAX_SEQ: u64 = (1 << 39) - 1;
/// Journals that one home can hold: the other 24 bits of the row number.
pub const MAX_JOURNALS: u64 = (1 << 24) - 1;

/// Bytes of a header: 64 readers of 102 bytes and 64 parts of 40 fit with room for a later version.
pub const MAX_HEADER: usize = 16 * 1024;
/// Bytes of an envelope. A long interview is 50 kB before compression; scans and recordings are attachments.
pub const MAX_ENVELOPE: usize = 1024 * 1024;
/// Bytes of a slip's age header (FORMATS section 3).
pub const MAX_SLIP: usize = 128 * 1024;
/// Readers of a slip: the stanzas that an age header may carry (FORMATS section 3).
pub const MAX_AUDIENCE: usize = 64;
/// Attachments of one entry.
pub const MAX_PARTS: usize = 64;
/// Bytes of one sealed attachment: 2 GiB of plaintext with the nonce and a tag for each chunk of 64 KiB.
pub const MAX_PART: u64 = 2 * 1024 * 1024 * 1024 + 16 + 16 * 32 * 1024;
/// Bytes of an attachment in one request or answer: what a cut loses, and what a new entry waits for at most.
pub const MAX_PART_PIECE: usize = 1024 * 1024;
/// Attachments that one question names: four entries' worth; more are asked for in the next.
pub const MAX_PARTS_ASKED: usize = 256;
/// Bytes of a request about attachments: a piece, or 256 names of 125 bytes.
pub const MAX_PARTS_REQUEST: usize = MAX_PART_PIECE + 64 * 1024;
/// Bytes of the answer: a piece, and a receipt and a checkpoint.
pub const MAX_PARTS_REPLY: usize = MAX_PART_PIECE + 64 * 1024;

/// Bytes of one frame: an entry whose header travels verbatim, and its signature.
pub const MAX_FRAME: usize = MAX_ENVELOPE + MAX_HEADER + 1024;
/// Bytes of the manifest that begins a streaming body: runs of 110 bytes, receipts, and a national checkpoint list.
pub const MAX_MANIFEST: usize = 32 * 1024 * 1024;
/// Runs in one body: a carrier brings a station's devices, a reader takes a province's.
pub const MAX_RUNS: usize = 16 * 1024;
/// Entries in one body; more go in the next one, so that a hub can bound its work for one request.
pub const MAX_ITEMS: u64 = 100_000;
/// Bytes of one whole body, all frames together.
pub const MAX_BODY: u64 = 256 * 1024 * 1024;
/// Hashes of left-out entries in one frame: 32 KiB, so that a frame stays small on a slow link.
pub const MAX_ELISIONS: usize = 1024;

/// Heads that a pull may name, or a checkpoint list: every journal of a national store.
pub const MAX_HEADS: usize = 200_000;
/// Bytes of such a list when it travels: 93 bytes a line.
pub const MAX_HEADS_BYTES: usize = MAX_HEADS * 96;
/// Stretches that a pull may ask for again.
pub const MAX_AGAIN: usize = 1024;
/// Places that are remembered because an entry came damaged there. Beyond it they are set aside and not asked for by themselves.
pub const MAX_DAMAGED: usize = 512;
/// Journals of others of which is remembered how far their second history was looked at. Each needs the key of its device; what is beyond
/// is looked at again with each pass.
pub const MAX_FORKED: usize = 1024;
/// Entries that are set aside at most: as many as a person looks through. Those that nobody is proven to have signed get half of it, so
/// that nobody without a key can crowd out evidence.
pub const MAX_ASIDE: u64 = 1024;
/// Bytes of them, 16 KiB each: they are read together, on a small laptop, and must not fill its disk.
pub const MAX_ASIDE_BYTES: u64 = 16 * 1024 * 1024;
/// Pages of one pull that bring nothing to file: an officer's way through a year of entries that are for others has fewer.
pub const MAX_VAIN_PAGES: u64 = 1024;
/// Pages of one journal that bring nothing to file, after which it is not asked for any more in that pull: one bad journal must not use
/// up the pages of those behind it.
pub const MAX_VAIN_OF_ONE: u64 = 8;
/// Items of one pull that are no entries to file, bare hashes above all: 32 MiB of them on the road.
pub const MAX_VAIN_ITEMS: u64 = 1024 * 1024;
/// Journals of which nothing more is asked for in one pull, because what came of them cannot be filed: each makes every further question
/// longer by 62 bytes.
pub const MAX_PASSED_OVER: usize = 4096;
/// Bytes of a request to pull: `MAX_HEADS` heads of 62 bytes.
pub const MAX_PULL: usize = 16 * 1024 * 1024;

/// Bytes of one signed statement: a codebook with its forms in two languages is the largest.
pub const MAX_STATEMENT: usize = 4 * 1024 * 1024;
/// Statements in one answer; a device many rosters behind asks again.
pub const MAX_STATEMENTS: usize = 256;
/// Documents that an asker can say it holds: units and codebooks of a national agency.
pub const MAX_HELD_DOCUMENTS: usize = 65_536;
/// Entries that one answer can set aside by name; a body worse than that is refused whole.
pub const MAX_REFUSED: usize = 4096;
/// Bytes of a whole answer with documents.
pub const MAX_DOCUMENTS: usize = 32 * 1024 * 1024;
/// Bytes of a reply to a push: a receipt of about 400 bytes for each run, and the checkpoint.
pub const MAX_REPLY: usize = 16 * 1024 * 1024;

/// Bytes of one local row (a draft, a note, a case key), sealed only to this device.
pub const MAX_SHELF_ROW: usize = 4 * 1024 * 1024;
/// Bytes of the key of a local row: the place of an entry is 56.
pub const MAX_SHELF_KEY: usize = 64;
/// Audiences and roster hashes that a stream remembers in order to leave them out; what is beyond is sent in full.
pub const MAX_REMEMBERED: usize = 64;
/// Cases of one run that a stream remembers in order to leave them out.
pub const MAX_REMEMBERED_CASES: usize = 65_536;

/// Statements of one kind in a join pack: ten thousand devices over a hundred rosters fit.
pub const PACK_STATEMENTS: u64 = 100_000;
/// Bytes of one statement in a join pack.
pub const PACK_STATEMENT: usize = 16 << 20;

/// Whom a bundle can be written to: the stanzas that its age header may carry (FORMATS section 7).
pub const BUNDLE_READERS: usize = 64;
/// Statements in a bundle: those of a join pack, and a receipt for each journal of a province.
pub const BUNDLE_PAPERS: u64 = 120_000;
/// Words of a hub in a bundle that are held in memory until its entries have been read: a receipt for each run, and checkpoints.
pub const BUNDLE_WORDS: usize = MAX_RUNS + 1024;
/// Documents of a bundle that are looked at together: a chain of rosters is read in order.
pub const BUNDLE_DOCUMENTS: usize = 256;
/// Items that are held at once while a bundle is read or written.
pub const BUNDLE_PIECE: u64 = 1024;
/// Bytes of them, about; one entry of [`MAX_ENVELOPE`] more.
pub const BUNDLE_PIECE_BYTES: u64 = 4 * 1024 * 1024;
/// Bare hashes that are held while a bundle is read, until an entry follows that vouches for them: 20 MiB, the journals of a district.
pub const MAX_UNSIGNED: u64 = 512 * 1024;
/// Bytes of what headquarters has and a device puts on a stick for people all the same: some thousands of a supervisor's words, which a
/// small laptop reads in a second.
pub const BUNDLE_BACK_BYTES: u64 = 8 * 1024 * 1024;
/// Attachments in one bundle.
pub const BUNDLE_PARTS: usize = 16_384;
/// Bytes of one piece of them, so that reading and writing hold no more at once.
pub const BUNDLE_PART_PIECE: usize = 512 * 1024;
/// Checkpoints of a hub that a device remembers, so that another story of one of them is noticed: half a year of one a day.
pub const REMEMBERED_CHECKPOINTS: usize = 200;
/// A question for newer rosters, in bytes: it names an agency, a version and a hash.
pub const MAX_ROSTERS_REQUEST: usize = 128;
/// A question for the team, in bytes: it names an agency.
pub const MAX_TEAM_REQUEST: usize = 64;
/// Devices in an answer about a team: as many as a roster may list.
pub const MAX_TEAM: usize = 20_000;
/// Bytes that a device offers again in all to a hub that fell back before an admin has spoken for it: what a backup of last week lacks,
/// and not what a link costs that a hub makes it carry again and again.
pub const MAX_OFFERED_AGAIN: u64 = 16 * 1024 * 1024;
