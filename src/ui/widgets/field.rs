//! The part of a form in which one question is answered: which widget by kind of question, and its answer.

use ratatui::{crossterm::event::KeyEvent, layout::Rect};

use super::{
    canvas::{Canvas, tongue},
    choice::{Choice, Did, Offer},
    date,
    map::Pairs,
    text::{Edit, Lay},
};
use crate::{
    codebook::{Question, QuestionKind, shape},
    model::{Answer, Code, Given, Lang, Moment, PartialDate, Value, assigned, western_digit},
    ui::{bidi, telling},
    words::{self, Tongue},
};

/// One answer being given.
#[derive(Clone, Debug)]
pub(crate) enum Field {
    Line(Edit),
    Long(Edit),
    Choice(Choice),
    Pairs(Pairs),
}

/// Rows of the editor for long texts.
const LONG_ROWS: u16 = 8;

/// What a field needs to know of the world.
pub(crate) struct Setting<'a> {
    pub(crate) codebook: &'a crate::codebook::Codebook,
    pub(crate) now: Moment,
    /// Entries of the case that can be named, by the form they were filled in.
    pub(crate) entries: &'a [(Box<str>, Offer)],
    /// People to whom the case can be given.
    pub(crate) people: &'a [Offer],
    /// Columns of the editor, for moving up and down in it.
    pub(crate) width: u16,
    /// The language of the screen.
    pub(crate) lang: Lang,
}

impl Field {
    /// The field of a question, holding what was answered so far.
    pub(crate) fn new(question: &Question, given: Option<&Given>, setting: &Setting<'_>) -> Self {
        let value = given.and_then(|given| given.answer.value());
        let codes = || match value {
            Some(Value::Choice(code)) => vec![code.clone()],
            Some(Value::Choices(codes)) => codes.to_vec(),
            Some(Value::Flag(flag)) => vec![Code::new(if *flag { "yes" } else { "no" })],
            Some(Value::Entry(id)) => vec![Code::new(id.to_string())],
            _ => Vec::new(),
        };
        let list = |name: &str| setting.codebook.list(name).map(|list| &**list);
        match &question.kind {
            QuestionKind::Choice { list: name } => Self::Choice(Choice::from_list(list(name), codes(), false)),
            QuestionKind::Choices { list: name } => Self::Choice(Choice::from_list(list(name), codes(), true)),
            QuestionKind::Flag => {
                let offer = |code: &str, key: &str| Offer {
                    code: Code::new(code),
                    en: words::say(Tongue::En, key).to_owned(),
                    ur: words::say(Tongue::Ur, key).to_owned(),
                };
                let offers = vec![offer("yes", "answer.yes"), offer("no", "answer.no")];
                Self::Choice(Choice::from_offers(offers, codes()))
            }
            QuestionKind::Entry { form } => {
                let of_form = setting
                    .entries
                    .iter()
                    .filter(|(of, _)| form.as_str() == crate::codebook::ANY_FORM || **of == *form.as_str());
                Self::Choice(Choice::from_offers(of_form.map(|(_, offer)| offer.clone()).collect(), codes()))
            }
            QuestionKind::Map { keys, values } => {
                let pairs = if let Some(Value::Map(pairs)) = value { &**pairs } else { &[] };
                Self::Pairs(Pairs::new(list(keys), list(values), pairs))
            }
            QuestionKind::Text if question.id.as_str() == assigned::ASSIGNED && !setting.people.is_empty() => {
                let chosen = match value {
                    Some(Value::Text(name)) => vec![Code::new(name)],
                    _ => Vec::new(),
                };
                Self::Choice(Choice::from_offers(setting.people.to_vec(), chosen))
            }
            QuestionKind::LongText => Self::Long(Edit::lines(&typed(question, value))),
            QuestionKind::Text
            | QuestionKind::Number { .. }
            | QuestionKind::Money
            | QuestionKind::Date
            | QuestionKind::PartialDate
            | QuestionKind::Moment
            | QuestionKind::Cnic
            | QuestionKind::Phone => Self::Line(Edit::line(&typed(question, value))),
        }
    }

