//! STS as clients meet it: signed requests through the whole pipeline, sessions used for real calls.

mod assume;
mod common;
mod inquiry;
mod tags;
mod users;
