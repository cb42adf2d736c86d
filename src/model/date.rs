//! Dates as people can actually give them, and moments with the offset they were noted in.

use std::{fmt, str::FromStr};

/// A year, perhaps a month, perhaps a day, perhaps only *about*. A day never stands without its month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartialDate {
    year: i16,
    month: Option<u8>,
    day: Option<u8>,
    about: bool,
}

/// Why a text is no date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateError {
    /// Not `YYYY`, `YYYY-MM`, `YYYY-MM-DD`, `DD-MM-YYYY` or the same with slashes or dots.
    Shape,
    /// Year outside 1900–2200.
    Year,
    /// Month outside 1–12.
    Month,
    /// A day that the month does not have.
    Day,
}

impl PartialDate {
    /// Checks the parts against the calendar.
    ///
    /// # Errors
    /// [`DateError`] names the part that is impossible.
    pub fn new(year: i16, month: Option<u8>, day: Option<u8>, about: bool) -> Result<Self, DateError> {
        if !(1900..=2200).contains(&year) {
            return Err(DateError::Year);
        }
        match (month, day) {
            (None, Some(_)) => return Err(DateError::Month),
            (Some(month), _) if !(1..=12).contains(&month) => return Err(DateError::Month),
            (Some(month), Some(day)) if day == 0 || day > days_in(year, month) => return Err(DateError::Day),
            _ => {}
        }
        Ok(Self { year, month, day, about })
    }

    /// The year.
    pub const fn year(&self) -> i16 {
        self.year
    }

    /// The month, 1–12.
    pub const fn month(&self) -> Option<u8> {
        self.month
    }

    /// The day of the month.
    pub const fn day(&self) -> Option<u8> {
        self.day
    }

    /// Whether it was given as *about*.
    pub const fn about(&self) -> bool {
        self.about
    }

    /// A whole day as its number from 1970-01-01 (days by Howard Hinnant's `days_from_civil`).
    pub fn day_number(&self) -> Option<i64> {
        let (month, day) = (i64::from(self.month?), i64::from(self.day?));
        let year = i64::from(self.year) - i64::from(month <= 2);
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        Some(era * 146_097 + day_of_era - 719_468)
    }

    /// The day of a number, or `None` outside 1900–2200.
    pub fn from_day_number(number: i64) -> Option<Self> {
        Moment { unix_ms: number.checked_mul(86_400_000)?, offset_minutes: 0 }.date()
    }

    /// First and last day that it can be; *about* widens it by a year on each side.
    pub fn bounds(&self) -> (i64, i64) {
        let slack = i16::from(self.about);
        let number = |year: i16, month: u8, day: u8| {
            let whole = Self { year, month: Some(month), day: Some(day), about: false };
            whole.day_number().unwrap_or_default()
        };
        let (first, last) = (self.year - slack, self.year + slack);
        match (self.month, self.day) {
            (Some(month), Some(day)) => (number(first, month, day), number(last, month, day)),
            (Some(month), None) => (number(first, month, 1), number(last, month, days_in(last, month))),
            (None, _) => (number(first, 1, 1), number(last, 12, 31)),
        }
    }

    /// Whether year, month and day are all known.
    pub const fn is_whole(&self) -> bool {
        self.day.is_some()
    }
}

/// How many days a month has in the Gregorian calendar.
const fn days_in(year: i16, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

impl fmt::Display for PartialDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.about {
            f.write_str("~")?;
        }
        write!(f, "{:04}", self.year)?;
        if let Some(month) = self.month {
            write!(f, "-{month:02}")?;
        }
        if let Some(day) = self.day {
            write!(f, "-{day:02}")?;
        }
        Ok(())
    }
}

impl FromStr for PartialDate {
    type Err = DateError;

    /// Reads `~YYYY`, `YYYY`, `YYYY-MM`, `YYYY-MM-DD`, `MM-YYYY`, `DD-MM-YYYY`; slashes and dots count as dashes,
    /// Urdu and Arabic digits as digits.
    fn from_str(text: &str) -> Result<Self, DateError> {
        let text = text.trim();
        let (about, text) = text.strip_prefix('~').map_or((false, text), |rest| (true, rest.trim()));
        let mut parts = Vec::new();
        for part in text.split(['-', '/', '.']) {
            let digits: String = part.trim().chars().map(western_digit).collect();
            if digits.is_empty() || digits.len() > 4 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(DateError::Shape);
            }
            parts.push((digits.len(), digits.parse::<i16>().map_err(|_too_large| DateError::Shape)?));
        }
        let small = |value: i16| u8::try_from(value).map_err(|_too_large| DateError::Shape);
        match *parts.as_slice() {
            [(4, year)] => Self::new(year, None, None, about),
            [(4, year), (_, month)] | [(_, month), (4, year)] => Self::new(year, Some(small(month)?), None, about),
            [(4, year), (_, month), (_, day)] | [(_, day), (_, month), (4, year)] => {
                Self::new(year, Some(small(month)?), Some(small(day)?), about)
            }
            _ => Err(DateError::Shape),
        }
    }
}

