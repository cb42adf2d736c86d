//! Several officers on one machine: each has a home of their own, under a passphrase of their own. The first is the folder itself, the others
//! lie in `homes/` inside it. Which there are is seen without any key, and nothing else of them is.
//!
//! All of them belong to one user of the system, so it is the passphrases that keep them apart, and not the modes of files.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::paths::Paths;
use crate::failure::Failure;

const FOLDER: &str = "homes";
/// Most letters of a name.
const LETTERS: usize = 40;
/// Most homes that are listed, so that a menu stays one.
const MOST: usize = 64;

/// The homes of a machine.
#[derive(Clone, Debug)]
pub struct Homes {
    base: PathBuf,
}

/// One of them, as a locked machine shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HomeRow {
    /// What it is called; none for the first.
    pub name: Option<String>,
    /// Where it is.
    pub paths: Paths,
    /// Whether a device has been made in it.
    pub device: bool,
    /// Whether that device belongs to an agency.
    pub joined: bool,
    /// How many entries waited when it was locked last.
    pub waiting: u64,
}

impl Homes {
    /// Those beside this home, and itself.
    pub fn around(paths: &Paths) -> Self {
        let folder = paths.folder();
        let above = folder.parent().filter(|parent| parent.file_name().is_some_and(|name| name == FOLDER));
        let base = above.and_then(Path::parent).unwrap_or(folder);
        let base = if base.as_os_str().is_empty() { Path::new(".") } else { base };
        Self { base: base.to_path_buf() }
    }

    /// All of them, the first one first and the others by name. One of several that has no device is listed too: it waits for one.
    pub fn list(&self) -> Vec<HomeRow> {
        let found = fs::read_dir(self.base.join(FOLDER)).into_iter().flatten().filter_map(Result::ok);
        let folders = found.filter(|found| found.file_type().is_ok_and(|kind| kind.is_dir()));
        let mut names: Vec<String> = folders.filter_map(|folder| folder.file_name().into_string().ok()).collect();
        names.retain(|name| fits(name));
        names.sort();
        names.truncate(MOST);
        let first = row(None, Paths::at(&self.base));
        let others: Vec<HomeRow> = names.into_iter().map(|name| row(Some(name.clone()), self.at(&name))).collect();
        let first = Some(first).filter(|first| first.device || others.is_empty());
        first.into_iter().chain(others).collect()
    }

    /// Makes room for one more. Keys are made in it by whoever sits there.
    ///
    /// # Errors
    /// Usage for a name that is none or taken; what the disk says.
    pub fn add(&self, name: &str) -> Result<Paths, Failure> {
        let doing = "making a home";
        if !fits(name) {
            return Err(Failure::usage(
                format!("{doing} — this name cannot be one"),
                format!("At most {LETTERS} letters, digits, blanks, - and _; it does not begin or end with a blank."),
            ));
        }
        let paths = self.at(name);
        if paths.folder().exists() {
            return Err(Failure::usage(
                format!("{doing} — there is one of this name"),
                "Take another name. No home is ever made over another.",
            ));
        }
        if self.list().len() >= MOST {
            return Err(Failure::usage(format!("{doing} — there are {MOST} already"), "Remove one that nobody uses."));
        }
        Paths::at(&self.base).make()?;
        Paths::at(&self.base.join(FOLDER)).make()?;
        paths.make()?;
        Ok(paths)
    }

    /// One of them by its name.
    ///
    /// # Errors
    /// Usage where there is none of this name.
    pub fn find(&self, name: Option<&str>) -> Result<Paths, Failure> {
        let found = self.list().into_iter().find(|row| row.name.as_deref() == name);
        found.map(|row| row.paths).ok_or_else(|| {
            Failure::usage(
                "looking for the home — there is none of this name on this machine",
                "See: amanat home list.",
            )
        })
    }

    /// Where a screen begins that was to begin at `paths`: there, unless nobody has a device there and somebody has elsewhere.
    pub fn begin(paths: Paths) -> Paths {
        if paths.identity().exists() {
            return paths;
        }
        let others = Self::around(&paths).list().into_iter().find(|row| row.device);
        others.map_or(paths, |row| row.paths)
    }

    /// What a home is called here.
    pub fn name_of(&self, paths: &Paths) -> Option<String> {
        self.list().into_iter().find(|row| row.paths == *paths).and_then(|row| row.name)
    }

    fn at(&self, name: &str) -> Paths {
        Paths::at(&self.base.join(FOLDER).join(name))
    }
}

fn row(name: Option<String>, paths: Paths) -> HomeRow {
    let (device, joined, waiting) = (paths.identity().exists(), paths.joined().exists(), paths.waiting());
    HomeRow { name, device, joined, waiting, paths }
}

/// Whether this can be the name of a home, and of its folder on any system.
fn fits(name: &str) -> bool {
    let letters = name.chars().all(|letter| letter.is_alphanumeric() || " -_".contains(letter));
    letters && !name.is_empty() && name.trim() == name && name.chars().count() <= LETTERS && name != "."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn homes_know_each_other_wherever_one_begins() {
        let folder = tempfile::tempdir().unwrap();
        let base = Paths::at(&folder.path().join("laptop"));
        let homes = Homes::around(&base);
        assert_eq!(homes.list().len(), 1, "one alone, still without a device");
        let sana = homes.add("Sana").unwrap();
        homes.add("عمر").unwrap();
        for taken in ["Sana", "", " x", "a/b", "..", ".hidden", "nul\0", &"x".repeat(41)] {
            homes.add(taken).unwrap_err();
        }
        let names = |homes: &Homes| homes.list().into_iter().map(|row| row.name).collect::<Vec<_>>();
        let both = [Some("Sana".to_owned()), Some("عمر".to_owned())];
        assert_eq!(names(&homes), both, "nobody has a device in the first");
        assert_eq!(names(&Homes::around(&sana)), both, "seen from one of them too");
        assert_eq!(Homes::begin(base.clone()), base, "nobody has a device anywhere");
        fs::write(sana.identity(), "").unwrap();
        assert_eq!(Homes::begin(base.clone()), sana);
        fs::write(base.identity(), "").unwrap();
        assert_eq!((names(&homes).len(), Homes::begin(base.clone())), (3, base));
        assert_eq!(Homes::around(&sana).name_of(&sana).as_deref(), Some("Sana"));
        assert_eq!(homes.find(Some("Sana")).unwrap(), sana);
        homes.find(Some("nobody")).unwrap_err();
    }
}
