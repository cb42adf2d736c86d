//! A whole agency in a throwaway folder, laid out through the command line: hub, admin, HQ reader, supervisor, officers.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use amanat::runtime::{
    homes::make::Hashing,
    roster::founding::{Names, Others, found_together},
};
use amanat_keys::{passphrase::Passphrase, recipient::RecipientKind, vault_file};
use serde_json::Value;
use tempfile::TempDir;

use super::{
    actor::{Actor, HubProcess, free_address, hub_says, number, text},
    link::Link,
};

/// Scrypt is weak here on purpose: such homes are stamped *practice* and refuse every hub but loopback.
const PRACTICE: [&str; 3] = ["--practice", "--work-factor", "10"];

const NAME: &str = "Sample Agency (not real)";

/// The units of the test.
pub(crate) const GUJRAT: &str = "PS Sample, Gujrat";
const SUKKUR: &str = "PS Sample, Sukkur";

/// Every actor has a home and processes of its own; they share sockets and files, nothing else.
#[derive(Debug)]
pub(crate) struct TestAgency {
    /// Enrols and publishes.
    pub(crate) admin: Actor,
    /// Reads at headquarters.
    pub(crate) reader: Actor,
    /// Reads at the station in Gujrat.
    pub(crate) supervisor: Actor,
    /// Records in Gujrat.
    pub(crate) officer: Actor,
    /// Records in Sukkur, and reads nothing of Gujrat.
    pub(crate) stranger: Actor,
    /// The road that all devices take.
    pub(crate) link: Link,
    /// The hub's home.
    pub(crate) hub_home: PathBuf,
    hub_address: SocketAddr,
    hub: Option<HubProcess>,
    /// The kind of recipient that it was founded with.
    recipients: &'static str,
    /// Where everything lies; gone with the test, and after the hub, which says from there what it logged last.
    pub(crate) dir: TempDir,
}

impl TestAgency {
    /// Everybody enrolled, the hub serving, the roster published.
    pub(crate) fn build() -> Self {
        let agency = Self::offline();
        agency.serve()
    }

    /// The same, and all devices call the hub by TLS.
    pub(crate) fn by_tls() -> Self {
        Self::found("https", "x25519", false).serve()
    }

    /// The same, founded with hybrid recipients.
    pub(crate) fn hybrid() -> Self {
        Self::found("http", "mlkem768x25519", false).serve()
    }

    /// The same, founded when programs knew no other format than the first.
    pub(crate) fn older() -> Self {
        Self::found("http", "x25519", true).serve()
    }

    /// Everybody enrolled, and a hub that nobody has started yet.
    pub(crate) fn offline() -> Self {
        Self::found("http", "x25519", false)
    }

    fn found(scheme: &str, recipients: &'static str, older: bool) -> Self {
        let scratch = tempfile::tempdir().expect("a throwaway folder");
        let dir = scratch.path().to_owned();
        let hub_address = free_address();
        let link = Link::to(hub_address).expect("a road on loopback");
        let base = dir.join("agency");
        let admin = Actor::new(&dir, "admin", base.join("admin"));
        let reader = Actor::new(&dir, "reader", base.join("reader"));
        if older {
            found_older(&base, &admin, &reader);
        } else {
            let (at, theirs) = (base.to_string_lossy(), reader.passphrase.to_string_lossy());
            let mut found = vec!["agency", "init", "--name", NAME, "--dir", &at];
            found.extend(["--reader-passphrase-file", &theirs, "--recipients", recipients]);
            found.extend(PRACTICE);
            admin.run(&found);
        }
        let hub_home = dir.join("hub");
        let url = format!("{scheme}://{}", link.address());
        let listen = hub_address.to_string();
        let init = ["init", "--name", "Sample hub", "--listen", &listen, "--url", &url, "--recipients", recipients];
        let (request, words) = HubProcess::asks(&hub_home, &init);
        approve(&admin, &request, &words, &dir, &["--role", "hub", "--url", &url]);
        admin.run(&["roster", "unit-add", GUJRAT]);
        admin.run(&["roster", "unit-add", SUKKUR]);
        let supervisor = enrol(&dir, &admin, "supervisor", "supervisor", GUJRAT, recipients);
        let officer = enrol(&dir, &admin, "officer", "officer", GUJRAT, recipients);
        let far = enrol(&dir, &admin, "supervisor-sukkur", "supervisor", SUKKUR, recipients);
        let stranger = enrol(&dir, &admin, "stranger", "officer", SUKKUR, recipients);
        let pack = dir.join("newest.pack").to_string_lossy().into_owned();
        let words = text(&admin.run(&["roster", "show"]), "/words");
        for actor in [&reader, &supervisor, &officer, &far, &stranger] {
            actor.run(&["device", "join", &pack, "--fingerprint", &words]);
        }
        hub_says(&hub_home, &["roster", &pack, "--fingerprint", &words]);
        let hub = None;
        Self {
            dir: scratch,
            admin,
            reader,
            supervisor,
            officer,
            stranger,
            link,
            hub_home,
            hub_address,
            hub,
            recipients,
        }
    }

