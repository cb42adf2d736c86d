//! Words that are nearly right: one letter too many, too few, another, or two that changed places.

use memchr::memmem::Finder;

/// Shorter words stay exact: half of all words of three letters are one letter apart.
const SHORTEST: usize = 4;

/// A word, and what every spelling at one edit from it holds.
#[derive(Debug)]
pub(super) struct Near {
    letters: Vec<char>,
    /// One edit leaves one half whole, or swaps the two letters where they meet: a text that has none of these three has no such word.
    /// Beside each, how many letters of the word stand before it.
    parts: [(Finder<'static>, usize); 3],
}

impl Near {
    /// Makes a folded word ready; `None` for one that has to be found as it is: a short one, or a number, because the next number is
    /// another case's.
    pub(super) fn new(word: &str) -> Option<Self> {
        let letters: Vec<char> = word.chars().collect();
        if letters.len() < SHORTEST || !letters.iter().all(|letter| letter.is_alphabetic()) {
            return None;
        }
        let middle = letters.len() / 2;
        let (first, second) = letters.split_at(middle);
        let mut swapped = letters.clone();
        swapped.swap(middle - 1, middle);
        let part = |letters: &[char]| Finder::new(&letters.iter().collect::<String>()).into_owned();
        let parts = [(part(first), 0), (part(second), middle), (part(&swapped), 0)];
        Some(Self { letters, parts })
    }

    /// Whether a folded text has a word that is one edit away, or that begins so: whoever types has not come to its end.
    pub(super) fn is_in(&self, text: &str) -> bool {
        self.parts.iter().any(|(part, before)| {
            part.find_iter(text.as_bytes()).any(|at| word_at(text, at, before + 1).is_some_and(|word| self.fits(word)))
        })
    }

    /// Whether what is typed is at most one edit from a word or from what it begins with.
    fn fits(&self, text: &str) -> bool {
        let mut word = text.chars();
        let mut typed = self.letters.as_slice();
        while let [letter, rest @ ..] = typed
            && word.clone().next() == Some(*letter)
        {
            typed = rest;
            word.next();
        }
        let after = |skipped: usize| word.clone().skip(skipped);
        match typed {
            [] => true,
            [_, rest @ ..] if ends(rest, after(0)) || ends(rest, after(1)) => true,
            [one, two, rest @ ..] if word.clone().take(2).eq([*two, *one]) && ends(rest, after(2)) => true,
            _ => ends(typed, after(1)),
        }
    }
}

/// The text from where the word begins that holds this place, if that is at most so many letters before.
fn word_at(text: &str, at: usize, most: usize) -> Option<&str> {
    // Nearly always a space or the end of a line stands before it.
    let apart = |byte: &u8| byte.is_ascii() && !byte.is_ascii_alphanumeric();
    if at == 0 || text.as_bytes().get(at - 1).is_some_and(apart) {
        return text.get(at..);
    }
    let mut start = at;
    for (letters, (place, letter)) in text.get(..at)?.char_indices().rev().enumerate() {
        if !letter.is_alphanumeric() {
            break;
        }
        if letters == most {
            return None;
        }
        start = place;
    }
    text.get(start..)
}

/// Whether a word goes on with these letters. Where none is left of them it has to be over: else any word that begins with the letters
/// before the wrong one would do.
fn ends(letters: &[char], mut word: impl Iterator<Item = char>) -> bool {
    letters.iter().all(|letter| word.next() == Some(*letter))
        && (!letters.is_empty() || !word.next().is_some_and(char::is_alphanumeric))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn near(typed: &str, text: &str) -> bool {
        Near::new(typed).is_some_and(|near| near.is_in(text))
    }

    #[test]
    fn one_edit_is_near_and_two_are_not() {
        for typed in ["lahire", "lhore", "lahhore", "alhore", "lahroe", "lahr", "lahorr", "xahore", "ahore", "xlahore"]
        {
            assert!(near(typed, "seen in lahore, at night"), "{typed}");
        }
        for typed in ["lxhire", "hore", "erohal", "lahorexx", "quetta"] {
            assert!(!near(typed, "seen in lahore, at night"), "{typed}");
        }
    }

    #[test]
    fn a_word_that_is_not_typed_to_its_end_is_near_once_a_right_letter_follows_the_wrong_one() {
        assert!(near("trnasp", "no transport") && near("tansp", "no transport") && near("trxnsp", "no transport"));
        assert!(!near("trax", "no transport"), "all words that begin with three letters are not near");
        assert!(!near("lahire", "villahore"), "in the midst of a word nothing begins");
    }

    #[test]
    fn urdu_is_near_as_english_is_and_short_words_and_numbers_never_are() {
        assert!(near("مزدوزی", "بہٹہ مزدوری،") && near("ایجٹ", "ایجنٹ نے") && near("لاہرو", "لاہور"));
        for exact in ["kil", "kxl", "بہٹ", "pb-617-26-000124", "000124", "123456"] {
            assert!(Near::new(exact).is_none(), "{exact}");
        }
    }

    /// What is near by the book: every single edit, written out.
    fn edits(word: &str) -> Vec<String> {
        let letters: Vec<char> = word.chars().collect();
        let mut made = Vec::new();
        for at in 0..=letters.len() {
            let (before, after) = letters.split_at(at);
            let said =
                |middle: &[char], after: &[char]| [before, middle, after].concat().into_iter().collect::<String>();
            made.push(said(&['q'], after));
            if let [one, rest @ ..] = after {
                made.extend([said(&[], rest), said(&['q'], rest)]);
                if let [two, rest @ ..] = rest {
                    made.push(said(&[*two, *one], rest));
                }
            }
        }
        made
    }

    proptest! {
        #[test]
        fn no_edit_is_lost_to_the_look_at_its_halves(word in "[a-fبتث]{5,9}", before in "[a-f ]{0,6}", after in "[a-f ]{0,6}") {
            for typed in edits(&word) {
                let text = format!("{before} {word} {after}");
                prop_assert!(near(&typed, &text), "{} in {}", typed, text);
            }
        }
    }
}
