//! Allow lists: text or a pattern that is not reported though it matches
//! (<https://docs.aws.amazon.com/macie/latest/user/allow-lists-options.html>).

use std::collections::HashSet;

use regex::bytes::Regex;

use crate::custom::compile;
use crate::error::Error;

/// Most entries of a list of text.
pub const ENTRIES_MAX: usize = 100_000;
/// Characters of an entry.
pub const ENTRY_CHARS: std::ops::RangeInclusive<usize> = 1..=90;
/// Largest list of text, in bytes.
pub const LIST_MAX_BYTES: usize = 35_000_000;

/// What is not reported.
pub enum AllowList {
    /// These entries, whatever their case.
    Text(HashSet<String>),
    /// What matches as a whole.
    Regex(Regex),
}

impl AllowList {
    /// A list of entries, one a line. Empty lines do not count.
    ///
    /// # Errors
    /// [`Error::Limit`] for a list beyond Macie's limits.
    pub fn text(lines: &str) -> Result<Self, Error> {
        let limit =
            |holds: bool, what, rule| if holds { Ok(()) } else { Err(Error::Limit { what, rule }) };
        limit(lines.len() <= LIST_MAX_BYTES, "an allow list", "at most 35 MB")?;
        let entries: HashSet<_> = lines
            .lines()
            .map(|line| line.trim().to_lowercase())
            .filter(|line| !line.is_empty())
            .collect();
        limit(entries.len() <= ENTRIES_MAX, "an allow list", "at most 100,000 entries")?;
        let fits = entries.iter().all(|entry| ENTRY_CHARS.contains(&entry.chars().count()));
        limit(fits, "an entry of an allow list", "1 to 90 characters")?;
        Ok(Self::Text(entries))
    }

    /// A pattern, in the syntax of custom identifiers.
    ///
    /// # Errors
    /// As for a custom identifier's expression.
    pub fn regex(pattern: &str) -> Result<Self, Error> {
        compile(pattern).map(Self::Regex)
    }

    pub(crate) fn allows(&self, text: &[u8]) -> bool {
        match self {
            Self::Text(entries) => {
                entries.contains(String::from_utf8_lossy(text).to_lowercase().trim())
            }
            Self::Regex(regex) => regex
                .find(text)
                .is_some_and(|found| found.start() == 0 && found.end() == text.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_matches_whole_in_any_case_and_patterns_match_whole() {
        let list = AllowList::text("john doe\n\n536-90-4399\n").unwrap();
        assert!(
            list.allows(b"John Doe") && list.allows(b"536-90-4399") && !list.allows(b"John Does")
        );
        let pattern = AllowList::regex(r"536-\d{2}-\d{4}").unwrap();
        assert!(pattern.allows(b"536-90-4399") && !pattern.allows(b"536-90-43999"));
    }

    #[test]
    fn limits_are_macies() {
        assert!(AllowList::text(&"x".repeat(91)).is_err());
        let many: String = (0..=ENTRIES_MAX).map(|i| format!("{i}\n")).collect();
        assert!(AllowList::text(&many).is_err());
    }
}
