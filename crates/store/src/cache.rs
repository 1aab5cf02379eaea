//! Decoded records in memory, bounded by bytes.
//!
//! What must hold: an entry is never older than what its reader's own store has acknowledged. Readers fill the cache
//! from SQL while the writer publishes commits into it; a fill that began before a publication of the same stripe is
//! dropped. Another node's commits are not seen here: they are found at commit, by the version check, and
//! [`ReadCache::evict`] then makes room for the truth.

use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use base::clock::Stopwatch;
use foldhash::quality::RandomState;
use quick_cache::Weighter;
use quick_cache::sync::{Cache, DefaultLifecycle};

use crate::Key;
use crate::record::Decoded;

/// Stored bytes of the records that are kept decoded. Memory use is some two to three times this.
pub const CACHE_MAX_BYTES: u64 = 32 * 1024 * 1024;
/// Oldest entry that an unchecked read takes where other nodes write to the same database.
pub const SHARED_PEEK_MAX_AGE: Duration = Duration::from_secs(1);

const ESTIMATED_RECORDS: usize = 8 * 1024;
const STRIPES: usize = 64;
/// Weight of an entry's bookkeeping in bytes.
const ENTRY_OVERHEAD_BYTES: u64 = 160;

/// A record as last seen. `version` 0 and no value mean that there is none.
#[derive(Clone)]
pub(crate) struct Cached {
    pub(crate) version: i64,
    pub(crate) value: Option<Decoded>,
    pub(crate) weight: u32,
    seen: Stopwatch,
}

impl Cached {
    pub(crate) fn new(version: i64, value: Option<Decoded>, body_bytes: usize) -> Self {
        let weight = u32::try_from(body_bytes).unwrap_or(u32::MAX);
        Self { version, value, weight, seen: Stopwatch::start() }
    }

    pub(crate) fn absent() -> Self {
        Self::new(0, None, 0)
    }
}

#[derive(Clone)]
struct ByBytes;

impl Weighter<Key, Cached> for ByBytes {
    fn weight(&self, key: &Key, cached: &Cached) -> u64 {
        key.as_bytes().len() as u64 + u64::from(cached.weight) + ENTRY_OVERHEAD_BYTES
    }
}

/// The permission to fill the cache with what is read from SQL after it was taken.
#[derive(Clone, Copy)]
pub(crate) struct Fill(u64);

pub(crate) struct ReadCache {
    entries: Cache<Key, Cached, ByBytes, RandomState>,
    /// Publications so far, by stripe of the key space.
    stripes: Vec<Mutex<u64>>,
    hasher: RandomState,
    /// Whether other nodes write to the same database.
    shared: bool,
}

impl ReadCache {
    pub(crate) fn new(shared: bool) -> Self {
        let hasher = RandomState::default();
        let entries = Cache::with(
            ESTIMATED_RECORDS,
            CACHE_MAX_BYTES,
            ByBytes,
            hasher.clone(),
            DefaultLifecycle::default(),
        );
        let stripes = (0..STRIPES).map(|_| Mutex::new(0)).collect();
        Self { entries, stripes, hasher, shared }
    }

    /// The entry, for a read whose version is checked at commit.
    pub(crate) fn get(&self, key: &Key) -> Option<Cached> {
        self.entries.get(key)
    }

    /// The entry, for a read that nobody checks.
    pub(crate) fn peek(&self, key: &Key) -> Option<Cached> {
        let cached = self.entries.get(key)?;
        (!self.shared || cached.seen.elapsed() <= SHARED_PEEK_MAX_AGE).then_some(cached)
    }

    /// To be called before SQL is read, for [`ReadCache::fill`] after it.
    pub(crate) fn begin_fill(&self, key: &Key) -> Fill {
        Fill(*self.stripe(key))
    }

    /// Keeps what SQL said, unless a commit was published since.
    pub(crate) fn fill(&self, fill: Fill, key: &Key, cached: Cached) {
        let stripe = self.stripe(key);
        if *stripe == fill.0 {
            self.entries.insert(key.clone(), cached);
        }
    }

    /// Puts a committed change in place; to be called after SQL has it and before the commit is acknowledged.
    pub(crate) fn publish(&self, key: &Key, cached: Cached) {
        let mut stripe = self.stripe(key);
        *stripe += 1;
        self.entries.insert(key.clone(), cached);
    }

    /// Forgets an entry that proved stale.
    pub(crate) fn evict(&self, key: &Key) {
        let mut stripe = self.stripe(key);
        *stripe += 1;
        self.entries.remove(key);
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        for stripe in &self.stripes {
            *lock(stripe) += 1;
        }
        self.entries.clear();
    }

    fn stripe(&self, key: &Key) -> MutexGuard<'_, u64> {
        use std::hash::BuildHasher as _;
        lock(&self.stripes[self.hasher.hash_one(key) as usize % STRIPES])
    }
}

/// The counters behind these locks are whole at every moment, so a panicking holder does no harm.
fn lock(stripe: &Mutex<u64>) -> MutexGuard<'_, u64> {
    stripe.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

#[cfg(test)]
mod tests {
    use base::AccountId;

    use super::*;
    use crate::Scope;

    #[test]
    fn a_late_fill_does_not_overwrite_a_commit() {
        let cache = ReadCache::new(false);
        let key = Key::new(&Scope::global(AccountId::DEFAULT), "s", "k", "a").expect("valid");
        let fill = cache.begin_fill(&key);
        cache.publish(&key, Cached::new(2, None, 0));
        cache.fill(fill, &key, Cached::new(1, None, 0));
        assert_eq!(cache.get(&key).map(|c| c.version), Some(2));
        let fill = cache.begin_fill(&key);
        cache.clear();
        cache.fill(fill, &key, Cached::new(2, None, 0));
        assert!(cache.peek(&key).is_none());
        let fill = cache.begin_fill(&key);
        cache.fill(fill, &key, Cached::new(3, None, 0));
        assert_eq!(cache.peek(&key).map(|c| c.version), Some(3));
        cache.evict(&key);
        assert!(cache.get(&key).is_none());
    }
}
