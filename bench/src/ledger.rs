//! The least that durability costs: the records of calls that queued up go into a preallocated file with one write and
//! one sync, and each call is answered when its own record is on disk. No checks, no order, no recovery, no queries.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::sync::mpsc::{Receiver, Sender, channel};

use client::Failure;
use tokio::sync::oneshot;

/// Bytes of a record, as Bastide's audit record of an Encrypt has them.
const RECORD_BYTES: usize = 1100;
/// Size of the file in bytes; it is written round and round.
const FILE_BYTES: usize = 8 * 1024 * 1024;
/// What a write starts at a multiple of, in bytes.
const PAGE_BYTES: usize = 4096;

/// Where records go.
pub(crate) struct Ledger {
    queue: Sender<oneshot::Sender<()>>,
}

impl Ledger {
    /// Makes the file, which is gone when the process is, and starts the thread that writes it.
    pub(crate) fn start() -> Result<Self, Failure> {
        let file = tempfile::tempfile()?;
        file.write_all_at(&vec![0; FILE_BYTES], 0)?;
        file.sync_all()?;
        let (queue, calls) = channel();
        std::thread::Builder::new().name("ledger".into()).spawn(move || write(&file, &calls))?;
        Ok(Self { queue })
    }

    /// Returns when a record is on disk; false if it will never be.
    pub(crate) async fn record(&self) -> bool {
        let (done, wait) = oneshot::channel();
        self.queue.send(done).is_ok() && wait.await.is_ok()
    }
}

fn write(file: &File, calls: &Receiver<oneshot::Sender<()>>) {
    let mut at = 0;
    while let Ok(first) = calls.recv() {
        let group: Vec<_> = std::iter::once(first).chain(calls.try_iter()).collect();
        let bytes = (group.len() * RECORD_BYTES).next_multiple_of(PAGE_BYTES);
        if at + bytes > FILE_BYTES {
            at = 0;
        }
        let written = file.write_all_at(&vec![b'x'; bytes], at as u64);
        if written.and_then(|()| file.sync_data()).is_err() {
            return;
        }
        at += bytes;
        for done in group {
            // A caller that went away has no interest in the outcome.
            let _ = done.send(());
        }
    }
}
