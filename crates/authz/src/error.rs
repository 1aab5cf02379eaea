//! What can be wrong with a policy, in two voices: IAM's own text for the API's answer, and where and what exactly
//! for a person. Evaluation has no errors: a policy that compiles can always be judged.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A place in a policy's text, counted from 1; columns count characters.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The character in the line.
    pub column: u32,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// A policy, or a file of cases, that cannot be used. `Display` is IAM's text where IAM has one.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Error {
    /// Not JSON, or not the grammar of the policy language
    /// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>).
    #[error("Syntax errors in policy.")]
    Syntax {
        /// What was found, for a person.
        detail: String,
        /// Where.
        at: Position,
    },
    /// Follows the grammar and still is no policy of its kind.
    #[error("{message}")]
    Malformed {
        /// IAM's text.
        message: String,
        /// Where.
        at: Position,
    },
    /// Larger than this engine reads in bounded time.
    #[error("The policy exceeds the limit of {max} {what}.")]
    Limit {
        /// What there is too much of.
        what: &'static str,
        /// The named limit.
        max: usize,
        /// Where.
        at: Position,
    },
    /// A list of cases for [`crate::check`] that does not read.
    #[error("the cases cannot be read")]
    Cases(#[source] CasesError),
}

/// Why a list of cases does not read.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{0}")]
pub struct CasesError(pub(crate) String);

impl Error {
    pub(crate) fn syntax(at: Position, detail: impl Into<String>) -> Self {
        Self::Syntax { detail: detail.into(), at }
    }

    pub(crate) fn malformed(at: Position, message: impl Into<String>) -> Self {
        Self::Malformed { message: message.into(), at }
    }

    /// Where in the policy's text, if it is about one.
    pub fn at(&self) -> Option<Position> {
        match self {
            Self::Syntax { at, .. } | Self::Malformed { at, .. } | Self::Limit { at, .. } => {
                Some(*at)
            }
            Self::Cases(_) => None,
        }
    }

    /// IAM's text with the place and the exact finding, for a person.
    pub fn explain(&self) -> String {
        match self {
            Self::Syntax { detail, at } => format!("{self} ({at}: {detail})"),
            Self::Malformed { at, .. } | Self::Limit { at, .. } => format!("{self} ({at})"),
            Self::Cases(source) => format!("{self}: {source}"),
        }
    }
}
