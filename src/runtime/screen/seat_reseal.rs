//! What the desk says of a case before it is sealed again, and of what came of it.

use amanat_keys::{
    fingerprint::DeviceId,
    rotation::{LeftOut, Said},
};

use crate::{
    failure::Failure,
    model::CaseId,
    runtime::{
        homes::home::Home,
        roster::audit,
        rotation::{
            reseal_far::TellFar,
            reseal_look::{CaseAhead, Left, count},
        },
    },
    ui::Sentence,
};

/// What would be done, what stays, and what follows from it.
pub(super) fn ahead(home: &Home, ahead: &CaseAhead) -> Vec<Sentence> {
    let mut told = vec![line("open", &[("n", ahead.open + ahead.before), ("slips", ahead.slips)])];
    if ahead.before > 0 {
        told.push(line("before", &[("n", ahead.before)]));
    }
    told.extend(left(&ahead.left, ahead));
    told.extend(stragglers(home, &ahead.stragglers));
    told.push(line("means", &[]));
    told
}

/// Seals it again as far as that can go now; what came of it, and whether it can be gone on with at once.
pub(super) fn reseal(home: &mut Home, case: CaseId, tell: TellFar<'_>) -> Result<(Vec<Sentence>, bool), Failure> {
    let before = home.look_at_case(case.into())?;
    let sealed = home.reseal_case(case.into(), tell)?;
    let Some(word) = &sealed.word else {
        let (n, total) = (sealed.before + sealed.resealed, before.before + before.open);
        return Ok((vec![line("stopped", &[("n", n), ("total", total)])], true));
    };
    let entries = if let Said::Resealed { entries, .. } = &word.said { *entries } else { 0 };
    let mut told = vec![line("done", &[("n", entries)])];
    told.extend(left(&sealed.left, &before));
    told.extend(stragglers(home, &before.stragglers));
    Ok((told, false))
}

fn left(left: &[Left], ahead: &CaseAhead) -> Vec<Sentence> {
    let mib = ahead.bytes.div_ceil(1 << 20);
    let attached = if ahead.fetches { "away" } else { "attached" };
    let mut told = Vec::new();
    for (why, key) in [(LeftOut::Shut, "shut"), (LeftOut::Others, "others"), (LeftOut::Attached, attached)] {
        let n = count(left, why);
        if n > 0 {
            let all = [("n", n), ("parts", ahead.parts), ("mib", mib)];
            told.push(warned(line(key, if why == LeftOut::Attached { &all } else { &all[..1] })));
        }
    }
    told
}

fn stragglers<'a>(home: &'a Home, devices: &'a [DeviceId]) -> impl Iterator<Item = Sentence> {
    let roster = home.trust().map(|trust| trust.roster()).into_iter();
    let names = roster.flat_map(move |roster| devices.iter().map(move |device| audit::device_words(roster, device)));
    names.map(|name| {
        let blanks = vec![("name".to_owned(), name.joined(), false)];
        warned(Sentence { key: "reseal.straggler".into(), blanks, alarm: false })
    })
}

fn line(key: &str, blanks: &[(&str, u64)]) -> Sentence {
    let blanks = blanks.iter().map(|(blank, n)| ((*blank).to_owned(), n.to_string(), false)).collect();
    Sentence { key: format!("reseal.{key}"), blanks, alarm: false }
}

fn warned(sentence: Sentence) -> Sentence {
    Sentence { alarm: true, ..sentence }
}
