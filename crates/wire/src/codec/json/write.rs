//! Writing a shape as JSON: members in the model's order, absent ones left out, no white space.

use std::io::Write as _;

use base::Timestamp;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use shape::{Document, Kind, Member, Shape, TimestampFormat, Value, View};

use crate::codec::{Scope, text};

/// Writes an object with the members in `scope`.
pub(crate) fn write(shape: &dyn Shape, scope: Scope, out: &mut Vec<u8>) {
    let mut object = Object::open(out);
    object.members(shape, scope);
    object.close();
}

/// An object that is being written.
pub(crate) struct Object<'o> {
    out: &'o mut Vec<u8>,
    first: bool,
}

impl<'o> Object<'o> {
    /// Begins it.
    pub(crate) fn open(out: &'o mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, first: true }
    }

    /// Writes a key and its colon. The value is the caller's.
    pub(crate) fn key(&mut self, key: &str) -> &mut Vec<u8> {
        if !std::mem::take(&mut self.first) {
            self.out.push(b',');
        }
        string(key, self.out);
        self.out.push(b':');
        self.out
    }

    /// Writes all members in `scope` that are present.
    pub(crate) fn members(&mut self, shape: &dyn Shape, scope: Scope) {
        for (index, member) in shape.schema().members().iter().enumerate() {
            let field = shape.field(index);
            if scope.holds(member) && !field.is_absent() {
                value(field, member, self.key(member.wire_name()));
            }
        }
    }

    /// Ends it.
    pub(crate) fn close(self) {
        self.out.push(b'}');
    }
}

/// Writes one value.
pub(crate) fn value(value: &dyn Value, member: &Member, out: &mut Vec<u8>) {
    match value.view() {
        View::Absent => out.extend_from_slice(b"null"),
        View::Boolean(true) => out.extend_from_slice(b"true"),
        View::Boolean(false) => out.extend_from_slice(b"false"),
        View::Integer(number) => integer(number, out),
        View::Double(number) => double(number, matches!(member.target.kind, Kind::Float), out),
        View::String(text) => string(text, out),
        View::Blob(bytes) => base64(bytes, out),
        View::Timestamp(time) => timestamp(time, member, out),
        View::Document(value) => document(value, out),
        View::Shape(shape) => write(shape, Scope::All, out),
        View::List(list) => {
            out.push(b'[');
            if let Kind::List { member, .. } = member.target.kind {
                for index in 0..list.len() {
                    if index > 0 {
                        out.push(b',');
                    }
                    self::value(list.at(index), member, out);
                }
            }
            out.push(b']');
        }
        View::Map(map) => {
            let mut object = Object::open(out);
            if let Kind::Map { value: member, .. } = member.target.kind {
                for (key, entry) in map.entries() {
                    self::value(entry, member, object.key(key));
                }
            }
            object.close();
        }
    }
}

/// Writes a text in quotes.
pub(crate) fn string(text: &str, out: &mut Vec<u8>) {
    // Writing to memory does not fail, and a text is always JSON.
    let _ = serde_json::to_writer(out, text);
}

fn integer(number: i64, out: &mut Vec<u8>) {
    let _ = serde_json::to_writer(out, &number);
}

fn double(number: f64, narrow: bool, out: &mut Vec<u8>) {
    if let Some(name) = text::not_finite(number) {
        return string(name, out);
    }
    // The shortest text that reads back as the same number differs between the two widths.
    let _ = match narrow {
        true => serde_json::to_writer(out, &(number as f32)),
        false => serde_json::to_writer(out, &number),
    };
}

fn base64(bytes: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    let start = out.len();
    out.resize(start + bytes.len().div_ceil(3) * 4, 0);
    let written = STANDARD.encode_slice(bytes, &mut out[start..]).unwrap_or_default();
    out.truncate(start + written);
    out.push(b'"');
}

fn timestamp(time: Timestamp, member: &Member, out: &mut Vec<u8>) {
    match text::timestamp_format(member, TimestampFormat::EpochSeconds) {
        TimestampFormat::EpochSeconds => {
            let _ = write!(out, "{}", text::EpochSeconds(time));
        }
        TimestampFormat::DateTime => string(&time.rfc3339(), out),
        TimestampFormat::HttpDate => string(&time.http_date(), out),
    }
}

fn document(value: &Document, out: &mut Vec<u8>) {
    match value {
        Document::Null => out.extend_from_slice(b"null"),
        Document::Boolean(true) => out.extend_from_slice(b"true"),
        Document::Boolean(false) => out.extend_from_slice(b"false"),
        Document::Integer(number) => integer(*number, out),
        Document::Double(number) => double(*number, false, out),
        Document::String(text) => string(text, out),
        Document::List(items) => {
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                document(item, out);
            }
            out.push(b']');
        }
        Document::Map(entries) => {
            let mut object = Object::open(out);
            for (key, entry) in entries {
                document(entry, object.key(key));
            }
            object.close();
        }
    }
}
