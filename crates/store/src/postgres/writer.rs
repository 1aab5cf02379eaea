//! The writer task: takes what has queued up, commits it as one transaction in two round trips, answers everybody.
//!
//! First trip: begin, lock, read versions. Second: write, commit. What keeps several nodes right: a commit that writes
//! records holds an advisory lock for each record it rests on, present or absent, from before its versions are read to
//! its end; locks are taken in rising order, so nodes wait for each other but never in a circle. A commit that writes no
//! record needs no lock: it takes its place in the order at the one moment when its versions were read.
//! Isolation is READ COMMITTED, so that the versions are read as of after the locks.

use std::collections::{BTreeSet, HashMap};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::future::join_all;
use tokio::sync::{mpsc, oneshot};
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

use super::link::{Connection, Link, database_error, is_lost};
use super::schema::LOCK_CLASS;
use crate::batch::{BATCH_MAX_BYTES, BATCH_MAX_COMMITS, Batch, Pending, VersionSource};
use crate::cache::ReadCache;
use crate::{Key, StoreError};

/// Different locks that there are; records that share one only wait for each other without need. Bounded because the
/// server keeps all locks in one table of fixed size.
const LOCK_STRIPES: u64 = 1024;
/// Tries of the first round trip, which changes nothing.
const BEGIN_TRIES: usize = 2;

const LOCK: &str =
    "SELECT count(pg_advisory_xact_lock($1, stripe)::text) FROM unnest($2::int4[]) AS stripe";
const VERSIONS: &str = "SELECT key, version FROM record WHERE key = ANY($1)";
const PUT: &str = "INSERT INTO record (key, version, body)
    SELECT * FROM unnest($1::bytea[], $2::int8[], $3::bytea[])
    ON CONFLICT (key) DO UPDATE SET version = excluded.version, body = excluded.body";
const DELETE: &str = "DELETE FROM record WHERE key = ANY($1)";
const JOURNAL: &str = "INSERT INTO journal (first_at, last_at, body) VALUES ($1, $2, $3)";
const EMIT: &str = "INSERT INTO outbox (body) SELECT * FROM unnest($1::bytea[])";
const DUE: &str = "INSERT INTO due (key, at) SELECT * FROM unnest($1::bytea[], $2::int8[])
    ON CONFLICT (key) DO UPDATE SET at = excluded.at";
const NOT_DUE: &str = "DELETE FROM due WHERE key = ANY($1)";
const TALLY: &str = "INSERT INTO tally (key, counter, count, last)
    SELECT * FROM unnest($1::bytea[], $2::text[], $3::int8[], $4::int8[])
    ON CONFLICT (key, counter) DO UPDATE
    SET count = tally.count + excluded.count, last = greatest(tally.last, excluded.last)";
/// The table locks keep commits of other nodes out without a circle: commits touch the tables in the same order.
const RESET: &str = "LOCK TABLE record, journal, outbox, due, tally IN EXCLUSIVE MODE;
    DELETE FROM record; DELETE FROM journal; DELETE FROM outbox; DELETE FROM due; DELETE FROM tally";

pub(super) enum Request {
    Commit(Pending),
    Reset(oneshot::Sender<Result<(), StoreError>>),
    Close,
}

pub(super) struct Writer {
    link: Link,
    numbers: VersionSource,
    cache: Arc<ReadCache>,
}

type Step<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + Send + 'a>>;

impl Writer {
    pub(super) fn new(link: Link, numbers: VersionSource, cache: Arc<ReadCache>) -> Self {
        Self { link, numbers, cache }
    }

