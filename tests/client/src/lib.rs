//! A spare AWS client for benches and tests of the running program: signed calls over raw HTTP/1.1, and the servers to call.
//!
//! It costs little, so that what is measured is the server, and knows no retries, so that what is tested is the first answer.

mod access;
mod http1;
mod server;

pub use access::{Access, Service};
pub use http1::{Answer, Connection, to_bytes};
pub use server::Server;

/// Any failure; whoever meets one stops.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
