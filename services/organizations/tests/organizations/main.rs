//! Organizations through the pipeline: every call is validated, authorized and recorded as a real one.

mod accounts;
mod delegation;
mod handshakes;
mod policies;
mod tree;
mod world;
