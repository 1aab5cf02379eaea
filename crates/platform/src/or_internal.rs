//! The store's errors in a service's hands: none of them is the caller's fault.

use shape::Failure;
use store::StoreError;

/// Turns the store's errors into faults of ours.
pub trait OrInternal<T> {
    /// The value, or an internal failure whose detail is for the log.
    ///
    /// # Errors
    /// `InternalFailure`.
    fn or_internal(self) -> Result<T, Failure>;
}

impl<T> OrInternal<T> for Result<T, StoreError> {
    fn or_internal(self) -> Result<T, Failure> {
        self.map_err(Failure::internal)
    }
}
