//! Tables in, sheets and named faults out: what an import must promise.

use std::collections::BTreeSet;

use super::{BadRow, Imported, Map, MapError, Outcome, Reason, RowReader, csv_header, htcds_map, htcds_table};
use crate::{
    codebook::Codebook,
    model::{Answer, Code, Value},
};

const CTDC: &str = include_str!("maps/ctdc_victim_perpetrator.toml");
const HEADER: &str = "yearRegister,gender,majorityStatus,isForcedLabour,isSexualExploit,UN_COO_Region,UN_COE_Region,\
                      IP_Exploiter,IP_Gender,IP_ageBroad,IP_citizen_UNRegion,IP_Relation,IP_PayMoney,IP_RecruiterBroker,\
                      IP_TransactionProcess,IP_ControlAbuseKidnap";

/// Not cryptographic: FNV-1a from four beginnings, enough to tell the few rows of a test apart.
fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut sum = [0_u8; 32];
    for (lane, eight) in (1_u64..).zip(sum.chunks_exact_mut(8)) {
        let bytes = parts.iter().flat_map(|part| [&[255][..], part].concat());
        let hash = bytes
            .fold(0xcbf2_9ce4_8422_2325 ^ lane, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        eight.copy_from_slice(&hash.rotate_left(29).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    }
    sum
}

fn read(map: &Map, book: &Codebook, text: &str) -> (Vec<Imported>, Vec<BadRow>) {
    let (mut table, header) = csv_header(text.as_bytes()).unwrap();
    let mut rows = RowReader::bind(map, book, &header, digest).unwrap();
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    while let Some(outcome) = table.next_row(&mut rows) {
        match outcome {
            Outcome::Row(row) => good.push(*row),
            Outcome::Bad(fault) => bad.push(fault),
        }
    }
    (good, bad)
}

fn ctdc(rows: &str) -> (Vec<Imported>, Vec<BadRow>) {
    let book = Codebook::builtin().unwrap();
    let map = Map::parse(CTDC, book).unwrap();
    read(&map, book, &format!("{HEADER}\n{rows}"))
}

#[test]
fn an_empty_cell_is_not_recorded_and_never_no() {
    let (good, bad) = ctdc("2019,Female,Minor,1,,Asia,Asia,1,Female;Male,,Asia,,No;Yes,1,,\n,,,,,,,,,,,,,,,\n");
    assert_eq!(bad, []);
    let [full, empty] = good.as_slice() else { panic!("two rows") };
    assert_eq!(full.person.answers().choice("gender"), Some(&Code::new("F")));
    assert_eq!(full.person.answers().choice("age_group"), Some(&Code::new("CHILD")));
    assert_eq!(
        full.person.answers().value("exploitation_type"),
        Some(&Value::Choices([Code::new("FORCEDLAB")].into()))
    );
    let carried: Vec<_> = full.source.cells.iter().map(|(name, cell)| (&**name, &**cell)).collect();
    assert!(carried.contains(&("IP_Gender", "Female;Male")) && carried.contains(&("yearRegister", "2019")));
    assert_eq!(empty.person.answers().answer("gender"), Some(&Answer::NotRecorded));
    assert!(empty.source.cells.is_empty());
}

#[test]
fn equal_rows_are_different_people_whatever_their_order() {
    let identities = |rows: &str| -> BTreeSet<[u8; 32]> { ctdc(rows).0.iter().map(|row| row.source.row).collect() };
    let a = ",Male,Adult,1,,,,,,,,,,,,\n";
    let b = ",Female,Adult,1,,,,,,,,,,,,\n";
    let there = identities(&format!("{a}{a}{b}"));
    assert_eq!(there.len(), 3);
    assert_eq!(there, identities(&format!("{a}{b}{a}")));
    assert_ne!(there, identities(&format!("{a}{b}{b}")));
}

#[test]
fn a_pseudonym_is_drawn_for_each_row_and_again_the_same() {
    let aliases = |rows: &str| -> Vec<Value> {
        ctdc(rows).0.iter().map(|row| row.person.answers().value("alias_code").unwrap().clone()).collect()
    };
    let row = ",Male,Adult,1,,,,,,,,,,,,\n";
    let two = aliases(&format!("{row}{row}"));
    assert_ne!(two[0], two[1]);
    assert_eq!(two, aliases(&format!("{row}{row}")));
}

#[test]
fn a_bad_row_is_named_by_line_and_column_and_stops_no_other() {
    let (good, bad) = ctdc(
        ",Male,Adult,1,,,,,,,,,,,,\n,Elephant,Adult,1,,,,,,,,,,,,\nshort,row\n,Male,Adult,1;1;0,,,,,,,,,,,,\n\
         ,\u{1b}[2J,Adult,,,,,,,,,,,,,\n,Female,,,,,,,,,,,,,,\n",
    );
    assert_eq!(good.iter().map(|row| row.line).collect::<Vec<_>>(), [2, 7]);
    let places: Vec<_> = bad.iter().map(|fault| (fault.line, fault.column.as_deref())).collect();
    assert_eq!(places, [(3, Some("gender")), (4, None), (5, Some("isForcedLabour")), (6, Some("gender"))]);
    assert_eq!(bad[0].reason, Reason::UnknownValue { list: "gender".into() });
    assert_eq!(bad[1].reason, Reason::Width { wanted: 16, found: 2 });
    assert_eq!(bad[3].reason, Reason::Control);
    assert!(!bad[0].reason.to_string().contains("Elephant"), "a fault never repeats the cell");
}

#[test]
fn bytes_that_are_not_text_spoil_their_own_row_only() {
    let book = Codebook::builtin().unwrap();
    let map = Map::parse(CTDC, book).unwrap();
    let mut text = format!("\u{feff}{HEADER}\n,Male").into_bytes();
    text.extend_from_slice(b"\xff,Adult,,,,,,,,,,,,,\n,Male,Adult,,,,,,,,,,,,,\n");
    let (mut table, header) = csv_header(text.as_slice()).unwrap();
    let mut rows = RowReader::bind(&map, book, &header, digest).unwrap();
    let first = table.next_row(&mut rows);
    assert_eq!(first, Some(Outcome::Bad(BadRow { line: 2, column: None, reason: Reason::Encoding })));
    assert!(matches!(table.next_row(&mut rows), Some(Outcome::Row(_))));
    assert_eq!(table.next_row(&mut rows), None);
}

#[test]
fn a_table_of_another_kind_is_refused_by_its_header() {
    let book = Codebook::builtin().unwrap();
    let map = Map::parse(CTDC, book).unwrap();
    let bind = |header: &[&str]| {
        let header: Vec<String> = header.iter().map(|name| (*name).to_owned()).collect();
        RowReader::bind(&map, book, &header, digest).err()
    };
    assert_eq!(bind(&["gender", "wage"]), Some(MapError::UnmappedColumn("wage".into())));
    assert_eq!(bind(&["gender", "gender"]), Some(MapError::DoubleColumn("gender".into())));
    assert!(matches!(bind(&["gender"]), Some(MapError::MissingColumn(_))));
}

#[test]
fn a_map_that_names_what_is_not_there_is_refused() {
    let book = Codebook::builtin().unwrap();
    let head = "name = \"t\"\nversion = 1\nsource = \"t\"\n";
    let parse = |rest: &str| Map::parse(&format!("{head}{rest}"), book).err();
    assert!(matches!(parse("[columns.a]\nto = \"person.shoe_size\""), Some(MapError::NoSuchQuestion { .. })));
    assert!(matches!(
        parse("[columns.a]\nto = \"person.gender\"\nvalues = { x = \"Z\" }"),
        Some(MapError::NoSuchCode { .. })
    ));
    let open = "[columns.a]\nto = \"person.name_full\"";
    assert_eq!(parse(open), None);
    assert!(matches!(parse(&format!("{open}\ncarry = true")), Some(MapError::SealedCarried { .. })));
    assert!(matches!(parse("[columns.a]\nwhat = 1"), Some(MapError::Unreadable(_))));
}

/// The header as the published template has it, typo, gap and shifted labels included. Sample text, no one's record.
const TEMPLATE: &str = "\
,cas_CaseOwner,prs_FirstName,prs_SecondName,prs_Gender,prs_Birthdate,prs_Citizenship,prs_MailingCity,\
vic_TraffickinStatusDecisionMakingOrg,vic_TraffickingStatus,vic_MethodsOfControl,vic_TypeOfExploitation,cas_Status,,org_Type
,Case Owner,First Name,Second Name,Gender,Birthdate,Citizenship,Mailing Street,\
Trafficking Status Decision Making Organization,Trafficking Status,Methods of Control,Type of Exploitation,Status,\
Reason for Outgoing Referral,Type
1,,SAMPLE,PERSON,Feminine,2004-03-07,AF;PK,Sample Street,Police,Possible victim of trafficking,\
DebtBondage ;Physical threats,ForcedLabour,Active,Other,NGO
2,,,,,,,,,,,,,,
";

#[test]
fn the_published_template_is_read_with_its_defects() {
    let book = Codebook::builtin().unwrap();
    let map = htcds_map(book).unwrap();
    let mut table = htcds_table(TEMPLATE.as_bytes(), &map).unwrap();
    assert!(table.header.iter().any(|name| name == "vic_TraffickingStatusDecisionMakingOrg"));
    assert!(table.header.iter().any(|name| name == "cas_ReasonForOutgoingReferral"));
    let mut rows = RowReader::bind(&map, book, &table.header.clone(), digest).unwrap();
    let Some(Outcome::Row(row)) = table.next_row(&mut rows) else { panic!("the sample row is good") };
    assert_eq!(row.line, 3);
    let person = row.person.answers();
    assert_eq!(person.value("name_full"), Some(&Value::Text("SAMPLE PERSON".into())));
    assert_eq!(person.choice("nationality"), Some(&Code::new("AFG")));
    assert_eq!(person.choice("status_decider"), Some(&Code::new("POLICE")));
    assert_eq!(person.value("control_method"), Some(&Value::Choices([Code::new("DEBT"), Code::new("THREAT")].into())));
    assert!(row.source.cells.iter().any(|(name, cell)| &**name == "prs_Citizenship" && &**cell == "AF;PK"));
    assert!(!row.source.cells.iter().any(|(_, cell)| cell.contains("SAMPLE")), "names are never carried in the open");
    assert_eq!(table.next_row(&mut rows), None, "a numbered empty row is no row");
}

#[test]
fn what_is_no_htcds_table_is_refused() {
    let book = Codebook::builtin().unwrap();
    let map = htcds_map(book).unwrap();
    for bytes in [&b"a,b,c\n1,2,3\n"[..], b"PK\x03\x04 not really a zip", b""] {
        assert!(matches!(htcds_table(bytes, &map), Err(MapError::NoHeader(_))));
    }
}

/// A sheet of the standard with one more cell, far to the right of all the others.
fn spreadsheet(column: u16) -> Vec<u8> {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    for (at, name) in (0..).zip(["prs_FirstName", "prs_LastName", "cas_Status"]) {
        sheet.write_string(0, at, name).unwrap();
        sheet.write_string(1, at, "Active").unwrap();
    }
    sheet.write_string(1, column, "far away").unwrap();
    book.save_to_buffer().unwrap()
}

#[test]
fn a_spreadsheet_is_read_as_wide_as_a_table_can_be_and_no_wider() {
    let map = htcds_map(Codebook::builtin().unwrap()).unwrap();
    assert_eq!(htcds_table(&spreadsheet(1_023), &map).unwrap().header.len(), 3);
    match htcds_table(&spreadsheet(1_024), &map) {
        Err(MapError::NoHeader(why)) => {
            assert!(why.contains("larger than a table can be: row 2, column 1025"), "{why}")
        }
        other => panic!("{:?}", other.map(|table| table.header)),
    }
}
