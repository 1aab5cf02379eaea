//! Smithy documents: untyped values in the shape of JSON.

use std::collections::BTreeMap;

/// An untyped value.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Document {
    /// Null.
    #[default]
    Null,
    /// True or false.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Double(f64),
    /// Text.
    String(String),
    /// A list.
    List(Vec<Document>),
    /// An object.
    Map(BTreeMap<String, Document>),
}
