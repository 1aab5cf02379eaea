//! An attestation document is read or refused, and none is believed where no root is trusted.

#![no_main]

use base::Timestamp;
use keyring::attestation::{self, TrustedRoots};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(document) = attestation::parse(data) {
        assert!(document.verify(&TrustedRoots::none(), Timestamp::EPOCH).is_err());
    }
});
