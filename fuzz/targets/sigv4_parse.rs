//! Claims of any form are read or refused, and none is proved without the secret.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use wire::sigv4::{self, Dialect, Expected, SecretKey, SigningKeys};

/// Not in any input, and too long to be guessed.
static SECRET: LazyLock<SecretKey> =
    LazyLock::new(|| SecretKey::new("5f1b8c0e9d7a43f2b6e4c1a09837d5e2f6b4a1c8"));
static KEYS: LazyLock<SigningKeys> = LazyLock::new(SigningKeys::default);

fuzz_target!(|data: &[u8]| {
    let request = bastide_fuzz::request(data);
    let Ok(Some(claim)) = sigv4::parse(&request) else { return };
    for dialect in [Dialect::Standard, Dialect::S3] {
        // Everything else is as the claim wishes, so that the comparison of signatures is reached.
        let service = claim.scope.service();
        let expected = Expected { region: None, service, dialect, unsigned_payload: true };
        let proved = claim.verify(&request, &SECRET, &expected, claim.time, &KEYS);
        assert!(proved.is_err(), "a signature without the secret");
    }
});
