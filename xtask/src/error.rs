//! What can go wrong in a task. The message is for the person at the terminal and says what to do next.

use std::error::Error as StdError;
use std::path::PathBuf;

/// A task that did not do its work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// A file could not be read or written.
    #[error("{}", path.display())]
    File { path: PathBuf, source: std::io::Error },
    /// A program could not be started.
    #[error("cannot run {program}")]
    Start { program: String, source: std::io::Error },
    /// A program ran and said no.
    #[error("{program} failed ({status})")]
    Failed { program: String, status: String },
    /// A program or a file said something that this one does not understand.
    #[error("{what} cannot be read")]
    Malformed { what: String, source: Box<dyn StdError + Send + Sync> },
    /// The machine lacks something which could not be brought.
    #[error("{what} is missing: {why}")]
    Missing { what: &'static str, why: String },
    /// The generator failed, or the tree is not what it makes.
    #[error("codegen")]
    Codegen(#[source] Box<dyn StdError + Send + Sync>),
    /// A check found what it looks for.
    #[error("{0}")]
    Check(String),
}

impl Error {
    /// For `map_err` on file operations.
    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        |source| Self::File { path, source }
    }
}

/// The error and its causes on one line.
pub(crate) fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}
