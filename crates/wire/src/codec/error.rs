//! Why a request cannot be read as its operation's input.
//!
//! The texts follow what AWS front ends answer where that is known. They name types and members, never values:
//! a value may be a plaintext or a password.

use shape::error::SERIALIZATION;
use shape::{Failure, Kind, Mismatch};
use thiserror::Error;

/// A request that does not fit its operation. `Display` is the message for the client.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeError {
    /// The body, or what stands in its place, is not in the protocol's format.
    #[error("The request is not valid {format}: {reason}")]
    Malformed {
        /// The format, such as `JSON`.
        format: &'static str,
        /// What is wrong with it, and where if that is known.
        reason: String,
    },
    /// A scalar is of another type than the model says.
    #[error("{found} cannot be converted to {expected}")]
    Type {
        /// What stands there, such as `NUMBER_VALUE`.
        found: &'static str,
        /// What the model says, such as `String`.
        expected: &'static str,
    },
    /// A list, structure or map stands where something else is expected.
    #[error("Start of {0} found where not expected")]
    Container(&'static str),
    /// Bytes that are not Base64.
    #[error("The value of a blob is not valid Base64")]
    Base64,
    /// A moment that is not in the format the model prescribes.
    #[error("The value of a timestamp is not valid")]
    Timestamp,
    /// A number that its type cannot hold.
    #[error("A number is out of the range of {0}")]
    Range(&'static str),
    /// A member, key or parameter is given twice.
    #[error("Duplicate value for {0}")]
    Duplicate(String),
    /// A union without a member, with several, or with one that the model does not know.
    #[error("Exactly one member of the union {0} must be set, and it must be a known one")]
    Union(&'static str),
    /// A limit of [`crate::limits`] is exceeded.
    #[error("The request exceeds the limit on {0}")]
    Limit(&'static str),
}

impl DecodeError {
    /// A body that is not in its format.
    pub(crate) fn malformed(format: &'static str, reason: impl ToString) -> Self {
        Self::Malformed { format, reason: reason.to_string() }
    }

    /// A value of another type than the schema's.
    pub(crate) fn mismatch(found: &'static str, expected: Kind) -> Self {
        match expected {
            Kind::Timestamp(_) if found == STRING => Self::Timestamp,
            Kind::Integer | Kind::Long | Kind::Float | Kind::Double if found == NUMBER => {
                Self::Range(type_name(expected))
            }
            _ => Self::Type { found, expected: type_name(expected) },
        }
    }

    /// Turns the refusal of a typed value into an error that names the types.
    pub(crate) fn refused(found: &'static str, expected: Kind) -> impl FnOnce(Mismatch) -> Self {
        move |_| Self::mismatch(found, expected)
    }
}

impl From<DecodeError> for Failure {
    fn from(error: DecodeError) -> Self {
        SERIALIZATION.because(error.to_string())
    }
}

/// How front ends call a text.
pub(crate) const STRING: &str = "STRING_VALUE";
/// How front ends call a number.
pub(crate) const NUMBER: &str = "NUMBER_VALUE";
/// How front ends call true.
pub(crate) const TRUE: &str = "TRUE_VALUE";
/// How front ends call false.
pub(crate) const FALSE: &str = "FALSE_VALUE";

/// The name of a kind in messages.
fn type_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Boolean => "Boolean",
        Kind::Integer => "Integer",
        Kind::Long => "Long",
        Kind::Float => "Float",
        Kind::Double => "Double",
        Kind::Timestamp(_) => "Timestamp",
        Kind::Blob => "Blob",
        Kind::String | Kind::Enum(_) => "String",
        Kind::Document => "Document",
        Kind::List { .. } => "List",
        Kind::Map { .. } => "Map",
        Kind::Structure(_) | Kind::Union(_) => "Structure",
    }
}
