//! `HEX_DECODE` turns a text that is all hexadecimal pairs into bytes and leaves any other as it stands;
//! `SQL_HEX_DECODE` turns each SQL literal `0x414243` in a text into its bytes. Beside them, the hexadecimal arithmetic
//! that the other decoders share.

use std::borrow::Cow;

pub(super) fn decode(input: &[u8]) -> Cow<'_, [u8]> {
    if !input.len().is_multiple_of(2) || !input.iter().all(u8::is_ascii_hexdigit) {
        return Cow::Borrowed(input);
    }
    Cow::Owned(input.chunks_exact(2).filter_map(pair).collect())
}

pub(super) fn decode_sql(input: &[u8]) -> Cow<'_, [u8]> {
    let starts = |at: usize| {
        input[at] == b'0'
            && matches!(input.get(at + 1), Some(b'x' | b'X'))
            && input.get(at + 2..at + 4).is_some_and(|two| pair(two).is_some())
    };
    let Some(first) = (0..input.len()).find(|at| starts(*at)) else { return Cow::Borrowed(input) };
    let mut out = input[..first].to_vec();
    let mut at = first;
    while at < input.len() {
        if starts(at) {
            at += 2;
            while let Some(byte) = input.get(at..at + 2).and_then(pair) {
                out.push(byte);
                at += 2;
            }
        } else {
            out.push(input[at]);
            at += 1;
        }
    }
    Cow::Owned(out)
}

/// The value of two hexadecimal digits.
pub(super) fn pair(digits: &[u8]) -> Option<u8> {
    let digit = |byte: u8| (byte as char).to_digit(16);
    match digits {
        [high, low] => Some((digit(*high)? * 16 + digit(*low)?) as u8),
        _ => None,
    }
}

/// The value of hexadecimal digits, which the caller has checked; the lowest 32 bits of it.
pub(super) fn number(digits: &[u8]) -> u32 {
    digits.iter().fold(0, |sum: u32, b| (sum << 4) | (*b as char).to_digit(16).unwrap_or(0))
}

/// A code point as one byte: full-width ASCII (FF01-FF5E) as the ASCII that it looks like, else the low byte, as AWS
/// describes it for `URL_DECODE_UNI`, `JS_DECODE` and `CSS_DECODE`.
pub(super) fn narrow(code: u32) -> u8 {
    match code {
        0xff01..=0xff5e => (code - 0xff01 + 0x21) as u8,
        _ => code as u8,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{TextTransformation, tests::vectors};

    #[test]
    fn pairs() {
        let cases = [("414243", "ABC"), ("3c5C", "<\\"), ("4", "4"), ("zz", "zz"), ("", "")];
        vectors(TextTransformation::HexDecode, &cases);
    }

    #[test]
    fn sql_literals() {
        let cases = [
            ("0x414243", "ABC"),
            ("select 0X61646d696e,0x", "select admin,0x"),
            ("0x4142z", "ABz"),
            ("0x4 0", "0x4 0"),
            ("00x41", "0A"),
        ];
        vectors(TextTransformation::SqlHexDecode, &cases);
    }
}
