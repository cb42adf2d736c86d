//! Shares of the recovery key: any threshold of them gives it back, fewer and others never, and no slip of the pen goes unnoticed.
#![expect(clippy::unwrap_used, reason = "a test may stop")]

use amanat_keys::error::{Forgery, KeysError, Misuse};
use amanat_keys::recipient::ReadIdentity;
use amanat_keys::recovery::{Share, WORDS, join, split};

fn three_of_five() -> (ReadIdentity, Vec<Share>) {
    let identity = ReadIdentity::generate().unwrap();
    let shares = split(&identity, 3, 5).unwrap();
    (identity, shares)
}

#[test]
fn every_three_of_five_give_the_key_back_and_no_two_do() {
    let (identity, shares) = three_of_five();
    let recipient = identity.recipient();
    for a in 0..5 {
        for b in a + 1..5 {
            let two = [shares[a].clone(), shares[b].clone(), shares[a].clone()];
            assert!(matches!(join(&two, recipient), Err(KeysError::Misuse(Misuse::Limit { .. }))), "{a} {b}");
            for c in b + 1..5 {
                let three = [&shares[c], &shares[a], &shares[b]].map(Share::clone);
                assert_eq!(join(&three, recipient).unwrap().recipient(), recipient);
            }
        }
    }
    assert_eq!(join(&shares, recipient).unwrap().recipient(), recipient, "more than enough");
}

#[test]
fn a_sheet_is_read_as_it_was_printed_and_each_wrong_word_is_noticed() {
    let (_, shares) = three_of_five();
    for share in &shares {
        let words = share.words();
        let typed: Vec<&str> = words.split(' ').collect();
        assert_eq!(typed.len(), WORDS);
        let read = Share::read(&words).unwrap();
        assert_eq!((read.index(), read.threshold(), read.shares()), (share.index(), 3, 5));
        assert_eq!(*read.words(), *words);
        let short: Vec<String> =
            typed.iter().map(|word| word.chars().take(4).collect::<String>().to_uppercase()).collect();
        assert_eq!(
            *Share::read(&short.join("\n 7. ")).unwrap().words(),
            *words,
            "four letters, capitals, numbered lines"
        );
    }
    let words = shares[0].words();
    let typed: Vec<&str> = words.split(' ').collect();
    let other = shares[1].words();
    let others: Vec<&str> = other.split(' ').collect();
    for at in 0..WORDS {
        // Another word of the list in its place, its neighbour's, and none of the list at all.
        for wrong in [others[(at + 7) % WORDS], typed[(at + 1) % WORDS], "xylographies"] {
            let mut changed = typed.clone();
            if changed[at] == wrong {
                continue;
            }
            changed[at] = wrong;
            Share::read(&changed.join(" ")).unwrap_err();
        }
    }
    assert!(Share::read(&typed[1..].join(" ")).is_err() && Share::read("").is_err());
    assert!(!format!("{:?}", shares[0]).contains(typed[10]), "a share is never printed by accident");
}

#[test]
fn a_sheet_of_another_key_joins_nothing() {
    let ((identity, shares), (stranger, others)) = (three_of_five(), three_of_five());
    let mixed = [&shares[0], &shares[1], &others[2]].map(Share::clone);
    assert!(matches!(join(&mixed, identity.recipient()), Err(KeysError::Forged(Forgery::OtherKey))));
    assert!(matches!(join(&shares, stranger.recipient()), Err(KeysError::Forged(Forgery::OtherKey))));
    assert!(join(&[], identity.recipient()).is_err());
    for (threshold, shares) in [(0, 5), (1, 5), (6, 5), (2, 17)] {
        assert!(split(&identity, threshold, shares).is_err(), "{threshold} of {shares}");
    }
    assert_eq!(split(&identity, 2, 2).unwrap().len(), 2);
    assert_eq!(split(&identity, 16, 16).unwrap().len(), 16);
}
