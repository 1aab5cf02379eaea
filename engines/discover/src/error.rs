//! What can be wrong with an engine's settings, and why an object cannot be read. Scanning text has no errors.

use thiserror::Error;

/// Settings that an engine cannot be made of.
#[derive(Debug, Error)]
pub enum Error {
    /// An id that is in no table.
    #[error("there is no managed data identifier {0}")]
    UnknownIdentifier(String),
    /// A custom identifier or an allow list beyond Macie's limits.
    #[error("{what} must be {rule}")]
    Limit {
        /// What is beyond them.
        what: &'static str,
        /// The limit in words.
        rule: &'static str,
    },
    /// A regular expression that does not compile, or is too large when compiled.
    #[error("the regular expression is not valid")]
    Regex(#[source] Box<regex::Error>),
    /// A regular expression with a construct that Macie's syntax does not have.
    #[error("the regular expression uses {0}, which is not supported")]
    Construct(&'static str),
    /// The engine's own tables do not compile, which its tests rule out.
    #[error("the detectors do not compile: {0}")]
    Build(String),
}
