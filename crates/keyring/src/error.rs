//! The one error type of the crate.
//!
//! A caller can tell what the person asking did wrong, never why a ciphertext or a key was refused:
//! that would be an oracle. Nothing here carries key bytes or plaintext.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::spec::{KeySpec, MessageType};

/// What can go wrong with keys.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// A ciphertext blob, an asymmetric ciphertext or wrapped key material does not decrypt. KMS:
    /// `InvalidCiphertextException`. Deliberately without a reason.
    #[error("the ciphertext is not valid")]
    InvalidCiphertext,

    /// Key material to import does not fit the key spec. KMS: `IncorrectKeyMaterialException` or a
    /// `ValidationException`, by the operation.
    #[error("the key material is not valid for {spec}: {why}")]
    InvalidMaterial {
        /// What the material was to become.
        spec: KeySpec,
        /// What is wrong with it, without its bytes.
        why: &'static str,
    },

    /// The key cannot do this with this algorithm. KMS: `InvalidKeyUsageException`.
    #[error("Algorithm {algorithm} is incompatible with key spec {spec}.")]
    UnsupportedAlgorithm {
        /// The key's spec.
        spec: KeySpec,
        /// The algorithm that was asked for.
        algorithm: &'static str,
    },

    /// The message type does not go with the algorithm. KMS: `ValidationException`.
    #[error("MessageType {message_type} is not supported for algorithm {algorithm}.")]
    UnsupportedMessageType {
        /// The message type that was asked for.
        message_type: MessageType,
        /// The signing algorithm.
        algorithm: &'static str,
    },

    /// A digest or μ of the wrong length. KMS: `ValidationException`.
    #[error("Digest is invalid length for algorithm {algorithm}.")]
    DigestLength {
        /// The signing algorithm.
        algorithm: &'static str,
    },

    /// A plaintext longer than the key can encrypt. KMS: `ValidationException`.
    #[error("Plaintext is {length} bytes; the limit for this key and algorithm is {limit}.")]
    PlaintextTooLong {
        /// The plaintext's length in bytes.
        length: usize,
        /// The most that fits, in bytes.
        limit: usize,
    },

    /// A public key that is not an X.509 SubjectPublicKeyInfo of the right kind, or not a valid
    /// point.
    #[error("the public key is not a valid DER-encoded X.509 public key of spec {spec}")]
    InvalidPublicKey {
        /// What it should have been.
        spec: KeySpec,
    },

    /// A text that is not the name of a known value.
    #[error("not a {what}: {text:?}")]
    UnknownName {
        /// What was expected.
        what: &'static str,
        /// The text, shortened.
        text: String,
    },

    /// Sealed bytes that do not open: another root key, account, Region or context, or damaged
    /// bytes.
    #[error("sealed data does not open under this root key, account, Region and context")]
    Unseal,

    /// An attestation document that is malformed or does not verify.
    #[error("the attestation document is not valid: {0}")]
    Attestation(&'static str),

    /// A certificate that somebody brought is malformed.
    #[error("the certificate is not valid: {0}")]
    Certificate(&'static str),

    /// A private key that somebody brought is malformed, encrypted or of a kind that is not known.
    #[error("the private key is not valid")]
    PrivateKey,

    /// The root key's file cannot be read or written.
    #[error("root key file {}", path.display())]
    RootFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },

    /// The root key's file is there but cannot be trusted or understood.
    #[error("root key file {}: {why}", path.display())]
    RootFormat {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },

    /// The passphrase does not match the one that the data was set up with.
    #[error("the passphrase is wrong")]
    WrongPassphrase,

    /// The cryptographic library refused a sound request (no entropy, no memory).
    #[error("the cryptographic library failed: {0}")]
    Engine(&'static str),
}

/// Longest part of an unknown name that an error repeats, in characters.
const NAME_SHOWN: usize = 64;

impl Error {
    pub(crate) fn unknown_name(what: &'static str, text: &str) -> Self {
        Self::UnknownName { what, text: text.chars().take(NAME_SHOWN).collect() }
    }
}

/// Turns the library's opaque failures into [`Error::Engine`], naming what was being done.
pub(crate) trait OrEngine<T> {
    fn or_engine(self, doing: &'static str) -> Result<T, Error>;
}

impl<T, E> OrEngine<T> for Result<T, E> {
    fn or_engine(self, doing: &'static str) -> Result<T, Error> {
        self.map_err(|_| Error::Engine(doing))
    }
}
