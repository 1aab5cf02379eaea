//! Read-only connections, opened as they are needed and kept.
//!
//! In WAL mode readers neither wait for the writer nor hold it up. Their use is bounded, so that a burst of cache misses
//! queues here rather than opening files.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};

use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::schema;
use crate::StoreError;

/// Reads that run at the same time.
const READERS_MAX: usize = 4;

pub(super) struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    permits: Arc<Semaphore>,
}

impl Readers {
    pub(super) fn new(path: PathBuf) -> Self {
        let permits = Arc::new(Semaphore::new(READERS_MAX));
        Self { path, idle: Mutex::default(), permits }
    }

    /// Waits until a read may run.
    pub(super) async fn permit(&self) -> Result<OwnedSemaphorePermit, StoreError> {
        self.permits.clone().acquire_owned().await.map_err(|_| StoreError::Closed)
    }

    /// Runs `work` on a connection; its holder has a permit.
    pub(super) fn with<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let idle = self.idle().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => schema::open_readable(&self.path)?,
        };
        let result = work(&connection);
        if !self.permits.is_closed() {
            self.idle().push(connection);
        }
        result
    }

    /// Closes the connections; those in use close when they are done.
    pub(super) fn close(&self) {
        self.permits.close();
        self.idle().clear();
    }

    /// A list of idle connections is whole at every moment, whoever panicked.
    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}
