//! AWS Signature Version 4 and 4A: who made a request, and is it still what they sent.
//!
//! Verification has two halves, because finding the secret lies between them and belongs to someone else:
//! [`parse`] reads the claim out of the request, [`Claim::verify`] proves it. Nothing here reads a clock, keeps a
//! secret longer than its [`SecretKey`] lives, or writes one anywhere. Source: IAM User Guide, 'AWS Signature
//! Version 4 for API requests'.

mod asymmetric;
mod canonical;
mod claim;
mod error;
mod key;
mod scope;
mod sign;
mod verify;

#[cfg(test)]
mod tests;

pub use canonical::{canonical_request, string_to_sign};
pub use claim::{Algorithm, Claim, Placement, parse};
pub use error::{AuthError, Computed};
pub use key::{SecretKey, SigningKeys};
pub use scope::Scope;
pub use sign::Signer;
pub use verify::{Expected, Payload, Verified};

/// `X-Amz-Content-Sha256` of a body that the signature does not cover.
pub const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";
/// SHA-256 of nothing, in hexadecimal.
pub const EMPTY_SHA256: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// The last element of a credential scope.
pub(crate) const TERMINATOR: &str = "aws4_request";
pub(crate) const X_AMZ_DATE: &str = "x-amz-date";
pub(crate) const X_AMZ_CONTENT_SHA256: &str = "x-amz-content-sha256";
pub(crate) const X_AMZ_SECURITY_TOKEN: &str = "x-amz-security-token";
pub(crate) const X_AMZ_REGION_SET: &str = "x-amz-region-set";

/// How a service derives the canonical request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// All services but S3: the path is normalised and its escapes are escaped again; the body is hashed.
    #[default]
    Standard,
    /// S3: the path is an object key, kept as it is; the body is what `X-Amz-Content-Sha256` says of it.
    S3,
}

/// SHA-256 in lower-case hexadecimal.
pub(crate) fn sha256_hex(data: &[u8]) -> [u8; 64] {
    to_hex(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, data).as_ref())
}

/// 32 bytes in lower-case hexadecimal; bytes past them are ignored.
pub(crate) fn to_hex(bytes: &[u8]) -> [u8; 64] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = [b'0'; 64];
    for (pair, byte) in text.chunks_exact_mut(2).zip(bytes) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    text
}
