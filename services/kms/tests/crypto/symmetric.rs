//! Encrypt, Decrypt and ReEncrypt under symmetric encryption keys.

use std::collections::BTreeMap;
use std::time::Duration;

use api_kms::operations::{
    CreateAlias, CreateGrant, Decrypt, DisableKey, EnableKeyRotation, Encrypt, ReEncrypt,
    RotateKeyOnDemand,
};
use api_kms::{
    CreateAliasRequest, CreateGrantRequest, DecryptRequest, DecryptResponse, DisableKeyRequest,
    EnableKeyRotationRequest, EncryptRequest, EncryptResponse, ReEncryptRequest,
    RotateKeyOnDemandRequest,
};
use platform::testing::Harness;
use shape::Failure;

use crate::support::*;

/// An account that the keys of the tests do not belong to.
const STRANGER: &str = "999999999999";

pub fn context(pairs: &[(&str, &str)]) -> Option<BTreeMap<String, String>> {
    Some(pairs.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect())
}

pub async fn encrypt(harness: &Harness, key_id: &str, plaintext: &[u8]) -> EncryptResponse {
    let input = EncryptRequest {
        key_id: Some(key_id.into()),
        plaintext: Some(plaintext.into()),
        ..Default::default()
    };
    harness.call::<Encrypt>(input).await.expect("encrypts")
}

pub async fn blob(harness: &Harness, key_id: &str, plaintext: &[u8]) -> Vec<u8> {
    encrypt(harness, key_id, plaintext).await.ciphertext_blob.expect("a blob").to_vec()
}

pub async fn decrypt(harness: &Harness, blob: &[u8]) -> Result<DecryptResponse, Failure> {
    decrypt_in(harness, HOME, blob).await
}

pub async fn decrypt_in(
    harness: &Harness,
    region: &str,
    blob: &[u8],
) -> Result<DecryptResponse, Failure> {
    let input = DecryptRequest { ciphertext_blob: Some(blob.into()), ..Default::default() };
    harness.call_as::<Decrypt>(ACCOUNT, region, input).await
}

#[tokio::test]
async fn what_is_encrypted_decrypts() {
    let harness = harness().await;
    let key = symmetric(&harness).await;
    for length in [1, 64, 4096] {
        let plaintext = vec![0xa5; length];
        let sealed = encrypt(&harness, &id(&key), &plaintext).await;
        assert_eq!(sealed.key_id, key.arn);
        assert_eq!(sealed.encryption_algorithm, Some("SYMMETRIC_DEFAULT".into()));
        let blob = sealed.ciphertext_blob.expect("a blob");
        let opened = decrypt(&harness, &blob).await.expect("decrypts");
        assert_eq!(opened.plaintext.as_deref(), Some(&plaintext[..]));
        assert_eq!(opened.key_id, key.arn);
        assert_eq!(
            opened.key_material_id,
            describe(&harness, &id(&key)).await.current_key_material_id
        );
        assert_eq!(opened.ciphertext_for_recipient, None);
    }
    let too_long = EncryptRequest {
        key_id: key.key_id.clone(),
        plaintext: Some(vec![0; 4097].into()),
        ..Default::default()
    };
    assert_eq!(failed(harness.call::<Encrypt>(too_long).await).0, "ValidationException");
}

#[tokio::test]
async fn the_encryption_context_must_be_the_same() {
    let harness = harness().await;
    let key = symmetric(&harness).await;
    let input = EncryptRequest {
        key_id: key.arn.clone(),
        plaintext: Some(b"secret"[..].into()),
        encryption_context: context(&[("Department", "IT"), ("Purpose", "Test")]),
        ..Default::default()
    };
    let blob = harness.call::<Encrypt>(input).await.expect("encrypts").ciphertext_blob;
    let attempt = |pairs: &[(&str, &str)]| {
        let input = DecryptRequest {
            ciphertext_blob: blob.clone(),
            encryption_context: context(pairs),
            ..Default::default()
        };
        harness.call::<Decrypt>(input)
    };
    assert!(attempt(&[("Purpose", "Test"), ("Department", "IT")]).await.is_ok());
    for wrong in [
        &[][..],
        &[("Department", "IT")],
        &[("Department", "it"), ("Purpose", "Test")],
        &[("Department", "IT"), ("Purpose", "Test"), ("More", "")],
        &[("DepartmentIT", ""), ("Purpose", "Test")],
    ] {
        let failure = failed(attempt(wrong).await);
        assert_eq!(failure, ("InvalidCiphertextException", String::new()), "{wrong:?}");
    }
}

