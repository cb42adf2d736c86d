//! One copy of each question id and code, however many entries name it.

use std::{collections::HashSet, sync::Arc};

use foldhash::fast::RandomState;

/// Handed to every decoding of one casebook, so that their ids share memory: 64 000 entries name some 400 words.
#[derive(Debug, Default)]
pub struct Interner {
    known: HashSet<Arc<str>, RandomState>,
}

/// Words beyond this many are not shared: a stranger's made-up codes may cost memory once, not twice.
const MOST: usize = 100_000;

impl Interner {
    /// The shared copy of a word.
    pub fn get(&mut self, word: &str) -> Arc<str> {
        if let Some(known) = self.known.get(word) {
            return Arc::clone(known);
        }
        let new: Arc<str> = Arc::from(word);
        if self.known.len() < MOST {
            self.known.insert(Arc::clone(&new));
        }
        new
    }

    /// How many words are shared.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }
}
