//! What an object is, by its first bytes. A file's name is believed only where text could be a table or could not.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::{avro, sqlite};

/// A format that is told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Text of any kind: prose, markup, source, logs.
    Text,
    /// Cells parted by this byte.
    Csv(u8),
    /// JSON, or values of it one after the other (JSON Lines).
    Json,
    /// A mail message with its parts.
    Message,
    /// Mail messages in a row.
    Mailbox,
    /// Avro container.
    Avro,
    /// Compressed by gzip.
    Gzip,
    /// Compressed by bzip2.
    Bzip2,
    /// Compressed by xz.
    Xz,
    /// Compressed by Zstandard.
    Zstandard,
    /// Tape archive.
    Tar,
    /// ZIP archive, and what is one inside: office documents.
    Zip,
    /// Microsoft's compound files: office documents before 2007, and encrypted ones.
    Ole,
    /// Portable Document Format.
    Pdf,
    /// SQLite database.
    Sqlite,
    /// Known by this name, and not read.
    Other(&'static str),
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
            Self::Message => "mail",
            Self::Mailbox => "mailbox",
            Self::Avro => "Avro",
            Self::Gzip => "gzip",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
            Self::Zstandard => "Zstandard",
            Self::Tar => "tar",
            Self::Zip => "ZIP",
            Self::Ole => "OLE",
            Self::Pdf => "PDF",
            Self::Sqlite => "SQLite",
            Self::Other(name) => name,
            Self::Binary => "binary",
        }
    }

    /// Whether it is read as it comes; the others are read from any place.
    pub(crate) fn streams(self) -> bool {
        !matches!(
            self,
            Self::Zip | Self::Ole | Self::Pdf | Self::Sqlite | Self::Other(_) | Self::Binary
        )
    }
}

/// What files begin with, and where.
const MAGIC: &[(usize, &[u8], Format)] = &[
    (0, b"\x1F\x8B", Format::Gzip),
    (0, b"BZh", Format::Bzip2),
    (0, b"\xFD7zXZ\0", Format::Xz),
    (0, b"\x28\xB5\x2F\xFD", Format::Zstandard),
    (0, b"PK\x03\x04", Format::Zip),
    (0, b"PK\x05\x06", Format::Zip),
    (257, b"ustar", Format::Tar),
    (0, b"%PDF-", Format::Pdf),
    (0, sqlite::MAGIC, Format::Sqlite),
    (0, avro::MAGIC, Format::Avro),
    (0, b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", Format::Ole),
    (0, b"PAR1", Format::Other("Parquet")),
    (0, b"ORC", Format::Other("ORC")),
    (0, b"7z\xBC\xAF\x27\x1C", Format::Other("7z")),
    (0, b"Rar!\x1A", Format::Other("RAR")),
];

/// How many lines must agree on their cells for a text to be a table.
const TABLE_LINES_MIN: usize = 2;

/// Tells the format.
pub(crate) fn format(name: &str, head: &[u8]) -> Format {
    let magic = MAGIC
        .iter()
        .find(|(at, magic, _)| head.get(*at..).is_some_and(|rest| rest.starts_with(magic)));
    if let Some((_, _, format)) = magic {
        return *format;
    }
    let encoding = encoding(head);
    if encoding == UTF_8 && memchr::memchr(0, head).is_some() {
        return Format::Binary;
    }
    let (text, _) = encoding.decode_without_bom_handling(head);
    let text = text.trim_start_matches('\u{feff}');
    if json(text) {
        return Format::Json;
    }
    if let Some(format) = mail(text) {
        return format;
    }
    let extension = name.rsplit(['.', '/']).next().unwrap_or_default().to_ascii_lowercase();
    match (extension.as_str(), delimiter(text)) {
        ("csv", Some((delimiter, _))) => Format::Csv(delimiter),
        ("tsv" | "tab", _) => Format::Csv(b'\t'),
        ("csv", None) => Format::Csv(b','),
        (
            "md" | "log" | "txt" | "html" | "htm" | "xml" | "rs" | "py" | "js" | "ts" | "java"
            | "c" | "go",
            _,
        ) => Format::Text,
        (_, Some((delimiter, true))) => Format::Csv(delimiter),
        _ => Format::Text,
    }
}

/// Whether the text begins with the headers of a message, alone or in a mailbox.
fn mail(text: &str) -> Option<Format> {
    const HEADERS: &[&str] = &[
        "from",
        "to",
        "subject",
        "date",
        "received",
        "return-path",
        "message-id",
        "mime-version",
        "content-type",
        "delivered-to",
        "cc",
        "reply-to",
        "sender",
        "dkim-signature",
        "x-mailer",
        "content-transfer-encoding",
    ];
    let mailbox = text.starts_with("From ");
    let mut known = 0;
    for line in
        text.lines().skip(usize::from(mailbox)).take(100).take_while(|line| !line.is_empty())
    {
        if line.starts_with([' ', '\t']) {
            continue;
        }
        let (name, _) = line.split_once(':')?;
        if !name.bytes().all(|byte| byte.is_ascii_graphic()) {
            return None;
        }
        known += usize::from(HEADERS.iter().any(|header| name.eq_ignore_ascii_case(header)));
    }
    match (known >= 3, mailbox) {
        (true, true) => Some(Format::Mailbox),
        (true, false) => Some(Format::Message),
        _ => None,
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
        assert_eq!(format("x", b"From: a@b.c\nTo: d@e.f\nSubject: s\n\nhello\n"), Format::Message);
        assert_eq!(
            format("x", b"From a@b.c Mon\nFrom: a@b.c\nTo: d@e.f\nSubject: s\n\nhello\n"),
            Format::Mailbox
        );
        assert_eq!(format("x", b"PK\x03\x04\0\0"), Format::Zip);
        assert_eq!(format("x", b"PAR1\0\0"), Format::Other("Parquet"));
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