#[tokio::test]
async fn a_named_key_must_be_the_right_one() {
    let harness = harness().await;
    let (key, other) = (symmetric(&harness).await, symmetric(&harness).await);
    let alias = CreateAliasRequest {
        alias_name: Some("alias/right".into()),
        target_key_id: key.key_id.clone(),
    };
    harness.call::<CreateAlias>(alias).await.expect("an alias");
    let blob = blob(&harness, "alias/right", b"secret").await;
    let attempt = |key_id: String| {
        let input = DecryptRequest {
            ciphertext_blob: Some(blob.as_slice().into()),
            key_id: Some(key_id),
            ..Default::default()
        };
        harness.call::<Decrypt>(input)
    };
    let alias_arn = format!("arn:aws:kms:{HOME}:{ACCOUNT}:alias/right");
    for right in [id(&key), arn(&key), "alias/right".into(), alias_arn] {
        assert_eq!(attempt(right).await.expect("decrypts").key_id, key.arn);
    }
    let (name, text) = failed(attempt(id(&other)).await);
    assert_eq!(name, "IncorrectKeyException");
    assert_eq!(
        text,
        "The key ID in the request does not identify a CMK that can perform this operation."
    );
    let unknown = "1234abcd-12ab-34cd-56ef-1234567890ab".to_owned();
    assert_eq!(failed(attempt(unknown).await).0, "NotFoundException");
}

#[tokio::test]
async fn a_disabled_key_does_nothing() {
    let harness = harness().await;
    let key = symmetric(&harness).await;
    let blob = blob(&harness, &id(&key), b"secret").await;
    let input = DisableKeyRequest { key_id: key.key_id.clone() };
    harness.call::<DisableKey>(input).await.expect("disables");
    let expected = ("DisabledException", format!("{} is disabled.", arn(&key)));
    assert_eq!(failed(decrypt(&harness, &blob).await), expected);
    let input = EncryptRequest {
        key_id: key.key_id.clone(),
        plaintext: Some(b"more"[..].into()),
        ..Default::default()
    };
    assert_eq!(failed(harness.call::<Encrypt>(input).await), expected);
}

#[tokio::test]
async fn ciphertexts_outlive_rotations() {
    let harness = harness().await;
    let key = symmetric(&harness).await;
    let mut blobs = vec![blob(&harness, &id(&key), b"first").await];
    let input = EnableKeyRotationRequest { key_id: key.key_id.clone(), ..Default::default() };
    harness.call::<EnableKeyRotation>(input).await.expect("enables");
    harness.advance(Duration::from_secs(366 * 24 * 60 * 60)).await;
    blobs.push(blob(&harness, &id(&key), b"first").await);
    let input = RotateKeyOnDemandRequest { key_id: key.key_id.clone() };
    harness.call::<RotateKeyOnDemand>(input).await.expect("rotates");
    blobs.push(blob(&harness, &id(&key), b"first").await);
    let mut materials = Vec::new();
    for blob in &blobs {
        let opened = decrypt(&harness, blob).await.expect("decrypts");
        assert_eq!(opened.plaintext.as_deref(), Some(&b"first"[..]));
        materials.push(opened.key_material_id.expect("a material"));
    }
    materials.dedup();
    assert_eq!(materials.len(), 3, "each ciphertext names the material that made it");
}

#[tokio::test]
async fn related_keys_decrypt_each_others_ciphertexts() {
    let harness = harness().await;
    let key = create_with(&harness, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "AWS_KMS", true).await;
    let blob = blob(&harness, &id(&key), b"secret").await;
    assert_eq!(failed(decrypt_in(&harness, ABROAD, &blob).await).0, "AccessDeniedException");
    replicate(&harness, &id(&key)).await;
    let opened = decrypt_in(&harness, ABROAD, &blob).await.expect("decrypts");
    assert_eq!(opened.plaintext.as_deref(), Some(&b"secret"[..]));
    assert_eq!(opened.key_id, Some(arn(&key).replace(HOME, ABROAD)));
}

