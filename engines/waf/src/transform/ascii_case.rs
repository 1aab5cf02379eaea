//! `LOWERCASE` and `UPPERCASE`: A-Z and a-z only, as AWS documents them; letters beyond ASCII stay.

use std::borrow::Cow;

pub(super) fn lower(input: &[u8]) -> Cow<'_, [u8]> {
    if input.iter().any(u8::is_ascii_uppercase) {
        Cow::Owned(input.to_ascii_lowercase())
    } else {
        Cow::Borrowed(input)
    }
}

pub(super) fn upper(input: &[u8]) -> Cow<'_, [u8]> {
    if input.iter().any(u8::is_ascii_lowercase) {
        Cow::Owned(input.to_ascii_uppercase())
    } else {
        Cow::Borrowed(input)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{TextTransformation, tests::vectors};

    #[test]
    fn only_ascii_letters_change() {
        let cases =
            [("AbC", "abc"), ("abc", "abc"), ("", ""), ("ÄŒ A", "ÄŒ a"), ("한글Z", "한글z")];
        vectors(TextTransformation::Lowercase, &cases);
        vectors(TextTransformation::Uppercase, &[("AbC", "ABC"), ("ABC", "ABC"), ("éa", "éA")]);
    }
}
