//! Making a device: its keys under a passphrase, an empty journal, and the request to be put on a roster.

use std::{fs, io};

use amanat_keys::{
    device::DeviceKeys, fingerprint::AgencyId, join::JoinRequest, locked_file::WorkFactor, passphrase::Passphrase,
    recipient::RecipientKind, vault::Vault, vault_file,
};
use amanat_sync::journal::SqliteJournal;

use super::{closed_home::ClosedHome, home::Home, paths::Paths};
use crate::{failure::Failure, runtime::fault};

/// How passphrases of a new home are hashed.
#[derive(Clone, Copy, Debug)]
pub struct Hashing {
    /// scrypt's work factor.
    pub factor: WorkFactor,
    /// Whether the home is stamped for practice.
    pub practice: bool,
}

impl Hashing {
    /// Judges what was asked for: 15–20, 10–14 in practice homes only; 18 when nothing was.
    ///
    /// # Errors
    /// Usage, with what is allowed.
    pub fn new(asked: Option<u8>, practice: bool) -> Result<Self, Failure> {
        let factor = asked.map_or(Ok(WorkFactor::default()), |factor| WorkFactor::new(factor, practice));
        let factor = factor.map_err(|misuse| {
            Failure::usage(
                format!("choosing how the passphrase is hashed — {misuse}"),
                "Give 15 to 20, or 10 to 14 together with --practice.",
            )
        })?;
        Ok(Self { factor, practice })
    }
}

/// A device that was made.
pub struct Made {
    /// Its home, open.
    pub home: Home,
    /// Its request.
    pub request: JoinRequest,
}

/// Makes a device in an empty home, for an agency of X25519 recipients.
///
/// # Errors
/// As [`device_of`].
pub fn device(paths: Paths, name: &str, passphrase: &Passphrase, hashing: Hashing) -> Result<Made, Failure> {
    device_of(RecipientKind::X25519, paths, name, passphrase, hashing)
}

/// Makes a device in an empty home, for an agency that seals to recipients of this kind.
///
/// # Errors
/// Usage when there is a device already; what the disk says.
pub fn device_of(
    kind: RecipientKind,
    paths: Paths,
    name: &str,
    passphrase: &Passphrase,
    hashing: Hashing,
) -> Result<Made, Failure> {
    let doing = format!("making a device in {}", paths.folder().display());
    if paths.identity().exists() || paths.journal().exists() {
        return Err(Failure::usage(
            format!("{doing} — there is one already"),
            "Keys are never made over other keys. Name another folder with --home.",
        ));
    }
    paths.make()?;
    if hashing.practice {
        stamp(&paths).map_err(|error| Failure::disk(&doing, &error))?;
    }
    let closed = ClosedHome::hold(paths)?;
    let refused = |error| fault::keys(&doing, &error);
    let mut vault = Vault::new(DeviceKeys::of_kind(kind).map_err(refused)?);
    let offered = vault.offer_unit().map_err(refused)?;
    let keys = vault.keys();
    let request = JoinRequest::for_device(
        AgencyId::from_bytes([0; 32]),
        name,
        keys.verifying_key(),
        keys.recipient().clone(),
        Some(offered),
    );
    let signed = request.sign(&keys.signer()).map_err(refused)?.to_bytes();
    let locked = vault.lock(passphrase, hashing.factor).map_err(refused)?;
    // The journal first: without a vault beside it there is no device yet, and the next attempt says what is in the way.
    let journal = SqliteJournal::open(&closed.paths().journal(), vault.row_seal());
    let journal = journal.map_err(|error| fault::sync(&doing, &error))?;
    fs::write(closed.paths().join_request(), signed).map_err(|error| Failure::disk(&doing, &error))?;
    vault_file::create(&closed.paths().identity(), &locked).map_err(refused)?;
    Ok(Made { home: Home::around(closed, vault, journal)?, request })
}

/// Marks a home as one for practice, for good.
fn stamp(paths: &Paths) -> io::Result<()> {
    fs::write(paths.practice(), "This home is for practice and tests: its passphrase is hashed weakly on purpose.\n")
}

/// The request of a device, as it was signed when the device was made.
///
/// # Errors
/// What the disk says; refused when the file is no request.
pub fn request_of(paths: &Paths) -> Result<(JoinRequest, Vec<u8>), Failure> {
    let path = paths.join_request();
    let doing = format!("reading the join request {}", path.display());
    let bytes = fs::read(&path).map_err(|error| Failure::disk(&doing, &error))?;
    let request = JoinRequest::verify(&bytes).map_err(|error| fault::keys(&doing, &error))?;
    Ok((request.into_value(), bytes))
}
