//! Cryptographic operations and imports of KMS, called as a client calls them, on a store and a clock of the tests' own.

mod asymmetric;
mod data_keys;
mod hostile;
mod imports;
mod recipients;
mod support;
mod symmetric;
mod usage;
mod wycheproof;