/// Urdu (۰–۹) and Arabic (٠–٩) digits as 0–9; anything else unchanged.
pub fn western_digit(digit: char) -> char {
    let base = match digit {
        '\u{0660}'..='\u{0669}' => 0x0660,
        '\u{06F0}'..='\u{06F9}' => 0x06F0,
        other => return other,
    };
    char::from_u32(u32::from(digit) - base + u32::from(b'0')).unwrap_or(digit)
}

/// A moment: milliseconds since 1970 UTC and the offset it was noted in, in minutes (Pakistan: 300).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment {
    /// Milliseconds since the Unix epoch.
    pub unix_ms: i64,
    /// Offset from UTC in minutes.
    pub offset_minutes: i16,
}

impl Moment {
    /// A moment in Pakistan Standard Time.
    pub const fn pkt(unix_ms: i64) -> Self {
        Self { unix_ms, offset_minutes: 300 }
    }

    /// Year, month, day, hour, minute, second as noted (days by Howard Hinnant's `civil_from_days`).
    pub const fn civil(&self) -> (i64, u8, u8, u8, u8, u8) {
        let local = self.unix_ms.div_euclid(1000) + self.offset_minutes as i64 * 60;
        let (days, second) = (local.div_euclid(86_400), local.rem_euclid(86_400));
        let z = days + 719_468;
        let era = z.div_euclid(146_097);
        let day_of_era = z.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted + 2) / 5 + 1;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let year = year_of_era + era * 400 + (month <= 2) as i64;
        (year, month as u8, day as u8, (second / 3600) as u8, (second / 60 % 60) as u8, (second % 60) as u8)
    }

    /// The calendar day as noted, or `None` outside 1900–2200.
    pub fn date(&self) -> Option<PartialDate> {
        let (year, month, day, ..) = self.civil();
        PartialDate::new(i16::try_from(year).ok()?, Some(month), Some(day), false).ok()
    }
}

impl fmt::Display for Moment {
    /// `2026-11-22 09:47 +05:00`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day, hour, minute, _) = self.civil();
        let sign = if self.offset_minutes < 0 { '-' } else { '+' };
        let offset = self.offset_minutes.unsigned_abs();
        write!(f, "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02} {sign}{:02}:{:02}", offset / 60, offset % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_give_dates_in_many_shapes() {
        for (text, shown) in [
            ("1999", "1999"),
            ("~1999", "~1999"),
            ("3/2004", "2004-03"),
            ("2004-03", "2004-03"),
            ("7.3.2004", "2004-03-07"),
            ("۲۰۰۴-۰۳-۰۷", "2004-03-07"),
        ] {
            assert_eq!(text.parse::<PartialDate>().unwrap().to_string(), shown, "{text}");
        }
    }

    #[test]
    fn impossible_dates_name_the_part_that_is_wrong() {
        for (text, error) in [
            ("30-02-2004", DateError::Day),
            ("2004-13", DateError::Month),
            ("1823", DateError::Year),
            ("yesterday", DateError::Shape),
            ("1-2-3", DateError::Shape),
        ] {
            assert_eq!(text.parse::<PartialDate>(), Err(error), "{text}");
        }
    }

    #[test]
    fn days_are_numbered_from_1970_and_found_again() {
        for (text, number) in [("1970-01-01", 0), ("2000-02-29", 11_016), ("1969-12-31", -1), ("2026-11-25", 20_782)] {
            let date: PartialDate = text.parse().unwrap();
            assert_eq!(date.day_number(), Some(number), "{text}");
            assert_eq!(PartialDate::from_day_number(number), Some(date), "{text}");
        }
        let bounds = |text: &str| {
            let (first, last) = text.parse::<PartialDate>().unwrap().bounds();
            [first, last].map(|day| PartialDate::from_day_number(day).unwrap().to_string()).join(" ")
        };
        assert_eq!(bounds("2024-02"), "2024-02-01 2024-02-29");
        assert_eq!(bounds("~2025"), "2024-01-01 2026-12-31");
        assert_eq!(PartialDate::from_day_number(i64::MAX), None);
    }

    #[test]
    fn a_moment_shows_the_clock_of_the_place() {
        assert_eq!(Moment::pkt(1_795_322_868_000).to_string(), "2026-11-22 09:47 +05:00");
        assert_eq!(Moment { unix_ms: -1, offset_minutes: 0 }.to_string(), "1969-12-31 23:59 +00:00");
    }
}
