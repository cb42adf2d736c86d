//! What does not reconcile in a table of counts: which rule, which year, which lines, and the numbers themselves.
//!
//! A cell that says `<5` can be anything from 0 to 4, so a sum with such cells is a span, and a total inside the span is not
//! complained of.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    labels,
    rows::{Count, Row, Table},
    sense, sums,
};

/// The rules, each with the word that `--json` gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// A line that is not understood.
    Unread,
    /// One cell stands twice.
    Twice,
    /// The label of a cell of the questionnaire stands where a number or a category belongs.
    CellLabel,
    /// A year inside a label or number is not the row's.
    OtherYear,
    /// The parts do not make the total.
    Sum,
    /// A part is larger than the whole that it belongs to.
    LargerThanWhole,
    /// `<5` stands as a total beside parts that are larger.
    SmallTotal,
    /// Children by sex: not there, or all of one.
    ChildSex,
    /// No column for transgender people.
    Transgender,
    /// All victims are of one citizenship.
    OneCitizenship,
    /// The form of exploitation is not known for all.
    Form,
    /// As many prosecuted as came into contact, to the person.
    ContactIsProsecuted,
    /// Victims, and no offences.
    NoOffences,
    /// Far fewer offences than victims: what was counted may differ.
    FewOffences,
    /// Prosecuted, and next to nobody convicted.
    FewConvicted,
}

impl Rule {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unread => "unread",
            Self::Twice => "twice",
            Self::CellLabel => "cell-label",
            Self::OtherYear => "other-year",
            Self::Sum => "sum",
            Self::LargerThanWhole => "larger-than-whole",
            Self::SmallTotal => "small-total",
            Self::ChildSex => "child-sex",
            Self::Transgender => "transgender",
            Self::OneCitizenship => "one-citizenship",
            Self::Form => "form",
            Self::ContactIsProsecuted => "contact-is-prosecuted",
            Self::NoOffences => "no-offences",
            Self::FewOffences => "few-offences",
            Self::FewConvicted => "few-convicted",
        }
    }

    /// Whether it cannot be right; else it may be, and somebody should look.
    pub const fn certain(self) -> bool {
        match self {
            Self::Unread
            | Self::Twice
            | Self::CellLabel
            | Self::OtherYear
            | Self::Sum
            | Self::LargerThanWhole
            | Self::SmallTotal => true,
            Self::ChildSex
            | Self::Transgender
            | Self::OneCitizenship
            | Self::Form
            | Self::ContactIsProsecuted
            | Self::NoOffences
            | Self::FewOffences
            | Self::FewConvicted => false,
        }
    }
}

/// One thing that does not reconcile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// By which rule.
    pub rule: Rule,
    /// The country, where the table says it.
    pub country: String,
    /// The year; none where the line could not be read so far.
    pub year: Option<u16>,
    /// What is wrong, with the numbers.
    pub what: String,
    /// The lines, each with what stands there.
    pub cells: Vec<(u64, String)>,
}

/// How many victims have a form of exploitation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completeness {
    /// The country, where the table says it.
    pub country: String,
    /// The year.
    pub year: u16,
    /// Victims with a form, at least.
    pub known: u64,
    /// All victims.
    pub of: u64,
}

impl Completeness {
    /// Tenths of a per cent, rounded down; a person with two forms counts twice, so it stops at 1000.
    pub fn per_mille(&self) -> u64 {
        (self.known.saturating_mul(1000) / self.of.max(1)).min(1000)
    }

    /// As `89.3 %`.
    pub fn text(&self) -> String {
        format!("{}.{} %", self.per_mille() / 10, self.per_mille() % 10)
    }
}

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Everything that does not reconcile, by country, year and rule.
    pub findings: Vec<Finding>,
    /// For each year with victims: how complete the form of exploitation is.
    pub completeness: Vec<Completeness>,
}

/// Holds a table to every rule.
pub fn reconcile(table: &Table) -> Checked {
    let mut checked = Checked { findings: table.unread.clone(), completeness: Vec::new() };
    let mut years: BTreeMap<(&str, u16), Vec<&Row>> = BTreeMap::new();
    for row in &table.rows {
        years.entry((&row.country, row.year)).or_default().push(row);
    }
    for ((country, year), rows) in years {
        let labels = labels::check(&rows);
        let sound: Vec<&Row> = rows.iter().copied().filter(|row| !labels.lines.contains(&row.line)).collect();
        let page = Year::new(country, year, &sound);
        let mut findings = labels.findings;
        findings.extend(page.twice(&sound));
        findings.extend(sums::check(&page));
        findings.extend(sense::check(&page));
        findings.sort_by_key(|finding| finding.rule);
        checked.findings.extend(findings);
        checked.completeness.extend(sense::completeness(&page));
    }
    checked
}

