//! `ESCAPE_SEQ_DECODE`: the escapes of ANSI C, `\a \b \f \n \r \t \v \\ \? \' \"`, `\xHH` and `\0OOO`. What is no valid
//! escape stays as it stands.

use std::borrow::Cow;

use super::hex;

pub(super) fn decode(input: &[u8]) -> Cow<'_, [u8]> {
    if !input.contains(&b'\\') {
        return Cow::Borrowed(input);
    }
    let mut out = Vec::with_capacity(input.len());
    let mut rest = input;
    while let Some((&byte, after)) = rest.split_first() {
        let (decoded, used) = match byte {
            b'\\' => escape(after).unwrap_or((b'\\', 0)),
            _ => (byte, 0),
        };
        out.push(decoded);
        rest = &after[used..];
    }
    Cow::Owned(out)
}

/// The byte that an escape after its backslash means, and how many bytes it takes.
fn escape(after: &[u8]) -> Option<(u8, usize)> {
    let plain = match after.first()? {
        b'a' => 0x07,
        b'b' => 0x08,
        b'f' => 0x0c,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 0x0b,
        same @ (b'\\' | b'?' | b'\'' | b'"') => *same,
        b'x' => return Some((hex::pair(after.get(1..3)?)?, 3)),
        b'0'..=b'7' => {
            let digits = after.iter().take(4).take_while(|b| matches!(b, b'0'..=b'7')).count();
            let value = after[..digits].iter().fold(0_u32, |sum, b| sum * 8 + u32::from(b - b'0'));
            return Some((value as u8, digits));
        }
        _ => return None,
    };
    Some((plain, 1))
}

#[cfg(test)]
mod tests {
    use super::super::{TextTransformation, tests::vectors};

    #[test]
    fn escapes() {
        let cases = [
            ("\\x41\\x42", "AB"),
            ("\\0101", "A"),
            ("\\a\\n\\t", "\u{7}\n\t"),
            ("\\\\ \\' \\\" \\?", "\\ ' \" ?"),
            ("\\xZZ \\q", "\\xZZ \\q"),
            ("end\\", "end\\"),
        ];
        vectors(TextTransformation::EscapeSeqDecode, &cases);
    }
}
