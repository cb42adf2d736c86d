//! Filters that a person named: one row on the shelf of local notes, sealed to this device like a draft, never sent.

use amanat_sync::journal::{Journal as _, Shelf, ShelfRow};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::home::Home;
use crate::{
    failure::Failure,
    model::{CaseFilter, CaseState, Code, SavedFilter},
    runtime::fault,
};

/// The row; a note's own key is an entry's sixteen bytes.
pub(in crate::runtime) const ROW: &[u8] = b"saved filters";
/// Most of them, so that a menu stays one.
const MOST: usize = 50;

impl Home {
    /// The filters, by name.
    ///
    /// # Errors
    /// What the journal refuses.
    pub fn filters(&self) -> Result<Vec<SavedFilter>, Failure> {
        let rows = self.journal.shelf(Shelf::Notes).map_err(|error| fault::sync("reading the filters", &error))?;
        let row = rows.iter().find(|row| row.key == ROW);
        let read = row.and_then(|row| serde_json::from_slice::<Value>(&row.plain).ok());
        Ok(read.iter().filter_map(Value::as_array).flatten().filter_map(read_one).collect())
    }

    /// Keeps these filters, in place of those before.
    ///
    /// # Errors
    /// Usage for too many; what the journal refuses.
    pub fn keep_filters(&mut self, filters: &[SavedFilter]) -> Result<(), Failure> {
        if filters.len() > MOST {
            return Err(Failure::usage(
                format!("keeping the filter — there are {MOST} already"),
                "Forget one of them.",
            ));
        }
        let text = Value::Array(filters.iter().map(write_one).collect()).to_string();
        let plain = Zeroizing::new(text.into_bytes());
        let row = ShelfRow { shelf: Shelf::Notes, key: ROW.to_vec(), case: None, key_id: None, plain };
        self.journal.shelve(&[row], &[]).map_err(|error| fault::sync("keeping the filters", &error))
    }
}

fn write_one(saved: &SavedFilter) -> Value {
    let filter = &saved.filter;
    let code = |code: &Option<Code>| code.as_ref().map(Code::as_str).map(str::to_owned);
    let state = match filter.state {
        CaseState::All => "all",
        CaseState::Open => "open",
        CaseState::HighRisk => "high_risk",
        CaseState::NotReceived => "not_received",
    };
    json!({
        "name": saved.name, "words": filter.words, "state": state, "due": filter.due, "mine": filter.mine, "class": code(&filter.class),
        "status": code(&filter.status), "exploitation": code(&filter.exploitation), "station": filter.station,
        "unit": filter.unit.map(|unit| unit.to_string()),
        "days": filter.days,
    })
}

fn read_one(json: &Value) -> Option<SavedFilter> {
    let text = |name: &str| json.get(name).and_then(Value::as_str);
    let filter = CaseFilter {
        words: text("words").unwrap_or_default().into(),
        state: match text("state") {
            Some("open") => CaseState::Open,
            Some("high_risk") => CaseState::HighRisk,
            Some("not_received") => CaseState::NotReceived,
            _ => CaseState::All,
        },
        due: json.get("due").and_then(Value::as_bool).unwrap_or(false),
        mine: json.get("mine").and_then(Value::as_bool).unwrap_or(false),
        class: text("class").map(Code::new),
        status: text("status").map(Code::new),
        exploitation: text("exploitation").map(Code::new),
        station: text("station").map(Into::into),
        unit: text("unit").and_then(|unit| unit.parse().ok()),
        days: json.get("days").and_then(Value::as_u64).and_then(|days| u16::try_from(days).ok()),
    };
    Some(SavedFilter { name: text("name")?.into(), filter })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::UnitId;

    #[test]
    fn a_filter_is_read_as_it_was_written() {
        let filter = CaseFilter {
            words: "بھٹہ".into(),
            state: CaseState::NotReceived,
            due: true,
            mine: true,
            class: Some(Code::new("TIP")),
            status: Some(Code::new("INV")),
            exploitation: Some(Code::new("BONDED")),
            station: Some("PS Saddar".into()),
            unit: Some(UnitId::from_bytes([7; 32])),
            days: Some(30),
        };
        for filter in [filter, CaseFilter::default()] {
            let saved = SavedFilter { name: "my kilns".into(), filter };
            assert_eq!(read_one(&write_one(&saved)), Some(saved));
        }
        assert_eq!(read_one(&json!({"state": "open"})), None, "without a name it is none");
    }
}
