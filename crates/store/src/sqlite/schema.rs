//! SQLite connections, tables and their migrations.
//!
//! A migration, once released, never changes; a new one is added behind it. Each runs in one transaction with the
//! raising of the version.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, OptionalExtension as _, TransactionBehavior};

use crate::StoreError;

/// What brings the schema from version n to n + 1, by n.
const MIGRATIONS: &[&str] = &[
    // Keys lead to rows directly, without a rowid between: every access to these tables is by key.
    "CREATE TABLE record (key BLOB PRIMARY KEY, version INTEGER NOT NULL, body BLOB NOT NULL)
         STRICT, WITHOUT ROWID;
     CREATE TABLE journal (seq INTEGER PRIMARY KEY, first_at INTEGER NOT NULL, last_at INTEGER NOT NULL,
         body BLOB NOT NULL) STRICT;
     CREATE TABLE outbox (seq INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
     CREATE TABLE due (key BLOB PRIMARY KEY, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
     CREATE INDEX due_at ON due (at, key);
     CREATE TABLE tally (key BLOB NOT NULL, counter TEXT NOT NULL, count INTEGER NOT NULL, last INTEGER NOT NULL,
         PRIMARY KEY (key, counter)) STRICT, WITHOUT ROWID;
     CREATE TABLE lease (name TEXT PRIMARY KEY, holder TEXT NOT NULL, until INTEGER NOT NULL)
         STRICT, WITHOUT ROWID;
     INSERT INTO meta (name, value) VALUES ('epoch', 0);",
    // A shared row has several groups, each behind its number and its length. The mark is the last group of the commit
    // log that the tables have.
    "ALTER TABLE journal ADD COLUMN shared INTEGER NOT NULL DEFAULT 0;
     INSERT INTO meta (name, value) VALUES ('folded', 0);",
];

/// Pages that the writer keeps in memory, in KiB, negative as SQLite wants it.
const WRITER_CACHE_KIB: i32 = -4096;
/// The same for one reader.
const READER_CACHE_KIB: i32 = -1024;
/// Statements that a connection keeps prepared; more than either side has.
const PREPARED_STATEMENTS: usize = 32;

/// The connection of the writer or of the background thread.
pub(super) fn open_writable(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    // The background thread decides when; see its module.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    // Deleted rows are overwritten where that costs no extra page, so that little outlives its deletion.
    connection.pragma_update(None, "secure_delete", "fast")?;
    connection.pragma_update(None, "cache_size", WRITER_CACHE_KIB)?;
    connection.set_prepared_statement_cache_capacity(PREPARED_STATEMENTS);
    Ok(connection)
}

/// A connection that cannot write.
pub(super) fn open_readable(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.pragma_update(None, "cache_size", READER_CACHE_KIB)?;
    connection.set_prepared_statement_cache_capacity(PREPARED_STATEMENTS);
    Ok(connection)
}

/// Migrates and returns the number of this opening, which no other opening of the same data has.
pub(super) fn prepare(connection: &mut Connection) -> Result<i64, StoreError> {
    let known = MIGRATIONS.len() as i64;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(
        "CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID",
    )?;
    let found = transaction
        .query_row("SELECT value FROM meta WHERE name = 'schema'", [], |row| row.get(0))
        .optional()?
        .unwrap_or(0);
    if found > known {
        return Err(StoreError::SchemaTooNew { found, known });
    }
    for migration in &MIGRATIONS[usize::try_from(found).unwrap_or(0)..] {
        transaction.execute_batch(migration)?;
    }
    transaction.execute(
        "INSERT INTO meta (name, value) VALUES ('schema', ?1) ON CONFLICT (name) DO UPDATE SET value = ?1",
        [known],
    )?;
    let epoch = transaction.query_row(
        "UPDATE meta SET value = value + 1 WHERE name = 'epoch' RETURNING value",
        [],
        |row| row.get(0),
    )?;
    transaction.commit()?;
    Ok(epoch)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_schema_is_refused() {
        let mut connection = Connection::open_in_memory().expect("opens");
        assert_eq!(prepare(&mut connection).expect("migrates"), 1);
        assert_eq!(prepare(&mut connection).expect("is migrated"), 2);
        connection.execute("UPDATE meta SET value = 99 WHERE name = 'schema'", []).expect("writes");
        assert!(matches!(
            prepare(&mut connection),
            Err(StoreError::SchemaTooNew { found: 99, known: 2 })
        ));
    }
}
