//! The policy engine: IAM's policy language, read, validated, compiled and evaluated as AWS documents it, with the
//! reasons for every answer.
//!
//! ```text
//! text ── Document::parse ──► Document ── validate ── Policy::compile ──► Policy ┐
//!                                                     Request, Policies ── evaluate ──► Decision
//! ```
//!
//! Pure: no store, clock, socket or service is known here. Whoever asks gathers the policies that apply and fills the
//! request's context keys. A policy compiles once and is meant to be cached; judging a request allocates little and
//! cannot fail. Work is bounded by named limits ([`DOCUMENT_MAX_BYTES`], [`DEPTH_MAX`], [`FLOATING_MAX_CHARS`]).

pub mod check;
mod condition;
pub mod context;
pub mod decision;
pub mod document;
pub mod error;
pub mod evaluate;
pub mod grant;
mod json;
pub mod operator;
mod pattern;
pub mod policy;
pub mod request;
mod template;
mod who;

pub use context::{Context, Value};
pub use decision::{Decision, Layer, Reason, Verdict};
pub use document::{Document, Effect, Kind};
pub use error::{Error, Position};
pub use evaluate::{Policies, evaluate};
pub use grant::Grant;
pub use json::{DEPTH_MAX, DOCUMENT_MAX_BYTES};
pub use pattern::FLOATING_MAX_CHARS;
pub use policy::Policy;
pub use request::{Principal, PrincipalKind, Request};