#[tokio::test]
async fn reencryption_changes_key_and_context() {
    let harness = harness().await;
    let (from, to) = (symmetric(&harness).await, symmetric(&harness).await);
    let blob = blob(&harness, &id(&from), b"secret").await;
    let input = ReEncryptRequest {
        ciphertext_blob: Some(blob.into()),
        destination_key_id: to.key_id.clone(),
        destination_encryption_context: context(&[("Level", "3A")]),
        ..Default::default()
    };
    let moved = harness.call::<ReEncrypt>(input).await.expect("reencrypts");
    assert_eq!((&moved.source_key_id, &moved.key_id), (&from.arn, &to.arn));
    assert_ne!(moved.source_key_material_id, moved.destination_key_material_id);
    assert!(moved.source_key_material_id.is_some());
    let input = DecryptRequest {
        ciphertext_blob: moved.ciphertext_blob.clone(),
        encryption_context: context(&[("Level", "3A")]),
        key_id: to.key_id.clone(),
        ..Default::default()
    };
    let opened = harness.call::<Decrypt>(input).await.expect("decrypts");
    assert_eq!(opened.plaintext.as_deref(), Some(&b"secret"[..]));
    let record = &harness.records().await[1];
    assert_eq!(record["eventName"], "ReEncrypt");
    assert_eq!(record["resources"][0]["ARN"], arn(&from));
    assert_eq!(record["resources"][1]["ARN"], arn(&to));
    let materials = &record["additionalEventData"];
    assert_eq!(materials["sourceKeyMaterialId"], moved.source_key_material_id.expect("an id"));
    let wrong = ReEncryptRequest {
        ciphertext_blob: moved.ciphertext_blob,
        destination_key_id: from.key_id.clone(),
        source_key_id: from.key_id,
        source_encryption_context: context(&[("Level", "3A")]),
        ..Default::default()
    };
    assert_eq!(failed(harness.call::<ReEncrypt>(wrong).await).0, "IncorrectKeyException");
}

#[tokio::test]
async fn grant_tokens_must_be_genuine() {
    let harness = harness().await;
    let key = symmetric(&harness).await;
    let grant = CreateGrantRequest {
        key_id: key.key_id.clone(),
        grantee_principal: Some(format!("arn:aws:iam::{ACCOUNT}:root")),
        operations: Some(vec!["Encrypt".into()]),
        ..Default::default()
    };
    let token = harness.call::<CreateGrant>(grant).await.expect("a grant").grant_token;
    let input = |token: String| EncryptRequest {
        key_id: key.key_id.clone(),
        plaintext: Some(b"secret"[..].into()),
        grant_tokens: Some(vec![token]),
        ..Default::default()
    };
    let token = token.expect("a token");
    assert!(harness.call::<Encrypt>(input(token.clone())).await.is_ok());
    let record = format!("{:?}", harness.records().await[0]);
    assert!(!record.contains(&token), "whoever reads the audit must not find what grants access");
    let failure = failed(harness.call::<Encrypt>(input("forged".into())).await);
    assert_eq!(failure.0, "InvalidGrantTokenException");
}

#[tokio::test]
async fn audit_records_name_key_and_algorithm_and_no_plaintext() {
    let harness = harness().await;
    let key = symmetric(&harness).await;
    let blob = blob(&harness, &id(&key), b"an unmistakable plaintext").await;
    decrypt(&harness, &blob).await.expect("decrypts");
    let records = harness.records().await;
    let (decrypted, encrypted) = (&records[0], &records[1]);
    assert_eq!(decrypted["eventName"], "Decrypt");
    assert_eq!(decrypted["readOnly"], true);
    assert_eq!(
        decrypted["requestParameters"],
        serde_json::json!({ "encryptionAlgorithm": "SYMMETRIC_DEFAULT" })
    );
    assert_eq!(decrypted["responseElements"], serde_json::Value::Null);
    assert_eq!(decrypted["resources"][0]["ARN"], arn(&key));
    assert_eq!(encrypted["requestParameters"]["keyId"], id(&key));
    assert_eq!(encrypted["requestParameters"]["encryptionAlgorithm"], "SYMMETRIC_DEFAULT");
    let material = describe(&harness, &id(&key)).await.current_key_material_id;
    assert_eq!(encrypted["additionalEventData"]["keyMaterialId"], material.expect("an id"));
    assert!(!format!("{records:?}").contains("unmistakable"));
}

#[tokio::test]
async fn another_account_finds_the_key_and_is_denied() {
    let harness = harness().await;
    let key = symmetric(&harness).await;
    let sealed = blob(&harness, &id(&key), b"secret").await;
    // By its ARN, by its bare id beside a ciphertext that says whose it is, and by the ciphertext alone, which
    // is not told of.
    for key_id in [key.arn.clone(), key.key_id.clone(), None] {
        let input = DecryptRequest {
            ciphertext_blob: Some(sealed.as_slice().into()),
            key_id,
            ..Default::default()
        };
        let named = input.key_id.is_some();
        let (name, text) = failed(harness.call_as::<Decrypt>(STRANGER, HOME, input).await);
        assert_eq!(name, "AccessDeniedException");
        let shown = text.contains(&format!("kms:Decrypt on resource: {}", arn(&key)));
        assert_eq!(shown, named, "{text}");
    }
}
