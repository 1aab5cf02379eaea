//! The discovery engine: personal, financial and secret data in bytes of any format, with its place, how sure it is, and
//! why. One scan finds candidates for every identifier at once; check digits, keywords and context judge them.
//!
//! ```text
//! Settings ── Engine::new ──► Engine          bytes ── TextScan::feed ──► Match, Match, …
//! ```
//!
//! Pure: no file, clock or network is known here. Bytes come in pieces, matches go out to a sink, and memory is bounded
//! however long the input. The identifiers, limits and categories are Macie's.

pub mod allow;
mod anchor;
mod catalog;
mod checksum;
pub mod classification;
pub mod custom;
pub mod engine;
pub mod error;
pub mod format;
pub mod identifier;
mod judge;
mod keyword;
mod scan;
mod shape;
pub mod text;

pub use allow::AllowList;
pub use catalog::identifiers;
pub use classification::{Classification, Location};
pub use custom::{CustomIdentifier, CustomSettings};
pub use engine::{Engine, Field, Selection, Settings};
pub use error::Error;
pub use format::{Sink, Unreadable};
pub use identifier::{Category, Identifier, Severity, severity};
pub use scan::Scratch;
pub use shape::Proof;
pub use text::{Match, Place, TextScan};
