//! JSON and JSON Lines as a stream of values with their paths. Every value of the top level is a record. Where the text
//! stops being JSON, the rest is read as plain text, so that nothing is passed over.

use std::io::{self, Read};

use super::decode::Utf8;
use super::fields::{Fields, push_key};
use super::{Unreadable, VALUE_MAX_BYTES, Walk, cut};
use crate::classification::Location;
use crate::text::Place;

/// How much is read at a time, in bytes.
const BUFFER_BYTES: usize = 256 << 10;
/// Deepest nesting that is followed.
const NESTING_MAX: usize = 512;
/// Longest key, in bytes.
const KEY_MAX_BYTES: usize = 4 << 10;

pub(crate) fn scan(walk: &mut Walk<'_, '_>, mut text: Utf8<'_>) -> Result<(), Unreadable> {
    let mut reader = Reader {
        source: &mut text,
        buffer: vec![0; BUFFER_BYTES],
        at: 0,
        end: 0,
        ended: false,
        place: Place::default(),
    };
    let mut fields = Fields::new();
    let mut record = 0;
    loop {
        match value(walk, &mut reader, &mut fields, record) {
            Ok(true) => record += 1,
            Ok(false) => return Ok(()),
            Err(Broken::Io(error)) => return Err(error.into()),
            Err(Broken::Syntax) => {
                reader.place.advance(&reader.buffer[..reader.at]);
                let place = reader.place;
                let rest = reader.buffer[reader.at..reader.end].to_vec();
                return walk.lines(&mut rest.as_slice().chain(reader.source), place, &super::line);
            }
        }
    }
}

/// Why a value does not end.
enum Broken {
    Syntax,
    Io(io::Error),
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

struct Reader<'r, R> {
    source: &'r mut R,
    buffer: Vec<u8>,
    at: usize,
    end: usize,
    ended: bool,
    /// Where the buffer begins.
    place: Place,
}

