//! A transaction: reads that remember what they saw, and writes that wait for the commit.
//!
//! Nothing touches SQL before the commit except reads. `get` promises that the commit fails with
//! [`StoreError::Conflict`] unless the record is still what was seen (absence included); `peek` and `scan` promise
//! nothing, and are for what may be a moment old. A record read twice is the same both times.

use std::collections::BTreeMap;
use std::sync::Arc;

use base::Timestamp;

use crate::backend::Backend;
use crate::batch::TallyDelta;
use crate::cache::Cached;
use crate::error::within;
use crate::journal::JournalRow;
use crate::key::KeyRange;
use crate::record::{Decoded, decode, encode};
use crate::{JournalEntry, Key, Record, Scope, StoreError};

/// Largest outgoing event in bytes (EventBridge's own limit for one entry is 256 KiB).
pub const EVENT_MAX_BYTES: usize = 1024 * 1024;
/// Records that [`Tx::scan_service`] fetches at a time.
const SCAN_PAGE: usize = 512;

/// Which ids of a kind a scan visits.
#[derive(Clone, Copy, Debug, Default)]
pub struct Range<'a> {
    /// Only ids that start with this.
    pub prefix: &'a str,
    /// Only ids behind this one: the last id of the previous page.
    pub after: Option<&'a str>,
}

/// A transaction, made by [`crate::Store::begin`] and handed to [`crate::Store::commit`]. Dropping it undoes it.
pub struct Tx {
    backend: Arc<Backend>,
    reads: BTreeMap<Key, Cached>,
    commit: Commit,
}

/// A finished transaction on its way to the database.
#[derive(Default)]
pub struct Commit {
    /// What was read, with the version seen; 0 for absent.
    pub(crate) checks: BTreeMap<Key, i64>,
    pub(crate) writes: BTreeMap<Key, Write>,
    pub(crate) journal: JournalRow,
    pub(crate) events: Vec<Vec<u8>>,
    pub(crate) dues: BTreeMap<Key, Option<Timestamp>>,
    pub(crate) tallies: Vec<((Key, Arc<str>), TallyDelta)>,
}

/// The new state of one record.
#[derive(Clone)]
pub(crate) struct Write {
    /// Encoded record; `None` deletes.
    pub(crate) body: Option<Arc<[u8]>>,
    pub(crate) value: Option<Decoded>,
    /// Whether there must be no such record yet.
    pub(crate) create: bool,
}

impl Tx {
    pub(crate) fn new(backend: Arc<Backend>) -> Self {
        Self { backend, reads: BTreeMap::new(), commit: Commit::default() }
    }

    /// The record, including this transaction's own writes. The commit will check that it is still the same.
    ///
    /// # Errors
    /// An invalid id, a record that cannot be decoded, or a failing database.
    pub async fn get<R: Record>(
        &mut self,
        scope: &Scope,
        id: &str,
    ) -> Result<Option<Arc<R>>, StoreError> {
        let key = Key::new(scope, R::SERVICE, R::KIND, id)?;
        if let Some(write) = self.commit.writes.get(&key) {
            return typed(write.value.as_ref());
        }
        let cached = match self.reads.get(&key) {
            Some(cached) => cached.clone(),
            None => match self.backend.cache().get(&key) {
                Some(cached) => cached,
                None => self.fetch::<R>(&key).await?,
            },
        };
        self.commit.checks.insert(key.clone(), cached.version);
        let value = typed(cached.value.as_ref());
        self.reads.insert(key, cached);
        value
    }

    /// As [`Tx::get`], without a check at commit. Where several nodes share a database it may be up to a second old.
    ///
    /// # Errors
    /// As [`Tx::get`].
    pub async fn peek<R: Record>(
        &self,
        scope: &Scope,
        id: &str,
    ) -> Result<Option<Arc<R>>, StoreError> {
        let key = Key::new(scope, R::SERVICE, R::KIND, id)?;
        if let Some(write) = self.commit.writes.get(&key) {
            return typed(write.value.as_ref());
        }
        if let Some(cached) = self.reads.get(&key) {
            return typed(cached.value.as_ref());
        }
        match self.backend.cache().peek(&key) {
            Some(cached) => typed(cached.value.as_ref()),
            None => typed(self.fetch::<R>(&key).await?.value.as_ref()),
        }
    }

