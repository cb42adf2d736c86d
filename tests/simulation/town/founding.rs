//! The agency of a town: founded once, by the functions behind `agency init`, `device init` and `roster approve`, and copied for each seed.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::{fs, io};

use amanat::runtime::homes::closed_home::ClosedHome;
use amanat::runtime::homes::home::Home;
use amanat::runtime::homes::make::{self, Hashing};
use amanat::runtime::homes::paths::Paths;
use amanat::runtime::roster::enrol::{Admin, Enrolment};
use amanat::runtime::roster::founding::{self, Names};
use amanat_hub::HubIdentity;
use amanat_keys::device::Signer;
use amanat_keys::fingerprint::{AgencyId, DeviceId};
use amanat_keys::join::JoinRequest;
use amanat_keys::passphrase::Passphrase;
use amanat_keys::recipient::ReadIdentity;
use amanat_keys::roster::Role;
use tempfile::TempDir;

use super::clocks;

/// Who lives in a town, in this order; their homes have these names.
pub(crate) const PEOPLE: [&str; 6] = ["admin", "reader", "supervisor", "deputy", "officer", "second"];
pub(crate) const ADMIN: usize = 0;
pub(crate) const READER: usize = 1;
/// Who reads for the station. The second brings no key of it: the first hands it on.
pub(crate) const SUPERVISORS: [usize; 2] = [2, 3];
/// Who may stand in for others: the supervisors for the station, the reader for everybody.
pub(crate) const CUSTODIANS: [usize; 3] = [2, 3, READER];
/// Who keeps entries, and attaches.
pub(crate) const WRITERS: [usize; 4] = [2, 3, 4, 5];
pub(crate) const STATION: &str = "Station";

/// Ids are random, and whose journal comes first on the road follows from them. So that a seed tells the same story again, people are taken
/// whose ids stand in the order of their names above.
static FOUNDED: LazyLock<(TempDir, ReadIdentity)> = LazyLock::new(|| {
    loop {
        let folder = ground();
        if let Some(transport) = found(folder.path()) {
            return (folder, transport);
        }
    }
});

/// What opens sticks that are written for the hub.
pub(crate) fn transport() -> ReadIdentity {
    FOUNDED.1.clone()
}

/// Whether an id stands where somebody's should.
fn is_in_turn(at: usize, id: &DeviceId) -> bool {
    usize::from(id.as_bytes()[0]) * PEOPLE.len() / 256 == at
}

/// Where a town stands: in memory where the system has such a place, because a thousand homes that wait for the disk show nothing more. What
/// survives a power cut is for the crash tests.
pub(crate) fn ground() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_no_such_place| tempfile::tempdir()).unwrap()
}

pub(crate) fn words() -> Passphrase {
    Passphrase::to_open(b"correct horse battery staple lamp").unwrap()
}

pub(crate) fn opened(folder: &Path) -> Home {
    ClosedHome::open(Paths::at(folder)).unwrap().by_clock(clocks::of_whoever_acts).unlock(&words()).unwrap()
}

/// What the hub signs with.
pub(crate) fn hub() -> HubIdentity {
    let signer = Signer::from_seed(&[200; 32]).unwrap();
    HubIdentity { id: signer.verifying_key().device_id(), signer, next: None, epoch: 1 }
}

fn hashing() -> Hashing {
    Hashing::new(Some(10), true).unwrap()
}

/// A new device of the town, of which no roster knows yet.
pub(crate) fn newcomer(folder: &Path, name: &str) -> (Home, JoinRequest, Vec<u8>) {
    let made = make::device(Paths::at(&folder.join(name)), name, &words(), hashing()).unwrap();
    let (request, bytes) = make::request_of(made.home.paths()).unwrap();
    (made.home, request, bytes)
}

/// Lists a newcomer of the station.
pub(crate) fn approve(admin: &mut Admin, (request, bytes): (&JoinRequest, &[u8]), role: Role) {
    let enrolment = Enrolment { role: role.word(), unit: Some(STATION), member: None, url: None };
    admin.approve(bytes, &request.words(), &enrolment).unwrap();
}

/// The hub's transport key; nothing where the first two do not stand in their turn.
fn found(folder: &Path) -> Option<ReadIdentity> {
    let names = Names { agency: "Town", admin: "Admin", reader: "Reader" };
    founding::found(folder, &names, &words(), &words(), hashing()).unwrap();
    if ![ADMIN, READER].into_iter().all(|at| is_in_turn(at, &opened(&folder.join(PEOPLE[at])).device())) {
        return None;
    }
    let mut admin = Admin::open(opened(&folder.join(PEOPLE[ADMIN])), &words()).unwrap();
    admin.add_unit(STATION, "station").unwrap();
    let hub = hub().signer;
    let opens = ReadIdentity::generate().unwrap();
    let transport = opens.recipient().clone();
    let url = "http://127.0.0.1:7070";
    let request = JoinRequest::for_hub(AgencyId::ZERO, "hub", hub.verifying_key(), transport, url);
    let bytes = request.sign(&hub).unwrap().to_bytes();
    let as_hub = Enrolment { role: "hub", unit: None, member: None, url: Some(url) };
    admin.approve(&bytes, &request.words(), &as_hub).unwrap();
    let mut homes = vec![opened(&folder.join(PEOPLE[READER]))];
    for at in WRITERS {
        let (home, request, bytes) = loop {
            let made = newcomer(folder, PEOPLE[at]);
            if is_in_turn(at, &made.0.device()) {
                break made;
            }
            drop(made);
            fs::remove_dir_all(folder.join(PEOPLE[at])).unwrap();
        };
        let role = if SUPERVISORS.contains(&at) { Role::Supervisor } else { Role::Officer };
        approve(&mut admin, (&request, &bytes), role);
        homes.push(home);
    }
    let (pack, words) = (admin.home.pack().unwrap(), admin.home.trust().unwrap().fingerprint_words());
    homes.iter_mut().for_each(|home| home.join(&pack, &words).unwrap());
    Some(opens)
}

/// The homes of a new town, each in a folder of its own below this one.
pub(crate) fn settle(folder: &Path) -> Vec<PathBuf> {
    let settled = PEOPLE.iter().map(|name| {
        let to = folder.join(name);
        copy_home(&FOUNDED.0.path().join(name), &to).unwrap();
        to
    });
    settled.collect()
}

/// A home as it lies there, log included, which is what a kill leaves behind. The lock is of whoever runs.
pub(crate) fn copy_home(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for file in fs::read_dir(from)? {
        let file = file?;
        let (path, name) = (file.path(), file.file_name());
        if file.file_type()?.is_dir() {
            copy_home(&path, &to.join(&name))?;
        } else if Some(path.as_path()) != Some(Paths::at(from).lock().as_path())
            && !name.to_string_lossy().ends_with("-shm")
        {
            fs::copy(&path, to.join(&name))?;
        }
    }
    Ok(())
}
