//! `UTF8_TO_UNICODE` writes every character beyond ASCII as `%uHHHH` (more digits beyond the basic plane), so that patterns need not know
//! UTF-8. Bytes that are not UTF-8 stay.

use std::borrow::Cow;
use std::io::Write as _;

pub(super) fn encode(input: &[u8]) -> Cow<'_, [u8]> {
    if input.is_ascii() {
        return Cow::Borrowed(input);
    }
    let mut out = Vec::with_capacity(input.len() * 2);
    for chunk in input.utf8_chunks() {
        for char in chunk.valid().chars() {
            if char.is_ascii() {
                out.push(char as u8);
            } else {
                // Writing to memory cannot fail.
                let _ = write!(out, "%u{:04x}", u32::from(char));
            }
        }
        out.extend_from_slice(chunk.invalid());
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::super::{TextTransformation, tests::vectors};

    #[test]
    fn characters() {
        let cases = [("abc", "abc"), ("é", "%u00e9"), ("가a", "%uac00a"), ("😀", "%u1f600")];
        vectors(TextTransformation::Utf8ToUnicode, &cases);
        assert_eq!(&*TextTransformation::Utf8ToUnicode.apply(b"\xffa\xc3"), b"\xffa\xc3");
    }
}
