//! The life of keys, through the platform's pipeline and with a clock that is moved by hand: creation, states, deletion,
//! rotation, aliases, tags, policies, grants, multi-Region keys, listings.

mod alias;
mod common;
mod creation;
mod deletion;
mod grants;
mod listing;
mod multi_region;
mod policy;
mod rotation;
