//! A home that is open: the device's keys, its journal, the roster it trusts, the case keys it knows.

use amanat_keys::{
    audience::Sharing,
    device::{DeviceKeys, Signer},
    fingerprint::{AgencyId, CaseId, DeviceId, JournalId, KeyId, UnitId},
    recipient::{ReadIdentity, Recipient},
    roster::{Device, Hub, Member, Role, Unit, UnitKind},
    row_seal::RowSeal,
    tenure::Tenure,
    trust::Trust,
    vault::Vault,
};
use amanat_sync::{
    entry::{Reader, Slot},
    journal::{Journal as _, KnownHead, Line, NewJournal, SqliteJournal, State, Status},
    signature::Nonce,
};
use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, OnceLock},
};

use super::{
    belonging::Belonging,
    closed_home::ClosedHome,
    heads::Heads,
    levels::Levels,
    lineage,
    marks::{self, Mark},
    paths::Paths,
    pen::{Pen, Readers},
};
use crate::{
    failure::Failure,
    model::{EntryId, Moment},
    runtime::{
        entries::{
            assignees::GivenWords, carried::Carried, handing::HandoverWords, joining::JoinWords, kept_list::Reached,
            ring::Ring, sealing::Ahead,
        },
        erasure::{erasing::Erasures, heard::Words},
        fault, key_pages,
    },
};

/// Everything that one unlocked device works with. Dropped, its secrets are wiped.
pub struct Home {
    closed: ClosedHome,
    /// What `identity.age` holds.
    pub(in crate::runtime) vault: Box<Vault>,
    /// What this device signs and reads with: the vault's keys, or those that it has asked for once a roster lists them.
    pub(in crate::runtime) keys: Box<DeviceKeys>,
    /// The older signing key, while both are listed.
    pub(in crate::runtime) older: Option<Signer>,
    pub(in crate::runtime) seal: RowSeal,
    pub(in crate::runtime) journal: SqliteJournal,
    pub(in crate::runtime) trust: Option<Trust>,
    /// Who could stand in for whom under each adopted roster; read when it is first asked for.
    tenure: OnceLock<Tenure>,
    pub(in crate::runtime) heads: Heads,
    pub(in crate::runtime) ring: Ring,
    /// Sharing level of each case, as its sheets and their corrections say.
    pub(in crate::runtime) levels: Levels,
    /// What was said of sharing and transfers, case by case.
    pub(in crate::runtime) handovers: HandoverWords,
    /// To whom cases were given.
    pub(in crate::runtime) given: GivenWords,
    /// What was said of two cases.
    pub(in crate::runtime) joins: JoinWords,
    /// Whose word counts in which case.
    pub(in crate::runtime) belonging: Belonging,
    /// What is to be erased, or was.
    pub(in crate::runtime) erasures: Erasures,
    /// Where attachments were sealed again, as far as it was asked for.
    pub(in crate::runtime) carried: Mutex<Carried>,
    /// What readers at headquarters say opens.
    pub(in crate::runtime) words: Words,
    /// Cases that were handed in here, and whether nothing that opens them is left.
    pub(in crate::runtime) handed_in: HashMap<CaseId, bool>,
    /// Who said that they handed which case in.
    pub(in crate::runtime) let_go_by: HashSet<(crate::model::CaseId, crate::model::DeviceId)>,
    /// The newest hub time in a verified receipt, Unix milliseconds.
    pub(in crate::runtime) hub_ms: Option<i64>,
    /// How far others' journals have been opened.
    pub(in crate::runtime) read_up_to: HashMap<(DeviceId, JournalId), u64>,
    /// Whether what this reader's words on stand-ins except has been looked at again in this sitting.
    pub(in crate::runtime) said_anew: bool,
    /// By journal the last stand-in of others that was met when everything was read.
    pub(in crate::runtime) stand_ins_read: HashMap<(DeviceId, JournalId), u64>,
    /// Own entries that were kept again, and as what.
    pub(in crate::runtime) again: HashMap<EntryId, EntryId>,
    /// The place after the newest that was kept in this sitting. Not believed: the journal refuses a place that is taken, and is
    /// asked then.
    pub(in crate::runtime) next: Option<Slot>,
    /// What was written before its keeping was asked for.
    pub(in crate::runtime) ahead: Option<Ahead>,
    /// What the hub had given for the next requests when this home was opened.
    pub(in crate::runtime) nonces: Vec<Nonce>,
    /// How far the journals went when the screens were last told everything: the list of cases is of that.
    pub(in crate::runtime) shown: Vec<Reached>,
    notices: Vec<String>,
}

