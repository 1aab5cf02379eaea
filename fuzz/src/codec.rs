//! What every codec target does with a request.

use shape::{Dynamic, Protocol};
use wire::Request;
use wire::codec::{decode_input, encode_output};

use crate::schema::{NODE, OPERATION, SERVICE};

const REQUEST_ID: &str = "00000000-0000-4000-8000-000000000000";

/// Decodes a request; what can be decoded can be written as an answer. Returns that answer's body.
pub fn through(protocol: Protocol, request: &Request) -> Option<Vec<u8>> {
    let mut node = Dynamic::new(&NODE);
    let labels = [("Label", "a label".to_owned())];
    decode_input(protocol, &OPERATION, request, &labels, &mut node).ok()?;
    Some(encode_output(protocol, SERVICE, &OPERATION, &node, REQUEST_ID).body.to_vec())
}

/// In protocols that read what they write: what is written from a decoded body, read and written again, is the same.
pub fn steady(protocol: Protocol, data: &[u8]) {
    let body = |data: &[u8]| {
        let mut request = Request::new(http::Method::POST, "/");
        request.body = bytes::Bytes::copy_from_slice(data);
        request
    };
    if let Some(once) = through(protocol, &body(data)) {
        let twice = through(protocol, &body(&once));
        assert_eq!(Some(&once), twice.as_ref(), "{}", String::from_utf8_lossy(&once));
    }
}
