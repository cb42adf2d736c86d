//! The desk's part in a case that goes to another agency or comes from one: the roster that was named by its words, what goes, the file on
//! the stick, and the answer.

use std::{path::Path, sync::Arc};

use amanat_keys::{trust::Trust, words::Words};

use super::{seat::Seat, tellings};
use crate::{
    codebook::Codebook,
    failure::Failure,
    model::{CaseId, Code, Entry, OfferId},
    runtime::{
        abroad::offering::{self, Says, Wish},
        homes::{home::Home, pack},
    },
    ui::{AbroadAnswer, AbroadCame, AbroadOffer, AbroadOut, AbroadTaken, Msg, Offered},
};

impl Seat {
    /// Whose roster it is, and which of its units can read.
    pub(super) fn open_agency(&mut self, path: &str, words: &str) {
        match theirs(path, words) {
            Err(failure) => self.say(Msg::AbroadFailed(tellings::trouble(&failure))),
            Ok(theirs) => {
                let roster = theirs.roster();
                let units = roster.units.iter().filter(|unit| unit.recipient.is_some());
                let units = units.map(|unit| (unit.id.into(), unit.name.clone())).collect();
                self.say(Msg::AgencyIs { agency: roster.name.clone(), units });
            }
        }
    }

    /// Offers a case; without a file it says what would go.
    pub(in crate::runtime) fn offer_abroad(&mut self, offer: &AbroadOffer, out: Option<&str>) {
        let codebook = Arc::clone(&self.codebook);
        let done = theirs(&offer.roster, &offer.words).and_then(|theirs| {
            self.with_home(|home| {
                let wish = Wish { theirs: &theirs, unit: offer.unit.into(), reason: offer.reason.clone(), note: None };
                let entries: Vec<&Entry> = offer.entries.iter().collect();
                let done = home.offer_abroad(&codebook, offer.case.into(), &entries, &wish, out.map(Path::new))?;
                Ok((done, own_words(home)?))
            })
        });
        match done {
            Err(failure) => self.say(Msg::AbroadFailed(tellings::trouble(&failure))),
            Ok((done, words)) => {
                self.kept_word(done.entry);
                self.say(Msg::AbroadOffers(Box::new(AbroadOut {
                    path: out.map(str::to_owned),
                    entries: u64::try_from(done.entries).unwrap_or(u64::MAX),
                    left_behind: done.left_behind,
                    lacking: done.lacking,
                    again: done.again,
                    words,
                })));
            }
        }
    }

    /// Takes an offer back, with a file that says so.
    pub(in crate::runtime) fn take_back_abroad(
        &mut self,
        case: CaseId,
        (roster, words): (&str, &str),
        offer: &OfferId,
        out: &str,
    ) {
        let codebook = Arc::clone(&self.codebook);
        let done = theirs(roster, words).and_then(|theirs| {
            self.with_home(|home| {
                let id = offer.to_string();
                let which = (&theirs, Some(id.as_str()));
                let done = home.take_back_abroad(&codebook, case.into(), which, None, Some(Path::new(out)))?;
                Ok((done, own_words(home)?))
            })
        });
        match done {
            Err(failure) => self.say(Msg::AbroadFailed(tellings::trouble(&failure))),
            Ok((done, words)) => {
                self.kept_word(done.entry);
                let out = AbroadOut { path: Some(out.to_owned()), words, ..AbroadOut::default() };
                self.say(Msg::AbroadOffers(Box::new(out)));
            }
        }
    }

    /// Looks into a file that another agency wrote, and takes an answer or a withdrawal in.
    pub(super) fn read_abroad(&mut self, path: &str, words: Option<&str>) {
        let codebook = Arc::clone(&self.codebook);
        match self.with_home(|home| came(home, &codebook, path, words)) {
            Err(failure) => self.say(Msg::AbroadFailed(tellings::trouble(&failure))),
            Ok((came, entry)) => {
                self.kept_word(entry);
                self.say(Msg::AbroadCame { path: path.to_owned(), came: Box::new(came) });
            }
        }
    }

