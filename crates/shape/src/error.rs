//! What an operation answers when it does not succeed: a modelled error and its text.
//!
//! The text is for the caller. Internal detail stands in a field of its own, which reaches the log and never the wire.

use std::fmt;

use crate::Shape;

/// An error shape of a model, or one of the errors common to all services.
#[derive(Debug, PartialEq, Eq)]
pub struct ErrorSchema {
    /// The shape's name: what JSON and CBOR clients read.
    pub name: &'static str,
    /// The code that Query and XML clients read, where it differs from the name.
    pub query_code: Option<&'static str>,
    /// The HTTP status.
    pub status: u16,
    /// Whose fault it is.
    pub fault: Fault,
}

impl ErrorSchema {
    /// An error of the caller with the same name in every protocol.
    pub const fn client(name: &'static str, status: u16) -> Self {
        Self { name, query_code: None, status, fault: Fault::Client }
    }

    /// The failure with this error and a text for the caller.
    pub fn because(&'static self, message: impl Into<String>) -> Failure {
        Failure { error: self, message: message.into(), detail: None, fields: None }
    }

    /// The code in Query and XML answers.
    pub fn query_code(&self) -> &'static str {
        self.query_code.unwrap_or(self.name)
    }
}

/// Whose fault an error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The caller's: the same request fails again.
    Client,
    /// The service's: it may be tried again.
    Server,
}

/// A failed call.
pub struct Failure {
    /// Which error.
    pub error: &'static ErrorSchema,
    /// What the caller reads.
    pub message: String,
    /// What the log reads besides; never sent.
    pub detail: Option<String>,
    /// Modelled members of the error other than its message.
    pub fields: Option<Box<dyn Shape>>,
}

impl Failure {
    /// Adds what the log should know.
    pub fn with_detail(mut self, detail: impl fmt::Display) -> Self {
        self.detail = Some(detail.to_string());
        self
    }

    /// A fault of ours. The caller learns only that it happened.
    pub fn internal(detail: impl fmt::Display) -> Self {
        INTERNAL_FAILURE.because(INTERNAL_MESSAGE).with_detail(detail)
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.error.name, self.message)?;
        match &self.detail {
            Some(detail) => write!(f, " ({detail})"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.error.name, self.message)
    }
}

impl std::error::Error for Failure {}

const INTERNAL_MESSAGE: &str =
    "The request processing has failed because of an unknown error, exception or failure.";

macro_rules! common {
    ($($(#[$doc:meta])* $static:ident = $name:literal, $query:literal, $status:literal, $fault:ident;)*) => {
        $($(#[$doc])* pub static $static: ErrorSchema = ErrorSchema {
            name: $name, query_code: Some($query), status: $status, fault: Fault::$fault,
        };)*
    };
}

// https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html and the JSON services' own names for the same.
common! {
    /// The caller may not do this.
    ACCESS_DENIED = "AccessDeniedException", "AccessDenied", 403, Client;
    /// Something broke on our side.
    INTERNAL_FAILURE = "InternalFailure", "InternalFailure", 500, Server;
    /// A part of the signature is missing or malformed.
    INCOMPLETE_SIGNATURE = "IncompleteSignatureException", "IncompleteSignature", 400, Client;
    /// The signature does not match.
    INVALID_SIGNATURE = "InvalidSignatureException", "SignatureDoesNotMatch", 403, Client;
    /// The access key is not known.
    UNRECOGNIZED_CLIENT = "UnrecognizedClientException", "InvalidClientTokenId", 403, Client;
    /// The request is not signed.
    MISSING_AUTHENTICATION_TOKEN =
        "MissingAuthenticationTokenException", "MissingAuthenticationToken", 403, Client;
    /// A session token is out of date.
    EXPIRED_TOKEN = "ExpiredTokenException", "ExpiredToken", 403, Client;
    /// The request is too old, or a presigned one is past its end.
    REQUEST_EXPIRED = "RequestExpired", "RequestExpired", 400, Client;
    /// No such operation, or one that is not implemented.
    UNKNOWN_OPERATION = "UnknownOperationException", "InvalidAction", 400, Client;
    /// The body cannot be read as the operation's input.
    SERIALIZATION = "SerializationException", "MalformedInput", 400, Client;
    /// The input breaks a constraint.
    VALIDATION = "ValidationException", "ValidationError", 400, Client;
    /// Too many requests.
    THROTTLING = "ThrottlingException", "Throttling", 400, Client;
    /// The service cannot answer just now.
    SERVICE_UNAVAILABLE = "ServiceUnavailableException", "ServiceUnavailable", 503, Server;
    /// The request is larger than the limits of `wire`.
    REQUEST_TOO_LARGE = "RequestEntityTooLargeException", "RequestEntityTooLarge", 413, Client;
}
