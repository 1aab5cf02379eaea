//! SAML metadata are read or refused; what was read names a provider and a certificate.

#![no_main]

use identity::saml::Metadata;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(metadata) = Metadata::parse(text) {
        assert!(!metadata.entity_id.is_empty() && !metadata.certificates.is_empty());
    }
});