impl Home {
    /// Puts an opened vault and journal together: loads trust and keys, and begins a new journal where the old one has been set
    /// back.
    ///
    /// # Errors
    /// What the journal refuses.
    pub(in crate::runtime) fn around(
        closed: ClosedHome,
        mut vault: Vault,
        journal: SqliteJournal,
    ) -> Result<Self, Failure> {
        let doing = "opening the home";
        let marks = marks::few(&journal).map_err(|error| fault::sync(doing, &error))?;
        let trust = marks::trust(&marks)?;
        marks::units(&marks).into_iter().for_each(|held| vault.hold(held));
        let seal = vault.row_seal();
        let heads = Heads::read(&closed.paths().heads(), &seal);
        let ring = Ring::read(&journal).map_err(|error| fault::sync(doing, &error))?;
        let mut home = Self {
            closed,
            // In boxes: what is moved leaves the pages that were locked for it.
            keys: Box::new(vault.keys().clone()),
            older: None,
            vault: Box::new(vault),
            seal,
            journal,
            trust,
            tenure: OnceLock::new(),
            heads,
            ring,
            levels: Levels::default(),
            handovers: HandoverWords::default(),
            given: GivenWords::default(),
            joins: JoinWords::default(),
            belonging: Belonging::default(),
            erasures: Erasures::default(),
            carried: Mutex::default(),
            words: Words::default(),
            handed_in: marks::handed_in(&marks).collect(),
            let_go_by: HashSet::new(),
            hub_ms: None,
            read_up_to: HashMap::new(),
            said_anew: false,
            stand_ins_read: HashMap::new(),
            again: HashMap::new(),
            next: None,
            ahead: None,
            nonces: marks::nonces(&marks),
            shown: Vec::new(),
            notices: Vec::new(),
        };
        home.compare_heads()?;
        home.take_up_keys()?;
        home.note_hub_time()?;
        // On a full disk the home opens all the same, with the roster it had.
        if let Err(failure) = home.take_up_rosters() {
            home.notices.push(failure.message);
        }
        if let Err(failure) = home.finish_handing_in() {
            home.notices.push(failure.message);
        }
        if let Some(ended) = home.clear_sheets()? {
            home.notices.push(ended.told());
        }
        home.lock_key_pages();
        Ok(home)
    }

    /// Keeps the pages on which keys lie out of swap, as far as the system lets this user: first what opens everything, then the keys of cases.
    /// To be called again when keys have come.
    pub(in crate::runtime) fn lock_key_pages(&self) {
        let own = self.vault.stretches().chain(self.keys.stretches()).chain([self.seal.stretch()]);
        key_pages::lock(own.chain(self.ring.stretches()));
    }

    /// A journal that ends before the place it had reached comes from a backup. Writing on would use numbers twice, so a new
    /// journal begins at once and says so (`FORMATS.md` section 2).
    fn compare_heads(&mut self) -> Result<(), Failure> {
        let known = self.known_heads()?;
        let behind = self.heads.behind(&known);
        if !behind.is_empty() {
            for behind in &behind {
                self.notices.push(format!(
                    "The journal {} ends at {} and had reached {}: this home was restored from a backup. A new journal has \
                     begun; nothing that was received is lost, and sync brings the rest back.",
                    short(&behind.journal),
                    behind.there,
                    behind.seen
                ));
                self.heads.forget(&behind.journal);
            }
            let closes = behind.iter().find(|behind| behind.held).map(|behind| behind.journal);
            if closes.is_some() || !has_open(&known) {
                self.begin_journal(closes)?;
            }
            // After the old journal is closed, never before; and in any case, so that it is told once.
            self.heads.write(&self.closed.paths().heads(), &self.seal).unwrap_or_default();
        } else if self.trust.is_some() && !has_open(&known) {
            self.begin_journal(None)?;
        }
        let known = self.known_heads()?;
        // A file that is older than the journal says nothing. On a full disk it stays so, and the home opens all the same.
        self.note_heads(&known).unwrap_or_default();
        Ok(())
    }

    /// Begins a journal of this device.
    ///
    /// # Errors
    /// Usage before the device has joined; what the journal refuses.
    pub(super) fn begin_journal(&mut self, closes: Option<JournalId>) -> Result<(), Failure> {
        let new = NewJournal {
            agency: self.trust()?.agency(),
            device: self.device(),
            journal: JournalId::random(),
            line: Line::Cases,
            closes,
        };
        self.next = None;
        self.journal.begin(&new).map_err(|error| fault::sync("beginning a journal", &error))?;
        Ok(())
    }

