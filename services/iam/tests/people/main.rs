//! Users, groups and what they sign in with, through the API: each error, each refused state, and what is left behind.

mod certificates;
mod common;
mod groups;
mod keys;
mod mfa;
mod passwords;
mod report;
mod users;
