//! Who may name whom: every path of a file against the row of its room.

use std::collections::BTreeSet;

use super::paths::{Name, names};
use super::rooms::{NARROWS, Room, room_of};
use super::source::{Source, Violation};

const OURS: [&str; 5] = ["amanat", "amanat_keys", "amanat_sync", "amanat_hub", "amanat_demo"];
const BUILT_IN: [&str; 3] = ["std", "core", "alloc"];

/// Names in `source` that its room may not use. `packages` are the crates of others that the workspace knows, by the
/// names they have in code.
///
/// Test code inside a room may use any package of others (it needs throwaway folders and the like), but stays within the
/// rooms of ours: a test of the screen that reaches for a worker shows that the screen cannot stand alone.
pub(crate) fn check(source: &Source, packages: &BTreeSet<String>) -> Vec<Violation> {
    if source.test && !source.path.contains("/src/") && !source.path.starts_with("src/") {
        return Vec::new();
    }
    let Some(room) = room_of(&source.path) else {
        return vec![Violation::at(source, 0, "no row for this room in tests/rules/rooms.rs")];
    };
    let mut told = BTreeSet::new();
    let mut found = Vec::new();
    for name in names(source) {
        if let Some(what) = judge(source, room, &name, packages)
            && told.insert(what.clone())
        {
            found.push(Violation::at(source, name.line, what));
        }
    }
    found
}

fn judge(source: &Source, room: &Room, name: &Name, packages: &BTreeSet<String>) -> Option<String> {
    let first = name.segments.first()?.as_str();
    if OURS.contains(&first) {
        return judge_ours(room, name);
    }
    let built_in = BUILT_IN.contains(&first);
    if name.test || !(built_in || packages.contains(first)) {
        return None;
    }
    if let Some(narrow) = NARROWS.iter().find(|narrow| room.at == narrow.room && touches(name, narrow.path)) {
        let inside = narrow.only.iter().any(|file| source.path.starts_with(file));
        return (!inside).then(|| format!("{} belongs to {} alone", narrow.path, narrow.only.join(", ")));
    }
    if let Some(path) = room.never.iter().find(|path| touches(name, path)) {
        return Some(format!("{} may never name {path}", room.at));
    }
    let known = built_in || room.others.is_none_or(|others| others.contains(&first));
    (!known).then(|| format!("{} may not name the package {first}", room.at))
}

/// `core::` and `alloc::` are `std::` by another door.
fn touches(name: &Name, path: &str) -> bool {
    let mut name = name.clone();
    if let Some(first) = name.segments.first_mut()
        && BUILT_IN.contains(&first.as_str())
    {
        "std".clone_into(first);
    }
    name.touches(path)
}

fn judge_ours(room: &Room, name: &Name) -> Option<String> {
    let first = name.segments.first()?.as_str();
    let own = package_of(room.at);
    if let Some(path) = room.never.iter().find(|path| name.touches(path)) {
        return Some(format!("{} may never name {path}", room.at));
    }
    if first != own {
        let open = room.ours.contains(&first) || room.ours.iter().any(|path| name.touches(path));
        return (!open).then(|| format!("{} may not name {first}", room.at));
    }
    if own != "amanat" {
        return None;
    }
    let Some(target) = name.segments.get(1) else {
        return name.glob.then(|| format!("{} names the whole app; name the room", room.at));
    };
    let target = format!("amanat::{target}");
    let home = room.at.trim_start_matches("src/").trim_end_matches('/').trim_end_matches(".rs");
    let at_home = home == "lib" || target == format!("amanat::{home}");
    let open = at_home || room.ours.contains(&target.as_str());
    (!open).then(|| format!("{} may not name {target}", room.at))
}

fn package_of(at: &str) -> &'static str {
    match at {
        "keys/src/" => "amanat_keys",
        "sync/src/" => "amanat_sync",
        "sync/hub/src/" => "amanat_hub",
        "tests/demo/src/" => "amanat_demo",
        _ => "amanat",
    }
}