    /// Takes a case over, or does not, and writes the answer.
    pub(super) fn answer_abroad(&mut self, answer: &AbroadAnswer) {
        let done = self.with_home(|home| {
            let incoming = home.open_from_abroad(Path::new(&answer.path))?;
            let proposed = home.prove_offer(&incoming, &typed(&answer.words)?)?;
            let (note, out) = (answer.note.as_deref(), Path::new(&answer.out));
            let kept = if answer.accept {
                home.take_over(&proposed, note, |row| answer.known.contains(row))?
            } else {
                Vec::new()
            };
            Ok((kept, home.answer(&proposed, answer.accept, note, out), own_words(home)?))
        });
        let (kept, written, words) = match done {
            Err(failure) => return self.say(Msg::AbroadFailed(tellings::trouble(&failure))),
            Ok(done) => done,
        };
        let count = u64::try_from(kept.len()).unwrap_or(u64::MAX);
        if !kept.is_empty() {
            super::seat::note_forms(&mut self.forms, &kept);
            self.say_kept(kept, None);
            self.carry();
        }
        // What is kept stays kept where the stick is full: the answer is written again.
        self.say(match written {
            Err(failure) => Msg::AbroadFailed(tellings::trouble(&failure)),
            Ok(_bytes) => Msg::AbroadTaken(Box::new(AbroadTaken { path: answer.out.clone(), kept: count, words })),
        });
    }

    fn kept_word(&self, entry: Option<Entry>) {
        if let Some(entry) = entry {
            self.say_kept(vec![entry], None);
            self.carry();
        }
    }
}

/// What a file says, and the word that was kept of it.
fn came(
    home: &mut Home,
    codebook: &Codebook,
    path: &str,
    words: Option<&str>,
) -> Result<(AbroadCame, Option<Entry>), Failure> {
    let incoming = home.open_from_abroad(Path::new(path))?;
    let words = words.map(typed).transpose()?;
    let note = |note: &str| (!note.is_empty()).then(|| note.to_owned());
    Ok(match (incoming.says(), words) {
        (Says::Reply, None) if home.needs_words(&incoming) => (AbroadCame::Unknown, None),
        (Says::Reply, words) => {
            let answered = home.take_answer(codebook, &incoming, words.as_ref())?;
            let came = AbroadCame::Answer {
                agency: answered.peer.name.to_string(),
                unit: answered.peer.unit.to_string(),
                accepted: answered.reply.accepted,
                note: note(&answered.reply.note),
                crossed: answered.crossed,
                new: answered.entry.is_some(),
            };
            (came, answered.entry)
        }
        (_, None) => (AbroadCame::Unknown, None),
        (Says::Withdrawal, Some(words)) => {
            let heard = home.hear_withdrawal(codebook, &incoming, &words)?;
            let (agency, unit) = heard.names;
            let came = AbroadCame::Withdrawn {
                agency,
                unit,
                note: note(&heard.withdrawal.note),
                here: heard.case.is_some(),
                new: heard.entry.is_some(),
            };
            (came, heard.entry)
        }
        (Says::Offer, Some(words)) => {
            let proposed = home.prove_offer(&incoming, &words)?;
            let offer = &proposed.offer;
            let offered = Offered {
                agency: proposed.theirs.roster().name.clone(),
                unit: proposed.unit_name().to_owned(),
                reason: Code::new(&offer.reason),
                note: note(&offer.note),
                entries: u64::try_from(offer.entries.len()).unwrap_or(u64::MAX),
                left_behind: offer.left_behind,
                case: proposed.case().into(),
                withdrawn: proposed.withdrawn,
            };
            (AbroadCame::Offer(offered), None)
        }
    })
}

fn theirs(path: &str, words: &str) -> Result<Trust, Failure> {
    let words = typed(words)?;
    offering::pin(&pack::read(Path::new(path))?, &words)
}

fn typed(words: &str) -> Result<Words, Failure> {
    words.parse().map_err(|_malformed| {
        Failure::usage(
            "reading the words — they are not eight words of the list",
            "Type the eight words as they were read aloud.",
        )
    })
}

fn own_words(home: &Home) -> Result<String, Failure> {
    Ok(home.trust()?.fingerprint_words().to_string())
}
