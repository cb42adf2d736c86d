//! Older envelopes, once a second reader has opened what stands in their place (FORMATS section 4).
//!
//! The hub can open neither. It believes a signed word of a reader's device that every stand-in of a journal up to a link opens, and
//! lets go of what those replaced, if whoever made them may stand in and whoever speaks is in their audience. So neither a stolen
//! custodian's key alone nor a reader's alone destroys anything.
//!
//! What has attachments goes only when they are all held here sealed again, by number, order and size, in the entry directly before its
//! reseal: a reader's word alone lets no attachment go that the hub has not got anew. What comes later is looked at again.

use std::collections::{BTreeMap, BTreeSet};

use amanat_keys::canonical;
use amanat_keys::erasure::Doomed;
use amanat_keys::fingerprint::Digest;
use amanat_keys::rotation::{Followed, RotationWord, Said};
use amanat_keys::statement::Statement;
use amanat_sync::chain::{self, Head};
use amanat_sync::documents::{Document, DocumentKind};
use amanat_sync::entry::{Change, EntryRef, Header, Kind};
use amanat_sync::wire::parts::PartAt;

use crate::Hub;
use crate::standing::Standing;
use crate::store::{Asker, Item, PartHeld, Place, ReaderId, ServedEntry, Sought, StoreFault};

/// Bytes of a journal that are looked through at a time.
const PAGE: usize = 4 << 20;
/// Envelopes that go in one transaction.
const CHUNK: usize = 4096;

/// What is known of a custodian's journal while it is read from its beginning.
#[derive(Default)]
struct Read {
    /// The chain after each number: what a word names.
    links: Vec<Digest>,
    stand_ins: Vec<StoodIn>,
    /// The slips of the journal, by number: whom a reseal under them is for.
    slips: BTreeMap<u64, Vec<ReaderId>>,
    /// The entry before, where it has attachments.
    before: Option<(Digest, Header)>,
}

/// A stand-in that holds something in the place of something.
struct StoodIn {
    seq: u64,
    /// The roster under which it was made.
    roster: u64,
    hash: Digest,
    at: Doomed,
    target: Doomed,
    replaces: Option<Digest>,
    readers: Vec<ReaderId>,
    reseal: Option<Box<Reseal>>,
}

/// A reseal with what stands directly before it, where that may hold attachments for it.
struct Reseal {
    header: Header,
    before: Option<(Digest, Header)>,
}

/// The journals held here, with their heads.
type Heads = BTreeMap<Place, Head>;

/// Entries that a journal is looked through for; fewer are looked up one by one.
const FEW: usize = 16;

/// What the store says of entries that reseals stand in for: by hash, whether they list attachments. What is not held is not in it.
type Listing = BTreeMap<Digest, bool>;

/// How far the words of readers have been followed since the hub was started.
#[derive(Debug, Default)]
pub(crate) struct Settled {
    /// By what each word is about.
    words: BTreeMap<Digest, Followed>,
    /// Reseals whose attachments are not all here yet: by journal the lowest number.
    waiting: BTreeMap<Place, u64>,
}

impl Settled {
    /// The store may hold other things by now: everything is looked at again.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Up to which number a word has been followed; none where it says nothing new.
    fn past(&self, word: &RotationWord) -> Option<u64> {
        self.words.get(&word.about()).copied().unwrap_or_default().past(word)
    }

    /// The journals of which words say something new.
    fn places(&self, words: &[RotationWord]) -> BTreeSet<Place> {
        words.iter().filter(|word| self.past(word).is_some()).map(|word| (word.device, word.journal)).collect()
    }

    /// What words say of these journals from a number on counts as not followed yet.
    fn look_again(&mut self, words: &[RotationWord], came: &BTreeMap<Place, u64>) {
        for word in words {
            let followed = self.words.entry(word.about()).or_default();
            if let Some(lowest) = came.get(&(word.device, word.journal)).filter(|lowest| **lowest <= followed.last) {
                let last = lowest.saturating_sub(1);
                *followed = Followed { last, excepted: word.excepted_up_to(last).max(followed.excepted) };
            }
        }
    }
}

