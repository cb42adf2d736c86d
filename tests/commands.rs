//! The command line from outside: the built program, its exit codes, its one JSON document, two homes and a stick between them.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

const PASSPHRASE: &str = "correct horse battery staple lamp";

/// An agency's folder, with a passphrase file that everybody in it uses.
struct Ground {
    folder: TempDir,
}

impl Ground {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ground = Self { folder };
        ground.secret("passphrase", PASSPHRASE, 0o600);
        ground
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn secret(&self, name: &str, text: &str, mode: u32) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, format!("{text}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    fn file(&self, name: &str, text: &str) -> String {
        fs::write(self.path(name), text).unwrap();
        self.path(name).display().to_string()
    }

    fn run_with(&self, home: &str, secret: &str, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_amanat"))
            .arg("--home")
            .arg(self.path(home))
            .arg("--passphrase-file")
            .arg(self.path(secret))
            .args(arguments)
            .env_clear()
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    fn run(&self, home: &str, arguments: &[&str]) -> Output {
        self.run_with(home, "passphrase", arguments)
    }

    /// Runs with `--json`, demands success, and gives the one document.
    fn json(&self, home: &str, arguments: &[&str]) -> Value {
        let output = self.run(home, &[arguments, &["--json"]].concat());
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stdout));
        serde_json::from_slice(&output.stdout).expect("one JSON document and nothing else")
    }

    /// Runs with `--json`, demands this exit code, and gives the error.
    fn error(&self, home: &str, arguments: &[&str], code: i32) -> Value {
        let output = self.run(home, &[arguments, &["--json"]].concat());
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", String::from_utf8_lossy(&output.stdout));
        let error: Value = serde_json::from_slice(&output.stdout).expect("one JSON document and nothing else");
        assert_eq!(error["error"]["code"], code);
        error["error"].clone()
    }

    /// An agency with one station and one officer who has joined it; homes `agency/admin`, `agency/reader` and `officer`.
    fn with_officer() -> Self {
        let ground = Self::new();
        ground.json(
            "unused",
            &[
                "agency",
                "init",
                "--name",
                "Test Police",
                "--dir",
                &ground.path("agency").display().to_string(),
                "--practice",
                "--work-factor",
                "10",
            ],
        );
        ground.json("agency/admin", &["roster", "unit-add", "PS Layyah"]);
        ground.enrol("officer", "officer");
        ground
    }

    fn enrol(&self, home: &str, role: &str) {
        let made = self.json(home, &["device", "init", "--name", home, "--practice", "--work-factor", "10"]);
        let (request, pack) = (self.path(home).join("join-request"), self.path(&format!("{home}.pack")));
        let (request, pack) = (request.display().to_string(), pack.display().to_string());
        let words = made["words"].as_str().unwrap();
        let approved = self.json(
            "agency/admin",
            &[
                "roster",
                "approve",
                &request,
                "--fingerprint",
                words,
                "--role",
                role,
                "--unit",
                "PS Layyah",
                "--out",
                &pack,
            ],
        );
        self.json(home, &["device", "join", &pack, "--fingerprint", approved["words"].as_str().unwrap()]);
    }

    fn case(&self, home: &str) -> Value {
        let file = self.file("case.json", CASE);
        self.json(home, &["entry", "add", "--form", "case", "--from", &file])
    }
}

const CASE: &str = r#"{"lead_agency": "PB-POL", "province": "PK-PB", "district": "PK617", "detection_source": "SELF",
    "risk_level": "HIGH", "movement": "INT", "victims_seen": 2}"#;

