//! A real ciphertext that was changed anywhere, and any other bytes, are refused with the one error there is for it.

#![no_main]

use std::sync::LazyLock;

use base::AccountId;
use keyring::blob::external::Outer;
use keyring::blob::{EncryptionContext, Header};
use keyring::{Error, KeyId, KeySpec, Material, MaterialId};
use libfuzzer_sys::fuzz_target;

const PLAINTEXT: &[u8] = b"attack at dawn";

/// A key, and a ciphertext under it.
static MADE: LazyLock<(Material, Vec<u8>)> = LazyLock::new(|| {
    let material = Material::generate(KeySpec::SymmetricDefault).expect("there is entropy");
    let header = Header {
        account: AccountId::DEFAULT,
        key_id: KeyId::from_random(false, [7; 16]),
        material_id: MaterialId::from_bytes([9; 32]),
    };
    let blob = material.encrypt(&header, &EncryptionContext::new(), PLAINTEXT);
    (material, blob.expect("encrypts"))
});

/// Opens a blob, without context and with one that it is not bound to.
fn refused(blob: &[u8]) -> bool {
    let opened = MADE.0.decrypt(&EncryptionContext::new(), blob);
    let header = Header::parse(blob);
    if let Ok(outer) = Outer::parse(blob) {
        let none = EncryptionContext::new();
        assert!(MADE.0.decrypt_inner(&none, blob, &outer.ciphertext).is_err());
    }
    assert!(matches!(header, Ok(_) | Err(Error::InvalidCiphertext)));
    let bound = MADE.0.decrypt(&EncryptionContext::from([("a".into(), "b".into())]), blob);
    assert!(matches!(bound, Err(Error::InvalidCiphertext)));
    match opened {
        Ok(plaintext) => {
            assert!(plaintext.equals(PLAINTEXT));
            false
        }
        Err(error) => matches!(error, Error::InvalidCiphertext),
    }
}

fuzz_target!(|input: (u16, &[u8])| {
    let (at, bytes) = input;
    assert!(refused(bytes));

    // The same bytes as a change to the real one, from some place on, past its end too.
    let mut changed = MADE.1.clone();
    let at = usize::from(at) % (changed.len() + 1);
    let length = changed.len().max(at + bytes.len());
    changed.resize(length, 0);
    changed[at..].iter_mut().zip(bytes).for_each(|(byte, change)| *byte ^= change);
    assert_eq!(refused(&changed), changed != MADE.1);
    // And cut off there.
    assert_eq!(refused(&MADE.1[..at]), at != MADE.1.len());
});
