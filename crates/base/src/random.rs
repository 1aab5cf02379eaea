//! Chance as an input: ids and nonces that are not key material.

use std::sync::Mutex;

use aws_lc_rs::rand::SecureRandom as _;

/// Where random bytes come from. Key material never passes through here; `keyring` makes its own.
pub trait Random: Send + Sync {
    /// Fills `bytes`.
    fn fill(&self, bytes: &mut [u8]);

    /// A version 4 UUID in its usual lower-case form.
    fn uuid(&self) -> String {
        let mut bytes = [0; 16];
        self.fill(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
    }
}

/// The cryptographic generator of aws-lc.
#[derive(Debug, Default)]
pub struct System;

impl Random for System {
    fn fill(&self, bytes: &mut [u8]) {
        // The generator aborts the process by itself when the system has no entropy; an error here means
        // a request larger than it serves, which no caller makes.
        assert!(aws_lc_rs::rand::SystemRandom::new().fill(bytes).is_ok(), "no entropy");
    }
}

/// A repeatable sequence for unit tests (SplitMix64). Not for anything else.
#[derive(Debug)]
pub struct Seeded(Mutex<u64>);

impl Seeded {
    /// The sequence of `seed`.
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(seed))
    }
}

impl Random for Seeded {
    fn fill(&self, bytes: &mut [u8]) {
        let mut state = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        for chunk in bytes.chunks_mut(8) {
            *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = *state;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            chunk.copy_from_slice(&(z ^ (z >> 31)).to_le_bytes()[..chunk.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeded_sequences_repeat() {
        assert_eq!(Seeded::new(7).uuid(), Seeded::new(7).uuid());
        assert_ne!(Seeded::new(7).uuid(), Seeded::new(8).uuid());
        assert_ne!(System.uuid(), System.uuid());
    }
}
