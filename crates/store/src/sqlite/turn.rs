//! Whose turn it is to write to the database: the writer's or the folder's, each with a connection of its own.
//!
//! SQLite would let one of them sleep and try again; here it is woken. If the system reports that a sync failed, nobody
//! writes any more: what is on disk is then unknown, and a later sync that succeeds would prove nothing.

use std::fmt::Display;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::{Connection, ErrorCode};

use crate::StoreError;

#[derive(Default)]
pub(super) struct Turn {
    taken: Mutex<()>,
    broken: AtomicBool,
}

impl Turn {
    /// Runs `work` in a transaction and makes it durable.
    pub(super) fn transaction(
        &self,
        connection: &Connection,
        work: impl FnOnce(&Connection) -> rusqlite::Result<()>,
    ) -> Result<(), StoreError> {
        // It guards nothing that a panicking holder could have left half done: SQLite has rolled that back.
        let _turn = self.taken.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if self.is_broken() {
            return Err(StoreError::Closed);
        }
        let run = |sql| connection.prepare_cached(sql)?.execute([]);
        let worked = run("BEGIN IMMEDIATE").and_then(|_| work(connection));
        let (result, sync_failed) = match worked {
            Ok(()) => {
                let result = run("COMMIT").map(drop);
                let code = result.as_ref().err().and_then(rusqlite::Error::sqlite_error_code);
                (result, code == Some(ErrorCode::SystemIoFailure))
            }
            Err(error) => (Err(error), false),
        };
        if result.is_err() && !connection.is_autocommit() {
            // If this fails as well, SQLite has rolled back already.
            let _ = run("ROLLBACK");
        }
        if let (true, Err(error)) = (sync_failed, &result) {
            return Err(self.fail(error));
        }
        Ok(result?)
    }

    /// Stops the store after a sync that failed; returns what its callers are told.
    pub(super) fn fail(&self, error: &dyn Display) -> StoreError {
        tracing::error!(%error, "the disk did not take a commit; the store stops until it is opened again");
        self.broken.store(true, Ordering::Release);
        StoreError::OutcomeUnknown
    }

    /// Whether a sync has failed.
    pub(super) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Acquire)
    }
}
