//! `HTML_ENTITY_DECODE`: `&#xhhhh;`, `&#nnnn;`, `&quot; &nbsp; &lt; &gt; &amp;` and the names that stand for the marks of
//! markup and script (`&apos; &colon; &lpar; &rpar; &Tab; &NewLine;`). As in browsers, the semicolon after a number may be missing.
//! Code points up to 255 become one byte, others UTF-8.

use std::borrow::Cow;

const NAMES: [(&[u8], u8); 12] = [
    (b"quot;", b'"'),
    (b"nbsp;", 160),
    (b"lt;", b'<'),
    (b"gt;", b'>'),
    (b"amp;", b'&'),
    (b"apos;", b'\''),
    (b"colon;", b':'),
    (b"lpar;", b'('),
    (b"rpar;", b')'),
    (b"sol;", b'/'),
    (b"Tab;", b'\t'),
    (b"NewLine;", b'\n'),
];
/// Leading zeroes are free in HTML; more digits than this make no entity.
const DIGITS_MAX: usize = 16;

pub(super) fn decode(input: &[u8]) -> Cow<'_, [u8]> {
    let Some(first) = memchr::memchr(b'&', input) else { return Cow::Borrowed(input) };
    let mut out = Vec::with_capacity(input.len());
    out.extend_from_slice(&input[..first]);
    let mut rest = &input[first..];
    while let Some((&byte, after)) = rest.split_first() {
        let used = if byte == b'&' { entity(after, &mut out) } else { 0 };
        if used == 0 {
            out.push(byte);
        }
        rest = &after[used..];
    }
    Cow::Owned(out)
}

/// Appends what the entity after `&` means and says how many bytes it takes; 0 when there is none.
fn entity(after: &[u8], out: &mut Vec<u8>) -> usize {
    if let Some((name, byte)) = NAMES.iter().find(|(name, _)| after.starts_with(name)) {
        out.push(*byte);
        return name.len();
    }
    let (prefix, radix) = match after {
        [b'#', b'x' | b'X', ..] => (2, 16),
        [b'#', ..] => (1, 10),
        _ => return 0,
    };
    let is_digit = |byte: &&u8| (**byte as char).is_digit(radix);
    let digits = after[prefix..].iter().take(DIGITS_MAX + 1).take_while(is_digit).count();
    if digits == 0 || digits > DIGITS_MAX {
        return 0;
    }
    let number = after[prefix..prefix + digits].iter().fold(0_u32, |sum, byte| {
        sum.saturating_mul(radix).saturating_add((*byte as char).to_digit(radix).unwrap_or(0))
    });
    match u8::try_from(number) {
        Ok(byte) => out.push(byte),
        Err(_) => match char::from_u32(number) {
            Some(char) => out.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes()),
            None => return 0,
        },
    }
    prefix + digits + usize::from(after.get(prefix + digits) == Some(&b';'))
}

#[cfg(test)]
mod tests {
    use super::super::{TextTransformation, tests::vectors};

    #[test]
    fn entities() {
        let cases = [
            ("&lt;script&gt;", "<script>"),
            ("&#60;&#x3c;&#X3C", "<<<"),
            ("&#0000060;", "<"),
            ("&quot;&amp;&apos;", "\"&'"),
            ("java&Tab;script&colon;", "java\tscript:"),
            ("&#44032;", "가"),
            ("a & b &unknown; &# &#x;", "a & b &unknown; &# &#x;"),
            ("&#99999999999;", "&#99999999999;"),
            ("&", "&"),
        ];
        vectors(TextTransformation::HtmlEntityDecode, &cases);
        assert_eq!(&*TextTransformation::HtmlEntityDecode.apply(b"&nbsp;"), [160]);
    }
}
