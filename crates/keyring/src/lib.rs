//! The cryptography of Bastide, and the only crate that touches key bytes.
//!
//! Root key (file or passphrase) → domain keys per account and Region → sealed key material of KMS
//! keys → data. Everything here is pure: no store, no clock, no sockets; only the root key source
//! reads and writes a file. Key bytes live in [`Secret`] and [`Material`], which zeroize, redact
//! and implement neither `Clone` nor `Serialize`. Everything is synchronous; callers move slow work
//! (RSA generation, Argon2id) off their event loop.

pub mod attestation;
pub mod blob;
pub mod certificate;
mod chain;
mod cose;
mod der;
pub mod domain;
mod elliptic;
pub mod envelope;
pub mod error;
pub mod id;
pub mod import;
mod lattice;
pub mod lockdown;
mod mac;
pub mod material;
pub mod password;
mod pem;
pub mod public;
pub mod random;
pub mod recipient;
pub mod root;
mod rsa;
pub mod secret;
mod sign;
pub mod spec;
pub mod ssh;
pub mod totp;
#[cfg(test)]
mod vectors;

pub use certificate::Certificate;
pub use domain::{Keyring, Sealed};
pub use error::Error;
pub use id::{KeyId, MaterialId};
pub use import::{WrappingAlgorithm, WrappingKey, WrappingKeySpec};
pub use material::Material;
pub use public::{PublicKey, verify_with_public};
pub use random::random_bytes;
pub use root::Source;
pub use secret::Secret;
pub use spec::{
    EncapsulationAlgorithm, EncryptionAlgorithm, KeyAgreementAlgorithm, KeySpec, MacAlgorithm,
    MessageType, SigningAlgorithm,
};
pub use ssh::SshPublicKey;
