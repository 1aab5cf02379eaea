//! SQLite: one writer thread that commits in groups, a few read-only connections, one process a folder.
//!
//! Every write goes through the writer, so its memory of versions is the truth and the read cache is never stale.
//! A reply to a commit means that its bytes were synced, in the commit log or in the database, which is in WAL mode with
//! full synchronisation. Queries see both. The folder is locked for the life of the store, because a second writer would
//! break all of this.

mod background;
mod fold;
mod log;
mod reader;
mod schema;
mod turn;
mod writer;

use std::collections::BTreeMap;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use base::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};
use tokio::sync::{mpsc, oneshot};

use crate::backend::Row;
use crate::batch::{Pending, TallyDelta};
use crate::cache::ReadCache;
use crate::journal::JournalScan;
use crate::key::KeyRange;
use crate::{Commit, Due, JournalPage, JournalQuery, Key, OutboxEvent, StoreError, Tally};
use log::{Log, Unfolded};
use reader::Readers;
use turn::Turn;
use writer::{Request, Writer};

/// Name of the database within the folder; its WAL lies beside it.
const DATABASE_FILE: &str = "bastide.db";
/// Name of the file whose lock marks the folder as taken.
const LOCK_FILE: &str = "lock";
/// Commits that wait for the writer; further ones wait to be queued.
const QUEUE_COMMITS: usize = 4096;
const DIR_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;

pub(crate) struct Sqlite {
    cache: Arc<ReadCache>,
    readers: Arc<Readers>,
    unfolded: Arc<Unfolded>,
    queue: Option<mpsc::Sender<Request>>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl Sqlite {
    pub(crate) async fn open(dir: PathBuf) -> Result<Self, StoreError> {
        blocking(move || Self::open_blocking(&dir)).await
    }

    fn open_blocking(dir: &Path) -> Result<Self, StoreError> {
        DirBuilder::new()
            .recursive(true)
            .mode(DIR_MODE)
            .create(dir)
            .map_err(|e| StoreError::file(dir, e))?;
        let lock = lock(dir)?;
        let path = dir.join(DATABASE_FILE);
        // Made here so that it is born private; SQLite gives its other files the same mode.
        private_file(&path)?;
        let mut connection = schema::open_writable(&path)?;
        let epoch = schema::prepare(&mut connection)?;
        let log = open_log(dir, &connection)?;
        let unfolded = log.unfolded().clone();
        let cache = Arc::new(ReadCache::new(false));
        let (queue, requests) = mpsc::channel(QUEUE_COMMITS);
        let writer = Writer::new(connection, epoch, cache.clone(), log, &path, lock)?;
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || writer.run(requests))
            .map_err(|e| StoreError::file(dir, e))?;
        Ok(Self {
            cache,
            readers: Arc::new(Readers::new(path)),
            unfolded,
            queue: Some(queue),
            writer: Mutex::new(Some(thread)),
        })
    }

    pub(crate) fn cache(&self) -> &ReadCache {
        &self.cache
    }

    pub(crate) async fn get(&self, key: &Key) -> Result<Option<(i64, Vec<u8>)>, StoreError> {
        let key = key.clone();
        self.read(move |connection| {
            let mut statement =
                connection.prepare_cached("SELECT version, body FROM record WHERE key = ?1")?;
            let row = statement.query_row([key.as_bytes()], |r| Ok((r.get(0)?, r.get(1)?)));
            Ok(row.optional()?)
        })
        .await
    }

