//! Time as an input: the system clock, and one that tests and dev mode move by hand.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use crate::Timestamp;

/// Where the time comes from. Shared by every part of a running Bastide.
pub trait Clock: Send + Sync {
    /// The current moment.
    fn now(&self) -> Timestamp;

    /// How far the clock stands from the operating system's, in milliseconds; zero unless it was moved.
    fn offset_millis(&self) -> i64 {
        0
    }
}

/// The operating system's clock plus an offset, which dev mode moves through `/_bastide/clock`.
#[derive(Debug, Default)]
pub struct System {
    offset_millis: AtomicI64,
}

impl System {
    /// Sets the clock to `to`; it goes on running from there.
    pub fn set(&self, to: Timestamp) {
        self.offset_millis.store(to.millis() - os_now().millis(), Ordering::SeqCst);
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        let millis = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.offset_millis.fetch_add(millis, Ordering::SeqCst);
    }

    /// Returns to the operating system's time.
    pub fn reset(&self) {
        self.offset_millis.store(0, Ordering::SeqCst);
    }
}

impl Clock for System {
    fn now(&self) -> Timestamp {
        let offset = self.offset_millis.load(Ordering::SeqCst);
        Timestamp::from_millis(os_now().millis().saturating_add(offset))
    }

    fn offset_millis(&self) -> i64 {
        self.offset_millis.load(Ordering::SeqCst)
    }
}

/// A clock that stands still until it is moved, for unit tests.
#[derive(Debug)]
pub struct Manual(AtomicI64);

impl Manual {
    /// A clock that shows `at`.
    pub fn at(at: Timestamp) -> Self {
        Self(AtomicI64::new(at.millis()))
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        let millis = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.0.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for Manual {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// A stopwatch for measuring how long work takes. It never decides what the work does.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts now.
    #[expect(clippy::disallowed_methods, reason = "this module is the one place that reads it")]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Time since the start.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

#[expect(clippy::disallowed_methods, reason = "this module is the one place that reads it")]
fn os_now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let millis = since.map_or(0, |d| d.as_millis());
    Timestamp::from_millis(i64::try_from(millis).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_clock_moves_by_hand() {
        let clock = System::default();
        let before = clock.now();
        clock.advance(Duration::from_secs(3600));
        assert!(clock.now().since(before) >= Duration::from_secs(3600));
        clock.set(Timestamp::EPOCH);
        assert!(clock.now().seconds() < 60);
        clock.reset();
        assert_eq!(clock.offset_millis(), 0);
    }
}
