//! Numbers with a shape of their own: CNIC and phone, from what people type to the one form that is stored.
//!
//! A wrong shape is an error. What the digits suggest about sex and province is good for a warning only: cards are
//! issued where a family registered, and the last digit follows what was on file then (`DOMAIN.md` section 8).

use crate::model::western_digit;

/// What people put between the digits: spaces, dashes of all lengths, dots, brackets, and marks that set direction.
const fn is_filler(c: char) -> bool {
    matches!(c, ' ' | '\u{A0}' | '-' | '.' | '(' | ')' | '/' | '\u{2010}'..='\u{2015}' | '\u{200C}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

fn digits(text: &str) -> String {
    text.trim().chars().filter(|c| !is_filler(*c)).map(western_digit).collect()
}

/// A text that has not the shape it must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongShape;

/// A CNIC as it is stored: thirteen digits, the first 1–8.
///
/// # Errors
/// [`WrongShape`] for anything else.
pub fn cnic(text: &str) -> Result<Box<str>, WrongShape> {
    let digits = digits(text);
    let fits = digits.len() == 13 && digits.bytes().all(|b| b.is_ascii_digit());
    if fits && digits.bytes().next().is_some_and(|first| (b'1'..=b'8').contains(&first)) {
        return Ok(digits.into_boxed_str());
    }
    Err(WrongShape)
}

/// A stored CNIC as people read it: `35202-1234567-1`. A text of another shape comes back as it is.
pub fn show_cnic(stored: &str) -> String {
    match (stored.get(..5), stored.get(5..12), stored.get(12..13)) {
        (Some(family), Some(number), Some(last)) if stored.len() == 13 => format!("{family}-{number}-{last}"),
        _ => stored.to_owned(),
    }
}

/// Whether the last digit of a stored CNIC is odd, as on a man's card.
pub fn cnic_is_male(stored: &str) -> bool {
    stored.bytes().last().is_some_and(|last| last % 2 == 1)
}

/// The province (ISO 3166-2) that the first digit of a stored CNIC belongs to.
pub fn cnic_province(stored: &str) -> Option<&'static str> {
    Some(match stored.bytes().next()? {
        b'1' | b'2' => "PK-KP",
        b'3' => "PK-PB",
        b'4' => "PK-SD",
        b'5' => "PK-BA",
        b'6' => "PK-IS",
        b'7' => "PK-GB",
        b'8' => "PK-JK",
        _ => return None,
    })
}

/// A phone number as it is stored: E.164 with its plus. A number that starts with a single zero is a Pakistani one.
///
/// # Errors
/// [`WrongShape`] where it cannot be a number: E.164 has two to fifteen digits, and one of ours at least nine.
pub fn phone(text: &str) -> Result<Box<str>, WrongShape> {
    let typed = digits(text);
    let number = match typed.strip_prefix('+') {
        Some(international) => international.to_owned(),
        None => match (typed.strip_prefix("00"), typed.strip_prefix('0')) {
            (Some(international), _) => international.to_owned(),
            (None, Some(national)) => format!("92{national}"),
            (None, None) => typed,
        },
    };
    let least = if number.starts_with("92") { 10 } else { 7 };
    let most = if number.starts_with("92") { 12 } else { 15 };
    let fits = (least..=most).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit());
    if fits && !number.starts_with('0') {
        return Ok(format!("+{number}").into_boxed_str());
    }
    Err(WrongShape)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cnic_is_read_as_people_write_it() {
        for text in ["35202-1234567-1", "3520212345671", " 35202 1234567 1 ", "۳۵۲۰۲-۱۲۳۴۵۶۷-۱", "٣٥٢٠٢–١٢٣٤٥٦٧–١"]
        {
            assert_eq!(cnic(text).as_deref(), Ok("3520212345671"), "{text}");
        }
        for text in ["", "35202-1234567", "95202-1234567-1", "05202-1234567-1", "35202-12345678-1", "3520a-1234567-1"] {
            assert_eq!(cnic(text), Err(WrongShape), "{text}");
        }
        assert_eq!(show_cnic("3520212345671"), "35202-1234567-1");
        assert_eq!(show_cnic("لاہور"), "لاہور");
        assert!(cnic_is_male("3520212345671") && !cnic_is_male("3520212345672"));
        assert_eq!((cnic_province("3520212345671"), cnic_province("x")), (Some("PK-PB"), None));
    }

    #[test]
    fn a_phone_becomes_e164() {
        for (text, stored) in [
            ("0300-1234567", "+923001234567"),
            ("۰۳۰۰ ۱۲۳۴۵۶۷", "+923001234567"),
            ("+92 300 1234567", "+923001234567"),
            ("0092 300 1234567", "+923001234567"),
            ("923001234567", "+923001234567"),
            ("(042) 35761234", "+924235761234"),
            ("+971 50 123 4567", "+971501234567"),
        ] {
            assert_eq!(phone(text).as_deref(), Ok(stored), "{text}");
        }
        for text in ["", "+", "0", "12", "0300-12345678901", "0300 CALLME", "+0300123456", "92300"] {
            assert_eq!(phone(text), Err(WrongShape), "{text}");
        }
    }
}
