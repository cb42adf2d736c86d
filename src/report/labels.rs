//! Labels of the questionnaire's cells that were taken for numbers: `Q6.1_10s_2019` became 61,102,019, its digits in a row.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    reconcile::{Finding, Rule},
    rows::{Count, Row},
};

/// What was found, and the lines that are no counts and take no part in any sum.
#[derive(Default)]
pub(super) struct Labels {
    pub(super) findings: Vec<Finding>,
    pub(super) lines: BTreeSet<u64>,
}

/// A label like `Q6.1_10s_2019`: question, cell, year.
struct Label {
    question: String,
    cell: String,
    year: u16,
}

impl Label {
    fn read(text: &str) -> Option<Self> {
        let mut pieces = text.trim().strip_prefix(['Q', 'q'])?.split('_');
        let (question, cell, year) = (pieces.next()?, pieces.next()?, pieces.next()?);
        let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
        let label = Self { question: digits(question), cell: digits(cell), year: year.parse().ok()? };
        (pieces.next().is_none() && !label.question.is_empty() && !label.cell.is_empty()).then_some(label)
    }

    /// The year at the end of a number that is this label's digits in a row.
    fn year_in(&self, number: u64) -> Option<u16> {
        year_after(&format!("{}{}", self.question, self.cell), number)
    }
}

fn year_after(stem: &str, number: u64) -> Option<u16> {
    let number = number.to_string();
    let year = number.strip_prefix(stem).filter(|rest| rest.len() == 4)?;
    year.parse().ok().filter(|year| (1990..2100).contains(year))
}

/// A number that the labels beside it explain: the same question, a cell of one or two digits, a year.
fn year_beside(labels: &[Label], number: u64) -> Option<u16> {
    let spelt = number.to_string();
    let of_question = |label: &Label| {
        let cell = spelt.strip_prefix(&label.question)?;
        let stem = cell.len().checked_sub(4).filter(|digits| (1..=2).contains(digits))?;
        year_after(spelt.get(..label.question.len() + stem)?, number)
    };
    labels.iter().find_map(of_question)
}

pub(super) fn check(rows: &[&Row]) -> Labels {
    let mut groups: BTreeMap<(&str, &str), Vec<&Row>> = BTreeMap::new();
    for row in rows {
        groups.entry((&row.indicator, &row.dimension)).or_default().push(row);
    }
    let mut found = Labels::default();
    for ((indicator, dimension), rows) in groups {
        let all: Vec<Label> = rows.iter().filter_map(|row| Label::read(&row.category)).collect();
        if all.is_empty() {
            continue;
        }
        let (mut labels, mut strangers) = (Vec::new(), Vec::new());
        for row in rows {
            let label = Label::read(&row.category);
            let number = match row.count {
                Count::Exactly(number) => Some(number),
                Count::Fewer(_) => None,
            };
            let inside = number.and_then(|number| match &label {
                Some(label) => label.year_in(number),
                None => year_beside(&all, number),
            });
            if label.is_none() && inside.is_none() {
                continue;
            }
            found.lines.insert(row.line);
            labels.push(row);
            let other = [inside, label.map(|label| label.year)].into_iter().flatten().find(|year| *year != row.year);
            strangers.extend(other.map(|year| (row, year)));
        }
        found.findings.extend(labels_finding(indicator, dimension, &labels));
        found.findings.extend(years_finding(indicator, dimension, &strangers));
    }
    found
}

fn labels_finding(indicator: &str, dimension: &str, rows: &[&Row]) -> Option<Finding> {
    let examples: Vec<String> = rows.iter().take(2).map(|row| format!("{} = {}", row.category, row.count)).collect();
    let what = format!(
        "{indicator}, {dimension}: the labels of {} cells of the questionnaire stand as numbers ({} …)",
        rows.len(),
        examples.join("; ")
    );
    finding(Rule::CellLabel, what, rows)
}

fn years_finding(indicator: &str, dimension: &str, strangers: &[(&Row, u16)]) -> Option<Finding> {
    let (first, year) = strangers.first()?;
    let rows: Vec<&Row> = strangers.iter().map(|(row, _)| *row).collect();
    let what = format!(
        "{indicator}, {dimension}: {} cells of {} bear the year {year} ({} = {} …)",
        rows.len(),
        first.year,
        first.category,
        first.count
    );
    finding(Rule::OtherYear, what, &rows)
}

fn finding(rule: Rule, what: String, rows: &[&Row]) -> Option<Finding> {
    let first = rows.first()?;
    let cells = rows.iter().map(|row| (row.line, row.count.to_string())).collect();
    Some(Finding { rule, country: first.country.clone(), year: Some(first.year), what, cells })
}
