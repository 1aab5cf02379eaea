//! `URL_DECODE`: `%HH`, and `+` as a blank; broken escapes stay. `URL_DECODE_UNI` also knows Microsoft's `%uHHHH`, whose
//! full-width ASCII becomes ASCII and of whose other code points the low byte stays.

use std::borrow::Cow;

use super::hex;

pub(super) fn decode(input: &[u8]) -> Cow<'_, [u8]> {
    run(input, false)
}

pub(super) fn decode_uni(input: &[u8]) -> Cow<'_, [u8]> {
    run(input, true)
}

fn run(input: &[u8], uni: bool) -> Cow<'_, [u8]> {
    let Some(first) = memchr::memchr2(b'%', b'+', input) else { return Cow::Borrowed(input) };
    let mut out = Vec::with_capacity(input.len());
    out.extend_from_slice(&input[..first]);
    let mut at = first;
    while at < input.len() {
        let (byte, used) = match input[at] {
            b'+' => (b' ', 1),
            b'%' => escape(&input[at + 1..], uni).unwrap_or((b'%', 1)),
            byte => (byte, 1),
        };
        out.push(byte);
        at += used;
    }
    Cow::Owned(out)
}

/// The byte that stands after a per cent sign, and the length with that sign.
fn escape(after: &[u8], uni: bool) -> Option<(u8, usize)> {
    if uni && matches!(after.first(), Some(b'u' | b'U')) {
        let four = after.get(1..5).filter(|four| four.iter().all(u8::is_ascii_hexdigit))?;
        return Some((hex::narrow(hex::number(four)), 6));
    }
    Some((hex::pair(after.get(..2)?)?, 3))
}

#[cfg(test)]
mod tests {
    use super::super::{TextTransformation, tests::vectors};

    #[test]
    fn escapes() {
        let cases = [
            ("%3Cscript%3e", "<script>"),
            ("a+b%20c", "a b c"),
            ("%2527", "%27"),
            ("100%", "100%"),
            ("%zz%4", "%zz%4"),
            ("%u003c", "%u003c"),
            ("%ea%b0%80", "가"),
        ];
        vectors(TextTransformation::UrlDecode, &cases);
        let uni =
            [("%u003c", "<"), ("%uff1c", "<"), ("%u0127x", "'x"), ("%u12", "%u12"), ("%41+", "A ")];
        vectors(TextTransformation::UrlDecodeUni, &uni);
    }
}
