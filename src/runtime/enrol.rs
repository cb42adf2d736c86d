//! What an admin does to the roster: approve, add a unit, confirm, publish. Each makes the next roster, signs it with the root key,
//! adopts it as anybody would, and files it for the hub and for join packs.

use amanat_keys::{
    freshness::Freshness,
    join::{JoinKind, JoinRequest},
    passphrase::Passphrase,
    root_key::RootKey,
    roster::{Role, Roster, UnitKind},
    vault_file,
    words::Words,
};

use super::{
    clock, fault,
    home::Home,
    membership::roster_document,
    roster_edit::{self, Newcomer},
    roster_rotate,
};
use crate::failure::Failure;

/// What a listed device asks for when it offers its unit a new key.
pub const UNIT_KEY: &str = "unit-key";

/// An admin's open home and root key.
pub struct Admin {
    /// The home.
    pub home: Home,
    root: RootKey,
}

/// Whom to enrol as what.
#[derive(Clone, Copy, Debug)]
pub struct Enrolment<'a> {
    /// `officer`…`custodian`, `hub`, or [`UNIT_KEY`].
    pub role: &'a str,
    /// The unit, by name or id; headquarters when left out.
    pub unit: Option<&'a str>,
    /// An existing member, by name or id; a new one when left out.
    pub member: Option<&'a str>,
    /// For a hub: where it is called, if not where its request says or the roster has it.
    pub url: Option<&'a str>,
}

impl Admin {
    /// Opens the root key beside an admin's home.
    ///
    /// # Errors
    /// Usage where there is none; locked for a wrong passphrase.
    pub fn open(home: Home, passphrase: &Passphrase) -> Result<Self, Failure> {
        let path = home.paths().root();
        if !path.exists() {
            return Err(Failure::usage(
                format!("opening the root key — there is none in {}", home.paths().folder().display()),
                "Rosters are changed on an admin's device: name its home with --home.",
            ));
        }
        let refused = |error| fault::keys("opening the root key", &error);
        let bytes = vault_file::read(&path).map_err(refused)?;
        let root = RootKey::open(&bytes, passphrase, home.practice()).map_err(refused)?;
        Ok(Self { home, root })
    }

    /// Enrols the device or hub of a join request whose words were read aloud. Gives the new roster's version.
    ///
    /// # Errors
    /// Refused for other words or a broken request; usage for an unknown role or unit, or what is listed already.
    pub fn approve(&mut self, request: &[u8], words: &Words, as_what: &Enrolment<'_>) -> Result<u64, Failure> {
        let doing = "approving the join request";
        let agency = self.home.agency()?;
        let request = JoinRequest::approve(request, words, &agency).map_err(|error| fault::keys(doing, &error))?;
        let request = request.into_value();
        let newcomer = Newcomer { key: request.signing_key, recipient: request.recipient.clone() };
        let mut roster = self.next()?;
        match (request.kind, as_what.role) {
            (JoinKind::Hub, "hub") => {
                roster_edit::list_hub(&mut roster, &request, as_what.url)?;
            }
            (JoinKind::Device, UNIT_KEY) => {
                let unit = roster_edit::find_unit(&roster, as_what.unit)?.id;
                roster_rotate::new_unit_key(&mut roster, &request, unit)?;
            }
            (JoinKind::Device, word) if word != "hub" => {
                let role = role(word)?;
                let unit = roster_edit::find_unit(&roster, as_what.unit)?.id;
                let member = match as_what.member {
                    Some(asked) => Ok(roster_edit::find_member(&roster, asked)?),
                    None => Err(request.name.as_str()),
                };
                let offered = request.offered_unit.as_ref();
                roster_edit::add_device(&mut roster, &newcomer, member, role, unit, offered)?;
            }
            (JoinKind::Hub, _) => {
                return Err(Failure::usage(format!("{doing} — it is a hub's"), "Use --role hub."));
            }
            (JoinKind::Device, _) => {
                return Err(Failure::usage(format!("{doing} — it is a person's device"), "Give the person's role."));
            }
        }
        self.adopt(&roster)
    }

    /// Adds a unit. Gives the new roster's version.
    ///
    /// # Errors
    /// Usage when it exists or the kind is unknown.
    pub fn add_unit(&mut self, name: &str, kind: &str) -> Result<u64, Failure> {
        let kind = match kind {
            "station" => UnitKind::Station,
            "statistics" => UnitKind::Statistics,
            "national" => UnitKind::National,
            _ => return Err(Failure::usage("adding a unit — unknown kind", "Use station, statistics or national.")),
        };
        let mut roster = self.next()?;
        roster_edit::add_unit(&mut roster, name, kind)?;
        self.adopt(&roster)
    }

    /// Sets a policy of the roster, or takes it away. Gives the new roster's version.
    ///
    /// # Errors
    /// Usage for a policy or value that this version does not know.
    pub fn set_policy(&mut self, name: &str, value: Option<&str>) -> Result<u64, Failure> {
        let mut roster = self.next()?;
        roster_edit::set_policy(&mut roster, name, value)?;
        self.adopt(&roster)
    }

    /// What the admin signs with.
    pub(super) const fn root(&self) -> &RootKey {
        &self.root
    }

    /// Says that the adopted roster is the newest: the weekly word.
    ///
    /// # Errors
    /// What the journal refuses.
    pub fn confirm(&mut self) -> Result<(), Failure> {
        let serial = self.home.freshness()?.map_or(1, |word| word.serial.saturating_add(1));
        let word = Freshness::of(self.home.trust()?, serial, clock::unix_seconds());
        let bytes = word.sign(&self.home.signer()).to_bytes();
        self.home.file_freshness(&bytes)
    }

    /// A roster as this admin would sign it, right or wrong.
    #[cfg(test)]
    pub(super) fn sign_for_tests(&self, roster: &Roster) -> Vec<u8> {
        self.root.sign_roster(roster).unwrap().to_bytes()
    }

    fn next(&self) -> Result<Roster, Failure> {
        Ok(roster_edit::next(self.home.trust()?.roster(), clock::unix_seconds()))
    }

    /// Signs, adopts, files and confirms.
    fn adopt(&mut self, roster: &Roster) -> Result<u64, Failure> {
        let doing = "signing the next roster";
        let refused = |error| fault::keys(doing, &error);
        let statement = self.root.sign_roster(roster).map_err(refused)?.to_bytes();
        let mut trust = self.home.trust()?.clone();
        trust.adopt(&statement).map_err(refused)?;
        let version = trust.roster_version();
        self.home.file(&roster_document(&trust, version, statement))?;
        self.home.set_trust(trust)?;
        self.confirm()?;
        Ok(version)
    }
}

fn role(word: &str) -> Result<Role, Failure> {
    Role::from_word(word).ok_or_else(|| {
        let words: Vec<&str> = Role::ALL.iter().map(|role| role.word()).collect();
        Failure::usage(
            format!("approving — there is no role {word}"),
            format!("Roles: {}, hub; {UNIT_KEY} for a rotation.", words.join(", ")),
        )
    })
}
