//! Certificates, their keys and SSH public keys are read or refused, and a key that is read comes back from what it is written as.

#![no_main]

use keyring::{Certificate, Secret, SshPublicKey};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(chain) = Certificate::chain_from_pem(text) {
        for certificate in &chain {
            let _ = certificate.is_issued_by(&chain[0]);
            let _ = certificate.fits(&Secret::copy_of(text.as_bytes()));
        }
    }
    if let Some(key) = SshPublicKey::parse(text) {
        assert_eq!(SshPublicKey::parse(&key.to_line()), Some(key.clone()));
        assert_eq!(SshPublicKey::parse(&key.to_pem()), Some(key));
    }
});
