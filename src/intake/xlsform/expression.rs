//! What an XLSForm says under *relevant*, *constraint* and *required*, as a rule of the codebook.
//!
//! The part of XPath that forms are written in: `${name}`, `.`, comparisons, `and`, `or`, `not()`, `selected()`, `count-selected()`,
//! `date()`. What the rules here have no counterpart for (arithmetic, today's date, patterns) is refused with its reason.

/// Deepest nesting that is read.
const MAX_DEPTH: usize = 20;
/// Longest expression, in bytes.
const MAX_BYTES: usize = 4_000;

/// What kind of answer a question takes, as far as an expression cares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    Text,
    Number,
    Flag,
    Day,
    /// A list of the workbook; one code of it.
    One(String),
    /// A list of the workbook; several codes of it.
    Several(String),
}

/// A question that stands before, as a rule names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub path: String,
    pub takes: Takes,
}

/// What an expression may speak of.
pub(super) struct Around<'a> {
    /// The question of this name, when it stands before; else why a rule cannot name it.
    pub question: &'a dyn Fn(&str) -> Result<Asked, String>,
    /// What a code of a list is: a value, or the answer that it stands for.
    pub code: &'a dyn Fn(&str, &str) -> Coded,
}

/// What a code is in a list of the codebook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coded {
    Value,
    Unknown,
    NotAsked,
    Nothing,
}

/// Translates a whole expression. `own` is what `.` means, if anything.
///
/// # Errors
/// Which part has no counterpart, in words.
pub(super) fn translate(text: &str, own: Option<&Asked>, around: &Around<'_>) -> Result<String, String> {
    if text.len() > MAX_BYTES {
        return Err(format!("longer than {MAX_BYTES} bytes"));
    }
    let mut reader = Reader { tokens: split(text)?, at: 0, depth: 0, own, around };
    let rule = reader.or()?;
    match reader.peek() {
        None => Ok(rule),
        Some(token) => Err(format!("`{token}` was not expected there")),
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Name(String),
    Own,
    Word(String),
    Text(String),
    Number(String),
    Sign(&'static str),
}

impl std::fmt::Display for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Name(name) => write!(f, "${{{name}}}"),
            Self::Own => f.write_str("."),
            Self::Word(text) | Self::Text(text) | Self::Number(text) => f.write_str(text),
            Self::Sign(sign) => f.write_str(sign),
        }
    }
}

/// Longest first.
const SIGNS: [&str; 13] = ["<=", ">=", "!=", "=", "<", ">", "(", ")", ",", "+", "*", "|", "-"];

fn split(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let taken = |allowed: fn(char) -> bool| rest.find(|c| !allowed(c)).unwrap_or(rest.len());
        let (length, token) = if let Some(name) = rest.strip_prefix("${") {
            let end = name.find('}').ok_or("a `${` is never closed")?;
            (end + 3, Token::Name(name.chars().take_while(|c| *c != '}').collect::<String>().trim().to_owned()))
        } else if first == '\'' || first == '"' || first == '’' || first == '‘' {
            let quoted = rest.get(first.len_utf8()..).unwrap_or_default();
            // Word processors turn straight quotes into curly ones.
            let closes = |c: char| c == first || (matches!(first, '’' | '‘') && c == '’');
            let end = quoted.find(closes).ok_or("a quote is never closed")?;
            let text: String = quoted.get(..end).unwrap_or_default().to_owned();
            let close = quoted.get(end..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
            (first.len_utf8() + end + close, Token::Text(text))
        } else if first.is_ascii_digit() {
            let length = taken(|c| c.is_ascii_digit() || c == '.');
            (length, Token::Number(rest.chars().take(length).collect()))
        } else if first == '.' {
            (1, Token::Own)
        } else if first.is_ascii_alphabetic() {
            let length = taken(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':'));
            (length, Token::Word(rest.chars().take(length).collect()))
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            (sign.len(), Token::Sign(sign))
        } else {
            return Err(format!("`{first}` has no counterpart in a rule"));
        };
        tokens.push(token);
        rest = rest.get(length..).unwrap_or_default().trim_start();
    }
    Ok(tokens)
}

struct Reader<'a> {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
    own: Option<&'a Asked>,
    around: &'a Around<'a>,
}

/// One side of a comparison.
enum Side {
    Asked(Asked),
    Count(Asked),
    Literal(String),
}

