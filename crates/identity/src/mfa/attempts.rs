//! Wrong codes in a row, device by device, and the pause that they bring.

use std::time::Duration;

use base::{AccountId, Timestamp};
use quick_cache::sync::Cache;

/// Devices whose wrong codes are remembered.
const REMEMBERED: usize = 10_000;
/// Wrong codes in a row that are taken without a pause.
const WRONG_MAX: u32 = 5;
/// The pause behind each further one. At one guess a minute, half of all six-digit codes take months.
const PAUSE: Duration = Duration::from_secs(60);

/// Wrong codes of this node's devices.
pub(crate) struct Attempts(Cache<(AccountId, String), Wrong>);

#[derive(Clone, Copy)]
struct Wrong {
    count: u32,
    last: Timestamp,
}

impl Attempts {
    pub(crate) fn new() -> Self {
        Self(Cache::new(REMEMBERED))
    }

    /// Whether a code may be tried now.
    pub(super) fn may_try(&self, account: AccountId, id: &str, now: Timestamp) -> bool {
        self.0
            .get(&(account, id.to_owned()))
            .is_none_or(|wrong| wrong.count < WRONG_MAX || now >= wrong.last + PAUSE)
    }

    pub(super) fn failed(&self, account: AccountId, id: &str, now: Timestamp) {
        let key = (account, id.to_owned());
        let count = self.0.get(&key).map_or(0, |wrong| wrong.count);
        self.0.insert(key, Wrong { count: count.saturating_add(1), last: now });
    }

    pub(super) fn succeeded(&self, account: AccountId, id: &str) {
        self.0.remove(&(account, id.to_owned()));
    }

    pub(crate) fn clear(&self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guessing_is_slowed_down() {
        let (attempts, account) = (Attempts::new(), AccountId::DEFAULT);
        let start = Timestamp::EPOCH;
        for _ in 0..WRONG_MAX {
            assert!(attempts.may_try(account, "phone", start));
            attempts.failed(account, "phone", start);
        }
        assert!(!attempts.may_try(account, "phone", start));
        assert!(attempts.may_try(account, "another", start));
        let later = start + PAUSE;
        assert!(attempts.may_try(account, "phone", later));
        attempts.failed(account, "phone", later);
        assert!(!attempts.may_try(account, "phone", later));
        attempts.succeeded(account, "phone");
        assert!(attempts.may_try(account, "phone", later));
    }
}
