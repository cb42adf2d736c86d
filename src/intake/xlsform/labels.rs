//! The words of a row in the two languages of the program.

use super::sheets::Row;

/// A text in both languages; where the workbook has one only, it stands in both.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub(super) struct Words {
    pub en: String,
    pub ur: String,
}

impl Words {
    /// The same text in both.
    pub(super) fn both(text: &str) -> Self {
        Self { en: text.to_owned(), ur: text.to_owned() }
    }

    pub(super) fn of(en: &str, ur: &str) -> Self {
        Self { en: en.to_owned(), ur: ur.to_owned() }
    }

    /// Whether one language stands in for the other.
    pub(super) fn is_one(&self) -> bool {
        self.en == self.ur && self.en.chars().any(char::is_alphabetic)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.en.is_empty()
    }

    /// Behind another text: a group within a group, a note before its question.
    pub(super) fn behind(&self, first: &Self, between: &str) -> Self {
        let join = |first: &str, second: &str| match (first, second) {
            ("", text) | (text, "") => text.to_owned(),
            (first, second) => format!("{first}{between}{second}"),
        };
        Self { en: join(&first.en, &self.en), ur: join(&first.ur, &self.ur) }
    }
}

/// What a row says in a column (`label`, `hint`, `constraint_message`): the column itself and its translations
/// (`label::English (en)`, `label::اردو (ur)`). Empty where it says nothing.
pub(super) fn words(row: &Row, column: &str, default_language: &str) -> Words {
    let bare = row.cell(column);
    let in_language = |is: fn(&str) -> bool| row.translations(column).find(|(name, _)| is(name)).map(|(_, text)| text);
    let fallback = row.translations(column).next().map_or("", |(_, text)| text);
    let bare_is_urdu = !bare.is_empty() && is_urdu(default_language);
    let ur = in_language(is_urdu).or(bare_is_urdu.then_some(bare));
    let en = in_language(is_english).or((!bare.is_empty() && !bare_is_urdu).then_some(bare));
    let en = clean(en.or(ur).unwrap_or(fallback));
    let ur = ur.map_or_else(|| en.clone(), clean);
    Words { en, ur }
}

fn is_english(language: &str) -> bool {
    let language = language.to_lowercase();
    language.contains("english") || language.contains("(en") || language == "en"
}

fn is_urdu(language: &str) -> bool {
    let lower = language.to_lowercase();
    lower.contains("urdu") || lower.contains("(ur") || lower == "ur" || language.contains("اردو")
}

/// One line, without the marks of Markdown and HTML that some tools show as bold, and with Urdu's own letters.
fn clean(text: &str) -> String {
    let text = text.replace("**", "").replace('\u{a0}', " ").replace('ي', "ی").replace('ك', "ک");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
