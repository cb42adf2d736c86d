//! Founding an agency: root keys, an admin's device, the first HQ reader's device, roster 1.

use std::path::Path;

use amanat_keys::{
    fingerprint::MemberId,
    freshness::Freshness,
    passphrase::Passphrase,
    recipient::RecipientKind,
    root_key::RootKey,
    roster::Roster,
    trust::{FORMAT_VERSION, Trust},
    vault_file,
};
use amanat_sync::documents::{Document, DocumentKind};

use super::{
    edit::{self, Founding, Newcomer},
    moves,
};
use crate::{
    failure::Failure,
    runtime::{
        clock, fault,
        homes::{
            make::{self, Hashing, Made},
            pack::Pack,
            paths::Paths,
        },
    },
};

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

/// Further admins at the founding, how many of all must sign, what is sealed to, and what its devices must know.
pub struct Others<'a> {
    /// Their names and the passphrases of their homes.
    pub admins: Vec<(&'a str, Passphrase)>,
    /// The threshold.
    pub threshold: u64,
    /// The kind of every recipient.
    pub kind: RecipientKind,
    /// The least format that its devices and hubs must know.
    pub least_format: u64,
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
    let alone = Others { admins: Vec::new(), threshold: 1, kind: RecipientKind::X25519, least_format: FORMAT_VERSION };
    found_together(folder, names, admin_passphrase, reader_passphrase, hashing, &alone)
}

/// As [`found`], with further admins: `folder/admin-2`, `folder/admin-3` …, each with a root key under its own passphrase. All of them sign
/// roster 1.
///
/// # Errors
/// As [`found`]; usage for a threshold out of reach.
pub fn found_together(
    folder: &Path,
    names: &Names<'_>,
    admin_passphrase: &Passphrase,
    reader_passphrase: &Passphrase,
    hashing: Hashing,
    others: &Others<'_>,
) -> Result<Founded, Failure> {
    let refused = |error| fault::keys(DOING, &error);
    // Before a folder is made: a threshold that cannot be met would be noticed too late.
    if others.threshold == 0 || usize::try_from(others.threshold).unwrap_or(usize::MAX) > others.admins.len() + 1 {
        return Err(Failure::usage(
            format!("{DOING} — {} of {} admins cannot sign", others.threshold, others.admins.len() + 1),
            "Give --threshold N, from 1 to the number of admins, and each further admin with --co-admin NAME.",
        ));
    }
    let root = RootKey::generate(MemberId::random()).map_err(refused)?;
    let admin_paths = Paths::at(&folder.join("admin"));
    let admin = make::device_of(others.kind, admin_paths.clone(), names.admin, admin_passphrase, hashing)?;
    let reader_paths = Paths::at(&folder.join("reader"));
    let reader = make::device_of(others.kind, reader_paths, names.reader, reader_passphrase, hashing)?;
    let locked = root.lock(admin_passphrase, hashing.factor).map_err(refused)?;
    vault_file::create(&admin_paths.root(), &locked).map_err(refused)?;
    let mut roster = first_roster(names, &root, &admin, &reader)?;
    roster.minimum_version = others.least_format;
    let mut made = vec![admin, reader];
    let mut roots = Vec::new();
    for ((name, passphrase), number) in others.admins.iter().zip(2_u32..) {
        let folder = folder.join(format!("admin-{number}"));
        let (other, key) = further_admin(others.kind, &folder, name, passphrase, hashing)?;
        edit::add_founder(&mut roster, key.member(), name, key.verifying_key(), &newcomer(&other));
        made.push(other);
        roots.push(key);
    }
    moves::set_threshold(&mut roster, Some(others.threshold))?;
    let mut statement = root.sign_roster(&roster).map_err(refused)?;
    for key in &roots {
        key.cosign(&mut statement).map_err(refused)?;
    }
    let statement = statement.to_bytes();
    let trust = Trust::pin_hash(&statement, &roster.hash()).map_err(refused)?;
    let word = Freshness::of(&trust, 1, clock::unix_seconds());
    let freshness = made.first().map(|admin| word.sign(&admin.home.signer()).to_bytes()).unwrap_or_default();
    for Made { mut home, .. } in made {
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

fn newcomer(made: &Made) -> Newcomer {
    Newcomer { key: made.request.signing_key, recipient: made.request.recipient.clone() }
}

/// A home with a device and a root key.
fn further_admin(
    kind: RecipientKind,
    folder: &Path,
    name: &str,
    passphrase: &Passphrase,
    hashing: Hashing,
) -> Result<(Made, RootKey), Failure> {
    let refused = |error| fault::keys(DOING, &error);
    let paths = Paths::at(folder);
    let made = make::device_of(kind, paths.clone(), name, passphrase, hashing)?;
    let key = RootKey::generate(MemberId::random()).map_err(refused)?;
    vault_file::create(&paths.root(), &key.lock(passphrase, hashing.factor).map_err(refused)?).map_err(refused)?;
    Ok((made, key))
}

fn first_roster(names: &Names<'_>, root: &RootKey, admin: &Made, reader: &Made) -> Result<Roster, Failure> {
    let offered = reader.request.offered_unit.clone();
    let hq_recipient =
        offered.ok_or_else(|| Failure::failed(format!("{DOING} — the reader offers no unit key"), ""))?;
    Ok(edit::first(Founding {
        name: names.agency,
        now: clock::unix_seconds(),
        admin_member: root.member(),
        root: root.verifying_key(),
        admin: (names.admin, newcomer(admin)),
        reader: (names.reader, newcomer(reader)),
        hq_recipient,
    }))
}