    /// Up to `limit` records in the order of their ids, including this transaction's own writes, without checks. The
    /// last id returned is a stable token for the next page.
    ///
    /// # Errors
    /// As [`Tx::get`].
    pub async fn scan<R: Record>(
        &self,
        scope: &Scope,
        range: Range<'_>,
        limit: usize,
    ) -> Result<Vec<(String, Arc<R>)>, StoreError> {
        let keys = KeyRange::new(scope, &[R::SERVICE, R::KIND], range.prefix, range.after)?;
        let own: Vec<(&Key, &Write)> =
            self.commit.writes.iter().filter(|(key, _)| keys.contains(key.as_bytes())).collect();
        // Own deletions take away from what SQL returns, so that many more are asked for.
        let deleted = own.iter().filter(|(_, write)| write.body.is_none()).count();
        let rows = self.backend.scan(keys.clone(), limit.saturating_add(deleted)).await?;
        let mut found: BTreeMap<Key, Arc<R>> = BTreeMap::new();
        for row in rows {
            if !self.commit.writes.contains_key(&row.key) {
                let record = self.cached_or_decoded(&row.key, row.version, &row.body)?;
                found.insert(row.key, record);
            }
        }
        for (key, write) in own {
            if let Some(record) = typed(write.value.as_ref())? {
                found.insert(key.clone(), record);
            }
        }
        Ok(found
            .into_iter()
            .take(limit)
            .map(|(key, record)| (key.id().to_owned(), record))
            .collect())
    }

    /// Every record of the kind in every account and Region, for work at start and by the scheduler on kinds that have
    /// few records; elsewhere walk [`crate::Store::scopes`] page by page.
    ///
    /// # Errors
    /// As [`Tx::get`].
    pub async fn scan_service<R: Record>(
        &self,
    ) -> Result<Vec<(Scope, String, Arc<R>)>, StoreError> {
        let mut found = Vec::new();
        for scope in self.backend.scopes().await? {
            let mut after: Option<String> = None;
            loop {
                let range = Range { prefix: "", after: after.as_deref() };
                let page = self.scan::<R>(&scope, range, SCAN_PAGE).await?;
                let full = page.len() == SCAN_PAGE;
                after = page.last().map(|(id, _)| id.clone());
                found.extend(page.into_iter().map(|(id, record)| (scope.clone(), id, record)));
                if !full {
                    break;
                }
            }
        }
        Ok(found)
    }

    /// Writes the record, whether there is one or not.
    ///
    /// # Errors
    /// An invalid id, or a record that is too large or does not survive encoding and decoding.
    pub fn put<R: Record>(
        &mut self,
        scope: &Scope,
        id: &str,
        record: &R,
    ) -> Result<(), StoreError> {
        self.write::<R>(scope, id, Some(record), false)
    }

    /// Writes the record; the commit fails with [`StoreError::Conflict`] if there is one already.
    ///
    /// # Errors
    /// As [`Tx::put`].
    pub fn create<R: Record>(
        &mut self,
        scope: &Scope,
        id: &str,
        record: &R,
    ) -> Result<(), StoreError> {
        self.write::<R>(scope, id, Some(record), true)
    }

    /// Deletes the record, if there is one.
    ///
    /// # Errors
    /// An invalid id.
    pub fn delete<R: Record>(&mut self, scope: &Scope, id: &str) -> Result<(), StoreError> {
        self.write::<R>(scope, id, None, false)
    }

    /// Sets when work of this kind is due for this id, replacing an earlier time; `None` takes it off the index.
    ///
    /// # Errors
    /// An invalid key component.
    pub fn put_due(
        &mut self,
        scope: &Scope,
        service: &str,
        kind: &str,
        id: &str,
        at: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        self.commit.dues.insert(Key::new(scope, service, kind, id)?, at);
        Ok(())
    }

