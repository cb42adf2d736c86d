//! A made-up country with the faults that real tables have had, and the same country put right.

use super::{Checked, Rule, read_table, reconcile};

const HEADER: &str = "Iso3_code,Country,Region,Subregion,Indicator,Dimension,Category,Sex,Age,Year,Unit of measurement,txtVALUE,Source\n";

/// One line: indicator, dimension, category, sex, age and value, separated by semicolons.
fn table(year: u16, lines: &[&str]) -> String {
    let mut text = HEADER.to_owned();
    for line in lines {
        let cells: Vec<&str> = line.split(';').map(str::trim).collect();
        let [indicator, part, sex, age, value] = cells[..] else { panic!("{line}") };
        let (dimension, category) = part.split_once(':').unwrap_or(("Total", "Total"));
        let indicator = match indicator {
            "V" => "Detected trafficking victims",
            "O" => "Offences of trafficking in persons",
            "K" => "Persons brought into formal contact with the police",
            "P" => "Persons prosecuted",
            _ => "Persons convicted",
        };
        let dimension = match dimension {
            "form" => "by form of exploitation",
            "citizen" => "by citizenship",
            other => other,
        };
        let age = match age {
            "c" => "0 to 17 years",
            "a" => "18 years or over",
            _ => "Total",
        };
        let sex = match sex {
            "f" => "Female",
            "m" => "Male",
            "o" => "Other",
            _ => "Total",
        };
        text.push_str(&format!(
            "XXA,Examplia,R,S,{indicator},{dimension},{category},{sex},{age},{year},Counts,\"{value}\",X\n"
        ));
    }
    text
}

fn check(text: &str) -> Checked {
    reconcile(&read_table(text.as_bytes()).unwrap())
}

fn rules(checked: &Checked) -> Vec<Rule> {
    checked.findings.iter().map(|finding| finding.rule).collect()
}

fn said(checked: &Checked, rule: Rule) -> (String, Vec<u64>) {
    let finding = checked.findings.iter().find(|finding| finding.rule == rule);
    let finding = finding.unwrap_or_else(|| panic!("{rule:?} is not among {:?}", checked.findings));
    (finding.what.clone(), finding.cells.iter().map(|(line, _)| *line).collect())
}

/// A year in which all adds up; each test breaks it in one place.
const SOUND: [&str; 19] = [
    "V;;;;1,000",
    "V;;f;;600",
    "V;;m;;390",
    "V;;o;;10",
    "V;;;c;250",
    "V;;;a;750",
    "V;;f;c;150",
    "V;;m;c;100",
    "V;;f;a;450",
    "V;;m;a;290",
    "V;;o;a;10",
    "V;citizen:Examplian;;;900",
    "V;citizen:Elsewherian;;;100",
    "V;form:Sexual exploitation;;;400",
    "V;form:Forced labour;;;600",
    "O;;;;400",
    "K;;;;120",
    "P;;;;100",
    "C;;;;30",
];

fn broken(from: &str, to: &[&str]) -> Checked {
    assert!(SOUND.contains(&from), "{from}");
    let lines: Vec<&str> =
        SOUND.iter().flat_map(|line| if *line == from { to.to_vec() } else { vec![*line] }).collect();
    check(&table(2031, &lines))
}

#[test]
fn a_table_that_adds_up_has_no_findings() {
    let checked = check(&table(2031, &SOUND));
    assert_eq!(checked.findings, Vec::new());
    assert_eq!(checked.completeness[0].text(), "100.0 %");
}

#[test]
fn parts_that_do_not_make_the_total_are_named_with_lines_and_numbers() {
    let checked = broken("V;;;;1,000", &["V;;;;1,010"]);
    let (what, lines) = said(&checked, Rule::Sum);
    assert!(what.contains("is 1,010, but by age 250 + 750 = 1,000: 10 are in no part"), "{what}");
    assert_eq!(lines, [2, 6, 7]);
    let sums = rules(&checked).iter().filter(|rule| **rule == Rule::Sum).count();
    assert_eq!(sums, 2, "by age and by citizenship; the same sum by sex is the same fault: {:?}", checked.findings);
    let (what, _) = said(&broken("V;citizen:Elsewherian;;;100", &["V;citizen:Elsewherian;;;107"]), Rule::Sum);
    assert!(what.contains("by citizenship 900 + 107 = 1,007: 7 too many") || what.contains("107 + 900"), "{what}");
}

#[test]
fn a_small_cell_is_a_span_and_the_total_inside_it_is_no_fault() {
    let (what, _) = said(&broken("V;;o;;10", &["V;;o;;<5"]), Rule::Sum);
    assert!(what.contains("by sex 600 + 390 + <5 = 990 to 994: 10 are in no part"), "{what}");
    let wide = table(2031, &SOUND).replace("Other,Total,2031,Counts,\"10\"", "Other,Total,2031,Counts,\"<15\"");
    let wide = wide.replace("Other,18 years or over,2031,Counts,\"10\"", "Other,18 years or over,2031,Counts,\"<15\"");
    assert_eq!(wide.matches("<15").count(), 2);
    assert_eq!(check(&wide).findings, Vec::new());
}