    /// Notes how far own journals have come, beside the database.
    ///
    /// # Errors
    /// What the disk says.
    pub(in crate::runtime) fn note_heads(&mut self, known: &[KnownHead]) -> Result<(), Failure> {
        self.heads.note(known, &self.closed.paths().heads(), &self.seal)
    }

    /// Takes over the newest hub time that a receipt or checkpoint proved.
    pub(super) fn note_hub_time(&mut self) -> Result<(), Failure> {
        let checkpoint = self.status()?.checkpoint;
        let told = checkpoint.and_then(|(checkpoint, ..)| i64::try_from(checkpoint.hub_time).ok());
        self.hub_ms = self.hub_ms.max(told);
        Ok(())
    }

    fn known_heads(&self) -> Result<Vec<KnownHead>, Failure> {
        self.journal.heads().map_err(|error| fault::sync("reading the journal", &error))
    }

    /// What opening it had to say.
    pub fn notices(&self) -> &[String] {
        &self.notices
    }

    /// Where it is.
    pub fn paths(&self) -> &Paths {
        self.closed.paths()
    }

    /// The same home, locked. The open one is dropped by the caller.
    pub fn closed(&self) -> ClosedHome {
        self.closed.clone()
    }

    /// Whether it is for practice only.
    pub fn practice(&self) -> bool {
        self.closed.practice()
    }

    /// This device.
    pub fn device(&self) -> DeviceId {
        self.keys.device_id()
    }

    /// The part of the keys that only signs.
    pub fn signer(&self) -> Signer {
        self.keys.signer()
    }

    /// The journal.
    pub fn journal(&self) -> &SqliteJournal {
        &self.journal
    }

    /// The adopted roster and its lineage.
    ///
    /// # Errors
    /// Usage before the device has joined an agency.
    pub fn trust(&self) -> Result<&Trust, Failure> {
        self.trust.as_ref().ok_or_else(|| {
            Failure::usage(
                "looking for the agency — this device has not joined one yet",
                "Have its join request approved, then: amanat device join PACK --fingerprint WORDS",
            )
        })
    }

    /// Whether this device belongs to an agency.
    pub fn has_joined(&self) -> bool {
        self.trust.is_some()
    }

    /// This device as the roster lists it.
    ///
    /// # Errors
    /// Refused when the roster does not list it, or no longer as active.
    pub fn listed(&self) -> Result<&Device, Failure> {
        let listed = self.trust()?.device(&self.device());
        listed.filter(|device| device.is_active()).ok_or_else(|| {
            Failure::refused(
                format!("looking for device {} — the adopted roster does not list it as active", short(&self.device())),
                "Ask the admin. What is kept here stays sealed and can still be handed over.",
            )
        })
    }

    /// The member at this device.
    ///
    /// # Errors
    /// As [`Home::listed`].
    pub fn member(&self) -> Result<&Member, Failure> {
        let device = self.listed()?;
        let member = self.trust()?.roster().member(&device.member);
        member
            .ok_or_else(|| Failure::refused("looking for the member — the roster does not list them", "Ask the admin."))
    }

    /// The unit that this device's cases belong to: where its member works a case, else where they have any role.
    ///
    /// # Errors
    /// As [`Home::listed`]; refused for a member without any role.
    pub fn unit(&self) -> Result<&Unit, Failure> {
        let works = |role: Role| {
            matches!(role, Role::Officer | Role::Investigator | Role::Supervisor | Role::Focal | Role::Reader)
        };
        let roles = &self.member()?.roles;
        let role = roles.iter().find(|(role, _)| works(*role)).or_else(|| roles.first());
        let unit = role.and_then(|(_, unit)| self.trust().ok()?.roster().unit(unit));
        unit.ok_or_else(|| Failure::refused("looking for the unit — the member has no role in one", "Ask the admin."))
    }

    /// What this device seals with today.
    ///
    /// # Errors
    /// Usage before the device has joined.
    pub(in crate::runtime) fn pen(&self) -> Result<Pen, Failure> {
        let trust = self.trust()?;
        Ok(Pen {
            signer: self.journal_signer()?,
            nonce: self.vault.nonce_key(),
            roster: (trust.roster_version(), trust.roster_hash()),
        })
    }

