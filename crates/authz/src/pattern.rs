//! Wildcard patterns: `*` is any run of characters, `?` exactly one. A pattern compiles once into literal runs, and
//! matching never goes back over text that a run has consumed, so its time is bounded by text × [`FLOATING_MAX_CHARS`]
//! however many stars there are. There is no backtracking and no regular expression here.

use memchr::memmem;

/// Longest run between two stars that may hold a `?`, in characters. Runs without `?` have no limit: they are found
/// in linear time.
pub const FLOATING_MAX_CHARS: usize = 256;

/// Literals of at most this many bytes are searched by their first byte.
const SHORT_BYTES: usize = 64;

/// One step of a pattern before it is compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// These characters.
    Literal(String),
    /// `?`
    One,
    /// `*`
    Star,
}

/// A compiled pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Pattern {
    /// `*`
    Any,
    /// No wildcard.
    Exact(Box<str>),
    /// A literal and one star behind it.
    Prefix(Box<str>),
    /// Everything else.
    Glob(Glob),
}

/// The runs between the stars, in order. Empty runs are left out in the middle, kept at both ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Glob {
    first: Run,
    middle: Box<[Run]>,
    /// `None` where the pattern has no star: `first` is then the whole text.
    last: Option<Run>,
    /// Fewest bytes that a matching text has.
    min_bytes: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Run {
    Literal(Box<str>),
    /// `None` is any one character.
    Masked(Box<[Option<char>]>),
}

/// A run with `?` between two stars that is longer than [`FLOATING_MAX_CHARS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooComplex;

impl Pattern {
    /// Compiles steps.
    pub fn from_tokens(tokens: &[Token]) -> Result<Self, TooComplex> {
        let mut runs = tokens.split(|t| *t == Token::Star).map(Run::new).collect::<Vec<_>>();
        let min_bytes = runs.iter().map(Run::min_bytes).sum();
        if runs.len() == 1 {
            return Ok(match runs.remove(0) {
                Run::Literal(text) => Self::Exact(text),
                first => Self::Glob(Glob { first, middle: [].into(), last: None, min_bytes }),
            });
        }
        let first = runs.remove(0);
        let last = runs.pop();
        runs.retain(|run| !run.is_empty());
        if runs.iter().any(|run| matches!(run, Run::Masked(m) if m.len() > FLOATING_MAX_CHARS)) {
            return Err(TooComplex);
        }
        match (first, last) {
            (first, Some(last)) if first.is_empty() && last.is_empty() && runs.is_empty() => {
                Ok(Self::Any)
            }
            (Run::Literal(text), Some(last)) if last.is_empty() && runs.is_empty() => {
                Ok(Self::Prefix(text))
            }
            (first, last) => Ok(Self::Glob(Glob { first, middle: runs.into(), last, min_bytes })),
        }
    }

    /// Whether the whole of `text` matches.
    #[inline]
    pub fn matches(&self, text: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Exact(exact) => same(exact.as_bytes(), text.as_bytes()),
            Self::Prefix(prefix) => starts_with(text.as_bytes(), prefix.as_bytes()),
            Self::Glob(glob) => glob.matches(text),
        }
    }
}

impl Glob {
    fn matches(&self, text: &str) -> bool {
        if text.len() < self.min_bytes {
            return false;
        }
        let Some(mut rest) = self.first.strip_start(text) else { return false };
        let Some(last) = &self.last else { return rest.is_empty() };
        let Some(before) = last.strip_end(rest) else { return false };
        rest = before;
        // The leftmost place of each run leaves the most text for the runs behind it.
        for run in &self.middle {
            match run.find(rest) {
                Some(end) => rest = &rest[end..],
                None => return false,
            }
        }
        true
    }
}

impl Run {
    fn new(tokens: &[Token]) -> Self {
        if tokens.contains(&Token::One) {
            let chars = tokens.iter().flat_map(|token| match token {
                Token::Literal(text) => text.chars().map(Some).collect(),
                Token::One | Token::Star => vec![None],
            });
            return Self::Masked(chars.collect());
        }
        let texts = tokens.iter().map(|token| match token {
            Token::Literal(text) => text.as_str(),
            Token::One | Token::Star => "",
        });
        Self::Literal(texts.collect::<String>().into())
    }

    fn is_empty(&self) -> bool {
        matches!(self, Self::Literal(text) if text.is_empty())
    }

    fn min_bytes(&self) -> usize {
        match self {
            Self::Literal(text) => text.len(),
            Self::Masked(chars) => chars.iter().map(|c| c.map_or(1, char::len_utf8)).sum(),
        }
    }

