//! The table that the benches import: the published one where a folder is named, else one of the same shape and size.

#![expect(clippy::unwrap_used, reason = "a bench stops at the first surprise")]

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::figure::{self, Dice};

/// The map that reads it.
pub(crate) const MAP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/intake/maps/ctdc_victim_perpetrator.toml");
const TABLE: &str = "ctdc_victim_perpetrator_synthetic.csv";
const SEED: u64 = 21_195;

/// A table on the disk.
pub(crate) struct Table {
    /// Where it lies.
    pub(crate) path: String,
    /// How many rows it has.
    pub(crate) rows: usize,
    /// What it is, in words.
    pub(crate) told: &'static str,
}

impl Table {
    /// The table of `--data DIR`, or `--rows` made up in `scratch`.
    pub(crate) fn find(scratch: &Path) -> Self {
        let (path, told) = match figure::argument("--data") {
            Some(folder) => (PathBuf::from(folder).join(TABLE), "of the published table"),
            None => (made_up(scratch, figure::number("--rows", 21_195)), "made up, seed 21195"),
        };
        let rows = fs::read_to_string(&path).unwrap().lines().filter(|line| !line.is_empty()).count() - 1;
        Self { path: path.display().to_string(), rows, told }
    }
}

/// A table with the columns of CTDC's and about its shares of empty cells; nobody's record.
fn made_up(path: &Path, rows: usize) -> PathBuf {
    let columns: [(&str, &[&str]); 16] = [
        ("yearRegister", &["2014-2018", "2014-2018", "2021-2022", "2019", "2020", ""]),
        ("gender", &["Female", "Female", "Male", "Male", ""]),
        ("majorityStatus", &["Adult", "Adult", "Adult", "Adult", "Minor", ""]),
        ("isForcedLabour", &["1", "1", ""]),
        ("isSexualExploit", &["1", "", "", "", "", "", ""]),
        ("UN_COO_Region", &["Asia", "Europe", "Africa", ""]),
        ("UN_COE_Region", &["Asia", "Europe", "Africa", ""]),
        ("IP_Exploiter", &["1", ""]),
        ("IP_Gender", &["Male", "Male", "Female", "Female;Male", ""]),
        ("IP_ageBroad", &["39--47", "30--38", "", "", "", "", "", "", "", ""]),
        ("IP_citizen_UNRegion", &["Asia", "Europe", "Africa", ""]),
        ("IP_Relation", &["StrangerUnknownOther", "StrangerUnknownOther", "FriendAcquaintance", ""]),
        ("IP_PayMoney", &["No", "No", "Yes", ""]),
        ("IP_RecruiterBroker", &["1", ""]),
        ("IP_TransactionProcess", &["1", "", ""]),
        ("IP_ControlAbuseKidnap", &["1", "", "", "", "", "", "", "", "", ""]),
    ];
    let mut dice = Dice(SEED);
    let mut file = std::io::BufWriter::new(File::create(path).unwrap());
    let names = columns.map(|(name, _)| name);
    writeln!(file, "{}", names.join(",")).unwrap();
    for _ in 0..rows {
        let cells = columns.map(|(_, cells)| dice.pick(cells));
        writeln!(file, "{}", cells.join(",")).unwrap();
    }
    file.flush().unwrap();
    path.to_owned()
}
