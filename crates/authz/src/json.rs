//! JSON (RFC 8259) read into a tree whose every node knows its line and column, since policies are written by people
//! and refused with a place. Duplicate keys are errors here, as IAM treats them. Bounded by [`DOCUMENT_MAX_BYTES`]
//! and [`DEPTH_MAX`], so that reading is linear and recursion shallow. Numbers stay as text.

use std::collections::HashSet;

use crate::error::{Error, Position};

/// Longest policy that is read, in bytes. The largest quota of a policy on AWS is 32 KiB (key policies); white space
/// does not count there, hence the room.
pub const DOCUMENT_MAX_BYTES: usize = 128 * 1024;
/// Deepest nesting of arrays and objects. A policy that follows the grammar needs seven.
pub const DEPTH_MAX: usize = 16;

/// A value and where it starts.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub at: Position,
    pub value: Value,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    /// As written.
    Number(String),
    String(String),
    Array(Vec<Node>),
    Object(Vec<Member>),
}

/// A key with its place, and its value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Member {
    pub at: Position,
    pub key: String,
    pub value: Node,
}

/// Reads one JSON text.
pub(crate) fn read(text: &str) -> Result<Node, Error> {
    if text.len() > DOCUMENT_MAX_BYTES {
        let at = Position { line: 1, column: 1 };
        return Err(Error::Limit { what: "bytes", max: DOCUMENT_MAX_BYTES, at });
    }
    let mut reader = Reader { text, offset: 0, line: 1, line_start: 0, depth: 0 };
    let node = reader.node()?;
    reader.space();
    match reader.peek() {
        None => Ok(node),
        Some(_) => Err(reader.error("text after the end of the document")),
    }
}

struct Reader<'a> {
    text: &'a str,
    /// In bytes; always between characters.
    offset: usize,
    line: u32,
    line_start: usize,
    depth: usize,
}

