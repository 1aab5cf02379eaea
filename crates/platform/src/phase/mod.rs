//! The phases of a call, in the order in which it passes them.

pub(crate) mod accept;
pub(crate) mod authenticate;
pub(crate) mod authorize;
mod circumstances;
pub(crate) mod decode;
pub(crate) mod encode;
pub(crate) mod handle;
pub(crate) mod route;
