//! What happens to commits once they are durable, without holding up those that come: groups of the log are folded
//! into the tables, and what the WAL holds is copied into the database.
//!
//! SQLite would do the copying inside the commit that fills the WAL, which then takes many times as long as the others.
//! Here a thread of its own copies the bulk while commits go on; what arrived meanwhile is a short tail, which the
//! writer copies itself between two commits. Only then is the whole WAL in the database, and the next commit starts to
//! overwrite it, so that it stays near [`WAL_PAGES`] in size.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use rusqlite::Connection;

use super::fold;
use super::log::Unfolded;
use super::schema;
use super::turn::Turn;
use crate::StoreError;

/// Pages (of 4 KiB) in the WAL from which it is worth copying.
const WAL_PAGES: i64 = 2048;
/// Bytes of groups that are folded in one turn, after which the writer may have its own.
const FOLD_BYTES: usize = 1024 * 1024;

/// The writer's handle on the thread.
pub(super) struct Background {
    work: Option<Sender<Work>>,
    /// Whether a copy is under way.
    copying: Arc<AtomicBool>,
    /// Whether the bulk has been copied and the tail is the writer's to do.
    tail_is_due: bool,
    /// The WAL's length as estimated by the writer.
    pages: i64,
    thread: Option<JoinHandle<()>>,
}

enum Work {
    /// Fold all groups, and tell the outcome to who waits for it.
    Fold(Option<Sender<Result<(), StoreError>>>),
    /// Copy the WAL.
    Copy,
}

impl Background {
    pub(super) fn start(
        path: &Path,
        unfolded: Arc<Unfolded>,
        turn: Arc<Turn>,
    ) -> Result<Self, StoreError> {
        let connection = schema::open_writable(path)?;
        let (work, orders) = channel();
        let copying = Arc::new(AtomicBool::new(false));
        let worker = Worker { connection, unfolded, turn, copying: copying.clone() };
        let thread = std::thread::Builder::new()
            .name("store-background".into())
            .spawn(move || worker.run(&orders))
            .map_err(|e| StoreError::file(path, e))?;
        Ok(Self { work: Some(work), copying, tail_is_due: false, pages: 0, thread: Some(thread) })
    }

    /// Has all groups folded some time soon.
    pub(super) fn fold_soon(&self) {
        self.order(Work::Fold(None));
    }

    /// Returns when all groups are folded.
    pub(super) fn fold(&self) -> Result<(), StoreError> {
        let (reply, outcome) = channel();
        self.order(Work::Fold(Some(reply)));
        outcome.recv().unwrap_or(Err(StoreError::Closed))
    }

    /// Takes note of a transaction that wrote about `pages`. `writer` is the connection that made it.
    pub(super) fn committed(&mut self, pages: i64, writer: &Connection) {
        self.pages += pages;
        if self.pages < WAL_PAGES || self.copying.load(Ordering::Acquire) {
            return;
        }
        if self.tail_is_due {
            self.tail_is_due = false;
            // What a reader still holds back stays for the next round.
            self.pages = copy_wal(writer);
        } else {
            self.copying.store(true, Ordering::Release);
            self.tail_is_due = self.order(Work::Copy);
        }
    }

    fn order(&self, work: Work) -> bool {
        self.work.as_ref().is_some_and(|orders| orders.send(work).is_ok())
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.work = None;
        if let Some(Err(_)) = self.thread.take().map(JoinHandle::join) {
            tracing::error!("the store's background thread ended by a panic");
        }
    }
}

struct Worker {
    connection: Connection,
    unfolded: Arc<Unfolded>,
    turn: Arc<Turn>,
    copying: Arc<AtomicBool>,
}

impl Worker {
    fn run(&self, orders: &Receiver<Work>) {
        while let Ok(work) = orders.recv() {
            match work {
                Work::Fold(reply) => {
                    let result = self.fold();
                    if let Err(error) = &result {
                        // Nothing is lost: the groups stay in the log until a later attempt works.
                        tracing::warn!(%error, "the commit log could not be folded");
                    }
                    if let Some(reply) = reply {
                        // A writer that went away has no interest in the outcome.
                        let _ = reply.send(result);
                    }
                    copy_wal(&self.connection);
                }
                Work::Copy => {
                    copy_wal(&self.connection);
                    self.copying.store(false, Ordering::Release);
                }
            }
        }
    }

    fn fold(&self) -> Result<(), StoreError> {
        loop {
            let groups = self.unfolded.oldest(FOLD_BYTES);
            let Some(last) = groups.last() else { return Ok(()) };
            self.turn
                .transaction(&self.connection, |connection| fold::fold(connection, &groups))?;
            self.unfolded.folded(last.seq);
        }
    }
}

/// Copies what can be copied without waiting for anyone; returns the pages that remain.
fn copy_wal(connection: &Connection) -> i64 {
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