impl Reader<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn takes(&mut self, token: &Token) -> bool {
        let found = self.peek() == Some(token);
        self.at += usize::from(found);
        found
    }

    fn takes_word(&mut self, word: &str) -> bool {
        self.takes(&Token::Word(word.to_owned()))
    }

    fn needs(&mut self, sign: &'static str) -> Result<(), String> {
        if self.takes(&Token::Sign(sign)) { Ok(()) } else { Err(format!("`{sign}` is missing")) }
    }

    fn or(&mut self) -> Result<String, String> {
        if self.depth >= MAX_DEPTH {
            return Err(format!("nested deeper than {MAX_DEPTH}"));
        }
        self.depth += 1;
        let mut parts = vec![self.and()?];
        while self.takes_word("or") {
            parts.push(self.and()?);
        }
        self.depth -= 1;
        Ok(joined(parts, " or "))
    }

    fn and(&mut self) -> Result<String, String> {
        let mut parts = vec![self.unit()?];
        while self.takes_word("and") {
            parts.push(self.unit()?);
        }
        Ok(joined(parts, " and "))
    }

    fn unit(&mut self) -> Result<String, String> {
        if self.takes_word("not") {
            self.needs("(")?;
            let inner = self.or()?;
            self.needs(")")?;
            return Ok(format!("not ({inner})"));
        }
        if self.takes(&Token::Sign("(")) {
            let inner = self.or()?;
            self.needs(")")?;
            return Ok(inner);
        }
        if self.takes_word("selected") {
            self.needs("(")?;
            let Side::Asked(asked) = self.side()? else { return Err("selected() wants a question".to_owned()) };
            self.needs(",")?;
            let Side::Literal(code) = self.side()? else {
                return Err("selected() wants a choice in quotes".to_owned());
            };
            self.needs(")")?;
            return self.chosen(&asked, &code);
        }
        let left = self.side()?;
        let Some(Token::Sign(sign @ ("=" | "!=" | "<" | "<=" | ">" | ">="))) = self.peek() else {
            return match left {
                Side::Asked(Asked { path, takes: Takes::Flag }) => Ok(path),
                _ => Err("a comparison was expected".to_owned()),
            };
        };
        let sign = *sign;
        self.at += 1;
        let right = self.side()?;
        self.compared(left, sign, right)
    }

    fn side(&mut self) -> Result<Side, String> {
        let token = self.peek().cloned().ok_or("it ends too early")?;
        self.at += 1;
        match token {
            Token::Name(name) => (self.around.question)(&name).map(Side::Asked),
            Token::Own => self.own.cloned().map(Side::Asked).ok_or_else(|| "`.` means nothing there".to_owned()),
            Token::Text(text) => Ok(Side::Literal(text)),
            Token::Number(number) => Ok(Side::Literal(number)),
            Token::Sign("-") => match self.peek().cloned() {
                Some(Token::Number(_)) => Err("a number below zero has no counterpart".to_owned()),
                _ => Err("`-` has no counterpart in a rule".to_owned()),
            },
            Token::Word(word) if word == "count-selected" => {
                self.needs("(")?;
                let Side::Asked(asked) = self.side()? else {
                    return Err("count-selected() wants a question".to_owned());
                };
                self.needs(")")?;
                match asked.takes {
                    Takes::Several(_) => Ok(Side::Count(asked)),
                    _ => Err("count-selected() of a question with one answer".to_owned()),
                }
            }
            Token::Word(word) if matches!(word.as_str(), "date" | "string" | "number" | "int") => {
                self.needs("(")?;
                let side = self.side()?;
                self.needs(")")?;
                Ok(side)
            }
            Token::Word(word) => Err(format!("`{word}()` has no counterpart in a rule")),
            Token::Sign(sign) => Err(format!("`{sign}` was not expected there")),
        }
    }

    /// That a code was chosen.
    fn chosen(&self, asked: &Asked, code: &str) -> Result<String, String> {
        let (Takes::One(list) | Takes::Several(list)) = &asked.takes else {
            return Err(format!("`{}` has no choices", asked.path));
        };
        let path = &asked.path;
        match (self.around.code)(list, code) {
            Coded::Value if code.contains('\'') => Err(format!("the choice “{code}” holds a quote")),
            Coded::Value if matches!(asked.takes, Takes::One(_)) => Ok(format!("{path} = '{code}'")),
            Coded::Value => Ok(format!("any({path}, '{code}')")),
            Coded::Unknown => Ok(format!("unknown({path})")),
            Coded::NotAsked => Ok(format!("not_asked({path})")),
            Coded::Nothing => Err(format!("“{code}” is no choice of list {list}")),
        }
    }

    fn compared(&self, left: Side, sign: &'static str, right: Side) -> Result<String, String> {
        match (left, right) {
            (Side::Literal(literal), other @ (Side::Asked(_) | Side::Count(_))) => {
                self.compared(other, turned(sign), Side::Literal(literal))
            }
            (Side::Count(asked), Side::Literal(literal)) => {
                Ok(format!("count({}) {sign} {}", asked.path, whole(&literal)?))
            }
            (Side::Asked(asked), Side::Literal(literal)) => self.against(&asked, sign, &literal),
            (Side::Asked(one), Side::Asked(other)) => match (&one.takes, &other.takes) {
                (Takes::Number, Takes::Number) | (Takes::Day, Takes::Day) => {
                    Ok(format!("{} {sign} {}", one.path, other.path))
                }
                (Takes::One(_), Takes::One(_)) if sign == "=" => Ok(format!("same({}, {})", one.path, other.path)),
                (Takes::One(_), Takes::One(_)) if sign == "!=" => Ok(format!("not same({}, {})", one.path, other.path)),
                _ => Err(format!("`{}` and `{}` cannot be compared", one.path, other.path)),
            },
            _ => Err("this comparison has no counterpart in a rule".to_owned()),
        }
    }

    fn against(&self, asked: &Asked, sign: &'static str, literal: &str) -> Result<String, String> {
        let path = &asked.path;
        let equality = matches!(sign, "=" | "!=");
        if literal.is_empty() && equality {
            return Ok(if sign == "=" { format!("not given({path})") } else { format!("answered({path})") });
        }
        match &asked.takes {
            Takes::Number => Ok(format!("{path} {sign} {}", whole(literal)?)),
            Takes::Day => match literal.get(..10).filter(|day| is_day(day)) {
                Some(day) => Ok(format!("{path} {sign} {day}")),
                None => Err(format!("“{literal}” is no date")),
            },
            Takes::Flag if equality => {
                let yes = !matches!(literal.to_lowercase().as_str(), "no" | "false" | "0");
                Ok(format!("{path} = {}", if yes == (sign == "=") { "yes" } else { "no" }))
            }
            Takes::One(_) | Takes::Several(_) if equality => {
                let mut chosen = self.chosen(asked, literal)?;
                if matches!(asked.takes, Takes::Several(_)) && chosen.starts_with("any(") {
                    chosen = format!("({chosen} and count({path}) = 1)");
                }
                Ok(if sign == "=" { chosen } else { format!("not {}", bracketed(&chosen)) })
            }
            Takes::One(_) | Takes::Several(_) | Takes::Flag => Err(format!("the choices of `{path}` have no order")),
            Takes::Text => Err(format!("the text of `{path}` cannot be compared")),
        }
    }
}

