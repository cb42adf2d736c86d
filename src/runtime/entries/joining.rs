//! A supervisor's word that two cases, or persons of two, are one: kept in a case of its own under a slip for those alone who read both, so
//! that whoever reads one of them learns nothing of the other.

use std::{
    collections::{BTreeSet, HashMap},
    iter::once,
};

use amanat_keys::{
    audience::Sharing,
    fingerprint::{CaseId, DeviceId, UnitId},
    roster::{Role, UnitKind},
};
use foldhash::fast::RandomState;

use super::{
    handing::LetIn,
    keep::{ToKeep, What, Whom},
};
use crate::{
    codebook::Codebook,
    failure::Failure,
    model::{self, Content, Entry, EntryId, Sheet, same},
    runtime::homes::home::Home,
};

const DOING: &str = "saying that two are one";

/// The words that two cases, or persons of two, are one or are not, as far as they have been opened, and what such a word can name.
#[derive(Debug, Default)]
pub(in crate::runtime) struct JoinWords {
    /// The case of its own that a word stands in, and the two that it names.
    words: HashMap<model::CaseId, BTreeSet<[EntryId; 2]>>,
    /// The cases of sheets that open one, and of persons.
    cases: HashMap<EntryId, model::CaseId, RandomState>,
}

impl JoinWords {
    /// Takes in what these say. Order and repetition change nothing.
    pub(in crate::runtime) fn learn(&mut self, entries: &[Entry]) {
        for entry in entries {
            let Content::Sheet(sheet) = &entry.content else { continue };
            match sheet.form().id.as_str() {
                "case" | "person" => _ = self.cases.insert(entry.id, entry.case),
                same::FORM => self.words.entry(entry.case).or_default().extend(same::named(entry)),
                _ => {}
            }
        }
    }

    /// The case of each word on this one and another, or of a word that is kept in this one itself, with the two cases that it is about.
    fn touching(&self, case: model::CaseId) -> impl Iterator<Item = (model::CaseId, [model::CaseId; 2])> {
        let of = |id: &EntryId| self.cases.get(id).copied();
        let pairs = self.words.iter().flat_map(|(word, named)| named.iter().map(move |named| (*word, *named)));
        let cases = pairs.filter_map(move |(word, [gone, stands])| Some((word, [of(&gone)?, of(&stands)?])));
        cases.filter(move |(word, both)| *word == case || both.contains(&case))
    }
}

impl Home {
    /// The words on one of these cases and another, by the case that each stands in, and who is to read them because they read both by now;
    /// and the two cases that it is about. A case says who reads it here where somebody is about to be let in. Whoever reads one of the two
    /// reads no word on it, and no word says more than that the two are one or are not, and why.
    pub(super) fn words_for_both<'a>(
        &self,
        cases: impl IntoIterator<Item = &'a CaseId>,
        after: Option<(CaseId, &Whom)>,
    ) -> HashMap<CaseId, (LetIn, [CaseId; 2])> {
        let mut found: HashMap<CaseId, (LetIn, [CaseId; 2])> = HashMap::new();
        let whom = |case: &CaseId| match after {
            Some((named, whom)) if named == *case => Some(whom.clone()),
            _ => self.whom_for(case, None).ok(),
        };
        for (word, both) in cases.into_iter().flat_map(|case| self.joins.touching((*case).into())) {
            let (word, both) = (CaseId::from(word), both.map(CaseId::from));
            let [Some(one), Some(other)] = both.map(|case| whom(&case)) else { continue };
            if let Ok(readers) = self.readers_of_both(&one, &other) {
                found.insert(word, (readers, both));
            }
        }
        found
    }

    /// Who reads what is kept for both of these: units, and devices of those to whom one of the two is given and who read the other as well.
    fn readers_of_both(&self, one: &Whom, other: &Whom) -> Result<LetIn, Failure> {
        let units = |whom: &Whom| -> BTreeSet<UnitId> { once(whom.unit).chain(whom.also.iter().copied()).collect() };
        let both: BTreeSet<UnitId> = units(one).intersection(&units(other)).copied().collect();
        let roster = self.trust()?.roster();
        let by_unit = |id: &DeviceId, whom: &Whom| {
            roster.device(id).is_some_and(|device| units(whom).iter().any(|unit| roster.reads_for(device, unit)))
        };
        let reads = |id: &DeviceId, whom: &Whom| whom.devices.contains(id) || by_unit(id, whom);
        let given: BTreeSet<DeviceId> = one.devices.iter().chain(&other.devices).copied().collect();
        let devices = given.into_iter().filter(|id| reads(id, one) && reads(id, other)).collect();
        Ok(LetIn { units: both.into_iter().collect(), devices })
    }

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
        let LetIn { units: both, devices } = self.readers_of_both(&one, &other)?;
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
        Ok(Whom { unit, level, devices, also })
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
