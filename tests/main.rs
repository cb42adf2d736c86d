//! Everything that is proven from outside, in one binary: a file that is not on this list is a failing test.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that meets the unexpected should stop there and say where, and says what it met"
)]

mod abroad;
mod abroad_again;
mod abroad_killed;
mod aside;
mod assigned;
mod at_the_table;
mod attached;
mod attached_s3;
mod attached_shown;
mod attached_sticks;
mod bundle;
mod canary;
mod ceremony;
mod codebooks;
mod commands;
mod crash;
mod custodian_left;
mod custody;
mod device_keys;
mod draft_killed;
mod erased;
mod fleet;
mod handed_in;
mod hands_off;
mod house;
mod hub_asks;
mod hub_key;
mod hub_lies;
mod hub_restored;
mod hub_watched;
mod hybrid;
mod hybrid_raised;
mod imported;
mod joined;
mod journey;
mod json;
mod key_pages;
mod keys_page;
mod let_go_killed;
mod linear;
mod list_killed;
mod lost_receipt;
mod memory;
mod network_back;
mod offline;
mod on_leave;
mod pasted;
mod pinned;
mod procedure;
mod procedure_section;
mod recovered;
mod resealed;
mod resealed_killed;
mod resealed_parts;
mod resealed_parts_attacked;
mod resealed_parts_hub_killed;
mod resealed_parts_killed;
mod resealed_parts_stopped;
mod restore;
mod retained;
mod returning;
mod reviewed;
mod revoked_reader;
mod rewrapped_meanwhile;
mod roster_killed;
mod rotation;
mod rotation_attacked;
mod rotation_killed;
mod rules;
mod said_anew;
mod screens;
mod shared;
mod shared_laptop;
mod simulation;
mod split_killed;
mod stick_order;
mod stick_revokes;
mod stock_rotations;
mod stock_tools;
mod strange_slips;
mod support;
mod team;
mod ten_minutes;
mod terminal;
mod training;
mod trouble;
mod units_moved;
mod updated;
mod verbs;
mod verify;
mod whole_codebook;
mod xlsform;
mod xlsform_htcds;

/// A test file that is not on the list above would never run, and nobody would notice.
#[test]
fn no_test_file_is_forgotten() {
    let list = include_str!("main.rs");
    let forgotten: Vec<String> = rules::source::test_modules()
        .into_iter()
        .filter(|name| !list.lines().any(|line| line.trim() == format!("mod {name};")))
        .collect();
    assert!(forgotten.is_empty(), "tests/main.rs does not list {forgotten:?}");
}