#[test]
fn a_part_larger_than_its_whole_is_told_and_a_small_total_beside_larger_parts_too() {
    let (what, lines) =
        said(&broken("V;form:Forced labour;;;600", &["V;form:Forced labour;;;1,600"]), Rule::LargerThanWhole);
    assert!(what.contains("Forced labour (1,600) is larger than Detected trafficking victims (1,000)"), "{what}");
    assert_eq!(lines, [2, 16]);
    let (what, _) = said(&broken("V;;;a;750", &["V;;;a;<5"]), Rule::SmallTotal);
    assert!(what.contains("18 years or over is <5 beside its parts 450, 290, 10"), "{what}");
}

#[test]
fn children_all_of_one_sex_or_of_none() {
    let lines: Vec<&str> = SOUND.into_iter().filter(|line| *line != "V;;f;c;150").collect();
    let lines: Vec<&str> =
        lines.into_iter().map(|line| if line == "V;;m;c;100" { "V;;m;c;250" } else { line }).collect();
    let (what, _) = said(&check(&table(2031, &[&lines[..], &["V;;f;c;<5"]].concat())), Rule::ChildSex);
    assert_eq!(what, "all 250 children are male (female <5)");
    let none: Vec<&str> =
        SOUND.into_iter().filter(|line| !line.ends_with(";c;150") && !line.ends_with(";c;100")).collect();
    assert!(said(&check(&table(2031, &none)), Rule::ChildSex).0.contains("250 children, and not one with a sex"));
}

#[test]
fn a_lost_transgender_column_is_told_with_the_people_in_it() {
    let (what, lines) = said(
        &check(&table(2031, &SOUND.into_iter().filter(|line| !line.contains(";o;")).collect::<Vec<_>>())),
        Rule::Transgender,
    );
    assert!(what.contains("10 of 1,000 victims are neither female nor male"), "{what}");
    assert_eq!(lines, [2, 3, 4]);
}

#[test]
fn labels_of_the_questionnaire_are_no_numbers() {
    let labels = [
        "C;citizen:Nationals;;;6,112,031",
        "C;citizen:Q6.1_2s_2031;;;6,122,031",
        "C;citizen:Q6.1_10s_2031;;;61,102,031",
        "C;;;;30",
    ];
    let checked = broken("C;;;;30", &labels);
    let (what, lines) = said(&checked, Rule::CellLabel);
    assert!(what.contains("labels of 3 cells") && what.contains("Nationals = 6,112,031"), "{what}");
    assert_eq!(lines.len(), 3);
    assert!(!rules(&checked).contains(&Rule::OtherYear) && !rules(&checked).contains(&Rule::LargerThanWhole));
    let other: Vec<String> = labels.iter().map(|line| line.replace("2,031", "2,029")).collect();
    let other: Vec<&str> = other.iter().map(String::as_str).collect();
    let (what, lines) = said(&broken("C;;;;30", &other), Rule::OtherYear);
    assert!(what.contains("3 cells of 2031 bear the year 2029"), "{what}");
    assert_eq!(lines.len(), 3);
}

#[test]
fn a_count_that_only_ends_like_a_year_is_a_count() {
    let checked = broken("V;citizen:Examplian;;;900", &["V;citizen:Examplian;;;6,112,031"]);
    assert!(!rules(&checked).contains(&Rule::CellLabel));
}

#[test]
fn the_form_of_exploitation_is_measured() {
    let checked = broken("V;form:Forced labour;;;600", &["V;form:Forced labour;;;<5"]);
    assert!(said(&checked, Rule::Form).0.contains("known for 400 of 1,000 victims (40.0 %); 600 have none"));
    assert_eq!((checked.completeness[0].known, checked.completeness[0].per_mille()), (400, 400));
}

#[test]
fn what_the_courts_did_is_doubted_where_it_cannot_be_believed() {
    assert!(
        said(&broken("P;;;;100", &["P;;;;120"]), Rule::ContactIsProsecuted).0.contains("exactly 120 were prosecuted")
    );
    assert!(said(&broken("C;;;;30", &["C;;;;<5"]), Rule::FewConvicted).0.contains("100 prosecuted, <5 convicted"));
    assert!(said(&broken("O;;;;400", &["O;;;;<5"]), Rule::NoOffences).0.starts_with("1,000 victims, but offences"));
    assert!(said(&broken("O;;;;400", &["O;;;;40"]), Rule::FewOffences).0.contains("25 victims for each"));
    let all = ["V;citizen:Examplian;;;1,000"];
    assert!(said(&broken("V;citizen:Examplian;;;900", &all), Rule::OneCitizenship).0.contains("Examplian"));
}

#[test]
fn what_is_not_understood_is_told_by_line_and_the_rest_is_checked() {
    let text = table(2031, &["V;;;;many", "V;;;c;300", "V;;;c;300"]).replacen(",2031,", ",MMXXXI,", 1);
    let text = text.replace("\"300\",X\n", "\"3oo\",X\n").replacen("3oo", "300", 2);
    let checked = check(&text);
    assert_eq!(rules(&checked)[..2], [Rule::Unread, Rule::Twice]);
    assert_eq!(said(&checked, Rule::Unread), ("`MMXXXI` is no year".to_owned(), vec![2]));
    assert_eq!(said(&checked, Rule::Twice).1, [3, 4]);
    let error = read_table("Year,txtVALUE\n".as_bytes()).unwrap_err();
    assert!(error.to_string().contains("lacks Indicator, Dimension, Category, Sex, Age"), "{error}");
}
