//! From the text of a rule to its tree: a hand-written descent with limits, so that no text can exhaust the stack.

use std::fmt;

use crate::model::{Code, PartialDate, QuestionId};

use super::rule::{CnicSays, Comparison, Expr, Path, Standing, Term};

/// Longest rule, in bytes: several times the longest that a person could follow.
const MAX_BYTES: usize = 2_000;
/// Deepest nesting of brackets and `not`.
const MAX_DEPTH: usize = 24;

/// Where a rule stops making sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleError {
    /// Bytes from the start of the rule.
    pub at: usize,
    /// What is wrong, with what was meant where that can be guessed.
    pub what: String,
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (at character {} of the rule)", self.what, self.at + 1)
    }
}

impl std::error::Error for RuleError {}

/// Reads a whole rule.
pub(super) fn read(text: &str) -> Result<Expr, RuleError> {
    if text.len() > MAX_BYTES {
        return Err(RuleError { at: MAX_BYTES, what: format!("longer than {MAX_BYTES} bytes") });
    }
    let mut reader = Reader { tokens: split(text)?, at: 0, depth: 0, end: text.len() };
    let expr = reader.or()?;
    match reader.peek() {
        None => Ok(expr),
        Some(token) => Err(reader.wrong(&format!("nothing more was expected, but there is {token}"))),
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    /// Lowercase: a question, a function or a keyword.
    Word(String),
    Code(String),
    Number(i64),
    Date(PartialDate),
    Sign(&'static str),
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(word) => write!(f, "`{word}`"),
            Self::Code(code) => write!(f, "`{code}`"),
            Self::Number(number) => write!(f, "`{number}`"),
            Self::Date(date) => write!(f, "`{date}`"),
            Self::Sign(sign) => write!(f, "`{sign}`"),
        }
    }
}

/// Longest first, so that `<=` is not read as `<`.
const SIGNS: [&str; 9] = ["<=", ">=", "!=", "=", "<", ">", "(", ")", ","];

fn split(text: &str) -> Result<Vec<(usize, Token)>, RuleError> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let wrong = |what: &str| RuleError { at, what: what.to_owned() };
        let Some(first) = rest.chars().next() else { break };
        let take = |allowed: fn(char) -> bool| rest.find(|c| !allowed(c)).unwrap_or(rest.len());
        let (length, token) = if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            (sign.len(), Token::Sign(sign))
        } else if let Some(quoted) = rest.strip_prefix('\'') {
            let length = quoted.find('\'').ok_or_else(|| wrong("this quote is never closed"))?;
            (length + 2, Token::Code(quoted.chars().take_while(|c| *c != '\'').collect()))
        } else if first.is_ascii_lowercase() {
            let length = take(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '.'));
            (length, Token::Word(rest.chars().take(length).collect()))
        } else if first.is_ascii_uppercase() {
            let length = take(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
            (length, Token::Code(rest.chars().take(length).collect()))
        } else if first.is_ascii_digit() {
            let length = take(|c| c.is_ascii_digit() || c == '-');
            let digits: String = rest.chars().take(length).collect();
            (length, number_or_date(&digits).ok_or_else(|| wrong("neither a number nor a date like 2025-04-23"))?)
        } else {
            return Err(wrong(&format!("`{first}` has no meaning in a rule")));
        };
        tokens.push((at, token));
        at += length;
    }
    Ok(tokens)
}

fn number_or_date(digits: &str) -> Option<Token> {
    if digits.contains('-') {
        return digits.parse().ok().map(Token::Date);
    }
    digits.parse().ok().map(Token::Number)
}

struct Reader {
    tokens: Vec<(usize, Token)>,
    at: usize,
    depth: usize,
    end: usize,
}

