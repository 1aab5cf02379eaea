//! PostgreSQL's tables and their migrations.
//!
//! A migration, once released, never changes; a new one is added behind it. Nodes that start together migrate one after
//! another, under an advisory lock.

use super::link::{Connection, database_error};
use crate::StoreError;

/// First half of the numbers of every advisory lock taken by this crate ("bast" in ASCII).
pub(super) const LOCK_CLASS: i32 = 0x6261_7374;
/// Second half for migrations; the writer's stripes count up from zero.
const MIGRATION_LOCK: i32 = -1;

/// What brings the schema from version n to n + 1, by n.
const MIGRATIONS: &[&str] = &[
    "CREATE TABLE record (key BYTEA PRIMARY KEY, version BIGINT NOT NULL, body BYTEA NOT NULL);
     CREATE TABLE journal (seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, first_at BIGINT NOT NULL,
         last_at BIGINT NOT NULL, body BYTEA NOT NULL);
     CREATE TABLE outbox (seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body BYTEA NOT NULL);
     CREATE TABLE due (key BYTEA PRIMARY KEY, at BIGINT NOT NULL);
     CREATE INDEX due_at ON due (at, key);
     CREATE TABLE tally (key BYTEA NOT NULL, counter TEXT NOT NULL, count BIGINT NOT NULL, last BIGINT NOT NULL,
         PRIMARY KEY (key, counter));
     CREATE TABLE lease (name TEXT PRIMARY KEY, holder TEXT NOT NULL, until BIGINT NOT NULL);
     INSERT INTO meta (name, value) VALUES ('epoch', 0);",
];

/// Migrates and returns the number of this opening, which no other opening of the same data has.
pub(super) async fn prepare(connection: &Connection) -> Result<i64, StoreError> {
    let client = &connection.client;
    let known = MIGRATIONS.len() as i64;
    let begin = format!("BEGIN; SELECT pg_advisory_xact_lock({LOCK_CLASS}, {MIGRATION_LOCK})");
    client.batch_execute(&begin).await.map_err(database_error)?;
    let epoch = migrate(client, known).await;
    let end = if epoch.is_ok() { "COMMIT" } else { "ROLLBACK" };
    client.batch_execute(end).await.map_err(database_error)?;
    epoch
}

async fn migrate(client: &tokio_postgres::Client, known: i64) -> Result<i64, StoreError> {
    // Read before it is made: a node with fewer rights may open what another has prepared.
    let exists = client
        .query_one("SELECT to_regclass('meta') IS NOT NULL", &[])
        .await
        .map_err(database_error)?;
    if !exists.get::<_, bool>(0) {
        client
            .batch_execute("CREATE TABLE meta (name TEXT PRIMARY KEY, value BIGINT NOT NULL)")
            .await
            .map_err(database_error)?;
    }
    let rows = client
        .query("SELECT value FROM meta WHERE name = 'schema'", &[])
        .await
        .map_err(database_error)?;
    let found = rows.first().map_or(0, |row| row.get(0));
    if found > known {
        return Err(StoreError::SchemaTooNew { found, known });
    }
    for migration in &MIGRATIONS[usize::try_from(found).unwrap_or(0)..] {
        client.batch_execute(migration).await.map_err(database_error)?;
    }
    client
        .execute(
            "INSERT INTO meta (name, value) VALUES ('schema', $1)
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            &[&known],
        )
        .await
        .map_err(database_error)?;
    let epoch = client
        .query_one("UPDATE meta SET value = value + 1 WHERE name = 'epoch' RETURNING value", &[])
        .await
        .map_err(database_error)?;
    Ok(epoch.get(0))
}