    fn strip_start<'t>(&self, text: &'t str) -> Option<&'t str> {
        match self {
            Self::Literal(literal) => starts_with(text.as_bytes(), literal.as_bytes())
                .then(|| text.get(literal.len()..))
                .flatten(),
            Self::Masked(mask) => {
                let mut chars = text.chars();
                let fits =
                    |m: &Option<char>| chars.next().is_some_and(|c| m.is_none_or(|m| m == c));
                mask.iter().all(fits).then_some(chars.as_str())
            }
        }
    }

    fn strip_end<'t>(&self, text: &'t str) -> Option<&'t str> {
        match self {
            Self::Literal(literal) => {
                let (before, end) =
                    text.split_at_checked(text.len().checked_sub(literal.len())?)?;
                same(end.as_bytes(), literal.as_bytes()).then_some(before)
            }
            Self::Masked(mask) => {
                let mut chars = text.chars();
                let mut fits =
                    |m: &Option<char>| chars.next_back().is_some_and(|c| m.is_none_or(|m| m == c));
                mask.iter().rev().all(&mut fits).then_some(chars.as_str())
            }
        }
    }

    /// The end of the leftmost place where the run stands.
    fn find(&self, text: &str) -> Option<usize> {
        match self {
            Self::Literal(literal) => {
                let start = find_literal(text.as_bytes(), literal.as_bytes())?;
                Some(start + literal.len())
            }
            Self::Masked(_) => text.char_indices().find_map(|(start, _)| {
                let rest = self.strip_start(&text[start..])?;
                Some(text.len() - rest.len())
            }),
        }
    }
}

#[inline]
fn starts_with(text: &[u8], literal: &[u8]) -> bool {
    text.get(..literal.len()).is_some_and(|start| same(start, literal))
}

/// Equality of short texts, the end first: actions and ARNs have their beginnings in common. A decision makes hundreds
/// of comparisons, and calls of the library's own took most of its time.
#[inline]
fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let (Some(end_a), Some(end_b)) = (a.last_chunk::<8>(), b.last_chunk::<8>()) else {
        return a.iter().rev().eq(b.iter().rev());
    };
    let word = |bytes: &[u8; 8]| u64::from_ne_bytes(*bytes);
    // The remainder is inside the last eight bytes.
    word(end_a) == word(end_b)
        && a.as_chunks().0.iter().zip(b.as_chunks().0).all(|(a, b)| word(a) == word(b))
}

/// For short literals the first byte leads the search, which is quicker than preparing a linear one.
fn find_literal(text: &[u8], literal: &[u8]) -> Option<usize> {
    let first = *literal.first()?;
    if literal.len() > SHORT_BYTES {
        return memmem::find(text, literal);
    }
    let last_start = text.len().checked_sub(literal.len())?;
    let mut start = 0;
    while start <= last_start {
        start += memchr::memchr(first, &text[start..=last_start])?;
        if same(&text[start..start + literal.len()], literal) {
            return Some(start);
        }
        start += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compile(pattern: &str) -> Pattern {
        let tokens = pattern.chars().map(|c| match c {
            '*' => Token::Star,
            '?' => Token::One,
            c => Token::Literal(c.into()),
        });
        Pattern::from_tokens(&tokens.collect::<Vec<_>>()).expect("simple enough")
    }

    /// The definition, by recursion.
    fn slow(pattern: &[char], text: &[char]) -> bool {
        match (pattern.first(), text.first()) {
            (None, None) => true,
            (Some('*'), _) => {
                slow(&pattern[1..], text) || (!text.is_empty() && slow(pattern, &text[1..]))
            }
            (Some('?'), Some(_)) => slow(&pattern[1..], &text[1..]),
            (Some(p), Some(t)) => p == t && slow(&pattern[1..], &text[1..]),
            _ => false,
        }
    }

    #[test]
    fn forms() {
        assert_eq!(compile("*"), Pattern::Any);
        assert_eq!(compile("**"), Pattern::Any);
        assert!(matches!(compile("a*"), Pattern::Prefix(_)));
        assert!(matches!(compile("ab"), Pattern::Exact(_)));
        assert!(compile("a*b").matches("ab"));
        assert!(!compile("ab*ba").matches("aba"), "the ends do not overlap");
        assert!(compile("?é*").matches("üéx"), "a character, not a byte");
        assert!(compile("").matches(""));
        assert!(!compile("?").matches(""));
    }

    #[test]
    fn agrees_with_the_definition_on_every_short_text() {
        let words = |alphabet: &[char], up_to: usize| {
            let mut all = vec![String::new()];
            let mut last = all.clone();
            for _ in 0..up_to {
                last = last
                    .iter()
                    .flat_map(|w| alphabet.iter().map(move |c| format!("{w}{c}")))
                    .collect();
                all.extend(last.iter().cloned());
            }
            all
        };
        let texts = words(&['a', 'é'], 4);
        for pattern in words(&['a', 'é', '*', '?'], 5) {
            let compiled = compile(&pattern);
            let chars = pattern.chars().collect::<Vec<_>>();
            for text in &texts {
                let expected = slow(&chars, &text.chars().collect::<Vec<_>>());
                assert_eq!(compiled.matches(text), expected, "{pattern} on {text}");
            }
        }
    }

    #[test]
    fn bombs_are_cheap_or_refused() {
        let text = "a".repeat(4096);
        for bomb in ["*a".repeat(2000), "*a?".repeat(1000), format!("*{}b*", "a".repeat(4000))] {
            let bomb = format!("{bomb}b");
            assert!(!compile(&bomb).matches(&text));
        }
        let mut masked = vec![Token::Star];
        masked.extend(vec![Token::One; FLOATING_MAX_CHARS + 1]);
        masked.push(Token::Star);
        assert_eq!(Pattern::from_tokens(&masked), Err(TooComplex));
    }
}