    /// A key that is not a command.
    pub(crate) fn key(&mut self, key: &KeyEvent, setting: &Setting<'_>) -> Did {
        let edit = match self {
            Self::Choice(choice) => return choice.key(key.code),
            Self::Pairs(pairs) => return pairs.key(key.code),
            Self::Line(edit) | Self::Long(edit) => edit,
        };
        edit.key(key, Lay { width: setting.width, lang: setting.lang })
    }

    /// A click on a cell of the screen, in the area in which the field is drawn: a row is chosen, or the cursor put there.
    pub(crate) fn click(&mut self, canvas: &Canvas<'_>, area: Rect, at: (u16, u16)) -> Did {
        let row = at.1.saturating_sub(area.y);
        match self {
            Self::Choice(choice) => return choice.click(row),
            Self::Pairs(pairs) => return pairs.click(row),
            Self::Line(edit) => edit.click(canvas, line_of(area), at),
            Self::Long(edit) => edit.click(canvas, area, at),
        }
        Did::Moved
    }

    /// Enter, where it does not make a new line: takes what is pointed at.
    pub(crate) fn take(&mut self) -> Did {
        if let Self::Choice(choice) = self { choice.take() } else { Did::Moved }
    }

    /// Whether letters stand here for which nothing of the list was taken, nor would be by this key.
    pub(crate) const fn is_half_typed(&self, taking: bool) -> bool {
        if let Self::Choice(choice) = self { choice.is_half_typed(taking) } else { false }
    }

    /// Whether Enter types a line break here.
    pub(crate) const fn takes_lines(&self) -> bool {
        matches!(self, Self::Long(_))
    }

    /// The editor, where text is typed.
    pub(crate) const fn edit(&mut self) -> Option<&mut Edit> {
        match self {
            Self::Line(edit) | Self::Long(edit) => Some(edit),
            Self::Choice(_) | Self::Pairs(_) => None,
        }
    }

    /// What stands in the field as an answer; `None` where it is empty. A text that is not what the question asks for is
    /// kept as the text it is, so that nothing typed is lost; finishing the form then names the fault.
    pub(crate) fn given(&self, question: &Question, setting: &Setting<'_>) -> Option<Given> {
        let value = match self {
            Self::Choice(choice) => chosen(question, &choice.chosen)?,
            Self::Pairs(pairs) => {
                let pairs = pairs.pairs();
                if pairs.is_empty() {
                    return None;
                }
                Value::Map(pairs)
            }
            Self::Line(edit) | Self::Long(edit) if edit.text().trim().is_empty() => return None,
            Self::Line(edit) | Self::Long(edit) => read(question, edit.text(), setting.now),
        };
        let prose = matches!(question.kind, QuestionKind::Text | QuestionKind::LongText);
        let lang = match &value {
            Value::Text(text) if prose => Some(if bidi::has_rtl(text) { Lang::Ur } else { Lang::En }),
            _ => None,
        };
        Some(Given { answer: Answer::Value(value), lang })
    }

    /// Rows it takes on the screen.
    pub(crate) fn height(&self) -> u16 {
        match self {
            Self::Line(_) => 1,
            Self::Long(_) => LONG_ROWS,
            Self::Choice(choice) => choice.height(),
            Self::Pairs(pairs) => pairs.height(),
        }
    }

    pub(crate) fn draw(&self, canvas: &mut Canvas<'_>, area: Rect) {
        match self {
            Self::Line(edit) => edit.draw(canvas, line_of(area), true),
            Self::Long(edit) => edit.draw(canvas, area, true),
            Self::Choice(choice) => choice.draw(canvas, area),
            Self::Pairs(pairs) => pairs.draw(canvas, area),
        }
    }

