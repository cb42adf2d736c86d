//! The files of a museum and what is asked of each: refused with exactly the fault that it names, and accepted once repaired.
//!
//! A specimen is a JSON object with `attack` (its file's name), `kind`, `refused` and what its judge needs. `repaired` holds the
//! elements that differ in the repaired copy. A string `@name` stands for the statement of that name in `agency.json`.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::path::Path;

use amanat_keys::error::KeysError;
use amanat_keys::statement::Statement;
use amanat_keys::trust::{Step, Trust};
use serde_json::Value;

#[path = "../vectors/digits.rs"]
mod digits;

pub(crate) use digits::{bytes, hex};

/// Says what becomes of one specimen: the name of its fault, or nothing when it is accepted.
pub(crate) type Judge = fn(&Value) -> Result<(), String>;

/// Reads every file of a folder and gives it to the judge of its kind; whatever did not behave, so that one run shows all. A
/// file without a judge and a judge without enough files count as well.
pub(crate) fn misbehaving(folder: &str, judges: &[(&str, usize, Judge)]) -> Vec<String> {
    let folder = Path::new(folder);
    let shelf = shelf(folder);
    let (mut wrong, mut seen) = (Vec::new(), BTreeMap::<&str, usize>::new());
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let known =
            [".py", ".rs"].iter().any(|end| name.ends_with(end)) || name == "agency.json" || name == "__pycache__";
        if known {
            continue;
        }
        let Some(stem) = name.strip_suffix(".json") else {
            wrong.push(format!("{name}: read by nothing"));
            continue;
        };
        let specimen = fill(&read(&path), &shelf);
        assert_eq!(Some(stem), specimen["attack"].as_str(), "a specimen is named after its attack");
        let judge = judges.iter().find(|(kind, ..)| specimen["kind"] == *kind);
        let Some((kind, _, judge)) = judge else {
            wrong.push(format!("{stem}: no judge for {}", specimen["kind"]));
            continue;
        };
        *seen.entry(kind).or_default() += 1;
        wrong.extend(faults(&specimen, *judge).into_iter().map(|fault| format!("{stem}: {fault}")));
    }
    for (kind, least, _) in judges {
        let found = seen.get(kind).copied().unwrap_or(0);
        if found < *least {
            wrong.push(format!("only {found} specimens of {kind}"));
        }
    }
    wrong.sort();
    wrong
}

fn faults(specimen: &Value, judge: Judge) -> Vec<String> {
    let expected = specimen["refused"].as_str().unwrap();
    let found = judge(specimen).err().unwrap_or_else(|| "accepted".to_owned());
    let mut faults = Vec::new();
    if found != expected {
        faults.push(format!("{found} instead of {expected}"));
    }
    if let Err(fault) = judge(&repaired(specimen)) {
        faults.push(format!("repaired copy refused with {fault}"));
    }
    faults
}

/// The specimen with what its repair changes.
pub(crate) fn repaired(specimen: &Value) -> Value {
    let mut repaired = specimen.clone();
    let changes = specimen["repaired"].as_object().unwrap();
    assert!(!changes.is_empty(), "a repair changes something");
    let whole = repaired.as_object_mut().unwrap();
    whole.extend(changes.iter().map(|(name, value)| (name.clone(), value.clone())));
    repaired
}

/// One specimen by its name.
pub(crate) fn specimen(folder: &str, name: &str) -> Value {
    let folder = Path::new(folder);
    fill(&read(&folder.join(format!("{name}.json"))), &shelf(folder))
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn shelf(folder: &Path) -> Value {
    read(&folder.join("agency.json"))
}

/// The same with the statements of `agency.json` in place of their names.
fn fill(value: &Value, shelf: &Value) -> Value {
    match value {
        Value::String(text) => match text.strip_prefix('@') {
            Some(name) => Value::from(shelf[name].as_str().unwrap()),
            None => value.clone(),
        },
        Value::Array(items) => items.iter().map(|item| fill(item, shelf)).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, member)| (name.clone(), fill(member, shelf)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        _ => value.clone(),
    }
}

/// What a device believes that pinned the first of these rosters and adopted the others.
pub(crate) fn trust(held: &Value) -> Trust {
    let held: Vec<Vec<u8>> = held.as_array().unwrap().iter().map(hex).collect();
    let (first, later) = held.split_first().unwrap();
    let hash = Statement::from_bytes(first).unwrap().payload_hash();
    let mut trust = Trust::pin_hash(first, &hash).unwrap();
    later.iter().for_each(|next| assert_eq!(trust.adopt(next).unwrap(), Step::Adopted));
    trust
}

/// The name of a fault: its variants as Rust prints them, and for what is malformed the rule that is broken, without positions.
pub(crate) fn named(fault: &KeysError) -> String {
    let KeysError::Malformed(malformed) = fault else { return format!("{fault:?}") };
    // The innermost source is the rule. A decoder's own words name the byte where it stood, which says nothing about the attack.
    let outer = malformed.source();
    let deepest = std::iter::successors(outer, |source: &&(dyn std::error::Error + 'static)| (*source).source()).last();
    let told = deepest.map(ToString::to_string).unwrap_or_default();
    let rule = match told.split_once(" at position ") {
        Some((what, place)) => match place.split_once(": ") {
            Some((_, more)) => format!("{what}, {more}"),
            None => what.to_owned(),
        },
        None => told,
    };
    let rule = rule.trim_start_matches("decode error: ").trim_start_matches("decode error, ");
    format!("Malformed({}: {rule})", malformed.what())
}
