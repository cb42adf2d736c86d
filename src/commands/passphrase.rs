//! Where a passphrase comes from on the command line: a prompt, or a file of mode 600. Never an argument or the environment.

use std::{io, path::Path};

use amanat_keys::{
    error::{KeysError, Weakness},
    passphrase::Passphrase,
    vault_file,
};
use zeroize::Zeroizing;

use crate::{
    failure::Failure,
    runtime::{echo::EchoGuard, fault},
};

/// The passphrase of an existing home.
///
/// # Errors
/// Usage when there is neither a file nor a terminal to ask on; what the file says.
pub(super) fn existing(file: Option<&Path>, what: &str) -> Result<Passphrase, Failure> {
    match file {
        Some(file) => from_file(file),
        None => {
            let typed = prompt(&format!("Passphrase of {what}: "))?;
            Passphrase::to_open(&typed).map_err(weak)
        }
    }
}

/// A new passphrase; asked twice on a terminal, and refused with a reason when it would not withstand guessing.
///
/// # Errors
/// As [`existing`]; usage when it is weak or the two differ.
pub(super) fn chosen(file: Option<&Path>, what: &str) -> Result<Passphrase, Failure> {
    if let Some(file) = file {
        let passphrase = from_file(file)?;
        passphrase.must_be_strong().map_err(weak)?;
        return Ok(passphrase);
    }
    let first = prompt(&format!("New passphrase for {what}: "))?;
    let passphrase = Passphrase::to_create(&first).map_err(weak)?;
    let second = prompt("The same again: ")?;
    if *first != *second {
        return Err(Failure::usage("taking a new passphrase — the two differ", "Type it again; nothing was made."));
    }
    Ok(passphrase)
}

fn from_file(file: &Path) -> Result<Passphrase, Failure> {
    let doing = format!("reading the passphrase file {}", file.display());
    vault_file::read_passphrase(file).map_err(|error| fault::keys(&doing, &error))
}

fn weak(weakness: Weakness) -> Failure {
    fault::keys("taking the passphrase", &KeysError::Locked(weakness.into()))
}

fn prompt(words: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let _until_answered = EchoGuard::watch();
    match rpassword::prompt_password(words) {
        Ok(typed) => Ok(Zeroizing::new(typed.into_bytes())),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => {
            Err(Failure::usage("asking for the passphrase — interrupted", ""))
        }
        Err(error) => Err(Failure::usage(
            format!("asking for the passphrase — there is no terminal to ask on ({error})"),
            "Give it with --passphrase-file FILE (mode 600).",
        )),
    }
}
