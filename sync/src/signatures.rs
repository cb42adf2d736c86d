//! The signatures of a page that arrives, checked on all cores.

use amanat_keys::verifying_key::VerifyingKey;

use crate::batch::{Item, Why};
use crate::cores;
use crate::entry::SealedEntry;

/// What the signature of each item is worth; an elision has none and is passed. Nothing else takes as long when a page arrives, and
/// no signature bears on another, so all cores check.
pub(crate) fn check(
    items: &[Item],
    key_of: &mut impl FnMut(&SealedEntry) -> std::result::Result<VerifyingKey, Why>,
) -> Vec<std::result::Result<(), Why>> {
    let keyed: Vec<_> = items.iter().map(|item| item.entry().map(|entry| (entry, key_of(entry)))).collect();
    let check_one = |keyed: &Option<(&SealedEntry, std::result::Result<VerifyingKey, Why>)>| match keyed {
        None => Ok(()),
        Some((entry, key)) => {
            let key = key.as_ref().map_err(|why| *why)?;
            entry.verify(key).map_err(|_forged| Why::BadSignature)
        }
    };
    // A thread that died has vouched for nothing.
    cores::each(&keyed, check_one).into_iter().map(|checked| checked.unwrap_or(Err(Why::BadSignature))).collect()
}
