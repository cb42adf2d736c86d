//! What a supervisor is told of the devices of their units: when each last spoke to the hub, and what it said of itself then.

use amanat_keys::fingerprint::{AgencyId, DeviceId};
use minicbor::decode::Error as Bad;
use minicbor::{Decode, Decoder, Encode, Encoder, encode};

use super::limits;
use super::v1::{begin, take_begin};
use crate::cbor::{array_upto, fixed, list, put_list};

/// What a device says of itself in the query of a push or a pull, which its signature covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SelfReport {
    /// The roster version that it has adopted.
    pub roster: u64,
    /// Own entries that the hub has not signed for.
    pub waiting: u64,
    /// Entries of others that it has set aside.
    pub aside: u64,
    /// Milliseconds since 1970 by its clock; 0 when it says none.
    pub clock: u64,
}

impl SelfReport {
    /// As it stands in the query: `roster=7&waiting=3&aside=0&clock=1795000000000`.
    #[must_use]
    pub fn spelt(&self) -> String {
        let Self { roster, waiting, aside, clock } = self;
        format!("roster={roster}&waiting={waiting}&aside={aside}&clock={clock}")
    }

    /// Reads a query; `None` for anything but the one right spelling.
    #[must_use]
    pub fn read(query: &str) -> Option<Self> {
        let mut words = query.split('&').filter_map(|word| word.split_once('=')?.1.parse().ok());
        let read = Self { roster: words.next()?, waiting: words.next()?, aside: words.next()?, clock: words.next()? };
        (read.spelt() == query).then_some(read)
    }
}

/// Asks for the team.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TeamRequest {
    /// The asker's agency.
    pub agency: AgencyId,
}

/// One device of the caller's units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TeamLine {
    /// The device.
    pub device: DeviceId,
    /// When it last spoke, in milliseconds since 1970 by the hub's clock; 0 for not since the hub was started.
    pub contact: u64,
    /// What it said of itself then, `waiting` less what has arrived of it since.
    pub said: Option<SelfReport>,
}

/// The team as the hub knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TeamReply {
    /// Since when the hub remembers, in milliseconds since 1970: when it was started.
    pub since: u64,
    /// The hub's clock now.
    pub now: u64,
    /// One line for each active device, sorted.
    pub lines: Vec<TeamLine>,
}

type Written<W> = Result<(), encode::Error<<W as encode::Write>::Error>>;

impl<C> Encode<C> for TeamRequest {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _ctx: &mut C) -> Written<W> {
        begin(e, 2)?;
        e.bytes(self.agency.as_bytes())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for TeamRequest {
    fn decode(d: &mut Decoder<'b>, _ctx: &mut C) -> Result<Self, Bad> {
        take_begin(d, 2)?;
        Ok(Self { agency: AgencyId::from_bytes(fixed(d)?) })
    }
}

impl<C> Encode<C> for TeamReply {
    fn encode<W: encode::Write>(&self, e: &mut Encoder<W>, _ctx: &mut C) -> Written<W> {
        begin(e, 4)?;
        e.u64(self.since)?.u64(self.now)?;
        put_list(e, &self.lines, |e, line| {
            e.array(if line.said.is_some() { 6 } else { 2 })?.bytes(line.device.as_bytes())?.u64(line.contact)?;
            match &line.said {
                Some(said) => e.u64(said.roster)?.u64(said.waiting)?.u64(said.aside)?.u64(said.clock)?.ok(),
                None => Ok(()),
            }
        })
    }
}

impl<'b, C> Decode<'b, C> for TeamReply {
    fn decode(d: &mut Decoder<'b>, _ctx: &mut C) -> Result<Self, Bad> {
        take_begin(d, 4)?;
        let (since, now) = (d.u64()?, d.u64()?);
        let lines = list(d, limits::MAX_TEAM, |d| {
            let elements = array_upto(d, 6)?;
            let (device, contact) = (DeviceId::from_bytes(fixed(d)?), d.u64()?);
            let said = match elements {
                2 => None,
                6 => Some(SelfReport { roster: d.u64()?, waiting: d.u64()?, aside: d.u64()?, clock: d.u64()? }),
                _ => return Err(Bad::message("line of a team")),
            };
            Ok(TeamLine { device, contact, said })
        })?;
        if lines.is_sorted_by(|a, b| a.device < b.device) {
            Ok(Self { since, now, lines })
        } else {
            Err(Bad::message("team not sorted"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_has_one_spelling() {
        let report = SelfReport { roster: 7, waiting: 3, aside: 0, clock: 1_795_000_000_000 };
        assert_eq!(SelfReport::read(&report.spelt()), Some(report));
        for wrong in [
            "",
            "roster=7",
            "roster=07&waiting=3&aside=0&clock=1",
            "waiting=3&roster=7&aside=0&clock=1",
            "roster=7&waiting=3&aside=0&clock=1&more=2",
            "roster=7&waiting=-3&aside=0&clock=1",
            "roster=7&waiting=3&aside=0&clock=18446744073709551616",
        ] {
            assert_eq!(SelfReport::read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_team_goes_over_the_wire_and_comes_back() {
        let said = Some(SelfReport { roster: 7, waiting: 3, aside: 1, clock: 0 });
        let line = |n, said| TeamLine { device: DeviceId::from_bytes([n; 32]), contact: u64::from(n), said };
        let reply = TeamReply { since: 1, now: 9, lines: vec![line(1, said), line(2, None)] };
        assert_eq!(TeamReply::from_bytes(&reply.to_bytes()).unwrap(), reply);
        let unsorted = TeamReply { lines: vec![line(2, None), line(1, None)], ..reply };
        assert!(TeamReply::from_bytes(&unsorted.to_bytes()).is_err());
        let request = TeamRequest { agency: AgencyId::from_bytes([4; 32]) };
        assert_eq!(TeamRequest::from_bytes(&request.to_bytes()).unwrap(), request);
    }
}
