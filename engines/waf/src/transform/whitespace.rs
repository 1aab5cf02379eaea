//! `COMPRESS_WHITE_SPACE`, `REMOVE_WHITESPACE`, `TRIM`, `TRIM_LEFT` and `TRIM_RIGHT`. White space is AWS's list: form feed, tab,
//! newline, carriage return, vertical tab, blank, and the non-breaking space as byte 160 or in UTF-8. A byte 160 inside another UTF-8
//! character is a part of that character.

use std::borrow::Cow;

pub(super) fn compress(input: &[u8]) -> Cow<'_, [u8]> {
    let mut out = Vec::with_capacity(input.len());
    each(input, |byte, white| {
        if !white {
            out.push(byte);
        } else if out.last() != Some(&b' ') {
            out.push(b' ');
        }
    });
    if out == input { Cow::Borrowed(input) } else { Cow::Owned(out) }
}

pub(super) fn remove(input: &[u8]) -> Cow<'_, [u8]> {
    let mut out = Vec::with_capacity(input.len());
    each(input, |byte, white| {
        if !white {
            out.push(byte);
        }
    });
    if out.len() == input.len() { Cow::Borrowed(input) } else { Cow::Owned(out) }
}

pub(super) fn trim(input: &[u8]) -> Cow<'_, [u8]> {
    Cow::Borrowed(trimmed_right(trimmed_left(input)))
}

pub(super) fn trim_left(input: &[u8]) -> Cow<'_, [u8]> {
    Cow::Borrowed(trimmed_left(input))
}

pub(super) fn trim_right(input: &[u8]) -> Cow<'_, [u8]> {
    Cow::Borrowed(trimmed_right(input))
}

fn trimmed_left(mut input: &[u8]) -> &[u8] {
    while let Some(used @ 1..) = white_at(input) {
        input = &input[used..];
    }
    input
}

fn trimmed_right(mut input: &[u8]) -> &[u8] {
    loop {
        input = match input {
            [rest @ .., 0xc2, 0xa0] => rest,
            [rest @ .., byte] if is_white(*byte) => rest,
            [rest @ .., 0xa0] if rest.last().is_none_or(|b| *b < 0x80) => rest,
            _ => return input,
        };
    }
}

/// Goes over the bytes and says of each whether it is white space; a character of two bytes is told once.
fn each(input: &[u8], mut tell: impl FnMut(u8, bool)) {
    let mut at = 0;
    while at < input.len() {
        let inside = at > 0 && input[at - 1] >= 0x80;
        match white_at(&input[at..]) {
            Some(used) if !(inside && input[at] == 0xa0) => {
                tell(b' ', true);
                at += used;
            }
            _ => {
                tell(input[at], false);
                at += 1;
            }
        }
    }
}

/// The length of the white space that a text begins with.
fn white_at(input: &[u8]) -> Option<usize> {
    match input {
        [0xc2, 0xa0, ..] => Some(2),
        [byte, ..] if is_white(*byte) || *byte == 0xa0 => Some(1),
        _ => None,
    }
}

fn is_white(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

#[cfg(test)]
mod tests {
    use super::super::{TextTransformation, tests::vectors};

    #[test]
    fn blanks() {
        let cases = [
            ("a \t\r\n b", "a b"),
            ("  x  ", " x "),
            ("a\u{a0}\u{a0}b", "a b"),
            ("가 나", "가 나"),
            ("\u{e020}", "\u{e020}"),
        ];
        vectors(TextTransformation::CompressWhiteSpace, &cases);
        assert_eq!(&*TextTransformation::CompressWhiteSpace.apply(b"a\xa0b"), b"a b");
        vectors(TextTransformation::RemoveWhitespace, &[(" a\tb\n", "ab"), ("a\u{a0}b", "ab")]);
        vectors(
            TextTransformation::Trim,
            &[("  a b \n", "a b"), ("\u{a0}x\u{a0}", "x"), (" ", "")],
        );
        vectors(TextTransformation::TrimLeft, &[("  a ", "a ")]);
        vectors(TextTransformation::TrimRight, &[("  a ", "  a")]);
    }
}
