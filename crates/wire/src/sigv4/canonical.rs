//! The canonical request and the string to sign: one request, one sequence of bytes.
//!
//! Signer and verifier run the same code. Whatever the request holds, the result is defined; a request that cannot
//! be canonical (a broken escape, a missing header) merely gets bytes that no honest signer produced. Source: IAM
//! User Guide, 'Create a signed AWS API request'.

use super::{Dialect, sha256_hex};
use crate::request::Request;

/// The query parameter that carries the signature and so is not covered by it.
pub(super) const SIGNATURE_PARAM: &str = "X-Amz-Signature";

/// The canonical request. `signed_headers` is sorted, in lower case and joined by `;`; `payload` is the hash of the
/// body or the name of its mode.
pub fn canonical_request(
    request: &Request,
    dialect: Dialect,
    signed_headers: &str,
    payload: &[u8],
) -> Vec<u8> {
    let mut out = Vec::with_capacity(512 + request.path.len() + request.query.len());
    out.extend_from_slice(request.method.as_str().as_bytes());
    out.push(b'\n');
    match dialect {
        Dialect::Standard => write_normal_path(&mut out, &request.path),
        Dialect::S3 => write_key_path(&mut out, &request.path),
    }
    out.push(b'\n');
    write_query(&mut out, &request.query);
    out.push(b'\n');
    for name in signed_headers.split(';') {
        write_header(&mut out, request, name);
    }
    out.push(b'\n');
    out.extend_from_slice(signed_headers.as_bytes());
    out.push(b'\n');
    out.extend_from_slice(payload);
    out
}

/// The string to sign for `canonical`. `amz_date` is the time of the signature in ISO 8601 basic form.
pub fn string_to_sign(algorithm: &str, amz_date: &str, scope: &str, canonical: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(algorithm.len() + amz_date.len() + scope.len() + 67);
    for line in [algorithm, amz_date, scope] {
        out.extend_from_slice(line.as_bytes());
        out.push(b'\n');
    }
    out.extend_from_slice(&sha256_hex(canonical));
    out
}

/// Dot segments and empty segments removed (RFC 3986, 6.2.2.3), then every byte escaped, `%` included.
fn write_normal_path(out: &mut Vec<u8>, path: &str) {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            segment => segments.push(segment),
        }
    }
    for segment in &segments {
        out.push(b'/');
        escape(out, segment.as_bytes(), false);
    }
    if segments.is_empty() || path.ends_with('/') {
        out.push(b'/');
    }
}

/// The path taken apart and put together in the one canonical spelling, with nothing removed.
fn write_key_path(out: &mut Vec<u8>, path: &str) {
    if path.is_empty() {
        out.push(b'/');
    }
    escape(out, &unescape(path, false), true);
}

/// Parameters in canonical spelling, sorted by name and then by value, without the signature itself.
fn write_query(out: &mut Vec<u8>, query: &str) {
    if query.is_empty() {
        return;
    }
    let mut pairs: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let spell = |text: &str| {
            let mut spelled = Vec::with_capacity(text.len());
            escape(&mut spelled, &unescape(text, true), false);
            spelled
        };
        let name = spell(name);
        if name != SIGNATURE_PARAM.as_bytes() {
            pairs.push((name, spell(value)));
        }
    }
    pairs.sort_unstable();
    for (index, (name, value)) in pairs.iter().enumerate() {
        if index > 0 {
            out.push(b'&');
        }
        out.extend_from_slice(name);
        out.push(b'=');
        out.extend_from_slice(value);
    }
}

/// `name:value`, the values of repeated headers joined by commas, runs of spaces made one.
fn write_header(out: &mut Vec<u8>, request: &Request, name: &str) {
    out.extend_from_slice(name.as_bytes());
    out.push(b':');
    for (index, value) in request.headers.get_all(name).iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        let words = value.as_bytes().split(|b| b.is_ascii_whitespace());
        for (index, word) in words.filter(|word| !word.is_empty()).enumerate() {
            if index > 0 {
                out.push(b' ');
            }
            out.extend_from_slice(word);
        }
    }
    out.push(b'\n');
}

/// Escapes every byte but the unreserved ones (RFC 3986, 2.3), and `/` unless it is kept.
pub(super) fn escape(out: &mut Vec<u8>, bytes: &[u8], keep_slash: bool) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for &byte in bytes {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(byte),
            b'/' if keep_slash => out.push(byte),
            _ => out.extend_from_slice(&[
                b'%',
                DIGITS[usize::from(byte >> 4)],
                DIGITS[usize::from(byte & 15)],
            ]),
        }
    }
}

/// Resolves escapes; a `%` that begins none stands for itself. In queries `+` is a space.
pub(super) fn unescape(text: &str, plus_is_space: bool) -> Vec<u8> {
    let digit = |byte: Option<&u8>| byte.and_then(|b| char::from(*b).to_digit(16));
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'%' => match (digit(bytes.get(at + 1)), digit(bytes.get(at + 2))) {
                (Some(high), Some(low)) => {
                    out.push((high * 16 + low) as u8);
                    at += 2;
                }
                _ => out.push(b'%'),
            },
            b'+' if plus_is_space => out.push(b' '),
            byte => out.push(byte),
        }
        at += 1;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(dialect: Dialect, raw: &str) -> String {
        let request = Request { path: raw.into(), ..Request::default() };
        let canonical = canonical_request(&request, dialect, "", b"");
        let text = String::from_utf8(canonical).expect("ASCII");
        text.lines().nth(1).expect("a path").to_owned()
    }

    #[test]
    fn standard_paths_are_normalised_and_escaped_twice() {
        for (raw, canonical) in [
            ("/", "/"),
            ("", "/"),
            ("/a/./b/../c/", "/a/c/"),
            ("/../..", "/"),
            ("//a//b", "/a/b"),
            ("/a%20b", "/a%2520b"),
            ("/a b", "/a%20b"),
        ] {
            assert_eq!(path(Dialect::Standard, raw), canonical, "{raw}");
        }
    }

    #[test]
    fn s3_paths_are_keys() {
        for (raw, canonical) in [
            ("/a/./b/../c/", "/a/./b/../c/"),
            ("//a//b", "//a//b"),
            ("/a%20b+c", "/a%20b%2Bc"),
            ("/%7euser/$x", "/~user/%24x"),
            ("/%zz%", "/%25zz%25"),
        ] {
            assert_eq!(path(Dialect::S3, raw), canonical, "{raw}");
        }
    }

    #[test]
    fn queries_are_respelled_and_sorted() {
        let mut out = Vec::new();
        write_query(&mut out, "b=2&a=%7e&&a=1+1&X-Amz-Signature=ff&c&a%2fb=%e1");
        assert_eq!(out, b"a=1%201&a=~&a%2Fb=%E1&b=2&c=");
    }
}
