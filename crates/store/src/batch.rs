//! Group commit, the part that knows no SQL: many commits folded into one set of writes.
//!
//! Commits are admitted in the order of their arrival. Each is checked against the versions that the database holds
//! plus the writes of those admitted before it, and enters whole or not at all; so the batch equals its commits run one
//! after another, and no savepoints are needed.

use std::collections::BTreeMap;
use std::sync::Arc;

use base::Timestamp;
use tokio::sync::oneshot;

use crate::cache::{Cached, ReadCache};
use crate::frame::Group;
use crate::journal::JournalRow;
use crate::tx::{Commit, Write};
use crate::{Key, StoreError};

/// Commits that share one fsync at most.
pub(crate) const BATCH_MAX_COMMITS: usize = 256;
/// Bytes after which a batch takes no further commits.
pub(crate) const BATCH_MAX_BYTES: usize = 4 * 1024 * 1024;

/// Bits of a version that count the commits of one opening; the rest is the number of the opening.
const COUNTER_BITS: u32 = 40;

/// Numbers that no other opening of the same data gives out: a deleted and recreated record never has the version that
/// somebody saw before, and versions of one process rise.
pub(crate) struct VersionSource(i64);

impl VersionSource {
    pub(crate) fn new(epoch: i64) -> Self {
        Self(epoch << COUNTER_BITS)
    }

    pub(crate) fn next(&mut self) -> i64 {
        self.reserve(1)
    }

    /// The first of `count` numbers in a row.
    pub(crate) fn reserve(&mut self, count: usize) -> i64 {
        let first = self.0 + 1;
        self.0 += count as i64;
        first
    }
}

/// A commit on its way to the writer, and where its outcome is awaited.
pub(crate) struct Pending {
    pub(crate) commit: Commit,
    pub(crate) reply: oneshot::Sender<Result<(), StoreError>>,
}

/// The last state of a record within the batch.
pub(crate) struct Change {
    /// 0 for a deletion.
    pub(crate) version: i64,
    pub(crate) write: Write,
}

/// Uses of one counter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TallyDelta {
    pub(crate) count: u64,
    pub(crate) last: Timestamp,
}

impl TallyDelta {
    pub(crate) fn merge(&mut self, other: TallyDelta) {
        self.count = self.count.saturating_add(other.count);
        self.last = self.last.max(other.last);
    }
}

/// The folded writes of the admitted commits.
#[derive(Default)]
pub(crate) struct Batch {
    pub(crate) changes: BTreeMap<Key, Change>,
    pub(crate) journal: JournalRow,
    pub(crate) events: Vec<Vec<u8>>,
    pub(crate) dues: BTreeMap<Key, Option<Timestamp>>,
    pub(crate) tallies: BTreeMap<(Key, Arc<str>), TallyDelta>,
    admitted: Vec<Pending>,
    refused: Vec<Pending>,
}

impl Batch {
    /// Checks a commit and takes its writes, giving them `version`; or puts it aside as a conflict.
    ///
    /// `stored` tells the version of a record in the database. If it fails, the commit is told so and the batch is as
    /// before.
    pub(crate) fn admit(
        &mut self,
        mut pending: Pending,
        version: i64,
        stored: &mut dyn FnMut(&Key) -> Result<i64, StoreError>,
    ) {
        match self.holds(&pending.commit, stored) {
            Ok(true) => {}
            Ok(false) => {
                self.refused.push(pending);
                return;
            }
            Err(error) => {
                // A caller that went away has no interest in the outcome, here as below.
                let _ = pending.reply.send(Err(error));
                return;
            }
        }
        let commit = &mut pending.commit;
        for (key, write) in std::mem::take(&mut commit.writes) {
            let version = if write.body.is_some() { version } else { 0 };
            self.changes.insert(key, Change { version, write });
        }
        self.journal.append(&commit.journal);
        self.events.append(&mut commit.events);
        self.dues.append(&mut commit.dues);
        for (counter, delta) in std::mem::take(&mut commit.tallies) {
            self.tallies.entry(counter).and_modify(|sum| sum.merge(delta)).or_insert(delta);
        }
        self.admitted.push(pending);
    }

    /// Whether there is nothing to write.
    pub(crate) fn is_empty(&self) -> bool {
        self.changes.is_empty()
            && self.journal.body.is_empty()
            && self.events.is_empty()
            && self.dues.is_empty()
            && self.tallies.is_empty()
    }

