//! What those who run a hub look at: numbers, status, the page of the manual, the unit of systemd.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use amanat_keys::fingerprint::Digest;
use amanat_sync::courier::End;
use amanat_sync::transport::Transport as _;
use amanat_sync::wire::codec;
use clap::CommandFactory as _;

use super::keeping::{Writer, read_all};
use super::running::*;
use super::support::*;

#[test]
fn numbers_are_given_to_this_machine_alone_and_name_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let (agency, running) = serving(folder.path());
    assert_eq!(running.terminate(), Some(0));
    let home = folder.path().join("hub");
    let mut command = Command::new(env!("CARGO_BIN_EXE_amanat-hub"));
    command.args(["serve", "--listen", "127.0.0.1:0", "--metrics", "127.0.0.1:0", "--home"]);
    command.arg(&home);
    let running = Running::as_told(command, Stdio::null());
    let metrics = running.metrics.clone().unwrap();
    let mut writer = Writer::new(&agency, 0);
    writer.writes(30);
    assert!(matches!(writer.syncs(&agency, &running.url).end, End::Done));
    assert_eq!(read_all(&agency, &running.url), 30);
    let (status, page) = Running::page_at(&metrics, "/metrics");
    assert_eq!(status, 200);
    for line in [
        "amanat_hub_entries 30",
        "amanat_hub_journals 1",
        "amanat_hub_entries_accepted_total 30",
        "amanat_hub_entries_served_total 30",
        "amanat_hub_answers_total{route=\"/v1/push\",status=\"200\"} 1",
        "amanat_hub_devices_heard 2",
        "amanat_hub_disk_full 0",
        "amanat_hub_store_up 1",
        "amanat_hub_roster_version 2",
        "amanat_hub_epoch 1",
        "amanat_hub_backlog_entries 0",
    ] {
        assert!(page.lines().any(|found| found == line), "{line} is not in\n{page}");
    }
    assert!(
        page.contains("amanat_hub_connections{of=\"devices\"}") && page.contains("# TYPE amanat_hub_entries gauge")
    );
    let longest = page.split(|c: char| !c.is_ascii_hexdigit()).map(str::len).max().unwrap();
    assert!(longest < 16, "an id stands in the numbers: {page}");
    assert_eq!(Running::page_at(&metrics, "/ready"), (200, "ready\n".to_owned()));
    assert_eq!(Running::page_at(&metrics, "/alive"), (200, "alive\n".to_owned()));
    assert_eq!(Running::page_at(&running.url, "/metrics").0, 404, "the door of devices gives none");
    assert_eq!(running.terminate(), Some(0));
    let abroad = hub(&["serve", "--metrics", "0.0.0.0:9187"], &home);
    assert!(!abroad.status.success() && String::from_utf8_lossy(&abroad.stderr).contains("loopback"), "{abroad:?}");
}

