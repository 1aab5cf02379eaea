//! What policies do: each layer is set up through the API and shown by what a call of a user or role may do afterwards.

mod boundaries;
mod common;
mod conditions;
mod layers;
mod trust;
