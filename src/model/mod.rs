//! The domain, on the standard library alone: what officers record, and how entries fold into cases.

mod abroad;
mod again;
mod answer;
pub mod assigned;
mod attached;
mod casebook;
mod clocks;
mod date;
mod draft;
mod entry;
mod filter;
mod gone;
mod handover;
mod ids;
mod late;
mod listed;
pub mod review;
pub mod same;
pub mod screening;
mod sheet;
#[cfg(test)]
pub(crate) mod specimen;
mod summary;
mod timeline;
mod withdrawn;

pub use abroad::{Crossing, crossings, peer_word};
pub use again::with_new_ids;
pub use answer::{Answer, Answers, Given, Lang, Value};
pub use attached::{Attached, ListedPart};
pub use casebook::{CaseFile, Casebook, Collision, Delivery, Line};
pub use clocks::Clocks;
pub use date::{DateError, Moment, PartialDate, western_digit};
pub use draft::{Draft, Problem, ProblemKind, Problems, Severity};
pub use entry::{
    Access, After, Amendment, Author, Content, Entry, Handover, Names, Opened, Other, Peer, Source, Step, Ties, Times,
};
pub use filter::{CaseFilter, CaseState, SavedFilter};
pub use gone::{Absence, Gone};
pub use handover::{HandWish, Handed, Waiting, handed, speaks_for};
pub use ids::{
    AgencyId, CaseId, Code, DeviceId, DraftId, EntryId, FormId, FormRef, HeaderHash, JournalId, Link, MemberId,
    OfferId, PartHash, QuestionId, RosterHash, UnitId,
};
pub use late::Late;
pub use listed::Listed;
pub use sheet::Sheet;
pub use summary::{CaseSummary, Sort};
pub use timeline::put_in_order;
pub use withdrawn::{NoReason, withdrawn};