    pub(crate) async fn scan(&self, range: KeyRange, limit: usize) -> Result<Vec<Row>, StoreError> {
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT key, version, body FROM record WHERE key > ?1 AND key < ?2 ORDER BY key LIMIT ?3",
            )?;
            let mut rows = statement.query(params![range.after, range.before, sql_limit(limit)])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                found.push(Row { key: key_of(row, 0)?, version: row.get(1)?, body: row.get(2)? });
            }
            Ok(found)
        })
        .await
    }

    pub(crate) async fn first_key(&self, range: KeyRange) -> Result<Option<Key>, StoreError> {
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT key FROM record WHERE key > ?1 AND key < ?2 ORDER BY key LIMIT 1",
            )?;
            let mut rows = statement.query(params![range.after, range.before])?;
            rows.next()?.map(|row| key_of(row, 0)).transpose()
        })
        .await
    }

    pub(crate) async fn commit(&self, commit: Commit) -> Result<(), StoreError> {
        let (reply, outcome) = oneshot::channel();
        self.send(Request::Commit(Pending { commit, reply })).await?;
        // A writer that went away without an answer did so before or during its SQL transaction.
        outcome.await.map_err(|_| StoreError::OutcomeUnknown)?
    }

    pub(crate) async fn reset(&self) -> Result<(), StoreError> {
        self.control(Writer::reset).await
    }

    pub(crate) async fn journal(&self, query: JournalQuery) -> Result<JournalPage, StoreError> {
        // Before the tables are read: a group that is folded meanwhile is seen twice, and told by the mark, rather than
        // not at all.
        let unfolded = self.unfolded.snapshot();
        self.read(move |connection| {
            let _snapshot = connection.unchecked_transaction()?;
            let mark = fold::mark(connection)?;
            let mut scan = JournalScan::new(query);
            let (start, (from, to)) = (scan.start(), scan.span());
            let mut unfolded = unfolded
                .iter()
                .rev()
                .filter(|group| group.seq > mark && group.seq <= start)
                .filter(|group| group.journal.overlaps(from, to))
                .map(|group| (group.seq, group.journal.body.as_slice()))
                .peekable();
            let mut statement = connection.prepare_cached(
                "SELECT seq, shared, body FROM journal WHERE seq <= ?1 AND last_at >= ?2 AND first_at <= ?3 ORDER BY seq DESC",
            )?;
            let mut rows = statement.query(params![start, from, to])?;
            while let Some(row) = rows.next()? {
                let (seq, shared): (i64, bool) = (row.get(0)?, row.get(1)?);
                let body = row.get_ref(2)?.as_blob().map_err(|_| StoreError::Corrupt("journal"))?;
                let groups = if shared { fold::groups_of(body)? } else { vec![(seq, body)] };
                let groups = groups.into_iter().rev().filter(|(seq, _)| *seq <= start);
                for (seq, body) in std::iter::from_fn(|| unfolded.next_if(|u| u.0 > seq)).chain(groups) {
                    if !scan.row(seq, body)? {
                        return Ok(scan.finish(false));
                    }
                }
            }
            for (seq, body) in unfolded {
                if !scan.row(seq, body)? {
                    return Ok(scan.finish(false));
                }
            }
            Ok(scan.finish(true))
        })
        .await
    }

    pub(crate) async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<Due>, StoreError> {
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT key, at FROM due WHERE at <= ?1 ORDER BY at, key LIMIT ?2",
            )?;
            let mut rows = statement.query(params![now.millis(), sql_limit(limit)])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                found.push(Due { key: key_of(row, 0)?, at: Timestamp::from_millis(row.get(1)?) });
            }
            Ok(found)
        })
        .await
    }

    pub(crate) async fn outbox(&self, limit: usize) -> Result<Vec<OutboxEvent>, StoreError> {
        self.read(move |connection| {
            let mut statement =
                connection.prepare_cached("SELECT seq, body FROM outbox ORDER BY seq LIMIT ?1")?;
            let rows = statement.query_map([sql_limit(limit)], |row| {
                Ok(OutboxEvent { seq: row.get(0)?, body: row.get(1)? })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    pub(crate) async fn tallies(&self, range: KeyRange) -> Result<Vec<Tally>, StoreError> {
        // As with the journal.
        let unfolded = self.unfolded.snapshot();
        self.read(move |connection| {
            let _snapshot = connection.unchecked_transaction()?;
            let mark = fold::mark(connection)?;
            let mut sums: BTreeMap<(Key, Arc<str>), TallyDelta> = BTreeMap::new();
            let mut add = |counter, delta: TallyDelta| {
                sums.entry(counter).and_modify(|sum| sum.merge(delta)).or_insert(delta);
            };
            let mut statement = connection.prepare_cached(
                "SELECT key, counter, count, last FROM tally WHERE key > ?1 AND key < ?2",
            )?;
            let mut rows = statement.query(params![range.after, range.before])?;
            while let Some(row) = rows.next()? {
                let count = row.get::<_, i64>(2)?.unsigned_abs();
                let last = Timestamp::from_millis(row.get(3)?);
                add((key_of(row, 0)?, row.get(1)?), TallyDelta { count, last });
            }
            let unfolded = unfolded.iter().filter(|group| group.seq > mark);
            for (counter, delta) in unfolded.flat_map(|group| &group.tallies) {
                if range.contains(counter.0.as_bytes()) {
                    add(counter.clone(), *delta);
                }
            }
            let tally = |((key, counter), delta): ((Key, Arc<str>), TallyDelta)| Tally {
                key,
                counter: counter.as_ref().to_owned(),
                count: delta.count,
                last: delta.last,
            };
            Ok(sums.into_iter().map(tally).collect())
        })
        .await
    }

    pub(crate) async fn acknowledge(&self, events: Vec<i64>) -> Result<(), StoreError> {
        self.control(move |writer| writer.acknowledge(&events)).await
    }

    pub(crate) async fn try_lease(
        &self,
        name: &str,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let (name, holder) = (name.to_owned(), holder.to_owned());
        self.control(move |writer| writer.try_lease(&name, &holder, now, until)).await
    }

    pub(crate) async fn release(&self, name: &str, holder: &str) -> Result<(), StoreError> {
        let (name, holder) = (name.to_owned(), holder.to_owned());
        self.control(move |writer| writer.release(&name, &holder)).await
    }

    pub(crate) async fn close(&self) {
        self.readers.close();
        if self.send(Request::Close).await.is_ok() {
            let thread = self.writer.lock().ok().and_then(|mut thread| thread.take());
            let joined = tokio::task::spawn_blocking(move || thread.map(JoinHandle::join)).await;
            if !matches!(joined, Ok(None | Some(Ok(())))) {
                tracing::error!("the store's writer ended by a panic");
            }
        }
    }

    /// Runs `work` on the writer thread, after the commits that were queued before.
    async fn control<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Writer) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, outcome) = oneshot::channel();
        let job = move |writer: &mut Writer| {
            // A caller that went away has no interest in the outcome.
            let _ = reply.send(work(writer));
        };
        self.send(Request::Control(Box::new(job))).await?;
        outcome.await.map_err(|_| StoreError::OutcomeUnknown)?
    }

    async fn send(&self, request: Request) -> Result<(), StoreError> {
        let queue = self.queue.as_ref().ok_or(StoreError::Closed)?;
        queue.send(request).await.map_err(|_| StoreError::Closed)
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let readers = self.readers.clone();
        let permit = readers.permit().await?;
        blocking(move || {
            let result = readers.with(work);
            drop(permit);
            result
        })
        .await
    }
}

impl Drop for Sqlite {
    /// Waits for the writer, so that the folder is free when the last handle is gone.
    fn drop(&mut self) {
        self.queue = None;
        self.readers.close();
        let thread = self.writer.get_mut().ok().and_then(Option::take);
        if let Some(Err(_)) = thread.map(JoinHandle::join) {
            tracing::error!("the store's writer ended by a panic");
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(Arc::new(error))
    }
}

/// Runs what may block on a thread made for it.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let joined = tokio::task::spawn_blocking(work).await;
    joined.unwrap_or_else(|error| Err(StoreError::Database(Arc::new(error))))
}

/// Folds what the last process left in the log, and makes the log ready to be written.
fn open_log(dir: &Path, connection: &Connection) -> Result<Log, StoreError> {
    let groups = log::replay(dir, fold::mark(connection)?)?;
    Turn::default().transaction(connection, |connection| fold::fold(connection, &groups))?;
    Log::open(dir, fold::mark(connection)?)
}

fn lock(dir: &Path) -> Result<File, StoreError> {
    let path = dir.join(LOCK_FILE);
    let file = private_file(&path)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse(dir.to_owned())),
        Err(TryLockError::Error(error)) => Err(StoreError::file(&path, error)),
    }
}

fn private_file(path: &Path) -> Result<File, StoreError> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).read(true).write(true).mode(FILE_MODE);
    options.open(path).map_err(|e| StoreError::file(path, e))
}

fn key_of(row: &rusqlite::Row<'_>, column: usize) -> Result<Key, StoreError> {
    let bytes = row.get_ref(column)?.as_blob().map_err(|_| StoreError::Corrupt("key column"))?;
    Key::from_bytes(bytes)
}

fn sql_limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
