//! Custom key stores, through the platform's pipeline and against a proxy of the tests' own on loopback: its life, keys in
//! it, double encryption, and whatever a proxy can do wrong.

mod common;
mod keys;
mod proxy;
mod refusals;
mod stores;
