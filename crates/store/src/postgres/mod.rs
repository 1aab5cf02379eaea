//! PostgreSQL and what speaks its protocol: several equal nodes over one database.
//!
//! One task of each node commits in groups; reads run beside it on their own connections. Nothing a node remembers is
//! trusted at commit: versions are read from the database within the transaction that writes. The connection is not
//! encrypted (there is no TLS here yet), so the database belongs on the same machine or behind a tunnel.
//! Nodes take numbers for journal rows and events before they commit, so an entry of another node may appear a moment
//! later at a place just behind one that has been read; within one node order is the order of commits.

mod link;
mod schema;
mod writer;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use base::Timestamp;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_postgres::types::ToSql;

use crate::backend::Row;
use crate::batch::{Pending, VersionSource};
use crate::cache::ReadCache;
use crate::journal::JournalScan;
use crate::key::KeyRange;
use crate::{Commit, Due, JournalPage, JournalQuery, Key, OutboxEvent, StoreError, Tally};
use link::Link;
use writer::{Request, Writer};

/// Connections for reading; each carries many queries at once.
const READ_LINKS: usize = 3;
/// Commits that wait for the writer; further ones wait to be queued.
const QUEUE_COMMITS: usize = 4096;
/// Journal rows of the first fetch of a query, and of any.
const JOURNAL_ROWS_MIN: i64 = 32;
const JOURNAL_ROWS_MAX: i64 = 1024;
/// Bytes of a fetch below which the next one takes twice as many rows.
const JOURNAL_FETCH_BYTES: usize = 512 * 1024;

