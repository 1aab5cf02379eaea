//! Whatever is handed in as an ID token or as a key set is read or refused; nothing holds that no key signed.

#![no_main]

use federation::{Error, KeySet, Token};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, &[u8])| {
    let (text, set) = input;
    let keys = KeySet::parse(set);
    let Ok(token) = Token::parse(text) else { return };
    if let Ok(keys) = keys {
        let verified = token.verify(&keys);
        assert!(
            matches!(verified, Err(Error::UnknownKey | Error::Signature)),
            "a signature was guessed"
        );
    }
});
