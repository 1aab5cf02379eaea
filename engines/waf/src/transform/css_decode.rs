//! `CSS_DECODE` undoes the escapes of CSS 2 (syndata.html#characters): a backslash with one to six hexadecimal digits, of
//! which the last two make the byte, and one blank after them; a backslash before a line's end vanishes with it; before
//! anything else it vanishes alone.

use std::borrow::Cow;

use super::hex;

const DIGITS_MAX: usize = 6;

pub(super) fn decode(input: &[u8]) -> Cow<'_, [u8]> {
    if !input.contains(&b'\\') {
        return Cow::Borrowed(input);
    }
    let mut out = Vec::with_capacity(input.len());
    let mut at = 0;
    while at < input.len() {
        if input[at] != b'\\' || at + 1 == input.len() {
            out.push(input[at]);
            at += 1;
            continue;
        }
        at += 1;
        let digits =
            input[at..].iter().take(DIGITS_MAX).take_while(|b| b.is_ascii_hexdigit()).count();
        if digits == 0 {
            if input[at] != b'\n' {
                out.push(input[at]);
            }
            at += 1;
            continue;
        }
        let code = hex::number(&input[at..at + digits]);
        out.push(hex::narrow(code));
        at += digits;
        if input.get(at).is_some_and(u8::is_ascii_whitespace) {
            at += 1;
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::super::{TextTransformation, tests::vectors};

    #[test]
    fn escapes() {
        let cases = [
            ("ja\\vascript", "javascript"),
            ("\\6a\\61 vascript", "javascript"),
            ("\\00006aavascript", "javascript"),
            ("\\6A x", "jx"),
            ("a\\\nb", "ab"),
            ("\\ff1cx", "<x"),
            ("end\\", "end\\"),
            ("plain", "plain"),
        ];
        vectors(TextTransformation::CssDecode, &cases);
    }
}
