//! Every verb of the command line is understood with its options; those of later versions say so, each in its own sentence.

use std::process::{Command, Output};

use serde_json::Value;

fn amanat(arguments: &[&str]) -> Output {
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_amanat"));
    command.env_clear().arg("--home").arg(home.path().join("none")).args(arguments).output().unwrap()
}

#[test]
fn verbs_of_later_versions_parse_and_say_so() {
    for (arguments, verb) in [(&["export", "csv"][..], "export"), (&["report", "national"], "report")] {
        let output = amanat(arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert_eq!(said.trim(), format!("amanat: {verb} comes in a later version of amanat"), "{arguments:?}");
    }
}

/// Command lines of the design, one for each verb and way of it.
const LINES: &[&str] = &[
    "agency init --name N --dir D",
    "device init --name N --unit U",
    "device request --out F",
    "device join F --fingerprint W",
    "roster show",
    "roster verify",
    "roster approve F --fingerprint W --role R --unit U",
    "roster revoke D --from 7 --lost",
    "roster revoke D --from now --left",
    "roster unit-add N",
    "roster sign F",
    "roster publish",
    "entry add --form F --from - --case C",
    "entry show I",
    "entry amend I --from F",
    "case list",
    "case show I",
    "case show --all",
    "case search W V",
    "case share I --unit U",
    "case transfer I --to U",
    "case transfer I --to U --reason SOM --note T",
    "case transfer I --accept",
    "case transfer I --reject --note T",
    "case transfer I --take-back --dry-run",
    "home list",
    "home add N",
    "case hand-in I --yes",
    "case erase I --order T",
    "import csv F --map M",
    "import htcds F --dry-run",
    "status",
    "sync --watch",
    "bundle write F --to U",
    "bundle read F",
    "keys status",
    "keys passphrase",
    "keys rotate unit U",
    "keys rotate device",
    "keys rotate root",
    "keys rotate hub --file F --fingerprint W",
    "keys rekey C --reseal",
    "keys split",
    "keys restore",
    "keys audit K --html F",
    "keys retention",
    "review list",
    "review approve I",
    "review return I --note T",
    "form check",
    "form import F",
    "form publish F",
    "check table F",
    "report T --from D --to D --format xlsx",
    "export htcds",
    "export csv",
    "export evidence I",
    "verify B",
    "completions bash",
];

#[test]
fn every_verb_of_the_design_is_understood_with_its_options() {
    for line in LINES {
        // `--help` behind a whole line: clap reads what stands before it first, and unknown words and options end with 2.
        let mut arguments: Vec<&str> = line.split(' ').collect();
        arguments.push("--help");
        let output = amanat(&arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{line}: {said}");
    }
    assert_eq!(
        amanat(&["roster", "fly", "--help"]).status.code(),
        Some(2),
        "the question above can be answered with no"
    );
    assert_eq!(amanat(&["sync", "--fly", "--help"]).status.code(), Some(2));
}

#[test]
fn a_case_or_all_of_them_are_shown_and_not_both() {
    for (arguments, told) in
        [(&["case", "show"][..], "<ID>"), (&["case", "show", "ab", "--all"], "cannot be used with")]
    {
        let output = amanat(arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(said.contains(told), "{arguments:?}: {said}");
    }
}

const TABLE: &str = "Indicator,Dimension,Category,Sex,Age,Year,txtVALUE\n\
    Detected trafficking victims,Total,Total,Total,Total,2031,\"1,040\"\n\
    Detected trafficking victims,Total,Total,Female,Total,2031,700\n\
    Detected trafficking victims,Total,Total,Male,Total,2031,300\n\
    Detected trafficking victims,Total,Total,Other,Total,2031,40\n\
    Detected trafficking victims,by form of exploitation,Forced labour,Total,Total,2031,\"1,040\"\n\
    Offences of trafficking in persons,Total,Total,Total,Total,2031,600\n\
    Persons brought into formal contact,Total,Total,Total,Total,2031,90\n\
    Persons prosecuted,Total,Total,Total,Total,2031,70\n";

#[test]
fn a_table_that_reconciles_ends_with_0_and_one_that_does_not_with_1() {
    let folder = tempfile::tempdir().unwrap();
    let check = |text: &str| {
        let file = folder.path().join("table.csv");
        std::fs::write(&file, text).unwrap();
        let output = amanat(&["check", "table", file.to_str().unwrap(), "--json"]);
        let json: Value = serde_json::from_slice(&output.stdout).expect("one JSON document and nothing else");
        (output.status.code(), json)
    };
    let (code, json) = check(TABLE);
    assert_eq!((code, &json["reconciles"], &json["cells"]), (Some(0), &true.into(), &8.into()), "{json}");
    let (code, json) = check(&TABLE.replace("2031,40", "2031,<5").replace("2031,70", "2031,90"));
    assert_eq!(code, Some(1), "{json}");
    let rules: Vec<&str> = json["findings"].as_array().unwrap().iter().map(|it| it["rule"].as_str().unwrap()).collect();
    assert_eq!(rules, ["sum", "contact-is-prosecuted"], "{json}");
    assert_eq!(json["findings"][0]["cells"][0], serde_json::json!({"line": 2, "value": "1,040"}));
    assert_eq!(json["form_completeness"][0]["per_mille"], 1000);
    let (code, json) = check("a,b\n1,2\n");
    assert!(code == Some(2) && json["error"]["message"].as_str().unwrap().contains("lacks Indicator"), "{json}");
}
