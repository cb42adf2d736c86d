//! What every verb needs: the options that hold for all, the home they name, and a way to unlock it.

use std::path::Path;

use amanat_keys::passphrase::Passphrase;

use super::{args::Global, output::Output, passphrase};
use crate::{
    codebook::Codebook,
    failure::Failure,
    runtime::{
        entries::keep::ToKeep,
        homes::{closed_home::ClosedHome, home::Home, paths::Paths},
    },
};

/// Options and output of one run.
#[derive(Clone, Debug)]
pub(super) struct Context {
    /// Options of every verb.
    pub(super) global: Global,
    /// How to print.
    pub(super) output: Output,
}

impl Context {
    /// The home that was asked for.
    ///
    /// # Errors
    /// Usage when there is nowhere to look.
    pub(super) fn paths(&self) -> Result<Paths, Failure> {
        Paths::find(self.global.home.as_deref())
    }

    /// The passphrase file, if one was named.
    pub(super) fn passphrase_file(&self) -> Option<&Path> {
        self.global.passphrase_file.as_deref()
    }

    /// Opens the home and unlocks it.
    ///
    /// # Errors
    /// Locked for a wrong passphrase or another program in the home; usage where there is no device yet.
    pub(super) fn unlock(&self) -> Result<Home, Failure> {
        let paths = self.paths()?;
        // Taken before the passphrase is asked for: nobody types one for nothing.
        let closed = ClosedHome::open(paths.clone())?;
        let passphrase = passphrase::existing(self.passphrase_file(), &paths.folder().display().to_string())?;
        self.open(&closed, &passphrase)
    }

    /// Opens the home with a passphrase that was asked for already.
    ///
    /// # Errors
    /// As [`Context::unlock`].
    pub(super) fn unlock_with(&self, passphrase: &Passphrase) -> Result<Home, Failure> {
        self.open(&ClosedHome::open(self.paths()?)?, passphrase)
    }

    /// Keeps many things and tells how far it has come.
    ///
    /// # Errors
    /// As [`Home::keep_many`]; what was kept before stays kept.
    pub(super) fn keep_many(&self, home: &mut Home, codebook: &Codebook, things: Vec<ToKeep>) -> Result<(), Failure> {
        let (all, mut done) = (things.len(), 0);
        let kept = home.keep_many(codebook, things, |entries| {
            done += entries.len();
            self.output.progress(&format!("Kept {done} of {all} entries"));
        });
        self.output.progress_done();
        kept
    }

    fn open(&self, closed: &ClosedHome, passphrase: &Passphrase) -> Result<Home, Failure> {
        let home = closed.unlock(passphrase)?;
        for notice in home.notices() {
            self.output.note(notice);
        }
        Ok(home)
    }
}
