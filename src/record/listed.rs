//! Lines of the list of cases ⇄ bytes, for the copy that a device keeps of it. It never travels and is thrown away wherever it does not read
//! to the last byte, so it has no versions side by side: whoever changes it raises the number, and an older copy is made anew.
//!
//! Numbers are unsigned LEB128 in their shortest form; texts and codes are their length and their bytes; what may be missing is told by one
//! byte before it.

use crate::model::{CaseId, Code, Listed, PartialDate};

use super::interner::Interner;

/// The number of this shape.
const SHAPE: u8 = 1;

/// The lines one after the other.
pub fn encode_lines(lines: &[Listed]) -> Vec<u8> {
    let mut out = vec![SHAPE];
    number(&mut out, count(lines.len()));
    for line in lines {
        out.extend_from_slice(line.id.as_bytes());
        text(&mut out, &line.short);
        text(&mut out, &line.station);
        for code in [&line.class, &line.district, &line.risk, &line.status] {
            out.push(u8::from(code.is_some()));
            if let Some(code) = code {
                text(&mut out, code.as_str());
            }
        }
        out.push(u8::from(line.opened.is_some()));
        if let Some(date) = &line.opened {
            out.extend_from_slice(&date.year().to_be_bytes());
            out.extend([date.month().unwrap_or(0), date.day().unwrap_or(0), u8::from(date.about())]);
        }
        out.push(u8::from(line.collided));
        for n in [line.persons, line.erased, line.away, line.handed_in] {
            number(&mut out, n);
        }
        out.extend_from_slice(&line.newest.to_be_bytes());
        number(&mut out, count(line.places.len()));
        for (journal, seq) in &line.places {
            number(&mut out, u64::from(*journal));
            number(&mut out, *seq);
        }
    }
    out
}

/// The lines, if the bytes are nothing but lines, to the last of them.
pub fn decode_lines(bytes: &[u8], interner: &mut Interner) -> Option<Vec<Listed>> {
    let mut from = Reader(bytes);
    if from.byte()? != SHAPE {
        return None;
    }
    let many = from.count()?;
    // No more than can stand in the bytes: a number alone reserves nothing.
    let mut lines = Vec::with_capacity(many.min(bytes.len() / LEAST));
    for _ in 0..many {
        lines.push(from.line(interner)?);
    }
    from.0.is_empty().then_some(lines)
}

/// Bytes that a line takes at least.
const LEAST: usize = 36;

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

fn number(out: &mut Vec<u8>, mut n: u64) {
    loop {
        let [low, ..] = n.to_le_bytes();
        n >>= 7;
        if n == 0 {
            return out.push(low & 0x7F);
        }
        out.push(low | 0x80);
    }
}

fn text(out: &mut Vec<u8>, text: &str) {
    number(out, count(text.len()));
    out.extend_from_slice(text.as_bytes());
}