impl Hub {
    /// Lets go of what confirmed stand-ins replaced, as far as that has not been done since the hub was started. `came` are stand-ins that
    /// came just now, by journal the lowest number: a restored hub may have held the word on them before.
    ///
    /// # Errors
    /// [`StoreFault`]; what is due then stays due.
    pub(crate) async fn drop_replaced(&self, came: &BTreeMap<Place, u64>) -> Result<(), StoreFault> {
        let filed = self.store.documents(DocumentKind::RotationCertificate, 0, usize::MAX).await?;
        // Of the words of one reader on one journal the last says all that the earlier ones said.
        let newest: BTreeMap<Digest, &Document> = filed.iter().map(|document| (document.about, document)).collect();
        let words: Vec<RotationWord> = newest.values().filter_map(|document| read_word(&document.bytes)).collect();
        let mut settled = self.settled.lock().await;
        settled.look_again(&words, came);
        let places = settled.places(&words);
        // What waited in a journal that is read now is judged with the rest.
        let waited = settled.waiting.extract_if(.., |place, _| places.contains(place)).collect();
        settled.look_again(&words, &waited);
        let past = |word: &RotationWord| settled.past(word);
        if places.is_empty() {
            return Ok(());
        }
        let standing = self.standing();
        let heads = self.store.ledger().await?.heads;
        let (mut gone, mut known): (BTreeSet<Doomed>, BTreeMap<Digest, StoodIn>) = Default::default();
        let (mut older, mut done): (Vec<Digest>, Vec<(Digest, Followed)>) = Default::default();
        let mut waiting: BTreeMap<Place, u64> = BTreeMap::new();
        for place in places.iter().copied() {
            let read = self.read_journal(&standing, &heads, place).await?;
            let about = words.iter().filter(|word| (word.device, word.journal) == place);
            let mut opened: BTreeMap<u64, &StoodIn> = BTreeMap::new();
            for word in about.filter(|word| holds(word, &read.links)) {
                let Some(past) = past(word) else { continue };
                done.push((word.about(), Followed::of(word)));
                let speaker = standing.readers(&word.by);
                let named = |it: &&StoodIn| {
                    let may = standing.stood_in(&place.0, it.roster, &it.target.device);
                    may && it.readers.iter().any(|reader| speaker.contains(reader))
                };
                let spoken_of = read.stand_ins.iter().filter(|it| it.seq > past && word.opens(it.seq));
                opened.extend(spoken_of.filter(named).map(|it| (it.seq, it)));
            }
            let listing = self.listing(&standing, &heads, opened.values().copied()).await?;
            for (seq, stand_in) in opened {
                if self.holds_anew(&standing, &heads, stand_in, &listing).await? {
                    gone.insert(stand_in.target);
                    older.extend(stand_in.replaces);
                } else {
                    waiting.entry(place).or_insert(seq);
                }
            }
            known.extend(read.stand_ins.into_iter().map(|stand_in| (stand_in.hash, stand_in)));
        }
        // What they replace may stand in another custodian's journal, of which nobody has said anything new.
        if older.iter().any(|hash| !known.contains_key(hash)) {
            for place in words.iter().map(|word| (word.device, word.journal)).filter(|place| !places.contains(place)) {
                let read = self.read_journal(&standing, &heads, place).await?;
                known.extend(read.stand_ins.into_iter().map(|stand_in| (stand_in.hash, stand_in)));
            }
        }
        for older in older.iter().filter_map(|hash| known.get(hash)) {
            gone.insert(older.at);
            gone.extend(self.carrier(&standing, &heads, older).await?.map(|(hash, header)| doomed(header.at(), *hash)));
        }
        let gone: Vec<Doomed> = gone.into_iter().collect();
        for chunk in gone.chunks(CHUNK) {
            self.store.erase(chunk.to_vec()).await?;
        }
        settled.words.extend(done);
        settled.waiting.append(&mut waiting);
        drop(settled);
        if !gone.is_empty() {
            self.swept().await?;
            tracing::info!(entries = gone.len(), "older envelopes are gone: a second reader has opened the new ones");
        }
        Ok(())
    }

