//! Policies, roles and identity providers: what the API says of them, and what policies do. Each layer is set up through the API and
//! shown by what a call of a user or role may do afterwards.

mod boundaries;
mod common;
mod conditions;
mod details;
mod instance_profiles;
mod last_accessed;
mod layers;
mod managed;
mod providers;
mod roles;
mod service_linked;
mod simulate;
mod tags;
mod trust;