    /// Sends an event out with the commit: it appears in the outbox if and only if the rest is stored.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`] past [`EVENT_MAX_BYTES`].
    pub fn emit(&mut self, event: Vec<u8>) -> Result<(), StoreError> {
        within("an event", event.len(), EVENT_MAX_BYTES)?;
        self.commit.events.push(event);
        Ok(())
    }

    /// Adds `count` uses to a counter. Tallies merge and never conflict.
    pub fn tally(&mut self, key: Key, counter: &str, count: u64, at: Timestamp) {
        self.commit.tallies.push(((key, counter.into()), TallyDelta { count, last: at }));
    }

    /// Writes an audit entry with the commit.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`] past [`crate::JOURNAL_ENTRY_MAX_BYTES`].
    pub fn journal(&mut self, entry: &JournalEntry) -> Result<(), StoreError> {
        self.commit.journal.push(entry)
    }

    /// Drops changes, events, due times and tallies, for a call that failed; its journal entries stay. The checks stay
    /// as well: a refusal that rests on a record which has changed since is as wrong as a success would be.
    pub fn discard_writes(&mut self) {
        self.commit.writes.clear();
        self.commit.events.clear();
        self.commit.dues.clear();
        self.commit.tallies.clear();
    }

    /// Whether a commit would write anything. A transaction that would not, need not be committed.
    pub fn is_read_only(&self) -> bool {
        self.commit.is_read_only()
    }

    /// Ends the transaction.
    pub fn into_commit(self) -> Commit {
        self.commit
    }

    fn write<R: Record>(
        &mut self,
        scope: &Scope,
        id: &str,
        record: Option<&R>,
        create: bool,
    ) -> Result<(), StoreError> {
        let key = Key::new(scope, R::SERVICE, R::KIND, id)?;
        let body = record.map(encode).transpose()?;
        // Reading it back here gives the cache its value, and stops a record that nobody could read again.
        let value = match &body {
            Some(body) => Some(decode::<R>(body)? as Decoded),
            None => None,
        };
        // An earlier write of the same transaction already settled whether the record has to be absent.
        let create = self.commit.writes.get(&key).map_or(create, |earlier| earlier.create);
        self.commit.writes.insert(key, Write { body, value, create });
        Ok(())
    }

    async fn fetch<R: Record>(&self, key: &Key) -> Result<Cached, StoreError> {
        let fill = self.backend.cache().begin_fill(key);
        let cached = match self.backend.get(key).await? {
            Some((version, body)) => {
                Cached::new(version, Some(decode::<R>(&body)? as Decoded), body.len())
            }
            None => Cached::absent(),
        };
        self.backend.cache().fill(fill, key, cached.clone());
        Ok(cached)
    }

    fn cached_or_decoded<R: Record>(
        &self,
        key: &Key,
        version: i64,
        body: &[u8],
    ) -> Result<Arc<R>, StoreError> {
        let cached = self.backend.cache().get(key).filter(|cached| cached.version == version);
        match cached.and_then(|cached| cached.value).map(Arc::downcast::<R>) {
            Some(Ok(record)) => Ok(record),
            _ => decode(body),
        }
    }
}

impl Commit {
    /// Every record concerned.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &Key> {
        self.checks.keys().chain(self.writes.keys())
    }

    pub(crate) fn is_read_only(&self) -> bool {
        self.writes.is_empty()
            && self.journal.body.is_empty()
            && self.events.is_empty()
            && self.dues.is_empty()
            && self.tallies.is_empty()
    }

    /// Roughly how much it adds to a batch.
    pub(crate) fn bytes(&self) -> usize {
        let bodies = self.writes.values().filter_map(|write| write.body.as_ref());
        self.journal.body.len()
            + self.events.iter().map(Vec::len).sum::<usize>()
            + bodies.map(|body| body.len()).sum::<usize>()
    }
}

impl From<Tx> for Commit {
    fn from(tx: Tx) -> Self {
        tx.into_commit()
    }
}

fn typed<R: Record>(value: Option<&Decoded>) -> Result<Option<Arc<R>>, StoreError> {
    let downcast = value.cloned().map(Arc::downcast::<R>).transpose();
    downcast.map_err(|_| StoreError::Corrupt("two record types share one service and kind"))
}
