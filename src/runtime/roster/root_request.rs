//! A root key for a member who is to become an admin: made in their own home, under its passphrase, and a request to be listed.

use amanat_keys::{
    join::JoinRequest, passphrase::Passphrase, root_key::RootKey, roster::Roster, statement::Statement, vault_file,
    words::Words,
};

use super::{enrol::Admin, moves};
use crate::{
    failure::Failure,
    runtime::{
        fault,
        homes::{home::Home, make::Hashing},
    },
};

/// The request of this home's root key, which is made where there is none. Two requests of one key have different words.
///
/// # Errors
/// Usage before the device has joined; locked for another passphrase than the key's; what the disk says.
pub fn request(home: &Home, passphrase: &Passphrase, hashing: Hashing) -> Result<(Statement, Words), Failure> {
    let refused = |error| fault::keys("making a root key", &error);
    let (device, member) = (home.listed()?, home.member()?);
    let path = home.paths().root();
    if !path.exists() {
        let root = RootKey::generate(member.id).map_err(refused)?;
        vault_file::create(&path, &root.lock(passphrase, hashing.factor).map_err(refused)?).map_err(refused)?;
    }
    // Read back from the disk, new or not: what is asked for is what will be there.
    let bytes = vault_file::read(&path).map_err(refused)?;
    let root = RootKey::open(&bytes, passphrase, home.practice()).map_err(refused)?;
    let statement = root.request(home.agency()?, &member.name, &device.recipient).map_err(refused)?;
    let words = JoinRequest::verify(&statement.to_bytes()).map_err(refused)?.value().words();
    Ok((statement, words))
}

impl Admin {
    /// The next roster with the root key of a request whose words were read aloud.
    ///
    /// # Errors
    /// Refused for other words or a broken request; as [`moves::add_admin`].
    pub fn with_admin(&self, request: &[u8], words: &Words, threshold: Option<u64>) -> Result<Roster, Failure> {
        let request = JoinRequest::approve(request, words, &self.home.agency()?);
        let request = request.map_err(|error| fault::keys("adding an admin", &error))?.into_value();
        let mut roster = self.next()?;
        moves::add_admin(&mut roster, &request, threshold)?;
        Ok(roster)
    }
}
