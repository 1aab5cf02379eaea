//! STS as clients meet it: signed requests through the whole pipeline, sessions used for real calls.

mod assume;
mod common;
mod inquiry;
mod second_factor;
mod tags;
mod users;
mod web_identity;
