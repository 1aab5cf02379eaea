//! The external key store proxy API, version 1, as KMS speaks it to a proxy.
//!
//! A [`Proxy`] signs requests with the store's credential, sends them through a [`Transport`] that is handed in, and
//! believes nothing in an answer that it has not checked: sizes, lengths, integrity value. A proxy sees what KMS
//! encrypted already, never a caller's plaintext. Sockets, clocks and KMS's own exceptions are absent.
//!
//! <https://github.com/aws/aws-kms-xksproxy-api-spec>

mod address;
mod answer;
mod error;
mod proxy;
mod request;

use std::time::Duration;

pub use address::Address;
pub use answer::{Ciphertext, EkmStatus, Health, KeyMetadata, parse_decrypted, parse_refusal};
pub use error::{Error, Refusal, RefusalName, TransportError};
pub use proxy::{Proxy, Reply, Transport};
pub use request::Metadata;

/// The service name that requests are signed for.
pub const SIGNING_NAME: &str = "kms-xks-proxy";
/// How long KMS waits for an answer, connecting included.
pub const TIMEOUT: Duration = Duration::from_millis(250);
/// Largest answer that is read, in bytes. The largest lawful one, of 4300 bytes encrypted, takes about 6 KiB.
pub const RESPONSE_MAX_BYTES: usize = 32 * 1024;
/// Most bytes that every proxy must be able to encrypt and decrypt.
pub const PLAINTEXT_MAX_BYTES: usize = 4300;
/// Most bytes of additional authenticated data that every proxy must accept.
pub const AAD_MAX_BYTES: usize = 8192;
/// Most bytes of its own that a proxy may add to a ciphertext (`ciphertextMetadata`).
pub const CIPHERTEXT_METADATA_MAX_BYTES: usize = 20;
/// Bytes of an AES-GCM authentication tag.
pub const TAG_BYTES: usize = 16;
