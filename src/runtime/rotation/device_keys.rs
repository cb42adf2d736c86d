//! New keys for this device: signing key and reading identity, while it works on. Nothing is lost on the way, and at no instant is there a
//! key that the roster trusts and nobody has.
//!
//! ```text
//! offer    both new keys: durable, read back, tried; a request signed by the old key and the new        [kill: the same request again]
//! listed   the admins' next roster names the new key for one journal that is not begun yet, and the new recipient
//! switch   adopting it ends the journal of the old key and begins that one                            [kill: at the next unlock]
//! ends     a second request says where the old key's journals ended; the admins' next roster lets it speak no further
//! finish   identity.age holds the new keys; the old signing key is gone, the old identity stays to read what was sealed to it
//! ```
//!
//! Between *listed* and *ends* the old key still speaks in its own journals, so that what was kept and not handed over arrives. Whoever has
//! stolen it can write behind them until then, and nothing of that is inside the ends.

use amanat_keys::{
    Place,
    case_key::CaseKey,
    device::{DeviceKeys, Signer},
    error::KeysError,
    fingerprint::{CaseId, JournalId},
    join::{JoinRequest, Succession},
    locked_file::WorkFactor,
    next_keys::NextKeys,
    passphrase::Passphrase,
    recipient::RecipientKind,
    roster::{CutOff, Device},
    slip::Slip,
    statement::Statement,
    vault::Vault,
    vault_file,
};
use amanat_sync::journal::{Journal as _, Line, NewJournal, Shelf, State};

use crate::{
    failure::Failure,
    runtime::{
        fault,
        homes::{
            home::Home,
            marks::{self, Mark},
        },
    },
};

const DOING: &str = "giving this device new keys";

/// What came of a call.
#[derive(Debug)]
pub enum Renewed {
    /// The keys are made, and wait for the admins.
    Offered(Asked),
    /// This device writes with them; the admins must still end the older key.
    Ending(Asked),
    /// The older key has ended everywhere, and this home no longer has it.
    Done,
}

/// What goes to an admin.
#[derive(Debug)]
pub struct Asked {
    /// For `roster approve`.
    pub request: Statement,
    /// Read aloud.
    pub words: String,
}

/// How far it has come, by the adopted roster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// No roster names the new keys.
    Asked,
    /// The new key writes, and the older one may still speak in the journals that it wrote.
    Listed,
    /// The older key has ended everywhere; this home still has it.
    Ended,
}

impl Stage {
    /// For `--json`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Asked => "offered",
            Self::Listed => "listed",
            Self::Ended => "ended",
        }
    }
}

impl Home {
    /// Gives this device new keys as far as that can go now: of the kind of its recipient, or of a stronger one that is asked for. Safe to
    /// call again whatever stopped it.
    ///
    /// # Errors
    /// Refused where the roster does not list this device with the keys it has, and for a kind that falls; what the journal and the disk
    /// refuse.
    pub fn renew_keys(
        &mut self,
        passphrase: &Passphrase,
        factor: WorkFactor,
        asked_kind: Option<RecipientKind>,
    ) -> Result<Renewed, Failure> {
        let listed = self.listed()?.clone();
        let kind = self.kind_asked(asked_kind)?;
        let Some(next) = self.next_keys()? else { return self.offer_keys(&listed, kind).map(Renewed::Offered) };
        if asked_kind.is_some_and(|asked| asked != next.keys.identity().kind()) {
            return Err(Failure::refused(
                format!("{DOING} — keys of another kind are on their way already"),
                "Let an admin list those first: amanat keys status.",
            ));
        }
        match stage(&listed, &next) {
            Stage::Asked => asked(&next.request).map(Renewed::Offered),
            Stage::Listed => self.end_older_key(&listed, next).map(Renewed::Ending),
            Stage::Ended => self.finish_keys(passphrase, factor).map(|()| Renewed::Done),
        }
    }

    /// The keys that this device has asked for, until `identity.age` holds them.
    pub(in crate::runtime) fn next_keys(&self) -> Result<Option<NextKeys>, Failure> {
        let marks = marks::few(&self.journal).map_err(|error| fault::sync(DOING, &error))?;
        Ok(marks::next_keys(&marks))
    }

