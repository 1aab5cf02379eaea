//! The handle that everything above holds.

use std::path::PathBuf;
use std::sync::Arc;

use base::Timestamp;

use crate::backend::Backend;
use crate::key::KeyRange;
use crate::postgres::Postgres;
use crate::sqlite::Sqlite;
use crate::{Commit, JournalPage, JournalQuery, Key, Scope, StoreError, Tx};

/// Where the data lives.
#[derive(Clone, Debug)]
pub enum StoreConfig {
    /// In a folder of this machine, which belongs to one process at a time. Created if missing.
    Sqlite {
        /// The folder.
        dir: PathBuf,
    },
    /// In a database that speaks PostgreSQL's protocol, shared by any number of nodes.
    Postgres {
        /// `postgresql://user:password@host:port/database`, or PostgreSQL's `key=value` form. The connection is not
        /// encrypted: keep it on the same machine or inside a tunnel.
        url: String,
    },
}

/// A store of records. Cheap to clone; the data is released when the last clone and transaction are gone.
#[derive(Clone)]
pub struct Store {
    backend: Arc<Backend>,
}

/// Work whose time has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// What is due: the kind of the key is the kind of work.
    pub key: Key,
    /// Since when.
    pub at: Timestamp,
}

/// An event that waits to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxEvent {
    /// Its place, for [`Store::outbox_acknowledge`]. Unique for the life of the data.
    pub seq: i64,
    /// What was given to [`Tx::emit`].
    pub body: Vec<u8>,
}

/// How often something was used, and when last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// What was used.
    pub key: Key,
    /// The counter, such as the operation.
    pub counter: String,
    /// Uses so far.
    pub count: u64,
    /// The last use.
    pub last: Timestamp,
}

impl Store {
    /// Opens the store, creating or migrating its tables as needed.
    ///
    /// # Errors
    /// [`StoreError::InUse`], [`StoreError::SchemaTooNew`], or what the file system or the database says.
    pub async fn open(config: StoreConfig) -> Result<Self, StoreError> {
        let backend = match config {
            StoreConfig::Sqlite { dir } => Backend::Sqlite(Sqlite::open(dir).await?),
            StoreConfig::Postgres { url } => Backend::Postgres(Postgres::open(&url).await?),
        };
        Ok(Self { backend: Arc::new(backend) })
    }

    /// Starts a transaction. Costs nothing until it reads.
    pub fn begin(&self) -> Tx {
        Tx::new(self.backend.clone())
    }

    /// Makes the transaction's writes durable, all or none; returns when they are. A transaction without writes is only
    /// checked. Dropping the future does not call back a commit that is on its way.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if something read has changed: run the transaction again.
    /// [`StoreError::OutcomeUnknown`] if only the database knows what happened. All others: nothing was written.
    pub async fn commit(&self, commit: impl Into<Commit>) -> Result<(), StoreError> {
        let commit = commit.into();
        if commit.is_read_only() && commit.checks.is_empty() {
            return Ok(());
        }
        self.backend.commit(commit).await
    }

    /// Deletes everything that was stored, except leases. Transactions that have read any of it will conflict.
    ///
    /// # Errors
    /// A failing database.
    pub async fn reset(&self) -> Result<(), StoreError> {
        self.backend.reset().await
    }

    /// A page of audit entries, newest first.
    ///
    /// # Errors
    /// A failing database.
    pub async fn journal(&self, query: JournalQuery) -> Result<JournalPage, StoreError> {
        self.backend.journal(query).await
    }

    /// Up to `limit` entries of the due index whose time is `now` or earlier, earliest first. They stay on the index
    /// until a transaction moves or removes them. With [`Timestamp::MAX`] as `now` and a limit of one it tells when
    /// the next work is due.
    ///
    /// # Errors
    /// A failing database.
    pub async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<Due>, StoreError> {
        self.backend.due(now, limit).await
    }

    /// Up to `limit` events that wait to be sent, oldest first. They stay until acknowledged, so a sender that dies
    /// sends again: at least once, never never.
    ///
    /// # Errors
    /// A failing database.
    pub async fn outbox(&self, limit: usize) -> Result<Vec<OutboxEvent>, StoreError> {
        self.backend.outbox(limit).await
    }

    /// Takes exactly these events off the outbox.
    ///
    /// # Errors
    /// A failing database.
    pub async fn outbox_acknowledge(&self, events: &[i64]) -> Result<(), StoreError> {
        if events.is_empty() { Ok(()) } else { self.backend.acknowledge(events.to_vec()).await }
    }

    /// The counters of a scope below `path`: nothing, a service, a kind of it, or one id, as far as given.
    ///
    /// # Errors
    /// An invalid component, or a failing database.
    pub async fn tallies(&self, scope: &Scope, path: &[&str]) -> Result<Vec<Tally>, StoreError> {
        self.backend.tallies(KeyRange::below(scope, path)?).await
    }

    /// Every account and Region that has a record, in order.
    ///
    /// # Errors
    /// A failing database.
    pub async fn scopes(&self) -> Result<Vec<Scope>, StoreError> {
        self.backend.scopes().await
    }

    /// Takes or extends a lease: true if `holder` has it until `until`, false if somebody else has it past `now`.
    ///
    /// # Errors
    /// A failing database.
    pub async fn try_lease(
        &self,
        name: &str,
        holder: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        self.backend.try_lease(name, holder, now, until).await
    }

    /// Gives a lease back, if `holder` has it.
    ///
    /// # Errors
    /// A failing database.
    pub async fn release_lease(&self, name: &str, holder: &str) -> Result<(), StoreError> {
        self.backend.release(name, holder).await
    }

    /// Finishes the commits under way and releases the database; what is asked of the store later is answered with
    /// [`StoreError::Closed`]. Needed only where the release must have happened at a certain point, as before opening
    /// the same folder again.
    pub async fn close(&self) {
        self.backend.close().await;
    }
}
