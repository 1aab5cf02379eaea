//! A request as the engine judges it, borrowed from whoever received it. Nothing in it is decoded: paths, queries and values are as the client
//! sent them.

use std::net::IpAddr;

/// Headers or cookies that are inspected; more make the field oversize.
pub const ITEMS_INSPECTED_MAX: usize = 200;
/// Bytes of headers, or of cookies, that are inspected; more make the field oversize.
pub const HEADER_BYTES_INSPECTED_MAX: usize = 8 << 10;
/// Bytes of a body that are inspected where a Web ACL does not say.
pub const BODY_BYTES_INSPECTED_DEFAULT: usize = 16 << 10;

/// One HTTP request.
#[derive(Clone, Debug)]
pub struct Request<'r> {
    /// Where the connection comes from.
    pub client_ip: IpAddr,
    /// The method.
    pub method: &'r str,
    /// The path, with its first slash and without query.
    pub path: &'r [u8],
    /// What stands between `?` and `#`.
    pub query: &'r [u8],
    /// What stands after `#`, where a client sent it.
    pub fragment: Option<&'r [u8]>,
    /// For the log: `HTTP/1.1`, `HTTP/2.0`.
    pub version: &'r str,
    /// Names and values in the order in which they were sent.
    pub headers: Vec<(&'r str, &'r [u8])>,
    /// As much of the body as was received; what is beyond the inspection limit is not looked at.
    pub body: &'r [u8],
    /// The length of the whole body in bytes, at least that of `body`.
    pub body_size: u64,
    /// The JA3 fingerprint, from whoever ended TLS.
    pub ja3: Option<&'r str>,
    /// The JA4 fingerprint, from whoever ended TLS.
    pub ja4: Option<&'r str>,
}

impl<'r> Request<'r> {
    /// A request without headers and body. `target` is the path with query and fragment.
    pub fn new(client_ip: IpAddr, method: &'r str, target: &'r [u8]) -> Self {
        let (target, fragment) = match memchr::memchr(b'#', target) {
            Some(at) => (&target[..at], Some(&target[at + 1..])),
            None => (target, None),
        };
        let (path, query) = match memchr::memchr(b'?', target) {
            Some(at) => (&target[..at], &target[at + 1..]),
            None => (target, &target[target.len()..]),
        };
        Self {
            client_ip,
            method,
            path,
            query,
            fragment,
            version: "HTTP/1.1",
            headers: Vec::new(),
            body: &[],
            body_size: 0,
            ja3: None,
            ja4: None,
        }
    }

    /// Gives it a whole body.
    pub fn with_body(mut self, body: &'r [u8]) -> Self {
        self.body = body;
        self.body_size = body.len() as u64;
        self
    }

    /// Adds a header.
    pub fn with_header(mut self, name: &'r str, value: &'r [u8]) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The value of the first header with this name.
    pub fn header(&self, name: &str) -> Option<&'r [u8]> {
        self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
    }

    /// The value of the first cookie with this name.
    pub fn cookie(&self, name: &str) -> Option<&'r [u8]> {
        crate::field::cookies(self).find(|(own, _)| *own == name.as_bytes()).map(|(_, value)| value)
    }
}
