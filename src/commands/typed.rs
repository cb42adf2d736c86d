//! What a person types on the command line that is neither a path nor a number: fingerprint words and beginnings of ids.

use amanat_keys::words::Words;

use crate::failure::Failure;

/// Eight words.
///
/// # Errors
/// Usage, without repeating what was typed.
pub(super) fn words(text: &str) -> Result<Words, Failure> {
    text.parse().map_err(|_malformed| {
        Failure::usage(
            "reading the fingerprint — it is not eight words of the list",
            "Type the eight words as they were read aloud, in one pair of quotes.",
        )
    })
}

/// The one id of `all` that begins with what was typed.
///
/// # Errors
/// Usage when none or several do.
pub(super) fn one_id<T: Copy + ToString>(what: &str, asked: &str, all: impl Iterator<Item = T>) -> Result<T, Failure> {
    let asked = asked.trim().to_ascii_lowercase();
    if asked.len() < 4 || !asked.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(Failure::usage(
            format!("looking for the {what} — an id is at least four hex digits"),
            format!("Take the {what}'s id from a list."),
        ));
    }
    let mut found = all.filter(|id| id.to_string().starts_with(&asked));
    match (found.next(), found.next()) {
        (Some(id), None) => Ok(id),
        (None, _) => Err(Failure::usage(
            format!("looking for the {what} {asked} — there is none that this device can read"),
            "Sync first, or check the id.",
        )),
        (Some(_), Some(_)) => {
            Err(Failure::usage(format!("looking for the {what} {asked} — several begin so"), "Type more of the id."))
        }
    }
}