impl<R: Read> Reader<'_, R> {
    /// Reads on, keeping what begins at `keep`; false at the end.
    fn more(&mut self, keep: usize) -> io::Result<bool> {
        if self.ended {
            return Ok(false);
        }
        self.place.advance(&self.buffer[..keep]);
        self.buffer.copy_within(keep..self.end, 0);
        self.at -= keep;
        self.end -= keep;
        if self.end == self.buffer.len() {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        loop {
            match self.source.read(&mut self.buffer[self.end..]) {
                Ok(length) => {
                    self.end += length;
                    self.ended = length == 0;
                    return Ok(length > 0);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The next byte that is no white space, without taking it.
    fn peek(&mut self) -> io::Result<Option<u8>> {
        loop {
            while self.at < self.end {
                match self.buffer[self.at] {
                    b' ' | b'\n' | b'\r' | b'\t' => self.at += 1,
                    byte => return Ok(Some(byte)),
                }
            }
            if !self.more(self.at)? {
                return Ok(None);
            }
        }
    }
}

/// A level of nesting.
struct Level {
    array: bool,
    index: u64,
    /// Where its own part of the path begins.
    path: usize,
    field: usize,
}

/// Reads one value of the top level; false when there is none.
fn value<R: Read>(
    walk: &mut Walk<'_, '_>,
    reader: &mut Reader<'_, R>,
    fields: &mut Fields,
    record: u64,
) -> Result<bool, Broken> {
    let mut levels: Vec<Level> = Vec::new();
    let mut path: Vec<u8> = Vec::new();
    let mut scratch: Vec<u8> = Vec::new();
    let mut field = 0;
    loop {
        // A value begins here, or an empty array or object ends.
        let Some(byte) = reader.peek()? else {
            return if levels.is_empty() { Ok(false) } else { Err(Broken::Syntax) };
        };
        match byte {
            b'{' | b'[' if levels.len() < NESTING_MAX => {
                reader.at += 1;
                levels.push(Level { array: byte == b'[', index: 0, path: path.len(), field });
                if reader.peek()? == Some(byte + 2) {
                    reader.at += 1;
                    levels.pop();
                } else if byte == b'{' {
                    field = key(walk, reader, fields, &mut path, &mut scratch, field)?;
                    continue;
                } else {
                    continue;
                }
            }
            b'"' => {
                reader.at += 1;
                string(reader, &mut scratch, |text| {
                    judge(walk, fields, field, text, record, &path, &levels)
                })?;
            }
            b'-' | b'0'..=b'9' | b't' | b'f' | b'n' | b'N' | b'I' => {
                let length = bare(reader)?;
                let text = &reader.buffer[reader.at..reader.at + length];
                let number = byte == b'-' || byte.is_ascii_digit();
                if number && text.len() > 1 {
                    judge(walk, fields, field, text, record, &path, &levels);
                } else if !number
                    && !matches!(text, b"true" | b"false" | b"null" | b"NaN" | b"Infinity")
                {
                    return Err(Broken::Syntax);
                }
                reader.at += length;
            }
            _ => return Err(Broken::Syntax),
        }
        // A value has ended: so may what it stands in.
        loop {
            let Some(level) = levels.last_mut() else { return Ok(true) };
            path.truncate(level.path);
            field = level.field;
            match reader.peek()? {
                Some(b',') => {
                    reader.at += 1;
                    level.index += 1;
                    if !level.array {
                        field = key(walk, reader, fields, &mut path, &mut scratch, field)?;
                    }
                    break;
                }
                Some(b']') if level.array => {}
                Some(b'}') if !level.array => {}
                _ => return Err(Broken::Syntax),
            }
            reader.at += 1;
            levels.pop();
        }
    }
}

/// Reads a key and its colon, and steps into it.
fn key<R: Read>(
    walk: &Walk<'_, '_>,
    reader: &mut Reader<'_, R>,
    fields: &mut Fields,
    path: &mut Vec<u8>,
    scratch: &mut Vec<u8>,
    outer: usize,
) -> Result<usize, Broken> {
    if reader.peek()? != Some(b'"') {
        return Err(Broken::Syntax);
    }
    reader.at += 1;
    let mut field = outer;
    let mut pieces = 0;
    string(reader, scratch, |text| {
        pieces += 1;
        let text = &text[..text.len().min(KEY_MAX_BYTES)];
        let start = path.len();
        path.extend_from_slice(&(text.len() as u32).to_le_bytes());
        path.extend_from_slice(text);
        field = fields.enter(walk.engine, outer, &path[start + 4..]);
    })?;
    if pieces != 1 || reader.peek()? != Some(b':') {
        return Err(Broken::Syntax);
    }
    reader.at += 1;
    Ok(field)
}

/// Reads a string to its closing quote and hands it on unescaped, in pieces if it is very long.
fn string<R: Read>(
    reader: &mut Reader<'_, R>,
    scratch: &mut Vec<u8>,
    mut then: impl FnMut(&[u8]),
) -> Result<(), Broken> {
    scratch.clear();
    let mut start = reader.at;
    let mut from = reader.at;
    loop {
        match memchr::memchr2(b'"', b'\\', &reader.buffer[from..reader.end]) {
            Some(found) if reader.buffer[from + found] == b'"' => {
                let text = &reader.buffer[start..from + found];
                reader.at = from + found + 1;
                if scratch.is_empty() {
                    then(text);
                } else {
                    scratch.extend_from_slice(text);
                    then(scratch);
                }
                return Ok(());
            }
            Some(found) => {
                scratch.extend_from_slice(&reader.buffer[start..from + found]);
                reader.at = from + found;
                escape(reader, scratch)?;
                start = reader.at;
                from = start;
            }
            None => {
                if reader.end - start + scratch.len() > VALUE_MAX_BYTES {
                    scratch.extend_from_slice(&reader.buffer[start..reader.end]);
                    start = reader.end;
                    let at = cut(scratch);
                    then(&scratch[..at]);
                    scratch.drain(..at);
                }
                let searched = reader.end - start;
                reader.at = start;
                if !reader.more(start)? {
                    return Err(Broken::Syntax);
                }
                start = 0;
                from = searched;
            }
        }
    }
}

/// Reads an escape sequence.
fn escape<R: Read>(reader: &mut Reader<'_, R>, out: &mut Vec<u8>) -> Result<(), Broken> {
    while reader.end - reader.at < 12 {
        if !reader.more(reader.at)? {
            break;
        }
    }
    let rest = &reader.buffer[reader.at..reader.end];
    let hex = |at: usize| {
        let digits = rest.get(at..at + 4).and_then(|text| std::str::from_utf8(text).ok());
        digits.and_then(|text| u32::from_str_radix(text, 16).ok())
    };
    let (byte, length) = match rest.get(1) {
        Some(b'n') => (b'\n', 2),
        Some(b't') => (b'\t', 2),
        Some(b'r') => (b'\r', 2),
        Some(b'b') => (8, 2),
        Some(b'f') => (12, 2),
        Some(byte @ (b'"' | b'\\' | b'/')) => (*byte, 2),
        Some(b'u') => {
            let first = hex(2).ok_or(Broken::Syntax)?;
            let second = hex(8).filter(|_| rest.get(6..8) == Some(b"\\u"));
            let (code, length) = match (first, second) {
                (0xD800..0xDC00, Some(low @ 0xDC00..0xE000)) => {
                    (0x10000 + ((first - 0xD800) << 10) + low - 0xDC00, 12)
                }
                _ => (first, 6),
            };
            let char = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
            out.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
            reader.at += length;
            return Ok(());
        }
        _ => return Err(Broken::Syntax),
    };
    out.push(byte);
    reader.at += length;
    Ok(())
}

/// Length of the number or word that begins here.
fn bare<R: Read>(reader: &mut Reader<'_, R>) -> Result<usize, Broken> {
    let mut length = 0;
    loop {
        let rest = &reader.buffer[reader.at + length..reader.end];
        match rest
            .iter()
            .position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'+')))
        {
            Some(end) => return Ok(length + end),
            None => length += rest.len(),
        }
        if length > KEY_MAX_BYTES {
            return Err(Broken::Syntax);
        }
        if !reader.more(reader.at)? {
            return Ok(length);
        }
    }
}

fn judge(
    walk: &mut Walk<'_, '_>,
    fields: &Fields,
    field: usize,
    text: &[u8],
    record: u64,
    path: &[u8],
    levels: &[Level],
) {
    if text.len() < 2 {
        return;
    }
    // Custom identifiers look at the names themselves.
    let mut names = Vec::new();
    if !walk.engine.custom.is_empty() {
        names = keys(path).map(|(_, key)| String::from_utf8_lossy(key)).collect();
    }
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    walk.cell(fields.get(field), &names, text, || Location::Record {
        json_path: json_path(path, levels),
        record_index: record,
    });
}

/// The keys on the way, with the place in the path where each begins.
fn keys(path: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let length = path.get(at..at + 4)?;
        let length = u32::from_le_bytes([length[0], length[1], length[2], length[3]]) as usize;
        let key = path.get(at + 4..at + 4 + length)?;
        let start = at;
        at += 4 + length;
        Some((start, key))
    })
}

/// The way as a JSON path: names in dots where they can be, else in brackets.
fn json_path(path: &[u8], levels: &[Level]) -> String {
    use std::fmt::Write as _;
    let mut out = String::from("$");
    let mut keys = keys(path);
    for level in levels {
        if level.array {
            let _ = write!(out, "[{}]", level.index);
        } else if let Some((_, key)) = keys.next() {
            push_key(&mut out, &String::from_utf8_lossy(key));
        }
    }
    out
}