pub(crate) struct Postgres {
    cache: Arc<ReadCache>,
    reads: Vec<Link>,
    turn: AtomicUsize,
    queue: mpsc::Sender<Request>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl Postgres {
    pub(crate) async fn open(url: &str) -> Result<Self, StoreError> {
        let config = link::config(url)?;
        let writes = Link::new(config.clone());
        let epoch = schema::prepare(&*writes.connection().await?).await?;
        let cache = Arc::new(ReadCache::new(true));
        let (queue, requests) = mpsc::channel(QUEUE_COMMITS);
        let writer = Writer::new(writes, VersionSource::new(epoch), cache.clone());
        let task = tokio::spawn(writer.run(requests));
        let reads = (0..READ_LINKS).map(|_| Link::new(config.clone())).collect();
        let writer = Mutex::new(Some(task));
        Ok(Self { cache, reads, turn: AtomicUsize::new(0), queue, writer })
    }

    pub(crate) fn cache(&self) -> &ReadCache {
        &self.cache
    }

    pub(crate) async fn get(&self, key: &Key) -> Result<Option<(i64, Vec<u8>)>, StoreError> {
        let sql = "SELECT version, body FROM record WHERE key = $1";
        let rows = self.query(sql, &[&key.as_bytes()]).await?;
        Ok(rows.first().map(|row| (row.get(0), row.get(1))))
    }

    pub(crate) async fn scan(&self, range: KeyRange, limit: usize) -> Result<Vec<Row>, StoreError> {
        let sql = "SELECT key, version, body FROM record WHERE key > $1 AND key < $2 ORDER BY key LIMIT $3";
        let rows = self.query(sql, &[&range.after, &range.before, &sql_limit(limit)]).await?;
        rows.iter()
            .map(|row| Ok(Row { key: key_of(row)?, version: row.get(1), body: row.get(2) }))
            .collect()
    }

    pub(crate) async fn first_key(&self, range: KeyRange) -> Result<Option<Key>, StoreError> {
        let sql = "SELECT key FROM record WHERE key > $1 AND key < $2 ORDER BY key LIMIT 1";
        let rows = self.query(sql, &[&range.after, &range.before]).await?;
        rows.first().map(key_of).transpose()
    }

    pub(crate) async fn commit(&self, commit: Commit) -> Result<(), StoreError> {
        self.ask(|reply| Request::Commit(Pending { commit, reply })).await
    }

    pub(crate) async fn reset(&self) -> Result<(), StoreError> {
        self.ask(Request::Reset).await
    }

    pub(crate) async fn journal(&self, query: JournalQuery) -> Result<JournalPage, StoreError> {
        let sql =
            "SELECT seq, body FROM journal WHERE seq <= $1 AND last_at >= $2 AND first_at <= $3
                   ORDER BY seq DESC LIMIT $4";
        let mut scan = JournalScan::new(query);
        let (from, to) = scan.span();
        let (mut start, mut limit) = (scan.start(), JOURNAL_ROWS_MIN);
        loop {
            let rows = self.query(sql, &[&start, &from, &to, &limit]).await?;
            let mut bytes = 0;
            for row in &rows {
                let (seq, body): (i64, &[u8]) = (row.get(0), row.get(1));
                if !scan.row(seq, body)? {
                    return Ok(scan.finish(false));
                }
                (start, bytes) = (seq - 1, bytes + body.len());
            }
            if (rows.len() as i64) < limit {
                return Ok(scan.finish(true));
            }
            if bytes < JOURNAL_FETCH_BYTES {
                limit = (limit * 2).min(JOURNAL_ROWS_MAX);
            }
        }
    }

    pub(crate) async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<Due>, StoreError> {
        let sql = "SELECT key, at FROM due WHERE at <= $1 ORDER BY at, key LIMIT $2";
        let rows = self.query(sql, &[&now.millis(), &sql_limit(limit)]).await?;
        rows.iter()
            .map(|row| Ok(Due { key: key_of(row)?, at: Timestamp::from_millis(row.get(1)) }))
            .collect()
    }

    pub(crate) async fn outbox(&self, limit: usize) -> Result<Vec<OutboxEvent>, StoreError> {
        let sql = "SELECT seq, body FROM outbox ORDER BY seq LIMIT $1";
        let rows = self.query(sql, &[&sql_limit(limit)]).await?;
        Ok(rows.iter().map(|row| OutboxEvent { seq: row.get(0), body: row.get(1) }).collect())
    }

    pub(crate) async fn acknowledge(&self, events: Vec<i64>) -> Result<(), StoreError> {
        self.query("DELETE FROM outbox WHERE seq = ANY($1)", &[&events]).await.map(drop)
    }

    pub(crate) async fn tallies(&self, range: KeyRange) -> Result<Vec<Tally>, StoreError> {
        let sql = "SELECT key, counter, count, last FROM tally WHERE key > $1 AND key < $2 ORDER BY key, counter";
        let rows = self.query(sql, &[&range.after, &range.before]).await?;
        rows.iter()
            .map(|row| {
                Ok(Tally {
                    key: key_of(row)?,
                    counter: row.get(1),
                    count: row.get::<_, i64>(2).unsigned_abs(),
                    last: Timestamp::from_millis(row.get(3)),
                })
            })
            .collect()
    }

    pub(crate) async fn try_lease(
        &self,
        name: &str,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let sql = "INSERT INTO lease (name, holder, until) VALUES ($1, $2, $4)
                   ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
                   WHERE lease.holder = excluded.holder OR lease.until <= $3 RETURNING 1";
        let rows = self.query(sql, &[&name, &holder, &now.millis(), &until.millis()]).await?;
        Ok(rows.len() == 1)
    }

    pub(crate) async fn release(&self, name: &str, holder: &str) -> Result<(), StoreError> {
        let sql = "DELETE FROM lease WHERE name = $1 AND holder = $2";
        self.query(sql, &[&name, &holder]).await.map(drop)
    }

    pub(crate) async fn close(&self) {
        // An error means that the writer has ended already.
        let _ = self.queue.send(Request::Close).await;
        for link in &self.reads {
            link.close().await;
        }
        if let Some(Err(error)) = wait_for(&self.writer).await {
            tracing::error!(%error, "the store's writer ended by a panic");
        }
    }

    /// Runs a statement that may be run twice, on one of the read connections; once more if the connection was lost.
    async fn query(
        &self,
        sql: &'static str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<tokio_postgres::Row>, StoreError> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % self.reads.len();
        let link = &self.reads[turn];
        match link.connection().await?.query(sql, params).await {
            Err(error) if link::is_lost(&error) => {
                let again = link.connection().await?.query(sql, params).await;
                again.map_err(link::database_error)
            }
            result => result.map_err(link::database_error),
        }
    }

    async fn ask(
        &self,
        request: impl FnOnce(oneshot::Sender<Result<(), StoreError>>) -> Request,
    ) -> Result<(), StoreError> {
        let (reply, outcome) = oneshot::channel();
        self.queue.send(request(reply)).await.map_err(|_| StoreError::Closed)?;
        outcome.await.map_err(|_| StoreError::OutcomeUnknown)?
    }
}

async fn wait_for(
    task: &Mutex<Option<JoinHandle<()>>>,
) -> Option<Result<(), tokio::task::JoinError>> {
    match task.lock().await.take() {
        Some(task) => Some(task.await),
        None => None,
    }
}

fn key_of(row: &tokio_postgres::Row) -> Result<Key, StoreError> {
    Key::from_bytes(row.get(0))
}

fn sql_limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
