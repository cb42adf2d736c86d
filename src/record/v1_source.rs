//! Where an imported record comes from, what ties one to an older journal, and what is attached, as version 1 reads them.

use std::{borrow::Cow, fmt};

use serde::{
    Deserializer,
    de::{DeserializeSeed, MapAccess, Visitor},
};

use super::v1_read::{Desk, Word, once};
use crate::model::{After, Attached, PartHash, Peer, Source};

/// `["journal", seq, "link"]`.
pub(super) fn after<'de, A: MapAccess<'de>>(desk: &mut Desk<'_>, map: &mut A) -> Result<After, A::Error> {
    let (journal, seq, link): (String, u64, String) = map.next_value()?;
    Ok(After { journal: desk.hex(&journal)?, seq, link: desk.hex(&link)? })
}

/// `["agency", "name", "unit", "offer", "roster", "proof"?]`.
pub(super) fn peer<'de, A: MapAccess<'de>>(desk: &mut Desk<'_>, map: &mut A) -> Result<Peer, A::Error> {
    let listed: Vec<Box<str>> = map.next_value()?;
    let mut listed = listed.into_iter();
    let mut next = || listed.next().ok_or(());
    let read = (|| Ok::<_, ()>([next()?, next()?, next()?, next()?, next()?]))();
    let [agency, name, unit, offer, roster] = read.map_err(|()| desk.wrong("a peer has a gap"))?;
    let (proof, more) = (listed.next(), listed.next());
    if more.is_some() {
        return Err(desk.newer());
    }
    Ok(Peer { agency: desk.hex(&agency)?, name, unit, offer: desk.hex(&offer)?, roster: desk.hex(&roster)?, proof })
}

/// `[["commitment", "media", "name"]…]`.
pub(super) fn parts<'de, A: MapAccess<'de>>(desk: &mut Desk<'_>, map: &mut A) -> Result<Vec<Attached>, A::Error> {
    let listed: Vec<(String, Box<str>, Box<str>)> = map.next_value()?;
    let part = |(commitment, media, name): (String, Box<str>, Box<str>)| {
        let commitment = desk.hex(&commitment)?;
        Ok(Attached { commitment, media, name, digest: PartHash::from_bytes([0; 32]), sealed: 0, size: 0 })
    };
    listed.into_iter().map(part).collect()
}

/// Reads `src`.
pub(super) struct SourceSeed<'d, 'i>(pub(super) &'d mut Desk<'i>);

impl<'de> DeserializeSeed<'de> for SourceSeed<'_, '_> {
    type Value = Source;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Source, D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for SourceSeed<'_, '_> {
    type Value = Source;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a source")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Source, A::Error> {
        let desk = self.0;
        let (mut name, mut of_map, mut row, mut cells) = (None, None, None, None);
        while let Some(member) = map.next_key::<Cow<'_, str>>()? {
            match &*member {
                "name" => once(desk, &mut name, map.next_value()?)?,
                "map" => once(desk, &mut of_map, map.next_value()?)?,
                "row" => {
                    let bytes = map.next_value_seed(Word(row_bytes))?;
                    let bytes = bytes.ok_or_else(|| desk.wrong("a row is not 64 hex digits"))?;
                    once(desk, &mut row, bytes)?;
                }
                "cells" => once(desk, &mut cells, map.next_value::<Vec<(Box<str>, Box<str>)>>()?)?,
                _ => return Err(desk.newer()),
            }
        }
        match (name, of_map, row) {
            (Some(name), Some(of_map), Some(row)) => {
                Ok(Source { name, map: of_map, row, cells: cells.unwrap_or_default().into() })
            }
            _ => Err(desk.wrong("a source has a gap")),
        }
    }
}

fn row_bytes(text: &str) -> Option<[u8; 32]> {
    text.parse::<crate::model::DeviceId>().ok().map(|id| *id.as_bytes())
}
