//! Mail: messages (RFC 5322, MIME) and mailboxes (RFC 4155). Headers and text parts are lines of the object; attachments
//! are objects of their own. Transfer encodings and character sets are undone.

use std::io::{BufRead, BufReader, Cursor, Read};

use encoding_rs::{Encoding, UTF_8};

use super::{Input, Unreadable, Walk};

/// Longest line that is read as one, in bytes.
const LINE_MAX_BYTES: usize = 1 << 20;
/// Largest part that is decoded, in bytes; a larger one is told as unread.
const PART_MAX_BYTES: usize = 64 << 20;
/// Parts within parts, at most.
const PARTS_DEPTH_MAX: usize = 16;
/// Headers of a message or part that are kept, in bytes.
const HEADERS_MAX_BYTES: usize = 1 << 20;

type Lines<'r> = BufReader<&'r mut dyn Read>;

/// One message.
pub(crate) fn message(walk: &mut Walk<'_, '_>, source: &mut dyn Read) -> Result<(), Unreadable> {
    let mut lines = BufReader::new(source);
    let mut parts = 0;
    entity(walk, &mut lines, &[], 0, "", &mut parts, false).map(|_| ())
}

/// Messages, each behind a line that begins with `From `.
pub(crate) fn mailbox(walk: &mut Walk<'_, '_>, source: &mut dyn Read) -> Result<(), Unreadable> {
    let mut lines = BufReader::new(source);
    let mut line = Vec::new();
    read_line(&mut lines, &mut line)?;
    for number in 1_u64.. {
        let mut parts = 0;
        let prefix = format!("message {number}");
        match entity(walk, &mut lines, &[], 0, &prefix, &mut parts, true)? {
            End::Message => {}
            _ => break,
        }
    }
    Ok(())
}

/// What ended a part.
#[derive(PartialEq, Eq)]
enum End {
    Object,
    /// The next message of a mailbox.
    Message,
    /// The boundary of this number, counted from outside, and whether it is the closing one.
    Boundary(usize, bool),
}

/// Headers of a part, as far as they matter.
#[derive(Default)]
struct Headers {
    content_type: String,
    encoding: String,
    disposition: String,
}

/// Reads headers and body of a message or part up to what ends it.
fn entity(
    walk: &mut Walk<'_, '_>,
    lines: &mut Lines<'_>,
    boundaries: &[Vec<u8>],
    depth: usize,
    prefix: &str,
    parts: &mut u64,
    mailbox: bool,
) -> Result<End, Unreadable> {
    let (headers, raw) = read_headers(lines)?;
    *parts += 1;
    let label = |name: &str| match (prefix, name) {
        ("", name) => name.to_owned(),
        (prefix, "") => prefix.to_owned(),
        (prefix, name) => format!("{prefix}/{name}"),
    };
    if depth == 0 {
        let decoded = decode_words(&raw);
        walk.inside_of(&label(""), |walk| walk.text(&mut decoded.as_bytes()))?;
    }
    let boundary = parameter(&headers.content_type, "boundary").filter(|_| {
        headers.content_type.to_ascii_lowercase().starts_with("multipart/")
            && depth < PARTS_DEPTH_MAX
    });
    if let Some(boundary) = boundary {
        let mut inner = boundaries.to_vec();
        inner.push(boundary.into_bytes());
        let own = inner.len() - 1;
        // What stands before the first boundary is for readers that do not know MIME.
        let mut end = body(lines, &inner, mailbox, &mut Vec::new())?;
        while end == End::Boundary(own, false) {
            end = entity(walk, lines, &inner, depth + 1, prefix, parts, mailbox)?;
        }
        return match end {
            End::Boundary(number, true) if number == own => {
                body(lines, boundaries, mailbox, &mut Vec::new())
            }
            end => Ok(end),
        };
    }
    let mut content = Vec::new();
    let end = body(lines, boundaries, mailbox, &mut content)?;
    let name = parameter(&headers.disposition, "filename")
        .or_else(|| parameter(&headers.content_type, "name"));
    let name =
        name.unwrap_or_else(|| if *parts > 1 { format!("part {parts}") } else { String::new() });
    let label = label(&name);
    if content.len() > PART_MAX_BYTES {
        walk.inside_of(&label, |walk| {
            walk.unread(Unreadable::Limit("bytes of a part of a message"))
        });
        return Ok(end);
    }
    let content = transfer_decode(&headers.encoding, content);
    let kind = headers.content_type.to_ascii_lowercase();
    walk.inside_of(&label, |walk| {
        let done =
            if kind.is_empty() || kind.starts_with("text/plain") || kind.starts_with("text/html") {
                let charset = parameter(&headers.content_type, "charset");
                let encoding = charset
                    .and_then(|label| Encoding::for_label(label.as_bytes()))
                    .unwrap_or(UTF_8);
                let (text, _, _) = encoding.decode(&content);
                walk.text(&mut text.as_bytes())
            } else {
                walk.nested(&name, Input::Seekable(&mut Cursor::new(content.as_slice())))
            };
        if let Err(reason) = done {
            walk.unread(reason);
        }
    });
    Ok(end)
}

/// Appends the next line with its end; false at the end of the object. Of a very long line this is a piece.
fn read_line(lines: &mut Lines<'_>, line: &mut Vec<u8>) -> Result<bool, Unreadable> {
    line.clear();
    let length = Read::take(&mut *lines, LINE_MAX_BYTES as u64).read_until(b'\n', line)?;
    Ok(length > 0)
}

