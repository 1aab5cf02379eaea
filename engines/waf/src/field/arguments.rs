//! The arguments of a query string or body with their encoding undone, whatever the body's kind: form, JSON, multipart or text. This is
//! what the managed rules look at. The kind is told by the body where the header does not tell it, since an application
//! may not care for the header either.

use std::borrow::Cow;

use memchr::memmem;

use super::{Builder, Texts, json, query};
use crate::transform::TextTransformation;

/// Parts of a multipart body that are looked at; more are not.
const PARTS_MAX: usize = 500;

pub(super) fn of_query(query: &[u8]) -> Texts<'_> {
    let mut out = Builder::with_capacity(query.len(), 8);
    form("QUERY_STRING", query, &mut out);
    out.finish()
}

pub(super) fn of_body<'r>(content_type: &[u8], body: &'r [u8]) -> Texts<'r> {
    let mut out = Builder::with_capacity(body.len(), 16);
    if let Some(boundary) = boundary(content_type) {
        multipart(&boundary, body, &mut out);
    } else if matches!(body.trim_ascii_start().first(), Some(b'{' | b'['))
        && !starts_with(content_type, b"application/x-www-form-urlencoded")
    {
        json_values(body, &mut out);
    } else if starts_with(content_type, b"application/x-www-form-urlencoded") {
        form("BODY", body, &mut out);
    } else if !body.is_empty() && (!is_binary(content_type) || is_text(body)) {
        out.push("BODY", Cow::Borrowed(b""), body);
        if content_type.is_empty() {
            form("BODY", body, &mut out);
        }
    }
    out.finish()
}

/// Names and values of a form. A name says something only where it is more than a name.
fn form<'r>(location: &'static str, text: &'r [u8], out: &mut Builder<'r>) {
    for (name, value) in query::split(text) {
        let decoded = TextTransformation::UrlDecodeUni.apply(name);
        if !is_name(&decoded) {
            out.push(location, Cow::Borrowed(name), &decoded);
        }
        if !value.is_empty() {
            out.push(location, Cow::Borrowed(name), &TextTransformation::UrlDecodeUni.apply(value));
        }
    }
}

/// The strings of a JSON text; all of it where it is none.
fn json_values<'r>(body: &'r [u8], out: &mut Builder<'r>) {
    let whole = json::walk(body, &mut |element| {
        let says_nothing = if element.is_key {
            is_name(&element.text)
        } else {
            element.text.iter().all(u8::is_ascii_alphanumeric)
        };
        if !says_nothing {
            out.push("BODY", Cow::Owned(element.pointer.to_vec()), &element.text);
        }
    });
    if !whole {
        out.push("BODY", Cow::Borrowed(b""), body);
    }
}

/// The fields of a multipart form (RFC 7578), and the names of its files. What is in files is data and not looked at.
fn multipart<'r>(boundary: &[u8], body: &'r [u8], out: &mut Builder<'r>) {
    let delimiter = [b"--", boundary].concat();
    let finder = memmem::Finder::new(&delimiter);
    let mut starts = finder.find_iter(body).take(PARTS_MAX).peekable();
    if starts.peek().is_none() {
        out.push("BODY", Cow::Borrowed(b""), body);
    }
    while let Some(start) = starts.next() {
        let end = starts.peek().copied().unwrap_or(body.len());
        let part = &body[(start + delimiter.len()).min(end)..end];
        let (head, content) = match memmem::find(part, b"\r\n\r\n") {
            Some(at) => (&part[..at], &part[at + 4..]),
            None => continue,
        };
        let content = content.strip_suffix(b"\r\n").unwrap_or(content);
        let name = parameter(head, b" name=").or_else(|| parameter(head, b";name=")).unwrap_or(b"");
        match parameter(head, b"filename=") {
            Some(file) => out.push("BODY", Cow::Borrowed(name), file),
            None => out.push("BODY", Cow::Borrowed(name), content),
        }
        if !is_name(name) {
            out.push("BODY", Cow::Borrowed(name), name);
        }
    }
}

