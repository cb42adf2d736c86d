//! What an admin does to the roster: approve, add a unit, confirm, publish. Each makes the next roster; [`super::ceremony`]
//! signs it with the root key and adopts it as anybody would, once enough admins have signed.

use amanat_keys::{
    fingerprint::MemberId,
    join::{JoinKind, JoinRequest},
    locked_file::WorkFactor,
    passphrase::Passphrase,
    root_key::RootKey,
    roster::{Role, Roster, UnitKind},
    vault_file,
    verifying_key::VerifyingKey,
    words::Words,
};

use super::{
    ceremony::Agreed,
    edit::{self, Newcomer},
    keys, rotate,
};
use crate::{
    failure::Failure,
    runtime::{fault, homes::home::Home, rotation::hub_key},
};

/// What a listed device asks for when it offers its unit a new key.
pub const UNIT_KEY: &str = "unit-key";

/// What a listed device asks for when it has made itself new keys.
pub const DEVICE_KEY: &str = "device-key";

/// What a listed hub asks for when it has made its next signing key.
pub const HUB_KEY: &str = "hub-key";

/// An admin's open home and root key.
pub struct Admin {
    /// The home.
    pub home: Home,
    root: RootKey,
    /// A root key that takes the other's place once a roster lists it.
    successor: Option<RootKey>,
}