fn bracketed(rule: &str) -> String {
    if rule.contains(' ') && !rule.starts_with('(') { format!("({rule})") } else { rule.to_owned() }
}

fn joined(mut parts: Vec<String>, between: &str) -> String {
    match parts.len() {
        1 => parts.pop().unwrap_or_default(),
        _ => format!("({})", parts.join(between)),
    }
}

fn turned(sign: &'static str) -> &'static str {
    match sign {
        "<" => ">",
        "<=" => ">=",
        ">" => "<",
        ">=" => "<=",
        same => same,
    }
}

fn whole(literal: &str) -> Result<i64, String> {
    let literal = literal.trim();
    let number = literal.strip_suffix(".0").unwrap_or(literal);
    let number: i64 = number.parse().map_err(|_error| format!("“{literal}” is no whole number"))?;
    if number < 0 { Err("a number below zero has no counterpart".to_owned()) } else { Ok(number) }
}

fn is_day(text: &str) -> bool {
    let digits = |range: std::ops::Range<usize>| {
        text.get(range).is_some_and(|part| part.bytes().all(|byte| byte.is_ascii_digit()))
    };
    text.len() == 10
        && digits(0..4)
        && digits(5..7)
        && digits(8..10)
        && text.bytes().filter(|b| *b == b'-').count() == 2
}
