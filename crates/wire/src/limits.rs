//! Every input limit of the wire, by name and with its unit.
//!
//! A limit is checked where the input is read, before memory is spent on it. Limits that AWS documents carry
//! their source; the others are chosen so that no AWS client meets them and no attacker profits from them.

use std::time::Duration;

// The HTTP message.

/// Bytes of a request line: method, target, version.
pub const MAX_URI_BYTES: usize = 16 * 1024;
/// Bytes of all header names and values together.
pub const MAX_HEADER_BYTES: usize = 64 * 1024;
/// Header fields in a request.
pub const MAX_HEADERS: usize = 128;
/// Bytes of a request body, for services that do not ask for more.
pub const MAX_BODY_BYTES: usize = 1024 * 1024;
/// Parameters in a query string.
pub const MAX_QUERY_PARAMS: usize = 512;
/// Parameters in a form body (awsQuery and ec2Query flatten whole structures into them).
pub const MAX_FORM_PARAMS: usize = 16 * 1024;

// Documents.

/// Levels of nesting in a JSON, XML or CBOR document, and of dotted names in a form.
pub const MAX_DEPTH: usize = 64;
/// Entries in one list or map.
pub const MAX_ENTRIES: usize = 64 * 1024;
/// Values in one document, counted over all levels.
pub const MAX_NODES: usize = 256 * 1024;

// Signatures.

/// Bytes of an `Authorization` header.
pub const MAX_AUTHORIZATION_BYTES: usize = 8 * 1024;
/// Names in `SignedHeaders`.
pub const MAX_SIGNED_HEADERS: usize = MAX_HEADERS;
/// Characters of an access key id (IAM API reference, `AccessKey`).
pub const MAX_ACCESS_KEY_ID_BYTES: usize = 128;
/// Bytes of a session token.
pub const MAX_SESSION_TOKEN_BYTES: usize = 16 * 1024;
/// How far the time of a signature may stand from the server's, either way (IAM User Guide, 'Troubleshoot
/// Signature Version 4 requests': five minutes).
pub const CLOCK_SKEW: Duration = Duration::from_secs(5 * 60);
/// Longest life of a presigned URL: seven days (S3 API reference, 'Authenticating requests: query parameters').
pub const MAX_PRESIGN: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// Derived signing keys kept ready. One serves one secret on one day in one Region for one service.
pub const SIGNING_KEYS_CACHED: usize = 4096;

// aws-chunked bodies.

/// Bytes of a chunk's header line.
pub const MAX_CHUNK_LINE_BYTES: usize = 1024;
/// Bytes of data in one chunk; it is checked as it streams, so this bounds no memory.
pub const MAX_CHUNK_BYTES: u64 = 1024 * 1024 * 1024;
/// Bytes of the trailing headers together.
pub const MAX_TRAILER_BYTES: usize = 16 * 1024;

// Routing.

/// Segments in a path.
pub const MAX_PATH_SEGMENTS: usize = 256;

// Answers.

/// Characters of the caller's own input that an error message repeats.
pub const MAX_ECHO_CHARS: usize = 256;

/// The caller's input as far as an error message repeats it.
pub(crate) fn shorten(text: &str) -> String {
    text.chars().take(MAX_ECHO_CHARS).collect()
}