    /// How a typed date, time or sum was understood, where that differs from what was typed.
    pub(crate) fn echo(&self, question: &Question, setting: &Setting<'_>, canvas: &Canvas<'_>) -> Option<String> {
        let Self::Line(edit) = self else { return None };
        let given = self.given(question, setting)?;
        let value = given.answer.value()?;
        if matches!(value, Value::Text(_)) && !matches!(question.kind, QuestionKind::Cnic | QuestionKind::Phone) {
            return None;
        }
        let told = telling::value(setting.codebook, question, value, canvas.settings.lang);
        (told != edit.text().trim()).then(|| format!("→ {told}"))
    }

    /// What may be typed here, in a few words; `None` where that goes without saying.
    pub(crate) fn advice(question: &Question, lang: Lang) -> Option<&'static str> {
        let key = match &question.kind {
            QuestionKind::Date => "field.date",
            QuestionKind::PartialDate => "field.partial_date",
            QuestionKind::Moment => "field.moment",
            QuestionKind::Cnic => "field.cnic",
            QuestionKind::Phone => "field.phone",
            QuestionKind::Money => "field.money",
            QuestionKind::LongText => "field.long_text",
            QuestionKind::Choices { .. } => "field.choices",
            QuestionKind::Map { .. } => "field.map",
            QuestionKind::Text
            | QuestionKind::Number { .. }
            | QuestionKind::Flag
            | QuestionKind::Choice { .. }
            | QuestionKind::Entry { .. } => return None,
        };
        Some(words::say(tongue(lang), key))
    }
}

/// A value as it would be typed.
/// Where one line is typed in the area of a field.
fn line_of(area: Rect) -> Rect {
    Rect { width: area.width.min(56), height: 1, ..area }
}

fn typed(question: &Question, value: Option<&Value>) -> String {
    match value {
        Some(Value::Text(text)) if question.kind == QuestionKind::Cnic => shape::show_cnic(text),
        Some(Value::Text(text)) => text.to_string(),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::Date(date)) => date.to_string(),
        Some(Value::Moment(moment)) => telling::clock(*moment),
        _ => String::new(),
    }
}

fn chosen(question: &Question, codes: &[Code]) -> Option<Value> {
    let first = codes.first();
    match &question.kind {
        QuestionKind::Choices { .. } if codes.is_empty() && !question.may_be_empty => None,
        QuestionKind::Choices { .. } => Some(Value::Choices(codes.into())),
        QuestionKind::Flag => Some(Value::Flag(first?.as_str() == "yes")),
        QuestionKind::Entry { .. } => first?.as_str().parse().ok().map(Value::Entry),
        // Somebody of the roster: what they are called stands there as they were chosen.
        QuestionKind::Text => Some(Value::Text(first?.as_str().into())),
        _ => first.cloned().map(Value::Choice),
    }
}

/// A typed text as the value that the question asks for, or as the text it is.
fn read(question: &Question, text: &str, now: Moment) -> Value {
    let plain = || Value::Text(text.trim().into());
    match &question.kind {
        QuestionKind::LongText => Value::Text(text.trim_end().into()),
        QuestionKind::Number { .. } | QuestionKind::Money => {
            let digits: String = text.chars().filter(|letter| !matches!(letter, ',' | ' ' | '\u{A0}')).collect();
            let digits: String = digits.chars().map(western_digit).collect();
            digits.trim_start_matches("Rs").parse().map_or_else(|_| plain(), Value::Number)
        }
        QuestionKind::Date => date::read(text, now).ok().filter(PartialDate::is_whole).map_or_else(plain, Value::Date),
        QuestionKind::PartialDate => date::read(text, now).map_or_else(|_| plain(), Value::Date),
        QuestionKind::Moment => date::read_moment(text, now).map_or_else(|_| plain(), Value::Moment),
        QuestionKind::Cnic => shape::cnic(text).map_or_else(|_| plain(), Value::Text),
        QuestionKind::Phone => shape::phone(text).map_or_else(|_| plain(), Value::Text),
        _ => plain(),
    }
}
