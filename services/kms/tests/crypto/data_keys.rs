//! Data keys, data key pairs and random bytes.

use api_kms::operations::{
    Decrypt, GenerateDataKey, GenerateDataKeyPair, GenerateDataKeyPairWithoutPlaintext,
    GenerateDataKeyWithoutPlaintext, GenerateRandom,
};
use api_kms::{
    DecryptRequest, GenerateDataKeyPairRequest, GenerateDataKeyPairWithoutPlaintextRequest,
    GenerateDataKeyRequest, GenerateDataKeyWithoutPlaintextRequest, GenerateRandomRequest,
};
use keyring::{KeySpec, Material, Secret};

use crate::support::*;
use crate::symmetric::{context, decrypt};

#[tokio::test]
async fn data_keys_have_the_length_that_was_asked_for() {
    let harness = harness().await;
    let key = symmetric(&harness).await;
    for (spec, bytes, length) in [
        (Some("AES_128"), None, 16),
        (Some("AES_256"), None, 32),
        (None, Some(1), 1),
        (None, Some(64), 64),
        (None, Some(1024), 1024),
    ] {
        let input = GenerateDataKeyRequest {
            key_id: key.key_id.clone(),
            key_spec: spec.map(Into::into),
            number_of_bytes: bytes,
            ..Default::default()
        };
        let made = harness.call::<GenerateDataKey>(input).await.expect("a data key");
        let plaintext = made.plaintext.expect("plaintext");
        assert_eq!(plaintext.len(), length);
        assert_eq!(made.key_id, key.arn);
        let opened = decrypt(&harness, &made.ciphertext_blob.expect("a blob")).await;
        let opened = opened.expect("decrypts");
        assert_eq!(opened.plaintext, Some(plaintext));
        assert_eq!(opened.key_material_id, made.key_material_id);
        let input = GenerateDataKeyWithoutPlaintextRequest {
            key_id: key.key_id.clone(),
            key_spec: spec.map(Into::into),
            number_of_bytes: bytes,
            encryption_context: context(&[("a", "b")]),
            ..Default::default()
        };
        let made = harness.call::<GenerateDataKeyWithoutPlaintext>(input).await.expect("a key");
        let input = DecryptRequest {
            ciphertext_blob: made.ciphertext_blob,
            encryption_context: context(&[("a", "b")]),
            ..Default::default()
        };
        let opened = harness.call::<Decrypt>(input).await.expect("decrypts");
        assert_eq!(opened.plaintext.map(|bytes| bytes.len()), Some(length));
    }
}

#[tokio::test]
async fn a_data_key_has_either_a_spec_or_a_length() {
    let harness = harness().await;
    let key = symmetric(&harness).await;
    for (spec, bytes) in [(None, None), (Some("AES_256"), Some(32))] {
        let input = GenerateDataKeyRequest {
            key_id: key.key_id.clone(),
            key_spec: spec.map(Into::into),
            number_of_bytes: bytes,
            ..Default::default()
        };
        let (name, text) = failed(harness.call::<GenerateDataKey>(input).await);
        assert_eq!(name, "ValidationException");
        assert_eq!(text, "Please specify either number of bytes or key spec.");
    }
    for bytes in [0, 1025] {
        let input = GenerateDataKeyRequest {
            key_id: key.key_id.clone(),
            number_of_bytes: Some(bytes),
            ..Default::default()
        };
        assert_eq!(failed(harness.call::<GenerateDataKey>(input).await).0, "ValidationException");
    }
}

