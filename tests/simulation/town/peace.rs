//! The end of a town: nothing goes wrong any more, what was begun is ended, everybody travels until there is nothing to do. Then what must be
//! gone is gone everywhere, what lives is open to everybody who may read it, and to somebody who has only the newest key.

use std::collections::BTreeSet;

use amanat::model::ListedPart;
use amanat::runtime::rotation::units::Ahead;
use amanat_keys::fingerprint::DeviceId;
use amanat_keys::roster::Role;
use amanat_sync::batch::Item;
use amanat_sync::courier::End;
use amanat_sync::entry::{Kind, SealedEntry};
use amanat_sync::journal::{Journal as _, State};

use super::founding::{self, ADMIN, CUSTODIANS, PEOPLE, READER, SUPERVISORS};
use super::life::{Town, agency};
use super::person::{Person, number};
use super::upheld::{named, stood_for};
use crate::simulation::holds::held;

/// Rounds in which all must be said: a rotation alone takes some.
const ROUNDS: usize = 24;

impl Town {
    pub(crate) fn makes_peace(&mut self) {
        self.people.iter_mut().for_each(Person::killed);
        self.office.restart();
        self.comes_to_rest();
        CUSTODIANS.into_iter().for_each(|at| self.wishes(at));
        self.comes_to_rest();
        if self.told {
            self.tells();
        }
        self.everything_is_received();
        self.what_was_erased_is_nowhere();
        self.what_was_replaced_is_nowhere();
        self.nothing_names_an_older_key();
        self.what_lives_is_open();
        self.what_was_asked_for_has_come();
        if self.dice.one_in(3) {
            self.a_newcomer_reads_it_all();
        }
    }

    fn comes_to_rest(&mut self) {
        for _ in 0..ROUNDS {
            let mut quiet = !self.finishes();
            for at in 0..self.people.len() {
                quiet &= !self.rotation_goes_on(at);
                let (outcome, arrived) = self.travels(at, true).expect("nobody dies in peace");
                assert!(matches!(outcome.end, End::Done), "in peace: {outcome:?}");
                let parts = (outcome.parts.sent, outcome.parts.fetched, outcome.parts.left);
                let silent = (outcome.pulled, outcome.documents, outcome.received.len(), parts) == (0, 0, 0, (0, 0, 0))
                    && !arrived.adopted.wrapped
                    && arrived.kept_again == 0;
                quiet &= silent;
                if !silent {
                    self.holds(at);
                }
            }
            if quiet {
                return;
            }
        }
        panic!("they still have things to say after {ROUNDS} rounds");
    }

    /// A rotation that was begun is ended. Whether there was anything to do.
    fn rotation_goes_on(&mut self, at: usize) -> bool {
        if !CUSTODIANS.contains(&at) {
            return false;
        }
        let home = self.people[at].home();
        let ahead = home.look_ahead(self.station);
        if self.told {
            println!("  {}: {ahead:?}", PEOPLE[at]);
        }
        match ahead {
            Ok(Ahead::Rewrap { .. }) => self.rotates(at, true),
            _ => false,
        }
    }

    /// What lies at the hub now, for whoever looks into a seed.
    fn tells(&self) {
        let name = |id: &DeviceId| self.people.iter().position(|person| person.id == *id).unwrap_or(PEOPLE.len());
        for entry in self.at_hub.entries() {
            let header = &entry.header;
            let target =
                header.target.map(|it| (it.change, name(&it.entry.device), it.entry.seq, it.replaces.is_some()));
            let (hash, there) = (entry.hash(), entry.envelope.is_some());
            let (number, doomed) = (self.book.number(&hash), self.book.is_doomed(&hash));
            let (at, kind, under, case) = (name(&header.device), header.kind, header.key, header.case);
            println!(
                "  {at}.{}: {kind:?} under {under} of {case:?}, {number:?} {target:?} there {there}, doomed {doomed}",
                header.seq
            );
        }
    }