    /// Who reads a case of a unit at a sharing level today. While the roster is forked, only those whom every rival
    /// lists as well, and headquarters.
    ///
    /// # Errors
    /// Refused when nobody could read it.
    pub fn readers(&self, unit: &UnitId, level: Sharing) -> Result<Readers, Failure> {
        let trust = self.trust()?;
        let audience = trust.audience(unit, level);
        let audience = audience.map_err(|error| {
            let failure = fault::keys("finding out who reads", &error);
            Failure::refused(
                failure.message,
                "The unit has no key yet: sync once its first supervisor has been enrolled.",
            )
        })?;
        let mut readers = Readers { audience: Vec::new(), recipients: Vec::new() };
        for reader in &audience.readers {
            let id = amanat_keys::fingerprint::Digest::from_bytes(reader.id);
            readers.audience.push(Reader { agency: reader.agency, id, key: reader.key_id() });
            readers.recipients.push(reader.recipient.clone());
        }
        Ok(readers)
    }

    /// How many valid rosters rival the adopted one.
    pub fn rivals(&self) -> usize {
        let Some(trust) = &self.trust else { return 0 };
        let version = |rival| amanat_sync::proof::roster_version(rival).ok();
        trust.forks().iter().filter(|rival| version(rival) == Some(trust.roster_version())).count()
    }

    /// Notes for whom this device sealed last in a case: that says its level where nothing that says it can be read any more.
    pub(in crate::runtime) fn note_level(&mut self, case: CaseId, audience: &[Reader]) {
        let Some(trust) = &self.trust else { return };
        let units = audience.iter();
        let units = units.filter_map(|reader| trust.roster().unit(&UnitId::from_bytes(*reader.id.as_bytes())));
        let kinds: Vec<UnitKind> = units.map(|unit| unit.kind).collect();
        let level = match (kinds.contains(&UnitKind::Headquarters), kinds.contains(&UnitKind::National)) {
            (_, true) => Sharing::H3,
            (true, false) => Sharing::H2,
            (false, false) => Sharing::H1,
        };
        self.levels.note_slip(case, level);
    }

    /// The sharing level of a case; where nobody says it (any more), that of what this device sealed last in it, else H1 if it began without headquarters, else H2.
    pub fn level(&self, case: &CaseId) -> Sharing {
        let hq = self.trust.as_ref().and_then(|trust| trust.roster().unit_of_kind(UnitKind::Headquarters));
        let without = |hq: &Unit| {
            let (first, inside) = self.belonging.readers_of(case, &hq.id);
            !first.is_empty() && !inside
        };
        let said = self.levels.of(case).or_else(|| self.levels.of_slip(case));
        said.unwrap_or_else(|| if hq.is_some_and(without) { Sharing::H1 } else { Sharing::default() })
    }

    /// What time it is at least, Unix seconds: by this machine's clock, which anybody can set, by the hub's newest word and by when the roster
    /// was made (`FORMATS.md` section 5).
    pub fn least_now(&self) -> u64 {
        let hub = self.hub_ms.and_then(|ms| u64::try_from(ms / 1_000).ok()).unwrap_or(0);
        let issued = self.trust.as_ref().map_or(0, Trust::least_now);
        self.wall_seconds().max(hub).max(issued)
    }

    /// What time it is, no earlier than [`Home::least_now`]: for dates that are proposed and laws that are chosen. What is *kept* says what the
    /// machine's own clock said.
    pub fn now(&self) -> Moment {
        let least = i64::try_from(self.least_now()).unwrap_or(i64::MAX).saturating_mul(1_000);
        Moment::pkt(self.closed.wall_ms().max(least))
    }

    /// What this device's own clock says, right or wrong.
    pub(in crate::runtime) fn wall(&self) -> Moment {
        Moment::pkt(self.closed.wall_ms())
    }

    /// The same in seconds since 1970 UTC; 0 for a clock set before.
    pub(in crate::runtime) fn wall_seconds(&self) -> u64 {
        u64::try_from(self.closed.wall_ms() / 1_000).unwrap_or(0)
    }

    /// Whether this device reads for headquarters.
    pub fn reads_for_hq(&self) -> bool {
        let reads = || {
            let (device, trust) = (self.listed().ok()?, self.trust().ok()?);
            let hq = trust.roster().unit_of_kind(UnitKind::Headquarters)?;
            Some(trust.roster().reads_for(device, &hq.id))
        };
        reads().unwrap_or(false)
    }

    /// Whether this device may add to cases and not read again what it added (policy `write-only`).
    pub fn writes_only(&self) -> bool {
        let (Ok(device), Ok(trust)) = (self.listed(), self.trust()) else { return false };
        trust.roster().device_reader(device).is_none()
    }

