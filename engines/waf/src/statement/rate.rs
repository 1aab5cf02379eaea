//! Rates: how many requests of one source there were in a window. The state is handed in, with the time; [`Sliding`] keeps it in
//! memory that is bounded.
//! <https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statement-type-rate-based.html>

use std::collections::HashMap;
use std::hash::BuildHasher as _;
use std::sync::{Mutex, PoisonError};

use base::Timestamp;
use foldhash::quality::RandomState;

/// Windows in seconds that AWS offers.
pub const WINDOWS_SECONDS: [u64; 4] = [60, 120, 300, 600];

/// Counts requests.
pub trait Rates: Send + Sync {
    /// Counts one request of a source for a rule, and says how many there were in the window that ends now, this one included.
    fn count(&self, rule: &str, source: &[u8], window_seconds: u64, now: Timestamp) -> u64;
}

/// Counts in two halves: the window that runs and the one before, of which the part counts that the sliding window still covers.
/// A source takes some 40 bytes; beyond the capacity the quietest are forgotten.
pub struct Sliding {
    shards: [Mutex<HashMap<u64, Counter, RandomState>>; SHARDS],
    shard_capacity: usize,
    hasher: RandomState,
}

/// Locks among which sources are spread.
const SHARDS: usize = 16;

#[derive(Clone, Copy, Debug)]
struct Counter {
    /// The number of the window, counted from the epoch.
    window: i64,
    window_seconds: u64,
    current: u64,
    previous: u64,
}

impl Sliding {
    /// Sources that are remembered by default, of all rules together.
    pub const CAPACITY_DEFAULT: usize = 200_000;

    /// An empty state for so many sources.
    pub fn new(capacity: usize) -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::new(HashMap::default())),
            shard_capacity: capacity.div_ceil(SHARDS).max(2),
            hasher: RandomState::default(),
        }
    }

    /// Sources that are remembered now.
    pub fn len(&self) -> usize {
        let lens =
            self.shards.iter().map(|s| s.lock().unwrap_or_else(PoisonError::into_inner).len());
        lens.sum()
    }

    /// Whether no source is remembered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Rates for Sliding {
    fn count(&self, rule: &str, source: &[u8], window_seconds: u64, now: Timestamp) -> u64 {
        let key = self.hasher.hash_one((rule, source, window_seconds));
        let length = window_seconds.max(1) as i64 * 1000;
        let window = now.millis().div_euclid(length);
        let elapsed = now.millis().rem_euclid(length);
        let mut shard =
            self.shards[key as usize % SHARDS].lock().unwrap_or_else(PoisonError::into_inner);
        if shard.len() >= self.shard_capacity && !shard.contains_key(&key) {
            make_room(&mut shard, now);
        }
        let counter =
            shard.entry(key).or_insert(Counter { window, window_seconds, current: 0, previous: 0 });
        if counter.window < window {
            let adjacent = counter.window + 1 == window;
            counter.previous = if adjacent { counter.current } else { 0 };
            counter.current = 0;
            counter.window = window;
        }
        counter.current += 1;
        let covered = counter.previous as u128 * (length - elapsed) as u128 / length as u128;
        counter.current + covered as u64
    }
}

/// Forgets what no window covers any more, and the quieter half if that is not enough.
fn make_room(shard: &mut HashMap<u64, Counter, RandomState>, now: Timestamp) {
    let before = shard.len();
    shard.retain(|_, c| {
        now.millis().div_euclid(c.window_seconds.max(1) as i64 * 1000) <= c.window + 1
    });
    if shard.len() * 2 <= before {
        return;
    }
    let weight = |c: &Counter| c.current + c.previous;
    let mut weights: Vec<_> = shard.values().map(weight).collect();
    let middle = weights.len() / 2;
    let median = *weights.select_nth_unstable(middle).1;
    let mut equal_to_drop = middle.saturating_sub(weights.iter().filter(|w| **w < median).count());
    shard.retain(|_, counter| match weight(counter).cmp(&median) {
        std::cmp::Ordering::Less => false,
        std::cmp::Ordering::Greater => true,
        std::cmp::Ordering::Equal => {
            let drop = equal_to_drop > 0;
            equal_to_drop -= usize::from(drop);
            !drop
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    #[test]
    fn a_window_slides() {
        let rates = Sliding::new(100);
        for expected in 1..=10 {
            assert_eq!(rates.count("r", b"a", 60, at(0)), expected);
        }
        assert_eq!(rates.count("r", b"b", 60, at(0)), 1, "another source");
        assert_eq!(rates.count("q", b"a", 60, at(0)), 1, "another rule");
        // Half of the window before is still covered, then none of it.
        assert_eq!(rates.count("r", b"a", 60, at(90)), 6);
        assert_eq!(rates.count("r", b"a", 60, at(600)), 1);
    }

    #[test]
    fn memory_is_bounded_and_the_loud_are_kept() {
        let rates = Sliding::new(1000);
        for _ in 0..500 {
            rates.count("r", b"loud", 300, at(0));
        }
        for source in 0..100_000_u32 {
            rates.count("r", &source.to_be_bytes(), 300, at(1));
        }
        assert!(rates.len() <= 1000 + SHARDS, "{}", rates.len());
        assert_eq!(rates.count("r", b"loud", 300, at(2)), 501);
    }

    #[test]
    fn time_that_goes_back_does_not_forget() {
        let rates = Sliding::new(100);
        rates.count("r", b"a", 60, at(120));
        assert_eq!(rates.count("r", b"a", 60, at(119)), 2);
    }
}
