//! Drafts on their shelf: sealed to this device alone, never sent.
//!
//! A draft is written in the words of `record`, as an amendment that never enters a journal: its changes are the answers so far,
//! its note is the rest. So there is one reader and one writer of answers, and both are frozen by vectors.

use amanat_sync::journal::{Journal as _, Shelf, ShelfRow};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::home::Home;
use crate::{
    failure::Failure,
    model::{
        Amendment, Author, Code, Content, DeviceId, Draft, DraftId, EntryId, FormId, FormRef, JournalId, Lang,
        QuestionId, Times,
    },
    record::{self, Interner},
    runtime::fault,
};

const NO_ENTRY: EntryId = EntryId::from_bytes([0; 16]);
const DOING: &str = "keeping the draft";

impl Home {
    /// Seals a draft; a newer one replaces an older one of the same id.
    ///
    /// # Errors
    /// What the journal refuses.
    pub fn keep_draft(&mut self, draft: &Draft) -> Result<(), Failure> {
        let plain = self.seal_draft(draft.id, draft.case, Zeroizing::new(write(draft)))?;
        let row = ShelfRow::draft(*draft.id.as_bytes(), plain);
        self.journal.shelve(&[row], &[]).map_err(|error| fault::sync(DOING, &error))
    }

    /// Throws a draft away.
    ///
    /// # Errors
    /// What the journal refuses.
    pub fn drop_draft(&mut self, draft: DraftId) -> Result<(), Failure> {
        let key = (Shelf::Drafts, draft.as_bytes().to_vec());
        self.journal.shelve(&[], &[key]).map_err(|error| fault::sync("dropping the draft", &error))?;
        self.drop_draft_key(&draft);
        self.ahead = None;
        Ok(())
    }

    /// All drafts; one that cannot be read is left where it is.
    ///
    /// # Errors
    /// What the journal refuses.
    pub fn drafts(&self) -> Result<Vec<Draft>, Failure> {
        let rows = self.journal.shelf(Shelf::Drafts).map_err(|error| fault::sync("reading the drafts", &error))?;
        let opened = rows.into_iter().filter_map(|row| {
            let plain = self.open_draft(&row.key, row.plain.clone())?;
            read(&ShelfRow { plain, ..row })
        });
        Ok(opened.collect())
    }
}

fn write(draft: &Draft) -> Vec<u8> {
    let rest = json!({
        "form": draft.form.id.as_str(),
        "version": draft.form.version,
        "case": draft.case.map(|case| case.to_string()),
        "at": draft.at.as_ref().map(QuestionId::as_str),
        "lang": match draft.lang { Lang::En => "en", Lang::Ur => "ur" },
    });
    let amendment = Amendment {
        target: draft.target.unwrap_or(NO_ENTRY),
        seen: draft.seen.clone(),
        reason: Code::new("draft"),
        note: Some(rest.to_string().into()),
        changes: draft.answers.clone(),
    };
    let times = Times { device: draft.started, boot_ms: 0, hub_ms: None };
    record::encode(&times, None, None, &[], &Content::Amendment(amendment))
}

fn read(row: &ShelfRow) -> Option<Draft> {
    let id = DraftId::from_bytes(row.key.as_slice().try_into().ok()?);
    let nobody = Author { device: DeviceId::from_bytes([0; 32]), journal: JournalId::from_bytes([0; 16]), seq: 0 };
    let case = crate::model::CaseId::from_bytes([0; 16]);
    let entry = record::decode(&row.plain, NO_ENTRY, case, nobody, &mut Interner::default()).ok()?;
    let Content::Amendment(amendment) = entry.content else { return None };
    let rest: Value = serde_json::from_str(amendment.note.as_deref()?).ok()?;
    let text = |name: &str| rest.get(name).and_then(Value::as_str);
    let version = u16::try_from(rest.get("version")?.as_u64()?).ok()?;
    Some(Draft {
        id,
        form: FormRef { id: FormId::new(text("form")?), version },
        case: text("case").and_then(|case| case.parse().ok()),
        target: (amendment.target != NO_ENTRY).then_some(amendment.target),
        seen: amendment.seen,
        answers: amendment.changes,
        at: text("at").map(QuestionId::new),
        started: entry.times.device,
        lang: if text("lang") == Some("ur") { Lang::Ur } else { Lang::En },
    })
}
