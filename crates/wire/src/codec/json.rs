//! JSON documents, read and written by walking the schema. No tree of the document stands in between.

mod read;
mod write;

pub(crate) use read::{read, read_value};
pub(crate) use write::{Object, string, value, write};
