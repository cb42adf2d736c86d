//! Dates and times as people say them, read into what can be kept.

use crate::model::{DateError, Moment, PartialDate};

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// The months as they are written in Pakistan.
const URDU_MONTHS: [&str; 12] =
    ["جنوری", "فروری", "مارچ", "اپریل", "مئی", "جون", "جولائی", "اگست", "ستمبر", "اکتوبر", "نومبر", "دسمبر"];

const MINUTE: i64 = 60_000;
const DAY: i64 = 86_400_000;

/// Reads `today`, `yesterday`, `12 March 2020`, `March 2020`, `about 2019`, and every shape that [`PartialDate`] reads.
///
/// # Errors
/// As [`PartialDate`].
pub(crate) fn read(text: &str, now: Moment) -> Result<PartialDate, DateError> {
    let text = text.trim().to_lowercase();
    match text.as_str() {
        "today" | "آج" => return day_of(now),
        "yesterday" | "گزشتہ روز" => return day_of(Moment { unix_ms: now.unix_ms - DAY, ..now }),
        _ => {}
    }
    let (about, rest) = ["about", "approx", "circa", "around", "تقریباً", "تقریبا", "~"]
        .iter()
        .find_map(|word| text.strip_prefix(word))
        .map_or((false, text.as_str()), |rest| (true, rest.trim()));
    let words: Vec<&str> = rest.split([' ', ',', '\u{A0}']).filter(|word| !word.is_empty()).collect();
    let plain = match *words.as_slice() {
        [day, month, year] => month_number(month).map(|month| format!("{day}-{month}-{year}")),
        [month, year] => month_number(month).map(|month| format!("{month}-{year}")),
        _ => None,
    };
    let plain = plain.unwrap_or_else(|| words.join("-"));
    if about { format!("~{plain}").parse() } else { plain.parse() }
}

fn day_of(moment: Moment) -> Result<PartialDate, DateError> {
    Moment::pkt(moment.unix_ms).date().ok_or(DateError::Year)
}

fn month_number(word: &str) -> Option<usize> {
    let english = |month: &str| word.len() >= 3 && word.is_ascii() && word.starts_with(month);
    let at = MONTHS.iter().position(|month| english(month));
    at.or_else(|| URDU_MONTHS.iter().position(|month| *month == word)).map(|at| at + 1)
}

/// Reads `now`, `14:30` (today), `yesterday 14:30`, `2026-11-22 14:30`: a time in Pakistan.
///
/// # Errors
/// As [`PartialDate`]; a day that is not whole, or a time that the clock does not have, is [`DateError::Shape`].
pub(crate) fn read_moment(text: &str, now: Moment) -> Result<Moment, DateError> {
    let text = text.trim();
    if text.eq_ignore_ascii_case("now") || text == "ابھی" {
        return Ok(Moment::pkt(now.unix_ms - now.unix_ms.rem_euclid(MINUTE)));
    }
    let (day, time) = text.rsplit_once(' ').map_or(("today", text), |(day, time)| (day.trim(), time));
    let digits = |part: &str| -> Option<i64> {
        let part: String = part.chars().map(crate::model::western_digit).collect();
        part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok()).flatten()
    };
    let (hour, minute) = time.split_once(':').ok_or(DateError::Shape)?;
    let (hour, minute) = (digits(hour).ok_or(DateError::Shape)?, digits(minute).ok_or(DateError::Shape)?);
    if hour > 23 || minute > 59 {
        return Err(DateError::Shape);
    }
    let date = read(day, now)?;
    let (Some(month), Some(day)) = (date.month(), date.day()) else { return Err(DateError::Shape) };
    let days = days_since_1970(i64::from(date.year()), i64::from(month), i64::from(day));
    Ok(Moment::pkt(days * DAY + (hour * 60 + minute - 300) * MINUTE))
}

/// Days from 1970-01-01 to a day of the Gregorian calendar (Howard Hinnant's `days_from_civil`).
pub(crate) const fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let shifted = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * shifted + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment::pkt(1_795_322_868_000); // 2026-11-22 09:47 PKT

    #[test]
    fn dates_are_read_as_people_say_them() {
        for (text, shown) in [
            ("today", "2026-11-22"),
            ("Yesterday", "2026-11-21"),
            ("آج", "2026-11-22"),
            ("12 March 2020", "2020-03-12"),
            ("12 مارچ 2020", "2020-03-12"),
            ("Mar 2020", "2020-03"),
            ("about 2019", "~2019"),
            ("تقریباً ۲۰۱۹", "~2019"),
            ("~ 3/2004", "~2004-03"),
            ("7.3.2004", "2004-03-07"),
            ("7 3 2004", "2004-03-07"),
        ] {
            assert_eq!(read(text, NOW).unwrap().to_string(), shown, "{text}");
        }
        assert_eq!(read("31 Feb 2020", NOW), Err(DateError::Day));
        assert_eq!(read("soon", NOW), Err(DateError::Shape));
    }

    #[test]
    fn times_are_times_in_pakistan() {
        for (text, shown) in [
            ("now", "2026-11-22 09:47 +05:00"),
            ("14:30", "2026-11-22 14:30 +05:00"),
            ("yesterday 00:05", "2026-11-21 00:05 +05:00"),
            ("29-02-2024 23:59", "2024-02-29 23:59 +05:00"),
        ] {
            assert_eq!(read_moment(text, NOW).unwrap().to_string(), shown, "{text}");
        }
        for text in ["25:00", "14", "2020 14:30", "x 14:30"] {
            assert_eq!(read_moment(text, NOW), Err(DateError::Shape), "{text}");
        }
    }
}
