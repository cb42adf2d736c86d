//! Signed words on a rotation (FORMATS sections 4 and 5): that a second reader has opened what was put in the place of older
//! envelopes, and that a unit's slips have been rewrapped, with the devices that have not heard of it yet.
//!
//! A third says what sealing a case again has come to, with what stays under its older key; a fourth that a device has let older ones go.
//!
//! A word covers a whole journal up to a place and names its link there, so that it weighs the same for one stand-in and for a
//! hundred thousand, and means that history and no other. By the first of these words the hub and every device let the older
//! envelopes go; whoever made the stand-ins cannot say it, so that one stolen key destroys nothing.

use minicbor::decode::Error;
use minicbor::encode::Write;
use minicbor::{Decode, Decoder, Encode, Encoder};

use crate::canonical::{self, strictly_rising};
use crate::device::Signer;
use crate::error::{Forgery, KeysError};
use crate::fingerprint::{AgencyId, CaseId, DeviceId, Digest, JournalId, UnitId};
use crate::roster::UnitKind;
use crate::statement::{Purpose, Statement, Verified};
use crate::trust::Trust;

/// Most numbers that one word excepts; more than that opens nothing that could be relied on.
pub const MAX_EXCEPT: usize = 40_000;
/// Most devices that a certificate names.
const MAX_DEVICES: u64 = 20_000;
/// Most entries that a certificate names as left under their older key: a case has some hundreds of entries in all.
pub const MAX_LEFT: usize = 40_000;

/// Why an entry stays under its older key when its case is sealed again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LeftOut {
    /// It does not open where the case was sealed again.
    Shut,
    /// Another custodian must.
    Others,
    /// It has attachments.
    Attached,
}

impl LeftOut {
    const fn number(self) -> u8 {
        match self {
            Self::Shut => 0,
            Self::Others => 1,
            Self::Attached => 2,
        }
    }
}

/// How a certificate names a case: whoever does not know the case learns nothing of which one it is.
#[must_use]
pub fn resealed_case(agency: &AgencyId, case: &CaseId) -> Digest {
    Digest::tagged("resealed-case", &[agency.as_bytes(), case.as_bytes()])
}

/// What is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// Every stand-in of the journal up to the place that is for the speaker's keys opens, but for these numbers.
    Opened {
        /// Rising.
        except: Vec<u64>,
    },
    /// The slips of a unit have been rewrapped, by stand-ins that stand in the speaker's own journal up to the place.
    Rewrapped {
        /// The unit.
        unit: UnitId,
        /// Which of its keys they were rewrapped to.
        epoch: u64,
        /// How many slips.
        slips: u64,
        /// How many could not be, because they do not open or another custodian must.
        left: u64,
        /// Active devices of the unit whose newest entry was sealed under an older roster, or that have none: rising. What they seal to
        /// the old key meanwhile is rewrapped when it comes.
        stragglers: Vec<DeviceId>,
    },
    /// Everything of the journal up to the place that is for headquarters has been opened there, but for these numbers. Said to an author
    /// whose device is in no audience and has to hear of it all the same (`DESIGN.md` section 5, write-only mode). Nothing is let go of by it
    /// but what the author's own device has kept long enough.
    Read {
        /// Rising.
        except: Vec<u64>,
    },
    /// A case has been sealed again, by reseals that stand in the speaker's own journal from one number up to the place. It lets nothing go:
    /// that takes another's *opened*.
    Resealed {
        /// Which, as [`resealed_case`] names it.
        case: Digest,
        /// The first number that belongs to it.
        from: u64,
        /// How many entries have a reseal among them.
        entries: u64,
        /// Entries of the case that stay under their older key, by the hashes of their headers, rising; and why.
        left: Vec<(Digest, LeftOut)>,
        /// Active devices that have slips of their own in the case, rising: what they seal from then on may lie under these.
        stragglers: Vec<DeviceId>,
    },
    /// The speaker holds nothing any more that the journal's stand-ins up to the place replaced, but what these numbers replaced. Said by devices
    /// that read for nobody and could vouch for no stand-in: an audit counts them among those that may hold older envelopes until they do.
    LetGo {
        /// Rising.
        except: Vec<u64>,
    },
}

/// `[1, agency, speaker, serial, device, journal, last, link, said]`, signed by the speaker's device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RotationWord {
    /// The agency.
    pub agency: AgencyId,
    /// The device that speaks.
    pub by: DeviceId,
    /// A later word of the same speaker about the same thing has a higher one.
    pub serial: u64,
    /// Whose journal holds the stand-ins.
    pub device: DeviceId,
    /// That journal.
    pub journal: JournalId,
    /// Up to which number.
    pub last: u64,
    /// The link there.
    pub link: Digest,
    /// What.
    pub said: Said,
}

