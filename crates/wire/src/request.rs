//! The HTTP message as the rest of the crate sees it: complete, already under the limits of [`crate::limits`].
//!
//! A request keeps its target as it stood on the wire, because signatures cover those bytes: nothing here
//! decodes, normalises or reorders. Sockets, streams and timeouts are the platform's; nothing of them is here.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Method};

/// One request, read to its end.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The raw path as sent, percent-escapes and all; begins with `/`.
    pub path: String,
    /// The raw query string as sent, without its `?`; empty if there is none.
    pub query: String,
    /// The headers; repeated ones keep their order. `Host` is present, also when the client spoke HTTP/2.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Request {
    /// A request for `target` (path and optional query), without headers or body.
    pub fn new(method: Method, target: &str) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let path = if path.is_empty() { "/" } else { path };
        Self { method, path: path.to_owned(), query: query.to_owned(), ..Self::default() }
    }

    /// From what an HTTP server hands over. An HTTP/2 `:authority` takes the place of a missing `Host`.
    pub fn from_parts(parts: http::request::Parts, body: Bytes) -> Self {
        let http::request::Parts { method, uri, mut headers, .. } = parts;
        if !headers.contains_key(HOST)
            && let Some(authority) = uri.authority()
            && let Ok(host) = HeaderValue::from_str(authority.as_str())
        {
            headers.insert(HOST, host);
        }
        let target = uri.path_and_query().map_or("/", PathAndQuery::as_str);
        Self { headers, body, ..Self::new(method, target) }
    }

    /// A header's value, if it is there once and is visible ASCII.
    pub fn header(&self, name: impl http::header::AsHeaderName) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next()?;
        if values.next().is_some() {
            return None;
        }
        value.to_str().ok()
    }

    /// The media type of the body in lower case, without parameters; empty if there is none.
    pub fn media_type(&self) -> String {
        let value = self.header(CONTENT_TYPE).unwrap_or_default();
        value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }
}

/// One response, ready to be written.
#[derive(Clone, Debug, Default)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The headers, without those of the connection (`Content-Length`, `Date`, `Connection`).
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_stay_as_they_were_sent() {
        let request = Request::new(Method::GET, "/a%2Fb//../c?x=%20&y");
        assert_eq!(request.path, "/a%2Fb//../c");
        assert_eq!(request.query, "x=%20&y");
        assert_eq!(Request::new(Method::GET, "").path, "/");
    }

    #[test]
    fn authority_stands_in_for_host() {
        let parts = http::Request::builder()
            .uri("http://kms.us-east-1.localhost:4566/?a=b")
            .body(())
            .expect("valid")
            .into_parts()
            .0;
        let request = Request::from_parts(parts, Bytes::new());
        assert_eq!(request.header(HOST), Some("kms.us-east-1.localhost:4566"));
        assert_eq!((request.path.as_str(), request.query.as_str()), ("/", "a=b"));
    }

    #[test]
    fn repeated_headers_have_no_single_value() {
        let mut request = Request::new(Method::GET, "/");
        request.headers.append("x-a", HeaderValue::from_static("1"));
        assert_eq!(request.header("x-a"), Some("1"));
        request.headers.append("x-a", HeaderValue::from_static("2"));
        assert_eq!(request.header("x-a"), None);
    }

    #[test]
    fn media_types() {
        let mut request = Request::new(Method::POST, "/");
        assert_eq!(request.media_type(), "");
        let value = HeaderValue::from_static("Application/X-Amz-JSON-1.1; charset=utf-8");
        request.headers.insert(CONTENT_TYPE, value);
        assert_eq!(request.media_type(), "application/x-amz-json-1.1");
    }
}
