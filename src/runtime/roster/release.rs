//! A new program on a stick: signed for by admins, and looked at before it is put where it will be run.

use std::{
    fs::{self, File, OpenOptions},
    io::{Read as _, Write as _},
    path::Path,
};

use amanat_keys::{
    fingerprint::Digest,
    release::{LEAST, ProgramVersion, Release},
    statement::Statement,
    trust::Trust,
};
use amanat_sync::own_files;

use super::enrol::Admin;
use crate::{
    failure::Failure,
    runtime::{erasure::order::Signed, fault, homes::home::Home},
};

/// What this program is called in a release.
pub const NAME: &str = "amanat";
/// Largest program, bytes: more than a build with everything in it.
const MOST: u64 = 1 << 30;
const SIGNING: &str = "signing for a program";
const CHECKING: &str = "checking a program";

/// The version of the program that is running.
pub fn running() -> ProgramVersion {
    ProgramVersion::read(env!("CARGO_PKG_VERSION")).unwrap_or(ProgramVersion(0, 0, 0))
}

/// The least version that a roster names.
pub fn least(trust: &Trust) -> Option<ProgramVersion> {
    trust.roster().policy(LEAST).and_then(ProgramVersion::read)
}

/// Reads a program whole.
///
/// # Errors
/// What the disk says; refused when it is larger than any.
pub fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let doing = || format!("reading the program {}", path.display());
    let file = File::open(path).map_err(|error| Failure::disk(doing(), &error))?;
    let mut bytes = Vec::new();
    file.take(MOST + 1).read_to_end(&mut bytes).map_err(|error| Failure::disk(doing(), &error))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MOST {
        return Err(Failure::refused(format!("{} — larger than any program of ours", doing()), "Take the right file."));
    }
    Ok(bytes)
}

impl Admin {
    /// Signs for these bytes as this version of the program. Gives what others sign as well where more than one must.
    ///
    /// # Errors
    /// Usage for what is no version; *malformed* for an empty file.
    pub fn release(&self, program: &[u8], version: &str) -> Result<(Statement, Signed), Failure> {
        let version = ProgramVersion::read(version).ok_or_else(|| {
            Failure::usage(format!("{SIGNING} — the version is not three numbers"), "Give it as --version 1.2.3.")
        })?;
        let size = u64::try_from(program.len()).unwrap_or(u64::MAX);
        let release =
            Release { agency: self.home.agency()?, name: NAME.to_owned(), version, size, hash: Digest::of(program) };
        let mut statement = release.propose().map_err(|error| fault::keys(SIGNING, &error))?;
        let signed = self.sign_release(&mut statement)?.1;
        Ok((statement, signed))
    }

    /// Adds this admin's signature to a release.
    ///
    /// # Errors
    /// Refused for another agency's.
    pub fn sign_release(&self, statement: &mut Statement) -> Result<(Release, Signed), Failure> {
        let refused = |error| fault::keys(SIGNING, &error);
        let release = Release::proposed(statement).map_err(refused)?;
        let agency = self.home.agency()?;
        if release.agency != agency {
            return Err(refused(amanat_keys::error::Forgery::OtherAgency.into()));
        }
        self.root().sign_order(statement, &agency).map_err(refused)?;
        Ok((release, self.home.signatures(statement)?))
    }
}

impl Home {
    /// Holds a program to what the admins signed for.
    ///
    /// # Errors
    /// Refused for other bytes, too few signatures, another program, or a version below the one that runs or the one that the roster names.
    pub fn check_release(&self, program: &[u8], statement: &[u8]) -> Result<Release, Failure> {
        let trust = self.trust()?;
        let release = Release::verify(statement, trust).map_err(|error| fault::keys(CHECKING, &error))?.into_value();
        let refused = |why: String| {
            Err(Failure::refused(
                format!("{CHECKING} — {why}"),
                "Do not run it. Ask the admin for the file and its release again.",
            ))
        };
        if release.name != NAME {
            return refused(format!("it was signed for as {:?}, and that is another program", release.name));
        }
        if !release.is_of(program) {
            return refused("it is not the file that the admins signed for".to_owned());
        }
        let floor = least(trust).map_or_else(running, |least| least.max(running()));
        if release.version < floor {
            return refused(format!("it is version {} and {floor} is the least that may follow", release.version));
        }
        Ok(release)
    }
}

/// Puts checked bytes in the place of a program: written beside it, on the disk, read back, and renamed in one step.
///
/// # Errors
/// What the disk says; failed when it gives other bytes than were written. What was there before stays then.
pub fn install(program: &[u8], place: &Path) -> Result<(), Failure> {
    let doing = format!("putting the program at {}", place.display());
    let failed = |error: &std::io::Error| Failure::disk(&doing, error);
    let beside = place.with_extension("new");
    let mut options = OpenOptions::new();
    let file = runnable(options.write(true).create(true).truncate(true)).open(&beside);
    let mut file = file.map_err(|error| failed(&error))?;
    file.write_all(program).and_then(|()| file.sync_all()).map_err(|error| failed(&error))?;
    drop(file);
    if Digest::of(&fs::read(&beside).map_err(|error| failed(&error))?) != Digest::of(program) {
        return Err(Failure::failed(format!("{doing} — the disk gave other bytes back"), "Use another disk."));
    }
    fs::rename(&beside, place).map_err(|error| failed(&error))?;
    place.parent().map_or(Ok(()), own_files::sync_folder).map_err(|error| failed(&error))
}

#[cfg(unix)]
fn runnable(options: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;
    options.mode(0o755)
}

#[cfg(not(unix))]
fn runnable(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}
