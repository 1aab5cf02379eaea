//! Whatever an external key store proxy answers is read or refused, and what is believed keeps the promised lengths.

#![no_main]

use libfuzzer_sys::fuzz_target;
use xks::{
    CIPHERTEXT_METADATA_MAX_BYTES, Ciphertext, Error, Health, KeyMetadata, parse_decrypted,
    parse_refusal,
};

fuzz_target!(|input: (u8, &[u8])| {
    let (length, body) = input;
    let length = usize::from(length);
    if let Ok(health) = Health::parse(body) {
        assert!((1..=10).contains(&health.managers.len()));
    }
    if let Ok(metadata) = KeyMetadata::parse(body) {
        let _ = metadata.unfit();
    }
    if let Ok(made) = Ciphertext::parse(body, b"additional", length) {
        assert_eq!(made.ciphertext.len(), length);
        assert!(made.metadata.len() <= CIPHERTEXT_METADATA_MAX_BYTES);
    }
    if let Ok(plaintext) = parse_decrypted(body, length) {
        assert_eq!(plaintext.len(), length);
    }
    assert!(matches!(parse_refusal(body), Error::Refused(_) | Error::InvalidResponse(_)));
});
