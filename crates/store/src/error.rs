//! The one error of this crate.

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;

use thiserror::Error;

/// Why the store did not do what it was asked. Cheap to clone, because one failed batch fails many commits.
#[derive(Clone, Debug, Error)]
pub enum StoreError {
    /// Something that the transaction had read, or expected absent, changed before it committed. Nothing was written:
    /// run the transaction again from its beginning.
    #[error("a record changed since it was read")]
    Conflict,
    /// The connection to the database broke while it was committing: the change may or may not have been made. It must
    /// not be reported as done, and not be repeated blindly.
    #[error("the database connection broke during a commit, whose outcome is unknown")]
    OutcomeUnknown,
    /// The database cannot be reached. Nothing was written; the same call may work in a moment.
    #[error("the database cannot be reached")]
    Unavailable(#[source] Cause),
    /// The database refused or failed. Nothing was written.
    #[error("the database failed")]
    Database(#[source] Cause),
    /// A file or folder of the store failed.
    #[error("{path}: cannot be used")]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: Cause,
    },
    /// Another process has the data folder open.
    #[error("{0}: another process is using this data folder; stop it, or choose another folder")]
    InUse(PathBuf),
    /// The data was written by a later version of the program.
    #[error(
        "the data has schema version {found}, this program knows versions up to {known}: use the program that wrote it"
    )]
    SchemaTooNew {
        /// Version found in the database.
        found: i64,
        /// Newest version that this program knows.
        known: i64,
    },
    /// A key component that cannot be stored.
    #[error("not a valid key: {0}")]
    Key(&'static str),
    /// A value past its size limit.
    #[error("{what} has {bytes} bytes, more than the limit of {limit}")]
    TooLarge {
        /// What was too large.
        what: &'static str,
        /// Its size.
        bytes: usize,
        /// The most that is taken.
        limit: usize,
    },
    /// A record that cannot be turned into JSON or back.
    #[error("a record of kind {kind} cannot be encoded or decoded")]
    Record {
        /// The record's kind.
        kind: &'static str,
        /// What serde said.
        #[source]
        source: Arc<serde_json::Error>,
    },
    /// A stored record in a format that its type does not read.
    #[error("a record of kind {kind} has format {found}; this program writes format {known}")]
    Format {
        /// The record's kind.
        kind: &'static str,
        /// Format found.
        found: u16,
        /// Format that the type writes.
        known: u16,
    },
    /// Stored bytes that this crate never writes.
    #[error("stored data is damaged: {0}")]
    Corrupt(&'static str),
    /// The store has been closed.
    #[error("the store is closed")]
    Closed,
}

/// A shared underlying error.
pub type Cause = Arc<dyn Error + Send + Sync>;

impl StoreError {
    pub(crate) fn file(path: &std::path::Path, source: std::io::Error) -> Self {
        Self::File { path: path.to_owned(), source: Arc::new(source) }
    }

    pub(crate) fn record(kind: &'static str, source: serde_json::Error) -> Self {
        Self::Record { kind, source: Arc::new(source) }
    }
}

/// Refuses what is larger than its limit, so that no single value can swell a batch that others share.
pub(crate) fn within(what: &'static str, bytes: usize, limit: usize) -> Result<(), StoreError> {
    if bytes <= limit { Ok(()) } else { Err(StoreError::TooLarge { what, bytes, limit }) }
}
