//! `REPLACE_COMMENTS` turns each C-style comment, closed or not, into one blank; `REMOVE_COMMENTS_CHAR` deletes the marks
//! `/*`, `*/`, `--` and `#` and leaves what stood between them.

use std::borrow::Cow;

use memchr::memmem;

pub(super) fn replace(input: &[u8]) -> Cow<'_, [u8]> {
    let Some(mut start) = memmem::find(input, b"/*") else { return Cow::Borrowed(input) };
    let mut out = Vec::with_capacity(input.len());
    let mut rest = input;
    loop {
        out.extend_from_slice(&rest[..start]);
        out.push(b' ');
        let Some(end) = memmem::find(&rest[start + 2..], b"*/") else { return Cow::Owned(out) };
        rest = &rest[start + 2 + end + 2..];
        match memmem::find(rest, b"/*") {
            Some(next) => start = next,
            None => break,
        }
    }
    out.extend_from_slice(rest);
    Cow::Owned(out)
}

pub(super) fn remove_marks(input: &[u8]) -> Cow<'_, [u8]> {
    let mut out = Vec::with_capacity(input.len());
    let mut rest = input;
    while let Some((&byte, after)) = rest.split_first() {
        rest = match (byte, after.first()) {
            (b'/', Some(b'*')) | (b'*', Some(b'/')) | (b'-', Some(b'-')) => &after[1..],
            (b'#', _) => after,
            _ => {
                out.push(byte);
                after
            }
        };
    }
    if out.len() == input.len() { Cow::Borrowed(input) } else { Cow::Owned(out) }
}

#[cfg(test)]
mod tests {
    use super::super::{TextTransformation, tests::vectors};

    #[test]
    fn comments() {
        let cases = [
            ("a/* b */c", "a c"),
            ("a/**/b/*x*/c", "a b c"),
            ("union/*open", "union "),
            ("*/ stays", "*/ stays"),
            ("/*/ still open", " "),
            ("no", "no"),
        ];
        vectors(TextTransformation::ReplaceComments, &cases);
        let marks =
            [("un/**/ion", "union"), ("a--b#c*/d", "abcd"), ("a-b/c", "a-b/c"), ("---", "-")];
        vectors(TextTransformation::RemoveCommentsChar, &marks);
    }
}
