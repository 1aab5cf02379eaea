//! The writer thread: takes what has queued up, commits it as one SQL transaction, answers everybody.
//!
//! While one fsync runs the next batch gathers, so throughput grows with the number of callers and a lone caller never
//! waits for company. If the system reports that a sync failed, the thread ends: what is on disk is then unknown, and a
//! later sync that succeeds would prove nothing.

use std::fs::File;
use std::sync::Arc;

use base::Timestamp;
use foldhash::quality::RandomState;
use quick_cache::UnitWeighter;
use quick_cache::unsync::{Cache, DefaultLifecycle};
use rusqlite::{Connection, ErrorCode, OptionalExtension as _, params};
use tokio::sync::mpsc;

use super::checkpoint::Checkpointer;
use crate::batch::{BATCH_MAX_BYTES, BATCH_MAX_COMMITS, Batch, Pending, VersionSource};
use crate::cache::ReadCache;
use crate::{Key, StoreError};

/// Records whose version the writer remembers; others cost a query.
const VERSIONS_REMEMBERED: usize = 64 * 1024;
const PAGE_BYTES: usize = 4096;

pub(super) enum Request {
    Commit(Pending),
    Control(Box<dyn FnOnce(&mut Writer) + Send>),
    Close,
}

pub(super) struct Writer {
    versions: Cache<Key, i64, UnitWeighter, RandomState>,
    numbers: VersionSource,
    cache: Arc<ReadCache>,
    broken: bool,
    // In this order: the lock goes last.
    checkpointer: Checkpointer,
    connection: Connection,
    _lock: File,
}

impl Writer {
    pub(super) fn new(
        connection: Connection,
        epoch: i64,
        cache: Arc<ReadCache>,
        checkpointer: Checkpointer,
        lock: File,
    ) -> Self {
        let versions = Cache::with(
            VERSIONS_REMEMBERED / 16,
            VERSIONS_REMEMBERED as u64,
            UnitWeighter,
            RandomState::default(),
            DefaultLifecycle::default(),
        );
        let numbers = VersionSource::new(epoch);
        Self { versions, numbers, cache, broken: false, checkpointer, connection, _lock: lock }
    }

    /// Serves until the store is closed or a sync fails.
    pub(super) fn run(mut self, mut requests: mpsc::Receiver<Request>) {
        let mut queue = Vec::with_capacity(BATCH_MAX_COMMITS);
        while requests.blocking_recv_many(&mut queue, BATCH_MAX_COMMITS) > 0 {
            let mut batch = Batch::default();
            let mut bytes = 0;
            for request in queue.drain(..) {
                match request {
                    Request::Commit(pending) => {
                        bytes += pending.commit.bytes();
                        self.admit(&mut batch, pending);
                        if bytes > BATCH_MAX_BYTES {
                            self.finish(std::mem::take(&mut batch));
                            bytes = 0;
                        }
                    }
                    Request::Control(work) => {
                        self.finish(std::mem::take(&mut batch));
                        if !self.broken {
                            work(&mut self);
                        }
                    }
                    Request::Close => requests.close(),
                }
            }
            self.finish(batch);
            if self.broken {
                return;
            }
        }
    }

    /// Deletes everything but leases and the schema.
    pub(super) fn reset(&mut self) -> Result<(), StoreError> {
        self.versions.clear();
        self.transaction(|connection| {
            // Without a condition SQLite drops a table's pages as a whole.
            connection.execute_batch(
                "DELETE FROM record; DELETE FROM journal; DELETE FROM outbox; DELETE FROM due; DELETE FROM tally",
            )
        })?;
        self.cache.clear();
        Ok(())
    }

    pub(super) fn acknowledge(&mut self, events: &[i64]) -> Result<(), StoreError> {
        self.transaction(|connection| {
            let mut statement = connection.prepare_cached("DELETE FROM outbox WHERE seq = ?1")?;
            events.iter().try_for_each(|seq| statement.execute([seq]).map(drop))
        })
    }

