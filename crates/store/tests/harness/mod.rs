//! Places for a store to live in during a test, and records to put there.

#![allow(dead_code, reason = "each test program uses a part")]

use std::sync::Arc;

use base::{AccountId, Random as _, Timestamp};
use serde::{Deserialize, Serialize};
use store::{JournalEntry, JournalQuery, Key, Record, Scope, Store, StoreConfig, StoreError};
use tempfile::TempDir;

/// Names the database for PostgreSQL's tests.
const POSTGRES_VARIABLE: &str = "BASTIDE_TEST_POSTGRES";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thing {
    pub n: u64,
}

impl Record for Thing {
    const SERVICE: &'static str = "test";
    const KIND: &'static str = "thing";
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Name {
    pub name: String,
}

impl Record for Name {
    const SERVICE: &'static str = "test";
    const KIND: &'static str = "name";
}

pub fn scope() -> Scope {
    Scope::new(AccountId::DEFAULT, "eu-central-1".parse().expect("valid"))
}

pub fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

pub fn key(id: &str) -> Key {
    Key::new(&scope(), Thing::SERVICE, Thing::KIND, id).expect("valid")
}

/// Where a test's data lives: its own folder, or its own schema of the database.
#[derive(Clone)]
pub enum Home {
    Sqlite(Arc<TempDir>),
    Postgres { url: String, schema: String },
}

impl Home {
    pub fn sqlite() -> Self {
        Self::Sqlite(Arc::new(tempfile::tempdir().expect("a folder")))
    }

    /// `None`, and a word about it, where no database is named.
    pub async fn postgres() -> Option<Self> {
        let Ok(url) = std::env::var(POSTGRES_VARIABLE) else {
            eprintln!("skipped: {POSTGRES_VARIABLE} names no PostgreSQL database");
            return None;
        };
        let schema = format!("test_{}", base::random::System.uuid().replace('-', ""));
        let home = Self::Postgres { url, schema: schema.clone() };
        home.execute(&format!("CREATE SCHEMA {schema}")).await;
        Some(home)
    }

    pub fn config(&self) -> StoreConfig {
        match self {
            Self::Sqlite(dir) => StoreConfig::Sqlite { dir: dir.path().join("data") },
            Self::Postgres { url, schema } => {
                let mark = if url.contains('?') { '&' } else { '?' };
                // The application name lets a test find the connections of its own store.
                let more = format!("options=-csearch_path%3D{schema}&application_name={schema}");
                StoreConfig::Postgres { url: format!("{url}{mark}{more}") }
            }
        }
    }

    /// Host and port that the database's URL names; `None` where it names a socket file or leaves them open.
    pub fn postgres_address(&self) -> Option<(String, u16)> {
        let Self::Postgres { url, .. } = self else { return None };
        let parts = url.split(['@', '/', '?']).filter_map(|part| part.split_once(':'));
        let address =
            parts.filter_map(|(host, port)| Some((host.to_owned(), port.parse().ok()?))).next();
        if address.is_none() {
            eprintln!("skipped: {POSTGRES_VARIABLE} names no host and port to put a proxy before");
        }
        address
    }

    pub async fn open(&self) -> Store {
        Store::open(self.config()).await.expect("opens")
    }

    /// Cuts every connection of this home's stores, as a failing network would.
    pub async fn kill_connections(&self) {
        if let Self::Postgres { schema, .. } = self {
            self.execute(&format!(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '{}'",
                &schema[..schema.len().min(63)]
            ))
            .await;
        }
    }

    pub async fn drop_schema(&self) {
        if let Self::Postgres { schema, .. } = self {
            self.execute(&format!("DROP SCHEMA {schema} CASCADE")).await;
        }
    }

    async fn execute(&self, sql: &str) {
        let Self::Postgres { url, .. } = self else { return };
        let (client, connection) =
            tokio_postgres::connect(url, tokio_postgres::NoTls).await.expect("the named database");
        let driver = tokio::spawn(connection);
        client.batch_execute(sql).await.expect(sql);
        drop(client);
        driver.await.expect("no panic").expect("a clean end");
    }
}

pub fn entry(n: i64, word: &str) -> JournalEntry {
    JournalEntry {
        scope: scope(),
        at: at(n),
        id: format!("entry-{n}"),
        body: format!("{{\"n\":{n},\"word\":\"{word}\"}}").into_bytes(),
    }
}

/// The record's number as the database has it, not as this node remembers it: a commit verifies what was read.
pub async fn read(store: &Store, id: &str) -> Option<u64> {
    loop {
        let mut tx = store.begin();
        let thing = tx.get::<Thing>(&scope(), id).await.expect("reads");
        if is_done(&store.commit(tx).await) {
            return thing.map(|thing| thing.n);
        }
    }
}

pub async fn put(store: &Store, id: &str, n: u64) {
    let mut tx = store.begin();
    tx.put(&scope(), id, &Thing { n }).expect("valid");
    store.commit(tx).await.expect("commits");
}

pub async fn increment(store: &Store, id: &str) {
    loop {
        let mut tx = store.begin();
        let n = tx.get::<Thing>(&scope(), id).await.expect("reads").map_or(0, |thing| thing.n);
        tx.put(&scope(), id, &Thing { n: n + 1 }).expect("valid");
        tx.tally(key(id), "Increment", 1, at(0));
        tx.journal(&entry(0, id)).expect("fits");
        if is_done(&store.commit(tx).await) {
            return;
        }
    }
}

/// Whether it was committed rather than refused by a conflict; nothing else may happen.
pub fn is_done(result: &Result<(), StoreError>) -> bool {
    match result {
        Ok(()) => true,
        Err(StoreError::Conflict) => false,
        Err(error) => panic!("{error:?}"),
    }
}

/// Times of the entries of a whole query.
pub async fn history(store: &Store, query: JournalQuery) -> Vec<i64> {
    let page = store.journal(query).await.expect("reads");
    page.entries.iter().map(|entry| entry.at.millis()).collect()
}