#[cfg(test)]
fn found(path: &str, code: &str) -> Vec<String> {
    let packages =
        ["serde", "rusqlite", "axum", "ureq", "age", "toml", "ratatui", "tempfile"].map(str::to_owned).into();
    check(&Source::planted(path, code), &packages).into_iter().map(|violation| violation.what).collect()
}

#[test]
fn planted_imports_are_found_in_every_room() {
    let planted = [
        ("keys/src/roster.rs", "use std::fs;"),
        ("keys/src/roster.rs", "fn f() { let t = std::time::SystemTime::now(); }"),
        ("keys/src/roster.rs", "use amanat_sync::entry::Header;"),
        ("keys/src/roster.rs", "use rusqlite::Connection;"),
        ("sync/src/courier.rs", "use rusqlite::Connection;"),
        ("sync/src/courier.rs", "use std::thread;"),
        ("sync/src/http.rs", "use amanat_hub::router;"),
        ("sync/src/http.rs", "use age::Encryptor;"),
        ("sync/hub/src/accept.rs", "use axum::Router;"),
        ("sync/hub/src/accept.rs", "use amanat_sync::journal::Journal;"),
        ("sync/hub/src/accept.rs", "use amanat::model;"),
        ("src/model/ids.rs", "#[derive(serde::Serialize)] struct S;"),
        ("src/model/ids.rs", "use std::io::Read;"),
        ("src/model/ids.rs", "use super::super::ui::app::App;"),
        ("src/codebook/rule.rs", "use toml::Value;"),
        ("src/record/v1.rs", "use crate::codebook::Form;"),
        ("src/intake/csv.rs", "use std::fs::File;"),
        ("src/intake/csv.rs", "use crate::runtime::desk;"),
        ("src/report/tally.rs", "fn f(k: &amanat_keys::Roster) {}"),
        ("src/ui/app.rs", "fn f() { crate::runtime::desk::start(); }"),
        ("src/ui/app.rs", "use std::*;"),
        ("src/ui/app.rs", "fn f() { panic!(\"{}\", std::process::id()) }"),
        ("src/ui/app.rs", "use ratatui::crossterm::terminal;"),
        ("src/runtime/desk.rs", "use amanat_hub::Hub;"),
        ("src/commands/sync.rs", "use ratatui::Frame;"),
        ("src/commands/sync.rs", "use crate::ui::app::App;"),
        ("src/words.rs", "use crate::model::ids::CaseId;"),
        ("src/attic/box.rs", "//! A room that nobody agreed on."),
    ];
    for (path, code) in planted {
        assert_eq!(found(path, code).len(), 1, "{path}: {code} gave {:?}", found(path, code));
    }
}

#[test]
fn what_a_room_may_name_passes() {
    let fine = [
        ("keys/src/vault_file.rs", "use std::fs; use age::Encryptor;"),
        ("sync/src/journal/sqlite.rs", "use rusqlite::Connection; use amanat_keys::RowSeal;"),
        ("sync/src/journal/sqlite_rows.rs", "use rusqlite::Row;"),
        ("sync/src/http.rs", "use ureq::Agent; use std::time::Duration;"),
        ("src/codebook/load.rs", "use toml::Value; use crate::model::ids::FormRef;"),
        (
            "src/ui/app.rs",
            "use ratatui::crossterm::event::KeyCode; use super::msg::Msg; use crate::model::draft::Draft;",
        ),
        ("src/model/ids.rs", "use std::collections::BTreeMap; fn f(serde: u8) -> u8 { serde }"),
        ("src/model/ids.rs", "#[cfg(test)] mod tests { use tempfile::tempdir; }"),
        ("src/main.rs", "fn main() { amanat::commands::run(); }"),
    ];
    for (path, code) in fine {
        assert_eq!(found(path, code), Vec::<String>::new(), "{path}: {code}");
    }
}

#[test]
fn test_code_in_a_room_keeps_to_its_rooms() {
    let code = "#[cfg(test)] mod tests { use crate::runtime::desk::Desk; }";
    assert_eq!(found("src/ui/app.rs", code), ["src/ui/ may not name amanat::runtime"]);
}
