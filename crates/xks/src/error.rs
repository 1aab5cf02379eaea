//! The one error type of the crate: how a request to a proxy can fail.
//!
//! What a proxy says in words reaches the log of whoever runs Bastide, never a caller of KMS.

use std::fmt;

use thiserror::Error;

/// Longest `errorMessage` that is kept, in characters; the specification allows fewer than 512.
const MESSAGE_MAX_CHARS: usize = 511;

/// A failed request to a proxy.
#[derive(Debug, Error)]
pub enum Error {
    /// The endpoint or path cannot be those of a proxy.
    #[error("not the address of an external key store proxy: {0}")]
    Address(&'static str),
    /// The external key's id cannot stand in a URI.
    #[error("the external key id is not valid")]
    KeyId,
    /// The credential cannot stand in a header.
    #[error("the proxy credential is not valid")]
    Credential,
    /// No answer arrived.
    #[error("no answer from the external key store proxy")]
    Transport(#[from] TransportError),
    /// The proxy answered one of the API's errors.
    #[error("the external key store proxy refused: {0}")]
    Refused(Refusal),
    /// The answer is not one of the API, or contradicts the request.
    #[error("the external key store proxy's answer is not valid: {0}")]
    InvalidResponse(&'static str),
}

/// Why no answer arrived.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum TransportError {
    /// No connection: the name does not resolve, or nothing accepts.
    #[error("no connection")]
    Unreachable,
    /// No TLS: the certificate is not trusted, or versions and suites do not meet.
    #[error("TLS failed")]
    Tls,
    /// Not within the time allowed.
    #[error("timed out")]
    TimedOut,
    /// What arrived is not HTTP, ended early, or is larger than the limit.
    #[error("not a readable HTTP response")]
    Unreadable,
}

/// An error that a proxy answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Which of the API's errors.
    pub name: RefusalName,
    /// `errorMessage`, if it is as short and printable as it must be. For the log.
    pub message: Option<String>,
}

impl Refusal {
    pub(crate) fn new(name: RefusalName, message: Option<String>) -> Self {
        let fit = |text: &String| {
            text.len() <= MESSAGE_MAX_CHARS && text.bytes().all(|b| (0x20..=0x7e).contains(&b))
        };
        Self { name, message: message.filter(fit) }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.message {
            Some(message) => write!(f, "{}: {message}", self.name.as_str()),
            None => f.write_str(self.name.as_str()),
        }
    }
}

macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)+) => {
        /// The errors of the API (`errorName`).
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum RefusalName {
            $($(#[$doc])* $name,)+
        }

        impl RefusalName {
            /// Every error, in the specification's order.
            pub const ALL: &'static [RefusalName] = &[$(RefusalName::$name,)+];

            /// The API's name.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }

            /// The error with this name.
            pub fn parse(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.as_str() == name)
            }
        }
    };
}

refusals! {
    /// An input parameter is not valid.
    Validation = "ValidationException",
    /// The external key or key store is disabled, deactivated or blocked.
    InvalidState = "InvalidStateException",
    /// The ciphertext, IV, additional data or tag is corrupted or missing.
    InvalidCiphertext = "InvalidCiphertextException",
    /// The key does not support the operation.
    InvalidKeyUsage = "InvalidKeyUsageException",
    /// The signature is not valid.
    AuthenticationFailed = "AuthenticationFailedException",
    /// The proxy's own authorization says no.
    AccessDenied = "AccessDeniedException",
    /// No such external key.
    KeyNotFound = "KeyNotFoundException",
    /// No such path.
    InvalidUriPath = "InvalidUriPathException",
    /// Too many requests.
    Throttling = "ThrottlingException",
    /// Not implemented, or larger than this implementation takes.
    UnsupportedOperation = "UnsupportedOperationException",
    /// Something behind the proxy did not answer in time.
    DependencyTimeout = "DependencyTimeoutException",
    /// Anything else that broke behind the proxy.
    Internal = "InternalException",
}