    /// Serves until the store is closed.
    pub(super) async fn run(mut self, mut requests: mpsc::Receiver<Request>) {
        let mut queue = Vec::with_capacity(BATCH_MAX_COMMITS);
        while requests.recv_many(&mut queue, BATCH_MAX_COMMITS).await > 0 {
            let mut group = Vec::new();
            let mut bytes = 0;
            for request in queue.drain(..) {
                match request {
                    Request::Commit(pending) => {
                        bytes += pending.commit.bytes();
                        group.push(pending);
                        if bytes > BATCH_MAX_BYTES {
                            self.commit(std::mem::take(&mut group)).await;
                            bytes = 0;
                        }
                    }
                    Request::Reset(reply) => {
                        self.commit(std::mem::take(&mut group)).await;
                        // A caller that went away has no interest in the outcome.
                        let _ = reply.send(self.reset().await);
                    }
                    Request::Close => requests.close(),
                }
            }
            self.commit(group).await;
        }
    }

    async fn commit(&mut self, group: Vec<Pending>) {
        if group.is_empty() {
            return;
        }
        let (connection, versions) = match self.begin(&group).await {
            Ok(begun) => begun,
            Err(error) => {
                for pending in group {
                    let _ = pending.reply.send(Err(error.clone()));
                }
                return;
            }
        };
        let mut batch = Batch::default();
        for pending in group {
            let mut stored = |key: &Key| Ok(versions.get(key.as_bytes()).copied().unwrap_or(0));
            batch.admit(pending, self.numbers.next(), &mut stored);
        }
        let result = write(&connection, &batch).await;
        if result.is_err() {
            // Whatever state it is in, a new connection is in a better one.
            self.link.discard(&connection).await;
        }
        batch.finish(result, &self.cache);
    }

    /// Begins a transaction, takes the locks that the group needs and reads the versions that it rests on.
    async fn begin(
        &self,
        group: &[Pending],
    ) -> Result<(Arc<Connection>, HashMap<Vec<u8>, i64>), StoreError> {
        let keys: BTreeSet<&[u8]> =
            group.iter().flat_map(|p| p.commit.keys()).map(Key::as_bytes).collect();
        let keys: Vec<&[u8]> = keys.into_iter().collect();
        let writing = group.iter().filter(|pending| !pending.commit.writes.is_empty());
        let stripes: BTreeSet<i32> = writing.flat_map(|p| p.commit.keys()).map(stripe).collect();
        let stripes: Vec<i32> = stripes.into_iter().collect();
        let mut tries = 0;
        loop {
            tries += 1;
            let connection = self.link.connection().await?;
            match read_versions(&connection, &keys, &stripes).await {
                Ok(versions) => return Ok((connection, versions)),
                Err(error) => {
                    self.link.discard(&connection).await;
                    if tries == BEGIN_TRIES || !is_lost(&error) {
                        return Err(database_error(error));
                    }
                }
            }
        }
    }

    async fn reset(&self) -> Result<(), StoreError> {
        let connection = self.link.connection().await?;
        // Statements sent together are one transaction.
        let result = connection.client.batch_execute(RESET).await;
        self.cache.clear();
        result.map_err(|error| match is_lost(&error) {
            true => StoreError::OutcomeUnknown,
            false => database_error(error),
        })
    }
}

async fn read_versions(
    connection: &Connection,
    keys: &[&[u8]],
    stripes: &[i32],
) -> Result<HashMap<Vec<u8>, i64>, Error> {
    let client = &connection.client;
    let lock = connection.statement(LOCK).await?;
    let select = connection.statement(VERSIONS).await?;
    let mut versions = HashMap::new();
    let mut steps: Vec<Step<'_>> =
        vec![Box::pin(client.batch_execute("BEGIN ISOLATION LEVEL READ COMMITTED"))];
    if !stripes.is_empty() {
        steps.push(Box::pin(async {
            client.execute(&lock, &[&LOCK_CLASS, &stripes]).await.map(drop)
        }));
    }
    if !keys.is_empty() {
        let versions = &mut versions;
        steps.push(Box::pin(async {
            let rows = client.query(&select, &[&keys]).await?;
            versions.extend(rows.iter().map(|row| (row.get(0), row.get(1))));
            Ok(())
        }));
    }
    // Polled in this order, they are sent in this order, without waiting for each other.
    join_all(steps).await.into_iter().collect::<Result<(), Error>>()?;
    Ok(versions)
}