    /// Takes everything out if it is journal entries and tallies only and fits a frame of so many bytes.
    pub(crate) fn take_group(&mut self, seq: i64, frame_max_bytes: usize) -> Option<Group> {
        let alone = self.changes.is_empty() && self.events.is_empty() && self.dues.is_empty();
        if !alone || Group::frame_bytes(&self.journal, &self.tallies) > frame_max_bytes {
            return None;
        }
        let tallies = std::mem::take(&mut self.tallies).into_iter().collect();
        Some(Group { seq, journal: std::mem::take(&mut self.journal), tallies })
    }

    /// Puts committed records into the cache, then tells every caller its outcome. Conflicts are told last and only
    /// now, so that a transaction that runs again reads what it collided with.
    pub(crate) fn finish(self, result: Result<(), StoreError>, cache: &ReadCache) {
        if result.is_ok() {
            for (key, change) in self.changes {
                let Write { body, value, .. } = change.write;
                let bytes = body.map_or(0, |body| body.len());
                cache.publish(&key, Cached::new(change.version, value, bytes));
            }
        } else {
            // What the database holds is unknown after some failures; reading it again is always right.
            self.changes.keys().for_each(|key| cache.evict(key));
        }
        for pending in &self.refused {
            pending.commit.keys().for_each(|key| cache.evict(key));
        }
        for pending in self.admitted {
            let _ = pending.reply.send(result.clone());
        }
        for pending in self.refused {
            let _ = pending.reply.send(Err(StoreError::Conflict));
        }
    }

    fn holds(
        &self,
        commit: &Commit,
        stored: &mut dyn FnMut(&Key) -> Result<i64, StoreError>,
    ) -> Result<bool, StoreError> {
        let must_be_absent =
            commit.writes.iter().filter(|(_, write)| write.create).map(|(key, _)| (key, &0));
        for (key, seen) in commit.checks.iter().chain(must_be_absent) {
            let current = match self.changes.get(key) {
                Some(change) => change.version,
                None => stored(key)?,
            };
            if current != *seen {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use base::AccountId;

    use super::*;
    use crate::Scope;

    fn key(id: &str) -> Key {
        Key::new(&Scope::global(AccountId::DEFAULT), "s", "k", id).expect("valid")
    }

    fn pending(
        check: Option<i64>,
        write: bool,
    ) -> (Pending, oneshot::Receiver<Result<(), StoreError>>) {
        let mut commit = Commit::default();
        commit.checks.extend(check.map(|version| (key("a"), version)));
        if write {
            let write = Write { body: Some(b"body"[..].into()), value: None, create: false };
            commit.writes.insert(key("a"), write);
        }
        let delta = TallyDelta { count: 2, last: Timestamp::EPOCH };
        commit.tallies.push(((key("a"), "Use".into()), delta));
        let (reply, outcome) = oneshot::channel();
        (Pending { commit, reply }, outcome)
    }

    #[test]
    fn a_batch_equals_its_commits_one_after_another() {
        let cache = ReadCache::new(false);
        let mut numbers = VersionSource::new(1);
        let mut batch = Batch::default();
        let mut outcomes = Vec::new();
        let written = numbers.next() + 2;
        // Read at 7 and unchanged; read at 7 and changed; read at 7, which it no longer is; as changed just now.
        for (check, write) in [(7, false), (7, true), (7, true), (written, false)] {
            let (pending, outcome) = pending(Some(check), write);
            batch.admit(pending, numbers.next(), &mut |_| Ok(7));
            outcomes.push(outcome);
        }
        let (unlucky, lost) = pending(Some(7), false);
        Batch::default().admit(unlucky, 1, &mut |_| Err(StoreError::Closed));
        assert_eq!(batch.changes[&key("a")].version, written);
        assert_eq!(batch.tallies[&(key("a"), "Use".into())].count, 6);
        batch.finish(Ok(()), &cache);
        let results: Vec<_> =
            outcomes.iter_mut().map(|o| o.try_recv().expect("answered").is_ok()).collect();
        assert_eq!(results, [true, true, false, true]);
        assert!(matches!({ lost }.try_recv(), Ok(Err(StoreError::Closed))));
    }
}