    fn everything_is_received(&mut self) {
        for person in &self.people {
            let status = person.home().status().unwrap();
            for own in status.own.iter().filter(|own| own.state != State::Forked) {
                assert_eq!(own.received, own.kept.seq, "{own:?}");
                // What was erased before its attachment had come is waited for by nobody, and nobody need hear of it.
                let chain = &self.at_hub.chains.get(&(person.id, own.journal)).map_or(&[][..], Vec::as_slice);
                let lists = |entry: &&SealedEntry| entry.header.seq > own.complete && !entry.header.parts.is_empty();
                let erased = chain.iter().filter(lists).all(|entry| self.book.is_doomed(&entry.hash()));
                let listing = chain.iter().filter(lists).count() > 0;
                assert!(own.complete == own.kept.seq || erased && listing, "{own:?}");
            }
            assert_eq!(person.home().parts_on_their_way().unwrap(), (0, 0), "an attachment is still on its way");
        }
        assert_eq!(self.office.depth().missing, 0);
    }

    /// Everywhere: at the hub, in every home that heard of it; its attachments too. A slip stays in a home as long as something lives under it.
    fn what_was_erased_is_nowhere(&mut self) {
        let doomed = |entry: &&SealedEntry| self.book.is_doomed(&entry.hash());
        let mut parts = 0;
        for entry in self.at_hub.entries().filter(doomed) {
            assert!(entry.envelope.is_none(), "erased, and still at the hub: {:?}", entry.at());
            for part in &entry.header.parts {
                assert!(!self.lies_at_hub(entry, &part.digest), "an attachment of what was erased is at the hub");
                parts += 1;
            }
        }
        let erased = self.book.erased();
        for person in &self.people {
            let home = person.home();
            let shelf = home.journal().documents().unwrap().into_iter().map(|filed| filed.document).collect::<Vec<_>>();
            let carried = self.book.orders.iter().filter(|order| !order.stood.is_empty());
            let mut targets = carried.flat_map(|order| &order.targets);
            assert!(targets.all(|hash| named(&shelf).contains(hash)), "an order did not arrive");
            for entry in entries(person).iter().filter(|entry| self.book.is_doomed(&entry.hash())) {
                let gone = entry.envelope.as_ref().is_none_or(Vec::is_empty);
                assert!(
                    gone || entry.header.wraps() && lives_under(person, entry),
                    "erased, and in a home: {:?}",
                    entry.at()
                );
                let files = entry.header.parts.iter().any(|part| home.part_files().holds(part));
                assert!(!files, "an attachment of what was erased is in a home");
            }
            let open = person.open.intersection(&erased).next();
            assert_eq!(open, None, "erased, and still open to somebody");
        }
        self.faults.note_many("attachments whose entry was erased", parts);
    }

    /// Of what was sealed again or rewrapped no older envelope is at the hub, nor with those who hold the newer.
    fn what_was_replaced_is_nowhere(&mut self) {
        let stood = stood_for(self.at_hub.entries());
        for entry in self.at_hub.entries().filter(|entry| entry.envelope.is_some()) {
            assert!(!stood.contains_key(&entry.hash()), "an older envelope is at the hub: {:?}", entry.at());
        }
        for at in CUSTODIANS {
            let all = entries(&self.people[at]);
            let stood = stood_for(all.iter());
            // A slip that an order names and that is spared for what lives under it has been judged.
            let judged = |entry: &&SealedEntry| self.book.is_doomed(&entry.hash());
            for entry in all.iter().filter(|entry| entry.envelope.is_some() && !judged(entry)) {
                let held = stood.contains_key(&entry.hash());
                assert!(!held, "an older envelope is with {}: {:?}", PEOPLE[at], entry.at());
            }
        }
    }

    /// Whoever has an older key of a unit opens nothing with it that the hub serves.
    fn nothing_names_an_older_key(&mut self) {
        let trust = self.office.trust();
        let roster = trust.roster();
        let mut rewrapped = 0;
        for entry in self.at_hub.entries().filter(|entry| entry.header.wraps() && entry.envelope.is_some()) {
            for reader in &entry.header.audience {
                let unit = roster.units.iter().find(|unit| unit.id.as_bytes() == reader.id.as_bytes());
                let current = unit.map_or(Some(reader.key), |unit| unit.recipient.as_ref().map(|key| key.key_id()));
                assert_eq!(Some(reader.key), current, "the hub serves what an older key opens: {:?}", entry.header);
            }
            rewrapped +=
                u64::from(entry.header.kind == Kind::StandIn && roster.units.iter().any(|unit| unit.epoch > 1));
        }
        self.faults
            .note_many("slips that named an older key when the rotation had ended, and were rewrapped", rewrapped);
    }

