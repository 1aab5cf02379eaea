//! Typed, versioned records in an ordered key space, with multi-record optimistic transactions, an audit journal, an
//! outbox, a due index and tallies, on SQLite or PostgreSQL.
//!
//! What holds on both: a commit is whole or absent; it is acknowledged only when it is durable; it fails with
//! [`StoreError::Conflict`] if a record that it rests on has changed. Only this crate knows SQL, and nobody outside
//! sees a row or a statement. It reads no clock: every time is given by the caller.
//!
//! ```no_run
//! # use store::{Record, Scope, Store, StoreConfig, StoreError};
//! # #[derive(serde::Serialize, serde::Deserialize)]
//! struct Account { uses: u64 }
//! # impl Record for Account { const SERVICE: &'static str = "demo"; const KIND: &'static str = "account"; }
//! # async fn demo(store: Store, scope: Scope) -> Result<(), StoreError> {
//! loop {
//!     let mut tx = store.begin();
//!     let uses = tx.get::<Account>(&scope, "a").await?.map_or(0, |account| account.uses);
//!     tx.put(&scope, "a", &Account { uses: uses + 1 })?;
//!     match store.commit(tx).await {
//!         Err(StoreError::Conflict) => continue,
//!         result => return result,
//!     }
//! }
//! # }
//! ```

mod backend;
mod batch;
mod cache;
mod error;
pub mod frame;
mod journal;
mod key;
mod postgres;
mod record;
mod sqlite;
mod store;
mod tx;

pub use cache::{CACHE_MAX_BYTES, SHARED_PEEK_MAX_AGE};
pub use error::{Cause, StoreError};
pub use journal::{
    InvalidJournalToken, JOURNAL_ENTRY_MAX_BYTES, JOURNAL_SCAN_MAX_BYTES, JournalEntry,
    JournalPage, JournalQuery, JournalToken,
};
pub use key::{GLOBAL, KEY_MAX_BYTES, Key, Scope};
pub use record::{RECORD_MAX_BYTES, Record};
pub use store::{Due, OutboxEvent, Store, StoreConfig, Tally};
pub use tx::{Commit, EVENT_MAX_BYTES, Range, Tx};