    /// How far new keys of this device have come, if any are on their way.
    ///
    /// # Errors
    /// What the journal refuses.
    pub fn keys_on_their_way(&self) -> Result<Option<Stage>, Failure> {
        let listed = self.trust.as_ref().and_then(|trust| trust.device(&self.device()));
        Ok(self.next_keys()?.zip(listed).map(|(next, listed)| stage(listed, &next)))
    }

    /// The kind that new keys are to be of; it never falls.
    pub(super) fn kind_asked(&self, asked: Option<RecipientKind>) -> Result<RecipientKind, Failure> {
        let now = self.trust()?.roster().kind;
        match asked {
            Some(asked) if asked < now => Err(Failure::refused(
                format!("making new keys — this agency seals to {}, and that never falls", now.word()),
                "Leave --recipients out.",
            )),
            asked => Ok(asked.unwrap_or(now)),
        }
    }

    fn offer_keys(&mut self, listed: &Device, kind: RecipientKind) -> Result<Asked, Failure> {
        let refused = |error: KeysError| fault::keys(DOING, &error);
        let signs = listed.open_keys().any(|key| key == self.signer().verifying_key());
        if !signs || listed.recipient != *self.keys.recipient() {
            return Err(Failure::refused(
                format!("{DOING} — the roster lists this device with other keys than it has"),
                "This home was put back to before its keys were changed. Enrol it as a new device, and have the old one revoked.",
            ));
        }
        let keys = self.vault.keys().rotated_to(kind).map_err(refused)?;
        let succession = Succession { device: self.device(), journal: JournalId::random(), ends: Vec::new() };
        let journal = succession.journal;
        let request = self.signed_request(&keys, succession)?;
        let next = NextKeys { keys, journal, request: request.to_bytes() };
        // The keys first: a request without them would be keys that nobody has.
        self.remember(&Mark::NextKeys(&next))?;
        let read = self.next_keys()?.filter(|read| read.request == next.request);
        let works = read.filter(|read| self.works(&read.keys));
        let read = works.ok_or_else(|| {
            Failure::failed(format!("{DOING} — the new keys do not read back from the disk"), "Nothing was changed.")
        })?;
        self.use_keys(Some(&read))?;
        asked(&read.request)
    }

    /// A request of next keys, signed by the one that it names and by the one that the roster names.
    fn signed_request(&self, keys: &DeviceKeys, succession: Succession) -> Result<Statement, Failure> {
        let (agency, name) = (self.agency()?, self.member()?.name.clone());
        let recipient = keys.recipient().clone();
        let request = JoinRequest::for_next_keys(agency, &name, keys.verifying_key(), recipient, succession);
        let mut request = request.sign(&keys.signer()).map_err(|error| fault::keys(DOING, &error))?;
        JoinRequest::vouch(&mut request, &agency, &self.vault.keys().signer());
        Ok(request)
    }

    /// The keys as they came from the disk sign what their public half verifies, and open what is sealed to them.
    fn works(&self, keys: &DeviceKeys) -> bool {
        let Ok(agency) = self.agency() else { return false };
        let case = CaseKey::generate();
        let (journal, seq, key) = (JournalId::ZERO, 1, 1);
        let place = Place { agency, device: self.device(), journal, seq, case: CaseId::ZERO, key };
        let slip = Slip::make(&case, &[keys.recipient().clone()]).ok();
        let parsed = slip.as_deref().and_then(|slip| Slip::parse(slip, 1).ok());
        let opens = parsed.is_some_and(|slip| slip.open([keys.identity()], &place, &case.id(&place)).is_ok());
        opens && keys.signer().verifying_key() == keys.verifying_key()
    }

    /// Whichever keys the adopted roster says: called when the home is opened, and when another roster is adopted. The journal of the next
    /// key begins here; where that was cut short, it begins with the next opening.
    pub(in crate::runtime) fn take_up_keys(&mut self) -> Result<(), Failure> {
        let next = self.next_keys()?;
        self.use_keys(next.as_ref())?;
        let Some(next) = next.filter(|_| self.older.is_some()) else { return Ok(()) };
        let heads = self.journal.heads().map_err(|error| fault::sync(DOING, &error))?;
        if heads.iter().any(|known| known.own.is_some() && known.journal == next.journal) {
            return Ok(());
        }
        let open = heads.iter().find(|known| known.own == Some(Line::Cases) && known.state == State::Open);
        let (agency, device, journal, line) = (self.agency()?, self.device(), next.journal, Line::Cases);
        let new = NewJournal { agency, device, journal, line, closes: open.map(|known| known.journal) };
        self.next = None;
        self.journal.begin(&new).map_err(|error| fault::sync("beginning the journal of the new key", &error))?;
        let heads = self.journal.heads().map_err(|error| fault::sync(DOING, &error))?;
        self.note_heads(&heads)
    }

