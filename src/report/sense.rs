//! Numbers that add up and still cannot be believed: children of one sex, nobody transgender, as many prosecuted as suspected.

use super::{
    reconcile::{Completeness, Finding, Rule, TOTAL, Year, span},
    rows::{Count, Row, grouped},
};

const CHILDREN: &str = "0 to 17 years";
const VICTIMS: &str = "detected trafficking victims";
const OFFENCES: &str = "offences of trafficking";
const CONTACT: &str = "persons brought into formal contact";
const PROSECUTED: &str = "persons prosecuted";
const CONVICTED: &str = "persons convicted";
const FORM: &str = "by form of exploitation";
const CITIZENSHIP: &str = "by citizenship";

/// Below this many people anything can be chance.
const MANY: u64 = 20;
/// More victims than this for each offence: somebody counted people, somebody else counted cases.
const VICTIMS_AN_OFFENCE: u64 = 10;

pub(super) fn check(year: &Year<'_>) -> Vec<Finding> {
    let mut findings = justice(year);
    if let Some(victims) = year.indicator(VICTIMS) {
        findings.extend(child_sex(year, victims));
        findings.extend(transgender(year, victims));
        findings.extend(one_citizenship(year, victims));
        findings.extend(form(year, victims));
    }
    findings
}

fn child_sex(year: &Year<'_>, victims: &str) -> Option<Finding> {
    let child = |sex| year.cell(victims, (TOTAL, TOTAL), sex, CHILDREN);
    let by_sex: Vec<&Row> = ["Female", "Male", "Other"].into_iter().filter_map(child).collect();
    let all = child(TOTAL);
    let children = all.map_or_else(|| span(&by_sex).0, |all| all.count.least());
    if children < MANY {
        return None;
    }
    let rows: Vec<&Row> = all.into_iter().chain(by_sex.iter().copied()).collect();
    if by_sex.is_empty() {
        let what = format!("{} children, and not one with a sex", grouped(children));
        return Some(year.finding(Rule::ChildSex, what, &rows));
    }
    let one = by_sex.iter().find(|row| row.count.least() >= children)?;
    let rest: Vec<String> = rows
        .iter()
        .filter(|row| row.sex != TOTAL && row.line != one.line)
        .map(|row| format!("{} {}", row.sex.to_lowercase(), row.count))
        .collect();
    let beside = if rest.is_empty() { "no other sex is there".to_owned() } else { rest.join(", ") };
    let what = format!("all {} children are {} ({beside})", grouped(children), one.sex.to_lowercase());
    Some(year.finding(Rule::ChildSex, what, &rows))
}

/// A column that is not there loses people: a nil is written as 0.
fn transgender(year: &Year<'_>, victims: &str) -> Option<Finding> {
    let part = (TOTAL, TOTAL);
    let sexed: Vec<&Row> =
        year.cells(victims, part).into_iter().filter(|row| ["Female", "Male"].contains(&row.sex.as_str())).collect();
    if sexed.is_empty() || year.cells(victims, part).iter().any(|row| row.sex == "Other") {
        return None;
    }
    let totals: Vec<&Row> = sexed.iter().copied().filter(|row| row.age == TOTAL).collect();
    let whole = year.whole(victims)?;
    let unknown = year.cell(victims, part, "Unknown", TOTAL);
    let parts: Vec<&Row> = if totals.is_empty() { sexed } else { totals }.into_iter().chain(unknown).collect();
    let lost = whole.count.least().saturating_sub(span(&parts).0);
    let what = match lost {
        0 => "victims are split by sex and there is no row of sex Other: a nil is written as 0".to_owned(),
        lost => format!(
            "no row of sex Other, and {} of {} victims are neither female nor male: the transgender column was lost",
            grouped(lost),
            whole.count
        ),
    };
    Some(year.finding(Rule::Transgender, what, &[&[whole], parts.as_slice()].concat()))
}

fn one_citizenship(year: &Year<'_>, victims: &str) -> Option<Finding> {
    let whole = year.whole(victims).filter(|whole| whole.count.least() >= MANY)?;
    let parts = year.parts(victims).filter(|(dimension, _)| *dimension == CITIZENSHIP);
    let all: Vec<&Row> = parts.filter_map(|part| year.cell(victims, part, TOTAL, TOTAL)).collect();
    let one = all.iter().find(|row| row.count == whole.count)?;
    let what = format!("all {} victims are of one citizenship: {}", whole.count, one.category);
    Some(year.finding(Rule::OneCitizenship, what, &[whole, one]))
}

