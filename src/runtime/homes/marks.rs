//! The home's own small rows (shelf *marks*): the roster it trusts and unit keys that came after the vault was written.

use amanat_keys::{
    canonical,
    error::KeysError,
    fingerprint::{AgencyId, CaseId, DeviceId, Digest, JournalId, UnitId},
    next_keys::NextKeys,
    recipient::ReadIdentity,
    rotation::{Followed, RotationWord},
    trust::Trust,
    vault::HeldUnit,
};
use amanat_sync::{
    entry::EntryRef,
    error::SyncError,
    journal::{Shelf, ShelfRow, SqliteJournal},
    receipt::{ListedHead, heads_list, listed_heads},
    signature::Nonce,
};
use minicbor::{Decode, Decoder, Encode, Encoder, decode, encode};
use zeroize::Zeroizing;

use super::belonging::First;
use crate::{
    failure::Failure,
    runtime::{
        entries::parallel,
        erasure::{heard::Heard, retention::DAY_MS},
        fault,
        roster::sheets::Laid,
    },
};

const TRUST: &[u8] = b"trust";
const UNIT: &[u8] = b"unit/";
const AGAIN: &[u8] = b"again/";
const FIRST: &[u8] = b"first/";
/// Above all of those: `0` follows `/`.
const FIRST_ENDS: &[u8] = b"first0";
/// Above every row: names are ASCII.
const ABOVE: &[u8] = &[0xFF];
const ERASED: &[u8] = b"erased/";
const NONCES: &[u8] = b"nonces";
const LISTED: &[u8] = b"listed";
const ROTATION: &[u8] = b"rotation/";
const RESEAL: &[u8] = b"reseal/";
const REPLACED: &[u8] = b"replaced/";
const ASIDE: &[u8] = b"aside/";
const HANDED_IN: &[u8] = b"handed-in/";
const LET_IN: &[u8] = b"let-in";
const WITHDRAWN: &[u8] = b"withdrawn/";
const READ_BY: &[u8] = b"read-by/";
const OPENS: &[u8] = b"opens/";
/// The row of the keys that this device has asked for.
pub(in crate::runtime) const NEXT_KEYS: &[u8] = b"next-keys";
/// The row of sheets that lie in a folder.
pub(in crate::runtime) const SHEETS: &[u8] = b"sheets";

