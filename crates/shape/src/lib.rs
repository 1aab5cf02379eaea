//! API shapes at run time: schemas, values that can be walked through them, and the walkers that need no protocol.
//!
//! The crates under `api/` are generated from the service models: tables of [`Schema`] for every operation and plain
//! structs for the shapes that are in use. A struct is reached field by field through [`Shape`], so that codecs,
//! validation, redacted printing and audit rendering are written once, over `dyn`, and not per shape. Shapes derive
//! `Clone` and `Default` only; there is no serde here, and no protocol: that is `wire`.

mod blob;
mod debug;
pub mod document;
mod dynamic;
pub mod error;
mod macros;
pub mod schema;
mod validate;
mod value;

pub use blob::Blob;
pub use debug::Redacted;
pub use document::Document;
pub use dynamic::Dynamic;
pub use error::{ErrorSchema, Failure, Fault};
pub use schema::{
    Constraints, Http, Kind, Location, Member, OperationSchema, Protocol, Schema, ServiceSchema,
    TimestampFormat, Traits, XmlNamespace,
};
pub use validate::{Violation, validate, validation_message};
pub use value::{Element, List, Map, Mismatch, Nested, Scalar, Shape, Typed, Value, View};

/// An operation whose input and output have Rust types, as generated into the `api` crates.
pub trait Operation: 'static {
    /// The request, decoded.
    type Input: Shape + Default;
    /// The answer, before it is encoded.
    type Output: Shape + Default;
    /// The operation's entry in its service's table.
    const SCHEMA: &'static OperationSchema;
}

/// The name as AWS writes it in messages and audit records: the first letter in lower case (`KeyId` is `keyId`).
pub fn lower_camel(name: &str) -> String {
    let mut chars = name.chars();
    match chars.next() {
        Some(first) => first.to_lowercase().chain(chars).collect(),
        None => String::new(),
    }
}