    /// The entry that holds the attachments of what a reseal stands in for, sealed again; none where it has none, or nothing fits.
    async fn carrier<'s>(
        &self,
        standing: &Standing,
        heads: &Heads,
        stand_in: &'s StoodIn,
    ) -> Result<Option<&'s (Digest, Header)>, StoreFault> {
        let Some(reseal) = &stand_in.reseal else { return Ok(None) };
        let Some(before) = &reseal.before else { return Ok(None) };
        let target = self.header_of(standing, heads, &stand_in.target).await?;
        Ok(target.is_some_and(|target| before.1.carries(&reseal.header, &target)).then_some(before))
    }

    /// As [`Hub::drop_replaced`], for attachments that came whole just now: what was sealed again may have waited for them.
    ///
    /// # Errors
    /// As there.
    pub(crate) async fn drop_that_waited(&self, places: impl Iterator<Item = Place>) -> Result<(), StoreFault> {
        let waiting = self.settled.lock().await.waiting.clone();
        let came: BTreeMap<Place, u64> = places.filter_map(|place| Some((place, *waiting.get(&place)?))).collect();
        if came.is_empty() { Ok(()) } else { self.drop_replaced(&came).await }
    }

    /// Whether what a stand-in replaces leaves nothing behind that is not here anew: it has no attachments, or each of them is held sealed again.
    async fn holds_anew(
        &self,
        standing: &Standing,
        heads: &Heads,
        stand_in: &StoodIn,
        listing: &Listing,
    ) -> Result<bool, StoreFault> {
        let Some(reseal) = &stand_in.reseal else { return Ok(true) };
        match listing.get(&stand_in.target.hash) {
            Some(false) => return Ok(true),
            Some(true) => {}
            // What is not here lists nothing that could go; but where attachments stand before its reseal, it is waited for.
            None => return Ok(reseal.before.is_none()),
        }
        let Some((_, carrier)) = self.carrier(standing, heads, stand_in).await? else { return Ok(false) };
        let author = Asker { device: carrier.device, readers: Vec::new() };
        let at = carrier.at();
        let asked = carrier.parts.iter().map(|part| PartAt { entry: at, digest: part.digest }).collect();
        let books = self.store.parts(author, asked).await?;
        Ok(books.iter().all(|book| book.is_some_and(|book| book.state == PartHeld::Held)))
    }

    /// Which of the entries that these reseals stand in for list attachments. A journal of many is read once, from the first of them to the last.
    async fn listing<'s>(
        &self,
        standing: &Standing,
        heads: &Heads,
        stand_ins: impl Iterator<Item = &'s StoodIn>,
    ) -> Result<Listing, StoreFault> {
        let mut targets: BTreeMap<Place, BTreeMap<u64, Doomed>> = BTreeMap::new();
        for target in stand_ins.filter(|it| it.reseal.is_some()).map(|it| it.target) {
            targets.entry((target.device, target.journal)).or_default().insert(target.seq, target);
        }
        let mut listing = Listing::new();
        for (place, targets) in targets {
            if targets.len() < FEW {
                for target in targets.values() {
                    let header = self.header_of(standing, heads, target).await?;
                    listing.extend(header.map(|header| (target.hash, !header.parts.is_empty())));
                }
                continue;
            }
            let (Some((first, _)), Some((last, _))) = (targets.first_key_value(), targets.last_key_value()) else {
                continue;
            };
            let mut held = first.saturating_sub(1);
            while held < *last {
                let page = self.store.page(sought(standing, heads, (place, held), PAGE)).await?;
                let Some(piece) = page.pieces.into_iter().find(|it| it.place == place && !it.items.is_empty()) else {
                    break;
                };
                for (seq, item) in (piece.first..).zip(piece.items) {
                    held = seq;
                    let Item::Entry(entry) = item else { continue };
                    if targets.get(&seq).is_some_and(|target| target.hash == entry.hash) {
                        let header = Header::decode(&entry.header).ok();
                        listing.extend(header.map(|header| (entry.hash, !header.parts.is_empty())));
                    }
                }
            }
        }
        Ok(listing)
    }

    /// The header of an entry that is held here.
    async fn header_of(&self, standing: &Standing, heads: &Heads, at: &Doomed) -> Result<Option<Header>, StoreFault> {
        let place = (at.device, at.journal);
        let sought = sought(standing, heads, (place, at.seq.saturating_sub(1)), 1);
        let page = self.store.page(sought).await?;
        let first = page.pieces.into_iter().find(|piece| piece.place == place && piece.first == at.seq);
        Ok(first.and_then(|piece| match piece.items.into_iter().next()? {
            Item::Entry(entry) if entry.hash == at.hash => Header::decode(&entry.header).ok(),
            _ => None,
        }))
    }

    async fn read_journal(&self, standing: &Standing, heads: &Heads, place: Place) -> Result<Read, StoreFault> {
        let mut read = Read::default();
        let mut link = chain::link0(&standing.agency, &place.0, &place.1);
        loop {
            let held = u64::try_from(read.links.len()).unwrap_or(u64::MAX);
            let page = self.store.page(sought(standing, heads, (place, held), PAGE)).await?;
            let Some(piece) = page.pieces.into_iter().find(|piece| piece.place == place) else { return Ok(read) };
            if piece.first != held.saturating_add(1) || piece.items.is_empty() {
                return Ok(read);
            }
            for item in piece.items {
                let Item::Entry(entry) = item else { return Ok(read) };
                link = chain::link(&link, &entry.hash);
                read.links.push(link);
                read.take(&entry);
            }
        }
    }
}

