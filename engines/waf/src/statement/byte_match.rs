//! Byte match: bytes at a place in a text.
//! <https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statement-type-string-match.html>

use crate::document::statement::PositionalConstraint;

/// Where the needle stands in the text as the constraint asks, if it does.
pub(crate) fn find(text: &[u8], needle: &[u8], constraint: PositionalConstraint) -> Option<usize> {
    match constraint {
        PositionalConstraint::Exactly => (text == needle).then_some(0),
        PositionalConstraint::StartsWith => text.starts_with(needle).then_some(0),
        PositionalConstraint::EndsWith => text.ends_with(needle).then(|| text.len() - needle.len()),
        PositionalConstraint::Contains => memchr::memmem::find(text, needle),
        PositionalConstraint::ContainsWord => {
            memchr::memmem::find_iter(text, needle).find(|at| is_word(text, *at, needle.len()))
        }
    }
}

/// Whether what stands at a place has no letter, digit or underscore directly before and after it.
pub(crate) fn is_word(text: &[u8], at: usize, length: usize) -> bool {
    let part = |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
    let before = at.checked_sub(1).and_then(|before| text.get(before));
    !part(before) && !part(text.get(at + length))
}

#[cfg(test)]
mod tests {
    use super::*;
    use PositionalConstraint::*;

    #[test]
    fn constraints() {
        let cases = [
            ("bot", Exactly, "bot", true),
            ("bots", Exactly, "bot", false),
            ("Bot", Exactly, "bot", false),
            ("botnet", StartsWith, "bot", true),
            ("a bot", StartsWith, "bot", false),
            ("robot", EndsWith, "bot", true),
            ("bot", EndsWith, "robot", false),
            ("a robots", Contains, "bot", true),
            ("", Contains, "bot", false),
            ("bad-bot!", ContainsWord, "bot", true),
            ("robot bot", ContainsWord, "bot", true),
            ("robot bots bot_", ContainsWord, "bot", false),
            ("bot", ContainsWord, "bot", true),
        ];
        for (text, constraint, needle, expected) in cases {
            let found = find(text.as_bytes(), needle.as_bytes(), constraint);
            assert_eq!(found.is_some(), expected, "{needle} {constraint:?} {text}");
        }
    }
}
