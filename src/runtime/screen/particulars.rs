//! What a failure says of itself, in Urdu: failures are written in English where they arise, in pieces (*what was being done — what is
//! wrong*, and what to do), and each piece that stands under `said` in both files of sentences has its Urdu there.

use crate::words::{Tongue, fill, find, keys};

/// A failure's own words in Urdu. `None` where what is wrong has no Urdu: half a sentence would hide which half is meant.
pub(super) fn in_urdu(message: &str, hint: &str) -> Option<String> {
    let (doing, wrong) = message.split_once(" — ").map_or((None, message), |(doing, wrong)| (Some(doing), wrong));
    let wrong = piece(wrong).or_else(|| {
        // Causes stand one behind the other.
        let causes: Option<Vec<String>> = wrong.split(": ").map(piece).collect();
        causes.map(|causes| causes.join(": "))
    })?;
    let mut text = String::new();
    if let Some(doing) = doing {
        text.push_str(&piece(doing).unwrap_or_else(|| doing.to_owned()));
        text.push_str(" — ");
    }
    text.push_str(&wrong);
    if !text.ends_with(['۔', '؟', '.']) {
        text.push('۔');
    }
    if !hint.is_empty() {
        text.push(' ');
        text.push_str(&piece(hint).unwrap_or_else(|| hint.to_owned()));
    }
    Some(text)
}

/// One piece, with what fills its blanks taken over.
fn piece(text: &str) -> Option<String> {
    let mut said = keys(Tongue::En).filter(|key| key.starts_with("said."));
    said.find_map(|key| {
        let blanks = blanks(find(Tongue::En, key)?, text)?;
        // What fills one may be a piece of its own: *writing a file* is done while something else is.
        let told: Vec<(&str, String)> =
            blanks.into_iter().map(|(name, value)| (name, piece(value).unwrap_or_else(|| value.to_owned()))).collect();
        let told: Vec<(&str, &str)> = told.iter().map(|(name, value)| (*name, value.as_str())).collect();
        Some(fill(Tongue::Ur, key, &told))
    })
}

