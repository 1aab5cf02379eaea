//! Why a request is not authentic, in AWS's codes and words.
//!
//! One enum serves all protocols; JSON and XML services name the same failure differently, and neither answer may
//! repeat a credential. Sources: the common errors page of each API reference, and texts that services return.

use thiserror::Error;

/// Answer to a signature that is well formed and wrong.
const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. Check your \
     AWS Secret Access Key and signing method. Consult the service documentation for details.";

/// A request that fails authentication. `Display` is the message for the client.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuthError {
    /// The operation wants a signature and the request has none.
    #[error("Request is missing Authentication Token")]
    MissingAuthenticationToken,
    /// The credentials are not in the form that Signature Version 4 prescribes; the text says what is wrong.
    #[error("{0}")]
    IncompleteSignature(String),
    /// The signature is outside its time, outside its scope, or leaves out what it must cover.
    #[error("{0}")]
    InvalidSignature(String),
    /// The signature is another one than the request's.
    #[error("{MISMATCH}{}", .0.as_deref().map(Computed::text).unwrap_or_default())]
    SignatureMismatch(
        /// What the signature should have been made of. It holds nothing that the client did not send, and is
        /// left out where the protocol does not show it.
        Option<Box<Computed>>,
    ),
    /// No such access key, or its session token is not the one it came with.
    #[error("The security token included in the request is invalid.")]
    UnrecognizedClient,
    /// The session of a temporary access key is over.
    #[error("The security token included in the request is expired")]
    ExpiredToken,
    /// The body is not the one that `X-Amz-Content-Sha256` declares.
    #[error("The provided 'x-amz-content-sha256' header does not match what was computed.")]
    ContentSha256Mismatch,
    /// An S3 request without `X-Amz-Content-Sha256`, or with a value that names no payload mode.
    #[error(
        "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, \
         STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value."
    )]
    InvalidContentSha256,
}

/// The two texts that a signature is made of, as the server derives them from the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Computed {
    /// The canonical request.
    pub canonical_request: String,
    /// The string to sign.
    pub string_to_sign: String,
}

impl Computed {
    fn text(&self) -> String {
        format!(
            "\n\nThe Canonical String for this request should have been\n'{}'\n\n\
             The String-to-Sign should have been\n'{}'\n",
            self.canonical_request, self.string_to_sign
        )
    }
}

impl AuthError {
    /// The code in awsJson, restJson1 and rpcv2Cbor services.
    pub fn code_json(&self) -> &'static str {
        match self {
            Self::MissingAuthenticationToken => "MissingAuthenticationTokenException",
            Self::IncompleteSignature(_) => "IncompleteSignatureException",
            Self::InvalidSignature(_) | Self::SignatureMismatch(_) => "InvalidSignatureException",
            Self::UnrecognizedClient => "UnrecognizedClientException",
            Self::ExpiredToken => "ExpiredTokenException",
            Self::ContentSha256Mismatch => "XAmzContentSHA256Mismatch",
            Self::InvalidContentSha256 => "InvalidArgument",
        }
    }

    /// The code in awsQuery, ec2Query and restXml services.
    pub fn code_xml(&self) -> &'static str {
        match self {
            Self::MissingAuthenticationToken => "MissingAuthenticationToken",
            Self::IncompleteSignature(_) => "IncompleteSignature",
            Self::InvalidSignature(_) | Self::SignatureMismatch(_) => "SignatureDoesNotMatch",
            Self::UnrecognizedClient => "InvalidClientTokenId",
            Self::ExpiredToken => "ExpiredToken",
            Self::ContentSha256Mismatch => "XAmzContentSHA256Mismatch",
            Self::InvalidContentSha256 => "InvalidArgument",
        }
    }

    /// The HTTP status in awsJson and rpcv2Cbor services, where every fault of the caller is a 400.
    pub fn status_json(&self) -> u16 {
        400
    }

    /// The HTTP status in restJson1, awsQuery, ec2Query and restXml services.
    pub fn status_rest(&self) -> u16 {
        match self {
            Self::IncompleteSignature(_)
            | Self::ContentSha256Mismatch
            | Self::InvalidContentSha256 => 400,
            _ => 403,
        }
    }

    /// The message without the texts behind a mismatch, for protocols whose services do not show them.
    pub fn message_short(&self) -> String {
        match self {
            Self::SignatureMismatch(_) => MISMATCH.to_owned(),
            other => other.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_differ_by_protocol() {
        let error = AuthError::SignatureMismatch(None);
        assert_eq!((error.code_json(), error.status_json()), ("InvalidSignatureException", 400));
        assert_eq!((error.code_xml(), error.status_rest()), ("SignatureDoesNotMatch", 403));
        let error = AuthError::UnrecognizedClient;
        assert_eq!(error.code_json(), "UnrecognizedClientException");
        assert_eq!(error.code_xml(), "InvalidClientTokenId");
        let error = AuthError::IncompleteSignature("x".into());
        assert_eq!((error.code_xml(), error.status_rest()), ("IncompleteSignature", 400));
    }

    #[test]
    fn a_mismatch_shows_its_texts() {
        let error = AuthError::SignatureMismatch(Some(Box::new(Computed {
            canonical_request: "GET\n/".into(),
            string_to_sign: "AWS4-HMAC-SHA256\nx".into(),
        })));
        assert_eq!(
            error.to_string(),
            format!(
                "{MISMATCH}\n\nThe Canonical String for this request should have been\n'GET\n/'\n\n\
                 The String-to-Sign should have been\n'AWS4-HMAC-SHA256\nx'\n"
            )
        );
        assert_eq!(error.message_short(), MISMATCH);
    }
}
