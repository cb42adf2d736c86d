//! Attachments that are sealed again while a home is open: what was looked for before they were is not all that is found after it.

use std::fs;

use super::{
    guarding::Agency,
    home::{CASE, sheet},
};
use crate::{
    codebook::Codebook,
    model::{Content, ListedPart, Value},
    runtime::{
        entries::keep::{ToKeep, What},
        homes::home::Home,
        road::attaching::ToAttach,
    },
};

const WORDS: &[u8] = b"A sample photo, made up.";

fn opened(home: &Home, listed: &ListedPart) -> Vec<u8> {
    let mut opened = Vec::new();
    home.open_part("opening a sample", listed, &mut opened, &mut |_, _| true).unwrap();
    opened
}

#[test]
fn an_attachment_is_found_where_it_was_sealed_again_after_it_had_been_looked_for() {
    let mut agency = Agency::new();
    agency.change(|roster| roster.minimum_version = 2);
    let (home, file) = (&mut agency.reader(), agency.folder.path().join("sample.txt"));
    fs::write(&file, WORDS).unwrap();
    let note = sheet("note", &[("note_text", Value::Text("A sample.".into()))]);
    let keep = ToKeep { case: CASE, what: What::Sheet(note), source: None, draft: None, sharing: None };
    let files = [ToAttach { path: file, media: None }];
    let kept = home.attach(Codebook::builtin().unwrap(), keep, &files, &mut |_, _| true).unwrap();
    let entry = kept.iter().find(|entry| matches!(entry.content, Content::Sheet(_))).unwrap();
    let listed = ListedPart { case: CASE, author: entry.author, part: entry.parts[0].clone() };

    for times in 1..=3 {
        let lies = home.lies(&listed.author, &listed.part).unwrap();
        assert_eq!(lies.len(), times);
        assert!(lies.is_sorted_by(|one, next| one.entry.seq > next.entry.seq), "newest first");
        // Only where it was sealed last: at every other place it is gone, as the second reader's word lets it go.
        for older in &lies[1..] {
            home.part_files().remove(&older.part.digest).unwrap();
        }
        assert_eq!(opened(home, &listed), WORDS);
        assert!(home.holds_part(&listed.author, &listed.part));
        let sealed = home.reseal_case(CASE.into(), &mut |_| true).unwrap();
        assert_eq!((sealed.resealed, sealed.left.len()), (1, 0));
    }
}
