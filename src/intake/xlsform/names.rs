//! Ids out of other people's names: small letters, digits and `_`, each once.

use std::collections::BTreeMap;

/// A word that a codebook takes as an id.
pub(super) fn plain(name: &str) -> String {
    let mut plain = String::new();
    for c in name.chars() {
        match c {
            'a'..='z' | '0'..='9' => plain.push(c),
            'A'..='Z' => plain.extend(c.to_lowercase()),
            _ if plain.ends_with('_') || plain.is_empty() => {}
            _ => plain.push('_'),
        }
    }
    let plain = plain.trim_end_matches('_');
    if plain.starts_with(|c: char| c.is_ascii_lowercase()) { plain.to_owned() } else { format!("q{plain}") }
}

/// The ids that were given, so that no two names share one.
#[derive(Debug, Default)]
pub(super) struct Names(BTreeMap<String, usize>);

impl Names {
    /// An id for a name: itself where it is free, else with a number behind it.
    pub(super) fn give(&mut self, wanted: &str) -> String {
        let times = self.0.entry(wanted.to_owned()).or_insert(0);
        *times += 1;
        if *times == 1 {
            return wanted.to_owned();
        }
        let next = format!("{wanted}_{times}");
        self.give(&next)
    }
}