/// How complete the form of exploitation is; none where there are no victims.
pub(super) fn completeness(year: &Year<'_>) -> Option<Completeness> {
    let victims = year.indicator(VICTIMS)?;
    let whole = year.whole(victims).filter(|whole| whole.count.least() > 0)?;
    let (known, _) = span(&forms(year, victims));
    Some(Completeness { country: year.country.to_owned(), year: year.year, known, of: whole.count.least() })
}

fn forms<'a>(year: &Year<'a>, victims: &str) -> Vec<&'a Row> {
    let parts = year.parts(victims).filter(|(dimension, _)| *dimension == FORM);
    parts.filter_map(|part| year.cell(victims, part, TOTAL, TOTAL)).collect()
}

fn form(year: &Year<'_>, victims: &str) -> Option<Finding> {
    let complete = completeness(year)?;
    let whole = year.whole(victims)?;
    let forms = forms(year, victims);
    if span(&forms).1 >= complete.of {
        return None;
    }
    let what = format!(
        "the form of exploitation is known for {} of {} victims ({}); {} have none",
        grouped(complete.known),
        grouped(complete.of),
        complete.text(),
        grouped(complete.of.saturating_sub(complete.known))
    );
    Some(year.finding(Rule::Form, what, &[&[whole], forms.as_slice()].concat()))
}

fn justice(year: &Year<'_>) -> Vec<Finding> {
    let whole = |begins| year.indicator(begins).and_then(|indicator| year.whole(indicator));
    let (victims, offences, contact) = (whole(VICTIMS), whole(OFFENCES), whole(CONTACT));
    let (prosecuted, convicted) = (whole(PROSECUTED), whole(CONVICTED));
    let mut findings = Vec::new();
    if let (Some(contact), Some(prosecuted)) = (contact, prosecuted)
        && contact.count == prosecuted.count
        && contact.count.least() >= MANY
    {
        let what = format!("{} came into contact and exactly {} were prosecuted", contact.count, prosecuted.count);
        findings.push(year.finding(Rule::ContactIsProsecuted, what, &[contact, prosecuted]));
    }
    if let Some(victims) = victims.filter(|victims| victims.count.least() >= MANY) {
        findings.extend(offences_for(year, victims, &[offences, contact, prosecuted, convicted]));
    }
    if let (Some(prosecuted), Some(convicted)) = (prosecuted, convicted)
        && prosecuted.count.least() >= MANY
        && matches!(convicted.count, Count::Fewer(_) | Count::Exactly(0))
    {
        let what = format!("{} prosecuted, {} convicted", prosecuted.count, convicted.count);
        findings.push(year.finding(Rule::FewConvicted, what, &[prosecuted, convicted]));
    }
    findings
}

/// Offences and what follows from them, against the victims; the offences come first.
fn offences_for(year: &Year<'_>, victims: &Row, chain: &[Option<&Row>; 4]) -> Option<Finding> {
    let there: Vec<&Row> = chain.iter().copied().flatten().collect();
    let rows = [&[victims], there.as_slice()].concat();
    let [offences, ..] = chain;
    let least = offences.map_or(0, |row| row.count.least());
    if least == 0 {
        let says: Vec<String> =
            there.iter().map(|row| format!("{} {}", row.indicator.to_lowercase(), row.count)).collect();
        let says = if says.is_empty() { "no offences are reported".to_owned() } else { says.join(", ") };
        return Some(year.finding(Rule::NoOffences, format!("{} victims, but {says}", victims.count), &rows));
    }
    let each = victims.count.least() / least;
    let what = || {
        let offences = grouped(least);
        format!(
            "{} victims and {offences} offences: {each} victims for each; are both counted in one unit?",
            victims.count
        )
    };
    (each >= VICTIMS_AN_OFFENCE)
        .then(|| year.finding(Rule::FewOffences, what(), &[&[victims], offences.as_slice()].concat()))
}