/// `Total`, as the dataset writes it.
pub(super) const TOTAL: &str = "Total";

/// What a split of an indicator counts: dimension and category.
pub(super) type Part<'a> = (&'a str, &'a str);

/// The cells of a split by sex and age.
type Cells<'a> = BTreeMap<(&'a str, &'a str), &'a Row>;

/// The cells of one country and year by what they count.
pub(super) struct Year<'a> {
    pub(super) country: &'a str,
    pub(super) year: u16,
    cells: BTreeMap<&'a str, BTreeMap<Part<'a>, Cells<'a>>>,
}

impl<'a> Year<'a> {
    fn new(country: &'a str, year: u16, rows: &[&'a Row]) -> Self {
        let mut page = Self { country, year, cells: BTreeMap::new() };
        for row in rows {
            let parts = page.cells.entry(&row.indicator).or_default();
            let cells = parts.entry((&row.dimension, &row.category)).or_default();
            cells.entry((&row.sex, &row.age)).or_insert(row);
        }
        page
    }

    fn twice(&self, rows: &[&'a Row]) -> Vec<Finding> {
        let again = rows.iter().filter_map(|row| {
            let first = self.cell(&row.indicator, (&row.dimension, &row.category), &row.sex, &row.age)?;
            let what = || format!("{} stands twice", name(row));
            (first.line != row.line).then(|| self.finding(Rule::Twice, what(), &[first, row]))
        });
        again.collect()
    }

    /// The indicators, as they are written.
    pub(super) fn indicators(&self) -> impl Iterator<Item = &'a str> {
        self.cells.keys().copied()
    }

    /// The indicator whose name begins so: the dataset has written some of them in two lengths.
    pub(super) fn indicator(&self, begins: &str) -> Option<&'a str> {
        self.indicators().find(|name| name.to_lowercase().starts_with(begins))
    }

    /// The splits of an indicator.
    pub(super) fn parts(&self, indicator: &str) -> impl Iterator<Item = Part<'a>> {
        self.cells.get(indicator).into_iter().flat_map(|parts| parts.keys().copied())
    }

    /// One cell.
    pub(super) fn cell(&self, indicator: &str, part: Part<'_>, sex: &str, age: &str) -> Option<&'a Row> {
        let parts = self.cells.get(indicator)?;
        parts.get(&part)?.get(&(sex, age)).copied()
    }

    /// All cells of a split.
    pub(super) fn cells(&self, indicator: &str, part: Part<'_>) -> Vec<&'a Row> {
        let cells = self.cells.get(indicator).and_then(|parts| parts.get(&part));
        cells.into_iter().flat_map(|cells| cells.values().copied()).collect()
    }

    /// The whole of an indicator.
    pub(super) fn whole(&self, indicator: &str) -> Option<&'a Row> {
        self.cell(indicator, (TOTAL, TOTAL), TOTAL, TOTAL)
    }

    /// A finding about these rows of the year.
    pub(super) fn finding(&self, rule: Rule, what: String, rows: &[&Row]) -> Finding {
        let mut cells: Vec<(u64, String)> = rows.iter().map(|row| (row.line, row.count.to_string())).collect();
        cells.sort_unstable();
        Finding { rule, country: self.country.to_owned(), year: Some(self.year), what, cells }
    }
}

/// What a row counts, in words.
pub(super) fn name(row: &Row) -> String {
    let mut name = row.indicator.clone();
    if row.category != TOTAL {
        name.push_str(&format!(", {}", row.category));
    }
    let said: BTreeSet<&str> = [row.sex.as_str(), row.age.as_str()].into_iter().filter(|word| *word != TOTAL).collect();
    for word in said {
        name.push_str(&format!(", {word}"));
    }
    name
}

/// The span of a sum.
pub(super) fn span(rows: &[&Row]) -> (u64, u64) {
    let add = |of: fn(Count) -> u64| rows.iter().map(|row| of(row.count)).fold(0, u64::saturating_add);
    (add(Count::least), add(Count::most))
}
