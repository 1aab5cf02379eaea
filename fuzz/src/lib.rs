//! What the fuzz targets share: a request from the fuzzer's bytes, a shape of every kind.

pub mod codec;
pub mod schema;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method};
use wire::request::Request;

/// Reads bytes as an HTTP/1.1 message, leniently, so that most inputs are requests and seeds are plain text:
/// `METHOD TARGET`, then `name: value` lines, an empty line, the body. Lines that are no headers are left out.
pub fn request(data: &[u8]) -> Request {
    let mut rest = data;
    let first = line(&mut rest);
    let (method, target) = first.split_once(' ').unwrap_or(("POST", first));
    let method = Method::from_bytes(method.as_bytes()).unwrap_or(Method::POST);
    let mut request = Request::new(method, target);
    loop {
        let header = line(&mut rest);
        if header.is_empty() {
            break;
        }
        let Some((name, value)) = header.split_once(':') else { continue };
        let name = HeaderName::from_bytes(name.trim().as_bytes());
        let value = HeaderValue::from_bytes(value.trim().as_bytes());
        if let (Ok(name), Ok(value)) = (name, value) {
            request.headers.append(name, value);
        }
    }
    request.body = Bytes::copy_from_slice(rest);
    request
}

/// Takes the first line; what is not UTF-8 ends the headers.
fn line<'a>(rest: &mut &'a [u8]) -> &'a str {
    let end = rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
    let (line, after) = rest.split_at(end);
    *rest = after.get(1..).unwrap_or_default();
    std::str::from_utf8(line).unwrap_or_default().trim_end_matches('\r')
}