impl RotationWord {
    /// Signed by the speaker.
    pub fn sign(&self, signer: &Signer) -> Statement {
        Statement::signed_by(Purpose::RotationCertificate, &self.agency, canonical::encode(self), signer)
    }

    /// From wire bytes: signed by the active device that it names as its speaker, who is another one than made the stand-ins
    /// where they are said to open, and the very one where they are said to be made; for a journal that was read, one that reads for
    /// headquarters.
    ///
    /// # Errors
    /// *Malformed*; [`Forgery::NoAuthority`]; [`Forgery::Signature`]; [`Forgery::OtherAgency`].
    pub fn verify(bytes: &[u8], trust: &Trust) -> Result<Verified<Self>, KeysError> {
        let unverified = Statement::from_bytes(bytes)?.expect::<Self>(Purpose::RotationCertificate)?;
        let claimed = unverified.peek()?;
        let may = match &claimed.said {
            Said::Opened { .. } | Said::LetGo { .. } => claimed.by != claimed.device,
            Said::Read { .. } => {
                let roster = trust.roster();
                let reader = roster.device(&claimed.by).zip(roster.unit_of_kind(UnitKind::Headquarters));
                claimed.by != claimed.device && reader.is_some_and(|(device, hq)| roster.reads_for(device, &hq.id))
            }
            Said::Rewrapped { unit, .. } => {
                claimed.by == claimed.device && trust.roster().may_stand_in(&claimed.by, unit)
            }
            Said::Resealed { .. } => {
                let roster = trust.roster();
                let stands_in = roster.units.iter().any(|unit| roster.may_stand_in(&claimed.by, &unit.id));
                claimed.by == claimed.device && stands_in
            }
        };
        let verified = trust.spoken(&unverified, |device| may && device.id == claimed.by)?;
        if verified.value().agency != trust.agency() {
            return Err(Forgery::OtherAgency.into());
        }
        Ok(verified)
    }

    /// What it is about: of two words about one thing that with the higher serial is newer.
    pub fn about(&self) -> Digest {
        match &self.said {
            Said::Opened { .. } => Digest::tagged(
                "rotation-opened",
                &[self.by.as_bytes(), self.device.as_bytes(), self.journal.as_bytes()],
            ),
            Said::Read { .. } => {
                Digest::tagged("journal-read", &[self.by.as_bytes(), self.device.as_bytes(), self.journal.as_bytes()])
            }
            Said::Rewrapped { unit, epoch, .. } => {
                Digest::tagged("rotation-rewrapped", &[self.by.as_bytes(), unit.as_bytes(), &epoch.to_be_bytes()])
            }
            Said::LetGo { .. } => {
                Digest::tagged("older-let-go", &[self.by.as_bytes(), self.device.as_bytes(), self.journal.as_bytes()])
            }
            Said::Resealed { case, .. } => Digest::tagged("case-resealed", &[self.by.as_bytes(), case.as_bytes()]),
        }
    }

    /// Whether it says that the stand-in of this number opens; one that was not for the speaker's keys is not meant.
    pub fn opens(&self, seq: u64) -> bool {
        match &self.said {
            Said::Opened { except } => seq <= self.last && except.binary_search(&seq).is_err(),
            Said::Rewrapped { .. } | Said::Read { .. } | Said::Resealed { .. } | Said::LetGo { .. } => false,
        }
    }

    /// How many numbers up to one it excepts. That falls only when the word was said anew, because something opens by now: what it
    /// excepts at or below a place that it has reached once never grows.
    pub fn excepted_up_to(&self, seq: u64) -> u64 {
        match &self.said {
            Said::Opened { except } | Said::Read { except } | Said::LetGo { except } => {
                u64::try_from(except.partition_point(|excepted| *excepted <= seq)).unwrap_or(u64::MAX)
            }
            Said::Rewrapped { .. } | Said::Resealed { .. } => 0,
        }
    }

    /// Whether by it the speaker has what stands there in the place of something older, or has nothing older left.
    pub fn shows(&self, seq: u64) -> bool {
        match &self.said {
            Said::LetGo { except } => seq <= self.last && except.binary_search(&seq).is_err(),
            _ => self.opens(seq),
        }
    }
}

/// How far one reader's word on stand-ins has been followed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Followed {
    /// Up to which number.
    pub last: u64,
    /// How many numbers up to there it excepted.
    pub excepted: u64,
}

impl Followed {
    /// By a word that was followed to its end.
    pub fn of(word: &RotationWord) -> Self {
        Self { last: word.last, excepted: word.excepted_up_to(word.last) }
    }

    /// After which number a word has something to say beside this, if it has: what it excepted before and opens now may stand anywhere.
    pub fn past(&self, word: &RotationWord) -> Option<u64> {
        if word.excepted_up_to(self.last) < self.excepted {
            return Some(0);
        }
        (self.last < word.last).then_some(self.last)
    }
}