/// What follows a number of a journal. A device is served its own journals whole, so that nothing is elided; the others it holds already.
fn sought(standing: &Standing, heads: &Heads, (place, held): (Place, u64), bytes: usize) -> Sought {
    let own = heads.iter().filter(|((device, _), _)| *device == place.0);
    Sought {
        agency: standing.agency,
        device: place.0,
        readers: Vec::new(),
        held: own.map(|(at, head)| (*at, if *at == place { held } else { head.seq })).collect(),
        again: Vec::new(),
        bytes,
    }
}

fn doomed(at: EntryRef, hash: Digest) -> Doomed {
    Doomed { device: at.device, journal: at.journal, seq: at.seq, hash }
}

impl Read {
    fn take(&mut self, entry: &ServedEntry) {
        let before = self.before.take();
        let Ok(header) = Header::decode(&entry.header) else { return };
        if !header.parts.is_empty() && entry.envelope.as_ref().is_some_and(|it| !it.is_empty()) {
            self.before = Some((entry.hash, header.clone()));
        }
        let readers = || header.audience.iter().map(|reader| *reader.id.as_bytes()).collect::<Vec<_>>();
        if header.kind == Kind::Slip {
            self.slips.insert(header.seq, readers());
        }
        let Some(target) = header.target.filter(|_| entry.envelope.as_ref().is_some_and(|it| !it.is_empty())) else {
            return;
        };
        let readers = match target.change {
            Change::Rewrap => readers(),
            Change::Reseal => self.slips.get(&header.key).cloned().unwrap_or_default(),
            Change::Erasure => return,
        };
        self.stand_ins.push(StoodIn {
            seq: header.seq,
            roster: header.roster.version,
            hash: entry.hash,
            at: doomed(header.at(), entry.hash),
            target: doomed(target.entry, target.hash),
            replaces: target.replaces,
            readers,
            reseal: (target.change == Change::Reseal).then(|| Box::new(Reseal { header, before })),
        });
    }
}

/// Whether a word speaks of the history that is held here.
fn holds(word: &RotationWord, links: &[Digest]) -> bool {
    let at = usize::try_from(word.last.saturating_sub(1)).unwrap_or(usize::MAX);
    links.get(at) == Some(&word.link)
}

/// What a proven word says; those that only tell how far a rotation has come let nothing go.
fn read_word(bytes: &[u8]) -> Option<RotationWord> {
    let statement = Statement::from_bytes(bytes).ok()?;
    let word: RotationWord = canonical::decode(statement.payload()).ok()?;
    matches!(word.said, Said::Opened { .. }).then_some(word)
}