impl Reader {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(_, token)| token)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.peek().cloned();
        self.at += 1;
        token
    }

    /// A complaint about the token that was looked at last.
    fn wrong(&self, what: &str) -> RuleError {
        RuleError { at: self.tokens.get(self.at).map_or(self.end, |(at, _)| *at), what: what.to_owned() }
    }

    fn takes_word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Word(next)) if next == word);
        self.at += usize::from(found);
        found
    }

    fn takes_sign(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Sign(next)) if *next == sign);
        self.at += usize::from(found);
        found
    }

    fn needs_sign(&mut self, sign: &str) -> Result<(), RuleError> {
        if self.takes_sign(sign) {
            return Ok(());
        }
        Err(self.wrong(&format!("`{sign}` was expected")))
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, RuleError>) -> Result<T, RuleError> {
        if self.depth >= MAX_DEPTH {
            return Err(self.wrong(&format!("nested deeper than {MAX_DEPTH}")));
        }
        self.depth += 1;
        let read = read(self);
        self.depth -= 1;
        read
    }

    fn or(&mut self) -> Result<Expr, RuleError> {
        let mut parts = vec![self.and()?];
        while self.takes_word("or") {
            parts.push(self.and()?);
        }
        Ok(single_or(parts, Expr::Or))
    }

    fn and(&mut self) -> Result<Expr, RuleError> {
        let mut parts = vec![self.not()?];
        while self.takes_word("and") {
            parts.push(self.not()?);
        }
        Ok(single_or(parts, Expr::And))
    }

    fn not(&mut self) -> Result<Expr, RuleError> {
        if self.takes_word("not") {
            return self.deeper(Self::not).map(|part| Expr::Not(Box::new(part)));
        }
        if self.takes_sign("(") {
            let inner = self.deeper(Self::or)?;
            self.needs_sign(")")?;
            return Ok(inner);
        }
        self.statement()
    }

    fn statement(&mut self) -> Result<Expr, RuleError> {
        if let Some(Token::Word(word)) = self.peek() {
            let word = word.clone();
            if let Some(read) = test_named(&word) {
                self.at += 1;
                return self.brackets(read);
            }
        }
        let left = self.term()?;
        if let Term::Path(path) = &left {
            let path = path.clone();
            if self.takes_word("in") {
                return Ok(Expr::Any(path, self.brackets(Self::codes)?));
            }
            if self.takes_word("not") {
                if !self.takes_word("in") {
                    return Err(self.wrong("`in` was expected after `not`"));
                }
                return Ok(Expr::Not(Box::new(Expr::Any(path, self.brackets(Self::codes)?))));
            }
            return match self.comparison() {
                Some(how) => self.against(path, how),
                None => Ok(Expr::Flag(path, true)),
            };
        }
        let how = self.comparison().ok_or_else(|| self.wrong("a comparison (= != < <= > >=) was expected"))?;
        Ok(Expr::Compare(left, how, self.term()?))
    }

    /// What follows a question and a comparison: a code, yes or no, or a size.
    fn against(&mut self, path: Path, how: Comparison) -> Result<Expr, RuleError> {
        let equality = matches!(how, Comparison::Equal | Comparison::Unequal);
        let positive = match self.peek() {
            Some(Token::Code(code)) if equality => Expr::Any(path, vec![Code::new(code)]),
            Some(Token::Word(word)) if equality && word == "yes" => Expr::Flag(path, true),
            Some(Token::Word(word)) if equality && word == "no" => Expr::Flag(path, false),
            Some(Token::Code(code)) => {
                return Err(self.wrong(&format!("codes have no order: compare `{code}` with = or !=")));
            }
            _ => return Ok(Expr::Compare(Term::Path(path), how, self.term()?)),
        };
        self.at += 1;
        Ok(if how == Comparison::Equal { positive } else { Expr::Not(Box::new(positive)) })
    }

    fn comparison(&mut self) -> Option<Comparison> {
        let how = match self.peek()? {
            Token::Sign("=") => Comparison::Equal,
            Token::Sign("!=") => Comparison::Unequal,
            Token::Sign("<") => Comparison::Less,
            Token::Sign("<=") => Comparison::AtMost,
            Token::Sign(">") => Comparison::More,
            Token::Sign(">=") => Comparison::AtLeast,
            _ => return None,
        };
        self.at += 1;
        Some(how)
    }

    fn term(&mut self) -> Result<Term, RuleError> {
        match self.peek() {
            Some(Token::Number(number)) => {
                let number = *number;
                self.at += 1;
                Ok(Term::Number(number))
            }
            Some(Token::Date(date)) => {
                let date = *date;
                self.at += 1;
                Ok(Term::Date(date))
            }
            Some(Token::Word(word)) if word == "sum" => {
                self.at += 1;
                self.brackets(Self::paths).map(Term::Sum)
            }
            Some(Token::Word(word)) if word == "count" => {
                self.at += 1;
                self.brackets(Self::path).map(Term::Count)
            }
            Some(Token::Word(word)) if word == "year" => {
                self.at += 1;
                self.brackets(Self::path).map(Term::Year)
            }
            _ => self.path().map(Term::Path),
        }
    }

    fn brackets<T>(&mut self, read: fn(&mut Self) -> Result<T, RuleError>) -> Result<T, RuleError> {
        self.needs_sign("(")?;
        let inner = read(self)?;
        self.needs_sign(")")?;
        Ok(inner)
    }

    fn path(&mut self) -> Result<Path, RuleError> {
        let Some(Token::Word(word)) = self.peek() else {
            return Err(self.wrong("the id of a question was expected (lowercase)"));
        };
        if matches!(word.as_str(), "and" | "or" | "not" | "in" | "yes" | "no") {
            return Err(self.wrong(&format!("a question was expected, not `{word}`")));
        }
        let path = match word.split_once('.') {
            None => Path { of: None, question: QuestionId::new(word) },
            Some((of, question)) if !of.is_empty() && !question.is_empty() && !question.contains('.') => {
                Path { of: Some(QuestionId::new(of)), question: QuestionId::new(question) }
            }
            Some(_) => return Err(self.wrong("one dot at most, between two question ids")),
        };
        self.at += 1;
        Ok(path)
    }

    fn paths(&mut self) -> Result<Vec<Path>, RuleError> {
        let mut paths = vec![self.path()?];
        while self.takes_sign(",") {
            paths.push(self.path()?);
        }
        Ok(paths)
    }

    fn codes(&mut self) -> Result<Vec<Code>, RuleError> {
        let mut codes = Vec::new();
        loop {
            match self.next() {
                Some(Token::Code(code)) => codes.push(Code::new(code)),
                _ => {
                    self.at -= 1;
                    return Err(self.wrong("a code was expected (capitals, or in single quotes)"));
                }
            }
            if !self.takes_sign(",") {
                return Ok(codes);
            }
        }
    }

    fn path_and_codes(&mut self) -> Result<(Path, Vec<Code>), RuleError> {
        let path = self.path()?;
        self.needs_sign(",")?;
        Ok((path, self.codes()?))
    }
}

