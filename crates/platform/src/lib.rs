//! What every service gets: the call pipeline, its context, the scheduler, the event outbox and metering.
//!
//! A request goes through `accept, route, authenticate, decode, authorize, handle, encode, meter`, each a file of its
//! own under `phase`; the audit record of the call commits in the same transaction as what the call changed.
//! A service cannot skip a phase, since it is handed typed input and a [`Call`] only after all of them.

mod audit;
mod call;
mod caller;
mod control;
mod explanation;
mod meter;
mod or_internal;
mod phase;
mod platform;
pub mod root_key;
mod scheduler;
mod service;

pub mod outbound;
pub mod testing;
pub mod tls;
pub mod usage;

pub use call::{AuditNotes, Call, ServiceEvent, Source, Tls};
pub use caller::{Caller, Identity, Outsider};
pub use control::Control;
pub use explanation::Explanation;
pub use or_internal::OrInternal;
pub use phase::accept::Server;
pub use platform::{Mode, Parts, Platform};
pub use service::{Audit, Facts, GrantSource, Handle, Resource, Service, Work};
