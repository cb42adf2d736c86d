//! An agency's own forms: checked and signed by its admin, carried by the hub, asked by on every device from its next sync on.

use serde_json::json;

use crate::support::{TestAgency, open_case, opening};

const SHELTER: &str = r#"form = "shelter"
version = 1
title = { en = "Shelter", ur = "پناہ گاہ" }
[[section]]
title = { en = "Stay", ur = "قیام" }
[[section.question]]
id = "shelter_nights"
label = { en = "Nights", ur = "راتیں" }
kind = "number"
required = true
[[section.question]]
id = "shelter_kind"
label = { en = "Kind of shelter", ur = "پناہ گاہ کی قسم" }
kind = "choice"
list = "shelter_kind"
"#;

const KINDS: &str = r#"list = "shelter_kind"
items = [{ code = "DAR", en = "Dar ul Aman", ur = "دارالامان" }, { code = "NGO", en = "Private", ur = "نجی" }]
"#;

/// Published by the admin, adopted by officers at their next sync, read at headquarters; a second version stands beside the first.
#[test]
fn a_published_form_is_asked_by_after_the_next_sync() {
    let agency = TestAgency::build();
    let (officer, admin) = (&agency.officer, &agency.admin);
    let case = open_case(officer, &opening(1, "dunqelmarv"));
    let answers = json!({"shelter_nights": 3, "shelter_kind": "DAR"}).to_string();
    let unknown = officer.ask_with(&["entry", "add", "--form", "shelter", "--case", &case, "--from", "-"], &answers);
    assert_eq!(unknown.code, 2, "{}", unknown.json);
    assert!(unknown.message().contains("there is no form shelter"), "{}", unknown.message());

    let folder = agency.dir.path().join("book");
    std::fs::create_dir_all(folder.join("lists")).unwrap();
    std::fs::write(folder.join("shelter.toml"), SHELTER).unwrap();
    std::fs::write(folder.join("lists/kinds.toml"), KINDS).unwrap();
    let folder = folder.to_str().unwrap();
    let refused = officer.ask(&["form", "publish", folder]);
    assert_eq!(refused.code, 2, "an officer has no root key: {}", refused.json);
    let published = admin.run(&["form", "publish", folder]);
    assert_eq!((&published["codebook"], &published["new"]), (&1.into(), &true.into()), "{published}");
    let again = admin.run(&["form", "publish", folder]);
    assert_eq!((&again["codebook"], &again["new"]), (&1.into(), &false.into()), "{again}");

    officer.run(&["sync"]);
    let kept = officer.run_with(&["entry", "add", "--form", "shelter", "--case", &case, "--from", "-"], &answers);
    officer.run(&["sync"]);
    agency.reader.run(&["sync"]);
    let read = agency.reader.run(&["entry", "show", kept["entry"].as_str().unwrap()]);
    assert!(read.to_string().contains("shelter@1") && read.to_string().contains("DAR"), "{read}");

    let second = agency.dir.path().join("second.toml");
    std::fs::write(&second, SHELTER.replace("version = 1", "version = 2").replace("Nights", "Nights there")).unwrap();
    let published = admin.run(&["form", "publish", second.to_str().unwrap()]);
    assert_eq!(published["codebook"], 2, "{published}");
    let forms = published["forms"].to_string();
    assert!(forms.contains("shelter@1") && forms.contains("shelter@2"), "what was asked once stays: {forms}");
    let late = agency.enrol("late", "officer", crate::support::GUJRAT);
    admin.run(&["roster", "publish"]);
    late.run(&["sync"]);
    let case = open_case(&late, &opening(2, "dunqelmarv"));
    let kept = late.run_with(&["entry", "add", "--form", "shelter", "--case", &case, "--from", "-"], &answers);
    let shown = late.run(&["entry", "show", kept["entry"].as_str().unwrap()]);
    assert!(shown.to_string().contains("shelter@2"), "{shown}");
}

/// What would break old entries is not signed: other words under a version in use, a code that is gone, a question of another kind.
#[test]
fn what_breaks_what_was_asked_before_is_never_signed() {
    let agency = TestAgency::build();
    let file = |name: &str, text: &str| {
        let path = agency.dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let admin = &agency.admin;
    let list = file("kinds.toml", KINDS);
    let form = file("shelter.toml", SHELTER);
    let lost = admin.ask(&["form", "import", &form]);
    assert!(lost.code == 5 && lost.message().contains("`shelter_kind`, which is not there"), "{}", lost.json);
    admin.run(&["form", "import", &list]);
    assert_eq!(admin.run(&["form", "import", &form])["drafts"], 2);
    assert_eq!(admin.run(&["form", "publish"])["codebook"], 1, "the drafts are published");
    for (text, why) in [
        (SHELTER.replace("Nights", "Days"), "a change is a new version"),
        (KINDS.replace(", { code = \"NGO\", en = \"Private\", ur = \"نجی\" }", ""), "code `NGO` is gone"),
        (
            SHELTER.replace("version = 1", "version = 2").replace("\"number\"", "\"text\""),
            "an id means one thing for ever",
        ),
        (SHELTER.replace("title = { en = \"Shelter\"", "titel = { en = \"Shelter\""), "unknown field `titel`"),
    ] {
        let refused = admin.ask(&["form", "publish", &file("next.toml", &text)]);
        assert!(refused.code == 5 && refused.message().contains(why), "{why}: {}", refused.json);
    }
    assert_eq!(admin.run(&["form", "publish"])["codebook"], 1, "nothing was signed");
}
