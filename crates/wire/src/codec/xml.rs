//! XML documents, read and written by walking the schema.
//!
//! Names follow Smithy's XML bindings as botocore implements them: lists in `member` elements, maps in `entry`
//! elements with `key` and `value`, both without their wrapper when flattened: then only the member's name counts.

mod read;
mod write;

pub(crate) use read::{read, read_value};
pub(crate) use write::Writer;

use shape::TimestampFormat;

/// How XML writes moments.
const TIMESTAMP: TimestampFormat = TimestampFormat::DateTime;
/// The element around an entry of a map that is not flattened.
const ENTRY: &str = "entry";
