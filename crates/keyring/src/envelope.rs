//! Envelope encryption under a data key that somebody else keeps wrapped: AES-256-GCM with bound context.
//!
//! Services that store more than KMS encrypts at once use it with `GenerateDataKey` and `Decrypt`. A data key is used for one
//! message, so its nonce may be random.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use zeroize::Zeroizing;

use crate::{Error, Secret, random};

/// Bytes of a data key.
pub const DATA_KEY_BYTES: usize = 32;
const NONCE_LEN: usize = 12;
const TAG_LEN: usize = 16;

/// Encrypts `plaintext` under `data_key`, bound to `context`.
///
/// # Errors
/// [`Error::Engine`] for a data key of another length.
pub fn seal(data_key: &Secret, context: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, Error> {
    let key = key(data_key)?;
    let mut nonce = [0; NONCE_LEN];
    random::fill(&mut nonce)?;
    let mut out = Vec::with_capacity(NONCE_LEN + plaintext.len() + TAG_LEN);
    out.extend_from_slice(&nonce);
    out.extend_from_slice(plaintext);
    let nonce = Nonce::assume_unique_for_key(nonce);
    let tag = key.seal_in_place_separate_tag(nonce, Aad::from(context), &mut out[NONCE_LEN..]);
    out.extend_from_slice(tag.map_err(|_| Error::Engine("sealing an envelope"))?.as_ref());
    Ok(out)
}

/// Opens what [`seal`] made.
///
/// # Errors
/// [`Error::Unseal`] if it was made under another key or context, or was changed.
pub fn open(data_key: &Secret, context: &[u8], sealed: &[u8]) -> Result<Secret, Error> {
    let (nonce, ciphertext) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(Error::Unseal)?;
    let mut buffer = Zeroizing::new(ciphertext.to_vec());
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let opened = key(data_key)?.open_in_place(nonce, Aad::from(context), &mut buffer);
    let length = opened.map_err(|_| Error::Unseal)?.len();
    buffer.truncate(length);
    Ok(buffer.into())
}

fn key(data_key: &Secret) -> Result<LessSafeKey, Error> {
    let key = UnboundKey::new(&AES_256_GCM, data_key.expose());
    key.map(LessSafeKey::new).map_err(|_| Error::Engine("a data key"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_envelope_opens_under_its_key_and_context_only() {
        let key = random::random_bytes(DATA_KEY_BYTES).expect("a key");
        let other = random::random_bytes(DATA_KEY_BYTES).expect("a key");
        let mut sealed = seal(&key, b"context", b"plaintext").expect("an envelope");
        assert_eq!(open(&key, b"context", &sealed).expect("open").expose(), b"plaintext");
        assert!(open(&key, b"another", &sealed).is_err());
        assert!(open(&other, b"context", &sealed).is_err());
        sealed[NONCE_LEN] ^= 1;
        assert!(open(&key, b"context", &sealed).is_err());
        assert!(open(&key, b"context", &sealed[..5]).is_err());
        assert!(seal(&Secret::new(vec![1; 5]), b"", b"").is_err());
    }
}
