//! The border between what this crate promises and the databases that keep it: one enum, two arms.
//!
//! Everything above speaks of keys, versions and commits; everything below of SQL. The two backends have the same
//! tables and the same tests; where they differ (locks, threads, lost connections) is said in their own modules.

use base::Timestamp;

use crate::cache::ReadCache;
use crate::key::KeyRange;
use crate::postgres::Postgres;
use crate::sqlite::Sqlite;
use crate::{Commit, Due, JournalPage, JournalQuery, Key, OutboxEvent, Scope, StoreError, Tally};

pub(crate) enum Backend {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

/// A stored record.
pub(crate) struct Row {
    pub(crate) key: Key,
    pub(crate) version: i64,
    pub(crate) body: Vec<u8>,
}

macro_rules! either {
    ($self:ident, $backend:ident => $call:expr) => {
        match $self {
            Backend::Sqlite($backend) => $call,
            Backend::Postgres($backend) => $call,
        }
    };
}

impl Backend {
    pub(crate) fn cache(&self) -> &ReadCache {
        either!(self, b => b.cache())
    }

    pub(crate) async fn get(&self, key: &Key) -> Result<Option<(i64, Vec<u8>)>, StoreError> {
        either!(self, b => b.get(key).await)
    }

    pub(crate) async fn scan(&self, range: KeyRange, limit: usize) -> Result<Vec<Row>, StoreError> {
        either!(self, b => b.scan(range, limit).await)
    }

    pub(crate) async fn scopes(&self) -> Result<Vec<Scope>, StoreError> {
        let mut scopes: Vec<Scope> = Vec::new();
        loop {
            let range = KeyRange::behind(scopes.last())?;
            match either!(self, b => b.first_key(range).await)? {
                Some(key) => scopes.push(key.scope()),
                None => return Ok(scopes),
            }
        }
    }

    pub(crate) async fn commit(&self, commit: Commit) -> Result<(), StoreError> {
        either!(self, b => b.commit(commit).await)
    }

    pub(crate) async fn reset(&self) -> Result<(), StoreError> {
        either!(self, b => b.reset().await)
    }

    pub(crate) async fn journal(&self, query: JournalQuery) -> Result<JournalPage, StoreError> {
        either!(self, b => b.journal(query).await)
    }

    pub(crate) async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<Due>, StoreError> {
        either!(self, b => b.due(now, limit).await)
    }

    pub(crate) async fn outbox(&self, limit: usize) -> Result<Vec<OutboxEvent>, StoreError> {
        either!(self, b => b.outbox(limit).await)
    }

    pub(crate) async fn acknowledge(&self, events: Vec<i64>) -> Result<(), StoreError> {
        either!(self, b => b.acknowledge(events).await)
    }

    pub(crate) async fn tallies(&self, range: KeyRange) -> Result<Vec<Tally>, StoreError> {
        either!(self, b => b.tallies(range).await)
    }

    pub(crate) async fn try_lease(
        &self,
        name: &str,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        either!(self, b => b.try_lease(name, holder, now, until).await)
    }

    pub(crate) async fn release(&self, name: &str, holder: &str) -> Result<(), StoreError> {
        either!(self, b => b.release(name, holder).await)
    }

    pub(crate) async fn close(&self) {
        either!(self, b => b.close().await);
    }
}