#[test]
fn an_officer_without_a_network_keeps_corrects_and_finds_a_case() {
    let ground = Ground::with_officer();
    let kept = ground.case("officer");
    let (entry, case) = (kept["entry"].as_str().unwrap(), kept["case"].as_str().unwrap());
    let list = ground.json("officer", &["case", "list"]);
    assert_eq!((list["total"].as_u64(), list["cases"][0]["case"].as_str()), (Some(1), Some(case)));
    let changes = ground.file("changes.json", r#"{"risk_level": "LOW"}"#);
    let amended = ground.json("officer", &["entry", "amend", entry, "--from", &changes, "--reason", "TYPO"]);
    let shown = ground.json("officer", &["case", "show", case]);
    let entries = shown["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 2);
    assert_eq!(entries[1]["entry"], amended["entry"]);
    assert_eq!(entries[1]["changes"]["risk_level"], "LOW");
    assert_eq!(entries[0]["answers"]["risk_level"], "HIGH", "nothing is overwritten");
    assert_eq!(ground.json("officer", &["case", "search", "self"])["total"], 1);
    assert_eq!(ground.json("officer", &["case", "search", "elephant"])["total"], 0);
    let status = ground.json("officer", &["status"]);
    assert_eq!((&status["kept"], &status["waiting"], &status["received"]), (&3.into(), &3.into(), &0.into()));
    assert_eq!(ground.json("officer", &["verify"])["holds"], true);
}

#[test]
fn what_is_missing_from_a_form_is_named_and_nothing_is_kept() {
    let ground = Ground::with_officer();
    let file = ground.file("half.json", r#"{"province": "PK-PB"}"#);
    let error = ground.error("officer", &["entry", "add", "--form", "case", "--from", &file], 2);
    assert!(error["message"].as_str().unwrap().contains("district (required)"), "{error}");
    let file = ground.file("odd.json", r#"{"no_such_question": "x"}"#);
    let error = ground.error("officer", &["entry", "add", "--form", "case", "--from", &file], 2);
    assert!(error["message"].as_str().unwrap().contains("no_such_question"), "{error}");
    let file = ground.file("broken.json", r#"{"case_owner": "Canary Khan", "#);
    let error = ground.error("officer", &["entry", "add", "--form", "case", "--from", &file], 2);
    assert!(!error.to_string().contains("Canary"), "an answer in an error: {error}");
    assert_eq!(ground.json("officer", &["status"])["kept"], 0);
}

#[test]
fn a_wrong_passphrase_is_exit_code_3_and_an_exposed_file_is_refused() {
    let ground = Ground::with_officer();
    ground.secret("wrong", "another horse battery staple lamp", 0o600);
    ground.secret("exposed", PASSPHRASE, 0o644);
    let output = ground.run_with("officer", "wrong", &["status", "--json"]);
    assert_eq!(output.status.code(), Some(3));
    let output = ground.run_with("officer", "exposed", &["status", "--json"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stdout).contains("chmod 600"));
    assert!(ground.run("officer", &["status"]).status.success());
}

#[test]
fn a_changed_passphrase_opens_what_the_old_one_kept() {
    let ground = Ground::with_officer();
    ground.case("officer");
    let new = ground.secret("new", "another horse battery staple lamp", 0o600);
    let new = new.display().to_string();
    ground.json("officer", &["keys", "passphrase", "--new-passphrase-file", &new]);
    assert_eq!(ground.run("officer", &["status"]).status.code(), Some(3), "the old passphrase is over");
    let output = ground.run_with("officer", "new", &["verify", "--json"]);
    let verified: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&verified["holds"], &verified["opened"]), (&true.into(), &1.into()));
}

#[test]
fn two_programs_in_one_home_are_one_too_many() {
    let ground = Ground::with_officer();
    let held = fs::OpenOptions::new().write(true).open(ground.path("officer/lock")).unwrap();
    held.try_lock().unwrap();
    let error = ground.error("officer", &["status"], 3);
    assert!(error["message"].as_str().unwrap().contains("another amanat"), "{error}");
    drop(held);
    assert!(ground.run("officer", &["status"]).status.success());
}

#[test]
fn a_damaged_database_is_named_and_left_as_it_is() {
    let ground = Ground::with_officer();
    ground.case("officer");
    let path = ground.path("officer/journal.sqlite");
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() / 3]).unwrap();
    drop(fs::remove_file(ground.path("officer/journal.sqlite-wal")));
    let error = ground.error("officer", &["case", "list"], 5);
    let hint = error["hint"].as_str().unwrap();
    assert!(hint.contains("copy") && hint.contains("join again"), "{error}");
    assert_eq!(fs::read(&path).unwrap().len(), whole.len() / 3, "evidence is not tidied away");
    fs::write(&path, b"this is no database at all, and long enough to be read as one's header: nothing").unwrap();
    let error = ground.error("officer", &["status"], 5);
    assert!(error["message"].as_str().unwrap().contains("journal"), "{error}");
    fs::write(&path, &whole).unwrap();
    assert_eq!(ground.json("officer", &["case", "list"])["total"], 1, "the whole file opens again");
}

#[test]
fn a_restored_backup_begins_a_new_journal_and_says_so() {
    let ground = Ground::with_officer();
    ground.case("officer");
    let path = ground.path("officer/journal.sqlite");
    let backup = fs::read(&path).unwrap();
    ground.case("officer");
    fs::write(&path, backup).unwrap();
    for beside in ["journal.sqlite-wal", "journal.sqlite-shm"] {
        drop(fs::remove_file(ground.path("officer").join(beside)));
    }
    let output = ground.run("officer", &["status"]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("restored from a backup"), "{told}");
    ground.case("officer");
    let journals = ground.json("officer", &["status"])["journals"].clone();
    let states: Vec<&str> = journals.as_array().unwrap().iter().map(|own| own["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["closed", "open"]);
    assert_eq!(journals[1]["kept"], 2, "the new journal counts from one: a slip and a case");
    assert_eq!(ground.json("officer", &["verify"])["holds"], true);
}

#[test]
fn words_that_differ_enrol_nobody() {
    let ground = Ground::with_officer();
    let made = ground.json("second", &["device", "init", "--name", "second", "--practice", "--work-factor", "10"]);
    let request = ground.path("second/join-request").display().to_string();
    let mut words: Vec<&str> = made["words"].as_str().unwrap().split(' ').collect();
    let last = words.pop().unwrap();
    words.push(if last == "lantern" { "window" } else { "lantern" });
    let typed = words.join(" ");
    let approve = ["roster", "approve", &request, "--fingerprint", &typed, "--role", "officer", "--unit", "PS Layyah"];
    let error = ground.error("agency/admin", &approve, 5);
    assert!(error["hint"].as_str().unwrap().contains("do not go on"), "{error}");
    let unknown = ["roster", "approve", &request, "--fingerprint", "one two", "--role", "officer"];
    ground.error("agency/admin", &unknown, 2);
    assert_eq!(ground.json("agency/admin", &["roster", "show"])["version"], 3, "the roster is as it was");
}

#[test]
fn a_tampered_pack_is_refused() {
    let ground = Ground::with_officer();
    let made = ground.json("second", &["device", "init", "--name", "second", "--practice", "--work-factor", "10"]);
    let (request, pack) = (ground.path("second/join-request"), ground.path("second.pack"));
    let approved = ground.json(
        "agency/admin",
        &[
            "roster",
            "approve",
            &request.display().to_string(),
            "--fingerprint",
            made["words"].as_str().unwrap(),
            "--role",
            "supervisor",
            "--unit",
            "PS Layyah",
            "--out",
            &pack.display().to_string(),
        ],
    );
    let words = approved["words"].as_str().unwrap().to_owned();
    let whole = fs::read(&pack).unwrap();
    let join = |path: &Path| ["device".to_owned(), "join".to_owned(), path.display().to_string()];
    for at in [whole.len() / 4, whole.len() / 2, whole.len() - 100] {
        let mut bent = whole.clone();
        bent[at] ^= 1;
        let path = ground.path("bent.pack");
        fs::write(&path, bent).unwrap();
        let arguments = join(&path);
        let mut arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        arguments.extend(["--fingerprint", &words]);
        ground.error("second", &arguments, 5);
    }
    let arguments = join(&pack);
    let mut arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    arguments.extend(["--fingerprint", &words]);
    ground.json("second", &arguments);
    let keys = ground.json("second", &["keys", "status"]);
    assert_eq!(keys["units"].as_array().unwrap().iter().filter(|unit| unit["key"] == "held").count(), 1);
}

#[test]
fn usage_errors_are_exit_code_2_also_in_json_and_later_verbs_say_so() {
    let ground = Ground::new();
    let error = ground.error("nowhere", &["entry", "fly"], 2);
    assert_eq!(error["kind"], "usage");
    let error = ground.error("nowhere", &["entry", "add", "--form", "note"], 2);
    assert!(error["message"].as_str().unwrap().ends_with("not provided: --from <FILE>"), "{error}");
    for later in [&["export", "csv"][..], &["report", "national"]] {
        let error = ground.error("nowhere", later, 2);
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("later version") && !message.contains('\n'), "{error}");
    }
    let error = ground.error("nowhere", &["status"], 2);
    assert!(error["hint"].as_str().unwrap().contains("device init"), "{error}");
    let help = ground.run("nowhere", &["roster", "approve", "--help"]);
    assert!(help.status.success() && String::from_utf8_lossy(&help.stdout).contains("Examples:"));
    assert_eq!(ground.json("nowhere", &["form", "check"])["forms"].as_array().map(Vec::is_empty), Some(false));
}

#[test]
fn weak_hashing_is_for_practice_only() {
    let ground = Ground::new();
    let error = ground.error("real", &["device", "init", "--name", "x", "--work-factor", "10"], 2);
    assert!(error["hint"].as_str().unwrap().contains("--practice"), "{error}");
    assert!(!ground.path("real").exists(), "nothing was made");
    ground.json("weak", &["device", "init", "--name", "x", "--work-factor", "10", "--practice"]);
    let error = ground.error("weak", &["device", "init", "--name", "x", "--work-factor", "10", "--practice"], 2);
    assert!(error["message"].as_str().unwrap().contains("already"), "{error}");
    fs::remove_file(ground.path("weak/practice")).unwrap();
    ground.error("weak", &["status"], 3);
}

#[test]
fn a_second_import_adds_nothing() {
    let ground = Ground::with_officer();
    let table = ground.file(
        "victims.csv",
        "yearRegister,gender,majorityStatus,isForcedLabour,isSexualExploit,UN_COO_Region,UN_COE_Region,IP_Exploiter,\
         IP_Gender,IP_ageBroad,IP_citizen_UNRegion,IP_Relation,IP_PayMoney,IP_RecruiterBroker,IP_TransactionProcess,\
         IP_ControlAbuseKidnap\n2019,Female,Minor,1,,Asia,Asia,1,,,Asia,,,1,,\n2019,Elephant,,,,,,,,,,,,,,\n\
         ,Male,Adult,1,,,,,,,,,,,,\n,Male,Adult,1,,,,,,,,,,,,\n",
    );
    let map = concat!(env!("CARGO_MANIFEST_DIR"), "/src/intake/maps/ctdc_victim_perpetrator.toml");
    let before = ground.json("officer", &["status"])["kept"].clone();
    let dry = ground.json("officer", &["import", "csv", &table, "--map", map, "--dry-run"]);
    assert_eq!((&dry["rows"], &dry["kept"]), (&3.into(), &0.into()));
    assert_eq!(ground.json("officer", &["status"])["kept"], before, "a dry run writes nothing");
    let first = ground.json("officer", &["import", "csv", &table, "--map", map]);
    assert_eq!((&first["kept"], &first["bad"][0]["line"]), (&3.into(), &3.into()));
    let second = ground.json("officer", &["import", "csv", &table, "--map", map]);
    assert_eq!((&second["kept"], &second["known"]), (&0.into(), &3.into()));
    let bad = &first["bad"][0];
    assert!(
        bad["column"] == "gender"
            && bad["reason"].as_str().is_some_and(|reason| reason.contains("neither the map nor")),
        "{bad}"
    );
    // The same rows in another order are the same rows.
    let text = fs::read_to_string(&table).unwrap();
    let (head, rows) = text.split_once('\n').unwrap();
    let turned: String = rows.lines().rev().map(|row| format!("{row}\n")).collect();
    let turned = ground.file("turned.csv", &format!("{head}\n{turned}"));
    let third = ground.json("officer", &["import", "csv", &turned, "--map", map]);
    assert_eq!((&third["kept"], &third["known"]), (&0.into(), &3.into()));
    assert_eq!(ground.json("officer", &["case", "list"])["total"], 3);
}

#[test]
fn stock_tools_open_the_files_that_a_person_writes_out() {
    let ground = Ground::with_officer();
    let note = ground.file("case.json", CASE);
    let kept = ground.json("officer", &["entry", "add", "--form", "case", "--from", &note]);
    let id = kept["entry"].as_str().unwrap();
    let dir = ground.path("out").display().to_string();
    ground.json("officer", &["entry", "show", id, "--files", &dir]);
    let vault = fs::read(ground.path("agency/reader/identity.age")).unwrap();
    let passphrase = amanat_keys::passphrase::Passphrase::to_open(PASSPHRASE.as_bytes()).unwrap();
    let vault = amanat_keys::vault::Vault::open(&vault, &passphrase, true).unwrap();
    let keys: Vec<String> = vault
        .identities()
        .iter()
        .map(|identity| secrecy::ExposeSecret::expose_secret(&identity.to_text()).to_owned())
        .collect();
    fs::write(ground.path("out/key"), keys.join("\n")).unwrap();
    let line = "set -o pipefail; cat slip entry | age -d -i key | zstd -dcq -D a301.zdict | jq -e .slot";
    let opened = Command::new("bash").args(["-c", line]).current_dir(ground.path("out")).output().unwrap();
    assert!(opened.status.success(), "{}", String::from_utf8_lossy(&opened.stderr));
    let again = ground.error("officer", &["entry", "show", id, "--files", &dir], 1);
    assert!(again["message"].as_str().unwrap().contains("slip"), "nothing is overwritten: {again}");
}

#[test]
fn every_file_of_a_home_is_its_owners_alone() {
    let ground = Ground::with_officer();
    ground.case("officer");
    for home in ["officer", "agency/admin", "agency/reader"] {
        let mut seen = 0;
        for file in fs::read_dir(ground.path(home)).unwrap() {
            let file = file.unwrap();
            let mode = file.metadata().unwrap().permissions().mode() & 0o777;
            assert_eq!(mode & 0o077, 0, "{home}/{:?} has mode {mode:o}", file.file_name());
            seen += 1;
        }
        assert!(seen >= 6, "{home} holds {seen} files");
        assert_eq!(fs::metadata(ground.path(home)).unwrap().permissions().mode() & 0o777, 0o700);
    }
}

#[test]
fn a_hostile_name_does_nothing_to_the_terminal_that_shows_it() {
    let ground = Ground::with_officer();
    let name = "\u{1b}]0;pwned\u{7}Evil\u{202e}lana\nAdmins";
    let made = ground.json("second", &["device", "init", "--name", name, "--practice", "--work-factor", "10"]);
    let request = ground.path("second/join-request").display().to_string();
    let words = made["words"].as_str().unwrap();
    let unit = "PS \u{1b}[2JLayyah";
    ground.json("agency/admin", &["roster", "unit-add", unit]);
    ground.json(
        "agency/admin",
        &["roster", "approve", &request, "--fingerprint", words, "--role", "officer", "--unit", unit],
    );
    for json in [&["roster", "show"][..], &["roster", "show", "--json"][..]] {
        let output = ground.run("agency/admin", json);
        let printed = String::from_utf8(output.stdout).unwrap();
        assert!(printed.contains("pwned"), "{printed}");
        let bad = |letter: &char| (letter.is_control() && *letter != '\n') || *letter == '\u{202e}';
        assert_eq!(printed.chars().find(bad), None, "{printed:?}");
        assert!(!printed.lines().any(|line| line.starts_with("Admins")), "{printed}");
    }
    let shown = ground.json("agency/admin", &["roster", "show"]);
    assert!(shown["members"].as_array().unwrap().iter().any(|member| member["name"] == name), "a program gets it all");
}

#[test]
fn a_hub_whom_no_device_would_call_stays_off_the_roster() {
    let ground = Ground::with_officer();
    let address = "127.0.0.1:7070".parse().unwrap();
    let (request, words) = crate::support::HubProcess::init(&ground.path("hub"), address);
    let mode = fs::metadata(ground.path("hub")).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o700, "a hub's folder is its owner's alone: {mode:o}");
    let approve = |url: &'static str| {
        let request = request.to_string();
        move |ground: &Ground, words: &str, code: i32| {
            let arguments = ["roster", "approve", &request, "--fingerprint", words, "--role", "hub", "--url", url];
            let output = ground.run("agency/admin", &arguments);
            let told = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(code), "{url}: {told}");
        }
    };
    for url in ["http://10.1.2.3:80", "http://hub.example", "not a url", "ftp://127.0.0.1", "http://127.0.0.1/path"] {
        approve(url)(&ground, &words, 2);
    }
    approve("http://127.0.0.1:7070")(&ground, &words, 0);
}