/// Whom to enrol as what.
#[derive(Clone, Copy, Debug)]
pub struct Enrolment<'a> {
    /// `officer`…`custodian`, `hub`, [`UNIT_KEY`], [`DEVICE_KEY`] or [`HUB_KEY`].
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
        Self::beside(home, passphrase).map_err(|(_home, failure)| failure)
    }

    /// The same; where it fails the home is given back.
    ///
    /// # Errors
    /// As [`Admin::open`].
    pub fn beside(home: Home, passphrase: &Passphrase) -> Result<Self, (Box<Home>, Failure)> {
        let (root, successor) = match Self::roots(&home, passphrase) {
            Ok(roots) => roots,
            Err(failure) => return Err((Box::new(home), failure)),
        };
        let mut admin = Self { home, root, successor };
        match admin.settle_root() {
            Ok(()) => Ok(admin),
            Err(failure) => Err((Box::new(admin.home), failure)),
        }
    }

    fn roots(home: &Home, passphrase: &Passphrase) -> Result<(RootKey, Option<RootKey>), Failure> {
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
        let next = home.paths().successor();
        let successor = if next.exists() {
            let bytes = vault_file::read(&next).map_err(refused)?;
            Some(RootKey::open(&bytes, passphrase, home.practice()).map_err(refused)?)
        } else {
            None
        };
        Ok((root, successor))
    }

    /// Puts the successor of the root key in its place once the adopted roster lists it. Renamed in one step: at no instant is there none.
    ///
    /// # Errors
    /// What the disk says; then the next opening does it.
    pub(super) fn settle_root(&mut self) -> Result<(), Failure> {
        let Some(next) = &self.successor else { return Ok(()) };
        let key = next.verifying_key();
        if !self.home.trust()?.roster().admins.iter().any(|admin| admin.root_key == key) {
            return Ok(());
        }
        let paths = self.home.paths();
        let moved = std::fs::rename(paths.successor(), paths.root()).and_then(|()| paths.make_last());
        moved.map_err(|error| Failure::disk("putting the new root key in the place of the old", &error))?;
        self.root = next.clone();
        self.successor = None;
        Ok(())
    }

    /// Makes the successor of this root key, durable and read back before anybody hears of it. One that was made before and is not listed
    /// yet is taken up again.
    ///
    /// # Errors
    /// What the disk says.
    pub fn renew_root(&mut self, passphrase: &Passphrase, factor: WorkFactor) -> Result<VerifyingKey, Failure> {
        let refused = |error| fault::keys("making the next root key", &error);
        if let Some(successor) = &self.successor {
            return Ok(successor.verifying_key());
        }
        let next = RootKey::generate(self.root.member()).map_err(refused)?;
        let path = self.home.paths().successor();
        vault_file::create(&path, &next.lock(passphrase, factor).map_err(refused)?).map_err(refused)?;
        let bytes = vault_file::read(&path).map_err(refused)?;
        let read = RootKey::open(&bytes, passphrase, self.home.practice()).map_err(refused)?;
        self.successor = Some(read);
        Ok(next.verifying_key())
    }

    /// Whose root key it is.
    pub fn member(&self) -> MemberId {
        self.root.member()
    }

    pub(in crate::runtime) const fn successor(&self) -> Option<&RootKey> {
        self.successor.as_ref()
    }

    /// The next roster with the device or hub of a join request whose words were read aloud.
    ///
    /// # Errors
    /// Refused for other words or a broken request; usage for an unknown role or unit, or what is listed already.
    pub fn approved(&self, request: &[u8], words: &Words, as_what: &Enrolment<'_>) -> Result<Roster, Failure> {
        let doing = "approving the join request";
        let agency = self.home.agency()?;
        let bytes = request;
        let request = JoinRequest::approve(bytes, words, &agency).map_err(|error| fault::keys(doing, &error))?;
        let request = request.into_value();
        let newcomer = Newcomer { key: request.signing_key, recipient: request.recipient.clone() };
        let mut roster = self.next()?;
        edit::same_kind(&roster, &request)?;
        match (request.kind, as_what.role) {
            (JoinKind::Hub, "hub") => {
                edit::list_hub(&mut roster, &request, as_what.url)?;
            }
            (JoinKind::Device, UNIT_KEY) => {
                let unit = edit::find_unit(&roster, as_what.unit)?.id;
                rotate::new_unit_key(&mut roster, &request, unit)?;
            }
            (JoinKind::Device, word) if !["hub", DEVICE_KEY, HUB_KEY].contains(&word) => {
                let role = role(word)?;
                let unit = edit::find_unit(&roster, as_what.unit)?.id;
                let member = match as_what.member {
                    Some(asked) => Ok(edit::find_member(&roster, asked)?),
                    None => Err(request.name.as_str()),
                };
                let offered = request.offered_unit.as_ref();
                edit::add_device(&mut roster, &newcomer, member, role, unit, offered)?;
            }
            (JoinKind::NextKeys, DEVICE_KEY) => {
                keys::next_device_keys(&mut roster, &request, bytes)?;
            }
            (JoinKind::NextHubKey, HUB_KEY) => {
                let end = hub_key::next_hub_key(&mut roster, &request, bytes)?;
                self.home.stands_under(&request.signing_key, &end)?;
            }
            (JoinKind::NextHubKey, _) => {
                let hint = "Use: amanat keys rotate hub --fingerprint WORDS, with --file FILE where no network reaches the hub";
                return Err(Failure::usage(format!("{doing} — it is for the next signing key of a listed hub"), hint));
            }
            (JoinKind::NextKeys, _) => {
                let hint = format!("Use --role {DEVICE_KEY}.");
                return Err(Failure::usage(format!("{doing} — it is for the next keys of a listed device"), hint));
            }
            (JoinKind::Root, _) => {
                return Err(Failure::usage(
                    format!("{doing} — it is a root key's"),
                    "Use: amanat roster admin-add FILE",
                ));
            }
            (JoinKind::Hub, _) => {
                return Err(Failure::usage(format!("{doing} — it is a hub's"), "Use --role hub."));
            }
            (JoinKind::Device, _) => {
                return Err(Failure::usage(format!("{doing} — it is a person's device"), "Give the person's role."));
            }
        }
        Ok(roster)
    }

    /// Whether the adopted roster lists what a request asks for already, just as it would be approved: a call that did not live to say so
    /// had signed for it.
    ///
    /// # Errors
    /// Refused for other words or a broken request.
    pub fn has_approved(&self, request: &[u8], words: &Words, as_what: &Enrolment<'_>) -> Result<bool, Failure> {
        let refused = |error| fault::keys("approving the join request", &error);
        let agency = self.home.agency()?;
        let request = JoinRequest::approve(request, words, &agency).map_err(refused)?.into_value();
        let roster = self.home.trust()?.roster();
        let unit = || edit::find_unit(roster, as_what.unit).ok();
        Ok(match (request.kind, as_what.role) {
            (JoinKind::Hub, "hub") => edit::lists_hub(roster, &request, as_what.url),
            (JoinKind::Device, UNIT_KEY) => {
                let offered = request.offered_unit.as_ref();
                offered.is_some() && unit().is_some_and(|unit| unit.recipient.as_ref() == offered)
            }
            (JoinKind::Device, word) => Role::from_word(word)
                .zip(unit())
                .is_some_and(|(role, unit)| edit::lists_device(roster, &request, as_what.member, (role, unit.id))),
            // Whoever asked for next keys hears of them with the next sync, and needs no pack.
            (JoinKind::NextKeys | JoinKind::NextHubKey | JoinKind::Root | JoinKind::Hub, _) => false,
        })
    }

    /// The address at which a hub's request asks to be called and the one of the roster, where that is another: what an admin gave stays
    /// until an admin gives another.
    ///
    /// # Errors
    /// Refused for other words or a broken request.
    pub fn other_address(&self, request: &[u8], words: &Words) -> Result<Option<(String, String)>, Failure> {
        let refused = |error| fault::keys("approving the join request", &error);
        let request = JoinRequest::approve(request, words, &self.home.agency()?).map_err(refused)?.into_value();
        let hubs = &self.home.trust()?.roster().hubs;
        let hub = hubs.iter().find(|hub| request.kind == JoinKind::Hub && hub.receipt_key == request.signing_key);
        Ok(hub.filter(|hub| hub.url != request.url).map(|hub| (request.url.clone(), hub.url.clone())))
    }

    /// Enrols as [`Admin::approved`] says, where this admin's signature is enough. Gives the new roster's version.
    ///
    /// # Errors
    /// As there; refused where others must sign.
    pub fn approve(&mut self, request: &[u8], words: &Words, as_what: &Enrolment<'_>) -> Result<u64, Failure> {
        let roster = self.approved(request, words, as_what)?;
        self.alone(&roster)
    }

    /// The next roster with one more unit.
    ///
    /// # Errors
    /// Usage when it exists or the kind is unknown.
    pub fn with_unit(&self, name: &str, kind: &str) -> Result<Roster, Failure> {
        let kind = match kind {
            "station" => UnitKind::Station,
            "statistics" => UnitKind::Statistics,
            "national" => UnitKind::National,
            _ => return Err(Failure::usage("adding a unit — unknown kind", "Use station, statistics or national.")),
        };
        let mut roster = self.next()?;
        edit::add_unit(&mut roster, name, kind)?;
        Ok(roster)
    }

    /// The next roster with a policy set, or taken away.
    ///
    /// # Errors
    /// Usage for a policy or value that this version does not know.
    pub fn with_policy(&self, name: &str, value: Option<&str>) -> Result<Roster, Failure> {
        let mut roster = self.next()?;
        edit::set_policy(&mut roster, name, value)?;
        Ok(roster)
    }

    /// Adds a unit where this admin's signature is enough. Gives the new roster's version.
    ///
    /// # Errors
    /// As [`Admin::with_unit`]; refused where others must sign.
    pub fn add_unit(&mut self, name: &str, kind: &str) -> Result<u64, Failure> {
        let roster = self.with_unit(name, kind)?;
        self.alone(&roster)
    }

    /// Sets a policy where this admin's signature is enough. Gives the new roster's version.
    ///
    /// # Errors
    /// As [`Admin::with_policy`]; refused where others must sign.
    pub fn set_policy(&mut self, name: &str, value: Option<&str>) -> Result<u64, Failure> {
        let roster = self.with_policy(name, value)?;
        self.alone(&roster)
    }

    fn alone(&mut self, roster: &Roster) -> Result<u64, Failure> {
        match self.settle(roster)? {
            Agreed::Adopted(version) => Ok(version),
            Agreed::Waiting(waiting) => Err(Failure::refused(
                format!(
                    "signing roster {} — {} of {} admins have signed",
                    waiting.version, waiting.old.have, waiting.old.need
                ),
                "Let the others sign: amanat roster sign.",
            )),
        }
    }

    /// What the admin signs with.
    pub(in crate::runtime) const fn root(&self) -> &RootKey {
        &self.root
    }

    /// Says that the adopted roster is the newest: the weekly word.
    ///
    /// # Errors
    /// What the journal refuses.
    pub fn confirm(&mut self) -> Result<(), Failure> {
        self.home.confirm()
    }

    /// A roster as this admin would sign it, right or wrong.
    #[cfg(test)]
    pub(in crate::runtime) fn sign_for_tests(&self, roster: &Roster) -> Vec<u8> {
        self.root.sign_roster(roster).unwrap().to_bytes()
    }
}

fn role(word: &str) -> Result<Role, Failure> {
    Role::from_word(word).ok_or_else(|| {
        let words: Vec<&str> = Role::ALL.iter().map(|role| role.word()).collect();
        Failure::usage(
            format!("approving — there is no role {word}"),
            format!("Roles: {}, hub; {UNIT_KEY}, {DEVICE_KEY} and {HUB_KEY} for rotations.", words.join(", ")),
        )
    })
}
