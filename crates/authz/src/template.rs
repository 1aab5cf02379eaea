//! Texts of a policy that may hold policy variables: `${key}`, `${key, 'default'}` and the escapes `${*}`, `${?}`,
//! `${$}` (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>). Texts without
//! variables are compiled when the policy is; the others when a request resolves them. What a variable stands for is
//! always literal: a `*` in a user's name is a character, not a wildcard.

use std::borrow::Cow;

use crate::context::Context;
use crate::pattern::{Pattern, Token, TooComplex};

/// Compiles an action: wildcards, no case, no variables. What it matches must come folded.
pub(crate) fn action(text: &str) -> Result<Pattern, TooComplex> {
    let pieces = pieces(text, Reading { wildcards: true, variables: false, fold: true });
    let tokens = pieces.into_iter().filter_map(|piece| match piece {
        Piece::Token(token) => Some(token),
        Piece::Variable { .. } => None,
    });
    Pattern::from_tokens(&tokens.collect::<Vec<_>>())
}

/// How a text is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    /// `*` and `?` are wildcards.
    pub wildcards: bool,
    /// Variables are resolved: policies of version 2012-10-17.
    pub variables: bool,
    /// Compared without regard to case; the text to match must come folded.
    pub fold: bool,
}

/// A text, compiled as far as it can be.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Template {
    Fixed(Pattern),
    Variable { pieces: Box<[Piece]>, fold: bool },
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Piece {
    Token(Token),
    Variable { key: Box<str>, default: Option<Box<str>> },
}

/// What came of matching against something that may name an absent context key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Match {
    Yes,
    No,
    /// A variable has no single value in this request.
    Unresolved,
}

/// Case folding of everything that is compared without regard to case.
pub(crate) fn fold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() && !text.bytes().any(|b| b.is_ascii_uppercase()) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.to_lowercase())
    }
}

impl Template {
    /// Compiles `text`.
    pub fn new(text: &str, reading: Reading) -> Result<Self, TooComplex> {
        let pieces = pieces(text, reading);
        Self::from_pieces(pieces, reading.fold)
    }

    /// Compiles the six parts of an ARN by themselves, so that no wildcard reaches past a colon. `None` if the text
    /// has not six parts: it then equals no ARN.
    pub fn arn(text: &str, reading: Reading) -> Result<Option<[Self; 6]>, TooComplex> {
        let mut parts: Vec<Vec<Piece>> = vec![Vec::new()];
        for piece in pieces(text, reading) {
            let Piece::Token(Token::Literal(literal)) = piece else {
                parts.last_mut().into_iter().for_each(|part| part.push(piece.clone()));
                continue;
            };
            let mut rest = literal.as_str();
            while let (true, Some((before, after))) = (parts.len() < 6, rest.split_once(':')) {
                let end = parts.len() - 1;
                parts[end].push(Piece::Token(Token::Literal(before.into())));
                parts.push(Vec::new());
                rest = after;
            }
            let end = parts.len() - 1;
            parts[end].push(Piece::Token(Token::Literal(rest.into())));
        }
        let parts = parts.into_iter().map(|part| Self::from_pieces(part, reading.fold));
        let parts = parts.collect::<Result<Vec<_>, _>>()?;
        Ok(<[Self; 6]>::try_from(parts).ok())
    }

    fn from_pieces(pieces: Vec<Piece>, fold: bool) -> Result<Self, TooComplex> {
        if pieces.iter().any(|p| matches!(p, Piece::Variable { .. })) {
            return Ok(Self::Variable { pieces: pieces.into(), fold });
        }
        let tokens = pieces.into_iter().map(|piece| match piece {
            Piece::Token(token) => token,
            Piece::Variable { .. } => Token::Literal(String::new()),
        });
        Pattern::from_tokens(&tokens.collect::<Vec<_>>()).map(Self::Fixed)
    }

    /// Whether `text` matches in this request.
    #[inline]
    pub fn matches(&self, text: &str, context: &Context) -> Match {
        match self {
            Self::Fixed(pattern) => Match::of(pattern.matches(text)),
            Self::Variable { pieces, fold } => match resolve(pieces, *fold, context) {
                Some(pattern) => Match::of(pattern.matches(text)),
                None => Match::Unresolved,
            },
        }
    }
}

impl Match {
    pub fn of(matched: bool) -> Self {
        if matched { Self::Yes } else { Self::No }
    }

    /// Whether any of several matches; unresolved if one could not be told and none matched.
    pub fn any(matches: impl IntoIterator<Item = Self>) -> Self {
        let mut result = Self::No;
        for one in matches {
            match one {
                Self::Yes => return Self::Yes,
                Self::Unresolved => result = Self::Unresolved,
                Self::No => {}
            }
        }
        result
    }