    /// Sets what this home signs and reads with. What was asked for reads from the moment it was made: somebody may seal to it before this
    /// device has heard that it is listed.
    fn use_keys(&mut self, next: Option<&NextKeys>) -> Result<(), Failure> {
        let held = self.vault.keys();
        let Some(next) = next.filter(|next| next.keys.verifying_key() != held.verifying_key()) else {
            (*self.keys, self.older) = (held.clone(), None);
            return Ok(());
        };
        let listed = self.trust.as_ref().and_then(|trust| trust.device(&held.device_id()));
        match listed.map(|listed| stage(listed, next)) {
            None | Some(Stage::Asked) => {
                let read = next.keys.identities().cloned().collect();
                let (signer, current) = (held.signer(), held.identity().clone());
                *self.keys = DeviceKeys::from_parts(held.device_id(), signer, current, read);
                self.older = None;
            }
            Some(Stage::Listed | Stage::Ended) => {
                self.older = Some(held.signer());
                *self.keys = next.keys.clone();
            }
        }
        Ok(())
    }

    /// The key that speaks in this device's open journal. While the roster lists two, a journal that was begun because this home was
    /// restored from a backup is the older one's.
    pub(in crate::runtime) fn journal_signer(&self) -> Result<Signer, Failure> {
        let Some(older) = &self.older else { return Ok(self.signer()) };
        let heads = self.journal.heads().map_err(|error| fault::sync(DOING, &error))?;
        let open = heads.iter().find(|known| known.own == Some(Line::Cases) && known.state == State::Open);
        let key = open.and_then(|open| self.listed().ok()?.key_at(&open.journal, open.head.seq.saturating_add(1)).ok());
        Ok(if key == Some(older.verifying_key()) { older.clone() } else { self.signer() })
    }

    /// The older key, while the roster still lets it sign requests: a hub that is behind knows no other.
    pub(in crate::runtime) fn older_request_signer(&self) -> Option<Signer> {
        let open = |older: &&Signer| {
            self.listed().is_ok_and(|listed| listed.open_keys().any(|key| key == older.verifying_key()))
        };
        self.older.as_ref().filter(open).cloned()
    }

    /// Says where the journals of the older key ended. They grow no more: the journal of the new one is begun.
    fn end_older_key(&mut self, listed: &Device, mut next: NextKeys) -> Result<Asked, Failure> {
        let heads = self.journal.heads().map_err(|error| fault::sync(DOING, &error))?;
        let older =
            |journal: &JournalId, seq| listed.key_at(journal, seq).is_ok_and(|key| key != next.keys.verifying_key());
        let mut ends: Vec<CutOff> = heads
            .iter()
            .filter(|known| known.own.is_some() && known.head.seq > 0 && known.journal != next.journal)
            .filter(|known| older(&known.journal, known.head.seq))
            .map(|known| CutOff { journal: known.journal, seq: known.head.seq, link: known.head.link })
            .collect();
        ends.sort_by_key(|end| end.journal);
        let made = JoinRequest::verify(&next.request).map_err(|error| fault::keys(DOING, &error))?.into_value();
        // One request has one set of words, however often it is asked for.
        if made.succession.as_ref().is_none_or(|made| made.ends != ends) {
            if heads
                .iter()
                .any(|known| known.own.is_some() && known.state == State::Open && known.journal != next.journal)
            {
                return Err(Failure::refused(
                    format!("{DOING} — this home was restored from a backup, and its journal is the older key's again"),
                    "Sync, so that what it keeps is received; then ask an admin to revoke this device and enrol it anew.",
                ));
            }
            let succession = Succession { device: self.device(), journal: next.journal, ends };
            next.request = self.signed_request(&next.keys, succession)?.to_bytes();
            self.remember(&Mark::NextKeys(&next))?;
        }
        asked(&next.request)
    }

