//! `BASE64_DECODE` reads until the first character that is not base64; `BASE64_DECODE_EXT` skips such characters.
//! Both take the standard and the URL-safe alphabet and do not ask for padding.

use std::borrow::Cow;

pub(super) fn strict(input: &[u8]) -> Cow<'_, [u8]> {
    Cow::Owned(decode(input.iter().map_while(|byte| value(*byte))))
}

pub(super) fn forgiving(input: &[u8]) -> Cow<'_, [u8]> {
    Cow::Owned(decode(input.iter().filter_map(|byte| value(*byte))))
}

fn decode(digits: impl Iterator<Item = u8>) -> Vec<u8> {
    let mut out = Vec::new();
    let (mut bits, mut held) = (0_u32, 0_u32);
    for digit in digits {
        bits = (bits << 6) | u32::from(digit);
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held) as u8);
            bits &= (1 << held) - 1;
        }
    }
    out
}

fn value(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{TextTransformation, tests::vectors};

    #[test]
    fn rfc_4648_section_10() {
        let cases = [
            ("", ""),
            ("Zg==", "f"),
            ("Zm8=", "fo"),
            ("Zm9v", "foo"),
            ("Zm9vYg", "foob"),
            ("Zm9vYmE=", "fooba"),
            ("Zm9vYmFy", "foobar"),
        ];
        vectors(TextTransformation::Base64Decode, &cases);
        vectors(TextTransformation::Base64DecodeExt, &cases);
    }

    #[test]
    fn what_is_not_base64() {
        let strict = [("Zm9v!YmFy", "foo"), ("Zm9v.", "foo"), ("<>", "")];
        vectors(TextTransformation::Base64Decode, &strict);
        let forgiving =
            [("Zm9v!YmFy", "foobar"), ("P.HNjcmlwdD4=", "<script>"), ("Z m 9 v", "foo")];
        vectors(TextTransformation::Base64DecodeExt, &forgiving);
    }
}
