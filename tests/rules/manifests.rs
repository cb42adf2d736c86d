//! What stands in every `Cargo.toml`: a reason for each dependency, the common lints, no features, arrows that point one way.

use std::collections::BTreeSet;

use super::source::{Source, Violation};

/// Packages of ours that each of ours may depend on outside its tests.
const ARROWS: [(&str, &[&str]); 5] = [
    ("amanat-keys", &[]),
    ("amanat-sync", &["amanat-keys"]),
    ("amanat-hub", &["amanat-keys", "amanat-sync"]),
    ("amanat", &["amanat-keys", "amanat-sync"]),
    ("amanat-demo", &["amanat", "amanat-keys", "amanat-sync", "amanat-hub"]),
];

/// The names that packages of others have in code, read from the workspace's own list.
pub(crate) fn packages(workspace: &Source) -> BTreeSet<String> {
    let entries = sections(workspace).into_iter().filter(|(section, ..)| section.ends_with("dependencies"));
    entries.map(|(_, _, key, _)| key.replace('-', "_")).filter(|name| !name.starts_with("amanat")).collect()
}

/// Findings in one manifest. `tests/fuzz` stands outside the workspace and cannot share its tables.
pub(crate) fn check(source: &Source) -> Vec<Violation> {
    let lines = sections(source);
    let mut found = Vec::new();
    let lone = source.path.starts_with("tests/fuzz/");
    for (section, line, key, excused) in &lines {
        let dependency = section.ends_with("dependencies") || section.contains("dependencies.");
        if dependency && !excused {
            found.push(Violation::at(source, *line, format!("`{key}` stands without its reason")));
        }
    }
    if source.text.lines().any(|line| line.trim() == "[features]") {
        found.push(Violation::at(source, 0, "features unify across a workspace; make it a package"));
    }
    let own = lines.iter().any(|(section, _, key, _)| section == "lints" && key == "workspace");
    if !lone && !own {
        found.push(Violation::at(source, 0, "does not take the lints of the workspace"));
    }
    found.extend(arrows(source));
    found
}

fn arrows(source: &Source) -> Vec<Violation> {
    let Ok(table) = source.text.parse::<toml::Table>() else {
        return vec![Violation::at(source, 0, "is not TOML")];
    };
    let name = table.get("package").and_then(|package| package.get("name")).and_then(|name| name.as_str());
    let Some((_, open)) = ARROWS.iter().find(|(package, _)| Some(*package) == name) else { return Vec::new() };
    let used = table.get("dependencies").and_then(|list| list.as_table()).into_iter().flat_map(|list| list.keys());
    used.filter(|used| used.starts_with("amanat") && !open.contains(&used.as_str()))
        .map(|used| Violation::at(source, 0, format!("the arrow to {used} points the wrong way")))
        .collect()
}

/// Keys of a manifest with their section, line, and whether a reason stands on the line or right above it. An entry that
/// points at the workspace's, and a package of ours, have theirs elsewhere.
fn sections(source: &Source) -> Vec<(String, usize, String, bool)> {
    let mut section = String::new();
    let mut above = "";
    let mut open = false;
    let mut out = Vec::new();
    for (at, line) in source.text.lines().enumerate() {
        let line = line.trim();
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.split(']').next())
            && !open
        {
            section = name.trim_matches('[').to_owned();
            if let Some((_, key)) = section.split_once("dependencies.") {
                out.push((section.clone(), at + 1, key.to_owned(), above.starts_with('#')));
            }
        } else if let Some((key, value)) = line.split_once('=').filter(|_| !line.starts_with('#') && !open) {
            let reason = |comment: &str| comment.trim_start_matches(['#', '-', ' ']).len() > 3;
            let beside = value.rsplit_once('#').is_some_and(|(_, comment)| reason(comment));
            let over = above.starts_with('#') && !above.starts_with("# --") && reason(above);
            let elsewhere = key.trim().ends_with(".workspace") || value.contains("workspace = true");
            let own = value.contains("path =") && key.trim().starts_with("amanat");
            let inherited = section.contains("dependencies.");
            let excused = beside || over || elsewhere || own || inherited;
            let key = key.trim().trim_end_matches(".workspace").to_owned();
            out.push((section.clone(), at + 1, key, excused));
        }
        let bare = line.split('#').next().unwrap_or_default();
        let depth = bare.matches(['[', '{']).count() as i64 - bare.matches([']', '}']).count() as i64;
        open = if open { depth >= 0 } else { depth > 0 };
        above = line;
    }
    out
}

#[cfg(test)]
fn found(text: &str) -> Vec<String> {
    let text = format!("[package]\nname = \"amanat-sync\"\n[lints]\nworkspace = true\n{text}");
    check(&Source::planted("sync/Cargo.toml", &text)).into_iter().map(|violation| violation.what).collect()
}

#[test]
fn a_planted_dependency_without_a_reason_is_found() {
    assert_eq!(found("[dependencies]\nureq = \"3\"\n"), ["`ureq` stands without its reason"]);
    assert_eq!(
        found("[dev-dependencies]\n# -- tests\nureq = { version = \"3\" }\n"),
        ["`ureq` stands without its reason"]
    );
    assert_eq!(found("[target.'cfg(unix)'.dependencies]\nrustix = \"1\" #\n").len(), 1);
    let fine = "[dependencies]\nureq = \"3\" # blocking HTTP\n# hashes\nsha2 = \"0.10\"\nage.workspace = true\n\
                amanat-keys = { path = \"../keys\" }\n";
    assert_eq!(found(fine), Vec::<String>::new());
}

#[test]
fn planted_features_lints_and_arrows_are_found() {
    assert_eq!(found("[features]\nfast = []\n").len(), 1);
    assert_eq!(
        found("[dependencies]\namanat-hub.workspace = true\n"),
        ["the arrow to amanat-hub points the wrong way"]
    );
    assert_eq!(found("[dev-dependencies]\namanat-hub.workspace = true\n"), Vec::<String>::new());
    let bare = Source::planted("keys/Cargo.toml", "[package]\nname = \"amanat-keys\"\n");
    assert_eq!(check(&bare).len(), 1);
}
