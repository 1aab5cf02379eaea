//! Custom data identifiers with Macie's limits
//! (<https://docs.aws.amazon.com/macie/latest/user/cdis-options.html>): a regular expression without captures, look-around and
//! flags, keywords within a distance, words to ignore, severity by count.

use regex::bytes::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};

use crate::engine::Field;
use crate::error::Error;
use crate::identifier::Severity;
use crate::keyword::{Builder, Hits, KeywordSet, Keywords};
use crate::scan::{AHEAD_BYTES, characters};

/// Most characters of a regular expression.
pub const REGEX_MAX_CHARS: usize = 512;
/// Most keywords, and their length in characters.
pub const KEYWORDS_MAX: usize = 50;
/// Characters of a keyword.
pub const KEYWORD_CHARS: std::ops::RangeInclusive<usize> = 3..=90;
/// Most words to ignore.
pub const IGNORE_WORDS_MAX: usize = 10;
/// Characters of a word to ignore.
pub const IGNORE_WORD_CHARS: std::ops::RangeInclusive<usize> = 4..=90;
/// Distances that may be set, in characters.
pub const DISTANCE_CHARS: std::ops::RangeInclusive<u32> = 1..=300;
/// The distance that holds when none is set, in characters.
pub const DISTANCE_DEFAULT_CHARS: u32 = 50;
/// Most memory of a compiled regular expression, in bytes.
const COMPILED_MAX_BYTES: usize = 4 << 20;

/// What a custom identifier is made of, in the names of `CreateCustomDataIdentifier`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CustomSettings {
    /// Its name.
    pub name: String,
    /// What to match.
    pub regex: String,
    /// Words of which one must stand near, if there are any.
    #[serde(default)]
    pub keywords: Vec<String>,
    /// A match that holds one of these is none.
    #[serde(default)]
    pub ignore_words: Vec<String>,
    /// Most characters from the end of a keyword to the end of the match; 50 if not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum_match_distance: Option<u32>,
    /// From how many occurrences on which severity; medium if empty.
    #[serde(default)]
    pub severity_levels: Vec<SeverityLevel>,
}

/// A step of the severity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SeverityLevel {
    /// From this many occurrences on.
    pub occurrences_threshold: u64,
    /// The severity.
    pub severity: Severity,
}

/// A compiled custom identifier.
pub struct CustomIdentifier {
    settings: CustomSettings,
    regex: Regex,
    keywords: Option<(Keywords, KeywordSet)>,
    distance: usize,
}

impl CustomIdentifier {
    /// Checks the limits and compiles.
    ///
    /// # Errors
    /// [`Error::Limit`], [`Error::Construct`] or [`Error::Regex`].
    pub fn new(settings: CustomSettings) -> Result<Self, Error> {
        let limit =
            |holds: bool, what, rule| if holds { Ok(()) } else { Err(Error::Limit { what, rule }) };
        limit((1..=128).contains(&settings.name.chars().count()), "name", "1 to 128 characters")?;
        let within = |words: &[String], chars: &std::ops::RangeInclusive<usize>| {
            words.iter().all(|word| chars.contains(&word.chars().count()))
        };
        limit(settings.keywords.len() <= KEYWORDS_MAX, "keywords", "at most 50")?;
        limit(within(&settings.keywords, &KEYWORD_CHARS), "keywords", "3 to 90 characters each")?;
        limit(settings.ignore_words.len() <= IGNORE_WORDS_MAX, "ignoreWords", "at most 10")?;
        limit(
            within(&settings.ignore_words, &IGNORE_WORD_CHARS),
            "ignoreWords",
            "4 to 90 characters each",
        )?;
        let distance = settings.maximum_match_distance.unwrap_or(DISTANCE_DEFAULT_CHARS);
        limit(DISTANCE_CHARS.contains(&distance), "maximumMatchDistance", "1 to 300")?;
        let levels = &settings.severity_levels;
        let rising = levels.windows(2).all(|pair| {
            pair[0].occurrences_threshold < pair[1].occurrences_threshold
                && pair[0].severity < pair[1].severity
        });
        limit(
            levels.len() <= 3 && rising,
            "severityLevels",
            "at most 3, rising in threshold and severity",
        )?;
        let regex = compile(&settings.regex)?;
        let keywords = if settings.keywords.is_empty() {
            None
        } else {
            let mut builder = Builder::default();
            let mut set = KeywordSet::default();
            for keyword in &settings.keywords {
                set.extend(&builder.add_one(&keyword.to_lowercase()));
            }
            Some((builder.build().map_err(|error| Error::Build(error.to_string()))?, set))
        };
        Ok(Self { settings, regex, keywords, distance: distance as usize })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.settings.name
    }

    /// The severity of so many occurrences in an object; `None` below the lowest step, where there is no finding.
    pub fn severity(&self, count: u64) -> Option<Severity> {
        if self.settings.severity_levels.is_empty() {
            return (count > 0).then_some(Severity::Medium);
        }
        let reached = self
            .settings
            .severity_levels
            .iter()
            .filter(|level| level.occurrences_threshold <= count);
        reached.map(|level| level.severity).max()
    }

    /// Calls `found` with each match that begins within `from..to`; `resume` is where the last one ended.
    pub(crate) fn matches(
        &self,
        text: &[u8],
        field_names: &[&str],
        range: std::ops::Range<usize>,
        resume: &mut usize,
        mut found: impl FnMut(usize, usize),
    ) {
        let haystack = &text[..text.len().min(range.end + AHEAD_BYTES)];
        let mut hits = Hits::default();
        let mut at = range.start.max(*resume);
        while at < range.end {
            let Some(hit) = self.regex.find_at(haystack, at) else { break };
            if hit.start() >= range.end {
                break;
            }
            at = if hit.is_empty() { hit.end() + 1 } else { hit.end() };
            *resume = at;
            if !hit.is_empty()
                && !self.ignored(hit.as_bytes())
                && self.supported(text, field_names, &mut hits, hit.start(), hit.end())
            {
                found(hit.start(), hit.end());
            }
        }
    }

