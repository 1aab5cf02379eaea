//! Time-based one-time passwords (RFC 6238): six digits, steps of thirty seconds, HMAC-SHA-1, as authenticator apps compute
//! them.
//!
//! Which time it is and which code was used already is for the caller to know; nothing here remembers.

use std::ops::RangeInclusive;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac::{self, HMAC_SHA1_FOR_LEGACY_USE_ONLY};

use crate::{Error, Secret, random};

/// Seconds of a time step.
pub const STEP_SECONDS: i64 = 30;
/// Digits of a code.
pub const DIGITS: usize = 6;
/// Bytes of a seed, 64 characters in base32. RFC 4226 asks for 20 at least.
const SEED_BYTES: usize = 40;
/// One more than the largest code.
const CODES: u32 = 1_000_000;

/// A fresh seed.
///
/// # Errors
/// [`Error::Engine`] when the system has no entropy.
pub fn new_seed() -> Result<Secret, Error> {
    random::random_bytes(SEED_BYTES)
}

/// The seed as text that authenticator apps take: base32 (RFC 4648) without padding.
pub fn base32(seed: &Secret) -> Secret {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    const BITS: usize = 5;
    let bytes = seed.expose();
    // Sized at once, so that no half of it is left behind in a buffer that grew.
    let mut text = Vec::with_capacity((bytes.len() * 8).div_ceil(BITS));
    for chunk in bytes.chunks(BITS) {
        let mut bits = [0; 8];
        bits[3..3 + chunk.len()].copy_from_slice(chunk);
        let bits = u64::from_be_bytes(bits);
        for place in 0..(chunk.len() * 8).div_ceil(BITS) {
            text.push(ALPHABET[(bits >> ((7 - place) * BITS)) as usize & 31]);
        }
    }
    text.into()
}

/// The first of `steps` whose code this is. How long it takes tells nothing of the codes.
pub fn find_step(seed: &Secret, given: &str, steps: RangeInclusive<i64>) -> Option<i64> {
    let mut found = None;
    for step in steps.rev() {
        let expected = code(seed, step);
        if verify_slices_are_equal(expected.as_bytes(), given.as_bytes()).is_ok() {
            found = Some(step);
        }
    }
    found
}

/// The code of a step: HOTP's dynamic truncation (RFC 4226, section 5.3).
pub fn code(seed: &Secret, step: i64) -> String {
    let key = hmac::Key::new(HMAC_SHA1_FOR_LEGACY_USE_ONLY, seed.expose());
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let tag = tag.as_ref();
    let offset = usize::from(tag[tag.len() - 1] & 0xF);
    let mut bytes = [0; 4];
    bytes.copy_from_slice(&tag[offset..offset + 4]);
    format!("{:0DIGITS$}", (u32::from_be_bytes(bytes) & 0x7FFF_FFFF) % CODES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_rfc_6238() {
        // Appendix B, the last six of its eight digits.
        let seed = Secret::copy_of(b"12345678901234567890");
        let vectors = [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ];
        for (seconds, code) in vectors {
            let step = seconds / STEP_SECONDS;
            assert_eq!(find_step(&seed, code, step - 1..=step + 1), Some(step), "{seconds}");
            assert_eq!(find_step(&seed, code, step + 1..=step + 9), None, "{seconds}");
            assert_eq!(find_step(&seed, &code[..5], step..=step), None);
        }
    }

    #[test]
    fn base32_is_that_of_rfc_4648() {
        for (bytes, text) in [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ] {
            assert!(base32(&Secret::copy_of(bytes.as_bytes())).equals(text.as_bytes()), "{bytes}");
        }
        assert_eq!(base32(&new_seed().expect("entropy")).len(), 64);
    }
}