    /// Whether all of several match. A mismatch decides, even beside something unresolved.
    pub fn all(matches: impl IntoIterator<Item = Self>) -> Self {
        let mut result = Self::Yes;
        for one in matches {
            match one {
                Self::No => return Self::No,
                Self::Unresolved => result = Self::Unresolved,
                Self::Yes => {}
            }
        }
        result
    }
}

fn resolve(pieces: &[Piece], folded: bool, context: &Context) -> Option<Pattern> {
    let tokens = pieces.iter().map(|piece| match piece {
        Piece::Token(token) => Some(token.clone()),
        Piece::Variable { key, default } => {
            let value = match context.get(key) {
                [] => Cow::Borrowed(default.as_deref()?),
                [value] => value.text(),
                _ => return None,
            };
            let value = if folded { fold(&value).into_owned() } else { value.into_owned() };
            Some(Token::Literal(value))
        }
    });
    Pattern::from_tokens(&tokens.collect::<Option<Vec<_>>>()?).ok()
}

fn pieces(text: &str, reading: Reading) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = text;
    let mut literal = String::new();
    let flush = |literal: &mut String, pieces: &mut Vec<Piece>| {
        if !literal.is_empty() {
            let text = std::mem::take(literal);
            let text = if reading.fold { fold(&text).into_owned() } else { text };
            pieces.push(Piece::Token(Token::Literal(text)));
        }
    };
    while let Some(c) = rest.chars().next() {
        if reading.variables
            && let Some(end) = rest.strip_prefix("${").and_then(|r| r.find('}'))
        {
            let inside = &rest[2..2 + end];
            rest = &rest[2 + end + 1..];
            match inside {
                "*" | "?" | "$" => literal.push_str(inside),
                _ => {
                    flush(&mut literal, &mut pieces);
                    pieces.push(variable(inside));
                }
            }
            continue;
        }
        rest = &rest[c.len_utf8()..];
        match c {
            '*' | '?' if reading.wildcards => {
                flush(&mut literal, &mut pieces);
                pieces.push(Piece::Token(if c == '*' { Token::Star } else { Token::One }));
            }
            c => literal.push(c),
        }
    }
    flush(&mut literal, &mut pieces);
    pieces
}

/// `key` or `key, 'default'`.
fn variable(inside: &str) -> Piece {
    let quoted = |text: &str| {
        let text = text.trim().strip_prefix('\'')?.strip_suffix('\'')?;
        Some(Box::<str>::from(text))
    };
    let (key, default) = match inside.split_once(',') {
        Some((key, default)) => (key, quoted(default)),
        None => (inside, None),
    };
    Piece::Variable { key: fold(key.trim()).into(), default }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIKE: Reading = Reading { wildcards: true, variables: true, fold: false };

    fn matches(template: &str, text: &str, context: &Context) -> Match {
        Template::new(template, LIKE).expect("simple enough").matches(text, context)
    }

    #[test]
    fn variables_resolve_to_literals() {
        let mut context = Context::default();
        context.set("aws:username", "a*");
        context.set_all("aws:TagKeys", ["x", "y"]);
        assert_eq!(matches("home/${AWS:UserName}/*", "home/a*/x", &context), Match::Yes);
        assert_eq!(matches("home/${aws:username}/*", "home/ab/x", &context), Match::No);
        assert_eq!(matches("${aws:PrincipalTag/t, 'none'}", "none", &context), Match::Yes);
        assert_eq!(matches("${aws:username, 'none'}", "none", &context), Match::No);
        assert_eq!(matches("${aws:absent}", "", &context), Match::Unresolved);
        assert_eq!(matches("${aws:TagKeys}", "x", &context), Match::Unresolved, "several values");
        assert_eq!(matches("${*}${?}${$}*", "*?$z", &context), Match::Yes);
        assert_eq!(matches("${*}", "x", &context), Match::No);
        assert_eq!(matches("${open", "${open", &context), Match::Yes);
    }

    #[test]
    fn the_old_version_has_no_variables() {
        let old = Reading { variables: false, ..LIKE };
        let template = Template::new("${aws:username}", old).expect("simple enough");
        assert_eq!(template.matches("${aws:username}", &Context::default()), Match::Yes);
    }

    #[test]
    fn arns_have_six_parts() {
        let arn = |text| Template::arn(text, LIKE).expect("simple enough");
        assert!(arn("arn:aws:s3:::b:c*").is_some());
        assert!(arn("*").is_none());
        assert!(arn("arn:aws:iam::${aws:x}:r").is_some());
    }
}
