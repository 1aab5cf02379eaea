//! Dry runs and the record of a key's last use.

use std::time::Duration;

use api_kms::operations::{Decrypt, Encrypt, GetKeyLastUsage, ReEncrypt, Sign};
use api_kms::{
    DecryptRequest, DryRunModifierType, EncryptRequest, GetKeyLastUsageRequest,
    GetKeyLastUsageResponse, ReEncryptRequest, SignRequest,
};
use platform::testing::Harness;

use crate::support::*;
use crate::symmetric::{blob, encrypt};

async fn last_usage(harness: &Harness, key_id: &str) -> GetKeyLastUsageResponse {
    let input = GetKeyLastUsageRequest { key_id: Some(key_id.into()) };
    harness.call::<GetKeyLastUsage>(input).await.expect("an answer")
}

const DRY: &str = "The request would have succeeded, but the DryRun option is set.";

#[tokio::test]
async fn a_dry_run_checks_everything_and_does_nothing() {
    let harness = harness().await;
    let key = symmetric(&harness).await;
    let sealed = blob(&harness, &id(&key), b"secret").await;
    let used = last_usage(&harness, &id(&key)).await.key_last_usage.expect("a use");
    harness.advance(Duration::from_secs(60)).await;
    let expected = ("DryRunOperationException", DRY.to_owned());
    let input = |dry_run| EncryptRequest {
        key_id: key.key_id.clone(),
        plaintext: Some(b"x"[..].into()),
        dry_run: Some(dry_run),
        ..Default::default()
    };
    assert_eq!(failed(harness.call::<Encrypt>(input(true)).await), expected);
    assert!(harness.call::<Decrypt>(decryption(&sealed, false)).await.is_ok());
    assert_eq!(failed(harness.call::<Decrypt>(decryption(&sealed, true)).await), expected);
    let refused = failed(harness.call::<Decrypt>(decryption(&sealed[1..], true)).await);
    assert_eq!(refused.0, "InvalidCiphertextException");
    let input = SignRequest {
        key_id: key.key_id.clone(),
        message: Some(b"x"[..].into()),
        signing_algorithm: Some("ECDSA_SHA_256".into()),
        dry_run: Some(true),
        ..Default::default()
    };
    assert_eq!(failed(harness.call::<Sign>(input).await).0, "InvalidKeyUsageException");
    let now = last_usage(&harness, &id(&key)).await.key_last_usage.expect("a use");
    assert_eq!(now.operation, Some("Decrypt".into()), "of the one that was no dry run");
    assert!(now.timestamp > used.timestamp);
    let record = &harness.records().await[3];
    assert_eq!(record["errorCode"], "DryRunOperationException");
}

fn decryption(blob: &[u8], dry_run: bool) -> DecryptRequest {
    DecryptRequest {
        ciphertext_blob: Some(blob.into()),
        dry_run: Some(dry_run),
        ..Default::default()
    }
}

#[tokio::test]
async fn a_dry_run_may_go_without_the_ciphertext() {
    let harness = harness().await;
    let key = symmetric(&harness).await;
    let modifiers = Some(vec![DryRunModifierType::IgnoreCiphertext]);
    let input = |key_id: Option<String>, dry_run| DecryptRequest {
        key_id,
        dry_run: Some(dry_run),
        dry_run_modifiers: modifiers.clone(),
        ..Default::default()
    };
    let expected = ("DryRunOperationException", DRY.to_owned());
    let found = failed(harness.call::<Decrypt>(input(key.key_id.clone(), true)).await);
    assert_eq!(found, expected);
    let refused = failed(harness.call::<Decrypt>(input(None, true)).await);
    assert_eq!(refused.0, "ValidationException");
    assert!(refused.1.contains("'keyId'"), "{}", refused.1);
    let refused = failed(harness.call::<Decrypt>(input(key.key_id.clone(), false)).await);
    assert!(refused.1.contains("'ciphertextBlob'"), "{}", refused.1);
    let input = ReEncryptRequest {
        source_key_id: key.key_id.clone(),
        destination_key_id: key.key_id.clone(),
        dry_run: Some(true),
        dry_run_modifiers: modifiers,
        ..Default::default()
    };
    assert_eq!(failed(harness.call::<ReEncrypt>(input).await), expected);
}

#[tokio::test]
async fn the_last_use_is_told_with_its_audit_record() {
    let harness = harness().await;
    let key = symmetric(&harness).await;
    let unused = last_usage(&harness, &id(&key)).await;
    assert_eq!(unused.key_id, key.arn);
    assert_eq!(unused.key_creation_date, key.creation_date);
    assert_eq!(unused.tracking_start_date, key.creation_date);
    let nothing = unused.key_last_usage.expect("an empty object");
    assert!(nothing.operation.is_none() && nothing.timestamp.is_none());

    encrypt(&harness, &id(&key), b"x").await;
    harness.advance(Duration::from_secs(5)).await;
    encrypt(&harness, &arn(&key), b"x").await;
    let record = harness.records().await.remove(0);
    harness.advance(Duration::from_secs(5)).await;
    let used = last_usage(&harness, &id(&key)).await.key_last_usage.expect("a use");
    assert_eq!(used.operation, Some("Encrypt".into()));
    assert_eq!(used.cloud_trail_event_id.as_deref(), record["eventID"].as_str());
    assert_eq!(used.kms_request_id.as_deref(), record["requestID"].as_str());
}