fn boundary(content_type: &[u8]) -> Option<Vec<u8>> {
    if !starts_with(content_type, b"multipart/") {
        return None;
    }
    let lower = content_type.to_ascii_lowercase();
    let at = memmem::find(&lower, b"boundary=")? + b"boundary=".len();
    let value = &content_type[at..];
    let value = match value.strip_prefix(b"\"") {
        Some(quoted) => quoted.split(|b| *b == b'"').next()?,
        None => value.split(|b| matches!(b, b';' | b' ' | b',')).next()?,
    };
    (!value.is_empty()).then(|| value.to_vec())
}

fn parameter<'a>(head: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let value = &head[memmem::find(head, name)? + name.len()..];
    match value.strip_prefix(b"\"") {
        Some(quoted) => quoted.split(|b| *b == b'"').next(),
        None => value.split(|b| matches!(b, b';' | b'\r' | b' ')).next(),
    }
}

fn starts_with(text: &[u8], prefix: &[u8]) -> bool {
    text.len() >= prefix.len() && text[..prefix.len()].eq_ignore_ascii_case(prefix)
}

/// Whether a text is no more than a name, as programs give them: `user[address][0].zip-code`.
fn is_name(text: &[u8]) -> bool {
    let part = |b: &u8| b.is_ascii_alphanumeric() || *b >= 0x80 || b"_-.[]:$@ ".contains(b);
    text.len() <= 128 && text.iter().all(part)
}

/// Whether the sender says that a body is data for a program: pictures, sound, archives.
fn is_binary(content_type: &[u8]) -> bool {
    const KINDS: [&[u8]; 8] = [
        b"image/",
        b"audio/",
        b"video/",
        b"font/",
        b"application/octet-stream",
        b"application/zip",
        b"application/gzip",
        b"application/pdf",
    ];
    KINDS.iter().any(|kind| starts_with(content_type, kind))
}

/// Whether bytes are a text and not a picture or an archive. The inspected part of a body may end inside a character.
fn is_text(bytes: &[u8]) -> bool {
    if memchr::memchr(0, bytes).is_some() {
        return false;
    }
    match std::str::from_utf8(bytes) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(content_type: &str, body: &[u8]) -> Vec<String> {
        let texts = of_body(content_type.as_bytes(), body);
        texts.iter().map(|(_, text)| String::from_utf8_lossy(text).into_owned()).collect()
    }

    #[test]
    fn kinds_of_bodies() {
        let form = "application/x-www-form-urlencoded; charset=utf-8";
        assert_eq!(told(form, b"a=1%27&b=%u003c&c'd=&e="), ["1'", "<", "c'd"]);
        assert_eq!(
            told("application/json", br#"{"a":"x y","n":12,"k'":["<b>"]}"#),
            ["x y", "k'", "<b>"]
        );
        assert_eq!(told("text/plain", b"[not json"), ["[not json"]);
        assert_eq!(told("text/xml", b"<a>1</a>"), ["<a>1</a>"]);
        assert_eq!(told("", b"q=a%20b"), ["q=a%20b", "a b"]);
        assert!(told("image/png", b"\x89PNG\r\n\0\0").is_empty());
    }

    #[test]
    fn multipart_fields_and_file_names() {
        let body = b"--xx\r\nContent-Disposition: form-data; name=\"q\"\r\n\r\n1' or 1=1\r\n--xx\r\nContent-Disposition: \
            form-data; name=\"f\"; filename=\"a.php\"\r\nContent-Type: text/plain\r\n\r\n<script>\r\n--xx--\r\n";
        assert_eq!(told("multipart/form-data; boundary=xx", body), ["1' or 1=1", "a.php"]);
        assert_eq!(told("multipart/form-data; boundary=\"zz\"", b"no parts"), ["no parts"]);
    }
}