/// What has not been read yet. Every step says nothing where the bytes do not fit.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*array)
    }

    fn flag(&mut self) -> Option<bool> {
        match self.byte()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    fn number(&mut self) -> Option<u64> {
        let mut n = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let part = u64::from(byte & 0x7F);
            if shift == 63 && part > 1 {
                return None;
            }
            n |= part << shift;
            if byte & 0x80 == 0 {
                // A longer form of the same number is no number.
                return (byte != 0 || shift == 0).then_some(n);
            }
        }
        None
    }

    fn count(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok()
    }

    fn text(&mut self) -> Option<&'a str> {
        let long = self.count()?;
        let (text, rest) = self.0.split_at_checked(long)?;
        self.0 = rest;
        std::str::from_utf8(text).ok()
    }

    fn code(&mut self, interner: &mut Interner) -> Option<Option<Code>> {
        Some(if self.flag()? { Some(Code::shared(interner.get(self.text()?))) } else { None })
    }

    fn date(&mut self) -> Option<Option<PartialDate>> {
        if !self.flag()? {
            return Some(None);
        }
        let year = i16::from_be_bytes(self.array()?);
        let [month, day] = self.array()?.map(|part| (part > 0).then_some(part));
        PartialDate::new(year, month, day, self.flag()?).ok().map(Some)
    }

    fn line(&mut self, interner: &mut Interner) -> Option<Listed> {
        let id = CaseId::from_bytes(self.array()?);
        let (short, station) = (self.text()?.into(), self.text()?.into());
        let (class, district) = (self.code(interner)?, self.code(interner)?);
        let (risk, status) = (self.code(interner)?, self.code(interner)?);
        let (opened, collided) = (self.date()?, self.flag()?);
        let (persons, erased) = (self.number()?, self.number()?);
        let (away, handed_in) = (self.number()?, self.number()?);
        let newest = i64::from_be_bytes(self.array()?);
        let many = self.count()?;
        let mut places = Vec::with_capacity(many.min(self.0.len() / 2));
        for _ in 0..many {
            places.push((u32::try_from(self.number()?).ok()?, self.number()?));
        }
        let places = places.into_boxed_slice();
        Some(Listed {
            id,
            short,
            class,
            district,
            station,
            risk,
            status,
            opened,
            persons,
            collided,
            erased,
            away,
            handed_in,
            newest,
            places,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn dates() -> impl Strategy<Value = Option<PartialDate>> {
        let parts = (1900..=2200_i16, 0..=12_u8, 0..=28_u8, any::<bool>());
        let date = parts.prop_map(|(year, month, day, about)| {
            let month = (month > 0).then_some(month);
            PartialDate::new(year, month, month.and((day > 0).then_some(day)), about).unwrap()
        });
        proptest::option::of(date)
    }

    fn codes() -> impl Strategy<Value = Option<Code>> {
        proptest::option::of("[A-Z0-9]{0,6}".prop_map(Code::new))
    }

    fn lines() -> impl Strategy<Value = Listed> {
        let words = (any::<[u8; 16]>(), ".{0,20}", ".{0,20}", codes(), codes(), codes(), codes());
        let numbers = (dates(), any::<[u64; 4]>(), any::<bool>(), any::<i64>());
        let places = proptest::collection::vec((any::<u32>(), any::<u64>()), 0..6);
        (words, numbers, places).prop_map(|(words, (opened, counts, collided, newest), places)| Listed {
            id: CaseId::from_bytes(words.0),
            short: words.1.into(),
            station: words.2.into(),
            class: words.3,
            district: words.4,
            risk: words.5,
            status: words.6,
            opened,
            persons: counts[0],
            collided,
            erased: counts[1],
            away: counts[2],
            handed_in: counts[3],
            newest,
            places: places.into(),
        })
    }

    proptest! {
        #[test]
        fn lines_come_back_as_they_went_and_no_cut_of_them_does(lines in proptest::collection::vec(lines(), 0..4)) {
            let bytes = encode_lines(&lines);
            prop_assert_eq!(decode_lines(&bytes, &mut Interner::default()), Some(lines));
            for cut in 0..bytes.len() {
                prop_assert_eq!(decode_lines(&bytes[..cut], &mut Interner::default()), None);
            }
            let longer = [&bytes[..], &[0]].concat();
            prop_assert_eq!(decode_lines(&longer, &mut Interner::default()), None);
        }

        #[test]
        fn whatever_reads_is_what_it_would_be_written_as(mut bytes in proptest::collection::vec(any::<u8>(), 0..80), many in 0..3_u8) {
            bytes.splice(0..0, [SHAPE, many]);
            if let Some(lines) = decode_lines(&bytes, &mut Interner::default()) {
                prop_assert_eq!(encode_lines(&lines), bytes);
            }
        }

        #[test]
        fn a_flipped_bit_never_panics_and_never_reads_as_the_same(lines in proptest::collection::vec(lines(), 1..3), at in any::<prop::sample::Index>(), bit in 0..8_u8) {
            let mut bytes = encode_lines(&lines);
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            prop_assert_ne!(decode_lines(&bytes, &mut Interner::default()), Some(lines));
        }
    }

    #[test]
    fn a_number_of_lines_beyond_the_bytes_reserves_nothing() {
        let mut bytes = vec![SHAPE];
        number(&mut bytes, u64::MAX);
        assert_eq!(decode_lines(&bytes, &mut Interner::default()), None);
    }
}
