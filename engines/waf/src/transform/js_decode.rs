//! `JS_DECODE`: `\uHHHH` (full-width ASCII becomes ASCII, else the low byte stays), `\xHH`, `\OOO`, the letters `abfnrtv`, and a
//! backslash before anything else vanishes. `JS_DECODE_EXT` also knows `\u{H…}` and keeps whole code points, as UTF-8.

use std::borrow::Cow;

use super::hex;

/// Digits between the braces of `\u{…}`; more make no escape.
const BRACED_MAX: usize = 8;

pub(super) fn decode(input: &[u8]) -> Cow<'_, [u8]> {
    run(input, false)
}

pub(super) fn decode_ext(input: &[u8]) -> Cow<'_, [u8]> {
    run(input, true)
}

fn run(input: &[u8], whole: bool) -> Cow<'_, [u8]> {
    if !input.contains(&b'\\') {
        return Cow::Borrowed(input);
    }
    let mut out = Vec::with_capacity(input.len());
    let mut rest = input;
    while let Some((&byte, after)) = rest.split_first() {
        if byte != b'\\' || after.is_empty() {
            out.push(byte);
            rest = after;
            continue;
        }
        let used = unicode(after, whole, &mut out).unwrap_or_else(|| {
            let (decoded, used) = short(after);
            out.push(decoded);
            used
        });
        rest = &after[used..];
    }
    Cow::Owned(out)
}

fn unicode(after: &[u8], whole: bool, out: &mut Vec<u8>) -> Option<usize> {
    if after.first() != Some(&b'u') {
        return None;
    }
    let (code, used) = match after.get(1) {
        Some(b'{') if whole => {
            let digits = after[2..].iter().take_while(|b| b.is_ascii_hexdigit()).count();
            let closed = after.get(2 + digits) == Some(&b'}');
            if !closed || digits == 0 || digits > BRACED_MAX {
                return None;
            }
            (hex::number(&after[2..2 + digits]), digits + 3)
        }
        _ => {
            let four = after.get(1..5).filter(|four| four.iter().all(u8::is_ascii_hexdigit))?;
            (hex::number(four), 5)
        }
    };
    match char::from_u32(code) {
        Some(char) if whole && !matches!(code, 0xff01..=0xff5e) => {
            out.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
        }
        _ => out.push(hex::narrow(code)),
    }
    Some(used)
}

/// The byte that a short escape means, and how many bytes it takes after the backslash.
fn short(after: &[u8]) -> (u8, usize) {
    let octal = after.iter().take(3).take_while(|b| matches!(b, b'0'..=b'7')).count();
    if octal > 0 {
        // Three digits that begin with 4 to 7 would not fit a byte.
        let digits = if octal == 3 && after[0] > b'3' { 2 } else { octal };
        let value = after[..digits].iter().fold(0_u32, |sum, b| sum * 8 + u32::from(b - b'0'));
        return (value as u8, digits);
    }
    match after[0] {
        b'x' => match after.get(1..3).and_then(hex::pair) {
            Some(byte) => (byte, 3),
            None => (b'x', 1),
        },
        b'a' => (0x07, 1),
        b'b' => (0x08, 1),
        b'f' => (0x0c, 1),
        b'n' => (b'\n', 1),
        b'r' => (b'\r', 1),
        b't' => (b'\t', 1),
        b'v' => (0x0b, 1),
        other => (other, 1),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{TextTransformation, tests::vectors};

    #[test]
    fn escapes() {
        let cases = [
            ("\\u003cscript\\u003e", "<script>"),
            ("\\uff1cscript", "<script"),
            ("\\x3cb\\74", "<b<"),
            ("\\a\\n", "\u{7}\n"),
            ("\\q\\\\", "q\\"),
            ("\\u12", "u12"),
            ("\\xg", "xg"),
            ("end\\", "end\\"),
            ("\\400", " 0"),
        ];
        vectors(TextTransformation::JsDecode, &cases);
    }

    #[test]
    fn whole_code_points() {
        let cases = [
            ("\\u{3c}x", "<x"),
            ("\\uac00", "가"),
            ("\\u{1F600}", "😀"),
            ("\\uff1c", "<"),
            ("\\u{}", "u{}"),
        ];
        vectors(TextTransformation::JsDecodeExt, &cases);
    }
}
