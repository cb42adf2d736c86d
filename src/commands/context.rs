//! What every verb needs: the options that hold for all, the home they name, and a way to unlock it.

use std::path::Path;

use super::{args::Global, output::Output, passphrase};
use crate::{
    failure::Failure,
    runtime::{
        closed_home::ClosedHome,
        home::Home,
        paths::Paths,
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
        let closed = ClosedHome::open(paths.clone())?;
        let passphrase = passphrase::existing(self.passphrase_file(), &paths.folder().display().to_string())?;
        let home = closed.unlock(&passphrase)?;
        for notice in home.notices() {
            self.output.note(notice);
        }
        Ok(home)
    }
}