    /// Units that this device reads for and whose key it does not hold yet.
    pub fn waiting_units(&self) -> Vec<UnitId> {
        let (Ok(device), Ok(trust)) = (self.listed(), self.trust()) else { return Vec::new() };
        let roster = trust.roster();
        let reads = roster.units.iter().filter(|unit| roster.reads_for(device, &unit.id));
        reads.filter(|unit| !self.holds_key_of(unit)).map(|unit| unit.id).collect()
    }

    /// Whether the current key of a unit is held.
    pub fn holds_key_of(&self, unit: &Unit) -> bool {
        unit.recipient.as_ref().is_some_and(|recipient| self.vault.unit_identity(recipient).is_some())
    }

    /// The identity behind a recipient of a unit, if it is held.
    pub(in crate::runtime) fn unit_identity(&self, recipient: &Recipient) -> Option<&ReadIdentity> {
        self.vault.unit_identity(recipient)
    }

    /// Identities by the key id of their recipient: which reader of a slip we are.
    pub(in crate::runtime) fn identities(&self) -> HashMap<KeyId, ReadIdentity> {
        if self.writes_only() {
            return HashMap::new();
        }
        let all = self.vault.identities().into_iter().chain(self.keys.identities());
        all.map(|identity| (identity.key_id(), identity.clone())).collect()
    }

    /// The hub that this device calls: the first one in use.
    pub fn hub(&self) -> Option<&Hub> {
        self.trust.as_ref()?.hubs().iter().find(|hub| hub.last_checkpoint.is_none())
    }

    /// How the journal stands with the hub.
    ///
    /// # Errors
    /// What the journal refuses.
    pub fn status(&self) -> Result<Status, Failure> {
        let hub = self.hub().map_or(DeviceId::from_bytes([0; 32]), |hub| hub.id);
        self.journal.status(&hub).map_err(|error| fault::sync("reading the journal", &error))
    }

    /// The agency.
    ///
    /// # Errors
    /// Usage before the device has joined.
    pub fn agency(&self) -> Result<AgencyId, Failure> {
        Ok(self.trust()?.agency())
    }

    /// Takes over a newer roster and remembers it.
    ///
    /// # Errors
    /// What the journal refuses.
    pub(in crate::runtime) fn set_trust(&mut self, trust: Trust) -> Result<(), Failure> {
        self.remember(&Mark::Trust(&trust))?;
        self.trust = Some(trust);
        self.tenure = OnceLock::new();
        self.take_up_keys()
    }

    /// Who could stand in for whom, by every roster that this device adopted.
    pub fn tenure(&self) -> &Tenure {
        self.tenure.get_or_init(|| {
            let past = self.pack().and_then(|pack| lineage::rosters(&pack.rosters)).unwrap_or_default();
            Tenure::of(past.iter().chain(self.trust.as_ref().map(Trust::roster)))
        })
    }

    /// Files the slips with which cases began, once they have been seen. A case that began in this device's first journal needs no row:
    /// that journal is always read first.
    ///
    /// # Errors
    /// What the journal refuses; they are then filed the next time.
    pub(in crate::runtime) fn file_firsts(&mut self) -> Result<(), Failure> {
        if self.belonging.news().is_empty() {
            return Ok(());
        }
        let (me, own) = (self.device(), self.known_heads()?.iter().filter(|known| known.own.is_some()).count());
        let news = self.belonging.news().iter().filter(|first| first.at.device != me || own > 1);
        let rows: Vec<_> = news.map(|first| Mark::First(first).row()).collect();
        if !rows.is_empty() {
            let filed = self.journal.shelve(&rows, &[]);
            filed.map_err(|error| fault::sync("filing which slip a case began with", &error))?;
        }
        self.belonging.filed();
        Ok(())
    }

    /// Keeps one of the home's own small rows.
    ///
    /// # Errors
    /// What the journal refuses.
    pub(in crate::runtime) fn remember(&mut self, mark: &Mark<'_>) -> Result<(), Failure> {
        self.journal.shelve(&[mark.row()], &[]).map_err(|error| fault::sync("keeping a note of the home", &error))
    }
}

fn has_open(known: &[KnownHead]) -> bool {
    known.iter().any(|known| known.own == Some(Line::Cases) && known.state == State::Open)
}

fn short(id: &impl ToString) -> String {
    id.to_string().chars().take(8).collect()
}