/// One row.
pub(in crate::runtime) enum Mark<'a> {
    /// The adopted roster.
    Trust(&'a Trust),
    /// A unit's identity, got from another reader.
    Unit(&'a HeldUnit),
    /// Up to where the entries of a forked journal have been kept again in the one that goes on.
    Again(&'a JournalId, u64),
    /// The slip with which a case began for this device.
    First(&'a First),
    /// The hub's time, in Unix milliseconds, when the first entry of an order was erased here.
    Erased(&'a Digest, i64),
    /// What the hub gave for the next requests: the first of the next program then needs no answer before it.
    Nonces(&'a [Nonce]),
    /// Every journal's head as the hub listed it last, for an admin who revokes a device.
    Listed(&'a [ListedHead]),
    /// A unit's identity that this device offers for a rotation, before a roster names it.
    Offered(&'a HeldUnit),
    /// How far the rotation of a unit's key has come here.
    Rotation(&'a UnitId, Vec<u8>),
    /// How far sealing a case again has come.
    Reseal(&'a CaseId, Vec<u8>),
    /// Up to where what one reader's word confirms, by what that is about, has let older envelopes go here; and how many it excepted.
    Replaced(&'a Digest, Followed),
    /// This device's time, in Unix milliseconds, when an entry was set aside.
    Aside(&'a Digest, i64),
    /// Sheets of a recovery key, until it is said what became of them.
    Sheets(&'a Laid),
    /// The keys that this device has asked for.
    NextKeys(&'a NextKeys),
    /// A case that was handed in, and whether nothing that opens it is left here.
    HandedIn(&'a CaseId, bool),
    /// Up to which shared case slips have been looked through under a version of the roster.
    LetIn(u64, Option<&'a CaseId>),
    /// An offer from another agency that this agency has taken back.
    Withdrawn(&'a Digest, &'a AgencyId, &'a UnitId),
    /// That headquarters has opened an own journal up to a place, as this device heard at this hub time. One a day of each reader and journal.
    ReadBy(&'a RotationWord, i64),
    /// The same where an entry said so.
    Opens(&'a Heard, i64),
}

impl Mark<'_> {
    /// As the shelf takes it.
    pub(in crate::runtime) fn row(&self) -> ShelfRow {
        let (key, plain) = match self {
            Self::Trust(trust) => (TRUST.to_vec(), trust.to_bytes()),
            Self::First(first) => first_row(first),
            Self::Erased(order, ms) => ([ERASED, order.as_bytes()].concat(), ms.to_be_bytes().to_vec()),
            Self::Listed(heads) => (LISTED.to_vec(), heads_list(heads.to_vec())),
            Self::Aside(entry, ms) => ([ASIDE, entry.as_bytes()].concat(), ms.to_be_bytes().to_vec()),
            Self::NextKeys(next) => (NEXT_KEYS.to_vec(), next.to_bytes().to_vec()),
            Self::Sheets(laid) => (SHEETS.to_vec(), laid.row()),
            Self::HandedIn(case, done) => ([HANDED_IN, case.as_bytes()].concat(), vec![u8::from(*done)]),
            Self::LetIn(roster, case) => {
                let case = case.map_or(&[][..], |case| case.as_bytes());
                (LET_IN.to_vec(), [&roster.to_be_bytes(), case].concat())
            }
            Self::Withdrawn(offer, agency, unit) => (withdrawn_key(offer, agency, unit), Vec::new()),
            Self::ReadBy(word, ms) => {
                let row = [&ms.to_be_bytes()[..], &canonical::encode(*word)].concat();
                (of_a_day(READ_BY, &word.by, &word.journal, *ms), row)
            }
            Self::Opens(heard, ms) => {
                let Heard { reader, journal, last } = heard;
                let row = [&ms.to_be_bytes()[..], &last.to_be_bytes(), journal.as_bytes(), reader.as_bytes()];
                (of_a_day(OPENS, reader, journal, *ms), row.concat())
            }
            Self::Nonces(nonces) => (NONCES.to_vec(), nonces.concat()),
            Self::Again(journal, seq) => ([AGAIN, journal.as_bytes()].concat(), seq.to_be_bytes().to_vec()),
            Self::Unit(held) => {
                // 5 + 32 + 8 bytes, within the 64 that a row key may have.
                ([UNIT, held.unit.as_bytes().as_slice(), &held.epoch.to_be_bytes()].concat(), stored(held))
            }
            Self::Offered(held) => ([UNIT, held.identity.key_id().as_bytes()].concat(), stored(held)),
            Self::Rotation(unit, work) => ([ROTATION, unit.as_bytes()].concat(), work.clone()),
            Self::Reseal(case, work) => ([RESEAL, case.as_bytes()].concat(), work.clone()),
            Self::Replaced(about, heard) => {
                let row = [heard.last.to_be_bytes(), heard.excepted.to_be_bytes()].concat();
                ([REPLACED, about.as_bytes()].concat(), row)
            }
        };
        ShelfRow { shelf: Shelf::Marks, key, case: None, key_id: None, plain: Zeroizing::new(plain) }
    }
}

/// All rows but those of [`firsts`], of which there is one for each case.
///
/// # Errors
/// What the journal refuses.
pub(in crate::runtime) fn few(journal: &SqliteJournal) -> Result<Vec<ShelfRow>, SyncError> {
    let mut rows = journal.sealed_shelf(Shelf::Marks, Some(&[]..FIRST))?.open()?;
    rows.extend(journal.sealed_shelf(Shelf::Marks, Some(FIRST_ENDS..ABOVE))?.open()?);
    Ok(rows)
}

/// The adopted roster, if the device has joined.
///
/// # Errors
/// Refused when the row is no roster that its own admins signed.
pub(in crate::runtime) fn trust(rows: &[ShelfRow]) -> Result<Option<Trust>, Failure> {
    let Some(row) = rows.iter().find(|row| row.key == TRUST) else { return Ok(None) };
    let trust = Trust::from_bytes(&row.plain);
    trust.map(Some).map_err(|error: KeysError| fault::keys("reading the adopted roster", &error))
}

/// Every journal's head as the hub listed it last.
pub(in crate::runtime) fn listed(rows: &[ShelfRow]) -> Vec<ListedHead> {
    rows.iter().find(|row| row.key == LISTED).and_then(|row| listed_heads(&row.plain).ok()).unwrap_or_default()
}

fn stored(held: &HeldUnit) -> Vec<u8> {
    canonical::encode(&Stored { unit: held.unit, epoch: held.epoch, identity: held.identity.clone() })
}

/// The unit identities; those that are only offered first, so that the same ones as a roster named them come after them.
pub(in crate::runtime) fn units(rows: &[ShelfRow]) -> Vec<HeldUnit> {
    let rows = rows.iter().filter(|row| row.key.starts_with(UNIT));
    let held = rows.filter_map(|row| canonical::decode::<Stored>(&row.plain).ok()).map(|stored| HeldUnit {
        unit: stored.unit,
        epoch: stored.epoch,
        identity: stored.identity,
    });
    let (mut offered, named): (Vec<_>, Vec<_>) = held.partition(|held| held.unit.is_zero());
    offered.extend(named);
    offered
}

/// How far rotations have come, by unit.
pub(in crate::runtime) fn rotations(rows: &[ShelfRow]) -> impl Iterator<Item = (UnitId, &[u8])> {
    rows.iter().filter_map(|row| Some((UnitId::from_slice(row.key.strip_prefix(ROTATION)?)?, row.plain.as_slice())))
}

/// How far sealing a case again has come.
pub(in crate::runtime) fn reseal<'a>(rows: &'a [ShelfRow], case: &CaseId) -> Option<&'a [u8]> {
    let key = [RESEAL, case.as_bytes()].concat();
    rows.iter().find(|row| row.key == key).map(|row| row.plain.as_slice())
}

/// What the stand-ins that a word is about have let go here.
pub(in crate::runtime) fn replaced(rows: &[ShelfRow], about: &Digest) -> Followed {
    let key = [REPLACED, about.as_bytes()].concat();
    let row = rows.iter().find(|row| row.key == key).and_then(|row| row.plain.split_first_chunk::<8>());
    row.map_or_else(Followed::default, |(last, excepted)| Followed {
        last: u64::from_be_bytes(*last),
        // A row of a version that kept the place alone: the next look is at all of it.
        excepted: excepted.try_into().map_or(u64::MAX, u64::from_be_bytes),
    })
}

/// Up to where a forked journal has been kept again; 0 where it has not.
pub(in crate::runtime) fn again(rows: &[ShelfRow], journal: &JournalId) -> u64 {
    let key = [AGAIN, journal.as_bytes()].concat();
    let row = rows.iter().find(|row| row.key == key);
    row.and_then(|row| row.plain.as_slice().try_into().ok()).map_or(0, u64::from_be_bytes)
}

/// What the hub gave for the next requests, oldest first.
pub(in crate::runtime) fn nonces(rows: &[ShelfRow]) -> Vec<Nonce> {
    let row = rows.iter().find(|row| row.key == NONCES);
    row.map(|row| row.plain.as_chunks().0.to_vec()).unwrap_or_default()
}

/// The keys that this device has asked for.
pub(in crate::runtime) fn next_keys(rows: &[ShelfRow]) -> Option<NextKeys> {
    rows.iter().find(|row| row.key == NEXT_KEYS).and_then(|row| NextKeys::from_bytes(&row.plain).ok())
}

/// Sheets that lie in a folder.
pub(in crate::runtime) fn sheets(rows: &[ShelfRow]) -> Option<&[u8]> {
    rows.iter().find(|row| row.key == SHEETS).map(|row| row.plain.as_slice())
}

/// Cases that were handed in, and whether nothing that opens them is left here.
pub(in crate::runtime) fn handed_in(rows: &[ShelfRow]) -> impl Iterator<Item = (CaseId, bool)> {
    rows.iter().filter_map(|row| {
        let case = CaseId::from_slice(row.key.strip_prefix(HANDED_IN)?)?;
        Some((case, row.plain.first() == Some(&1)))
    })
}

/// The version of the roster under which shared cases have been looked through, and the last of them.
pub(in crate::runtime) fn let_in(rows: &[ShelfRow]) -> Option<(u64, Option<CaseId>)> {
    let row = rows.iter().find(|row| row.key == LET_IN)?;
    let (roster, case) = row.plain.split_first_chunk()?;
    Some((u64::from_be_bytes(*roster), CaseId::from_slice(case)))
}

/// Whether this unit of this agency has taken an offer back: what another one says of it counts for nothing.
pub(in crate::runtime) fn withdrawn(rows: &[ShelfRow], offer: &Digest, agency: &AgencyId, unit: &UnitId) -> bool {
    let key = withdrawn_key(offer, agency, unit);
    rows.iter().any(|row| row.key == key)
}

fn withdrawn_key(offer: &Digest, agency: &AgencyId, unit: &UnitId) -> Vec<u8> {
    let named = Digest::tagged("offer-withdrawn", &[offer.as_bytes(), agency.as_bytes(), unit.as_bytes()]);
    [WITHDRAWN, named.as_bytes()].concat()
}

/// When orders were carried out here.
pub(in crate::runtime) fn erased(rows: &[ShelfRow]) -> impl Iterator<Item = (Digest, i64)> + use<'_> {
    times(rows, ERASED)
}

/// Words of readers at headquarters on own journals, and the hub time at which this device heard each.
pub(in crate::runtime) fn read_by(rows: &[ShelfRow]) -> impl Iterator<Item = (RotationWord, i64)> {
    rows.iter().filter(|row| row.key.starts_with(READ_BY)).filter_map(|row| {
        let (ms, word) = row.plain.split_first_chunk()?;
        Some((canonical::decode(word).ok()?, i64::from_be_bytes(*ms)))
    })
}

/// How far own journals open by entries of readers at headquarters, and the hub time at which this device heard each.
pub(in crate::runtime) fn opens(rows: &[ShelfRow]) -> impl Iterator<Item = (Heard, i64)> {
    rows.iter().filter(|row| row.key.starts_with(OPENS)).filter_map(|row| {
        let (ms, rest) = row.plain.split_first_chunk()?;
        let (last, rest) = rest.split_first_chunk()?;
        let (journal, reader) = rest.split_first_chunk()?;
        let (journal, reader) = (JournalId::from_bytes(*journal), DeviceId::from_slice(reader)?);
        Some((Heard { reader, journal, last: u64::from_be_bytes(*last) }, i64::from_be_bytes(*ms)))
    })
}

/// At most 8 + 16 + 16 + 8 bytes: one half of a device's id tells readers of one agency apart.
fn of_a_day(what: &[u8], reader: &DeviceId, journal: &JournalId, ms: i64) -> Vec<u8> {
    let by = reader.as_bytes().first_chunk::<16>().map_or(&[][..], |half| half);
    [what, by, journal.as_bytes(), &(ms / DAY_MS).to_be_bytes()].concat()
}

/// When entries were set aside here.
pub(in crate::runtime) fn asides(rows: &[ShelfRow]) -> Vec<(Digest, i64)> {
    times(rows, ASIDE).collect()
}

fn times<'a>(rows: &'a [ShelfRow], under: &'static [u8]) -> impl Iterator<Item = (Digest, i64)> + use<'a> {
    rows.iter().filter_map(move |row| {
        let of = Digest::from_slice(row.key.strip_prefix(under)?)?;
        Some((of, i64::from_be_bytes(row.plain.as_slice().try_into().ok()?)))
    })
}

/// Under the slip's place (6 + 32 + 16 + 8 bytes), which its own row shows as well; the case and its readers are sealed.
fn first_row(first: &First) -> (Vec<u8>, Vec<u8>) {
    let EntryRef { device, journal, seq } = &first.at;
    let key = [FIRST, device.as_bytes(), journal.as_bytes(), &seq.to_be_bytes()].concat();
    let audience = first.audience.iter().flat_map(|id| id.as_bytes().iter().copied());
    (key, first.case.as_bytes().iter().copied().chain(audience).collect())
}

/// The slips with which cases began, opened on all cores.
///
/// # Errors
/// What the journal refuses.
pub(in crate::runtime) fn firsts(journal: &SqliteJournal) -> Result<Vec<First>, SyncError> {
    let sealed = journal.sealed_shelf(Shelf::Marks, Some(FIRST..FIRST_ENDS))?;
    parallel::opened(sealed, |row| read_first(row.key.strip_prefix(FIRST)?, &row.plain))
}

fn read_first(place: &[u8], plain: &[u8]) -> Option<First> {
    let (device, place) = place.split_first_chunk()?;
    let (journal, seq) = place.split_first_chunk()?;
    let (case, audience) = plain.split_first_chunk()?;
    let device = DeviceId::from_bytes(*device);
    let at =
        EntryRef { device, journal: JournalId::from_bytes(*journal), seq: u64::from_be_bytes(seq.try_into().ok()?) };
    let (audience, []) = audience.as_chunks() else { return None };
    let audience = audience.iter().map(|id| Digest::from_bytes(*id)).collect();
    Some(First { case: CaseId::from_bytes(*case), at, audience })
}

/// `[1, unit, epoch, identity]`.
struct Stored {
    unit: UnitId,
    epoch: u64,
    identity: ReadIdentity,
}

impl<C> Encode<C> for Stored {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, ctx: &mut C) -> Result<(), encode::Error<W::Error>> {
        e.array(4)?.u8(1)?.encode_with(self.unit, ctx)?.u64(self.epoch)?.encode_with(&self.identity, ctx)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Stored {
    fn decode(d: &mut Decoder<'b>, ctx: &mut C) -> Result<Self, decode::Error> {
        canonical::array(d, 4)?;
        canonical::version(d)?;
        Ok(Self { unit: d.decode_with(ctx)?, epoch: d.u64()?, identity: d.decode_with(ctx)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_among_the_few_or_among_those_of_which_there_is_one_for_each_case() {
        let first = First {
            case: CaseId::from_bytes([0xFF; 16]),
            at: EntryRef {
                device: DeviceId::from_bytes([0xFF; 32]),
                journal: JournalId::from_bytes([0xFF; 16]),
                seq: u64::MAX,
            },
            audience: Vec::new(),
        };
        let (key, _) = first_row(&first);
        assert!(FIRST < &key[..] && &key[..] < FIRST_ENDS);
        let names = [
            TRUST, UNIT, AGAIN, ERASED, NONCES, LISTED, ROTATION, RESEAL, REPLACED, ASIDE, NEXT_KEYS, SHEETS, LET_IN,
            WITHDRAWN, READ_BY, OPENS,
        ];
        for name in names {
            let longest = [name, &[0xFF; 64]].concat();
            assert!(longest.as_slice() < FIRST || name >= FIRST_ENDS, "{name:?} lies among the first slips");
            assert!(longest.as_slice() < ABOVE, "{name:?} is not read");
        }
    }

    #[test]
    fn an_offer_is_withdrawn_by_the_unit_that_made_it_and_by_no_other() {
        let (offer, agency) = (Digest::of(b"offer"), AgencyId::from_bytes([1; 32]));
        let [unit, other] = [1, 2].map(|byte| UnitId::from_bytes([byte; 32]));
        let rows = [Mark::Withdrawn(&offer, &agency, &unit).row()];
        assert!(withdrawn(&rows, &offer, &agency, &unit));
        assert!(!withdrawn(&rows, &offer, &agency, &other));
        assert!(!withdrawn(&rows, &offer, &AgencyId::from_bytes([2; 32]), &unit));
        assert!(!withdrawn(&rows, &Digest::of(b"another"), &agency, &unit));
    }
}