    /// `identity.age` with the new keys, in one step; then the note about them goes. Killed between the two, both say the same.
    fn finish_keys(&mut self, passphrase: &Passphrase, factor: WorkFactor) -> Result<(), Failure> {
        let refused = |error: KeysError| fault::keys(DOING, &error);
        let path = self.paths().identity();
        let held = vault_file::read(&path).map_err(refused)?;
        Vault::open(&held, passphrase, self.practice()).map_err(refused)?;
        let mut vault = self.vault.clone();
        vault.set_keys(self.keys.as_ref().clone());
        let locked = vault.lock(passphrase, factor).map_err(refused)?;
        vault_file::replace(&path, &locked).map_err(refused)?;
        let read =
            Vault::open(&vault_file::read(&path).map_err(refused)?, passphrase, self.practice()).map_err(refused)?;
        if !read.is_same(&vault) {
            vault_file::replace(&path, &held).map_err(refused)?;
            return Err(Failure::failed(
                format!("{DOING} — {} does not read back", path.display()),
                "The old one is back.",
            ));
        }
        self.vault = vault;
        self.lock_key_pages();
        self.older = None;
        let gone = self.journal.shelve(&[], &[(Shelf::Marks, marks::NEXT_KEYS.to_vec())]);
        gone.map_err(|error| fault::sync(DOING, &error))
    }
}

fn stage(listed: &Device, next: &NextKeys) -> Stage {
    let key = next.keys.verifying_key();
    let spans = || listed.spans.iter().filter(|span| span.key == key);
    if spans().any(|span| span.journal.is_none()) {
        Stage::Ended
    } else if spans().any(|span| span.journal == Some(next.journal)) {
        Stage::Listed
    } else {
        Stage::Asked
    }
}

