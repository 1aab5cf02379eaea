//! `REMOVE_NULLS` deletes NUL bytes, `REPLACE_NULLS` turns them into blanks.

use std::borrow::Cow;

pub(super) fn remove(input: &[u8]) -> Cow<'_, [u8]> {
    if !input.contains(&0) {
        return Cow::Borrowed(input);
    }
    Cow::Owned(input.iter().copied().filter(|b| *b != 0).collect())
}

pub(super) fn replace(input: &[u8]) -> Cow<'_, [u8]> {
    if !input.contains(&0) {
        return Cow::Borrowed(input);
    }
    Cow::Owned(input.iter().map(|b| if *b == 0 { b' ' } else { *b }).collect())
}

#[cfg(test)]
mod tests {
    use super::super::{TextTransformation, tests::vectors};

    #[test]
    fn nulls() {
        vectors(TextTransformation::RemoveNulls, &[("a\0b\0", "ab"), ("ab", "ab")]);
        vectors(TextTransformation::ReplaceNulls, &[("a\0b\0", "a b "), ("ab", "ab")]);
    }
}
