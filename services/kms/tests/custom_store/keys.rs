//! Keys in a store: made, used, unavailable, and what they cannot do.

use std::time::Duration;

use api_kms::operations::{
    CreateKey, Decrypt, DisableKey, EnableKey, EnableKeyRotation, Encrypt, GenerateDataKey,
    GenerateDataKeyPair, GenerateDataKeyWithoutPlaintext, GetKeyRotationStatus,
    GetParametersForImport, ReEncrypt, ReplicateKey, RotateKeyOnDemand, ScheduleKeyDeletion,
};
use api_kms::{
    CreateKeyRequest, DataKeySpec, DecryptRequest, DisableKeyRequest, EnableKeyRequest,
    EnableKeyRotationRequest, EncryptRequest, GenerateDataKeyPairRequest, GenerateDataKeyRequest,
    GenerateDataKeyWithoutPlaintextRequest, GetKeyRotationStatusRequest,
    GetParametersForImportRequest, ReEncryptRequest, ReplicateKeyRequest, RotateKeyOnDemandRequest,
    ScheduleKeyDeletionRequest,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::json;
use shape::Failure;

use crate::common::{Kms, context, external_key, name, text};
use crate::proxy::Fault;

const PLAINTEXT: &[u8] = b"attack at dawn, from the east gate";

async fn create(kms: &Kms, request: CreateKeyRequest) -> Result<String, Failure> {
    let made = kms.call::<CreateKey>(request).await?;
    Ok(made.key_metadata.expect("metadata").key_id.expect("an id"))
}

#[tokio::test]
async fn a_key_says_where_it_is() {
    let kms = Kms::new().await;
    let store = kms.connected().await;
    let key = kms.key(&store).await;
    let metadata = kms.describe(&key).await;
    assert_eq!(metadata.origin.as_ref().map(|origin| origin.as_str()), Some("EXTERNAL_KEY_STORE"));
    assert_eq!(metadata.custom_key_store_id.as_deref(), Some(store.as_str()));
    let external = metadata.xks_key_configuration.expect("a configuration");
    assert_eq!(external.id.as_deref(), Some("key-1"));
    assert_eq!((metadata.enabled, metadata.multi_region), (Some(true), Some(false)));
    let (path, body) = kms.proxy.state().seen.last().expect("asked").clone();
    assert_eq!(path, "/keys/key-1/metadata");
    assert_eq!(body["requestMetadata"]["kmsOperation"], "CreateKey");
    assert_eq!(body["requestMetadata"]["awsPrincipalArn"], "arn:aws:iam::123456789012:root");
    assert!(body["requestMetadata"].get("kmsKeyArn").is_none(), "there was no key yet");
}

#[tokio::test]
async fn both_keys_encrypt() {
    let kms = Kms::new().await;
    let store = kms.connected().await;
    let key = kms.key(&store).await;
    for plaintext in [&b"x"[..], PLAINTEXT, &[7; 4096]] {
        let blob = kms.encrypt(&key, plaintext).await.expect("encrypts");
        assert!(blob.len() <= 6144, "Decrypt takes it");
        assert_eq!(kms.decrypt(&blob).await.expect("decrypts"), plaintext);
    }
    // The proxy never sees a plaintext, nor the encryption context.
    let seen = kms.proxy.state().seen.clone();
    let sent: Vec<_> = seen.iter().filter(|(path, _)| path.ends_with("crypt")).collect();
    assert_eq!(sent.len(), 6);
    for (_, body) in &sent {
        let body = body.to_string();
        assert!(!body.contains(&BASE64.encode(PLAINTEXT)) && !body.contains("test-context"));
    }
    let metadata = &sent[0].1["requestMetadata"];
    assert_eq!(metadata["kmsOperation"], "Encrypt");
    assert_eq!(metadata["kmsKeyArn"], format!("arn:aws:kms:us-east-1:123456789012:key/{key}"));
    let records = kms.records().await;
    let recorded = records.iter().rfind(|record| record["eventName"] == "Encrypt");
    assert_eq!(recorded.expect("a record")["requestID"], metadata["kmsRequestId"]);
    // Nor does a ciphertext open with the external key alone, for which the proxy may be asked directly.
    let blob = kms.encrypt(&key, PLAINTEXT).await.expect("encrypts");
    assert!(!blob.windows(PLAINTEXT.len()).any(|window| window == PLAINTEXT));
}

#[tokio::test]
async fn data_keys_and_re_encryption() {
    let kms = Kms::new().await;
    let store = kms.connected().await;
    let key = kms.key(&store).await;
    let request = GenerateDataKeyRequest {
        key_id: Some(key.clone()),
        key_spec: Some(DataKeySpec::Aes256),
        encryption_context: Some(context()),
        ..GenerateDataKeyRequest::default()
    };
    let made = kms.call::<GenerateDataKey>(request).await.expect("a data key");
    let blob = made.ciphertext_blob.expect("a blob").to_vec();
    let plaintext = made.plaintext.expect("a plaintext").to_vec();
    assert_eq!(kms.decrypt(&blob).await.expect("decrypts"), plaintext);
    let request = GenerateDataKeyWithoutPlaintextRequest {
        key_id: Some(key.clone()),
        number_of_bytes: Some(24),
        encryption_context: Some(context()),
        ..GenerateDataKeyWithoutPlaintextRequest::default()
    };
    let made = kms.call::<GenerateDataKeyWithoutPlaintext>(request).await.expect("a data key");
    let opened = kms.decrypt(&made.ciphertext_blob.expect("a blob")).await;
    assert_eq!(opened.expect("decrypts").len(), 24);

    // Out of the store and back in.
    let inside = create(&kms, CreateKeyRequest::default()).await.expect("a key in KMS");
    let move_to = |blob: &[u8], to: &str| ReEncryptRequest {
        ciphertext_blob: Some(blob.into()),
        source_encryption_context: Some(context()),
        destination_key_id: Some(to.to_owned()),
        destination_encryption_context: Some(context()),
        ..ReEncryptRequest::default()
    };
    let out = kms.call::<ReEncrypt>(move_to(&blob, &inside)).await.expect("goes out");
    let out = out.ciphertext_blob.expect("a blob");
    assert_eq!(kms.decrypt(&out).await.expect("decrypts"), plaintext);
    let back = kms.call::<ReEncrypt>(move_to(&out, &key)).await.expect("comes back");
    let back = back.ciphertext_blob.expect("a blob");
    assert_eq!(kms.decrypt(&back).await.expect("decrypts"), plaintext);
    let seen = kms.proxy.state().seen.clone();
    let by_re_encrypt = |(path, body): &&(String, serde_json::Value)| {
        path.ends_with("crypt") && body["requestMetadata"]["kmsOperation"] == "ReEncrypt"
    };
    assert_eq!(seen.iter().filter(by_re_encrypt).count(), 2);
}

#[tokio::test]
async fn keys_are_unavailable_while_their_store_is_away() {
    let kms = Kms::new().await;
    let store = kms.connected().await;
    let key = kms.key(&store).await;
    let blob = kms.encrypt(&key, PLAINTEXT).await.expect("encrypts");
    kms.disconnect(&store).await.expect("disconnects");
    assert_eq!(kms.state(&key).await, "Unavailable");
    assert_eq!(kms.describe(&key).await.enabled, Some(false));
    assert_eq!(name(kms.encrypt(&key, PLAINTEXT).await), "KMSInvalidStateException");
    assert_eq!(name(kms.decrypt(&blob).await), "KMSInvalidStateException");

    // A key may be disabled meanwhile; it shows when the store is back.
    let disable = DisableKeyRequest { key_id: Some(key.clone()) };
    kms.call::<DisableKey>(disable).await.expect("disables");
    assert_eq!(kms.state(&key).await, "Unavailable");
    kms.connect(&store).await.expect("connects");
    assert_eq!(kms.state(&key).await, "Disabled");
    assert_eq!(name(kms.decrypt(&blob).await), "DisabledException");
    kms.call::<EnableKey>(EnableKeyRequest { key_id: Some(key.clone()) }).await.expect("enables");
    assert_eq!(kms.decrypt(&blob).await.expect("decrypts"), PLAINTEXT);
}

#[tokio::test]
async fn an_external_key_belongs_to_one_kms_key() {
    let kms = Kms::new().await;
    let store = kms.connected().await;
    let key = kms.key(&store).await;
    let again = create(&kms, external_key(&store, "key-1")).await;
    assert_eq!(name(again), "XksKeyAlreadyInUseException");
    create(&kms, external_key(&store, "key-2")).await.expect("another external key");
    let schedule =
        ScheduleKeyDeletionRequest { key_id: Some(key.clone()), pending_window_in_days: Some(7) };
    kms.call::<ScheduleKeyDeletion>(schedule).await.expect("schedules");
    kms.advance(Duration::from_secs(8 * 24 * 60 * 60)).await;
    create(&kms, external_key(&store, "key-1")).await.expect("free again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_who_want_an_external_key_at_once_one_gets_it() {
    let kms = Kms::new().await;
    let store = kms.connected().await;
    let want = || create(&kms, external_key(&store, "key-1"));
    let (one, other, third) = tokio::join!(want(), want(), want());
    let mut names = [name(one), name(other), name(third)];
    names.sort_unstable();
    assert_eq!(names, ["XksKeyAlreadyInUseException", "XksKeyAlreadyInUseException", "success"]);
}

#[tokio::test]
async fn external_keys_that_do_not_fit() {
    let kms = Kms::new().await;
    let store = kms.connected().await;
    let both = json!(["ENCRYPT", "DECRYPT"]);
    let bad = [
        ("short", json!({"keySpec": "AES_128", "keyUsage": both, "keyStatus": "ENABLED"})),
        ("one-way", json!({"keySpec": "AES_256", "keyUsage": ["ENCRYPT"], "keyStatus": "ENABLED"})),
        ("off", json!({"keySpec": "AES_256", "keyUsage": both, "keyStatus": "DISABLED"})),
    ];
    for (id, metadata) in bad {
        kms.proxy.state().keys.insert(id.to_owned(), metadata);
        let made = create(&kms, external_key(&store, id)).await;
        assert_eq!(name(made), "XksKeyInvalidConfigurationException", "{id}");
    }
    assert_eq!(name(create(&kms, external_key(&store, "none")).await), "XksKeyNotFoundException");
    assert_eq!(name(create(&kms, external_key(&store, "..")).await), "XksKeyNotFoundException");
}

#[tokio::test]
async fn keys_that_no_store_holds() {
    let kms = Kms::new().await;
    let store = kms.store().await;
    let wanted = || external_key(&store, "key-1");
    assert_eq!(
        text(create(&kms, wanted()).await),
        "CustomKeyStoreInvalidStateException: This KMS key is in a custom key store that is not connected to its external key store proxy. Connect the external key store and try the request again."
    );
    kms.connect(&store).await.expect("connects");
    let other = external_key("cks-1234567890abcdef0", "key-1");
    assert_eq!(name(create(&kms, other).await), "CustomKeyStoreNotFoundException");
    let unsupported = [
        CreateKeyRequest { multi_region: Some(true), ..wanted() },
        CreateKeyRequest {
            key_spec: Some("RSA_2048".into()),
            key_usage: Some("ENCRYPT_DECRYPT".into()),
            ..wanted()
        },
        CreateKeyRequest {
            key_spec: Some("HMAC_256".into()),
            key_usage: Some("GENERATE_VERIFY_MAC".into()),
            ..wanted()
        },
    ];
    for request in unsupported {
        assert_eq!(name(create(&kms, request).await), "UnsupportedOperationException");
    }
    let invalid = [
        CreateKeyRequest { xks_key_id: None, ..wanted() },
        CreateKeyRequest { custom_key_store_id: None, ..wanted() },
        CreateKeyRequest { origin: None, ..wanted() },
        CreateKeyRequest { origin: None, custom_key_store_id: None, ..wanted() },
    ];
    for request in invalid {
        assert_eq!(name(create(&kms, request).await), "ValidationException");
    }
}

#[tokio::test]
async fn what_keys_in_stores_cannot_do() {
    let kms = Kms::new().await;
    let store = kms.connected().await;
    let key = kms.key(&store).await;
    let id = || Some(key.clone());
    let unsupported = "UnsupportedOperationException";
    let request = EnableKeyRotationRequest { key_id: id(), ..EnableKeyRotationRequest::default() };
    assert_eq!(name(kms.call::<EnableKeyRotation>(request).await), unsupported);
    let request = RotateKeyOnDemandRequest { key_id: id() };
    assert_eq!(name(kms.call::<RotateKeyOnDemand>(request).await), unsupported);
    let request = GetParametersForImportRequest {
        key_id: id(),
        wrapping_algorithm: Some("RSAES_OAEP_SHA_256".into()),
        wrapping_key_spec: Some("RSA_2048".into()),
    };
    assert_eq!(name(kms.call::<GetParametersForImport>(request).await), unsupported);
    let request = GenerateDataKeyPairRequest {
        key_id: id(),
        key_pair_spec: Some("ECC_NIST_P256".into()),
        ..GenerateDataKeyPairRequest::default()
    };
    assert_eq!(name(kms.call::<GenerateDataKeyPair>(request).await), unsupported);
    let request = ReplicateKeyRequest {
        key_id: id(),
        replica_region: Some("eu-west-1".to_owned()),
        ..ReplicateKeyRequest::default()
    };
    assert_eq!(name(kms.call::<ReplicateKey>(request).await), unsupported);
    let status = GetKeyRotationStatusRequest { key_id: id() };
    let status = kms.call::<GetKeyRotationStatus>(status).await.expect("a status");
    assert_eq!(status.key_rotation_enabled, Some(false));
}

#[tokio::test]
async fn hostile_blobs() {
    let kms = Kms::new().await;
    let store = kms.connected().await;
    let key = kms.key(&store).await;
    let blob = kms.encrypt(&key, b"x").await.expect("encrypts");
    for length in 1..blob.len() {
        // A blob that lost its end may still be one to look at, which the proxy then refuses.
        let error = name(kms.decrypt(&blob[..length]).await);
        let fits = ["InvalidCiphertextException", "KMSInvalidStateException"].contains(&error);
        assert!(fits, "length {length}: {error}");
    }
    for at in 0..blob.len() {
        let mut bad = blob.clone();
        bad[at] ^= 1;
        let error = name(kms.decrypt(&bad).await);
        // Bytes 2 to 24 name the key; bent, they name one that is not there.
        let fits = match at {
            2..25 => ["InvalidCiphertextException", "AccessDeniedException"].contains(&error),
            _ => ["InvalidCiphertextException", "KMSInvalidStateException"].contains(&error),
        };
        assert!(fits, "byte {at}: {error}");
    }
    let request = DecryptRequest {
        ciphertext_blob: Some(blob.as_slice().into()),
        ..DecryptRequest::default()
    };
    assert_eq!(name(kms.call::<Decrypt>(request).await), "KMSInvalidStateException", "no context");

    // A blob of one suite is none of the other's, whatever its header says.
    let inside = create(&kms, CreateKeyRequest::default()).await.expect("a key in KMS");
    let mut plain = kms.encrypt(&inside, &[0; 64]).await.expect("encrypts");
    plain[1] = 2;
    assert_eq!(name(kms.decrypt(&plain).await), "InvalidCiphertextException");
    let mut external = blob;
    external[1] = 1;
    assert_eq!(name(kms.decrypt(&external).await), "InvalidCiphertextException");
}

#[tokio::test]
async fn a_dry_run_finds_out_whether_the_proxy_would() {
    let kms = Kms::new().await;
    let store = kms.connected().await;
    let key = kms.key(&store).await;
    let request = || EncryptRequest {
        key_id: Some(key.clone()),
        plaintext: Some(b"x".as_slice().into()),
        dry_run: Some(true),
        ..EncryptRequest::default()
    };
    assert_eq!(name(kms.call::<Encrypt>(request()).await), "DryRunOperationException");
    kms.proxy.fail(Fault::Refuse("AccessDeniedException"));
    assert_eq!(name(kms.call::<Encrypt>(request()).await), "KMSInvalidStateException");
}
