//! What is kept for good at the desk: what a person was asked about, and that somebody looked.

use std::sync::Arc;

use super::{
    seat::{Seat, note_forms},
    tellings,
};
use crate::{
    model::{Amendment, CaseId, Code, DraftId, Entry, FormRef},
    runtime::entries::keep::{self, What},
    ui::{Keeping, Msg, ToKeep},
};

impl Seat {
    fn to_keep(&self, keep: ToKeep) -> keep::ToKeep {
        let what = match keep.what {
            Keeping::Sheet(sheet) => What::Sheet(sheet),
            Keeping::Amendment(amendment) => {
                let form = self.form_of(&amendment);
                What::Amendment(amendment, form)
            }
        };
        keep::ToKeep { case: keep.case, what, source: None, draft: keep.draft, sharing: keep.sharing }
    }

    /// What cannot be written is told when it is to be kept.
    pub(in crate::runtime) fn write_ahead(&mut self, keep: ToKeep) {
        let to = keep.to.clone();
        let keep = self.to_keep(keep);
        let codebook = Arc::clone(&self.codebook);
        self.with_home(|home| home.write_ahead(&codebook, keep, to)).unwrap_or_default();
    }

    pub(in crate::runtime) fn keep(&mut self, keep: ToKeep) {
        let (draft, to) = (keep.draft, keep.to.clone());
        let keep = self.to_keep(keep);
        let codebook = Arc::clone(&self.codebook);
        match self.with_home(|home| home.keep_to(&codebook, keep, to)) {
            Ok(entries) => {
                note_forms(&mut self.forms, &entries);
                self.say_kept(entries, draft);
            }
            Err(failure) => self.say(Msg::KeepFailed { draft, trouble: tellings::trouble(&failure) }),
        }
    }

    fn form_of(&self, amendment: &Amendment) -> Option<FormRef> {
        self.forms.get(&amendment.target).cloned()
    }

    pub(super) fn note_access(&mut self, case: CaseId, what: Code, count: usize) {
        let keep = keep::ToKeep::access(case, what, count);
        let codebook = Arc::clone(&self.codebook);
        match self.with_home(|home| home.keep(&codebook, keep)) {
            Ok(entries) => self.say_kept(entries, None),
            Err(failure) => self.say(Msg::Notice(tellings::trouble(&failure))),
        }
    }

    /// What was kept, and what of it cannot be read again.
    pub(super) fn say_kept(&self, entries: Vec<Entry>, draft: Option<DraftId>) {
        let shut = self.home.as_ref().map(|home| home.shut_of(&entries)).unwrap_or_default();
        self.say(Msg::Kept { entries, draft });
        if !shut.is_empty() {
            self.say(Msg::Gone(shut));
        }
    }
}