    fn ignored(&self, text: &[u8]) -> bool {
        let text = String::from_utf8_lossy(text);
        self.settings.ignore_words.iter().any(|word| text.contains(word.as_str()))
    }

    /// Whether a keyword ends at most the distance before the end of the match, or stands in a field's name.
    fn supported(
        &self,
        text: &[u8],
        names: &[&str],
        hits: &mut Hits,
        start: usize,
        end: usize,
    ) -> bool {
        let Some((keywords, _)) = &self.keywords else { return true };
        let from = end.saturating_sub(self.distance * 4 + 400);
        hits.ensure(keywords, text, from, end);
        let near = hits
            .between(from, start + 1)
            .any(|hit| hit.end <= start && characters(&text[hit.end..end]) <= self.distance);
        near || names.iter().any(|name| keywords.in_name(name) != KeywordSet::default())
    }
}

/// Compiles an expression in Macie's syntax.
pub(crate) fn compile(pattern: &str) -> Result<Regex, Error> {
    if !(1..=REGEX_MAX_CHARS).contains(&pattern.chars().count()) {
        return Err(Error::Limit { what: "regex", rule: "1 to 512 characters" });
    }
    let regex = RegexBuilder::new(pattern)
        .size_limit(COMPILED_MAX_BYTES)
        .dfa_size_limit(COMPILED_MAX_BYTES)
        .build()
        .map_err(|error| Error::Regex(Box::new(error)))?;
    if regex.captures_len() > 1 {
        return Err(Error::Construct("capturing groups"));
    }
    let mut escaped = false;
    let mut before = ' ';
    for (at, char) in pattern.char_indices() {
        if !escaped && before == '(' && char == '?' && !pattern[at..].starts_with("?:") {
            return Err(Error::Construct("flags"));
        }
        escaped = !escaped && char == '\\';
        before = if escaped { ' ' } else { char };
    }
    Ok(regex)
}

impl Field {
    /// Whether nothing is known of the field.
    pub fn is_unknown(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identifier(
        regex: &str,
        keywords: &[&str],
        ignore: &[&str],
        distance: Option<u32>,
    ) -> CustomIdentifier {
        let list = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect();
        CustomIdentifier::new(CustomSettings {
            name: "x".into(),
            regex: regex.into(),
            keywords: list(keywords),
            ignore_words: list(ignore),
            maximum_match_distance: distance,
            severity_levels: Vec::new(),
        })
        .unwrap()
    }

    fn matches(identifier: &CustomIdentifier, text: &str, names: &[&str]) -> Vec<String> {
        let mut out = Vec::new();
        identifier.matches(text.as_bytes(), names, 0..text.len(), &mut 0, |s, e| {
            out.push(text[s..e].to_owned())
        });
        out
    }

    #[test]
    fn keywords_stand_within_the_distance_or_in_the_field() {
        let badge =
            identifier(r"[A-Z]-\d{8}", &["employee", "badge id"], &["A-00000000"], Some(20));
        assert_eq!(matches(&badge, "Employee B-12345678, x", &[]), ["B-12345678"]);
        assert_eq!(matches(&badge, "employee of the month is B-12345678", &[]), [""; 0]);
        assert_eq!(matches(&badge, "B-12345678", &["badge_id"]), ["B-12345678"]);
        assert_eq!(matches(&badge, "employee A-00000000", &[]), [""; 0], "ignored");
    }

    #[test]
    fn limits_are_macies() {
        let bad =
            |settings: CustomSettings| CustomIdentifier::new(settings).err().map(|e| e.to_string());
        let base =
            || CustomSettings { name: "n".into(), regex: "a".into(), ..CustomSettings::default() };
        assert!(bad(CustomSettings { regex: "a".repeat(513), ..base() }).is_some());
        assert!(
            bad(CustomSettings { regex: "(a)".into(), ..base() }).unwrap().contains("capturing")
        );
        assert!(bad(CustomSettings { regex: "(?i)a".into(), ..base() }).unwrap().contains("flags"));
        assert!(bad(CustomSettings { regex: "(?=a)".into(), ..base() }).is_some());
        assert!(bad(CustomSettings { regex: r"\(?:a".into(), ..base() }).is_none());
        assert!(bad(CustomSettings { keywords: vec!["ab".into()], ..base() }).is_some());
        assert!(bad(CustomSettings { keywords: vec!["abc".into(); 51], ..base() }).is_some());
        assert!(bad(CustomSettings { ignore_words: vec!["abc".into()], ..base() }).is_some());
        assert!(bad(CustomSettings { maximum_match_distance: Some(301), ..base() }).is_some());
    }

    #[test]
    fn severity_has_steps() {
        let level =
            |occurrences_threshold, severity| SeverityLevel { occurrences_threshold, severity };
        let custom = CustomIdentifier::new(CustomSettings {
            name: "n".into(),
            regex: "a".into(),
            severity_levels: vec![level(5, Severity::Low), level(50, Severity::High)],
            ..CustomSettings::default()
        })
        .unwrap();
        assert_eq!(
            [4, 5, 49, 50].map(|n| custom.severity(n)),
            [None, Some(Severity::Low), Some(Severity::Low), Some(Severity::High)]
        );
    }
}