fn asked(request: &[u8]) -> Result<Asked, Failure> {
    let refused = |error: KeysError| fault::keys(DOING, &error);
    let statement = Statement::from_bytes(request).map_err(|error| refused(error.into()))?;
    let words = JoinRequest::verify(request).map_err(refused)?.value().words().to_string();
    Ok(Asked { request: statement, words })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::{
        codebook::Codebook,
        model::CaseId,
        runtime::{
            homes::make::Hashing,
            roster::enrol::{Admin, DEVICE_KEY, Enrolment},
            tests::{
                guarding::{Agency, carry, join, keep_in, pass},
                home::{open, words},
            },
        },
    };

    fn renew(home: &mut Home) -> Renewed {
        home.renew_keys(&words(), Hashing::new(Some(10), true).unwrap().factor, None).unwrap()
    }

    /// The power fails: what was in memory is gone, and the home is opened again.
    fn again(home: Home, folder: &Path) -> Home {
        drop(home);
        open(folder)
    }

    fn listed(admin: &mut Admin, asked: &Asked) {
        let enrolment = Enrolment { role: DEVICE_KEY, unit: None, member: None, url: None };
        let words = asked.words.parse().unwrap();
        admin.approve(&asked.request.to_bytes(), &words, &enrolment).unwrap();
    }

    fn case(n: u8) -> CaseId {
        CaseId::from_bytes([n; 16])
    }

    fn own_journals(home: &Home) -> usize {
        home.status().unwrap().own.len()
    }

    #[test]
    fn cut_short_after_every_step_the_same_keys_come_and_nothing_that_was_kept_is_lost() {
        let Agency { folder, mut admin, mut one, .. } = Agency::new();
        let mut reader = open(&folder.path().join("reader"));
        join(&admin, &mut reader);
        let at = folder.path().join("one");
        let (device, older, sealed_to) = (one.device(), one.signer(), one.keys.recipient().clone());
        keep_in(&mut one, case(1));

        let Renewed::Offered(first) = renew(&mut one) else { unreachable!("nothing is listed yet") };
        one = again(one, &at);
        let Renewed::Offered(same) = renew(&mut one) else { unreachable!("nothing is listed yet") };
        assert_eq!(
            (&first.words, first.request.to_bytes()),
            (&same.words, same.request.to_bytes()),
            "the same request"
        );
        assert_eq!(
            one.signer().verifying_key(),
            older.verifying_key(),
            "the older key goes on until a roster lists the next"
        );
        keep_in(&mut one, case(2));
        listed(&mut admin, &first);

        // The roster is adopted, and the power fails before the next key's journal is begun.
        let trust = admin.home.trust().unwrap().clone();
        assert_ne!(
            trust.device(&device).unwrap().recipient,
            sealed_to,
            "what is sealed to it is sealed to the next key"
        );
        one.remember(&Mark::Trust(&trust)).unwrap();
        assert_eq!(own_journals(&one), 1);
        one = again(one, &at);
        assert_eq!(own_journals(&one), 2, "it begins with the next opening");
        one = again(one, &at);
        assert_eq!((own_journals(&one), one.device()), (2, device), "and once");
        let newer = one.signer().verifying_key();
        assert_ne!(newer, older.verifying_key());
        keep_in(&mut one, case(3));

        let Renewed::Ending(first) = renew(&mut one) else { unreachable!("listed, and not ended") };
        one = again(one, &at);
        let Renewed::Ending(same) = renew(&mut one) else { unreachable!("listed, and not ended") };
        assert_eq!(first.words, same.words, "the same request");
        keep_in(&mut one, case(4));
        listed(&mut admin, &same);
        join(&admin, &mut one);
        let row = admin.home.trust().unwrap().device(&device).unwrap().clone();
        assert_eq!(row.open_keys().collect::<Vec<_>>(), [newer], "the older key signs no request any more");
        let ends = row.spans.iter().find(|span| span.key == older.verifying_key()).unwrap();
        assert!(row.key_at(&ends.journal.unwrap(), ends.until.unwrap() + 1).is_err(), "nor a further entry");

        let pending = one.next_keys().unwrap().unwrap();
        assert!(matches!(renew(&mut one), Renewed::Done));
        // The power fails between the vault and the note.
        one.remember(&Mark::NextKeys(&pending)).unwrap();
        one = again(one, &at);
        assert_eq!(one.vault.keys().verifying_key(), newer, "the vault holds the new key");
        assert!(matches!(renew(&mut one), Renewed::Done));
        one = again(one, &at);
        assert!(one.next_keys().unwrap().is_none() && one.older.is_none());
        assert!(
            one.identities().contains_key(&sealed_to.key_id()),
            "what was sealed to the older identity still opens"
        );
        keep_in(&mut one, case(5));

        join(&admin, &mut reader);
        let count = carry(&one, &mut reader);
        let arrived = reader.take_home(Codebook::builtin().unwrap(), &pass(count)).unwrap();
        let mut cases: Vec<CaseId> = arrived.entries.iter().map(|entry| entry.case).collect();
        cases.sort_unstable();
        cases.dedup();
        assert_eq!(cases, [1, 2, 3, 4, 5].map(case), "{:?}", arrived.afterwards);
        // And once more, from there.
        assert!(matches!(renew(&mut one), Renewed::Offered(_)));
    }

    #[test]
    fn a_request_that_the_listed_key_did_not_sign_lists_nothing() {
        let Agency { folder: _folder, mut admin, mut one, two } = Agency::new();
        let Renewed::Offered(asked) = renew(&mut one) else { unreachable!("nothing is listed yet") };
        let next = one.next_keys().unwrap().unwrap();
        // Whoever has the new keys alone, and whoever has another device's.
        let request = JoinRequest::verify(&next.request).unwrap().into_value();
        let alone = request.sign(&next.keys.signer()).unwrap();
        let mut strangers = alone.clone();
        JoinRequest::vouch(&mut strangers, &one.agency().unwrap(), &two.signer());
        let enrolment = Enrolment { role: DEVICE_KEY, unit: None, member: None, url: None };
        for forged in [alone, strangers] {
            let refused = admin.approve(&forged.to_bytes(), &request.words(), &enrolment).unwrap_err();
            assert!(refused.message.contains("no key that the roster lists for it has signed"), "{}", refused.message);
        }
        let end_first = Succession {
            ends: vec![CutOff { journal: JournalId::random(), seq: 1, link: amanat_keys::fingerprint::Digest::ZERO }],
            ..request.succession.unwrap()
        };
        let end_first = one.signed_request(&next.keys, end_first).unwrap();
        let end_words = JoinRequest::verify(&end_first.to_bytes()).unwrap().value().words();
        admin.approve(&end_first.to_bytes(), &end_words, &enrolment).unwrap_err();
        listed(&mut admin, &asked);
        let again = admin.approve(&asked.request.to_bytes(), &asked.words.parse().unwrap(), &enrolment).unwrap_err();
        assert!(again.message.contains("lists these keys already"), "{}", again.message);
    }
}