impl<C> Encode<C> for RotationWord {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), minicbor::encode::Error<W::Error>> {
        let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        e.array(9)?.u8(1)?.encode(self.agency)?.encode(self.by)?.u64(self.serial)?.encode(self.device)?;
        e.encode(self.journal)?.u64(self.last)?.encode(self.link)?;
        match &self.said {
            Said::Opened { except } | Said::Read { except } | Said::LetGo { except } => {
                let kind = match self.said {
                    Said::Read { .. } => 2,
                    Said::LetGo { .. } => 4,
                    _ => 0,
                };
                e.array(2)?.u8(kind)?.array(count(except.len()))?;
                except.iter().try_for_each(|seq| e.u64(*seq)?.ok())
            }
            Said::Rewrapped { unit, epoch, slips, left, stragglers } => {
                e.array(6)?.u8(1)?.encode(unit)?.u64(*epoch)?.u64(*slips)?.u64(*left)?;
                e.array(count(stragglers.len()))?;
                stragglers.iter().try_for_each(|device| e.encode(device)?.ok())
            }
            Said::Resealed { case, from, entries, left, stragglers } => {
                e.array(6)?.u8(3)?.encode(case)?.u64(*from)?.u64(*entries)?.array(count(left.len()))?;
                left.iter().try_for_each(|(hash, why)| e.array(2)?.encode(hash)?.u8(why.number())?.ok())?;
                e.array(count(stragglers.len()))?;
                stragglers.iter().try_for_each(|device| e.encode(device)?.ok())
            }
        }
    }
}

impl<'b, C> Decode<'b, C> for RotationWord {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, Error> {
        canonical::array(d, 9)?;
        canonical::version(d)?;
        let (agency, by, serial, device) = (d.decode()?, d.decode()?, d.u64()?, d.decode()?);
        let (journal, last, link) = (d.decode()?, d.u64()?, d.decode()?);
        let said = decode_said(d)?;
        if serial == 0 || last == 0 {
            return Err(Error::message("a word on a rotation counts from 1"));
        }
        if matches!(said, Said::Read { .. }) && serial != last {
            return Err(Error::message("a word on a journal that was read is numbered by its last place"));
        }
        if let Said::Opened { except } | Said::Read { except } | Said::LetGo { except } = &said
            && except.iter().any(|seq| *seq == 0 || *seq > last)
        {
            return Err(Error::message("an exception outside of the stretch"));
        }
        if let Said::Resealed { from, entries, .. } = &said
            && (*from == 0 || *from > last || *entries == 0 || *entries > last - from + 1)
        {
            return Err(Error::message("more reseals than the stretch has places"));
        }
        Ok(Self { agency, by, serial, device, journal, last, link, said })
    }
}

fn decode_said(d: &mut Decoder<'_>) -> Result<Said, Error> {
    let elements = d.array()?;
    match (elements, d.u8()?) {
        (Some(2), kind @ (0 | 2 | 4)) => {
            let except = canonical::list(d, u64::try_from(MAX_EXCEPT).unwrap_or(u64::MAX), |d| d.u64())?;
            if !strictly_rising(except.iter().copied()) {
                return Err(Error::message("exceptions unsorted or repeated"));
            }
            Ok(match kind {
                2 => Said::Read { except },
                4 => Said::LetGo { except },
                _ => Said::Opened { except },
            })
        }
        (Some(6), 3) => {
            let (case, from, entries) = (d.decode()?, d.u64()?, d.u64()?);
            let left: Vec<(Digest, LeftOut)> =
                canonical::list(d, u64::try_from(MAX_LEFT).unwrap_or(u64::MAX), left_out)?;
            if !strictly_rising(left.iter().map(|(hash, _)| *hash)) {
                return Err(Error::message("entries unsorted or repeated"));
            }
            Ok(Said::Resealed { case, from, entries, left, stragglers: devices(d)? })
        }
        (Some(6), 1) => {
            let (unit, epoch, slips, left) = (d.decode()?, d.u64()?, d.u64()?, d.u64()?);
            Ok(Said::Rewrapped { unit, epoch, slips, left, stragglers: devices(d)? })
        }
        _ => Err(Error::message("a word on a rotation of another kind")),
    }
}

fn devices(d: &mut Decoder<'_>) -> Result<Vec<DeviceId>, Error> {
    let devices: Vec<DeviceId> = canonical::list(d, MAX_DEVICES, |d| d.decode())?;
    if !strictly_rising(devices.iter().copied()) {
        return Err(Error::message("devices unsorted or repeated"));
    }
    Ok(devices)
}

fn left_out(d: &mut Decoder<'_>) -> Result<(Digest, LeftOut), Error> {
    canonical::array(d, 2)?;
    let hash = d.decode()?;
    let why = match d.u8()? {
        0 => LeftOut::Shut,
        1 => LeftOut::Others,
        2 => LeftOut::Attached,
        _ => return Err(Error::message("left for another reason")),
    };
    Ok((hash, why))
}