    /// Starts the hub and hands it the documents of the admin.
    pub(crate) fn serve(mut self) -> Self {
        self.start_hub();
        self.admin.run(&["roster", "publish"]);
        self
    }

    /// Starts the hub where it is not running.
    pub(crate) fn start_hub(&mut self) {
        if self.hub.is_none() {
            self.hub = Some(HubProcess::serve(&self.hub_home, self.hub_address));
        }
    }

    /// Kills the hub with SIGKILL.
    pub(crate) fn kill_hub(&mut self) {
        drop(self.hub.take());
    }

    /// Where the hub listens, behind the road.
    pub(crate) const fn hub_address(&self) -> SocketAddr {
        self.hub_address
    }

    /// How many entries the hub holds, asked of its own program beside the running one.
    pub(crate) fn hub_holds(&self) -> u64 {
        number(&self.hub_status(), "entries")
    }

    /// The hub's own status.
    pub(crate) fn hub_status(&self) -> Value {
        serde_json::from_str(&hub_says(&self.hub_home, &["status", "--json"])).expect("the hub prints JSON")
    }

    /// One more device, enrolled and joined.
    pub(crate) fn enrol(&self, name: &str, role: &str, unit: &str) -> Actor {
        let actor = enrol(self.dir.path(), &self.admin, name, role, unit, self.recipients);
        let words = text(&self.admin.run(&["roster", "show"]), "/words");
        let pack = self.dir.path().join("newest.pack").to_string_lossy().into_owned();
        actor.run(&["device", "join", &pack, "--fingerprint", &words]);
        actor
    }

    /// A further device of somebody who is on the roster, enrolled and joined.
    pub(crate) fn enrol_for(&self, name: &str, role: &str, unit: &str, member: &str) -> Actor {
        let dir = self.dir.path();
        let actor = Actor::new(dir, name, dir.join(name));
        let mut arguments = vec!["device", "init", "--name", name, "--unit", unit, "--recipients", self.recipients];
        arguments.extend(PRACTICE);
        let made = actor.run(&arguments);
        let more = ["--role", role, "--unit", unit, "--member", member];
        approve(&self.admin, &text(&made, "/request"), &text(&made, "/words"), dir, &more);
        let words = text(&self.admin.run(&["roster", "show"]), "/words");
        let pack = dir.join("newest.pack").to_string_lossy().into_owned();
        actor.run(&["device", "join", &pack, "--fingerprint", &words]);
        actor
    }

    /// The hub asks again, with more said, and the admin approves: gives the newest pack and the words of its roster.
    pub(crate) fn hub_asks_again(&self, more: &[&str]) -> (String, String) {
        let (request, words) = HubProcess::asks(&self.hub_home, &[&["request"], more].concat());
        approve(&self.admin, &request, &words, self.dir.path(), &["--role", "hub"]);
        self.admin.run(&["roster", "publish"]);
        let pack = self.dir.path().join("newest.pack").to_string_lossy().into_owned();
        (pack, text(&self.admin.run(&["roster", "show"]), "/words"))
    }

    /// The hub's database.
    pub(crate) fn hub_database(&self) -> PathBuf {
        self.hub_home.join("hub.sqlite")
    }
}

/// An agency of which the roster demands the first format alone: what `agency init` of earlier programs made.
fn found_older(base: &Path, admin: &Actor, reader: &Actor) {
    let words = |actor: &Actor| -> Passphrase { vault_file::read_passphrase(&actor.passphrase).unwrap() };
    let names = Names { agency: NAME, admin: "Admin", reader: "HQ reader" };
    let hashing = Hashing::new(Some(10), true).unwrap();
    let others = Others { admins: Vec::new(), threshold: 1, kind: RecipientKind::X25519, least_format: 1 };
    found_together(base, &names, &words(admin), &words(reader), hashing, &others).unwrap();
}

/// A device makes its keys and a join request; the admin hears the words and approves.
fn enrol(dir: &Path, admin: &Actor, name: &str, role: &str, unit: &str, recipients: &str) -> Actor {
    let actor = Actor::new(dir, name, dir.join(name));
    let mut arguments = vec!["device", "init", "--name", name, "--unit", unit, "--recipients", recipients];
    arguments.extend(PRACTICE);
    let made = actor.run(&arguments);
    approve(admin, &text(&made, "/request"), &text(&made, "/words"), dir, &["--role", role, "--unit", unit]);
    actor
}

fn approve(admin: &Actor, request: &str, words: &str, dir: &Path, more: &[&str]) {
    let out = dir.join("newest.pack").to_string_lossy().into_owned();
    let mut arguments = vec!["roster", "approve", request, "--fingerprint", words, "--out", &out];
    arguments.extend(more);
    admin.run(&arguments);
}
