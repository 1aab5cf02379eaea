//! What one document may cost: levels, values, entries. Checked before memory is spent on them.

use shape::Schema;

use super::DecodeError;
use crate::limits::{MAX_DEPTH, MAX_ENTRIES, MAX_NODES};

/// Counts what has been read of one document.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    depth: usize,
    nodes: usize,
}

impl Budget {
    /// Goes one level down. A `leave` follows, except on the way out with an error.
    pub(crate) fn enter(&mut self) -> Result<(), DecodeError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH { Err(DecodeError::Limit("nesting")) } else { Ok(()) }
    }

    /// Goes one level down into a structure, which costs memory for every member it could have.
    pub(crate) fn structure(&mut self, schema: &Schema) -> Result<(), DecodeError> {
        self.nodes += schema.members().len();
        self.node()?;
        self.enter()
    }

    /// Comes back up.
    pub(crate) fn leave(&mut self) {
        self.depth -= 1;
    }

    /// One more value anywhere.
    pub(crate) fn node(&mut self) -> Result<(), DecodeError> {
        self.nodes += 1;
        if self.nodes > MAX_NODES { Err(DecodeError::Limit("values")) } else { Ok(()) }
    }

    /// A list or map that now has `len` entries.
    pub(crate) fn entries(len: usize) -> Result<(), DecodeError> {
        if len > MAX_ENTRIES { Err(DecodeError::Limit("entries")) } else { Ok(()) }
    }
}
