//! HMAC keys: generate and verify codes (RFC 2104).

use aws_lc_rs::hmac;

use crate::spec::KeySpec;

/// Bytes of imported key material: at least the hash's output, at most its block (Requirements for
/// imported key material, KMS Developer Guide). `None` for specs that are not HMAC.
pub(crate) fn import_lengths(spec: KeySpec) -> Option<std::ops::RangeInclusive<usize>> {
    match spec {
        KeySpec::Hmac224 => Some(28..=64),
        KeySpec::Hmac256 => Some(32..=64),
        KeySpec::Hmac384 => Some(48..=128),
        KeySpec::Hmac512 => Some(64..=128),
        _ => None,
    }
}

/// Key material of an HMAC spec, ready for use.
pub(crate) struct Mac(hmac::Key);

impl Mac {
    /// `None` for specs that are not HMAC.
    pub(crate) fn new(spec: KeySpec, key: &[u8]) -> Option<Self> {
        let algorithm = match spec {
            KeySpec::Hmac224 => hmac::HMAC_SHA224,
            KeySpec::Hmac256 => hmac::HMAC_SHA256,
            KeySpec::Hmac384 => hmac::HMAC_SHA384,
            KeySpec::Hmac512 => hmac::HMAC_SHA512,
            _ => return None,
        };
        Some(Self(hmac::Key::new(algorithm, key)))
    }

    pub(crate) fn generate(&self, message: &[u8]) -> Vec<u8> {
        hmac::sign(&self.0, message).as_ref().to_vec()
    }

    /// In constant time; a truncated code is not valid.
    pub(crate) fn verify(&self, message: &[u8], code: &[u8]) -> bool {
        hmac::verify(&self.0, message, code).is_ok()
    }
}
