//! `name=value&…` texts: form bodies and query strings.

use percent_encoding::percent_decode;

use super::DecodeError;

pub(crate) const FORMAT: &str = "form data";

/// The pairs of `text`, decoded, at most `max` of them. A plus sign is a space; a pair without `=` has no value.
pub(crate) fn pairs(text: &[u8], max: usize) -> Result<Vec<(String, String)>, DecodeError> {
    let mut pairs = Vec::new();
    for pair in text.split(|&b| b == b'&').filter(|pair| !pair.is_empty()) {
        if pairs.len() == max {
            return Err(DecodeError::Limit("parameters"));
        }
        let at = memchr::memchr(b'=', pair);
        let (name, value) = at.map_or((pair, &b""[..]), |at| (&pair[..at], &pair[at + 1..]));
        pairs.push((decode(name)?, decode(value)?));
    }
    Ok(pairs)
}

fn decode(text: &[u8]) -> Result<String, DecodeError> {
    let bytes: Vec<u8> = if memchr::memchr(b'+', text).is_some() {
        let spaced: Vec<u8> = text.iter().map(|&b| if b == b'+' { b' ' } else { b }).collect();
        percent_decode(&spaced).collect()
    } else {
        percent_decode(text).collect()
    };
    String::from_utf8(bytes).map_err(|error| DecodeError::malformed(FORMAT, error.utf8_error()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_decoded_and_counted() {
        let read = pairs(b"a=1&b=%20+%2B&c&&=x&d=e=f", 8).expect("readable");
        let read: Vec<_> = read.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(read, [("a", "1"), ("b", "  +"), ("c", ""), ("", "x"), ("d", "e=f")]);
        assert_eq!(pairs(b"a&b&c", 2), Err(DecodeError::Limit("parameters")));
        assert!(matches!(pairs(b"a=%ff", 2), Err(DecodeError::Malformed { .. })));
    }
}
