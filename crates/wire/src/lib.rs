//! AWS's wire protocols: from an HTTP message to an operation and its typed input, and from a typed answer back.
//!
//! Three steps stand beside each other and share only [`Request`] and [`Response`]: [`route`] finds the service and the
//! operation, [`sigv4`] proves who sent the message, [`codec`] reads and writes it. All are pure functions of their
//! arguments: no socket, no clock, no store is here, and nothing above this crate knows a protocol. Every limit on what
//! a message may cost stands in [`limits`].

pub mod chunked;
pub mod codec;
pub mod limits;
pub mod request;
pub mod route;
pub mod sigv4;

pub use request::{Request, Response};
