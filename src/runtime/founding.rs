//! Founding an agency: root keys, an admin's device, the first HQ reader's device, roster 1.

use std::path::Path;

use amanat_keys::{
    fingerprint::MemberId, freshness::Freshness, passphrase::Passphrase, root_key::RootKey, roster::Roster,
    trust::Trust, vault_file,
};
use amanat_sync::documents::{Document, DocumentKind};

use super::{
    clock, fault,
    make::{self, Hashing, Made},
    pack::Pack,
    paths::Paths,
    roster_edit::{self, Founding, Newcomer},
};
use crate::failure::Failure;

const DOING: &str = "founding the agency";

/// What to call things.
#[derive(Clone, Debug)]
pub struct Names<'a> {
    /// The agency.
    pub agency: &'a str,
    /// The first admin.
    pub admin: &'a str,
    /// The first HQ reader.
    pub reader: &'a str,
}

/// A founded agency.
pub struct Founded {
    /// What was adopted by both devices.
    pub trust: Trust,
    /// What a newcomer needs.
    pub pack: Pack,
}

/// Makes `folder/admin` (with the root key) and `folder/reader`, both members of a new agency.
///
/// # Errors
/// Usage when there is something in the way; what the disk says.
pub fn found(
    folder: &Path,
    names: &Names<'_>,
    admin_passphrase: &Passphrase,
    reader_passphrase: &Passphrase,
    hashing: Hashing,
) -> Result<Founded, Failure> {
    let refused = |error| fault::keys(DOING, &error);
    let root = RootKey::generate(MemberId::random()).map_err(refused)?;
    let admin_paths = Paths::at(&folder.join("admin"));
    let admin = make::device(admin_paths.clone(), names.admin, admin_passphrase, hashing)?;
    let reader = make::device(Paths::at(&folder.join("reader")), names.reader, reader_passphrase, hashing)?;
    let locked = root.lock(admin_passphrase, hashing.factor).map_err(refused)?;
    vault_file::create(&admin_paths.root(), &locked).map_err(refused)?;
    let roster = first_roster(names, &root, &admin, &reader)?;
    let statement = root.sign_roster(&roster).map_err(refused)?.to_bytes();
    let trust = Trust::pin_hash(&statement, &roster.hash()).map_err(refused)?;
    let freshness = Freshness::of(&trust, 1, clock::unix_seconds()).sign(&admin.home.signer()).to_bytes();
    for Made { mut home, .. } in [admin, reader] {
        home.join_with(trust.clone())?;
        home.file(&Document {
            kind: DocumentKind::Roster,
            about: trust.roster_hash(),
            version: 1,
            bytes: statement.clone(),
        })?;
        home.file_freshness(&freshness)?;
    }
    let pack = Pack { rosters: vec![statement], unit_keys: Vec::new(), freshness: vec![freshness] };
    Ok(Founded { trust, pack })
}

fn first_roster(names: &Names<'_>, root: &RootKey, admin: &Made, reader: &Made) -> Result<Roster, Failure> {
    let newcomer = |made: &Made| Newcomer { key: made.request.signing_key, recipient: made.request.recipient.clone() };
    let offered = reader.request.offered_unit.clone();
    let hq_recipient =
        offered.ok_or_else(|| Failure::failed(format!("{DOING} — the reader offers no unit key"), ""))?;
    Ok(roster_edit::first(Founding {
        name: names.agency,
        now: clock::unix_seconds(),
        admin_member: root.member(),
        root: root.verifying_key(),
        admin: (names.admin, newcomer(admin)),
        reader: (names.reader, newcomer(reader)),
        hq_recipient,
    }))
}