fn read_headers(lines: &mut Lines<'_>) -> Result<(Headers, String), Unreadable> {
    let mut raw: Vec<u8> = Vec::new();
    let mut line = Vec::new();
    while read_line(lines, &mut line)? {
        if line.trim_ascii().is_empty() {
            break;
        }
        if raw.len() < HEADERS_MAX_BYTES {
            raw.extend_from_slice(&line);
        }
    }
    let raw = String::from_utf8_lossy(&raw).into_owned();
    let unfolded = raw.replace("\r\n", "\n").replace("\n ", " ").replace("\n\t", " ");
    let mut headers = Headers::default();
    for line in unfolded.lines() {
        let Some((name, value)) = line.split_once(':') else { continue };
        let value = value.trim().to_owned();
        match name.to_ascii_lowercase().as_str() {
            "content-type" => headers.content_type = value,
            "content-transfer-encoding" => headers.encoding = value.to_ascii_lowercase(),
            "content-disposition" => headers.disposition = value,
            _ => {}
        }
    }
    Ok((headers, raw))
}

/// Reads up to a boundary, the next message or the end; keeps a little more than a part may have.
fn body(
    lines: &mut Lines<'_>,
    boundaries: &[Vec<u8>],
    mailbox: bool,
    out: &mut Vec<u8>,
) -> Result<End, Unreadable> {
    let mut line = Vec::new();
    let mut blank = false;
    while read_line(lines, &mut line)? {
        if mailbox && blank && line.starts_with(b"From ") {
            return Ok(End::Message);
        }
        if let Some(rest) = line.strip_prefix(b"--") {
            let rest = rest.trim_ascii_end();
            for (number, boundary) in boundaries.iter().enumerate().rev() {
                if let Some(tail) = rest
                    .strip_prefix(boundary.as_slice())
                    .filter(|tail| matches!(*tail, b"" | b"--"))
                {
                    return Ok(End::Boundary(number, tail == b"--"));
                }
            }
        }
        blank = line.trim_ascii().is_empty();
        if out.len() <= PART_MAX_BYTES {
            out.extend_from_slice(&line);
        }
    }
    Ok(End::Object)
}

/// A parameter of a structured header, quoted or not.
fn parameter(header: &str, name: &str) -> Option<String> {
    header.split(';').skip(1).find_map(|part| {
        let (key, value) = part.split_once('=')?;
        let named = key.trim().eq_ignore_ascii_case(name);
        let value = value.trim().trim_matches('"');
        (named && !value.is_empty()).then(|| decode_words(value))
    })
}

fn transfer_decode(encoding: &str, content: Vec<u8>) -> Vec<u8> {
    match encoding {
        "base64" => base64(&content),
        "quoted-printable" => quoted_printable(&content, false),
        _ => content,
    }
}

/// Base64 with whatever is none of it left out.
fn base64(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() * 3 / 4);
    let (mut bits, mut count) = (0_u32, 0);
    for byte in text {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => continue,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
        }
    }
    out
}

fn quoted_printable(text: &[u8], underscore: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        match (byte, tail) {
            (b'=', [b'\r', b'\n', tail @ ..]) | (b'=', [b'\n', tail @ ..]) => rest = tail,
            (b'=', [high, low, tail @ ..])
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                let value = |digit: u8| char::from(digit).to_digit(16).unwrap_or(0) as u8;
                out.push(value(*high) << 4 | value(*low));
                rest = tail;
            }
            (b'_', _) if underscore => out.push(b' '),
            _ => out.push(byte),
        }
    }
    out
}

/// Words that are encoded in headers (RFC 2047).
fn decode_words(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("=?") {
        let word = rest[at + 2..].splitn(3, '?').collect::<Vec<_>>();
        let decoded = match word.as_slice() {
            [charset, kind, tail] => tail.find("?=").and_then(|end| {
                let encoding = Encoding::for_label(charset.as_bytes())?;
                let bytes = match kind.to_ascii_lowercase().as_str() {
                    "b" => base64(&tail.as_bytes()[..end]),
                    "q" => quoted_printable(&tail.as_bytes()[..end], true),
                    _ => return None,
                };
                let length = 2 + charset.len() + 1 + kind.len() + 1 + end + 2;
                Some((encoding.decode(&bytes).0.into_owned(), length))
            }),
            _ => None,
        };
        match decoded {
            Some((word, length)) => {
                out.push_str(&rest[..at]);
                out.push_str(&word);
                rest = &rest[at + length..];
            }
            None => {
                out.push_str(&rest[..at + 2]);
                rest = &rest[at + 2..];
            }
        }
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_transfers_are_decoded() {
        assert_eq!(
            decode_words("Subject: =?UTF-8?B?7KO866+8?= and =?iso-8859-1?Q?caf=E9_x?="),
            "Subject: 주민 and café x"
        );
        assert_eq!(decode_words("=? =?x?y"), "=? =?x?y");
        assert_eq!(quoted_printable(b"a=3Db=\r\nc=zz", false), b"a=bc=zz");
        assert_eq!(base64(b"aGVs\r\nbG8="), b"hello");
    }

    #[test]
    fn parameters_are_found() {
        let header = "multipart/mixed; charset=utf-8; boundary=\"a b\"";
        assert_eq!(parameter(header, "boundary").as_deref(), Some("a b"));
        assert_eq!(parameter(header, "name"), None);
    }
}
