//! What a form can see beside its own answers: the case it belongs to, and the entries it can name.

use std::collections::BTreeMap;

use crate::model::{Answers, EntryId};

/// The answers around a form, as they stand today.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// The case: rules reach it as `case.<question>`.
    pub case: Answers,
    /// Other entries of the case, with their sealed answers where these can be read: rules reach the one that a
    /// question names as `<question>.<question>`.
    pub entries: BTreeMap<EntryId, Answers>,
}