#[test]
fn words_to_search_for_may_come_from_stdin() {
    let ground = Ground::with_officer();
    ground.case("officer");
    let search = |words: &str| {
        fs::write(ground.path("words"), words).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_amanat"))
            .args(["--json", "case", "search", "-", "--home"])
            .arg(ground.path("officer"))
            .arg("--passphrase-file")
            .arg(ground.path("passphrase"))
            .stdin(fs::File::open(ground.path("words")).unwrap())
            .output()
            .unwrap();
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    assert_eq!(search("pb-pol\nSELF\n")["total"], 1);
    assert_eq!(search("nobody")["total"], 0);
    assert_eq!(search("\n")["error"]["code"], 2);
}

#[test]
fn a_corrected_name_is_shown_and_found_no_more_than_a_name() {
    let ground = Ground::with_officer();
    let kept = ground.case("officer");
    let case = kept["case"].as_str().unwrap();
    let person = ground.file("person.json", PERSON);
    let person = ground.json("officer", &["entry", "add", "--form", "person", "--from", &person, "--case", case]);
    let person = person["entry"].as_str().unwrap();
    let changes = ground.file("names.json", r#"{"name_full": "Zorvik Qelmek"}"#);
    ground.json("officer", &["entry", "amend", person, "--from", &changes]);
    for plain in [&["case", "show", case][..], &["case", "show", "--all"], &["entry", "show", person]] {
        let shown = ground.json("officer", plain).to_string();
        assert!(!shown.contains("Zorvik"), "{plain:?}: {shown}");
    }
    assert_eq!(ground.json("officer", &["case", "search", "zorvik"])["total"], 0);
    let asked = ground.json("officer", &["entry", "show", person, "--names"]).to_string();
    assert!(asked.contains("Zorvik Qelmek"), "{asked}");
}

/// A sample; nobody.
const PERSON: &str = r#"{"role": "WIT", "gender": "M", "age_years": 40, "age_basis": "SELF", "nationality": "PAK", "language": "urd",
    "name_full": "SAMPLE PERSON", "safe_contact": {"answer": "not_asked"}}"#;

/// Ctrl-C where a passphrase is asked for: the terminal must show again what is typed into it.
#[test]
fn a_question_for_the_passphrase_that_is_broken_off_leaves_the_terminal_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/interrupted.py");
    let home = folder.path().join("home");
    let asked = std::process::Command::new("python3")
        .args([script, env!("CARGO_BIN_EXE_amanat"), "--home"])
        .arg(&home)
        .args(["device", "init", "--name", "sample", "--practice", "--work-factor", "10"])
        .output()
        .unwrap();
    let told = String::from_utf8(asked.stdout).unwrap();
    // Whether the signal ends it or the question ends first with its own word is a race that both may win.
    assert!(told.starts_with("True False True "), "{told} {}", String::from_utf8_lossy(&asked.stderr));
    assert!(!home.join("identity.age").exists(), "nothing was made");
}
