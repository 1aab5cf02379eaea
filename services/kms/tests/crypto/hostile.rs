//! Ciphertexts, signatures and tokens that somebody has tampered with.

use api_kms::DecryptRequest;
use api_kms::operations::Decrypt;

use crate::support::*;
use crate::symmetric::{blob, decrypt};

const REFUSED: (&str, String) = ("InvalidCiphertextException", String::new());

#[tokio::test]
async fn truncated_blobs_are_invalid_at_every_length() {
    let harness = harness().await;
    let key = symmetric(&harness).await;
    let blob = blob(&harness, &id(&key), b"secret").await;
    for length in 1..blob.len() {
        assert_eq!(failed(decrypt(&harness, &blob[..length]).await), REFUSED, "{length}");
    }
    let longer = [&blob[..], &[0]].concat();
    assert_eq!(failed(decrypt(&harness, &longer).await), REFUSED);
    assert!(decrypt(&harness, &blob).await.is_ok());
}

#[tokio::test]
async fn flipped_bits_are_invalid_everywhere() {
    let harness = harness().await;
    let key = symmetric(&harness).await;
    let blob = blob(&harness, &id(&key), b"secret").await;
    let named = keyring::blob::Header::parse(&blob).expect("a header");
    for at in 0..blob.len() {
        let mut bent = blob.clone();
        bent[at] ^= 1 << (at % 8);
        let refused = failed(decrypt(&harness, &bent).await);
        // Bent where it names its key, it names another, which is not there.
        let another = keyring::blob::Header::parse(&bent)
            .is_ok_and(|bent| (bent.account, bent.key_id) != (named.account, named.key_id));
        if another {
            assert_eq!(refused.0, "AccessDeniedException", "byte {at}");
        } else {
            assert_eq!(refused, REFUSED, "byte {at}");
        }
    }
}

#[tokio::test]
async fn noise_is_invalid() {
    let harness = harness().await;
    symmetric(&harness).await;
    for length in [1, 2, 64, 112, 113, 200, 6144] {
        for byte in [0, 1, 0xff] {
            assert_eq!(failed(decrypt(&harness, &vec![byte; length]).await), REFUSED, "{length}");
        }
    }
}

#[tokio::test]
async fn a_blob_under_an_rsa_key_is_invalid_and_not_a_wrong_usage() {
    let harness = harness().await;
    let key = create(&harness, "RSA_2048", "ENCRYPT_DECRYPT").await;
    let input = |algorithm: Option<&str>, length| DecryptRequest {
        key_id: key.key_id.clone(),
        ciphertext_blob: Some(vec![1; length].into()),
        encryption_algorithm: algorithm.map(Into::into),
        ..Default::default()
    };
    assert_eq!(failed(harness.call::<Decrypt>(input(None, 256)).await), REFUSED);
    for length in [1, 255, 256, 257, 6144] {
        let input = input(Some("RSAES_OAEP_SHA_256"), length);
        assert_eq!(failed(harness.call::<Decrypt>(input).await), REFUSED, "{length}");
    }
}