#[test]
fn the_status_says_of_each_device_when_it_was_heard_and_what_it_did_not_bring() {
    let folder = tempfile::tempdir().unwrap();
    let (agency, running) = serving(folder.path());
    let home = folder.path().join("hub");
    let mut writer = Writer::new(&agency, 0);
    writer.writes(7);
    assert!(matches!(writer.syncs(&agency, &running.url).end, End::Done));
    // A push that ends early: it announced twelve.
    let body = codec::push_body(&agency.id(), &[run(&Pen::new(&agency, 1, 1).story(12))]);
    assert!(road(&agency, 1, &running.url).push(&Digest::ZERO, &body[..body.len() / 2]).is_err());
    assert_eq!(running.terminate(), Some(0));
    let status: serde_json::Value = serde_json::from_slice(&hub(&["status", "--json"], &home).stdout).unwrap();
    let line = |actor: usize| {
        let id = agency.actors[actor].id.to_string();
        status["devices"].as_array().unwrap().iter().find(|device| device["id"] == id).unwrap()
    };
    assert_eq!(status["devices"].as_array().unwrap().len(), 4);
    assert_eq!(
        (&line(0)["entries"], &line(0)["backlog"], &line(0)["heads"][0]["seq"]),
        (&7.into(), &0.into(), &7.into())
    );
    let (held, backlog) = (line(1)["entries"].as_u64().unwrap(), line(1)["backlog"].as_u64().unwrap());
    assert!(held > 0 && backlog > 0 && held + backlog == 12, "{held} {backlog}");
    assert!(line(0)["last_contact_ms"].as_u64().unwrap() > 1_700_000_000_000);
    assert_eq!((&line(2)["last_contact_ms"], &line(2)["state"]), (&serde_json::Value::Null, &"active".into()));
    let text = String::from_utf8(hub(&["status"], &home).stdout).unwrap();
    assert!(text.contains("never") && text.contains(" s ago") && text.contains("last heard"), "{text}");
    for head in status["devices"].as_array().unwrap().iter().flat_map(|line| line["heads"].as_array().unwrap()) {
        let told = format!("  journal {}  up to {}\n", head["journal"].as_str().unwrap(), head["seq"]);
        assert!(text.contains(&told), "{told} in {text}");
    }

    // The live screen draws again; on a pipe without the codes of a terminal.
    let mut command = Command::new(env!("CARGO_BIN_EXE_amanat-hub"));
    command.args(["status", "--watch", "--every", "1", "--home"]).arg(&home).stdout(Stdio::piped());
    let mut watch = command.spawn().unwrap();
    let lines = BufReader::new(watch.stdout.take().unwrap()).lines().map_while(Result::ok);
    let drawn =
        lines.inspect(|line| assert!(!line.contains('\x1b'), "{line}")).filter(|line| line.starts_with("holds"));
    assert_eq!(drawn.take(2).count(), 2);
    watch.kill().unwrap();
    watch.wait().unwrap();
}

#[test]
fn the_manual_names_every_verb_and_flag() {
    let page = include_str!("../../amanat-hub.8").replace("\\-", "-");
    let command = amanat_hub::args::Args::command();
    let mut count = 0;
    let all: Vec<&clap::Command> =
        command.get_subcommands().flat_map(|verb| std::iter::once(verb).chain(verb.get_subcommands())).collect();
    for verb in command.get_subcommands() {
        assert!(page.contains(&format!(".SS {}", verb.get_name())), "the verb {}", verb.get_name());
    }
    for verb in &all {
        for flag in verb.get_arguments().filter_map(clap::Arg::get_long) {
            assert!(page.contains(&format!("--{flag}")), "{} --{flag}", verb.get_name());
            count += 1;
        }
    }
    assert!(count > 20, "{count}");
    for word in page.split_whitespace().filter_map(|word| word.trim_start_matches('"').strip_prefix("--")) {
        let named: String = word.chars().take_while(|c| c.is_ascii_lowercase() || *c == '-').collect();
        let known = all.iter().flat_map(|verb| verb.get_arguments()).any(|flag| flag.get_long() == Some(&*named));
        assert!(known || ["help", "version"].contains(&&*named), "the page names --{named}, which there is not");
    }
}

#[test]
fn the_unit_is_one_that_systemd_takes() {
    let folder = tempfile::tempdir().unwrap();
    let unit = include_str!("../../amanat-hub.service");
    // The program and the page are not installed where this is tested.
    let unit = unit
        .replace("/usr/bin/amanat-hub", env!("CARGO_BIN_EXE_amanat-hub"))
        .replace("Documentation=man:amanat-hub(8)\n", "");
    let file = folder.path().join("amanat-hub.service");
    std::fs::write(&file, unit).unwrap();
    let verify = Command::new("systemd-analyze").arg("verify").arg("--man=no").arg(&file).output();
    let done = verify.expect("systemd-analyze is here: Debian's systemd brings it, as tests/run says");
    assert!(done.status.success() && done.stderr.is_empty(), "{}", String::from_utf8_lossy(&done.stderr));
    let serve = amanat_hub::args::Args::command();
    let line = include_str!("../../amanat-hub.service")
        .lines()
        .find_map(|line| line.strip_prefix("ExecStart=/usr/bin/"))
        .unwrap();
    serve.try_get_matches_from(line.split(' ')).unwrap();
}
