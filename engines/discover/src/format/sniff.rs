//! What an object is, by its first bytes. A file's name is believed only where text could be a table or could not.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// A format that is told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Text of any kind: prose, markup, source, logs.
    Text,
    /// Cells parted by this byte.
    Csv(u8),
    /// JSON, or values of it one after the other (JSON Lines).
    Json,
    /// Nothing that is known.
    Binary,
}

impl Format {
    /// A short name for reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Csv(b'\t') => "TSV",
            Self::Csv(_) => "CSV",
            Self::Json => "JSON",
            Self::Binary => "binary",
        }
    }
}

/// How many lines must agree on their cells for a text to be a table.
const TABLE_LINES_MIN: usize = 2;

/// Tells the format.
pub(crate) fn format(name: &str, head: &[u8]) -> Format {
    let encoding = encoding(head);
    if encoding == UTF_8 && memchr::memchr(0, head).is_some() {
        return Format::Binary;
    }
    let (text, _) = encoding.decode_without_bom_handling(head);
    let text = text.trim_start_matches('\u{feff}');
    if json(text) {
        return Format::Json;
    }
    let extension = name.rsplit(['.', '/']).next().unwrap_or_default().to_ascii_lowercase();
    match (extension.as_str(), delimiter(text)) {
        ("csv", Some((delimiter, _))) => Format::Csv(delimiter),
        ("tsv" | "tab", _) => Format::Csv(b'\t'),
        ("csv", None) => Format::Csv(b','),
        (
            "md" | "log" | "txt" | "eml" | "html" | "htm" | "xml" | "rs" | "py" | "js" | "ts"
            | "java" | "c" | "go",
            _,
        ) => Format::Text,
        (_, Some((delimiter, true))) => Format::Csv(delimiter),
        _ => Format::Text,
    }
}

/// Whether the text begins as JSON does, as far as a beginning can tell.
fn json(text: &str) -> bool {
    let text = text.trim_start();
    let mut rest = text.chars().filter(|c| !c.is_whitespace()).take(64);
    match (rest.next(), rest.next()) {
        (Some('{'), Some('"' | '}')) => text.contains(':') || text.starts_with("{}"),
        (Some('['), Some('{' | '"' | '[' | ']')) => true,
        (Some('['), Some(c)) => {
            // [1, 2] and not [INFO] or [2024-11-25].
            (c.is_ascii_digit() || c == '-')
                && rest.all(|c| c.is_ascii_digit() || ",.-+eE]".contains(c))
                && text.contains(',')
        }
        _ => false,
    }
}

/// The byte that parts cells, and whether the text is a table beyond doubt: every whole line of the beginning has as many
/// cells, three at least, and the first is a row of names.
fn delimiter(text: &str) -> Option<(u8, bool)> {
    let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).take(20).collect();
    let candidates = [b',', b'\t', b';', b'|'];
    let counts = candidates.iter().map(|delimiter| {
        let cells = lines.iter().map(|line| cells(line, *delimiter)).collect::<Vec<_>>();
        (*delimiter, cells)
    });
    let mut best = None;
    for (delimiter, cells) in counts {
        let first = cells.first().copied().unwrap_or(0);
        let whole = if cells.len() > 2 { &cells[..cells.len() - 1] } else { &cells[..] };
        let even = whole.len() >= TABLE_LINES_MIN && whole.iter().all(|count| *count == first);
        if first >= 2 && best.is_none_or(|(_, count, _)| first > count) {
            let names = lines[0].split(char::from(delimiter)).all(|name| {
                let name = name.trim().trim_matches('"');
                !name.is_empty()
                    && name.len() <= 40
                    && !name.contains(['.', ':', '@'])
                    && name.chars().any(char::is_alphabetic)
            });
            best = Some((delimiter, first, even && first >= 3 && names));
        }
    }
    best.map(|(delimiter, _, sure)| (delimiter, sure))
}

/// Cells of a line, quotes regarded.
fn cells(line: &str, delimiter: u8) -> usize {
    let mut quoted = false;
    1 + line
        .bytes()
        .filter(|byte| {
            quoted ^= *byte == b'"';
            !quoted && *byte == delimiter
        })
        .count()
}

/// The encoding of a text: by its mark, by its zeros, by being valid UTF-8, else by what its bytes look like.
pub(crate) fn encoding(head: &[u8]) -> &'static Encoding {
    if let Some((encoding, _)) = Encoding::for_bom(head) {
        return encoding;
    }
    let pairs = head.len().min(4096) / 2;
    if pairs >= 4 {
        let zeros = |first: usize| {
            head.iter().skip(first).step_by(2).take(pairs).filter(|b| **b == 0).count()
        };
        let (even, odd) = (zeros(0), zeros(1));
        // Half of the bytes of Latin text in UTF-16 are zero.
        if even * 10 > pairs * 4 && odd * 10 < pairs {
            return UTF_16BE;
        }
        if odd * 10 > pairs * 4 && even * 10 < pairs {
            return UTF_16LE;
        }
    }
    // A character may be cut at the end of what is looked at.
    match std::str::from_utf8(head) {
        Ok(_) => return UTF_8,
        Err(error) if error.error_len().is_none() => return UTF_8,
        Err(_) if memchr::memchr(0, head).is_some() => return UTF_8,
        Err(_) => {}
    }
    let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Deny);
    detector.feed(head, true);
    detector.guess(None, chardetng::Utf8Detection::Allow)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_by_content() {
        assert_eq!(format("x", b"{\"a\": 1}\n{\"a\": 2}"), Format::Json);
        assert_eq!(format("x", b"[{\"a\":1}]"), Format::Json);
        assert_eq!(format("x", b"[INFO] started"), Format::Text);
        assert_eq!(format("x", b"[2024-11-25 10:00] started, well"), Format::Text);
        assert_eq!(format("x", b"name,ssn,phone\na,b,c\nd,e,f\n"), Format::Csv(b','));
        assert_eq!(format("x", b"name\tssn\tphone\na\tb\tc\n"), Format::Csv(b'\t'));
        assert_eq!(format("x.csv", b"name;ssn\na;b\n"), Format::Csv(b';'));
        assert_eq!(format("x", b"Dear Sir, hello.\nI write, to you.\n"), Format::Text);
        assert_eq!(format("x", b"\x7fELF\0\0\0"), Format::Binary);
    }

    #[test]
    fn encodings_by_content() {
        let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<_>>();
        assert_eq!(encoding(&utf16("hello world")), UTF_16BE);
        assert_eq!(encoding("héllo".as_bytes()), UTF_8);
        let (korean, _, _) = encoding_rs::EUC_KR.encode(
            "주민등록번호는 개인을 식별하는 번호입니다. 운전면허번호와 여권번호도 그렇습니다.",
        );
        assert_eq!(encoding(&korean), encoding_rs::EUC_KR);
        assert_eq!(
            encoding(b"caf\xe9 cr\xe8me br\xfbl\xe9e \xe0 la fran\xe7aise"),
            encoding_rs::WINDOWS_1252
        );
    }
}
