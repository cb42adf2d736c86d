//! Parts and wholes: a sum is its total, and no part is larger than what it belongs to.

use super::{
    reconcile::{Finding, Part, Rule, TOTAL, Year, name, span},
    rows::{Count, Row, grouped},
};

pub(super) fn check(year: &Year<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for indicator in year.indicators() {
        for part in year.parts(indicator) {
            let mut known = Vec::new();
            for whole in year.cells(indicator, part) {
                for (by, parts) in splits(year, indicator, part, whole) {
                    findings.extend(sum(year, whole, by, &parts, &mut known));
                    findings.extend(larger(year, whole, &parts));
                }
            }
        }
        findings.extend(categories(year, indicator));
    }
    findings
}

/// The ways in which a cell is split: by age, by sex, by both.
fn splits<'a>(year: &Year<'a>, indicator: &str, part: Part<'a>, whole: &Row) -> Vec<(&'static str, Vec<&'a Row>)> {
    let of = |fits: &dyn Fn(&Row) -> bool| {
        year.cells(indicator, part).into_iter().filter(|row| fits(row)).collect::<Vec<_>>()
    };
    let mut ways = Vec::new();
    if whole.age == TOTAL {
        ways.push(("age", of(&|row| row.sex == whole.sex && row.age != TOTAL)));
    }
    if whole.sex == TOTAL {
        ways.push(("sex", of(&|row| row.age == whole.age && row.sex != TOTAL)));
    }
    if whole.age == TOTAL && whole.sex == TOTAL {
        ways.push(("sex and age", of(&|row| row.age != TOTAL && row.sex != TOTAL)));
    }
    ways.retain(|(_, parts)| !parts.is_empty());
    ways
}

/// A total outside the span of its parts. The same sum reached in another way is one fault, not two.
fn sum(year: &Year<'_>, whole: &Row, by: &str, parts: &[&Row], known: &mut Vec<(u64, u64)>) -> Option<Finding> {
    let (least, most) = span(parts);
    let total = match whole.count {
        Count::Exactly(total) => total,
        // A small total is `larger`'s matter.
        Count::Fewer(_) => return None,
    };
    if (least..=most).contains(&total) || known.contains(&(whole.line, least)) {
        return None;
    }
    known.push((whole.line, least));
    let terms: Vec<String> = parts.iter().map(|row| row.count.to_string()).collect();
    let made = if least == most { grouped(least) } else { format!("{} to {}", grouped(least), grouped(most)) };
    let off = if total > most {
        format!("{} are in no part", grouped(total - least))
    } else {
        format!("{} too many", grouped(least - total))
    };
    let what = format!("{} is {}, but by {by} {} = {made}: {off}", name(whole), whole.count, terms.join(" + "));
    Some(year.finding(Rule::Sum, what, &[&[whole], parts].concat()))
}

/// Parts that cannot fit into their whole; where the whole says `<5`, that is what is wrong.
fn larger(year: &Year<'_>, whole: &Row, parts: &[&Row]) -> Option<Finding> {
    let most = whole.count.most();
    let too_large: Vec<&Row> = parts.iter().copied().filter(|row| row.count.least() > most).collect();
    let largest = too_large.iter().max_by_key(|row| row.count.least())?;
    let (rule, what) = match whole.count {
        Count::Fewer(_) => {
            let beside: Vec<String> = too_large.iter().map(|row| row.count.to_string()).collect();
            (Rule::SmallTotal, format!("{} is {} beside its parts {}", name(whole), whole.count, beside.join(", ")))
        }
        Count::Exactly(_) => {
            let part = format!("{} ({})", name(largest), largest.count);
            (Rule::LargerThanWhole, format!("{part} is larger than {} ({})", name(whole), whole.count))
        }
    };
    Some(year.finding(rule, what, &[&[whole], too_large.as_slice()].concat()))
}

/// Categories against the whole: none larger; citizenships make the total, because everybody has one. A person may have two forms
/// of exploitation and no repatriation, so those need not.
fn categories(year: &Year<'_>, indicator: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for whole in year.cells(indicator, (TOTAL, TOTAL)) {
        let parts = year.parts(indicator).filter(|(dimension, _)| *dimension != TOTAL);
        let same: Vec<&Row> = parts.filter_map(|part| year.cell(indicator, part, &whole.sex, &whole.age)).collect();
        findings.extend(larger(year, whole, &same));
        let citizens: Vec<&Row> = same.into_iter().filter(|row| row.dimension == "by citizenship").collect();
        if !citizens.is_empty() {
            findings.extend(sum(year, whole, "citizenship", &citizens, &mut Vec::new()));
        }
    }
    findings
}