type Read = fn(&mut Reader) -> Result<Expr, RuleError>;

/// The tests that are written like functions.
fn test_named(word: &str) -> Option<Read> {
    let read: Read = match word {
        "any" => |reader| reader.path_and_codes().map(|(path, codes)| Expr::Any(path, codes)),
        "all" => |reader| reader.path_and_codes().map(|(path, codes)| Expr::All(path, codes)),
        "answered" => |reader| reader.path().map(|path| Expr::Stands(path, Standing::Answered)),
        "given" => |reader| reader.path().map(|path| Expr::Stands(path, Standing::Given)),
        "unknown" => |reader| reader.path().map(|path| Expr::Stands(path, Standing::Unknown)),
        "refused" => |reader| reader.path().map(|path| Expr::Stands(path, Standing::Refused)),
        "not_asked" => |reader| reader.path().map(|path| Expr::Stands(path, Standing::NotAsked)),
        "not_recorded" => |reader| reader.path().map(|path| Expr::Stands(path, Standing::NotRecorded)),
        "cnic_male" => |reader| reader.path().map(|path| Expr::Cnic(path, CnicSays::Male)),
        "cnic_female" => |reader| reader.path().map(|path| Expr::Cnic(path, CnicSays::Female)),
        "whole_month" => |reader| reader.path().map(Expr::WholeMonth),
        "same" => |reader| {
            let path = reader.path()?;
            reader.needs_sign(",")?;
            reader.path().map(|other| Expr::Same(path, other))
        },
        "cnic_of" => |reader| {
            let path = reader.path()?;
            reader.needs_sign(",")?;
            reader.path().map(|province| Expr::Cnic(path, CnicSays::Province(province)))
        },
        _ => return None,
    };
    Some(read)
}

fn single_or(mut parts: Vec<Expr>, many: fn(Vec<Expr>) -> Expr) -> Expr {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            many(parts)
        }
        None => many(parts),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_wrong_rule_says_where_and_what() {
        for (text, at, what) in [
            ("", 0, "question was expected"),
            ("age_years <", 11, "question was expected"),
            ("age_years << 3", 11, "question was expected"),
            ("case_status in (CLO, )", 21, "code was expected"),
            ("case_status in CLO", 15, "`(` was expected"),
            ("case_status < CLO", 14, "codes have no order"),
            ("case_status not CLO", 16, "`in` was expected"),
            ("any(exploitation_type)", 21, "`,` was expected"),
            ("sum(a, b)", 9, "a comparison"),
            ("a = 'urd", 4, "never closed"),
            ("a = 2025-13-01", 4, "neither a number nor a date"),
            ("a.b.c", 0, "one dot"),
            ("a & b", 2, "has no meaning"),
            ("a b", 2, "nothing more"),
            ("(a", 2, "`)` was expected"),
            ("in = 3", 0, "not `in`"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.at == at && error.what.contains(what), "{text}: {error:?}");
        }
    }

    #[test]
    fn depth_and_length_have_limits() {
        assert!(read(&format!("{}a{}", "(".repeat(MAX_DEPTH), ")".repeat(MAX_DEPTH))).is_ok());
        assert!(read(&format!("{}a", "(".repeat(MAX_DEPTH + 1))).unwrap_err().what.contains("nested deeper"));
        assert!(read(&format!("{}a", "not ".repeat(MAX_DEPTH + 1))).unwrap_err().what.contains("nested deeper"));
        assert!(read(&"a or ".repeat(1000)).unwrap_err().what.contains("longer than"));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[a-zA-Z0-9_.,()'<>=! \u{627}-]{0,60}") {
            if let Err(error) = read(&text) {
                prop_assert!(error.at <= text.len());
            }
        }
    }
}
