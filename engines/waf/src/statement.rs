//! What statements test, one file each: pure functions and compiled forms, which know nothing of rules.

pub(crate) mod byte_match;
pub(crate) mod forwarded;
pub(crate) mod ip_set;
pub(crate) mod label;
pub(crate) mod place;
pub(crate) mod rate;
pub(crate) mod regex;
pub(crate) mod size;
pub mod sqli;
pub mod xss;
