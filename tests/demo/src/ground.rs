//! Lays the ground of the demo: a hub, an admin, an HQ reader, a supervisor and two officers in two districts.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use crate::{
    actor::{Actor, HubProcess, free_address, want},
    link::Link,
    tell::Fault,
};

/// A whole agency, running.
pub(crate) struct Agency {
    /// Everything lives here.
    pub(crate) dir: PathBuf,
    /// Enrols and publishes.
    pub(crate) admin: Actor,
    /// Reads at headquarters.
    pub(crate) reader: Actor,
    /// Reads at the station in Gujrat.
    pub(crate) supervisor: Actor,
    /// Reads at the station in Sukkur.
    pub(crate) second_supervisor: Actor,
    /// Records in Gujrat.
    pub(crate) officer: Actor,
    /// Records in Sukkur.
    pub(crate) second: Actor,
    /// The road that all devices take to the hub.
    pub(crate) link: Link,
    /// The hub's home.
    pub(crate) hub_home: PathBuf,
    /// Where the hub listens behind the road.
    pub(crate) hub_address: SocketAddr,
    /// The hub itself.
    pub(crate) hub: HubProcess,
}

/// Scrypt is weak here on purpose: the homes are stamped *practice*, refuse every hub but loopback, and hold samples only.
const PRACTICE: [&str; 3] = ["--practice", "--work-factor", "10"];

impl Agency {
    /// Builds everything in `dir`, which must be empty or new.
    pub(crate) fn build(dir: &Path) -> Result<Self, Fault> {
        std::fs::create_dir_all(dir).map_err(|error| Fault::new("making the folder", error))?;
        let taken = std::fs::read_dir(dir).map_err(|error| Fault::new("reading the folder", error))?.next().is_some();
        if taken {
            return Err(Fault::new(
                "building the agency",
                format!("{} is not empty; name a new folder", dir.display()),
            ));
        }
        let hub_address = free_address()?;
        let link = Link::to(hub_address).map_err(|error| Fault::new("opening the road to the hub", error))?;
        let base = dir.join("agency");
        let admin = Actor::new(dir, "admin", base.join("admin"))?;
        let reader = Actor::new(dir, "reader", base.join("reader"))?;
        found(&admin, &reader, &base)?;
        let url = format!("https://{}", link.address());
        let hub_home = dir.join("hub");
        let (request, words) = HubProcess::init(&hub_home, "Sample hub", hub_address, &url)?;
        approve(&admin, &request, &words, dir, &["--role", "hub"])?;
        admin.run(&["roster", "unit-add", "PS Sample, Gujrat"])?;
        admin.run(&["roster", "unit-add", "PS Sample, Sukkur"])?;
        let supervisor = enrol(dir, &admin, "supervisor", "supervisor", "PS Sample, Gujrat")?;
        let officer = enrol(dir, &admin, "officer-gujrat", "officer", "PS Sample, Gujrat")?;
        let second_supervisor = enrol(dir, &admin, "supervisor-sukkur", "supervisor", "PS Sample, Sukkur")?;
        let second = enrol(dir, &admin, "officer-sukkur", "officer", "PS Sample, Sukkur")?;
        let pack = dir.join("newest.pack");
        let words = want(&admin.run(&["roster", "show"])?, "/words")?;
        for actor in [&reader, &supervisor, &officer, &second_supervisor, &second] {
            actor.run(&["device", "join", &pack.to_string_lossy(), "--fingerprint", &words])?;
        }
        HubProcess::roster(&hub_home, &pack, &words)?;
        let hub = HubProcess::serve(&hub_home, hub_address)?;
        admin.run(&["roster", "publish"])?;
        let dir = dir.to_path_buf();
        Ok(Self {
            dir,
            admin,
            reader,
            supervisor,
            second_supervisor,
            officer,
            second,
            link,
            hub_home,
            hub_address,
            hub,
        })
    }

    /// Everyone with what they do, for the screen.
    pub(crate) fn who_is_who(&self) -> Vec<String> {
        let line = |actor: &Actor, does: &str| format!("  {:<17} {does}", actor.name);
        vec![
            line(&self.officer, "records offline in Gujrat"),
            line(&self.second, "records offline in Sukkur"),
            line(&self.supervisor, "reads the station's cases in Gujrat"),
            line(&self.second_supervisor, "reads the station's cases in Sukkur"),
            line(&self.reader, "reads at headquarters"),
            line(&self.admin, "enrols devices, holds the root key"),
            format!("  {:<17} keeps what it cannot read, at {}", "hub", self.hub_address),
        ]
    }
}

fn found(admin: &Actor, reader: &Actor, base: &Path) -> Result<(), Fault> {
    let mut arguments = vec!["agency", "init", "--name", "Sample Agency (not real)", "--dir"];
    let base = base.to_string_lossy();
    let theirs = reader.passphrase.to_string_lossy();
    arguments.extend([&*base, "--reader-passphrase-file", &*theirs]);
    arguments.extend(PRACTICE);
    admin.run(&arguments).map(drop)
}

/// A device makes its keys and a join request; the admin hears the words and approves.
pub(crate) fn enrol(dir: &Path, admin: &Actor, name: &str, role: &str, unit: &str) -> Result<Actor, Fault> {
    let actor = Actor::new(dir, name, dir.join(name))?;
    let (request, words) = newcomer_of(&actor, unit)?;
    approve(admin, &request, &words, dir, &["--role", role, "--unit", unit])?;
    Ok(actor)
}

/// A device makes its keys; its join request and the words that are read aloud.
pub(crate) fn newcomer_of(actor: &Actor, unit: &str) -> Result<(String, String), Fault> {
    let mut arguments = vec!["device", "init", "--name", &actor.name, "--unit", unit];
    arguments.extend(PRACTICE);
    let made = actor.run(&arguments)?;
    Ok((want(&made, "/request")?, want(&made, "/words")?))
}

/// The admin hears the words and approves.
pub(crate) fn approve(admin: &Actor, request: &str, words: &str, dir: &Path, more: &[&str]) -> Result<(), Fault> {
    let out = dir.join("newest.pack");
    let out = out.to_string_lossy();
    let mut arguments = vec!["roster", "approve", request, "--fingerprint", words, "--out", &*out];
    arguments.extend(more);
    admin.run(&arguments).map(drop)
}
