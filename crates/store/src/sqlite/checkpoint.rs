//! Moving what the WAL holds into the database, without holding up commits.
//!
//! SQLite would do it inside the commit that fills the WAL, which then takes many times as long as the others. Here a
//! thread of its own copies the bulk while commits go on; what arrived meanwhile is a short tail, which the writer
//! copies itself between two commits. Only then is the whole WAL in the database, and the next commit starts to
//! overwrite it, so that it stays near [`WAL_PAGES`] in size.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use rusqlite::Connection;

use super::schema;
use crate::StoreError;

/// Pages (of 4 KiB) in the WAL from which it is worth copying.
const WAL_PAGES: i64 = 2048;

pub(super) struct Checkpointer {
    wake: Option<SyncSender<()>>,
    /// Whether a copy is under way.
    busy: Arc<AtomicBool>,
    /// Whether the bulk has been copied and the tail is the writer's to do.
    tail_is_due: bool,
    /// The WAL's length as estimated by the writer.
    pages: i64,
    thread: Option<JoinHandle<()>>,
}

impl Checkpointer {
    pub(super) fn start(path: &Path) -> Result<Self, StoreError> {
        let connection = schema::open_writable(path)?;
        let (wake, woken) = sync_channel(1);
        let busy = Arc::new(AtomicBool::new(false));
        let flag = busy.clone();
        let thread = std::thread::Builder::new()
            .name("store-checkpoint".into())
            .spawn(move || copy_when_woken(&connection, &woken, &flag))
            .map_err(|e| StoreError::file(path, e))?;
        Ok(Self { wake: Some(wake), busy, tail_is_due: false, pages: 0, thread: Some(thread) })
    }

    /// Takes note of a commit that wrote about `pages`. `writer` is the connection that made it.
    pub(super) fn committed(&mut self, pages: i64, writer: &Connection) {
        self.pages += pages;
        if self.pages < WAL_PAGES || self.busy.load(Ordering::Acquire) {
            return;
        }
        if self.tail_is_due {
            self.tail_is_due = false;
            // What a reader still holds back stays for the next round.
            self.pages = passive(writer);
        } else if let Some(wake) = &self.wake {
            self.busy.store(true, Ordering::Release);
            self.tail_is_due = wake.try_send(()).is_ok();
        }
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.wake = None;
        if let Some(Err(_)) = self.thread.take().map(JoinHandle::join) {
            tracing::error!("the store's checkpointer ended by a panic");
        }
    }
}

fn copy_when_woken(connection: &Connection, woken: &Receiver<()>, busy: &AtomicBool) {
    while woken.recv().is_ok() {
        passive(connection);
        busy.store(false, Ordering::Release);
    }
}

/// Copies what can be copied without waiting for anyone; returns the pages that remain.
fn passive(connection: &Connection) -> i64 {
    let copied =
        connection.prepare_cached("PRAGMA wal_checkpoint(PASSIVE)").and_then(|mut statement| {
            statement.query_row([], |row| Ok((row.get::<_, i64>(1)?, row.get::<_, i64>(2)?)))
        });
    match copied {
        Ok((in_wal, copied)) => (in_wal - copied).max(0),
        Err(error) => {
            // Nothing is lost: the WAL is as durable as the database, and only grows until a later copy works.
            tracing::warn!(%error, "the database's WAL could not be checkpointed");
            0
        }
    }
}