impl Reader<'_> {
    fn node(&mut self) -> Result<Node, Error> {
        self.space();
        let at = self.position();
        let value = match self.peek() {
            Some(b'{') => Value::Object(self.nested(Self::object)?),
            Some(b'[') => Value::Array(self.nested(Self::array)?),
            Some(b'"') => Value::String(self.string()?),
            Some(b'-' | b'0'..=b'9') => Value::Number(self.number()?),
            Some(b't') => self.word("true", Value::Bool(true))?,
            Some(b'f') => self.word("false", Value::Bool(false))?,
            Some(b'n') => self.word("null", Value::Null)?,
            Some(_) => return Err(self.error("expected a JSON value")),
            None => return Err(self.error("the document ends where a value should stand")),
        };
        Ok(Node { at, value })
    }

    fn nested<T>(&mut self, read: fn(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        if self.depth == DEPTH_MAX {
            let at = self.position();
            return Err(Error::Limit { what: "levels of nesting", max: DEPTH_MAX, at });
        }
        self.depth += 1;
        self.offset += 1;
        let result = read(self)?;
        self.depth -= 1;
        Ok(result)
    }

    fn object(&mut self) -> Result<Vec<Member>, Error> {
        let mut members = Vec::new();
        let mut seen = HashSet::new();
        self.space();
        if self.take(b'}') {
            return Ok(members);
        }
        loop {
            self.space();
            let at = self.position();
            if self.peek() != Some(b'"') {
                return Err(self.error("expected a key in double quotes"));
            }
            let key = self.string()?;
            if !seen.insert(key.clone()) {
                return Err(Error::syntax(at, format!("the key {key:?} stands here twice")));
            }
            self.space();
            if !self.take(b':') {
                return Err(self.error("expected a colon"));
            }
            let value = self.node()?;
            members.push(Member { at, key, value });
            self.space();
            if self.take(b'}') {
                return Ok(members);
            }
            if !self.take(b',') {
                return Err(self.error("expected a comma or the end of the object"));
            }
        }
    }

    fn array(&mut self) -> Result<Vec<Node>, Error> {
        let mut items = Vec::new();
        self.space();
        if self.take(b']') {
            return Ok(items);
        }
        loop {
            items.push(self.node()?);
            self.space();
            if self.take(b']') {
                return Ok(items);
            }
            if !self.take(b',') {
                return Err(self.error("expected a comma or the end of the array"));
            }
        }
    }

    fn string(&mut self) -> Result<String, Error> {
        self.offset += 1;
        let mut out = String::new();
        loop {
            let rest = &self.text[self.offset..];
            let run = rest.bytes().position(|b| b == b'"' || b == b'\\' || b < 0x20);
            let Some(run) = run else { return Err(self.error("a string without its end")) };
            out.push_str(&rest[..run]);
            self.offset += run;
            match self.peek() {
                Some(b'"') => {
                    self.offset += 1;
                    return Ok(out);
                }
                Some(b'\\') => out.push(self.escape()?),
                _ => return Err(self.error("a control character inside a string")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Error> {
        self.offset += 1;
        let short = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(),
            _ => return Err(self.error("an escape that JSON does not have")),
        };
        self.offset += 1;
        Ok(short)
    }

    fn unicode(&mut self) -> Result<char, Error> {
        let first = self.hex4()?;
        let code = match first {
            0xd800..=0xdbff if self.text[self.offset..].starts_with("\\u") => {
                self.offset += 1;
                match self.hex4()? {
                    second @ 0xdc00..=0xdfff => {
                        0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)
                    }
                    _ => first,
                }
            }
            _ => first,
        };
        char::from_u32(code).ok_or_else(|| self.error("half of a surrogate pair"))
    }

    /// Reads `uXXXX`.
    fn hex4(&mut self) -> Result<u32, Error> {
        let digits = self.text.get(self.offset + 1..self.offset + 5);
        let digits = digits.filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
        let code = digits.and_then(|d| u32::from_str_radix(d, 16).ok());
        let code = code.ok_or_else(|| self.error("expected four hexadecimal digits"))?;
        self.offset += 5;
        Ok(code)
    }

    fn number(&mut self) -> Result<String, Error> {
        let start = self.offset;
        self.take(b'-');
        let whole = self.digits();
        let zero_led = whole > 1 && self.text.as_bytes()[self.offset - whole] == b'0';
        let mut ok = whole > 0 && !zero_led;
        if self.take(b'.') {
            ok &= self.digits() > 0;
        }
        if self.take(b'e') || self.take(b'E') {
            let _ = self.take(b'+') || self.take(b'-');
            ok &= self.digits() > 0;
        }
        if ok {
            Ok(self.text[start..self.offset].to_owned())
        } else {
            Err(self.error("a number that JSON does not have"))
        }
    }

    fn digits(&mut self) -> usize {
        let start = self.offset;
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.offset += 1;
        }
        self.offset - start
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, Error> {
        if !self.text[self.offset..].starts_with(word) {
            return Err(self.error("expected a JSON value"));
        }
        self.offset += word.len();
        Ok(value)
    }

    fn space(&mut self) {
        while let Some(byte) = self.peek() {
            match byte {
                b'\n' => {
                    self.line += 1;
                    self.line_start = self.offset + 1;
                }
                b' ' | b'\t' | b'\r' => {}
                _ => return,
            }
            self.offset += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.offset).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.offset += usize::from(found);
        found
    }

    fn error(&self, detail: &str) -> Error {
        Error::syntax(self.position(), detail)
    }

    /// Characters are counted only up to a bound, so that one long line stays linear to read.
    fn position(&self) -> Position {
        const COUNTED_BYTES: usize = 512;
        let line = &self.text.as_bytes()[self.line_start..self.offset];
        let column = if line.len() <= COUNTED_BYTES {
            line.iter().filter(|b| **b & 0xc0 != 0x80).count()
        } else {
            line.len()
        };
        Position { line: self.line, column: u32::try_from(column).unwrap_or(u32::MAX) + 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_know_their_place() {
        let node = read("{\n  \"a\": [1, \"\\u00e9\\ud83d\\ude00\\n\"]\n}").expect("valid");
        let Value::Object(members) = node.value else { panic!("an object") };
        assert_eq!(members[0].at, Position { line: 2, column: 3 });
        let Value::Array(items) = &members[0].value.value else { panic!("an array") };
        assert_eq!(items[1].at, Position { line: 2, column: 12 });
        assert_eq!(items[1].value, Value::String("é😀\n".into()));
    }

    #[test]
    fn what_is_not_json_is_refused() {
        for bad in [
            "",
            "{",
            "[1,]",
            "{\"a\"}",
            "{a:1}",
            "01",
            "1.",
            "-",
            "\"\\x\"",
            "\"\\ud800\"",
            "nul",
            "\"\n\"",
            "[1] 2",
            "{\"a\":1,\"a\":2}",
            "\"\\u12",
            "'a'",
        ] {
            assert!(matches!(read(bad), Err(Error::Syntax { .. })), "{bad}");
        }
    }

    #[test]
    fn limits_are_errors() {
        let deep = "[".repeat(100_000);
        assert!(matches!(read(&deep), Err(Error::Limit { max: DEPTH_MAX, .. })));
        let long = " ".repeat(DOCUMENT_MAX_BYTES + 1);
        assert!(matches!(read(&long), Err(Error::Limit { max: DOCUMENT_MAX_BYTES, .. })));
    }

    #[test]
    fn agrees_with_another_reader() {
        for text in ["[true,null,-1.5e3]", "{\"k\":{\"\":[]}}", "\"\\\"\\/\""] {
            assert!(serde_json::from_str::<serde_json::Value>(text).is_ok());
            assert!(read(text).is_ok(), "{text}");
        }
    }
}
