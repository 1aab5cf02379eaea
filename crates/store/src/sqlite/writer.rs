//! The writer thread: takes what has queued up, makes it durable with one sync, answers everybody.
//!
//! A batch that changes records, due times or the outbox is one SQL transaction. One that only brings journal entries
//! and tallies, as audited reads do, goes into the commit log. While one sync runs the next batch gathers, so throughput
//! grows with the number of callers and a lone caller never waits for company. After a sync that failed the thread ends.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use base::Timestamp;
use foldhash::quality::RandomState;
use quick_cache::UnitWeighter;
use quick_cache::unsync::{Cache, DefaultLifecycle};
use rusqlite::{Connection, OptionalExtension as _, params};
use tokio::sync::mpsc;

use super::background::Background;
use super::fold::{add_tally, set_mark};
use super::log::{AppendError, Appended, FRAME_MAX_BYTES, Log};
use super::turn::Turn;
use crate::batch::{BATCH_MAX_BYTES, BATCH_MAX_COMMITS, Batch, Pending, VersionSource};
use crate::cache::ReadCache;
use crate::frame::Group;
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
    turn: Arc<Turn>,
    log: Log,
    // In this order: the lock goes last.
    background: Background,
    connection: Connection,
    _lock: File,
}

impl Writer {
    pub(super) fn new(
        connection: Connection,
        epoch: i64,
        cache: Arc<ReadCache>,
        log: Log,
        path: &Path,
        lock: File,
    ) -> Result<Self, StoreError> {
        let versions = Cache::with(
            VERSIONS_REMEMBERED / 16,
            VERSIONS_REMEMBERED as u64,
            UnitWeighter,
            RandomState::default(),
            DefaultLifecycle::default(),
        );
        let numbers = VersionSource::new(epoch);
        let turn = Arc::new(Turn::default());
        let background = Background::start(path, log.unfolded().clone(), turn.clone())?;
        Ok(Self { versions, numbers, cache, turn, log, background, connection, _lock: lock })
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
                        if !self.turn.is_broken() {
                            work(&mut self);
                        }
                    }
                    Request::Close => requests.close(),
                }
            }
            self.finish(batch);
            if self.turn.is_broken() {
                return;
            }
        }
        // So that the database alone is all there is. Failing, it is done when the store is opened again.
        let _ = self.background.fold();
    }

    /// Deletes everything but leases and the schema.
    pub(super) fn reset(&mut self) -> Result<(), StoreError> {
        self.versions.clear();
        let mark = self.numbers.next();
        self.transaction(|connection| {
            // Without a condition SQLite drops a table's pages as a whole.
            connection.execute_batch(
                "DELETE FROM record; DELETE FROM journal; DELETE FROM outbox; DELETE FROM due; DELETE FROM tally",
            )?;
            set_mark(connection, mark)
        })?;
        self.log.unfolded().folded(mark);
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
        let mut rows = 0;
        self.transaction(|connection| {
            let mut statement = connection.prepare_cached(
                "INSERT INTO lease (name, holder, until) VALUES (?1, ?2, ?4)
                 ON CONFLICT (name) DO UPDATE SET holder = ?2, until = ?4 WHERE holder = ?2 OR until <= ?3",
            )?;
            rows = statement.execute(params![name, holder, now.millis(), until.millis()])?;
            Ok(())
        })?;
        Ok(rows == 1)
    }

    pub(super) fn release(&mut self, name: &str, holder: &str) -> Result<(), StoreError> {
        self.transaction(|connection| {
            let mut statement =
                connection.prepare_cached("DELETE FROM lease WHERE name = ?1 AND holder = ?2")?;
            statement.execute([name, holder]).map(drop)
        })
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

    fn finish(&mut self, mut batch: Batch) {
        let result = if batch.is_empty() {
            Ok(())
        } else if self.turn.is_broken() {
            Err(StoreError::Closed)
        } else {
            self.write(&mut batch)
        };
        if result.is_ok() {
            for (key, change) in &batch.changes {
                self.versions.insert(key.clone(), change.version);
            }
        } else {
            self.versions.clear();
        }
        batch.finish(result, &self.cache);
    }

    fn write(&mut self, batch: &mut Batch) -> Result<(), StoreError> {
        let seq = self.numbers.next();
        match batch.take_group(seq, FRAME_MAX_BYTES) {
            Some(group) => self.append(&Arc::new(group)),
            None => self.write_tables(seq, batch),
        }
    }

    fn append(&mut self, group: &Arc<Group>) -> Result<(), StoreError> {
        loop {
            match self.log.append(group) {
                Ok(Appended::Here) => return Ok(()),
                Ok(Appended::FoldSoon) => {
                    self.background.fold_soon();
                    return Ok(());
                }
                // Once all is folded there is room.
                Ok(Appended::Full) => self.background.fold()?,
                Err(AppendError::Refused(error)) => return Err(error),
                Err(AppendError::Unknown(error)) => return Err(self.turn.fail(&error)),
            }
        }
    }

    fn write_tables(&mut self, seq: i64, batch: &Batch) -> Result<(), StoreError> {
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
                    Some(body) => {
                        put.execute(params![key.as_bytes(), change.version, &body[..]])?
                    }
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
                add_tally(connection, key.as_bytes(), counter, *delta)?;
                pages += 1;
            }
            Ok(())
        })?;
        let pages = i64::try_from(pages).unwrap_or(i64::MAX);
        self.background.committed(pages, &self.connection);
        Ok(())
    }

    /// Runs `work` in a transaction and makes it durable.
    fn transaction(
        &mut self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<()>,
    ) -> Result<(), StoreError> {
        self.turn.transaction(&self.connection, work)
    }
}
