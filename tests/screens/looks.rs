//! Whole screens at two sizes, each kept with the keys that led to it and the phrases that must be on it.

use super::stage::{Stage, code, number};

#[test]
fn tour() {
    let mut stage = Stage::open();
    for (at, class, risk, district) in [
        (1, "TIP", "HIGH", "PK617"),
        (2, "SOM", "LOW", "PK617"),
        (3, "UND", "MED", "PK202"),
        (4, "BOTH", "HIGH", "PK617"),
    ] {
        let case = stage.case(
            at,
            &[
                ("case_class", code(class)),
                ("risk_level", code(risk)),
                ("district", code(district)),
                ("victims_seen", number(2)),
            ],
        );
        if at == 1 {
            stage.sheet(
                5,
                case,
                "person",
                &[
                    ("role", code("VIC")),
                    ("gender", code("F")),
                    ("age_years", number(24)),
                    ("name_full", super::stage::text("Ayesha Bibi")),
                ],
            );
        }
    }
    let show = |stage: &mut Stage, name: &str, keys: &str| {
        stage.keys(keys);
        println!("=== {name}: {keys}\n{}", stage.screen(80, 24));
    };
    show(&mut stage, "caseload", "");
    show(&mut stage, "search", "\"lah\" F3");
    show(&mut stage, "case", "Esc F3*3 Enter");
    show(&mut stage, "add", "F4");
    show(&mut stage, "person", "Enter");
    show(&mut stage, "role", "Down*2 Enter");
    show(&mut stage, "later", "Enter*4 F6 F7");
    show(&mut stage, "finish", "F10");
    show(&mut stage, "help", "F1");
    show(&mut stage, "esc", "Esc*2");
    show(&mut stage, "entry", "Home Enter");
    show(&mut stage, "home", "Esc*3 F9");
    show(&mut stage, "outbox", "Esc F6 F5");
    show(&mut stage, "roster", "Esc F8");
    show(&mut stage, "today", "Esc F7");
    show(&mut stage, "new", "Esc F4");
    show(&mut stage, "urdu", "F2");
    show(&mut stage, "hidden", "F12");
    println!("{}", {
        stage.keys("F12 F2");
        stage.screen(120, 40)
    });
}
