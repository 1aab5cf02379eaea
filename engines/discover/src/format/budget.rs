//! How far an object may expand. All decompressors of one object, however nested, draw on one budget, so that a bomb is
//! stopped by what it produces and not by what it claims.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

use thiserror::Error;

/// Bytes that any object may expand to.
pub const EXPANSION_FREE_BYTES: u64 = 1 << 30;
/// Beyond that, how many bytes each byte of the object may become.
pub const EXPANSION_MAX_RATIO: u64 = 250;

/// The budget of one object.
#[derive(Clone)]
pub(crate) struct Budget {
    used: Rc<Cell<u64>>,
    most: u64,
}

/// More was expanded than the budget allows.
#[derive(Debug, Error)]
#[error("it expands beyond reason")]
pub(crate) struct Spent;

impl Spent {
    pub const WHAT: &'static str = "expansion (1 GiB, or 250 times its size)";
}

impl Budget {
    /// That of an object of so many bytes.
    pub fn of(size: u64) -> Self {
        let most = EXPANSION_FREE_BYTES.max(size.saturating_mul(EXPANSION_MAX_RATIO));
        Self { used: Rc::new(Cell::new(0)), most }
    }

    pub fn spent(&self) -> bool {
        self.used.get() > self.most
    }

    /// Counts what is read through it.
    pub fn meter<R: Read>(&self, source: R) -> Metered<R> {
        Metered { source, budget: self.clone() }
    }
}

/// A reader that draws on a budget.
pub(crate) struct Metered<R> {
    source: R,
    budget: Budget,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.budget.spent() {
            return Err(io::Error::other(Spent));
        }
        let length = self.source.read(out)?;
        self.budget.used.set(self.budget.used.get() + length as u64);
        Ok(length)
    }
}