#[tokio::test]
async fn data_keys_need_a_symmetric_encryption_key() {
    let harness = harness().await;
    for (spec, usage) in [("HMAC_256", "GENERATE_VERIFY_MAC"), ("ECC_NIST_P256", "SIGN_VERIFY")] {
        let key = create(&harness, spec, usage).await;
        let input = GenerateDataKeyRequest {
            key_id: key.key_id.clone(),
            key_spec: Some("AES_256".into()),
            ..Default::default()
        };
        let (name, text) = failed(harness.call::<GenerateDataKey>(input).await);
        assert_eq!(name, "InvalidKeyUsageException");
        let expected =
            format!("{} key usage is {usage} which is not valid for GenerateDataKey.", arn(&key));
        assert_eq!(text, expected);
    }
    let key = create(&harness, "RSA_2048", "ENCRYPT_DECRYPT").await;
    let input = GenerateDataKeyRequest {
        key_id: key.key_id,
        key_spec: Some("AES_256".into()),
        ..Default::default()
    };
    let (name, text) = failed(harness.call::<GenerateDataKey>(input).await);
    assert_eq!(name, "InvalidKeyUsageException");
    assert_eq!(text, "You cannot generate a data key with an asymmetric CMK");
}

#[tokio::test]
async fn data_key_pairs_of_every_spec_belong_together() {
    let harness = harness().await;
    let key = symmetric(&harness).await;
    // RSA_3072 and RSA_4096 take seconds to make and go the same way as RSA_2048.
    let quick = KeySpec::ALL
        .iter()
        .filter(|spec| spec.is_data_key_pair())
        .filter(|spec| !matches!(spec, KeySpec::Rsa3072 | KeySpec::Rsa4096));
    for spec in quick {
        let input = GenerateDataKeyPairRequest {
            key_id: key.key_id.clone(),
            key_pair_spec: Some(spec.as_str().into()),
            ..Default::default()
        };
        let made = harness.call::<GenerateDataKeyPair>(input).await.expect("a pair");
        let private = made.private_key_plaintext.expect("a private key");
        let opened = decrypt(&harness, &made.private_key_ciphertext_blob.expect("a blob")).await;
        assert_eq!(opened.expect("decrypts").plaintext.as_ref(), Some(&private), "{spec}");
        let pair = Material::from_import(*spec, &Secret::copy_of(&private)).expect("a key");
        let public = pair.public_key_der().expect("a pair");
        assert_eq!(made.public_key.as_deref(), Some(public), "{spec}");

        let input = GenerateDataKeyPairWithoutPlaintextRequest {
            key_id: key.key_id.clone(),
            key_pair_spec: Some(spec.as_str().into()),
            ..Default::default()
        };
        let made = harness.call::<GenerateDataKeyPairWithoutPlaintext>(input).await.expect("pair");
        let opened = decrypt(&harness, &made.private_key_ciphertext_blob.expect("a blob")).await;
        let private = opened.expect("decrypts").plaintext.expect("a private key");
        let pair = Material::from_import(*spec, &Secret::copy_of(&private)).expect("a key");
        assert_eq!(made.public_key.as_deref(), Some(pair.public_key_der().expect("a pair")));
    }
}

#[tokio::test]
async fn sm2_is_not_served_here() {
    let harness = harness().await;
    let key = symmetric(&harness).await;
    let input = GenerateDataKeyPairRequest {
        key_id: key.key_id,
        key_pair_spec: Some("SM2".into()),
        ..Default::default()
    };
    let (name, _) = failed(harness.call::<GenerateDataKeyPair>(input).await);
    assert_eq!(name, "UnsupportedOperationException");
}

#[tokio::test]
async fn random_bytes() {
    let harness = harness().await;
    let input = |bytes| GenerateRandomRequest { number_of_bytes: bytes, ..Default::default() };
    let first = harness.call::<GenerateRandom>(input(Some(1024))).await.expect("bytes").plaintext;
    let second = harness.call::<GenerateRandom>(input(Some(1024))).await.expect("bytes").plaintext;
    assert_eq!(first.as_ref().map(|bytes| bytes.len()), Some(1024));
    assert_ne!(first, second);
    for bad in [None, Some(0), Some(1025)] {
        let failure = failed(harness.call::<GenerateRandom>(input(bad)).await);
        assert_eq!(failure.0, "ValidationException");
    }
    let input = GenerateRandomRequest {
        number_of_bytes: Some(1),
        custom_key_store_id: Some("cks-1234567890abcdef0".into()),
        ..Default::default()
    };
    let (name, _) = failed(harness.call::<GenerateRandom>(input).await);
    assert_eq!(name, "CustomKeyStoreNotFoundException");
}
