//! A supervisor's word that two cases, or persons of two, are one: kept in a case of its own under a slip for those alone who read both, so
//! that whoever reads one of them learns nothing of the other.

use std::{collections::BTreeSet, iter::once};

use amanat_keys::{
    audience::Sharing,
    fingerprint::{CaseId, UnitId},
    roster::{Role, UnitKind},
};

use super::keep::{ToKeep, What, Whom};
use crate::{
    codebook::Codebook,
    failure::Failure,
    model::{self, Entry, Sheet},
    runtime::homes::home::Home,
};

const DOING: &str = "saying that two are one";

impl Home {
    /// Who reads both cases.
    ///
    /// # Errors
    /// Refused where this device's member supervises nobody, or its unit does not read both.
    pub(in crate::runtime) fn whom_of_both(&self, cases: [model::CaseId; 2]) -> Result<Whom, Failure> {
        let supervises =
            self.member()?.roles.iter().any(|(role, _)| matches!(role, Role::Supervisor | Role::Custodian));
        if !supervises {
            return Err(Failure::refused(
                format!("{DOING} — this device belongs to nobody who supervises"),
                "Ask your supervisor.",
            ));
        }
        let [one, other] = cases.map(|case| self.whom_for(&CaseId::from(case), None));
        let (one, other) = (one?, other?);
        let units = |whom: &Whom| -> BTreeSet<UnitId> { once(whom.unit).chain(whom.also.iter().copied()).collect() };
        let both: BTreeSet<UnitId> = units(&one).intersection(&units(&other)).copied().collect();
        // The narrower of the two levels: headquarters and the national repository read this if they read both.
        let level = match (one.level, other.level) {
            (Sharing::H1, _) | (_, Sharing::H1) => Sharing::H1,
            (Sharing::H3, Sharing::H3) => Sharing::H3,
            _ => Sharing::H2,
        };
        let own = self.unit()?;
        let by_level = own.kind == UnitKind::Headquarters && level != Sharing::H1;
        if !both.contains(&own.id) && !by_level {
            return Err(Failure::refused(
                format!("{DOING} — your unit does not read both cases"),
                "Whoever reads both says it: share one of them first, or ask headquarters.",
            ));
        }
        let unit = if both.contains(&own.id) { own.id } else { both.first().copied().unwrap_or(own.id) };
        let also = both.into_iter().filter(|other| *other != unit).collect();
        Ok(Whom { unit, level, devices: Vec::new(), also })
    }

    /// Keeps such a word for those who read both cases.
    ///
    /// # Errors
    /// Refused where this device supervises nobody or its unit does not read both; and as [`Home::keep`].
    pub fn keep_joined(
        &mut self,
        codebook: &Codebook,
        cases: [model::CaseId; 2],
        sheet: Sheet,
    ) -> Result<Vec<Entry>, Failure> {
        let whom = self.whom_of_both(cases)?;
        let case = model::CaseId::from(CaseId::random());
        let keep = ToKeep { case, what: What::Sheet(sheet), source: None, draft: None, sharing: None };
        self.keep_for(codebook, keep, Some(whom))
    }
}