    pub(super) fn try_lease(
        &mut self,
        name: &str,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "INSERT INTO lease (name, holder, until) VALUES (?1, ?2, ?4)
             ON CONFLICT (name) DO UPDATE SET holder = ?2, until = ?4 WHERE holder = ?2 OR until <= ?3",
        )?;
        let rows = statement.execute(params![name, holder, now.millis(), until.millis()])?;
        Ok(rows == 1)
    }

    pub(super) fn release(&mut self, name: &str, holder: &str) -> Result<(), StoreError> {
        let mut statement =
            self.connection.prepare_cached("DELETE FROM lease WHERE name = ?1 AND holder = ?2")?;
        statement.execute([name, holder])?;
        Ok(())
    }

    fn admit(&mut self, batch: &mut Batch, pending: Pending) {
        let Self { versions, connection, numbers, .. } = self;
        let mut stored = |key: &Key| match versions.get(key) {
            Some(version) => Ok(*version),
            None => {
                let mut statement =
                    connection.prepare_cached("SELECT version FROM record WHERE key = ?1")?;
                let version = statement.query_row([key.as_bytes()], |row| row.get(0)).optional()?;
                versions.insert(key.clone(), version.unwrap_or(0));
                Ok(version.unwrap_or(0))
            }
        };
        batch.admit(pending, numbers.next(), &mut stored);
    }

    fn finish(&mut self, batch: Batch) {
        let result = if batch.is_empty() { Ok(()) } else { self.write(&batch) };
        if result.is_ok() {
            for (key, change) in &batch.changes {
                self.versions.insert(key.clone(), change.version);
            }
        } else {
            self.versions.clear();
        }
        batch.finish(result, &self.cache);
    }

    fn write(&mut self, batch: &Batch) -> Result<(), StoreError> {
        let seq = self.numbers.next();
        let first_event = self.numbers.reserve(batch.events.len());
        let mut pages = 2 + batch.journal.body.len() / PAGE_BYTES;
        self.transaction(|connection| {
            let mut put = connection.prepare_cached(
                "INSERT INTO record (key, version, body) VALUES (?1, ?2, ?3)
                 ON CONFLICT (key) DO UPDATE SET version = ?2, body = ?3",
            )?;
            let mut delete = connection.prepare_cached("DELETE FROM record WHERE key = ?1")?;
            for (key, change) in &batch.changes {
                match &change.write.body {
                    Some(body) => put.execute(params![key.as_bytes(), change.version, &body[..]])?,
                    None => delete.execute([key.as_bytes()])?,
                };
                pages += 2;
            }
            if let Some((first, last)) = batch.journal.span() {
                let mut insert = connection.prepare_cached(
                    "INSERT INTO journal (seq, first_at, last_at, body) VALUES (?1, ?2, ?3, ?4)",
                )?;
                insert.execute(params![seq, first.millis(), last.millis(), batch.journal.body])?;
            }
            for (seq, event) in (first_event..).zip(&batch.events) {
                let mut insert =
                    connection.prepare_cached("INSERT INTO outbox (seq, body) VALUES (?1, ?2)")?;
                insert.execute(params![seq, event])?;
            }
            for (key, at) in &batch.dues {
                match at {
                    Some(at) => connection
                        .prepare_cached(
                            "INSERT INTO due (key, at) VALUES (?1, ?2)
                             ON CONFLICT (key) DO UPDATE SET at = ?2",
                        )?
                        .execute(params![key.as_bytes(), at.millis()])?,
                    None => connection
                        .prepare_cached("DELETE FROM due WHERE key = ?1")?
                        .execute([key.as_bytes()])?,
                };
            }
            for ((key, counter), delta) in &batch.tallies {
                let mut add = connection.prepare_cached(
                    "INSERT INTO tally (key, counter, count, last) VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT (key, counter) DO UPDATE SET count = count + ?3, last = max(last, ?4)",
                )?;
                let count = i64::try_from(delta.count).unwrap_or(i64::MAX);
                add.execute(params![key.as_bytes(), counter, count, delta.last.millis()])?;
                pages += 1;
            }
            Ok(())
        })?;
        let pages = i64::try_from(pages).unwrap_or(i64::MAX);
        self.checkpointer.committed(pages, &self.connection);
        Ok(())
    }

    /// Runs `work` in a transaction and makes it durable.
    fn transaction(
        &mut self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<()>,
    ) -> Result<(), StoreError> {
        if self.broken {
            return Err(StoreError::Closed);
        }
        let connection = &self.connection;
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
            tracing::error!(%error, "the disk did not take a commit; the store stops until it is opened again");
            self.broken = true;
            return Err(StoreError::OutcomeUnknown);
        }
        Ok(result?)
    }
}