/// Sends all writes and the commit at once.
async fn write(connection: &Connection, batch: &Batch) -> Result<(), StoreError> {
    let written = prepare_and_write(connection, batch).await.map_err(database_error)?;
    // A failed step has doomed the transaction: its COMMIT, the last, can only have rolled back.
    let steps = &written[..written.len() - 1];
    let refused = steps.iter().filter_map(|step| step.as_ref().err()).find_map(Error::as_db_error);
    if let Some(error) = refused {
        return Err(match *error.code() {
            SqlState::T_R_SERIALIZATION_FAILURE | SqlState::T_R_DEADLOCK_DETECTED => {
                StoreError::Conflict
            }
            _ => StoreError::Database(Arc::new(error.clone())),
        });
    }
    match written.iter().find_map(|step| step.as_ref().err()) {
        Some(error) => {
            tracing::error!(%error, "the connection broke during a commit");
            Err(StoreError::OutcomeUnknown)
        }
        None => Ok(()),
    }
}

/// The outcome of every step, that of the commit last; an error if it did not come to sending them.
async fn prepare_and_write(
    connection: &Connection,
    batch: &Batch,
) -> Result<Vec<Result<(), Error>>, Error> {
    let mut puts = (Vec::new(), Vec::new(), Vec::new());
    let mut deletes = Vec::new();
    for (key, change) in &batch.changes {
        match &change.write.body {
            Some(body) => {
                puts.0.push(key.as_bytes());
                puts.1.push(change.version);
                puts.2.push(&body[..]);
            }
            None => deletes.push(key.as_bytes()),
        }
    }
    let mut dues = (Vec::new(), Vec::new());
    let mut not_due = Vec::new();
    for (key, at) in &batch.dues {
        match at {
            Some(at) => {
                dues.0.push(key.as_bytes());
                dues.1.push(at.millis());
            }
            None => not_due.push(key.as_bytes()),
        }
    }
    let mut tallies = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for ((key, counter), delta) in &batch.tallies {
        tallies.0.push(key.as_bytes());
        tallies.1.push(&counter[..]);
        tallies.2.push(i64::try_from(delta.count).unwrap_or(i64::MAX));
        tallies.3.push(delta.last.millis());
    }
    let span = batch.journal.span().map(|(first, last)| (first.millis(), last.millis()));
    let (first, last) = span.unwrap_or_default();

    let client = &connection.client;
    let mut steps: Vec<Step<'_>> = Vec::new();
    macro_rules! step {
        ($when:expr, $sql:ident, $params:expr) => {
            if $when {
                let statement = connection.statement($sql).await?;
                steps.push(Box::pin(
                    async move { client.execute(&statement, $params).await.map(drop) },
                ));
            }
        };
    }
    step!(!puts.0.is_empty(), PUT, &[&puts.0, &puts.1, &puts.2]);
    step!(!deletes.is_empty(), DELETE, &[&deletes]);
    step!(span.is_some(), JOURNAL, &[&first, &last, &batch.journal.body]);
    step!(!batch.events.is_empty(), EMIT, &[&batch.events]);
    step!(!dues.0.is_empty(), DUE, &[&dues.0, &dues.1]);
    step!(!not_due.is_empty(), NOT_DUE, &[&not_due]);
    step!(!tallies.0.is_empty(), TALLY, &[&tallies.0, &tallies.1, &tallies.2, &tallies.3]);
    steps.push(Box::pin(client.batch_execute("COMMIT")));
    Ok(join_all(steps).await)
}

/// The lock of a record: FNV-1a of its key, which every node computes alike.
fn stripe(key: &Key) -> i32 {
    let hash = key.as_bytes().iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    (hash % LOCK_STRIPES) as i32
}