    /// What no order took is open to its author, to both custodians and at headquarters, and to nobody else.
    fn what_lives_is_open(&mut self) {
        let (erased, at_hub) = (self.book.erased(), self.numbers_at_hub().collect::<BTreeSet<_>>());
        for (said, kept) in self.book.kept.iter().filter(|(said, _)| !erased.contains(said)) {
            let readers = [kept.author, SUPERVISORS[0], SUPERVISORS[1], READER];
            for (at, person) in self.people.iter().enumerate() {
                let may = readers.contains(&at);
                // What was lost with a disk may have come to some by a stick; and who is no reader had the key on that disk alone.
                let lost = self.book.may_be_lost.contains(said) && !at_hub.contains(said);
                let shut = at == kept.author && self.book.keys_lost.contains(said) && !SUPERVISORS.contains(&at);
                if may && (lost || shut) {
                    continue;
                }
                assert_eq!(person.open.contains(said), may, "{said}, kept in {:?}: {}", kept.case, PEOPLE[at]);
            }
        }
    }

    fn what_was_asked_for_has_come(&mut self) {
        let erased = self.book.erased();
        let mut came = 0;
        for wished in self.book.wishes.iter().filter(|wished| !erased.contains(&wished.number)) {
            let person = &self.people[wished.by];
            // Its author may have kept it again since, under a newer slip: the one or the other was asked for.
            let mut all = person.attached.iter().filter(|entry| number(entry) == Some(wished.number)).peekable();
            assert!(all.peek().is_some(), "what was asked for is not open");
            let entry =
                all.find(|entry| person.home().holds_part(&entry.author, &entry.parts[0])).expect("it has not come");
            let to = self.dir.path().join("saved");
            let listed = ListedPart { case: entry.case, author: entry.author, part: entry.parts[0].clone() };
            person.home().save_part(&listed, &to, true, &mut |_, _| true).unwrap();
            let was = self.book.kept[&wished.number].attached.as_ref();
            assert_eq!(Some(&std::fs::read(&to).unwrap()), was, "an attachment came as something else");
            came += 1;
        }
        self.faults.note_many("attachments that arrived whole where they were asked for", came);
    }

    /// A supervisor who was enrolled at the end has nothing but the newest key, and what the hub serves.
    fn a_newcomer_reads_it_all(&mut self) {
        let (mut home, request, bytes) = founding::newcomer(self.dir.path(), "newcomer");
        let admin = self.people[ADMIN].admin();
        founding::approve(admin, (&request, &bytes), Role::Supervisor);
        let (pack, words) = (admin.home.pack().unwrap(), admin.home.trust().unwrap().fingerprint_words());
        home.join(&pack, &words).unwrap();
        let signer = home.signer().verifying_key();
        self.people.push(Person::around(home));
        self.book.signers.insert(signer.device_id(), signer);
        self.agency = agency(&self.people);
        self.comes_to_rest();
        let erased = self.book.erased();
        let at_hub: BTreeSet<u64> = self.numbers_at_hub().collect();
        let lost = |said: &u64| self.book.may_be_lost.contains(said) && !at_hub.contains(said);
        let kept = self.book.kept.keys().copied();
        let living: BTreeSet<u64> = kept.filter(|said| !erased.contains(said) && !lost(said)).collect();
        let newcomer = self.people.last().unwrap();
        assert_eq!(newcomer.open, living, "not everything that lives is open to the newest key");
        self.faults.note("newcomers who opened everything by the newest key alone");
    }
}

/// Whether anything lies under a slip in a home that has its envelope still.
fn lives_under(person: &Person, slip: &SealedEntry) -> bool {
    let place = |entry: &SealedEntry, seq| (entry.header.device, entry.header.journal, seq);
    let slip: (_, _, u64) = place(slip, slip.header.target.map_or(slip.header.seq, |target| target.entry.seq));
    let lies = |entry: &SealedEntry| entry.header.kind == Kind::Sealed && place(entry, entry.header.key) == slip;
    entries(person).iter().any(|entry| lies(entry) && entry.envelope.is_some())
}

/// Everything that a home holds.
fn entries(person: &Person) -> Vec<SealedEntry> {
    let all = held(person.home().journal());
    all.iter().flat_map(|held| &held.items).filter_map(Item::entry).cloned().collect()
}
