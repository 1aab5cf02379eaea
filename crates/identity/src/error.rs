//! What can go wrong beneath identities. None of it is the caller's fault.

use store::StoreError;
use thiserror::Error;

/// A failure to read or make identities or their credentials.
#[derive(Debug, Error)]
pub enum IdentityError {
    /// The store did not answer.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// A secret could not be sealed or unsealed.
    #[error("a secret could not be sealed or unsealed: is this the right root key?")]
    Seal(#[source] keyring::Error),
    /// Something stored is not what this crate writes.
    #[error("a stored {0} is damaged")]
    Damaged(&'static str),
}
