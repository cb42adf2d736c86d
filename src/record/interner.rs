//! What the readings of many records share: one copy of each question id and code, however many entries name it, and the room in which their
//! answers are gathered.

use std::{collections::HashSet, sync::Arc};

use foldhash::fast::RandomState;

use crate::model::{Answers, Given, QuestionId};

/// Handed to every decoding of one casebook, so that their ids share memory: 64 000 entries name some 400 words.
#[derive(Debug, Default)]
pub struct Interner {
    known: HashSet<Arc<str>, RandomState>,
    /// Empty between two records.
    answers: Vec<(QuestionId, Given)>,
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

    /// The room for the answers of a record, to be given back.
    pub(super) fn room(&mut self) -> Vec<(QuestionId, Given)> {
        std::mem::take(&mut self.answers)
    }

    /// All that was gathered, in memory of just that size. The room stays.
    pub(super) fn gathered(&mut self, mut room: Vec<(QuestionId, Given)>) -> Answers {
        let answers = room.drain(..).collect();
        self.answers = room;
        answers
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
