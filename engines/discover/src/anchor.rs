//! Detectors that start from a literal: a token's prefix, a header's name, the beginning of a key. The multi-pattern scan
//! finds the literals; the judge looks at the text around.

use crate::identifier::Category;
use crate::shape::Proof;

/// A detector behind one or more literals.
#[derive(Clone, Copy)]
pub(crate) struct Anchor {
    /// Case counts.
    pub literals: &'static [&'static str],
    pub judge: fn(&Near<'_>) -> Option<Found>,
}

/// A literal and the text in which it stands. A judge looks at most [`crate::scan::BEHIND_BYTES`] back and
/// [`crate::scan::AHEAD_BYTES`] ahead.
pub(crate) struct Near<'t> {
    pub text: &'t [u8],
    /// Where the literal begins.
    pub at: usize,
    pub literal: &'static str,
}

/// A value that a judge accepts by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub start: usize,
    pub end: usize,
    pub id: &'static str,
    pub category: Category,
    pub proof: Proof,
    /// How sure, in percent.
    pub confidence: u8,
}

impl<'t> Near<'t> {
    /// The text from the literal on, at most `bytes` of it.
    pub fn ahead(&self, bytes: usize) -> &'t [u8] {
        let end = self.text.len().min(self.at + bytes);
        &self.text[self.at..end]
    }

    /// The byte before the literal.
    pub fn before(&self) -> Option<u8> {
        self.at.checked_sub(1).map(|at| self.text[at])
    }

    /// A credential from the literal's beginning, `len` bytes long.
    pub fn credential(&self, id: &'static str, len: usize, proof: Proof) -> Found {
        let (start, end) = (self.at, self.at + len);
        Found { start, end, id, category: Category::Credentials, proof, confidence: 95 }
    }
}

/// Length of the leading run of bytes that `of` accepts.
pub(crate) fn run(text: &[u8], of: impl Fn(u8) -> bool) -> usize {
    text.iter().position(|byte| !of(*byte)).unwrap_or(text.len())
}