/// What stands in the blanks of a sentence, if the text is that sentence.
fn blanks<'a>(sentence: &'a str, text: &'a str) -> Option<Vec<(&'a str, &'a str)>> {
    let Some((before, after)) = sentence.split_once('{') else { return (sentence == text).then(Vec::new) };
    let (name, after) = after.split_once('}')?;
    let rest = text.strip_prefix(before)?;
    // Up to the words that stand behind the blank; a blank at the end takes all that is left.
    let next = after.split('{').next().unwrap_or_default();
    let at = if next.is_empty() { rest.len() } else { rest.find(next)? };
    let (value, beyond) = rest.split_at_checked(at).filter(|(value, _)| !value.is_empty())?;
    let mut filled = vec![(name, value)];
    filled.extend(blanks(after, beyond)?);
    Some(filled)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_failure_is_told_in_urdu_with_its_particulars_and_never_half() {
        let told = in_urdu(
            "sharing the case — it is for its own unit alone (sharing level H1)",
            "Correct the sharing level of the case first: who reads it then is shown before that is kept.",
        )
        .unwrap();
        assert!(told.contains("H1") && !told.contains("sharing") && !told.contains("Correct"), "{told}");
        let told = in_urdu("writing /media/stick/a.age — there is no folder for it", "").unwrap();
        assert!(told.contains("/media/stick/a.age") && !told.contains("writing"), "{told}");
        let told = in_urdu("sealing the case again, writing /media/stick/a.age — the disk is full", "").unwrap();
        assert!(told.contains("/media/stick/a.age") && !told.contains("sealing"), "one within another: {told}");
        assert_eq!(in_urdu("keeping — something that nobody has put into Urdu", "Update amanat."), None);
        let chained = in_urdu("reading the journal — the journal could not be read or written: the disk is full", "");
        assert!(chained.is_some_and(|told| !told.contains("disk")), "causes one behind the other");
    }

    /// Every reason that the lower rooms give, read from where it is written: a new one that nobody puts into Urdu is found here.
    #[test]
    fn every_reason_of_keys_and_sync_is_told_in_urdu() {
        let (mut seen, mut lacking) = (0, Vec::new());
        for reason in ["keys/src", "sync/src"].iter().flat_map(|room| reasons(&Path::new(ROOT).join(room))) {
            seen += 1;
            // A reason that is another's word and nothing else is that one's to tell.
            if reason != "{0}" && piece(&filled(&reason)).is_none() {
                lacking.push(reason);
            }
        }
        assert!(seen > 120, "reads the reasons: {seen}");
        assert_eq!(lacking, [""; 0], "to be put under `said` in both files of words");
    }

    /// The same of every failure that this room makes itself.
    #[test]
    fn every_reason_of_this_room_is_told_in_urdu() {
        let (mut seen, mut lacking) = (0, Vec::new());
        for sentence in sources(&Path::new(ROOT).join("src/runtime")).iter().flat_map(|source| failures(source)) {
            for said in filled(&sentence).split(" — ").map(str::trim).filter(|said| says_something(said)) {
                seen += 1;
                let told = |said: &str| !says_something(said) || piece(said).is_some();
                if !told(said) && !said.split(": ").all(told) {
                    lacking.push(said.to_owned());
                }
            }
        }
        assert!(seen > 400, "reads the failures: {seen}");
        assert_eq!(lacking, [""; 0], "to be put under `said` in both files of words");
    }

    /// Whether it is words: not a blank alone, a comma between two names, or a name.
    fn says_something(said: &str) -> bool {
        said.chars().filter(char::is_ascii_lowercase).count() > 2
    }

    /// The sentences in the calls that make a failure, outside of tests.
    fn failures(source: &str) -> Vec<String> {
        let code = source.split("#[cfg(test)]").next().unwrap_or_default();
        let code = code.split("#[cfg(all(test").next().unwrap_or_default();
        // A sentence that goes on in the next line.
        let code = code.split("\\\n").enumerate().map(|(at, line)| if at > 0 { line.trim_start() } else { line });
        let code = code.collect::<String>();
        // What was being done often has a name.
        let named = ["DOING: &str = \"", "let doing = \"", "let doing = format!(\"", "let doing = || format!(\""];
        let named = named.iter().flat_map(|name| code.split(name).skip(1)).filter_map(|rest| rest.split_once('"'));
        let mut all: Vec<String> = named.map(|(doing, _)| doing.to_owned()).collect();
        for call in code.split("Failure::").skip(1) {
            let (mut depth, mut text, mut escaped) = (0_usize, None::<String>, false);
            for letter in call.chars() {
                match (&mut text, letter) {
                    (Some(text), _) if escaped => {
                        escaped = false;
                        text.push(letter);
                    }
                    (Some(_), '\\') => escaped = true,
                    (Some(_), '"') => all.extend(text.take()),
                    (Some(text), _) => text.push(letter),
                    (None, '"') => text = Some(String::new()),
                    (None, '(') => depth += 1,
                    (None, ')') if depth <= 1 => break,
                    (None, ')') => depth -= 1,
                    (None, ',' | ';' | '{') if depth == 0 => break,
                    (None, _) => {}
                }
            }
        }
        all
    }

    const ROOT: &str = env!("CARGO_MANIFEST_DIR");

    /// The sources below a folder, folders of tests apart.
    fn sources(folder: &Path) -> Vec<String> {
        let mut all = Vec::new();
        for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() && !entry.ends_with("tests") {
                all.extend(sources(&entry));
            } else if entry.extension().is_some_and(|kind| kind == "rs") {
                all.push(std::fs::read_to_string(&entry).unwrap());
            }
        }
        all
    }

    /// The sentences of `#[error("…")]` below a folder.
    fn reasons(folder: &Path) -> Vec<String> {
        let said = |source: String| -> Vec<String> {
            let said = source.split("#[error(").skip(1).filter_map(|rest| rest.trim_start().strip_prefix('"'));
            said.filter_map(|rest| rest.split_once('"')).map(|(reason, _)| reason.to_owned()).collect()
        };
        sources(folder).into_iter().flat_map(said).collect()
    }

    /// A sentence with something in each of its blanks.
    fn filled(reason: &str) -> String {
        let mut parts = reason.split('{');
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |text, part| format!("{text}7{}", part.split_once('}').unwrap_or_default().1))
    }

    #[test]
    fn both_files_fill_the_same_blanks() {
        let names = |text: &str| {
            let mut names: Vec<String> =
                text.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0.to_owned())).collect();
            names.sort();
            names
        };
        for key in keys(Tongue::En).filter(|key| key.starts_with("said.")) {
            let both = [Tongue::En, Tongue::Ur].map(|tongue| names(find(tongue, key).unwrap_or_default()));
            assert_eq!(both[0], both[1], "{key}");
        }
    }
}
