//! Random key bytes, from the generator of aws-lc. Ids and nonces that are not key material come
//! from `base::Random`.

use zeroize::Zeroizing;

use crate::error::OrEngine as _;
use crate::{Error, Secret};

/// `length` random bytes for data keys and GenerateRandom.
///
/// # Errors
/// [`Error::Engine`] when the system has no entropy.
pub fn random_bytes(length: usize) -> Result<Secret, Error> {
    let mut bytes = Zeroizing::new(vec![0; length]);
    fill(&mut bytes)?;
    Ok(bytes.into())
}

/// Fills `bytes` with random ones.
pub(crate) fn fill(bytes: &mut [u8]) -> Result<(), Error> {
    aws_lc_rs::rand::fill(bytes).or_engine("random bytes")
}

/// The same generator in the form that the RustCrypto crates take.
pub(crate) struct Generator;

impl rand_core::TryRng for Generator {
    type Error = Error;

    fn try_next_u32(&mut self) -> Result<u32, Error> {
        let mut bytes = [0; 4];
        fill(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Error> {
        let mut bytes = [0; 8];
        fill(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        fill(bytes)
    }
}

impl rand_core::TryCryptoRng for Generator {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_differ() {
        let (a, b) = (random_bytes(32).expect("entropy"), random_bytes(32).expect("entropy"));
        assert_eq!(a.len(), 32);
        assert!(!a.equals(b.expose()));
        assert!(random_bytes(0).expect("entropy").is_empty());
    }
}
