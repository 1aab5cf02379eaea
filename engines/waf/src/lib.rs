//! The WAF engine: AWS's WAFv2 language, read, validated, compiled and judged, with the reasons for every verdict.
//!
//! ```text
//! text ── WebAcl::parse ──► WebAcl, References ── Matcher::compile ──► Matcher ┐
//!                                                Request, World ── evaluate ──► Verdict ── log ──► JSON
//! ```
//!
//! Pure: no socket, store, clock or key is known here. Time, rates, places and the key of tokens are handed in as a [`World`].
//! Work on a request is bounded by what is inspected of it, whatever rules say.

pub mod capacity;
pub mod document;
mod error;
mod field;
pub mod managed;
mod matcher;
pub mod request;
mod statement;
pub mod token;
mod transform;
pub mod validate;
pub mod verdict;

pub use document::{Document, IPSet, RegexPatternSet, RuleGroup, SearchStrings, WebAcl};
pub use error::Error;
pub use field::{Oversize, walk_json};
pub use matcher::{Matcher, Options, References, World};
pub use request::Request;
pub use statement::ip_set::ADDRESSES_MAX;
pub use statement::place::{MaxMind, Nowhere, Place, Places};
pub use statement::rate::{Rates, Sliding, WINDOWS_SECONDS};
pub use statement::{sqli, xss};
pub use transform::TextTransformation;
pub use verdict::{Action, Verdict};
